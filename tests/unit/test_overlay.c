/* SPDX-License-Identifier: MIT */
/*
 * What the layers above decide, and what a stack of layers comes to: memory alone.
 */
#include "tests/lib/test.h"

#include "base/clock.h"
#include "core/image/merge.h"
#include "core/image/overlay.h"

/* ---- names decided by the layers above */

/* One letter a line: what to add, and what to see. "-" next layer; "d" directory, "f" something else; upper case: it is hidden. */
struct step {
	const char *what;
	const char *path;
};

static void run_steps(const struct step *steps)
{
	struct overlay *o = overlay_new(0, 0);

	for (; steps->what; steps++) {
		bool is_dir = *steps->what == 'd' || *steps->what == 'D';
		bool visible = *steps->what == 'd' || *steps->what == 'f';
		struct overlay_entry got;
		struct err e = {0};

		if (*steps->what == '-') {
			overlay_next_layer(o);
			continue;
		}
		assert_ok(overlay_add(o, steps->path, is_dir, &got, &e), &e);
		if (*steps->what == 'w')
			assert_true(got.what == OVERLAY_WHITEOUT || got.what == OVERLAY_OPAQUE);
		else if (*steps->what == 'i')
			assert_int_equal(got.what, OVERLAY_IGNORED);
		else if (got.visible != visible)
			fail_msg("'%s' is %s", steps->path, visible ? "hidden" : "visible");
	}
	overlay_free(o);
}

#define STEPS(...) run_steps((const struct step[]){__VA_ARGS__, {NULL, NULL}})

static void test_same_name(void **state)
{
	(void)state;
	STEPS({"f", "a"}, {"f", "a"}, {"-", ""}, {"F", "a"}, {"D", "a"}, {"F", "a/b"}, {"f", "b"});
	/* What is no directory hides all below; inside its own layer the last decides. */
	STEPS({"f", "a"}, {"d", "a"}, {"f", "a/b"}, {"-", ""}, {"D", "a"}, {"F", "a"}, {"F", "a/b"}, {"f", "a/c"});
	STEPS({"d", "a"}, {"f", "a/b"}, {"f", "a"}, {"-", ""}, {"D", "a"}, {"F", "a/c"});
}

static void test_directories(void **state)
{
	(void)state;
	/* The uppermost entry gives the attributes; an implied directory takes them from below. */
	STEPS({"d", "a"}, {"-", ""}, {"D", "a"}, {"f", "a/b"}, {"-", ""}, {"F", "a"});
	STEPS({"f", "a/b/c"}, {"-", ""}, {"F", "a"}, {"d", "a/b"}, {"F", "a/b"}, {"-", ""}, {"D", "a/b"}, {"d", "a"});
	/* The root's too. */
	STEPS({"d", ""}, {"-", ""}, {"D", ""}, {"f", "a"});
}

static void test_whiteouts(void **state)
{
	(void)state;
	/* Of lower layers alone, in whatever order. */
	STEPS({"w", "d/.wh.a"}, {"f", "d/a"}, {"f", "d/b"}, {"w", "d/.wh.b"}, {"-", ""}, {"F", "d/a"}, {"F", "d/b"},
	      {"f", "d/c"}, {"d", "d"});
	STEPS({"w", ".wh.d"}, {"-", ""}, {"D", "d"}, {"F", "d/x/y"}, {"f", "e"}, {"-", ""}, {"F", "d"});
	STEPS({"f", "d/a"}, {"w", ".wh.d"}, {"-", ""}, {"D", "d"}, {"F", "d/b"});
	/* A whiteout alone is no directory above it. */
	STEPS({"w", "d/.wh.a"}, {"-", ""}, {"f", "d"});
	/* It counts where it is reached only. */
	STEPS({"f", "d"}, {"-", ""}, {"w", "d/.wh.a"}, {"-", ""}, {"F", "d/a"});
}

static void test_opaque(void **state)
{
	(void)state;
	STEPS({"d", "d"}, {"f", "d/a"}, {"w", "d/.wh..wh..opq"}, {"f", "d/b"}, {"-", ""}, {"F", "d/a"}, {"F", "d/c"},
	      {"D", "d/e"}, {"F", "d/e/f"}, {"f", "e"});
	/* The directory itself shows through. */
	STEPS({"w", "d/.wh..wh..opq"}, {"-", ""}, {"d", "d"}, {"F", "d/c"});
	STEPS({"w", ".wh..wh..opq"}, {"f", "a"}, {"-", ""}, {"d", ""}, {"F", "b"}, {"D", "c"});
}

static void test_strange_whiteouts(void **state)
{
	static const char *const bad[] = {".wh.", ".wh..", ".wh...", "d/.wh.", "d/.wh..", "d/.wh..."};
	struct overlay *o = overlay_new(0, 0);
	struct overlay_entry got;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(overlay_add(o, bad[i], false, &got, &e), &e, ERR_PROTO);
	overlay_free(o);
	STEPS({"i", ".wh..wh.aufs"}, {"i", ".wh..wh.plnk/12.34"}, {"i", "d/.wh..wh.orph/x/y"}, {"i", ".wh..wh..opq/x"},
	      {"w", ".wh....."}, {"w", ".wh.x"}, {"f", ".whx"}, {"f", "x.wh.y"}, {"-", ""}, {"f", "d"});
}

static void test_wanted(void **state)
{
	struct overlay *o = overlay_new(0, 0);
	struct overlay_name *n;
	struct overlay_entry got;
	struct err e = {0};
	auto_buf path = {0};

	(void)state;
	assert_ok(overlay_add(o, "dir/a", false, &got, &e), &e);
	overlay_next_layer(o);
	assert_ok(overlay_intern(o, "dir/a", &n, &e), &e);
	assert_ptr_equal(n, got.name);
	overlay_path(n, &path);
	assert_string_equal(buf_cstr(&path), "dir/a");
	overlay_want(o, n);
	overlay_next_layer(o);
	assert_ok(overlay_add(o, "dir/a", false, &got, &e), &e);
	assert_false(got.visible);
	assert_true(got.wanted);
	/* Settled; and what this layer had already is not asked of a lower one. */
	assert_ok(overlay_add(o, "dir/a", false, &got, &e), &e);
	assert_false(got.wanted);
	overlay_want(o, n);
	overlay_next_layer(o);
	assert_ok(overlay_add(o, "dir/a", false, &got, &e), &e);
	assert_false(got.wanted);
	assert_ok(overlay_intern(o, "", &n, &e), &e);
	overlay_path(n, &path);
	assert_string_equal(buf_cstr(&path), "");
	overlay_free(o);
}

static void test_names_are_limited(void **state)
{
	struct overlay *o = overlay_new(3, 100);
	struct overlay_entry got;
	struct err e = {0};

	(void)state;
	assert_ok(overlay_add(o, "a/b/c", false, &got, &e), &e);
	assert_ok(overlay_add(o, "a/b", true, &got, &e), &e);
	assert_err(overlay_add(o, "a/d", false, &got, &e), &e, ERR_PROTO);
	assert_err(overlay_add(o, ".wh.d", false, &got, &e), &e, ERR_PROTO);
	overlay_free(o);
	o = overlay_new(0, 10);
	assert_ok(overlay_add(o, "12345/67890", false, &got, &e), &e);
	assert_err(overlay_add(o, "1", false, &got, &e), &e, ERR_PROTO);
	overlay_free(o);
}

/* ---- what a stack comes to */

#define ENTRIES 64

struct stack {
	struct overlay *names;
	struct merge *merge;
	struct merge_entry entries[ENTRIES];
	size_t n;
	struct buf seen;
};

static struct stack *stack_new(void)
{
	struct stack *s = calloc(1, sizeof(*s));

	s->names = overlay_new(0, 0);
	s->merge = merge_new();
	merge_next_layer(s->merge);
	return s;
}

static void stack_free(struct stack *s)
{
	merge_free(s->merge);
	overlay_free(s->names);
	buf_done(&s->seen);
	free(s);
}

/* `kind`: d, f, w (whiteout or opaque), l (symbolic link), h (hard link). */
static int add(struct stack *s, char kind, const char *path, const char *target, struct err *e)
{
	static const char letters[] = "fdl_h";
	struct merge_entry *m = &s->entries[s->n++];
	struct overlay_entry o;
	struct overlay_name *t;

	assert_true(s->n <= ENTRIES);
	assert_ok(overlay_add(s->names, path, kind == 'd', &o, e), e);
	*m = (struct merge_entry){.name = o.name, .text = target};
	if (kind == 'w')
		m->kind = o.what == OVERLAY_OPAQUE ? MERGE_OPAQUE : MERGE_WHITEOUT;
	else
		m->kind = (enum merge_kind)(strchr(letters, kind) - letters);
	if (kind == 'h') {
		assert_ok(overlay_intern(s->names, target, &t, e), e);
		m->target = t;
	}
	return merge_add(s->merge, m, e);
}

static void must(struct stack *s, char kind, const char *path, const char *target)
{
	struct err e = {0};

	if (add(s, kind, path, target, &e) < 0)
		fail_msg("%s: %s", path, e.msg);
}

static void refused(struct stack *s, char kind, const char *path, const char *target, const char *why)
{
	struct err e = {0};

	assert_int_equal(add(s, kind, path, target, &e), -1);
	assert_int_equal(e.code, ERR_PROTO);
	if (!strstr(e.msg, why))
		fail_msg("%s: %s", path, e.msg);
}

/* "path" of the entry that is there: its number, or "-" for a directory without. */
static int see(void *arg, struct merge_node *n, struct err *e)
{
	struct stack *s = arg;
	auto_buf path = {0};

	(void)e;
	merge_path(n, &path);
	if (path.len)
		buf_addf(&s->seen, "%s%s%s=", s->seen.len ? " " : "", buf_cstr(&path), n->is_dir ? "/" : "");
	if (path.len && n->from)
		buf_addf(&s->seen, "%d", (int)(n->from - s->entries));
	return 0;
}

static void looks(struct stack *s, const char *want)
{
	struct err e = {0};

	buf_reset(&s->seen);
	assert_ok(merge_walk(s->merge, see, s, &e), &e);
	assert_string_equal(buf_cstr(&s->seen), want);
}

static void test_merge_plain(void **state)
{
	struct stack *s = stack_new();

	(void)state;
	must(s, 'd', "a", NULL);
	must(s, 'f', "a/x", NULL);
	must(s, 'f', "b", NULL);
	must(s, 'f', "c/d/e", NULL);
	merge_next_layer(s->merge);
	must(s, 'd', "a", NULL);
	must(s, 'd', "b", NULL);
	must(s, 'f', "c", NULL);
	must(s, 'f', "a/y", NULL);
	must(s, 'f', "a/y", NULL);
	looks(s, "a/=4 a/x=1 a/y=8 b/=5 c=6");
	/* A lower layer's file makes room for what lies below; the same layer's does not. */
	merge_next_layer(s->merge);
	must(s, 'f', "c/new", NULL);
	looks(s, "a/=4 a/x=1 a/y=8 b/=5 c/= c/new=9");
	refused(s, 'f', "c/new/below", NULL, "not a directory");
	refused(s, 'f', "", NULL, "root");
	stack_free(s);
}

static void test_merge_whiteouts(void **state)
{
	struct stack *s = stack_new();

	(void)state;
	must(s, 'd', "d", NULL);
	must(s, 'f', "d/a", NULL);
	must(s, 'd', "d/sub", NULL);
	must(s, 'f', "d/sub/b", NULL);
	merge_next_layer(s->merge);
	must(s, 'f', "d/sub/c", NULL);
	must(s, 'w', ".wh.d", NULL);
	/* What the layer itself has stays, without the attributes from below. */
	looks(s, "d/= d/sub/= d/sub/c=4");
	merge_next_layer(s->merge);
	must(s, 'd', "d", NULL);
	must(s, 'f', "d/new", NULL);
	must(s, 'w', "d/.wh..wh..opq", NULL);
	must(s, 'w', "d/.wh..wh..opq", NULL);
	must(s, 'f', "d/newer", NULL);
	looks(s, "d/=6 d/new=7 d/newer=10");
	must(s, 'w', "nowhere/.wh.x", NULL);
	must(s, 'w', "nowhere/.wh..wh..opq", NULL);
	must(s, 'w', "d/new/.wh.x", NULL);
	looks(s, "d/=6 d/new=7 d/newer=10");
	merge_next_layer(s->merge);
	must(s, 'w', ".wh..wh..opq", NULL);
	looks(s, "");
	stack_free(s);
}

static void test_merge_links(void **state)
{
	struct stack *s = stack_new();

	(void)state;
	must(s, 'l', "lib", "usr/lib");
	must(s, 'd', "usr/lib", NULL);
	must(s, 'f', "usr/lib/a", NULL);
	must(s, 'l', "abs", "/usr/./lib/");
	must(s, 'l', "gone", "to/nowhere");
	merge_next_layer(s->merge);
	must(s, 'f', "lib/a", NULL);
	must(s, 'f', "abs/b", NULL);
	must(s, 'f', "gone/c", NULL);
	looks(s, "abs=3 gone=4 lib=0 to/= to/nowhere/= to/nowhere/c=7 usr/= usr/lib/=1 usr/lib/a=5 usr/lib/b=6");
	merge_next_layer(s->merge);
	must(s, 'w', "lib/.wh.a", NULL);
	must(s, 'h', "abs/d", "lib/b");
	looks(s, "abs=3 gone=4 lib=0 to/= to/nowhere/= to/nowhere/c=7 usr/= usr/lib/=1 usr/lib/b=6 usr/lib/d=6");
	/* An entry for the directory replaces the link; what is opaque then is the directory. */
	merge_next_layer(s->merge);
	must(s, 'd', "lib", NULL);
	must(s, 'w', "lib/.wh..wh..opq", NULL);
	must(s, 'w', "abs/.wh..wh..opq", NULL);
	looks(s, "abs=3 gone=4 lib/=10 to/= to/nowhere/= to/nowhere/c=7 usr/= usr/lib/=1");
	stack_free(s);
}

static void test_merge_hostile_links(void **state)
{
	struct stack *s = stack_new();
	static const char *const outside[] = {"out", "out2", "out3"};

	(void)state;
	must(s, 'l', "out", "..");
	must(s, 'l', "out2", "/d/../../etc");
	must(s, 'l', "out3", "d/up");
	must(s, 'l', "d/up", "../../x");
	must(s, 'l', "circle", "circle2/x");
	must(s, 'l', "circle2", "/circle");
	must(s, 'l', "tofile", "file");
	must(s, 'f', "file", NULL);
	merge_next_layer(s->merge);
	for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
		auto_buf path = {0};

		buf_addf(&path, "%s/evil", outside[i]);
		refused(s, 'f', buf_cstr(&path), NULL, "outside");
		refused(s, 'd', buf_cstr(&path), NULL, "outside");
		refused(s, 'h', "h", buf_cstr(&path), "outside");
		buf_reset(&path);
		buf_addf(&path, "%s/.wh.evil", outside[i]);
		refused(s, 'w', buf_cstr(&path), NULL, "outside");
	}
	refused(s, 'f', "circle/x", NULL, "too many symbolic links");
	refused(s, 'w', "circle/.wh..wh..opq", NULL, "too many symbolic links");
	refused(s, 'f', "tofile/x", NULL, "not a directory");
	refused(s, 'h', "h", "nothing", "'nothing', which is not there");
	refused(s, 'h', "h", "d", "to a directory");
	refused(s, 'h', "h", "", "not there");
	stack_free(s);
}

static void test_merge_hard_links(void **state)
{
	struct stack *s = stack_new();

	(void)state;
	must(s, 'f', "a", NULL);
	must(s, 'f', "d/b", NULL);
	merge_next_layer(s->merge);
	must(s, 'h', "a2", "a");
	must(s, 'f', "a", NULL);
	must(s, 'h', "a3", "a");
	must(s, 'h', "d", "d/b");
	must(s, 'h', "a3", "a3");
	looks(s, "a=3 a2=0 a3=3 d=1");
	stack_free(s);
}

/* Where short names lead into the depths, there is an end to it. */
static void test_merge_is_bounded(void **state)
{
	struct stack *s = stack_new();
	auto_buf deep = {0};
	struct err e = {0};
	int i = 0;

	(void)state;
	for (int k = 0; k < 2040; k++)
		buf_adds(&deep, "d/");
	must(s, 'l', "in", buf_cstr(&deep));
	must(s, 'l', "in/in", "x/x/x/x/x/x/x/x/x/x");
	refused(s, 'f', "in/in/f", NULL, "too deep");
	/* Each step costs 2040 of 50 million. */
	merge_next_layer(s->merge);
	while (i++ < 30000 && add(s, 'w', "in/.wh.f", NULL, &e) == 0)
		s->n--;
	assert_true(i < 30000);
	assert_int_equal(e.code, ERR_PROTO);
	stack_free(s);
}

/* 200 000 whiteouts of one directory that its own layer has filled with 200 000 names: linear, or this does not end. */
static void test_many_whiteouts(void **state)
{
	struct overlay *names = overlay_new(0, 0);
	struct merge *m = merge_new();
	size_t n = 200000;
	struct merge_entry *list = calloc(2 * n, sizeof(*list));
	struct overlay_entry o;
	struct err e = {0};
	int64_t start = clock_mono_ms();

	(void)state;
	merge_next_layer(m);
	for (size_t i = 0; i < n; i++) {
		char path[32];

		snprintf(path, sizeof(path), "d/%zu", i);
		assert_ok(overlay_add(names, path, false, &o, &e), &e);
		list[i] = (struct merge_entry){.name = o.name, .kind = MERGE_FILE};
		assert_ok(merge_add(m, &list[i], &e), &e);
	}
	for (size_t i = n; i < 2 * n; i++) {
		assert_ok(overlay_add(names, i % 2 ? ".wh.d" : "d/.wh..wh..opq", false, &o, &e), &e);
		list[i] = (struct merge_entry){.name = o.name, .kind = i % 2 ? MERGE_WHITEOUT : MERGE_OPAQUE};
		assert_ok(merge_add(m, &list[i], &e), &e);
	}
	print_message("200 000 names, 200 000 whiteouts: %d ms\n", (int)(clock_mono_ms() - start));
	merge_free(m);
	overlay_free(names);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_name),	  cmocka_unit_test(test_directories),
		cmocka_unit_test(test_whiteouts),	  cmocka_unit_test(test_opaque),
		cmocka_unit_test(test_strange_whiteouts), cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_names_are_limited), cmocka_unit_test(test_merge_plain),
		cmocka_unit_test(test_merge_whiteouts),	  cmocka_unit_test(test_merge_links),
		cmocka_unit_test(test_merge_hard_links),  cmocka_unit_test(test_merge_hostile_links),
		cmocka_unit_test(test_merge_is_bounded),  cmocka_unit_test(test_many_whiteouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
