/* SPDX-License-Identifier: MIT */
/*
 * core/oci/ref: what people type means one image, written in one way; a wrong reference is refused with character and position.
 */
#include "tests/lib/test.h"

#include "core/model/ociref.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define AT "@sha256:" HEX

static struct oci_ref parsed(const char *text)
{
	struct err e = {0};
	struct oci_ref r;

	if (oci_ref_parse(text, &r, &e) < 0)
		fail_msg("%s: %s", text, e.msg);
	return r;
}

/* Typed, canonical, familiar. */
static const struct {
	const char *text, *canonical, *familiar;
} good[] = {
	{"alpine", "docker.io/library/alpine:latest", "alpine:latest"},
	{"alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"},
	{"library/alpine", "docker.io/library/alpine:latest", "alpine:latest"},
	{"docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"},
	{"Docker.IO/alpine", "docker.io/library/alpine:latest", "alpine:latest"},
	{"index.docker.io/library/alpine", "docker.io/library/alpine:latest", "alpine:latest"},
	{"registry-1.docker.io/user/app", "docker.io/user/app:latest", "user/app:latest"},
	{"user/app", "docker.io/user/app:latest", "user/app:latest"},
	{"user/app:V1_.-x", "docker.io/user/app:V1_.-x", "user/app:V1_.-x"},
	{"library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"},
	{"foo.bar", "docker.io/library/foo.bar:latest", "foo.bar:latest"},
	{"localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"},
	{"localhost", "docker.io/library/localhost:latest", "localhost:latest"},
	{"localhost/x", "localhost/x:latest", "localhost/x:latest"},
	{"LocalHost/x", "localhost/x:latest", "localhost/x:latest"},
	{"docker.io/localhost/x", "docker.io/localhost/x:latest", "docker.io/localhost/x:latest"},
	{"docker.io/a.b/x:1", "docker.io/a.b/x:1", "docker.io/a.b/x:1"},
	{"127.0.0.1:5000/debian:12", "127.0.0.1:5000/debian:12", "127.0.0.1:5000/debian:12"},
	{"127.0.0.1:05000/x", "127.0.0.1:5000/x:latest", "127.0.0.1:5000/x:latest"},
	{"host:1/x", "host:1/x:latest", "host:1/x:latest"},
	{"host:65535/x", "host:65535/x:latest", "host:65535/x:latest"},
	{"[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"},
	{"[2001:DB8:0::1]/x", "[2001:db8::1]/x:latest", "[2001:db8::1]/x:latest"},
	{"[::ffff:7f00:1]/x", "[::ffff:127.0.0.1]/x:latest", "[::ffff:127.0.0.1]/x:latest"},
	{"GHCR.io/a/b__c/d---e.f_g", "ghcr.io/a/b__c/d---e.f_g:latest", "ghcr.io/a/b__c/d---e.f_g:latest"},
	{"ghcr.io/a/b/c" AT, "ghcr.io/a/b/c" AT, "ghcr.io/a/b/c" AT},
	{"alpine" AT, "docker.io/library/alpine" AT, "alpine" AT},
	{"alpine:3.20" AT, "docker.io/library/alpine:3.20" AT, "alpine:3.20" AT},
};

static void references_are_written_in_one_way(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct oci_ref r = parsed(good[i].text);
		char buf[OCI_REF_SIZE];

		assert_string_equal(oci_ref_format(&r, buf), good[i].canonical);
		assert_string_equal(oci_ref_familiar(&r, buf), good[i].familiar);
	}
}

static void both_forms_read_back_as_the_same(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct oci_ref from_canonical = parsed(good[i].canonical), from_familiar = parsed(good[i].familiar);
		char buf[OCI_REF_SIZE];

		assert_string_equal(oci_ref_format(&from_canonical, buf), good[i].canonical);
		assert_string_equal(oci_ref_format(&from_familiar, buf), good[i].canonical);
	}
}

static void short_ones_fit_a_line(void **state UNUSED)
{
	static const struct {
		const char *text, *wanted;
	} some[] = {
		{"docker.io/library/alpine" AT, "alpine@sha256:0123456789ab…"},
		{"127.0.0.1:5000/a/b:tag" AT, "127.0.0.1:5000/a/b:tag@sha256:0123456789ab…"},
		{"docker.io/library/alpine:3.20", "alpine:3.20"},
		{"quay.io/a/b:1", "quay.io/a/b:1"},
		{"debian-bookworm", "debian-bookworm"}, /* a name of ours */
		{"A/B", "A/B"},			/* no reference at all */
	};
	char buf[OCI_REF_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(some); i++)
		assert_string_equal(oci_ref_short(some[i].text, buf), some[i].wanted);
}

static void parts_are_in_their_fields(void **state UNUSED)
{
	struct oci_ref r = parsed("127.0.0.1:5000/a/b:tag" AT);

	assert_string_equal(r.registry, "127.0.0.1:5000");
	assert_string_equal(r.repository, "a/b");
	assert_string_equal(r.tag, "tag");
	assert_string_equal(r.digest, "sha256:" HEX);
	r = parsed("alpine" AT);
	assert_string_equal(r.tag, "");
}

static const struct {
	const char *text, *says;
} bad[] = {
	{"", "empty"},
	{":", "no repository"},
	{"/", "'/' at position 1"},
	{"@", "no repository"},
	{"/alpine", "'/' at position 1"},
	{"alpine/", "ends too early"},
	{"a//b", "'/' at position 3"},
	{"ghcr.io/", "no repository"},
	{"alpine:", "empty tag at position 8"},
	{"alpine@", "empty digest at position 8"},
	{"al pine", "has a blank at position 3"},
	{"alpine\033[2J", "'0x1b' at position 7"},
	{"\xc3\xa4", "'0xc3' at position 1"},
	{"-a", "'-' at position 1"},
	{"a-", "ends too early"},
	{"a..b", "'.' at position 3"},
	{"a___b", "'_' at position 4"},
	{"a._b", "'_' at position 3"},
	{"a-_b", "'_' at position 3"},
	{"user/.x", "'.' at position 6"},
	{"a:.x", "'.' at position 3"},
	{"a:-x", "'-' at position 3"},
	{"a:x/y:z", "port of an image reference has 'x' at position 3"},
	{"a.b/c:d+e", "'+' at position 8"},
	{"host:0/x", "1 to 65535"},
	{"host:65536/x", "1 to 65535"},
	{"host:99999999999999999999/x", "1 to 65535"},
	{"host:000080/x", "1 to 65535"},
	{"host:/x", "position 6 must be 1 to 65535"},
	{"host:8o/x", "'o' at position 7"},
	{"host:80:81/x", "':' at position 8"},
	{":80/x", "':' at position 1"},
	{"my_host.io/x", "'_' at position 3"},
	{"a..io/x", "'.' at position 3"},
	{".io/x", "'.' at position 1"},
	{"-a.io/x", "'-' at position 1"},
	{"a-.io/x", "'.' at position 3"},
	{"a.io-/x", "ends too early"},
	{"a.io./x", "ends too early"},
	{"[::1/x", "ends too early"},
	{"[]/x", "IPv6"},
	{"[::1%lo]/x", "IPv6"},
	{"[1.2.3.4]/x", "IPv6"},
	{"[::1]5000/x", "'5' at position 6"},
	{"[::1]:/x", "1 to 65535"},
	{"a@md5:0123", "'md5': only sha256"},
	{"a@sha512:" HEX HEX, "'sha512': only sha256"},
	{"a@SHA256:" HEX, "'SHA256': only sha256"},
	{"a@sha256", "has 0 digits"},
	{"a@sha256:", "has 0 digits"},
	{"a@sha256:abc", "has 3 digits"},
	{"a" AT "0", "has 65 digits"},
	{"a@sha256:A" HEX, "'A' at position 10"},
	{"a@sha256:g" HEX, "'g' at position 10"},
	{"a@@", "'@' at position 3"},
	{"a" AT AT, "'@' at position 74"},
};

static void a_wrong_reference_is_refused_with_its_place(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct oci_ref r;
		struct err e = {0};

		assert_int_equal(oci_ref_parse(bad[i].text, &r, &e), -1);
		assert_int_equal(e.code, ERR_USAGE);
		if (!strstr(e.msg, bad[i].says))
			fail_msg("%s: %s does not say %s", bad[i].text, e.msg, bad[i].says);
	}
}

static void a_capital_letter_is_named_in_the_hint(void **state UNUSED)
{
	struct oci_ref r;
	struct err e = {0};

	assert_int_equal(oci_ref_parse("ghcr.io/user/myApp:Tag", &r, &e), -1);
	assert_non_null(strstr(e.msg, "user/myApp"));
	assert_non_null(strstr(e.hint, "'A' at position 16"));
	err_clear(&e);
	assert_int_equal(oci_ref_parse("User/app", &r, &e), -1);
	assert_non_null(strstr(e.hint, "'U' at position 1"));
}

static void a_scheme_is_to_be_left_off(void **state UNUSED)
{
	static const char *const schemes[] = {"docker://", "https://", "http://", "oci://", "://"};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		struct oci_ref r;
		struct err e = {0};
		char text[64];

		snprintf(text, sizeof(text), "%salpine", schemes[i]);
		assert_int_equal(oci_ref_parse(text, &r, &e), -1);
		assert_int_equal(e.code, ERR_USAGE);
		assert_non_null(strstr(e.hint, schemes[i]));
	}
}

/* What may be a password is not said again. */
static void a_login_is_to_be_left_out(void **state UNUSED)
{
	static const char *const texts[] = {"user:sesame@host/x", "user:sesame@ghcr.io/x/y:1", "https://user:sesame@ghcr.io/x", "user:sesame@x@host/x",
					    "user:se/same@host/x", "user:sha1:sesame@host:5000/x", "sesame@host/x" AT};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct oci_ref r;
		struct err e = {0};

		assert_int_equal(oci_ref_parse(texts[i], &r, &e), -1);
		assert_int_equal(e.code, ERR_USAGE);
		assert_non_null(strstr(e.msg, "has a login in it"));
		assert_non_null(strstr(e.hint, "~/.docker/config.json"));
		assert_null(strstr(e.msg, "same"));
		assert_null(strstr(e.hint, "same"));
	}
}

/* A reference of n characters, all but the first few of them in its repository. */
static int parse_long(const char *start, char fill, size_t n, struct err *e)
{
	static char text[2000];
	struct oci_ref r;

	memset(text, fill, sizeof(text));
	memcpy(text, start, strlen(start));
	text[n] = '\0';
	return oci_ref_parse(text, &r, e);
}

static void the_whole_fits_what_is_stored(void **state UNUSED)
{
	struct err e = {0};

	/* ":latest" is written out, and so is "docker.io/library/". */
	assert_ok(parse_long("a.b/", 'x', OCI_REF_SIZE - 1 - 7, &e), &e);
	assert_err(parse_long("a.b/", 'x', OCI_REF_SIZE - 7, &e), &e, ERR_USAGE);
	assert_ok(parse_long("", 'x', OCI_REF_SIZE - 1 - 7 - 18, &e), &e);
	for (size_t n = OCI_REF_SIZE - 7 - 18; n < 600; n++) {
		assert_err(parse_long("", 'x', n, &e), &e, ERR_USAGE);
		assert_err(parse_long("x:", 't', n, &e), &e, ERR_USAGE);
		assert_err(parse_long("a.b/", '/', n, &e), &e, ERR_USAGE);
		assert_err(parse_long("a.", 'b', n, &e), &e, ERR_USAGE);
		assert_err(parse_long("a@sha256:", '0', n, &e), &e, ERR_USAGE);
	}
}

static void a_tag_has_128_characters_at_most(void **state UNUSED)
{
	struct err e = {0};

	assert_ok(parse_long("x:", 't', 2 + 128, &e), &e);
	assert_int_equal(parse_long("x:", 't', 2 + 129, &e), -1);
	assert_non_null(strstr(e.msg, "129"));
}

static void a_long_registry_is_kept_whole_or_refused(void **state UNUSED)
{
	for (size_t n = 200; n < OCI_REF_SIZE; n++) {
		char text[OCI_REF_SIZE + 16], buf[OCI_REF_SIZE];
		struct err e = {0};
		struct oci_ref r;

		memset(text, 'h', sizeof(text));
		snprintf(text + n, sizeof(text) - n, ":65535/x:1");
		if (oci_ref_parse(text, &r, &e) == 0)
			assert_string_equal(oci_ref_format(&r, buf), text);
		else
			assert_true(strlen(text) >= OCI_REF_SIZE);
	}
}

static void only_words_with_marks_are_references(void **state UNUSED)
{
	assert_true(oci_ref_is_spelled("a/b"));
	assert_true(oci_ref_is_spelled("alpine:3"));
	assert_true(oci_ref_is_spelled("alpine@x"));
	assert_false(oci_ref_is_spelled("alpine"));
	assert_false(oci_ref_is_spelled("debian-12.1_x"));
	assert_false(oci_ref_is_spelled(""));
}

static void the_api_has_a_host_of_its_own(void **state UNUSED)
{
	struct oci_ref hub = parsed("alpine"), own = parsed("localhost:5000/x"), v6 = parsed("[::1]:5000/x");

	assert_string_equal(oci_ref_api_host(&hub), "registry-1.docker.io");
	assert_string_equal(oci_ref_api_host(&own), "localhost:5000");
	assert_string_equal(oci_ref_api_host(&v6), "[::1]:5000");
}

static void loopback_is_this_machine_alone(void **state UNUSED)
{
	static const char *const here[] = {"localhost/x", "localhost:5000/x",	 "127.0.0.1/x",	 "127.255.0.9:80/x",
					   "[::1]/x",	  "[0:0:0:0:0:0:0:1]/x", "[::1]:5000/x", "LOCALHOST:1/x"};
	static const char *const away[] = {
		"alpine",      "127.0.0.1.example.org/x", "127.1/x",	"128.0.0.1/x",
		"[::2]/x",     "localhost.example.org/x", "10.0.0.1/x", "[::ffff:127.0.0.1]/x",
		"[::1:2]:1/x", "2130706433:80/x"};

	for (size_t i = 0; i < ARRAY_LEN(here); i++) {
		struct oci_ref r = parsed(here[i]);

		assert_true(oci_ref_is_loopback(&r));
	}
	for (size_t i = 0; i < ARRAY_LEN(away); i++) {
		struct oci_ref r = parsed(away[i]);

		assert_false(oci_ref_is_loopback(&r));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_are_written_in_one_way),
		cmocka_unit_test(both_forms_read_back_as_the_same),
		cmocka_unit_test(short_ones_fit_a_line),
		cmocka_unit_test(parts_are_in_their_fields),
		cmocka_unit_test(a_wrong_reference_is_refused_with_its_place),
		cmocka_unit_test(a_capital_letter_is_named_in_the_hint),
		cmocka_unit_test(a_scheme_is_to_be_left_off),
		cmocka_unit_test(a_login_is_to_be_left_out),
		cmocka_unit_test(the_whole_fits_what_is_stored),
		cmocka_unit_test(a_tag_has_128_characters_at_most),
		cmocka_unit_test(a_long_registry_is_kept_whole_or_refused),
		cmocka_unit_test(only_words_with_marks_are_references),
		cmocka_unit_test(the_api_has_a_host_of_its_own),
		cmocka_unit_test(loopback_is_this_machine_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
