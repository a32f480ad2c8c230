/* SPDX-License-Identifier: MIT */
/*
 * create: reserve name and row, make the disks and the VM's own host key.
 *
 * What must be local was pulled by earlier links of the chain. The ledger row "create" is written together with the VM's
 * row and goes when the disks stand: a crash in between leaves a row that the next start of any process takes as an order
 * to remove the half-made VM.
 */
#include "core/engine/vmjob.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "core/engine/netmode.h"
#include "core/guest/keys.h"
#include "core/store/images.h"
#include "core/store/resources.h"
#include "core/store/vms.h"

#include <stdio.h>
#include <string.h>

static void new_machine_id(char ret[33])
{
	unsigned char raw[16];

	id_random(raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++)
		snprintf(ret + 2 * i, 3, "%02x", raw[i]);
}

/* The image and kernel as they are now: a chain may have waited for minutes. */
static int resolve(struct vmjob *j, struct err *e)
{
	struct image image;
	struct kernel kernel;

	if (images_get(j->store, j->vm.cfg.image, &image, e) < 0 || kernels_get(j->store, j->vm.cfg.kernel, &kernel, e) < 0)
		return -1;
	str_copy(j->vm.image_id, sizeof(j->vm.image_id), image.id);
	str_copy(j->vm.rootfs_uuid, sizeof(j->vm.rootfs_uuid), image.rootfs_uuid);
	/* A / made from the image is never smaller than it, and what is written down is what it has. */
	if (j->vm.cfg.disk != DISK_OVERLAY)
		j->vm.cfg.overlay_bytes = MAX(j->vm.cfg.overlay_bytes, image.size_bytes);
	return 0;
}

static int reserve(struct op *op UNUSED, void *ctx, struct err *e)
{
	struct vmjob *j = ctx;
	auto_txn struct store *txn = j->store;

	id_uuid(j->vm.upper_uuid);
	id_uuid(j->vm.work_uuid);
	new_machine_id(j->vm.machine_id);
	j->vm.state = VM_CREATED;
	j->vm.created_ms = clock_wall_ms();
	if (store_begin(txn, e) < 0 || resolve(j, e) < 0 || vms_insert(txn, &j->vm, e) < 0 ||
	    resources_add(txn, j->vm.id, "create", j->vm.name, NULL, e) < 0)
		return -1;
	return store_commit(txn, e);
}

static int unreserve(struct op *op UNUSED, void *ctx, struct err *e)
{
	struct vmjob *j = ctx;
	auto_txn struct store *txn = j->store;

	store_rollback(txn);
	if (store_begin(txn, e) < 0 || vms_delete(txn, j->vm.id, e) < 0 ||
	    resources_remove(txn, j->vm.id, "create", j->vm.name, e) < 0)
		return -1;
	return store_commit(txn, e);
}

static int make_disks(struct op *op, void *ctx, struct err *e)
{
	struct vmjob *j = ctx;
	const struct vmdisk_mode *mode;
	struct vmdisk_spec spec;
	char rootfs[PATHS_MAX], blanks[PATHS_MAX];

	if (vm_check_image(j, e) < 0 || fs_mkdir_p(j->dir, 0700, e) < 0 || vm_disks(j, rootfs, &spec, &mode, e) < 0)
		return -1;
	spec.blanks = path_join(blanks, sizeof(blanks), j->eng->paths.cache, "blank");
	if (vmdisk_create(op, mode, &spec, e) < 0)
		return e->code == ERR_NOT_FOUND ? err_hint(e, _("fetch it again: banger-tui image pull %s"), j->vm.cfg.image) : -1;
	/* A copy takes a while, and is never compared again. */
	return vm_check_image(j, e);
}

static int remove_directory(struct op *op UNUSED, void *ctx, struct err *e)
{
	return fs_remove_tree(((struct vmjob *)ctx)->dir, e);
}

static int make_host_key(struct op *op UNUSED, void *ctx, struct err *e)
{
	auto_keys_pair key = {0};

	return keys_vm_host(((struct vmjob *)ctx)->dir, &key, e);
}

static int settle(struct op *op UNUSED, void *ctx, struct err *e)
{
	struct vmjob *j = ctx;

	return resources_remove(j->store, j->vm.id, "create", j->vm.name, e);
}

static int choose_network(struct op *op, void *ctx, struct err *e)
{
	struct vmjob *j = ctx;

	return netmode_choose(op, j->eng, &j->vm, e);
}

static const struct step steps[] = {
	{N_("network"), choose_network, NULL},
	{N_("reserve"), reserve, unreserve},
	{N_("disks"), make_disks, remove_directory},
	{N_("host key"), make_host_key, NULL},
	{N_("settle"), settle, NULL},
};

int do_vm_create(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc;

	j->run = r;
	vm_dir(j->eng, j->vm.id, j->dir);
	rc = engine_store(j->eng, &j->store, e);
	if (rc == 0)
		rc = steps_run(op, steps, (int)ARRAY_LEN(steps), j, j->timings, sizeof(j->timings), e);
	if (rc < 0)
		err_wrap(e, _("create VM '%s'"), j->vm.name);
	return vmjob_end(j, rc, e);
}
