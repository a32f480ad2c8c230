/* SPDX-License-Identifier: MIT */
/*
 * The registry: see registry.h.
 *
 * Machines, images, kernels and foreign jobs are four sorted arrays. A sync builds the new arrays from the store, walks old
 * and new side by side (both are sorted by the same key), posts upserts for what is new or differs and "gone" for what is
 * missing, and swaps the arrays.
 */
#include "core/engine/registry.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "core/model/ociref.h"
#include "core/store/images.h"
#include "core/store/jobs.h"
#include "core/store/vms.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A sorted array of one kind of object. */
struct table {
	char *rows;
	int n;
};

/* How the generic walk sees a kind: every row begins with, or has at `key`, its unique string. */
struct kind {
	size_t size, key, key_size;
	enum event_kind upsert, gone;
};

static const struct kind vm_kind = {sizeof(struct vm), offsetof(struct vm, id), ID_SIZE, EV_VM_UPSERT, EV_VM_GONE};
static const struct kind image_kind = {sizeof(struct image), offsetof(struct image, name), OBJ_NAME_SIZE,
				       EV_IMAGE_UPSERT, EV_IMAGE_GONE};
static const struct kind kernel_kind = {sizeof(struct kernel), offsetof(struct kernel, name), OBJ_NAME_SIZE,
					EV_KERNEL_UPSERT, EV_KERNEL_GONE};
static const struct kind job_kind = {sizeof(struct job), offsetof(struct job, op_id), ID_SIZE, EV_JOB, EV_JOB};

/* post_upsert() and post_gone() copy a row over the event's union. */
#define FITS(type) (sizeof(type) <= sizeof(struct event) - offsetof(struct event, vm))
_Static_assert(FITS(struct vm) && FITS(struct image) && FITS(struct kernel) && FITS(struct job), "a row is an event's value");
_Static_assert(offsetof(struct event, vm) == offsetof(struct event, image) &&
		       offsetof(struct event, vm) == offsetof(struct event, kernel) &&
		       offsetof(struct event, vm) == offsetof(struct event, job),
	       "all values of an event begin at the same place");

struct registry {
	pthread_mutex_t mutex;
	struct mailbox *events;
	const struct catalog *catalog;
	int64_t revision; /* of the picture; 0 = none yet */
	void (*show)(void *arg, struct vm *vm);
	void *show_arg;
	struct table vms, images, kernels, jobs;
};

struct snapshot {
	int64_t revision;
	struct table vms, images, kernels, jobs;
};

uint64_t event_key(enum event_kind kind, const char *id)
{
	uint64_t h = 14695981039346656037ULL ^ (uint64_t)kind; /* FNV-1a */

	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 1099511628211ULL;
	return h ? h : 1;
}

struct registry *registry_new(struct mailbox *events, const struct catalog *catalog)
{
	struct registry *r = xcalloc(1, sizeof(*r));

	pthread_mutex_init(&r->mutex, NULL);
	r->events = events;
	r->catalog = catalog;
	return r;
}

void registry_on_vm(struct registry *r, void (*show)(void *arg, struct vm *vm), void *arg)
{
	assert(r->revision == 0);
	r->show = show;
	r->show_arg = arg;
}

static void snapshot_done(struct snapshot *s)
{
	free(s->vms.rows);
	free(s->images.rows);
	free(s->kernels.rows);
	free(s->jobs.rows);
	memset(s, 0, sizeof(*s));
}

void registry_free(struct registry *r)
{
	struct snapshot s;

	if (!r)
		return;
	s = (struct snapshot){0, r->vms, r->images, r->kernels, r->jobs};
	snapshot_done(&s);
	pthread_mutex_destroy(&r->mutex);
	free(r);
}

static const char *row_key(const struct kind *k, const struct table *t, int i)
{
	return t->rows + (size_t)i * k->size + k->key;
}

/* Strictly: no two rows have one key. */
static bool UNUSED is_sorted(const struct kind *k, const struct table *t)
{
	for (int i = 1; i < t->n; i++)
		if (strcmp(row_key(k, t, i - 1), row_key(k, t, i)) >= 0)
			return false;
	return true;
}

static int find_row(const struct kind *k, const struct table *t, const char *key)
{
	int lo = 0, hi = t->n;

	while (lo < hi) {
		int mid = lo + (hi - lo) / 2, c = strcmp(row_key(k, t, mid), key);

		if (c == 0)
			return mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -1;
}

static void *append_row(const struct kind *k, struct table *t)
{
	void *row;

	assert(t->n >= 0 && k->key + k->key_size <= k->size);
	t->rows = xrealloc(t->rows, (size_t)t->n + 1, k->size);
	row = t->rows + (size_t)t->n++ * k->size;
	memset(row, 0, k->size);
	return row;
}

static int compare_at(const void *a, const void *b, void *offset)
{
	return strcmp((const char *)a + *(size_t *)offset, (const char *)b + *(size_t *)offset);
}

static void sort_table(const struct kind *k, struct table *t)
{
	size_t offset = k->key;

	if (t->n > 1)
		qsort_r(t->rows, (size_t)t->n, k->size, compare_at, &offset);
}

static void post_upsert(struct registry *r, const struct kind *k, const void *row)
{
	struct event ev = {.kind = k->upsert};
	const char *key = (const char *)row + k->key;

	memcpy(&ev.vm, row, k->size); /* all members of the union begin at the same place */
	mailbox_post(r->events, event_key(k->upsert, key), &ev);
}

static void post_gone(struct registry *r, const struct kind *k, const void *row)
{
	struct event ev = {.kind = k->gone};
	const char *key = (const char *)row + k->key;

	memcpy(&ev.vm, row, k->size);
	if (k == &vm_kind) {
		str_copy(ev.id, sizeof(ev.id), ((const struct vm *)row)->id);
	} else if (k == &job_kind) {
		ev.job.state = JOB_ENDED; /* its row says that it ran, not how it ended */
		ev.job.ended_ms = clock_wall_ms();
	}
	/* The upsert's key: a "gone" must replace an upsert that has not been read, never be overtaken by it. */
	mailbox_post(r->events, event_key(k->upsert, key), &ev);
}

/* Replace `old` by `fresh`, posting what differs. Called locked. */
static void apply_table(struct registry *r, const struct kind *k, struct table *old, struct table *fresh)
{
	int i = 0, j = 0;

	assert(is_sorted(k, old) && is_sorted(k, fresh));
	while (i < old->n || j < fresh->n) {
		int c = i >= old->n ? 1 : j >= fresh->n ? -1 : strcmp(row_key(k, old, i), row_key(k, fresh, j));
		const char *a = old->rows + (size_t)i * k->size, *b = fresh->rows + (size_t)j * k->size;

		if (c < 0) {
			post_gone(r, k, a);
			i++;
			continue;
		}
		if (c > 0 || memcmp(a, b, k->size) != 0)
			post_upsert(r, k, b);
		i += c == 0;
		j++;
	}
	free(old->rows);
	*old = *fresh;
	memset(fresh, 0, sizeof(*fresh));
}

static void add_catalog_images(const struct catalog *c, struct table *t)
{
	int local = t->n;

	for (size_t i = 0; i < c->n_images; i++) {
		struct table locals = {t->rows, local};
		int at = find_row(&image_kind, &locals, c->images[i].name);
		struct image *im = at >= 0 ? (struct image *)t->rows + at : append_row(&image_kind, t);

		im->in_catalog = true;
		if (im->local)
			continue;
		str_copy(im->name, sizeof(im->name), c->images[i].name);
		str_copy(im->about, sizeof(im->about), c->images[i].about);
		str_copy(im->reference, sizeof(im->reference), c->images[i].reference);
		str_copy(im->source, sizeof(im->source), catalog_kind_to_string(c->images[i].kind));
	}
}

static void add_catalog_kernels(const struct catalog *c, struct table *t)
{
	int local = t->n;

	for (size_t i = 0; i < c->n_kernels; i++) {
		struct table locals = {t->rows, local};
		int at = find_row(&kernel_kind, &locals, c->kernels[i].name);
		struct kernel *k = at >= 0 ? (struct kernel *)t->rows + at : append_row(&kernel_kind, t);

		k->in_catalog = true;
		if (k->local)
			continue;
		str_copy(k->name, sizeof(k->name), c->kernels[i].name);
		str_copy(k->about, sizeof(k->about), c->kernels[i].about);
		str_copy(k->source, sizeof(k->source), catalog_kind_to_string(c->kernels[i].kind));
	}
}

static enum request_kind kind_from_string(const char *s)
{
	for (int k = REQ_NONE; k < REQ_KIND_COUNT; k++)
		if (strcmp(request_kind_to_string((enum request_kind)k), s) == 0)
			return (enum request_kind)k;
	return REQ_NONE;
}

/* Jobs of other processes that still live. */
static void add_foreign_jobs(const struct job_row *rows, int n, struct table *t)
{
	for (int i = 0; i < n; i++) {
		struct job *j;

		if (rows[i].pid == getpid() || !proc_is_alive(rows[i].pid, rows[i].start_time))
			continue;
		j = append_row(&job_kind, t);
		j->id = event_key(EV_JOB, rows[i].op_id) | (uint64_t)1 << 63; /* never one of ours, which count from 1 */
		str_copy(j->op_id, sizeof(j->op_id), rows[i].op_id);
		j->kind = kind_from_string(rows[i].kind);
		j->state = JOB_RUNNING;
		str_copy(j->target, sizeof(j->target), rows[i].target);
		str_copy(j->vm_id, sizeof(j->vm_id), rows[i].vm_id);
		str_copy(j->stage, sizeof(j->stage), rows[i].stage);
		j->step = rows[i].step;
		j->steps = rows[i].steps;
		j->done = j->total = j->rate = -1;
		j->queued_ms = j->started_ms = rows[i].started_ms;
		j->owner = rows[i].pid;
	}
}

static int read_rows(struct registry *r, struct store *s, struct snapshot *snap, struct err *e)
{
	auto_free struct job_row *jobs = NULL;
	int njobs = 0;

	if (store_revision(s, &snap->revision, e) < 0 ||
	    vms_list(s, (struct vm **)(void *)&snap->vms.rows, &snap->vms.n, e) < 0 ||
	    images_list(s, (struct image **)(void *)&snap->images.rows, &snap->images.n, e) < 0 ||
	    kernels_list(s, (struct kernel **)(void *)&snap->kernels.rows, &snap->kernels.n, e) < 0 ||
	    jobs_list(s, &jobs, &njobs, e) < 0)
		return -1;
	for (int i = 0; r->show && i < snap->vms.n; i++)
		r->show(r->show_arg, (struct vm *)(void *)snap->vms.rows + i);
	sort_table(&image_kind, &snap->images);
	sort_table(&kernel_kind, &snap->kernels);
	add_catalog_images(r->catalog, &snap->images);
	add_catalog_kernels(r->catalog, &snap->kernels);
	add_foreign_jobs(jobs, njobs, &snap->jobs);
	sort_table(&vm_kind, &snap->vms);
	sort_table(&image_kind, &snap->images);
	sort_table(&kernel_kind, &snap->kernels);
	sort_table(&job_kind, &snap->jobs);
	return 0;
}

int registry_sync(struct registry *r, struct store *s, struct err *e)
{
	struct snapshot snap = {0};
	int rc;

	if (store_begin_read(s, e) < 0)
		return -1;
	rc = read_rows(r, s, &snap, e);
	store_rollback(s);
	if (rc == 0) {
		pthread_mutex_lock(&r->mutex);
		if (snap.revision >= r->revision) {
			r->revision = snap.revision;
			apply_table(r, &vm_kind, &r->vms, &snap.vms);
			apply_table(r, &image_kind, &r->images, &snap.images);
			apply_table(r, &kernel_kind, &r->kernels, &snap.kernels);
			apply_table(r, &job_kind, &r->jobs, &snap.jobs);
		}
		pthread_mutex_unlock(&r->mutex);
	}
	snapshot_done(&snap);
	return rc;
}

/* Append `name` to a "did you mean" list. */
static void suggest(char *list, size_t size, const char *ref, const char *name)
{
	size_t used = strlen(list);

	if (name_is_near(ref, name) && used + strlen(name) + 3 < size)
		snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

static int not_found(const char *what, const char *ref, const char *near, const char *otherwise, struct err *e)
{
	err_set(e, ERR_NOT_FOUND, _("no %s '%.64s'"), what, ref);
	if (near[0])
		return err_hint(e, _("did you mean %s?"), near);
	return err_hint(e, "%s", otherwise);
}

/* Called locked. */
static int find_vm(struct registry *r, const char *ref, struct vm *ret, struct err *e)
{
	const struct vm *vms = (const struct vm *)r->vms.rows, *found = NULL;
	char near[160] = "";
	int prefixes = 0;

	for (int i = 0; i < r->vms.n; i++) {
		enum name_match m = name_match_vm(ref, vms[i].id, vms[i].name);

		if (m == NAME_MATCH_EXACT) {
			*ret = vms[i];
			return 0;
		}
		if (m == NAME_MATCH_PREFIX) {
			found = &vms[i];
			prefixes++;
		}
		suggest(near, sizeof(near), ref, vms[i].name);
	}
	if (prefixes > 1) {
		err_set(e, ERR_USAGE, _("'%.32s' is the beginning of %d VM ids"), ref, prefixes);
		return err_hint(e, _("give more digits, or the name"));
	}
	if (!found)
		return not_found(_("VM"), ref, near, _("banger-tui vm list shows all"), e);
	*ret = *found;
	return 0;
}

int registry_find_vm(struct registry *r, const char *ref, struct vm *ret, struct err *e)
{
	int rc;

	pthread_mutex_lock(&r->mutex);
	rc = find_vm(r, ref, ret, e);
	pthread_mutex_unlock(&r->mutex);
	return rc;
}

static bool get_row(struct registry *r, const struct kind *k, const struct table *t, const char *key, void *ret)
{
	int at;

	pthread_mutex_lock(&r->mutex);
	at = find_row(k, t, key);
	if (at >= 0)
		memcpy(ret, t->rows + (size_t)at * k->size, k->size);
	pthread_mutex_unlock(&r->mutex);
	return at >= 0;
}

bool registry_get_vm(struct registry *r, const char *id, struct vm *ret)
{
	return get_row(r, &vm_kind, &r->vms, id, ret);
}

static int find_named(struct registry *r, const struct kind *k, const struct table *t, const char *what, const char *name,
		      const char *otherwise, void *ret, struct err *e)
{
	char near[160] = "";

	if (get_row(r, k, t, name, ret))
		return 0;
	pthread_mutex_lock(&r->mutex);
	for (int i = 0; i < t->n; i++)
		suggest(near, sizeof(near), name, row_key(k, t, i));
	pthread_mutex_unlock(&r->mutex);
	return not_found(what, name, near, otherwise, e);
}

/* By its id, or the beginning of it: 1, 0 or -1. Called locked. */
static int find_image_id(const struct registry *r, const char *ref, struct image *ret, struct err *e)
{
	const struct image *images = (const struct image *)r->images.rows, *found = NULL;
	int prefixes = 0;

	for (int i = 0; i < r->images.n; i++) {
		if (!images[i].local || name_match_id(ref, images[i].id) == NAME_MATCH_NONE)
			continue;
		found = &images[i];
		prefixes++;
	}
	if (prefixes > 1) {
		err_set(e, ERR_USAGE, _("'%.32s' is the beginning of %d image ids"), ref, prefixes);
		return err_hint(e, _("give more digits, or the name"));
	}
	if (found)
		*ret = *found;
	return found != NULL;
}

static int find_image(struct registry *r, const char *ref, struct image *ret, struct err *e)
{
	int rc = 0;

	if (get_row(r, &image_kind, &r->images, ref, ret))
		return 0;
	pthread_mutex_lock(&r->mutex);
	rc = find_image_id(r, ref, ret, e);
	pthread_mutex_unlock(&r->mutex);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return find_named(r, &image_kind, &r->images, _("image"), ref, _("banger-tui image list shows all"), ret, e);
}

int registry_find_image(struct registry *r, const char *text, struct image *ret, struct err *e)
{
	char name[OBJ_NAME_SIZE];

	if (!oci_ref_is_spelled(text))
		return find_image(r, text, ret, e);
	if (name_parse_image(text, name, e) < 0)
		return -1;
	if (get_row(r, &image_kind, &r->images, name, ret))
		return 0;
	/* Whether there is such a one, its registry will say. */
	*ret = (struct image){0};
	str_copy(ret->name, sizeof(ret->name), name);
	str_copy(ret->source, sizeof(ret->source), "oci");
	return 0;
}

int registry_find_kernel(struct registry *r, const char *name, struct kernel *ret, struct err *e)
{
	return find_named(r, &kernel_kind, &r->kernels, _("kernel"), name, _("banger-tui kernel list shows all"), ret, e);
}

static int copy_vms(struct registry *r, bool only_live, struct vm **ret)
{
	const struct vm *vms;
	int n = 0;

	pthread_mutex_lock(&r->mutex);
	vms = (const struct vm *)r->vms.rows;
	*ret = xcalloc((size_t)r->vms.n + 1, sizeof(**ret));
	for (int i = 0; i < r->vms.n; i++)
		if (!only_live || vm_state_is_live(vms[i].state))
			(*ret)[n++] = vms[i];
	pthread_mutex_unlock(&r->mutex);
	return n;
}

int registry_live_vms(struct registry *r, struct vm **ret)
{
	return copy_vms(r, true, ret);
}

int registry_all_vms(struct registry *r, struct vm **ret)
{
	return copy_vms(r, false, ret);
}
