/* SPDX-License-Identifier: MIT */
/*
 * See job_why.h.
 */
#include "ui/views/job_why.h"

#include "base/i18n.h"
#include "core/model/ociref.h"
#include "ui/text.h"
#include "ui/widgets/page.h"

#define AIRY 13	      /* rows: in more there is one to spare beneath the title */
#define PAGE_ROWS 200 /* more than a reason takes on the narrowest terminal */

int job_why_paint(struct canvas *c, struct rect r, const struct job *j)
{
	int lines;

	if (j->state != JOB_FAILED)
		return 0;
	lines = canvas_wrap(c, r, ROLE_ERR, j->err.msg);
	rect_take_top(&r, lines);
	return lines + canvas_wrap(c, r, ROLE_ACCENT, j->err.hint);
}

/* Scrolled: painted higher than it is cut. */
void job_page_paint(struct job_page *p, const struct job *j, struct canvas *c, struct rect r)
{
	struct rect title = rect_take_top(&r, r.h > AIRY ? 2 : 1), page, old;
	char name[OCI_REF_SIZE], at[TEXT_SHORT];

	canvas_textf(c, title.x + 1, title.y, ROLE_TITLE, title.w - 2, "%s %s  %s", request_kind_to_string(j->kind),
		     oci_ref_short(j->target, name), job_state_to_string(j->state));
	p->height = r.h;
	p->top = MAX(0, MIN(p->top, p->rows - r.h));
	page = (struct rect){r.x, r.y - p->top, r.w, PAGE_ROWS};
	old = canvas_clip(c, r);
	rect_take_top(&page, job_why_paint(c, (struct rect){page.x + 2, page.y, page.w - 3, page.h}, j));
	rect_take_top(&page, 1);
	page_row(c, &page, ROLE_TEXT, _("what"), j->target);
	page_row(c, &page, ROLE_TEXT, _("when"), text_clock(j->queued_ms, at));
	page_row(c, &page, ROLE_TEXT, _("operation"), j->op_id);
	canvas_clip(c, old);
	p->rows = page.y - r.y + p->top;
}

bool job_page_scroll(struct job_page *p, enum action a)
{
	int by;

	switch (a) {
	case ACTION_DOWN:
	case ACTION_UP:
		by = a == ACTION_DOWN ? 1 : -1;
		break;
	case ACTION_PAGE_DOWN:
	case ACTION_PAGE_UP:
		by = a == ACTION_PAGE_DOWN ? p->height : -p->height;
		break;
	case ACTION_TOP:
	case ACTION_BOTTOM:
		by = a == ACTION_TOP ? -p->rows : p->rows;
		break;
	default:
		return false;
	}
	p->top = MAX(0, MIN(p->top + by, p->rows - p->height));
	return true;
}
