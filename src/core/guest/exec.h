/* SPDX-License-Identifier: MIT */
/*
 * Run a command in the guest over a logged-in session.
 *
 * argv arrives as it was given: each word is put in POSIX single quotes for the login shell's `-c`. The status is the
 * command's own, 128+N when signal N killed it; everything else that goes wrong (a lost connection above all) is an
 * error, which the command line turns into 125.
 */
#ifndef CORE_GUEST_EXEC_H
#define CORE_GUEST_EXEC_H

#include "base/buf.h"
#include "base/op.h"
#include "core/guest/ssh.h"

#include <stdbool.h>

struct exec_args {
	const char *const *argv; /* NULL: the login shell, interactive */
	int in_fd;		 /* read until its end; -1: the command gets an empty input */
	int out_fd;		 /* -1: thrown away */
	int err_fd;		 /* -1: thrown away (with a pty everything comes on out_fd) */
	bool pty;
	const char *term; /* as in struct ssh_chan_args */
	int cols;
	int rows;
	/* Window changes while it runs: resize_fd (-1: none) becomes readable, `on_resize` drains it and says the size. sshd
	 * does not apply them once the input has ended. */
	int resize_fd;
	void (*on_resize)(void *arg, int *ret_cols, int *ret_rows);
	void *arg;
};

/* Append argv, quoted for a POSIX shell: sh -c of it sees exactly these words. */
void exec_quote(const char *const *argv, struct buf *out);

/* Run until the command ended and all of its output is written. Blocks; both directions flow at once, so neither side
 * can hold up the other. The descriptors are left open and their flags untouched (they may be a terminal shared with
 * others); each is written with at most PIPE_BUF bytes once poll says so, which never blocks. SIGPIPE must be blocked or
 * ignored. When the reader of
 * out_fd or err_fd goes away (EPIPE) the command is dropped and the status is 128+SIGPIPE.
 * ERR_NET: connection lost. ERR_CANCELED, ERR_TIMEOUT: the op; the channel is closed, which hangs the command up. */
NODISCARD int exec_run(struct op *op, struct ssh *s, const struct exec_args *a, int *ret_status, struct err *e);

/* Run with `input` (may be NULL) on stdin and collect stdout, at most `max` bytes (more is ERR_PROTO). A status other
 * than 0 is ERR_TOOL: "COMMAND failed in the guest (exit 3): last line of stderr". */
NODISCARD int exec_capture(struct op *op, struct ssh *s, const char *const *argv, const void *input, size_t input_len,
			   size_t max, struct buf *ret_out, struct err *e);

/* Run with an empty input and write stdout to `out_fd`, as exec_run() does; the tail of stderr is appended to `ret_said`, cleaned. A
 * status other than 0 is ERR_TOOL as of exec_capture(); the reader of out_fd going away is ERR_CANCELED. */
NODISCARD int exec_stream(struct op *op, struct ssh *s, const char *const *argv, int out_fd, struct buf *ret_said, struct err *e);

#endif
