/* SPDX-License-Identifier: MIT */
/*
 * Making, finding and removing scratch directories: see scratch.h.
 *
 * /tmp is everybody's: only directories of our own user are looked at, none is entered through a link, and the sticky bit
 * keeps others from putting theirs in its place. The tool is believed by pid together with start time.
 */
#include "core/image/scratch.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/lockdir.h"
#include "base/lockfile.h"
#include "base/path.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PREFIX "banger-"
#define TOOL_FILE ".tool"
#define TOOL_MAX 64
#define BEGIN_TRIES 16
#define REMOVE_MS 60000

int scratch_begin(const char *root, mode_t mode, struct scratch *s, struct err *e)
{
	assert(s->lock_fd < 0 && !s->dir[0]);
	for (int i = 0; i < BEGIN_TRIES; i++) {
		struct err mine = {0};
		char id[ID_SIZE];

		id_new(id);
		path_join(s->dir, sizeof(s->dir), root, PREFIX "%s", id);
		s->lock_fd = lockdir_make(s->dir, mode, &mine);
		if (s->lock_fd >= 0)
			return 0;
		s->dir[0] = '\0';
		if (mine.code != ERR_EXISTS) {
			err_join(e, &mine);
			return -1;
		}
	}
	return err_set(e, ERR_BUSY, _("cannot keep a temporary directory in %s"), root);
}

int scratch_set_tool(const struct scratch *s, const struct proc *p, struct err *e)
{
	char path[PATHS_MAX], text[TOOL_MAX];

	assert(s->lock_fd >= 0 && p->pid > 0);
	snprintf(text, sizeof(text), "%d %" PRIu64 "\n", (int)p->pid, p->start_time);
	return fs_write_atomic(path_join(path, sizeof(path), s->dir, TOOL_FILE), text, strlen(text), 0600, e);
}

/* Files of subordinate ids can only be removed from inside their namespace. */
static int remove_all(struct op *op, const char *dir, struct err *e)
{
	const char *argv[] = {"mmdebstrap", "--unshare-helper", "rm", "-rf", "--", dir, NULL};
	struct spawn_run_args a = {.argv = argv};

	if (fs_remove_tree(dir, NULL) == 0)
		return 0;
	if (geteuid() != 0)
		(void)!spawn_run(op, &a, NULL, NULL); /* it cannot remove the directory itself, so its status says little */
	return fs_remove_tree(dir, e);
}

void scratch_end(const struct op *op, struct scratch *s)
{
	struct op cleanup;

	if (s->dir[0]) {
		op_init_cleanup(&cleanup, op, REMOVE_MS);
		(void)!remove_all(&cleanup, s->dir, NULL);
		op_done(&cleanup);
	}
	s->dir[0] = '\0';
	if (s->lock_fd >= 0)
		fd_close(&s->lock_fd);
}

static bool is_ours(int root, const char *name)
{
	size_t n = strlen(PREFIX);
	struct stat st;

	return strncmp(name, PREFIX, n) == 0 && id_is_valid(name + n) && fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static bool is_abandoned(int root, const char *name)
{
	auto_fd dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool held = true;

	return dir >= 0 && lockfile_is_held(dir, LOCKDIR_FILE, &held, NULL) == 0 && !held;
}

bool scratch_is_left(const char *root)
{
	DIR *d = opendir(root);
	struct dirent *de;
	bool left = false;

	while (d && !left && (de = readdir(d)))
		left = is_ours(dirfd(d), de->d_name) && is_abandoned(dirfd(d), de->d_name);
	if (d)
		closedir(d);
	return left;
}

static void end_tool(const struct op *op, const char *dir)
{
	char path[PATHS_MAX];
	auto_buf text = {0};
	uint64_t start;
	struct proc p;
	int pid;

	if (fs_read_file(path_join(path, sizeof(path), dir, TOOL_FILE), TOOL_MAX, &text, NULL) < 0 ||
	    sscanf(buf_cstr(&text), "%d %" SCNu64, &pid, &start) != 2 || proc_open(pid, start, &p, NULL) < 0)
		return;
	proc_kill(op, &p);
	proc_done(&p);
}

/* 1 when removed, 0 when its maker lives or somebody else was faster. */
static int sweep_one(struct op *op, const char *dir, struct err *e)
{
	struct err mine = {0};
	auto_fd lock = lockdir_take(dir, &mine);

	if (lock < 0) {
		if (mine.code != ERR_BUSY && mine.code != ERR_NOT_FOUND)
			return err_join(e, &mine);
		return 0;
	}
	end_tool(op, dir);
	return remove_all(op, dir, e) == 0 ? 1 : -1;
}

int scratch_sweep(struct op *op, const char *root, int *ret_removed, struct err *e)
{
	DIR *d = opendir(root);
	struct dirent *de;
	int rc = 0;

	*ret_removed = 0;
	if (!d)
		return err_sys(e, errno, _("cannot read %s"), root);
	while (op_check(op, NULL) == 0 && (de = readdir(d))) {
		char dir[PATHS_MAX];
		struct err mine = {0};
		int one;

		if (!is_ours(dirfd(d), de->d_name))
			continue;
		one = sweep_one(op, path_join(dir, sizeof(dir), root, "%s", de->d_name), &mine);
		*ret_removed += one > 0;
		if (one < 0)
			rc = err_join(e, &mine);
	}
	closedir(d);
	return rc < 0 ? rc : op_check(op, e);
}
