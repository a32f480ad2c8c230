/* SPDX-License-Identifier: MIT */
/*
 * Reading JSON (RFC 8259) through cJSON.
 *
 * cJSON recurses for each level and copies every string; size and nesting are therefore checked on the text, before it
 * sees any of it. A NUL inside the text is refused, because cJSON ends there and the rest would go unseen.
 */
#include "base/json.h"

#include "base/i18n.h"
#include "base/utf8.h"

#include <cjson/cJSON.h>
#include <string.h>

#define JSON_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define JSON_MAX_DEPTH 64

/* `struct json` is cJSON's node under our name: the type never leaves this file. */
static const cJSON *node(const struct json *v)
{
	return (const cJSON *)v;
}

static const struct json *wrap(const cJSON *v)
{
	return (const struct json *)v;
}

/* Deepest level of brackets outside strings. */
static int nesting(const char *s, size_t n)
{
	int depth = 0;
	int deepest = 0;
	bool in_string = false;

	for (size_t i = 0; i < n; i++) {
		if (in_string && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			in_string = !in_string;
		else if (!in_string && (s[i] == '[' || s[i] == '{'))
			deepest = MAX(deepest, ++depth);
		else if (!in_string && (s[i] == ']' || s[i] == '}'))
			depth--;
	}
	return deepest;
}

static bool only_space(const char *s, const char *end)
{
	while (s < end && strchr(" \t\r\n", *s))
		s++;
	return s == end;
}

static int check_text(const char *text, size_t n, const char *what, struct err *e)
{
	if (n > JSON_MAX_BYTES)
		return err_set(e, ERR_PROTO, _("%s: more than %zu bytes of JSON"), what, JSON_MAX_BYTES);
	const char *nul = n ? memchr(text, '\0', n) : NULL;
	if (nul)
		return err_set(e, ERR_PROTO, _("%s: NUL in JSON at byte %zu"), what, (size_t)(nul - text));
	if (!utf8_valid(text, n))
		return err_set(e, ERR_PROTO, _("%s: JSON that is not UTF-8"), what);
	if (nesting(text, n) > JSON_MAX_DEPTH)
		return err_set(e, ERR_PROTO, _("%s: JSON nested more than %d deep"), what, JSON_MAX_DEPTH);
	return 0;
}

struct json *json_parse(const char *text, size_t n, const char *what, struct err *e)
{
	const char *end = text;

	if (check_text(text, n, what, e) < 0)
		return NULL;
	cJSON *root = cJSON_ParseWithLengthOpts(text, n, &end, 0);
	if (!root || !only_space(end, text + n)) {
		cJSON_Delete(root);
		err_set(e, ERR_PROTO, _("%s: not JSON at byte %zu"), what, (size_t)(end - text));
		return NULL;
	}
	return (struct json *)root;
}

void json_free(struct json *root)
{
	cJSON_Delete((cJSON *)root);
}

static void wipe(cJSON *v)
{
	for (; v; v = v->next) {
		if (v->valuestring)
			explicit_bzero(v->valuestring, strlen(v->valuestring));
		wipe(v->child); /* as deep as JSON_MAX_DEPTH at most */
	}
}

void json_free_secret(struct json *root)
{
	wipe((cJSON *)root);
	json_free(root);
}

const struct json *json_get(const struct json *obj, const char *key)
{
	return json_is_object(obj) ? wrap(cJSON_GetObjectItemCaseSensitive(node(obj), key)) : NULL;
}

const struct json *json_at(const struct json *arr, int i)
{
	return json_is_array(arr) && i >= 0 ? wrap(cJSON_GetArrayItem(node(arr), i)) : NULL;
}

const struct json *json_first(const struct json *arr_or_obj)
{
	return json_is_array(arr_or_obj) || json_is_object(arr_or_obj) ? wrap(node(arr_or_obj)->child) : NULL;
}

const struct json *json_next(const struct json *v)
{
	return v ? wrap(node(v)->next) : NULL;
}

const char *json_key(const struct json *v)
{
	return v ? node(v)->string : NULL;
}

int json_len(const struct json *arr_or_obj)
{
	return json_is_array(arr_or_obj) || json_is_object(arr_or_obj) ? cJSON_GetArraySize(node(arr_or_obj)) : 0;
}

bool json_is_object(const struct json *v)
{
	return cJSON_IsObject(node(v));
}

bool json_is_array(const struct json *v)
{
	return cJSON_IsArray(node(v));
}

bool json_is_null(const struct json *v)
{
	return cJSON_IsNull(node(v));
}

const char *json_string(const struct json *v)
{
	return cJSON_IsString(node(v)) ? node(v)->valuestring : NULL;
}

const char *json_str(const struct json *obj, const char *key)
{
	return json_string(json_get(obj, key));
}

int64_t json_int(const struct json *obj, const char *key, int64_t dflt)
{
	const struct json *v = json_get(obj, key);

	if (!cJSON_IsNumber(node(v)))
		return dflt;
	double d = node(v)->valuedouble;
	/* 2^63 as a double is one past INT64_MAX; NaN fails both comparisons. */
	if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0) || d != (double)(int64_t)d)
		return dflt;
	return (int64_t)d;
}

double json_num(const struct json *obj, const char *key, double dflt)
{
	const struct json *v = json_get(obj, key);

	return cJSON_IsNumber(node(v)) ? node(v)->valuedouble : dflt;
}

bool json_bool(const struct json *obj, const char *key, bool dflt)
{
	const struct json *v = json_get(obj, key);

	return cJSON_IsBool(node(v)) ? cJSON_IsTrue(node(v)) : dflt;
}
