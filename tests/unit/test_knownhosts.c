/* SPDX-License-Identifier: MIT */
/*
 * The known_hosts file: what stands in it after VMs come, change ports and go, with lines of people in between.
 */
#include "base/lockfile.h"
#include "base/spawn.h"
#include "core/guest/knownhosts.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct knownhosts_entry entry(const char *id, const char *name, int port, uint8_t fill)
{
	struct knownhosts_entry en = {.vm_id = id, .vm_name = name, .host = "127.0.0.1", .port = port};

	memset(en.key.raw, fill, sizeof(en.key.raw));
	return en;
}

static void put(void **state, const struct knownhosts_entry *en)
{
	struct err e = {0};
	struct op op;

	op_init(&op, 5000);
	assert_ok(knownhosts_put(&op, *state, en, &e), &e);
	op_done(&op);
}

static void drop(void **state, const char *id)
{
	struct err e = {0};
	struct op op;

	op_init(&op, 5000);
	assert_ok(knownhosts_remove(&op, *state, id, &e), &e);
	op_done(&op);
}

static void assert_file(void **state, const char *want)
{
	auto_free char *have = test_read(tmpdir_path(state, "ssh/" KNOWNHOSTS_FILE));

	assert_string_equal(have, want);
}

static void test_put_replace_remove(void **state)
{
	struct knownhosts_entry a = entry("aaaaaaaaaaaa", "web1", 2201, 1), b = entry("bbbbbbbbbbbb", "web2", 2202, 2);
	auto_buf want = {0};
	struct stat st;

	drop(state, "aaaaaaaaaaaa");
	put(state, &a);
	put(state, &b);
	put(state, &b);
	knownhosts_format(&a, &want);
	knownhosts_format(&b, &want);
	assert_file(state, want.data);
	assert_int_equal(stat(tmpdir_path(state, "ssh/" KNOWNHOSTS_FILE), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* A VM that moved has one line, at the new port. */
	a.port = 2301;
	put(state, &a);
	buf_reset(&want);
	knownhosts_format(&b, &want);
	knownhosts_format(&a, &want);
	assert_file(state, want.data);
	drop(state, "bbbbbbbbbbbb");
	buf_reset(&want);
	knownhosts_format(&a, &want);
	assert_file(state, want.data);
	drop(state, "aaaaaaaaaaaa");
	assert_file(state, "");
}

static void test_reused_port_has_one_pin(void **state)
{
	struct knownhosts_entry old = entry("aaaaaaaaaaaa", "old", 2201, 1),
				new = entry("bbbbbbbbbbbb", "new", 2201, 2);
	struct knownhosts_entry longer = entry("cccccccccccc", "c", 22011, 3);
	auto_buf want = {0};

	put(state, &old);
	put(state, &longer);
	put(state, &new);
	knownhosts_format(&longer, &want);
	knownhosts_format(&new, &want);
	assert_file(state, want.data);
}

static void test_foreign_lines_stay(void **state)
{
	struct knownhosts_entry a = entry("aaaaaaaaaaaa", "web1", 2201, 1);
	const char *mine = "# mine\n\n[127.0.0.1]:2201 ssh-ed25519 AAAA me@home\ngithub.com ssh-rsa AAAA";
	auto_buf want = {0};

	mkdir(tmpdir_path(state, "ssh"), 0700);
	test_write(tmpdir_path(state, "ssh/" KNOWNHOSTS_FILE), mine);
	put(state, &a);
	buf_addf(&want, "%s\n", mine);
	knownhosts_format(&a, &want);
	assert_file(state, want.data);
	drop(state, "aaaaaaaaaaaa");
	want.len = strlen(mine) + 1;
	want.data[want.len] = '\0';
	assert_file(state, want.data);
}

static void test_waits_for_the_lock(void **state)
{
	struct knownhosts_entry a = entry("aaaaaaaaaaaa", "web1", 2201, 1);
	struct err e = {0};
	struct op op;
	int dir, lock;

	put(state, &a);
	dir = open(tmpdir_path(state, "ssh"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lock = lockfile_take(dir, "known_hosts.lock", &e);
	assert_true(lock >= 0);
	op_init(&op, 30);
	a.port = 2;
	assert_err(knownhosts_put(&op, *state, &a, &e), &e, ERR_TIMEOUT);
	op_done(&op);
	close(lock);
	close(dir);
	put(state, &a);
}

/* ssh-keygen finds the entry by both of its names. */
static void test_ssh_keygen_finds_it(void **state)
{
	struct knownhosts_entry a = entry("aaaaaaaaaaaa", "web1", 2201, 1);
	const char *path = tmpdir_path(state, "ssh/" KNOWNHOSTS_FILE);
	static const char *const names[] = {"[127.0.0.1]:2201", "[web1.vm]:2201"};

	put(state, &a);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *const argv[] = {"ssh-keygen", "-F", names[i], "-f", path, NULL};
		auto_buf out = {0};
		struct err e = {0};
		struct op op;
		int rc;

		op_init(&op, 20000);
		rc = spawn_run(&op, &(struct spawn_run_args){.argv = argv}, &out, &e);
		op_done(&op);
		if (rc < 0 && e.code == ERR_MISSING)
			skip();
		assert_ok(rc, &e);
		assert_non_null(strstr(buf_cstr(&out), "banger:aaaaaaaaaaaa"));
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_put_replace_remove), T(test_reused_port_has_one_pin), T(test_foreign_lines_stay),
		T(test_waits_for_the_lock), T(test_ssh_keygen_finds_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
