/* SPDX-License-Identifier: MIT */
/*
 * The real console on the fake engine: for tests in tmux and for the benchmark. Never installed.
 *
 *	banger-ui-fake [--vms N] [--all-run] [--empty] [--fail-open] [--still] [--theme T] [--ascii] [--mouse] [--readonly]
 *		       [--script FILE] [--first-frame] [--crash]
 *
 * --still: no figures, no time. --first-frame: leave after it. --crash: ctrl-x ends in an abort, to see the terminal
 * given back. A console opens a shell of this host on a pty.
 */
#include "base/crash.h"
#include "base/mem.h"
#include "tests/lib/fake_engine.h"
#include "ui/term/console_fd.h"
#include "ui/ui.h"

#include <fcntl.h>
#include <getopt.h>
#include <libintl.h>
#include <locale.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fake_args fake_args = {.vms = 5, .live = true};

/* The session in disguise is the pty's descriptor. */
static struct ssh *open_shell(void *arg, const char *vm_id)
{
	struct winsize ws = {.ws_row = 24, .ws_col = 80};
	sigset_t none;
	int fd;
	pid_t pid = forkpty(&fd, NULL, NULL, &ws);

	(void)arg;
	(void)vm_id;
	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setenv("TERM", "xterm-256color", 1);
		setenv("PS1", "guest# ", 1);
		execl("/bin/sh", "sh", (char *)NULL);
		_exit(127);
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return (struct ssh *)(intptr_t)(fd + 1);
}

static struct console_io wrap(struct ssh *session)
{
	struct console_io io = {0};
	struct err e = {0};

	if (console_fd_pty((int)(intptr_t)session - 1, &io, &e) < 0)
		abort();
	return io;
}

static int open_fake(void *arg, struct engine_port *ret, struct err *e)
{
	(void)arg;
	(void)e;
	fake_port(fake_new(&fake_args), ret);
	return 0;
}

enum {
	OPT_VMS = 1,
	OPT_ALL,
	OPT_EMPTY,
	OPT_FAIL,
	OPT_STILL,
	OPT_THEME,
	OPT_ASCII,
	OPT_MOUSE,
	OPT_RO,
	OPT_SCRIPT,
	OPT_FIRST,
	OPT_CRASH
};

static const struct option options[] = {
	{"vms", required_argument, NULL, OPT_VMS},
	{"all-run", no_argument, NULL, OPT_ALL},
	{"empty", no_argument, NULL, OPT_EMPTY},
	{"fail-open", no_argument, NULL, OPT_FAIL},
	{"still", no_argument, NULL, OPT_STILL},
	{"theme", required_argument, NULL, OPT_THEME},
	{"ascii", no_argument, NULL, OPT_ASCII},
	{"mouse", no_argument, NULL, OPT_MOUSE},
	{"readonly", no_argument, NULL, OPT_RO},
	{"script", required_argument, NULL, OPT_SCRIPT},
	{"first-frame", no_argument, NULL, OPT_FIRST},
	{"crash", required_argument, NULL, OPT_CRASH},
	{0},
};

static void option(int c, struct ui_args *a)
{
	switch (c) {
	case OPT_VMS:
		fake_args.vms = (int)strtol(optarg, NULL, 10);
		break;
	case OPT_ALL:
		fake_args.all_run = true;
		break;
	case OPT_EMPTY:
		fake_args.empty = true;
		fake_args.vms = 0;
		break;
	case OPT_FAIL:
		fake_args.fail_open = true;
		break;
	case OPT_STILL:
		fake_args.live = false;
		break;
	case OPT_THEME:
		a->theme = optarg;
		break;
	case OPT_ASCII:
		a->ascii = true;
		break;
	case OPT_MOUSE:
		a->mouse = true;
		break;
	case OPT_RO:
		a->readonly = true;
		break;
	case OPT_SCRIPT:
		a->script = optarg;
		break;
	case OPT_FIRST:
		a->ready_only = true;
		break;
	case OPT_CRASH:
		alarm((unsigned)strtol(optarg, NULL, 10));
		break;
	default:
		fprintf(stderr, "unknown option\n");
		exit(64);
	}
}

/* As good as any crash: the handler of SIGABRT runs. */
static void on_alarm(int signo)
{
	(void)signo;
	abort();
}

int main(int argc, char **argv)
{
	struct ui_args a = {.open_engine = open_fake, .console_io = wrap};
	struct err e = {0};
	int c;

	setlocale(LC_ALL, "");
	bindtextdomain("banger-tui", getenv("TEXTDOMAINDIR"));
	bind_textdomain_codeset("banger-tui", "UTF-8");
	textdomain("banger-tui");
	signal(SIGCHLD, SIG_IGN);
	signal(SIGALRM, on_alarm);
	fake_args.console = open_shell;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		option(c, &a);
	if (crash_install(-1, &e) < 0 || ui_main(&a, &e) < 0) {
		fprintf(stderr, "banger-ui-fake: %s%s%s\n", e.msg, e.hint[0] ? "\n" : "", e.hint);
		return e.code == ERR_USAGE ? 64 : 1;
	}
	return 0;
}
