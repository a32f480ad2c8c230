/* SPDX-License-Identifier: MIT */
/*
 * Starting a name server, from the engine's side (namesrv.h). It leaves by itself once it listens, so the start is a tool that is
 * run to its end.
 */
#include "namesrv/namesrv.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/lockfile.h"
#include "base/path.h"
#include "base/program.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
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

int namesrv_ensure(struct op *op, const char *dir, const char *program, struct err *e)
{
	char found[PATHS_MAX];
	bool running;

	if (namesrv_is_running(dir, &running, e) < 0)
		return -1;
	if (running)
		return 0;
	(void)!program_ours(NAME, PROGRAM_INSTALLED_FIRST, found); /* where it is not, starting it says so */
	const char *const argv[] = {program ? program : found, dir, NULL};
	int64_t old = op_limit(op, START_MS);
	int rc = spawn_run(op, &(struct spawn_run_args){.argv = argv}, NULL, e);
	op_restore(op, old);
	return rc < 0 ? err_wrap(e, _("start the name server")) : 0;
}
