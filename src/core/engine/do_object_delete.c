/* SPDX-License-Identifier: MIT */
/*
 * delete of an image or a kernel: refused while VMs use it, naming them. The row goes first, under the write lock that
 * also saw no users, and a ledger row for the directory comes with it: after a crash the next start removes that.
 */
#include "core/engine/vmjob.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "core/store/images.h"
#include "core/store/resources.h"

#include <stdio.h>

#define DIR_NAME_SIZE (OBJ_NAME_SIZE + 16) /* of a directory below the state directory */

static int refuse_used(const char *what, const char *name, int n, const char *users, struct err *e)
{
	err_set(e, ERR_STATE, _("%s '%s' is used by %d VM(s): %s"), what, name, n, users);
	return err_hint(e, _("delete those first"));
}

/* The key's name tells reconcile which job to keep out of the way of. */
static int note_directory(struct vmjob *j, const char *id, const char *name, struct err *e)
{
	char key[SCHED_KEY_SIZE];

	snprintf(key, sizeof(key), "%s:%s", j->req.kind == REQ_IMAGE_DELETE ? "image" : "kernel", j->req.ref);
	return resources_add(j->store, id, "published", name, key, e);
}

static int remove_directory(struct vmjob *j, const char *id, const char *name, struct err *e)
{
	char path[PATHS_MAX];

	if (fs_remove_tree(path_join(path, sizeof(path), j->eng->paths.state, "%s", name), e) < 0)
		return -1;
	return resources_remove(j->store, id, "published", name, e);
}

static int drop_image_row(struct vmjob *j, char id[ID_SIZE], char name[DIR_NAME_SIZE], struct err *e)
{
	auto_txn struct store *txn = j->store;
	struct image image;
	char users[256];
	int n;

	if (store_begin(txn, e) < 0 || images_get(txn, j->req.ref, &image, e) < 0 ||
	    images_users(txn, image.id, users, sizeof(users), &n, e) < 0)
		return -1;
	if (n > 0)
		return refuse_used(_("image"), j->req.ref, n, users, e);
	str_copy(id, ID_SIZE, image.id);
	snprintf(name, DIR_NAME_SIZE, "images/%s", id);
	if (images_delete(txn, id, e) < 0 || note_directory(j, id, name, e) < 0)
		return -1;
	return store_commit(txn, e);
}

static int drop_kernel_row(struct vmjob *j, char id[ID_SIZE], char name[DIR_NAME_SIZE], struct err *e)
{
	auto_txn struct store *txn = j->store;
	struct kernel kernel;
	char users[256];
	int n;

	if (store_begin(txn, e) < 0 || kernels_get(txn, j->req.ref, &kernel, e) < 0 ||
	    kernels_users(txn, kernel.name, users, sizeof(users), &n, e) < 0)
		return -1;
	if (n > 0)
		return refuse_used(_("kernel"), j->req.ref, n, users, e);
	str_copy(id, ID_SIZE, kernel.id);
	snprintf(name, DIR_NAME_SIZE, "kernels/%s", kernel.name);
	if (kernels_delete(txn, kernel.name, e) < 0 || note_directory(j, id, name, e) < 0)
		return -1;
	return store_commit(txn, e);
}

int do_image_delete(void *arg, struct op *op UNUSED, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	char id[ID_SIZE], name[DIR_NAME_SIZE];
	int rc;

	j->run = r;
	rc = engine_store(j->eng, &j->store, e);
	if (rc == 0)
		rc = drop_image_row(j, id, name, e);
	if (rc == 0)
		rc = remove_directory(j, id, name, e);
	if (rc < 0)
		err_wrap(e, _("delete image '%s'"), j->req.ref);
	return vmjob_end(j, rc, e);
}

int do_kernel_delete(void *arg, struct op *op UNUSED, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	char id[ID_SIZE], name[DIR_NAME_SIZE];
	int rc;

	j->run = r;
	rc = engine_store(j->eng, &j->store, e);
	if (rc == 0)
		rc = drop_kernel_row(j, id, name, e);
	if (rc == 0)
		rc = remove_directory(j, id, name, e);
	if (rc < 0)
		err_wrap(e, _("delete kernel '%s'"), j->req.ref);
	return vmjob_end(j, rc, e);
}
