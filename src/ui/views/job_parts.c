/* SPDX-License-Identifier: MIT */
/*
 * See job_parts.h. Where all parts have room they stand in their own order and stay there; only where they do not, those that move
 * come to the top.
 */
#include "ui/views/job_parts.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "core/model/eta.h"
#include "core/model/size.h"
#include "ui/text.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/list.h"

#include <stdio.h>
#include <string.h>

#define MARGIN 3 /* as tables have it at the left */
#define RANKS 4

enum { COL_PART, COL_STATE, COL_BYTES, COL_PERCENT, COL_BAR, COL_RATE, COL_LEFT, COL_COUNT };

/* Numbers outlive the picture, and how much outlives how fast. */
static const struct column columns[COL_COUNT] = {
	[COL_PART] = {N_("LAYER"), 12, 12, 0, false, -1},  [COL_STATE] = {N_("STATE"), 12, 15, 0, false, -1},
	[COL_BYTES] = {N_("BYTES"), 9, 11, 0, true, -1},   [COL_PERCENT] = {"", 4, 4, 1, true, -1},
	[COL_BAR] = {"", 8, 30, 3, false, -1},		   [COL_RATE] = {N_("RATE"), 7, 8, 2, true, -1},
	[COL_LEFT] = {N_("LEFT"), 6, 8, 4, true, -1},
};

struct part_face {
	const char *word;
	enum role role;
	int rank; /* what is under way, what waits, what is through */
};

static const struct part_face faces[OP_PART_STATE_COUNT] = {
	[OP_PART_WAITING] = {N_("waiting"), ROLE_DIM, 1},
	[OP_PART_CHECKING] = {N_("checking"), ROLE_BUSY, 0},
	[OP_PART_MOVING] = {N_("downloading"), ROLE_BUSY, 0},
	[OP_PART_RETRYING] = {N_("trying again"), ROLE_WARN, 0},
	[OP_PART_ELSEWHERE] = {N_("other process"), ROLE_BUSY, 0},
	[OP_PART_THERE] = {N_("downloaded"), ROLE_OK, 2},
	[OP_PART_UNPACKING] = {N_("unpacking"), ROLE_BUSY, 0},
	[OP_PART_UNPACKED] = {N_("unpacked"), ROLE_OK, 3},
};

static bool is_stalled(const struct job_part *p)
{
	return p->state == OP_PART_MOVING && p->rate == 0;
}

/* Of a job that has ended nothing is under way any more. */
static struct part_face face_of(const struct job *j, const struct job_part *p)
{
	if (!job_is_active(j) && faces[p->state].rank == 0 && p->done < p->total)
		return (struct part_face){p->done > 0 ? N_("stopped") : N_("waiting"), ROLE_DIM, 1};
	if (!job_is_active(j) && faces[p->state].rank == 0)
		return faces[OP_PART_THERE];
	if (is_stalled(p))
		return (struct part_face){N_("stalled"), ROLE_WARN, 0};
	if (p->state == OP_PART_THERE && p->kept == p->total)
		return (struct part_face){N_("cached"), ROLE_OK, 2};
	return faces[p->state];
}

static bool is_part_way(const struct job_part *p)
{
	return p->done > 0 && p->done < p->total;
}

static void paint_numbers(struct canvas *c, const struct column_place *p, int x, int y, const struct job_part *part)
{
	char done[SIZE_TEXT], total[SIZE_TEXT], text[64];
	int permille = part->total > 0 ? (int)(MIN(part->done, part->total) * 1000 / part->total) : 1000;

	size_human((uint64_t)part->total, total);
	if (is_part_way(part))
		snprintf(text, sizeof(text), "%s/%s", size_human((uint64_t)part->done, done), total);
	canvas_right(c, x + p[COL_BYTES].x, y, ROLE_TEXT, p[COL_BYTES].w, is_part_way(part) ? text : total);
	if (part->state == OP_PART_WAITING && !part->done)
		return;
	snprintf(text, sizeof(text), "%d%%", permille / 10);
	canvas_right(c, x + p[COL_PERCENT].x, y, ROLE_TEXT, p[COL_PERCENT].w, text);
	chart_bar(c, x + p[COL_BAR].x, y, p[COL_BAR].w, permille == 1000 ? ROLE_OK : ROLE_BUSY, permille);
}

static void paint_part(struct canvas *c, const struct column_place *p, int x, int y, const struct job *j, const struct job_part *part)
{
	struct part_face face = face_of(j, part);
	char text[TEXT_SHORT + 8], buf[ETA_TEXT];
	int64_t left = eta_ms(part->done, part->total, part->rate);

	canvas_text(c, x + p[COL_PART].x, y, ROLE_TEXT, p[COL_PART].w, part->name);
	canvas_text(c, x + p[COL_STATE].x, y, face.role, p[COL_STATE].w, _(face.word));
	paint_numbers(c, p, x, y, part);
	if (!job_is_active(j) || part->rate <= 0)
		return;
	snprintf(text, sizeof(text), "%s/s", text_rate((uint64_t)part->rate, buf));
	canvas_right(c, x + p[COL_RATE].x, y, ROLE_TEXT, p[COL_RATE].w, text);
	if (left >= 0)
		canvas_right(c, x + p[COL_LEFT].x, y, ROLE_DIM, p[COL_LEFT].w, eta_text(left, buf));
}

static void paint_head(struct canvas *c, const struct column_place *p, int x, int y)
{
	for (size_t i = 0; i < COL_COUNT; i++) {
		const char *title = columns[i].title[0] ? _(columns[i].title) : "";

		if (columns[i].right)
			canvas_right(c, x + p[i].x, y, ROLE_HEAD, p[i].w, title);
		else
			canvas_text(c, x + p[i].x, y, ROLE_HEAD, p[i].w, title);
	}
}

/* "… and 23 more: 12 waiting, 8 unpacked", of those that were not painted. */
static void paint_rest(struct canvas *c, struct rect r, const struct job *j, const struct world_parts *parts, const bool *painted)
{
	size_t more = 0, n = 0;
	char text[256];

	for (size_t i = 0; i < parts->n; i++)
		more += !painted[i];
	n = (size_t)snprintf(text, sizeof(text), ngettext("and %zu more", "and %zu more", more), more);
	for (size_t i = 0, told = 0; i < parts->n; i++) {
		const char *word = face_of(j, &parts->parts[i]).word;
		size_t same = 0;
		bool first = !painted[i];

		for (size_t k = 0; k < parts->n; k++) {
			bool is_same = !painted[k] && strcmp(face_of(j, &parts->parts[k]).word, word) == 0;

			first &= !(is_same && k < i);
			same += is_same;
		}
		if (first && n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%zu %s", told++ ? ", " : ": ", same, _(word));
	}
	canvas_text(c, r.x + MARGIN, r.y, ROLE_DIM, r.w - MARGIN - 1, text);
}

int job_parts_height(const struct world_parts *parts)
{
	return (int)MIN(parts->n, (size_t)OP_PARTS_MAX) + 2; /* rule and head */
}

void job_parts_paint(struct canvas *c, struct rect r, const struct job *j, const struct world_parts *parts)
{
	struct column_place places[COLUMNS_MAX];
	bool painted[OP_PARTS_MAX] = {false}, all;
	size_t room;

	if (r.h > 4)
		canvas_hline(c, r.x, r.y, r.w, ROLE_RULE);
	if (r.h > 4)
		rect_take_top(&r, 1);
	columns_layout(columns, COL_COUNT, r.w - MARGIN - 1, places);
	if (r.h > 2)
		paint_head(c, places, r.x + MARGIN, rect_take_top(&r, 1).y);
	all = parts->n <= (size_t)r.h;
	room = all ? parts->n : (size_t)MAX(0, r.h - 1);
	for (int rank = 0; rank < RANKS && room > 0; rank++)
		for (size_t i = 0; i < parts->n && room > 0; i++) {
			if (painted[i] || (!all && face_of(j, &parts->parts[i]).rank != rank))
				continue;
			painted[i] = true;
			room--;
			paint_part(c, places, r.x + MARGIN, rect_take_top(&r, 1).y, j, &parts->parts[i]);
		}
	if (r.h > 0 && memchr(painted, 0, parts->n))
		paint_rest(c, r, j, parts, painted);
}

bool job_parts_elsewhere(const struct world_parts *parts)
{
	size_t elsewhere = 0, here = 0;

	for (size_t i = 0; parts && i < parts->n; i++) {
		elsewhere += parts->parts[i].state == OP_PART_ELSEWHERE;
		here += parts->parts[i].state != OP_PART_ELSEWHERE && faces[parts->parts[i].state].rank == 0;
	}
	return elsewhere && !here;
}

/* Append where it fits, and nothing any more where one did not. */
static void add(char *ret, size_t size, int *max, const char *piece)
{
	size_t n = strlen(ret);
	int gap = n ? 2 : 0;

	if (!*piece)
		return;
	if (utf8_str_width(ret) + gap + utf8_str_width(piece) <= *max && n + (size_t)gap + strlen(piece) < size)
		snprintf(ret + n, size - n, "%*s%s", gap, "", piece);
	else
		*max = 0;
}

static const char *rate_piece(const struct job *j, char *ret, size_t size)
{
	char rate[TEXT_SHORT];

	ret[0] = 0;
	if (j->rate > 0)
		snprintf(ret, size, "%s/s", text_rate((uint64_t)j->rate, rate));
	else if (j->rate == 0 && j->done < j->total)
		str_copy(ret, size, _("stalled"));
	return ret;
}

/* Never less than one of its parts alone. */
static int64_t left_ms(const struct job *j, const struct world_parts *parts)
{
	int64_t left = eta_ms(j->done, j->total, j->rate);

	for (size_t i = 0; left >= 0 && parts && i < parts->n; i++)
		left = MAX(left, eta_ms(parts->parts[i].done, parts->parts[i].total, parts->parts[i].rate));
	return left;
}

static const char *left_piece(const struct job *j, const struct world_parts *parts, char *ret, size_t size)
{
	int64_t left = left_ms(j, parts);
	char text[ETA_TEXT];

	ret[0] = 0;
	if (left >= 0)
		snprintf(ret, size, _("%s left"), eta_text(left, text));
	return ret;
}

char *job_speed_text(const struct job *j, const struct world_parts *parts, char *ret, size_t size)
{
	int max = (int)size;
	char piece[64];

	ret[0] = 0;
	add(ret, size, &max, rate_piece(j, piece, sizeof(piece)));
	add(ret, size, &max, left_piece(j, parts, piece, sizeof(piece)));
	return ret;
}

char *job_progress_text(const struct job *j, const struct world_parts *parts, bool speed, int max, char *ret, size_t size)
{
	char done[SIZE_TEXT], total[SIZE_TEXT], piece[64];

	ret[0] = 0;
	if (j->total > 0 && j->done >= 0) {
		snprintf(piece, sizeof(piece), "%3d%%", (int)(MIN(j->done, j->total) * 100 / j->total));
		add(ret, size, &max, piece);
		snprintf(piece, sizeof(piece), "%s/%s", size_human((uint64_t)j->done, done), size_human((uint64_t)j->total, total));
		add(ret, size, &max, piece);
	} else if (j->done > 0) {
		add(ret, size, &max, size_human((uint64_t)j->done, done));
	} else if (j->steps) {
		snprintf(piece, sizeof(piece), "%d/%d", j->step, j->steps);
		add(ret, size, &max, piece);
	}
	if (speed) {
		add(ret, size, &max, rate_piece(j, piece, sizeof(piece)));
		add(ret, size, &max, left_piece(j, parts, piece, sizeof(piece)));
	}
	return ret;
}
