/* SPDX-License-Identifier: MIT */
/*
 * apt sources of all shapes: what carries the suite comes out, what weakens signatures or makes no sense does not.
 */
#include "tests/lib/test.h"

#include "base/fs.h"
#include "core/image/sources.h"

#include <sys/stat.h>

static struct err e;

static int parse(enum sources_style style, const char *text, struct buf *out)
{
	buf_reset(out);
	return sources_parse(style, text, strlen(text), "bookworm", "amd64", out);
}

static void test_one_line(void **state)
{
	auto_buf out = {0};

	(void)state;
	assert_int_equal(
		parse(SOURCES_ONE_LINE,
		      "# comment\n"
		      "deb http://mirror.example/debian bookworm main contrib # trailing\n"
		      "deb-src http://mirror.example/debian bookworm main\n"
		      "deb\t[ arch=amd64,i386  signed-by=/k.gpg trusted=yes ] https://m.example/d/ bookworm-security main\r\n"
		      "deb http://mirror.example/debian trixie main\n"
		      "deb cdrom:[Debian]/ bookworm main\n"
		      "deb http://mirror.example/flat ./\n",
		      &out),
		1);
	assert_string_equal(out.data, "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\n"
				      "Components: main contrib\n\n"
				      "Types: deb\nURIs: https://m.example/d/\nSuites: bookworm-security\n"
				      "Components: main\nSigned-By: /k.gpg\n\n");
}

static void test_deb822(void **state)
{
	auto_buf out = {0};

	(void)state;
	assert_int_equal(parse(SOURCES_DEB822,
			       "types: deb deb-src\n"
			       "# http://old.example/\n"
			       "URIs: http://a.example/debian\n"
			       " http://b.example/debian\n"
			       "Suites: trixie bookworm bookworm-updates bookworm-backports\n"
			       "Components: main\n"
			       "Trusted: yes\n"
			       "Allow-Insecure: yes\n"
			       "Signed-By:\n"
			       " -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
			       " .\n"
			       " xyz\n",
			       &out),
			 1);
	assert_string_equal(out.data, "Types: deb\nURIs: http://a.example/debian http://b.example/debian\n"
				      "Suites: bookworm bookworm-updates\nComponents: main\n"
				      "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n xyz\n\n");
}

static void test_disabled_and_foreign(void **state)
{
	auto_buf out = {0};

	(void)state;
	assert_int_equal(
		parse(SOURCES_DEB822,
		      "Types: deb\nURIs: http://a/\nSuites: bookworm\nComponents: main\nEnabled: No\n\n"
		      "Types: deb\nURIs: http://a/\nSuites: bookworm\nComponents: main\nArchitectures: arm64 i386\n\n"
		      "Types: deb-src\nURIs: http://a/\nSuites: bookworm\nComponents: main\n\n"
		      "Types: deb\nURIs: cdrom:[x]/\nSuites: bookworm\nComponents: main\n\n"
		      "Types: deb\nURIs: http://a/\nSuites: bookworm/\n\n"
		      "Types: deb\nURIs: http://a/\nSuites: bookwormx xbookworm\nComponents: main\n",
		      &out),
		0);
	assert_int_equal(out.len, 0);
}

/* What no sources file holds must not become a stanza of its own, an option or a crash. */
static void test_hostile(void **state)
{
	static const char nul[] = "deb http://a/ bookworm main\0evil\ndeb http://b/ bookworm main\n";
	auto_buf out = {0};

	(void)state;
	assert_int_equal(parse(SOURCES_DEB822,
			       "Types: deb\nURIs: http://a/\033[31m\nSuites: bookworm\nComponents: main\n", &out),
			 0);
	assert_int_equal(parse(SOURCES_DEB822,
			       "Types: deb\nno colon here\nURIs: http://a/\nSuites: bookworm\nComponents: main\n",
			       &out),
			 0);
	assert_int_equal(parse(SOURCES_DEB822, " continuation first\n: empty\n\n\n\n", &out), 0);
	assert_int_equal(parse(SOURCES_ONE_LINE,
			       "deb [arch=amd64 http://a/ bookworm main\ndeb\ndeb [\ndeb []\ndeb http://a/\n", &out),
			 0);
	assert_int_equal(
		parse(SOURCES_ONE_LINE, "deb --include=evil bookworm main\ndeb http://a/ bookworm --x [y]\n", &out), 0);
	assert_int_equal(out.len, 0);
	assert_int_equal(sources_parse(SOURCES_ONE_LINE, nul, sizeof(nul) - 1, "bookworm", "amd64", &out), 1);
	assert_null(strstr(out.data, "http://a/"));
}

static void test_collect(void **state)
{
	auto_buf out = {0};

	assert_ok(fs_mkdir_p(tmpdir_path(state, "sources.list.d"), 0700, &e), &e);
	test_write(tmpdir_path(state, "sources.list"), "deb http://one/ bookworm main\n");
	test_write(tmpdir_path(state, "sources.list.d/b.sources"),
		   "Types: deb\nURIs: http://two/\nSuites: bookworm-security\nComponents: main\n");
	test_write(tmpdir_path(state, "sources.list.d/a.list"), "deb http://three/ bookworm main\n");
	test_write(tmpdir_path(state, "sources.list.d/c.list.disabled"), "deb http://four/ bookworm main\n");
	assert_ok(sources_collect(*state, "bookworm", "amd64", &out, &e), &e);
	assert_non_null(strstr(out.data, "http://one/"));
	assert_non_null(strstr(out.data, "http://two/"));
	assert_true(strstr(out.data, "http://three/") < strstr(out.data, "http://two/"));
	assert_null(strstr(out.data, "http://four/"));
}

/* Updates without the suite they update are of no use to anyone. */
static void test_collect_needs_the_suite(void **state)
{
	auto_buf out = {0};

	assert_ok(sources_collect(tmpdir_path(state, "none"), "bookworm", "amd64", &out, &e), &e);
	assert_int_equal(out.len, 0);
	test_write(tmpdir_path(state, "sources.list"), "deb http://one/ bookworm-updates main\n");
	assert_ok(sources_collect(*state, "bookworm", "amd64", &out, &e), &e);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_deb822),
		cmocka_unit_test(test_disabled_and_foreign),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test_setup_teardown(test_collect, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(test_collect_needs_the_suite, tmpdir_setup, tmpdir_teardown),
	};

	return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
