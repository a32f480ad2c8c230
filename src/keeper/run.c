/* SPDX-License-Identifier: MIT */
/*
 * Starting and watching one VMM. The order of a start matters: sockets exist before the VMM does, the identity is on
 * disk before the guest executes anything, and the report comes last. The order of an end as well: exit.json is
 * complete before the process ends, hence before the running lock is free and anybody may look for it.
 */
#include "keeper/run.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "core/net/link.h"
#include "keeper/ending.h"
#include "keeper/keeper.h"
#include "keeper/space.h"
#include "keeper/unixsock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SERIAL_LOG_MAX (8 * 1024 * 1024)
#define LAST_WORDS_MAX 65536 /* of the serial log, where a panic stands */
#define VMM_LOG_MAX (1024 * 1024)
#define GREETING_MS 20000
#define DEATH_MS 1000 /* from a broken control channel to the end of its process */
#define SPACE_EVERY_MS 2000
#define WORDS_CHUNK 4096
#define FLUSH_CHUNKS 64
/* When memory runs out on the host, a VM goes before the desktop and the console (proc(5), oom_score_adj). */
#define VMM_OOM_ADJ "300"

/* The descriptors a VMM is born with; closed here once it has its copies. */
struct birth {
	int lock, serial, serial_reader, monitor, control, words, words_reader, tap, net;
};

static void birth_done(struct birth *b)
{
	fd_close_auto(&b->serial);
	fd_close_auto(&b->serial_reader);
	fd_close_auto(&b->monitor);
	fd_close_auto(&b->control);
	fd_close_auto(&b->words);
	fd_close_auto(&b->words_reader);
	fd_close_auto(&b->tap);
	fd_close_auto(&b->net);
}

static int open_files(struct run *r, struct err *e)
{
	const struct vm_launch *l = &r->launch;
	char path[PATHS_MAX];

	if (vmm_file_path(l->runtime_dir, l->id, VMM_FILE_CONTROL, r->id.control, sizeof(r->id.control), e) < 0 ||
	    vmm_file_path(l->runtime_dir, l->id, VMM_FILE_SERIAL, r->id.serial, sizeof(r->id.serial), e) < 0 ||
	    fs_mkdir_p(l->runtime_dir, 0700, e) < 0 || vmm_files_remove(l->runtime_dir, l->id, e) < 0)
		return -1;
	path_join(path, sizeof(path), l->vm_dir, "%s", ALIVE_EXIT_FILE);
	if (fs_unlink(path, e) < 0)
		return -1;
	path_join(path, sizeof(path), l->vm_dir, "%s", ALIVE_IDENTITY_FILE);
	if (fs_unlink(path, e) < 0)
		return -1;
	if (ringlog_open(&r->serial_log, l->vm_dir, KEEPER_SERIAL_LOG, SERIAL_LOG_MAX, e) < 0)
		return -1;
	r->serial_from = r->serial_log.size;
	return ringlog_open(&r->vmm_log, l->vm_dir, KEEPER_VMM_LOG, VMM_LOG_MAX, e);
}

static int copy_fd(int fd, int *ret, struct err *e)
{
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *ret < 0 ? err_sys(e, errno, "dup") : 0;
}

static int open_serial(struct run *r, struct birth *b, struct err *e)
{
	auto_fd listener = -1;
	int serial[2];

	if (unixsock_listen(r->id.serial, &listener, e) < 0 || unixsock_pair(serial, e) < 0)
		return -1;
	b->serial = serial[1];
	r->serial = serial_new(r->loop, serial[0], TAKE_FD(listener), &r->serial_log);
	if (!r->backend->channels.stdio_serial)
		return 0;
	return fd_set_nonblock(b->serial, true, e) < 0 ? -1 : copy_fd(serial[0], &b->serial_reader, e);
}

static int open_fifo(const struct run *r, int *ret, struct err *e)
{
	char path[PATHS_MAX];

	if (vmm_file_path(r->launch.runtime_dir, r->launch.id, VMM_FILE_FIFO, path, sizeof(path), e) < 0)
		return -1;
	/* For writing as well: without a writer a named pipe is at its end, and the VMM comes and goes. */
	*ret = mkfifo(path, 0600) < 0 ? -1 : open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	return *ret < 0 ? err_sys(e, errno, _("make named pipe '%s'"), path) : 0;
}

static int open_monitor(struct run *r, struct birth *b, int *ret, struct err *e)
{
	int pair[2];

	if (r->backend->channels.fifo_monitor)
		return open_fifo(r, ret, e) < 0 ? -1 : copy_fd(*ret, &b->monitor, e);
	if (unixsock_pair(pair, e) < 0)
		return -1;
	*ret = pair[0];
	b->monitor = pair[1];
	return 0;
}

static int open_channels(struct run *r, struct birth *b, int *ret_monitor, struct err *e)
{
	int words[2];

	if (open_serial(r, b, e) < 0 || open_monitor(r, b, ret_monitor, e) < 0)
		return -1;
	if (!r->backend->channels.own_control && unixsock_listen(r->id.control, &b->control, e) < 0)
		return -1;
	if (fd_pipe(words, e) < 0)
		return -1;
	b->words = words[1];
	r->words_fd = words[0];
	if (fd_set_nonblock(r->words_fd, true, e) < 0)
		return -1;
	if (!r->backend->channels.stdio_serial)
		return 0;
	return fd_set_nonblock(b->words, true, e) < 0 ? -1 : copy_fd(r->words_fd, &b->words_reader, e);
}

/* As the user who owns it, or as root: the VMM may have become somebody else when it would. */
static int open_tap(const struct run *r, struct birth *b, struct err *e)
{
	if (!r->launch.net.tap[0] || r->backend->channels.opens_tap)
		return 0;
	return link_tap_open(r->launch.net.tap, &b->tap, e);
}

static int make_network(struct op *op, struct run *r, struct birth *b, struct err *e)
{
	if (network_up(op, &r->network, &r->launch, e) < 0 || copy_fd(r->network.net.life, &b->net, e) < 0)
		return -1;
	/* One that opens it by its name finds it free. */
	if (r->backend->channels.opens_tap)
		fd_close(&r->network.net.tap);
	b->tap = TAKE_FD(r->network.net.tap);
	return 0;
}

/* Inside its private network the VMM sees nothing of the host's. One that is to become another user cannot be there: that user is
 * none in its namespace. It has its tap as a descriptor, and stays outside. */
static bool goes_inside(const struct run *r)
{
	return r->launch.net.mode == NET_PRIVATE && !r->launch.run_as;
}

/* The VMM's last words: its log, and the last whole line of it for the report. */
static bool take_words(struct run *r)
{
	char chunk[WORDS_CHUNK];
	ssize_t n = read(r->words_fd, chunk, sizeof(chunk));

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	ringlog_write(&r->vmm_log, chunk, (size_t)n);
	for (const char *at = chunk, *end = chunk + n; at < end;) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((nl ? nl : end) - at);
		if (len > 0)
			snprintf(r->last_line, sizeof(r->last_line), "%.*s", (int)len, at);
		at += len + 1;
	}
	return true;
}

static void flush_words(struct run *r)
{
	for (int i = 0; i < FLUSH_CHUNKS; i++) {
		struct pollfd p = {.fd = r->words_fd, .events = POLLIN};
		if (poll(&p, 1, 0) <= 0 || !take_words(r))
			return;
	}
}

static void expose_to_oom(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!fd_write_all(fd, VMM_OOM_ADJ, strlen(VMM_OOM_ADJ), NULL);
}

static int spawn_vmm(struct run *r, const struct birth *b, struct err *e)
{
	auto_call(vmm_argv_done) struct vmm_argv argv = {0};
	bool stdio = r->backend->channels.stdio_serial;
	const struct spawn_pass all[] = {
		{b->lock, VMM_FD_LOCK},
		{stdio ? b->serial_reader : b->serial, VMM_FD_SERIAL},
		{b->monitor, VMM_FD_MONITOR},
		{b->control, VMM_FD_CONTROL},
		{b->words_reader, VMM_FD_WORDS},
		{b->tap, VMM_FD_TAP},
		{b->net, VMM_FD_NET},
		{goes_inside(r) ? r->network.net.user : -1, PRIVNET_FD_USER},
		{goes_inside(r) ? r->network.net.net : -1, PRIVNET_FD_NET},
	};
	struct spawn_pass pass[ARRAY_LEN(all)];
	int n_pass = 0;

	assert(b->lock >= 0 && b->serial >= 0 && b->words >= 0);
	/* Not every VMM has each of them. */
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i].fd >= 0)
			pass[n_pass++] = all[i];
	if (goes_inside(r)) {
		vmm_argv_add(&argv, "%s", r->launch.net.program);
		vmm_argv_add(&argv, PRIVNET_ENTER);
	}
	r->backend->argv(&r->launch, &argv);
	struct spawn_args a = {
		.argv = (const char *const *)argv.v,
		.cwd = r->launch.vm_dir,
		.pass = pass,
		.n_pass = n_pass,
		.stdin_fd = stdio ? b->serial : -1,
		.stdout_fd = stdio ? b->serial : b->words,
		.stderr_fd = b->words,
		.new_session = true, /* a signal for the keeper's group must not reach it */
	};
	if (spawn_start(&a, &r->vmm, e) < 0)
		return -1;
	expose_to_oom(r->vmm.pid);
	return 0;
}

static int write_identity(struct run *r, struct err *e)
{
	const struct vm_launch *l = &r->launch;
	struct vm_identity *id = &r->id;

	assert(l->id[0] && l->boot_id[0] && r->vmm.pid > 0);
	memcpy(id->id, l->id, sizeof(id->id));
	memcpy(id->boot_id, l->boot_id, sizeof(id->boot_id));
	id->vmm = l->vmm;
	str_copy(id->accel, sizeof(id->accel), vm_accel_to_string(l->accel));
	id->vmm_pid = r->vmm.pid;
	id->vmm_start = r->vmm.start_time;
	id->keeper_pid = getpid();
	id->keeper_start = proc_start_time(getpid());
	id->ssh_port = l->net.ssh_port;
	id->reporting = true;
	id->as_root = geteuid() == 0 && !l->run_as;
	return identity_save(l->vm_dir, id, e);
}

/* The control channel broke or refused: when the VMM has died, how it died says more. */
static int explain(struct op *op, struct run *r, struct err *e)
{
	struct pollfd p = {.fd = r->vmm.pidfd, .events = POLLIN};
	struct proc_status st;
	struct vm_exit x;

	/* Who refuses in its own words is alive and has said it. */
	if (e->code == ERR_TOOL || poll(&p, 1, DEATH_MS) <= 0 || proc_wait(op, &r->vmm, &st, NULL) < 0)
		return -1;
	flush_words(r);
	ending_describe(r->backend, &st, VM_END_UNKNOWN, r->last_line, &x);
	err_clear(e);
	err_set(e, ERR_TOOL, "%s", x.sentence);
	return err_hint(e, _("The whole output is in %s/%s."), r->launch.vm_dir, KEEPER_VMM_LOG);
}

static int bring_up(struct op *op, struct run *r, int monitor, struct err *e)
{
	struct vmm_newborn n = {
		.launch = &r->launch, .proc = &r->vmm, .control = r->id.control, .monitor_fd = monitor};
	int64_t old = op_limit(op, GREETING_MS);
	int rc = r->backend->attach(op, &n, &r->link, e);

	if (rc == 0)
		rc = write_identity(r, e);
	if (rc == 0)
		rc = r->backend->start(op, &r->link, &r->launch, e);
	op_restore(op, old);
	return rc < 0 ? explain(op, r, e) : 0;
}

static int start_vmm(struct op *op, struct run *r, int lock_fd, struct err *e)
{
	auto_call(birth_done) struct birth b = {lock_fd, -1, -1, -1, -1, -1, -1, -1, -1};
	auto_fd monitor = -1;

	if (open_files(r, e) < 0 || open_channels(r, &b, &monitor, e) < 0)
		return -1;
	int rc = r->launch.net.mode == NET_PRIVATE ? make_network(op, r, &b, e) : open_tap(r, &b, e);
	if (rc < 0 || spawn_vmm(r, &b, e) < 0)
		return -1;
	/* Our copies of the VMM's ends must go, or its death would not be an end of file. */
	birth_done(&b);
	return bring_up(op, r, TAKE_FD(monitor), e);
}

int run_start(struct op *op, struct run *r, const char *vm_dir, int lock_fd, struct err *e)
{
	*r = (struct run){.words_fd = -1, .vmm.pidfd = -1, .serial_log.fd = -1, .vmm_log.fd = -1, .link.fd = -1};
	r->loop = loop_new(NULL);
	if (vm_launch_load(vm_dir, &r->launch, e) < 0)
		return -1;
	r->backend = vmm_find(r->launch.vmm);
	if (start_vmm(op, r, lock_fd, e) == 0)
		return 0;
	run_abort(r);
	return -1;
}

void run_reported(struct run *r)
{
	assert(r->id.reporting);
	r->id.reporting = false;
	/* Should this fail, who started it still knows of it: only its crash in this very moment would cost the VM. */
	(void)!identity_save(r->launch.vm_dir, &r->id, NULL);
}

static void on_link(void *arg, int fd UNUSED, short revents UNUSED)
{
	struct run *r = arg;

	if (r->backend->drain(&r->link, NULL) < 0)
		loop_remove(r->loop, r->link_watch);
}

static void on_words(void *arg, int fd UNUSED, short revents UNUSED)
{
	struct run *r = arg;

	if (!take_words(r))
		loop_remove(r->loop, r->words_watch);
}

static void on_ended(void *arg, int fd UNUSED, short revents UNUSED)
{
	struct run *r = arg;

	loop_stop(r->loop);
}

/* Where a person paused it, it stands still when there is room again, too. */
static bool is_paused(const struct run *r)
{
	char path[PATHS_MAX];

	return fs_exists(path_join(path, sizeof(path), r->launch.vm_dir, "%s", ALIVE_PAUSED_FILE));
}

static void hold(struct run *r, bool on)
{
	if ((on || !is_paused(r)) && r->backend->hold(&r->link, on, NULL) < 0)
		return;
	r->held = on;
	r->id.no_space = on;
}

/* Say so to whoever looks. The very reason may keep it from being written: it is tried until it is. */
static void note_hold(struct run *r)
{
	if (r->noted != r->id.no_space && identity_save(r->launch.vm_dir, &r->id, NULL) == 0)
		r->noted = r->id.no_space;
}

static void check_space(void *arg)
{
	struct run *r = arg;
	uint64_t free_bytes;
	uint64_t total;
	bool held = r->held || r->link.stalled;

	if (fs_space(r->launch.vm_dir, &free_bytes, &total, NULL) == 0) {
		bool want = space_should_hold(held, free_bytes, r->launch.min_free_mib);
		bool paused = is_paused(r);
		/* Somebody who could not see that it is held may have let it go on. */
		if (want != held || (want && (!r->held || (r->was_paused && !paused))))
			hold(r, want);
		r->was_paused = paused;
	}
	note_hold(r);
	loop_timer(r->loop, SPACE_EVERY_MS, check_space, r);
}

static void remove_traces(struct run *r)
{
	char path[PATHS_MAX];

	path_join(path, sizeof(path), r->launch.vm_dir, "%s", ALIVE_IDENTITY_FILE);
	(void)!fs_unlink(path, NULL);
	if (r->id.control[0])
		(void)!vmm_files_remove(r->launch.runtime_dir, r->launch.id, NULL);
}

/* The end of what the guest of this run wrote. A log that began anew meanwhile is all of this run. */
static void explain_reset(const struct run *r, struct vm_exit *x)
{
	int64_t size = r->serial_log.size, from = r->serial_from <= size ? r->serial_from : 0;
	auto_fd fd = open(r->serial_log.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	auto_buf text = {0};

	from = MAX(from, size - LAST_WORDS_MAX);
	if (fd >= 0 && lseek(fd, (off_t)from, SEEK_SET) >= 0 &&
	    fd_read_all(fd, LAST_WORDS_MAX, r->serial_log.path, &text, NULL) == 0)
		ending_explain_reset(x, buf_cstr(&text), text.len);
}

static int write_exit(struct run *r, const struct proc_status *st, struct err *e)
{
	struct vm_exit x;

	assert(r->launch.boot_id[0]);
	ending_describe(r->backend, st, r->link.end, r->last_line, &x);
	explain_reset(r, &x);
	memcpy(x.boot_id, r->launch.boot_id, sizeof(x.boot_id));
	x.time_ms = clock_wall_ms();
	return exit_save(r->launch.vm_dir, &x, e);
}

static int finish(struct run *r, struct err *e)
{
	struct proc_status st;
	struct op op;

	(void)!r->backend->drain(&r->link, NULL);
	flush_words(r);
	serial_flush(r->serial);
	op_init(&op, -1);
	int rc = proc_wait(&op, &r->vmm, &st, e);
	op_done(&op);
	network_down(&r->network);
	if (rc == 0)
		rc = write_exit(r, &st, e);
	remove_traces(r);
	return rc;
}

int run_watch(struct run *r, struct err *e)
{
	assert(r->link.fd >= 0 && r->words_fd >= 0 && r->vmm.pidfd >= 0);
	r->link_watch = loop_watch(r->loop, r->link.fd, POLLIN, on_link, r);
	r->words_watch = loop_watch(r->loop, r->words_fd, POLLIN, on_words, r);
	loop_watch(r->loop, r->vmm.pidfd, POLLIN, on_ended, r);
	if (r->launch.net.mode == NET_PRIVATE)
		network_watch(&r->network, r->loop, &r->vmm_log);
	check_space(r);
	if (loop_run(r->loop, e) < 0)
		return -1;
	return finish(r, e);
}

void run_abort(struct run *r)
{
	if (r->vmm.pid > 0)
		proc_kill(NULL, &r->vmm);
	network_down(&r->network);
	remove_traces(r);
}

void run_done(struct run *r)
{
	if (r->backend && r->link.impl)
		r->backend->detach(&r->link);
	network_down(&r->network);
	serial_free(r->serial);
	fd_close_auto(&r->words_fd);
	ringlog_close(&r->serial_log);
	ringlog_close(&r->vmm_log);
	proc_done(&r->vmm);
	loop_free(r->loop);
}
