/* SPDX-License-Identifier: MIT */
/*
 * What a kernel has is told by texts of whoever built it: modules.dep, modules.builtin, .config. The input is these three, divided
 * by NULs.
 */
#include "core/image/kernelneeds.h"
#include "core/image/modorder.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf all = {0};
	auto_modorder order = {0};

	buf_add(&all, data, size);
	buf_add(&all, "\0\0\0", 3);
	const char *dep = all.data, *builtin = dep + strlen(dep) + 1, *config = builtin + strlen(builtin) + 1;
	struct kernelneeds k = {.dep = dep, .builtin = builtin, .config = config};
	struct err e = {0};

	(void)!modorder_resolve(dep, builtin, modorder_kit, &order, NULL);
	(void)!kernelneeds_check(&k, false, &e);
	err_clear(&e);
	k.named = builtin;
	(void)!kernelneeds_check(&k, true, &e);
	return 0;
}
