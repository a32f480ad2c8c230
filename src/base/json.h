/* SPDX-License-Identifier: MIT */
/*
 * JSON, behind one door (cJSON inside): a parsed document to read and a writer to build text.
 *
 * Reading is lenient in shape and strict in type: a getter yields the default when the member is missing or of another
 * type, so callers validate what must be there. Input size and nesting are limited before parsing.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct json; /* a node; the root owns the whole document */

/* Parse n bytes (limit 16 MiB). NULL with ERR_PROTO naming `what` and the offset. Free with json_free(). */
NODISCARD struct json *json_parse(const char *text, size_t n, const char *what, struct err *e);
void json_free(struct json *root);
/* The same, with every string overwritten first: for documents that hold secrets. */
void json_free_secret(struct json *root);

const struct json *json_get(const struct json *obj, const char *key); /* NULL = none */
/* NULL = none. Walks from the start: for all elements use json_first() and json_next(). */
const struct json *json_at(const struct json *arr, int i);
/* The elements of an array, or the members of an object, in order. NULL at the end. */
const struct json *json_first(const struct json *arr_or_obj);
const struct json *json_next(const struct json *v);
/* The name of a member of an object, borrowed; NULL for anything else. */
const char *json_key(const struct json *v);
int json_len(const struct json *arr_or_obj);
bool json_is_object(const struct json *v);
bool json_is_array(const struct json *v);
bool json_is_null(const struct json *v); /* is there, and is null */
/* Borrowed until json_free(); NULL when not a string. */
const char *json_str(const struct json *obj, const char *key);
const char *json_string(const struct json *v);
/* The default also for a number with a fraction or beyond int64; exact up to 2^53. */
int64_t json_int(const struct json *obj, const char *key, int64_t dflt);
double json_num(const struct json *obj, const char *key, double dflt);
bool json_bool(const struct json *obj, const char *key, bool dflt);

/*
 * Writer: emits compact JSON into a buf, commas by itself.
 *	struct jw w = jw_init(&b); jw_obj(&w, NULL); jw_str(&w, "name", n); jw_end(&w);
 * `key` is NULL inside arrays and for the root. Strings that are not valid UTF-8 get U+FFFD.
 */
struct jw {
	struct buf *out;
	int depth;
	uint64_t comma; /* bit per depth: a value was written */
	uint64_t array; /* bit per depth: an array, else an object */
};

struct jw jw_init(struct buf *out);
void jw_obj(struct jw *w, const char *key);
void jw_arr(struct jw *w, const char *key);
void jw_end(struct jw *w);
void jw_str(struct jw *w, const char *key, const char *val); /* val NULL: null */
void jw_int(struct jw *w, const char *key, int64_t val);
void jw_num(struct jw *w, const char *key, double val);
void jw_bool(struct jw *w, const char *key, bool val);

#endif
