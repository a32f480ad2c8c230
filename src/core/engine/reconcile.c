/* SPDX-License-Identifier: MIT */
/*
 * Reconcile: what the last crash, of any process, left to do. Runs on the svc thread, when the store is open and whenever a
 * process is found to have died at its work; what it finds about a VM becomes a job, which takes the VM's key and looks again.
 *
 * The three sources are the rows (a VM that should be alive), the ledger (something was half-way), and the directories
 * (something no row speaks of). Nothing that a live process works on is touched: its keys are locked.
 */
#include "core/engine/engine_priv.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/disk/vmdisk.h"
#include "core/engine/held.h"
#include "core/engine/keylocks.h"
#include "core/engine/publishing.h"
#include "core/engine/vmjob.h"
#include "core/engine/vmnames.h"
#include "core/image/publish.h"
#include "core/image/scratch.h"
#include "core/store/images.h"
#include "core/store/resources.h"
#include "core/store/vms.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

/* What the ledger says of a VM. */
enum mention { NOT_MENTIONED, MENTIONED, HALF_DONE };

static enum mention mention_of(const struct resource *rows, int n, const char *id)
{
	enum mention most = NOT_MENTIONED;

	for (int i = 0; i < n; i++) {
		if (strcmp(rows[i].owner, id) != 0)
			continue;
		if (strcmp(rows[i].kind, "create") == 0 || strcmp(rows[i].kind, "delete") == 0)
			return HALF_DONE;
		most = MENTIONED;
	}
	return most;
}

/* Does a job of some process work on this VM? Then what does not fit is in the making. */
static bool is_worked_on(const struct engine *eng, const char *id)
{
	char key[SCHED_KEY_SIZE];
	bool held = true;

	snprintf(key, sizeof(key), "vm:%s", id);
	return keylocks_is_held(&eng->paths, key, &held, NULL) < 0 || held;
}

/* VMs whose row, lock or ledger do not fit together. */
static void queue_vms(struct engine *eng, const struct resource *rows, int n)
{
	auto_free struct vm *vms = NULL;
	int nvms = registry_all_vms(eng->reg, &vms);
	struct request reap = {.kind = REQ_VM_REAP};

	for (int i = 0; i < nvms; i++) {
		enum mention what;
		bool alive = false;

		if (vm_alive(eng, vms[i].id, &alive, NULL) < 0)
			continue;
		what = mention_of(rows, n, vms[i].id);
		if (alive == vm_state_is_live(vms[i].state) && what != HALF_DONE && (alive || what == NOT_MENTIONED))
			continue;
		if (!is_worked_on(eng, vms[i].id))
			engine_queue(eng, &reap, &vms[i], 0, 0, false);
	}
}

/* Has the table a row for what the ledger says was published? Not being able to look is no "no". */
static bool has_row(struct engine *eng, struct store *s, const struct resource *r)
{
	struct err e = {0};
	struct image image;
	struct kernel kernel;

	if (images_get_id(s, r->owner, &image, &e) == 0)
		return !image.path[0]; /* one that stays where it is has no directory: it was about to be promoted */
	if (e.code != ERR_NOT_FOUND)
		return true;
	err_clear(&e);
	if (strncmp(r->detail, "kernel:", 7) != 0)
		return false;
	/* That of a former one, which was about to be replaced, says nothing of what is there now. */
	if (kernels_get(s, r->detail + 7, &kernel, &e) == 0)
		return !publishing_is_half_done(eng->paths.state, r->name, r->owner);
	return e.code != ERR_NOT_FOUND;
}

/* What it was about to replace has its place again. */
static int take_away(const struct engine *eng, const struct resource *r)
{
	char path[PATHS_MAX];

	if (fs_remove_tree(path_join(path, sizeof(path), eng->paths.state, "%s", r->name), NULL) < 0)
		return -1;
	publishing_put_back(eng->paths.state, r->name, r->owner);
	return 0;
}

/* A directory that was published without its row being written, or lost its row without being removed. */
static void settle_published(struct engine *eng, struct store *s, const struct resource *r)
{
	const char *keys[] = {r->detail};
	int fd;

	if (keylocks_take(&eng->paths, keys, 1, &fd, NULL) < 0)
		return; /* its pull is still running */
	if (has_row(eng, s, r) || take_away(eng, r) == 0) {
		if (resources_remove(s, r->owner, r->kind, r->name, NULL) < 0)
			log_warn(NULL, "ledger row of %s stays for the next start", r->name);
	}
	fd_close(&fd);
}

/* Take the key of a VM that no row speaks of: -1 when one does or somebody works on it. */
static int take_lost(struct engine *eng, struct store *s, const char *id, const char *key)
{
	struct err gone = {0};
	struct vm vm;
	int fd;

	if (registry_get_vm(eng->reg, id, &vm) || keylocks_take(&eng->paths, &key, 1, &fd, NULL) < 0)
		return -1;
	/* Under the key, the store itself is asked: another process may have made the VM since our picture was taken. */
	if (vms_get(s, id, &vm, &gone) == 0 || gone.code != ERR_NOT_FOUND)
		fd_close(&fd);
	return fd;
}

/* Whoever makes a VM writes its row before its disks, and whoever deletes one removes them in the other order: disks
 * without a row are a VM's of a store that was lost, or put back from an older copy. They may be all there is of it. */
static bool must_stay(struct engine *eng, const char *id, const char *dir, bool is_ordered)
{
	bool alive = true;

	return vm_alive(eng, id, &alive, NULL) < 0 || alive || (!is_ordered && vmdisk_is_any_in(dir));
}

/* A VM directory without a row or job; or only the lock file such a VM leaves behind. Returns true when it has to stay. `order`: the
 * ledger says that it is to go (a delete by force that could not remove it), disks and all. */
static bool sweep_lost(struct engine *eng, struct store *s, const char *id, const struct resource *order)
{
	char key[SCHED_KEY_SIZE], dir[PATHS_MAX];
	int fd;

	snprintf(key, sizeof(key), "vm:%s", id);
	fd = take_lost(eng, s, id, key);
	if (fd < 0)
		return false;
	if (must_stay(eng, id, vm_dir(eng, id, dir), order != NULL)) {
		fd_close(&fd);
		return true;
	}
	if (fs_exists(dir))
		log_info(NULL, "remove left-over directory of VM %s", id);
	if (fs_remove_tree(dir, NULL) < 0) {
		log_warn(NULL, "%s could not be removed", dir);
		fd_close(&fd);
		return false;
	}
	if (order && resources_remove(s, order->owner, order->kind, order->name, NULL) < 0)
		log_warn(NULL, "ledger row of %s stays for the next start", order->name);
	if (keylocks_remove(&eng->paths, key, &fd, NULL) < 0)
		log_warn(NULL, "lock file %s could not be removed", key);
	return false;
}

static void finish_deletes(struct engine *eng, struct store *s, const struct resource *rows, int n)
{
	struct vm vm;

	for (int i = 0; i < n; i++)
		if (strcmp(rows[i].kind, "delete") == 0 && !registry_get_vm(eng->reg, rows[i].owner, &vm))
			(void)sweep_lost(eng, s, rows[i].owner, &rows[i]);
}

/* Every entry of a folder of the state directory that is `prefix` and an id. Returns how many have to stay. */
static int sweep_folder(struct engine *eng, struct store *s, const char *folder, const char *prefix)
{
	char path[PATHS_MAX];
	struct dirent *d;
	int stay = 0;
	DIR *dir = opendir(path_join(path, sizeof(path), eng->paths.state, "%s", folder));

	while (dir && (d = readdir(dir)))
		if (strncmp(d->d_name, prefix, strlen(prefix)) == 0 && id_is_valid(d->d_name + strlen(prefix)))
			stay += sweep_lost(eng, s, d->d_name + strlen(prefix), NULL);
	if (dir)
		closedir(dir);
	return stay;
}

static void sweep_vms(struct engine *eng, struct store *s)
{
	int lost = sweep_folder(eng, s, "vms", "");

	(void)sweep_folder(eng, s, "locks", "vm:");
	if (lost != atomic_exchange(&eng->lost, lost) && lost)
		log_warn(NULL, "%d VMs have disks and no row in the store; they are left as they are", lost);
}

static void sweep_staging(const char *dir, const char *folder)
{
	char path[PATHS_MAX];
	struct err e = {0};
	int removed = 0;

	if (publish_sweep(path_join(path, sizeof(path), dir, "%s", folder), &removed, &e) < 0)
		log_err(NULL, &e);
	if (removed)
		log_info(NULL, "removed %d left-over staging directories of %s", removed, folder);
}

/* Ending a tool takes time, which this thread has not. */
static void queue_sweep(struct engine *eng)
{
	struct request sweep = {.kind = REQ_HOST_SWEEP, .ref = SWEEP_SCRATCH};

	if (scratch_is_left(SCRATCH_ROOT))
		engine_queue(eng, &sweep, NULL, 0, 0, false);
}

/* Deleted by force while the rights were missing. */
static void queue_held(struct engine *eng, const struct resource *rows, int n)
{
	struct request sweep = {.kind = REQ_HOST_SWEEP, .ref = SWEEP_HELD};
	struct vm vm;

	for (int i = 0; i < n; i++) {
		if (!held_is(&rows[i]) || registry_get_vm(eng->reg, rows[i].owner, &vm) ||
		    is_worked_on(eng, rows[i].owner))
			continue;
		engine_queue(eng, &sweep, NULL, 0, 0, false);
		return;
	}
}

/* Before anybody looks, so that a short verb waits for it as for all the rest. */
static void queue_names(struct engine *eng)
{
	auto_free struct vm *live = NULL;
	int n = registry_live_vms(eng->reg, &live);
	struct request sweep = {.kind = REQ_HOST_SWEEP, .ref = SWEEP_NAMES};

	if (vmnames_is_missed(eng, live, n))
		engine_queue(eng, &sweep, NULL, 0, 0, false);
}

int reconcile_all(struct engine *eng, struct store *s, struct err *e)
{
	auto_free struct resource *rows = NULL;
	int n = 0;

	if (resources_list(s, NULL, &rows, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (strcmp(rows[i].kind, "published") == 0)
			settle_published(eng, s, &rows[i]);
	queue_vms(eng, rows, n);
	queue_held(eng, rows, n);
	queue_names(eng);
	finish_deletes(eng, s, rows, n);
	sweep_vms(eng, s);
	sweep_staging(eng->paths.state, "images");
	sweep_staging(eng->paths.state, "kernels");
	sweep_staging(eng->paths.cache, "kit");
	queue_sweep(eng);
	return 0;
}
