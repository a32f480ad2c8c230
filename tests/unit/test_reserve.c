/* SPDX-License-Identifier: MIT */
/*
 * store/reserve: what a full disk leaves possible. On a real file system of 40 MiB, mounted in a namespace of this process;
 * skipped where that is not allowed.
 */
#include "tests/lib/mountns.h"
#include "tests/lib/storetest.h"

#include "base/fd.h"
#include "base/fs.h"
#include "core/store/reserve.h"
#include "core/store/vms.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* What the file system calls free and gives to nobody, as ext4 does. The seam is the linker's (store.mk). */
static fsblkcnt_t kept_bytes;

int __real_statvfs(const char *path, struct statvfs *ret);
int __wrap_statvfs(const char *path, struct statvfs *ret);

int __wrap_statvfs(const char *path, struct statvfs *ret)
{
	int rc = __real_statvfs(path, ret);

	if (rc == 0)
		ret->f_bfree += kept_bytes / ret->f_frsize;
	return rc;
}

static bool mounts_work;

static int setup(void **state)
{
	if (tmpdir_setup(state) < 0)
		return -1;
	return mounts_work && mount("test", *state, "tmpfs", 0, "size=40m,mode=700") < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	kept_bytes = 0;
	if (mounts_work && umount2(*state, MNT_DETACH) < 0)
		return -1;
	return tmpdir_teardown(state);
}

/* Until nothing fits any more. */
static void fill(void **state)
{
	static const char page[4096];
	auto_fd fd = open(tmpdir_path(state, "fill"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, page, sizeof(page)) == (ssize_t)sizeof(page))
		;
}

static bool has_reserve(void **state)
{
	return fs_allocated(tmpdir_path(state, "reserve")) >= 1 << 20;
}

#define NEEDS_MOUNT()                                                                                                  \
	do {                                                                                                           \
		if (!mounts_work)                                                                                      \
			skip();                                                                                        \
	} while (0)

static void insert(struct store *s, const char *id, const char *name)
{
	struct vm vm = storetest_vm(id, name);
	struct err e = {0};

	vm.ssh_port = 0;
	assert_ok(vms_insert(s, &vm, &e), &e);
}

static void it_is_made_while_there_is_room(void **state)
{
	NEEDS_MOUNT();
	store_close(storetest_open(state));
	assert_true(has_reserve(state));
}

static void a_store_opens_and_writes_on_a_full_disk(void **state)
{
	struct store *s;
	struct err e = {0};

	NEEDS_MOUNT();
	s = storetest_open(state);
	insert(s, "0123456789ab", "web1");
	store_close(s);
	fill(state);
	s = storetest_open(state);
	assert_false(store_is_read_only(s));
	assert_false(has_reserve(state));
	assert_ok(vms_delete(s, "0123456789ab", &e), &e);
	store_close(s);
	/* And once more: what was given up is left for the next one. */
	s = storetest_open(state);
	insert(s, "ba9876543210", "web2");
	store_close(s);
}

static void what_is_open_already_writes_on(void **state)
{
	struct store *s, *fresh;
	struct err e = {0};

	NEEDS_MOUNT();
	fresh = storetest_open(state);
	s = storetest_open(state);
	fill(state);
	insert(s, "0123456789ab", "web1");
	{
		auto_txn struct store *txn = fresh;

		assert_ok(store_begin(txn, &e), &e);
		assert_ok(vms_delete(txn, "0123456789ab", &e), &e);
		assert_ok(store_commit(txn, &e), &e);
	}
	store_close(s);
	store_close(fresh);
}

/* Opened while there was room, as the job that stops a machine has it. */
static void what_is_called_free_is_tried(void **state)
{
	struct store *s;
	struct err e = {0};

	NEEDS_MOUNT();
	s = storetest_open(state);
	insert(s, "0123456789ab", "web1");
	kept_bytes = (fsblkcnt_t)16 << 20;
	fill(state);
	/* More than the room left in the last block of its WAL, and nothing that could be tried again. */
	for (int i = 0; i < 10; i++) {
		auto_txn struct store *txn = s;

		assert_ok(store_begin(txn, &e), &e);
		insert(txn, "ba9876543210", "web2");
		assert_ok(vms_delete(txn, "ba9876543210", &e), &e);
		assert_ok(store_commit(txn, &e), &e);
	}
	assert_false(has_reserve(state));
	store_close(s);
}

/* A machine that is stopped may write until it has ended, and would eat what was given up too early. */
static void it_is_kept_until_it_is_needed(void **state)
{
	struct store *neighbour, *s;
	struct err e = {0};

	NEEDS_MOUNT();
	neighbour = storetest_open(state);
	insert(neighbour, "0123456789ab", "web1");
	fill(state);
	s = storetest_open(state);
	assert_true(has_reserve(state));
	for (int i = 0; i < 10; i++) {
		insert(s, "ba9876543210", "web2");
		assert_ok(vms_delete(s, "ba9876543210", &e), &e);
	}
	assert_false(has_reserve(state));
	store_close(s);
	store_close(neighbour);
}

static void without_a_reserve_it_is_read(void **state)
{
	struct store *s;
	struct vm vm;
	struct err e = {0};

	NEEDS_MOUNT();
	s = storetest_open(state);
	insert(s, "0123456789ab", "web1");
	store_close(s);
	assert_true(reserve_give_up(tmpdir_path(state, "state.db")));
	fill(state);
	s = NULL;
	assert_int_equal(store_open(tmpdir_path(state, "state.db"), STORE_RW, 0, &s, &e), -1);
	assert_int_equal(e.code, ERR_SPACE);
	assert_non_null(strstr(e.msg, "no space left"));
	assert_true(e.hint[0]);
	err_clear(&e);
	assert_ok(store_open(tmpdir_path(state, "state.db"), STORE_SNAPSHOT, 0, &s, &e), &e);
	assert_true(store_is_read_only(s));
	assert_ok(vms_get(s, "0123456789ab", &vm, &e), &e);
	assert_err(store_begin(s, &e), &e, ERR_SPACE);
	assert_err(vms_delete(s, "0123456789ab", &e), &e, ERR_SPACE);
	store_close(s);
}

static void a_first_start_on_a_full_disk_says_so(void **state)
{
	struct store *s = NULL;
	struct err e = {0};

	NEEDS_MOUNT();
	fill(state);
	assert_err(store_open(tmpdir_path(state, "state.db"), STORE_RW, 0, &s, &e), &e, ERR_SPACE);
	assert_err(store_open(tmpdir_path(state, "state.db"), STORE_SNAPSHOT, 0, &s, &e), &e, ERR_SPACE);
	assert_null(s);
}

static void it_comes_back_with_the_room(void **state)
{
	struct store *s;

	NEEDS_MOUNT();
	s = storetest_open(state);
	fill(state);
	insert(s, "0123456789ab", "web1");
	assert_false(has_reserve(state));
	assert_int_equal(unlink(tmpdir_path(state, "fill")), 0);
	insert(s, "ba9876543210", "web2");
	assert_true(has_reserve(state));
	store_close(s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_is_made_while_there_is_room),
		T(a_store_opens_and_writes_on_a_full_disk),
		T(what_is_open_already_writes_on),
		T(what_is_called_free_is_tried),
		T(it_is_kept_until_it_is_needed),
		T(without_a_reserve_it_is_read),
		T(a_first_start_on_a_full_disk_says_so),
		T(it_comes_back_with_the_room),
	};

	mounts_work = mountns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
