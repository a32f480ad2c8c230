/* SPDX-License-Identifier: MIT */
/*
 * See errjson.h. The code travels as its word: numbers differ between versions.
 */
#include "base/errjson.h"

#include <string.h>

void errjson_put(struct jw *w, const struct err *why)
{
	jw_str(w, "code", err_code_to_string(why->code));
	jw_int(w, "sys", why->sys);
	jw_str(w, "msg", why->msg);
	jw_str(w, "hint", why->hint);
}

static enum err_code code_of(const char *word)
{
	for (int i = ERR_NONE + 1; word && i < ERR_CODE_COUNT; i++)
		if (strcmp(err_code_to_string((enum err_code)i), word) == 0)
			return (enum err_code)i;
	return ERR_TOOL;
}

int errjson_take(const struct json *o, struct err *e)
{
	const char *msg = json_str(o, "msg");
	const char *hint = json_str(o, "hint");

	err_set(e, code_of(json_str(o, "code")), "%s", msg ? msg : "?");
	if (e)
		e->sys = (int)json_int(o, "sys", 0);
	if (hint && hint[0])
		err_hint(e, "%s", hint);
	return -1;
}
