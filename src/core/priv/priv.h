/* SPDX-License-Identifier: MIT */
/*
 * Everything that needs rights, as one table of fixed operations.
 *
 * The engine never acts with privilege itself: it asks a helper, banger-helper, over a socket pair that only the two hold
 * (the helper's descriptor 0). As root the helper is simply started; as an ordinary user by sudo or pkexec, when asked to.
 * So there is one way to do each thing, and the console is never linked with nftables or device mapper.
 *
 * A request is a fixed-size struct of plain values: an operation, VM ids, addresses, sizes, switches. Never a path, a name
 * of an interface, a command or a rule: those are made by the helper from ids. Files are opened by the helper beneath the state
 * directory's descriptor, which the client passes once (openat2(2), RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), with the user's own
 * rights, and must belong to the user the helper serves.
 *
 * What is made belongs to somebody: the bridged network to one user of the host, a mapping to who asked for it. The helper
 * writes it down below PRIV_RUN_DIR and acts for nobody else on it; root may take down what is anybody's and runs no more.
 */
#ifndef PRIV_PRIV_H
#define PRIV_PRIV_H

#include "base/op.h"
#include "core/disk/dmsnap.h"
#include "core/net/nat.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum priv_op {
	PRIV_NONE,
	PRIV_NET_UP,	   /* net: bridge, rules, forwarding on the interfaces concerned; other firewalls and the host's
			      resolver as far as they can be told (ret note). The first of a user owns the network */
	PRIV_NET_DOWN,	   /* all of it, when no guest is left: ERR_BUSY otherwise */
	PRIV_GUEST_UP,	   /* guest: tap, pins, NAT as said */
	PRIV_GUEST_DOWN,   /* vm_id. ERR_STATE: its tap is in use, by a machine that is not the asker's */
	PRIV_GUEST_NAT,	   /* vm_id, on */
	PRIV_SNAP_UP,	   /* snap: ret node */
	PRIV_SNAP_DOWN,	   /* vm_id */
	PRIV_SNAP_STATUS,  /* vm_id: ret snap_status */
	PRIV_LIST,	   /* ret list: what of ours the host has */
	PRIV_RULES,	   /* ret rules: can there be packet filter rules, are ours as they should be, and what of others' stands in
			      their way */
	PRIV_NET_MEND,	   /* rules that are missing while guests are on the bridge, made again for all of them as they were last
			      asked for (ret note, when there were any). Nothing else is touched. Root's word counts for anybody's */
	PRIV_OP_COUNT
};

const char *priv_op_to_string(enum priv_op op); /* "net-up" */

struct priv_request {
	enum priv_op op;
	char vm_id[ID_SIZE];
	union {
		struct {
			char cidr[LINK_CIDR_SIZE]; /* the bridge's address */
		} net;
		struct {
			char ipv4[NAT_IPV4_SIZE];
			bool nat;
		} guest;
		struct {
			char image_id[ID_SIZE]; /* images/<id>/rootfs.ext4 beneath the state directory */
			uint64_t bytes;		/* vms/<vm_id>/cow beneath it is the other half */
			bool revive;		/* of a disk that was given up; there is room again (dmsnap.h) */
		} snap;
		bool on;
	};
};

/* What a request may ask for. */
#define PRIV_DISK_MAX ((uint64_t)128 << 30)
#define PRIV_DISK_UNIT 4096

#define PRIV_RUN_DIR "/run/banger" /* root's, 0700: owner, forwarding, guests/<vm id>, snaps/<vm id>, lock */

#define PRIV_LIST_MAX 512
struct priv_item {
	char kind[12]; /* "tap", "bridge", "guest", "mapping", "loop" */
	char name[32];
	char vm_id[ID_SIZE]; /* empty for what belongs to no one VM */
};

/* PRIV_LIST and PRIV_RULES look and change nothing, nor is a file made for them. ERR_MISSING of PRIV_RULES: no nftables here. */
struct priv_rules {
	bool ours;	 /* our tables are there: one of them at least */
	bool whole;	 /* both are, with every rule */
	char foreign[24]; /* "inet banger": a table of their name that is somebody else's; empty when there is none */
	int n_guests;	 /* taps of ours on the bridge: of machines, of whoever has the network. Without whole rules nothing holds them */
	int n_mute;	 /* of these, such as have no place in the rules: nothing they send passes */
	char mute[ID_SIZE]; /* one of those */
	char where[80];	 /* the chain that would swallow guests' packets; empty when none would */
	char fix[400];	 /* the command that opens it, root's; empty when there is none that short */
};

struct priv_reply {
	char node[64];
	char note[120]; /* it was done, but for what this says: sentences; empty when there is nothing to say */
	struct dmsnap_status snap_status;
	struct priv_rules rules;
	struct priv_item *items; /* owned: free() */
	int n_items;
};

struct priv;

/* How the helper would be had, from looking alone: nothing is started, nobody is asked. */
enum priv_way { PRIV_WAY_ROOT, PRIV_WAY_SUDO, PRIV_WAY_PKEXEC, PRIV_WAY_NONE };
struct priv_outlook {
	enum priv_way way;
	bool asks;	   /* a password will be asked for; false with sudo: it is tried without first */
	bool trusted;	   /* the program and every directory above it are root's, and only root's to change */
	char helper[4096]; /* which program; empty when there is none */
	char why[160];	   /* one sentence */
};
/* `helper` as in priv_start_args. */
void priv_look(const char *helper, struct priv_outlook *ret);

struct priv_start_args {
	const char *state_dir;
	const char *helper; /* NULL: where it is installed, else beside this program */
	bool interactive;   /* sudo may ask on our terminal (the console has left curses) */
	uid_t owner;	    /* as root: who gets taps and nodes, the user VMMs run as. Else ignored: the caller does */
	gid_t group;
};

/* Start a helper and shake hands. ERR_PERM with what to do when it cannot be had without asking and !interactive (a program that
 * others than root could have changed is never started without asking); ERR_PROTO when it is of another version; ERR_MISSING
 * when there is no helper, no sudo and no pkexec. May block on a person typing, until the op ends. */
NODISCARD int priv_start(struct op *op, const struct priv_start_args *a, struct priv **ret, struct err *e);
/* Hang up: the helper finishes what it is at and ends. Waits a little for that. NULL is fine. No call may be under way. */
void priv_stop(struct priv *p);

/* One request, one reply. Thread-safe: calls queue. The helper's own error comes back whole. ERR_NET when it died. Blocks, at
 * most until the op ends; the helper is told how long that is and ends by itself what takes longer, at the latest after
 * PRIV_CALL_MAX_MS. A cancelled call may still be carried out: ask for the opposite, every operation is idempotent.
 * The caller owns *ret (priv_reply_done), which is zeroed on failure. */
#define PRIV_CALL_MAX_MS 60000
NODISCARD int priv_call(struct op *op, struct priv *p, const struct priv_request *r, struct priv_reply *ret, struct err *e);
void priv_reply_done(struct priv_reply *r);

#endif
