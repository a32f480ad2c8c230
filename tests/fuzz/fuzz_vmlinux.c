/* SPDX-License-Identifier: MIT */
/*
 * image/vmlinux: a bzImage or an ELF is what a mirror or a person says it is.
 */
#include "core/image/vmlinux.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf out = {0};
	struct op op;

	op_init(&op, -1);
	(void)!vmlinux_unpack(&op, (const char *)data, size, 1 << 20, &out, NULL);
	auto_buf file = {0};
	auto_call(vmlinux_info_done) struct vmlinux_info info = {0};
	buf_add(&file, data, size);
	(void)!vmlinux_look(&op, &file, 1 << 20, &info, NULL);
	op_done(&op);
	return 0;
}
