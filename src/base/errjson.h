/* SPDX-License-Identifier: MIT */
/*
 * An error object as members of a JSON object ("code", "sys", "msg", "hint"): how one of our processes tells another what went
 * wrong, so that the person reads the same message and hint as if it had been done here.
 */
#ifndef BASE_ERRJSON_H
#define BASE_ERRJSON_H

#include "base/err.h"
#include "base/json.h"

/* Into the object that is open. */
void errjson_put(struct jw *w, const struct err *why);
/* Set e from an object that has them; a word or a message that is missing becomes ERR_TOOL and "?". Returns -1. */
int errjson_take(const struct json *o, struct err *e);

#endif
