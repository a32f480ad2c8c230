/* SPDX-License-Identifier: MIT */
#include "core/engine/growdisk.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "core/engine/hold.h"
#include "core/guest/exec.h"
#include "core/model/size.h"
#include "core/vmm/vmm.h"
#include "wire/kit.h"

#include <inttypes.h>
#include <stdio.h>

#define GUEST_MS 30000

/* The machine's disk that is to be `bytes` large now. */
struct growth {
	enum vmdisk_role role;
	const char *uuid;
	uint64_t bytes;
};

static enum vmdisk_role root_role(const struct vm *vm)
{
	return vm->cfg.disk == DISK_OVERLAY ? VMDISK_UPPER : VMDISK_ROOTFS;
}

/* Those that differ between two configurations. */
static int list_growth(const struct vm *vm, const struct vmdisk_spec *spec, const struct vm_config *before,
		       const struct vm_config *after, struct growth ret[2])
{
	enum vmdisk_role root = root_role(vm);
	int n = 0;

	if (after->overlay_bytes != before->overlay_bytes)
		ret[n++] = (struct growth){root, root == VMDISK_UPPER ? spec->upper_uuid : spec->rootfs_uuid, after->overlay_bytes};
	if (after->work_bytes != before->work_bytes)
		ret[n++] = (struct growth){VMDISK_WORK, spec->work_uuid, after->work_bytes};
	return n;
}

static int check_size(const char *what, uint64_t now, uint64_t then, struct err *e)
{
	char a[SIZE_TEXT], b[SIZE_TEXT];

	if (then >= now)
		return 0;
	return err_set(e, ERR_USAGE, _("%s has %s and cannot shrink to %s"), what, size_format(now, a), size_format(then, b));
}

static bool has_grown(const struct vm_config *before, const struct vm_config *now)
{
	return now->overlay_bytes != before->overlay_bytes || now->work_bytes != before->work_bytes;
}

int growdisk_check(const struct vmjob *j, const struct vm_config *cfg, struct err *e)
{
	const struct vm_config *now = &j->vm.cfg;

	if (check_size(_("the overlay"), now->overlay_bytes, cfg->overlay_bytes, e) < 0 ||
	    check_size(_("the work disk"), now->work_bytes, cfg->work_bytes, e) < 0)
		return -1;
	if (!vm_state_is_live(j->vm.state) || !has_grown(now, cfg))
		return 0;
	if (cfg->overlay_bytes == now->overlay_bytes || now->disk != DISK_DM_SNAPSHOT)
		return vm_check_awake(&j->eng->paths, &j->vm, e);
	/* The table of a mapping in use is not changed under a guest. */
	err_set(e, ERR_STATE, _("the snapshot of '%s' can only grow while it is stopped"), j->vm.name);
	return err_hint(e, _("stop it first: banger-tui vm stop %s"), j->vm.name);
}

static const struct vmdisk_file *find_file(const struct vmdisk_set *set, enum vmdisk_role role)
{
	for (int i = 0; i < set->n; i++)
		if (set->files[i].role == role && !set->files[i].shared)
			return &set->files[i];
	return NULL;
}

/* The VMM of a machine that runs. A device mapper's device is not told: it has not grown. */
static int tell_vmm(struct op *op, struct vmjob *j, const struct vmdisk_file *f, uint64_t bytes, struct err *e)
{
	struct vm_drive d = {0};
	struct vm_identity who;

	if (f->block || !vm_state_is_live(j->vm.state))
		return 0;
	if (identity_load(j->dir, &who, e) < 0)
		return -1;
	str_copy(d.name, sizeof(d.name), vm_drive_name(f->role));
	str_copy(d.path, sizeof(d.path), f->path);
	return vmm_find(who.vmm)->grow(op, &who, &d, bytes, e);
}

int growdisk_host(struct op *op, struct vmjob *j, const struct vm_config *cfg, struct err *e)
{
	const struct vmdisk_mode *mode;
	struct vmdisk_spec spec;
	struct vmdisk_set set;
	struct growth todo[2];
	char rootfs[PATHS_MAX];
	int n;

	if (vm_disks(j, rootfs, &spec, &mode, e) < 0)
		return -1;
	mode->files(&spec, &set);
	n = list_growth(&j->vm, &spec, &j->vm.cfg, cfg, todo);
	for (int i = 0; i < n; i++) {
		const struct vmdisk_file *f = find_file(&set, todo[i].role);

		if (f && (vmdisk_grow(f, todo[i].bytes, e) < 0 || tell_vmm(op, j, f, todo[i].bytes, e) < 0))
			return -1;
	}
	return 0;
}

static int grow_inside(struct op *op, struct ssh *session, const struct growth *g, struct err *e)
{
	char bytes[24];
	const char *const argv[] = {WIRE_KIT_PROGRAM, "grow", g->uuid, bytes, NULL};
	auto_buf out = {0};

	snprintf(bytes, sizeof(bytes), "%" PRIu64, g->bytes);
	return exec_capture(op, session, argv, NULL, 0, 4096, &out, e);
}

int growdisk_guest(struct op *op, struct vmjob *j, const struct vm_config *before, struct err *e)
{
	const struct vmdisk_mode *mode;
	struct vmdisk_spec spec;
	struct growth todo[2];
	auto_ssh session = NULL;
	char rootfs[PATHS_MAX];
	int64_t old;
	int n, rc;

	/* The row stands: what has nothing to do here must not fail. */
	if (!vm_state_is_live(j->vm.state) || !has_grown(before, &j->vm.cfg))
		return 0;
	if (vm_disks(j, rootfs, &spec, &mode, e) < 0)
		return -1;
	n = list_growth(&j->vm, &spec, before, &j->vm.cfg, todo);
	if (n == 0)
		return 0;
	old = op_limit(op, GUEST_MS);
	rc = vm_log_in(op, j, &session, e);
	for (int i = 0; rc == 0 && i < n; i++)
		rc = grow_inside(op, session, &todo[i], e);
	op_restore(op, old);
	if (rc < 0)
		return err_wrap(e, "%s", _("the disk has grown, its file system grows at the next start"));
	return 0;
}
