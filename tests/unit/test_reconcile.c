/* SPDX-License-Identifier: MIT */
/*
 * engine/reconcile: rows, ledger and directories that do not fit together are brought in order at the next opening, and
 * what another process works on is not touched.
 */
#include "tests/lib/rig.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "core/engine/engine_priv.h"
#include "core/engine/keylocks.h"
#include "core/image/scratch.h"
#include "core/store/jobs.h"
#include "core/store/resources.h"
#include "core/store/vms.h"
#include "core/vmm/alive.h"

#define LOST "0a0a0a0a0a0a"

static struct store *open_store(struct rig *r)
{
	struct store *s = NULL;
	struct err e = {0};
	char path[PATHS_MAX];

	assert_ok(store_open(path_join(path, sizeof(path), r->paths.state, "state.db"), STORE_RW, 5000, &s, &e), &e);
	return s;
}

static void make_dir(struct rig *r, const char *sub)
{
	struct err e = {0};
	char path[PATHS_MAX];

	assert_ok(fs_mkdir_p(path_join(path, sizeof(path), r->paths.state, "%s", sub), 0700, &e), &e);
}

static bool has_dir(struct rig *r, const char *sub)
{
	char path[PATHS_MAX];

	return fs_exists(path_join(path, sizeof(path), r->paths.state, "%s", sub));
}

static struct vm put_vm(struct rig *r, const char *id, const char *name, enum vm_state state)
{
	struct vm vm = storetest_vm(id, name);
	struct store *s = open_store(r);
	struct err e = {0};
	char sub[64];

	vm.state = state;
	assert_ok(vms_insert(s, &vm, &e), &e);
	store_close(s);
	snprintf(sub, sizeof(sub), "vms/%s", id);
	make_dir(r, sub);
	return vm;
}

static struct vm get_vm(struct rig *r, const char *id)
{
	struct store *s = open_store(r);
	struct err e = {0};
	struct vm vm;

	assert_ok(vms_get(s, id, &vm, &e), &e);
	store_close(s);
	return vm;
}

static void note(struct rig *r, const char *owner, const char *kind, const char *name, const char *detail)
{
	struct store *s = open_store(r);
	struct err e = {0};

	assert_ok(resources_add(s, owner, kind, name, detail, &e), &e);
	store_close(s);
}

static void open_and_close(struct rig *r)
{
	assert_int_equal(rig_open(r), 0);
	rig_close(r);
}

/* After a host reboot nobody holds the lock. */
static void a_running_row_without_its_lock_is_stopped_with_a_reason(void **state)
{
	struct rig r;
	struct vm vm;

	rig_make(&r, state);
	put_vm(&r, LOST, "web1", VM_RUNNING);
	note(&r, LOST, "run", "b00700000001", NULL);
	open_and_close(&r);
	vm = get_vm(&r, LOST);
	assert_int_equal(vm.state, VM_STOPPED);
	assert_true(vm.reason[0]);
	assert_true(vm.stopped_ms > 3000);
	assert_int_equal(rig_look(&r).resources, 0);
	assert_int_equal(rig_look(&r).vm_dirs, 1);
}

static void the_keepers_last_word_is_the_reason(void **state)
{
	struct vm_exit last = {
		.boot_id = "b00700000001", .end = VM_END_FAILED, .sentence = "the VMM gave up", .code = 1};
	struct rig r;
	struct err e = {0};
	struct vm vm;
	char dir[PATHS_MAX];

	rig_make(&r, state);
	put_vm(&r, LOST, "web1", VM_RUNNING);
	assert_ok(exit_save(path_join(dir, sizeof(dir), r.paths.state, "vms/" LOST), &last, &e), &e);
	open_and_close(&r);
	vm = get_vm(&r, LOST);
	assert_int_equal(vm.state, VM_ERROR);
	assert_string_equal(vm.reason, "the VMM gave up");
}

static void a_held_lock_means_it_runs(void **state)
{
	struct rig r;
	struct err e = {0};
	char dir[PATHS_MAX];
	int lock = -1;

	rig_make(&r, state);
	put_vm(&r, LOST, "web1", VM_RUNNING);
	assert_ok(alive_take(path_join(dir, sizeof(dir), r.paths.state, "vms/" LOST), &lock, &e), &e);
	open_and_close(&r);
	assert_int_equal(get_vm(&r, LOST).state, VM_RUNNING);
	fd_close(&lock);
}

static void half_made_and_half_deleted_machines_go(void **state)
{
	struct rig r;

	rig_make(&r, state);
	put_vm(&r, LOST, "web1", VM_CREATED);
	note(&r, LOST, "create", "web1", NULL);
	put_vm(&r, "0b0b0b0b0b0b", "web2", VM_STOPPED);
	note(&r, "0b0b0b0b0b0b", "delete", "web2", NULL);
	open_and_close(&r);
	rig_assert_untouched(&r);
}

static void a_directory_nobody_speaks_of_goes(void **state)
{
	struct rig r;
	char lock[PATHS_MAX];

	rig_make(&r, state);
	make_dir(&r, "vms/" LOST);
	make_dir(&r, "vms/not-an-id");
	make_dir(&r, "images/.staging-0c0c0c0c0c0c");
	make_dir(&r, "locks");
	test_write(path_join(lock, sizeof(lock), r.paths.state, "locks/vm:" LOST), "");
	open_and_close(&r);
	assert_false(has_dir(&r, "vms/" LOST));
	assert_false(fs_exists(lock));
	assert_true(has_dir(&r, "vms/not-an-id")); /* not ours to judge */
	assert_int_equal(rig_look(&r).image_dirs, 1);
}

static void what_another_process_works_on_is_left(void **state)
{
	const char *vm_key[] = {"vm:" LOST}, *image_key[] = {"image:tiny"};
	struct rig r;
	struct err e = {0};
	int vm_fd, image_fd;

	rig_make(&r, state);
	make_dir(&r, "vms/" LOST);
	make_dir(&r, "images/0d0d0d0d0d0d");
	note(&r, "0d0d0d0d0d0d", "published", "images/0d0d0d0d0d0d", "image:tiny");
	assert_ok(keylocks_take(&r.paths, vm_key, 1, &vm_fd, &e), &e);
	assert_ok(keylocks_take(&r.paths, image_key, 1, &image_fd, &e), &e);
	open_and_close(&r);
	assert_true(has_dir(&r, "vms/" LOST));
	assert_true(has_dir(&r, "images/0d0d0d0d0d0d"));
	fd_close(&vm_fd);
	fd_close(&image_fd);
	open_and_close(&r);
	rig_assert_untouched(&r);
}

static void a_published_directory_with_its_row_stays(void **state)
{
	struct rig r;

	rig_make(&r, state);
	note(&r, "1111aaaa2222", "published", "images/1111aaaa2222", "image:base");
	note(&r, "0e0e0e0e0e0e", "published", "kernels/k1", "kernel:k1");
	open_and_close(&r);
	rig_assert_untouched(&r);
	assert_true(has_dir(&r, "images/1111aaaa2222/rootfs.ext4"));
	assert_true(has_dir(&r, "kernels/k1/vmlinuz"));
}

/* An engine whose picture is `s` as it is now, without its threads; what it queues is counted. */
static void bare_engine(struct engine *eng, struct rig *r, struct store *s, const struct sched_hooks *hooks)
{
	static const struct catalog none;
	struct err e = {0};

	eng->paths = r->paths;
	eng->events = mailbox_new(sizeof(struct event));
	eng->reg = registry_new(eng->events, &none);
	eng->sched = sched_new(hooks);
	assert_ok(registry_sync(eng->reg, s, &e), &e);
}

static void bare_engine_done(struct engine *eng)
{
	sched_free(eng->sched);
	registry_free(eng->reg);
	mailbox_free(eng->events);
}

/* The store was lost or put back from an older copy: the disks may be all there is of the machine. */
static void disks_nobody_speaks_of_stay(void **state)
{
	struct engine eng = {0};
	struct sched_hooks hooks = {0};
	struct store *s;
	struct rig r;
	struct err e = {0};
	char disk[PATHS_MAX];

	rig_make(&r, state);
	make_dir(&r, "vms/" LOST);
	make_dir(&r, "vms/0f0f0f0f0f0f");
	make_dir(&r, "locks");
	test_write(path_join(disk, sizeof(disk), r.paths.state, "vms/" LOST "/work.ext4"), "data");
	test_write(path_join(disk, sizeof(disk), r.paths.state, "locks/vm:" LOST), "");
	s = open_store(&r);
	bare_engine(&eng, &r, s, &hooks);
	assert_ok(reconcile_all(&eng, s, &e), &e);
	assert_int_equal(atomic_load(&eng.lost), 1);
	bare_engine_done(&eng);
	store_close(s);
	assert_true(fs_exists(path_join(disk, sizeof(disk), r.paths.state, "vms/" LOST "/work.ext4")));
	assert_false(has_dir(&r, "vms/0f0f0f0f0f0f"));
}

/* Another process made the VM between our first picture and our look at the directories. */
static void a_machine_made_meanwhile_keeps_its_directory(void **state)
{
	struct engine eng = {0};
	struct sched_hooks hooks = {0};
	struct store *s;
	struct rig r;
	struct err e = {0};

	rig_make(&r, state);
	s = open_store(&r);
	bare_engine(&eng, &r, s, &hooks);
	put_vm(&r, LOST, "web1", VM_CREATED);
	assert_ok(reconcile_all(&eng, s, &e), &e);
	assert_true(has_dir(&r, "vms/" LOST));
	bare_engine_done(&eng);
	store_close(s);
}

static void count_recoveries(void *ctx, const struct job *j)
{
	*(int *)ctx += j->kind == REQ_VM_REAP && j->state == JOB_QUEUED;
}

static int recoveries(struct rig *r)
{
	struct engine eng = {0};
	int n = 0;
	struct sched_hooks hooks = {.ctx = &n, .on_job = count_recoveries};
	struct store *s = open_store(r);
	struct err e = {0};

	bare_engine(&eng, r, s, &hooks);
	assert_ok(reconcile_all(&eng, s, &e), &e);
	bare_engine_done(&eng);
	store_close(s);
	return n;
}

/* What a killed pull left outside of the state directory becomes a job. */
static void a_scratch_directory_of_the_dead_goes(void **state)
{
	auto_free char *dir = NULL;
	struct engine eng = {0};
	struct sched_hooks hooks = {0};
	char id[ID_SIZE];
	struct store *s;
	struct rig r;
	struct err e = {0};

	rig_make(&r, state);
	s = open_store(&r);
	bare_engine(&eng, &r, s, &hooks);
	id_new(id);
	dir = xasprintf(SCRATCH_ROOT "/banger-%s", id);
	assert_ok(fs_mkdir_p(dir, 0700, &e), &e);
	assert_ok(reconcile_all(&eng, s, &e), &e);
	assert_true(sched_wait_idle(eng.sched, 30000));
	assert_false(fs_exists(dir));
	bare_engine_done(&eng);
	store_close(s);
}

/* The crash came after the order was written and before the kill. */
static void an_ordered_delete_is_finished_even_if_the_machine_runs(void **state)
{
	struct rig r;
	struct err e = {0};
	char dir[PATHS_MAX];
	int lock = -1;

	rig_make(&r, state);
	put_vm(&r, LOST, "web1", VM_RUNNING);
	assert_ok(alive_take(path_join(dir, sizeof(dir), r.paths.state, "vms/" LOST), &lock, &e), &e);
	assert_int_equal(recoveries(&r), 0);
	note(&r, LOST, "delete", "web1", NULL);
	assert_int_equal(recoveries(&r), 1);
	fd_close(&lock);
}

/* A start of another process: it holds the key, the VM its lock, and the row says nothing yet. */
static void what_is_in_the_making_elsewhere_is_no_work(void **state)
{
	const char *key[] = {"vm:" LOST};
	struct rig r;
	struct err e = {0};
	char dir[PATHS_MAX];
	int lock = -1, key_fd = -1;

	rig_make(&r, state);
	put_vm(&r, LOST, "web1", VM_STOPPED);
	assert_ok(alive_take(path_join(dir, sizeof(dir), r.paths.state, "vms/" LOST), &lock, &e), &e);
	assert_ok(keylocks_take(&r.paths, key, 1, &key_fd, &e), &e);
	assert_int_equal(recoveries(&r), 0);
	fd_close(&key_fd);
	assert_int_equal(recoveries(&r), 1);
	fd_close(&lock);
}

/* A VMM and its lock, started by a process that died before it could write so. */
static struct proc orphan(struct rig *r, bool reporting)
{
	const char *const argv[] = {"sleep", "1000", NULL};
	struct vm_identity who = {.id = LOST, .boot_id = "b00700000002", .vmm = VMM_QEMU, .accel = "tcg", .reporting = reporting};
	struct err e = {0};
	struct proc p;
	char dir[PATHS_MAX];
	int lock = -1;

	put_vm(r, LOST, "web1", VM_STOPPED);
	assert_ok(alive_take(path_join(dir, sizeof(dir), r->paths.state, "vms/" LOST), &lock, &e), &e);
	const struct spawn_pass pass = {.fd = lock, .child = 3};
	struct spawn_args a = {.argv = argv, .pass = &pass, .n_pass = 1, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
	assert_ok(spawn_start(&a, &p, &e), &e);
	fd_close(&lock);
	who.vmm_pid = p.pid;
	who.vmm_start = p.start_time;
	assert_ok(identity_save(dir, &who, &e), &e);
	return p;
}

static void a_machine_nobody_recorded_is_adopted(void **state)
{
	struct rig r;
	struct proc p;
	struct vm vm;

	rig_make(&r, state);
	p = orphan(&r, false);
	open_and_close(&r);
	vm = get_vm(&r, LOST);
	assert_int_equal(vm.state, VM_RUNNING);
	assert_string_equal(vm.boot_id, "b00700000002");
	proc_kill(NULL, &p);
	proc_done(&p);
}

/* Its keeper would have taken it down, had it not died as well. */
static void a_machine_nobody_was_told_of_is_not_adopted(void **state)
{
	struct rig r;
	struct proc p;

	rig_make(&r, state);
	p = orphan(&r, true);
	open_and_close(&r);
	assert_int_equal(get_vm(&r, LOST).state, VM_STOPPED);
	assert_false(proc_is_alive(p.pid, p.start_time));
	proc_kill(NULL, &p);
	proc_done(&p);
}

static struct vm put_bridged(struct rig *r, const char *id, const char *name, int *ret_lock)
{
	struct vm vm = put_vm(r, id, name, VM_RUNNING);
	struct store *s = open_store(r);
	struct err e = {0};
	char dir[PATHS_MAX];

	vm.cfg.net = NET_BRIDGE;
	assert_ok(vms_update(s, &vm, &e), &e);
	store_close(s);
	assert_ok(alive_take(path_join(dir, sizeof(dir), r->paths.state, "vms/%s", id), ret_lock, &e), &e);
	return vm;
}

static bool is_for_names(const struct job *j)
{
	return j->kind == REQ_HOST_SWEEP && strcmp(j->target, SWEEP_NAMES) == 0;
}

static void count_names(void *ctx, const struct job *j)
{
	*(int *)ctx += is_for_names(j) && j->state == JOB_QUEUED;
}

/* A short verb sees to it, as the job is there before the verb is. */
static void a_name_server_that_was_killed_is_missed(void **state)
{
	struct engine eng = {0};
	int n = 0, lock;
	struct sched_hooks hooks = {.ctx = &n, .on_job = count_names};
	struct store *s;
	struct rig r;
	struct err e = {0};

	rig_make(&r, state);
	put_bridged(&r, LOST, "web1", &lock);
	s = open_store(&r);
	bare_engine(&eng, &r, s, &hooks);
	assert_ok(reconcile_all(&eng, s, &e), &e);
	assert_int_equal(n, 1);
	fd_close(&lock);
	assert_ok(reconcile_all(&eng, s, &e), &e);
	assert_int_equal(n, 1);
	bare_engine_done(&eng);
	store_close(s);
}

/* ... and so does whoever has been there all the time. */
static void one_that_is_killed_beside_us_is_missed(void **state)
{
	struct event ev = {.kind = EV_NONE};
	struct err e = {0};
	struct rig r;
	int lock;

	rig_make(&r, state);
	assert_int_equal(rig_open(&r), 0);
	put_bridged(&r, LOST, "web1", &lock);
	while (ev.kind != EV_JOB || !is_for_names(&ev.job))
		assert_ok(engine_wait_event(&r.op, &r.port, &ev, &e), &e);
	rig_close(&r);
	fd_close(&lock);
}

/* A neighbour dies in the middle of a create: nobody needs to start anew for it to be cleared up. */
static void work_of_a_process_that_died_beside_us_is_seen_to(void **state)
{
	struct job_row job = {.op_id = "0f0f0f0f0f0f", .pid = getpid(), .start_time = 1, .kind = "create", .vm_id = LOST};
	struct event ev = {.kind = EV_NONE};
	struct err e = {0};
	struct store *s;
	struct rig r;

	rig_make(&r, state);
	assert_int_equal(rig_open(&r), 0);
	put_vm(&r, LOST, "web1", VM_CREATED);
	note(&r, LOST, "create", "web1", NULL);
	s = open_store(&r);
	assert_ok(jobs_put(s, &job, &e), &e);
	store_close(s);
	while (ev.kind != EV_VM_GONE)
		assert_ok(engine_wait_event(&r.op, &r.port, &ev, &e), &e);
	rig_close(&r);
	rig_assert_untouched(&r);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		T(a_running_row_without_its_lock_is_stopped_with_a_reason),
		T(the_keepers_last_word_is_the_reason),
		T(a_held_lock_means_it_runs),
		T(half_made_and_half_deleted_machines_go),
		T(a_directory_nobody_speaks_of_goes),
		T(disks_nobody_speaks_of_stay),
		T(what_another_process_works_on_is_left),
		T(a_published_directory_with_its_row_stays),
		T(a_machine_made_meanwhile_keeps_its_directory),
		T(a_scratch_directory_of_the_dead_goes),
		T(an_ordered_delete_is_finished_even_if_the_machine_runs),
		T(what_is_in_the_making_elsewhere_is_no_work),
		T(a_machine_nobody_recorded_is_adopted),
		T(a_machine_nobody_was_told_of_is_not_adopted),
		T(a_name_server_that_was_killed_is_missed),
		T(one_that_is_killed_beside_us_is_missed),
		T(work_of_a_process_that_died_beside_us_is_seen_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
