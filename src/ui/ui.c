/* SPDX-License-Identifier: MIT */
/*
 * The console's loop: terminal, engine and script around the app.
 *
 * A frame is drawn in the prepare hook: at once after a key, and for everything else at most 30 times a second. The
 * engine is opened after the first frame. Each turn takes a bounded number of events, so a flood of them delays a key
 * by one such slice and no more.
 */
#include "ui/ui.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/tell.h"
#include "ui/app.h"
#include "ui/input.h"
#include "ui/screen.h"
#include "ui/script.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define FRAME_MS 33
#define EVENTS_A_TURN 512
#define KEYS_A_TURN 256

struct ui {
	const struct ui_args *args;
	struct loop *loop;
	struct app *app;
	struct canvas canvas;
	struct engine_port port;
	bool attached;
	struct script *script;
	bool urgent; /* a key was pressed: do not wait for the frame's time */
	int64_t last_frame_ms;
	uint64_t frame_timer;
	uint64_t engine_watch;
	struct err failure; /* of the script */
};

static void frame_due(void *arg)
{
	struct ui *u = arg;

	/* The prepare hook draws: it runs before the next wait in any case. What ran out (a toast) is painted anew. */
	u->frame_timer = 0;
	app_dirty(u->app);
}

static void wake_in(struct ui *u, int64_t ms)
{
	if (u->frame_timer)
		loop_remove(u->loop, u->frame_timer);
	u->frame_timer = loop_timer(u->loop, ms, frame_due, u);
}

/* A ctrl-c that ended the question was meant for that, and not for us. */
static void drop_interrupts(void)
{
	static const struct timespec now;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	while (sigtimedwait(&set, NULL, &now) > 0)
		;
}

static void come_back(struct ui *u)
{
	int cols, rows;

	screen_size(&cols, &rows);
	app_resize(u->app, cols, rows);
}

static void start_helper(struct ui *u)
{
	struct err e = {0};

	screen_leave();
	tell(stdout, "%s\n", _("banger-helper makes bridges and mapped disks, and nothing else. ctrl-c leaves it be."));
	fflush(stdout);
	int rc = u->port.start_helper(u->port.self, &e);
	drop_interrupts();
	screen_return();
	come_back(u);
	if (rc == 0)
		app_toast(u->app, ROLE_OK, "%s", _("the helper runs: bridged machines and dm-snapshot disks work in this console"));
	else
		app_toast(u->app, ROLE_ERR, "%s%s%s", e.msg, e.hint[0] ? " — " : "", e.hint);
}

static void carry_out_wishes(struct ui *u)
{
	unsigned w = app_take_wishes(u->app);
	auto_free char *copy = app_take_clipboard(u->app);

	if (copy && !screen_copy(copy))
		app_toast(u->app, ROLE_WARN, "%s", _("too long to copy through the terminal"));
	if (w & WISH_MOUSE)
		screen_mouse(app_mouse_on(u->app));
	if (w & WISH_REDRAW)
		screen_redraw();
	if (w & WISH_SUSPEND) {
		screen_suspend();
		come_back(u);
	}
	if (w & WISH_HELPER && u->attached)
		start_helper(u);
	if (w & WISH_QUIT)
		loop_stop(u->loop);
}

static void draw(struct ui *u)
{
	app_paint(u->app, &u->canvas);
	screen_draw(&u->canvas);
	u->last_frame_ms = clock_mono_ms();
	u->urgent = false;
}

/* Steps that need a new picture get one; the rest run in one go. */
static void play(struct ui *u)
{
	enum script_result r = SCRIPT_GOES_ON;

	while (u->script && r == SCRIPT_GOES_ON) {
		r = script_step(u->script, u->app, &u->canvas, clock_mono_ms(), &u->failure);
		if (r == SCRIPT_GOES_ON) {
			carry_out_wishes(u);
			draw(u);
		}
	}
	if (r == SCRIPT_FAILED)
		loop_stop(u->loop);
	if (r == SCRIPT_FAILED || r == SCRIPT_DONE) {
		script_free(u->script);
		u->script = NULL;
	}
}

static void prepare(void *arg)
{
	struct ui *u = arg;
	int64_t now = clock_mono_ms(), left = u->last_frame_ms + FRAME_MS - now, next;

	carry_out_wishes(u);
	if (app_is_dirty(u->app) && (u->urgent || left <= 0)) {
		draw(u);
		left = FRAME_MS;
	}
	if (u->script)
		play(u);
	if (app_is_dirty(u->app))
		next = MAX((int64_t)1, left);
	else
		next = app_next_change_ms(u->app);
	if (u->script && (next < 0 || script_wait_ms(u->script, now) < next))
		next = script_wait_ms(u->script, now);
	if (next >= 0)
		wake_in(u, next);
}

static void on_events(void *arg, int fd, short revents)
{
	struct ui *u = arg;

	(void)fd;
	(void)revents;
	app_pump(u->app, EVENTS_A_TURN);
}

static void on_terminal(void *arg, int fd, short revents)
{
	struct ui *u = arg;
	struct input in = {0};

	(void)fd;
	(void)revents;
	for (int i = 0; i < KEYS_A_TURN; i++) {
		input_next(&in);
		if (in.kind == INPUT_NONE)
			return;
		if (in.kind == INPUT_END) {
			loop_stop(u->loop);
			return;
		}
		u->urgent = true;
		if (in.kind == INPUT_KEY)
			app_key(u->app, in.key);
		else
			app_mouse(u->app, &in.mouse);
	}
}

static void on_signal(void *arg, int signo)
{
	struct ui *u = arg;
	int cols, rows;

	if (signo != SIGWINCH) {
		loop_stop(u->loop);
		return;
	}
	screen_resized();
	screen_size(&cols, &rows);
	app_resize(u->app, cols, rows);
}

static void open_engine(void *arg)
{
	struct ui *u = arg;
	struct err e = {0};

	if (u->args->open_engine(u->args->arg, &u->port, &e) < 0) {
		log_err(NULL, &e);
		app_engine_failed(u->app, &e);
		return;
	}
	u->attached = true;
	app_attach(u->app, &u->port);
	u->engine_watch = loop_watch(u->loop, u->port.event_fd(u->port.self), POLLIN, on_events, u);
}

static int watch_signals(struct ui *u, struct err *e)
{
	static const int wanted[] = {SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		sigaddset(&set, wanted[i]);
	return loop_signals(u->loop, &set, on_signal, u, e) ? 0 : -1;
}

static int run(struct ui *u, struct err *e)
{
	struct app_args a = {.readonly = u->args->readonly,
			     .mouse = u->args->mouse,
			     .loop = u->loop,
			     .escape = u->args->escape,
			     .console_io = u->args->console_io};

	screen_size(&a.cols, &a.rows);
	input_init();
	u->app = app_new(&a);
	draw(u);
	if (u->args->ready_only)
		return 0;
	loop_watch(u->loop, STDIN_FILENO, POLLIN, on_terminal, u);
	loop_timer(u->loop, 0, open_engine, u);
	loop_prepare(u->loop, prepare, u);
	return loop_run(u->loop, e);
}

/* After the terminal was given back: what stays behind, and then the engine, which may take a moment to undo. */
static void say_farewell(struct ui *u)
{
	auto_buf text = {0};

	if (u->app)
		app_farewell(u->app, &text);
	if (u->app && u->attached && world_jobs_at_stake(app_world(u->app)))
		buf_adds(&text, _("undoing what is under way; ctrl-c leaves that to the next start\n"));
	tell(stdout, "%s", buf_cstr(&text));
	fflush(stdout);
}

/* From here on an interrupt ends the program wherever it hangs: what is left half done is taken up by the next one, as after any kill. */
static void let_interrupt(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	signal(SIGINT, SIG_DFL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int ui_main(const struct ui_args *a, struct err *e)
{
	struct ui u = {.args = a};
	struct screen_args sa = {.theme = a->theme, .ascii = a->ascii, .mouse = a->mouse};
	int rc = -1;

	if (a->script && !(u.script = script_load(a->script, e)))
		return -1;
	u.loop = loop_new(NULL);
	if (watch_signals(&u, e) == 0 && screen_open(&sa, e) == 0) {
		u.canvas.ascii = screen_is_ascii();
		rc = run(&u, e);
		screen_close();
		say_farewell(&u);
		let_interrupt();
	}
	app_free(u.app);
	if (u.attached)
		u.port.close(u.port.self);
	script_free(u.script);
	canvas_done(&u.canvas);
	loop_free(u.loop);
	if (rc == 0 && err_is_set(&u.failure)) {
		*e = u.failure;
		rc = -1;
	}
	return rc;
}
