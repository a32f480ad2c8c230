/* SPDX-License-Identifier: MIT */
/*
 * One frame: header, the view, the last line, and what lies over them.
 */
#include "ui/app_priv.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "core/model/size.h"
#include "ui/text.h"
#include "ui/widgets/chart.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct capacity {
	const char *label;
	int permille;
	char text[32];
};

static int ratio(uint64_t part, uint64_t whole)
{
	return whole ? (int)MIN((uint64_t)1000, part * 1000 / whole) : 0;
}

/* Reserved by running machines against what the host has; disk: what all machines and images occupy. */
static void capacities(const struct host_stats *h, struct capacity ret[3])
{
	char used[SIZE_TEXT], total[SIZE_TEXT];

	ret[0] = (struct capacity){.label = _("cpu"), .permille = h->cpus ? h->vcpus_reserved * 1000 / h->cpus : 0};
	snprintf(ret[0].text, sizeof(ret[0].text), "%d/%d", h->vcpus_reserved, h->cpus);
	ret[1] = (struct capacity){.label = _("mem"), .permille = ratio(h->mem_reserved_bytes, h->mem_total_bytes)};
	snprintf(ret[1].text, sizeof(ret[1].text), "%s/%s", size_human(h->mem_reserved_bytes, used),
		 size_human(h->mem_total_bytes, total));
	ret[2] = (struct capacity){.label = _("disk"), .permille = ratio(h->disk_used_bytes, h->disk_total_bytes)};
	snprintf(ret[2].text, sizeof(ret[2].text), "%s/%s", size_human(h->disk_used_bytes, used),
		 size_human(h->disk_total_bytes, total));
}

static enum role load_role(int permille)
{
	return permille > 950 ? ROLE_ERR : permille > 800 ? ROLE_WARN : ROLE_GRAPH;
}

enum capacity_form { CAPACITY_FULL, CAPACITY_BAR, CAPACITY_NUMBER, CAPACITY_FORMS };

static const int bar_cells[CAPACITY_FORMS] = {8, 4, 0};

static const char *capacity_text(const struct capacity *cap, enum capacity_form f, char ret[TEXT_SHORT])
{
	return f == CAPACITY_FULL ? cap->text : text_percent(cap->permille, ret);
}

static int capacity_width(const struct capacity *cap, enum capacity_form f)
{
	char text[TEXT_SHORT];

	return 2 + utf8_str_width(cap->label) + 1 + bar_cells[f] + (bar_cells[f] > 0) +
	       MAX(3, utf8_str_width(capacity_text(cap, f, text)));
}

static void paint_capacity(const struct capacity *cap, enum capacity_form f, struct canvas *c, int x, int y)
{
	char text[TEXT_SHORT];

	x += canvas_text(c, x, y, ROLE_DIM, 8, cap->label) + 1;
	if (bar_cells[f]) {
		chart_bar(c, x, y, bar_cells[f], load_role(cap->permille), cap->permille);
		x += bar_cells[f] + 1;
	}
	canvas_text(c, x, y, f == CAPACITY_NUMBER ? load_role(cap->permille) : ROLE_TEXT, 24,
		    capacity_text(cap, f, text));
}

/* Right-aligned in r, in the richest form in which all three fit; in the poorest, as many as fit. */
static void paint_capacities(const struct app *app, struct canvas *c, struct rect r)
{
	enum capacity_form form = CAPACITY_FULL;
	struct capacity cap[3];
	int width, x, n = 3;

	if (!app->world.has_host)
		return;
	capacities(&app->world.host, cap);
	for (;; form++) {
		width = capacity_width(&cap[0], form) + capacity_width(&cap[1], form) + capacity_width(&cap[2], form);
		if (width <= r.w || form == CAPACITY_NUMBER)
			break;
	}
	while (n > 0 && width > r.w)
		width -= capacity_width(&cap[--n], form);
	x = r.x + r.w - width + 1;
	for (int i = 0; i < n; i++) {
		paint_capacity(&cap[i], form, c, x, r.y);
		x += capacity_width(&cap[i], form);
	}
}

/* "●1" beside Activity, "▲" beside Host, the count beside Consoles. */
static const char *tab_badge(const struct app *app, enum view_id id, char ret[32])
{
	size_t n = id == VIEW_ACTIVITY ? world_active_jobs(&app->world) : consoles_count(app->consoles);

	ret[0] = 0;
	if (id == VIEW_ACTIVITY && n)
		snprintf(ret, 32, " ●%zu", n);
	else if (id == VIEW_CONSOLES && n)
		snprintf(ret, 32, " %zu", n);
	else if (id == VIEW_HOST && (world_checks_fail(&app->world.checks) ||
				     (app->world.has_info && (app->world.info.warning[0] || app->world.info.full || app->world.info.gone))))
		snprintf(ret, 32, " ▲");
	return ret;
}

/* All names when there is room, numbers for the others when not, the shown one alone on narrow terminals. Returns the
 * first free cell. */
static int paint_tabs(struct app *app, struct canvas *c, struct rect r)
{
	int shown = (int)(app->current < VIEW_TABS ? app->current : app->under), x = r.x;

	for (int i = 0; i < VIEW_TABS; i++) {
		char text[80], badge[32];

		app->tabs[i] = (struct rect){0};
		tab_badge(app, VIEW_VMS + i, badge);
		if (r.w >= 80 || shown == i)
			snprintf(text, sizeof(text), "%d %s%s", i + 1, _(view_ops_of(VIEW_VMS + i)->title), badge);
		else
			snprintf(text, sizeof(text), "%d%s", i + 1, badge);
		if ((r.w < 44 && shown != i) || x + utf8_str_width(text) > r.x + r.w)
			continue;
		app->tabs[i] = (struct rect){x, r.y, utf8_str_width(text), 1};
		x += canvas_text(c, x, r.y, shown == i ? ROLE_ACCENT | STYLE_BOLD : ROLE_DIM, r.x + r.w - x, text) + 2;
	}
	return x;
}

static void paint_header(struct app *app, struct canvas *c, struct rect r)
{
	int x;

	rect_take_left(&r, 1);
	canvas_text(c, r.x, r.y, ROLE_TITLE, r.w, "banger");
	rect_take_left(&r, 8);
	x = paint_tabs(app, c, r);
	rect_take_left(&r, x - r.x);
	paint_capacities(app, c, r);
}

static void paint_bottom(struct app *app, struct canvas *c, struct rect r)
{
	struct view *v = app_view(app);
	struct status_args a = {
		.status = &app->status,
		.keymap = &app->keymap,
		.view = v,
		.world = &app->world,
		.ctx = app_context(app),
		.readonly = app->args.readonly,
		.keybar = app->keybar,
		.now_ms = app_mono_ms(app),
		.wall_ms = app_wall_ms(app),
	};

	if (app->prompt.kind != PROMPT_NONE)
		prompt_paint(&app->prompt, c, r, &app->world);
	else
		status_paint(&a, c, r);
}

static void paint_too_small(struct canvas *c)
{
	char text[96];

	/* Two short lines: they are read where nothing else fits. */
	canvas_text(c, 0, 0, ROLE_WARN, c->cols, _("too small"));
	snprintf(text, sizeof(text), _("%dx%d is needed"), LAYOUT_MIN_COLS, LAYOUT_MIN_ROWS);
	canvas_text(c, 0, 1, ROLE_TEXT, c->cols, text);
}

static void recalc(struct app *app)
{
	unsigned changed = app->world.changed;
	struct view *v = app_view(app);

	world_sort(&app->world);
	if (changed & v->ops->watches && v->ops->recalc)
		v->ops->recalc(v, changed);
	app->world.changed = 0;
}

/* O_NOFOLLOW and 0600: a path typed by a person, a picture that may hold names. */
static void save_screen(struct app *app, const struct canvas *c)
{
	auto_free char *path = TAKE_PTR(app->save_path);
	auto_buf text = {0};
	struct err e = {0};
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	canvas_to_text(c, &text);
	if (fd < 0)
		app_toast(app, ROLE_ERR, _("cannot write %s: %m"), path);
	else if (fd_write_all(fd, buf_cstr(&text), text.len, &e) < 0)
		app_toast(app, ROLE_ERR, "%s: %s", path, e.msg);
	else
		app_toast(app, ROLE_OK, _("screen saved in %s"), path);
}

void app_paint(struct app *app, struct canvas *c)
{
	struct rect r;
	bool covers;

	if (app->status.until_ms && status_left_ms(&app->status, app_mono_ms(app)) < 0)
		app->status.until_ms = 0;
	recalc(app);
	app->dirty = false;
	canvas_init(c, app->cols, app->rows);
	if (c->cols < LAYOUT_MIN_COLS || c->rows < LAYOUT_MIN_ROWS) {
		paint_too_small(c);
		return;
	}
	r = canvas_rect(c);
	covers = app_view(app)->ops->covers && app_view(app)->ops->covers(app_view(app));
	memset(app->tabs, 0, sizeof(app->tabs));
	if (!covers)
		paint_header(app, c, rect_take_top(&r, 1));
	app->body = r;
	app->body.h -= !covers;
	canvas_clip(c, app->body);
	app_view(app)->ops->paint(app_view(app), c, app->body);
	if (app->help.open)
		help_paint(&app->help, &app->keymap, c, app->body);
	canvas_clip(c, canvas_rect(c));
	if (!covers || app->prompt.kind != PROMPT_NONE || app->status.until_ms)
		paint_bottom(app, c, rect_take_bottom(&r, 1));
	if (app->dialog.open)
		dialog_paint(&app->dialog, c);
	if (app->save_path)
		save_screen(app, c);
}
