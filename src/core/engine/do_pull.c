/* SPDX-License-Identifier: MIT */
/*
 * pull: make an image or a kernel of the catalogue local, or an image of any registry. And import: an image of a file or a directory,
 * a kernel of files.
 *
 * Both go the same way: a staging directory of core/image/publish, the fetch into it, one rename, one row. The two differ
 * in what is fetched and which row is written, so each is a `struct pull` beside the shared run. What is local already
 * (another process was faster: its job held our key) is done; an image of a registry only where its tag still means that one, a
 * bundle where its entry still names that one, or where nobody asked to look (REQ_F_MISSING): a newer one takes the name, and the machines of the former keep that.
 */
#include "core/engine/publishing.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/image/kernel.h"
#include "core/image/oci.h"
#include "core/image/publish.h"
#include "core/image/saved.h"
#include "core/model/ociref.h"
#include "core/model/size.h"
#include "core/store/images.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct pull {
	const char *verb;
	const char *what;   /* "image", "kernel": of the key, too */
	const char *folder; /* below the state directory */
	const struct catalog_entry *(*find)(const struct catalog *c, const char *name);
	bool (*is_local)(struct vmjob *j);
	bool (*is_a_persons)(struct vmjob *j); /* what is local */
	/* Is what is local what a pull would fetch now? 1, 0 or -1. */
	int (*is_current)(struct vmjob *j, struct op *op, const struct catalog_entry *entry, struct err *e);
	/* Fetch into staging and publish; the row's data is kept in the job's row. */
	int (*fetch)(struct vmjob *j, struct op *op, const struct catalog_entry *entry, struct publish *p, struct err *e);
};

/* Is the file there that the row speaks of? One that was removed or emptied behind our back is fetched again. */
static bool has_file(const struct vmjob *j, const char *folder, const char *name, const char *file)
{
	char path[PATHS_MAX];
	struct stat st;

	path_join(path, sizeof(path), j->eng->paths.state, "%s/%s/%s", folder, name, file);
	if (stat(path, &st) == 0 && st.st_size > 0)
		return true;
	log_warn(NULL, "%s is missing or empty", path);
	return false;
}

static bool image_is_local(struct vmjob *j)
{
	struct image image;

	if (images_get(j->store, j->req.ref, &image, NULL) < 0)
		return false;
	return image.path[0] ? fs_exists(image.path) : has_file(j, "images", image.id, IMAGE_ROOTFS);
}

/* Imported, registered or saved: that is what somebody wants under this name, until it is deleted. */
static bool is_of_a_person(const char *source)
{
	return strcmp(source, catalog_kind_to_string(CATALOG_LOCAL)) == 0 || strcmp(source, IMAGE_SAVED_SOURCE) == 0;
}

static bool image_is_a_persons(struct vmjob *j)
{
	struct image image;

	return images_get(j->store, j->req.ref, &image, NULL) == 0 && is_of_a_person(image.source);
}

/* What a tag means may change at its registry, and which bundle an entry means; what a digest means may not. */
static int image_is_current(struct vmjob *j, struct op *op, const struct catalog_entry *entry, struct err *e)
{
	char digest[sizeof(((struct image *)0)->digest)];
	struct image image;

	if (images_get(j->store, j->req.ref, &image, e) < 0)
		return -1;
	if (entry->kind == CATALOG_BUNDLE) {
		snprintf(digest, sizeof(digest), "sha256:%s", entry->sha256);
		return strcmp(image.digest, digest) == 0;
	}
	if (entry->kind != CATALOG_OCI || strchr(entry->reference, '@'))
		return 1;
	if (oci_image_digest(op, &j->eng->image_ctx, entry, digest, e) < 0)
		return -1;
	return strcmp(image.digest, digest) == 0 && strcmp(image.reference, entry->reference) == 0;
}

static int fetch_image(struct vmjob *j, struct op *op, const struct catalog_entry *entry, struct publish *p, struct err *e)
{
	struct image row = {0};
	struct image_built b = {0};
	int rc = image_fetch(op, &j->eng->image_ctx, entry, p->staging, &b, e);

	str_copy(row.name, sizeof(row.name), entry->name);
	str_copy(row.about, sizeof(row.about), entry->about);
	str_copy(row.source, sizeof(row.source), catalog_kind_to_string(entry->kind));
	str_copy(row.reference, sizeof(row.reference), entry->reference);
	if (rc == 0)
		rc = publishing_image(j, p, &row, &b, e);
	if (rc == 0)
		str_copy(j->timings, sizeof(j->timings), b.note);
	image_built_done(&b);
	return rc;
}

static bool kernel_is_local(struct vmjob *j)
{
	struct kernel kernel;

	return kernels_get(j->store, j->req.ref, &kernel, NULL) == 0 &&
	       has_file(j, "kernels", kernel.name, KERNEL_VMLINUZ) && has_file(j, "kernels", kernel.name, KERNEL_MODULES);
}

static bool kernel_is_a_persons(struct vmjob *j)
{
	struct kernel kernel;

	return kernels_get(j->store, j->req.ref, &kernel, NULL) == 0 && is_of_a_person(kernel.source);
}

/* What this host runs is another one once its kernel was upgraded and it was booted; what a bundle's entry names may be changed. */
static int kernel_is_current(struct vmjob *j, struct op *op UNUSED, const struct catalog_entry *entry, struct err *e UNUSED)
{
	char dir[PATHS_MAX];

	path_join(dir, sizeof(dir), j->eng->paths.state, "kernels/%s", j->req.ref);
	return kernel_is_of(dir, entry);
}

static int put_kernel(const struct publishing *at, const struct catalog_entry *entry, const struct kernel_built *b, struct err *e)
{
	struct kernel row = {.alloc_bytes = b->alloc_bytes};
	auto_txn struct store *txn = at->j->store;

	row.created_ms = clock_wall_ms();
	str_copy(row.id, sizeof(row.id), at->p->id);
	str_copy(row.name, sizeof(row.name), entry->name);
	str_copy(row.about, sizeof(row.about), b->remark[0] ? b->remark : entry->about);
	str_copy(row.source, sizeof(row.source), catalog_kind_to_string(entry->kind));
	str_copy(row.release, sizeof(row.release), b->release);
	str_copy(row.modules_uuid, sizeof(row.modules_uuid), b->modules_uuid);
	snprintf(row.digest, sizeof(row.digest), "sha256:%s", b->digest);
	if (store_begin(txn, e) < 0 || kernels_put(txn, &row, e) < 0 || publishing_settle(at, e) < 0)
		return -1;
	return store_commit(txn, e);
}

static int fetch_kernel(struct vmjob *j, struct op *op, const struct catalog_entry *entry, struct publish *p, struct err *e)
{
	struct publishing at = {j, p, "kernel", j->req.ref, entry->name, 0};
	struct kernel_built b = {0};
	int rc = kernel_fetch(op, &j->eng->image_ctx, entry, p->staging, &b, e);

	if (rc == 0)
		rc = publishing_begin(&at, &b.manifest, e);
	if (rc == 0 && put_kernel(&at, entry, &b, e) < 0) {
		publishing_undo(&at);
		rc = -1;
	} else if (rc == 0) {
		publishing_done(&at);
	}
	kernel_built_done(&b);
	return rc;
}

static const struct pull image_pull = {N_("pull"), "image", "images", catalog_find_image, image_is_local, image_is_a_persons, image_is_current, fetch_image};
static const struct pull image_import = {N_("import"), "image", "images", catalog_find_image, image_is_local, NULL, NULL, fetch_image};
static const struct pull kernel_pull = {N_("pull"), "kernel", "kernels", catalog_find_kernel, kernel_is_local, kernel_is_a_persons, kernel_is_current, fetch_kernel};
static const struct pull kernel_import = {N_("import"), "kernel", "kernels", catalog_find_kernel, kernel_is_local, NULL, NULL, fetch_kernel};

static bool is_import(const struct pull *what)
{
	return what == &image_import || what == &kernel_import;
}

/* A kernel's directory is called by its name, which machines go by: another one does not take its place. */
static int check_name(struct vmjob *j, const struct pull *what, struct err *e)
{
	struct kernel kernel;

	if (what != &kernel_import || kernels_get(j->store, j->req.ref, &kernel, NULL) < 0)
		return 0;
	err_set(e, ERR_EXISTS, _("there is a kernel of that name, %s"), kernel.release);
	return err_hint(e, _("choose another name, or delete that one first: banger-tui kernel delete %s"), j->req.ref);
}

static int hint_room(struct err *e)
{
	return err_hint(e, _("free space there, delete VMs or images that are not used, or set paths { state = \"/elsewhere\" }"));
}

/* What plainly cannot fit is not fetched first. */
static int check_room(const char *root, const struct catalog_entry *entry, struct err *e)
{
	uint64_t need = entry->needs_mib * SIZE_MIB, avail, total;
	char needs[SIZE_TEXT], has[SIZE_TEXT];

	if (fs_space(root, &avail, &total, e) < 0)
		return -1;
	if (avail >= need)
		return 0;
	err_set(e, ERR_SPACE, _("no room in %s: %s needed, %s free"), root, size_human(need, needs), size_human(avail, has));
	return hint_room(e);
}

/* What is asked for may be what stands in the file that was left out. */
static int check_catalog(const struct catalog *c, struct err *e)
{
	if (!err_is_set(&c->broken))
		return 0;
	err_join(e, &c->broken);
	return err_hint(e, _("correct that file or take it away, then start banger-tui anew"));
}

/* An image need not be in the catalogue when it is called by its reference: `room` is for its entry then. */
static const struct catalog_entry *find_entry(struct vmjob *j, const struct pull *what, struct catalog_entry *room, struct err *e)
{
	const struct catalog_entry *entry;

	if (what == &image_import) {
		catalog_file_entry(j->req.ref, j->req.path, room);
		room->keep_owners = j->req.flags & REQ_F_OWNERS;
		return room;
	}
	if (what == &kernel_import) {
		catalog_kernel_entry(j->req.ref, j->req.path, j->req.modules[0] ? j->req.modules : NULL, room);
		return room;
	}
	entry = what->find(&j->eng->catalog, j->req.ref);
	if (entry)
		return entry;
	if (what == &image_pull && oci_ref_is_spelled(j->req.ref)) {
		catalog_reference_entry(j->req.ref, room);
		return room;
	}
	err_set(e, ERR_NOT_FOUND, _("no %s '%s' in the catalogue"), what->what, j->req.ref);
	return NULL;
}

/* Who pulls wants the catalogue's, and would not get it. */
static int refuse_over(struct vmjob *j, const struct pull *what, struct err *e)
{
	err_set(e, ERR_EXISTS, _("what has that name here was imported or saved, and stands in for the catalogue's"));
	return err_hint(e, _("to have that one, delete yours first: banger-tui %s delete %s"), what->what, j->req.ref);
}

/* 1: what is here will do, 0: it is to be fetched. */
static int will_do(struct vmjob *j, const struct pull *what, struct op *op, struct err *e)
{
	const struct catalog_entry *entry;
	struct catalog_entry room;

	if (is_import(what) || !what->is_local(j))
		return 0;
	entry = j->req.flags & REQ_F_MISSING ? NULL : find_entry(j, what, &room, NULL);
	if (!entry)
		return 1; /* it is here, and nobody asked for more, or its entry is gone */
	return what->is_a_persons(j) ? refuse_over(j, what, e) : what->is_current(j, op, entry, e);
}

static int pull(struct vmjob *j, const struct pull *what, struct op *op, struct err *e)
{
	const struct catalog_entry *entry;
	struct catalog_entry room;
	auto_publish p = PUBLISH_INIT;
	char root[PATHS_MAX];
	int done = will_do(j, what, op, e);

	if (done != 0)
		return done < 0 ? -1 : 0;
	if (check_name(j, what, e) < 0 || (what == &image_import && publishing_check_source(j->eng, j->req.path, e) < 0))
		return -1;
	if (!is_import(what) && check_catalog(&j->eng->catalog, e) < 0)
		return -1;
	entry = find_entry(j, what, &room, e);
	if (!entry)
		return -1;
	path_join(root, sizeof(root), j->eng->paths.state, "%s", what->folder);
	if (check_room(root, entry, e) < 0 || publish_begin(root, &p, e) < 0)
		return -1;
	if (what->fetch(j, op, entry, &p, e) == 0)
		return 0;
	return e->code == ERR_SPACE ? hint_room(e) : -1;
}

static int run(struct vmjob *j, const struct pull *what, struct op *op, struct sched_run *r, struct err *e)
{
	int rc;

	j->run = r;
	rc = engine_store(j->eng, &j->store, e);
	if (rc == 0 && pull(j, what, op, e) < 0)
		rc = err_wrap(e, "%s %s '%s'", _(what->verb), what->what, j->req.ref);
	return vmjob_end(j, rc, e);
}

int do_image_pull(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	return run(arg, &image_pull, op, r, e);
}

int do_kernel_pull(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	return run(arg, &kernel_pull, op, r, e);
}

int do_image_import(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	return run(arg, &image_import, op, r, e);
}

int do_kernel_import(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	return run(arg, &kernel_import, op, r, e);
}
