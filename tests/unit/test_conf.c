/* SPDX-License-Identifier: MIT */
/*
 * base/conf: what is set, what is unset, and errors that point at their line.
 */
#include "tests/lib/test.h"

#include "base/conf.h"
#include "base/fs.h"

static struct conf c;

static int parse(const char *text, struct err *e)
{
	return conf_parse(text, strlen(text), "banger.conf", &c, e);
}

static int teardown(void **state UNUSED)
{
	conf_done(&c);
	return 0;
}

static void nothing_is_set_by_an_empty_file(void **state UNUSED)
{
	static const char *const empty[] = {"", "\n", "# only a comment\n", "vm {\n}\nui {}\n"};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
		assert_ok(parse(empty[i], &e), &e);
		assert_null(c.vm.memory);
		assert_null(c.vm.vcpus);
		assert_true(c.ui.mouse == CONF_UNSET);
		assert_null(c.vm.auto_stop_after);
		assert_int_equal(c.n_file_sync, 0);
		assert_string_equal(c.path, "banger.conf");
		conf_done(&c);
	}
}

static void every_key_arrives(void **state UNUSED)
{
	struct err e = {0};

	assert_ok(parse("vm { vcpus = 2 memory = \"2G\" overlay = 8G work_disk = 4G image = tiny network = private\n"
			" disk = overlay vmm = auto nat = yes auto_stop_after = 2h }\n"
			"net { address = \"10.0.0.1/16\" }\n"
			"paths { state = \"/s\" cache = \"/c\" qemu = \"/q\" firecracker = \"/f\" ssh_key = \"~/k\" }\n"
			"ui { theme = dark escape = \"C-b\" mouse = true ascii = off }\n",
			&e),
		  &e);
	assert_string_equal(c.vm.vcpus, "2");
	assert_string_equal(c.vm.memory, "2G");
	assert_string_equal(c.vm.overlay, "8G");
	assert_string_equal(c.vm.work_disk, "4G");
	assert_string_equal(c.vm.image, "tiny");
	assert_string_equal(c.vm.network, "private");
	assert_string_equal(c.vm.disk, "overlay");
	assert_string_equal(c.vm.vmm, "auto");
	assert_string_equal(c.vm.nat, "yes");
	assert_string_equal(c.vm.auto_stop_after, "2h");
	assert_string_equal(c.net.address, "10.0.0.1/16");
	assert_string_equal(c.paths.state, "/s");
	assert_string_equal(c.paths.cache, "/c");
	assert_string_equal(c.paths.qemu, "/q");
	assert_string_equal(c.paths.firecracker, "/f");
	assert_string_equal(c.paths.ssh_key, "~/k");
	assert_string_equal(c.ui.theme, "dark");
	assert_string_equal(c.ui.escape, "C-b");
	assert_int_equal(c.ui.mouse, 1);
	assert_int_equal(c.ui.ascii, 0);
}

static void file_sync_sections_keep_their_order(void **state UNUSED)
{
	struct err e = {0};

	assert_ok(parse("file_sync z { host = \"~/.z\" guest = z }\nfile_sync \"a b\" { mode = \"0644\" }\n", &e), &e);
	assert_int_equal(c.n_file_sync, 2);
	assert_string_equal(c.file_sync[0].name, "z");
	assert_string_equal(c.file_sync[0].host, "~/.z");
	assert_string_equal(c.file_sync[0].guest, "z");
	assert_null(c.file_sync[0].mode);
	assert_string_equal(c.file_sync[1].name, "a b");
	assert_string_equal(c.file_sync[1].mode, "0644");
	assert_null(c.file_sync[1].host);
}

static void errors_name_file_and_line(void **state UNUSED)
{
	static const struct {
		const char *text;
		const char *where;
		const char *what;
	} rows[] = {
		{"vm {\n memory = 2G\n nonsense = 1\n}\n", "banger.conf:3: ", "nonsense"},
		{"\n\nvmm { }\n", "banger.conf:3: ", "vmm"},
		{"ui { ascii = many }\n", "banger.conf:1: ", "ascii"},
		{"ui {\n mouse = perhaps\n}\n", "banger.conf:2: ", "mouse"},
		{"vm {\n memory = \"2G\n", "banger.conf:", ""},
		{"vm {\n memory = 2G\n", "banger.conf:2: ", "section 'vm' is still open"},
		{"ui { theme = dark }\nvm {", "banger.conf:2: ", "section 'vm' is still open"},
		{"file_sync a {\n host = x\n guest = y # }\n\n", "banger.conf:4: ", "section 'file_sync' is still open"},
		{"vm { memory = 2G }\n/* and then\n", "banger.conf:2: ", "comment is never closed"},
		{"# one\n\n// two\n/* three\n four */\nvm { # five\n nonsense = 1 }\n", "banger.conf:7: ", "nonsense"},
		{"end_of_banger_conf = true\n", "banger.conf:1: ", "end_of_banger_conf"},
		{"vm {\n memory = 2G\nui { theme = dark }\n", "banger.conf:3: ", "ui"},
		{"vm }\n", "banger.conf:1: ", ""},
		{"file_sync { host = x }\n", "banger.conf:1: ", ""},
		{"file_sync a { }\nfile_sync a { }\n", "banger.conf:2: ", "a"},
		{"vm { memory = \n }", "banger.conf:2: ", ""},
		{"vm { \"\x1b[31m\" = 1 }", "banger.conf:1: ", "\xef\xbf\xbd"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};
		if (parse(rows[i].text, &e) != -1)
			fail_msg("accepted: %s", rows[i].text);
		if (e.code != ERR_USAGE || strncmp(e.msg, rows[i].where, strlen(rows[i].where)) != 0 ||
		    !strstr(e.msg, rows[i].what))
			fail_msg("%s -> %s", rows[i].text, e.msg);
		assert_true(e.hint[0] != '\0');
		conf_done(&c);
	}
}

static void comments_are_no_values(void **state UNUSED)
{
	struct err e = {0};

	assert_ok(parse("vm { image = a# not b\n memory = \"1#2//3/*\" // c\n disk = /x//y }\n"
			"paths { state = 'a\\'#b' /* } */ cache = b }\n",
			&e),
		  &e);
	assert_string_equal(c.vm.image, "a");
	assert_string_equal(c.vm.memory, "1#2//3/*");
	assert_string_equal(c.vm.disk, "/x//y");
	assert_string_equal(c.paths.cache, "b");
}

static void a_wrong_value_is_told_with_its_line(void **state UNUSED)
{
	static const struct {
		const char *key, *want;
	} rows[] = {
		{"vm.memory", "banger.conf:3: vm.memory: wrong"},
		{"vm.image", "banger.conf:2: vm.image: wrong"},
		{"ui.theme", "banger.conf:5: ui.theme: wrong"},
		{"file_sync b.mode", "banger.conf:9: file_sync b.mode: wrong"},
		{"file_sync b", "banger.conf:8: file_sync b: wrong"},
		{"vm.disk", "banger.conf: vm.disk: wrong"},
	};
	struct err e = {0};

	assert_ok(parse("vm { memory = 1G\n image = tiny\n memory = 2G }\n"
			"ui {\n theme = dark # why not\n}\n"
			"file_sync a { host = x mode = 7 }\nfile_sync b { host = x\n mode = 8 }",
			&e),
		  &e);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		err_set(&e, ERR_USAGE, "wrong");
		assert_int_equal(conf_wrap(&c, rows[i].key, &e), -1);
		assert_string_equal(e.msg, rows[i].want);
		err_clear(&e);
	}
}

static void a_missing_file_is_fine(void **state)
{
	struct err e = {0};

	assert_ok(conf_load(tmpdir_path(state, "none"), &c, &e), &e);
	assert_null(c.path);
	conf_done(&c);
	test_write(tmpdir_path(state, "f"), "vm { memory = 5G }\n");
	assert_ok(conf_load(tmpdir_path(state, "f"), &c, &e), &e);
	assert_string_equal(c.vm.memory, "5G");
	conf_done(&c);
	/* A directory in its place is an error, not "nothing configured". */
	assert_int_equal(conf_load(*state, &c, &e), -1);
	conf_done(&c);
}

static void binary_and_endless_files_are_refused(void **state)
{
	auto_buf much = {0};
	struct err e = {0};

	assert_err(conf_parse("vm\0{}", 5, "banger.conf", &c, &e), &e, ERR_USAGE);
	conf_done(&c);
	for (int i = 0; i < 65; i++)
		buf_addf(&much, "file_sync s%d {}\n", i);
	assert_err(parse(buf_cstr(&much), &e), &e, ERR_USAGE);
	conf_done(&c);
	memset(buf_reserve(&much, 2 << 20), '\n', 2 << 20);
	much.len = 2 << 20;
	assert_ok(fs_write_atomic(tmpdir_path(state, "f"), much.data, much.len, 0600, &e), &e);
	assert_err(conf_load(tmpdir_path(state, "f"), &c, &e), &e, ERR_PROTO);
	conf_done(&c);
}

static void a_file_cannot_make_us_read_another(void **state UNUSED)
{
	struct err e = {0};

	assert_err(parse("include(\"/etc/passwd\")\n", &e), &e, ERR_USAGE);
}

#define T(fn) cmocka_unit_test_teardown(fn, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_is_set_by_an_empty_file),
		T(every_key_arrives),
		T(file_sync_sections_keep_their_order),
		T(errors_name_file_and_line),
		T(comments_are_no_values),
		T(a_wrong_value_is_told_with_its_line),
		cmocka_unit_test_setup_teardown(a_missing_file_is_fine, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(binary_and_endless_files_are_refused, tmpdir_setup, tmpdir_teardown),
		T(a_file_cannot_make_us_read_another),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
