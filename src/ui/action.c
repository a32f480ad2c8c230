/* SPDX-License-Identifier: MIT */
/*
 * The action table, made from actions.def.
 */
#include "ui/action.h"

#include "base/i18n.h"

#include <assert.h>
#include <string.h>

static const struct action_info table[ACTION_COUNT] = {
	[ACTION_NONE] = {"none", "", 0, 0, ""},
#define ACTION(sym, name, keys, ctx, flags, help) [ACTION_##sym] = {name, keys, ctx, flags, help},
#include "ui/actions.def"
#undef ACTION
};

const struct action_info *action_info(enum action a)
{
	assert(a < ACTION_COUNT);
	return &table[a];
}

enum action action_find(const char *name)
{
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
		if (!strcmp(table[a].name, name))
			return a;
	return ACTION_NONE;
}
