/* SPDX-License-Identifier: MIT */
/*
 * Machines: the pane beside the list. Overview, graphs, the serial log and what was done to the machine.
 */
#include "base/i18n.h"
#include "base/utf8.h"
#include "core/model/size.h"
#include "ui/text.h"
#include "ui/views/vm_cells.h"
#include "ui/views/vms.h"
#include "ui/widgets/chart.h"

#include <stdio.h>
#include <string.h>

static const size_t spans[] = {120, 600, 3600};

static const char *tab_name(enum detail_tab t)
{
	static const char *const names[DETAIL_TABS] = {N_("Overview"), N_("Graphs"), N_("Log"), N_("Events")};

	return _(names[t]);
}

void detail_follow(struct vms *v, bool in_sight)
{
	const struct world_vm *vm = vms_current(v);
	bool log = in_sight && vm && v->detail.tab == DETAIL_LOG;

	app_watch_log(v->view.app, log ? vm->vm.id : "");
}

static void paint_tabs(struct vms *v, struct canvas *c, struct rect r)
{
	int x = r.x;

	for (int i = 0; i < DETAIL_TABS; i++) {
		bool here = (int)v->detail.tab == i;
		uint16_t style = !here ? ROLE_DIM : v->on_detail ? ROLE_ACCENT | STYLE_BOLD : ROLE_TITLE;
		int w = canvas_text(c, x, r.y, style, r.x + r.w - x, tab_name((enum detail_tab)i));

		v->detail.tabs[i] = (struct rect){x, r.y, w, 1};
		x += w + 3;
	}
}

static int paint_pair(struct canvas *c, struct rect r, int y, int x, const char *label, const char *value)
{
	if (x >= r.w)
		return 0;
	canvas_text(c, r.x + x, y, ROLE_DIM, MIN(9, r.w - x), label);
	return canvas_text(c, r.x + x + 9, y, ROLE_TEXT, r.w - x - 9, value);
}

/* Two facts a row when there is room. */
struct facts {
	struct canvas *c;
	struct rect r;
	int n, half;
};

static void fact(struct facts *f, const char *label, const char *fmt, ...) PRINTF(3, 4);

static void fact(struct facts *f, const char *label, const char *fmt, ...)
{
	bool two = f->r.w >= 48;
	int y = f->r.y + (two ? f->n / 2 : f->n), x = two && f->n % 2 ? f->half : 0;
	struct rect r = f->r;
	char value[224];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (y < f->r.y + f->r.h) {
		if (two && !(f->n % 2))
			r.w = f->half - 1;
		paint_pair(f->c, r, y, x, label, value);
	}
	f->n++;
}

/* What it reaches, where that is not all. The list itself is vm show's. */
static const char *egress_words(const struct vm *vm)
{
	if (vm->cfg.isolated || vm->cfg.egress.kind == EGRESS_FULL)
		return "";
	return vm->cfg.egress.kind == EGRESS_NONE ? _(" · reaches nothing") : _(" · reaches a list");
}

static void fact_disks(struct facts *f, const struct vm *vm)
{
	char upper[SIZE_TEXT], work[SIZE_TEXT];

	if (vm->cfg.overlay_bytes)
		fact(f, _("disk"), "%s %s", disk_mode_to_string(vm->cfg.disk),
		     size_human(vm->cfg.overlay_bytes, upper));
	else
		fact(f, _("disk"), "%s", disk_mode_to_string(vm->cfg.disk));
	fact(f, _("work"), "%s", size_human(vm->cfg.work_bytes, work));
}

/* What it has now, and what it will have where that is something else. `unit` takes a number. */
static void fact_number(struct facts *f, const char *label, const char *unit, int now, int next)
{
	char will[32];

	snprintf(will, sizeof(will), unit, next);
	if (now == next)
		fact(f, label, "%s", will);
	else
		fact(f, label, "%d → %s", now, will);
}

/* When what stands behind the arrows above comes to pass. */
static int paint_next(const struct world_vm *w, struct canvas *c, struct rect r)
{
	struct vm_size has = vm_size(&w->vm);

	if (has.vcpus == w->vm.cfg.vcpus && has.mem_mib == w->vm.cfg.mem_mib)
		return 0;
	canvas_textf(c, r.x, r.y, ROLE_DIM, r.w, _("→ with its next start: vm restart %s"), w->vm.name);
	return 2;
}

static void fact_rates(struct facts *f, const struct vm *vm)
{
	char text[SIZE_TEXT];

	if (vm->cfg.disk_rate)
		fact(f, _("disk max"), _("%s/s"), size_human(vm->cfg.disk_rate, text));
	if (vm->cfg.net_rate)
		fact(f, _("net max"), _("%s/s"), size_human(vm->cfg.net_rate, text));
}

static int paint_facts(struct vms *v, const struct world_vm *w, struct canvas *c, struct rect r)
{
	const struct vm *vm = &w->vm;
	struct facts f = {.c = c, .r = r, .half = r.w * 11 / 20};
	struct vm_size has = vm_size(vm);
	char text[TEXT_SHORT];

	(void)v;
	fact(&f, _("image"), "%s", vm->cfg.image);
	fact(&f, _("id"), "%s", vm->id);
	fact_number(&f, _("vcpus"), "%d", has.vcpus, vm->cfg.vcpus);
	fact(&f, _("vmm"), "%s%s%s", vmm_kind_to_string(vm->cfg.vmm), vm->accel[0] ? " · " : "", vm->accel);
	fact_number(&f, _("memory"), _("%d MiB"), has.mem_mib, vm->cfg.mem_mib);
	fact(&f, _("net"), "%s%s%s%s", net_mode_to_string(vm->cfg.net), vm->cfg.isolated ? _(" · isolated") : "",
	     vm->cfg.net == NET_BRIDGE && vm->cfg.nat ? _(" · NAT") : "", egress_words(vm));
	fact_rates(&f, vm);
	if (vm_ssh_port(vm))
		fact(&f, _("ssh"), "%s:%u", vm_ssh_host(vm), vm_ssh_port(vm));
	else
		fact(&f, _("ssh"), "%s", _("at first start"));
	fact(&f, _("kernel"), "%s", vm->cfg.kernel);
	fact_disks(&f, vm);
	if (w->has_disk)
		fact(&f, _("on disk"), "%s", size_human(w->stats.disk_bytes, text));
	if (w->stats.snap.total_bytes)
		fact(&f, _("snapshot"), _("%d%% of %s"), snap_fill_permille(&w->stats.snap) / 10,
		     size_human(w->stats.snap.total_bytes, text));
	return r.w >= 48 ? (f.n + 1) / 2 : f.n;
}

/* Nothing of the machine tells: its file system says I/O errors, if anything. */
static int paint_snap(const struct world_vm *w, struct canvas *c, struct rect r)
{
	const struct snap_fill *s = &w->stats.snap;

	if (s->lost)
		canvas_text(c, r.x, r.y, ROLE_ERR, r.w, _("its disk was given up, the host's was full: make room, stop it, start it"));
	else if (snap_fill_permille(s) >= SNAP_FILL_WARN_PERMILLE)
		canvas_textf(c, r.x, r.y, ROLE_WARN, r.w, _("its snapshot is %d%% full: enlarge it while stopped, vm set --overlay SIZE %s"),
			     snap_fill_permille(s) / 10, w->vm.name);
	else
		return 0;
	return 2;
}

static int paint_reason(struct vms *v, const struct world_vm *w, struct canvas *c, struct rect r)
{
	const struct world *world = app_world(v->view.app);
	char text[192];

	vm_job_text(world, w, text, sizeof(text));
	if (text[0]) {
		const struct job *job = world_vm_job(world, w);
		int permille = job ? job_permille(job) : -1;

		if (permille >= 0)
			chart_bar(c, r.x, r.y, 12, ROLE_BUSY, permille);
		canvas_text(c, r.x + (permille >= 0 ? 13 : 0), r.y, ROLE_BUSY, r.w - 13, text);
		return 2;
	}
	if (!w->vm.reason[0]) {
		int used = paint_snap(w, c, r);
		return used ? used : paint_next(w, c, r);
	}
	canvas_text(c, r.x, r.y, w->vm.state == VM_ERROR ? ROLE_ERR : ROLE_WARN, r.w, w->vm.reason);
	return 2;
}

static void paint_guest(const struct world_vm *w, struct canvas *c, struct rect r)
{
	const struct vm_stats *s = &w->stats;
	char host[SIZE_TEXT];
	int x = r.x;

	if (!w->has_stats || !s->guest) {
		x += canvas_text(c, x, r.y, ROLE_DIM, r.w, w->vm.state == VM_RUNNING ? _("guest  no figures yet") : "") + 2;
		if (w->has_stats)
			canvas_textf(c, x, r.y, ROLE_DIM, r.x + r.w - x, _("host  %s of memory"),
				     size_human(s->rss_bytes, host));
		return;
	}
	x += canvas_text(c, x, r.y, ROLE_DIM, r.w, _("guest")) + 2;
	x += canvas_textf(c, x, r.y, ROLE_TEXT, r.x + r.w - x, _("load %d.%02d"), s->load_centi / 100,
			  s->load_centi % 100) +
	     2;
	x += canvas_textf(c, x, r.y, ROLE_TEXT, r.x + r.w - x, _("procs %d"), s->procs) + 2;
	if (s->root_total_bytes)
		x += canvas_textf(c, x, r.y, ROLE_TEXT, r.x + r.w - x, _("/ %d%% used"),
				  (int)(s->root_used_bytes * 100 / s->root_total_bytes)) +
		     2;
	if (s->clock_skew_ms > 2000 || s->clock_skew_ms < -2000)
		canvas_textf(c, x, r.y, ROLE_WARN, r.x + r.w - x, _("clock %+llds"),
			     (long long)s->clock_skew_ms / 1000);
	else
		canvas_text(c, x, r.y, ROLE_DIM, r.x + r.w - x, s->booted ? _("booted") : _("booting"));
}

static void paint_overview(struct vms *v, const struct world_vm *w, struct canvas *c, struct rect r)
{
	rect_take_top(&r, paint_reason(v, w, c, r));
	rect_take_top(&r, paint_facts(v, w, c, r) + 1);
	if (w->hist.len && r.h >= 6) {
		struct rect graphs = r;

		graphs.h = MIN(r.h - 2, 12);
		detail_paint_graphs(v, w, c, graphs, false);
		rect_take_top(&r, graphs.h + 1);
	}
	if (r.h > 0)
		paint_guest(w, c, r);
}

struct graph_row {
	const char *label;
	enum hist_series series;
	uint64_t max; /* 0 = the largest seen */
	bool bytes;
	int label_width; /* of all rows beneath each other */
};

static void graph_value(const struct graph_row *g, uint64_t v, char *ret, size_t size)
{
	char text[SIZE_TEXT];

	if (v == HIST_GAP)
		snprintf(ret, size, "-");
	else if (g->bytes)
		snprintf(ret, size, "%s", size_human(v, text));
	else
		snprintf(ret, size, "%d%%", (int)((v + 5) / 10));
}

static void paint_graph(struct vms *v, const struct world_vm *w, struct canvas *c, struct rect r,
			const struct graph_row *g)
{
	size_t span = spans[v->detail.span], offset = 0;
	uint64_t seen, max;
	char now[32], top[32];
	struct rect label = rect_take_left(&r, g->label_width + 1), value = rect_take_right(&r, 12);

	if (v->detail.frozen)
		offset = (size_t)MAX((int64_t)0, (app_mono_ms(v->view.app) - v->detail.frozen_ms) / 1000);
	seen = hist_max(&w->hist, g->series, span + offset);
	max = g->max ? g->max : MAX(seen, (uint64_t)64 * 1024);
	graph_value(g, hist_get(&w->hist, g->series, offset), now, sizeof(now));
	graph_value(g, g->max ? g->max : seen, top, sizeof(top));
	canvas_text(c, label.x, r.y + r.h - 1, ROLE_DIM, g->label_width, g->label);
	canvas_right(c, value.x, r.y + r.h - 1, ROLE_TEXT, 6, now);
	if (r.h > 1)
		canvas_right(c, value.x, r.y, ROLE_DIM, 6, top);
	else
		canvas_textf(c, value.x + 7, r.y, ROLE_DIM, 5, "%s", top);
	chart_graph(c, r, &(struct graph){&w->hist, g->series, max, span, offset, ROLE_GRAPH});
}

void detail_paint_graphs(struct vms *v, const struct world_vm *w, struct canvas *c, struct rect r, bool all)
{
	const uint64_t full_cpu = (uint64_t)MAX(1, vm_size(&w->vm).vcpus) * 1000;
	struct graph_row table[] = {
		{_("cpu"), HIST_CPU, full_cpu, false, 0},
		{_("mem"), HIST_MEM, (uint64_t)vm_size(&w->vm).mem_mib << 20, true, 0},
		{_("net ↓"), HIST_NET_RX, 0, true, 0},
		{_("net ↑"), HIST_NET_TX, 0, true, 0},
		{_("read"), HIST_DISK_RD, 0, true, 0},
		{_("write"), HIST_DISK_WR, 0, true, 0},
	};
	static const int brief[] = {0, 1, 2, 5};
	int n = all ? (int)ARRAY_LEN(table) : (int)ARRAY_LEN(brief), gap = all && r.h >= n * 3 ? 1 : 0;
	int h = MAX(1, (r.h + gap) / n - gap), label_width = 0;

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		label_width = MAX(label_width, utf8_str_width(table[i].label));
	for (int i = 0; i < n && r.h > 0; i++) {
		struct graph_row *g = &table[all ? i : brief[i]];
		struct rect row = rect_take_top(&r, h);

		g->label_width = label_width;
		paint_graph(v, w, c, row, g);
		rect_take_top(&r, gap);
	}
}

static void paint_graph_tab(struct vms *v, const struct world_vm *w, struct canvas *c, struct rect r)
{
	struct rect foot = rect_take_bottom(&r, 1);
	char span[TEXT_SHORT];

	text_age((int64_t)spans[v->detail.span] * 1000, span);
	detail_paint_graphs(v, w, c, r, true);
	canvas_textf(c, foot.x, foot.y, v->detail.frozen ? ROLE_WARN : ROLE_DIM, foot.w,
		     v->detail.frozen ? _("held still, f goes on · last %s (t)") : _("last %s (t) · f holds still"),
		     span);
}

static void paint_title(struct vms *v, const struct world_vm *w, struct canvas *c, struct rect r)
{
	struct vm_face face = vm_face(app_world(v->view.app), w);
	char since[32], right[80];
	int used = canvas_text(c, r.x, r.y, ROLE_TITLE, r.w - 2, w->vm.name);

	vm_since(w, app_wall_ms(v->view.app), since, sizeof(since));
	snprintf(right, sizeof(right), "%s %s%s%s", face.glyph, face.word, since[0] ? "  " : "", since);
	canvas_right(c, r.x + used + 1, r.y, face.role, MAX(0, r.w - used - 2), right);
}

void detail_paint(struct vms *v, struct canvas *c, struct rect r)
{
	const struct world_vm *w = vms_current(v);

	v->detail_rect = r;
	if (r.x == 0)
		rect_take_left(&r, 1);
	paint_title(v, w, c, rect_take_top(&r, 1));
	paint_tabs(v, c, rect_take_top(&r, 1));
	if (r.h > 8)
		rect_take_top(&r, 1);
	v->detail.height = r.h;
	switch (v->detail.tab) {
	case DETAIL_GRAPHS:
		paint_graph_tab(v, w, c, r);
		break;
	case DETAIL_LOG:
		detail_paint_log(v, w, c, r);
		break;
	case DETAIL_EVENTS:
		detail_paint_events(v, w, c, r);
		break;
	default:
		paint_overview(v, w, c, r);
		break;
	}
}

static void move_tab(struct vms *v, int by)
{
	v->detail.tab = (enum detail_tab)(((int)v->detail.tab + by + DETAIL_TABS) % DETAIL_TABS);
	v->detail.back = 0;
	detail_follow(v, true);
}

static bool scroll_log(struct vms *v, enum action a)
{
	size_t page = (size_t)MAX(1, v->detail.height - 1), *back = &v->detail.back;

	switch (a) {
	case ACTION_UP:
		++*back;
		return true;
	case ACTION_DOWN:
		*back -= *back > 0;
		return true;
	case ACTION_PAGE_UP:
		*back += page;
		return true;
	case ACTION_PAGE_DOWN:
		*back -= MIN(*back, page);
		return true;
	case ACTION_TOP:
		*back = SIZE_MAX / 2; /* the paint clamps it to what there is */
		return true;
	case ACTION_BOTTOM:
		*back = 0;
		return true;
	default:
		return false;
	}
}

bool detail_act(struct vms *v, enum action a)
{
	switch (a) {
	case ACTION_TAB_NEXT:
	case ACTION_TAB_PREV:
		move_tab(v, a == ACTION_TAB_NEXT ? 1 : -1);
		return true;
	case ACTION_SPAN:
		v->detail.span = (v->detail.span + 1) % (int)ARRAY_LEN(spans);
		return true;
	case ACTION_FREEZE:
		v->detail.frozen = !v->detail.frozen;
		v->detail.frozen_ms = app_mono_ms(v->view.app);
		return true;
	case ACTION_WRAP:
		v->detail.wrap = !v->detail.wrap;
		return true;
	default:
		return v->on_detail && v->detail.tab == DETAIL_LOG && scroll_log(v, a);
	}
}
