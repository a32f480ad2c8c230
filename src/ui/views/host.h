/* SPDX-License-Identifier: MIT */
/*
 * Between host.c (the view, its overview) and host_checks.c (the doctor's lines).
 */
#ifndef UI_VIEWS_HOST_H
#define UI_VIEWS_HOST_H

#include "ui/view.h"
#include "ui/widgets/list.h"
#include "ui/widgets/page.h"

struct host {
	struct view view;
	struct list list; /* of the doctor's lines: what is wrong first */
	bool on_checks;	  /* narrow: they are shown in place of the overview */
	bool is_wide;	  /* as painted: both are shown */
	int cols;	  /* of the screen */
	bool asked;	  /* the doctor was asked to look */
	struct page_scroll overview;
	struct rect checks_rect; /* the lines, as painted */
	char id[32];		 /* host_check_rows' answer */
};

extern const struct list_rows host_check_rows;

/* The line under the cursor, or NULL. */
const struct check_line *host_check(const struct host *v);
/* "✗ 1 failure  ▲ 2 warnings  ✓ 25", and its colour. */
enum role host_checks_sum(const struct host *v, char *ret, size_t size);
void host_paint_checks(struct host *v, struct canvas *c, struct rect r);
/* Ask whether what the line under the cursor lists is to be removed. What is not ours to remove has its command copied, when
 * `copy` says so. */
void host_mend(struct host *v, bool copy);

#endif
