/* SPDX-License-Identifier: MIT */
/*
 * banger-names DIR [PORT [RESOLV.CONF [PORT]]]: see namesrv.h. What comes after DIR is the tests'.
 *
 * It takes the lock, reads the table and listens while whoever started it still waits; what goes wrong up to there is told on
 * stderr and by the exit status. Then it leaves them, with a fork, gives its rights away, and serves. No locale is set: what
 * it says goes to a log.
 *
 * PR_SET_DUMPABLE makes /proc/self root's, so what needs it comes before.
 */
#include "base/fd.h"
#include "base/lockfile.h"
#include "namesrv/confine.h"
#include "namesrv/namesrv.h"
#include "namesrv/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const struct err *e)
{
	fprintf(stderr, "%s\n", e->msg);
	return EXIT_FAILURE;
}

static int parse_port(const char *text, uint16_t *ret, struct err *e)
{
	char *end;
	long v = strtol(text, &end, 10);

	if (*end || v < 1 || v > 65535)
		return err_set(e, ERR_USAGE, "'%.32s' is no port", text);
	*ret = (uint16_t)v;
	return 0;
}

static int parse(int argc, char **argv, struct server_args *a, struct err *e)
{
	*a = (struct server_args){.dir = -1, .port = NAMESRV_PORT, .resolv_conf = "/etc/resolv.conf", .ask_port = 53};
	if (argc < 2 || argc > 5)
		return err_set(e, ERR_USAGE, "usage: banger-names DIRECTORY");
	if (argc > 2 && parse_port(argv[2], &a->port, e) < 0)
		return -1;
	if (argc > 3)
		a->resolv_conf = argv[3];
	if (argc > 4 && parse_port(argv[4], &a->ask_port, e) < 0)
		return -1;
	a->dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return a->dir < 0 ? err_sys(e, errno, "open '%s'", argv[1]) : 0;
}

/* -1: failed. 1: in the process that stays. 0: in the one that was started. */
static int leave(int dir, struct err *e)
{
	auto_fd log = openat(dir, NAMESRV_LOG, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (log < 0 || null < 0)
		return err_sys(e, errno, "open the log");
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(e, errno, "fork");
	if (pid > 0)
		return 0;
	if (setsid() < 0 || chdir("/") < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0)
		return err_sys(e, errno, "leave");
	return 1;
}

/* Serve until there is nothing to serve. Who wrote a table while the lock was still ours counts on us: so it is looked for once more
 * without it. A lock that is taken by then is another server's. */
static int serve(struct server *s, int lock)
{
	struct err e = {0};

	do {
		if (server_run(s, &e) < 0 || lockfile_release(lock, &e) < 0)
			return fail(&e);
		if (server_again(s, &e) < 0)
			return e.code == ERR_NOT_FOUND ? EXIT_SUCCESS : fail(&e);
	} while (lockfile_retake(lock, &e) == 0);
	return e.code == ERR_BUSY ? EXIT_SUCCESS : fail(&e);
}

static int run(const struct server_args *a, struct server *s, struct err *e)
{
	auto_fd lock = lockfile_take(a->dir, NAMESRV_LOCK, e);

	/* Two were started at once: the other serves. */
	if (lock < 0 && e->code == ERR_BUSY)
		return EXIT_SUCCESS;
	if (lock < 0 || server_open(s, a, e) < 0)
		return fail(e);
	int where = leave(a->dir, e);
	if (where == 0)
		return EXIT_SUCCESS;
	if (where < 0 || names_confine(e) < 0)
		return fail(e);
	return serve(s, lock);
}

int main(int argc, char **argv)
{
	struct server_args a;
	struct server s = {0};
	struct err e = {0};
	int rc = EXIT_FAILURE;

	umask(077);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (parse(argc, argv, &a, &e) < 0)
		rc = fail(&e);
	else
		rc = run(&a, &s, &e);
	server_close(&s);
	fd_close_auto(&a.dir);
	return rc;
}
