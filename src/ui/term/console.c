/* SPDX-License-Identifier: MIT */
/*
 * The pipe side of an embedded console: connecting, bytes in, keys out, the end.
 *
 * Bytes for the guest wait in a queue until the pipe takes them; a paste larger than CONSOLE_QUEUE_MAX is refused, not
 * cut. What the guest asks (cursor position, attributes) is answered through the same queue, so answers keep their
 * place among the keys.
 */
#include "ui/term/console_priv.h"

#include "base/i18n.h"
#include "base/utf8.h"

#include <assert.h>
#include <poll.h>
#include <string.h>

#define CHUNK 16384

struct console *console_new(const char *name, int cols, int rows)
{
	struct console *c = xcalloc(1, sizeof(*c));

	c->name = xstrdup(name);
	c->why = xstrdup(_("not connected"));
	c->needle = xstrdup("");
	c->state = CONSOLE_DEAD;
	c->emu = emu_new(cols, rows);
	c->row = xcalloc((size_t)emu_cols(c->emu), sizeof(c->row[0]));
	return c;
}

static void close_io(struct console *c)
{
	if (c->io.ops)
		c->io.ops->close(c->io.self);
	c->io = (struct console_io){0};
	buf_reset(&c->queue);
	c->more = c->untried = false;
}

void console_free(struct console *c)
{
	if (!c)
		return;
	close_io(c);
	emu_free(c->emu);
	buf_done(&c->queue);
	free(c->name);
	free(c->why);
	free(c->needle);
	free(c->row);
	free(c);
}

static void set_why(struct console *c, const char *why)
{
	auto_buf clean = {0};

	utf8_clean(&clean, why, strlen(why), false);
	free(c->why);
	c->why = buf_take(&clean);
}

/* The session that wrote on this screen is gone: its modes must not steer the next one. */
static void leave_modes(struct console *c)
{
	static const char reset[] = "\x1b[?1049l\x1b[!p\x1b[?7h\x1b[0 q";
	struct emu_cursor cursor;

	emu_feed(c->emu, "\x18", 1);
	emu_feed(c->emu, reset, sizeof(reset) - 1);
	emu_get_cursor(c->emu, &cursor);
	emu_feed(c->emu, cursor.x > 0 ? "\r\n" : "", cursor.x > 0 ? 2 : 0);
	console_sync(c);
}

void console_attach(struct console *c, struct console_io io)
{
	assert(io.ops && io.ops->read && io.ops->write && io.ops->fd && io.ops->close);
	close_io(c);
	leave_modes(c);
	c->io = io;
	set_why(c, "");
	c->state = CONSOLE_CONNECTING;
}

void console_detach(struct console *c, const char *why)
{
	close_io(c);
	set_why(c, why);
	c->state = CONSOLE_DEAD;
}

int console_fd(const struct console *c)
{
	return c->io.ops ? c->io.ops->fd(c->io.self) : -1;
}

short console_events(const struct console *c)
{
	if (!c->io.ops)
		return 0;

	/* A pipe that knows better is believed: an SSH window that is full opens by reading, and POLLOUT would spin. */
	if (c->io.ops->events)
		return c->io.ops->events(c->io.self);
	return c->queue.len && c->state == CONSOLE_LIVE ? POLLIN | POLLOUT : POLLIN;
}

bool console_pending(const struct console *c)
{
	return c->io.ops && (c->more || c->untried || (c->io.ops->pending && c->io.ops->pending(c->io.self)));
}

static void ended(struct console *c)
{
	char how[256] = "";

	if (c->io.ops->why)
		c->io.ops->why(c->io.self, how, sizeof(how));
	console_detach(c, how[0] ? how : _("the session ended"));
}

/* The pipe said something else than OK or WAIT. */
static unsigned over(struct console *c, enum console_io_result r, const struct err *e)
{
	if (r == CONSOLE_IO_END)
		ended(c);
	else
		console_detach(c, e->msg);
	return CONSOLE_STATE | CONSOLE_CHANGED;
}

/* The queue is moved up once a turn, not with each of the pipe's bites: a large paste would cost its square. */
static enum console_io_result write_queue(struct console *c, struct err *e)
{
	enum console_io_result r = CONSOLE_IO_OK;
	size_t done = 0;

	c->untried = false;
	while (done < c->queue.len && r == CONSOLE_IO_OK) {
		size_t n = 0;

		r = c->io.ops->write(c->io.self, c->queue.data + done, c->queue.len - done, &n, e);
		done += r == CONSOLE_IO_OK ? n : 0;
	}
	buf_consume(&c->queue, done);
	return r;
}

static enum console_io_result read_some(struct console *c, size_t *ret_total, struct err *e)
{
	char data[CHUNK];
	size_t total = 0, n;
	enum console_io_result r = CONSOLE_IO_OK;

	while (total < CONSOLE_TURN_BYTES) {
		n = 0;
		r = c->io.ops->read(c->io.self, data, MIN(sizeof(data), CONSOLE_TURN_BYTES - total), &n, e);
		if (r != CONSOLE_IO_OK)
			break;
		if (c->tap)
			c->tap(c->tap_arg, data, n);
		emu_feed(c->emu, data, n);
		total += n;
	}
	c->more = r == CONSOLE_IO_OK;
	*ret_total = total;
	return r;
}

static enum console_io_result connect_on(struct console *c, unsigned *ret_events, struct err *e)
{
	enum console_io_result r = c->io.ops->step ? c->io.ops->step(c->io.self, e) : CONSOLE_IO_OK;

	if (r != CONSOLE_IO_OK)
		return r;
	c->state = CONSOLE_LIVE;
	*ret_events |= CONSOLE_STATE;
	if (c->io.ops->resize)
		c->io.ops->resize(c->io.self, emu_cols(c->emu), emu_rows(c->emu));
	return r;
}

static unsigned took_bytes(struct console *c, const char *old_title)
{
	unsigned events = CONSOLE_CHANGED;

	console_sync(c);
	emu_take_replies(c->emu, &c->queue);
	if (emu_take_bell(c->emu))
		events |= CONSOLE_BELL;
	if (strcmp(old_title, emu_title(c->emu)) != 0)
		events |= CONSOLE_TITLE;
	return events;
}

unsigned console_turn(struct console *c)
{
	struct err e = {0};
	unsigned events = 0;
	size_t n = 0;
	char title[EMU_TITLE_MAX + 1];
	enum console_io_result r;

	if (!c->io.ops)
		return 0;
	if (c->state == CONSOLE_CONNECTING) {
		r = connect_on(c, &events, &e);
		if (r != CONSOLE_IO_OK)
			return r == CONSOLE_IO_WAIT ? 0 : over(c, r, &e);
	}
	str_copy(title, sizeof(title), emu_title(c->emu));
	/* What the guest said before it ended is shown even when it does not listen any more: read before judging. */
	enum console_io_result w = write_queue(c, &e);
	struct err read_err = {0};

	r = read_some(c, &n, &read_err);
	if (n > 0) {
		events |= took_bytes(c, title);
		if (w == CONSOLE_IO_OK)
			w = write_queue(c, &e);
	}
	if (r == CONSOLE_IO_END || r == CONSOLE_IO_FAILED)
		return events | over(c, r, &read_err);
	if (n == 0 && (w == CONSOLE_IO_END || w == CONSOLE_IO_FAILED))
		return events | over(c, w, &e);
	return events;
}

enum console_state console_state(const struct console *c)
{
	return c->state;
}

const char *console_why(const struct console *c)
{
	return c->why;
}

const char *console_name(const struct console *c)
{
	return c->name;
}

const char *console_title(const struct console *c)
{
	return emu_title(c->emu);
}

struct emu *console_emu(struct console *c)
{
	return c->emu;
}

void console_tap(struct console *c, void (*fn)(void *arg, const void *data, size_t n), void *arg)
{
	c->tap = fn;
	c->tap_arg = arg;
}

/* --- to the guest --- */

static void queue(struct console *c, const void *data, size_t n)
{
	if (c->state == CONSOLE_LIVE && n > 0 && n <= CONSOLE_QUEUE_MAX - MIN(c->queue.len, CONSOLE_QUEUE_MAX)) {
		buf_add(&c->queue, data, n);
		c->untried = true;
	}
}

void console_send(struct console *c, const void *data, size_t n)
{
	console_scroll_end(c);
	queue(c, data, n);
}

void console_key(struct console *c, const struct keyenc_key *k)
{
	char bytes[KEYENC_MAX];

	console_send(c, bytes, keyenc_key(emu_modes(c->emu), k, bytes));
}

void console_focus(struct console *c, bool in)
{
	char bytes[KEYENC_MAX];

	queue(c, bytes, keyenc_focus(emu_modes(c->emu), in, bytes));
}

void console_paste(struct console *c, const char *text, size_t n)
{
	auto_buf bytes = {0};

	if (n > CONSOLE_QUEUE_MAX)
		return;
	keyenc_paste(emu_modes(c->emu), text, n, &bytes);
	console_send(c, bytes.data, bytes.len);
}

#define WHEEL_ROWS 3

bool console_mouse(struct console *c, const struct keyenc_mouse *ev)
{
	char bytes[KEYENC_MAX];
	bool up = ev->button == KEYENC_WHEEL_UP, wheel = up || ev->button == KEYENC_WHEEL_DOWN;
	size_t n = c->offset || c->copy.on ? 0 : keyenc_mouse(emu_modes(c->emu), ev, bytes);

	if (n > 0) {
		queue(c, bytes, n);
		return true;
	}
	if (!wheel || ev->motion != KEYENC_PRESS)
		return false;
	if (!emu_modes(c->emu)->alt_screen) {
		console_scroll(c, up ? WHEEL_ROWS : -WHEEL_ROWS);
		return false;
	}
	for (int i = 0; i < WHEEL_ROWS; i++)
		console_key(c, &(struct keyenc_key){.name = up ? KEYENC_UP : KEYENC_DOWN});
	return false;
}
