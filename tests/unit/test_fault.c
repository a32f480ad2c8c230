/* SPDX-License-Identifier: MIT */
/*
 * create, delete and pull through the real engine while the world fails: the n-th fallible call for every n, every call
 * from the n-th on, and the end of the process before and after the n-th. Nothing may be left: no row, no ledger row, no
 * file, no lock; at the latest after the next start.
 *
 * The seam is the linker's: calls between the object files go through __wrap_ functions here (see engine.mk).
 */
#include "tests/lib/fault.h"

#include "base/fs.h"
#include "core/disk/ext4.h"
#include "core/disk/vmdisk.h"
#include "core/guest/knownhosts.h"
#include "core/image/kernel.h"
#include "core/image/publish.h"
#include "core/store/images.h"
#include "core/store/resources.h"
#include "core/store/vms.h"
#include "core/vmm/alive.h"

FAULT_WRAP(store_begin, (struct store * s, struct err *e), (s, e))
FAULT_WRAP(store_commit, (struct store * s, struct err *e), (s, e))
FAULT_WRAP(vms_insert, (struct store * s, const struct vm *vm, struct err *e), (s, vm, e))
FAULT_WRAP(vms_get, (struct store * s, const char *id, struct vm *ret, struct err *e), (s, id, ret, e))
FAULT_WRAP(vms_delete, (struct store * s, const char *id, struct err *e), (s, id, e))
FAULT_WRAP(resources_add,
     (struct store * s, const char *owner, const char *kind, const char *name, const char *detail, struct err *e),
     (s, owner, kind, name, detail, e))
FAULT_WRAP(resources_remove, (struct store * s, const char *owner, const char *kind, const char *name, struct err *e),
     (s, owner, kind, name, e))
FAULT_WRAP(resources_list, (struct store * s, const char *owner, struct resource **ret, int *ret_n, struct err *e),
     (s, owner, ret, ret_n, e))
FAULT_WRAP(images_get, (struct store * s, const char *name, struct image *ret, struct err *e), (s, name, ret, e))
FAULT_WRAP(images_put, (struct store * s, const struct image *im, struct err *e), (s, im, e))
FAULT_WRAP(kernels_get, (struct store * s, const char *name, struct kernel *ret, struct err *e), (s, name, ret, e))
FAULT_WRAP(kernels_put, (struct store * s, const struct kernel *k, struct err *e), (s, k, e))
FAULT_WRAP(fs_mkdir_p, (const char *path, mode_t m, struct err *e), (path, m, e))
FAULT_WRAP(fs_remove_tree, (const char *path, struct err *e), (path, e))
FAULT_WRAP(vmdisk_create, (struct op * op, const struct vmdisk_mode *m, const struct vmdisk_spec *s, struct err *e),
     (op, m, s, e))
FAULT_WRAP(keys_vm_host, (const char *dir, struct keys_pair *ret, struct err *e), (dir, ret, e))
FAULT_WRAP(knownhosts_remove, (struct op * op, const char *state_dir, const char *vm_id, struct err *e),
     (op, state_dir, vm_id, e))
FAULT_WRAP(alive_kill, (struct op * op, const char *dir, struct err *e), (op, dir, e))
FAULT_WRAP(alive_release, (const char *dir, const char *runtime, const char *id, struct err *e), (dir, runtime, id, e))
FAULT_WRAP(publish_begin, (const char *root, struct publish *p, struct err *e), (root, p, e))
FAULT_WRAP(publish_commit, (struct publish * p, const char *name, const void *manifest, size_t len, struct err *e),
     (p, name, manifest, len, e))

static const char *content = "content";

/* Fetching is other tests' concern: here it puts one file into staging. */
static int fetch(const char *staging, const char *file, struct buf *manifest, const char *name, struct err *e)
{
	char path[PATHS_MAX];
	bool was_hit;

	if (fs_write_atomic(path_join(path, sizeof(path), staging, "%s", file), content, 7, 0600, e) < 0 ||
	    fault_before(name, &was_hit, e) < 0)
		return -1;
	buf_adds(manifest, "{}");
	return fault_after(0, was_hit);
}

int __wrap_image_fetch(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry,
		       const char *staging, struct image_built *ret, struct err *e);
int __wrap_image_fetch(struct op *op UNUSED, const struct image_ctx *ctx UNUSED,
		       const struct catalog_entry *entry UNUSED, const char *staging, struct image_built *ret,
		       struct err *e)
{
	return fetch(staging, IMAGE_ROOTFS, &ret->manifest, "image_fetch", e);
}

int __wrap_kernel_fetch(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry,
			const char *staging, struct kernel_built *ret, struct err *e);
int __wrap_kernel_fetch(struct op *op UNUSED, const struct image_ctx *ctx UNUSED,
			const struct catalog_entry *entry UNUSED, const char *staging, struct kernel_built *ret,
			struct err *e)
{
	return fetch(staging, KERNEL_VMLINUZ, &ret->manifest, "kernel_fetch", e);
}

static bool outdated; /* is what is here another one than a pull would make now? */

bool __wrap_kernel_is_of(const char *dir, const struct catalog_entry *entry);
bool __wrap_kernel_is_of(const char *dir UNUSED, const struct catalog_entry *entry UNUSED)
{
	return !outdated;
}

/* ---- running one request under a fault ---- */

/* A complete machine, and nothing of a second one. */
static void assert_one_vm(struct rig *r)
{
	struct rig_left left = rig_look(r);

	assert_int_equal(left.vms, 1);
	assert_int_equal(left.vm_dirs, 1);
	assert_int_equal(left.resources, 0);
}

/* ---- create ---- */

/* Every creation is to make the same calls. */
static void forget_blanks(const struct rig *r)
{
	char path[PATHS_MAX];
	struct err e = {0};

	path_join(path, sizeof(path), r->paths.cache, "blank");
	assert_ok(fs_remove_tree(path, &e), &e);
}

static void a_failed_create_leaves_nothing(void **state)
{
	const struct request create = rig_create("web1"), drop = rig_about(REQ_VM_DELETE, "web1");
	struct rig r;
	int nth = 0, borne = 0;

	rig_make(&r, state);
	must_open(&r);
	do {
		struct job j;

		forget_blanks(&r);
		fault_arm(FAIL_ONE, ++nth);
		j = must_end(&r, &create);
		fault_disarm();
		if (j.state == JOB_DONE && !fault_fired())
			break;
		if (j.state == JOB_DONE) {
			/* Where no blank can be kept, disks are formatted. */
			borne++;
			must_succeed(&r, &drop);
			rig_assert_untouched(&r);
			continue;
		}
		assert_non_null(strstr(j.err.msg, "injected"));
		rig_assert_untouched(&r);
	} while (nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 8, FAULT_CALLS_MAX - 1);
	assert_true(borne > 0 && borne <= 2); /* the mode's disks */
	assert_false(fault_fired());
	assert_one_vm(&r);
	must_succeed(&r, &drop);
	rig_assert_untouched(&r);
	rig_close(&r);
}

/* The roll-back fails as well: the next start finishes it. */
static void a_create_that_cannot_roll_back_is_finished_by_the_next_start(void **state)
{
	const struct request create = rig_create("web1");
	struct rig r;
	int nth = 0;

	rig_make(&r, state);
	do {
		struct job j;

		must_open(&r);
		fault_arm(FAIL_FROM, ++nth);
		j = must_end(&r, &create);
		fault_disarm();
		rig_close(&r);
		if (j.state == JOB_DONE)
			break;
		must_open(&r);
		rig_assert_untouched(&r);
		rig_close(&r);
	} while (nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 8, FAULT_CALLS_MAX - 1);
	assert_one_vm(&r);
}

static void crash_in_create(void **state, enum fault_mode m)
{
	const struct request create = rig_create("web1"), drop = rig_about(REQ_VM_DELETE, "web1");
	struct rig r;
	int nth = 0, status;

	rig_make(&r, state);
	do {
		status = run_and_crash(&r, &create, m, ++nth);
		must_open(&r);
		if (rig_look(&r).vms > 0) {
			assert_one_vm(&r);
			must_succeed(&r, &drop);
		}
		rig_assert_untouched(&r);
		rig_close(&r);
	} while (status == FAULT_CRASHED && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 8, FAULT_CALLS_MAX - 1);
}

static void a_crash_before_any_call_of_create_is_mended(void **state)
{
	crash_in_create(state, EXIT_BEFORE);
}

static void a_crash_after_any_call_of_create_is_mended(void **state)
{
	crash_in_create(state, EXIT_AFTER);
}

/* ---- delete ---- */

static void a_failed_delete_can_be_repeated(void **state)
{
	const struct request create = rig_create("web1"), drop = rig_about(REQ_VM_DELETE, "web1");
	struct rig r;
	int nth = 0;

	rig_make(&r, state);
	must_open(&r);
	do {
		struct job j;

		must_succeed(&r, &create);
		fault_arm(FAIL_ONE, ++nth);
		j = must_end(&r, &drop);
		fault_disarm();
		if (j.state == JOB_DONE)
			break;
		must_succeed(&r, &drop);
		rig_assert_untouched(&r);
	} while (nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 6, FAULT_CALLS_MAX - 1);
	rig_assert_untouched(&r);
	rig_close(&r);
}

static void a_forced_delete_goes_on_and_says_what_failed(void **state)
{
	const struct request create = rig_create("web1");
	struct request drop = rig_about(REQ_VM_DELETE, "web1");
	struct rig r;
	int nth = 0;

	drop.flags = REQ_F_FORCE;
	rig_make(&r, state);
	do {
		struct job j;

		must_open(&r);
		must_succeed(&r, &create);
		fault_arm(FAIL_ONE, ++nth);
		j = must_end(&r, &drop);
		fault_disarm();
		rig_close(&r);
		if (j.state == JOB_DONE && !fault_fired())
			break;
		if (j.state != JOB_DONE) {
			bool gone = rig_look(&r).vms == 0;

			assert_non_null(strstr(j.err.msg, "injected"));
			assert_int_equal(strstr(j.err.msg, "is gone") != NULL, gone);
		}
		must_open(&r);
		if (rig_look(&r).vms > 0) {
			drop.flags = 0;
			must_succeed(&r, &drop);
			drop.flags = REQ_F_FORCE;
		}
		rig_assert_untouched(&r);
		rig_close(&r);
	} while (nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 6, FAULT_CALLS_MAX - 1);
	rig_assert_untouched(&r);
}

/* Once the intent is written, a delete is finished by the next start; before, nothing has happened. */
static void crash_in_delete(void **state, enum fault_mode m)
{
	const struct request create = rig_create("web1"), drop = rig_about(REQ_VM_DELETE, "web1");
	struct rig r;
	int nth = 0, status;

	rig_make(&r, state);
	do {
		must_open(&r);
		must_succeed(&r, &create);
		rig_close(&r);
		status = run_and_crash(&r, &drop, m, ++nth);
		must_open(&r);
		if (rig_look(&r).vms > 0) {
			assert_one_vm(&r);
			assert_true(nth <= (m == EXIT_BEFORE ? 3 : 2)); /* lock, row, intent */
			must_succeed(&r, &drop);
		}
		rig_assert_untouched(&r);
		rig_close(&r);
	} while (status == FAULT_CRASHED && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 6, FAULT_CALLS_MAX - 1);
}

static void a_crash_before_any_call_of_delete_is_mended(void **state)
{
	crash_in_delete(state, EXIT_BEFORE);
}

static void a_crash_after_any_call_of_delete_is_mended(void **state)
{
	crash_in_delete(state, EXIT_AFTER);
}

/* ---- pull, and deleting what was pulled ---- */

struct thing {
	enum request_kind pull, drop;
	const char *name;
};

static const struct thing image = {REQ_IMAGE_PULL, REQ_IMAGE_DELETE, "tiny"};
static const struct thing kernel = {REQ_KERNEL_PULL, REQ_KERNEL_DELETE, "debian"};
static const struct thing own_kernel = {REQ_KERNEL_IMPORT, REQ_KERNEL_DELETE, "mine"};

static struct request get(const struct thing *t)
{
	struct request r = rig_about(t->pull, t->name);

	if (t->pull == REQ_KERNEL_IMPORT)
		str_copy(r.path, sizeof(r.path), "/boot/mine");
	return r;
}

static void assert_pulled(struct rig *r)
{
	struct rig_left left = rig_look(r);

	assert_int_equal(left.images + left.kernels, 3);
	assert_int_equal(left.image_dirs + left.kernel_dirs, 3);
	assert_int_equal(left.resources, 0);
}

static void fail_pull(void **state, const struct thing *t)
{
	const struct request pull = get(t);
	struct rig r;
	int nth = 0;

	rig_make(&r, state);
	must_open(&r);
	do {
		struct job j;

		fault_arm(FAIL_ONE, ++nth);
		j = must_end(&r, &pull);
		fault_disarm();
		if (j.state == JOB_DONE && !fault_fired())
			break;
		if (j.state == JOB_DONE) {
			const struct request drop = rig_about(t->drop, t->name);

			assert_pulled(&r);
			must_succeed(&r, &drop);
		} else {
			assert_non_null(strstr(j.err.msg, "injected"));
		}
		rig_assert_untouched(&r);
	} while (nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 6, FAULT_CALLS_MAX - 1);
	assert_pulled(&r);
	rig_close(&r);
}

static void a_failed_image_pull_leaves_nothing(void **state)
{
	fail_pull(state, &image);
}

static void a_failed_kernel_pull_leaves_nothing(void **state)
{
	fail_pull(state, &kernel);
}

static void a_failed_import_of_a_kernel_leaves_nothing(void **state)
{
	fail_pull(state, &own_kernel);
}

static void crash_in_pull(void **state, const struct thing *t, enum fault_mode m)
{
	const struct request pull = get(t), drop = rig_about(t->drop, t->name);
	struct rig r;
	int nth = 0, status;

	rig_make(&r, state);
	do {
		status = run_and_crash(&r, &pull, m, ++nth);
		must_open(&r);
		if (rig_look(&r).images + rig_look(&r).kernels > 2) {
			assert_pulled(&r);
			must_succeed(&r, &drop);
		}
		rig_assert_untouched(&r);
		rig_close(&r);
	} while (status == FAULT_CRASHED && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 6, FAULT_CALLS_MAX - 1);
}

static void a_crash_in_an_image_pull_is_mended(void **state)
{
	crash_in_pull(state, &image, EXIT_BEFORE);
}

static void a_crash_after_a_call_of_an_image_pull_is_mended(void **state)
{
	crash_in_pull(state, &image, EXIT_AFTER);
}

static void a_crash_in_a_kernel_pull_is_mended(void **state)
{
	crash_in_pull(state, &kernel, EXIT_AFTER);
}

static void a_crash_in_an_import_of_a_kernel_is_mended(void **state)
{
	crash_in_pull(state, &own_kernel, EXIT_AFTER);
}

/* ---- a kernel that is made anew under the name machines know it by ---- */

static void assert_kernel_is(struct rig *r, const char *want)
{
	char path[PATHS_MAX];
	auto_free char *text = NULL;

	assert_pulled(r);
	path_join(path, sizeof(path), r->paths.state, "kernels/debian/%s", KERNEL_VMLINUZ);
	text = test_read(path);
	if (want)
		assert_string_equal(text, want);
	else
		assert_true(strcmp(text, "content") == 0 || strcmp(text, "renewed") == 0);
}

static void make_it(struct rig *r, const struct request *pull, const char *what)
{
	content = what;
	outdated = true;
	must_succeed(r, pull);
	assert_kernel_is(r, what);
}

static void a_failed_renewal_leaves_the_kernel_it_was(void **state)
{
	const struct request pull = get(&kernel);
	bool fired;
	struct rig r;
	int nth = 0;

	rig_make(&r, state);
	must_open(&r);
	make_it(&r, &pull, "content");
	do {
		struct job j;

		content = "renewed";
		fault_arm(FAIL_ONE, ++nth);
		j = must_end(&r, &pull);
		fired = fault_fired();
		fault_disarm();
		/* What could not be removed of the former goes at the next start. */
		rig_close(&r);
		must_open(&r);
		assert_kernel_is(&r, j.state == JOB_DONE ? "renewed" : "content");
		if (j.state == JOB_DONE)
			make_it(&r, &pull, "content");
	} while (fired && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 6, FAULT_CALLS_MAX - 1);
	rig_close(&r);
	outdated = false;
	content = "content";
}

static void crash_in_renewal(void **state, enum fault_mode m)
{
	const struct request pull = get(&kernel);
	struct rig r;
	int nth = 0, status;

	rig_make(&r, state);
	do {
		must_open(&r);
		make_it(&r, &pull, "content");
		rig_close(&r);
		content = "renewed";
		status = run_and_crash(&r, &pull, m, ++nth);
		must_open(&r);
		assert_kernel_is(&r, status == FAULT_CRASHED ? NULL : "renewed");
		rig_close(&r);
	} while (status == FAULT_CRASHED && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 6, FAULT_CALLS_MAX - 1);
	outdated = false;
	content = "content";
}

static void a_crash_in_a_renewal_leaves_one_of_the_two(void **state)
{
	crash_in_renewal(state, EXIT_BEFORE);
}

static void a_crash_after_a_call_of_a_renewal_leaves_one_of_the_two(void **state)
{
	crash_in_renewal(state, EXIT_AFTER);
}

static void crash_in_drop(void **state, const struct thing *t)
{
	const struct request pull = rig_about(t->pull, t->name), drop = rig_about(t->drop, t->name);
	struct rig r;
	int nth = 0, status;

	rig_make(&r, state);
	do {
		must_open(&r);
		must_succeed(&r, &pull);
		rig_close(&r);
		status = run_and_crash(&r, &drop, EXIT_AFTER, ++nth);
		must_open(&r);
		if (rig_look(&r).images + rig_look(&r).kernels > 2) {
			assert_pulled(&r);
			must_succeed(&r, &drop);
		}
		rig_assert_untouched(&r);
		rig_close(&r);
	} while (status == FAULT_CRASHED && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 4, FAULT_CALLS_MAX - 1);
}

/* Its row is gone, or it is whole; what is left of the files is in the ledger, and that is told. */
static void a_failed_delete_of_an_image_is_ended_by_the_next_start(void **state)
{
	const struct request pull = get(&image), drop = rig_about(image.drop, image.name);
	struct job j;
	struct rig r;
	int nth = 0, ended = 0;

	rig_make(&r, state);
	do {
		must_open(&r);
		must_succeed(&r, &pull);
		fault_arm(FAIL_ONE, ++nth);
		j = must_end(&r, &drop);
		fault_disarm();
		if (j.state != JOB_DONE && rig_look(&r).images > 1) {
			assert_pulled(&r);
			must_succeed(&r, &drop);
		} else if (j.state != JOB_DONE) {
			assert_non_null(strstr(j.err.hint, "the next start of banger-tui removes what is left"));
			assert_int_equal(rig_look(&r).resources, 1);
			ended++;
		}
		rig_close(&r);
		must_open(&r);
		rig_assert_untouched(&r);
		rig_close(&r);
	} while ((j.state != JOB_DONE || fault_fired()) && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 4, FAULT_CALLS_MAX - 1);
	assert_true(ended > 0);
}

static void a_crash_in_deleting_an_image_is_mended(void **state)
{
	crash_in_drop(state, &image);
}

static void a_crash_in_deleting_a_kernel_is_mended(void **state)
{
	crash_in_drop(state, &kernel);
}

/* ---- registering and promoting ---- */

static void registered(struct rig *r, void **state)
{
	struct request reg = rig_about(REQ_IMAGE_REGISTER, "mine");
	struct ext4_format_args a = {.path = tmpdir_path(state, "mine.ext4"), .size = EXT4_MIN_BYTES};
	struct err e = {0};
	struct op op;

	op_init(&op, 60000);
	if (!fs_exists(a.path))
		assert_ok(ext4_format(&op, &a, &e), &e);
	op_done(&op);
	str_copy(reg.path, sizeof(reg.path), tmpdir_path(state, "mine.ext4"));
	must_succeed(r, &reg);
}

static const struct request promote = {.kind = REQ_IMAGE_PROMOTE, .ref = "mine"};
static const struct request forget = {.kind = REQ_IMAGE_DELETE, .ref = "mine"};

/* The row is there, of one or the other kind; a directory is there where it says so. */
static void assert_either(struct rig *r, bool is_promoted)
{
	struct rig_left left = rig_look(r);

	assert_int_equal(left.images, 2);
	assert_int_equal(left.image_dirs, is_promoted ? 2 : 1);
	assert_int_equal(left.resources, 0);
}

static void a_failed_promotion_leaves_it_registered(void **state)
{
	struct rig r;
	struct job j;
	int nth = 0;

	rig_make(&r, state);
	must_open(&r);
	registered(&r, state);
	do {
		fault_arm(FAIL_ONE, ++nth);
		j = must_end(&r, &promote);
		fault_disarm();
		assert_either(&r, j.state == JOB_DONE);
		if (j.state != JOB_DONE)
			assert_non_null(strstr(j.err.msg, "injected"));
		if (j.state != JOB_DONE || !fault_fired())
			continue;
		must_succeed(&r, &forget);
		registered(&r, state);
	} while ((j.state != JOB_DONE || fault_fired()) && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 5, FAULT_CALLS_MAX - 1);
	must_succeed(&r, &forget);
	rig_assert_untouched(&r);
	rig_close(&r);
}

static void a_crash_in_a_promotion_is_mended(void **state)
{
	struct rig r;
	int nth = 0, status;

	rig_make(&r, state);
	do {
		must_open(&r);
		registered(&r, state);
		rig_close(&r);
		status = run_and_crash(&r, &promote, EXIT_AFTER, ++nth);
		must_open(&r);
		assert_either(&r, rig_look(&r).image_dirs == 2);
		must_succeed(&r, &forget);
		rig_assert_untouched(&r);
		rig_close(&r);
	} while (status == FAULT_CRASHED && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 5, FAULT_CALLS_MAX - 1);
}

/* ---- requests that must leave nothing without any fault ---- */

static void refused_requests_leave_nothing(void **state)
{
	struct request dup, bad;
	struct rig r;
	struct job j;

	rig_make(&r, state);
	must_open(&r);
	bad = rig_create("Bad.Name");
	assert_int_equal(rig_run(&r, &bad, &j), -1);
	assert_int_equal(j.err.code, ERR_USAGE);
	bad = rig_create("web1");
	str_copy(bad.spec.cfg.image, sizeof(bad.spec.cfg.image), "bas");
	assert_int_equal(rig_run(&r, &bad, &j), -1);
	assert_int_equal(j.err.code, ERR_NOT_FOUND);
	assert_non_null(strstr(j.err.hint, "base"));
	rig_assert_untouched(&r);
	dup = rig_create("web1");
	must_succeed(&r, &dup);
	assert_int_equal(rig_run(&r, &dup, &j), -1);
	assert_int_equal(j.err.code, ERR_EXISTS);
	assert_one_vm(&r);
	bad = rig_about(REQ_IMAGE_DELETE, "base");
	j = must_end(&r, &bad);
	assert_int_equal(j.state, JOB_FAILED);
	assert_non_null(strstr(j.err.msg, "web1"));
	rig_close(&r);
}

/* Machines go by its name. */
static void a_kernel_does_not_take_anothers_place(void **state)
{
	struct request import = get(&own_kernel), bad = import;
	struct rig r;
	struct job j;

	rig_make(&r, state);
	must_open(&r);
	must_succeed(&r, &import);
	j = must_end(&r, &import);
	assert_int_equal(j.state, JOB_FAILED);
	assert_int_equal(j.err.code, ERR_EXISTS);
	assert_non_null(strstr(j.err.hint, "kernel delete mine"));
	str_copy(bad.ref, sizeof(bad.ref), "a/b");
	assert_int_equal(rig_run(&r, &bad, &j), -1);
	assert_int_equal(j.err.code, ERR_USAGE);
	bad = import;
	str_copy(bad.modules, sizeof(bad.modules), "lib/modules");
	assert_int_equal(rig_run(&r, &bad, &j), -1);
	assert_non_null(strstr(j.err.msg, "lib/modules"));
	assert_pulled(&r);
	rig_close(&r);
}

/* A console closed the moment it was opened, with work waiting for it. */
static void opening_and_closing_at_once_is_safe(void **state)
{
	const struct request create = rig_create("web1");
	struct rig r;

	rig_make(&r, state);
	must_open(&r);
	must_succeed(&r, &create);
	rig_close(&r);
	for (int i = 0; i < 10; i++) {
		struct engine_args a = {.paths = &r.paths, .conf = &r.conf};
		struct err e = {0};
		struct store *s = NULL;
		struct vm *vms = NULL;
		char path[PATHS_MAX];
		int n;

		path_join(path, sizeof(path), r.paths.state, "state.db");
		assert_ok(store_open(path, STORE_RW, 5000, &s, &e), &e);
		assert_ok(vms_list(s, &vms, &n, &e), &e);
		vms[0].state = VM_RUNNING; /* nobody holds its lock: something to put in order */
		assert_ok(vms_update(s, &vms[0], &e), &e);
		free(vms);
		store_close(s);
		assert_ok(engine_open(&a, &r.port, &e), &e);
		r.port.close(r.port.self);
	}
	must_open(&r);
	assert_one_vm(&r);
	rig_close(&r);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		T(a_failed_create_leaves_nothing),
		T(a_create_that_cannot_roll_back_is_finished_by_the_next_start),
		T(a_crash_before_any_call_of_create_is_mended),
		T(a_crash_after_any_call_of_create_is_mended),
		T(a_failed_delete_can_be_repeated),
		T(a_forced_delete_goes_on_and_says_what_failed),
		T(a_crash_before_any_call_of_delete_is_mended),
		T(a_crash_after_any_call_of_delete_is_mended),
		T(a_failed_image_pull_leaves_nothing),
		T(a_failed_kernel_pull_leaves_nothing),
		T(a_failed_import_of_a_kernel_leaves_nothing),
		T(a_crash_in_an_image_pull_is_mended),
		T(a_crash_after_a_call_of_an_image_pull_is_mended),
		T(a_crash_in_a_kernel_pull_is_mended),
		T(a_failed_renewal_leaves_the_kernel_it_was),
		T(a_crash_in_a_renewal_leaves_one_of_the_two),
		T(a_crash_after_a_call_of_a_renewal_leaves_one_of_the_two),
		T(a_crash_in_an_import_of_a_kernel_is_mended),
		T(a_failed_delete_of_an_image_is_ended_by_the_next_start),
		T(a_crash_in_deleting_an_image_is_mended),
		T(a_failed_promotion_leaves_it_registered),
		T(a_crash_in_a_promotion_is_mended),
		T(a_crash_in_deleting_a_kernel_is_mended),
		T(refused_requests_leave_nothing),
		T(a_kernel_does_not_take_anothers_place),
		T(opening_and_closing_at_once_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
