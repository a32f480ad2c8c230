/* SPDX-License-Identifier: MIT */
/*
 * A form: labelled fields, each with a note at its right and, when it is wrong, a sentence beneath it.
 *
 * The form knows nothing of what its fields mean: after every change the owner sets notes and errors. Enter asks for
 * the whole; the owner decides whether everything is right.
 */
#ifndef UI_WIDGETS_FORM_H
#define UI_WIDGETS_FORM_H

#include "ui/view.h"
#include "ui/widgets/edit.h"

#define FORM_FIELDS 14

enum field_kind { FIELD_TEXT, FIELD_CHOICE, FIELD_SWITCH };

struct field {
	enum field_kind kind;
	const char *label; /* translated */
	struct edit edit;  /* text; a choice may be typed too */
	bool on;	   /* switch */
	bool touched;	   /* by the person: defaults do not overwrite it any more */
	char note[80];	   /* where a default comes from */
	char error[256];   /* empty = right */
	struct rect rect;  /* as painted */
};

struct form {
	struct field fields[FORM_FIELDS];
	size_t n, focus;
};

enum form_result { FORM_PASS, FORM_TAKEN, FORM_CHANGED, FORM_CYCLE_NEXT, FORM_CYCLE_PREV, FORM_SUBMIT, FORM_CANCEL };

/* CYCLE_*: the owner puts the next or previous value into the choice that has the focus. */
enum form_result form_key(struct form *f, struct key k);
enum form_result form_mouse(struct form *f, const struct mouse *m);
/* The rows all fields take, with the sentences beneath the wrong ones. */
int form_height(const struct form *f);
/* Paints as many fields as fit, the focused one among them; returns the first free row. */
int form_paint(struct form *f, struct canvas *c, struct rect r);
bool form_is_right(const struct form *f);
/* Move to the first field with an error; false when there is none. */
bool form_focus_error(struct form *f);

#endif
