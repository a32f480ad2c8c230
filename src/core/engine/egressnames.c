/* SPDX-License-Identifier: MIT */
/*
 * See egressnames.h.
 */
#include "core/engine/egressnames.h"

#include "base/i18n.h"
#include "core/net/resolve.h"
#include "wire/seed.h"

static void add(struct egress *g, struct egress_pins *pins, int name, uint32_t addr)
{
	g->ranges[g->n].addr = addr;
	g->ranges[g->n++].len = 32;
	pins->pin[pins->n++] = (struct egress_pin){.addr = addr, .name = name};
}

static int resolve_one(struct op *op, int name, struct egress *g, struct egress_pins *pins, struct err *e)
{
	uint32_t addrs[EGRESS_NAME_ADDRESSES];
	int before = pins->n, n;

	if (resolve_ipv4(op, g->names[name], EGRESS_NAME_ADDRESSES, addrs, &n, e) < 0) {
		err_wrap(e, "egress");
		return err_hint(e,
				_("take the name off the list (vm set --egress), or write the address it should have"));
	}
	for (int i = 0; i < n; i++)
		if (!egress_is_closed(addrs[i]))
			add(g, pins, name, addrs[i]);
	if (pins->n > before)
		return 0;
	err_set(e, ERR_USAGE, _("egress: '%s' is this host's loopback, which no guest reaches, whatever its list says"),
		g->names[name]);
	return err_hint(e, _("let what it is to reach listen on another address of this host, and write that one"));
}

int egress_resolve(struct op *op, const struct egress *policy, struct egress *ret, struct egress_pins *ret_pins,
		   struct err *e)
{
	*ret = *policy;
	*ret_pins = (struct egress_pins){0};
	for (int i = 0; i < ret->n_names; i++)
		if (resolve_one(op, i, ret, ret_pins, e) < 0)
			return -1;
	return 0;
}

void egress_pins_format(const struct egress_pins *p, const struct egress *policy, struct buf *out)
{
	for (int i = 0; i < p->n; i++) {
		const struct egress_range r = {.addr = p->pin[i].addr, .len = 32};
		char text[19];

		buf_addf(out, "%s\t%s%s\n", egress_range_format(&r, text), policy->names[p->pin[i].name],
			 WIRE_HOSTS_PINNED);
	}
}
