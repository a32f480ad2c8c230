/* SPDX-License-Identifier: MIT */
/*
 * apt sources in, the stanzas that carry one suite out.
 *
 * Both styles fill the same struct stanza of field texts; one function filters it and writes deb822, the style that can
 * say everything (an embedded key has no one-line form). Only fields known to be harmless are copied. A field that holds a
 * control character makes the whole entry count as unusable.
 */
#include "core/image/sources.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/mem.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum field { TYPES, URIS, SUITES, COMPONENTS, ARCHITECTURES, ENABLED, SIGNED_BY, FIELDS };

static const char *const field_names[FIELDS] = {
	[TYPES] = "Types",
	[URIS] = "URIs",
	[SUITES] = "Suites",
	[COMPONENTS] = "Components",
	[ARCHITECTURES] = "Architectures",
	[ENABLED] = "Enabled",
	[SIGNED_BY] = "Signed-By",
};

struct stanza {
	struct buf field[FIELDS];
	bool bad; /* holds what no sources file holds */
};

/* What an entry is wanted for. */
struct want {
	const char *suite;
	const char *arch;
	struct buf *out;
	int carrying; /* stanzas written that hold the suite itself */
};

static void stanza_done(struct stanza *s)
{
	for (int i = 0; i < FIELDS; i++)
		buf_done(&s->field[i]);
	s->bad = false;
}

static const char *field_text(const struct stanza *s, enum field f)
{
	return buf_cstr(&s->field[f]);
}

/* The next word of *p (spaces, tabs, newlines and `more` between words); false at the end. */
static bool next_word(const char **p, const char *more, const char **ret, size_t *ret_len)
{
	char between[8] = " \t\r\n";

	strncat(between, more, sizeof(between) - strlen(between) - 1);
	*p += strspn(*p, between);
	*ret = *p;
	*ret_len = strcspn(*p, between);
	*p += *ret_len;
	return *ret_len > 0;
}

static bool word_is(const char *w, size_t len, const char *s)
{
	return strlen(s) == len && memcmp(w, s, len) == 0;
}

static bool has_word(const char *list, const char *more, const char *wanted)
{
	const char *w;
	size_t len;

	while (next_word(&list, more, &w, &len))
		if (word_is(w, len, wanted))
			return true;
	return false;
}

/* SUITE itself, or what Debian and Ubuntu publish beside it. */
static bool suite_belongs(const char *w, size_t len, const char *suite)
{
	static const char *const beside[] = {"", "-updates", "-security", "/updates"};
	size_t n = strlen(suite);

	if (len < n || memcmp(w, suite, n) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(beside); i++)
		if (word_is(w + n, len - n, beside[i]))
			return true;
	return false;
}

static bool uri_is_usable(const char *w, size_t len)
{
	size_t scheme = 0;

	while (scheme < len && (isalnum((unsigned char)w[scheme]) || w[scheme] == '+'))
		scheme++;
	return scheme > 0 && scheme < len && w[scheme] == ':' && !word_is(w, scheme, "cdrom") && w[0] != '+';
}

/* apt's own reading of a boolean: these words say no, anything else yes. */
static bool is_enabled(const char *text)
{
	static const char *const no[] = {"no", "false", "without", "off", "disable", "0"};
	const char *w;
	size_t len;

	if (!next_word(&text, "", &w, &len))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (strlen(no[i]) == len && strncasecmp(w, no[i], len) == 0)
			return false;
	return true;
}

static void copy_words(struct buf *out, const char *list, bool (*keep)(const char *w, size_t len))
{
	const char *w;
	size_t len;

	while (next_word(&list, "", &w, &len)) {
		if (keep && !keep(w, len))
			continue;
		buf_addc(out, ' ');
		buf_add(out, w, len);
	}
}

static bool component_is_plain(const char *w, size_t len)
{
	(void)len;
	return *w != '[' && *w != '-';
}

static void copy_suites(struct buf *out, const char *list, const char *suite)
{
	const char *w;
	size_t len;

	while (next_word(&list, "", &w, &len)) {
		if (!suite_belongs(w, len, suite))
			continue;
		buf_addc(out, ' ');
		buf_add(out, w, len);
	}
}

static void offer(const struct stanza *s, struct want *want)
{
	auto_buf uris = {0}, suites = {0}, components = {0};

	if (s->bad || !has_word(field_text(s, TYPES), "", "deb") || !is_enabled(field_text(s, ENABLED)))
		return;
	if (s->field[ARCHITECTURES].len > 0 && !has_word(field_text(s, ARCHITECTURES), ",", want->arch))
		return;
	copy_words(&uris, field_text(s, URIS), uri_is_usable);
	copy_suites(&suites, field_text(s, SUITES), want->suite);
	copy_words(&components, field_text(s, COMPONENTS), component_is_plain);
	if (uris.len == 0 || suites.len == 0 || components.len == 0)
		return;
	buf_addf(want->out, "Types: deb\nURIs:%s\nSuites:%s\nComponents:%s\n", uris.data, suites.data, components.data);
	if (s->field[SIGNED_BY].len > 0)
		buf_addf(want->out, "Signed-By:%s\n", field_text(s, SIGNED_BY));
	buf_addc(want->out, '\n');
	want->carrying += has_word(suites.data, "", want->suite);
}

static bool line_is_clean(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
			return false;
	return true;
}

/* "Name: text". Returns the field, or FIELDS for one that plays no part. */
static enum field begin_field(struct stanza *s, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	size_t name_len = colon ? (size_t)(colon - line) : 0;

	for (int i = 0; colon && i < FIELDS; i++) {
		if (strlen(field_names[i]) != name_len || strncasecmp(line, field_names[i], name_len) != 0)
			continue;
		buf_reset(&s->field[i]);
		buf_add(&s->field[i], colon + 1, len - name_len - 1);
		return (enum field)i;
	}
	s->bad |= !colon;
	return FIELDS;
}

static void parse_deb822(const char *text, size_t n, struct want *want)
{
	auto_call(stanza_done) struct stanza s = {0};
	enum field current = FIELDS;

	for (size_t pos = 0; pos < n;) {
		const char *line = text + pos;
		const char *nl = memchr(line, '\n', n - pos);
		size_t full = nl ? (size_t)(nl - line) : n - pos;
		size_t len = full - (full > 0 && line[full - 1] == '\r');

		pos += full + 1;
		if (len > 0 && line[0] == '#')
			continue;
		s.bad |= !line_is_clean(line, len);
		if (len == 0) {
			offer(&s, want);
			stanza_done(&s);
			current = FIELDS;
		} else if (*line != ' ' && *line != '\t') {
			current = begin_field(&s, line, len);
		} else if (current != FIELDS) {
			buf_addc(&s.field[current], '\n');
			buf_add(&s.field[current], line, len);
		}
	}
	offer(&s, want);
}

/* "[arch=amd64,i386 signed-by=/path]": *p stands behind "[", and behind "]" afterwards. False without a "]". */
static bool parse_options(struct stanza *s, const char **p)
{
	const char *end = strchr(*p, ']');
	auto_free char *options = end ? xstrndup(*p, (size_t)(end - *p)) : NULL;
	const char *rest = options, *w;
	size_t len;

	if (!end)
		return false;
	*p = end + 1;
	while (next_word(&rest, "", &w, &len)) {
		if (len > 5 && memcmp(w, "arch=", 5) == 0) {
			buf_add(&s->field[ARCHITECTURES], w + 5, len - 5);
		} else if (len > 10 && memcmp(w, "signed-by=", 10) == 0) {
			buf_addc(&s->field[SIGNED_BY], ' ');
			buf_add(&s->field[SIGNED_BY], w + 10, len - 10);
		}
	}
	return true;
}

/* "deb [options] uri suite component…" */
static void parse_line(const char *line, struct want *want)
{
	auto_call(stanza_done) struct stanza s = {0};
	const char *p = line, *w;
	size_t len;

	if (!next_word(&p, "", &w, &len) || !word_is(w, len, "deb"))
		return;
	buf_adds(&s.field[TYPES], "deb");
	p += strspn(p, " \t");
	if (*p == '[') {
		p++;
		if (!parse_options(&s, &p))
			return;
	}
	for (int f = URIS; f <= SUITES; f++) {
		if (!next_word(&p, "", &w, &len))
			return;
		buf_add(&s.field[f], w, len);
	}
	buf_adds(&s.field[COMPONENTS], p);
	offer(&s, want);
}

static void parse_one_line(const char *text, size_t n, struct want *want)
{
	for (size_t pos = 0; pos < n;) {
		const char *nl = memchr(text + pos, '\n', n - pos);
		size_t full = nl ? (size_t)(nl - text) - pos : n - pos;
		size_t len = full - (full > 0 && text[pos + full - 1] == '\r');
		const char *hash = memchr(text + pos, '#', len);

		if (hash)
			len = (size_t)(hash - text) - pos;
		if (line_is_clean(text + pos, len)) {
			auto_free char *line = xstrndup(text + pos, len);

			parse_line(line, want);
		}
		pos += full + 1;
	}
}

int sources_parse(enum sources_style style, const char *text, size_t n, const char *suite, const char *arch,
		  struct buf *out)
{
	struct want want = {.suite = suite, .arch = arch, .out = out};

	if (style == SOURCES_DEB822)
		parse_deb822(text, n, &want);
	else
		parse_one_line(text, n, &want);
	return want.carrying;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

static int collect_file(const char *path, const char *suite, const char *arch, struct buf *out)
{
	enum sources_style style = ends_with(path, ".sources") ? SOURCES_DEB822 : SOURCES_ONE_LINE;
	auto_buf text = {0};

	if (fs_read_file(path, SOURCES_FILE_MAX, &text, NULL) < 0)
		return 0;
	return sources_parse(style, buf_cstr(&text), text.len, suite, arch, out);
}

/* apt reads files with these endings alone: "x.list.disabled" is not one. */
static int is_sources_file(const struct dirent *d)
{
	return d->d_name[0] != '.' && (ends_with(d->d_name, ".list") || ends_with(d->d_name, ".sources"));
}

int sources_collect(const char *apt_dir, const char *suite, const char *arch, struct buf *out, struct err *e)
{
	auto_free char *main_list = xasprintf("%s/sources.list", apt_dir);
	auto_free char *parts = xasprintf("%s/sources.list.d", apt_dir);
	struct dirent **list = NULL;
	auto_buf found = {0};
	int carrying = collect_file(main_list, suite, arch, &found);
	int n = scandir(parts, &list, is_sources_file, alphasort);

	if (n < 0 && errno != ENOENT && errno != EACCES)
		return err_sys(e, errno, _("cannot read %s"), parts);
	for (int i = 0; i < n; i++) {
		auto_free char *path = xasprintf("%s/%s", parts, list[i]->d_name);

		carrying += collect_file(path, suite, arch, &found);
		free(list[i]);
	}
	free(list);
	if (carrying > 0)
		buf_add(out, found.data, found.len);
	return 0;
}
