/* SPDX-License-Identifier: MIT */
/*
 * base/base64 against the test vectors of RFC 4648 §10, and what is almost base64.
 */
#include "tests/lib/test.h"

#include "base/base64.h"

static const struct {
	const char *plain, *text;
} known[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xfb\xff\xbf", "+/+/"},
};

static void known_answers(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		auto_buf text = {0}, plain = {0};
		struct err e = {0};

		base64_encode(&text, known[i].plain, strlen(known[i].plain));
		assert_string_equal(buf_cstr(&text), known[i].text);
		assert_ok(base64_decode(known[i].text, strlen(known[i].text), &plain, &e), &e);
		assert_string_equal(buf_cstr(&plain), known[i].plain);
	}
}

static void all_bytes_come_back(void **state UNUSED)
{
	unsigned char all[256];

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	for (size_t n = 0; n <= sizeof(all); n++) {
		auto_buf text = {0}, plain = {0};
		struct err e = {0};

		base64_encode(&text, all, n);
		assert_ok(base64_decode(buf_cstr(&text), text.len, &plain, &e), &e);
		assert_int_equal(plain.len, n);
		assert_memory_equal(buf_cstr(&plain), all, n);
	}
}

static void both_append(void **state UNUSED)
{
	auto_buf out = {0};
	struct err e = {0};

	buf_adds(&out, "Basic ");
	base64_encode(&out, "a:b", 3);
	assert_string_equal(buf_cstr(&out), "Basic YTpi");
	assert_ok(base64_decode("YTpi", 4, &out, &e), &e);
	assert_string_equal(buf_cstr(&out), "Basic YTpia:b");
}

static void what_is_almost_base64_is_refused(void **state UNUSED)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"Zg", "2 characters"},		  {"Zg=", "3 characters"},	    {"Zm9vZ", "5 characters"},
		{"Zh==", "character 2"},	  {"Zm9=", "character 3"},	    {"Z===", "character 2"},
		{"====", "character 1"},	  {"Zg==Zg==", "character 3"},	    {"Zm8=Zm9v", "character 4"},
		{"Zm9v\nZm9vYg=", "character 5"}, {"Zm9vZm9v\nZm=", "character 9"}, {"Zm-_", "character 3"},
		{"Z m9", "character 2"},	  {"Zm\xc3\xa4", "character 3"},    {"Z=g=", "character 2"},
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		auto_buf out = {0};
		struct err e = {0};

		buf_adds(&out, "before");
		assert_int_equal(base64_decode(bad[i].text, strlen(bad[i].text), &out, &e), -1);
		assert_int_equal(e.code, ERR_PROTO);
		if (!strstr(e.msg, bad[i].says))
			fail_msg("%s does not say %s", e.msg, bad[i].says);
		assert_string_equal(buf_cstr(&out), "before");
	}
}

static void a_nul_is_no_character(void **state UNUSED)
{
	auto_buf out = {0};
	struct err e = {0};

	assert_err(base64_decode("Zm\0v", 4, &out, &e), &e, ERR_PROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),	 cmocka_unit_test(all_bytes_come_back),
		cmocka_unit_test(both_append),		 cmocka_unit_test(what_is_almost_base64_is_refused),
		cmocka_unit_test(a_nul_is_no_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
