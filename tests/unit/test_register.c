/* SPDX-License-Identifier: MIT */
/*
 * Images that stay where they are, through the real engine: a row and nothing else; the file is compared before it is used, never
 * touched, and copied in under the same id when that is asked for.
 */
#include "tests/lib/rig.h"
#include "tests/lib/test.h"

#include "base/fs.h"
#include "core/disk/ext4.h"
#include "core/image/image.h"
#include "core/image/kernel.h"
#include "core/store/images.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct rig rig;
static char file[4096];

static void make_ext4(const char *path)
{
	struct ext4_format_args a = {.path = path, .size = EXT4_MIN_BYTES};
	struct err e = {0};
	struct op op;

	op_init(&op, 60000);
	assert_ok(ext4_format(&op, &a, &e), &e);
	op_done(&op);
}

static int setup(void **state)
{
	int rc = tmpdir_setup(state);

	snprintf(file, sizeof(file), "%s/mine.ext4", (char *)*state);
	make_ext4(file);
	rig_make(&rig, state);
	return rc < 0 ? rc : rig_open(&rig);
}

static int teardown(void **state)
{
	rig_close(&rig);
	return tmpdir_teardown(state);
}

static struct job end(const struct request *req)
{
	struct job j;

	(void)!rig_run(&rig, req, &j);
	return j;
}

static void succeed(const struct request *req)
{
	struct job j = end(req);

	if (j.state != JOB_DONE)
		fail_msg("%s", j.err.msg);
}

/* Failed, or refused at once, saying so. */
static void fail_with(const struct request *req, enum err_code code, const char *why)
{
	struct job j = end(req);

	assert_true(j.state != JOB_DONE);
	if (j.err.code != code || !strstr(j.err.msg, why))
		fail_msg("%s: %s", err_code_to_string(j.err.code), j.err.msg);
}

static struct request register_as(const char *name)
{
	struct request req = rig_about(REQ_IMAGE_REGISTER, name);

	str_copy(req.path, sizeof(req.path), file);
	return req;
}

static struct request create_from(const char *image, const char *disk)
{
	struct request req = rig_create("web1");
	struct err e = {0};

	assert_ok(spec_parse(&req.spec, SPEC_IMAGE, image, &e), &e);
	assert_ok(spec_parse(&req.spec, SPEC_DISK, disk, &e), &e);
	return req;
}

static struct image look(const char *ref, int (*get)(struct store *s, const char *ref, struct image *ret, struct err *e))
{
	struct store *s = NULL;
	struct err e = {0};
	struct image im = {0};
	char path[PATHS_MAX];

	assert_ok(store_open(path_join(path, sizeof(path), rig.paths.state, "state.db"), STORE_RW, 5000, &s, &e), &e);
	(void)!get(s, ref, &im, NULL);
	store_close(s);
	return im;
}

/* Zeroed when there is none. */
static struct image row(const char *name)
{
	return look(name, images_get);
}

static struct image by_id(const char *id)
{
	return look(id, images_get_id);
}

static void touch(const char *path)
{
	struct timespec when[2] = {{1000, 0}, {1000, 0}};

	assert_int_equal(utimensat(AT_FDCWD, path, when, 0), 0);
}

static void a_row_and_nothing_else(void **state UNUSED)
{
	struct request reg = register_as("mine"), drop = rig_about(REQ_IMAGE_DELETE, "mine");
	struct image im;

	succeed(&reg);
	im = row("mine");
	assert_string_equal(im.path, file);
	assert_int_equal(im.size_bytes, EXT4_MIN_BYTES);
	assert_string_equal(im.digest, "");
	assert_int_equal(rig_look(&rig).images, 2);
	assert_int_equal(rig_look(&rig).image_dirs, 1);
	succeed(&drop);
	assert_true(fs_exists(file));
	rig_assert_untouched(&rig);
}

static void machines_are_made_from_it(void **state UNUSED)
{
	static const char *const disks[] = {"overlay", "copy"};
	struct request reg = register_as("mine"), drop = rig_about(REQ_IMAGE_DELETE, "mine");

	succeed(&reg);
	for (size_t i = 0; i < ARRAY_LEN(disks); i++) {
		struct request create = create_from("mine", disks[i]), gone = rig_about(REQ_VM_DELETE, "web1");

		succeed(&create);
		fail_with(&drop, ERR_STATE, "web1");
		succeed(&gone);
	}
	succeed(&drop);
	rig_assert_untouched(&rig);
}

static void what_cannot_stay_where_it_is(void **state)
{
	struct request reg = register_as("mine");

	test_write(file, "no file system");
	fail_with(&reg, ERR_PROTO, "mine.ext4");
	assert_int_equal(unlink(file), 0);
	fail_with(&reg, ERR_NOT_FOUND, "mine.ext4");
	str_copy(reg.path, sizeof(reg.path), *state);
	fail_with(&reg, ERR_USAGE, "is no file");
	str_copy(reg.path, sizeof(reg.path), "mine.ext4");
	fail_with(&reg, ERR_USAGE, "no whole path");
	reg = register_as("a/b");
	fail_with(&reg, ERR_USAGE, "'/'");
	rig_assert_untouched(&rig);
}

static void a_file_that_was_changed_makes_no_machine(void **state UNUSED)
{
	struct request reg = register_as("mine"), create = create_from("mine", "overlay"), start = rig_about(REQ_VM_START, "web1");
	struct request gone = rig_about(REQ_VM_DELETE, "web1"), drop = rig_about(REQ_IMAGE_DELETE, "mine");

	succeed(&reg);
	succeed(&create);
	touch(file);
	{
		struct job j = end(&start);

		assert_int_equal(j.state, JOB_FAILED);
		assert_non_null(strstr(j.err.msg, "was changed since it was registered"));
	}
	succeed(&gone);
	fail_with(&create, ERR_STATE, "was changed since it was registered");
	assert_int_equal(unlink(file), 0);
	fail_with(&create, ERR_NOT_FOUND, "which cannot be had");
	assert_int_equal(rig_look(&rig).vms + rig_look(&rig).vm_dirs, 0);
	succeed(&drop);
	rig_assert_untouched(&rig);
}

/* What comes back from a copy is what it was. */
static void the_same_file_may_come_back(void **state)
{
	struct request reg = register_as("mine"), create = create_from("mine", "overlay");
	struct timespec when[2];
	struct err e = {0};
	struct stat st;
	struct op op;

	succeed(&reg);
	assert_int_equal(stat(file, &st), 0);
	op_init(&op, 60000);
	assert_ok(fs_copy_sparse(&op, file, tmpdir_path(state, "copy"), 0600, &e), &e);
	op_done(&op);
	when[0] = when[1] = st.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, tmpdir_path(state, "copy"), when, 0), 0);
	assert_int_equal(rename(tmpdir_path(state, "copy"), file), 0);
	succeed(&create);
}

static void the_helper_takes_none(void **state UNUSED)
{
	struct request reg = register_as("mine"), create = create_from("mine", "dm-snapshot");

	succeed(&reg);
	fail_with(&create, ERR_STATE, "dm-snapshot takes images that are kept here");
}

/* The same id, the same content, the machine's image as before; and the file is nobody's business any more. */
static void promoted(void **state UNUSED)
{
	struct request reg = register_as("mine"), create = create_from("mine", "overlay"), up = rig_about(REQ_IMAGE_PROMOTE, "mine");
	struct request gone = rig_about(REQ_VM_DELETE, "web1"), drop = rig_about(REQ_IMAGE_DELETE, "mine");
	struct image before, after;
	auto_buf had = {0}, got = {0};
	struct err e = {0};
	char path[PATHS_MAX];

	succeed(&reg);
	succeed(&create);
	before = row("mine");
	succeed(&up);
	after = row("mine");
	assert_string_equal(after.id, before.id);
	assert_string_equal(after.rootfs_uuid, before.rootfs_uuid);
	assert_string_equal(after.path, "");
	assert_int_equal(after.users, 1);
	path_join(path, sizeof(path), rig.paths.state, "images/%s/" IMAGE_ROOTFS, after.id);
	assert_ok(fs_read_file(file, EXT4_MIN_BYTES, &had, &e), &e);
	assert_ok(fs_read_file(path, EXT4_MIN_BYTES, &got, &e), &e);
	assert_int_equal(had.len, got.len);
	assert_memory_equal(had.data, got.data, had.len);
	assert_int_equal(rig_look(&rig).resources, 0);
	fail_with(&up, ERR_STATE, "kept here already");
	assert_int_equal(unlink(file), 0);
	succeed(&gone);
	succeed(&create);
	succeed(&gone);
	succeed(&drop);
	rig_assert_untouched(&rig);
}

static void what_was_changed_is_not_promoted(void **state UNUSED)
{
	struct request reg = register_as("mine"), up = rig_about(REQ_IMAGE_PROMOTE, "mine"), drop = rig_about(REQ_IMAGE_DELETE, "mine");

	succeed(&reg);
	touch(file);
	fail_with(&up, ERR_STATE, "was changed");
	assert_int_equal(rig_look(&rig).image_dirs, 1);
	succeed(&drop);
	rig_assert_untouched(&rig);
}

/* A name that moves on leaves the file, and the row while a machine needs it. */
static void registered_anew(void **state)
{
	struct request reg = register_as("mine"), create = create_from("mine", "overlay"), gone = rig_about(REQ_VM_DELETE, "web1");
	struct request prune = rig_about(REQ_IMAGE_PRUNE, REQ_REF_CACHE);
	char first[sizeof(file)], id[ID_SIZE];

	succeed(&reg);
	succeed(&create);
	str_copy(first, sizeof(first), file);
	str_copy(id, sizeof(id), row("mine").id);
	snprintf(file, sizeof(file), "%s", tmpdir_path(state, "second.ext4"));
	make_ext4(file);
	reg = register_as("mine");
	succeed(&reg);
	assert_string_equal(by_id(id).path, first);
	assert_int_equal(by_id(id).users, 1);
	succeed(&gone);
	succeed(&prune);
	assert_string_equal(by_id(id).path, "");
	assert_string_equal(row("mine").path, file);
	assert_true(fs_exists(first));
	assert_true(fs_exists(file));
	assert_int_equal(rig_look(&rig).resources, 0);
}

/* What a prune would remove, as it is asked without a job that anybody hears of. */
static struct image_prunable prunable(void)
{
	struct request q = rig_about(REQ_IMAGE_PRUNABLE, REQ_REF_CACHE);
	struct event ev = {.kind = EV_NONE};
	struct err e = {0};
	uint64_t id;

	assert_ok(rig.port.submit(rig.port.self, &q, &id, &e), &e);
	while (ev.kind != EV_PRUNABLE)
		assert_ok(engine_wait_event(&rig.op, &rig.port, &ev, &e), &e);
	assert_int_equal(ev.prunable.job, id);
	assert_false(err_is_set(&ev.prunable.err));
	return ev.prunable.found;
}

static void a_prune_is_told_before(void **state UNUSED)
{
	struct request prune = rig_about(REQ_IMAGE_PRUNE, REQ_REF_CACHE);
	struct image_prunable p;
	struct err e = {0};
	char path[PATHS_MAX];

	p = prunable();
	assert_int_equal(p.builds + p.blobs + p.parts, 0);
	for (int i = 0; i < 3; i++) {
		path_join(path, sizeof(path), rig.paths.cache, "blobs/sha256/%064d%s", i, i == 2 ? ".part" : "");
		assert_ok(fs_write_atomic(path, "some bytes", 10, 0600, &e), &e);
	}
	p = prunable();
	assert_int_equal(p.blobs, 2);
	assert_int_equal(p.parts, 1);
	assert_true(p.blob_bytes == 2 * p.part_bytes && p.part_bytes > 0);
	succeed(&prune);
	p = prunable();
	assert_int_equal(p.builds + p.blobs + p.parts, 0);
	rig_assert_untouched(&rig);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Under a name of the catalogue: what a pull would bring does not come, and that is no success. */
static void a_pull_takes_no_place_of_a_persons(void **state)
{
	struct request reg = register_as("tiny"), pull = rig_about(REQ_IMAGE_PULL, "tiny"), kernel = rig_about(REQ_KERNEL_PULL, "debian");
	struct kernel k = {.id = "0123456789ab", .name = "debian", .source = "local", .release = "1"};
	struct store *s = NULL;
	struct err e = {0};
	char path[PATHS_MAX];

	succeed(&reg);
	fail_with(&pull, ERR_EXISTS, "stands in for the catalogue's");
	assert_string_equal(row("tiny").path, file);
	/* Who only needs an image of that name has one. */
	pull.flags = REQ_F_MISSING;
	succeed(&pull);
	/* What is in no catalogue is as good as pulled. */
	reg = register_as("mine");
	succeed(&reg);
	pull = rig_about(REQ_IMAGE_PULL, "mine");
	succeed(&pull);
	tmpdir_put(state, "state/kernels/debian/" KERNEL_VMLINUZ, "kernel");
	tmpdir_put(state, "state/kernels/debian/" KERNEL_MODULES, "modules");
	assert_ok(store_open(path_join(path, sizeof(path), rig.paths.state, "state.db"), STORE_RW, 5000, &s, &e), &e);
	assert_ok(kernels_put(s, &k, &e), &e);
	store_close(s);
	fail_with(&kernel, ERR_EXISTS, "stands in for the catalogue's");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_row_and_nothing_else),
		T(machines_are_made_from_it),
		T(what_cannot_stay_where_it_is),
		T(a_file_that_was_changed_makes_no_machine),
		T(the_same_file_may_come_back),
		T(the_helper_takes_none),
		T(promoted),
		T(what_was_changed_is_not_promoted),
		T(registered_anew),
		T(a_prune_is_told_before),
		T(a_pull_takes_no_place_of_a_persons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
