/* SPDX-License-Identifier: MIT */
/*
 * base/json: strict in type, lenient in shape, limited in size and depth; what the writer writes can be read.
 */
#include "tests/lib/test.h"

#include "base/json.h"

#include <math.h>

static struct json *parse(const char *text)
{
	struct err e = {0};
	struct json *j = json_parse(text, strlen(text), "text", &e);

	if (!j)
		fail_msg("%s", e.msg);
	return j;
}

static void refused(const char *text, size_t n)
{
	struct err e = {0};

	assert_null(json_parse(text, n, "the reply", &e));
	assert_int_equal(e.code, ERR_PROTO);
	assert_non_null(strstr(e.msg, "the reply"));
}

static void getters_are_strict_in_type(void **state UNUSED)
{
	struct json *j =
		parse("{\"s\":\"x\",\"i\":42,\"n\":1.5,\"b\":true,\"a\":[1],\"o\":{},\"z\":null,\"S\":\"up\"}");

	assert_string_equal(json_str(j, "s"), "x");
	assert_string_equal(json_str(j, "S"), "up");
	assert_true(json_is_null(json_get(j, "z")));
	assert_false(json_is_null(json_get(j, "s")));
	assert_false(json_is_null(json_get(j, "none")));
	assert_null(json_str(j, "i"));
	assert_null(json_str(j, "none"));
	assert_int_equal(json_int(j, "i", -1), 42);
	assert_int_equal(json_int(j, "s", -1), -1);
	assert_int_equal(json_int(j, "n", -1), -1);
	assert_int_equal(json_int(j, "b", -1), -1);
	assert_true(json_num(j, "n", 0) == 1.5);
	assert_true(json_num(j, "none", 2.5) == 2.5);
	assert_true(json_bool(j, "b", false));
	assert_true(json_bool(j, "i", true));
	assert_true(json_is_array(json_get(j, "a")));
	assert_true(json_is_object(json_get(j, "o")));
	assert_false(json_is_object(json_get(j, "z")));
	json_free(j);
}

static void nothing_is_a_valid_node(void **state UNUSED)
{
	assert_null(json_get(NULL, "x"));
	assert_null(json_at(NULL, 0));
	assert_null(json_str(NULL, "x"));
	assert_null(json_string(NULL));
	assert_null(json_first(NULL));
	assert_null(json_next(NULL));
	assert_null(json_key(NULL));
	assert_int_equal(json_len(NULL), 0);
	assert_int_equal(json_int(NULL, "x", 7), 7);
	json_free(NULL);
}

static void arrays_and_objects_can_be_walked(void **state UNUSED)
{
	struct json *j = parse(" { \"a\" : [ \"x\", \"y\", 3 ], \"b\": 1 }\n");
	const struct json *a = json_get(j, "a");
	const char *const keys[] = {"a", "b"};
	int n = 0;

	assert_int_equal(json_len(a), 3);
	assert_string_equal(json_string(json_at(a, 1)), "y");
	assert_null(json_at(a, 3));
	assert_null(json_at(a, -1));
	assert_null(json_at(j, 0));
	assert_null(json_get(a, "x"));
	for (const struct json *m = json_first(j); m; m = json_next(m))
		assert_string_equal(json_key(m), keys[n++]);
	assert_int_equal(n, 2);
	assert_null(json_key(json_first(a)));
	json_free(j);
}

static void integers_out_of_range_are_not_integers(void **state UNUSED)
{
	struct json *j = parse("{\"big\":1e300,\"edge\":9223372036854775808,\"low\":-9223372036854775808,"
			       "\"max53\":9007199254740991}");

	assert_int_equal(json_int(j, "big", -1), -1);
	assert_int_equal(json_int(j, "edge", -1), -1);
	assert_true(json_int(j, "low", -1) == INT64_MIN);
	assert_true(json_int(j, "max53", -1) == 9007199254740991);
	json_free(j);
}

static void malformed_text_is_refused(void **state UNUSED)
{
	static const char *const bad[] = {"", " ", "{", "[1,]x", "{} {}", "{\"a\"}", "\"\xff\"", "nul", "{\"a\":1}}"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused(bad[i], strlen(bad[i]));
	refused("{}\0{}", 5);
	refused("\"a\0b\"", 5);
}

static void depth_is_limited_before_parsing(void **state UNUSED)
{
	static char deep[400000];
	auto_buf fine = {0};

	memset(deep, '[', sizeof(deep));
	refused(deep, sizeof(deep));
	for (int i = 0; i < 64; i++)
		buf_addc(&fine, '[');
	buf_adds(&fine, "\"[[[[\\\"{{{{\"");
	for (int i = 0; i < 64; i++)
		buf_addc(&fine, ']');
	json_free(parse(buf_cstr(&fine)));
}

static void size_is_limited_before_parsing(void **state UNUSED)
{
	size_t n = (16 << 20) + 1;
	char *much = malloc(n);

	memset(much, ' ', n);
	refused(much, n);
	free(much);
}

static void text_need_not_be_terminated(void **state UNUSED)
{
	struct err e = {0};
	char *exact = malloc(2);

	memcpy(exact, "12", 2);
	struct json *j = json_parse(exact, 2, "text", &e);
	assert_non_null(j);
	json_free(j);
	free(exact);
}

static void writes_nested_values(void **state UNUSED)
{
	auto_buf b = {0};
	struct jw w = jw_init(&b);

	jw_obj(&w, NULL);
	jw_str(&w, "name", "web1");
	jw_arr(&w, "list");
	jw_int(&w, NULL, INT64_MIN);
	jw_bool(&w, NULL, false);
	jw_obj(&w, NULL);
	jw_end(&w);
	jw_arr(&w, NULL);
	jw_end(&w);
	jw_end(&w);
	jw_str(&w, "none", NULL);
	jw_num(&w, "f", 0.5);
	jw_end(&w);
	assert_string_equal(buf_cstr(&b), "{\"name\":\"web1\",\"list\":[-9223372036854775808,false,{},[]],"
					  "\"none\":null,\"f\":0.5}");
}

static void writes_strings_that_survive(void **state UNUSED)
{
	static const char *const plain[] = {"", "a\"b\\c", "\n\t\r\x01\x1f\x7f", "\xe2\x82\xac \xf0\x9f\x90\xa7",
					    "</x>"};

	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		auto_buf b = {0};
		struct jw w = jw_init(&b);
		jw_arr(&w, NULL);
		jw_str(&w, NULL, plain[i]);
		jw_end(&w);
		struct json *j = parse(buf_cstr(&b));
		assert_string_equal(json_string(json_at(j, 0)), plain[i]);
		json_free(j);
	}
	auto_buf b = {0};
	struct jw w = jw_init(&b);
	jw_str(&w, NULL,
	       "a\xff"
	       "b\xc3");
	assert_string_equal(buf_cstr(&b), "\"a\xef\xbf\xbd"
					  "b\xef\xbf\xbd\"");
}

static void writes_numbers_that_survive(void **state UNUSED)
{
	static const double numbers[] = {0, -0.1, 1e300, 3.141592653589793, 1.0 / 3, 123456789012345678.0};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		auto_buf b = {0};
		struct jw w = jw_init(&b);
		jw_obj(&w, NULL);
		jw_num(&w, "n", numbers[i]);
		jw_num(&w, "nan", NAN);
		jw_num(&w, "inf", INFINITY);
		jw_end(&w);
		struct json *j = parse(buf_cstr(&b));
		assert_true(json_num(j, "n", 7) == numbers[i]);
		assert_non_null(strstr(buf_cstr(&b), "\"nan\":null,\"inf\":null"));
		json_free(j);
	}
}

static void secrets_are_freed_like_the_rest(void **state UNUSED)
{
	json_free_secret(parse("{\"a\":\"x\",\"b\":[\"\",1,null,{\"c\":\"y\"}]}"));
	json_free_secret(parse("\"alone\""));
	json_free_secret(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(getters_are_strict_in_type),
		cmocka_unit_test(nothing_is_a_valid_node),
		cmocka_unit_test(arrays_and_objects_can_be_walked),
		cmocka_unit_test(integers_out_of_range_are_not_integers),
		cmocka_unit_test(malformed_text_is_refused),
		cmocka_unit_test(depth_is_limited_before_parsing),
		cmocka_unit_test(size_is_limited_before_parsing),
		cmocka_unit_test(text_need_not_be_terminated),
		cmocka_unit_test(writes_nested_values),
		cmocka_unit_test(writes_strings_that_survive),
		cmocka_unit_test(writes_numbers_that_survive),
		cmocka_unit_test(secrets_are_freed_like_the_rest),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
