/* SPDX-License-Identifier: MIT */
/*
 * What jobs about one VM have in common: see vmjob.h. Runs on the worker of the job.
 */
#include "core/engine/vmjob.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/engine/held.h"
#include "core/guest/keys.h"
#include "core/image/image.h"
#include "core/image/registered.h"
#include "core/store/images.h"
#include "core/store/resources.h"
#include "core/store/vms.h"
#include "core/vmm/alive.h"

#include <assert.h>
#include <string.h>

char *vm_dir(const struct engine *eng, const char *id, char buf[PATHS_MAX])
{
	return path_join(buf, PATHS_MAX, eng->paths.state, "vms/%s", id);
}

int vmjob_begin(struct vmjob *j, struct sched_run *r, struct err *e)
{
	char id[ID_SIZE];

	assert(j->eng && j->vm.id[0] && !j->store);
	j->run = r;
	str_copy(id, sizeof(id), j->vm.id);
	vm_dir(j->eng, id, j->dir);
	if (engine_store(j->eng, &j->store, e) < 0)
		return -1;
	if (vms_get(j->store, id, &j->vm, e) < 0)
		return -1;
	sched_run_set_target(r, j->vm.name, j->vm.id);
	return 0;
}

int vmjob_end(struct vmjob *j, int rc, struct err *e)
{
	struct err se = {0};

	sched_run_set_timings(j->run, j->timings);
	if (j->store && registry_sync(j->eng->reg, j->store, &se) < 0)
		log_err(NULL, &se);
	if (j->store)
		vm_refresh_ssh_config(&j->eng->paths, j->store);
	svc_poke(j->eng->svc);
	store_close(j->store);
	j->store = NULL;
	assert(rc == 0 || err_is_set(e));
	return rc;
}

void vmjob_free(void *arg)
{
	struct vmjob *j = arg;

	fd_close_auto(&j->lock_fd);
	fd_close_auto(&j->port_fd);
	store_close(j->store);
	free(j);
}

int vm_alive(const struct engine *eng, const char *id, bool *ret, struct err *e)
{
	char dir[PATHS_MAX];

	return alive_check(vm_dir(eng, id, dir), ret, e);
}

int vm_move(struct vm *vm, enum vm_event ev, const char *reason, struct err *e)
{
	enum vm_state to;
	bool legal = vm_state_next(vm->state, ev, &to);

	assert(legal);
	if (!legal)
		return err_set(e, ERR_STATE, _("VM '%s' cannot do that while %s"), vm->name,
			       vm_state_to_string(vm->state));
	if (vm_state_is_live(vm->state) && !vm_state_is_live(to))
		vm->stopped_ms = clock_wall_ms();
	if (!vm_state_is_live(vm->state) && vm_state_is_live(to))
		vm->started_ms = clock_wall_ms();
	assert(to < VM_STATE_COUNT);
	vm->state = to;
	str_copy(vm->reason, sizeof(vm->reason), reason ? reason : "");
	return 0;
}

void vm_publish(struct vmjob *j, const struct vm *written)
{
	struct err e = {0};

	assert(j->store && strcmp(j->vm.id, written->id) == 0);
	j->vm = *written;
	/* What is committed stays true; the picture is taken again at the latest when the job ends. */
	if (registry_sync(j->eng->reg, j->store, &e) < 0)
		log_err(NULL, &e);
}

int vm_transition(struct vmjob *j, enum vm_event ev, const char *reason, struct err *e)
{
	struct vm now = j->vm;

	assert(j->store);
	if (vm_move(&now, ev, reason, e) < 0 || vms_update(j->store, &now, e) < 0)
		return -1;
	vm_publish(j, &now);
	return 0;
}

int vm_release(struct op *op, struct vmjob *j, struct err *e)
{
	auto_free struct resource *rows = NULL;
	struct err re = {0};
	int n = 0, rc = 0;

	if (alive_release(j->dir, j->eng->paths.runtime, j->vm.id, &re) < 0)
		rc = err_join(e, &re);
	err_clear(&re);
	if (resources_list(j->store, j->vm.id, &rows, &n, &re) < 0)
		return err_join(e, &re);
	for (int i = 0; i < n; i++) {
		err_clear(&re);
		if (strcmp(rows[i].kind, "run") == 0 &&
		    resources_remove(j->store, rows[i].owner, rows[i].kind, rows[i].name, &re) < 0)
			rc = err_join(e, &re);
	}
	err_clear(&re);
	if (held_release(op, j->eng, j->store, j->vm.id, &re) < 0)
		log_err(op, &re);
	return rc;
}

/* The row of its image. One that is not there is no error here: what is missed is its file, and that is looked for. */
static int find_image(struct vmjob *j, struct image *ret, struct err *e)
{
	struct err gone = {0};

	*ret = (struct image){0};
	return images_get_id(j->store, j->vm.image_id, ret, &gone) < 0 && gone.code != ERR_NOT_FOUND ? err_join(e, &gone) : 0;
}

int vm_check_image(struct vmjob *j, struct err *e)
{
	struct image image;

	if (find_image(j, &image, e) < 0)
		return -1;
	if (j->vm.cfg.disk != DISK_DM_SNAPSHOT || !image.path[0])
		return registered_check(&image, e);
	err_set(e, ERR_STATE, _("disk mode dm-snapshot takes images that are kept here, and '%s' is the file %s"), image.name, image.path);
	return err_hint(e, _("copy it in: banger-tui image promote %s; or choose --disk overlay or copy"), image.name);
}

/* Where the image's file is: of a registered one, where it was left. */
static int find_rootfs(struct vmjob *j, char ret[PATHS_MAX], struct err *e)
{
	struct image image;

	if (find_image(j, &image, e) < 0)
		return -1;
	if (image.path[0])
		str_copy(ret, PATHS_MAX, image.path);
	else
		path_join(ret, PATHS_MAX, j->eng->paths.state, "images/%s/" IMAGE_ROOTFS, j->vm.image_id);
	return 0;
}

int vm_disks(struct vmjob *j, char rootfs[PATHS_MAX], struct vmdisk_spec *ret, const struct vmdisk_mode **ret_mode,
	     struct err *e)
{
	const char *mode = disk_mode_to_string(j->vm.cfg.disk);

	*ret_mode = vmdisk_mode_find(mode);
	if (!*ret_mode)
		return err_set(e, ERR_STATE, _("disk mode '%s' is not built into this program"), mode);
	if (find_rootfs(j, rootfs, e) < 0)
		return -1;
	*ret = (struct vmdisk_spec){
		.vm_id = j->vm.id,
		.dir = j->dir,
		.rootfs = rootfs,
		.rootfs_uuid = j->vm.rootfs_uuid,
		.root_bytes = j->vm.cfg.overlay_bytes,
		.work_bytes = j->vm.cfg.work_bytes,
		.upper_uuid = j->vm.upper_uuid,
		.work_uuid = j->vm.work_uuid,
	};
	return 0;
}

int vm_user_key(const struct paths *paths, struct keys_pair *ret, struct err *e)
{
	if (paths->ssh_key[0])
		return keys_load(paths->ssh_key, ret, e);
	return keys_user(paths->state, ret, e);
}

int vm_ssh_args(const struct paths *paths, const struct vm *vm, struct ssh_args *ret, struct err *e)
{
	char dir[PATHS_MAX];

	*ret = (struct ssh_args){.host = vm_ssh_host(vm), .port = vm_ssh_port(vm)};
	path_join(dir, sizeof(dir), paths->state, "vms/%s", vm->id);
	if (keys_vm_host_pub(dir, &ret->host_key, e) < 0)
		return -1;
	return vm_user_key(paths, &ret->key, e);
}

int vm_log_in(struct op *op, const struct vmjob *j, struct ssh **ret, struct err *e)
{
	struct ssh_args a;
	int rc = vm_ssh_args(&j->eng->paths, &j->vm, &a, e);

	if (rc == 0)
		rc = ssh_connect(op, &a, ret, e);
	keys_wipe(&a.key);
	return rc;
}

const char *vm_drive_name(enum vmdisk_role role)
{
	static const char *const names[VMDISK_ROLE_COUNT] = {"rootfs", "upper", "work"};

	return names[role];
}

int vm_kill_vmm(struct op *op, const struct engine *eng, const char *id, struct err *e)
{
	char dir[PATHS_MAX];

	return alive_kill(op, vm_dir(eng, id, dir), e);
}

int vm_wait_gone(struct op *op, const struct engine *eng, const char *id, int timeout_ms, struct err *e)
{
	char dir[PATHS_MAX];
	int64_t old = op_limit(op, timeout_ms);
	int rc = alive_wait_gone(op, vm_dir(eng, id, dir), e);

	op_restore(op, old);
	return rc;
}
