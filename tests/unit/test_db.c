/* SPDX-License-Identifier: MIT */
/*
 * store/db, store/migrate: every connection alike, several processes at once, newer and damaged files left alone, and a
 * look at a store that changes nothing around it.
 */
#include "tests/lib/storetest.h"

#include "base/fd.h"
#include "base/fs.h"
#include "core/store/db_priv.h"
#include "core/store/vms.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int64_t number(struct store *s, const char *sql)
{
	struct err e = {0};
	auto_stmt *st = db_prepare(s, sql, &e);

	assert_non_null(st);
	assert_int_equal(db_step(s, st, &e), 1);
	return sqlite3_column_int64(st, 0);
}

static void every_connection_has_the_pragmas(void **state)
{
	struct store *open[3];

	for (int i = 0; i < 3; i++)
		open[i] = storetest_open(state);
	for (int i = 0; i < 3; i++) {
		struct err e = {0};
		auto_stmt *st = db_prepare(open[i], "PRAGMA journal_mode", &e);

		assert_int_equal(db_step(open[i], st, &e), 1);
		assert_string_equal((const char *)sqlite3_column_text(st, 0), "wal");
		assert_int_equal(number(open[i], "PRAGMA foreign_keys"), 1);
		assert_int_equal(number(open[i], "PRAGMA synchronous"), 1);
		assert_int_equal(number(open[i], "PRAGMA busy_timeout"), 5000);
	}
	for (int i = 0; i < 3; i++)
		store_close(open[i]);
}

static void files_are_private(void **state)
{
	static const char *const files[] = {"state.db", "state.db-wal", "state.db-shm"};
	mode_t old = umask(0);
	struct store *s = storetest_open(state);
	struct vm vm = storetest_vm("0123456789ab", "web1");
	struct err e = {0};
	struct stat st;

	assert_ok(vms_insert(s, &vm, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		assert_int_equal(stat(tmpdir_path(state, files[i]), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	store_close(s);
	umask(old);
}

static void a_symbolic_link_is_no_store(void **state)
{
	struct store *s = NULL;
	struct err e = {0};

	test_write(tmpdir_path(state, "elsewhere"), "");
	assert_int_equal(symlink(tmpdir_path(state, "elsewhere"), tmpdir_path(state, "state.db")), 0);
	assert_int_equal(store_open(tmpdir_path(state, "state.db"), STORE_RW, 0, &s, &e), -1);
	assert_null(s);
}

/* One process of the crowd: opens, writes a row of its own, closes. */
static int crowd_member(const char *path, int go_fd, int i)
{
	struct store *s = NULL;
	struct err e = {0};
	char id[ID_SIZE], name[VM_NAME_SIZE], byte;
	struct vm vm;

	if (read(go_fd, &byte, 1) < 0)
		return 2;
	snprintf(id, sizeof(id), "%012x", (unsigned)i);
	snprintf(name, sizeof(name), "vm%d", i);
	vm = storetest_vm(id, name);
	if (store_open(path, STORE_RW, 5000, &s, &e) < 0 || vms_insert(s, &vm, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	store_close(s);
	return 0;
}

#define CROWD 12

static void many_processes_may_make_it_at_once(void **state)
{
	char path[PATH_MAX];
	struct vm *list = NULL;
	struct err e = {0};
	struct store *s;
	pid_t pids[CROWD];
	int go[2], n, status;

	snprintf(path, sizeof(path), "%s", tmpdir_path(state, "state.db"));
	assert_ok(fd_pipe(go, &e), &e);
	for (int i = 0; i < CROWD; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			close(go[1]);
			_exit(crowd_member(path, go[0], i));
		}
	}
	close(go[0]);
	close(go[1]); /* the starting shot */
	for (int i = 0; i < CROWD; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	s = storetest_open(state);
	assert_ok(vms_list(s, &list, &n, &e), &e);
	assert_int_equal(n, CROWD);
	assert_int_equal(number(s, "SELECT COUNT(*) FROM schema_migrations"), store_schema_version());
	assert_int_equal(number(s, "SELECT COUNT(*) FROM revision"), 1);
	free(list);
	store_close(s);
}

/* Whether another process sees a lock on the file; asked by fork, as nobody is told of locks of their own. */
static bool locked_for_others(const char *path)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct flock any = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd = open(path, O_RDWR | O_CLOEXEC);

		_exit(fd < 0 || fcntl(fd, F_GETLK, &any) < 0 ? 2 : any.l_type != F_UNLCK);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status);
}

/* POSIX locks belong to the process, and closing any descriptor of a file drops them all (fcntl(2)): opening a second
 * connection must not take the first one's lock away, or a neighbour that ends believes itself the last and removes the
 * log the first still writes to. */
static void a_second_connection_keeps_the_locks_of_the_first(void **state)
{
	char path[PATH_MAX];
	struct store *first = storetest_open(state), *second;

	snprintf(path, sizeof(path), "%s", tmpdir_path(state, "state.db"));
	assert_int_equal(number(first, "SELECT COUNT(*) FROM vms"), 0);
	assert_true(locked_for_others(path));
	second = storetest_open(state);
	assert_true(locked_for_others(path));
	store_close(second);
	assert_true(locked_for_others(path));
	store_close(first);
	assert_false(locked_for_others(path));
}

static void make_newer(void **state)
{
	struct store *s = storetest_open(state);
	struct vm vm = storetest_vm("0123456789ab", "web1");
	struct err e = {0};

	assert_ok(vms_insert(s, &vm, &e), &e);
	assert_ok(db_exec(s,
			  "CREATE TABLE future (x INTEGER);"
			  "INSERT INTO schema_migrations VALUES (1000, 0)",
			  &e),
		  &e);
	store_close(s);
}

static void a_newer_store_is_only_read_and_says_so(void **state)
{
	struct vm vm = storetest_vm("ba9876543210", "web2"), back;
	struct err e = {0};
	struct store *s;

	make_newer(state);
	s = storetest_open(state);
	assert_true(store_is_read_only(s));
	assert_ok(vms_get(s, "0123456789ab", &back, &e), &e);
	assert_int_equal(store_begin(s, &e), -1);
	assert_int_equal(e.code, ERR_STATE);
	assert_non_null(strstr(e.msg, "newer banger-tui"));
	assert_true(e.hint[0]);
	err_clear(&e);
	assert_err(vms_insert(s, &vm, &e), &e, ERR_PERM);
	assert_int_equal(number(s, "SELECT MAX(id) FROM schema_migrations"), 1000);
	assert_int_equal(number(s, "SELECT COUNT(*) FROM vms"), 1);
	store_close(s);
}

/* Content of a file as it is, NULs too; freed by the caller. */
static void read_bytes(const char *path, struct buf *ret)
{
	struct err e = {0};

	assert_ok(fs_read_file(path, (size_t)16 << 20, ret, &e), &e);
}

static void damage(const char *path, off_t at, const char *with)
{
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, with, strlen(with), at), (ssize_t)strlen(with));
}

static void a_damaged_store_is_not_touched(void **state)
{
	struct buf before = {0}, after = {0};
	struct store *s = storetest_open(state);
	struct err e = {0};

	store_close(s);
	damage(tmpdir_path(state, "state.db"), 0, "this was a database, and is none any more");
	read_bytes(tmpdir_path(state, "state.db"), &before);
	s = NULL;
	assert_int_equal(store_open(tmpdir_path(state, "state.db"), STORE_RW, 0, &s, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_non_null(strstr(e.hint, "untouched"));
	assert_null(s);
	read_bytes(tmpdir_path(state, "state.db"), &after);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	assert_false(fs_exists(tmpdir_path(state, "state.db-wal")));
	buf_done(&before);
	buf_done(&after);
}

static void a_damaged_schema_is_corrupt(void **state)
{
	struct store *s = storetest_open(state);
	struct err e = {0};

	store_close(s);
	damage(tmpdir_path(state, "state.db"), 100, "garbage where the schema's tree begins, garbage, garbage");
	s = NULL;
	assert_err(store_open(tmpdir_path(state, "state.db"), STORE_RW, 0, &s, &e), &e, ERR_CORRUPT);
}

static void reading_makes_nothing(void **state)
{
	struct store *s = NULL;
	struct err e = {0};

	assert_int_equal(store_open(tmpdir_path(state, "none.db"), STORE_RO, 0, &s, &e), -1);
	assert_false(fs_exists(tmpdir_path(state, "none.db")));
	err_clear(&e);
	store_close(storetest_open(state));
	assert_ok(store_open(tmpdir_path(state, "state.db"), STORE_RO, 0, &s, &e), &e);
	assert_true(store_is_read_only(s));
	store_close(s);
}

static void a_file_that_was_taken_away_or_replaced_is_seen(void **state)
{
	const char *path = tmpdir_path(state, "state.db"), *aside = tmpdir_path(state, "aside");
	struct store *s = storetest_open(state), *other;
	struct err e = {0};

	assert_false(store_is_moved(s));
	assert_int_equal(rename(path, aside), 0);
	assert_true(store_is_moved(s));
	assert_ok(store_open(path, STORE_RW, 0, &other, &e), &e);
	assert_true(store_is_moved(s));
	assert_false(store_is_moved(other));
	store_close(other);
	assert_int_equal(rename(aside, path), 0);
	assert_false(store_is_moved(s));
	store_close(s);
}

static void a_missing_directory_is_said(void **state)
{
	struct store *s = NULL;
	struct err e = {0};

	assert_err(store_open(tmpdir_path(state, "no/state.db"), STORE_RW, 0, &s, &e), &e, ERR_NOT_FOUND);
}

static void transactions_roll_back_unless_committed(void **state)
{
	struct store *s = storetest_open(state);
	struct vm vm = storetest_vm("0123456789ab", "web1");
	struct err e = {0};

	{
		auto_txn struct store *txn = s;

		assert_ok(store_begin(txn, &e), &e);
		assert_ok(vms_insert(txn, &vm, &e), &e);
	}
	assert_int_equal(number(s, "SELECT COUNT(*) FROM vms"), 0);
	store_rollback(s);
	{
		auto_txn struct store *txn = s;

		assert_ok(store_begin(txn, &e), &e);
		assert_ok(vms_insert(txn, &vm, &e), &e);
		assert_ok(store_commit(txn, &e), &e);
	}
	assert_int_equal(number(s, "SELECT COUNT(*) FROM vms"), 1);
	store_close(s);
}

/* The svc thread's connection waits for nobody. */
static void without_a_time_out_a_held_store_is_busy(void **state)
{
	struct store *a = storetest_open(state), *b = NULL;
	struct vm vm = storetest_vm("0123456789ab", "web1");
	struct err e = {0};
	int64_t revision;

	assert_ok(store_open(tmpdir_path(state, "state.db"), STORE_RW, 0, &b, &e), &e);
	assert_ok(store_begin(a, &e), &e);
	assert_err(store_begin(b, &e), &e, ERR_BUSY);
	assert_err(vms_insert(b, &vm, &e), &e, ERR_BUSY);
	assert_ok(store_revision(b, &revision, &e), &e);
	store_rollback(a);
	assert_ok(vms_insert(b, &vm, &e), &e);
	store_close(b);
	store_close(a);
}

static void data_version_tells_others_commits(void **state)
{
	struct store *a = storetest_open(state), *b = storetest_open(state);
	struct vm vm = storetest_vm("0123456789ab", "web1");
	struct err e = {0};
	int64_t v0, v1, v2;

	assert_ok(store_data_version(b, &v0, &e), &e);
	assert_ok(store_data_version(b, &v1, &e), &e);
	assert_int_equal(v0, v1);
	assert_ok(vms_insert(a, &vm, &e), &e);
	assert_ok(store_data_version(b, &v2, &e), &e);
	assert_int_not_equal(v1, v2);
	store_close(b);
	store_close(a);
}

static void a_read_transaction_is_one_picture(void **state)
{
	struct store *a = storetest_open(state), *b = storetest_open(state);
	struct vm vm = storetest_vm("0123456789ab", "web1");
	struct err e = {0};
	int64_t before, during, after;

	assert_ok(store_begin_read(b, &e), &e);
	assert_ok(store_revision(b, &before, &e), &e);
	assert_ok(vms_insert(a, &vm, &e), &e);
	assert_int_equal(number(b, "SELECT COUNT(*) FROM vms"), 0);
	assert_ok(store_revision(b, &during, &e), &e);
	assert_int_equal(before, during);
	store_rollback(b);
	assert_ok(store_revision(b, &after, &e), &e);
	assert_true(after > before);
	store_close(b);
	store_close(a);
}

static void every_table_raises_the_revision(void **state)
{
	static const char *const changes[] = {
		"INSERT INTO images (id, name, about, source, rootfs_uuid, init, size_bytes, used_bytes, alloc_bytes, created_ms) VALUES ('i', 'n', '', '', '', '', 1, 1, 1, 1)",
		"UPDATE images SET current = 0",
		"DELETE FROM images",
		"INSERT INTO kernels (name, id, release, about, modules_uuid, alloc_bytes, created_ms) VALUES ('n', 'i', '', '', '', 1, 1)",
		"DELETE FROM kernels",
	};
	struct store *s = storetest_open(state);
	struct err e = {0};
	int64_t before, after;

	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		assert_ok(store_revision(s, &before, &e), &e);
		assert_ok(db_exec(s, changes[i], &e), &e);
		assert_ok(store_revision(s, &after, &e), &e);
		assert_true(after > before);
	}
	store_close(s);
}

/* Names, sizes, times and content of a directory as one text, to be freed. */
static char *picture(const char *dir)
{
	struct buf out = {0}, data = {0};
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, list[i]->d_name);
		struct stat st;
		uint64_t sum = 14695981039346656037ULL;

		assert_int_equal(lstat(path, &st), 0);
		buf_reset(&data);
		if (S_ISREG(st.st_mode))
			read_bytes(path, &data);
		for (size_t k = 0; k < data.len; k++)
			sum = (sum ^ (unsigned char)data.data[k]) * 1099511628211ULL;
		buf_addf(&out, "%s %o %lld %lld.%09ld %llx\n", list[i]->d_name, (unsigned)st.st_mode,
			 S_ISREG(st.st_mode) ? (long long)st.st_size : 0, (long long)st.st_mtim.tv_sec,
			 st.st_mtim.tv_nsec, (unsigned long long)sum);
		free(list[i]);
	}
	free(list);
	buf_done(&data);
	return buf_take(&out);
}

static void inspect_unchanged(void **state, int want_schema, enum err_code want)
{
	char dir[PATH_MAX], tmp[PATH_MAX];
	auto_free char *before = NULL, *after = NULL;
	struct err e = {0};
	struct store_look look;

	snprintf(dir, sizeof(dir), "%s", tmpdir_path(state, "store"));
	snprintf(tmp, sizeof(tmp), "%s", tmpdir_path(state, "tmp"));
	assert_ok(fs_mkdir_p(tmp, 0700, &e), &e);
	before = picture(dir);
	if (want == ERR_NONE) {
		assert_ok(store_inspect(tmpdir_path(state, "store/state.db"), tmp, &look, &e), &e);
		assert_int_equal(look.schema, want_schema);
		assert_int_equal(look.n_vms, 0);
		assert_int_equal(look.n_images, 0);
		store_look_done(&look);
	} else {
		assert_err(store_inspect(tmpdir_path(state, "store/state.db"), tmp, &look, &e), &e, want);
	}
	after = picture(dir);
	assert_string_equal(before, after);
	assert_int_equal(rmdir(tmp), 0); /* empty again */
}

static struct store *open_in_subdirectory(void **state)
{
	struct store *s = NULL;
	struct err e = {0};

	assert_ok(fs_mkdir_p(tmpdir_path(state, "store"), 0700, &e), &e);
	assert_ok(store_open(tmpdir_path(state, "store/state.db"), STORE_RW, 5000, &s, &e), &e);
	return s;
}

static void inspecting_changes_nothing(void **state)
{
	store_close(open_in_subdirectory(state));
	inspect_unchanged(state, store_schema_version(), ERR_NONE);
}

static void inspecting_beside_a_wal_changes_nothing(void **state)
{
	struct store *s = open_in_subdirectory(state);
	struct vm vm = storetest_vm("0123456789ab", "web1");
	struct err e = {0};

	assert_ok(vms_insert(s, &vm, &e), &e);
	assert_ok(db_exec(s, "INSERT INTO schema_migrations VALUES (77, 0)", &e), &e);
	inspect_unchanged(state, 77, ERR_NONE);
	store_close(s);
}

static void inspecting_does_not_migrate(void **state)
{
	struct store *s = open_in_subdirectory(state);
	struct err e = {0};

	assert_ok(db_exec(s, "DELETE FROM schema_migrations WHERE id > 1; PRAGMA wal_checkpoint(TRUNCATE)", &e), &e);
	store_close(s);
	inspect_unchanged(state, 1, ERR_NONE);
}

static void inspecting_says_what_is_wrong(void **state)
{
	store_close(open_in_subdirectory(state));
	damage(tmpdir_path(state, "store/state.db"), 0, "no database at all, not even a header");
	inspect_unchanged(state, 0, ERR_CORRUPT);
	assert_int_equal(unlink(tmpdir_path(state, "store/state.db")), 0);
	inspect_unchanged(state, 0, ERR_NOT_FOUND);
}

static void inspecting_copes_with_odd_paths(void **state)
{
	struct store *s = NULL;
	struct err e = {0};
	struct store_look look;

	assert_ok(fs_mkdir_p(tmpdir_path(state, "a?b#c%20d"), 0700, &e), &e);
	assert_ok(store_open(tmpdir_path(state, "a?b#c%20d/state.db"), STORE_RW, 0, &s, &e), &e);
	store_close(s);
	assert_ok(store_inspect(tmpdir_path(state, "a?b#c%20d/state.db"), *state, &look, &e), &e);
	assert_int_equal(look.schema, store_schema_version());
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		T(every_connection_has_the_pragmas),
		T(files_are_private),
		T(a_symbolic_link_is_no_store),
		T(many_processes_may_make_it_at_once),
		T(a_second_connection_keeps_the_locks_of_the_first),
		T(a_newer_store_is_only_read_and_says_so),
		T(a_damaged_store_is_not_touched),
		T(a_damaged_schema_is_corrupt),
		T(reading_makes_nothing),
		T(a_file_that_was_taken_away_or_replaced_is_seen),
		T(a_missing_directory_is_said),
		T(transactions_roll_back_unless_committed),
		T(without_a_time_out_a_held_store_is_busy),
		T(data_version_tells_others_commits),
		T(a_read_transaction_is_one_picture),
		T(every_table_raises_the_revision),
		T(inspecting_changes_nothing),
		T(inspecting_beside_a_wal_changes_nothing),
		T(inspecting_does_not_migrate),
		T(inspecting_says_what_is_wrong),
		T(inspecting_copes_with_odd_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
