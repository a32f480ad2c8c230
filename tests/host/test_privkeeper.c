/* SPDX-License-Identifier: MIT */
/*
 * The real keeper with a private network: banger-netns, slirp4netns, and a stand-in for Firecracker that opens its tap by name,
 * which it only finds inside. The keeper is this program itself, run again with the hidden verb.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "core/net/privnet.h"
#include "keeper/keeper.h"

#include <arpa/inet.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOUND_MS 30000

static char program[PATH_MAX + 32], fake[PATH_MAX + 64];

struct vm_test {
	char *dir;
	struct vm_launch launch;
	struct vm_identity id;
	struct op op;
};

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
		.accel = VM_ACCEL_KVM,
		.vcpus = 1,
		.mem_mib = 128,
		.net = {.mode = NET_PRIVATE, .mac = "02:00:00:00:00:01", .tap = PRIVNET_TAP, .egress.kind = EGRESS_NONE},
		.min_free_mib = 1,
	};
	str_copy(t->launch.vm_dir, PATHS_MAX, t->dir);
	str_copy(t->launch.vmm_path, PATHS_MAX, fake);
	str_copy(t->launch.net.program, PATHS_MAX, program);
	path_join(t->launch.runtime_dir, PATHS_MAX, t->dir, "run");
	path_join(t->launch.kernel, PATHS_MAX, t->dir, "vmlinux");
	test_write(t->launch.kernel, "\177ELF");
	setenv("FAKE_FC", "tap", 1);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	int rc = alive_kill(&t->op, t->dir, &e);
	op_done(&t->op);
	rc |= tmpdir_teardown((void **)&t->dir);
	free(t);
	return rc;
}

static int launch(struct vm_test *t, struct err *e)
{
	int lock;

	if (alive_take(t->dir, &lock, e) < 0)
		return -1;
	int rc = keeper_launch(&t->op, &(struct keeper_launch_args){.exe = "/proc/self/exe", .launch = &t->launch, .lock_fd = lock}, &t->id, e);
	fd_close(&lock);
	return rc;
}

static const char *link_of(pid_t pid, const char *what)
{
	static char text[2][64];
	static unsigned turn;
	char path[64], *ret = text[turn++ % 2];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, what);
	ssize_t n = readlink(path, ret, sizeof(text[0]) - 1);
	assert_true(n > 0);
	ret[n] = '\0';
	return ret;
}

/* slirp4netns of this VM, by the socket in its arguments; 0 = none. */
static pid_t find_slirp(struct vm_test *t)
{
	char api[PATHS_MAX];
	const char *const argv[] = {"pgrep", "-f", api, NULL};
	auto_buf out = {0};

	snprintf(api, sizeof(api), "^slirp4netns .*--api-socket=%s/", t->launch.runtime_dir);
	return spawn_run(&t->op, &(struct spawn_run_args){.argv = argv}, &out, NULL) < 0 ? 0 : (pid_t)strtol(buf_cstr(&out), NULL, 10);
}

static void await_no_slirp(struct vm_test *t)
{
	struct err e = {0};

	while (find_slirp(t))
		assert_ok(op_sleep(&t->op, 10, &e), &e);
}

static void the_vmm_is_inside_without_rights(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};
	char path[64];

	assert_ok(launch(t, &e), &e);
	assert_string_not_equal(link_of(t->id.vmm_pid, "net"), link_of(getpid(), "net"));
	assert_string_not_equal(link_of(t->id.vmm_pid, "user"), link_of(getpid(), "user"));
	assert_string_equal(link_of(t->id.keeper_pid, "net"), link_of(getpid(), "net"));
	snprintf(path, sizeof(path), "/proc/%d/status", (int)t->id.vmm_pid);
	char *status = test_read(path);
	assert_non_null(strstr(status, "CapEff:\t0000000000000000"));
	assert_non_null(strstr(status, "CapBnd:\t0000000000000000"));
	assert_non_null(strstr(status, "NoNewPrivs:\t1"));
	free(status);
	assert_true(find_slirp(t) > 0);
	assert_ok(vmm_stop(&t->op, t->dir, 3000, &e), &e);
	assert_int_equal(find_slirp(t), 0);
	assert_false(fs_exists(tmpdir_path((void **)&t->dir, "run/0123456789ab.net")));
}

static void whoever_dies_nothing_is_left(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	/* The VMM: the keeper takes the network down before it lets go of the lock. */
	assert_ok(launch(t, &e), &e);
	kill(t->id.vmm_pid, SIGKILL);
	assert_ok(alive_wait_gone(&t->op, t->dir, &e), &e);
	assert_int_equal(find_slirp(t), 0);
	/* The keeper: the VMM goes on, and so does its network; with the VMM it ends. */
	assert_ok(launch(t, &e), &e);
	kill(t->id.keeper_pid, SIGKILL);
	struct proc keeper;
	if (proc_open(t->id.keeper_pid, t->id.keeper_start, &keeper, NULL) == 0) {
		assert_ok(proc_wait(&t->op, &keeper, &(struct proc_status){0}, &e), &e);
		proc_done(&keeper);
	}
	assert_true(find_slirp(t) > 0);
	assert_true(identity_vmm_is_alive(&t->id));
	kill(t->id.vmm_pid, SIGKILL);
	assert_ok(alive_wait_gone(&t->op, t->dir, &e), &e);
	await_no_slirp(t);
	/* slirp4netns: another comes. */
	assert_ok(launch(t, &e), &e);
	pid_t first = find_slirp(t);
	kill(first, SIGKILL);
	for (pid_t now = first; now == first || now == 0; now = find_slirp(t))
		assert_ok(op_sleep(&t->op, 10, &e), &e);
	assert_ok(vmm_stop(&t->op, t->dir, 3000, &e), &e);
	assert_int_equal(find_slirp(t), 0);
}

static void a_failed_start_leaves_nothing(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(sa);
	auto_fd taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(taken, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(taken, 1), 0);
	assert_int_equal(getsockname(taken, (struct sockaddr *)&sa, &size), 0);
	t->launch.net.forwards[t->launch.net.n_forwards++] = (struct vm_forward){.host_port = ntohs(sa.sin_port), .guest_port = 80};
	assert_err(launch(t, &e), &e, ERR_BUSY);
	assert_int_equal(find_slirp(t), 0);
	/* The VMM is not there: that is told as what it is. */
	t->launch.net.n_forwards = 0;
	str_copy(t->launch.vmm_path, PATHS_MAX, "/nonexistent/firecracker");
	assert_int_equal(launch(t, &e), -1);
	assert_non_null(strstr(e.msg, "/nonexistent/firecracker"));
	err_clear(&e);
	assert_int_equal(find_slirp(t), 0);
	t->launch.net.program[0] = '\0';
	assert_err(launch(t, &e), &e, ERR_USAGE);
}

/* What keeps it from being tried here; NULL when nothing does. */
static const char *lacks(void)
{
	static const struct egress none = {.kind = EGRESS_NONE};
	static struct err e;
	struct privnet net = PRIVNET_INIT;
	char dir[] = "/tmp/privkeeper.XXXXXX", api[64];
	struct op op;

	if (!mkdtemp(dir))
		return "no temporary directory";
	snprintf(api, sizeof(api), "%s/api", dir);
	struct privnet_args a = {.program = program, .api = api, .mac = "02:00:00:00:00:01", .egress = &none};
	op_init(&op, BOUND_MS);
	int rc = privnet_up(&op, &a, &net, &e);
	op_done(&op);
	privnet_down(&net);
	unlink(api);
	rmdir(dir);
	return rc < 0 ? e.msg : NULL;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], KEEPER_VERB) == 0)
		return keeper_main(argc - 1, argv + 1);
	const struct CMUnitTest tests[] = {
		T(the_vmm_is_inside_without_rights),
		T(whoever_dies_nothing_is_left),
		T(a_failed_start_leaves_nothing),
	};
	char self[PATH_MAX] = "";
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
		return EXIT_FAILURE;
	const char *dir = dirname(self);
	snprintf(program, sizeof(program), "%s/../../" PRIVNET_PROGRAM, dir);
	snprintf(fake, sizeof(fake), "%s/../lib/fake_firecracker", dir);
	const char *why = access(fake, X_OK) < 0 ? "no stand-in for Firecracker beside" : lacks();
	if (why) {
		fprintf(stderr, "skipped: %s\n", why);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
