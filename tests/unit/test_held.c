/* SPDX-License-Identifier: MIT */
/*
 * engine/held: what takes rights stands in the ledger from the moment it may have been taken, and not before: a machine whose helper
 * could never be had holds nothing, and is nobody's to free. The helper is a stand-in (through the linker).
 */
#include "tests/lib/storetest.h"

#include "core/engine/held.h"
#include "core/engine/helper.h"
#include "core/engine/netmode.h"
#include "core/engine/snapdisk.h"
#include "core/store/vms.h"

#define ID "aaaaaaaaaaaa"

static bool to_be_had;
static bool obeys;

int __wrap_priv_start(struct op *op, const struct priv_start_args *a, struct priv **ret, struct err *e);
int __wrap_priv_start(struct op *op UNUSED, const struct priv_start_args *a UNUSED, struct priv **ret, struct err *e)
{
	static int one;

	if (!to_be_had)
		return err_set(e, ERR_PERM, "a password is required");
	*ret = (struct priv *)&one;
	return 0;
}

void __wrap_priv_stop(struct priv *p);
void __wrap_priv_stop(struct priv *p UNUSED) {}

int __wrap_priv_call(struct op *op, struct priv *p, const struct priv_request *r, struct priv_reply *ret, struct err *e);
int __wrap_priv_call(struct op *op UNUSED, struct priv *p UNUSED, const struct priv_request *r, struct priv_reply *ret, struct err *e)
{
	bool gives_back = r->op == PRIV_NET_DOWN || r->op == PRIV_GUEST_DOWN || r->op == PRIV_SNAP_DOWN;

	*ret = (struct priv_reply){0};
	return obeys && gives_back ? 0 : err_set(e, ERR_SYS, "it failed");
}

static struct engine eng;
static struct vmjob job;
static struct op op;

static int setup(void **state)
{
	struct err e = {0};

	if (tmpdir_setup(state) < 0)
		return -1;
	op_init(&op, 20000);
	eng = (struct engine){0};
	str_copy(eng.paths.state, sizeof(eng.paths.state), *state);
	eng.helper = helper_new(&eng.paths);
	job = (struct vmjob){.eng = &eng, .store = storetest_open(state), .vm = storetest_vm(ID, "web1"), .lock_fd = -1, .port_fd = -1};
	job.vm.cfg.net = NET_BRIDGE;
	job.vm.cfg.disk = DISK_DM_SNAPSHOT;
	str_copy(job.dir, sizeof(job.dir), *state);
	to_be_had = obeys = false;
	return subnet_parse("172.16.0.1/24", &eng.settings.subnet, &e) < 0 ? -1 : vms_insert(job.store, &job.vm, &e);
}

static int teardown(void **state)
{
	helper_free(eng.helper);
	store_close(job.store);
	op_done(&op);
	return tmpdir_teardown(state);
}

static int bridge_up(struct err *e)
{
	return net_bridge.up(&op, &job, e);
}

static int disk_up(struct err *e)
{
	return snapdisk_attach(&op, &job, e);
}

static int (*const ups[])(struct err *e) = {bridge_up, disk_up};

static int rows(void)
{
	auto_free struct resource *r = NULL;
	struct err e = {0};
	int n = 0;

	assert_ok(resources_list(job.store, ID, &r, &n, &e), &e);
	return n;
}

static void without_a_helper_nothing_is_held(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(ups); i++) {
		struct err e = {0};
		assert_int_equal(ups[i](&e), -1);
		assert_int_equal(e.code, ERR_PERM);
		assert_non_null(strstr(e.msg, "a password is required"));
		assert_int_equal(rows(), 0);
		/* What the undo of a start does. */
		err_clear(&e);
		assert_ok(held_release(&op, &eng, job.store, ID, &e), &e);
		assert_ok(held_check_none(job.store, ID, &e), &e);
	}
}

/* It may have done half of it. */
static void what_was_asked_for_is_held_until_it_is_given_back(void **state UNUSED)
{
	to_be_had = true;
	for (size_t i = 0; i < ARRAY_LEN(ups); i++) {
		struct err e = {0};
		obeys = false;
		assert_int_equal(ups[i](&e), -1);
		assert_int_equal(rows(), 1);
		err_clear(&e);
		assert_int_equal(held_release(&op, &eng, job.store, ID, &e), -1);
		err_clear(&e);
		assert_err(held_check_none(job.store, ID, &e), &e, ERR_STATE);
		obeys = true;
		assert_ok(held_release(&op, &eng, job.store, ID, &e), &e);
		assert_int_equal(rows(), 0);
	}
}

/* What an earlier start took is another matter. */
static void what_was_held_before_stays_held(void **state UNUSED)
{
	struct err e = {0};

	assert_ok(resources_add(job.store, ID, HELD_NET, "bridge", "172.16.0.2", &e), &e);
	assert_int_equal(bridge_up(&e), -1);
	assert_int_equal(rows(), 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(without_a_helper_nothing_is_held),
		T(what_was_asked_for_is_held_until_it_is_given_back),
		T(what_was_held_before_stays_held),
	};

	return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
