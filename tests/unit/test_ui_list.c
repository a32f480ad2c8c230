/* SPDX-License-Identifier: MIT */
/*
 * The list: the cursor stays on its row, filters, order, marks, columns.
 */
#include "tests/lib/test.h"
#include "ui/widgets/list.h"

struct rows {
	const char *names[16];
	size_t n;
};

static size_t count(const void *arg)
{
	return ((const struct rows *)arg)->n;
}

static const char *id(const void *arg, size_t i)
{
	return ((const struct rows *)arg)->names[i];
}

static bool match(const void *arg, size_t i, const char *text)
{
	return strstr(id(arg, i), text) != NULL;
}

static int compare(const void *arg, size_t a, size_t b, int column)
{
	return column == 0 ? strcmp(id(arg, a), id(arg, b)) : (int)strlen(id(arg, a)) - (int)strlen(id(arg, b));
}

static const struct list_rows ops = {count, id, match, compare};

static const char *current(const struct list *l)
{
	size_t row;

	return list_current(l, &row) ? id(l->arg, row) : "-";
}

static void test_cursor_stays_on_its_row(void **state)
{
	struct rows r = {{"b", "c", "d"}, 3};
	struct list l;

	(void)state;
	list_init(&l, &ops, &r, 2);
	list_set_sort(&l, 0, false);
	assert_true(list_select(&l, "c"));
	r.names[r.n++] = "a";
	list_recalc(&l);
	assert_string_equal(current(&l), "c");
	assert_int_equal(l.cursor, 2);
	list_set_sort(&l, 0, true);
	assert_string_equal(current(&l), "c");
	/* Its row goes: the cursor keeps its place. */
	r = (struct rows){{"a", "b", "d"}, 3};
	list_recalc(&l);
	assert_string_equal(current(&l), "b");
	r.n = 0;
	list_recalc(&l);
	assert_string_equal(current(&l), "-");
	assert_false(list_select(&l, "a"));
	list_move(&l, 5);
	list_done(&l);
}

static void test_filter_and_its_inverse(void **state)
{
	struct rows r = {{"web1", "web2", "db"}, 3};
	struct list l;

	(void)state;
	list_init(&l, &ops, &r, 2);
	list_recalc(&l);
	list_set_filter(&l, "web");
	assert_int_equal(l.n, 2);
	assert_int_equal(l.total, 3);
	list_set_filter(&l, "!web");
	assert_int_equal(l.n, 1);
	assert_string_equal(current(&l), "db");
	list_set_filter(&l, "!");
	assert_int_equal(l.n, 3);
	list_done(&l);
}

static void test_held_list_does_not_jump(void **state)
{
	struct rows r = {{"aaa", "bb", "c"}, 3};
	struct list l;

	(void)state;
	list_init(&l, &ops, &r, 2);
	list_set_sort(&l, 1, false);
	assert_int_equal(list_at(&l, 0), 2);
	l.hold = true;
	r.names[2] = "ccccc";
	list_recalc(&l);
	assert_int_equal(list_at(&l, 0), 0); /* the owner's order, not a new sort */
	l.hold = false;
	list_recalc(&l);
	assert_int_equal(list_at(&l, 2), 2);
	list_done(&l);
}

static void test_moving_and_scrolling(void **state)
{
	struct rows r = {{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, 10};
	struct list l;

	(void)state;
	list_init(&l, &ops, &r, 2);
	list_recalc(&l);
	list_scroll(&l, 4);
	assert_true(list_act(&l, ACTION_BOTTOM));
	assert_int_equal(l.top, 6);
	assert_true(list_act(&l, ACTION_PAGE_UP));
	assert_int_equal(l.cursor, 6);
	assert_true(list_act(&l, ACTION_TOP));
	assert_int_equal(l.top, 0);
	assert_true(list_act(&l, ACTION_PAGE_DOWN));
	assert_int_equal(l.cursor, 3);
	assert_false(list_act(&l, ACTION_DELETE));
	list_done(&l);
}

static void test_marks(void **state)
{
	struct rows r = {{"b", "a", "c"}, 3};
	struct list l;

	(void)state;
	list_init(&l, &ops, &r, 2);
	list_recalc(&l);
	list_toggle_mark(&l, "c");
	list_toggle_mark(&l, "a");
	assert_true(list_is_marked(&l, "a") && list_is_marked(&l, "c") && !list_is_marked(&l, "b"));
	list_toggle_mark(&l, "a");
	assert_false(list_is_marked(&l, "a"));
	list_set_filter(&l, "b");
	list_mark_all(&l);
	assert_int_equal(l.n_marks, 2);
	list_clear_marks(&l);
	assert_int_equal(l.n_marks, 0);
	list_done(&l);
}

static void test_columns_go_by_priority(void **state)
{
	static const struct column cols[] = {
		{"A", 5, 10, 0, false, 0}, {"B", 5, 0, 1, false, 1}, {"C", 8, 8, 2, false, 2}};
	struct column_place p[COLUMNS_MAX];

	(void)state;
	columns_layout(cols, 3, 40, p);
	assert_int_equal(p[0].w, 10);
	assert_int_equal(p[2].w, 8);
	assert_int_equal(p[1].w, 40 - 10 - 8 - 2);
	columns_layout(cols, 3, 15, p);
	assert_int_equal(p[2].w, 0);
	assert_int_equal(p[1].x, p[0].w + 1);
	columns_layout(cols, 3, 3, p);
	assert_int_equal(p[0].w, 3);
	assert_int_equal(columns_hit(p, 3, 1), 0);
	assert_int_equal(columns_hit(p, 3, 30), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor_stays_on_its_row),
		cmocka_unit_test(test_filter_and_its_inverse),
		cmocka_unit_test(test_held_list_does_not_jump),
		cmocka_unit_test(test_moving_and_scrolling),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_columns_go_by_priority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
