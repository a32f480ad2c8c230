/* SPDX-License-Identifier: MIT */
/*
 * Events in, replica out.
 *
 * VMs are found by id through a small open-addressing index (10 000 of them tell figures each second); images, kernels
 * and jobs are few and searched. VMs are allocated one by one so that a pointer held while a frame is painted stays
 * good when the array grows.
 */
#include "ui/world.h"

#include "base/utf8.h"

#include <assert.h>
#include <string.h>

void world_init(struct world *w)
{
	*w = (struct world){.changed = WORLD_ALL};
}

static void vm_free(struct world_vm *v)
{
	hist_done(&v->hist);
	free(v);
}

void world_done(struct world *w)
{
	for (size_t i = 0; i < w->n_vms; i++)
		vm_free(w->vms[i]);
	free(w->vms);
	free(w->index);
	free(w->images);
	free(w->kernels);
	free(w->jobs);
	world_parts_done(w);
	buf_done(&w->log.text);
	world_checks_done(&w->checks);
	world_dir_done(&w->dir);
	*w = (struct world){0};
}

/* FNV-1a: ids are random, so anything spreads them. */
static size_t id_hash(const char *id)
{
	uint64_t h = 14695981039346656037ULL;

	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 1099511628211ULL;
	return (size_t)h;
}

static void index_add(struct world *w, uint32_t pos)
{
	size_t at = id_hash(w->vms[pos]->vm.id) % w->index_size;

	assert(pos < w->n_vms && w->n_vms < w->index_size); /* a full index would be searched for ever */
	while (w->index[at])
		at = (at + 1) % w->index_size;
	w->index[at] = pos + 1;
}

static void index_rebuild(struct world *w)
{
	if (w->index_size < w->n_vms * 2 + 16) {
		free(w->index);
		w->index_size = w->n_vms * 4 + 16;
		w->index = xcalloc(w->index_size, sizeof(*w->index));
	} else {
		memset(w->index, 0, w->index_size * sizeof(*w->index));
	}
	for (size_t i = 0; i < w->n_vms; i++)
		index_add(w, (uint32_t)i);
}

struct world_vm *world_vm(const struct world *w, const char *id)
{
	if (!w->index_size)
		return NULL;
	for (size_t at = id_hash(id) % w->index_size; w->index[at]; at = (at + 1) % w->index_size) {
		assert(w->index[at] <= w->n_vms);
		struct world_vm *v = w->vms[w->index[at] - 1];

		if (!strcmp(v->vm.id, id))
			return v;
	}
	return NULL;
}

static void vm_upsert(struct world *w, const struct vm *vm)
{
	struct world_vm *v = world_vm(w, vm->id);

	w->changed |= WORLD_VMS;
	if (v) {
		w->unsorted |= strcmp(v->vm.name, vm->name) != 0;
		/* Figures of an earlier run say nothing about this one. */
		if (v->vm.state == VM_RUNNING && vm->state != VM_RUNNING) {
			v->has_stats = false;
			hist_idle(&v->hist, (v->hist.last_s + 1) * 1000);
		}
		v->vm = *vm;
		return;
	}
	if (w->n_vms == w->cap_vms) {
		w->cap_vms = MAX(w->cap_vms * 2, (size_t)16);
		w->vms = xrealloc(w->vms, w->cap_vms, sizeof(struct world_vm *));
	}
	v = xcalloc(1, sizeof(*v));
	v->vm = *vm;
	assert(w->n_vms < w->cap_vms && vm->id[0]);
	w->vms[w->n_vms++] = v;
	w->unsorted = true;
	if (w->index_size < w->n_vms * 2 + 16)
		index_rebuild(w);
	else
		index_add(w, (uint32_t)w->n_vms - 1);
	for (size_t i = 0; i < w->n_jobs; i++)
		if (job_is_active(&w->jobs[i]) && !strcmp(w->jobs[i].vm_id, vm->id))
			v->job = w->jobs[i].id;
}

static void vm_gone(struct world *w, const char *id)
{
	struct world_vm *v = world_vm(w, id);
	size_t i = 0;

	if (!v)
		return;
	while (w->vms[i] != v)
		i++;
	assert(i < w->n_vms);
	memmove(&w->vms[i], &w->vms[i + 1], (w->n_vms - i - 1) * sizeof(struct world_vm *));
	w->n_vms--;
	vm_free(v);
	index_rebuild(w);
	w->changed |= WORLD_VMS;
}

static void stats_in(struct world *w, const struct vm_stats *s)
{
	struct world_vm *v = world_vm(w, s->id);

	if (!v)
		return;
	v->has_disk = true;
	w->changed |= WORLD_STATS;
	if (s->off) {
		v->stats.disk_bytes = s->disk_bytes;
		v->stats.snap = s->snap;
		return;
	}
	v->stats = *s;
	v->has_stats = true;
	hist_push(&v->hist, s);
}

/* The graphs' clock: without it the history of who tells nothing would stand still. */
static void host_in(struct world *w, const struct host_stats *s)
{
	int64_t now_s = s->at_ms / 1000;

	w->host = *s;
	w->has_host = true;
	w->changed |= WORLD_HOST;
	for (size_t i = 0; i < w->n_vms; i++)
		if (w->vms[i]->vm.state != VM_RUNNING || now_s - w->vms[i]->hist.last_s > 2)
			hist_idle(&w->vms[i]->hist, s->at_ms);
}

static void forget_old_jobs(struct world *w)
{
	size_t ended = 0, kept = 0;

	for (size_t i = 0; i < w->n_jobs; i++)
		ended += !job_is_active(&w->jobs[i]);
	if (ended <= WORLD_JOBS_KEPT)
		return;
	/* Order is newest first: what is beyond the count is oldest. */
	ended = 0;
	for (size_t i = 0; i < w->n_jobs; i++) {
		bool active = job_is_active(&w->jobs[i]);

		if (active || ended < WORLD_JOBS_KEPT)
			w->jobs[kept++] = w->jobs[i];
		ended += !active;
	}
	assert(kept < w->n_jobs);
	w->n_jobs = kept;
}

/* Ids grow within one process; of other processes only the clock tells the order. */
static bool is_newer(const struct job *a, const struct job *b)
{
	return a->queued_ms != b->queued_ms ? a->queued_ms > b->queued_ms : a->id > b->id;
}

static size_t job_place(const struct world *w, uint64_t id)
{
	size_t i = 0;

	while (i < w->n_jobs && w->jobs[i].id != id)
		i++;
	return i;
}

/* Keep the order: a known job nearly always stays, a new one goes nearly always to the front. */
static void job_upsert(struct world *w, const struct job *j)
{
	struct world_vm *v = j->vm_id[0] ? world_vm(w, j->vm_id) : NULL;
	size_t from = job_place(w, j->id), to = 0;

	w->changed |= WORLD_JOBS;
	if (v && job_is_active(j))
		v->job = j->id;
	else if (v && v->job == j->id)
		v->job = 0;
	if (from < w->n_jobs && w->jobs[from].queued_ms == j->queued_ms) {
		w->jobs[from] = *j;
		forget_old_jobs(w);
		return;
	}
	if (from == w->n_jobs)
		w->jobs = xrealloc(w->jobs, ++w->n_jobs, sizeof(*w->jobs));
	memmove(&w->jobs[from], &w->jobs[from + 1], (w->n_jobs - from - 1) * sizeof(*w->jobs));
	while (to + 1 < w->n_jobs && is_newer(&w->jobs[to], j))
		to++;
	memmove(&w->jobs[to + 1], &w->jobs[to], (w->n_jobs - to - 1) * sizeof(*w->jobs));
	w->jobs[to] = *j;
	forget_old_jobs(w);
}

static void image_upsert(struct world *w, const struct image *img)
{
	size_t i = 0;

	while (i < w->n_images && strcmp(w->images[i].name, img->name) != 0)
		i++;
	if (i == w->n_images)
		w->images = xrealloc(w->images, ++w->n_images, sizeof(*w->images));
	w->images[i] = *img;
	w->changed |= WORLD_IMAGES;
}

static void image_gone(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->n_images; i++) {
		if (strcmp(w->images[i].name, name) != 0)
			continue;
		w->images[i] = w->images[--w->n_images];
		w->changed |= WORLD_IMAGES;
		return;
	}
}

static void kernel_upsert(struct world *w, const struct kernel *k)
{
	size_t i = 0;

	while (i < w->n_kernels && strcmp(w->kernels[i].name, k->name) != 0)
		i++;
	if (i == w->n_kernels)
		w->kernels = xrealloc(w->kernels, ++w->n_kernels, sizeof(*w->kernels));
	w->kernels[i] = *k;
	w->changed |= WORLD_KERNELS;
}

static void kernel_gone(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->n_kernels; i++) {
		if (strcmp(w->kernels[i].name, name) != 0)
			continue;
		w->kernels[i] = w->kernels[--w->n_kernels];
		w->changed |= WORLD_KERNELS;
		return;
	}
}

/* Escape sequences (ECMA-48) and carriage returns of a serial line say how, not what: they are dropped. Returns whether
 * the byte is text. */
static bool log_byte_is_text(int *state, char ch)
{
	enum { PLAIN, ESCAPE, CSI, STRING };

	switch (*state) {
	case ESCAPE:
		*state = ch == '[' ? CSI : ch == ']' || ch == 'P' || ch == '_' || ch == '^' ? STRING : PLAIN;
		return false;
	case CSI:
		if (ch >= 0x40 && ch <= 0x7e)
			*state = PLAIN;
		return false;
	case STRING:
		/* A string nobody ends is ended by the line. */
		if (ch == '\a' || ch == '\n' || ch == 0x1b)
			*state = ch == 0x1b ? ESCAPE : PLAIN;
		return ch == '\n';
	default:
		if (ch == 0x1b)
			*state = ESCAPE;
		return ch != 0x1b && ch != '\r';
	}
}

/* A guest wrote these bytes: cleaned on arrival, so nothing downstream can forget to. A piece of a multi-byte character
 * at a seam shows as U+FFFD. */
static void log_in(struct world *w, const struct log_piece *p)
{
	struct buf *t = &w->log.text;
	char plain[sizeof(p->data)];
	size_t n = 0;

	if (strcmp(p->vm_id, w->log.vm_id) != 0)
		return;
	if (p->restart) {
		buf_reset(t);
		w->log.escape = 0;
	}
	for (size_t i = 0; i < MIN((size_t)p->len, sizeof(p->data)); i++)
		if (log_byte_is_text(&w->log.escape, p->data[i]))
			plain[n++] = p->data[i];
	assert(n <= sizeof(plain));
	utf8_clean(t, plain, n, true);
	if (t->len > WORLD_LOG_BYTES) {
		const char *cut = t->data + t->len - WORLD_LOG_BYTES * 3 / 4;
		const char *nl = memchr(cut, '\n', (size_t)(t->data + t->len - cut));

		buf_consume(t, (size_t)((nl ? nl + 1 : cut) - t->data));
	}
	w->changed |= WORLD_LOG;
}

void world_watch_log(struct world *w, const char *vm_id)
{
	str_copy(w->log.vm_id, sizeof(w->log.vm_id), vm_id);
	buf_reset(&w->log.text);
	w->log.escape = 0;
	w->changed |= WORLD_LOG;
}

void world_ask_dir(struct world *w, uint64_t job)
{
	if (!job)
		world_dir_done(&w->dir);
	w->dir.job = job;
	w->dir.reading = job != 0;
	w->dir.fresh.n = 0;
	w->dir.fresh.path[0] = w->dir.fresh.name[0] = 0;
	w->changed |= WORLD_DIR;
}

void world_apply(struct world *w, const struct event *ev)
{
	switch (ev->kind) {
	case EV_SYNCED:
		w->synced = true;
		w->changed |= WORLD_SYNC;
		break;
	case EV_FAILED:
		w->failed = true;
		w->failure = ev->err;
		w->changed |= WORLD_SYNC;
		break;
	case EV_VM_UPSERT:
		vm_upsert(w, &ev->vm);
		break;
	case EV_VM_GONE:
		vm_gone(w, ev->id);
		break;
	case EV_IMAGE_UPSERT:
		image_upsert(w, &ev->image);
		break;
	case EV_IMAGE_GONE:
		image_gone(w, ev->image.name);
		break;
	case EV_KERNEL_UPSERT:
		kernel_upsert(w, &ev->kernel);
		break;
	case EV_KERNEL_GONE:
		kernel_gone(w, ev->kernel.name);
		break;
	case EV_JOB:
		job_upsert(w, &ev->job);
		if (!job_is_active(&ev->job))
			world_parts_tidy(w);
		break;
	case EV_JOB_PARTS:
		world_parts_in(w, &ev->parts);
		break;
	case EV_VM_STATS:
		stats_in(w, &ev->vm_stats);
		break;
	case EV_HOST_STATS:
		host_in(w, &ev->host_stats);
		break;
	case EV_HOST_INFO:
		w->info = ev->host;
		w->has_info = true;
		w->changed |= WORLD_HOST_INFO;
		break;
	case EV_HELPER:
		w->helper = ev->helper;
		w->has_helper = true;
		w->changed |= WORLD_HOST_INFO;
		break;
	case EV_CHECK:
		world_check_in(&w->checks, &ev->check);
		w->changed |= WORLD_CHECKS;
		break;
	case EV_DIR:
		if (ev->dir.job != w->dir.job)
			break;
		world_dir_in(&w->dir, &ev->dir);
		w->changed |= WORLD_DIR;
		break;
	case EV_LOG:
		log_in(w, &ev->log);
		break;
	case EV_NONE:
	case EV_CONSOLE_READY:
	case EV_PRUNABLE:
	case EV_KIND_COUNT:
		break;
	}
}

static int by_name(const void *a, const void *b)
{
	const struct world_vm *const *x = a, *const *y = b;

	return strcmp((*x)->vm.name, (*y)->vm.name);
}

void world_sort(struct world *w)
{
	if (!w->unsorted)
		return;
	qsort(w->vms, w->n_vms, sizeof(struct world_vm *), by_name);
	index_rebuild(w);
	w->unsorted = false;
}

const struct job *world_job(const struct world *w, uint64_t id)
{
	for (size_t i = 0; i < w->n_jobs; i++)
		if (w->jobs[i].id == id)
			return &w->jobs[i];
	return NULL;
}

const struct job *world_vm_job(const struct world *w, const struct world_vm *vm)
{
	return vm->job ? world_job(w, vm->job) : NULL;
}

enum request_kind world_vm_last(const struct world *w, const char *vm_id)
{
	for (size_t i = 0; i < w->n_jobs; i++)
		if (!strcmp(w->jobs[i].vm_id, vm_id) && w->jobs[i].kind != REQ_VM_REAP &&
		    w->jobs[i].kind != REQ_CONSOLE_OPEN)
			return w->jobs[i].kind;
	return REQ_NONE;
}

const struct job *world_target_job(const struct world *w, enum request_kind kind, const char *target)
{
	for (size_t i = 0; i < w->n_jobs; i++)
		if (job_is_active(&w->jobs[i]) && w->jobs[i].kind == kind && !strcmp(w->jobs[i].target, target))
			return &w->jobs[i];
	return NULL;
}

const struct image *world_image(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->n_images; i++)
		if (!strcmp(w->images[i].name, name))
			return &w->images[i];
	return NULL;
}

size_t world_running(const struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_vms; i++)
		n += w->vms[i]->vm.state == VM_RUNNING;
	return n;
}

bool world_vm_stays(const struct world *w, const struct world_vm *vm)
{
	if (vm->vm.state != VM_RUNNING)
		return false;
	for (size_t i = 0; i < w->n_jobs; i++) {
		const struct job *j = &w->jobs[i];
		bool makes = j->kind == REQ_VM_START || j->kind == REQ_VM_RESTART || j->kind == REQ_VM_CREATE;
		bool ends = j->kind == REQ_VM_KILL || j->kind == REQ_VM_DELETE;

		if (job_is_active(j) && !strcmp(j->vm_id, vm->vm.id) && (ends || (makes && j->local)))
			return false;
	}
	return true;
}

size_t world_active_jobs(const struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_jobs; i++)
		n += job_is_active(&w->jobs[i]);
	return n;
}

const struct job *world_running_elsewhere(const struct world *w, enum request_kind kind, const char *target)
{
	for (size_t i = 0; i < w->n_jobs; i++)
		if (!w->jobs[i].local && job_is_active(&w->jobs[i]) && w->jobs[i].kind == kind && !strcmp(w->jobs[i].target, target))
			return &w->jobs[i];
	return NULL;
}

static bool is_at_stake(const struct job *j)
{
	return job_is_active(j) && j->local && j->kind != REQ_HOST_PROBE && j->kind != REQ_HOST_DOCTOR && j->kind != REQ_HOST_SWEEP;
}

size_t world_jobs_at_stake(const struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_jobs; i++)
		n += is_at_stake(&w->jobs[i]);
	return n;
}

size_t world_pulls_at_stake(const struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_jobs; i++)
		n += is_at_stake(&w->jobs[i]) && world_is_pull(&w->jobs[i]);
	return n;
}
