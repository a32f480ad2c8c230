/* SPDX-License-Identifier: MIT */
/*
 * What belongs to whom on this host, in PRIV_RUN_DIR: small text files of root's, gone with a reboot like what they are about.
 *
 *	owner        "<uid> <cidr> <dev> <ino>"	who has the bridged network, and for which state directory
 *	forwarding   names, one a line  interfaces whose forwarding was off before we switched it on
 *	zone         "br-banger"        the bridge is in a zone of firewalld's because we put it there
 *	guests/<id>  "<ipv4> <nat>"     a guest's place in the rules, as it was asked for last: whoever removes the rules leaves that
 *	snaps/<id>   "<uid>"            who has a copy-on-write mapping
 *	lock                            held while any of these, or the network, is being changed
 *
 * A claim is written before the thing is made and removed after it is gone. Files are replaced whole. `dir` is a descriptor of
 * the directory everywhere.
 */
#ifndef PRIV_CLAIMS_H
#define PRIV_CLAIMS_H

#include "base/op.h"
#include "core/net/link.h"
#include "core/priv/host.h"

#include <sys/types.h>

struct claims_owner {
	bool any; /* somebody has it */
	uid_t uid;
	char cidr[LINK_CIDR_SIZE];
	uint64_t dev; /* the state directory; both 0: not known */
	uint64_t ino;
};

/* Is it there? *ret_dir is the caller's, -1 when there is none: then the functions that read find nothing claimed, and those
 * that write must not be called. */
NODISCARD int claims_find(const char *path, int *ret_dir, struct err *e);
/* The directory, made when missing: owned by the caller, 0700, no link, else ERR_PERM. *ret_dir is the caller's. */
NODISCARD int claims_open(const char *path, int *ret_dir, struct err *e);
/* Wait for the lock until the op ends. *ret_fd: closing it lets go. */
NODISCARD int claims_lock(struct op *op, int dir, int *ret_fd, struct err *e);

NODISCARD int claims_owner(int dir, struct claims_owner *ret, struct err *e);
/* !o->any removes the claim. */
NODISCARD int claims_set_owner(int dir, const struct claims_owner *o, struct err *e);

struct claims_forwarding {
	char names[HOST_UPLINKS_MAX * 2][LINK_NAME_SIZE];
	int n;
};
NODISCARD int claims_forwarding(int dir, struct claims_forwarding *ret, struct err *e);
NODISCARD int claims_set_forwarding(int dir, const struct claims_forwarding *f, struct err *e);

NODISCARD int claims_zone(int dir, bool *ret, struct err *e);
NODISCARD int claims_set_zone(int dir, bool on, struct err *e);

struct claims_guest {
	bool any;
	char ipv4[NAT_IPV4_SIZE];
	bool nat;
};
NODISCARD int claims_guest(int dir, const char *vm_id, struct claims_guest *ret, struct err *e);
/* !g->any removes the record. */
NODISCARD int claims_set_guest(int dir, const char *vm_id, const struct claims_guest *g, struct err *e);
/* All of them: nobody is there any more. */
NODISCARD int claims_drop_guests(int dir, struct err *e);

NODISCARD int claims_snap(int dir, const char *vm_id, bool *ret_any, uid_t *ret_uid, struct err *e);
NODISCARD int claims_set_snap(int dir, const char *vm_id, uid_t uid, struct err *e);
NODISCARD int claims_drop_snap(int dir, const char *vm_id, struct err *e);

#endif
