/* SPDX-License-Identifier: MIT */
/*
 * engine/vmnames: the table says who is in the bridged network by the ledger, and no one else; the server is looked for after the
 * table was written; what goes wrong is no failure.
 */
#include "tests/lib/storetest.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/lockfile.h"
#include "core/engine/held.h"
#include "core/engine/vmjob.h"
#include "core/engine/vmnames.h"
#include "core/net/subnet.h"
#include "core/store/vms.h"
#include "core/vmm/alive.h"
#include "namesrv/namesrv.h"

#include <fcntl.h>

static int asked;	   /* for a server */
static bool had_table;	   /* when it was asked for */
static bool none_to_be_had;

int __wrap_namesrv_begin(const char *dir, const char *program, struct namesrv_start **ret, struct err *e);
int __wrap_namesrv_begin(const char *dir, const char *program UNUSED, struct namesrv_start **ret, struct err *e)
{
	auto_free char *path = xasprintf("%s/" NAMESRV_TABLE, dir);

	asked++;
	*ret = NULL;
	had_table = fs_exists(path);
	return none_to_be_had ? err_set(e, ERR_MISSING, "no server here") : 0;
}

int __wrap_netmode_give_back(struct op *op, struct engine *eng, const struct resource *r, struct err *e);
int __wrap_netmode_give_back(struct op *op UNUSED, struct engine *eng UNUSED, const struct resource *r UNUSED, struct err *e UNUSED)
{
	return 0;
}

static struct engine *make_engine(void **state)
{
	struct engine *eng = xcalloc(1, sizeof(*eng));
	struct err e = {0};

	str_copy(eng->paths.state, sizeof(eng->paths.state), *state);
	assert_ok(subnet_parse("172.16.0.1/24", &eng->settings.subnet, &e), &e);
	asked = 0;
	had_table = none_to_be_had = false;
	return eng;
}

static void put_vm(struct store *s, const char *id, const char *name, const char *address, bool nat)
{
	struct vm vm = storetest_vm(id, name);
	struct err e = {0};

	vm.cfg.net = NET_BRIDGE;
	vm.cfg.nat = nat;
	str_copy(vm.address, sizeof(vm.address), address);
	assert_ok(vms_insert(s, &vm, &e), &e);
}

static void take(struct store *s, const char *id, const char *kind, const char *name)
{
	struct err e = {0};

	assert_ok(resources_add(s, id, kind, name, NULL, &e), &e);
}

static void refresh(struct engine *eng, struct store *s)
{
	struct op op;

	op_init(&op, 10000);
	vmnames_refresh(&op, eng, s);
	op_done(&op);
}

static void leave(struct engine *eng, struct store *s)
{
	struct op op;

	op_init(&op, 10000);
	vmnames_leave(&op, eng, s);
	op_done(&op);
}

static void assert_table(void **state, const char *want)
{
	auto_free char *have = test_read(tmpdir_path(state, "names/table"));

	assert_string_equal(have, want);
}

static void who_is_in_the_network(void **state)
{
	struct engine *eng = make_engine(state);
	struct store *s = storetest_open(state);
	struct err e = {0};

	/* Nobody: no table, and no server is looked for. */
	put_vm(s, "aaaaaaaaaaaa", "web1", "172.16.0.2", true);
	put_vm(s, "bbbbbbbbbbbb", "web2", "172.16.0.3", false);
	put_vm(s, "cccccccccccc", "web3", "", false);
	refresh(eng, s);
	assert_false(fs_exists(tmpdir_path(state, "names/table")));
	assert_int_equal(asked, 0);
	/* Who holds a place, has an address and is known. */
	take(s, "aaaaaaaaaaaa", HELD_NET, "bridge");
	take(s, "bbbbbbbbbbbb", HELD_NET, "private");
	take(s, "bbbbbbbbbbbb", HELD_DISK, "bridge");
	take(s, "cccccccccccc", HELD_NET, "bridge");
	take(s, "dddddddddddd", HELD_NET, "bridge");
	refresh(eng, s);
	assert_table(state, "banger-names 1\nnet 172.16.0.1/24\n172.16.0.2 web1 nat\n");
	assert_int_equal(asked, 1);
	assert_true(had_table);
	take(s, "bbbbbbbbbbbb", HELD_NET, "bridge");
	refresh(eng, s);
	auto_free char *both = test_read(tmpdir_path(state, "names/table"));
	assert_non_null(strstr(both, "172.16.0.2 web1 nat\n"));
	assert_non_null(strstr(both, "172.16.0.3 web2\n"));
	/* The last one goes, and the table with it. */
	assert_ok(resources_remove(s, "aaaaaaaaaaaa", HELD_NET, "bridge", &e), &e);
	assert_ok(resources_remove(s, "bbbbbbbbbbbb", HELD_NET, "bridge", &e), &e);
	leave(eng, s);
	assert_false(fs_exists(tmpdir_path(state, "names/table")));
	assert_int_equal(asked, 2);
	store_close(s);
	free(eng);
}

/* After the host's reboot places are given back one by one, and there is no network that a server could listen in. */
static void who_leaves_starts_no_server(void **state)
{
	struct engine *eng = make_engine(state);
	struct store *s = storetest_open(state);
	struct err e = {0};
	struct op op;

	put_vm(s, "aaaaaaaaaaaa", "web1", "172.16.0.2", false);
	put_vm(s, "bbbbbbbbbbbb", "web2", "172.16.0.3", false);
	take(s, "aaaaaaaaaaaa", HELD_NET, "bridge");
	take(s, "bbbbbbbbbbbb", HELD_NET, "bridge");
	op_init(&op, 10000);
	assert_ok(held_release(&op, eng, s, "aaaaaaaaaaaa", &e), &e);
	op_done(&op);
	assert_table(state, "banger-names 1\nnet 172.16.0.1/24\n172.16.0.3 web2\n");
	assert_int_equal(asked, 0);
	store_close(s);
	free(eng);
}

static void no_server_is_no_failure(void **state)
{
	struct engine *eng = make_engine(state);
	struct store *s = storetest_open(state);

	put_vm(s, "aaaaaaaaaaaa", "web1", "172.16.0.2", false);
	take(s, "aaaaaaaaaaaa", HELD_NET, "bridge");
	none_to_be_had = true;
	refresh(eng, s);
	assert_int_equal(asked, 1);
	assert_false(vmnames_is_served(&eng->paths));
	/* Nor is a place where nothing can be written. */
	assert_int_equal(fs_remove_tree(tmpdir_path(state, "names"), NULL), 0);
	test_write(tmpdir_path(state, "names"), "in the way");
	refresh(eng, s);
	assert_int_equal(asked, 1);
	store_close(s);
	free(eng);
}

static void a_server_is_missed_where_a_bridged_machine_runs(void **state)
{
	struct engine *eng = make_engine(state);
	struct vm vms[2] = {storetest_vm("aaaaaaaaaaaa", "web1"), storetest_vm("bbbbbbbbbbbb", "web2")};
	struct err e = {0};
	char dir[PATHS_MAX];
	int first, second;

	vms[0].cfg.net = NET_PRIVATE;
	vms[1].cfg.net = NET_BRIDGE;
	assert_ok(fs_mkdir_p(vm_dir(eng, vms[0].id, dir), 0700, &e), &e);
	assert_ok(alive_take(dir, &first, &e), &e);
	/* Its row says that it runs, and nobody holds its lock. */
	assert_false(vmnames_is_missed(eng, vms, 2));
	assert_ok(fs_mkdir_p(vm_dir(eng, vms[1].id, dir), 0700, &e), &e);
	assert_ok(alive_take(dir, &second, &e), &e);
	assert_true(vmnames_is_missed(eng, vms, 2));
	assert_false(vmnames_is_missed(eng, vms, 1));
	assert_false(vmnames_is_missed(eng, NULL, 0));
	/* A server's lock. */
	assert_ok(fs_mkdir_p(tmpdir_path(state, "names"), 0700, &e), &e);
	auto_fd names = open(tmpdir_path(state, "names"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd lock = lockfile_take(names, NAMESRV_LOCK, &e);
	assert_true(lock >= 0);
	assert_false(vmnames_is_missed(eng, vms, 2));
	fd_close(&lock);
	assert_true(vmnames_is_missed(eng, vms, 2));
	fd_close(&first);
	fd_close(&second);
	assert_false(vmnames_is_missed(eng, vms, 2));
	free(eng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_in_the_network, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(who_leaves_starts_no_server, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(no_server_is_no_failure, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(a_server_is_missed_where_a_bridged_machine_runs, tmpdir_setup, tmpdir_teardown),
	};

	return cmocka_run_group_tests_name("vmnames", tests, NULL, NULL);
}
