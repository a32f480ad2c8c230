/* SPDX-License-Identifier: MIT */
/*
 * store/vms: rows come back as they went in; names and ports are unique; stop_epoch belongs to nobody's update.
 */
#include "tests/lib/storetest.h"

#include "core/store/db_priv.h"
#include "core/store/vms.h"

static void a_row_comes_back_whole(void **state)
{
	struct store *s = storetest_open(state);
	struct vm vm = storetest_vm("0123456789ab", "web1"), back;
	struct err e = {0};

	vm.ssh_port = 22001;
	vm.cfg.net = NET_BRIDGE;
	str_copy(vm.address, sizeof(vm.address), "172.16.0.2");
	assert_ok(egress_parse("allow=dns,192.0.2.7,10.0.0.0/8", &vm.cfg.egress, &e), &e);
	assert_ok(published_parse("8080:80,8443:443", &vm.cfg.publish, &e), &e);
	vm.cfg.disk_rate = (uint64_t)20 << 20;
	vm.cfg.net_rate = (uint64_t)5 << 20;
	vm.run_vcpus = 1;
	vm.run_mem_mib = 192;
	str_copy(vm.net_why, sizeof(vm.net_why), "no private network here: /dev/net/tun: Permission denied");
	assert_ok(vms_insert(s, &vm, &e), &e);
	assert_ok(vms_get(s, vm.id, &back, &e), &e);
	assert_memory_equal(&back, &vm, sizeof(vm));
	store_close(s);
}

static void update_writes_every_column(void **state)
{
	struct store *s = storetest_open(state);
	struct vm vm = storetest_vm("0123456789ab", "web1"), now = {0}, back;
	struct err e = {0};

	assert_ok(vms_insert(s, &vm, &e), &e);
	str_copy(now.id, sizeof(now.id), vm.id);
	str_copy(now.name, sizeof(now.name), "web2");
	now.state = VM_RUNNING;
	now.ssh_port = 22002;
	now.cfg.vcpus = 32;
	now.cfg.work_bytes = (uint64_t)128 << 30;
	assert_ok(vms_update(s, &now, &e), &e);
	assert_ok(vms_get(s, vm.id, &back, &e), &e);
	assert_memory_equal(&back, &now, sizeof(now));
	store_close(s);
}

static void a_taken_name_is_named(void **state)
{
	struct store *s = storetest_open(state);
	struct vm a = storetest_vm("aaaaaaaaaaaa", "web1"), b = storetest_vm("bbbbbbbbbbbb", "web1");
	struct vm *list = NULL;
	struct err e = {0};
	int n;

	assert_ok(vms_insert(s, &a, &e), &e);
	assert_int_equal(vms_insert(s, &b, &e), -1);
	assert_int_equal(e.code, ERR_EXISTS);
	assert_non_null(strstr(e.msg, "'web1'"));
	assert_true(e.hint[0]);
	err_clear(&e);
	assert_ok(vms_list(s, &list, &n, &e), &e);
	assert_int_equal(n, 1);
	free(list);
	store_close(s);
}

static void a_taken_port_is_named(void **state)
{
	struct store *s = storetest_open(state);
	struct vm a = storetest_vm("aaaaaaaaaaaa", "a"), b = storetest_vm("bbbbbbbbbbbb", "b");
	struct err e = {0};
	bool taken = false;

	a.ssh_port = b.ssh_port = 22005;
	assert_ok(vms_insert(s, &a, &e), &e);
	assert_int_equal(vms_insert(s, &b, &e), -1);
	assert_non_null(strstr(e.msg, "22005"));
	err_clear(&e);
	assert_ok(vms_port_taken(s, 22005, &taken, &e), &e);
	assert_true(taken);
	assert_ok(vms_port_taken(s, 22006, &taken, &e), &e);
	assert_false(taken);
	store_close(s);
}

static void a_taken_address_is_named(void **state)
{
	struct store *s = storetest_open(state);
	struct vm a = storetest_vm("aaaaaaaaaaaa", "a"), b = storetest_vm("bbbbbbbbbbbb", "b");
	struct err e = {0};

	str_copy(a.address, sizeof(a.address), "172.16.0.2");
	assert_ok(vms_insert(s, &a, &e), &e);
	assert_ok(vms_insert(s, &b, &e), &e); /* many have none */
	str_copy(b.address, sizeof(b.address), "172.16.0.2");
	assert_int_equal(vms_update(s, &b, &e), -1);
	assert_int_equal(e.code, ERR_EXISTS);
	assert_non_null(strstr(e.msg, "172.16.0.2"));
	store_close(s);
}

/* A row written before there were bridged networks. */
static void an_older_row_has_no_address(void **state)
{
	struct store *s = storetest_open(state);
	struct vm vm = storetest_vm("aaaaaaaaaaaa", "a"), back;
	struct err e = {0};

	assert_ok(vms_insert(s, &vm, &e), &e);
	assert_ok(db_exec(s, "DROP INDEX vms_address; ALTER TABLE vms DROP COLUMN address; ALTER TABLE vms DROP COLUMN nat;"
			     "ALTER TABLE vms DROP COLUMN egress; ALTER TABLE vms DROP COLUMN publish; ALTER TABLE vms DROP COLUMN net_why;"
			     "ALTER TABLE vms DROP COLUMN disk_rate; ALTER TABLE vms DROP COLUMN net_rate;"
			     "ALTER TABLE vms DROP COLUMN run_vcpus; ALTER TABLE vms DROP COLUMN run_mem_mib;"
			     "ALTER TABLE images DROP COLUMN reference; ALTER TABLE images DROP COLUMN digest; ALTER TABLE kernels DROP COLUMN source; ALTER TABLE kernels DROP COLUMN digest;"
			     "ALTER TABLE images DROP COLUMN path; ALTER TABLE images DROP COLUMN file_bytes;"
			     "ALTER TABLE images DROP COLUMN file_mtime_ns;"
			     "DELETE FROM schema_migrations WHERE id >= 3", &e), &e);
	store_close(s);
	s = storetest_open(state);
	assert_ok(vms_get(s, vm.id, &back, &e), &e);
	vm.cfg.nat = false;
	assert_memory_equal(&back, &vm, sizeof(vm));
	store_close(s);
}

static void port_zero_is_shared_by_all(void **state)
{
	struct store *s = storetest_open(state);
	struct vm a = storetest_vm("aaaaaaaaaaaa", "a"), b = storetest_vm("bbbbbbbbbbbb", "b");
	struct err e = {0};

	assert_ok(vms_insert(s, &a, &e), &e);
	assert_ok(vms_insert(s, &b, &e), &e);
	store_close(s);
}

static void a_rename_onto_another_is_refused(void **state)
{
	struct store *s = storetest_open(state);
	struct vm a = storetest_vm("aaaaaaaaaaaa", "a"), b = storetest_vm("bbbbbbbbbbbb", "b"), back;
	struct err e = {0};

	assert_ok(vms_insert(s, &a, &e), &e);
	assert_ok(vms_insert(s, &b, &e), &e);
	str_copy(b.name, sizeof(b.name), "a");
	assert_err(vms_update(s, &b, &e), &e, ERR_EXISTS);
	assert_ok(vms_get(s, b.id, &back, &e), &e);
	assert_string_equal(back.name, "b");
	store_close(s);
}

static void what_is_gone_is_not_found(void **state)
{
	struct store *s = storetest_open(state);
	struct vm vm = storetest_vm("0123456789ab", "web1"), back;
	struct err e = {0};

	assert_err(vms_get(s, vm.id, &back, &e), &e, ERR_NOT_FOUND);
	assert_err(vms_update(s, &vm, &e), &e, ERR_NOT_FOUND);
	assert_ok(vms_delete(s, vm.id, &e), &e);
	assert_ok(vms_insert(s, &vm, &e), &e);
	assert_ok(vms_delete(s, vm.id, &e), &e);
	assert_err(vms_get(s, vm.id, &back, &e), &e, ERR_NOT_FOUND);
	store_close(s);
}

static void the_list_is_sorted_by_name(void **state)
{
	static const char *const names[] = {"mm", "aa", "zz", "bb"}, *const sorted[] = {"aa", "bb", "mm", "zz"};
	struct store *s = storetest_open(state);
	struct vm *list = NULL;
	struct err e = {0};
	char id[ID_SIZE];
	int n = -1;

	assert_ok(vms_list(s, &list, &n, &e), &e);
	assert_int_equal(n, 0);
	free(list);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct vm vm;

		id_new(id);
		vm = storetest_vm(id, names[i]);
		assert_ok(vms_insert(s, &vm, &e), &e);
	}
	assert_ok(vms_list(s, &list, &n, &e), &e);
	assert_int_equal(n, 4);
	for (int i = 0; i < n; i++)
		assert_string_equal(list[i].name, sorted[i]);
	free(list);
	store_close(s);
}

static void many_rows_are_listed(void **state)
{
	struct store *s = storetest_open(state);
	struct vm *list = NULL;
	struct err e = {0};
	int n;

	assert_ok(store_begin(s, &e), &e);
	for (int i = 0; i < 300; i++) {
		char id[ID_SIZE], name[VM_NAME_SIZE];
		struct vm vm;

		snprintf(id, sizeof(id), "%012x", (unsigned)i);
		snprintf(name, sizeof(name), "vm%d", i);
		vm = storetest_vm(id, name);
		assert_ok(vms_insert(s, &vm, &e), &e);
	}
	assert_ok(store_commit(s, &e), &e);
	assert_ok(vms_list(s, &list, &n, &e), &e);
	assert_int_equal(n, 300);
	free(list);
	store_close(s);
}

/* A kill of another process must not be lost to an update by whoever read the row before it. */
static void an_update_never_lowers_the_stop_epoch(void **state)
{
	struct store *s = storetest_open(state);
	struct vm vm = storetest_vm("0123456789ab", "web1"), back;
	struct err e = {0};

	assert_ok(vms_insert(s, &vm, &e), &e);
	assert_ok(vms_raise_stop_epoch(s, vm.id, &e), &e);
	assert_ok(vms_get(s, vm.id, &back, &e), &e);
	assert_string_equal(back.reason, vm.reason); /* it does not run */
	assert_ok(vms_raise_stop_epoch(s, vm.id, &e), &e);
	assert_ok(vms_update(s, &vm, &e), &e);
	assert_ok(vms_get(s, vm.id, &back, &e), &e);
	assert_int_equal(back.stop_epoch, 2);
	assert_ok(vms_raise_stop_epoch(s, "ffffffffffff", &e), &e);
	store_close(s);
}

static void a_kill_tells_who_records_the_end(void **state)
{
	struct store *s = storetest_open(state);
	struct vm vm = storetest_vm("0123456789ab", "web1"), back;
	struct err e = {0};

	vm.state = VM_RUNNING;
	assert_ok(vms_insert(s, &vm, &e), &e);
	assert_ok(vms_raise_stop_epoch(s, vm.id, &e), &e);
	assert_ok(vms_get(s, vm.id, &back, &e), &e);
	assert_string_equal(back.reason, VM_REASON_KILLED);
	store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		T(a_row_comes_back_whole),     T(update_writes_every_column),
		T(a_taken_name_is_named),      T(a_taken_port_is_named),
		T(a_taken_name_is_named),      T(a_taken_address_is_named),
		T(a_taken_name_is_named),      T(an_older_row_has_no_address),
		T(port_zero_is_shared_by_all), T(a_rename_onto_another_is_refused),
		T(what_is_gone_is_not_found),  T(the_list_is_sorted_by_name),
		T(many_rows_are_listed),       T(an_update_never_lowers_the_stop_epoch),
		T(a_kill_tells_who_records_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
