/* SPDX-License-Identifier: MIT */
/*
 * Filter line and palette.
 *
 * Tab walks through the completions of what was typed; the first word completes to action names (any part of the name
 * or of its help matches, prefixes first), later words to the names of what that action is done to.
 */
#include "ui/prompt.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/model/ociref.h"
#include "ui/action.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

#define MATCHES_SHOWN 8

void prompt_done(struct prompt *p)
{
	for (size_t i = 0; i < p->n_history; i++)
		free(p->history[i]);
	*p = (struct prompt){0};
}

void prompt_open(struct prompt *p, enum prompt_kind kind, const char *text)
{
	p->kind = kind;
	p->at_history = p->n_history;
	p->completion = 0;
	p->wrong[0] = 0;
	edit_set(&p->edit, text);
}

void prompt_come_back(struct prompt *p, const char *wrong)
{
	p->kind = PROMPT_COMMAND;
	p->at_history = p->n_history;
	str_copy(p->wrong, sizeof(p->wrong), wrong);
}

static void remember(struct prompt *p, const char *line)
{
	if (!*line || (p->n_history && !strcmp(p->history[p->n_history - 1], line)))
		return;
	if (p->n_history == PROMPT_HISTORY) {
		free(p->history[0]);
		memmove(&p->history[0], &p->history[1], (PROMPT_HISTORY - 1) * sizeof(char *));
		p->n_history--;
	}
	p->history[p->n_history++] = xstrdup(line);
}

static void walk_history(struct prompt *p, int by)
{
	if (by < 0 && p->at_history > 0)
		p->at_history--;
	else if (by > 0 && p->at_history < p->n_history)
		p->at_history++;
	edit_set(&p->edit, p->at_history < p->n_history ? p->history[p->at_history] : "");
}

static size_t complete_action(const char *word, bool prefix, char (*ret)[EDIT_MAX], size_t n)
{
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT && n < PROMPT_MATCHES; a++) {
		const struct action_info *info = action_info(a);
		bool starts = !strncmp(info->name, word, strlen(word));

		if (prefix ? starts
			   : !starts && (text_contains(info->name, word) || text_contains(_(info->help), word)))
			str_copy(ret[n++], EDIT_MAX, info->name);
	}
	return n;
}

enum words { WORDS_NONE, WORDS_MACHINES, WORDS_IMAGES, WORDS_PULLABLE };

/* What the word at `last` of a line can be. */
static enum words words_of(const char *line, const char *last)
{
	char name[32];
	size_t n = strcspn(line, " ");
	bool first = line + n + strspn(line + n, " ") == last;

	str_copy(name, MIN(sizeof(name), n + 1), line);
	switch (action_find(name)) {
	case ACTION_START_STOP:
	case ACTION_START:
	case ACTION_STOP:
	case ACTION_RESTART:
	case ACTION_PAUSE:
	case ACTION_RESUME:
	case ACTION_KILL:
	case ACTION_SHELL:
	case ACTION_DELETE:
		return WORDS_MACHINES;
	case ACTION_COMMIT: /* what follows the machine is a new name */
		return first ? WORDS_MACHINES : WORDS_NONE;
	case ACTION_NEW:
		return first ? WORDS_IMAGES : WORDS_NONE;
	case ACTION_PULL:
		return first ? WORDS_PULLABLE : WORDS_NONE;
	default:
		return WORDS_NONE;
	}
}

static size_t complete_name(const char *line, const char *last, const char *name, char (*ret)[EDIT_MAX], size_t n)
{
	if (n == PROMPT_MATCHES || strncmp(name, last, strlen(last)) != 0)
		return n;
	snprintf(ret[n++], EDIT_MAX, "%.*s%s", (int)(last - line), line, name);
	return n;
}

/* A reference also as people type it. */
static size_t complete_image(const char *line, const char *last, const struct image *img, char (*ret)[EDIT_MAX], size_t n)
{
	char familiar[OCI_REF_SIZE];
	struct oci_ref ref;
	bool is_ref = oci_ref_is_spelled(img->name) && oci_ref_parse(img->name, &ref, NULL) == 0;
	size_t more = complete_name(line, last, is_ref ? oci_ref_familiar(&ref, familiar) : img->name, ret, n);

	return more > n ? more : complete_name(line, last, img->name, ret, n);
}

size_t prompt_complete(const struct world *w, const char *line, char (*ret)[EDIT_MAX])
{
	const char *last = strrchr(line, ' ');
	enum words words;
	size_t n = 0;

	if (!last) {
		n = complete_action(line, true, ret, 0);
		return complete_action(line, false, ret, n);
	}
	last++;
	words = words_of(line, last);
	switch (words) {
	case WORDS_MACHINES:
		for (size_t i = 0; i < w->n_vms; i++)
			n = complete_name(line, last, w->vms[i]->vm.name, ret, n);
		break;
	case WORDS_IMAGES:
	case WORDS_PULLABLE:
		for (size_t i = 0; i < w->n_images; i++)
			if (words == WORDS_IMAGES || w->images[i].in_catalog || w->images[i].reference[0])
				n = complete_image(line, last, &w->images[i], ret, n);
		break;
	default:
		break;
	}
	return n;
}

static void walk_completions(struct prompt *p, const struct world *w, bool back)
{
	char matches[PROMPT_MATCHES][EDIT_MAX];
	size_t n;

	if (!p->completion)
		str_copy(p->typed, sizeof(p->typed), p->edit.text);
	n = prompt_complete(w, p->typed, matches);
	if (!n)
		return;
	if (back)
		p->completion = p->completion > 1 ? p->completion - 1 : n;
	else
		p->completion = p->completion % n + 1;
	edit_set(&p->edit, matches[p->completion - 1]);
}

static enum prompt_result end(struct prompt *p, enum prompt_result r)
{
	if (r == PROMPT_ACCEPTED && p->kind == PROMPT_COMMAND)
		remember(p, p->edit.text);
	p->kind = PROMPT_NONE;
	return r;
}

/* Enter on a word that is no action takes the only or first thing it can become: ":sto" stops. */
static enum prompt_result accept(struct prompt *p, const struct world *w)
{
	char matches[PROMPT_MATCHES][EDIT_MAX];

	if (p->kind == PROMPT_COMMAND && p->edit.text[0] && !strchr(p->edit.text, ' ') &&
	    action_find(p->edit.text) == ACTION_NONE && prompt_complete(w, p->edit.text, matches))
		edit_set(&p->edit, matches[0]);
	return end(p, PROMPT_ACCEPTED);
}

enum prompt_result prompt_key(struct prompt *p, struct key k, const struct world *w)
{
	p->wrong[0] = 0;
	if (k.sym == SYM_ESC || (k.sym == SYM_CHAR && k.mods == KEY_MOD_CTRL && k.cp == 'c'))
		return end(p, PROMPT_ABANDONED);
	if (k.sym == SYM_ENTER)
		return accept(p, w);
	if (p->kind == PROMPT_COMMAND && k.sym == SYM_TAB) {
		walk_completions(p, w, k.mods & KEY_MOD_SHIFT);
		return PROMPT_CHANGED;
	}
	p->completion = 0;
	if (p->kind == PROMPT_COMMAND && (k.sym == SYM_UP || k.sym == SYM_DOWN)) {
		walk_history(p, k.sym == SYM_UP ? -1 : 1);
		return PROMPT_CHANGED;
	}
	if (k.sym == SYM_BACKSPACE && !p->edit.text[0])
		return end(p, PROMPT_ABANDONED);
	return edit_key(&p->edit, k) ? PROMPT_CHANGED : PROMPT_GOES_ON;
}

static void paint_matches(const struct prompt *p, struct canvas *c, struct rect r, const struct world *w)
{
	char matches[PROMPT_MATCHES][EDIT_MAX], tail[EDIT_MAX + 4];
	size_t n = prompt_complete(w, p->completion ? p->typed : p->edit.text, matches), first = 0;
	int rows = (int)MIN(n, (size_t)MIN(MATCHES_SHOWN, r.y - 2));

	if (p->completion > (size_t)rows)
		first = p->completion - (size_t)rows;
	for (int i = 0; i < rows; i++) {
		int y = r.y - rows + i;
		enum action a = action_find(matches[first + (size_t)i]);
		uint16_t mark = p->completion == first + (size_t)i + 1 ? STYLE_SELECTED : 0;

		canvas_fill(c, (struct rect){r.x, y, r.w, 1}, ROLE_TEXT | mark);
		canvas_text(c, r.x + 2, y, ROLE_ACCENT | mark, a != ACTION_NONE ? MIN(24, r.w - 3) : r.w - 3,
			    utf8_tail(matches[first + (size_t)i], r.w - 3, tail, sizeof(tail)));
		if (a != ACTION_NONE)
			canvas_text(c, r.x + 28, y, ROLE_DIM | mark, r.w - 29, _(action_info(a)->help));
	}
	if (rows > 0)
		canvas_hline(c, r.x, r.y - rows - 1, r.w, ROLE_RULE);
}

/* All of it, in as many lines as that takes. */
static void paint_wrong(const struct prompt *p, struct canvas *c, struct rect r)
{
	int rows = MIN(canvas_wrap(c, (struct rect){r.x + 1, r.y, r.w - 2, 0}, ROLE_ERR, p->wrong), r.y - 2);

	canvas_fill(c, (struct rect){r.x, r.y - rows, r.w, rows}, ROLE_TEXT);
	canvas_wrap(c, (struct rect){r.x + 1, r.y - rows, r.w - 2, rows}, ROLE_ERR, p->wrong);
	canvas_hline(c, r.x, r.y - rows - 1, r.w, ROLE_RULE);
}

void prompt_paint(const struct prompt *p, struct canvas *c, struct rect r, const struct world *w)
{
	canvas_fill(c, r, ROLE_TEXT);
	if (p->wrong[0])
		paint_wrong(p, c, r);
	else if (p->kind == PROMPT_COMMAND)
		paint_matches(p, c, r, w);
	canvas_text(c, r.x + 1, r.y, ROLE_ACCENT | STYLE_BOLD, 1, p->kind == PROMPT_COMMAND ? ":" : "/");
	edit_paint(&p->edit, c, r.x + 2, r.y, r.w - 3, ROLE_TEXT, true);
}
