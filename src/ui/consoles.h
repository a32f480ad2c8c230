/* SPDX-License-Identifier: MIT */
/*
 * The open consoles: one tab each, fed from the loop whether they are in sight or not.
 *
 * Each console is read at most 64 KiB a turn, and painted when a frame is due, so a flood in one delays neither keys nor
 * the others. UI thread only.
 */
#ifndef UI_CONSOLES_H
#define UI_CONSOLES_H

#include "core/model/vm.h"
#include "ui/term/console.h"

struct loop;
struct consoles;

#define CONSOLES_MAX 64

struct console_tab {
	char vm_id[ID_SIZE];
	char boot_id[ID_SIZE]; /* of the run its shell is in */
	char name[VM_NAME_SIZE];
	int number; /* of this machine: dev, dev·2 */
	struct console *console;
	bool seen;	   /* false: something came while it was out of sight */
	bool reconnecting; /* a session was asked for; the next one for this machine is its own */
	uint64_t watch;	   /* in the loop */
	int fd;
};

/* `changed` is called when a picture, a title or a state changed. */
struct consoles *consoles_new(struct loop *l, void (*changed)(void *arg), void *arg);
void consoles_free(struct consoles *cs);
size_t consoles_count(const struct consoles *cs);
struct console_tab *consoles_at(struct consoles *cs, size_t i);
size_t consoles_current(const struct consoles *cs);
void consoles_select(struct consoles *cs, size_t i);
/* A pipe to a shell in that run of a machine, owned from now on: a new tab, selected, or the dead one that waits for it. The pipe is
 * closed at once when there are CONSOLES_MAX. Returns the tab's position. */
size_t consoles_add(struct consoles *cs, const struct vm *vm, struct console_io io);
/* No session is on its way to this machine any more: a tab that waited for one stays dead. */
void consoles_settle(struct consoles *cs, const char *vm_id);
void consoles_close(struct consoles *cs, size_t i);
/* The size of the guest's screen from now on, for all. */
void consoles_resize(struct consoles *cs, int cols, int rows);
void consoles_size(const struct consoles *cs, int *ret_cols, int *ret_rows);
/* Look after the descriptors: after something was typed or attached. */
void consoles_rearm(struct consoles *cs);

#endif
