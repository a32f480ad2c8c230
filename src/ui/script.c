/* SPDX-License-Identifier: MIT */
/*
 * Scripts. Every command is checked when the file is read, so a slip of the pen in the last line does not show after a
 * minute's run.
 */
#include "ui/script.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define SCRIPT_BYTES_MAX (1 << 20)
#define EXPECT_SECONDS 10

enum verb { VERB_KEY, VERB_TYPE, VERB_EXPECT, VERB_REJECT, VERB_RUN, VERB_RESIZE, VERB_COUNT };

static const char *const verbs[VERB_COUNT] = {"key", "type", "expect", "reject", "run", "resize"};

struct line {
	enum verb verb;
	int number; /* in the file */
	char *text;
	int64_t bound_ms;
	int cols, rows;
};

struct script {
	char *name;
	struct line *lines;
	size_t n, at;
	int64_t deadline_ms; /* of the expectation being waited for; 0 = none yet */
};

void script_free(struct script *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->lines[i].text);
	free(s->lines);
	free(s->name);
	free(s);
}

static int check_keys(const char *text)
{
	while (*text) {
		char name[KEY_NAME_SIZE];
		size_t n = strcspn(text, " ");
		struct key k;

		if (n >= sizeof(name))
			return -1;
		str_copy(name, n + 1, text);
		if (!key_parse(name, &k))
			return -1;
		text += n + strspn(text + n, " ");
	}
	return 0;
}

/* A command of the palette; save-screen is the one that is nothing without a word. */
static int check_command(const char *text)
{
	char name[32];
	size_t n = strcspn(text, " ");
	enum action a;

	str_copy(name, MIN(sizeof(name), n + 1), text);
	a = action_find(name);
	return a == ACTION_NONE || (a == ACTION_SAVE_SCREEN && !text[n + strspn(text + n, " ")]) ? -1 : 0;
}

/* "[SECONDS] TEXT" */
static void take_bound(struct line *l, char **rest)
{
	char *end;
	long s = strtol(*rest, &end, 10);

	l->bound_ms = EXPECT_SECONDS * 1000;
	if (end > *rest && *end == ' ' && s > 0 && s <= 3600) {
		l->bound_ms = s * 1000;
		*rest = end + 1;
	}
}

static int parse_line(struct script *s, char *text, int number, struct err *e)
{
	size_t n = strcspn(text, " ");
	char *rest = text + n + strspn(text + n, " ");
	struct line l = {.number = number, .verb = VERB_COUNT};
	bool ok = true;

	for (enum verb v = 0; v < VERB_COUNT; v++)
		if (strlen(verbs[v]) == n && !strncmp(verbs[v], text, n))
			l.verb = v;
	if (l.verb == VERB_EXPECT || l.verb == VERB_REJECT)
		take_bound(&l, &rest);
	if (l.verb == VERB_KEY)
		ok = check_keys(rest) == 0;
	if (l.verb == VERB_RUN && *rest && check_command(rest) < 0) {
		err_set(e, ERR_USAGE, _("%s:%d: there is no command '%.64s'"), s->name, number, rest);
		return err_hint(e, _("? in the console lists them"));
	}
	if (l.verb == VERB_RESIZE)
		ok = sscanf(rest, "%dx%d", &l.cols, &l.rows) == 2 && l.cols > 0 && l.rows > 0;
	if (l.verb == VERB_COUNT || !ok || !*rest)
		return err_set(e, ERR_USAGE, _("%s:%d: cannot read '%.64s'"), s->name, number, text);
	l.text = xstrdup(rest);
	s->lines = xrealloc(s->lines, s->n + 1, sizeof(*s->lines));
	s->lines[s->n++] = l;
	return 0;
}

struct script *script_parse(const char *text, const char *name, struct err *e)
{
	struct script *s = xcalloc(1, sizeof(*s));
	auto_free char *copy = xstrdup(text);
	int number = 0;

	s->name = xstrdup(name);
	for (char *p = copy, *next; p; p = next) {
		size_t n = strcspn(p, "\n");

		next = p[n] ? p + n + 1 : NULL;
		p[n] = 0;
		number++;
		p += strspn(p, " \t");
		if (!*p || *p == '#')
			continue;
		if (parse_line(s, p, number, e) < 0) {
			script_free(s);
			return NULL;
		}
	}
	return s;
}

struct script *script_load(const char *path, struct err *e)
{
	auto_buf text = {0};
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC); /* a pipe is welcome */

	if (fd < 0) {
		err_sys(e, errno, _("open '%s'"), path);
		return NULL;
	}
	if (fd_read_all(fd, SCRIPT_BYTES_MAX, path, &text, e) < 0)
		return NULL;
	return script_parse(buf_cstr(&text), path, e);
}

static void press_keys(struct app *app, const char *text)
{
	while (*text) {
		char name[KEY_NAME_SIZE];
		size_t n = strcspn(text, " ");
		struct key k;

		str_copy(name, MIN(sizeof(name), n + 1), text);
		if (key_parse(name, &k))
			app_key(app, k);
		text += n + strspn(text + n, " ");
	}
}

static void type_text(struct app *app, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		struct key k = {.sym = SYM_CHAR};

		i += (size_t)utf8_decode(text + i, len - i, &k.cp);
		app_key(app, k);
	}
}

static enum script_result wait_for(struct script *s, const struct line *l, const struct canvas *frame, int64_t now_ms,
				   struct err *e)
{
	auto_buf shown = {0};
	bool there;

	canvas_to_text(frame, &shown);
	there = strstr(buf_cstr(&shown), l->text) != NULL;
	if (there == (l->verb == VERB_EXPECT)) {
		s->deadline_ms = 0;
		s->at++;
		return SCRIPT_GOES_ON;
	}
	if (!s->deadline_ms)
		s->deadline_ms = now_ms + l->bound_ms;
	if (now_ms < s->deadline_ms)
		return SCRIPT_WAITS;
	err_set(e, ERR_TIMEOUT, _("%s:%d: the screen %s '%s' after %llds"), s->name, l->number,
		there ? _("still shows") : _("does not show"), l->text, (long long)l->bound_ms / 1000);
	return SCRIPT_FAILED;
}

static int run_command(const struct script *s, const struct line *l, struct app *app, struct err *e)
{
	struct err refusal = {0};

	if (app_command(app, l->text, &refusal) == 0)
		return 0;
	return err_set(e, refusal.code, "%s:%d: %s", s->name, l->number, refusal.msg);
}

enum script_result script_step(struct script *s, struct app *app, const struct canvas *frame, int64_t now_ms,
			       struct err *e)
{
	const struct line *l = &s->lines[s->at];

	if (s->at >= s->n)
		return SCRIPT_DONE;
	switch (l->verb) {
	case VERB_KEY:
		press_keys(app, l->text);
		break;
	case VERB_TYPE:
		type_text(app, l->text);
		break;
	case VERB_RUN:
		if (run_command(s, l, app, e) < 0)
			return SCRIPT_FAILED;
		break;
	case VERB_RESIZE:
		app_resize(app, l->cols, l->rows);
		break;
	default:
		return wait_for(s, l, frame, now_ms, e);
	}
	s->at++;
	return SCRIPT_GOES_ON;
}

int64_t script_wait_ms(const struct script *s, int64_t now_ms)
{
	return s->deadline_ms ? MAX((int64_t)0, s->deadline_ms - now_ms) : -1;
}
