/* SPDX-License-Identifier: MIT */
/*
 * delete of an image or a kernel: refused while VMs use it, naming them. The row goes first, under the write lock that
 * also saw no users, and a ledger row for the directory comes with it: after a crash the next start removes that.
 *
 * The two differ in their table and in what their directory is called, so each is a `struct object` beside the shared run.
 */
#include "core/engine/vmjob.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "core/store/images.h"
#include "core/store/resources.h"

#include <assert.h>
#include <stdio.h>

#define DIR_NAME_SIZE (OBJ_NAME_SIZE + 16) /* of a directory below the state directory */
#define USERS_SIZE 256

/* What is to go, as the row said. */
struct doomed {
	char id[ID_SIZE];
	char dir[DIR_NAME_SIZE]; /* empty: it has none, its file stays where it is */
	char users[USERS_SIZE]; /* names of the VMs that use it */
	int n_users;
};

struct object {
	const char *what; /* "image", "kernel": of the key, and translated for people */
	int (*look)(struct store *s, const char *ref, struct doomed *ret, struct err *e);
	int (*drop)(struct store *s, const char *ref, const struct doomed *d, struct err *e);
};

static int look_image(struct store *s, const char *ref, struct doomed *ret, struct err *e)
{
	struct image image;

	if (images_get(s, ref, &image, e) < 0 ||
	    images_users(s, image.id, ret->users, sizeof(ret->users), &ret->n_users, e) < 0)
		return -1;
	str_copy(ret->id, sizeof(ret->id), image.id);
	if (!image.path[0])
		snprintf(ret->dir, sizeof(ret->dir), "images/%s", image.id);
	return 0;
}

static int drop_image(struct store *s, const char *ref UNUSED, const struct doomed *d, struct err *e)
{
	return images_delete(s, d->id, e);
}

static int look_kernel(struct store *s, const char *ref, struct doomed *ret, struct err *e)
{
	struct kernel kernel;

	if (kernels_get(s, ref, &kernel, e) < 0 ||
	    kernels_users(s, kernel.name, ret->users, sizeof(ret->users), &ret->n_users, e) < 0)
		return -1;
	str_copy(ret->id, sizeof(ret->id), kernel.id);
	snprintf(ret->dir, sizeof(ret->dir), "kernels/%s", kernel.name);
	return 0;
}

static int drop_kernel(struct store *s, const char *ref, const struct doomed *d UNUSED, struct err *e)
{
	return kernels_delete(s, ref, e);
}

static const struct object image_object = {N_("image"), look_image, drop_image};
static const struct object kernel_object = {N_("kernel"), look_kernel, drop_kernel};

static int drop_row(struct vmjob *j, const struct object *o, struct doomed *ret, struct err *e)
{
	auto_txn struct store *txn = j->store;
	char key[SCHED_KEY_SIZE];

	if (store_begin(txn, e) < 0 || o->look(txn, j->req.ref, ret, e) < 0)
		return -1;
	if (ret->n_users > 0) {
		err_set(e, ERR_STATE, _("%s '%s' is used by %d VM(s): %s"), _(o->what), j->req.ref, ret->n_users,
			ret->users);
		return err_hint(e, _("delete those first"));
	}
	/* The key's name tells reconcile which job to keep out of the way of. */
	snprintf(key, sizeof(key), "%s:%s", o->what, j->req.ref);
	if (o->drop(txn, j->req.ref, ret, e) < 0 || (ret->dir[0] && resources_add(txn, ret->id, "published", ret->dir, key, e) < 0))
		return -1;
	return store_commit(txn, e);
}

int published_remove(struct vmjob *j, const char *id, const char *dir, struct err *e)
{
	char path[PATHS_MAX];

	assert(id[0] && dir[0]);
	if (fs_remove_tree(path_join(path, sizeof(path), j->eng->paths.state, "%s", dir), e) < 0)
		return -1;
	return resources_remove(j->store, id, "published", dir, e);
}

static int run(struct vmjob *j, const struct object *o, struct sched_run *r, struct err *e)
{
	struct doomed d = {0};
	int rc;

	j->run = r;
	rc = engine_store(j->eng, &j->store, e);
	if (rc == 0)
		rc = drop_row(j, o, &d, e);
	if (rc == 0 && d.dir[0] && published_remove(j, d.id, d.dir, e) < 0)
		rc = err_hint(e, _("nothing goes by that name any more; the next start of banger-tui removes what is left of it in %s"),
			      j->eng->paths.state);
	if (rc < 0)
		err_wrap(e, _("delete %s '%s'"), _(o->what), j->req.ref);
	return vmjob_end(j, rc, e);
}

int do_image_delete(void *arg, struct op *op UNUSED, struct sched_run *r, struct err *e)
{
	return run(arg, &image_object, r, e);
}

int do_kernel_delete(void *arg, struct op *op UNUSED, struct sched_run *r, struct err *e)
{
	return run(arg, &kernel_object, r, e);
}
