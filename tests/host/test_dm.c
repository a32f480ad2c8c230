/* SPDX-License-Identifier: MIT */
/*
 * Copy-on-write disks on a real device mapper: needs root, and a host nobody will miss.
 *
 * Every test begins and ends with the same picture of the host: loop devices, mappings, nodes. Calls are counted on their way
 * out (--wrap), so that each of them can be the one that fails, or the one at which the process dies.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "core/disk/dmsnap.h"
#include "core/disk/dmtable.h"
#include "core/disk/vmdisk.h"
#include "core/disk/ext4.h"
#include "core/disk/loopdev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MIB ((uint64_t)1 << 20)
#define CHUNK 4096
#define ID "0123456789ab"
#define ROOTFS_BYTES (8 * MIB)
#define SOME_CHUNKS 600 /* more than two chunks of a cow file's map account for */
#define CALLS_MAX 60 /* more than an attach makes */
#define CRASHED 99
#define BOUND_MS 180000 /* a test, on an emulated host that has other work */

/* ---- faults */

struct dm_task;
static enum { PASS, FAIL, DIE } mode;
static int countdown;
static unsigned long refused; /* an ioctl the kernel does not know */
static int races;	      /* so often somebody else takes the device first */

static bool hit(void)
{
	if (mode == PASS || --countdown != 0)
		return false;
	if (mode == DIE)
		_exit(CRASHED);
	errno = EIO;
	return true;
}

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == refused) {
		errno = EINVAL;
		return -1;
	}
	if (request == LOOP_CONFIGURE && races > 0) {
		races--;
		errno = EBUSY;
		return -1;
	}
	return hit() ? -1 : __real_ioctl(fd, request, arg);
}

int __real_dm_task_run(struct dm_task *t);
int __wrap_dm_task_run(struct dm_task *t);
int __wrap_dm_task_run(struct dm_task *t)
{
	return hit() ? 0 : __real_dm_task_run(t);
}

int __real_mknodat(int dir, const char *path, mode_t m, dev_t dev);
int __wrap_mknodat(int dir, const char *path, mode_t m, dev_t dev);
int __wrap_mknodat(int dir, const char *path, mode_t m, dev_t dev)
{
	return hit() ? -1 : __real_mknodat(dir, path, m, dev);
}

int __real_fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags);
int __wrap_fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags);
int __wrap_fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags)
{
	return hit() ? -1 : __real_fchownat(dir, path, uid, gid, flags);
}

/* ---- the host */

static void add_loop(void *arg, const char *path, const char *name)
{
	buf_addf(arg, "loop %s %s\n", path, name);
}

static void add_dir(struct buf *out, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			buf_addf(out, "%s/%s\n", path, d->d_name);
	if (dir)
		closedir(dir);
}

/* Loop devices of anybody, mappings of ours, nodes: as text. */
static char *picture(void)
{
	auto_free char(*ids)[ID_SIZE] = NULL;
	struct buf out = {0};
	struct err e = {0};
	int n = 0;

	assert_ok(loopdev_each("", add_loop, &out, &e), &e);
	assert_ok(dmsnap_list(&ids, &n, &e), &e);
	for (int i = 0; i < n; i++)
		buf_addf(&out, "mapping %s\n", ids[i]);
	add_dir(&out, DMSNAP_DEV_DIR);
	add_dir(&out, "/dev/mapper");
	return xstrdup(buf_cstr(&out));
}

static char *before;

static void assert_nothing_left(void)
{
	auto_free char *now = picture();

	assert_string_equal(now, before);
}

/* ---- a VM's files */

static char rootfs[4096], cow[4096];
static struct op op;

static void fill(unsigned char *block, uint64_t number, unsigned char what)
{
	memset(block, what, CHUNK);
	memcpy(block, &number, sizeof(number));
}

static void make_rootfs(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	unsigned char block[CHUNK];
	struct err e = {0};

	for (uint64_t i = 0; i < ROOTFS_BYTES / CHUNK; i++) {
		fill(block, i, 'r');
		assert_ok(fd_write_all(fd, block, sizeof(block), &e), &e);
	}
	assert_int_equal(fsync(fd), 0);
	close(fd);
}

static int setup(void **state)
{
	struct err e = {0};

	mode = PASS;
	refused = 0;
	races = 0;
	op_init(&op, BOUND_MS);
	if (tmpdir_setup(state) < 0)
		return -1;
	snprintf(rootfs, sizeof(rootfs), "%s", tmpdir_path(state, "rootfs.ext4"));
	snprintf(cow, sizeof(cow), "%s", tmpdir_path(state, "cow"));
	make_rootfs(rootfs);
	before = picture();
	return fs_create_sparse(cow, dmtable_cow_bytes(64 * MIB), 0600, &e);
}

static int teardown(void **state)
{
	struct err e = {0};

	mode = PASS;
	if (dmsnap_detach(&op, ID, &e) < 0)
		print_error("%s\n", e.msg);
	free(before);
	op_done(&op);
	return tmpdir_teardown(state);
}

static int attach_as(const char *id, const char *cow_path, uint64_t bytes, char node[64], struct err *e)
{
	auto_fd r = open(rootfs, O_RDONLY | O_CLOEXEC);
	auto_fd c = open(cow_path, O_RDWR | O_CLOEXEC);
	struct dmsnap d = {.vm_id = id, .rootfs_fd = r, .cow_fd = c, .bytes = bytes, .owner = 1234, .group = 2345};

	assert_true(r >= 0 && c >= 0);
	return dmsnap_attach(&op, &d, node, 64, e);
}

static int attach(uint64_t bytes, char node[64], struct err *e)
{
	return attach_as(ID, cow, bytes, node, e);
}

static int open_disk(const char *node)
{
	int fd = open(node, O_RDWR | O_DIRECT | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static unsigned char aligned[CHUNK] __attribute__((aligned(CHUNK)));

/* Past every cache. 0 or an errno. */
static int put(int fd, uint64_t number, unsigned char what)
{
	fill(aligned, number, what);
	return pwrite(fd, aligned, CHUNK, (off_t)(number * CHUNK)) == CHUNK ? 0 : errno;
}

static void assert_block(int fd, uint64_t number, unsigned char what)
{
	unsigned char want[CHUNK];

	assert_int_equal(pread(fd, aligned, CHUNK, (off_t)(number * CHUNK)), CHUNK);
	if (what)
		fill(want, number, what);
	else
		memset(want, 0, sizeof(want));
	assert_memory_equal(aligned, want, CHUNK);
}

static void assert_rootfs_unchanged(void)
{
	auto_fd fd = open(rootfs, O_RDONLY | O_CLOEXEC);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_true((uint64_t)st.st_size == ROOTFS_BYTES);
	for (uint64_t i = 0; i < ROOTFS_BYTES / CHUNK; i++)
		assert_block(fd, i, 'r');
}

static struct dmsnap_status status_of(const char *id)
{
	struct dmsnap_status st;
	struct err e = {0};

	assert_ok(dmsnap_status(id, &st, &e), &e);
	return st;
}

/* The file itself, read by anybody who may, says the same as the kernel. */
static void assert_looks_like(struct dmsnap_status want)
{
	struct dmsnap_status got;
	char dir[sizeof(cow)];

	vmdisk_snap_look(dirname(strcpy(dir, cow)), &got);
	assert_int_equal(got.health, want.health);
	if (want.health != DMSNAP_OK)
		return;
	assert_true(got.total_bytes == want.total_bytes);
	/* File systems give room in pieces of their own. */
	assert_true(got.used_bytes + 64 * CHUNK >= want.used_bytes && got.used_bytes <= want.used_bytes + 64 * CHUNK);
}

/* ---- tests */

static void writes_stay_in_the_cow_file(void **state UNUSED)
{
	struct dmsnap_status st;
	struct err e = {0};
	char node[64];
	struct stat sb;
	int fd;

	assert_int_equal(status_of(ID).health, DMSNAP_GONE);
	assert_ok(attach(ROOTFS_BYTES, node, &e), &e);
	assert_string_equal(node, DMSNAP_DEV_DIR "/" ID);
	assert_int_equal(stat(node, &sb), 0);
	assert_true(S_ISBLK(sb.st_mode) && (sb.st_mode & 07777) == 0600);
	assert_true(sb.st_uid == 1234 && sb.st_gid == 2345);
	assert_int_equal(access("/dev/mapper/banger-" ID, F_OK), -1);
	st = status_of(ID);
	assert_int_equal(st.health, DMSNAP_OK);
	assert_true(st.total_bytes == dmtable_cow_bytes(64 * MIB));
	fd = open_disk(node);
	assert_block(fd, 5, 'r');
	assert_int_equal(put(fd, 5, 'w'), 0);
	assert_int_equal(put(fd, 2047, 'w'), 0);
	assert_int_equal(fsync(fd), 0);
	assert_block(fd, 5, 'w');
	assert_block(fd, 6, 'r');
	close(fd);
	assert_true(status_of(ID).used_bytes == st.used_bytes + 2 * CHUNK);
	assert_looks_like(status_of(ID));
	assert_rootfs_unchanged();
	assert_err(attach(ROOTFS_BYTES, node, &e), &e, ERR_EXISTS);
	assert_int_equal(status_of(ID).health, DMSNAP_OK);

	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_nothing_left();
	assert_ok(dmsnap_detach(&op, ID, &e), &e);

	assert_ok(attach(ROOTFS_BYTES, node, &e), &e);
	fd = open_disk(node);
	assert_block(fd, 5, 'w');
	assert_block(fd, 2047, 'w');
	assert_block(fd, 6, 'r');
	close(fd);
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_nothing_left();
}

static void a_disk_may_be_larger_than_its_image(void **state UNUSED)
{
	struct err e = {0};
	uint64_t bytes = 0;
	char node[64];
	int fd;

	assert_ok(attach(32 * MIB, node, &e), &e);
	fd = open_disk(node);
	assert_int_equal(ioctl(fd, BLKGETSIZE64, &bytes), 0);
	assert_true(bytes == 32 * MIB);
	assert_block(fd, 2047, 'r');
	assert_block(fd, 2048, 0);
	/* A part of a chunk: the rest is copied from the zeroes. */
	memset(aligned, 'p', 512);
	assert_int_equal(pwrite(fd, aligned, 512, 3000 * CHUNK + 512), 512);
	assert_int_equal(pread(fd, aligned, CHUNK, 3000 * CHUNK), CHUNK);
	assert_true(aligned[511] == 0 && aligned[512] == 'p' && aligned[1023] == 'p' && aligned[1024] == 0);
	assert_int_equal(put(fd, 8191, 'w'), 0);
	close(fd);
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_nothing_left();
	/* And grow. */
	assert_ok(attach(64 * MIB, node, &e), &e);
	fd = open_disk(node);
	assert_block(fd, 0, 'r');
	assert_block(fd, 8191, 'w');
	assert_block(fd, 8192, 0);
	assert_int_equal(put(fd, 16383, 'w'), 0);
	close(fd);
	assert_rootfs_unchanged();
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_nothing_left();
}

static void every_chunk_fits_into_the_cow_file(void **state UNUSED)
{
	struct dmsnap_status st;
	struct err e = {0};
	char node[64];
	int fd;

	assert_int_equal(truncate(cow, (off_t)dmtable_cow_bytes(ROOTFS_BYTES)), 0);
	assert_ok(attach(ROOTFS_BYTES, node, &e), &e);
	fd = open_disk(node);
	for (uint64_t i = 0; i < ROOTFS_BYTES / CHUNK; i++)
		assert_int_equal(put(fd, i, 'w'), 0);
	assert_int_equal(fsync(fd), 0);
	st = status_of(ID);
	assert_int_equal(st.health, DMSNAP_OK);
	print_message("full: used %llu of %llu, metadata %llu\n", (unsigned long long)st.used_bytes,
		      (unsigned long long)st.total_bytes, (unsigned long long)st.metadata_bytes);
	close(fd);
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_ok(attach(ROOTFS_BYTES, node, &e), &e);
	fd = open_disk(node);
	for (uint64_t i = 0; i < ROOTFS_BYTES / CHUNK; i++)
		assert_block(fd, i, 'w');
	close(fd);
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_nothing_left();
}

static void *close_when_detaching(void *arg)
{
	struct stat st;

	/* The node goes first: then the mapping is being waited for. */
	while (stat(DMSNAP_DEV_DIR "/" ID, &st) == 0)
		usleep(1000);
	usleep(50 * 1000);
	close(*(int *)arg);
	return NULL;
}

static void a_holder_is_waited_for(void **state UNUSED)
{
	struct err e = {0};
	struct op brief;
	pthread_t thread;
	char node[64];
	int fd;

	assert_ok(attach(16 * MIB, node, &e), &e);
	fd = open_disk(node);
	op_init(&brief, 200);
	assert_int_equal(dmsnap_detach(&brief, ID, &e), -1);
	print_message("busy: %s\n", e.msg);
	assert_int_equal(e.code, ERR_BUSY);
	err_clear(&e);
	op_done(&brief);
	/* What is held still works; only the node is gone. */
	assert_block(fd, 1, 'r');
	assert_int_equal(access(node, F_OK), -1);
	close(fd);
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_nothing_left();

	assert_ok(attach(16 * MIB, node, &e), &e);
	fd = open_disk(node);
	assert_int_equal(pthread_create(&thread, NULL, close_when_detaching, &fd), 0);
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	pthread_join(thread, NULL);
	assert_nothing_left();
}

/* Fail each call an attach makes. */
static void whatever_fails_nothing_is_left(void **state UNUSED)
{
	static const uint64_t sizes[] = {ROOTFS_BYTES, 16 * MIB};
	struct err e = {0};
	char node[64];

	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		int n, rc = -1;

		for (n = 1; n < CALLS_MAX && rc < 0; n++) {
			countdown = n;
			mode = FAIL;
			rc = attach(sizes[k], node, &e);
			mode = PASS;
			if (rc == 0)
				break;
			assert_true(e.code == ERR_SYS);
			err_clear(&e);
			assert_nothing_left();
		}
		assert_int_equal(rc, 0);
		print_message("failed each of %d calls\n", n - 1);
		assert_true(n > 8);
		assert_ok(dmsnap_detach(&op, ID, &e), &e);
		assert_nothing_left();
	}
}

/* Die at each of them, attaching and detaching: detach puts it right. */
static void whenever_it_dies_detach_clears_up(void **state UNUSED)
{
	struct err e = {0};
	bool ended = false;
	int n, wstatus;

	for (n = 1; n < CALLS_MAX && !ended; n++) {
		pid_t pid = fork();

		if (pid == 0) {
			char node[64];

			countdown = n;
			mode = DIE;
			if (attach(16 * MIB, node, &e) < 0 || dmsnap_detach(&op, ID, &e) < 0)
				_exit(1);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &wstatus, 0), pid);
		assert_true(WIFEXITED(wstatus) && (WEXITSTATUS(wstatus) == CRASHED || WEXITSTATUS(wstatus) == 0));
		ended = WEXITSTATUS(wstatus) == 0;
		assert_ok(dmsnap_detach(&op, ID, &e), &e);
		assert_nothing_left();
	}
	assert_true(ended);
	print_message("died at each of %d calls\n", n - 2);
}

static void old_kernels_and_races(void **state UNUSED)
{
	struct err e = {0};
	char node[64];
	int fd;

	refused = LOOP_CONFIGURE;
	assert_ok(attach(16 * MIB, node, &e), &e);
	fd = open_disk(node);
	assert_int_equal(put(fd, 1, 'w'), 0);
	close(fd);
	assert_rootfs_unchanged();
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_nothing_left();
	refused = 0;
	races = 7;
	assert_ok(attach(16 * MIB, node, &e), &e);
	assert_int_equal(races, 0);
	fd = open_disk(node);
	assert_block(fd, 1, 'w');
	close(fd);
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_nothing_left();
}

/* One VM's life, in a process of its own. */
static int live(int i)
{
	char id[ID_SIZE], node[64], path[sizeof(cow) + 8];
	struct err e = {0};

	snprintf(id, sizeof(id), "%012x", 0xabc00 + i);
	snprintf(path, sizeof(path), "%s-%d", cow, i);
	if (fs_create_sparse(path, dmtable_cow_bytes(16 * MIB), 0600, &e) < 0)
		return 1;
	for (int round = 0; round < 5; round++) {
		int fd;

		if (attach_as(id, path, 16 * MIB, node, &e) < 0) {
			print_error("%s: %s\n", id, e.msg);
			return 2;
		}
		fd = open_disk(node);
		if (round)
			assert_block(fd, 100 + (uint64_t)round - 1, (unsigned char)('A' + i));
		if (put(fd, 100 + (uint64_t)round, (unsigned char)('A' + i)) != 0)
			return 3;
		close(fd);
		if (dmsnap_detach(&op, id, &e) < 0) {
			print_error("%s: %s\n", id, e.msg);
			return 4;
		}
	}
	return 0;
}

static void ten_at_once(void **state UNUSED)
{
	pid_t pids[10];
	int wstatus;

	for (int i = 0; i < 10; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			/* A check that fails there must not go on with the tests here. */
			setenv("CMOCKA_TEST_ABORT", "1", 1);
			_exit(live(i));
		}
	}
	for (int i = 0; i < 10; i++) {
		assert_int_equal(waitpid(pids[i], &wstatus, 0), pids[i]);
		assert_true(WIFEXITED(wstatus));
		assert_int_equal(WEXITSTATUS(wstatus), 0);
	}
	assert_rootfs_unchanged();
	assert_nothing_left();
}

static const char *health(const char *id)
{
	static const char *const words[] = {"ok", "overflow", "invalid", "gone"};

	return words[status_of(id).health];
}

/* Write chunk after chunk until one fails; how many did not. */
static uint64_t write_until_full(int fd)
{
	uint64_t i = 0;
	int sys = 0;

	while (i < ROOTFS_BYTES / CHUNK && (sys = put(fd, i, 'w')) == 0)
		i++;
	assert_true(i < ROOTFS_BYTES / CHUNK);
	print_message("write %llu failed with %s; %s\n", (unsigned long long)i, strerror(sys), health(ID));
	return i;
}

static void an_overflow_is_mended_by_a_larger_file(void **state UNUSED)
{
	struct err e = {0};
	uint64_t n;
	char node[64];
	int fd;

	assert_int_equal(truncate(cow, 40 * CHUNK), 0);
	assert_ok(attach(ROOTFS_BYTES, node, &e), &e);
	fd = open_disk(node);
	n = write_until_full(fd);
	assert_int_equal(status_of(ID).health, DMSNAP_OVERFLOW);
	/* What was written is there, and what was not is the image's. */
	assert_block(fd, n - 1, 'w');
	assert_block(fd, n, 'r');
	print_message("overwriting a chunk it has: %s\n", strerror(put(fd, 0, 'w')));
	close(fd);
	assert_ok(dmsnap_detach(&op, ID, &e), &e);

	assert_int_equal(truncate(cow, (off_t)dmtable_cow_bytes(ROOTFS_BYTES)), 0);
	assert_ok(attach(ROOTFS_BYTES, node, &e), &e);
	assert_int_equal(status_of(ID).health, DMSNAP_OK);
	fd = open_disk(node);
	for (uint64_t i = 0; i < n; i++)
		assert_block(fd, i, 'w');
	assert_block(fd, n, 'r');
	for (uint64_t i = 0; i < ROOTFS_BYTES / CHUNK; i++)
		assert_int_equal(put(fd, i, 'x'), 0);
	assert_int_equal(status_of(ID).health, DMSNAP_OK);
	close(fd);
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_nothing_left();
}

static int attach_revived(const char *cow_path, char node[64], struct err *e)
{
	auto_fd r = open(rootfs, O_RDONLY | O_CLOEXEC);
	auto_fd c = open(cow_path, O_RDWR | O_CLOEXEC);
	struct dmsnap d = {.vm_id = ID, .rootfs_fd = r, .cow_fd = c, .bytes = ROOTFS_BYTES, .revive = true};

	return dmsnap_attach(&op, &d, node, 64, e);
}

/* A cow file on a file system of so many blocks, which then gets more of them. */
static void fill_host(const char *dir, unsigned blocks)
{
	char path[4096 + 8], node[64], size[32];
	struct dmsnap_status look;
	struct err e = {0};
	uint64_t n;
	int fd;

	snprintf(size, sizeof(size), "size=%u", blocks * CHUNK);
	assert_int_equal(mount("small", dir, "tmpfs", 0, size), 0);
	snprintf(path, sizeof(path), "%s/cow", dir);
	assert_ok(fs_create_sparse(path, dmtable_cow_bytes(ROOTFS_BYTES), 0600, &e), &e);
	assert_ok(attach_as(ID, path, ROOTFS_BYTES, node, &e), &e);
	fd = open_disk(node);
	n = write_until_full(fd);
	assert_int_equal(status_of(ID).health, DMSNAP_INVALID);
	/* That stands in the file. */
	vmdisk_snap_look(dir, &look);
	assert_int_equal(look.health, DMSNAP_INVALID);
	assert_int_equal(pread(fd, aligned, CHUNK, 0), -1);
	close(fd);
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_int_equal(mount("small", dir, "tmpfs", MS_REMOUNT, "size=64M"), 0);

	assert_err(attach_as(ID, path, ROOTFS_BYTES, node, &e), &e, ERR_STATE);
	assert_nothing_left();
	assert_ok(attach_revived(path, node, &e), &e);
	assert_int_equal(status_of(ID).health, DMSNAP_OK);
	fd = open_disk(node);
	for (uint64_t i = 0; i < n; i++)
		assert_block(fd, i, 'w');
	assert_block(fd, n + 1, 'r');
	for (uint64_t i = 0; i < SOME_CHUNKS; i++)
		assert_int_equal(put(fd, i, 'x'), 0);
	close(fd);
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_ok(attach_as(ID, path, ROOTFS_BYTES, node, &e), &e);
	fd = open_disk(node);
	for (uint64_t i = 0; i < SOME_CHUNKS; i++)
		assert_block(fd, i, 'x');
	close(fd);
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	assert_int_equal(umount(dir), 0);
	assert_nothing_left();
}

/* No overflow in device mapper's sense: a write fails. With 255 to 261 blocks it is that of data, and of the map, where the
 * second chunk of the map begins: header, map, 256 chunks, map. */
static void a_full_host_is_survived(void **state)
{
	const char *dir = tmpdir_path(state, "small");

	assert_int_equal(mkdir(dir, 0700), 0);
	for (unsigned blocks = 255; blocks <= 261; blocks++)
		fill_host(dir, blocks);
}

static void udev(const char *word, const char *arg, struct buf *out)
{
	const char *argv[] = {"udevadm", word, arg, NULL};
	struct spawn_run_args a = {.argv = argv};
	struct err e = {0};
	struct op patient; /* emulated, it has much to catch up with */

	op_init(&patient, 200000);
	assert_ok(spawn_run(&patient, &a, out, &e), &e);
	op_done(&patient);
}

static bool is_known(const char *uuid)
{
	char path[128];

	snprintf(path, sizeof(path), "/dev/disk/by-uuid/%s", uuid);
	return access(path, F_OK) == 0;
}

static void assert_not_probed(void *arg UNUSED, const char *path, const char *name)
{
	auto_buf out = {0};

	udev("info", path, &out);
	print_message("%s %s\n", path, name);
	assert_non_null(strstr(buf_cstr(&out), "UDISKS_IGNORE=1"));
	assert_null(strstr(buf_cstr(&out), "ID_FS_"));
}

/* An image with a file system, where the store keeps images: udev reads any other, but not this. */
static void udev_does_not_look_into_it(void **state)
{
	static const char other_uuid[] = "11111111-1111-4111-8111-111111111111", our_uuid[] = "22222222-2222-4222-8222-222222222222";
	struct ext4_format_args other = {.path = tmpdir_path(state, "other.ext4"), .size = 16 * MIB, .uuid = other_uuid};
	struct ext4_format_args ours = {.path = rootfs, .size = 16 * MIB, .uuid = our_uuid};
	struct loopdev_args look = {.name = "somebody else's"};
	char path[LOOPDEV_PATH_SIZE], node[64];
	auto_buf out = {0};
	struct err e = {0};
	int fd;

	if (access("/run/udev/control", F_OK) < 0)
		skip();
	assert_ok(ext4_format(&op, &other, &e), &e);
	look.fd = open(other.path, O_RDWR | O_CLOEXEC);
	assert_ok(loopdev_attach(&op, &look, path, &fd, &e), &e);
	udev("settle", "--timeout=180", NULL);
	assert_true(is_known(other_uuid));
	close(fd);
	close(look.fd);

	snprintf(rootfs, sizeof(rootfs), "%s/images/%s", (char *)*state, ID);
	assert_ok(fs_mkdir_p(rootfs, 0700, &e), &e);
	snprintf(rootfs, sizeof(rootfs), "%s/images/%s/rootfs.ext4", (char *)*state, ID);
	snprintf(cow, sizeof(cow), "%s/vms/%s", (char *)*state, ID);
	assert_ok(fs_mkdir_p(cow, 0700, &e), &e);
	snprintf(cow, sizeof(cow), "%s/vms/%s/cow", (char *)*state, ID);
	assert_ok(ext4_format(&op, &ours, &e), &e);
	assert_ok(fs_create_sparse(cow, dmtable_cow_bytes(32 * MIB), 0600, &e), &e);
	assert_ok(attach(32 * MIB, node, &e), &e);
	fd = open_disk(node);
	assert_int_equal(put(fd, 4000, 'w'), 0);
	close(fd);
	udev("settle", "--timeout=180", NULL);
	assert_false(is_known(our_uuid));
	assert_ok(loopdev_each("banger:", assert_not_probed, NULL, &e), &e);
	udev("info", node, &out);
	assert_non_null(strstr(buf_cstr(&out), "DM_NAME=banger-" ID "\n"));
	assert_null(strstr(buf_cstr(&out), "ID_FS_"));
	/* What an administrator may do at any time. */
	udev("trigger", "--subsystem-match=block", NULL);
	udev("settle", "--timeout=180", NULL);
	assert_false(is_known(our_uuid));
	assert_ok(dmsnap_detach(&op, ID, &e), &e);
	udev("settle", "--timeout=180", NULL);
	assert_nothing_left();
}

static void what_cannot_be_is_refused(void **state UNUSED)
{
	struct err e = {0};
	char node[64];

	assert_err(attach_as("../etc/passw", cow, ROOTFS_BYTES, node, &e), &e, ERR_USAGE);
	assert_err(attach_as("0123456789AB", cow, ROOTFS_BYTES, node, &e), &e, ERR_USAGE);
	assert_err(attach(ROOTFS_BYTES - CHUNK, node, &e), &e, ERR_USAGE);
	assert_err(attach(ROOTFS_BYTES + 512, node, &e), &e, ERR_USAGE);
	assert_err(dmsnap_detach(&op, "", &e), &e, ERR_USAGE);
	test_write(cow, "something else entirely, and long enough to be a header");
	assert_err(attach(ROOTFS_BYTES, node, &e), &e, ERR_CORRUPT);
	assert_nothing_left();
}

static int cannot(const char *why)
{
	printf("%s\n", why);
	return 77;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* An argument is the pattern of the tests to run. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(udev_does_not_look_into_it),
		T(writes_stay_in_the_cow_file),
		T(a_disk_may_be_larger_than_its_image),
		T(every_chunk_fits_into_the_cow_file),
		T(a_holder_is_waited_for),
		T(whatever_fails_nothing_is_left),
		T(whenever_it_dies_detach_clears_up),
		T(old_kernels_and_races),
		T(ten_at_once),
		T(an_overflow_is_mended_by_a_larger_file),
		T(a_full_host_is_survived),
		T(what_cannot_be_is_refused),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (geteuid() != 0)
		return cannot("not root");
	if (access("/sys/class/misc/device-mapper", F_OK) < 0)
		return cannot("no device mapper in this kernel");
	if (access("/dev/loop-control", F_OK) < 0)
		return cannot("no loop devices in this kernel");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
