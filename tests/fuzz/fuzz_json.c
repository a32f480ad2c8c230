/* SPDX-License-Identifier: MIT */
/*
 * JSON from registries and monitors: parse it and ask every node everything.
 */
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void visit(const struct json *v)
{
	if (json_string(v) && json_len(v) > 0)
		__builtin_trap(); /* a container is no string */
	for (const struct json *m = json_first(v); m; m = json_next(m)) {
		if (json_key(m)) {
			json_int(v, json_key(m), 0);
			json_num(v, json_key(m), 0);
			json_bool(v, json_key(m), false);
		}
		visit(m);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = {0};
	struct json *j = json_parse((const char *)data, n, "input", &e);

	if (!j != err_is_set(&e))
		__builtin_trap();
	if (j)
		visit(j);
	json_free(j);
	return 0;
}
