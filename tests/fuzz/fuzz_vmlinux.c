/* SPDX-License-Identifier: MIT */
/*
 * image/vmlinux: a bzImage is what a mirror or a person says it is.
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
	op_done(&op);
	return 0;
}
