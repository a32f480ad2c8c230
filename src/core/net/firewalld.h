/* SPDX-License-Identifier: MIT */
/*
 * firewalld told to let an interface's packets pass: it is put in the zone `trusted`, as `firewall-cmd --zone=trusted
 * --add-interface=NAME` does, over org.fedoraproject.FirewallD1 on the system bus. That is its runtime configuration alone: nothing
 * is written to disk. A restart forgets it, and so does a reload of some versions (seen with 1.3.3): until it is asked for again.
 *
 * firewalld's tables cannot be opened by a rule of ours: it rejects in the last rule of its own base chains, makes them anew at every
 * reload, and from 2.1 on is the only one who may change them. Trusted is only what our own table lets through (nat.h), so it
 * must be there before and go after.
 */
#ifndef NET_FIREWALLD_H
#define NET_FIREWALLD_H

#include "core/net/bus.h"

#define FIREWALLD_ZONE "trusted"

/* Is the interface in a zone, whoever put it there? true as well when no firewalld runs, or there is no bus: nothing to be done. */
NODISCARD int firewalld_is_settled(struct bus *b, const char *ifname, bool *ret, struct err *e);
/* Put it in our zone. In another by now is fine: somebody has decided. ERR_MISSING when no firewalld runs; ERR_PERM. */
NODISCARD int firewalld_trust(struct bus *b, const char *ifname, struct err *e);
/* Out of our zone again. In none, in another one, or no firewalld is fine. */
NODISCARD int firewalld_forget(struct bus *b, const char *ifname, struct err *e);

#endif
