/* SPDX-License-Identifier: MIT */
/*
 * engine_exec, engine_vmm_metrics and engine_read_log: the services of the engine that the command line calls and waits for.
 */
#include "core/engine/engine.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/engine/hold.h"
#include "core/engine/imagecmd.h"
#include "core/engine/vmjob.h"
#include "core/guest/exec.h"
#include "core/guest/ready.h"
#include "core/vmm/alive.h"
#include "core/vmm/vmm.h"
#include "keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define CONNECT_MS 90000
#define BOOTED_S 30
#define METRICS_MS 2000

struct target {
	const struct paths *paths;
	const struct vm *vm;
};

static bool still_alive(void *arg)
{
	struct target *t = arg;
	char dir[PATHS_MAX];
	bool alive = true;

	path_join(dir, sizeof(dir), t->paths->state, "vms/%s", t->vm->id);
	return alive_check(dir, &alive, NULL) < 0 || alive;
}

static int connect_vm(struct op *op, struct target *t, struct ssh **ret, struct err *e)
{
	struct ready_args a = {.vm_name = t->vm->name, .boot_id = t->vm->boot_id, .is_alive = still_alive, .arg = t};
	int64_t old = op_limit(op, CONNECT_MS);
	int rc = vm_ssh_args(t->paths, t->vm, &a.ssh, e);

	if (rc == 0)
		rc = ready_wait(op, &a, ret, e);
	keys_wipe(&a.ssh.key);
	op_restore(op, old);
	return rc;
}

/* The newest of the sizes waiting in the pipe. */
static void read_size(void *arg, int *ret_cols, int *ret_rows)
{
	const struct engine_exec *x = arg;
	struct winsize ws;

	if (read(x->resize_fd, &ws, sizeof(ws)) != (ssize_t)sizeof(ws))
		return;
	*ret_cols = ws.ws_col;
	*ret_rows = ws.ws_row;
}

int engine_exec(struct op *op, const struct paths *paths, const struct engine_exec *x, int *ret_status, struct err *e)
{
	auto_call(imagecmd_done) struct imagecmd own = {0};
	struct target t = {paths, x->vm};
	auto_ssh session = NULL;
	struct err slow = {0};
	struct exec_args a = {
		.argv = x->argv,
		.in_fd = x->in_fd,
		.out_fd = x->out_fd,
		.err_fd = x->err_fd,
		.pty = x->pty,
		.term = x->term,
		.cols = x->cols,
		.rows = x->rows,
		.resize_fd = x->resize_fd,
		.on_resize = read_size,
		.arg = (void *)x,
	};

	if (!vm_state_is_live(x->vm->state)) {
		err_set(e, ERR_STATE, _("VM '%s' is not running"), x->vm->name);
		return err_hint(e, _("start it: banger-tui vm start %s"), x->vm->name);
	}
	if (x->entrypoint) {
		if (imagecmd_make(paths, x->vm, x->argv, &own, e) < 0)
			return -1;
		a.argv = own.argv;
	}
	if (vm_check_awake(paths, x->vm, e) < 0 || connect_vm(op, &t, &session, e) < 0)
		return -1;
	/* An init that takes longer is no reason to refuse the command; it is told in the log. */
	if (x->wait_booted && ready_wait_booted(op, session, BOOTED_S, &slow) < 0)
		log_err(op, &slow);
	if (op_check(op, e) < 0)
		return -1;
	return exec_run(op, session, &a, ret_status, e);
}

int engine_vmm_metrics(struct op *op, const struct paths *paths, const struct vm *vm, struct vmm_metrics *ret, struct err *e)
{
	struct vm_identity who;
	char dir[PATHS_MAX];
	int64_t old;
	int rc;

	if (!vm_state_is_live(vm->state))
		return err_set(e, ERR_STATE, _("VM '%s' does not run"), vm->name);
	if (identity_load(path_join(dir, sizeof(dir), paths->state, "vms/%s", vm->id), &who, e) < 0)
		return -1;
	old = op_limit(op, METRICS_MS);
	rc = vmm_find(who.vmm)->metrics(op, &who, ret, e);
	op_restore(op, old);
	return rc;
}

int engine_read_log(const struct paths *paths, const struct vm *vm, const char *which, size_t max, struct buf *ret,
		    struct err *e)
{
	const char *file = strcmp(which, "vmm") == 0 ? KEEPER_VMM_LOG : KEEPER_SERIAL_LOG;
	char path[PATHS_MAX];
	struct stat st;
	auto_fd fd = open(path_join(path, sizeof(path), paths->state, "vms/%s/%s", vm->id, file), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &st) < 0) {
		if (errno == ENOENT)
			return err_set(e, ERR_NOT_FOUND, _("VM '%s' has no %s log yet: it never ran"), vm->name, which);
		return err_sys(e, errno, _("open %s"), path);
	}
	if ((uint64_t)st.st_size > max && lseek(fd, -(off_t)max, SEEK_END) < 0)
		return err_sys(e, errno, _("read %s"), path);
	return fd_read_all(fd, max + (size_t)64 * 1024, path, ret, e);
}
