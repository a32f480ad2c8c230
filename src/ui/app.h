/* SPDX-License-Identifier: MIT */
/*
 * The console without a terminal: events and keys in, a painted canvas out.
 *
 * The first half is for whoever drives it (ui.c with a real terminal, tests without one); the second is what views may
 * ask for. Modal questions are state, never nested loops: app_ask() returns at once. UI thread only; nothing blocks.
 */
#ifndef UI_APP_H
#define UI_APP_H

#include "core/engine/engine.h"
#include "ui/keymap.h"
#include "ui/view.h"

struct console_io;
struct consoles;
struct loop;
struct ssh;

struct app_args {
	int cols, rows;
	bool readonly;
	bool mouse;
	int64_t (*wall_ms)(void); /* NULL = clock_wall_ms */
	int64_t (*mono_ms)(void); /* NULL = clock_mono_ms */
	const char *escape;	  /* the consoles' prefix key; NULL = ctrl-] */
	/* The pipe over a finished session, which it owns; NULL = console_ssh_io(). Tests have pipes of their own. */
	struct console_io (*console_io)(struct ssh *session);
	struct loop *loop; /* consoles watch their sockets here; may be NULL where there are none */
};

/* What the driver has to do for the app: read and cleared by app_take_wishes(). */
#define WISH_REDRAW 1u
#define WISH_SUSPEND 2u
#define WISH_QUIT 4u
#define WISH_MOUSE 8u /* app_mouse_on() changed */
#define WISH_HELPER 16u /* leave the screen and start the helper: port.start_helper() */

struct app *app_new(const struct app_args *a);
void app_free(struct app *app);
/* The engine is there; borrowed until app_free(). */
void app_attach(struct app *app, const struct engine_port *port);
/* The engine could not be opened. */
void app_engine_failed(struct app *app, const struct err *e);
/* Take at most `max` events from the port; true when there may be more. */
bool app_pump(struct app *app, int max);
/* One event by hand. A console's session is taken over. */
void app_event(struct app *app, const struct event *ev);
void app_key(struct app *app, struct key k);
void app_mouse(struct app *app, const struct mouse *m);
void app_resize(struct app *app, int cols, int rows);
/* Something changed since the last paint. */
bool app_is_dirty(const struct app *app);
/* Milliseconds until something shown runs out (a toast), -1 = never. */
int64_t app_next_change_ms(const struct app *app);
/* Recalculate what changed and paint everything. The canvas is sized here. */
void app_paint(struct app *app, struct canvas *c);
unsigned app_take_wishes(struct app *app);
bool app_mouse_on(const struct app *app);
/* Text for the terminal's clipboard since the last call, or NULL; the caller frees it. */
char *app_take_clipboard(struct app *app);
/* A line for the shell after the end: which machines keep running. Empty when none. */
void app_farewell(const struct app *app, struct buf *out);
/* Run a palette line: "stop web1", "save-screen /tmp/x". What it cannot mean is told on the screen, and through e: -1, or 1
 * where it was done for the other machines it names. */
int app_command(struct app *app, const char *line, struct err *e);

/* ---- for views ---- */

const struct world *app_world(const struct app *app);
struct loop *app_loop(const struct app *app);
struct consoles *app_consoles(const struct app *app);
const struct keymap *app_keymap(const struct app *app);
int64_t app_wall_ms(const struct app *app);
int64_t app_mono_ms(const struct app *app);
bool app_readonly(const struct app *app);
/* Is what comes as keys just now pasted text? */
bool app_pasting(const struct app *app);
/* Something is to be painted anew. */
void app_dirty(struct app *app);
/* What changed outside the world: views watching `bits` are recalculated. */
void app_touch(struct app *app, unsigned bits);
void app_go(struct app *app, enum view_id id);
/* Back from a form to what was shown before. */
void app_leave_form(struct app *app);
/* Open the create form with this image (NULL = the default one). */
void app_new_vm(struct app *app, const char *image);
const char *app_new_vm_image(const struct app *app);

/* What a file is chosen for (views/import.h). */
enum import_purpose { IMPORT_IMAGE, IMPORT_KERNEL, IMPORT_PURPOSES };

/* Open the browser to import something, at this path as a person types one; NULL = where the last one was. */
void app_import(struct app *app, enum import_purpose what, const char *path);
enum import_purpose app_import_purpose(const struct app *app);
/* The path given to app_import(), or the directory used last in this session; "" = where the program was started. */
const char *app_import_start(const struct app *app, bool *ret_typed);
void app_import_remember(struct app *app, const char *dir);
/* Ask what is in a directory: world->dir has the answer, and no earlier one's any more. False: it cannot be asked yet. */
bool app_list_dir(struct app *app, const char *path);
void app_forget_dir(struct app *app);
/* Go to Activity, with the cursor on that job as soon as it is told of; 0: no job is waited for any more. */
void app_show_job(struct app *app, uint64_t job);
uint64_t app_shown_job(const struct app *app);
/* Back to the view in which app_show_job() was called; false where Activity was come to in another way. */
bool app_go_back(struct app *app);
/* Go to a view with a list, the cursor on the row of that id; false, and nothing happens, where it has no such row. */
bool app_show_row(struct app *app, enum view_id id, const char *row);

/* The machine this job makes gets the cursor of the list once it is there; 0 = none is waited for any more. */
void app_follow_new(struct app *app, uint64_t job);
/* Its id; empty until it is known, and when none is waited for. */
const char *app_followed(const struct app *app);

/* A sentence in place of the key bar for a few seconds. */
void app_toast(struct app *app, enum role role, const char *fmt, ...) PRINTF(3, 4);
/* Hand the request over; a refusal becomes a toast. Returns the job, 0 = refused. */
uint64_t app_submit(struct app *app, const struct request *r);
/* ... whose words are given through e, too. */
uint64_t app_submit_told(struct app *app, const struct request *r, struct err *e);
void app_cancel(struct app *app, uint64_t job);
/* Start banger-helper, if it can be: a person may be asked for a password on the terminal. */
void app_start_helper(struct app *app);
/* Open a shell in a running VM: the console view shows it when it is ready. */
void app_open_console(struct app *app, const char *vm_id);
/* Follow this VM's serial log ("" = none) into world->log. */
void app_watch_log(struct app *app, const char *vm_id);
void app_copy(struct app *app, const char *text);

/* Ask what emptying the cache of images would remove, and then the person whether it shall. */
void app_prune(struct app *app);

#define ASK_LINES 8

/* A question before something that cannot be taken back. Keep has the focus; only y says yes. */
struct ask {
	char title[96];
	char lines[ASK_LINES][160]; /* what is lost, one fact a line, broken where it is too long; the first empty one ends */
	char yes[32];		    /* the word on the button: "Delete"; empty: nothing is asked, only explained */
	char keep[32];		    /* "Keep" */
	char typed[64];		    /* when set, this must be typed in full before y counts */
	bool quit;		    /* yes = leave the program */
	struct request req;	    /* submitted once for each of refs, with it as `ref` */
	char (*refs)[LIST_ID_SIZE]; /* owned by the app from app_ask() on */
	size_t n_refs;
};

/* Put the question; its refs are taken over. */
void app_ask(struct app *app, const struct ask *q);

/* Do a machine action (START, STOP, START_STOP, RESTART, KILL, DELETE, SHELL, COMMIT) to these ids. */
void app_vm_action(struct app *app, enum action a, const char (*ids)[LIST_ID_SIZE], size_t n);
/* Ask for a machine to be saved as an image of that name. */
void app_vm_commit(struct app *app, const char *id, const char *image);

#endif
