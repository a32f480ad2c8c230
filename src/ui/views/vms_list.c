/* SPDX-License-Identifier: MIT */
/*
 * Machines: what the list shows.
 *
 * Columns come and go with the width; a row whose machine is being worked on shows the stage and its progress in place
 * of the figures, and a row in error says why, because that is what the eye looks for.
 */
#include "base/i18n.h"
#include "core/model/size.h"
#include "ui/text.h"
#include "ui/views/table.h"
#include "ui/views/vm_cells.h"
#include "ui/views/vms.h"
#include "ui/widgets/chart.h"

#include <stdio.h>
#include <string.h>

#define NARROW 56 /* below: state is its glyph alone */

enum { COL_NAME, COL_STATE, COL_CPU, COL_MEM, COL_NET, COL_IO, COL_DISK, COL_UP, COL_IMAGE, COL_ADDRESS, COL_COUNT };

static const struct column columns[COL_COUNT] = {
	[COL_NAME] = {N_("NAME"), 14, 28, 0, false, 0},	  [COL_STATE] = {N_("STATE"), 10, 12, 0, false, 1},
	[COL_CPU] = {N_("CPU"), 10, 18, 1, false, 2},	  [COL_MEM] = {N_("MEM"), 10, 13, 2, false, 3},
	[COL_NET] = {N_("NET"), 6, 7, 4, true, 4},	  [COL_IO] = {N_("IO"), 6, 7, 8, true, 5},
	[COL_DISK] = {N_("DISK"), 6, 7, 5, true, 6},	  [COL_UP] = {N_("UP"), 7, 9, 3, true, 7},
	[COL_IMAGE] = {N_("IMAGE"), 12, 24, 6, false, 8}, [COL_ADDRESS] = {N_("SSH"), 15, 16, 7, false, 9},
};

static const struct column columns_narrow[COL_COUNT] = {
	[COL_NAME] = {N_("NAME"), 16, 24, 0, false, 0},
	[COL_STATE] = {N_("S"), 1, 1, 0, false, 1},
	[COL_CPU] = {N_("CPU"), 4, 4, 0, true, 2},
	[COL_MEM] = {N_("MEM"), 5, 12, 0, true, 3},
	[COL_NET] = {"", 4, 4, 9, true, 4},
	[COL_IO] = {"", 4, 4, 9, true, 5},
	[COL_DISK] = {"", 4, 4, 9, true, 6},
	[COL_UP] = {N_("UP"), 8, 8, 3, true, 7},
	[COL_IMAGE] = {"", 4, 4, 9, false, 8},
	[COL_ADDRESS] = {"", 4, 4, 9, false, 9},
};

static size_t rows_count(const void *arg)
{
	return ((const struct world *)arg)->n_vms;
}

static const char *rows_id(const void *arg, size_t i)
{
	return ((const struct world *)arg)->vms[i]->vm.id;
}

static bool rows_match(const void *arg, size_t i, const char *text)
{
	const struct world *w = arg;
	const struct vm *vm = &w->vms[i]->vm;

	return text_contains(vm->name, text) || text_contains(vm->cfg.image, text) ||
	       text_contains(vm_face(w, w->vms[i]).word, text) || !strncmp(vm->id, text, strlen(text));
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* As numbers, without reading them: the shorter of one network comes first. Most have the host's loopback and their port. */
static int compare_addresses(const struct vm *a, const struct vm *b)
{
	size_t na = strlen(vm_ssh_host(a)), nb = strlen(vm_ssh_host(b));
	int c = na != nb ? COMPARE(na, nb) : strcmp(vm_ssh_host(a), vm_ssh_host(b));

	return c ? c : COMPARE(vm_ssh_port(a), vm_ssh_port(b));
}

static uint64_t io_of(const struct world_vm *v)
{
	return v->has_stats ? v->stats.disk_rd_bps + v->stats.disk_wr_bps : 0;
}

/* Larger first for figures: who sorts by CPU looks for the busy ones. */
static int rows_compare(const void *arg, size_t x, size_t y, int column)
{
	const struct world *w = arg;
	const struct world_vm *a = w->vms[x], *b = w->vms[y];

	switch (column) {
	case COL_STATE:
		return COMPARE(b->vm.state == VM_RUNNING, a->vm.state == VM_RUNNING)
			       ?: COMPARE((int)a->vm.state, (int)b->vm.state);
	case COL_CPU:
		return COMPARE(b->has_stats ? b->stats.cpu_permille : -1, a->has_stats ? a->stats.cpu_permille : -1);
	case COL_MEM: /* + 1: unknown is the least */
		return COMPARE(vm_mem_used(b) + 1, vm_mem_used(a) + 1);
	case COL_NET:
		return COMPARE(b->has_stats ? b->stats.net_rx_bps : 0, a->has_stats ? a->stats.net_rx_bps : 0);
	case COL_IO:
		return COMPARE(io_of(b), io_of(a));
	case COL_DISK:
		return COMPARE(b->stats.disk_bytes, a->stats.disk_bytes);
	case COL_UP:
		return COMPARE(b->vm.started_ms, a->vm.started_ms);
	case COL_IMAGE:
		return strcmp(a->vm.cfg.image, b->vm.cfg.image);
	case COL_ADDRESS:
		return compare_addresses(&a->vm, &b->vm);
	default:
		return strcmp(a->vm.name, b->vm.name);
	}
}

bool vms_sorts_by_figure(const struct list *l)
{
	return l->sort >= COL_CPU && l->sort <= COL_DISK;
}

_Static_assert(COL_COUNT == VMS_SORTS, "every column orders");

const struct list_rows vms_rows = {rows_count, rows_id, rows_match, rows_compare};

static void paint_cpu(const struct world_vm *vm, struct canvas *c, int x, int y, int w)
{
	char text[TEXT_SHORT];

	if (w >= 10)
		chart_spark(c, x, y, w - 5, ROLE_GRAPH, &vm->hist, HIST_CPU, (uint64_t)MAX(vm_size(&vm->vm).vcpus, 1) * 1000);
	canvas_right(c, x, y, ROLE_TEXT, w, text_percent(vm->stats.cpu_permille, text));
}

static void paint_mem(const struct world_vm *vm, struct canvas *c, int x, int y, int w)
{
	int permille = vm_mem_permille(vm);
	char text[SIZE_TEXT];

	canvas_right(c, x, y, ROLE_TEXT, w >= 10 ? 5 : w, permille < 0 ? "-" : size_human(vm_mem_used(vm), text));
	if (w >= 10 && permille >= 0)
		chart_bar(c, x + 6, y, w - 6, permille > 900 ? ROLE_WARN : ROLE_GRAPH, permille);
}

static void paint_figure(struct vms *v, const struct world_vm *vm, struct canvas *c, int col, int x, int y, int w)
{
	char text[64] = "";

	switch (col) {
	case COL_CPU:
		paint_cpu(vm, c, x, y, w);
		return;
	case COL_MEM:
		paint_mem(vm, c, x, y, w);
		return;
	case COL_NET:
		if (vm->stats.net_known)
			text_rate(vm->stats.net_rx_bps + vm->stats.net_tx_bps, text);
		break;
	case COL_IO:
		if (vm->stats.io_known)
			text_rate(io_of(vm), text);
		break;
	case COL_DISK:
		size_human(vm->stats.disk_bytes, text);
		break;
	default:
		break;
	}
	(void)v;
	canvas_right(c, x, y, ROLE_TEXT, w, text);
}

/* What needs no figures. */
static void paint_fact(struct vms *v, const struct world_vm *vm, struct canvas *c, int col, int x, int y, int w)
{
	char text[64] = "";

	switch (col) {
	case COL_UP:
		vm_since(vm, app_wall_ms(v->view.app), text, sizeof(text));
		canvas_right(c, x, y, ROLE_DIM, w, text);
		break;
	case COL_IMAGE:
		canvas_text(c, x, y, ROLE_DIM, w, vm->vm.cfg.image);
		break;
	case COL_ADDRESS:
		if (vm_ssh_port(&vm->vm))
			canvas_textf(c, x, y, ROLE_DIM, w, "%s:%u", vm_ssh_host(&vm->vm), vm_ssh_port(&vm->vm));
		break;
	default:
		break;
	}
}

/* The room of the figures, when there are none to show. */
static void paint_instead(struct vms *v, const struct world_vm *vm, struct canvas *c, int y, int x, int w)
{
	const struct world *world = app_world(v->view.app);
	const struct job *job = world_vm_job(world, vm);
	int permille = job ? job_permille(job) : -1;
	char text[160];

	vm_job_text(world, vm, text, sizeof(text));
	if (text[0]) {
		if (permille >= 0 && w >= 24) {
			chart_bar(c, x, y, 10, ROLE_BUSY, permille);
			x += 11;
			w -= 11;
		}
		canvas_text(c, x, y, ROLE_BUSY, w, text);
	} else if (vm->vm.state == VM_ERROR || (vm->vm.reason[0] && vm->vm.state == VM_STOPPED)) {
		canvas_text(c, x, y, vm->vm.state == VM_ERROR ? ROLE_ERR : ROLE_DIM, w, vm->vm.reason);
	}
}

/* First cell after the figures that are shown. */
static int figures_end(const struct vms *v)
{
	int end = 0;

	for (int col = COL_CPU; col <= COL_DISK; col++)
		if (v->places[col].w)
			end = v->places[col].x + v->places[col].w;
	return end;
}

static void paint_row(struct vms *v, struct canvas *c, struct rect r, int y, size_t n)
{
	const struct world *w = app_world(v->view.app);
	const struct world_vm *vm = w->vms[list_at(&v->list, n)];
	struct vm_face face = vm_face(w, vm);
	bool here = n == v->list.cursor, marked = list_is_marked(&v->list, vm->vm.id), narrow = r.w < NARROW;
	bool figures = vm->vm.state == VM_RUNNING && vm->has_stats && !world_vm_job(w, vm);
	struct column_place *p = v->places;
	int x = r.x + 3;

	canvas_text(c, r.x + 1, y, here ? ROLE_ACCENT : ROLE_WARN, 2,
		    here && marked ? "▸*"
		    : here	   ? "▸"
		    : marked	   ? " *"
				   : " ");
	canvas_text(c, x + p[COL_NAME].x, y,
		    marked ? ROLE_WARN
		    : here ? ROLE_TITLE
			   : ROLE_TEXT,
		    p[COL_NAME].w, vm->vm.name);
	canvas_text(c, x + p[COL_STATE].x, y, face.role, 1, face.glyph);
	if (!narrow)
		canvas_text(c, x + p[COL_STATE].x + 2, y, face.role, p[COL_STATE].w - 2, face.word);
	if (!figures && p[COL_CPU].w)
		paint_instead(v, vm, c, y, x + p[COL_CPU].x, figures_end(v) - p[COL_CPU].x);
	for (int col = COL_CPU; col < COL_COUNT; col++) {
		if (!p[col].w)
			continue;
		if (col > COL_DISK)
			paint_fact(v, vm, c, col, x + p[col].x, y, p[col].w);
		else if (figures)
			paint_figure(v, vm, c, col, x + p[col].x, y, p[col].w);
	}
	if (here) {
		canvas_mark(c, (struct rect){r.x, y, r.w, 1}, STYLE_SELECTED);
		canvas_cursor(c, r.x + 1, y, false);
	}
}

static void paint_head(struct vms *v, struct canvas *c, struct rect r)
{
	const struct column *cols = r.w < NARROW ? columns_narrow : columns;

	for (int i = 0; i < COL_COUNT; i++) {
		bool sorted = v->list.sort == cols[i].sort;

		if (v->places[i].w)
			table_column_title(c, r.x + 3 + v->places[i].x, r.y, &cols[i], v->places[i].w, sorted, v->list.reverse);
	}
}

static void paint_title(struct vms *v, struct canvas *c, struct rect r)
{
	const struct world *w = app_world(v->view.app);
	int x = r.x + 1;

	x += canvas_text(c, x, r.y, v->on_detail ? ROLE_DIM : ROLE_TITLE, r.w - 2, _("VMs")) + 2;
	x += canvas_textf(c, x, r.y, ROLE_DIM, r.x + r.w - x, _("%zu of %zu"), v->list.n, v->list.total) + 3;
	x += canvas_textf(c, x, r.y, ROLE_DIM, r.x + r.w - x, _("running %zu"), world_running(w)) + 3;
	if (v->list.n_marks)
		x += canvas_textf(c, x, r.y, ROLE_WARN, r.x + r.w - x, _("marked %zu"), v->list.n_marks) + 3;
	if (v->list.filter[0])
		canvas_textf(c, x, r.y, ROLE_ACCENT, r.x + r.w - x, "/%s", v->list.filter);
}

static void paint_empty(struct vms *v, struct canvas *c, struct rect r)
{
	const struct world *w = app_world(v->view.app);
	const char *const keys[] = {canvas_enter(c), "n", "2", "5"};
	int gap = c->ascii ? 7 : 3;
	const char *const what[] = {_("make one now, with everything as it comes"), _("choose an image and sizes"),
				    _("browse images"), _("what this host can do")};
	struct rect box = rect_centre(r, 60, 7);

	if (table_paint_unopened(w, c, r))
		return;
	if (w->n_vms) {
		canvas_textf(c, r.x + 3, r.y, ROLE_DIM, r.w - 4, _("nothing matches '%s'; esc clears"), v->list.filter);
		return;
	}
	canvas_text(c, box.x + box.w / 4, box.y, ROLE_TITLE, box.w, _("No machines yet."));
	for (int i = 0; i < 4; i++) {
		canvas_text(c, box.x + 4, box.y + 2 + i, ROLE_KEY, gap - 1, keys[i]);
		canvas_text(c, box.x + 4 + gap, box.y + 2 + i, ROLE_TEXT, box.w - 5 - gap, what[i]);
	}
	if (w->has_info)
		canvas_textf(c, r.x + 2, r.y + r.h - 1, ROLE_DIM, r.w - 4, _("mode: %s"), w->info.mode);
}

void vms_paint_list(struct vms *v, struct canvas *c, struct rect r)
{
	struct rect old = canvas_clip(c, r), whole = r;

	v->list_rect = r;
	columns_layout(r.w < NARROW ? columns_narrow : columns, COL_COUNT, r.w - 4, v->places);
	if (r.h > 11)
		paint_title(v, c, rect_take_top(&r, 2));
	if (whole.h > 8)
		paint_head(v, c, rect_take_top(&r, 1));
	list_scroll(&v->list, r.h);
	if (!v->list.n)
		paint_empty(v, c, r);
	for (int i = 0; i < r.h && v->list.top + (size_t)i < v->list.n; i++)
		paint_row(v, c, r, r.y + i, v->list.top + (size_t)i);
	canvas_clip(c, old);
}
