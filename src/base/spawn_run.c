/* SPDX-License-Identifier: MIT */
/*
 * Running a tool to its end (part of spawn.h).
 *
 * Input comes from a memfd rather than a pipe: no deadlock with the output, no SIGPIPE when the tool does not read it.
 * The end is the end of the process, not of its pipes: a daemon that a tool leaves behind keeps them open for ever.
 */
#include "base/spawn.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define OUTPUT_MAX ((size_t)1024 * 1024)

struct spawned {
	const struct spawn_run_args *a;
	struct proc proc;
	int out; /* our ends; -1 once at end of file */
	int err;
	size_t max_output;
	size_t got;
	struct buf *output; /* may be NULL */
	struct buf line;    /* the stderr line being collected */
	struct buf last;    /* the last complete one, cleaned */
};

static void run_free(struct spawned *r)
{
	fd_close(&r->out);
	fd_close(&r->err);
	proc_done(&r->proc);
	buf_done(&r->line);
	buf_done(&r->last);
	free(r);
}

static int make_input(const struct spawn_run_args *a, struct err *e)
{
	auto_fd fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "memfd_create");
	if (fd_write_all(fd, a->input, a->input_len, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "lseek");
	return TAKE_FD(fd);
}

static int make_pipe(int *ours, int *theirs, struct err *e)
{
	int fds[2];

	if (fd_pipe(fds, e) < 0)
		return -1;
	*ours = fds[0];
	*theirs = fds[1];
	return fd_set_nonblock(fds[0], true, e);
}

static int start(struct spawned *r, struct err *e)
{
	const struct spawn_run_args *a = r->a;
	auto_fd in = -1;
	auto_fd out = -1;
	auto_fd err = -1;

	if (a->input && (in = make_input(a, e)) < 0)
		return -1;
	if (r->output && a->stdout_fd <= 0 && make_pipe(&r->out, &out, e) < 0)
		return -1;
	if (make_pipe(&r->err, &err, e) < 0)
		return -1;
	struct spawn_args args = {.argv = a->argv,
				  .env = a->env,
				  .cwd = a->cwd,
				  .pass = a->pass,
				  .n_pass = a->n_pass,
				  .stdin_fd = in,
				  .stdout_fd = a->stdout_fd > 0 ? a->stdout_fd : out,
				  .stderr_fd = err};
	return spawn_start(&args, &r->proc, e);
}

static void end_line(struct spawned *r)
{
	if (r->line.len == 0)
		return;
	buf_reset(&r->last);
	utf8_clean(&r->last, r->line.data, r->line.len, false);
	buf_reset(&r->line);
	if (r->a->on_line)
		r->a->on_line(r->a->arg, buf_cstr(&r->last));
}

static void take_stderr(struct spawned *r, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (data[i] == '\n' || data[i] == '\r')
			end_line(r);
		else if (r->line.len < SPAWN_LINE_MAX)
			buf_addc(&r->line, data[i]);
	}
}

static int take_stdout(struct spawned *r, const char *data, size_t n, struct err *e)
{
	if (n > r->max_output - r->got)
		return err_set(e, ERR_PROTO, _("%s wrote more than %zu bytes"), r->a->argv[0], r->max_output);
	r->got += n;
	buf_add(r->output, data, n);
	return 0;
}

/* One read each round: an endless stream must starve neither the other nor the look at the op. */
static int drain(struct spawned *r, int *fd, struct err *e)
{
	char data[65536];
	ssize_t n = *fd < 0 ? -1 : read(*fd, data, sizeof(data));
	int rc = 0;

	if (n == 0)
		fd_close(fd);
	if (n <= 0)
		return 0;
	if (fd == &r->out)
		rc = take_stdout(r, data, (size_t)n, e);
	else
		take_stderr(r, data, (size_t)n);
	if (r->a->secret)
		explicit_bzero(data, (size_t)n);
	return rc;
}

static int pump(struct op *op, struct spawned *r, struct err *e)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = r->proc.pidfd, .events = POLLIN},
			{.fd = r->out, .events = POLLIN},
			{.fd = r->err, .events = POLLIN},
		};
		int n = op_poll(op, fds, ARRAY_LEN(fds), r->a->watch ? r->a->watch_ms : -1, e);
		if (n < 0 || (r->a->watch && r->a->watch(r->a->arg, r->proc.pid, e) < 0))
			return -1;
		if (drain(r, &r->out, e) < 0 || drain(r, &r->err, e) < 0)
			return -1;
		/* Ended before this round and nothing was left in the pipes. */
		if (fds[0].revents && !fds[1].revents && !fds[2].revents)
			return 0;
	}
}

static const char *tool_name(const struct spawn_run_args *a)
{
	const char *slash = strrchr(a->argv[0], '/');

	return slash ? slash + 1 : a->argv[0];
}

static int judge(struct spawned *r, const struct proc_status *st, struct err *e)
{
	const char *sep = r->last.len ? ": " : "";

	if (st->exited && st->code == 0)
		return 0;
	if (st->exited)
		return err_set(e, ERR_TOOL, _("%s failed (exit %d)%s%s"), tool_name(r->a), st->code, sep,
			       buf_cstr(&r->last));
	return err_set(e, ERR_TOOL, _("%s was ended by signal %d (%s)%s%s"), tool_name(r->a), st->signo,
		       sigdescr_np(st->signo) ? sigdescr_np(st->signo) : "?", sep, buf_cstr(&r->last));
}

int spawn_run_begin(const struct spawn_run_args *a, struct buf *ret_out, struct spawned **ret, struct err *e)
{
	struct spawned *r = xcalloc(1, sizeof(*r));

	assert(!a->watch || a->watch_ms > 0);
	*r = (struct spawned){.a = a,
			      .out = -1,
			      .err = -1,
			      .output = ret_out,
			      .max_output = a->max_output ? a->max_output : OUTPUT_MAX,
			      .proc = {.pidfd = -1}};
	if (start(r, e) < 0) {
		run_free(r);
		return -1;
	}
	*ret = r;
	return 0;
}

static int to_its_end(struct op *op, struct spawned *r, struct err *e)
{
	struct proc_status st;

	if (pump(op, r, e) < 0) {
		proc_kill(op, &r->proc);
		return err_wrap(e, "%s", tool_name(r->a));
	}
	end_line(r);
	if (proc_wait(op, &r->proc, &st, e) < 0)
		return -1;
	return judge(r, &st, e);
}

int spawn_run_end(struct op *op, struct spawned *r, struct err *e)
{
	int rc = to_its_end(op, r, e);

	run_free(r);
	return rc;
}

int spawn_run(struct op *op, const struct spawn_run_args *a, struct buf *ret_out, struct err *e)
{
	struct spawned *r;

	if (op_check(op, e) < 0 || spawn_run_begin(a, ret_out, &r, e) < 0)
		return -1;
	return spawn_run_end(op, r, e);
}
