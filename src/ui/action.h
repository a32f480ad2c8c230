/* SPDX-License-Identifier: MIT */
/*
 * What a key, the palette or a script can ask for; generated from actions.def, which is the only list.
 */
#ifndef UI_ACTION_H
#define UI_ACTION_H

#include "ui/key.h"

/* Where an action is available. A view tells its own; CTX_MAIN is added unless a form or prompt has the keys. */
#define CTX_VMS 0x001u
#define CTX_DETAIL 0x002u
#define CTX_IMAGES 0x004u
#define CTX_KERNELS 0x008u
#define CTX_ACTIVITY 0x010u
#define CTX_HOST 0x020u
#define CTX_CONSOLES 0x040u /* the tab line, not the guest: there every key is the guest's */
#define CTX_TEXT 0x080u	    /* help and other pages of text */
#define CTX_MAIN 0x100u
#define CTX_BROWSE 0x200u   /* files to import */
#define CTX_LIST (CTX_VMS | CTX_IMAGES | CTX_KERNELS | CTX_ACTIVITY)

#define ACT_CHANGES 1u /* refused with --readonly */
#define ACT_BAR 2u     /* shown in the key bar */

enum action {
	ACTION_NONE,
#define ACTION(sym, name, keys, ctx, flags, help) ACTION_##sym,
#include "ui/actions.def"
#undef ACTION
	ACTION_COUNT
};

struct action_info {
	const char *name;
	const char *keys;
	unsigned ctx, flags;
	const char *help; /* untranslated: wrap in _() where shown */
};

/* Never NULL for a valid action. */
const struct action_info *action_info(enum action a);
/* By name; ACTION_NONE when there is none. */
enum action action_find(const char *name);

#endif
