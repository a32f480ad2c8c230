/* SPDX-License-Identifier: MIT */
/*
 * keeper, with a real QEMU (emulating) and a guest of a few bytes that greets on the serial port, echoes what it reads,
 * powers off on 'p' and resets on 'r'. The keeper is this program itself, run again with the hidden verb.
 */
#include "tests/lib/test.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/spawn.h"
#include "core/net/slirp.h"
#include "core/vmm/pvh.h"
#include "core/vmm/qmp.h"
#include "keeper/keeper.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/un.h>
#include <unistd.h>

#define BOUND_MS 20000
#define GREETING "hello from the guest"

/* Assembled from:
 *	start:	mov $msg, %esi; mov $0x3f8, %dx
 *	1:	lodsb; test %al, %al; jz poll; outb %al, %dx; jmp 1b
 *	poll:	mov $0x3fd, %dx; inb %dx, %al; test $1, %al; jz poll
 *		mov $0x3f8, %dx; inb %dx, %al; cmp $'p', %al; je off; cmp $'r', %al; je reset; outb %al, %dx; jmp poll
 *	off:	movb $0x34, 0xfea00200 (ACPI sleep control of microvm: S5); jmp poll
 *	reset:	lidt zero; int3
 *	zero:	.byte 0, 0, 0, 0, 0, 0
 *	msg:	.asciz "hello from the guest\r\n" */
static const uint8_t guest[] = {
	0xbe, 0x41, 0x00, 0x10, 0x00, 0x66, 0xba, 0xf8, 0x03, 0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8, 0x66,
	0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xf7, 0x66, 0xba, 0xf8, 0x03, 0xec, 0x3c, 0x70, 0x74, 0x07, 0x3c,
	0x72, 0x74, 0x0c, 0xee, 0xeb, 0xe7, 0xc6, 0x05, 0x00, 0x02, 0xa0, 0xfe, 0x34, 0xeb, 0xde, 0x0f, 0x01, 0x1d,
	0x3b, 0x00, 0x10, 0x00, 0xcc, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 'h',	'e',  'l',  'l',  'o',	' ',  'f',
	'r',  'o',  'm',  ' ',	't',  'h',  'e',  ' ',	'g',  'u',  'e',  's',	't',  '\r', '\n', 0x00};

struct vm_test {
	char *dir;
	struct vm_launch launch;
	struct vm_identity id;
	struct op op;
};

static int setup(void **state)
{
	struct vm_test *t = xcalloc(1, sizeof(*t));
	auto_buf elf = {0};
	struct err e = {0};

	umask(077);
	if (tmpdir_setup((void **)&t->dir) < 0)
		return -1;
	op_init(&t->op, BOUND_MS);
	t->launch = (struct vm_launch){
		.id = "0123456789ab",
		.name = "test",
		.boot_id = "ba9876543210",
		.vmm = VMM_QEMU,
		.accel = VM_ACCEL_TCG,
		.vcpus = 1,
		.mem_mib = 64,
		.net = {.mode = NET_SLIRP, .mac = "02:00:00:00:00:01"},
		.min_free_mib = 1,
	};
	str_copy(t->launch.vm_dir, PATHS_MAX, t->dir);
	path_join(t->launch.runtime_dir, PATHS_MAX, t->dir, "run");
	path_join(t->launch.kernel, PATHS_MAX, t->dir, "guest.elf");
	pvh_wrap(guest, sizeof(guest), &elf);
	*state = t;
	return fs_write_atomic(t->launch.kernel, elf.data, elf.len, 0600, &e);
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

static int launch(struct vm_test *t, struct err *e)
{
	int lock;

	if (alive_take(t->dir, &lock, e) < 0)
		return -1;
	int rc = keeper_launch(&t->op, &(struct keeper_launch_args){.exe = "/proc/self/exe", .launch = &t->launch, .lock_fd = lock}, &t->id, e);
	fd_close(&lock);
	return rc;
}

static const char *in_dir(const struct vm_test *t, const char *name)
{
	static char path[PATHS_MAX];

	return path_join(path, sizeof(path), t->dir, "%s", name);
}

static bool is_alive(const struct vm_test *t)
{
	struct err e = {0};
	bool alive;

	assert_ok(alive_check(t->dir, &alive, &e), &e);
	return alive;
}

/* One that ended by itself may have had it for a moment longer; one that was left over would have it for ever. */
static void assert_free(struct vm_test *t)
{
	struct err e = {0};

	assert_ok(alive_wait_gone(&t->op, t->dir, &e), &e);
}

/* Poll until the file holds `want`, bounded by the test's op. */
static void await_in_file(struct vm_test *t, const char *name, const char *want)
{
	struct err e = {0};

	for (;;) {
		auto_buf text = {0};
		if (fs_read_file(in_dir(t, name), 1024 * 1024, &text, NULL) == 0 && strstr(buf_cstr(&text), want))
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

static void await_on_serial(struct vm_test *t, int fd, const char *want)
{
	auto_buf got = {0};
	struct err e = {0};

	while (!strstr(buf_cstr(&got), want)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		char chunk[256];
		assert_ok(op_poll(&t->op, &p, 1, -1, &e), &e);
		ssize_t n = read(fd, chunk, sizeof(chunk));
		assert_true(n > 0);
		buf_add(&got, chunk, (size_t)n);
	}
}

/* Not before the guest reads: its firmware empties the port. */
static void send_key(struct vm_test *t, const char *key)
{
	auto_fd fd = connect_serial(t);

	await_on_serial(t, fd, GREETING);
	assert_int_equal(write(fd, key, strlen(key)), strlen(key));
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
	assert_false(fs_exists(in_dir(t, ALIVE_IDENTITY_FILE)));
	assert_false(fs_exists(in_dir(t, "run/0123456789ab.sock")));
	assert_false(fs_exists(in_dir(t, "run/0123456789ab.ctl")));
}

static enum vmm_status status(struct vm_test *t)
{
	struct err e = {0};
	enum vmm_status st;

	assert_ok(vmm_find(VMM_QEMU)->status(&t->op, &t->id, &st, &e), &e);
	return st;
}

#define NEED_QEMU(t)                                                                                                   \
	do {                                                                                                           \
		struct vmm_info info_;                                                                                 \
		if (vmm_find(VMM_QEMU)->probe(&(t)->op, NULL, &info_, NULL) < 0)                                       \
			skip();                                                                                        \
	} while (0)

static void launches_and_records_who_it_is(void **state)
{
	struct vm_test *t = *state;
	struct vm_identity read;
	struct err e = {0};
	struct stat st;

	NEED_QEMU(t);
	assert_ok(launch(t, &e), &e);
	assert_true(is_alive(t));
	assert_ok(identity_load(t->dir, &read, &e), &e);
	assert_string_equal(read.boot_id, "ba9876543210");
	assert_string_equal(read.accel, "tcg");
	assert_true(identity_vmm_is_alive(&read));
	assert_true(identity_keeper_is_alive(&read));
	assert_int_equal(status(t), VMM_RUNNING);
	await_in_file(t, KEEPER_SERIAL_LOG, GREETING);
	assert_int_equal(stat(read.control, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(read.serial, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(in_dir(t, KEEPER_SERIAL_LOG), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_err(launch(t, &e), &e, ERR_BUSY);
}

static void pauses_and_resumes(void **state)
{
	struct vm_test *t = *state;
	const struct vmm_backend *b = vmm_find(VMM_QEMU);
	struct vmm_metrics m;
	struct err e = {0};

	NEED_QEMU(t);
	assert_ok(launch(t, &e), &e);
	assert_ok(b->pause(&t->op, &t->id, &e), &e);
	assert_int_equal(status(t), VMM_PAUSED);
	assert_ok(b->resume(&t->op, &t->id, &e), &e);
	assert_int_equal(status(t), VMM_RUNNING);
	assert_ok(b->metrics(&t->op, &t->id, &m, &e), &e);
	assert_int_equal(m.read_bytes, 0);
	assert_ok(b->shutdown(&t->op, &t->id, &e), &e);
}

/* What QEMU holds the drive's node to be large; -1 where it has none. */
static int64_t node_bytes(struct vm_test *t, const char *node)
{
	struct json *reply;
	struct err e = {0};
	int64_t ret = -1;
	struct qmp q;

	assert_ok(qmp_open(&t->op, t->id.control, &q, &e), &e);
	assert_ok(qmp_command(&t->op, &q, "query-named-block-nodes", "{\"flat\":true}", &reply, &e), &e);
	for (const struct json *n = json_first(json_get(reply, "return")); n; n = json_next(n))
		if (!strcmp(json_str(n, "node-name"), node))
			ret = json_int(json_get(n, "image"), "virtual-size", -1);
	json_free(reply);
	qmp_close(&q);
	return ret;
}

/* Bytes a second a drive is held to; -1 where there is none of that name. */
static int64_t drive_rate(struct vm_test *t, const char *name)
{
	struct json *reply;
	struct err e = {0};
	int64_t ret = -1;
	struct qmp q;

	assert_ok(qmp_open(&t->op, t->id.control, &q, &e), &e);
	assert_ok(qmp_command(&t->op, &q, "query-block", NULL, &reply, &e), &e);
	for (const struct json *d = json_first(json_get(reply, "return")); d; d = json_next(d))
		if (json_str(d, "qdev") && strstr(json_str(d, "qdev"), name))
			ret = json_int(json_get(d, "inserted"), "bps", -1);
	json_free(reply);
	qmp_close(&q);
	return ret;
}

static void add_drive(struct vm_test *t, const char *name, bool readonly)
{
	struct vm_drive *d = &t->launch.drives[t->launch.n_drives++];

	*d = (struct vm_drive){.readonly = readonly};
	str_copy(d->name, sizeof(d->name), name);
	str_copy(d->path, PATHS_MAX, in_dir(t, name));
	test_write(d->path, "");
	assert_int_equal(truncate(d->path, 1 << 20), 0);
}

static void a_rate_is_kept_from_the_start_and_changed(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	NEED_QEMU(t);
	add_drive(t, "seed", true);
	add_drive(t, "work", false);
	t->launch.rates.disk = 1 << 20;
	assert_ok(launch(t, &e), &e);
	assert_int_equal(drive_rate(t, "work"), 1 << 20);
	assert_int_equal(drive_rate(t, "seed"), 0);
	t->launch.rates.disk = 3 << 20;
	assert_ok(vmm_find(VMM_QEMU)->limit(&t->op, &t->id, &t->launch, &e), &e);
	assert_int_equal(drive_rate(t, "work"), 3 << 20);
	t->launch.rates.disk = 0;
	assert_ok(vmm_find(VMM_QEMU)->limit(&t->op, &t->id, &t->launch, &e), &e);
	assert_int_equal(drive_rate(t, "work"), 0);
}

static void a_drive_grows_while_it_runs(void **state)
{
	struct vm_test *t = *state;
	struct vm_drive *d = &t->launch.drives[0];
	struct err e = {0};

	NEED_QEMU(t);
	add_drive(t, "work", false);
	assert_ok(launch(t, &e), &e);
	assert_int_equal(node_bytes(t, "disk-work"), 1 << 20);
	assert_int_equal(truncate(d->path, 3 << 20), 0);
	assert_ok(vmm_find(VMM_QEMU)->grow(&t->op, &t->id, d, 3 << 20, &e), &e);
	assert_int_equal(node_bytes(t, "disk-work"), 3 << 20);
	str_copy(d->name, sizeof(d->name), "none");
	assert_err(vmm_find(VMM_QEMU)->grow(&t->op, &t->id, d, 3 << 20, &e), &e, ERR_TOOL);
}

static void serves_the_serial_console_to_several(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	NEED_QEMU(t);
	assert_ok(launch(t, &e), &e);
	auto_fd one = connect_serial(t);
	await_on_serial(t, one, GREETING);
	auto_fd two = connect_serial(t);
	await_on_serial(t, two, GREETING);
	assert_int_equal(write(one, "abc", 3), 3);
	await_on_serial(t, one, "abc");
	await_on_serial(t, two, "abc");
	fd_close(&one);
	assert_int_equal(write(two, "xyz", 3), 3);
	await_on_serial(t, two, "xyz");
	await_in_file(t, KEEPER_SERIAL_LOG, "abcxyz");
}

static void says_that_the_guest_powered_off(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	NEED_QEMU(t);
	assert_ok(launch(t, &e), &e);
	send_key(t, "p");
	struct vm_exit x = await_exit(t);
	assert_int_equal(x.end, VM_END_POWEROFF);
	assert_string_equal(x.boot_id, "ba9876543210");
	assert_string_equal(x.sentence, "the guest powered itself off");
	assert_no_traces(t);
}

static void says_that_the_guest_reset(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	NEED_QEMU(t);
	assert_ok(launch(t, &e), &e);
	send_key(t, "r");
	assert_int_equal(await_exit(t).end, VM_END_RESET);
	assert_no_traces(t);
}

static bool answers(uint16_t port)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	auto_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0;
}

static void forwards_a_reserved_port(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};
	uint16_t port;
	int held;

	NEED_QEMU(t);
	assert_ok(slirp_reserve(0, NULL, NULL, &port, &held, &e), &e);
	assert_false(answers(port));
	t->launch.net.ssh_port = port;
	assert_ok(launch(t, &e), &e);
	fd_close(&held);
	assert_true(answers(port));
	assert_int_equal(t->id.ssh_port, port);
	assert_err(slirp_reserve(port, NULL, NULL, &port, &held, &e), &e, ERR_BUSY);
	assert_ok(alive_kill(&t->op, t->dir, &e), &e);
	assert_false(answers(port));
}

static void reports_a_port_in_use(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};
	uint16_t port;
	int held;

	NEED_QEMU(t);
	assert_ok(slirp_reserve(0, NULL, NULL, &port, &held, &e), &e);
	assert_int_equal(listen(held, 1), 0);
	t->launch.net.ssh_port = port;
	assert_err(launch(t, &e), &e, ERR_TOOL);
	fd_close(&held);
	assert_false(is_alive(t));
	assert_no_traces(t);
}

static void stops_politely(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	NEED_QEMU(t);
	assert_ok(launch(t, &e), &e);
	assert_ok(vmm_stop(&t->op, t->dir, 5000, &e), &e);
	assert_false(is_alive(t));
	assert_int_equal(await_exit(t).end, VM_END_REQUEST);
	assert_no_traces(t);
	assert_ok(vmm_stop(&t->op, t->dir, 5000, &e), &e);
}

static void stops_without_a_runtime_directory(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};
	enum vmm_status st;

	NEED_QEMU(t);
	assert_ok(launch(t, &e), &e);
	assert_ok(fs_remove_tree(t->launch.runtime_dir, &e), &e);
	assert_err(vmm_find(VMM_QEMU)->status(&t->op, &t->id, &st, &e), &e, ERR_NET);
	assert_ok(vmm_stop(&t->op, t->dir, 300, &e), &e);
	assert_int_equal(await_exit(t).end, VM_END_REQUEST);
}

static void tells_a_kill_from_an_end(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	NEED_QEMU(t);
	assert_ok(launch(t, &e), &e);
	assert_ok(alive_kill(&t->op, t->dir, &e), &e);
	struct vm_exit x = await_exit(t);
	assert_int_equal(x.end, VM_END_KILLED);
	assert_int_equal(x.signo, SIGKILL);
	assert_non_null(strstr(x.sentence, "signal 9"));
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

static void outlives_its_keeper(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};
	struct vm_exit x;

	NEED_QEMU(t);
	assert_ok(launch(t, &e), &e);
	await_in_file(t, KEEPER_SERIAL_LOG, GREETING);
	kill_keeper(t);
	assert_true(is_alive(t));
	assert_int_equal(status(t), VMM_RUNNING);
	assert_ok(vmm_stop(&t->op, t->dir, 5000, &e), &e);
	assert_false(is_alive(t));
	assert_err(exit_load(t->dir, &x, &e), &e, ERR_NOT_FOUND);
	assert_ok(alive_release(t->dir, t->launch.runtime_dir, t->launch.id, &e), &e);
	assert_no_traces(t);
}

/* The moment between the VMM's birth and the identity: only /proc knows who holds the lock. */
static void kills_what_has_no_identity_yet(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	NEED_QEMU(t);
	assert_ok(launch(t, &e), &e);
	assert_ok(fs_unlink(in_dir(t, ALIVE_IDENTITY_FILE), &e), &e);
	assert_err(alive_release(t->dir, t->launch.runtime_dir, t->launch.id, &e), &e, ERR_STATE);
	assert_ok(alive_kill(&t->op, t->dir, &e), &e);
	assert_false(is_alive(t));
}

static void ignores_the_end_of_a_session(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	NEED_QEMU(t);
	assert_ok(launch(t, &e), &e);
	assert_int_equal(kill(t->id.keeper_pid, SIGTERM), 0);
	assert_int_equal(kill(t->id.keeper_pid, SIGHUP), 0);
	send_key(t, "p");
	assert_int_equal(await_exit(t).end, VM_END_POWEROFF);
}

static void pauses_when_the_disk_is_full(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	NEED_QEMU(t);
	/* No disk has that much room. */
	t->launch.min_free_mib = (int64_t)1 << 40;
	assert_ok(launch(t, &e), &e);
	while (status(t) != VMM_PAUSED || !t->id.no_space) {
		assert_ok(op_sleep(&t->op, 5, &e), &e);
		assert_ok(identity_load(t->dir, &t->id, &e), &e);
	}
}

static void reports_a_missing_vmm(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	str_copy(t->launch.vmm_path, PATHS_MAX, "/nonexistent/qemu");
	assert_err(launch(t, &e), &e, ERR_MISSING);
	assert_false(is_alive(t));
	assert_no_traces(t);
}

static void reports_the_last_words_of_a_vmm(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	NEED_QEMU(t);
	str_copy(t->launch.kernel, PATHS_MAX, "/nonexistent/kernel");
	assert_int_equal(launch(t, &e), -1);
	assert_int_equal(e.code, ERR_TOOL);
	assert_non_null(strstr(e.msg, "/nonexistent/kernel"));
	assert_false(is_alive(t));
	assert_no_traces(t);
	err_clear(&e);
}

static void runs_the_vmm_as_somebody_else(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};
	char proc[64];
	struct stat st;

	NEED_QEMU(t);
	if (geteuid() != 0)
		skip();
	t->launch.run_as = true;
	t->launch.uid = 12345;
	t->launch.gid = 12346;
	assert_ok(launch(t, &e), &e);
	assert_false(t->id.as_root);
	auto_buf text = {0};
	snprintf(proc, sizeof(proc), "/proc/%d/status", (int)t->id.vmm_pid);
	assert_ok(fs_read_file(proc, 65536, &text, &e), &e);
	assert_non_null(strstr(text.data, "Uid:\t12345\t12345\t12345\t12345\n"));
	assert_non_null(strstr(text.data, "Gid:\t12346\t12346\t12346\t12346\n"));
	/* What root made stays root's, and it works all the same. */
	assert_int_equal(stat(t->id.control, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(status(t), VMM_RUNNING);
	send_key(t, "p");
	assert_int_equal(await_exit(t).end, VM_END_POWEROFF);
}

static void leaves_nothing_of_a_cancelled_start(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};
	struct op op;
	int lock;

	NEED_QEMU(t);
	assert_ok(alive_take(t->dir, &lock, &e), &e);
	/* Whether it is seen before, in or after the start of the VMM is chance: the outcome may not depend on it. */
	for (int ms = 0; ms < 60; ms += 6) {
		op_init(&op, ms);
		int rc = keeper_launch(&op, &(struct keeper_launch_args){.exe = "/proc/self/exe", .launch = &t->launch, .lock_fd = lock}, &t->id,
				       &e);
		op_done(&op);
		if (rc == 0)
			break;
		assert_int_equal(e.code, ERR_TIMEOUT);
		err_clear(&e);
		/* Our own lock aside, nobody may hold it. */
		fd_close(&lock);
		assert_free(t);
		assert_ok(alive_take(t->dir, &lock, &e), &e);
	}
	fd_close(&lock);
}

static void launches_with_one_that_waits(void **state)
{
	struct vm_test *t = *state;
	struct keeper *k = NULL;
	struct err e = {0};
	int lock;

	NEED_QEMU(t);
	assert_ok(alive_take(t->dir, &lock, &e), &e);
	assert_ok(keeper_prepare("/proc/self/exe", t->dir, lock, &k, &e), &e);
	/* What it is to launch is written after it was called. */
	str_copy(t->launch.boot_id, sizeof(t->launch.boot_id), "00000000beef");
	struct keeper_launch_args a = {.ready = k, .launch = &t->launch, .lock_fd = lock};
	assert_ok(keeper_launch(&t->op, &a, &t->id, &e), &e);
	keeper_free(k);
	fd_close(&lock);
	assert_true(is_alive(t));
	assert_string_equal(t->id.boot_id, "00000000beef");
	assert_int_equal(status(t), VMM_RUNNING);
	send_key(t, "p");
	assert_int_equal(await_exit(t).end, VM_END_POWEROFF);
}

/* At every moment of its own start. */
static void one_that_is_not_needed_holds_nothing(void **state)
{
	struct vm_test *t = *state;
	struct err e = {0};

	for (int ms = 0; ms < 60; ms += 6) {
		struct keeper *k = NULL;
		int lock;
		assert_ok(alive_take(t->dir, &lock, &e), &e);
		assert_ok(keeper_prepare("/proc/self/exe", t->dir, lock, &k, &e), &e);
		assert_ok(op_sleep(&t->op, ms, &e), &e);
		keeper_free(k);
		fd_close(&lock);
		assert_free(t);
	}
	assert_false(fs_exists(in_dir(t, KEEPER_VMM_LOG)));
}

static void one_that_waits_ends_with_who_called_it(void **state)
{
	struct vm_test *t = *state;
	struct keeper *k = NULL;
	struct err e = {0};
	int lock, status;
	pid_t caller = fork();

	if (caller == 0)
		_exit(alive_take(t->dir, &lock, NULL) < 0 || keeper_prepare("/proc/self/exe", t->dir, lock, &k, NULL) < 0);
	assert_int_equal(waitpid(caller, &status, 0), caller);
	assert_int_equal(status, 0);
	assert_ok(alive_wait_gone(&t->op, t->dir, &e), &e);
	assert_false(fs_exists(in_dir(t, KEEPER_VMM_LOG)));
}

static void refuses_to_run_by_hand(void **state UNUSED)
{
	char verb[] = KEEPER_VERB;
	char *argv[] = {verb, NULL};

	assert_int_equal(keeper_main(1, argv), 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], KEEPER_VERB) == 0)
		return keeper_main(argc - 1, argv + 1);
	const struct CMUnitTest tests[] = {
		T(launches_and_records_who_it_is),
		T(pauses_and_resumes),
		T(a_drive_grows_while_it_runs),
		T(a_rate_is_kept_from_the_start_and_changed),
		T(serves_the_serial_console_to_several),
		T(says_that_the_guest_powered_off),
		T(says_that_the_guest_reset),
		T(forwards_a_reserved_port),
		T(reports_a_port_in_use),
		T(stops_politely),
		T(stops_without_a_runtime_directory),
		T(tells_a_kill_from_an_end),
		T(outlives_its_keeper),
		T(kills_what_has_no_identity_yet),
		T(ignores_the_end_of_a_session),
		T(pauses_when_the_disk_is_full),
		T(reports_a_missing_vmm),
		T(reports_the_last_words_of_a_vmm),
		T(runs_the_vmm_as_somebody_else),
		T(leaves_nothing_of_a_cancelled_start),
		T(launches_with_one_that_waits),
		T(one_that_is_not_needed_holds_nothing),
		T(one_that_waits_ends_with_who_called_it),
		cmocka_unit_test(refuses_to_run_by_hand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
