/* SPDX-License-Identifier: MIT */
/*
 * The table of operations, the steps' machinery, and what concerns no network: mappings and the list. The network's rows are in
 * ops_net.c.
 */
#include "core/priv/ops_priv.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "core/priv/claims.h"

#include <stdio.h>
#include <string.h>

#define UNDO_MS 15000
#define PATH_SIZE 64

static int ask_gone(const struct ops *o, struct err *e)
{
	return o->is_gone && o->is_gone(o->arg) ? err_set(e, ERR_CANCELED, _("the program that asked is gone")) : 0;
}

static void undo(struct op *from, const struct ops_step *steps, int last, struct work *w, struct err *e)
{
	struct op op;

	op_init_cleanup(&op, from, UNDO_MS);
	for (int i = last; i >= 0; i--) {
		struct err ue = {0};
		if (steps[i].undo && steps[i].undo(&op, w, &ue) < 0)
			err_join(e, &ue);
	}
	op_done(&op);
}

int ops_steps(struct op *op, const struct ops_step *steps, int n, struct work *w, struct err *e)
{
	for (int i = 0; i < n; i++) {
		if (ask_gone(w->o, e) == 0 && op_check(op, e) == 0 && steps[i].run(op, w, e) == 0)
			continue;
		undo(op, steps, i, w, e);
		return -1;
	}
	if (ask_gone(w->o, e) == 0)
		return 0;
	undo(op, steps, n - 1, w, e);
	return -1;
}

int ops_foreign(struct err *e, uid_t uid)
{
	return err_set(e, ERR_PERM, _("this VM is user %u's"), (unsigned int)uid);
}

/* Whose mapping is it? Root's word counts for anybody's. */
static int check_snap_owner(const struct work *w, bool *ret_any, struct err *e)
{
	uid_t uid;

	if (claims_snap(w->o->claims, w->r->vm_id, ret_any, &uid, e) < 0)
		return -1;
	return *ret_any && uid != w->o->uid && w->o->uid != 0 ? ops_foreign(e, uid) : 0;
}

static int open_files(struct op *op UNUSED, struct work *w, struct err *e)
{
	char path[PATH_SIZE];
	uint64_t base_bytes;
	uint64_t cow_bytes;

	snprintf(path, sizeof(path), "images/%s/rootfs.ext4", w->r->snap.image_id);
	if (beneath_open(&w->o->files, path, false, &w->rootfs_fd, &base_bytes, e) < 0)
		return -1;
	snprintf(path, sizeof(path), "vms/%s/cow", w->r->vm_id);
	if (beneath_open(&w->o->files, path, true, &w->cow_fd, &cow_bytes, e) < 0)
		return -1;
	if (base_bytes == 0 || base_bytes > w->r->snap.bytes)
		return err_set(e, ERR_USAGE, _("a disk cannot be smaller than its image"));
	if (cow_bytes < PRIV_DISK_UNIT || cow_bytes > 2 * PRIV_DISK_MAX)
		return err_set(e, ERR_USAGE, _("'%s' has an impossible size"), path);
	return 0;
}

static int claim_snap(struct op *op, struct work *w, struct err *e)
{
	auto_fd lock = -1;
	bool any;

	if (claims_lock(op, w->o->claims, &lock, e) < 0 || check_snap_owner(w, &any, e) < 0)
		return -1;
	if (any)
		return 0;
	w->claimed_snap = true;
	return claims_set_snap(w->o->claims, w->r->vm_id, w->o->uid, e);
}

static int unclaim_snap(struct op *op, struct work *w, struct err *e)
{
	auto_fd lock = -1;

	if (!w->claimed_snap)
		return 0;
	return claims_lock(op, w->o->claims, &lock, e) < 0 ? -1 : claims_drop_snap(w->o->claims, w->r->vm_id, e);
}

static int attach(struct op *op, struct work *w, struct err *e)
{
	struct dmsnap d = {.vm_id = w->r->vm_id,
			   .rootfs_fd = w->rootfs_fd,
			   .cow_fd = w->cow_fd,
			   .bytes = w->r->snap.bytes,
			   .owner = w->o->owner,
			   .group = w->o->group,
			   .revive = w->r->snap.revive};
	const struct priv_host *h = w->o->host;

	if (h->snap_attach(h->arg, op, &d, w->ret->node, sizeof(w->ret->node), e) < 0)
		return -1;
	w->attached = true;
	return 0;
}

/* Only what this request attached: an attach that failed left nothing, and one that found a mapping must not take it down. */
static int detach_again(struct op *op, struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;

	return w->attached ? h->snap_detach(h->arg, op, w->r->vm_id, e) : 0;
}

static const struct ops_step snap_up_steps[] = {
	{open_files, NULL},
	{claim_snap, unclaim_snap},
	{attach, detach_again},
};

static int snap_up(struct op *op, struct work *w, struct err *e)
{
	int rc = ops_steps(op, snap_up_steps, ARRAY_LEN(snap_up_steps), w, e);

	fd_close(&w->rootfs_fd);
	fd_close(&w->cow_fd);
	return rc;
}

static int snap_down(struct op *op, struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;
	auto_fd lock = -1;
	bool any;

	if (check_snap_owner(w, &any, e) < 0)
		return -1;
	/* Nothing of theirs: gone already. Root also removes what nobody has a claim on. */
	if (!any && w->o->uid != 0)
		return 0;
	if (h->snap_detach(h->arg, op, w->r->vm_id, e) < 0)
		return -1;
	return claims_lock(op, w->o->claims, &lock, e) < 0 ? -1 : claims_drop_snap(w->o->claims, w->r->vm_id, e);
}

static int snap_status(struct op *op UNUSED, struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;
	bool any;

	if (check_snap_owner(w, &any, e) < 0)
		return -1;
	w->ret->snap_status.health = DMSNAP_GONE;
	return any ? h->snap_status(h->arg, w->r->vm_id, &w->ret->snap_status, e) : 0;
}

static void add_item(struct priv_reply *ret, const char *kind, const char *name, const char *vm_id)
{
	if (ret->n_items == PRIV_LIST_MAX)
		return;
	struct priv_item *i = &ret->items[ret->n_items++];
	str_copy(i->kind, sizeof(i->kind), kind);
	str_copy(i->name, sizeof(i->name), name);
	str_copy(i->vm_id, sizeof(i->vm_id), vm_id);
}

static int list_net(struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;
	auto_free struct link_info *links = NULL;
	auto_free struct nat_guest *guests = NULL;
	const size_t prefix = strlen(LINK_TAP_PREFIX);
	struct claims_owner owner;
	int n;

	if (claims_owner(w->o->claims, &owner, e) < 0)
		return -1;
	if (owner.uid != w->o->uid && w->o->uid != 0)
		return 0;
	if (h->links(h->arg, &links, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		add_item(w->ret, links[i].is_bridge ? "bridge" : "tap", links[i].name,
			 links[i].is_bridge ? "" : links[i].name + prefix);
	if (h->guests(h->arg, &guests, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		add_item(w->ret, "guest", guests[i].ipv4, guests[i].tap + prefix);
	return 0;
}

/* lo_file_name is "banger:<vm id>:<what>" (loopdev.h). */
static void list_loop(void *arg, const char *path, const char *name)
{
	struct work *w = arg;
	char vm_id[ID_SIZE];
	uid_t uid;
	bool any;

	if (sscanf(name, "banger:%12[0-9a-f]:", vm_id) != 1 || claims_snap(w->o->claims, vm_id, &any, &uid, NULL) < 0)
		return;
	if (w->o->uid == 0 || (any && uid == w->o->uid))
		add_item(w->ret, "loop", path, vm_id);
}

static int list(struct op *op UNUSED, struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;
	auto_free char(*ids)[ID_SIZE] = NULL;
	int n;

	w->ret->items = xcalloc(PRIV_LIST_MAX, sizeof(*w->ret->items));
	if (list_net(w, e) < 0 || h->snaps(h->arg, &ids, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		bool any;
		uid_t uid;
		if (claims_snap(w->o->claims, ids[i], &any, &uid, e) < 0)
			return -1;
		if (w->o->uid == 0 || (any && uid == w->o->uid))
			add_item(w->ret, "mapping", ids[i], ids[i]);
	}
	return h->loops(h->arg, list_loop, w, e);
}

/* How it stands with ours, and with those they are for. */
static void count_rules(struct work *w, const struct nat_health *tables)
{
	struct priv_rules *r = &w->ret->rules;

	r->ours = tables->is_there;
	r->whole = tables->is_whole;
	str_copy(r->foreign, sizeof(r->foreign), tables->foreign);
	for (int i = 0; i < w->n_links; i++) {
		const char *id = ops_tap_id(&w->links[i]);
		if (!id)
			continue;
		r->n_guests++;
		if (ops_pin_of(w, w->links[i].name))
			continue;
		r->n_mute++;
		str_copy(r->mute, sizeof(r->mute), id);
	}
}

static int rules(struct op *op UNUSED, struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;
	struct nat_obstacles o = {0};
	struct nat_health tables;

	if (h->tables(h->arg, &tables, e) < 0 || h->obstacles(h->arg, &o, e) < 0 || ops_look_around(w, e) < 0)
		return -1;
	count_rules(w, &tables);
	/* firewalld is told when there is a network to tell of. */
	if (o.what != NAT_CLEAR && (o.what != NAT_FIREWALLD || w->ret->rules.ours)) {
		str_copy(w->ret->rules.where, sizeof(w->ret->rules.where), o.where);
		str_copy(w->ret->rules.fix, sizeof(w->ret->rules.fix), o.fix);
	}
	return 0;
}

static const struct {
	/* Whether it may be asked for now, by this user: changes nothing. May be NULL. */
	int (*check)(struct op *op, struct work *w, struct err *e);
	int (*run)(struct op *op, struct work *w, struct err *e);
	bool locked; /* holds the lock from before the check to its end */
} table[PRIV_OP_COUNT] = {
	[PRIV_NET_UP] = {ops_net_up_check, ops_net_up, true},
	[PRIV_NET_DOWN] = {ops_net_down_check, ops_net_down, true},
	[PRIV_GUEST_UP] = {ops_guest_up_check, ops_guest_up, true},
	[PRIV_GUEST_DOWN] = {ops_guest_down_check, ops_guest_down, true},
	[PRIV_GUEST_NAT] = {ops_guest_check, ops_guest_nat, true},
	[PRIV_SNAP_UP] = {NULL, snap_up, false},
	[PRIV_SNAP_DOWN] = {NULL, snap_down, false},
	[PRIV_SNAP_STATUS] = {NULL, snap_status, false},
	[PRIV_LIST] = {NULL, list, false},
	[PRIV_RULES] = {NULL, rules, false},
	[PRIV_NET_MEND] = {ops_net_mend_check, ops_net_mend, true},
};

bool ops_only_looks(enum priv_op op)
{
	return op == PRIV_LIST || op == PRIV_RULES || op == PRIV_SNAP_STATUS;
}

static int run(struct op *op, struct work *w, struct err *e)
{
	enum priv_op what = w->r->op;
	auto_fd lock = -1;

	/* A slow file system of the user's must not hold up other users: nothing of theirs is opened with the lock held. */
	if (what == PRIV_GUEST_UP && ops_guest_has_dir(w, e) < 0)
		return -1;
	w->has_dir = what == PRIV_GUEST_DOWN && ops_guest_has_dir(w, NULL) == 0;
	if (table[what].locked && claims_lock(op, w->o->claims, &lock, e) < 0)
		return -1;
	if (table[what].check && table[what].check(op, w, e) < 0)
		return -1;
	return table[what].run(op, w, e);
}

int ops_run(struct op *op, const struct ops *o, const struct priv_request *r, struct priv_reply *ret, struct err *e)
{
	struct work w = {.o = o, .r = r, .ret = ret, .rootfs_fd = -1, .cow_fd = -1};
	int rc = run(op, &w, e);

	ops_work_done(&w);
	if (rc < 0)
		priv_reply_done(ret);
	return rc;
}
