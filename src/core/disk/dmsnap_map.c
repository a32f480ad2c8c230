/* SPDX-License-Identifier: MIT */
/*
 * Mappings of ours, through libdevmapper: make, find, remove, ask (part of dmsnap.h).
 *
 * They are asked for by uuid, not by name: a name can be anybody's.
 */
#include "core/disk/dmsnap_priv.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <errno.h>
#include <libdevmapper.h>
#include <pthread.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LOAD_TRIES 200
#define LOAD_PAUSE_MS 10
/* Nothing looks into the disk, and nobody but us makes nodes. */
#define UDEV_FLAGS                                                                                                     \
	(DM_UDEV_DISABLE_DM_RULES_FLAG | DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG | DM_UDEV_DISABLE_DISK_RULES_FLAG |      \
	 DM_UDEV_DISABLE_OTHER_RULES_FLAG | DM_UDEV_DISABLE_LIBRARY_FALLBACK)

/* ---- one question to device mapper */

/* The library's own words would go to standard error, which is somebody's screen; errno says as much. */
static void say_nothing(int level UNUSED, const char *file UNUSED, int line UNUSED, int errno_or_class UNUSED,
			const char *fmt UNUSED, ...)
{
}

static void set_up_library(void)
{
	dm_log_with_errno_init(say_nothing);
	dm_udev_set_sync_support(0);
	dm_udev_set_checking(0);
}

static int out_of_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, _("device mapper: out of memory"));
}

static void task_done(struct dm_task **t)
{
	if (*t)
		dm_task_destroy(*t);
}
#define auto_task auto_call(task_done) struct dm_task

static bool is_loaded(void)
{
	return access("/sys/class/misc/device-mapper", F_OK) == 0;
}

static int missing(struct err *e)
{
	err_set(e, ERR_MISSING, _("this kernel has no device mapper"));
	return err_hint(e, _("load the modules: modprobe dm_mod dm_snapshot"));
}

/* To make one, libdevmapper asks the kernel for its version already. */
static struct dm_task *task_new(int type, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct dm_task *t;

	pthread_once(&once, set_up_library);
	t = dm_task_create(type);
	if (!t)
		(void)!(is_loaded() ? out_of_memory(e) : missing(e));
	return t;
}

/* About one mapping of ours. */
static struct dm_task *task_about(int type, const char *vm_id, enum dmtable_part part, struct err *e)
{
	struct dm_task *t = task_new(type, e);
	char uuid[DMTABLE_NAME_SIZE];

	dmtable_uuid(vm_id, part, uuid);
	if (!t || dm_task_set_uuid(t, uuid))
		return t;
	dm_task_destroy(t);
	out_of_memory(e);
	return NULL;
}

/* 0 or an errno; never 0 for a task that failed. */
static int task_run(struct dm_task *t)
{
	int sys;

	if (dm_task_run(t))
		return 0;
	sys = dm_task_get_errno(t);
	return sys ? sys : EIO;
}

/* Why device mapper did not do it, with the usual reasons told apart. -1. */
static int task_failed(int sys, struct err *e)
{
	if (sys != EPERM && sys != EACCES && !is_loaded())
		return missing(e);
	err_sys(e, sys, _("device mapper"));
	return sys == EINVAL ? err_hint(e, _("the kernel may lack a target; load them: modprobe dm_snapshot dm_zero")) : -1;
}

/* Zeroed when there is none. */
static int get_info(const char *vm_id, enum dmtable_part part, struct dm_info *ret, struct err *e)
{
	auto_task *t = task_about(DM_DEVICE_INFO, vm_id, part, e);
	int sys;

	*ret = (struct dm_info){0};
	if (!t)
		return -1;
	sys = task_run(t);
	if (sys && sys != ENXIO)
		return task_failed(sys, e);
	if (!sys && !dm_task_get_info(t, ret))
		return err_set(e, ERR_PROTO, _("device mapper says nothing about a mapping"));
	return 0;
}

int dmsnap_map_find(const char *vm_id, enum dmtable_part part, dev_t *ret, struct err *e)
{
	struct dm_info info;

	if (get_info(vm_id, part, &info, e) < 0)
		return -1;
	*ret = info.exists ? makedev(info.major, info.minor) : 0;
	return 0;
}

/* ---- a mapping */

/* 0 or an errno. */
static int create_empty(const struct dmsnap_map *m)
{
	auto_task *t = task_about(DM_DEVICE_CREATE, m->vm_id, m->part, NULL);
	char name[DMTABLE_NAME_SIZE];
	uint32_t cookie = 0;

	dmtable_name(m->vm_id, m->part, name);
	if (!t || !dm_task_set_name(t, name) || !dm_task_set_cookie(t, &cookie, UDEV_FLAGS))
		return ENOMEM;
	return task_run(t);
}

/* 0 or an errno. */
static int load(const struct dmsnap_map *m)
{
	auto_task *t = task_about(DM_DEVICE_RELOAD, m->vm_id, m->part, NULL);

	if (!t || (m->part == DMTABLE_BASE && !dm_task_set_ro(t)))
		return ENOMEM;
	for (int i = 0; i < m->n; i++) {
		const struct dmtable_target *target = &m->targets[i];

		if (!dm_task_add_target(t, target->start, target->sectors, target->type, target->params))
			return ENOMEM;
	}
	return task_run(t);
}

/* Kernels run out of "memory" here that is not scarce: the buffers' slab cache has the name of one that just went away with
 * another snapshot (dm_bufio_client_create, "cannot create duplicate filename"). A moment later it works. */
static int load_patiently(struct op *op, const struct dmsnap_map *m)
{
	int sys = load(m);

	for (int i = 0; i < LOAD_TRIES && sys == ENOMEM && op_sleep(op, LOAD_PAUSE_MS, NULL) == 0; i++)
		sys = load(m);
	return sys;
}

/* 0 or an errno. Here udev hears of it. */
static int resume(const struct dmsnap_map *m)
{
	auto_task *t = task_about(DM_DEVICE_RESUME, m->vm_id, m->part, NULL);
	uint32_t cookie = 0;

	return t && dm_task_set_cookie(t, &cookie, UDEV_FLAGS) ? task_run(t) : ENOMEM;
}

/* Not the library's way of doing all three at once: it forgets which errno it was. */
int dmsnap_map_create(struct op *op, const struct dmsnap_map *m, bool *ret_made, struct err *e)
{
	char name[DMTABLE_NAME_SIZE];
	int sys = create_empty(m);

	dmtable_name(m->vm_id, m->part, name);
	if (sys == EBUSY)
		return err_set(e, ERR_EXISTS, _("a mapping '%s' is there already"), name);
	*ret_made = sys == 0;
	if (!sys)
		sys = load_patiently(op, m);
	if (!sys)
		sys = resume(m);
	if (!sys)
		return 0;
	task_failed(sys, e);
	return err_wrap(e, _("create mapping '%s'"), name);
}

int dmsnap_map_remove(const char *vm_id, enum dmtable_part part, struct err *e)
{
	char name[DMTABLE_NAME_SIZE];
	uint32_t cookie = 0;
	struct dm_info info;
	auto_task *t = NULL;
	int sys;

	dmtable_name(vm_id, part, name);
	if (get_info(vm_id, part, &info, e) < 0)
		return -1;
	if (!info.exists)
		return 0;
	t = task_about(DM_DEVICE_REMOVE, vm_id, part, e);
	if (!t)
		return -1;
	if (!dm_task_set_cookie(t, &cookie, UDEV_FLAGS))
		return out_of_memory(e);
	sys = task_run(t);
	if (sys == EBUSY)
		return err_set(e, ERR_BUSY, _("mapping '%s' is still open"), name);
	if (!sys || sys == ENXIO)
		return 0;
	task_failed(sys, e);
	return err_wrap(e, _("remove mapping '%s'"), name);
}

/* ---- looking */

int dmsnap_status(const char *vm_id, struct dmsnap_status *ret, struct err *e)
{
	auto_task *t = NULL;
	char *type = NULL, *params = NULL;
	uint64_t start, length;
	struct dm_info info;
	int sys;

	*ret = (struct dmsnap_status){.health = DMSNAP_GONE};
	if (!id_is_valid(vm_id))
		return err_set(e, ERR_USAGE, _("'%.32s' is no VM id"), vm_id);
	t = task_about(DM_DEVICE_STATUS, vm_id, DMTABLE_DISK, e);
	if (!t)
		return -1;
	if (!dm_task_no_flush(t))
		return out_of_memory(e);
	sys = task_run(t);
	if (sys && sys != ENXIO)
		return task_failed(sys, e);
	if (sys || !dm_task_get_info(t, &info) || !info.exists)
		return 0;
	dm_get_next_target(t, NULL, &start, &length, &type, &params);
	if (!type || !params || strcmp(type, "snapshot") != 0)
		return err_set(e, ERR_PROTO, _("the mapping of VM %s is no snapshot"), vm_id);
	return dmtable_parse_status(params, ret, e);
}

static bool has_id(char (*ids)[ID_SIZE], int n, const char *id)
{
	for (int i = 0; i < n; i++)
		if (strcmp(ids[i], id) == 0)
			return true;
	return false;
}

/* Does a name that looks like ours belong to a mapping of ours? */
static int is_ours(const char *id, bool *ret, struct err *e)
{
	struct dm_info disk, base;

	if (get_info(id, DMTABLE_DISK, &disk, e) < 0 || get_info(id, DMTABLE_BASE, &base, e) < 0)
		return -1;
	*ret = disk.exists || base.exists;
	return 0;
}

int dmsnap_list(char (**ret)[ID_SIZE], int *ret_n, struct err *e)
{
	auto_free char(*ids)[ID_SIZE] = NULL;
	auto_task *t = NULL;
	struct dm_names *names;
	int n = 0, sys;

	*ret = NULL;
	*ret_n = 0;
	if (!is_loaded())
		return 0;
	t = task_new(DM_DEVICE_LIST, e);
	if (!t)
		return -1;
	sys = task_run(t);
	if (sys)
		return task_failed(sys, e);
	names = dm_task_get_names(t);
	/* An entry of device 0 ends an empty list; `next` is how many bytes on the following one is, 0 at the last. */
	while (names && names->dev) {
		char id[ID_SIZE];
		bool ours = false;

		if (dmtable_id_of(names->name, id) && !has_id(ids, n, id) && is_ours(id, &ours, e) < 0)
			return -1;
		if (ours) {
			ids = xrealloc(ids, (size_t)n + 1, sizeof(*ids));
			str_copy(ids[n++], ID_SIZE, id);
		}
		names = names->next ? (struct dm_names *)((char *)names + names->next) : NULL;
	}
	*ret = TAKE_PTR(ids);
	*ret_n = n;
	return 0;
}
