/* SPDX-License-Identifier: MIT */
/*
 * store/resources: the ledger keeps the order of taking, forgets exactly what was released, and repeats are harmless.
 */
#include "tests/lib/storetest.h"

#include "core/store/resources.h"

static int count(struct store *s, const char *owner)
{
	struct resource *rows = NULL;
	struct err e = {0};
	int n = -1;

	assert_ok(resources_list(s, owner, &rows, &n, &e), &e);
	free(rows);
	return n;
}

static void newest_first_is_the_order_of_release(void **state)
{
	struct store *s = storetest_open(state);
	struct resource *rows = NULL;
	struct err e = {0};
	int n;

	assert_ok(resources_add(s, "aaaaaaaaaaaa", "run", "one", NULL, &e), &e);
	assert_ok(resources_add(s, "bbbbbbbbbbbb", "create", "two", "why", &e), &e);
	assert_ok(resources_add(s, "aaaaaaaaaaaa", "tap", "three", "bn0", &e), &e);
	assert_ok(resources_list(s, NULL, &rows, &n, &e), &e);
	assert_int_equal(n, 3);
	assert_string_equal(rows[0].name, "three");
	assert_string_equal(rows[0].detail, "bn0");
	assert_string_equal(rows[1].kind, "create");
	assert_string_equal(rows[2].owner, "aaaaaaaaaaaa");
	assert_string_equal(rows[2].detail, "");
	free(rows);
	assert_int_equal(count(s, "aaaaaaaaaaaa"), 2);
	assert_int_equal(count(s, "cccccccccccc"), 0);
	store_close(s);
}

static void the_same_row_again_is_one_row(void **state)
{
	struct store *s = storetest_open(state);
	struct err e = {0};

	assert_ok(resources_add(s, "aaaaaaaaaaaa", "run", "one", NULL, &e), &e);
	assert_ok(resources_add(s, "aaaaaaaaaaaa", "run", "one", "other", &e), &e);
	assert_int_equal(count(s, NULL), 1);
	store_close(s);
}

static void removal_is_exact_and_idempotent(void **state)
{
	struct store *s = storetest_open(state);
	struct err e = {0};

	assert_ok(resources_add(s, "aaaaaaaaaaaa", "run", "one", NULL, &e), &e);
	assert_ok(resources_add(s, "aaaaaaaaaaaa", "run", "two", NULL, &e), &e);
	assert_ok(resources_add(s, "bbbbbbbbbbbb", "run", "one", NULL, &e), &e);
	assert_ok(resources_remove(s, "aaaaaaaaaaaa", "run", "one", &e), &e);
	assert_ok(resources_remove(s, "aaaaaaaaaaaa", "run", "one", &e), &e);
	assert_ok(resources_remove(s, "aaaaaaaaaaaa", "tap", "two", &e), &e);
	assert_int_equal(count(s, "aaaaaaaaaaaa"), 1);
	assert_int_equal(count(s, "bbbbbbbbbbbb"), 1);
	store_close(s);
}

static void rows_belong_to_the_callers_transaction(void **state)
{
	struct store *s = storetest_open(state), *other = storetest_open(state);
	struct err e = {0};

	assert_ok(store_begin(s, &e), &e);
	assert_ok(resources_add(s, "aaaaaaaaaaaa", "run", "one", NULL, &e), &e);
	assert_int_equal(count(other, NULL), 0);
	store_rollback(s);
	assert_int_equal(count(s, NULL), 0);
	assert_ok(resources_add(s, "aaaaaaaaaaaa", "run", "one", NULL, &e), &e);
	assert_int_equal(count(other, NULL), 1);
	store_close(other);
	store_close(s);
}

static void long_paths_are_kept_whole(void **state)
{
	struct store *s = storetest_open(state);
	struct resource *rows = NULL;
	struct err e = {0};
	char name[sizeof(rows->name)];
	int n;

	memset(name, 'p', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_ok(resources_add(s, "aaaaaaaaaaaa", "published", name, NULL, &e), &e);
	assert_ok(resources_list(s, NULL, &rows, &n, &e), &e);
	assert_string_equal(rows[0].name, name);
	free(rows);
	store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		T(newest_first_is_the_order_of_release),
		T(the_same_row_again_is_one_row),
		T(removal_is_exact_and_idempotent),
		T(rows_belong_to_the_callers_transaction),
		T(long_paths_are_kept_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
