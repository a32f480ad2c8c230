/* SPDX-License-Identifier: MIT */
/*
 * Consoles and the loop.
 *
 * A console is given its turn when its descriptor says so, or at once when bytes wait inside the library where poll()
 * cannot see them; after each turn the watch is set to what the console waits for next.
 */
#include "ui/consoles.h"

#include "base/loop.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct consoles {
	struct loop *loop;
	void (*changed)(void *arg);
	void *arg;
	struct console_tab *tabs[CONSOLES_MAX];
	size_t n, current;
	int cols, rows;
	uint64_t again; /* timer: some console has more to do without the network */
};

static void rearm(struct consoles *cs, struct console_tab *t);

static void turn(struct consoles *cs, struct console_tab *t)
{
	unsigned what = console_turn(t->console);

	if (what & CONSOLE_CHANGED && cs->tabs[cs->current] != t)
		t->seen = false;
	if (what)
		cs->changed(cs->arg);
	rearm(cs, t);
}

static struct console_tab *tab_of_fd(struct consoles *cs, int fd)
{
	for (size_t i = 0; i < cs->n; i++)
		if (cs->tabs[i]->watch && cs->tabs[i]->fd == fd)
			return cs->tabs[i];
	return NULL;
}

static void on_ready(void *arg, int fd, short revents)
{
	struct console_tab *t = tab_of_fd(arg, fd);

	(void)revents;
	if (t)
		turn(arg, t);
}

static void on_again(void *arg)
{
	struct consoles *cs = arg;

	cs->again = 0;
	for (size_t i = 0; i < cs->n; i++)
		if (console_pending(cs->tabs[i]->console))
			turn(cs, cs->tabs[i]);
}

static void rearm(struct consoles *cs, struct console_tab *t)
{
	int fd = console_fd(t->console);

	if (!cs->loop)
		return;
	if (t->watch && t->fd != fd) {
		loop_remove(cs->loop, t->watch);
		t->watch = 0;
	}
	t->fd = fd;
	if (fd >= 0 && !t->watch)
		t->watch = loop_watch(cs->loop, fd, console_events(t->console), on_ready, cs);
	else if (t->watch)
		loop_set_events(cs->loop, t->watch, console_events(t->console));
	if (!cs->again && console_pending(t->console))
		cs->again = loop_timer(cs->loop, 0, on_again, cs);
}

struct consoles *consoles_new(struct loop *l, void (*changed)(void *arg), void *arg)
{
	struct consoles *cs = xcalloc(1, sizeof(*cs));

	*cs = (struct consoles){.loop = l, .changed = changed, .arg = arg, .cols = 80, .rows = 24};
	return cs;
}

static void tab_free(struct consoles *cs, struct console_tab *t)
{
	if (t->watch)
		loop_remove(cs->loop, t->watch);
	console_free(t->console);
	free(t);
}

void consoles_free(struct consoles *cs)
{
	if (!cs)
		return;
	if (cs->again)
		loop_remove(cs->loop, cs->again);
	for (size_t i = 0; i < cs->n; i++)
		tab_free(cs, cs->tabs[i]);
	free(cs);
}

size_t consoles_count(const struct consoles *cs)
{
	return cs->n;
}

struct console_tab *consoles_at(struct consoles *cs, size_t i)
{
	return i < cs->n ? cs->tabs[i] : NULL;
}

size_t consoles_current(const struct consoles *cs)
{
	return cs->current;
}

void consoles_select(struct consoles *cs, size_t i)
{
	if (i >= cs->n)
		return;
	cs->current = i;
	cs->tabs[i]->seen = true;
	cs->changed(cs->arg);
}

/* A dead tab that asked for a new session, or a new tab. NULL when there is no room. */
static struct console_tab *tab_for(struct consoles *cs, const char *vm_id, const char *name, size_t *ret_at)
{
	struct console_tab *t;
	int number = 1;

	for (size_t i = 0; i < cs->n; i++) {
		if (strcmp(cs->tabs[i]->vm_id, vm_id) != 0)
			continue;
		*ret_at = i;
		if (cs->tabs[i]->reconnecting)
			return cs->tabs[i];
		number = MAX(number, cs->tabs[i]->number + 1);
	}
	if (cs->n == CONSOLES_MAX)
		return NULL;
	t = xcalloc(1, sizeof(*t));
	str_copy(t->vm_id, sizeof(t->vm_id), vm_id);
	str_copy(t->name, sizeof(t->name), name);
	t->number = number;
	t->fd = -1;
	t->console = console_new(name, cs->cols, cs->rows);
	*ret_at = cs->n;
	cs->tabs[cs->n++] = t;
	return t;
}

size_t consoles_add(struct consoles *cs, const struct vm *vm, struct console_io io)
{
	size_t at = cs->current;
	struct console_tab *t = tab_for(cs, vm->id, vm->name, &at);

	if (!t) {
		io.ops->close(io.self);
		return at;
	}
	t->reconnecting = false;
	str_copy(t->boot_id, sizeof(t->boot_id), vm->boot_id);
	console_attach(t->console, io);
	console_resize(t->console, cs->cols, cs->rows);
	consoles_select(cs, at);
	turn(cs, t);
	return at;
}

void consoles_settle(struct consoles *cs, const char *vm_id)
{
	for (size_t i = 0; i < cs->n; i++)
		if (!strcmp(cs->tabs[i]->vm_id, vm_id))
			cs->tabs[i]->reconnecting = false;
}

void consoles_close(struct consoles *cs, size_t i)
{
	if (i >= cs->n)
		return;
	tab_free(cs, cs->tabs[i]);
	memmove(&cs->tabs[i], &cs->tabs[i + 1], (cs->n - i - 1) * sizeof(cs->tabs[0]));
	cs->n--;
	if (cs->current > i || (cs->current == cs->n && cs->n))
		cs->current--;
	cs->changed(cs->arg);
}

void consoles_resize(struct consoles *cs, int cols, int rows)
{
	if (cols == cs->cols && rows == cs->rows)
		return;
	cs->cols = cols;
	cs->rows = rows;
	for (size_t i = 0; i < cs->n; i++) {
		console_resize(cs->tabs[i]->console, cols, rows);
		rearm(cs, cs->tabs[i]);
	}
}

void consoles_size(const struct consoles *cs, int *ret_cols, int *ret_rows)
{
	*ret_cols = cs->cols;
	*ret_rows = cs->rows;
}

void consoles_rearm(struct consoles *cs)
{
	for (size_t i = 0; i < cs->n; i++)
		rearm(cs, cs->tabs[i]);
}
