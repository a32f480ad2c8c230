/* SPDX-License-Identifier: MIT */
/*
 * Key bar, toast and the newest job.
 *
 * The bar is generated from the action table and the keymap, so it can only show what works; an error stays longer than
 * a message because it has to be read.
 */
#include "ui/status.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/model/ociref.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

#define NAME_CELLS 24 /* of a job's target at most, */
#define NAME_LEAST 12 /* and where what it does needs the room */
#define STAGE_CELLS 28

#define TOAST_MS 4000
#define TOAST_ERROR_MS 10000
#define TOAST_READ_MS 1200

void status_toast(struct status *s, enum role role, const char *text, int64_t now_ms)
{
	str_copy(s->toast, sizeof(s->toast), text);
	s->role = role;
	s->since_ms = now_ms;
	s->until_ms = now_ms + (role == ROLE_ERR ? TOAST_ERROR_MS : TOAST_MS);
}

void status_key(struct status *s, int64_t now_ms)
{
	if (now_ms - s->since_ms >= TOAST_READ_MS)
		s->until_ms = 0;
}

int64_t status_left_ms(const struct status *s, int64_t now_ms)
{
	if (!s->until_ms || now_ms >= s->until_ms)
		return -1;
	return s->until_ms - now_ms;
}

/* "TARGET STAGE" in at most `room` cells: of the one its end stays, of the other its beginning. */
static void job_words(const struct job *j, int room, struct buf *out)
{
	char spelled[OCI_REF_SIZE], tail[OCI_REF_SIZE + 4];
	const char *name = oci_ref_short(j->target, spelled);
	int stage = MIN(STAGE_CELLS, utf8_str_width(j->stage));
	int cells = MIN(MIN(NAME_CELLS, utf8_str_width(name)), MAX(NAME_LEAST, room - 1 - stage));

	buf_adds(out, utf8_tail(name, cells, tail, sizeof(tail)));
	stage = MIN(stage, room - 1 - cells);
	if (stage > 0)
		buf_addf(out, " %.*s", (int)utf8_fit(j->stage, stage, NULL), j->stage);
}

/* "ci-2 starting 4/7 12s": the newest unfinished job. Returns the cells it took at the right. */
static int paint_job(const struct status_args *a, struct canvas *c, struct rect r)
{
	char age[TEXT_SHORT], count[32] = "";
	auto_buf text = {0};
	const struct job *j = NULL;
	int w;

	for (size_t i = 0; i < a->world->n_jobs && !j; i++)
		if (a->world->jobs[i].state == JOB_RUNNING)
			j = &a->world->jobs[i];
	if (!j || r.w < 60)
		return 0;
	if (j->total > 0)
		snprintf(count, sizeof(count), " %d%%", job_permille(j) / 10);
	else if (j->steps)
		snprintf(count, sizeof(count), " %d/%d", j->step, j->steps);
	if (j->total > 0)
		age[0] = 0;
	else
		text_duration(j->started_ms ? a->wall_ms - j->started_ms : 0, age);
	job_words(j, r.w / 2 - 1 - utf8_str_width(count) - (age[0] ? 2 + utf8_str_width(age) : 0), &text);
	buf_addf(&text, "%s%s%s", count, age[0] ? "  " : "", age);
	w = utf8_str_width(buf_cstr(&text)) + 1;
	canvas_text(c, r.x + r.w - w, r.y, ROLE_BUSY, w - 1, buf_cstr(&text));
	return w + 1;
}

static const char *label_of(const struct status_args *a, enum action act)
{
	const char *name = _(action_info(act)->name);

	return a->view->ops->label ? a->view->ops->label(a->view, act, name) : name;
}

static void paint_keys(const struct status_args *a, struct canvas *c, struct rect r)
{
	int x = r.x + 1, end = r.x + r.w;

	for (enum action act = ACTION_NONE + 1; act < ACTION_COUNT; act++) {
		const struct action_info *info = action_info(act);
		char name[KEY_NAME_SIZE];
		const char *label;
		struct key k;

		if (!(info->flags & ACT_BAR) || !(info->ctx & a->ctx) || !keymap_key_of(a->keymap, act, &k))
			continue;
		if (a->readonly && (info->flags & ACT_CHANGES))
			continue;
		label = label_of(a, act);
		if (!label)
			continue;
		key_show(k, c->ascii, name);
		/* Room for "? help" is never given away: it leads to all the rest. */
		if (x + utf8_str_width(name) + 1 + utf8_str_width(label) > end - (act == ACTION_HELP ? 0 : 8))
			continue;
		x += canvas_text(c, x, r.y, ROLE_KEY, end - x, name) + 1;
		x += canvas_text(c, x, r.y, ROLE_DIM, end - x, label) + 2;
	}
}

void status_paint(const struct status_args *a, struct canvas *c, struct rect r)
{
	canvas_fill(c, r, ROLE_TEXT);
	if (status_left_ms(a->status, a->now_ms) >= 0) {
		canvas_text(c, r.x + 1, r.y, a->status->role, r.w - 2, a->status->toast);
		return;
	}
	r.w -= paint_job(a, c, r);
	if (a->keybar)
		paint_keys(a, c, r);
}
