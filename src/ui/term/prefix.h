/* SPDX-License-Identifier: MIT */
/*
 * The one key an embedded console keeps for itself.
 *
 * Every key goes to the guest except the prefix (default ctrl-]). After it one key is ours: a command, or the prefix
 * again, which the guest then gets once. Anything else is swallowed, so a mistyped command never lands in the guest.
 * A pure state machine: the caller carries out what it answers.
 */
#ifndef UI_TERM_PREFIX_H
#define UI_TERM_PREFIX_H

#include "ui/term/keyenc.h"

enum prefix_act {
	PREFIX_PASS,	/* the key is the guest's */
	PREFIX_ARMED,	/* the key was the prefix; show that a command is awaited */
	PREFIX_NOTHING, /* swallowed: Esc, or no command of ours */
	PREFIX_LITERAL, /* send the prefix key itself to the guest */
	PREFIX_LEAVE,	/* d q: back to the list; the session goes on */
	PREFIX_COPY,	/* c [: copy mode */
	PREFIX_SEARCH,	/* /: search the scrollback */
	PREFIX_PAGE_UP, /* PgUp: scroll back a page */
	PREFIX_PAGE_DOWN,
	PREFIX_NEXT,   /* n, Tab: next console */
	PREFIX_PREV,   /* p */
	PREFIX_SELECT, /* 1 … 9: that console; its number in `number` */
	PREFIX_SPLIT,  /* s */
	PREFIX_ZOOM,   /* z */
	PREFIX_NEW,    /* t: another console of this machine */
	PREFIX_CLOSE,  /* x: end the session */
	PREFIX_RECORD, /* r: start or stop recording */
	PREFIX_REDRAW, /* l */
	PREFIX_PASTE,  /* ]: paste what was copied last */
	PREFIX_HELP,   /* ? */
	PREFIX_ACT_COUNT
};

struct prefix {
	struct keyenc_key key;
	bool armed;
	int number; /* of the last PREFIX_SELECT */
};

/* `name` as keyenc_parse() reads it; NULL is the default. False (and the default taken) when it names
 * no key, or one that cannot be the prefix: it must be with ctrl or alt, or f1 to f12. */
bool prefix_init(struct prefix *p, const char *name);
enum prefix_act prefix_feed(struct prefix *p, const struct keyenc_key *k);
/* Forget a prefix awaiting its command (focus went elsewhere). */
void prefix_reset(struct prefix *p);

/* For the help page: the keys and what they do, in order. NULL beyond the end. */
struct prefix_help {
	const char *keys;
	const char *what; /* translated */
};
const struct prefix_help *prefix_help(size_t i);

#endif
