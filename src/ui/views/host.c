/* SPDX-License-Identifier: MIT */
/*
 * Host: which modes are on and why, what the limits are, what is not protected; and beside it what the doctor says, with what
 * mends it. On a narrow terminal one of the two at a time.
 */
#include "base/i18n.h"
#include "core/model/size.h"
#include "ui/app.h"
#include "ui/text.h"
#include "ui/views/host.h"
#include "ui/views/views.h"
#include "ui/widgets/chart.h"

#include <stdio.h>
#include <string.h>

#define BAR_WIDE 70

static void bar_row(struct canvas *c, struct rect *r, const char *label, uint64_t part, uint64_t whole,
		    const char *text)
{
	int cells = r->w < BAR_WIDE ? 8 : 16, permille = whole ? (int)MIN((uint64_t)1000, part * 1000 / whole) : 0;

	struct rect at = {r->x + 4 + PAGE_LABEL + cells, r->y, r->w - PAGE_LABEL - cells - 5, r->h};

	canvas_text(c, r->x + 2, r->y, ROLE_DIM, PAGE_LABEL, label);
	chart_bar(c, r->x + 2 + PAGE_LABEL, r->y, cells,
		  permille > 950   ? ROLE_ERR
		  : permille > 800 ? ROLE_WARN
				   : ROLE_GRAPH,
		  permille);
	rect_take_top(r, MAX(1, canvas_wrap(c, at, ROLE_TEXT, text)));
}

static void paint_capacity(const struct world *w, struct canvas *c, struct rect *r)
{
	const struct host_stats *h = &w->host;
	char text[128], a[SIZE_TEXT], b[SIZE_TEXT], d[SIZE_TEXT];

	page_heading(c, r, _("Capacity"));
	snprintf(text, sizeof(text), _("%d of %d given to machines, %d%% busy"), h->vcpus_reserved, h->cpus,
		 h->cpu_permille < 0 ? 0 : h->cpu_permille / 10);
	bar_row(c, r, _("cpu"), (uint64_t)MAX(0, h->vcpus_reserved), (uint64_t)MAX(0, h->cpus), text);
	snprintf(text, sizeof(text), _("%s of %s given to machines, %s in use"),
		 size_human(h->mem_reserved_bytes, a), size_human(h->mem_total_bytes, b),
		 size_human(h->mem_used_bytes, d));
	bar_row(c, r, _("memory"), h->mem_reserved_bytes, h->mem_total_bytes, text);
	snprintf(text, sizeof(text), _("%s of machines and images, %s of %s free"),
		 size_human(h->disk_used_bytes, a), size_human(h->disk_free_bytes, b),
		 size_human(h->disk_total_bytes, d));
	bar_row(c, r, _("disk"), h->disk_used_bytes, h->disk_total_bytes, text);
}

static const char *source_word(enum spec_source s)
{
	switch (s) {
	case SPEC_FROM_REQUEST:
		return _("asked for");
	case SPEC_FROM_CONFIG:
		return _("from banger.conf");
	case SPEC_FROM_HOST:
		return _("from this host");
	default:
		return _("built in");
	}
}

static void paint_defaults(const struct world *w, struct canvas *c, struct rect *r)
{
	static const enum spec_field fields[] = {SPEC_IMAGE,   SPEC_KERNEL, SPEC_VCPUS, SPEC_MEM,
						 SPEC_OVERLAY, SPEC_WORK,   SPEC_NET};

	page_heading(c, r, _("A new machine gets"));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		char value[OBJ_NAME_SIZE], text[OBJ_NAME_SIZE + 48];

		spec_format(&w->info.defaults.cfg, fields[i], value, sizeof(value));
		snprintf(text, sizeof(text), "%-18s %s", value, source_word(w->info.defaults.from[fields[i]]));
		page_row(c, r, ROLE_TEXT, _(spec_field_to_string(fields[i])), text);
	}
}

static void paint_net(const struct host_info *h, struct canvas *c, struct rect *r)
{
	char text[300];

	if (!h->net[0])
		return;
	snprintf(text, sizeof(text), "%s%s%s", h->net, h->net_why[0] ? _(" — no private network: ") : "", h->net_why);
	page_row(c, r, h->net_why[0] ? ROLE_WARN : ROLE_OK, _("network"), text);
}

static void paint_helper(const struct world *w, struct canvas *c, struct rect *r)
{
	const struct helper_info *h = &w->helper;
	char text[256];

	if (!w->has_helper)
		return;
	if (h->runs)
		page_row(c, r, ROLE_OK, _("helper"), _("runs: bridged machines and dm-snapshot disks work here"));
	else if (h->startable) {
		snprintf(text, sizeof(text), _("H starts it, for bridged machines and dm-snapshot disks: %s"), h->why);
		page_row(c, r, ROLE_TEXT, _("helper"), text);
	} else {
		page_row(c, r, ROLE_DIM, _("helper"), h->why);
	}
}

/* What is out of order with the store. */
static void paint_troubles(const struct host_info *h, struct canvas *c, struct rect *r)
{
	char text[256];

	if (h->warning[0])
		page_row(c, r, ROLE_WARN, _("▲ careful"), h->warning);
	if (h->read_only)
		page_row(c, r, ROLE_WARN, _("read-only"), _("a newer banger-tui made this store: nothing is changed by this one"));
	if (h->lost) {
		snprintf(text, sizeof(text),
			 ngettext("%d machine has disks here and is not in the store: see banger-tui doctor",
				  "%d machines have disks here and are not in the store: see banger-tui doctor", (unsigned)h->lost),
			 h->lost);
		page_row(c, r, ROLE_WARN, _("unknown"), text);
	}
	if (h->catalog_why[0])
		page_row(c, r, ROLE_WARN, _("catalogue"), h->catalog_why);
	if (h->gone)
		page_row(c, r, ROLE_ERR, _("store"), _("state.db was taken away: machines are shown as they were; put it back"));
	if (h->full)
		page_row(c, r, ROLE_ERR, _("disk full"), _("no room for the store: machines are shown as they were; free some space"));
}

static void paint_found(const struct host_info *h, struct canvas *c, struct rect *r)
{
	char text[256];

	page_row(c, r, h->vmm[0] ? ROLE_TEXT : ROLE_ERR, _("vmm"), h->vmm[0] ? h->vmm : _("none found: install qemu-system-x86"));
	snprintf(text, sizeof(text), "%s%s%s", h->accel, h->accel_why[0] ? " — " : "", h->accel_why);
	page_row(c, r, strcmp(h->accel, "kvm") ? ROLE_WARN : ROLE_OK, _("speed"), text);
	paint_net(h, c, r);
}

static void paint_modes(const struct world *w, struct canvas *c, struct rect *r)
{
	const struct host_info *h = &w->info;

	page_row(c, r, ROLE_TEXT, _("mode"), h->mode);
	if (h->looked)
		paint_found(h, c, r);
	paint_helper(w, c, r);
	page_row(c, r, ROLE_TEXT, _("state"), h->state_dir);
	paint_troubles(h, c, r);
}

/* Beside the pane there is no need for its sum. */
static void paint_sum(struct host *v, struct canvas *c, struct rect *r)
{
	char text[128];

	if (v->is_wide)
		return;
	page_row(c, r, host_checks_sum(v, text, sizeof(text)), _("doctor"), text);
}

static void paint_overview(struct host *v, struct canvas *c, struct rect r)
{
	const struct world *w = app_world(v->view.app);
	struct rect page = page_begin(&v->overview, c, r);
	char text[256], mem[SIZE_TEXT];

	if (c->rows <= 15)
		page.y--; /* its first heading is the tab's name once more */
	page_heading(c, &page, _("Modes"));
	paint_sum(v, c, &page);
	paint_modes(w, c, &page);
	if (w->has_host)
		paint_capacity(w, c, &page);
	page_heading(c, &page, _("Limits of one machine"));
	snprintf(text, sizeof(text), _("1 to %d vcpus, %d MiB to %s of memory"), MIN(w->info.limits.cpus, SPEC_VCPUS_MAX),
		 SPEC_MEM_MIN_MIB, size_human(w->info.limits.mem_bytes, mem));
	page_row(c, &page, ROLE_TEXT, _("limits"), text);
	paint_defaults(w, c, &page);
	page_end(&v->overview, c, page, !v->is_wide);
}

static void host_paint(struct view *view, struct canvas *c, struct rect r)
{
	struct host *v = (struct host *)view;
	const struct world *w = app_world(view->app);

	v->is_wide = r.w >= LAYOUT_TWO_PANES;
	v->cols = c->cols;
	v->checks_rect = (struct rect){0};
	if (!w->has_info) {
		canvas_text(c, r.x + 2, r.y + 1, ROLE_DIM, r.w - 4, w->failed ? w->failure.msg : _("looking at this host…"));
		return;
	}
	if (v->is_wide) {
		struct rect left = rect_take_left(&r, r.w * 9 / 20);
		paint_overview(v, c, left);
		canvas_vline(c, r.x, r.y, r.h, ROLE_RULE);
		rect_take_left(&r, 1);
		host_paint_checks(v, c, r);
	} else if (v->on_checks) {
		host_paint_checks(v, c, r);
	} else {
		paint_overview(v, c, r);
	}
}

static struct view *host_open(struct app *app)
{
	struct host *v = xcalloc(1, sizeof(*v));

	v->view = (struct view){&host_view, app};
	list_init(&v->list, &host_check_rows, v, 0);
	list_recalc(&v->list);
	return &v->view;
}

static void host_close(struct view *view)
{
	list_done(&((struct host *)view)->list);
	free(view);
}

static unsigned host_context(const struct view *view UNUSED)
{
	return CTX_HOST;
}

/* The first time it comes into sight the doctor looks by itself. */
static void look_again(struct host *v)
{
	struct request r = {.kind = REQ_HOST_DOCTOR, .ref = REQ_REF_HOST};

	v->asked = app_submit(v->view.app, &r) != 0;
}

static void host_shown(struct view *view, bool shown)
{
	struct host *v = (struct host *)view;

	if (shown && !v->asked && app_world(view->app)->synced)
		look_again(v);
}

static void host_recalc(struct view *view, unsigned changed)
{
	struct list *l = &((struct host *)view)->list;

	/* Who stands on the first line wants the worst. */
	if (l->cursor == 0)
		l->anchor[0] = 0;
	list_recalc(l);
	if (changed & WORLD_SYNC)
		host_shown(view, true); /* it was in sight before there was an engine */
}

static bool host_act(struct view *view, enum action a)
{
	struct host *v = (struct host *)view;
	bool on_checks = v->on_checks || v->is_wide;

	switch (a) {
	case ACTION_REFRESH:
		look_again(v);
		return true;
	case ACTION_START_HELPER:
		app_start_helper(view->app);
		return true;
	case ACTION_FOCUS:
		v->on_checks = !v->on_checks;
		return true;
	case ACTION_MEND:
	case ACTION_OPEN:
		if (on_checks)
			host_mend(v, a == ACTION_OPEN);
		else
			v->on_checks = true;
		return true;
	case ACTION_BACK:
		if (v->is_wide || !v->on_checks || v->list.filter[0])
			return false;
		v->on_checks = false;
		return true;
	default:
		return !on_checks && page_act(&v->overview, a);
	}
}

static struct list *host_list(struct view *view)
{
	struct host *v = (struct host *)view;

	return v->on_checks || v->is_wide ? &v->list : NULL;
}

static bool host_mouse(struct view *view, const struct mouse *m)
{
	struct host *v = (struct host *)view;
	int line = m->y - v->checks_rect.y;

	if (m->kind != MOUSE_CLICK && m->kind != MOUSE_DOUBLE)
		return false;
	if (!rect_contains(v->checks_rect, m->x, m->y) || v->list.top + (size_t)line >= v->list.n)
		return false;
	list_move(&v->list, (long)v->list.top + line - (long)v->list.cursor);
	if (m->kind == MOUSE_DOUBLE)
		host_mend(v, true);
	return true;
}

static const char *host_label(const struct view *view, enum action a, const char *fallback)
{
	const struct host *v = (const struct host *)view;
	const struct world *w = app_world(view->app);
	const struct check_line *l = v->on_checks || v->is_wide ? host_check(v) : NULL;

	switch (a) {
	case ACTION_MEND:
		return l && l->mend[0] ? fallback : NULL;
	case ACTION_START_HELPER:
		return w->has_helper && w->helper.startable && !w->helper.runs ? fallback : NULL;
	case ACTION_OPEN:
		if (!v->on_checks && !v->is_wide)
			return _("doctor");
		return l && l->fix[0] && !l->mend[0] ? _("copy command") : NULL;
	case ACTION_FILTER:
		return l ? fallback : NULL;
	default:
		return fallback;
	}
}

const struct view_ops host_view = {
	.title = N_("Host"),
	.watches = WORLD_HOST | WORLD_HOST_INFO | WORLD_CHECKS | WORLD_JOBS | WORLD_SYNC,
	.open = host_open,
	.close = host_close,
	.context = host_context,
	.recalc = host_recalc,
	.paint = host_paint,
	.act = host_act,
	.mouse = host_mouse,
	.shown = host_shown,
	.list = host_list,
	.label = host_label,
};
