/* SPDX-License-Identifier: MIT */
/*
 * The table of network modes, and giving back by the ledger: see netmode.h.
 */
#include "core/engine/netmode.h"

#include "base/i18n.h"
#include "core/store/resources.h"

#include <assert.h>
#include <string.h>

static const struct netmode *const modes[NET_MODE_COUNT] = {
	[NET_SLIRP] = &net_slirp,
	[NET_BRIDGE] = &net_bridge,
};

const struct netmode *netmode_of(const struct vm *vm)
{
	assert((unsigned)vm->cfg.net < NET_MODE_COUNT && modes[vm->cfg.net]->mode == vm->cfg.net);
	return modes[vm->cfg.net];
}

static int release_row(struct op *op, struct engine *eng, struct store *s, const struct resource *r, struct err *e)
{
	enum net_mode mode;

	if (!net_mode_from_string(r->name, &mode) || !modes[mode]->down)
		return err_set(e, ERR_STATE, _("a VM holds something of network mode '%s', which this program does not know"), r->name);
	if (modes[mode]->down(op, eng, r->owner, e) < 0)
		return -1;
	return resources_remove(s, r->owner, r->kind, r->name, e);
}

int netmode_release(struct op *op, struct engine *eng, struct store *s, const char *vm_id, struct err *e)
{
	auto_free struct resource *rows = NULL;
	int n = 0, rc = 0;

	if (resources_list(s, vm_id, &rows, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		struct err re = {0};
		if (strcmp(rows[i].kind, NETMODE_LEDGER) == 0 && release_row(op, eng, s, &rows[i], &re) < 0)
			rc = err_join(e, &re);
	}
	return rc;
}
