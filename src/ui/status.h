/* SPDX-License-Identifier: MIT */
/*
 * The last line: what works on the focused thing now, and at its right the newest job or message. A toast stands in for
 * the key bar for a few seconds, never for the list.
 */
#ifndef UI_STATUS_H
#define UI_STATUS_H

#include "ui/keymap.h"
#include "ui/view.h"

struct status {
	char toast[512];
	enum role role;
	int64_t since_ms, until_ms; /* monotonic; until 0 = no toast */
};

void status_toast(struct status *s, enum role role, const char *text, int64_t now_ms);
/* Milliseconds the toast still stands, -1 = none. Drops it when its time is over. */
int64_t status_left_ms(const struct status *s, int64_t now_ms);

/* A key was pressed: a toast that could be read by now goes. */
void status_key(struct status *s, int64_t now_ms);

struct status_args {
	const struct status *status;
	const struct keymap *keymap;
	const struct view *view;
	const struct world *world;
	unsigned ctx;
	bool readonly, keybar;
	int64_t now_ms, wall_ms;
};

void status_paint(const struct status_args *a, struct canvas *c, struct rect r);

#endif
