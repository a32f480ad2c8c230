/* SPDX-License-Identifier: MIT */
/*
 * The catalogue: what is built in, what catalog.d adds, and that every mistake in a file is told by name.
 */
#include "tests/lib/test.h"

#include "base/fs.h"
#include "core/image/catalog.h"

static struct err e;

static void add(struct catalog *c, const char *text)
{
	assert_ok(catalog_add(c, text, strlen(text), "my.json", &e), &e);
}

/* The text is refused, saying `where` (file and entry) and `why`. */
static void refuse(const char *text, const char *where, const char *why)
{
	auto_catalog c = {0};

	assert_int_equal(catalog_add(&c, text, strlen(text), "my.json", &e), -1);
	assert_int_equal(e.code, ERR_PROTO);
	if (!strstr(e.msg, where) || !strstr(e.msg, why))
		fail_msg("\"%s\" does not say \"%s\" and \"%s\"", e.msg, where, why);
	assert_int_equal(c.n_images + c.n_kernels, 0);
	err_clear(&e);
}

static size_t built_in_images(void)
{
	auto_catalog c = {0};

	assert_ok(catalog_load(NULL, &c, &e), &e);
	return c.n_images;
}

/* An entry of a registry keeps its own name, and the canonical reference. */
static void test_references(void **state UNUSED)
{
	auto_catalog c = {0};
	struct catalog_entry bare;
	const struct catalog_entry *alpine, *mine;

	assert_ok(catalog_load(NULL, &c, &e), &e);
	add(&c, "{\"images\":[{\"name\":\"mine\",\"kind\":\"oci\",\"about\":\"my own\",\"needs_mib\":7,\"reference\":\"127.0.0.1:5000/mine\"}]}");
	alpine = catalog_find_image(&c, "alpine");
	mine = catalog_find_image(&c, "mine");
	assert_int_equal(alpine->kind, CATALOG_OCI);
	assert_int_equal(alpine->builder, CATALOG_REGISTRY);
	assert_string_equal(alpine->reference, "docker.io/library/alpine:latest");
	assert_string_equal(mine->reference, "127.0.0.1:5000/mine:latest");
	assert_int_equal(mine->needs_mib, 7);
	assert_string_equal(catalog_kind_to_string(mine->kind), "oci");
	catalog_reference_entry("ghcr.io/a/b:1", &bare);
	assert_string_equal(bare.name, "ghcr.io/a/b:1");
	assert_string_equal(bare.reference, bare.name);
	assert_int_equal(bare.builder, CATALOG_REGISTRY);
	assert_int_equal(bare.needs_mib, 0);
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BUNDLE(members) "{\"images\":[{\"name\":\"b\",\"kind\":\"bundle\"," members "}]}"

static void test_bundles(void **state UNUSED)
{
	auto_catalog c = {0};
	const struct catalog_entry *b;

	add(&c, BUNDLE("\"url\":\"https://h/b.tar.zst\",\"sha256\":\"" HEX "\",\"size\":77"));
	b = catalog_find_image(&c, "b");
	assert_int_equal(b->kind, CATALOG_BUNDLE);
	assert_int_equal(b->builder, CATALOG_UNPACK);
	assert_string_equal(b->url, "https://h/b.tar.zst");
	assert_string_equal(b->sha256, HEX);
	assert_int_equal(b->size, 77);
	refuse(BUNDLE("\"url\":\"b.tar.zst\",\"sha256\":\"" HEX "\",\"size\":77"), "image 'b'", "\"url\" is neither");
	refuse(BUNDLE("\"url\":\"http://u:p@h/b\",\"sha256\":\"" HEX "\",\"size\":77"), "image 'b'", "\"url\" has a login");
	refuse(BUNDLE("\"url\":\"/b\",\"size\":77"), "image 'b'", "\"sha256\" must be");
	refuse(BUNDLE("\"url\":\"/b\",\"sha256\":\"ABC\",\"size\":77"), "image 'b'", "\"sha256\" must be");
	refuse(BUNDLE("\"url\":\"/b\",\"sha256\":\"" HEX "\""), "image 'b'", "\"size\" must be");
	refuse(BUNDLE("\"url\":\"/b\",\"sha256\":\"" HEX "\",\"size\":0"), "image 'b'", "\"size\" must be");
	refuse(BUNDLE("\"url\":\"/b\",\"sha256\":\"" HEX "\",\"size\":\"7\""), "image 'b'", "\"size\" must be");
	refuse(BUNDLE("\"url\":\"/b\",\"sha256\":\"" HEX "\",\"size\":7,\"suite\":\"x\""), "image 'b'", "\"suite\" is unknown");
}

static void test_builtin(void **state)
{
	auto_catalog c = {0};
	const struct catalog_entry *tiny, *debian, *kernel;

	(void)state;
	assert_ok(catalog_load(NULL, &c, &e), &e);
	tiny = catalog_find_image(&c, "tiny");
	debian = catalog_find_image(&c, "debian-bookworm");
	kernel = catalog_find_kernel(&c, "debian");
	assert_non_null(tiny);
	assert_int_equal(tiny->builder, CATALOG_BUSYBOX);
	assert_non_null(debian);
	assert_int_equal(debian->builder, CATALOG_MMDEBSTRAP);
	assert_string_equal(debian->suite, "bookworm");
	assert_string_equal(catalog_find_image(&c, "debian-trixie")->suite, "trixie");
	assert_int_equal(catalog_find_image(&c, "debian-trixie")->n_packages, debian->n_packages);
	assert_string_equal(debian->variant, "minbase");
	assert_string_equal(debian->components, "main");
	assert_true(debian->n_packages > 5);
	assert_non_null(kernel);
	assert_int_equal(kernel->n_packages, 1);
	assert_true(debian->needs_mib > tiny->needs_mib && tiny->needs_mib > 0 && kernel->needs_mib > 0);
	assert_null(strchr(kernel->packages[0], '{'));
	assert_non_null(strstr(kernel->packages[0], catalog_arch()));
	assert_int_equal(catalog_find_kernel(&c, "host")->kind, CATALOG_HOST);
	assert_null(catalog_find_image(&c, "debian"));
	assert_null(catalog_find_kernel(&c, "tiny"));
	assert_string_equal(catalog_kind_to_string(tiny->kind), "bootstrap");
}

static void test_user_files(void **state)
{
	auto_catalog c = {0};
	size_t built_in = built_in_images();

	test_write(tmpdir_path(state, "20.json"),
		   "{\"images\":[{\"name\":\"mine\",\"kind\":\"bootstrap\",\"suite\":\"two\"}]}");
	test_write(tmpdir_path(state, "10.json"),
		   "{\"images\":[{\"name\":\"mine\",\"kind\":\"bootstrap\",\"suite\":\"one\"},"
		   "{\"name\":\"tiny\",\"kind\":\"bootstrap\",\"suite\":\"sid\"}]}");
	test_write(tmpdir_path(state, "30.json.off"), "not json");
	test_write(tmpdir_path(state, ".hidden.json"), "not json");
	assert_ok(catalog_load(*state, &c, &e), &e);
	assert_string_equal(catalog_find_image(&c, "mine")->suite, "two");
	assert_string_equal(catalog_find_image(&c, "tiny")->suite, "sid");
	assert_int_equal(c.n_images, built_in + 1);
}

static void test_bundle_of_a_kernel(void **state)
{
	auto_catalog c = {0};
	const struct catalog_entry *k;

	(void)state;
	add(&c, "{\"kernels\":[{\"name\":\"k\",\"kind\":\"bundle\",\"size\":7,\"url\":\"https://example.org/k.tar.zst\",\"sha256\":"
		"\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}]}");
	k = catalog_find_kernel(&c, "k");
	assert_int_equal(k->kind, CATALOG_BUNDLE);
	assert_int_equal(k->size, 7);
	assert_string_equal(k->url, "https://example.org/k.tar.zst");
	refuse("{\"kernels\":[{\"name\":\"k\",\"kind\":\"bundle\",\"size\":7,\"url\":\"https://example.org/k\"}]}", "kernel 'k'",
	       "\"sha256\" must be");
}

static void test_user_file_is_named(void **state)
{
	auto_catalog c = {0};

	test_write(tmpdir_path(state, "bad.json"), "{\"images\":[{\"name\":\"mine\"}]}");
	test_write(tmpdir_path(state, "worse.json"), "{\"images\":[");
	test_write(tmpdir_path(state, "zgood.json"), "{\"images\":[{\"name\":\"yours\",\"kind\":\"bootstrap\",\"suite\":\"one\"}]}");
	assert_ok(catalog_load(*state, &c, &e), &e);
	assert_int_equal(c.broken.code, ERR_PROTO);
	assert_non_null(strstr(c.broken.msg, "bad.json"));
	assert_non_null(strstr(c.broken.msg, "mine"));
	assert_null(catalog_find_image(&c, "mine"));
	assert_non_null(catalog_find_image(&c, "tiny"));
	assert_non_null(catalog_find_image(&c, "yours"));
}

static void test_directory_that_cannot_be_read_is_told(void **state)
{
	auto_catalog c = {0};

	test_write(tmpdir_path(state, "file"), "");
	assert_ok(catalog_load(tmpdir_path(state, "file"), &c, &e), &e);
	assert_non_null(strstr(c.broken.msg, tmpdir_path(state, "file")));
	assert_int_equal(c.n_images, built_in_images());
}

static void test_missing_dir(void **state)
{
	auto_catalog c = {0};

	assert_ok(catalog_load(tmpdir_path(state, "none"), &c, &e), &e);
	assert_int_equal(c.n_images, built_in_images());
}

static void test_refusals(void **state)
{
	(void)state;
	refuse("[]", "my.json", "object");
	refuse("{\"image\":[]}", "my.json", "nothing else");
	refuse("{\"images\":[],\"images\":[]}", "my.json", "once");
	refuse("{\"images\":{}}", "images", "list");
	refuse("{\"images\":[7]}", "image #1", "object");
	refuse("{\"images\":[{\"kind\":\"bootstrap\"}]}", "image '#1'", "name");
	refuse("{\"images\":[{\"name\":\"../x\"}]}", "my.json: image #1", "'/'");
	refuse("{\"images\":[{\"name\":\"a\"}]}", "image 'a'", "kind");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"local\"}]}", "image 'a'", "kind");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"bundle\"}]}", "image 'a'", "\"url\" must be");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"oci\"}]}", "image 'a'", "\"reference\" must be");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"oci\",\"reference\":\"alpine\"}]}", "image 'a'", "\"reference\" must be");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"oci\",\"reference\":\"x/UP\"}]}", "image 'a'", "\"reference\" must be");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"oci\",\"reference\":\"x/y\",\"suite\":\"x\"}]}", "image 'a'", "\"suite\" is unknown");
	refuse("{\"kernels\":[{\"name\":\"a\",\"kind\":\"oci\",\"reference\":\"x/y\"}]}", "kernel 'a'", "\"kind\" is one of images");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"host\"}]}", "image 'a'", "\"kind\" is one of kernels");
	refuse("{\"kernels\":[{\"name\":\"a\",\"kind\":\"host\",\"suite\":\"x\"}]}", "kernel 'a'", "\"suite\" is unknown");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\"}]}", "image 'a'", "\"suite\" is missing");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":7}]}", "image 'a'", "suite");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"-x\"}]}", "image 'a'", "suite");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"x y\"}]}", "image 'a'", "suite");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"x\",\"sise\":1}]}", "image 'a'",
	       "\"sise\" is unknown");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"x\",\"needs_mib\":\"1G\"}]}", "image 'a'",
	       "needs_mib");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"x\",\"needs_mib\":-1}]}", "image 'a'",
	       "needs_mib");
	refuse("{\"images\":[{\"name\":\"a\",\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"x\"}]}", "image 'a'",
	       "\"name\"");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"x\",\"builder\":\"make\"}]}",
	       "image 'a'", "builder");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"x\",\"packages\":[\"--hook=x\"]}]}",
	       "image 'a'", "packages");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"x\",\"packages\":\"vim\"}]}",
	       "image 'a'", "packages");
	refuse("{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"x\"},"
	       "{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"x\"}]}",
	       "image 'a'", "twice");
	refuse("{\"kernels\":[{\"name\":\"k\",\"kind\":\"bootstrap\",\"suite\":\"x\"}]}", "kernel 'k'", "package");
	refuse("{\"kernels\":[{\"name\":\"k\",\"kind\":\"bootstrap\",\"suite\":\"x\",\"packages\":[\"l\"],\"variant\":\"v\"}]}",
	       "kernel 'k'", "\"variant\" is unknown");
}

/* One wrong entry leaves the right ones of the same file out too, and what was there stays. */
static void test_all_or_nothing(void **state)
{
	auto_catalog c = {0};
	const char *bad = "{\"images\":[{\"name\":\"b\",\"kind\":\"bootstrap\",\"suite\":\"x\"},{\"name\":\"c\"}]}";

	(void)state;
	add(&c,
	    "{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"x\",\"packages\":[\"g++\",\"libc6:amd64\"]}]}");
	assert_err(catalog_add(&c, bad, strlen(bad), "bad.json", &e), &e, ERR_PROTO);
	assert_int_equal(c.n_images, 1);
	assert_string_equal(catalog_find_image(&c, "a")->packages[1], "libc6:amd64");
}

static void test_about_is_cleaned(void **state)
{
	auto_catalog c = {0};

	(void)state;
	add(&c, "{\"images\":[{\"name\":\"a\",\"kind\":\"bootstrap\",\"suite\":\"x\",\"about\":\"x\\u001b[31m\"}]}");
	assert_null(strchr(c.images[0].about, '\033'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bundles),
		cmocka_unit_test(test_bundle_of_a_kernel),
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_references),
		cmocka_unit_test_setup_teardown(test_user_files, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(test_user_file_is_named, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(test_directory_that_cannot_be_read_is_told, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(test_missing_dir, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_all_or_nothing),
		cmocka_unit_test(test_about_is_cleaned),
	};

	return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
