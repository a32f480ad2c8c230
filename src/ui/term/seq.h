/* SPDX-License-Identifier: MIT */
/*
 * Cuts a guest's byte stream into text, characters and control sequences (ECMA-48 §5, xterm ctlseqs; the states follow
 * Paul Williams' parser for DEC terminals), and is the first wall against hostile ones: everything has a bound, and
 * what has no use here is gone after this layer.
 */
#ifndef UI_TERM_SEQ_H
#define UI_TERM_SEQ_H

#include "base/attrs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEQ_PARAMS 32	   /* further parameters are dropped */
#define SEQ_PARAM_MAX 9999 /* greater values are cut to this */
#define SEQ_STRING 512	   /* bytes of an OSC; longer ones are dropped whole */

struct seq_csi {
	char leader;   /* one of < = > ? or 0 */
	char intermed; /* one of 0x20-0x2f or 0 */
	char final;
	int n; /* parameters; 0 when there was none */
	uint16_t param[SEQ_PARAMS];
	uint32_t given; /* bit i: parameter i was written */
	uint32_t sub;	/* bit i: parameter i+1 belongs to it (a colon stood between) */
};

struct seq_ops {
	/* Printable ASCII and the C0 controls BEL BS HT LF VT FF CR SO SI. */
	void (*text)(void *arg, const char *s, size_t n);
	/* One character beyond ASCII, 1 or 2 cells wide. */
	void (*glyph)(void *arg, uint32_t cp, int width);
	/* A mark that joins the character before it. Bidirectional controls never come here. */
	void (*mark)(void *arg, uint32_t cp);
	/* ESC, at most one intermediate (else 0), final byte. */
	void (*esc)(void *arg, char intermed, char final);
	void (*csi)(void *arg, const struct seq_csi *csi);
	/* Operating system command, without its frame; not terminated, not clean. */
	void (*osc)(void *arg, const char *s, size_t n);
};

enum seq_state { SEQ_GROUND, SEQ_ESC, SEQ_CSI, SEQ_CSI_IGNORE, SEQ_OSC, SEQ_STRING_IGNORE };

struct seq {
	const struct seq_ops *ops;
	void *arg;
	enum seq_state state;
	bool string_esc; /* the last byte of a string was ESC */
	bool esc_ignore; /* more intermediates than we know */
	char esc_intermed;
	struct seq_csi csi;
	char utf8[4]; /* a character cut by the end of the input */
	int n_utf8;
	size_t n_string; /* SEQ_STRING + 1: too long */
	char string[SEQ_STRING];
};

void seq_init(struct seq *s, const struct seq_ops *ops, void *arg);
void seq_feed(struct seq *s, const void *data, size_t n);

/* Parameter i, or `def` when it was not written or (as ECMA-48 wants it for counts) is 0. */
static inline int seq_param(const struct seq_csi *c, int i, int def)
{
	return i < c->n && (c->given >> i & 1) && c->param[i] ? c->param[i] : def;
}

#endif
