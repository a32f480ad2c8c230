/* SPDX-License-Identifier: MIT */
/*
 * The person's terminal joined to a command or shell in a guest: see session.h.
 *
 * SIGWINCH is turned into bytes of a pipe (a handler may write(2)), which the engine's loop reads as sizes.
 */
#include "cli/session.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int resize_pipe = -1; /* write end; for the handler */
static struct termios saved;
static bool raw;

static void on_winch(int signo UNUSED)
{
	int kept = errno;
	struct winsize ws;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) == 0 && write(resize_pipe, &ws, sizeof(ws)) < 0)
		errno = kept; /* a full pipe: the next size comes */
	errno = kept;
}

static void restore_terminal(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	raw = false;
}

static int make_raw(struct err *e)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &saved) < 0)
		return err_sys(e, errno, _("read the terminal's mode"));
	t = saved;
	cfmakeraw(&t);
	raw = true;
	atexit(restore_terminal);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &t) < 0)
		return err_sys(e, errno, _("set the terminal's mode"));
	return 0;
}

static int watch_size(int ret_fds[2], struct err *e)
{
	struct sigaction sa = {.sa_handler = on_winch, .sa_flags = SA_RESTART};
	sigset_t set;

	if (fd_pipe(ret_fds, e) < 0 || fd_set_nonblock(ret_fds[0], true, e) < 0 || fd_set_nonblock(ret_fds[1], true, e) < 0)
		return -1;
	resize_pipe = ret_fds[1];
	sigaction(SIGWINCH, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	return 0;
}

static int run_on_terminal(struct client *c, struct engine_exec *x, int *ret_status, struct err *e)
{
	const char *term = getenv("TERM");
	struct winsize ws = {.ws_row = 24, .ws_col = 80};
	int fds[2] = {-1, -1}, rc;

	if (watch_size(fds, e) < 0 || make_raw(e) < 0)
		return -1;
	ioctl(STDIN_FILENO, TIOCGWINSZ, &ws);
	x->pty = true;
	x->term = term && *term ? term : "xterm";
	x->cols = ws.ws_col ? ws.ws_col : 80;
	x->rows = ws.ws_row ? ws.ws_row : 24;
	x->resize_fd = fds[0];
	rc = engine_exec(&c->op, c->env->paths, x, ret_status, e);
	restore_terminal();
	signal(SIGWINCH, SIG_DFL);
	fd_close_auto(&fds[0]);
	fd_close_auto(&fds[1]);
	return rc;
}

int session_run(struct client *c, const struct session_args *a, int *ret_status, struct err *e)
{
	struct vm copy = *a->vm; /* the replica moves on while we run */
	struct engine_exec x = {
		.vm = &copy,
		.argv = a->argv,
		.entrypoint = a->entrypoint,
		.resize_fd = -1,
		.in_fd = STDIN_FILENO,
		.out_fd = STDOUT_FILENO,
		.err_fd = STDERR_FILENO,
		.wait_booted = a->wait_booted,
	};

	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return run_on_terminal(c, &x, ret_status, e);
	return engine_exec(&c->op, c->env->paths, &x, ret_status, e);
}
