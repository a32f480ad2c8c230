/* SPDX-License-Identifier: MIT */
/*
 * The keys of what has the focus, generated from the action table; letters typed narrow the list.
 */
#ifndef UI_HELP_H
#define UI_HELP_H

#include "ui/keymap.h"
#include "ui/widgets/edit.h"

struct help {
	bool open;
	unsigned ctx; /* what had the focus */
	int top;
	int rows, height; /* of the last paint */
	bool finding;	  /* "/" was pressed: letters go to the filter */
	struct edit filter;
};

void help_open(struct help *h, unsigned ctx);
/* False when the key closes the page. */
bool help_key(struct help *h, const struct keymap *m, struct key k);
void help_paint(struct help *h, const struct keymap *m, struct canvas *c, struct rect r);

#endif
