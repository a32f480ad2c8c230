/* SPDX-License-Identifier: MIT */
/*
 * The disks of a VM in every storage mode.
 */
#include "tests/lib/ext4check.h"
#include "tests/lib/test.h"

#include "base/fs.h"
#include "core/disk/dmtable.h"
#include "core/disk/ext4.h"
#include "core/disk/vmdisk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define ROOTFS_UUID "11111111-1111-4111-8111-111111111111"
#define UPPER_UUID "22222222-2222-4222-8222-222222222222"
#define WORK_UUID "33333333-3333-4333-8333-333333333333"

static struct op op;
static char dir[4096], rootfs[4096];

static int setup(void **state)
{
	struct err e = {0};
	struct ext4_format_args f = {.path = rootfs, .size = 64 * MIB, .uuid = ROOTFS_UUID};

	op_init(&op, 60000);
	if (tmpdir_setup(state) < 0)
		return -1;
	snprintf(rootfs, sizeof(rootfs), "%s", tmpdir_path(state, "image.ext4"));
	snprintf(dir, sizeof(dir), "%s", tmpdir_path(state, "vm"));
	return fs_mkdir_p(dir, 0700, &e) < 0 || ext4_format(&op, &f, &e) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	op_done(&op);
	return tmpdir_teardown(state);
}

static struct vmdisk_spec spec(void)
{
	return (struct vmdisk_spec){.vm_id = "0123456789ab",
				    .dir = dir,
				    .rootfs = rootfs,
				    .rootfs_uuid = ROOTFS_UUID,
				    .root_bytes = 8 * GIB,
				    .work_bytes = GIB,
				    .upper_uuid = UPPER_UUID,
				    .work_uuid = WORK_UUID};
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	return (uint64_t)st.st_size;
}

static int files_in_dir(void **state)
{
	static const char *const names[] = {"vm/rootfs.ext4", "vm/upper.ext4", "vm/work.ext4", "vm/cow"};
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		n += fs_exists(tmpdir_path(state, names[i]));
	return n;
}

static void test_table(void **state)
{
	(void)state;
	assert_string_equal(vmdisk_mode_find("overlay")->name, "overlay");
	assert_string_equal(vmdisk_mode_find("copy")->name, "copy");
	assert_string_equal(vmdisk_mode_find("dm-snapshot")->name, "dm-snapshot");
	assert_null(vmdisk_mode_find("Overlay"));
	assert_null(vmdisk_mode_find(""));
	assert_non_null(vmdisk_mode_at(0));
	assert_null(vmdisk_mode_at(-1));
	assert_null(vmdisk_mode_at(99));
}

static void test_overlay(void **state)
{
	const struct vmdisk_mode *m = vmdisk_mode_find("overlay");
	struct vmdisk_spec s = spec();
	struct vmdisk_set set;
	struct err e = {0};
	char uuid[UUID_SIZE];

	assert_ok(vmdisk_create(&op, m, &s, &e), &e);
	m->files(&s, &set);
	assert_int_equal(set.n, 3);
	assert_int_equal(set.files[0].role, VMDISK_ROOTFS);
	assert_string_equal(set.files[0].path, rootfs);
	assert_true(set.files[0].read_only && set.files[0].shared);
	assert_int_equal(set.files[1].role, VMDISK_UPPER);
	assert_false(set.files[1].read_only || set.files[1].shared);
	assert_int_equal(set.files[2].role, VMDISK_WORK);
	assert_true(size_of(set.files[1].path) == 8 * GIB);
	assert_true(size_of(set.files[2].path) == GIB);
	assert_true(vmdisk_used(&set) < 4 * MIB);
	for (int i = 0; i < set.n; i++) {
		ext4check_clean(set.files[i].path);
		assert_ok(ext4_uuid_read(set.files[i].path, uuid, &e), &e);
		assert_string_equal(uuid, set.files[i].uuid);
	}
	assert_ok(vmdisk_check(&set, &e), &e);
	assert_err(vmdisk_create(&op, m, &s, &e), &e, ERR_EXISTS);
	assert_int_equal(files_in_dir(state), 2);
	assert_ok(vmdisk_destroy(&op, m, &s, &e), &e);
	assert_int_equal(files_in_dir(state), 0);
	assert_true(fs_exists(rootfs));
	assert_ok(vmdisk_destroy(&op, m, &s, &e), &e);
	assert_err(vmdisk_check(&set, &e), &e, ERR_NOT_FOUND);
}

static void test_copy(void **state)
{
	const struct vmdisk_mode *m = vmdisk_mode_find("copy");
	struct vmdisk_spec s = spec();
	struct vmdisk_set set;
	struct err e = {0};
	char uuid[UUID_SIZE];

	assert_ok(vmdisk_create(&op, m, &s, &e), &e);
	m->files(&s, &set);
	assert_int_equal(set.n, 2);
	assert_false(set.files[0].read_only || set.files[0].shared);
	assert_true(size_of(set.files[0].path) == 8 * GIB);
	assert_true(set.files[0].bytes == 8 * GIB);
	assert_true(fs_allocated(set.files[0].path) <= fs_allocated(rootfs) + MIB);
	ext4check_clean(set.files[0].path);
	assert_ok(ext4_uuid_read(set.files[0].path, uuid, &e), &e);
	assert_string_equal(uuid, ROOTFS_UUID);
	assert_ok(vmdisk_destroy(&op, m, &s, &e), &e);
	assert_int_equal(files_in_dir(state), 0);

	/* 0 and anything smaller than the image: as large as the image. */
	s.root_bytes = 0;
	assert_ok(vmdisk_create(&op, m, &s, &e), &e);
	m->files(&s, &set);
	assert_true(size_of(set.files[0].path) == 64 * MIB);
}

/* The device is somebody else's to make: here is only what it will be made from. */
static void test_snapshot(void **state)
{
	const struct vmdisk_mode *m = vmdisk_mode_find("dm-snapshot");
	struct vmdisk_spec s = spec();
	struct vmdisk_set set;
	struct err e = {0};
	struct stat st;

	assert_ok(vmdisk_create(&op, m, &s, &e), &e);
	m->files(&s, &set);
	assert_int_equal(set.n, 2);
	assert_int_equal(set.files[0].role, VMDISK_ROOTFS);
	assert_string_equal(set.files[0].path, "/dev/banger/0123456789ab");
	assert_string_equal(set.files[0].cow, tmpdir_path(state, "vm/cow"));
	assert_string_equal(set.files[0].uuid, ROOTFS_UUID);
	assert_true(set.files[0].block && !set.files[0].read_only && !set.files[0].shared);
	assert_true(set.files[0].bytes == 8 * GIB);
	assert_int_equal(set.files[1].role, VMDISK_WORK);
	assert_false(set.files[1].block);
	assert_true(size_of(set.files[0].cow) == dmtable_cow_bytes(8 * GIB));
	assert_int_equal(fs_allocated(set.files[0].cow), 0);
	/* No device yet, and that is fine. */
	assert_ok(vmdisk_check(&set, &e), &e);
	assert_err(vmdisk_create(&op, m, &s, &e), &e, ERR_EXISTS);

	/* What is used is what the cow file takes. */
	uint64_t before = vmdisk_used(&set);
	FILE *f = fopen(set.files[0].cow, "r+");
	char mib[64 * 1024];
	memset(mib, 1, sizeof(mib));
	assert_int_equal(fwrite(mib, sizeof(mib), 1, f), 1);
	assert_int_equal(fclose(f), 0);
	assert_true(vmdisk_used(&set) >= before + sizeof(mib));

	assert_err(vmdisk_grow(&set.files[0], 4 * GIB, &e), &e, ERR_USAGE);
	assert_ok(vmdisk_grow(&set.files[0], 8 * GIB, &e), &e);
	assert_true(size_of(set.files[0].cow) == dmtable_cow_bytes(8 * GIB));
	assert_ok(vmdisk_grow(&set.files[0], 16 * GIB, &e), &e);
	assert_true(size_of(set.files[0].cow) == dmtable_cow_bytes(16 * GIB));
	assert_int_equal(stat(rootfs, &st), 0);
	assert_int_equal(st.st_size, 64 * MIB);

	assert_int_equal(unlink(set.files[0].cow), 0);
	assert_err(vmdisk_check(&set, &e), &e, ERR_NOT_FOUND);
	assert_ok(vmdisk_destroy(&op, m, &s, &e), &e);
	assert_int_equal(files_in_dir(state), 0);

	/* Never smaller than the image. */
	s.root_bytes = 16 * MIB;
	m->files(&s, &set);
	assert_true(set.files[0].bytes == 64 * MIB);
}

static void test_bad_sizes(void **state)
{
	static const uint64_t bad[] = {1, 4096, 15 * MIB, GIB + 1, 129 * GIB, UINT64_MAX};
	const struct vmdisk_mode *m;
	struct err e = {0};

	for (int i = 0; (m = vmdisk_mode_at(i)); i++) {
		for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
			struct vmdisk_spec s = spec();

			s.work_bytes = bad[k];
			assert_err(vmdisk_create(&op, m, &s, &e), &e, ERR_USAGE);
			s = spec();
			s.root_bytes = bad[k];
			assert_err(vmdisk_create(&op, m, &s, &e), &e, ERR_USAGE);
		}
	}
	struct vmdisk_spec s = spec();
	s.root_bytes = 0; /* means something to copy alone */
	assert_err(vmdisk_create(&op, vmdisk_mode_find("overlay"), &s, &e), &e, ERR_USAGE);
	s = spec();
	s.work_bytes = 0;
	assert_err(vmdisk_create(&op, vmdisk_mode_find("copy"), &s, &e), &e, ERR_USAGE);
	assert_int_equal(files_in_dir(state), 0);
}

/* Whatever fails, at whichever disk: no file stays. */
static void test_failure_leaves_nothing(void **state)
{
	const struct vmdisk_mode *m;
	struct err e = {0};

	for (int i = 0; (m = vmdisk_mode_at(i)); i++) {
		struct vmdisk_spec s = spec();

		s.work_uuid = "no uuid"; /* mke2fs refuses the last disk */
		assert_err(vmdisk_create(&op, m, &s, &e), &e, ERR_TOOL);
		assert_int_equal(files_in_dir(state), 0);
		s = spec();
		s.rootfs = "/nonexistent/rootfs.ext4";
		assert_err(vmdisk_create(&op, m, &s, &e), &e, ERR_NOT_FOUND);
		assert_int_equal(files_in_dir(state), 0);
	}
	op_cancel(&op);
	for (int i = 0; (m = vmdisk_mode_at(i)); i++) {
		struct vmdisk_spec s = spec();

		assert_err(vmdisk_create(&op, m, &s, &e), &e, ERR_CANCELED);
		assert_int_equal(files_in_dir(state), 0);
	}
}

static uint64_t want_everything(const struct vmdisk_spec *s)
{
	(void)s;
	return UINT64_MAX / 2;
}

static void test_no_space(void **state)
{
	struct vmdisk_mode greedy = *vmdisk_mode_find("overlay");
	struct vmdisk_spec s = spec();
	struct err e = {0};

	greedy.min_bytes = want_everything;
	assert_int_equal(vmdisk_create(&op, &greedy, &s, &e), -1);
	assert_int_equal(e.code, ERR_SPACE);
	assert_non_null(strstr(e.msg, "needed"));
	assert_true(e.hint[0] != '\0');
	assert_int_equal(files_in_dir(state), 0);
}

static void test_grow(void **state)
{
	const struct vmdisk_mode *m = vmdisk_mode_find("overlay");
	struct vmdisk_spec s = spec();
	struct vmdisk_set set;
	struct err e = {0};

	(void)state;
	assert_ok(vmdisk_create(&op, m, &s, &e), &e);
	m->files(&s, &set);
	assert_ok(vmdisk_grow(&set.files[2], 2 * GIB, &e), &e);
	assert_true(size_of(set.files[2].path) == 2 * GIB);
	assert_ok(vmdisk_grow(&set.files[2], 2 * GIB, &e), &e);
	assert_err(vmdisk_grow(&set.files[2], GIB, &e), &e, ERR_USAGE);
	assert_err(vmdisk_grow(&set.files[2], 2 * GIB + 1, &e), &e, ERR_USAGE);
	assert_err(vmdisk_grow(&set.files[2], 129 * GIB, &e), &e, ERR_USAGE);
	assert_err(vmdisk_grow(&set.files[0], 16 * GIB, &e), &e, ERR_USAGE);
	assert_true(size_of(set.files[2].path) == 2 * GIB);
	ext4check_clean(set.files[2].path);
}

static void write_at(uint64_t at, const void *data, size_t n)
{
	char path[sizeof(dir) + 8];

	snprintf(path, sizeof(path), "%s/cow", dir);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, data, n, (off_t)at), n);
	assert_int_equal(fsync(fd), 0);
	close(fd);
}

static void how_full_a_snapshot_is(void **state)
{
	static unsigned char data[MIB];
	unsigned char header[DMTABLE_HEADER_SIZE];
	struct dmsnap_status st;
	struct err e = {0};
	char path[sizeof(dir) + 8];

	(void)state;
	memset(data, 'd', sizeof(data));
	vmdisk_snap_look(dir, &st);
	assert_int_equal(st.health, DMSNAP_GONE);
	snprintf(path, sizeof(path), "%s/cow", dir);
	assert_ok(fs_create_sparse(path, 4 * MIB, 0600, &e), &e);
	vmdisk_snap_look(dir, &st);
	assert_int_equal(st.health, DMSNAP_OK); /* never used */
	assert_true(st.used_bytes < MIB / 2 && st.total_bytes == 4 * MIB);
	dmtable_format_header(header);
	write_at(0, header, sizeof(header));
	write_at(MIB, data, MIB);
	vmdisk_snap_look(dir, &st);
	assert_int_equal(st.health, DMSNAP_OK);
	assert_true(st.used_bytes >= MIB && st.used_bytes < 2 * MIB);
	for (uint64_t at = 0; at < 4 * MIB; at += MIB)
		write_at(at, at ? data : header, at ? MIB : sizeof(header));
	write_at(sizeof(header), data, MIB - sizeof(header));
	vmdisk_snap_look(dir, &st);
	assert_int_equal(st.health, DMSNAP_OVERFLOW);
	header[4] = 0; /* struct disk_header.valid */
	write_at(0, header, sizeof(header));
	vmdisk_snap_look(dir, &st);
	assert_int_equal(st.health, DMSNAP_INVALID);
	write_at(0, data, sizeof(header)); /* no such file */
	vmdisk_snap_look(dir, &st);
	assert_int_equal(st.health, DMSNAP_GONE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(rootfs, path), 0);
	vmdisk_snap_look(dir, &st);
	assert_int_equal(st.health, DMSNAP_GONE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_table),	   T(test_overlay),  T(test_copy),
		T(test_snapshot),
		T(test_bad_sizes), T(test_no_space), T(test_failure_leaves_nothing),
		T(test_grow),	   T(how_full_a_snapshot_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
