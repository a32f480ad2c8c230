/* SPDX-License-Identifier: MIT */
/*
 * See snapdisk.h.
 */
#include "core/engine/snapdisk.h"

#include "base/i18n.h"
#include "core/engine/helper.h"

#include <string.h>

int snapdisk_check(struct vmjob *j, struct err *e)
{
	return j->vm.cfg.disk == DISK_DM_SNAPSHOT ? helper_check(e) : 0;
}

/* The file whose path is the device's. */
static int find_file(struct vmjob *j, struct vmdisk_file *ret, struct err *e)
{
	const struct vmdisk_mode *mode;
	struct vmdisk_spec spec;
	struct vmdisk_set set;
	char rootfs[PATHS_MAX];

	if (vm_disks(j, rootfs, &spec, &mode, e) < 0)
		return -1;
	mode->files(&spec, &set);
	*ret = set.files[VMDISK_ROOTFS];
	return 0;
}

static int put_up(struct op *op, struct vmjob *j, const struct vmdisk_file *f, struct err *e)
{
	/* Preflight has seen that there is room: a file the kernel gave up when there was none is good again. */
	struct priv_request r = {.op = PRIV_SNAP_UP, .snap = {.bytes = f->bytes, .revive = true}};
	struct priv_reply reply = {0};

	str_copy(r.vm_id, sizeof(r.vm_id), j->vm.id);
	str_copy(r.snap.image_id, sizeof(r.snap.image_id), j->vm.image_id);
	int rc = helper_call(op, j->eng->helper, &r, &reply, e);
	if (rc == 0 && strcmp(reply.node, f->path) != 0)
		rc = err_set(e, ERR_PROTO, _("the helper made '%.64s' where '%.64s' was due"), reply.node, f->path);
	priv_reply_done(&reply);
	return rc;
}

static int attach(struct op *op, struct vmjob *j, const struct vmdisk_file *f, struct err *e)
{
	struct err why = {0};

	if (put_up(op, j, f, &why) == 0)
		return 0;
	if (why.code != ERR_EXISTS)
		return err_join(e, &why);
	return helper_take_down(op, j->eng->helper, PRIV_SNAP_DOWN, j->vm.id, e) < 0 ? -1 : put_up(op, j, f, e);
}

int snapdisk_attach(struct op *op, struct vmjob *j, struct err *e)
{
	struct vmdisk_file f;

	if (j->vm.cfg.disk != DISK_DM_SNAPSHOT)
		return 0;
	if (find_file(j, &f, e) < 0)
		return -1;
	if (helper_reach(op, j->eng->helper, e) < 0)
		return err_wrap(e, _("put its disk together"));
	if (resources_add(j->store, j->vm.id, HELD_DISK, disk_mode_to_string(DISK_DM_SNAPSHOT), f.path, e) < 0)
		return -1;
	return attach(op, j, &f, e) < 0 ? err_wrap(e, _("put its disk together")) : 0;
}

int snapdisk_give_back(struct op *op, struct engine *eng, const struct resource *r, struct err *e)
{
	return helper_take_down(op, eng->helper, PRIV_SNAP_DOWN, r->owner, e) < 0 ? err_wrap(e, _("take its disk apart")) : 0;
}
