/* SPDX-License-Identifier: MIT */
/*
 * The helper as a process of its own, confined as it is in life, with a fake host in it: started as root, by an ordinary user
 * through something like sudo, and by those it must not serve. Most of it needs root and is skipped elsewhere.
 */
#include "tests/lib/test.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "core/priv/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#define USER 61234
#define OTHER 61235
#define VM "0123456789ab"
#define IMAGE "ba9876543210"

#define SKIP_UNLESS_ROOT()                                                                                             \
	do {                                                                                                           \
		if (getuid() != 0)                                                                                     \
			skip();                                                                                        \
	} while (0)

static void copy(void **state, const char *name, const char *to, mode_t mode)
{
	struct err e = {0};
	struct op op;
	char from[4096];

	snprintf(from, sizeof(from), "%s/%s", TEST_BIN, name);
	op_init(&op, -1);
	assert_ok(fs_copy_sparse(&op, from, tmpdir_path(state, to), 0700, &e), &e);
	assert_int_equal(chmod(tmpdir_path(state, to), mode), 0);
	op_done(&op);
}

static void make_state(void **state, const char *name, uid_t uid)
{
	static const char *const parts[] = {"", "/vms", "/vms/" VM, "/images", "/images/" IMAGE};
	static const char *const files[] = {"/vms/" VM "/cow", "/images/" IMAGE "/rootfs.ext4"};
	char path[256];
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		snprintf(path, sizeof(path), "%s%s", name, parts[i]);
		assert_int_equal(mkdir(tmpdir_path(state, path), 0700), 0);
		assert_int_equal(chown(tmpdir_path(state, path), uid, uid), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s%s", name, files[i]);
		assert_ok(fs_create_sparse(tmpdir_path(state, path), 65536, 0600, &e), &e);
		assert_int_equal(chown(tmpdir_path(state, path), uid, uid), 0);
	}
}

/* A directory with helper_fake, a "sudo" that starts that and nothing else, and a state directory each. */
static int setup(void **state)
{
	if (tmpdir_setup(state) < 0)
		return -1;
	if (getuid() != 0)
		return 0;
	assert_int_equal(chmod(*state, 0711), 0);
	copy(state, "helper_fake", "helper_fake", 0755);
	copy(state, "fake_sudo", "sudo", 04755);
	make_state(state, "root", 0);
	make_state(state, "user", USER);
	make_state(state, "other", OTHER);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, tmpdir_teardown)

static int start(void **state, const char *state_dir, bool interactive, struct priv **ret, struct err *e)
{
	struct priv_start_args a = {.interactive = interactive};
	char helper[4096];
	char dir[4096];
	struct op op;

	str_copy(helper, sizeof(helper), tmpdir_path(state, "helper_fake"));
	str_copy(dir, sizeof(dir), tmpdir_path(state, state_dir));
	a.helper = helper;
	a.state_dir = dir;
	op_init(&op, 10000);
	int rc = priv_start(&op, &a, ret, e);
	op_done(&op);
	return rc;
}

static int ask(struct priv *p, const struct priv_request *q, struct priv_reply *ret, struct err *e)
{
	struct op op;

	op_init(&op, 10000);
	int rc = priv_call(&op, p, q, ret, e);
	op_done(&op);
	return rc;
}

static const struct priv_request net_up = {.op = PRIV_NET_UP, .net = {.cidr = "172.16.0.1/24"}};
static const struct priv_request guest_up = {.op = PRIV_GUEST_UP, .vm_id = VM, .guest = {.ipv4 = "172.16.0.2", .nat = true}};
static const struct priv_request snap_up = {.op = PRIV_SNAP_UP, .vm_id = VM, .snap = {.image_id = IMAGE, .bytes = 1 << 20}};
static const struct priv_request list = {.op = PRIV_LIST};

static int do_the_job(struct priv *p, struct err *e)
{
	static const struct priv_request down[] = {{.op = PRIV_SNAP_DOWN, .vm_id = VM},
						   {.op = PRIV_GUEST_DOWN, .vm_id = VM},
						   {.op = PRIV_NET_DOWN}};
	struct priv_reply r;

	if (ask(p, &net_up, &r, e) < 0 || ask(p, &guest_up, &r, e) < 0 || ask(p, &snap_up, &r, e) < 0)
		return -1;
	if (strcmp(r.node, DMSNAP_DEV_DIR "/" VM) != 0)
		return err_set(e, ERR_STATE, "node '%s'", r.node);
	if (ask(p, &list, &r, e) < 0)
		return -1;
	int n = r.n_items;
	priv_reply_done(&r);
	if (n != 5)
		return err_set(e, ERR_STATE, "%d items", n);
	for (size_t i = 0; i < ARRAY_LEN(down); i++)
		if (ask(p, &down[i], &r, e) < 0)
			return -1;
	return 0;
}

static void root_has_its_helper(void **state)
{
	struct err e = {0};
	struct priv *p;
	struct priv_reply r;

	SKIP_UNLESS_ROOT();
	assert_ok(start(state, "root", false, &p, &e), &e);
	assert_ok(do_the_job(p, &e), &e);
	/* The helper's own error comes whole. */
	assert_int_equal(ask(p, &guest_up, &r, &e), -1);
	assert_int_equal(e.code, ERR_STATE);
	assert_string_equal(e.msg, "the bridged network is not up");
	priv_stop(p);
}

struct caller {
	struct priv *p;
	int n;
	int failed;
};

static void *call_often(void *arg)
{
	struct caller *c = arg;
	struct priv_reply r;

	for (int i = 0; i < c->n; i++) {
		if (ask(c->p, &list, &r, NULL) < 0)
			c->failed++;
		priv_reply_done(&r);
	}
	return NULL;
}

static void threads_take_turns(void **state)
{
	struct err e = {0};
	struct caller c[4] = {0};
	pthread_t threads[4];
	struct priv *p;

	SKIP_UNLESS_ROOT();
	assert_ok(start(state, "root", false, &p, &e), &e);
	for (int i = 0; i < 4; i++) {
		c[i] = (struct caller){.p = p, .n = 100};
		assert_int_equal(pthread_create(&threads[i], NULL, call_often, &c[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(c[i].failed, 0);
	}
	priv_stop(p);
}

static void a_call_ends_with_its_op(void **state)
{
	struct err e = {0};
	struct priv *p;
	struct priv_reply r;
	struct op op;

	SKIP_UNLESS_ROOT();
	assert_ok(start(state, "root", false, &p, &e), &e);
	/* Somebody else's helper holds the lock. */
	assert_int_equal(mkdir(tmpdir_path(state, "run"), 0700), 0);
	auto_fd lock = open(tmpdir_path(state, "run/lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	assert_int_equal(fcntl(lock, F_OFD_SETLK, &fl), 0);
	op_init(&op, 60000);
	op_cancel(&op);
	assert_err(priv_call(&op, p, &net_up, &r, &e), &e, ERR_CANCELED);
	op_done(&op);
	op_init(&op, 100);
	assert_err(priv_call(&op, p, &net_up, &r, &e), &e, ERR_TIMEOUT);
	op_done(&op);
	fd_close(&lock);
	/* The late reply is not taken for the next one's. */
	for (int i = 0; i < 3; i++) {
		assert_ok(ask(p, &list, &r, &e), &e);
		assert_non_null(r.items ? (void *)r.items : (void *)p);
		priv_reply_done(&r);
	}
	priv_stop(p);
}

/* In a child that is `uid`: 0, or the line that failed is printed. */
static int as_user(uid_t uid, int (*fn)(void **state), void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(99);
		setenv("PATH", *state, 1);
		_exit(fn(state));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int said(const struct err *e)
{
	print_error("%s (%s)\n", e->msg, e->hint);
	return 1;
}

static bool can_setuid(void **state)
{
	struct statvfs fs;

	return statvfs(*state, &fs) == 0 && !(fs.f_flag & ST_NOSUID);
}

static int user_works(void **state)
{
	struct err e = {0};
	struct priv *p;

	if (start(state, "user", true, &p, &e) < 0 || do_the_job(p, &e) < 0)
		return said(&e);
	priv_stop(p);
	return 0;
}

static void a_user_has_it_by_sudo(void **state)
{
	SKIP_UNLESS_ROOT();
	if (!can_setuid(state))
		skip();
	assert_int_equal(as_user(USER, user_works, state), 0);
}

static int user_keeps_the_network(void **state)
{
	struct err e = {0};
	struct priv_reply r;
	struct priv *p;

	if (start(state, "user", true, &p, &e) < 0 || ask(p, &net_up, &r, &e) < 0)
		return said(&e);
	priv_stop(p);
	return 0;
}

static int other_is_told(void **state)
{
	struct err e = {0};
	struct priv_reply r;
	struct priv *p;

	if (start(state, "other", true, &p, &e) < 0)
		return said(&e);
	if (ask(p, &net_up, &r, &e) == 0 || e.code != ERR_BUSY || !strstr(e.msg, "user 61234"))
		return said(&e);
	priv_stop(p);
	return 0;
}

static void the_second_user_is_told_who_has_the_network(void **state)
{
	SKIP_UNLESS_ROOT();
	if (!can_setuid(state))
		skip();
	assert_int_equal(as_user(USER, user_keeps_the_network, state), 0);
	assert_int_equal(as_user(OTHER, other_is_told, state), 0);
}

static int with_the_state_of_another(void **state)
{
	struct err e = {0};
	struct priv *p;

	/* Cannot even be opened by them. */
	return start(state, "other", true, &p, &e) < 0 && e.code == ERR_PERM ? 0 : said(&e);
}

static void another_users_state_directory_is_refused(void **state)
{
	SKIP_UNLESS_ROOT();
	if (!can_setuid(state))
		skip();
	assert_int_equal(as_user(USER, with_the_state_of_another, state), 0);
}

/* A program others could have changed is never started without asking; nor is anybody asked. */
static int quietly(void **state)
{
	struct err e = {0};
	struct priv *p;

	return start(state, "user", false, &p, &e) < 0 && e.code == ERR_PERM && e.hint[0] ? 0 : said(&e);
}

static void nobody_is_asked_unasked(void **state)
{
	SKIP_UNLESS_ROOT();
	assert_int_equal(as_user(USER, quietly, state), 0);
}

/* A helper with this pair's end as descriptor 0. Its exit code, and what it said. */
static int run_helper(void **state, int fd, const char *sudo_uid, struct buf *out)
{
	auto_free char *var = xasprintf("SUDO_UID=%s", sudo_uid);
	const char *const argv[] = {tmpdir_path(state, "helper_fake"), NULL};
	const char *const env[] = {var, NULL};
	struct proc_status st;
	struct proc proc;
	struct err e = {0};
	struct op op;
	int fds[2];

	assert_ok(fd_pipe(fds, &e), &e);
	struct spawn_args a = {.argv = argv, .env = env, .stdin_fd = fd, .stdout_fd = -1, .stderr_fd = fds[1]};
	op_init(&op, 10000);
	assert_ok(spawn_start(&a, &proc, &e), &e);
	fd_close(&fds[1]);
	assert_ok(fd_read_all(fds[0], 4096, "helper", out, &e), &e);
	fd_close(&fds[0]);
	assert_ok(proc_wait(&op, &proc, &st, &e), &e);
	proc_done(&proc);
	op_done(&op);
	return st.exited ? st.code : -1;
}

static void it_does_not_run_for_strangers(void **state)
{
	auto_buf out = {0};
	int fds[2];

	SKIP_UNLESS_ROOT();
	/* By hand. */
	assert_int_equal(run_helper(state, -1, "0", &out), 1);
	assert_non_null(strstr(buf_cstr(&out), "not one end of a socket pair"));
	/* A second user's sudo with the first one's socket. */
	assert_int_equal(seteuid(USER), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(seteuid(0), 0);
	buf_reset(&out);
	assert_int_equal(run_helper(state, fds[0], "61235", &out), 1);
	assert_non_null(strstr(buf_cstr(&out), "another user"));
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

/* What the kernel says of a helper that serves. */
static void it_gives_its_rights_away(void **state)
{
	static const char *const want[] = {"NoNewPrivs:\t1", "Groups:\t \n", "CapBnd:\t0000000000000000",
					   "CapAmb:\t0000000000000000", "CapInh:\t0000000000000000"};
	uint8_t data[CODEC_HELLO_SIZE];
	struct proc proc;
	struct err e = {0};
	auto_buf status = {0};
	char path[64];
	int fds[2];
	char helper[4096];
	const char *const argv[] = {helper, NULL};

	SKIP_UNLESS_ROOT();
	str_copy(helper, sizeof(helper), tmpdir_path(state, "helper_fake"));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	struct spawn_args a = {.argv = argv, .stdin_fd = fds[1], .stdout_fd = -1, .stderr_fd = -1};
	assert_ok(spawn_start(&a, &proc, &e), &e);
	fd_close(&fds[1]);
	assert_int_equal(recv(fds[0], data, sizeof(data), 0), sizeof(data)); /* it serves */
	snprintf(path, sizeof(path), "/proc/%d/status", (int)proc.pid);
	assert_ok(fs_read_file(path, 65536, &status, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_non_null(strstr(buf_cstr(&status), want[i]));
	const char *caps = strstr(buf_cstr(&status), "CapPrm:\t");
	uint64_t kept = strtoull(caps + 8, NULL, 16);
	/* CAP_CHOWN, CAP_SETUID, CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_MKNOD: capabilities(7). */
	assert_int_equal(kept & ~(1ULL << 0 | 1ULL << 7 | 1ULL << 12 | 1ULL << 21 | 1ULL << 27), 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_non_null(strstr(buf_cstr(&status), "Seccomp:\t2"));
#endif
	/* What a terminal sends does not end it; SIGTERM does, in order. */
	struct proc_status st;
	struct op op;
	op_init(&op, 10000);
	assert_ok(proc_signal(&proc, SIGINT, &e), &e);
	assert_ok(proc_signal(&proc, SIGHUP, &e), &e);
	assert_ok(proc_signal(&proc, SIGTERM, &e), &e);
	assert_ok(proc_wait(&op, &proc, &st, &e), &e);
	assert_true(st.exited && st.code == 0);
	op_done(&op);
	proc_done(&proc);
	fd_close(&fds[0]);
}

static void it_ends_with_its_client(void **state)
{
	uint8_t data[CODEC_HELLO_SIZE];
	char helper[4096];
	const char *const argv[] = {helper, NULL};
	struct proc_status st;
	struct proc proc;
	struct err e = {0};
	struct op op;
	int fds[2];

	SKIP_UNLESS_ROOT();
	str_copy(helper, sizeof(helper), tmpdir_path(state, "helper_fake"));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	struct spawn_args a = {.argv = argv, .stdin_fd = fds[1], .stdout_fd = -1, .stderr_fd = -1};
	assert_ok(spawn_start(&a, &proc, &e), &e);
	fd_close(&fds[1]);
	assert_int_equal(recv(fds[0], data, sizeof(data), 0), sizeof(data));
	fd_close(&fds[0]);
	op_init(&op, 10000);
	assert_ok(proc_wait(&op, &proc, &st, &e), &e);
	assert_true(st.exited && st.code == 0);
	op_done(&op);
	proc_done(&proc);
}

static void a_dead_helper_is_noticed(void **state)
{
	struct err e = {0};
	struct priv_reply r;
	struct priv *p;

	SKIP_UNLESS_ROOT();
	assert_ok(start(state, "root", false, &p, &e), &e);
	/* It hangs up on what it does not know. */
	struct priv_request odd = {.op = PRIV_OP_COUNT};
	assert_err(ask(p, &odd, &r, &e), &e, ERR_PROTO);
	assert_err(ask(p, &list, &r, &e), &e, ERR_NET);
	assert_err(ask(p, &list, &r, &e), &e, ERR_NET);
	priv_stop(p);
	priv_stop(NULL);
}

static void looking_tells_how(void **state)
{
	struct priv_outlook o;

	priv_look(tmpdir_path(state, "nowhere"), &o);
	assert_int_equal(o.way, PRIV_WAY_NONE);
	assert_string_equal(o.helper, "");
	assert_non_null(strstr(o.why, "not installed"));
	test_write(tmpdir_path(state, "mine"), "x");
	assert_int_equal(chmod(tmpdir_path(state, "mine"), 0755), 0);
	priv_look(tmpdir_path(state, "mine"), &o);
	assert_false(o.trusted); /* /tmp is everybody's */
	priv_look("/usr/bin/env", &o);
	assert_true(o.trusted);
	assert_int_equal(o.way == PRIV_WAY_ROOT, geteuid() == 0);
}

/* In a child with a /run of its own, so that the host has no /run/banger afterwards. What was taken down is not there. */
static int with_own_run(void **state)
{
	struct priv_request down = {.op = PRIV_GUEST_DOWN, .vm_id = VM};
	struct priv_reply r;
	struct priv_start_args a = {.helper = REAL_HELPER, .state_dir = tmpdir_path(state, "root")};
	struct err e = {0};
	struct priv *p;
	struct stat st;
	struct op op;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("test", "/run", "tmpfs", 0, "mode=0755") < 0)
		return 77;
	op_init(&op, 10000);
	if (priv_start(&op, &a, &p, &e) < 0)
		return said(&e);
	if (ask(p, &list, &r, NULL) == 0)
		priv_reply_done(&r);
	if (stat(PRIV_RUN_DIR, &st) == 0)
		return 2; /* a look has made it */
	if (ask(p, &down, &r, NULL) == 0)
		priv_reply_done(&r);
	op_done(&op);
	priv_stop(p);
	return stat(PRIV_RUN_DIR, &st) == 0 && (st.st_mode & 07777) == 0700 ? 0 : 1;
}

static void the_built_helper_serves(void **state)
{
	struct priv_outlook o;
	int status;

	priv_look(REAL_HELPER, &o);
	assert_non_null(strstr(o.helper, "banger-helper"));
	SKIP_UNLESS_ROOT();
	pid_t pid = fork();
	if (pid == 0)
		_exit(with_own_run(state));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(root_has_its_helper),
		T(threads_take_turns),
		T(a_call_ends_with_its_op),
		T(a_user_has_it_by_sudo),
		T(the_second_user_is_told_who_has_the_network),
		T(another_users_state_directory_is_refused),
		T(nobody_is_asked_unasked),
		T(it_does_not_run_for_strangers),
		T(it_gives_its_rights_away),
		T(it_ends_with_its_client),
		T(a_dead_helper_is_noticed),
		T(looking_tells_how),
		T(the_built_helper_serves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
