/* SPDX-License-Identifier: MIT */
/*
 * store/images: a name points at one build, older builds stay while VMs use them, users are counted and named.
 */
#include "tests/lib/storetest.h"

#include "core/store/images.h"
#include "core/store/vms.h"

#include <sqlite3.h>

static void put_image(struct store *s, const char *id, const char *name)
{
	struct image im = storetest_image(id, name);
	struct err e = {0};

	assert_ok(images_put(s, &im, &e), &e);
}

static void put_user(struct store *s, const char *id, const char *name, const char *image_id, const char *kernel)
{
	struct vm vm = storetest_vm(id, name);
	struct err e = {0};

	str_copy(vm.image_id, sizeof(vm.image_id), image_id);
	str_copy(vm.cfg.kernel, sizeof(vm.cfg.kernel), kernel);
	assert_ok(vms_insert(s, &vm, &e), &e);
}

/* What SQLite itself says to one statement, through a connection that knows nothing of the store. */
static void raw(void **state, const char *sql)
{
	sqlite3 *db = NULL;
	char *msg = NULL;

	assert_int_equal(sqlite3_open(tmpdir_path(state, "state.db"), &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &msg) != SQLITE_OK)
		fail_msg("%s: %s", sql, msg);
	sqlite3_close(db);
}

static void an_image_comes_back_whole(void **state)
{
	struct store *s = storetest_open(state);
	struct image im = storetest_image("aaaaaaaaaaaa", "tiny"), back;
	struct err e = {0};

	assert_ok(images_put(s, &im, &e), &e);
	assert_ok(images_get(s, "tiny", &back, &e), &e);
	im.local = true;
	assert_memory_equal(&back, &im, sizeof(im));
	assert_ok(images_get_id(s, im.id, &back, &e), &e);
	assert_memory_equal(&back, &im, sizeof(im));
	store_close(s);
}

static void one_that_stays_where_it_is_comes_back_whole(void **state)
{
	struct store *s = storetest_open(state);
	struct image im = storetest_image("aaaaaaaaaaaa", "mine"), back;
	struct err e = {0};

	memset(im.path, 'p', sizeof(im.path) - 1);
	im.file_bytes = (uint64_t)40 << 30;
	im.file_mtime_ns = -1700000000123456789;
	assert_ok(images_put(s, &im, &e), &e);
	assert_ok(images_get(s, "mine", &back, &e), &e);
	im.local = true;
	assert_memory_equal(&back, &im, sizeof(im));
	store_close(s);
}

static void an_older_row_is_kept_by_us(void **state)
{
	struct store *s = storetest_open(state);
	struct image im = storetest_image("aaaaaaaaaaaa", "tiny"), back;
	struct err e = {0};

	assert_ok(images_put(s, &im, &e), &e);
	store_close(s);
	raw(state, "ALTER TABLE images DROP COLUMN path; ALTER TABLE images DROP COLUMN file_bytes;"
		   "ALTER TABLE images DROP COLUMN file_mtime_ns; ALTER TABLE kernels DROP COLUMN source; ALTER TABLE kernels DROP COLUMN digest;"
		   "DELETE FROM schema_migrations WHERE id >= 8");
	s = storetest_open(state);
	assert_ok(images_get(s, "tiny", &back, &e), &e);
	im.local = true;
	assert_memory_equal(&back, &im, sizeof(im));
	store_close(s);
}

static void a_kernel_comes_back_whole(void **state)
{
	struct store *s = storetest_open(state);
	struct kernel k = storetest_kernel("aaaaaaaaaaaa", "debian"), back, *list = NULL;
	struct err e = {0};
	int n;

	assert_ok(kernels_put(s, &k, &e), &e);
	assert_ok(kernels_get(s, "debian", &back, &e), &e);
	k.local = true;
	assert_memory_equal(&back, &k, sizeof(k));
	str_copy(k.id, sizeof(k.id), "bbbbbbbbbbbb");
	assert_ok(kernels_put(s, &k, &e), &e);
	assert_ok(kernels_list(s, &list, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].id, "bbbbbbbbbbbb");
	free(list);
	assert_ok(kernels_delete(s, "debian", &e), &e);
	assert_err(kernels_get(s, "debian", &back, &e), &e, ERR_NOT_FOUND);
	store_close(s);
}

static void a_new_build_takes_the_name(void **state)
{
	struct store *s = storetest_open(state);
	struct image back, *list = NULL;
	struct err e = {0};
	int n;

	put_image(s, "aaaaaaaaaaaa", "tiny");
	put_image(s, "bbbbbbbbbbbb", "tiny");
	assert_ok(images_get(s, "tiny", &back, &e), &e);
	assert_string_equal(back.id, "bbbbbbbbbbbb");
	assert_ok(images_get_id(s, "aaaaaaaaaaaa", &back, &e), &e);
	assert_ok(images_list(s, &list, &n, &e), &e);
	assert_int_equal(n, 1);
	free(list);
	store_close(s);
}

static void unused_builds_are_those_nobody_needs(void **state)
{
	struct store *s = storetest_open(state);
	struct image *list = NULL;
	struct err e = {0};
	int n;

	put_image(s, "aaaaaaaaaaaa", "tiny");
	put_image(s, "bbbbbbbbbbbb", "tiny");
	put_image(s, "cccccccccccc", "tiny");
	put_user(s, "000000000001", "web1", "aaaaaaaaaaaa", "debian");
	assert_ok(images_list_unused(s, &list, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].id, "bbbbbbbbbbbb");
	free(list);
	store_close(s);
}

/* Nothing may see a name without a build: the two statements are one transaction, also without one of the caller's. */
static void a_failed_put_leaves_the_old_build_current(void **state)
{
	struct store *s = storetest_open(state);
	struct image im = storetest_image("bbbbbbbbbbbb", "tiny"), back;
	struct err e = {0};

	put_image(s, "aaaaaaaaaaaa", "tiny");
	raw(state, "CREATE TRIGGER refuse BEFORE INSERT ON images BEGIN SELECT RAISE(ABORT, 'refused'); END");
	assert_int_equal(images_put(s, &im, &e), -1);
	err_clear(&e);
	assert_ok(images_get(s, "tiny", &back, &e), &e);
	assert_string_equal(back.id, "aaaaaaaaaaaa");
	store_close(s);
}

static void a_put_joins_the_callers_transaction(void **state)
{
	struct store *s = storetest_open(state);
	struct image im = storetest_image("bbbbbbbbbbbb", "tiny"), back;
	struct err e = {0};

	put_image(s, "aaaaaaaaaaaa", "tiny");
	assert_ok(store_begin(s, &e), &e);
	assert_ok(images_put(s, &im, &e), &e);
	store_rollback(s);
	assert_ok(images_get(s, "tiny", &back, &e), &e);
	assert_string_equal(back.id, "aaaaaaaaaaaa");
	store_close(s);
}

static void users_are_counted_and_named(void **state)
{
	struct store *s = storetest_open(state);
	struct kernel k = storetest_kernel("dddddddddddd", "debian"), kback;
	struct image back;
	struct err e = {0};
	char names[64];
	int n = -1;

	put_image(s, "aaaaaaaaaaaa", "tiny");
	assert_ok(kernels_put(s, &k, &e), &e);
	assert_ok(images_users(s, "aaaaaaaaaaaa", names, sizeof(names), &n, &e), &e);
	assert_int_equal(n, 0);
	assert_string_equal(names, "");
	put_user(s, "000000000001", "web2", "aaaaaaaaaaaa", "debian");
	put_user(s, "000000000002", "web1", "aaaaaaaaaaaa", "other");
	assert_ok(images_users(s, "aaaaaaaaaaaa", names, sizeof(names), &n, &e), &e);
	assert_int_equal(n, 2);
	assert_string_equal(names, "web1, web2");
	assert_ok(kernels_users(s, "debian", names, sizeof(names), &n, &e), &e);
	assert_int_equal(n, 1);
	assert_string_equal(names, "web2");
	assert_ok(images_get(s, "tiny", &back, &e), &e);
	assert_int_equal(back.users, 2);
	assert_ok(kernels_get(s, "debian", &kback, &e), &e);
	assert_int_equal(kback.users, 1);
	store_close(s);
}

static void many_users_are_cut_not_overrun(void **state)
{
	struct store *s = storetest_open(state);
	struct err e = {0};
	char names[20];
	int n;

	for (int i = 0; i < 12; i++) {
		char id[ID_SIZE], name[VM_NAME_SIZE];

		snprintf(id, sizeof(id), "%012x", (unsigned)i);
		snprintf(name, sizeof(name), "machine%d", i);
		put_user(s, id, name, "aaaaaaaaaaaa", "debian");
	}
	memset(names, 'x', sizeof(names));
	assert_ok(images_users(s, "aaaaaaaaaaaa", names, 16, &n, &e), &e);
	assert_int_equal(n, 12);
	assert_int_equal(strlen(names), 15);
	assert_int_equal(names[16], 'x');
	store_close(s);
}

static void missing_names_say_what_they_are(void **state)
{
	struct store *s = storetest_open(state);
	struct kernel k;
	struct image im;
	struct err e = {0};

	assert_int_equal(images_get(s, "nope", &im, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_string_equal(e.msg, "no local image 'nope'");
	err_clear(&e);
	assert_int_equal(kernels_get(s, "nope", &k, &e), -1);
	assert_string_equal(e.msg, "no local kernel 'nope'");
	err_clear(&e);
	assert_ok(images_delete(s, "ffffffffffff", &e), &e);
	store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		T(an_image_comes_back_whole),
		T(one_that_stays_where_it_is_comes_back_whole),
		T(an_older_row_is_kept_by_us),
		T(a_kernel_comes_back_whole),
		T(a_new_build_takes_the_name),
		T(unused_builds_are_those_nobody_needs),
		T(a_failed_put_leaves_the_old_build_current),
		T(a_put_joins_the_callers_transaction),
		T(users_are_counted_and_named),
		T(many_users_are_cut_not_overrun),
		T(missing_names_say_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
