/* SPDX-License-Identifier: MIT */
/*
 * ELF headers of any bytes: names that come out are short, terminated and without a slash.
 */
#include "core/image/elfneeds.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct elfneeds needs;
	struct err e = {0};
	char release[16];
	int rc = elfneeds_read(data, n, "input", &needs, &e);

	if ((rc < 0) != err_is_set(&e))
		__builtin_trap();
	for (int i = 0; rc == 0 && i < needs.n_needed; i++)
		if (!memchr(needs.needed[i], '\0', ELFNEEDS_NAME_SIZE) || strchr(needs.needed[i], '/'))
			__builtin_trap();
	err_clear(&e);
	rc = elfneeds_module(data, n, "input", release, sizeof(release), &e);
	if ((rc < 0) != err_is_set(&e) || (rc == 0 && !memchr(release, '\0', sizeof(release))))
		__builtin_trap();
	return 0;
}
