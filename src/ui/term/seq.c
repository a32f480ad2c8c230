/* SPDX-License-Identifier: MIT */
/*
 * The tokeniser in front of the emulator.
 *
 * libvterm 0.1 trusts its input: more than 16 parameters run over its array, a repeat of a zero-width character never
 * ends, combining marks pile up without bound and a string is kept whole. So it never sees any of that: parameters are
 * counted and clamped here, strings are bounded, marks and wide characters are told apart by our own table, and DCS,
 * APC, PM and SOS are skipped (which also means that DECRQSS has no answer).
 *
 * Text is the hot path: runs of ASCII and harmless controls go through as they lie in the input, without a copy.
 */
#include "ui/term/seq.h"

#include "base/utf8.h"

#include <assert.h>
#include <string.h>

#define ESC 0x1b
#define CAN 0x18
#define SUB 0x1a

void seq_init(struct seq *s, const struct seq_ops *ops, void *arg)
{
	memset(s, 0, sizeof(*s));
	s->ops = ops;
	s->arg = arg;
}

static inline bool is_plain(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || (c >= 0x07 && c <= 0x0f);
}

/* Invisible controls that turn the order of the text around them (UAX #9): a line must read as it runs. */
static bool is_bidi(uint32_t cp)
{
	return cp == 0x061c || cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

static void character(struct seq *s, uint32_t cp)
{
	int width = utf8_width(cp);

	if (width < 0 || (cp >= 0x80 && cp < 0xa0))
		s->ops->glyph(s->arg, 0xfffd, 1);
	else if (width > 0)
		s->ops->glyph(s->arg, cp, width);
	else if (!is_bidi(cp))
		s->ops->mark(s->arg, cp);
}

static int utf8_need(unsigned char lead)
{
	return lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc2 && lead < 0xe0 ? 2 : 1;
}

/* True when these bytes are the beginning of a character whose end has not come yet. */
static bool utf8_is_cut(const char *p, size_t n)
{
	int need = utf8_need((unsigned char)p[0]);

	if (n >= (size_t)need)
		return false;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/* One character from the n bytes at p. Returns the bytes used. */
static size_t utf8_step(struct seq *s, const char *p, size_t n)
{
	uint32_t cp;

	if (utf8_is_cut(p, n)) {
		memcpy(s->utf8, p, n);
		s->n_utf8 = (int)n;
		return n;
	}
	int used = utf8_decode(p, n, &cp);
	character(s, cp);
	return (size_t)used;
}

/* Go on with a character cut by the end of the last input. Returns the bytes used of this one. */
static size_t utf8_resume(struct seq *s, const char *p, size_t n)
{
	size_t had = (size_t)s->n_utf8, used = 0;

	while (used < n && utf8_is_cut(s->utf8, had + used)) {
		s->utf8[had + used] = p[used];
		used++;
	}
	if (utf8_is_cut(s->utf8, had + used)) {
		s->n_utf8 = (int)(had + used);
		return used;
	}

	uint32_t cp;
	int len = utf8_decode(s->utf8, had + used, &cp);

	s->n_utf8 = 0;
	if ((size_t)len == had + used) {
		character(s, cp);
		return used;
	}
	/* Broken: each byte kept is one replacement, as if it had come in one piece; the last one is looked at again. */
	for (size_t i = 0; i + 1 < had + used; i++)
		character(s, 0xfffd);
	return used - 1;
}

static void enter_escape(struct seq *s)
{
	s->state = SEQ_ESC;
	s->esc_intermed = 0;
	s->esc_ignore = false;
}

static void enter_string(struct seq *s, enum seq_state state)
{
	s->state = state;
	s->n_string = 0;
	s->string_esc = false;
}

static size_t ground(struct seq *s, const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && is_plain((unsigned char)p[i]))
		i++;
	if (i > 0) {
		s->ops->text(s->arg, p, i);
		return i;
	}
	if ((unsigned char)p[0] >= 0x80)
		return utf8_step(s, p, n);
	if (p[0] == ESC)
		enter_escape(s);
	return 1;
}

static void escape(struct seq *s, char c)
{
	if (c >= 0x20 && c < 0x30) {
		s->esc_ignore = s->esc_ignore || s->esc_intermed;
		s->esc_intermed = c;
		return;
	}
	s->state = SEQ_GROUND;
	if (s->esc_intermed || s->esc_ignore) {
		if (!s->esc_ignore && c >= 0x30 && c < 0x7f)
			s->ops->esc(s->arg, s->esc_intermed, c);
	} else if (c == '[') {
		s->state = SEQ_CSI;
		memset(&s->csi, 0, sizeof(s->csi));
	} else if (c == ']') {
		enter_string(s, SEQ_OSC);
	} else if (c == 'P' || c == 'X' || c == '^' || c == '_') {
		enter_string(s, SEQ_STRING_IGNORE);
	} else if (c >= 0x30 && c < 0x7f) {
		s->ops->esc(s->arg, 0, c);
	}
}

static void csi_digit(struct seq_csi *c, int digit)
{
	if (c->n == 0)
		c->n = 1;
	if (c->n > SEQ_PARAMS)
		return;

	uint16_t *p = &c->param[c->n - 1];

	*p = (uint16_t)MIN(*p * 10 + digit, SEQ_PARAM_MAX);
	c->given |= 1u << (c->n - 1);
}

static void csi_separator(struct seq_csi *c, bool sub)
{
	if (c->n == 0)
		c->n = 1;
	if (sub && c->n <= SEQ_PARAMS)
		c->sub |= 1u << (c->n - 1);
	if (c->n <= SEQ_PARAMS)
		c->n++;
}

static void csi_final(struct seq *s, char c)
{
	s->state = SEQ_GROUND;
	s->csi.final = c;
	s->csi.n = MIN(s->csi.n, SEQ_PARAMS);
	s->ops->csi(s->arg, &s->csi);
}

static void csi(struct seq *s, char c)
{
	struct seq_csi *q = &s->csi;
	bool started = q->n > 0 || q->intermed;

	if (c >= '0' && c <= '9' && !q->intermed)
		csi_digit(q, c - '0');
	else if ((c == ';' || c == ':') && !q->intermed)
		csi_separator(q, c == ':');
	else if (c >= '<' && c <= '?' && !started && !q->leader)
		q->leader = c;
	else if (c >= 0x20 && c < 0x30 && !q->intermed)
		q->intermed = c;
	else if (c >= 0x40 && c < 0x7f)
		csi_final(s, c);
	else
		s->state = SEQ_CSI_IGNORE;
}

static void osc_end(struct seq *s)
{
	s->state = SEQ_GROUND;
	if (s->n_string <= SEQ_STRING)
		s->ops->osc(s->arg, s->string, s->n_string);
}

/* One byte inside OSC, DCS, APC, PM, SOS. Ended by ST, an OSC also by BEL; any other ESC starts a new sequence. */
static void string_byte(struct seq *s, char c)
{
	bool osc = s->state == SEQ_OSC;

	if (s->string_esc) {
		s->string_esc = false;
		if (c == '\\' && osc) {
			osc_end(s);
		} else if (c == '\\') {
			s->state = SEQ_GROUND;
		} else {
			enter_escape(s);
			escape(s, c);
		}
	} else if (c == ESC) {
		s->string_esc = true;
	} else if (c == 0x07 && osc) {
		osc_end(s);
	} else if (osc && s->n_string < SEQ_STRING) {
		s->string[s->n_string++] = c;
	} else {
		s->n_string = SEQ_STRING + 1;
	}
}

/* One byte of a sequence begun. Controls inside ESC and CSI sequences act at once, as on a VT100. */
static void sequence_byte(struct seq *s, char c)
{
	bool in_string = s->state == SEQ_OSC || s->state == SEQ_STRING_IGNORE;

	if (c == CAN || c == SUB) {
		s->state = SEQ_GROUND;
	} else if (in_string) {
		string_byte(s, c);
	} else if (c == ESC) {
		enter_escape(s);
	} else if ((unsigned char)c < 0x20) {
		if (is_plain((unsigned char)c))
			s->ops->text(s->arg, &c, 1);
	} else if (s->state == SEQ_ESC) {
		escape(s, c);
	} else if (s->state == SEQ_CSI) {
		csi(s, c);
	} else if (c >= 0x40 && c < 0x7f) {
		s->state = SEQ_GROUND;
	}
}

void seq_feed(struct seq *s, const void *data, size_t n)
{
	const char *p = data, *end = p + n;

	assert(s->ops);
	while (p < end) {
		if (s->state != SEQ_GROUND)
			sequence_byte(s, *p++);
		else if (s->n_utf8)
			p += utf8_resume(s, p, (size_t)(end - p));
		else
			p += ground(s, p, (size_t)(end - p));
	}
}
