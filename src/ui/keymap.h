/* SPDX-License-Identifier: MIT */
/*
 * From key to action in a context. Defaults come from actions.def; a chord means one thing in a context.
 */
#ifndef UI_KEYMAP_H
#define UI_KEYMAP_H

#include "base/err.h"
#include "ui/action.h"

#define KEYMAP_MAX 256

struct keymap {
	struct binding {
		struct key key;
		unsigned ctx;
		enum action action;
	} bindings[KEYMAP_MAX];
	size_t n;
};

/* The defaults. */
void keymap_init(struct keymap *m);
/* Give an action these chords (space-separated) instead of what it has. ERR_USAGE, with the map unchanged, for an
 * unknown action, a malformed chord, or one that means something else in one of the action's contexts. */
NODISCARD int keymap_bind(struct keymap *m, const char *action, const char *chords, struct err *e);
/* What the key does where any of `ctx` is active. */
enum action keymap_find(const struct keymap *m, unsigned ctx, struct key k);
/* The first chord of an action, for the key bar; false when it has none. */
bool keymap_key_of(const struct keymap *m, enum action a, struct key *ret);

#endif
