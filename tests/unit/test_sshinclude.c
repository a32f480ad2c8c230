/* SPDX-License-Identifier: MIT */
/*
 * The Include in a person's ~/.ssh/config: in and out to the byte, whatever the file is like; and what is refused.
 */
#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "core/guest/sshinclude.h"
#include "tests/lib/test.h"

#include <pthread.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define OURS "/home/ann/.config/banger/ssh_config"
#define GROUP                                                                                                          \
	"# banger-tui ssh-config: begin\n"                                                                             \
	"Include \"" OURS "\"\n"                                                                                       \
	"# banger-tui ssh-config: end\n"

static int add_code(void **state, const char *included, bool *changed, struct err *e)
{
	struct op op;
	int rc;

	op_init(&op, 20000);
	rc = sshinclude_add(&op, *state, included, changed, e);
	op_done(&op);
	return rc;
}

static bool add(void **state)
{
	struct err e = {0};
	bool changed = false;

	assert_ok(add_code(state, OURS, &changed, &e), &e);
	return changed;
}

static int remove_code(void **state, const char *included, bool *changed, struct err *e)
{
	struct op op;
	int rc;

	op_init(&op, 20000);
	rc = sshinclude_remove(&op, *state, included, changed, e);
	op_done(&op);
	return rc;
}

static bool drop(void **state)
{
	struct err e = {0};
	bool changed = false;

	assert_ok(remove_code(state, OURS, &changed, &e), &e);
	return changed;
}

static bool find(void **state)
{
	struct err e = {0};
	bool found = false;

	assert_ok(sshinclude_find(*state, OURS, &found, &e), &e);
	return found;
}

static const char *config(void **state) { return tmpdir_path(state, ".ssh/config"); }

static void write_config(void **state, const void *data, size_t n, mode_t mode)
{
	struct err e = {0};

	assert_ok(fs_mkdir_p(tmpdir_path(state, ".ssh"), 0700, &e), &e);
	assert_ok(fs_write_atomic(config(state), data, n, mode, &e), &e);
}

static void read_config(void **state, struct buf *ret)
{
	struct err e = {0};

	assert_ok(fs_read_file(config(state), 1 << 20, ret, &e), &e);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode;
}

/* Names in ~/.ssh: what is ours must not stay there. */
static int entries(void **state)
{
	auto_buf out = {0};
	const char *argv[] = {"find", tmpdir_path(state, ".ssh"), "-mindepth", "1", NULL};
	struct err e = {0};
	struct op op;
	int n = 0;

	op_init(&op, 10000);
	assert_ok(spawn_run(&op, &(struct spawn_run_args){.argv = argv}, &out, &e), &e);
	op_done(&op);
	for (size_t i = 0; i < out.len; i++)
		n += out.data[i] == '\n';
	return n;
}

static void test_nothing_there(void **state)
{
	assert_false(find(state));
	assert_false(drop(state));
	assert_true(add(state));
	assert_true(find(state));
	assert_int_equal(mode_of(tmpdir_path(state, ".ssh")), S_IFDIR | 0700);
	assert_int_equal(mode_of(config(state)), S_IFREG | 0600);
	auto_free char *text = test_read(config(state));
	assert_string_equal(text, "# banger-tui ssh-config: begin (made this file)\nInclude \"" OURS "\"\n"
				  "# banger-tui ssh-config: end\n");
	assert_false(add(state));
	assert_int_equal(entries(state), 1);
	assert_true(drop(state));
	assert_false(fs_exists(config(state)));
	assert_int_equal(entries(state), 0);
	assert_false(drop(state));
}

/* Made for us, but somebody has written into it since: that stays. */
static void test_made_and_used(void **state)
{
	struct err e = {0};
	auto_buf text = {0};

	assert_true(add(state));
	read_config(state, &text);
	buf_adds(&text, "Host mine\n");
	assert_ok(fs_write_atomic(config(state), text.data, text.len, 0600, &e), &e);
	assert_true(drop(state));
	auto_free char *left = test_read(config(state));
	assert_string_equal(left, "Host mine\n");
}

static void test_bytes_come_back(void **state)
{
	static const struct {
		const char *data;
		size_t n;
		const char *first; /* line */
	} files[] = {
#define FILE_OF(s, first) {s, sizeof(s) - 1, first}
		FILE_OF("", "# banger-tui ssh-config: begin\n"),
		FILE_OF("Host a\n    HostName b\n", "# banger-tui ssh-config: begin\n"),
		FILE_OF("Host no-newline", "# banger-tui ssh-config: begin\n"),
		FILE_OF("Host a\r\n    HostName b\r\n", "# banger-tui ssh-config: begin\r\n"),
		FILE_OF("\n\n# x\n\r\n\r", "# banger-tui ssh-config: begin\n"),
		FILE_OF("\xef\xbb\xbfHost bom\n", "# banger-tui ssh-config: begin\n"),
		FILE_OF("Host \0zero\n\0\xff\xfe", "# banger-tui ssh-config: begin\n"),
		FILE_OF("# banger-tui ssh-config: beginning\nInclude x\n", "# banger-tui ssh-config: begin\n"),
		FILE_OF("Include \"" OURS "\"\n", "# banger-tui ssh-config: begin\n"),
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		auto_buf with = {0}, without = {0};

		write_config(state, files[i].data, files[i].n, 0644);
		assert_true(add(state));
		assert_true(find(state));
		assert_false(add(state));
		read_config(state, &with);
		assert_memory_equal(with.data, files[i].first, strlen(files[i].first));
		assert_memory_equal(with.data + with.len - files[i].n, files[i].data, files[i].n);
		assert_int_equal(mode_of(config(state)), S_IFREG | 0644);
		assert_true(drop(state));
		read_config(state, &without);
		assert_int_equal(without.len, files[i].n);
		assert_memory_equal(buf_cstr(&without), files[i].data, files[i].n);
		assert_int_equal(mode_of(config(state)), S_IFREG | 0644);
		assert_int_equal(entries(state), 1);
	}
}

/* Wherever a person has moved it, and with either kind of line end, it is found and taken out. */
static void test_moved_group(void **state)
{
	static const char moved[] = "Host a\n" GROUP "Host b\n";
	static const char crlf[] = "Host a\r\n# banger-tui ssh-config: begin\r\nInclude \"" OURS "\"\r\n"
				   "# banger-tui ssh-config: end\r\n";
	static const char no_end[] = "# banger-tui ssh-config: begin\nInclude \"" OURS "\"\n# banger-tui ssh-config: end";

	write_config(state, moved, strlen(moved), 0600);
	assert_false(add(state));
	assert_true(drop(state));
	auto_free char *a = test_read(config(state));
	assert_string_equal(a, "Host a\nHost b\n");
	write_config(state, crlf, strlen(crlf), 0600);
	assert_true(drop(state));
	auto_free char *b = test_read(config(state));
	assert_string_equal(b, "Host a\r\n");
	write_config(state, no_end, strlen(no_end), 0600);
	assert_true(drop(state));
	auto_free char *c = test_read(config(state));
	assert_string_equal(c, "");
}

/* Files that were put together by hand have it twice. All of it goes, or nothing when one of them was changed. */
static void test_twice(void **state)
{
	static const char twice[] = GROUP "Host a\n" GROUP "Host b\n" GROUP;
	static const char other[] = "# banger-tui ssh-config: begin (made this file)\nInclude \"" OURS "\"\n"
				    "# banger-tui ssh-config: end\n" GROUP;
	static const char changed_one[] = GROUP "# banger-tui ssh-config: begin\nInclude \"" OURS "\"\n";
	struct err e = {0};
	bool changed;

	write_config(state, twice, strlen(twice), 0600);
	assert_true(drop(state));
	auto_free char *a = test_read(config(state));
	assert_string_equal(a, "Host a\nHost b\n");
	assert_false(find(state));
	write_config(state, other, strlen(other), 0600);
	assert_true(drop(state));
	assert_false(fs_exists(config(state)));
	write_config(state, changed_one, strlen(changed_one), 0600);
	assert_err(remove_code(state, OURS, &changed, &e), &e, ERR_STATE);
	auto_free char *left = test_read(config(state));
	assert_string_equal(left, changed_one);
}

/* Two config directories are two groups, each taken out alone. */
static void test_two_files(void **state)
{
	struct err e = {0};
	bool changed;

	write_config(state, "Host a\n", 7, 0600);
	assert_true(add(state));
	assert_ok(add_code(state, "/other/ssh_config", &changed, &e), &e);
	assert_true(changed);
	assert_true(drop(state));
	auto_free char *text = test_read(config(state));
	assert_string_equal(text, "# banger-tui ssh-config: begin\nInclude \"/other/ssh_config\"\n"
				  "# banger-tui ssh-config: end\nHost a\n");
	assert_ok(remove_code(state, "/other/ssh_config", &changed, &e), &e);
	auto_free char *left = test_read(config(state));
	assert_string_equal(left, "Host a\n");
}

static void test_changed_group_is_told(void **state)
{
	static const char *const texts[] = {
		"# banger-tui ssh-config: begin\nInclude \"" OURS "\"\nHost mine\n# banger-tui ssh-config: end\n",
		"# banger-tui ssh-config: begin\nInclude \"" OURS "\"\n",
		"# banger-tui ssh-config: begin\n",
		"# banger-tui ssh-config: begin\nInclude " OURS " # quoted\n# banger-tui ssh-config: end\n",
	};
	struct err e = {0};
	bool changed;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_config(state, texts[i], strlen(texts[i]), 0600);
		assert_err(remove_code(state, OURS, &changed, &e), &e, ERR_STATE);
		assert_err(add_code(state, OURS, &changed, &e), &e, ERR_STATE);
		auto_free char *left = test_read(config(state));
		assert_string_equal(left, texts[i]);
	}
}

static void test_links_are_followed(void **state)
{
	struct err e = {0};
	char want[] = "../dotfiles/ssh/config", got[64] = "";

	assert_ok(fs_mkdir_p(tmpdir_path(state, "dotfiles/ssh"), 0700, &e), &e);
	assert_ok(fs_mkdir_p(tmpdir_path(state, ".ssh"), 0700, &e), &e);
	test_write(tmpdir_path(state, "dotfiles/ssh/config"), "Host a\n");
	assert_int_equal(symlink(want, config(state)), 0);
	assert_true(add(state));
	auto_free char *text = test_read(tmpdir_path(state, "dotfiles/ssh/config"));
	assert_string_equal(text, GROUP "Host a\n");
	assert_int_equal(readlink(config(state), got, sizeof(got) - 1), (ssize_t)strlen(want));
	assert_string_equal(got, want);
	assert_true(find(state));
	assert_true(drop(state));
	auto_free char *left = test_read(tmpdir_path(state, "dotfiles/ssh/config"));
	assert_string_equal(left, "Host a\n");
	assert_true(S_ISLNK(mode_of(config(state))));
}

/* The directory itself may be a link as well. */
static void test_linked_directory(void **state)
{
	struct err e = {0};

	assert_ok(fs_mkdir_p(tmpdir_path(state, "dot-ssh"), 0700, &e), &e);
	assert_int_equal(symlink("dot-ssh", tmpdir_path(state, ".ssh")), 0);
	assert_true(add(state));
	assert_true(fs_exists(tmpdir_path(state, "dot-ssh/config")));
	assert_true(drop(state));
	assert_false(fs_exists(tmpdir_path(state, "dot-ssh/config")));
}

static void test_what_is_refused(void **state)
{
	struct err e = {0};
	bool changed;

	/* a link to nothing */
	assert_ok(fs_mkdir_p(tmpdir_path(state, ".ssh"), 0700, &e), &e);
	assert_int_equal(symlink("nowhere", config(state)), 0);
	assert_err(add_code(state, OURS, &changed, &e), &e, ERR_STATE);
	assert_int_equal(unlink(config(state)), 0);
	/* a directory in its place */
	assert_int_equal(mkdir(config(state), 0700), 0);
	assert_err(add_code(state, OURS, &changed, &e), &e, ERR_STATE);
	assert_int_equal(rmdir(config(state)), 0);
	/* a second name */
	test_write(tmpdir_path(state, "second"), "Host a\n");
	assert_int_equal(link(tmpdir_path(state, "second"), config(state)), 0);
	assert_err(add_code(state, OURS, &changed, &e), &e, ERR_STATE);
	assert_int_equal(unlink(config(state)), 0);
	/* a link into a directory where others may write */
	assert_ok(fs_mkdir_p(tmpdir_path(state, "shared"), 0777, &e), &e);
	test_write(tmpdir_path(state, "shared/config"), "Host a\n");
	assert_int_equal(symlink("../shared/config", config(state)), 0);
	assert_int_equal(add_code(state, OURS, &changed, &e), -1);
	assert_int_equal(e.code, ERR_PERM);
	assert_non_null(strstr(e.hint, "chmod go-w"));
	auto_free char *left = test_read(tmpdir_path(state, "shared/config"));
	assert_string_equal(left, "Host a\n");
	assert_int_equal(entries(state), 1);
}

static void test_somebody_elses(void **state)
{
	struct err e = {0};
	bool changed;

	if (geteuid() != 0)
		skip();
	write_config(state, "Host a\n", 7, 0600);
	assert_int_equal(chown(config(state), 12345, (gid_t)-1), 0);
	assert_int_equal(add_code(state, OURS, &changed, &e), -1);
	assert_int_equal(e.code, ERR_PERM);
	assert_non_null(strstr(e.hint, "Include \"" OURS "\""));
}

static void test_attributes_stay(void **state)
{
	char got[8] = "";

	write_config(state, "Host a\n", 7, 0640);
	if (setxattr(config(state), "user.banger", "kept", 4, 0) < 0)
		skip();
	assert_true(add(state));
	assert_int_equal(getxattr(config(state), "user.banger", got, sizeof(got)), 4);
	assert_string_equal(got, "kept");
	assert_int_equal(mode_of(config(state)), S_IFREG | 0640);
}

#define THREADS 8

struct racer {
	void **state;
	bool remove;
	bool changed;
	int rc;
	struct err e;
};

static void *race(void *arg)
{
	struct racer *r = arg;

	r->rc = (r->remove ? remove_code : add_code)(r->state, OURS, &r->changed, &r->e);
	return NULL;
}

/* Many at once: one of them changes the file, the group is there once. */
static void run_race(void **state, bool remove)
{
	struct racer r[THREADS] = {0};
	pthread_t t[THREADS];
	int changed = 0;

	for (int i = 0; i < THREADS; i++) {
		r[i].state = state;
		r[i].remove = remove;
		assert_int_equal(pthread_create(&t[i], NULL, race, &r[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], NULL);
		assert_ok(r[i].rc, &r[i].e);
		changed += r[i].changed;
	}
	assert_int_equal(changed, 1);
}

static void test_at_once(void **state)
{
	write_config(state, "Host a\n", 7, 0600);
	run_race(state, false);
	auto_free char *text = test_read(config(state));
	assert_string_equal(text, GROUP "Host a\n");
	run_race(state, true);
	auto_free char *left = test_read(config(state));
	assert_string_equal(left, "Host a\n");
	assert_int_equal(entries(state), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_DIR(t) cmocka_unit_test_setup_teardown(t, tmpdir_setup, tmpdir_teardown)
		WITH_DIR(test_nothing_there),	      WITH_DIR(test_made_and_used),  WITH_DIR(test_bytes_come_back),
		WITH_DIR(test_moved_group),	      WITH_DIR(test_two_files),	     WITH_DIR(test_changed_group_is_told),
		WITH_DIR(test_twice),
		WITH_DIR(test_links_are_followed),    WITH_DIR(test_linked_directory), WITH_DIR(test_what_is_refused),
		WITH_DIR(test_somebody_elses),	      WITH_DIR(test_attributes_stay), WITH_DIR(test_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
