/* SPDX-License-Identifier: MIT */
/*
 * What the helper does to a host, as a table of functions: the real rows call core/net and core/disk (helper/host_real.c),
 * tests have a host of their own. Every row has the contract of the function it is named after; names of interfaces that are
 * always the same (the bridge's) are the row's business.
 */
#ifndef PRIV_HOST_H
#define PRIV_HOST_H

#include "core/disk/dmsnap.h"
#include "core/net/link.h"
#include "core/net/nat.h"

#define HOST_UPLINKS_MAX 8

struct priv_host {
	void *arg;
	/* core/net/link.h */
	int (*bridge_up)(void *arg, const char *cidr, struct err *e);
	int (*bridge_down)(void *arg, struct err *e);
	int (*tap_up)(void *arg, const struct link_tap *t, struct err *e);
	int (*tap_down)(void *arg, const char *name, struct err *e);
	int (*links)(void *arg, struct link_info **ret, int *ret_n, struct err *e);
	int (*uplinks)(void *arg, char (*ret)[LINK_NAME_SIZE], int max, int *ret_n, struct err *e);
	/* core/net/resolvconf.h: ERR_BUSY when that network holds a name server of the host's. */
	int (*network_free)(void *arg, const char *cidr, struct err *e);
	/* Once, while connecting is still allowed: what resolver_set() will need. What fails is told there. */
	void (*before_confined)(void *arg);
	/* core/net/resolved.h: the host asks our name server on the loopback about .vm and the addresses of `cidr`; NULL: no more. A
	 * bridge that is gone needs no telling. */
	int (*resolver_set)(void *arg, struct op *op, const char *cidr, struct err *e);
	/* core/net/firewalld.h, about the bridge. Asked for when our tables stand: trusted is what they let through. */
	int (*zone_settled)(void *arg, bool *ret, struct err *e);
	int (*zone_set)(void *arg, bool on, struct err *e);
	/* core/net/nat.h; `cidr` is the bridge's, where our name server listens too */
	int (*tables_up)(void *arg, const char *cidr, struct err *e);
	int (*tables_down)(void *arg, struct err *e);
	int (*guest_set)(void *arg, const struct nat_guest *g, struct err *e);
	int (*guest_remove)(void *arg, const char *tap, struct err *e);
	int (*guests)(void *arg, struct nat_guest **ret, int *ret_n, struct err *e);
	int (*tables)(void *arg, struct nat_health *ret, struct err *e);
	int (*obstacles)(void *arg, struct nat_obstacles *ret, struct err *e);
	/* /proc/sys/net/ipv4/conf/<name>/forwarding; an interface that is gone does not forward and cannot be told to stop */
	int (*forwarding_get)(void *arg, const char *name, bool *ret, struct err *e);
	int (*forwarding_set)(void *arg, const char *name, bool on, struct err *e);
	/* Does any interface forward besides the bridge and these, or is forwarding on for all? Then others live by it. */
	int (*forwarding_needed)(void *arg, char (*ours)[LINK_NAME_SIZE], int n, bool *ret, struct err *e);
	/* core/disk/dmsnap.h, core/disk/loopdev.h */
	int (*snap_attach)(void *arg, struct op *op, const struct dmsnap *d, char *ret_node, size_t size, struct err *e);
	int (*snap_detach)(void *arg, struct op *op, const char *vm_id, struct err *e);
	int (*snap_status)(void *arg, const char *vm_id, struct dmsnap_status *ret, struct err *e);
	int (*snaps)(void *arg, char (**ret)[ID_SIZE], int *ret_n, struct err *e);
	int (*loops)(void *arg, void (*fn)(void *fn_arg, const char *path, const char *name), void *fn_arg, struct err *e);
};

#endif
