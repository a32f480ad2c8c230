/* SPDX-License-Identifier: MIT */
/*
 * The engine on a fabricated state directory: see rig.h.
 */
#include "tests/lib/rig.h"

#include "base/fs.h"
#include "core/disk/ext4.h"
#include "core/image/image.h"
#include "core/image/kernel.h"
#include "core/store/images.h"
#include "core/store/jobs.h"
#include "core/store/resources.h"
#include "core/store/vms.h"

#include <dirent.h>

#define IMAGE_ID "1111aaaa2222"
#define BOUND_MS 120000

static void put_rows(struct rig *r)
{
	struct image im = storetest_image(IMAGE_ID, "base");
	struct kernel k = storetest_kernel("3333bbbb4444", "k1");
	struct store *s = NULL;
	struct err e = {0};
	char path[PATHS_MAX];

	assert_ok(store_open(path_join(path, sizeof(path), r->paths.state, "state.db"), STORE_RW, 5000, &s, &e), &e);
	assert_ok(images_put(s, &im, &e), &e);
	assert_ok(kernels_put(s, &k, &e), &e);
	store_close(s);
}

void rig_make(struct rig *r, void **state)
{
	struct ext4_format_args a = {.size = EXT4_MIN_BYTES};
	struct err e = {0};
	char path[PATHS_MAX];
	struct op op;

	memset(r, 0, sizeof(*r));
	path_join(r->paths.state, PATHS_MAX, *state, "state");
	path_join(r->paths.cache, PATHS_MAX, *state, "cache");
	path_join(r->paths.config, PATHS_MAX, *state, "config");
	path_join(r->paths.runtime, PATHS_MAX, *state, "run");
	conf_init(&r->conf);
	assert_ok(fs_mkdir_p(path_join(path, sizeof(path), r->paths.state, "images/" IMAGE_ID), 0700, &e), &e);
	assert_ok(fs_mkdir_p(path_join(path, sizeof(path), r->paths.state, "kernels/k1"), 0700, &e), &e);
	test_write(path_join(path, sizeof(path), r->paths.state, "kernels/k1/" KERNEL_VMLINUZ), "a kernel");
	put_rows(r);
	op_init(&op, BOUND_MS);
	a.path = path_join(path, sizeof(path), r->paths.state, "images/" IMAGE_ID "/" IMAGE_ROOTFS);
	assert_ok(ext4_format(&op, &a, &e), &e);
	op_done(&op);
}

struct pending {
	uint64_t ids[64];
	int n;
};

/* Events of one job are coalesced, so its end may be all that is heard of it. */
static void note(struct pending *p, const struct job *j)
{
	int i = 0;

	while (i < p->n && p->ids[i] != j->id)
		i++;
	if (j->state < JOB_DONE && i == p->n && p->n < (int)ARRAY_LEN(p->ids))
		p->ids[p->n++] = j->id;
	else if (j->state >= JOB_DONE && i < p->n)
		p->ids[i] = p->ids[--p->n];
}

/* Take events until that job has ended; with 0, until the replay is complete and every job heard of has ended. */
static int pump(struct rig *r, uint64_t job, struct job *ret)
{
	struct pending pending = {0};
	bool synced = false;

	while (job || !synced || pending.n > 0) {
		struct event ev = {.kind = EV_NONE};
		struct err e = {0};

		if (engine_wait_event(&r->op, &r->port, &ev, &e) < 0 || ev.kind == EV_FAILED) {
			fprintf(stderr, "%s\n", ev.kind == EV_FAILED ? ev.err.msg : e.msg);
			return -1;
		}
		synced |= ev.kind == EV_SYNCED;
		if (ev.kind != EV_JOB)
			continue;
		note(&pending, &ev.job);
		if (ev.job.id == job && ev.job.state >= JOB_DONE) {
			*ret = ev.job;
			return 0;
		}
	}
	return 0;
}

int rig_open(struct rig *r)
{
	struct engine_args a = {.paths = &r->paths, .conf = &r->conf};
	struct err e = {0};

	op_init(&r->op, BOUND_MS);
	if (engine_open(&a, &r->port, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return -1;
	}
	return pump(r, 0, NULL);
}

void rig_close(struct rig *r)
{
	r->port.close(r->port.self);
	op_done(&r->op);
}

int rig_run(struct rig *r, const struct request *req, struct job *ret)
{
	uint64_t id;

	memset(ret, 0, sizeof(*ret));
	if (r->port.submit(r->port.self, req, &id, &ret->err) < 0)
		return -1;
	return pump(r, id, ret);
}

struct request rig_create(const char *name)
{
	struct request req = {.kind = REQ_VM_CREATE};
	struct err e = {0};

	str_copy(req.name, sizeof(req.name), name);
	assert_ok(spec_parse(&req.spec, SPEC_IMAGE, "base", &e), &e);
	assert_ok(spec_parse(&req.spec, SPEC_KERNEL, "k1", &e), &e);
	assert_ok(spec_parse(&req.spec, SPEC_OVERLAY, "16M", &e), &e);
	assert_ok(spec_parse(&req.spec, SPEC_WORK, "16M", &e), &e);
	assert_ok(spec_parse(&req.spec, SPEC_VCPUS, "1", &e), &e);
	assert_ok(spec_parse(&req.spec, SPEC_MEM, "128", &e), &e);
	return req;
}

struct request rig_about(enum request_kind kind, const char *ref)
{
	struct request req = {.kind = kind};

	str_copy(req.ref, sizeof(req.ref), ref);
	return req;
}

static int count_entries(const struct rig *r, const char *sub)
{
	char path[PATHS_MAX];
	DIR *dir = opendir(path_join(path, sizeof(path), r->paths.state, "%s", sub));
	struct dirent *d;
	int n = 0;

	while (dir && (d = readdir(dir)))
		n += strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
	if (dir)
		closedir(dir);
	return n;
}

struct rig_left rig_look(struct rig *r)
{
	struct rig_left left = {.vm_dirs = count_entries(r, "vms"),
				.image_dirs = count_entries(r, "images"),
				.kernel_dirs = count_entries(r, "kernels")};
	void *vms = NULL, *res = NULL, *images = NULL, *kernels = NULL, *jobs = NULL;
	struct store *s = NULL;
	struct err e = {0};
	char path[PATHS_MAX];

	assert_ok(store_open(path_join(path, sizeof(path), r->paths.state, "state.db"), STORE_RW, 5000, &s, &e), &e);
	assert_ok(vms_list(s, (struct vm **)&vms, &left.vms, &e), &e);
	assert_ok(resources_list(s, NULL, (struct resource **)&res, &left.resources, &e), &e);
	assert_ok(images_list(s, (struct image **)&images, &left.images, &e), &e);
	assert_ok(kernels_list(s, (struct kernel **)&kernels, &left.kernels, &e), &e);
	assert_ok(jobs_list(s, (struct job_row **)&jobs, &left.jobs, &e), &e);
	store_close(s);
	free(vms);
	free(res);
	free(images);
	free(kernels);
	free(jobs);
	return left;
}

void rig_assert_untouched(struct rig *r)
{
	struct rig_left left = rig_look(r);

	assert_int_equal(left.vms, 0);
	assert_int_equal(left.resources, 0);
	assert_int_equal(left.images, 1);
	assert_int_equal(left.kernels, 1);
	assert_int_equal(left.vm_dirs, 0);
	assert_int_equal(left.image_dirs, 1);
	assert_int_equal(left.kernel_dirs, 1);
}
