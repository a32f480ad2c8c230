/* SPDX-License-Identifier: MIT */
/*
 * The question before something that cannot be taken back (struct ask in app.h): keeps the focus on Keep, so that Enter
 * by habit loses nothing.
 */
#ifndef UI_WIDGETS_DIALOG_H
#define UI_WIDGETS_DIALOG_H

#include "ui/app.h"
#include "ui/widgets/edit.h"

struct dialog {
	bool open;
	bool on_yes; /* the focused button */
	struct ask ask;
	struct edit typed;
};

enum dialog_answer { DIALOG_PENDING, DIALOG_YES, DIALOG_KEEP };

void dialog_open(struct dialog *d, const struct ask *q); /* takes q's refs over */
void dialog_close(struct dialog *d);
enum dialog_answer dialog_key(struct dialog *d, struct key k);
enum dialog_answer dialog_mouse(struct dialog *d, const struct mouse *m, struct rect screen);
void dialog_paint(const struct dialog *d, struct canvas *c);

#endif
