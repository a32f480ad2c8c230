/* SPDX-License-Identifier: MIT */
/*
 * Starting a name server, from the engine's side (namesrv.h). It leaves by itself once it listens, so the start is a tool that is
 * run to its end.
 */
#include "namesrv/namesrv.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/lockfile.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/program.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "banger-names"
#define START_MS 10000

int namesrv_is_running(const char *dir, bool *ret, struct err *e)
{
	auto_fd fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret = false;
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, _("open '%s'"), dir);
	return lockfile_is_held(fd, NAMESRV_LOCK, ret, e);
}

struct namesrv_start {
	char program[PATHS_MAX], dir[PATHS_MAX];
	const char *argv[3];
	struct spawn_run_args args;
	struct spawned *tool;
};

int namesrv_begin(const char *dir, const char *program, struct namesrv_start **ret, struct err *e)
{
	bool running;

	*ret = NULL;
	if (namesrv_is_running(dir, &running, e) < 0)
		return -1;
	if (running)
		return 0;
	struct namesrv_start *s = xcalloc(1, sizeof(*s));
	if (program)
		str_copy(s->program, sizeof(s->program), program);
	else
		(void)!program_ours(NAME, PROGRAM_INSTALLED_FIRST, s->program); /* where it is not, starting it says so */
	str_copy(s->dir, sizeof(s->dir), dir);
	s->argv[0] = s->program;
	s->argv[1] = s->dir;
	s->args.argv = s->argv;
	if (spawn_run_begin(&s->args, NULL, &s->tool, e) < 0) {
		free(s);
		return err_wrap(e, _("start the name server"));
	}
	*ret = s;
	return 0;
}

int namesrv_end(struct op *op, struct namesrv_start *s, struct err *e)
{
	if (!s)
		return 0;
	int64_t old = op_limit(op, START_MS);
	int rc = spawn_run_end(op, s->tool, e);
	op_restore(op, old);
	free(s);
	return rc < 0 ? err_wrap(e, _("start the name server")) : 0;
}
