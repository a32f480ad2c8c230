/* SPDX-License-Identifier: MIT */
/*
 * See held.h.
 */
#include "core/engine/held.h"

#include "base/i18n.h"
#include "core/engine/netmode.h"
#include "core/engine/snapdisk.h"
#include "core/engine/vmnames.h"

#include <string.h>

static const struct {
	const char *kind;
	int (*give_back)(struct op *op, struct engine *eng, const struct resource *r, struct err *e);
	const char *waits; /* a sentence, with the row's name */
} kinds[] = {
	{HELD_NET, netmode_give_back, N_("its place in network '%s' waits to be given back")},
	{HELD_DISK, snapdisk_give_back, N_("its disk of mode '%s' waits to be given back")},
};

static int kind_of(const struct resource *r)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].kind, r->kind) == 0)
			return (int)i;
	return -1;
}

bool held_is(const struct resource *r)
{
	return kind_of(r) >= 0;
}

int held_release(struct op *op, struct engine *eng, struct store *s, const char *vm_id, struct err *e)
{
	auto_free struct resource *rows = NULL;
	int n = 0, rc = 0;
	bool had_place = false;

	if (resources_list(s, vm_id, &rows, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		struct err re = {0};
		int k = kind_of(&rows[i]);
		had_place |= strcmp(rows[i].kind, HELD_NET) == 0;
		if (k >= 0 && (kinds[k].give_back(op, eng, &rows[i], &re) < 0 ||
			       resources_remove(s, rows[i].owner, rows[i].kind, rows[i].name, &re) < 0))
			rc = err_join(e, &re);
	}
	if (had_place)
		vmnames_leave(op, eng, s);
	return rc;
}

int held_check_none(struct store *s, const char *vm_id, struct err *e)
{
	auto_free struct resource *rows = NULL;
	int n = 0;

	if (resources_list(s, vm_id, &rows, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		int k = kind_of(&rows[i]);
		if (k < 0)
			continue;
		err_set(e, ERR_STATE, _(kinds[k].waits), rows[i].name);
		return err_hint(e, _("it goes with the next banger-tui that has the rights: root's, or a console after H in its Host view; the log says what was missing"));
	}
	return 0;
}
