/* SPDX-License-Identifier: MIT */
/*
 * Between ops.c and ops_net.c alone: one request under way, and its steps.
 */
#ifndef PRIV_OPS_PRIV_H
#define PRIV_OPS_PRIV_H

#include "core/priv/claims.h"
#include "core/priv/ops.h"

struct work {
	const struct ops *o;
	const struct priv_request *r;
	struct priv_reply *ret;
	/* mappings */
	int rootfs_fd;
	int cow_fd;
	bool claimed_snap; /* by this request */
	bool attached;
	/* the network as it was before */
	struct claims_owner before;
	bool claimed; /* our step wrote the claim */
	struct claims_forwarding forwarding;
	struct claims_forwarding switched; /* by this request */
	bool zoned;			   /* by this request */
	/* what is there (ops_look_around) */
	struct nat_guest *pins;
	int n_pins;
	struct link_info *links;
	int n_links;
	bool has_dir; /* the machine is in the client's state directory */
	/* the guest as it was before */
	struct claims_guest record;
	struct nat_guest guest;
	bool had_guest;
	bool had_tap;
};

struct ops_step {
	int (*run)(struct op *op, struct work *w, struct err *e);
	int (*undo)(struct op *op, struct work *w, struct err *e); /* may be NULL; also for a step that did half */
};

NODISCARD int ops_steps(struct op *op, const struct ops_step *steps, int n, struct work *w, struct err *e);
/* ERR_PERM: it is somebody else's. */
int ops_foreign(struct err *e, uid_t uid);

/* Who is in the rules, and which links of ours there are. What was looked at before is forgotten. */
NODISCARD int ops_look_around(struct work *w, struct err *e);
void ops_work_done(struct work *w);
/* Whose tap it is, by its name; NULL when it is no tap on our bridge. */
const char *ops_tap_id(const struct link_info *l);
/* NULL when it has none. */
const struct nat_guest *ops_pin_of(const struct work *w, const char *tap);

/* Before the lock: the VM is one of the user's own. */
NODISCARD int ops_guest_has_dir(struct work *w, struct err *e);
NODISCARD int ops_net_up_check(struct op *op, struct work *w, struct err *e);
NODISCARD int ops_net_up(struct op *op, struct work *w, struct err *e);
NODISCARD int ops_net_down_check(struct op *op, struct work *w, struct err *e);
NODISCARD int ops_net_down(struct op *op, struct work *w, struct err *e);
NODISCARD int ops_net_mend_check(struct op *op, struct work *w, struct err *e);
NODISCARD int ops_net_mend(struct op *op, struct work *w, struct err *e);
NODISCARD int ops_guest_check(struct op *op, struct work *w, struct err *e);
NODISCARD int ops_guest_up_check(struct op *op, struct work *w, struct err *e);
NODISCARD int ops_guest_down_check(struct op *op, struct work *w, struct err *e);
NODISCARD int ops_guest_up(struct op *op, struct work *w, struct err *e);
NODISCARD int ops_guest_down(struct op *op, struct work *w, struct err *e);
NODISCARD int ops_guest_nat(struct op *op, struct work *w, struct err *e);

#endif
