/* SPDX-License-Identifier: MIT */
/*
 * banger.conf: whatever the text, the answer is a configuration or an error with a hint, and nothing leaks.
 */
#include "base/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = {0};
	struct conf c;
	int rc = conf_parse((const char *)data, n, "banger.conf", &c, &e);

	if ((rc < 0) != err_is_set(&e))
		__builtin_trap();
	conf_done(&c);
	return 0;
}
