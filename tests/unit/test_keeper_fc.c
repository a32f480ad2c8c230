/* SPDX-License-Identifier: MIT */
/*
 * The real keeper and the real Firecracker backend with tests/lib/fake_firecracker: starts, every call failing in turn,
 * control, counters, ends. The keeper is this program itself, run again with the hidden verb.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "core/vmm/firecracker.h"
#include "keeper/keeper.h"

#include <dirent.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BOUND_MS 30000
#define GREETING "hello from the guest"

struct vm_test {
	char *dir;
	struct vm_launch launch;
	struct vm_identity id;
	struct op op;
};

static const char *in_dir(const struct vm_test *t, const char *name)
{
	static char paths[4][PATHS_MAX];
	static unsigned turn;

	return path_join(paths[turn++ % 4], PATHS_MAX, t->dir, "%s", name);
}

static int setup(void **state)
{
	struct vm_test *t = xcalloc(1, sizeof(*t));

	umask(077);
	if (tmpdir_setup((void **)&t->dir) < 0)
		return -1;
	op_init(&t->op, BOUND_MS);
	t->launch = (struct vm_launch){
		.id = "0123456789ab",
		.name = "test",
		.boot_id = "ba9876543210",
		.vmm = VMM_FIRECRACKER,
		.vmm_path = FAKE_FC,
		.accel = VM_ACCEL_KVM,
		.vcpus = 2,
		.mem_mib = 256,
		.cmdline = "console=ttyS0 reboot=k",
		.drives = {{.name = "rootfs", .readonly = true, .shared = true}, {.name = "work-1"}, {.name = "tmp", .ephemeral = true}},
		.n_drives = 3,
		.net = {.mode = NET_SLIRP, .mac = "02:00:00:00:00:01", .tap = "bgr012345"},
		.min_free_mib = 1,
	};
	str_copy(t->launch.vm_dir, PATHS_MAX, t->dir);
	path_join(t->launch.runtime_dir, PATHS_MAX, t->dir, "run");
	path_join(t->launch.kernel, PATHS_MAX, t->dir, "vmlinux");
	test_write(t->launch.kernel, "\177ELF");
	for (int i = 0; i < t->launch.n_drives; i++) {
		path_join(t->launch.drives[i].path, PATHS_MAX, t->dir, "disk%d", i);
		test_write(t->launch.drives[i].path, "");
	}
	unsetenv("FAKE_FC");
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};
	struct op op;

	op_init(&op, BOUND_MS);
	int rc = alive_kill(&op, t->dir, &e);
	op_done(&op);
	if (rc < 0)
		print_error("%s\n", e.msg);
	op_done(&t->op);
	rc |= tmpdir_teardown((void **)&t->dir);
	free(t);
	return rc;
}

/* `how`: see fake_firecracker.c. Calls are written down in `calls`. */
static int launch(struct vm_test *t, const char *how, struct err *e)
{
	auto_free char *words = xasprintf("log=%s,%s", in_dir(t, "calls"), how);
	int lock;

	setenv("FAKE_FC", words, 1);
	if (alive_take(t->dir, &lock, e) < 0)
		return -1;
	int rc = keeper_launch(&t->op, &(struct keeper_launch_args){.exe = "/proc/self/exe", .launch = &t->launch, .lock_fd = lock}, &t->id, e);
	fd_close(&lock);
	return rc;
}

static bool is_alive(const struct vm_test *t)
{
	struct err e = {0};
	bool alive;

	assert_ok(alive_check(t->dir, &alive, &e), &e);
	return alive;
}

/* A killed process lets go of the lock a moment after it can no longer be found. */
static void assert_gone(struct vm_test *t)
{
	struct err e = {0};
	int64_t old = op_limit(&t->op, 3000);

	assert_ok(alive_wait_gone(&t->op, t->dir, &e), &e);
	op_restore(&t->op, old);
}

static void await_in_file(struct vm_test *t, const char *name, const char *want)
{
	struct err e = {0};

	for (;;) {
		auto_buf text = {0};
		if (fs_read_file(in_dir(t, name), 32 * 1024 * 1024, &text, NULL) == 0 && strstr(buf_cstr(&text), want))
			return;
		assert_ok(op_sleep(&t->op, 5, &e), &e);
	}
}

static int connect_serial(const struct vm_test *t)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	str_copy(sa.sun_path, sizeof(sa.sun_path), t->id.serial);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* After the greeting: a client that left before it got that is one that has gone. */
static void send_keys(struct vm_test *t, const char *keys)
{
	auto_fd fd = connect_serial(t);
	auto_buf got = {0};
	struct err e = {0};
	char chunk[256];

	while (!strstr(buf_cstr(&got), GREETING)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		assert_ok(op_poll(&t->op, &p, 1, -1, &e), &e);
		ssize_t n = read(fd, chunk, sizeof(chunk));
		assert_true(n > 0);
		buf_add(&got, chunk, (size_t)n);
	}
	assert_int_equal(write(fd, keys, strlen(keys)), strlen(keys));
}

static struct vm_exit await_exit(struct vm_test *t)
{
	struct err e = {0};
	struct vm_exit x;

	assert_ok(alive_wait_gone(&t->op, t->dir, &e), &e);
	assert_ok(exit_load(t->dir, &x, &e), &e);
	return x;
}

static void assert_no_traces(const struct vm_test *t)
{
	DIR *d = opendir(t->launch.runtime_dir);

	assert_false(fs_exists(in_dir(t, ALIVE_IDENTITY_FILE)));
	for (struct dirent *de; d && (de = readdir(d));)
		if (de->d_name[0] != '.')
			fail_msg("'%s' was left behind", de->d_name);
	if (d)
		closedir(d);
}

static enum vmm_status status(struct vm_test *t)
{
	struct err e = {0};
	enum vmm_status st;

	assert_ok(firecracker_backend.status(&t->op, &t->id, &st, &e), &e);
	return st;
}

static void launches_with_everything(void **state)
{
	struct vm_test *t = *state;
	struct vm_identity read;
	struct err e = {0};
	struct stat st;

	assert_ok(launch(t, "", &e), &e);
	assert_true(is_alive(t));
	assert_ok(identity_load(t->dir, &read, &e), &e);
	assert_int_equal(read.vmm, VMM_FIRECRACKER);
	assert_string_equal(read.accel, "kvm");
	assert_int_equal(status(t), VMM_RUNNING);
	auto_free char *calls = test_read(in_dir(t, "calls"));
	/* The status above is the last. */
	assert_string_equal(calls, "GET /version\nPUT /logger\nPUT /metrics\nPUT /machine-config\nPUT /boot-source\n"
				 "PUT /drives/rootfs\nPUT /drives/work_1\nPUT /drives/tmp\nPUT /network-interfaces/eth0\n"
				 "PUT /entropy\nPUT /balloon\nPUT /actions\nGET /\n");
	/* Nobody else may speak to it: neither through the socket nor through the directory it is in. */
	assert_int_equal(stat(read.control, &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
	assert_int_equal(stat(t->launch.runtime_dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	await_in_file(t, KEEPER_SERIAL_LOG, GREETING);
	/* What it logs comes through the keeper. */
	await_in_file(t, KEEPER_VMM_LOG, "PUT /machine-config");
	assert_err(launch(t, "", &e), &e, ERR_BUSY);
}

static int count_calls(struct vm_test *t)
{
	auto_free char *calls = test_read(in_dir(t, "calls"));
	int n = 0;

	for (const char *p = calls; (p = strchr(p, '\n')); p++)
		n++;
	return n;
}

static int calls_of_a_start(struct vm_test *t)
{
	struct err e = {0};

	assert_ok(launch(t, "", &e), &e);
	int n = count_calls(t);
	assert_ok(alive_kill(&t->op, t->dir, &e), &e);
	assert_no_traces(t);
	return n;
}

static void fails_in_call(struct vm_test *t, const char *how, int n, int code)
{
	auto_free char *words = xasprintf("%s=%d,code=%d", how, n, code);
	struct err e = {0};

	assert_int_equal(launch(t, words, &e), -1);
	assert_true(e.msg[0]);
	assert_gone(t);
	assert_no_traces(t);
	if (strcmp(how, "refuse") == 0 && !strstr(e.msg, "told to refuse"))
		fail_msg("%s: %s", words, e.msg);
	if (strcmp(how, "die") == 0 && !strstr(e.msg, "(SIGBUS)"))
		fail_msg("%s: %s", words, e.msg);
}

static void leaves_nothing_when_a_call_is_refused(void **state)
{
	struct vm_test *t = *state;
	int calls = calls_of_a_start(t);

	assert_int_equal(calls, 12);
	for (int n = 1; n <= calls; n++)
		fails_in_call(t, "refuse", n, 1);
}

static void leaves_nothing_when_it_dies_in_a_call(void **state)
{
	struct vm_test *t = *state;

	for (int n = 1; n <= 12; n++)
		fails_in_call(t, "die", n, 149);
}

static void leaves_nothing_when_it_hangs_up_in_a_call(void **state)
{
	struct vm_test *t = *state;

	fails_in_call(t, "half", 5, 1);
	fails_in_call(t, "half", 12, 1);
}

static void leaves_nothing_of_one_that_hangs(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	assert_err(launch(t, "hang=6", &e), &e, ERR_TIMEOUT);
	assert_gone(t);
	assert_no_traces(t);
}

static void leaves_nothing_of_one_without_a_socket(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	assert_int_equal(launch(t, "mute", &e), -1);
	assert_int_equal(e.code, ERR_TIMEOUT);
	assert_non_null(strstr(e.msg, "API socket"));
	assert_gone(t);
	assert_no_traces(t);
}

static void reports_a_missing_one(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	str_copy(t->launch.vmm_path, PATHS_MAX, "/nonexistent/firecracker");
	assert_err(launch(t, "", &e), &e, ERR_MISSING);
	assert_gone(t);
	assert_no_traces(t);
}

static void says_what_was_refused(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	test_write(t->launch.kernel, "no kernel");
	assert_int_equal(launch(t, "", &e), -1);
	assert_int_equal(e.code, ERR_TOOL);
	assert_non_null(strstr(e.msg, "InstanceStart"));
	assert_non_null(strstr(e.msg, "failed to load ELF"));
	assert_no_traces(t);
}

static void bears_a_slow_one(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	assert_ok(launch(t, "slow=50", &e), &e);
	assert_int_equal(status(t), VMM_RUNNING);
}

static void an_old_one_is_told_less(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	assert_ok(launch(t, "version=1.8.0", &e), &e);
	assert_int_equal(status(t), VMM_RUNNING);
}

static void a_flood_fills_no_disk(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	assert_ok(launch(t, "flood", &e), &e);
	/* Both logs have turned: what there was before is a file of its own, and no larger than it may be. */
	while (!fs_exists(in_dir(t, KEEPER_VMM_LOG ".1")) || !fs_exists(in_dir(t, KEEPER_SERIAL_LOG ".1")))
		assert_ok(op_sleep(&t->op, 5, &e), &e);
	assert_true(fs_allocated(in_dir(t, KEEPER_VMM_LOG ".1")) <= 1024 * 1024 + 65536);
	assert_int_equal(status(t), VMM_RUNNING);
	assert_ok(vmm_stop(&t->op, t->dir, 5000, &e), &e);
	await_exit(t);
	assert_no_traces(t);
}

static void pauses_and_resumes(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	assert_ok(launch(t, "", &e), &e);
	assert_ok(firecracker_backend.pause(&t->op, &t->id, &e), &e);
	assert_int_equal(status(t), VMM_PAUSED);
	assert_ok(firecracker_backend.resume(&t->op, &t->id, &e), &e);
	assert_int_equal(status(t), VMM_RUNNING);
}

static void a_drive_grows_while_it_runs(void **state)
{
	struct vm_test *t = *state;
	struct vm_drive unknown = t->launch.drives[1];
	struct err e = {0};

	assert_ok(launch(t, "", &e), &e);
	/* The fake holds the drive's id and path against what it was configured with. */
	assert_ok(firecracker_backend.grow(&t->op, &t->id, &t->launch.drives[1], 1 << 20, &e), &e);
	str_copy(unknown.name, sizeof(unknown.name), "work-2");
	assert_err(firecracker_backend.grow(&t->op, &t->id, &unknown, 1 << 20, &e), &e, ERR_TOOL);
}

static void rates_are_told_at_the_start_and_changed(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	/* The fake holds every body against Firecracker's own description. */
	t->launch.rates = (struct vm_rates){.disk = 1 << 20, .net = 2 << 20};
	assert_ok(launch(t, "", &e), &e);
	t->launch.rates = (struct vm_rates){0};
	assert_ok(firecracker_backend.limit(&t->op, &t->id, &t->launch, &e), &e);
	str_copy(t->launch.drives[1].name, sizeof(t->launch.drives[1].name), "work-2");
	assert_err(firecracker_backend.limit(&t->op, &t->id, &t->launch, &e), &e, ERR_TOOL);
}

static void counters_grow(void **state)
{
	struct vm_test *t = *state;
	struct vmm_metrics m;
	struct err e = {0};

	assert_ok(launch(t, "", &e), &e);
	for (int i = 1; i <= 3; i++) {
		assert_ok(firecracker_backend.metrics(&t->op, &t->id, &m, &e), &e);
		assert_int_equal(m.read_bytes, 1000 * i);
		assert_int_equal(m.write_bytes, 500 * i);
		assert_int_equal(m.read_ops, 10 * i);
		assert_int_equal(m.write_ops, 5 * i);
	}
	assert_int_equal(m.balloon_mib, 256);
	assert_int_equal(m.guest_free_bytes, 30000000);
	assert_int_equal(m.guest_avail_bytes, 40000000);
}

static void serves_the_serial_console(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	assert_ok(launch(t, "", &e), &e);
	await_in_file(t, KEEPER_SERIAL_LOG, GREETING);
	send_keys(t, "abc");
	await_in_file(t, KEEPER_SERIAL_LOG, "abc");
}

static void says_that_the_guest_ended(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	assert_ok(launch(t, "", &e), &e);
	send_keys(t, "p");
	struct vm_exit x = await_exit(t);
	assert_int_equal(x.end, VM_END_POWEROFF);
	assert_string_equal(x.sentence, "the guest powered itself off or restarted");
	assert_no_traces(t);
}

static void says_what_an_exit_status_means(void **state)
{
	static const struct {
		int code;
		const char *words;
	} ends[] = {{148, "a system call its filter forbids"}, {149, "out of memory"}, {151, "limit on file sizes"},
		    {1, "firecracker gave up (exit 1)"}};
	struct vm_test *t = *state;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		auto_free char *how = xasprintf("code=%d", ends[i].code);
		struct err e = {0};
		assert_ok(launch(t, how, &e), &e);
		send_keys(t, "q");
		struct vm_exit x = await_exit(t);
		assert_int_equal(x.end, VM_END_FAILED);
		assert_int_equal(x.code, ends[i].code);
		if (!strstr(x.sentence, ends[i].words))
			fail_msg("%d: %s", ends[i].code, x.sentence);
	}
}

static void shuts_down_by_the_keyboard(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	assert_ok(launch(t, "", &e), &e);
	/* The guest may be gone before the answer is out. */
	(void)!firecracker_backend.shutdown(&t->op, &t->id, NULL);
	assert_int_equal(await_exit(t).end, VM_END_POWEROFF);
	assert_no_traces(t);
}

static void stops_one_that_does_not_listen(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	assert_ok(launch(t, "deaf", &e), &e);
	assert_ok(firecracker_backend.shutdown(&t->op, &t->id, &e), &e);
	assert_true(is_alive(t));
	assert_ok(vmm_stop(&t->op, t->dir, 5000, &e), &e);
	assert_int_equal(await_exit(t).end, VM_END_REQUEST);
	auto_free char *calls = test_read(in_dir(t, "calls"));
	assert_non_null(strstr(calls, "PATCH /vm"));
	assert_no_traces(t);
}

static void stops_one_that_does_not_answer(void **state)
{
	struct vm_test *t = *state;
	enum vmm_status st;
	struct err e = {0};

	/* The 13th call is the first after the start. */
	assert_ok(launch(t, "hang=13", &e), &e);
	int64_t old = op_limit(&t->op, 100);
	assert_err(firecracker_backend.status(&t->op, &t->id, &st, &e), &e, ERR_TIMEOUT);
	op_restore(&t->op, old);
	assert_ok(vmm_stop(&t->op, t->dir, 300, &e), &e);
	assert_gone(t);
	await_exit(t);
	assert_no_traces(t);
}

static void kill_keeper(struct vm_test *t)
{
	struct err e = {0};
	struct proc keeper;

	assert_ok(proc_open(t->id.keeper_pid, t->id.keeper_start, &keeper, &e), &e);
	assert_ok(proc_signal(&keeper, SIGKILL, &e), &e);
	struct pollfd p = {.fd = keeper.pidfd, .events = POLLIN};
	assert_int_equal(op_poll(&t->op, &p, 1, -1, &e), 1);
	proc_done(&keeper);
}

/* Its stdout, its counters and its log had one reader, which is gone: no write of its own may end it. */
static void outlives_its_keeper(void **state)
{
	struct vm_test *t = *state;
	struct vmm_metrics m;
	struct err e = {0};

	assert_ok(launch(t, "", &e), &e);
	await_in_file(t, KEEPER_SERIAL_LOG, GREETING);
	kill_keeper(t);
	assert_true(is_alive(t));
	assert_int_equal(status(t), VMM_RUNNING);
	for (int i = 0; i < 500; i++)
		assert_ok(fc_put_action(&t->op, t->id.control, FC_FLUSH_METRICS, &e), &e);
	assert_ok(firecracker_backend.metrics(&t->op, &t->id, &m, &e), &e);
	assert_int_equal(m.read_bytes, -1);
	assert_int_equal(m.guest_free_bytes, 30000000);
	assert_ok(firecracker_backend.pause(&t->op, &t->id, &e), &e);
	assert_ok(firecracker_backend.resume(&t->op, &t->id, &e), &e);
	assert_ok(vmm_stop(&t->op, t->dir, 5000, &e), &e);
	assert_gone(t);
	assert_ok(alive_release(t->dir, t->launch.runtime_dir, t->launch.id, &e), &e);
	assert_no_traces(t);
}

static void flood_outlives_its_keeper(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	assert_ok(launch(t, "flood", &e), &e);
	kill_keeper(t);
	for (int i = 0; i < 20; i++)
		assert_int_equal(status(t), VMM_RUNNING);
	assert_ok(vmm_stop(&t->op, t->dir, 5000, &e), &e);
	assert_gone(t);
}

static void is_killed_without_an_identity(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	assert_ok(launch(t, "", &e), &e);
	assert_ok(fs_unlink(in_dir(t, ALIVE_IDENTITY_FILE), &e), &e);
	assert_ok(alive_kill(&t->op, t->dir, &e), &e);
	assert_gone(t);
}

static void pauses_when_the_disk_is_full(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	t->launch.min_free_mib = (int64_t)1 << 40;
	assert_ok(launch(t, "", &e), &e);
	while (status(t) != VMM_PAUSED || !t->id.no_space) {
		assert_ok(op_sleep(&t->op, 5, &e), &e);
		assert_ok(identity_load(t->dir, &t->id, &e), &e);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], KEEPER_VERB) == 0)
		return keeper_main(argc - 1, argv + 1);
	const struct CMUnitTest tests[] = {
		T(launches_with_everything),
		T(leaves_nothing_when_a_call_is_refused),
		T(leaves_nothing_when_it_dies_in_a_call),
		T(leaves_nothing_when_it_hangs_up_in_a_call),
		T(leaves_nothing_of_one_that_hangs),
		T(leaves_nothing_of_one_without_a_socket),
		T(reports_a_missing_one),
		T(says_what_was_refused),
		T(bears_a_slow_one),
		T(an_old_one_is_told_less),
		T(a_flood_fills_no_disk),
		T(pauses_and_resumes),
		T(a_drive_grows_while_it_runs),
		T(rates_are_told_at_the_start_and_changed),
		T(counters_grow),
		T(serves_the_serial_console),
		T(says_that_the_guest_ended),
		T(says_what_an_exit_status_means),
		T(shuts_down_by_the_keyboard),
		T(stops_one_that_does_not_listen),
		T(stops_one_that_does_not_answer),
		T(outlives_its_keeper),
		T(flood_outlives_its_keeper),
		T(is_killed_without_an_identity),
		T(pauses_when_the_disk_is_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
