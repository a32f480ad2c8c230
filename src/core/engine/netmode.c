/* SPDX-License-Identifier: MIT */
/*
 * The table of network modes: see netmode.h.
 */
#include "core/engine/netmode.h"

#include "base/i18n.h"
#include "core/net/slirp.h"

#include <assert.h>

static const struct netmode *const modes[NET_MODE_COUNT] = {
	[NET_SLIRP] = &net_slirp,
	[NET_BRIDGE] = &net_bridge,
	[NET_PRIVATE] = &net_private,
};

const struct netmode *netmode_of(const struct vm *vm)
{
	assert((unsigned)vm->cfg.net < NET_MODE_COUNT && modes[vm->cfg.net] && modes[vm->cfg.net]->mode == vm->cfg.net);
	return modes[vm->cfg.net];
}

int netmode_check_publish(const struct vm_config *cfg, struct err *e)
{
	for (int i = 0; i < cfg->publish.n; i++)
		if (slirp_check_port(cfg->publish.ports[i].host, e) < 0)
			return err_wrap(e, _("publish"));
	return 0;
}

int netmode_give_back(struct op *op, struct engine *eng, const struct resource *r, struct err *e)
{
	enum net_mode mode;

	if (!net_mode_from_string(r->name, &mode) || !modes[mode] || !modes[mode]->down)
		return err_set(e, ERR_STATE, _("a VM holds something of network mode '%s', which this program does not know"), r->name);
	return modes[mode]->down(op, eng, r->owner, e);
}
