/* SPDX-License-Identifier: MIT */
/*
 * The fake host (see fake_host.h).
 */
#include "tests/lib/fake_host.h"

#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static int change(struct fake_host *h, const char *what, struct err *e)
{
	int nth = atomic_fetch_add(&h->changes, 1) + 1;

	if (h->hook && nth == h->hook_at)
		h->hook(h->hook_arg);
	return nth == h->fail_at ? err_set(e, ERR_SYS, "injected: %s", what) : 0;
}

static int bridge_up(void *arg, const char *cidr, struct err *e)
{
	struct fake_host *h = arg;

	if (change(h, "bridge up", e) < 0)
		return -1;
	if (h->foreign_bridge)
		return err_set(e, ERR_EXISTS, "interface br-banger is not ours");
	str_copy(h->bridge, sizeof(h->bridge), cidr);
	return 0;
}

static int set_forwarding(struct fake_host *h, const char *name, bool on);

static int bridge_down(void *arg, struct err *e)
{
	struct fake_host *h = arg;

	if (change(h, "bridge down", e) < 0)
		return -1;
	if (h->foreign_bridge)
		return err_set(e, ERR_EXISTS, "interface br-banger is not ours");
	if (h->n_taps > 0)
		return err_set(e, ERR_BUSY, "the bridge has ports");
	h->bridge[0] = '\0';
	return set_forwarding(h, LINK_BRIDGE, false);
}

static int find_tap(const struct fake_host *h, const char *name)
{
	for (int i = 0; i < h->n_taps; i++)
		if (strcmp(h->names[i], name) == 0)
			return i;
	return -1;
}

static int tap_up(void *arg, const struct link_tap *t, struct err *e)
{
	struct fake_host *h = arg;
	int i = find_tap(h, t->name);

	if (change(h, "tap up", e) < 0)
		return -1;
	if (h->foreign_tap)
		return err_set(e, ERR_EXISTS, "interface %s is not ours", t->name);
	if (i < 0)
		i = h->n_taps++;
	h->taps[i] = *t;
	str_copy(h->names[i], LINK_NAME_SIZE, t->name);
	return 0;
}

static int tap_down(void *arg, const char *name, struct err *e)
{
	struct fake_host *h = arg;
	int i = find_tap(h, name);

	if (change(h, "tap down", e) < 0)
		return -1;
	if (h->foreign_tap)
		return err_set(e, ERR_EXISTS, "interface %s is not ours", name);
	if (i < 0)
		return 0;
	h->n_taps--;
	h->taps[i] = h->taps[h->n_taps];
	memmove(h->names[i], h->names[h->n_taps], LINK_NAME_SIZE);
	return 0;
}

static int links(void *arg, struct link_info **ret, int *ret_n, struct err *e UNUSED)
{
	struct fake_host *h = arg;

	*ret = xcalloc(FAKE_MAX + 1, sizeof(**ret));
	*ret_n = 0;
	if (h->bridge[0]) {
		(*ret)[0].is_bridge = true;
		str_copy((*ret)[(*ret_n)++].name, LINK_NAME_SIZE, LINK_BRIDGE);
	}
	for (int i = 0; i < h->n_taps; i++) {
		struct link_info *l = &(*ret)[(*ret_n)++];
		str_copy(l->name, LINK_NAME_SIZE, h->names[i]);
		str_copy(l->master, LINK_NAME_SIZE, LINK_BRIDGE);
		l->in_use = h->in_use;
	}
	return 0;
}

static int uplinks(void *arg, char (*ret)[LINK_NAME_SIZE], int max, int *ret_n, struct err *e UNUSED)
{
	struct fake_host *h = arg;

	*ret_n = MIN(h->n_uplinks, max);
	memcpy(ret, h->uplinks, (size_t)*ret_n * LINK_NAME_SIZE);
	return 0;
}

static int network_free(void *arg, const char *cidr, struct err *e)
{
	const struct fake_host *h = arg;

	return strcmp(cidr, h->name_servers) == 0 ? err_set(e, ERR_BUSY, "%s holds a name server", cidr) : 0;
}

static void before_confined(void *arg UNUSED) {}

/* Not counted as a change: its failing fails nothing. */
static int resolver_set(void *arg, struct op *op UNUSED, const char *cidr, struct err *e)
{
	struct fake_host *h = arg;

	if (h->no_resolver)
		return err_set(e, ERR_MISSING, "no resolver here");
	str_copy(h->resolver, sizeof(h->resolver), cidr ? cidr : "");
	return 0;
}

static int zone_settled(void *arg, bool *ret, struct err *e UNUSED)
{
	const struct fake_host *h = arg;

	*ret = !h->has_firewalld || h->zone[0];
	return 0;
}

/* Its failing fails no more than the way out does. */
static int zone_set(void *arg, bool on, struct err *e)
{
	struct fake_host *h = arg;

	if (h->has_firewalld && h->refuses_zone)
		return err_set(e, ERR_PERM, "firewalld refuses");
	str_copy(h->zone, sizeof(h->zone), on ? "trusted" : "");
	return 0;
}

static int tables_up(void *arg, const char *cidr, struct err *e)
{
	struct fake_host *h = arg;

	if (change(h, "tables up", e) < 0)
		return -1;
	if (h->foreign_table[0])
		return err_set(e, ERR_EXISTS, "table '%s' is not ours", h->foreign_table);
	str_copy(h->tables, sizeof(h->tables), cidr);
	return 0;
}

static int tables_down(void *arg, struct err *e)
{
	struct fake_host *h = arg;

	if (change(h, "tables down", e) < 0)
		return -1;
	h->tables[0] = '\0';
	h->n_guests = 0;
	return 0;
}

static int find_guest(const struct fake_host *h, const char *tap)
{
	for (int i = 0; i < h->n_guests; i++)
		if (strcmp(h->guests[i].tap, tap) == 0)
			return i;
	return -1;
}

static int guest_set(void *arg, const struct nat_guest *g, struct err *e)
{
	struct fake_host *h = arg;
	int i = find_guest(h, g->tap);

	if (change(h, "guest set", e) < 0)
		return -1;
	h->guests[i < 0 ? h->n_guests++ : i] = *g;
	return 0;
}

static int guest_remove(void *arg, const char *tap, struct err *e)
{
	struct fake_host *h = arg;
	int i = find_guest(h, tap);

	if (change(h, "guest remove", e) < 0)
		return -1;
	if (i >= 0)
		h->guests[i] = h->guests[--h->n_guests];
	return 0;
}

static int guests(void *arg, struct nat_guest **ret, int *ret_n, struct err *e UNUSED)
{
	struct fake_host *h = arg;

	*ret = xcalloc(FAKE_MAX, sizeof(**ret));
	*ret_n = h->n_guests;
	memcpy(*ret, h->guests, sizeof(h->guests));
	return 0;
}

bool fake_host_forwards(const struct fake_host *h, const char *name)
{
	for (int i = 0; i < h->n_forwarding; i++)
		if (strcmp(h->forwarding[i], name) == 0)
			return true;
	return false;
}

static int set_forwarding(struct fake_host *h, const char *name, bool on)
{
	for (int i = 0; i < h->n_forwarding; i++)
		if (strcmp(h->forwarding[i], name) == 0)
			memmove(h->forwarding[i], h->forwarding[--h->n_forwarding], LINK_NAME_SIZE);
	if (on)
		str_copy(h->forwarding[h->n_forwarding++], LINK_NAME_SIZE, name);
	return 0;
}

static int forwarding_get(void *arg, const char *name, bool *ret, struct err *e UNUSED)
{
	*ret = fake_host_forwards(arg, name);
	return 0;
}

static int forwarding_set(void *arg, const char *name, bool on, struct err *e)
{
	if (change(arg, "forwarding", e) < 0)
		return -1;
	return set_forwarding(arg, name, on);
}

static int forwarding_needed(void *arg, char (*ours)[LINK_NAME_SIZE], int n, bool *ret, struct err *e UNUSED)
{
	struct fake_host *h = arg;

	*ret = false;
	for (int i = 0; i < h->n_forwarding; i++) {
		bool is_ours = strcmp(h->forwarding[i], LINK_BRIDGE) == 0;
		for (int k = 0; k < n; k++)
			is_ours |= strcmp(h->forwarding[i], ours[k]) == 0;
		*ret |= !is_ours;
	}
	return 0;
}

static int find_snap(const struct fake_host *h, const char *vm_id)
{
	for (int i = 0; i < h->n_snaps; i++)
		if (strcmp(h->snaps[i], vm_id) == 0)
			return i;
	return -1;
}

static int snap_attach(void *arg, struct op *op UNUSED, const struct dmsnap *d, char *ret_node, size_t size, struct err *e)
{
	struct fake_host *h = arg;

	if (change(h, "snap attach", e) < 0)
		return -1;
	if (find_snap(h, d->vm_id) >= 0)
		return err_set(e, ERR_EXISTS, "mapping of %s is there already", d->vm_id);
	h->last = *d;
	h->cow_writable = (fcntl(d->cow_fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	h->rootfs_writable = (fcntl(d->rootfs_fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
	str_copy(h->snaps[h->n_snaps++], ID_SIZE, d->vm_id);
	snprintf(ret_node, size, DMSNAP_DEV_DIR "/%s", d->vm_id);
	return 0;
}

static int snap_detach(void *arg, struct op *op UNUSED, const char *vm_id, struct err *e)
{
	struct fake_host *h = arg;
	int i = find_snap(h, vm_id);

	if (change(h, "snap detach", e) < 0)
		return -1;
	if (i >= 0)
		memmove(h->snaps[i], h->snaps[--h->n_snaps], ID_SIZE);
	return 0;
}

static int snap_status(void *arg, const char *vm_id, struct dmsnap_status *ret, struct err *e UNUSED)
{
	*ret = (struct dmsnap_status){.health = find_snap(arg, vm_id) < 0 ? DMSNAP_GONE : DMSNAP_OK, .total_bytes = 4096};
	return 0;
}

static int snaps(void *arg, char (**ret)[ID_SIZE], int *ret_n, struct err *e UNUSED)
{
	struct fake_host *h = arg;

	*ret = xcalloc(FAKE_MAX, ID_SIZE);
	*ret_n = h->n_snaps;
	memcpy(*ret, h->snaps, sizeof(h->snaps));
	return 0;
}

static int loops(void *arg, void (*fn)(void *fn_arg, const char *path, const char *name), void *fn_arg, struct err *e UNUSED)
{
	struct fake_host *h = arg;

	for (int i = 0; i < h->n_snaps; i++) {
		char name[64];
		snprintf(name, sizeof(name), "banger:%s:cow", h->snaps[i]);
		fn(fn_arg, "/dev/loop7", name);
	}
	return 0;
}

static int tables(void *arg, struct nat_health *ret, struct err *e)
{
	struct fake_host *h = arg;

	*ret = (struct nat_health){.is_there = h->tables[0], .is_whole = h->tables[0]};
	str_copy(ret->foreign, sizeof(ret->foreign), h->foreign_table);
	return h->no_rules ? err_set(e, ERR_MISSING, "no nftables here") : 0;
}

static int obstacles(void *arg, struct nat_obstacles *ret, struct err *e UNUSED)
{
	*ret = ((struct fake_host *)arg)->obstacle;
	return 0;
}

void fake_host_init(struct fake_host *h)
{
	*h = (struct fake_host){.uplinks = {"eth0"},
				.n_uplinks = 1,
				.rows = {.arg = h,
					 .bridge_up = bridge_up,
					 .bridge_down = bridge_down,
					 .tap_up = tap_up,
					 .tap_down = tap_down,
					 .links = links,
					 .uplinks = uplinks,
					 .network_free = network_free,
					 .before_confined = before_confined,
					 .resolver_set = resolver_set,
					 .zone_settled = zone_settled,
					 .zone_set = zone_set,
					 .tables_up = tables_up,
					 .tables_down = tables_down,
					 .guest_set = guest_set,
					 .guest_remove = guest_remove,
					 .guests = guests,
					 .tables = tables,
					 .obstacles = obstacles,
					 .forwarding_get = forwarding_get,
					 .forwarding_set = forwarding_set,
					 .forwarding_needed = forwarding_needed,
					 .snap_attach = snap_attach,
					 .snap_detach = snap_detach,
					 .snap_status = snap_status,
					 .snaps = snaps,
					 .loops = loops}};
}

bool fake_host_is_empty(const struct fake_host *h)
{
	return !h->bridge[0] && !h->tables[0] && !h->resolver[0] && !h->zone[0] && h->n_taps == 0 && h->n_guests == 0 && h->n_snaps == 0 &&
	       h->n_forwarding == 0;
}
