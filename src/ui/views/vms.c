/* SPDX-License-Identifier: MIT */
/*
 * Machines: the view. List and pane side by side or one at a time, what keys and clicks mean, and on which machines.
 */
#include "ui/views/vms.h"

#include "base/i18n.h"
#include "ui/views/views.h"

#include <string.h>

/* A machine that was just asked for has the cursor once it is there, unless something else was done meanwhile. */
static void follow_new(struct vms *v)
{
	const char *id = app_followed(v->view.app);

	if (*id && !v->list.hold && list_select(&v->list, id)) {
		v->detail.back = 0;
		app_follow_new(v->view.app, 0);
	}
}

static struct view *vms_open(struct app *app)
{
	struct vms *v = xcalloc(1, sizeof(*v));

	v->view = (struct view){&vms_view, app};
	list_init(&v->list, &vms_rows, app_world(app), VMS_SORTS);
	list_recalc(&v->list);
	return &v->view;
}

static void vms_close(struct view *view)
{
	struct vms *v = (struct vms *)view;

	list_done(&v->list);
	free(v);
}

const struct world_vm *vms_current(const struct vms *v)
{
	size_t row;

	return list_current(&v->list, &row) ? app_world(v->view.app)->vms[row] : NULL;
}

static unsigned vms_context(const struct view *view)
{
	return ((const struct vms *)view)->on_detail ? CTX_DETAIL : CTX_VMS;
}

static void forget_gone_marks(struct vms *v)
{
	const struct world *w = app_world(v->view.app);

	for (size_t i = v->list.n_marks; i-- > 0;)
		if (!world_vm(w, v->list.marks[i]))
			list_toggle_mark(&v->list, v->list.marks[i]);
}

static void vms_recalc(struct view *view, unsigned changed)
{
	struct vms *v = (struct vms *)view;
	bool by_figure = vms_sorts_by_figure(&v->list);

	if (changed & ~WORLD_STATS || by_figure)
		list_recalc(&v->list);
	if (changed & WORLD_VMS)
		forget_gone_marks(v);
	follow_new(v);
	detail_follow(v, true);
}

static void vms_paint(struct view *view, struct canvas *c, struct rect r)
{
	struct vms *v = (struct vms *)view;
	struct rect old;

	v->list_rect = v->detail_rect = (struct rect){0};
	if (r.w < LAYOUT_TWO_PANES || v->zoom || !vms_current(v)) {
		if (v->on_detail && vms_current(v)) {
			old = canvas_clip(c, r);
			detail_paint(v, c, r);
			canvas_clip(c, old);
		} else {
			vms_paint_list(v, c, r);
		}
		return;
	}
	vms_paint_list(v, c, rect_take_left(&r, MAX(58, r.w * 11 / 20)));
	canvas_vline(c, r.x, r.y, r.h, ROLE_RULE);
	rect_take_left(&r, 2);
	rect_take_right(&r, 1);
	old = canvas_clip(c, r);
	detail_paint(v, c, r);
	canvas_clip(c, old);
}

/* Marked rows in the order of their names, else the current one. Ids, taken at the moment of the key. The caller frees. */
static size_t targets(const struct vms *v, char (**ret)[LIST_ID_SIZE])
{
	const struct world *w = app_world(v->view.app);
	const struct world_vm *vm = vms_current(v);
	size_t n = 0;

	*ret = xcalloc(v->list.n_marks + 1, sizeof(**ret));
	for (size_t i = 0; i < w->n_vms && n < v->list.n_marks; i++)
		if (list_is_marked(&v->list, w->vms[i]->vm.id))
			str_copy((*ret)[n++], LIST_ID_SIZE, w->vms[i]->vm.id);
	if (!v->list.n_marks && vm)
		str_copy((*ret)[n++], LIST_ID_SIZE, vm->vm.id);
	return n;
}

static bool act_on_targets(struct vms *v, enum action a)
{
	auto_free char(*ids)[LIST_ID_SIZE] = NULL;
	size_t n = targets(v, &ids);

	app_vm_action(v->view.app, a, (const char(*)[LIST_ID_SIZE])ids, n);
	return true;
}

/* The first machine, with one key: every default, started. */
static void make_first(struct vms *v)
{
	struct request r = {.kind = REQ_VM_CREATE, .flags = REQ_F_START};

	if (app_readonly(v->view.app))
		app_toast(v->view.app, ROLE_WARN, "%s", _("this console is read-only"));
	else if (app_world(v->view.app)->synced)
		app_submit(v->view.app, &r);
}

/* Enter: the obvious thing for this one row. */
static bool open_current(struct vms *v)
{
	const struct world_vm *vm = vms_current(v);
	char id[1][LIST_ID_SIZE];

	if (!vm) {
		if (!app_world(v->view.app)->n_vms)
			make_first(v);
		return true;
	}
	str_copy(id[0], LIST_ID_SIZE, vm->vm.id);
	if (world_vm_job(app_world(v->view.app), vm))
		app_toast(v->view.app, ROLE_DIM, _("%s is being worked on"), vm->vm.name);
	else
		app_vm_action(v->view.app, vm->vm.state == VM_RUNNING  ? ACTION_SHELL
				    : vm->vm.state == VM_PAUSED ? ACTION_RESUME
								: ACTION_START,
			      (const char(*)[LIST_ID_SIZE])id, 1);
	return true;
}

static bool vms_act(struct view *view, enum action a)
{
	struct vms *v = (struct vms *)view;

	app_follow_new(view->app, 0);
	if (detail_act(v, a))
		return true;
	switch (a) {
	case ACTION_OPEN:
		return open_current(v);
	case ACTION_START:
	case ACTION_STOP:
	case ACTION_START_STOP:
	case ACTION_RESTART:
	case ACTION_PAUSE:
	case ACTION_RESUME:
	case ACTION_KILL:
	case ACTION_DELETE:
	case ACTION_SHELL:
	case ACTION_COMMIT:
		return act_on_targets(v, a);
	case ACTION_FOCUS:
		v->on_detail = !v->on_detail && vms_current(v);
		return true;
	case ACTION_FOCUS_DETAIL:
		v->on_detail = vms_current(v) != NULL;
		return true;
	case ACTION_FOCUS_LIST:
		v->on_detail = false;
		return true;
	case ACTION_ZOOM:
		v->zoom = !v->zoom;
		return true;
	case ACTION_BACK:
		if (v->on_detail) {
			v->on_detail = false;
			return true;
		}
		return false;
	case ACTION_DOWN:
	case ACTION_UP:
	case ACTION_PAGE_DOWN:
	case ACTION_PAGE_UP:
	case ACTION_TOP:
	case ACTION_BOTTOM:
		list_act(&v->list, a);
		v->detail.back = 0;
		detail_follow(v, true);
		return true;
	default:
		return false;
	}
}

static bool click_head(struct vms *v, const struct mouse *m)
{
	int col = columns_hit(v->places, VMS_SORTS, m->x - v->list_rect.x - 3);

	if (col < 0)
		return false;
	list_set_sort(&v->list, col, v->list.sort == col && !v->list.reverse);
	return true;
}

static bool vms_mouse(struct view *view, const struct mouse *m)
{
	struct vms *v = (struct vms *)view;
	int first = v->list_rect.y + v->list_rect.h - v->list.height;

	app_follow_new(view->app, 0);
	for (int i = 0; i < DETAIL_TABS && v->detail_rect.w; i++)
		if (m->kind == MOUSE_CLICK && rect_contains(v->detail.tabs[i], m->x, m->y)) {
			v->detail.tab = (enum detail_tab)i;
			detail_follow(v, true);
			return true;
		}
	if (rect_contains(v->detail_rect, m->x, m->y)) {
		if (m->kind == MOUSE_WHEEL_UP || m->kind == MOUSE_WHEEL_DOWN) {
			bool focus = v->on_detail;

			v->on_detail = true;
			for (int i = 0; i < 3; i++)
				detail_act(v, m->kind == MOUSE_WHEEL_UP ? ACTION_UP : ACTION_DOWN);
			v->on_detail = focus;
		} else {
			v->on_detail = true;
		}
		return true;
	}
	if (m->kind != MOUSE_CLICK && m->kind != MOUSE_DOUBLE)
		return false;
	v->on_detail = false;
	if (m->y == first - 1)
		return click_head(v, m);
	if (m->y < first || v->list.top + (size_t)(m->y - first) >= v->list.n)
		return false;
	list_move(&v->list, (long)v->list.top + m->y - first - (long)v->list.cursor);
	if (m->kind == MOUSE_DOUBLE)
		open_current(v);
	detail_follow(v, true);
	return true;
}

static void vms_shown(struct view *view, bool shown)
{
	if (shown)
		follow_new((struct vms *)view);
	detail_follow((struct vms *)view, shown);
}

static struct list *vms_list(struct view *view)
{
	return &((struct vms *)view)->list;
}

static const char *vms_label(const struct view *view, enum action a, const char *fallback)
{
	const struct vms *v = (const struct vms *)view;
	const struct world_vm *vm = vms_current(v);
	bool runs = vm && vm_state_is_live(vm->vm.state);

	/* Nothing but the shell of one that runs. */
	if (a == ACTION_OPEN && app_readonly(view->app) && (!vm || !runs || vm->vm.state == VM_PAUSED))
		return NULL;
	if (a == ACTION_OPEN && !app_world(view->app)->n_vms)
		return _("make one");
	if (!vm && a != ACTION_NEW && a != ACTION_PALETTE && a != ACTION_HELP && a != ACTION_FILTER)
		return NULL;
	if (a == ACTION_OPEN && vm && vm->vm.state == VM_PAUSED)
		return _("resume");
	if (a == ACTION_OPEN)
		return runs ? _("shell") : _("start");
	if (a == ACTION_START_STOP)
		return runs ? _("stop") : NULL;
	return a == ACTION_SHELL ? NULL : fallback;
}

const struct view_ops vms_view = {
	.title = N_("VMs"),
	.watches = WORLD_VMS | WORLD_STATS | WORLD_JOBS | WORLD_LOG | WORLD_SYNC | WORLD_HOST_INFO,
	.open = vms_open,
	.close = vms_close,
	.context = vms_context,
	.recalc = vms_recalc,
	.paint = vms_paint,
	.act = vms_act,
	.mouse = vms_mouse,
	.shown = vms_shown,
	.list = vms_list,
	.label = vms_label,
};
