/* SPDX-License-Identifier: MIT */
/*
 * engine/ssh_config: the file follows the store once it is installed, and only then.
 */
#include "tests/lib/storetest.h"

#include "base/fs.h"
#include "core/engine/vmjob.h"
#include "core/guest/keys.h"
#include "core/guest/sshconf.h"
#include "core/store/vms.h"

#define ID1 "aaaaaaaaaaaa"
#define ID2 "bbbbbbbbbbbb"

static struct paths paths;

static int setup(void **state)
{
	if (tmpdir_setup(state) < 0)
		return -1;
	setenv("HOME", tmpdir_path(state, "home"), 1);
	memset(&paths, 0, sizeof(paths));
	path_join(paths.config, sizeof(paths.config), *state, "config");
	str_copy(paths.state, sizeof(paths.state), *state); /* where storetest_open() makes the store */
	return fs_mkdir_p(tmpdir_path(state, "home"), 0700, NULL);
}

static void put_vm(void **state, struct store *s, const char *id, const char *name, int port)
{
	struct vm vm = storetest_vm(id, name);
	auto_keys_pair key = {0};
	struct err e = {0};
	char dir[32];

	vm.ssh_port = (uint16_t)port;
	assert_ok(vms_insert(s, &vm, &e), &e);
	snprintf(dir, sizeof(dir), "vms/%s", id);
	if (port)
		assert_ok(keys_vm_host(tmpdir_path(state, dir), &key, &e), &e);
}

static struct ssh_config_result install(int want)
{
	struct ssh_config_result r = {0};
	struct err e = {0};
	struct op op;
	int rc;

	op_init(&op, 10000);
	rc = ssh_config_install(&op, &paths, &r, &e);
	op_done(&op);
	assert_int_equal(rc, want);
	return r;
}

static struct ssh_config_result uninstall(void)
{
	struct ssh_config_result r = {0};
	struct err e = {0};
	struct op op;

	op_init(&op, 10000);
	assert_ok(ssh_config_uninstall(&op, &paths, &r, &e), &e);
	op_done(&op);
	return r;
}

static bool look(void)
{
	struct err e = {0};
	bool is = false;

	assert_ok(ssh_config_look(&paths, &is, &e), &e);
	return is;
}

static bool has(void **state, const char *file, const char *what)
{
	auto_free char *text = test_read(tmpdir_path(state, file));

	return strstr(text, what) != NULL;
}

static void test_it_follows_the_store(void **state)
{
	struct store *s = storetest_open(state);
	struct err e = {0};

	put_vm(state, s, ID1, "web1", 22001);
	put_vm(state, s, ID2, "never-ran", 0);
	vm_refresh_ssh_config(&paths, s);
	assert_false(fs_exists(tmpdir_path(state, "config/ssh_config")));
	assert_false(look());

	assert_true(install(0).changed);
	assert_false(install(0).changed);
	assert_true(look());
	assert_true(has(state, "config/ssh_config", "Host web1.vm\n    HostName 127.0.0.1\n    Port 22001\n"));
	assert_false(has(state, "config/ssh_config", "never-ran"));
	assert_true(has(state, "ssh/known_hosts", "banger-" ID1 " ssh-ed25519"));
	assert_true(has(state, "home/.ssh/config", "/config/ssh_config\"\n"));

	assert_ok(vms_delete(s, ID1, &e), &e);
	vm_refresh_ssh_config(&paths, s);
	assert_false(has(state, "config/ssh_config", "Host "));

	assert_true(uninstall().changed);
	assert_false(uninstall().changed);
	assert_false(fs_exists(tmpdir_path(state, "config/ssh_config")));
	assert_false(fs_exists(tmpdir_path(state, "home/.ssh/config")));
	vm_refresh_ssh_config(&paths, s);
	assert_false(fs_exists(tmpdir_path(state, "config/ssh_config")));
	store_close(s);
}

static void test_the_text_alone(void **state)
{
	struct err e = {0};
	auto_buf none = {0}, one = {0};

	assert_ok(ssh_config_text(&paths, &none, &e), &e);
	assert_null(strstr(none.data, "Host "));
	assert_false(fs_exists(tmpdir_path(state, "state.db")));
	struct store *s = storetest_open(state);
	put_vm(state, s, ID1, "web1", 22001);
	str_copy(paths.ssh_key, sizeof(paths.ssh_key), "/home/ann/.ssh/key");
	assert_ok(ssh_config_text(&paths, &one, &e), &e);
	assert_non_null(strstr(one.data, "Host web1.vm\n"));
	assert_non_null(strstr(one.data, "IdentityFile \"/home/ann/.ssh/key\""));
	assert_false(fs_exists(tmpdir_path(state, "config")));
	store_close(s);
}

static void test_half_an_installation(void **state)
{
	struct err e = {0};
	bool is;

	/* The person's file refuses: ours does not stay. */
	assert_ok(fs_mkdir_p(tmpdir_path(state, "home/.ssh/config"), 0700, &e), &e);
	install(-1);
	assert_false(fs_exists(tmpdir_path(state, "config/ssh_config")));
	assert_ok(fs_remove_tree(tmpdir_path(state, "home/.ssh"), &e), &e);
	install(0);
	assert_ok(sshconf_remove(paths.config, &e), &e);
	assert_err(ssh_config_look(&paths, &is, &e), &e, ERR_STATE);
	install(0);
	assert_true(look());
	assert_ok(fs_unlink(tmpdir_path(state, "home/.ssh/config"), &e), &e);
	assert_err(ssh_config_look(&paths, &is, &e), &e, ERR_STATE);
}

/* Two state directories with one config directory do not take turns in the file. */
static void test_another_state_directory(void **state)
{
	struct store *s = storetest_open(state);
	struct paths mine = paths;

	put_vm(state, s, ID1, "web1", 22001);
	install(0);
	path_join(paths.state, sizeof(paths.state), *state, "other");
	install(-1);
	vm_refresh_ssh_config(&paths, s);
	paths = mine;
	assert_true(look());
	assert_true(has(state, "config/ssh_config", "Host web1.vm\n"));
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_DIRS(t) cmocka_unit_test_setup_teardown(t, setup, tmpdir_teardown)
		WITH_DIRS(test_it_follows_the_store),
		WITH_DIRS(test_the_text_alone),
		WITH_DIRS(test_half_an_installation),
		WITH_DIRS(test_another_state_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
