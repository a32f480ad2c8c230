/* SPDX-License-Identifier: MIT */
/*
 * Consoles: a tab line, and below it cells that belong to the guest.
 *
 * Every key is the guest's but the prefix, which the tab line shows; after it one key is ours (term/prefix.h). A dead
 * console keeps its screen, dimmed, and says why on the tab line; Enter reconnects it.
 */
#include "base/i18n.h"
#include "base/utf8.h"
#include "ui/app_priv.h"
#include "ui/term/prefix.h"
#include "ui/views/views.h"

#include <stdio.h>
#include <string.h>

struct consoles_pane {
	struct view view;
	struct prefix prefix;
	char prefix_name[KEY_NAME_SIZE];
	bool help;
	bool searching; /* text for the scrollback is being typed */
	bool search_back;
	struct edit search;
	bool pasting;
	struct buf paste;
	struct buf copied; /* by copy mode, for the paste command */
	struct rect body;  /* as painted */
	struct rect tabs[CONSOLES_MAX];
};

static struct consoles *all(const struct consoles_pane *v)
{
	return app_consoles(v->view.app);
}

static struct console_tab *tab(const struct consoles_pane *v)
{
	return consoles_at(all(v), consoles_current(all(v)));
}

static struct view *consoles_open(struct app *app)
{
	struct consoles_pane *v = xcalloc(1, sizeof(*v));

	v->view = (struct view){&consoles_view, app};
	if (!prefix_init(&v->prefix, app->args.escape))
		app_toast(app, ROLE_WARN, _("'%s' is no key: the prefix is ctrl-]"), app->args.escape);
	keyenc_format(&v->prefix.key, v->prefix_name, sizeof(v->prefix_name));
	return &v->view;
}

static void consoles_view_close(struct view *view)
{
	buf_done(&((struct consoles_pane *)view)->paste);
	buf_done(&((struct consoles_pane *)view)->copied);
	free(view);
}

static unsigned consoles_context(const struct view *view)
{
	(void)view;
	return CTX_CONSOLES;
}

static const enum keyenc_name names[SYM_COUNT] = {
	[SYM_CHAR] = KEYENC_CHAR,     [SYM_UP] = KEYENC_UP,	    [SYM_DOWN] = KEYENC_DOWN,
	[SYM_LEFT] = KEYENC_LEFT,     [SYM_RIGHT] = KEYENC_RIGHT,   [SYM_HOME] = KEYENC_HOME,
	[SYM_END] = KEYENC_END,	      [SYM_PGUP] = KEYENC_PGUP,	    [SYM_PGDN] = KEYENC_PGDN,
	[SYM_INSERT] = KEYENC_INSERT, [SYM_DELETE] = KEYENC_DELETE, [SYM_BACKSPACE] = KEYENC_BACKSPACE,
	[SYM_TAB] = KEYENC_TAB,	      [SYM_ENTER] = KEYENC_ENTER,   [SYM_ESC] = KEYENC_ESC,
};

/* Ours and the encoder's modifiers have the same bits: shift 1, alt 2, ctrl 4. */
static struct keyenc_key to_keyenc(struct key k)
{
	struct keyenc_key ret = {.cp = k.cp, .mods = k.mods};

	_Static_assert(KEY_MOD_SHIFT == (unsigned)KEYENC_SHIFT && KEY_MOD_ALT == (unsigned)KEYENC_ALT &&
			       KEY_MOD_CTRL == (unsigned)KEYENC_CTRL,
		       "modifier bits differ");
	if (k.sym >= SYM_F1 && k.sym <= SYM_F12)
		ret.name = (enum keyenc_name)((int)KEYENC_F1 + (int)(k.sym - SYM_F1));
	else
		ret.name = names[k.sym];
	return ret;
}

static void reconnect(struct consoles_pane *v, struct console_tab *t)
{
	const struct world_vm *vm = world_vm(app_world(v->view.app), t->vm_id);

	if (!vm || vm->vm.state != VM_RUNNING) {
		app_toast(v->view.app, ROLE_WARN, _("%s does not run"), t->name);
		return;
	}
	t->reconnecting = true;
	app_open_console(v->view.app, t->vm_id);
}

static void close_current(struct consoles_pane *v)
{
	consoles_close(all(v), consoles_current(all(v)));
	if (!consoles_count(all(v)))
		app_go(v->view.app, VIEW_VMS);
}

static void step_tab(struct consoles_pane *v, int by)
{
	size_t n = consoles_count(all(v));

	if (n)
		consoles_select(all(v), (consoles_current(all(v)) + (size_t)((int)n + by)) % n);
}

static void start_search(struct consoles_pane *v, bool back)
{
	v->searching = true;
	v->search_back = back;
	edit_set(&v->search, "");
}

static void prefix_command(struct consoles_pane *v, enum prefix_act a, struct console_tab *t)
{
	struct keyenc_key self = v->prefix.key;
	int page = MAX(1, v->body.h - 1);

	switch (a) {
	case PREFIX_LITERAL:
		console_key(t->console, &self);
		break;
	case PREFIX_LEAVE:
		app_go(v->view.app, VIEW_VMS);
		break;
	case PREFIX_COPY:
		console_copy_enter(t->console);
		break;
	case PREFIX_SEARCH:
		start_search(v, true);
		break;
	case PREFIX_PAGE_UP:
	case PREFIX_PAGE_DOWN:
		console_scroll(t->console, a == PREFIX_PAGE_UP ? page : -page);
		break;
	case PREFIX_NEXT:
	case PREFIX_PREV:
		step_tab(v, a == PREFIX_NEXT ? 1 : -1);
		break;
	case PREFIX_SELECT:
		consoles_select(all(v), (size_t)MAX(1, v->prefix.number) - 1);
		break;
	case PREFIX_NEW:
		app_open_console(v->view.app, t->vm_id);
		break;
	case PREFIX_CLOSE:
		close_current(v);
		break;
	case PREFIX_REDRAW:
		app_action(v->view.app, ACTION_REDRAW);
		break;
	case PREFIX_PASTE:
		console_paste(t->console, buf_cstr(&v->copied), v->copied.len);
		break;
	case PREFIX_HELP:
		v->help = true;
		break;
	default:
		break;
	}
}

static void search_key(struct consoles_pane *v, struct console_tab *t, struct key k)
{
	if (k.sym == SYM_ESC) {
		v->searching = false;
	} else if (k.sym == SYM_ENTER) {
		v->searching = false;
		if (!console_search(t->console, v->search.text, v->search_back))
			app_toast(v->view.app, ROLE_WARN, _("'%s' is not there"), v->search.text);
	} else {
		edit_key(&v->search, k);
	}
}

static void copy_key(struct consoles_pane *v, struct console_tab *t, const struct keyenc_key *k)
{
	auto_buf text = {0};
	bool back = false;

	switch (console_copy_key(t->console, k, &text, &back)) {
	case CONSOLE_COPY_SEARCH:
		start_search(v, back);
		break;
	case CONSOLE_COPY_DONE:
		if (text.len) {
			buf_reset(&v->copied);
			buf_add(&v->copied, text.data, text.len);
			app_copy(v->view.app, buf_cstr(&text));
			app_toast(v->view.app, ROLE_OK, "%s", _("copied"));
		}
		break;
	default:
		break;
	}
}

/* Between the paste brackets keys are text and go to the guest in one piece. */
static bool paste_key(struct consoles_pane *v, struct console_tab *t, struct key k)
{
	char text[4];

	if (k.sym == SYM_PASTE_BEGIN) {
		v->pasting = true;
		buf_reset(&v->paste);
		return true;
	}
	if (!v->pasting)
		return false;
	if (k.sym == SYM_PASTE_END) {
		v->pasting = false;
		console_paste(t->console, buf_cstr(&v->paste), v->paste.len);
		buf_done(&v->paste);
	} else if (v->paste.len < CONSOLE_QUEUE_MAX) {
		if (k.sym == SYM_CHAR && !k.mods)
			buf_add(&v->paste, text, (size_t)utf8_encode(k.cp, text));
		else if (k.sym == SYM_ENTER || k.sym == SYM_TAB)
			buf_addc(&v->paste, k.sym == SYM_TAB ? '\t' : '\n');
	}
	return true;
}

static bool consoles_key(struct view *view, struct key k)
{
	struct consoles_pane *v = (struct consoles_pane *)view;
	struct console_tab *t = tab(v);
	struct keyenc_key ek = to_keyenc(k);
	enum prefix_act a;

	if (!t)
		return false;
	if (v->help) {
		v->help = false;
		return true;
	}
	if (v->searching) {
		search_key(v, t, k);
		return true;
	}
	if (paste_key(v, t, k))
		return true;
	if (console_in_copy(t->console)) {
		copy_key(v, t, &ek);
		return true;
	}
	a = prefix_feed(&v->prefix, &ek);
	if (a != PREFIX_PASS)
		prefix_command(v, a, t);
	else if (console_state(t->console) != CONSOLE_DEAD)
		console_key(t->console, &ek);
	else if (k.sym == SYM_ENTER)
		reconnect(v, t);
	else
		return false; /* a dead console's keys are ours again */
	consoles_rearm(all(v));
	return true;
}

static bool consoles_act(struct view *view, enum action a)
{
	struct consoles_pane *v = (struct consoles_pane *)view;

	if (a == ACTION_TAB_NEXT || a == ACTION_TAB_PREV)
		step_tab(v, a == ACTION_TAB_NEXT ? 1 : -1);
	else if (a == ACTION_CLOSE_CONSOLE && tab(v))
		close_current(v);
	else if (a == ACTION_BACK || a == ACTION_QUIT)
		app_go(view->app, VIEW_VMS);
	else
		return false;
	return true;
}

struct sink {
	struct canvas *c;
	struct rect r;
	bool dim, cursor;
};

static void sink_put(void *arg, int x, int y, const struct emu_cell *cell)
{
	struct sink *s = arg;
	char text[EMU_CELL_CPS * 4 + 1];
	size_t n = 0;
	uint16_t flags = (cell->attrs & EMU_BOLD ? STYLE_BOLD : 0) |
			 (cell->attrs & EMU_UNDERLINE ? STYLE_UNDERLINE : 0) |
			 (cell->attrs & EMU_ITALIC ? STYLE_ITALIC : 0) | (cell->attrs & EMU_STRIKE ? STYLE_STRIKE : 0);
	bool reverse = cell->attrs & EMU_REVERSE;

	for (int i = 0; i < cell->n; i++)
		n += (size_t)utf8_encode(cell->cps[i], text + n);
	text[n] = 0;
	/* A selection shows by inverting once more, so it is seen on inverted text too. */
	reverse ^= (cell->attrs & (EMU_SELECTED | EMU_MATCH)) != 0;
	if (s->dim)
		flags |= STYLE_DIM;
	canvas_raw(s->c, s->r.x + x, s->r.y + y, text, cell->width, flags | (reverse ? STYLE_REVERSE : 0), cell->fg,
		   cell->bg);
}

static void sink_cursor(void *arg, const struct emu_cursor *cursor)
{
	struct sink *s = arg;

	if (s->cursor)
		canvas_cursor(s->c, s->r.x + cursor->x, s->r.y + cursor->y, cursor->visible);
}

/* Why a console is dead: the machine's end where it has ended, else what the connection said. In full, and in a word. */
static void dead_why(const struct consoles_pane *v, const struct console_tab *t, const char **ret_long,
		     const char **ret_short)
{
	const struct world *w = app_world(v->view.app);
	const struct world_vm *vm = world_vm(w, t->vm_id);
	const char *last = strrchr(console_why(t->console), ':');

	if (!vm) {
		*ret_long = _("the machine was deleted");
		*ret_short = _("deleted");
	} else if (vm_state_is_live(vm->vm.state) && strcmp(vm->vm.boot_id, t->boot_id) != 0) {
		*ret_long = _("the machine was started anew");
		*ret_short = _("restarted");
	} else if (vm_state_is_live(vm->vm.state)) {
		*ret_long = console_why(t->console);
		*ret_short = last && last[1] == ' ' ? last + 2 : *ret_long;
	} else if (world_vm_last(w, t->vm_id) == REQ_VM_KILL) {
		*ret_long = _("the machine was killed");
		*ret_short = _("killed");
	} else {
		*ret_long = vm->vm.reason[0] ? vm->vm.reason : _("the machine was stopped");
		*ret_short = vm->vm.state == VM_ERROR ? _("failed") : _("stopped");
	}
}

/* "the connection was lost · ⏎ reconnects, x closes" in at most that many cells: of the reason what has room. */
static int paint_dead(const struct consoles_pane *v, const struct console_tab *t, struct canvas *c, struct rect r)
{
	const char *why, *brief;
	char hint[80];
	int room, w;

	snprintf(hint, sizeof(hint), _("%s reconnects, x closes"), canvas_enter(c));
	dead_why(v, t, &why, &brief);
	room = r.w - utf8_str_width(hint) - 3;
	if (utf8_str_width(why) > room)
		why = brief;
	w = room < 4 ? 0 : MIN(room, utf8_str_width(why));
	room = MIN(r.w, utf8_str_width(hint) + (w ? w + 3 : 0));
	r.x += r.w - room;
	if (w) {
		r.x += canvas_text(c, r.x, r.y, ROLE_WARN, w, why);
		r.x += canvas_text(c, r.x, r.y, ROLE_DIM, 3, " · ");
	}
	canvas_text(c, r.x, r.y, ROLE_WARN, utf8_str_width(hint), hint);
	return room + 1;
}

/* At the right of the tab line: who, or why it is dead, or what a prefix waits for. */
static int paint_state(struct consoles_pane *v, struct console_tab *t, struct canvas *c, struct rect r)
{
	char text[160];
	enum role role = ROLE_DIM;
	int back = console_offset(t->console), w;

	if (t->reconnecting)
		snprintf(text, sizeof(text), "%s", _("connecting…"));
	else if (console_state(t->console) == CONSOLE_DEAD) {
		bool wide = r.w >= 60;

		/* The number of the view and the tab in brackets keep their place. */
		rect_take_right(&r, wide);
		rect_take_left(&r, MIN(r.w / 3, utf8_str_width(t->name) + (wide ? 18 : 4)));
		return paint_dead(v, t, c, r) + wide;
	} else if (v->prefix.armed) {
		role = ROLE_ACCENT;
		snprintf(text, sizeof(text), _("%s … d leaves, ? keys"), v->prefix_name);
	} else if (console_in_copy(t->console)) {
		role = ROLE_ACCENT;
		snprintf(text, sizeof(text), "%s", _("copy mode: space marks, y copies, esc leaves"));
	} else if (back) {
		role = ROLE_WARN;
		snprintf(text, sizeof(text), _("%d rows back"), back);
	} else {
		snprintf(text, sizeof(text), _("%.40s  %s then ? for keys"), console_title(t->console), v->prefix_name);
	}
	w = MIN(utf8_str_width(text), r.w * 2 / 3);
	canvas_text(c, r.x + r.w - w - 1, r.y, role, w, text);
	return w + 2;
}

static void paint_tabs(struct consoles_pane *v, struct canvas *c, struct rect r)
{
	int x = r.x + 1;

	if (r.w >= 60)
		x += canvas_textf(c, x, r.y, ROLE_DIM, r.w, "%d %s", VIEW_CONSOLES + 1, _(consoles_view.title)) + 2;
	r.w -= paint_state(v, tab(v), c, r);
	for (size_t i = 0; i < consoles_count(all(v)); i++) {
		struct console_tab *t = consoles_at(all(v), i);
		bool here = i == consoles_current(all(v)), dead = console_state(t->console) == CONSOLE_DEAD;
		char text[VM_NAME_SIZE + 16];

		v->tabs[i] = (struct rect){0};
		if (t->number > 1)
			snprintf(text, sizeof(text), "%s·%d%s", t->name, t->number, t->seen || here ? "" : " ✱");
		else
			snprintf(text, sizeof(text), "%s%s", t->name, t->seen || here ? "" : " ✱");
		if (x + utf8_str_width(text) + 2 > r.x + r.w)
			continue;
		v->tabs[i] = (struct rect){x, r.y, utf8_str_width(text) + 2, 1};
		canvas_textf(c, x, r.y,
			     here   ? ROLE_ACCENT | STYLE_BOLD
			     : dead ? ROLE_DIM
				    : ROLE_TEXT,
			     r.x + r.w - x, here ? "[%s]" : " %s ", text);
		x += v->tabs[i].w + 1;
	}
}

static void paint_help(struct canvas *c, struct rect r, const char *prefix)
{
	struct rect box = rect_centre(r, 60, 22);
	const struct prefix_help *h;

	canvas_fill(c, box, ROLE_TEXT);
	canvas_textf(c, box.x + 2, box.y, ROLE_TITLE, box.w - 4, _("After %s"), prefix);
	canvas_hline(c, box.x, box.y + 1, box.w, ROLE_RULE);
	for (int i = 0; (h = prefix_help((size_t)i)) && i + 2 < box.h; i++) {
		canvas_right(c, box.x, box.y + 2 + i, ROLE_KEY, 14, h->keys);
		canvas_text(c, box.x + 16, box.y + 2 + i, ROLE_TEXT, box.w - 17, h->what);
	}
}

static void consoles_paint(struct view *view, struct canvas *c, struct rect r)
{
	struct consoles_pane *v = (struct consoles_pane *)view;
	struct console_tab *t = tab(v);
	struct rect line = rect_take_top(&r, 1);
	struct sink s = {.c = c, .r = r};
	const struct console_sink sink = {&s, sink_put, sink_cursor};

	v->body = r;
	consoles_resize(all(v), r.w, r.h);
	if (!t) {
		canvas_textf(c, r.x + 2, r.y, ROLE_DIM, r.w - 4, _("no console is open; %s on a running machine opens one"),
			     canvas_enter(c));
		return;
	}
	t->seen = true;
	paint_tabs(v, c, line);
	s.dim = console_state(t->console) == CONSOLE_DEAD;
	s.cursor = !s.dim;
	console_paint(t->console, &sink);
	if (v->searching) {
		line = rect_take_bottom(&r, 1);
		canvas_fill(c, line, ROLE_TEXT);
		canvas_text(c, line.x + 1, line.y, ROLE_ACCENT, 1, "/");
		edit_paint(&v->search, c, line.x + 2, line.y, line.w - 3, ROLE_TEXT, true);
	}
	if (v->help)
		paint_help(c, r, v->prefix_name);
}

static bool consoles_mouse(struct view *view, const struct mouse *m)
{
	struct consoles_pane *v = (struct consoles_pane *)view;
	struct console_tab *t = tab(v);
	struct keyenc_mouse ev = {.x = m->x - v->body.x, .y = m->y - v->body.y, .motion = KEYENC_PRESS};

	for (size_t i = 0; i < consoles_count(all(v)); i++)
		if (m->kind == MOUSE_CLICK && rect_contains(v->tabs[i], m->x, m->y)) {
			consoles_select(all(v), i);
			return true;
		}
	if (!t || !rect_contains(v->body, m->x, m->y))
		return false;
	ev.button = m->kind == MOUSE_WHEEL_UP	  ? KEYENC_WHEEL_UP
		    : m->kind == MOUSE_WHEEL_DOWN ? KEYENC_WHEEL_DOWN
						  : KEYENC_LEFT_BUTTON;
	console_mouse(t->console, &ev);
	if (ev.button == KEYENC_LEFT_BUTTON) {
		ev.motion = KEYENC_RELEASE;
		console_mouse(t->console, &ev);
	}
	consoles_rearm(all(v));
	return true;
}

static void consoles_shown(struct view *view, bool shown)
{
	struct consoles_pane *v = (struct consoles_pane *)view;

	prefix_reset(&v->prefix);
	v->help = v->searching = false;
	if (tab(v))
		console_focus(tab(v)->console, shown);
}

static bool consoles_covers(const struct view *view)
{
	return tab((const struct consoles_pane *)view) != NULL;
}

static const char *consoles_label(const struct view *view, enum action a, const char *fallback)
{
	const struct consoles_pane *v = (const struct consoles_pane *)view;
	const struct console_tab *t = tab(v);

	/* While a console lives its keys are the guest's: nothing of ours works. */
	if (t && console_state(t->console) != CONSOLE_DEAD)
		return NULL;
	return a == ACTION_OPEN ? (t ? _("reconnect") : NULL) : fallback;
}

const struct view_ops consoles_view = {
	.title = N_("Consoles"),
	.watches = WORLD_VMS,
	.open = consoles_open,
	.close = consoles_view_close,
	.context = consoles_context,
	.paint = consoles_paint,
	.act = consoles_act,
	.key = consoles_key,
	.mouse = consoles_mouse,
	.covers = consoles_covers,
	.pastes = true,
	.shown = consoles_shown,
	.label = consoles_label,
};
