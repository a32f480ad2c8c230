/* SPDX-License-Identifier: MIT */
/*
 * The doctor's lines: what is wrong first, the one under the cursor in full below them.
 */
#include "ui/views/host.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "ui/app.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

#define WHAT_WIDTH 18
#define ASK_WIDTH 68
#define WORDS_WIDE 60

static const struct world_checks *checks_of(const struct host *v)
{
	return &app_world(v->view.app)->checks;
}

/* The n-th of the doctor's order with failures first, then warnings. */
static size_t in_order(const struct host *v, size_t n)
{
	const struct world_checks *k = checks_of(v);

	for (int verdict = CHECK_FAIL; verdict >= CHECK_PASS; verdict--)
		for (size_t i = 0; i < k->n; i++)
			if ((int)k->lines[i].verdict == verdict && n-- == 0)
				return i;
	return 0;
}

static size_t rows_count(const void *arg)
{
	return checks_of(arg)->n;
}

/* By its place: a check may have several lines. */
static const char *rows_id(const void *arg, size_t i)
{
	struct host *v = (struct host *)(uintptr_t)arg;

	snprintf(v->id, sizeof(v->id), "%zu", in_order(v, i));
	return v->id;
}

static bool rows_match(const void *arg, size_t i, const char *text)
{
	const struct check_line *l = &checks_of(arg)->lines[in_order(arg, i)];

	return text_contains(l->what, text) || text_contains(l->detail, text) || text_contains(l->fix, text);
}

const struct list_rows host_check_rows = {rows_count, rows_id, rows_match, NULL};

const struct check_line *host_check(const struct host *v)
{
	size_t row;

	return list_current(&v->list, &row) ? &checks_of(v)->lines[in_order(v, row)] : NULL;
}

/* Where there is room for words there are words. */
static const char *count_text(enum check_verdict v, int n, bool words, char ret[64])
{
	if (v == CHECK_FAIL && words)
		snprintf(ret, 64, ngettext("✗ %d failure", "✗ %d failures", (unsigned)n), n);
	else if (v == CHECK_WARN && words)
		snprintf(ret, 64, ngettext("▲ %d warning", "▲ %d warnings", (unsigned)n), n);
	else
		snprintf(ret, 64, "%s %d", v == CHECK_FAIL ? "✗" : v == CHECK_WARN ? "▲" : "✓", n);
	return ret;
}

enum role host_checks_sum(const struct host *v, char *ret, size_t size)
{
	const struct world_checks *k = checks_of(v);
	int count[3] = {0};
	size_t n = 0;

	snprintf(ret, size, "%s", _("has not looked yet"));
	for (size_t i = 0; i < k->n; i++)
		count[k->lines[i].verdict]++;
	for (int verdict = CHECK_FAIL; verdict >= CHECK_PASS; verdict--) {
		char text[64];
		if (count[verdict] && n < size)
			n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? "  " : "",
					      count_text((enum check_verdict)verdict, count[verdict], v->cols >= WORDS_WIDE, text));
	}
	return count[CHECK_FAIL] ? ROLE_ERR : count[CHECK_WARN] ? ROLE_WARN : k->n ? ROLE_OK : ROLE_DIM;
}

static const struct face {
	const char *glyph;
	enum role role;
} faces[] = {[CHECK_PASS] = {"✓", ROLE_OK}, [CHECK_WARN] = {"▲", ROLE_WARN}, [CHECK_FAIL] = {"✗", ROLE_ERR}};

static void paint_title(const struct host *v, struct canvas *c, struct rect r)
{
	const struct job *j = world_target_job(app_world(v->view.app), REQ_HOST_DOCTOR, REQ_REF_HOST);
	char sum[128];
	enum role role = host_checks_sum(v, sum, sizeof(sum));
	int x = r.x + 1;

	x += canvas_text(c, x, r.y, ROLE_TITLE, r.w - 2, _("Doctor")) + 2;
	if (j)
		canvas_textf(c, x, r.y, ROLE_BUSY, r.x + r.w - x, _("looking… %s"), j->stage);
	else if (v->list.filter[0])
		canvas_textf(c, x, r.y, ROLE_ACCENT, r.x + r.w - x, "/%s", v->list.filter);
	else
		canvas_text(c, x, r.y, role, r.x + r.w - x, sum);
}

static void paint_line(const struct check_line *l, struct canvas *c, struct rect r, bool here)
{
	int what = MIN(WHAT_WIDTH, r.w / 3), x = r.x + 3;

	if (here)
		canvas_text(c, r.x + 1, r.y, ROLE_ACCENT, 1, "▸");
	canvas_text(c, x, r.y, faces[l->verdict].role, 1, faces[l->verdict].glyph);
	canvas_text(c, x + 2, r.y, here ? ROLE_TITLE : ROLE_TEXT, what, l->what);
	x += 3 + what;
	canvas_text(c, x, r.y, l->verdict == CHECK_PASS ? ROLE_DIM : ROLE_TEXT, r.x + r.w - x - 1, l->detail);
	if (here) {
		canvas_mark(c, r, STYLE_SELECTED);
		canvas_cursor(c, r.x + 1, r.y, false);
	}
}

/* What is said, then what is to be done, which comes first where there is no room for both: the list has the beginning of the
 * other. Returns the lines both take; with r.h = 0 it only counts. */
static int paint_full(const struct check_line *l, struct canvas *c, struct rect r)
{
	struct rect at = {r.x + 2, r.y, r.w - 4, 0}, fix = {at.x + 2, r.y, at.w - 2, 0};
	int n = canvas_wrap(c, at, ROLE_TEXT, l->detail), m = canvas_wrap(c, fix, ROLE_ACCENT, l->fix);

	at.h = MIN(n, MAX(0, r.h - m));
	canvas_wrap(c, at, ROLE_TEXT, l->detail);
	fix.y += at.h;
	fix.h = r.h - at.h;
	if (m > 0 && fix.h > 0)
		canvas_text(c, at.x, fix.y, ROLE_ACCENT, 1, "→");
	canvas_wrap(c, fix, ROLE_ACCENT, l->fix);
	return n + m;
}

/* It takes the room it needs, at most half; the list gets the rest. */
static void paint_current(const struct host *v, struct canvas *c, struct rect *r)
{
	const struct check_line *l = host_check(v);
	struct rect full;

	if (!l || r->h < 4)
		return;
	full = rect_take_bottom(r, MIN((r->h + 1) / 2, 1 + paint_full(l, c, (struct rect){r->x, r->y, r->w, 0})));
	canvas_hline(c, full.x, full.y, full.w, ROLE_RULE);
	rect_take_top(&full, 1);
	paint_full(l, c, full);
}

void host_paint_checks(struct host *v, struct canvas *c, struct rect r)
{
	paint_title(v, c, rect_take_top(&r, c->rows > 15 ? 2 : 1));
	paint_current(v, c, &r);
	v->checks_rect = r;
	list_scroll(&v->list, MAX(1, r.h));
	if (!v->list.n && v->list.filter[0])
		canvas_text(c, r.x + 3, r.y, ROLE_DIM, r.w - 4, _("nothing matches; esc clears the filter"));
	for (int i = 0; i < r.h && v->list.top + (size_t)i < v->list.n; i++) {
		size_t row = v->list.top + (size_t)i;
		const struct check_line *l = &checks_of(v)->lines[in_order(v, list_at(&v->list, row))];

		paint_line(l, c, (struct rect){r.x, r.y + i, r.w, 1}, row == v->list.cursor);
	}
}

/* In lines of the question from the n-th on, broken where one is full; returns the next one. */
static int put_lines(struct ask *q, int n, int width, const char *indent, const char *text)
{
	while (*text && n < ASK_LINES) {
		size_t len = utf8_fit_words(text, width);

		snprintf(q->lines[n++], sizeof(q->lines[0]), "%s%.*s", indent, (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
	return n;
}

/* What is left over goes, what is missing comes. */
static void fill_question(const struct check_line *l, int width, struct ask *q)
{
	bool is_missing = strcmp(l->mend, MEND_RULES) == 0;
	int n = put_lines(q, 0, width, "", l->detail);

	snprintf(q->title, sizeof(q->title), "%s", is_missing ? _("Make them again?") : _("Remove it?"));
	if (is_missing) {
		put_lines(q, n, width, "", _("The helper makes the rules for every machine that is on the bridge, as they were."));
	} else {
		n = put_lines(q, n, width, "", _("The helper does what this command does:"));
		put_lines(q, n, width - 2, "  ", l->fix);
	}
	str_copy(q->yes, sizeof(q->yes), is_missing ? _("Make") : _("Remove"));
	str_copy(q->keep, sizeof(q->keep), is_missing ? _("Leave") : _("Keep"));
}

void host_mend(struct host *v, bool copy)
{
	const struct check_line *l = host_check(v);
	struct ask q = {.req = {.kind = REQ_HOST_MEND}, .n_refs = 1};
	int width = MAX(20, MIN(ASK_WIDTH, v->cols - 4));

	if (!l || !l->mend[0]) {
		if (copy && l && l->fix[0]) {
			app_copy(v->view.app, l->fix);
			app_toast(v->view.app, ROLE_OK, _("copied: %s"), l->fix);
		} else {
			app_toast(v->view.app, ROLE_DIM, "%s", _("nothing here is left over and ours to remove"));
		}
		return;
	}
	if (app_readonly(v->view.app)) {
		app_toast(v->view.app, ROLE_WARN, _("this console is read-only"));
		return;
	}
	fill_question(l, width, &q);
	q.refs = xcalloc(1, sizeof(*q.refs));
	str_copy(q.refs[0], sizeof(q.refs[0]), l->mend);
	app_ask(v->view.app, &q);
}
