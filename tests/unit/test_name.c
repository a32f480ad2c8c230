/* SPDX-License-Identifier: MIT */
/*
 * model/name: a wrong name is refused with its character and position, never rewritten; references and near misses.
 */
#include "tests/lib/test.h"

#include "core/model/name.h"

static void good_vm_names_pass(void **state UNUSED)
{
	static const char *const good[] = {"a", "0", "web1", "a-b", "a--b", "123", "x-1-y"};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_ok(name_check_vm(good[i], &e), &e);
}

static void longest_vm_name_is_63(void **state UNUSED)
{
	struct err e = {0};
	char name[70];

	memset(name, 'a', sizeof(name));
	name[63] = '\0';
	assert_ok(name_check_vm(name, &e), &e);
	name[63] = 'a';
	name[64] = '\0';
	assert_int_equal(name_check_vm(name, &e), -1);
	assert_non_null(strstr(e.msg, "64"));
}

static void refused_vm_name_says_character_and_position(void **state UNUSED)
{
	static const struct {
		const char *name, *shown;
	} bad[] = {
		{"web.1", "'.' at position 4"},	      {"Web", "'W' at position 1"},
		{"a/b", "'/' at position 2"},	      {"a b", "has a blank at position 2"},
		{"a\033[2J", "'0x1b' at position 2"}, {"\xc3\xa4", "'0xc3' at position 1"},
		{"-a", "hyphen at position 1"},	      {"abc-", "hyphen at position 4"},
		{"a_b", "'_' at position 2"},
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = {0};

		assert_int_equal(name_check_vm(bad[i].name, &e), -1);
		assert_int_equal(e.code, ERR_USAGE);
		if (!strstr(e.msg, bad[i].shown))
			fail_msg("%s does not say %s", e.msg, bad[i].shown);
		assert_true(e.hint[0]);
	}
}

static void empty_names_are_refused(void **state UNUSED)
{
	struct err e = {0};

	assert_err(name_check_vm("", &e), &e, ERR_USAGE);
	assert_err(name_check_object("image", "", &e), &e, ERR_USAGE);
}

static void object_names_allow_more_but_no_way_out(void **state UNUSED)
{
	static const char *const good[] = {"tiny", "Debian-12.1_x", "a.b", "6.1.0-25-cloud-amd64"};
	static const char *const bad[] = {".hidden", "a..b", "..", "a/b", "a:b", "a b", "a\nb", "a%b"};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_ok(name_check_object("image", good[i], &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(name_check_object("kernel", bad[i], &e), &e, ERR_USAGE);
	assert_int_equal(name_check_object("kernel", "a/b", &e), -1);
	assert_non_null(strstr(e.msg, "kernel"));
}

static void object_name_has_a_limit(void **state UNUSED)
{
	struct err e = {0};
	char name[OBJ_NAME_SIZE + 1];

	memset(name, 'x', sizeof(name));
	name[OBJ_NAME_SIZE - 1] = '\0';
	assert_ok(name_check_object("image", name, &e), &e);
	name[OBJ_NAME_SIZE - 1] = 'x';
	name[OBJ_NAME_SIZE] = '\0';
	assert_err(name_check_object("image", name, &e), &e, ERR_USAGE);
}

static void generated_names_are_valid_and_vary(void **state UNUSED)
{
	struct err e = {0};
	char first[VM_NAME_SIZE], name[VM_NAME_SIZE];
	bool varied = false;

	name_generate(first);
	for (int i = 0; i < 200; i++) {
		name_generate(name);
		assert_ok(name_check_vm(name, &e), &e);
		varied |= strcmp(name, first) != 0;
	}
	assert_true(varied);
}

static void files_give_valid_names(void **state UNUSED)
{
	static const char *const rows[][2] = {
		{"root.tar.gz", "root"},
		{"/x/y.z/debian-12.5.tar.gz", "debian-12.5"},
		{"a.TGZ", "a"},
		{"disk.ext4", "disk"},
		{"a.tar.tar.zst", "a.tar"},
		{"notes.txt", "notes.txt"},
		{"vmlinuz-6.1.0-9-amd64", "vmlinuz-6.1.0-9-amd64"},
		{"no-ending", "no-ending"},
		{"my root fs.img", "my-root-fs"},
		{"n\xc3\xa9 (2).raw", "n-2"},
		{"--x--.tar", "x"},
		{"-dash.tar.gz", "dash"},
		{"..hidden..x.tar", "hidden.x"},
		{".tar", "tar"},
		{"/x/.img", "img"},
		{"\033[31m", "31m"},
		{"", "image"},
		{"/", "image"},
		{"\xff\xfe.tar.gz", "image"},
		{"...", "image"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[OBJ_NAME_SIZE];
		struct err e = {0};

		name_from_file(rows[i][0], name);
		assert_string_equal(name, rows[i][1]);
		assert_ok(name_check_object("image", name, &e), &e);
	}
}

static void names_that_others_have(void **state UNUSED)
{
	static const struct {
		bool kernel, local, in_catalog;
		enum name_taken want;
		const char *says;
	} rows[] = {
		{false, false, false, NAME_FREE, ""},
		{true, false, false, NAME_FREE, ""},
		{false, false, true, NAME_STANDS_IN, "stands in"},
		{true, false, true, NAME_STANDS_IN, "stands in"},
		{false, true, false, NAME_MOVES, "machines keep the old one"},
		{false, true, true, NAME_MOVES, "machines keep the old one"},
		{true, true, false, NAME_IS_TAKEN, "delete that one first"},
		{true, true, true, NAME_IS_TAKEN, "delete that one first"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[160] = "x";
		enum name_taken got = rows[i].kernel ? name_taken_kernel("n", rows[i].local, rows[i].in_catalog, text, sizeof(text))
						     : name_taken_image("n", rows[i].local, rows[i].in_catalog, text, sizeof(text));

		assert_int_equal(got, rows[i].want);
		assert_true(rows[i].says[0] ? strstr(text, rows[i].says) != NULL : !text[0]);
	}
}

/* Whatever the bytes are. */
static void any_file_gives_a_valid_name(void **state UNUSED)
{
	unsigned seed = 1;

	for (int n = 0; n < 20000; n++) {
		char file[300], name[OBJ_NAME_SIZE];
		int len = rand_r(&seed) % (int)sizeof(file);
		struct err e = {0};

		for (int i = 0; i < len; i++)
			file[i] = rand_r(&seed) % 3 ? "..-_/aZ9 "[rand_r(&seed) % 9] : (char)(1 + rand_r(&seed) % 255);
		file[len] = '\0';
		name_from_file(file, name);
		assert_ok(name_check_object("image", name, &e), &e);
	}
}

static void what_looks_importable(void **state UNUSED)
{
	static const char *const yes[] = {"a.tar", "a.tar.gz", "a.tar.xz", "a.tar.zst", "a.tgz", "a.ext4", "a.img", "/x/a.RAW"};
	static const char *const no[] = {"", "a", "tar", ".tar", "a.tar/b", "a.gz", "a.zip", "/x.img/a.qcow2"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(name_looks_importable(yes[i]));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(name_looks_importable(no[i]));
}

static void references_match_name_id_and_prefix(void **state UNUSED)
{
	static const char id[] = "0123456789ab";

	assert_int_equal(name_match_vm("web1", id, "web1"), NAME_MATCH_EXACT);
	assert_int_equal(name_match_vm(id, id, "web1"), NAME_MATCH_EXACT);
	assert_int_equal(name_match_vm("012", id, "web1"), NAME_MATCH_PREFIX);
	assert_int_equal(name_match_vm("0123456789a", id, "web1"), NAME_MATCH_PREFIX);
	assert_int_equal(name_match_vm("01", id, "web1"), NAME_MATCH_NONE);
	assert_int_equal(name_match_vm("013", id, "web1"), NAME_MATCH_NONE);
	assert_int_equal(name_match_vm("0123456789abc", id, "web1"), NAME_MATCH_NONE);
	assert_int_equal(name_match_vm("web", id, "web1"), NAME_MATCH_NONE);
	assert_int_equal(name_match_vm("", id, "web1"), NAME_MATCH_NONE);
}

static void slips_are_near(void **state UNUSED)
{
	assert_true(name_is_near("wbe1", "web1") || name_is_near("web", "web1"));
	assert_true(name_is_near("debain", "debian"));
	assert_true(name_is_near("debian", "debian-12"));
	assert_true(name_is_near("debian-12", "debian"));
	assert_false(name_is_near("alpine", "debian"));
	assert_false(name_is_near("", "debian"));
	assert_false(name_is_near("debian", ""));
	assert_false(name_is_near("ab", "xy"));
}

static void very_long_words_are_never_near(void **state UNUSED)
{
	char a[200];

	memset(a, 'a', sizeof(a) - 1);
	a[sizeof(a) - 1] = '\0';
	assert_false(name_is_near(a, a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_vm_names_pass),
		cmocka_unit_test(longest_vm_name_is_63),
		cmocka_unit_test(refused_vm_name_says_character_and_position),
		cmocka_unit_test(empty_names_are_refused),
		cmocka_unit_test(object_names_allow_more_but_no_way_out),
		cmocka_unit_test(object_name_has_a_limit),
		cmocka_unit_test(generated_names_are_valid_and_vary),
		cmocka_unit_test(files_give_valid_names),
		cmocka_unit_test(names_that_others_have),
		cmocka_unit_test(any_file_gives_a_valid_name),
		cmocka_unit_test(what_looks_importable),
		cmocka_unit_test(references_match_name_id_and_prefix),
		cmocka_unit_test(slips_are_near),
		cmocka_unit_test(very_long_words_are_never_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
