/* SPDX-License-Identifier: MIT */
/*
 * The network's operations. All run with the claims' lock held, so that two helpers never change the network together.
 *
 * Forwarding is switched on for the bridge and the uplinks, one by one. Which were off before is written down first, and
 * switched off again at the end unless somebody else's interfaces forward by then (another bridge may live by our uplink).
 *
 * Rules are there before anything they judge, and as long: they come up first and go last, and not while a tap is on the bridge,
 * whatever the rules themselves say. Others remove them: restarting nftables.service empties all of the packet filter. So what was
 * asked for of each guest is written down, and whatever is asked of the network next makes rules that are missing again, for all
 * guests that are there (mend_rules).
 */
#include "core/priv/ops_priv.h"

#include "base/i18n.h"
#include "core/net/addr.h"
#include "core/net/subnet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int owned_by(struct err *e, const struct claims_owner *owner)
{
	err_set(e, ERR_BUSY, _("the bridged network of this host is user %u's"), (unsigned int)owner->uid);
	return err_hint(e, _("It is free once their last bridged VM has stopped; until then use another network mode."));
}

/* One state directory has it at a time: two would give the same addresses to their machines, and the same names. */
static bool is_for_us(const struct work *w)
{
	struct stat st;

	if (fstat(w->o->files.fd, &st) < 0)
		return false;
	return (!w->before.dev && !w->before.ino) || (w->before.dev == st.st_dev && w->before.ino == st.st_ino);
}

static int of_another_directory(struct err *e)
{
	err_set(e, ERR_BUSY, _("the bridged network of this host is in use by machines of another state directory of yours"));
	return err_hint(e, _("Stop those first (BANGER_STATE_DIR says which is meant); until then use another network mode."));
}

/* As link_tap_name() has it, without its library. */
static void name_tap(const char *vm_id, char ret[LINK_NAME_SIZE])
{
	snprintf(ret, LINK_NAME_SIZE, "%s%s", LINK_TAP_PREFIX, vm_id);
}

/* ---- who is there ---- */

int ops_look_around(struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;

	ops_work_done(w);
	if (h->guests(h->arg, &w->pins, &w->n_pins, e) < 0)
		return -1;
	return h->links(h->arg, &w->links, &w->n_links, e);
}

void ops_work_done(struct work *w)
{
	free(TAKE_PTR(w->pins));
	free(TAKE_PTR(w->links));
	w->n_pins = w->n_links = 0;
}

const char *ops_tap_id(const struct link_info *l)
{
	const char *id = l->name + strlen(LINK_TAP_PREFIX);

	if (l->is_bridge || strcmp(l->master, LINK_BRIDGE) != 0 || strncmp(l->name, LINK_TAP_PREFIX, strlen(LINK_TAP_PREFIX)) != 0)
		return NULL;
	return id_is_valid(id) ? id : NULL;
}

const struct nat_guest *ops_pin_of(const struct work *w, const char *tap)
{
	for (int i = 0; i < w->n_pins; i++)
		if (strcmp(w->pins[i].tap, tap) == 0)
			return &w->pins[i];
	return NULL;
}

static const struct link_info *find_tap(const struct work *w, const char *tap)
{
	for (int i = 0; i < w->n_links; i++)
		if (!w->links[i].is_bridge && strcmp(w->links[i].name, tap) == 0)
			return &w->links[i];
	return NULL;
}

static int count_taps(const struct work *w)
{
	int n = 0;

	for (int i = 0; i < w->n_links; i++)
		n += ops_tap_id(&w->links[i]) != NULL;
	return n;
}

/* By the rules, and by what is on the bridge, whatever the rules say. */
static int count_guests(struct work *w, int *ret, struct err *e)
{
	if (ops_look_around(w, e) < 0)
		return -1;
	*ret = w->n_pins;
	for (int i = 0; i < w->n_links; i++)
		*ret += ops_tap_id(&w->links[i]) && !ops_pin_of(w, w->links[i].name);
	return 0;
}

/* ---- rules that are missing ---- */

static void add_note(struct work *w, const char *text)
{
	size_t n = strlen(w->ret->note);

	snprintf(w->ret->note + n, sizeof(w->ret->note) - n, "%s%s", n ? ". " : "", text);
}

static int set_guest(struct work *w, const char *vm_id, const char *ipv4, bool nat, struct err *e)
{
	struct nat_guest g = {.nat = nat};

	name_tap(vm_id, g.tap);
	addr_mac_from_id(vm_id, g.mac);
	str_copy(g.ipv4, sizeof(g.ipv4), ipv4);
	return w->o->host->guest_set(w->o->host->arg, &g, e);
}

/* Who is on the bridge and was looked at before gets the place that was written down. One nobody has written down stays mute: where
 * its record is damaged, too, for that must not keep others from theirs. */
static int pin_again(struct work *w, int *ret_n, struct err *e)
{
	for (int i = 0; i < w->n_links; i++) {
		const char *id = ops_tap_id(&w->links[i]);
		const struct nat_guest *pin = ops_pin_of(w, w->links[i].name);
		struct claims_guest g;

		if (!id || claims_guest(w->o->claims, id, &g, NULL) < 0 || !g.any)
			continue;
		if (pin && pin->nat == g.nat && strcmp(pin->ipv4, g.ipv4) == 0)
			continue;
		if (set_guest(w, id, g.ipv4, g.nat, e) < 0)
			return -1;
		(*ret_n)++;
	}
	return 0;
}

/* Tables as they should be, and all who are there in them. */
static int make_rules(struct work *w, const char *cidr, bool always, struct err *e)
{
	const struct priv_host *h = w->o->host;
	struct nat_health is;
	int n = 0;

	if (ops_look_around(w, e) < 0 || h->tables(h->arg, &is, e) < 0)
		return -1;
	bool is_missed = count_taps(w) > 0 && !is.is_whole;
	if ((always || is_missed) && h->tables_up(h->arg, cidr, e) < 0)
		return -1;
	if (pin_again(w, &n, e) < 0)
		return -1;
	if (is_missed || n > 0)
		add_note(w, _("rules of machines that run were missing; they were made again"));
	return 0;
}

static int mend_rules(struct op *op UNUSED, struct work *w, struct err *e)
{
	return w->before.any ? make_rules(w, w->before.cidr, false, e) : 0;
}

int ops_net_mend_check(struct op *op UNUSED, struct work *w, struct err *e)
{
	if (claims_owner(w->o->claims, &w->before, e) < 0)
		return -1;
	return w->before.any && w->before.uid != w->o->uid && w->o->uid != 0 ? owned_by(e, &w->before) : 0;
}

int ops_net_mend(struct op *op, struct work *w, struct err *e)
{
	return mend_rules(op, w, e);
}

/* ---- the network ---- */

int ops_net_up_check(struct op *op UNUSED, struct work *w, struct err *e)
{
	int n;

	if (claims_owner(w->o->claims, &w->before, e) < 0)
		return -1;
	if (w->before.any && w->before.uid != w->o->uid)
		return owned_by(e, &w->before);
	/* A server behind the default route has no route that says so: who takes its network takes what all users ask of it. */
	if (!w->before.any || strcmp(w->before.cidr, w->r->net.cidr) != 0)
		if (w->o->host->network_free(w->o->host->arg, w->r->net.cidr, e) < 0)
			return -1;
	if (!w->before.any)
		return 0;
	if (strcmp(w->before.cidr, w->r->net.cidr) == 0 && is_for_us(w))
		return 0;
	if (count_guests(w, &n, e) < 0)
		return -1;
	if (n > 0 && !is_for_us(w))
		return of_another_directory(e);
	if (n > 0)
		return err_set(e, ERR_BUSY, _("the bridge has address %s while %d guests are on it"), w->before.cidr, n);
	return 0;
}

static int claim_net(struct op *op UNUSED, struct work *w, struct err *e)
{
	struct claims_owner mine = {.any = true, .uid = w->o->uid};
	struct stat st;

	if (fstat(w->o->files.fd, &st) < 0)
		return err_sys(e, errno, "fstat");
	mine.dev = st.st_dev;
	mine.ino = st.st_ino;
	str_copy(mine.cidr, sizeof(mine.cidr), w->r->net.cidr);
	w->claimed = true;
	return claims_set_owner(w->o->claims, &mine, e);
}

static int unclaim_net(struct op *op UNUSED, struct work *w, struct err *e)
{
	return w->claimed ? claims_set_owner(w->o->claims, &w->before, e) : 0;
}

static int bridge_up(struct op *op UNUSED, struct work *w, struct err *e)
{
	return w->o->host->bridge_up(w->o->host->arg, w->r->net.cidr, e);
}

/* What is somebody else's is not there, as far as we are concerned: nothing of ours is left in its place. */
static int unless_foreign(int rc, struct err *said, struct err *e)
{
	return rc == 0 || said->code == ERR_EXISTS ? 0 : err_join(e, said);
}

static int bridge_down(struct work *w, struct err *e)
{
	struct err said = {0};

	return unless_foreign(w->o->host->bridge_down(w->o->host->arg, &said), &said, e);
}

static int bridge_back(struct op *op UNUSED, struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;

	return w->before.any ? h->bridge_up(h->arg, w->before.cidr, e) : bridge_down(w, e);
}

static int tables_up(struct op *op UNUSED, struct work *w, struct err *e)
{
	return make_rules(w, w->r->net.cidr, true, e);
}

static int tables_back(struct op *op UNUSED, struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;

	if (w->before.any)
		return h->tables_up(h->arg, w->before.cidr, e);
	/* Nobody's, and somebody on the bridge: rules do no harm. */
	return count_taps(w) > 0 ? 0 : h->tables_down(h->arg, e);
}

static void add_name(struct claims_forwarding *f, const char *name)
{
	for (int i = 0; i < f->n; i++)
		if (strcmp(f->names[i], name) == 0)
			return;
	if (f->n < (int)ARRAY_LEN(f->names))
		str_copy(f->names[f->n++], LINK_NAME_SIZE, name);
}

/* Written down, then switched. The bridge is not: it goes, and its switch with it. */
static int forward(struct work *w, const char *name, bool record, struct err *e)
{
	const struct priv_host *h = w->o->host;
	bool on;

	if (h->forwarding_get(h->arg, name, &on, e) < 0)
		return -1;
	if (on)
		return 0;
	if (record) {
		add_name(&w->forwarding, name);
		if (claims_set_forwarding(w->o->claims, &w->forwarding, e) < 0)
			return -1;
		add_name(&w->switched, name);
	}
	return h->forwarding_set(h->arg, name, true, e);
}

static int forwarding_on(struct op *op UNUSED, struct work *w, struct err *e)
{
	char uplinks[HOST_UPLINKS_MAX][LINK_NAME_SIZE];
	const struct priv_host *h = w->o->host;
	int n = 0;

	if (claims_forwarding(w->o->claims, &w->forwarding, e) < 0 ||
	    h->uplinks(h->arg, uplinks, HOST_UPLINKS_MAX, &n, e) < 0 || forward(w, LINK_BRIDGE, false, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (forward(w, uplinks[i], true, e) < 0)
			return err_wrap(e, _("forward through %s"), uplinks[i]);
	return 0;
}

/* What is in `which` off again, and out of the record. */
static int forwarding_off(struct work *w, const struct claims_forwarding *which, struct err *e)
{
	const struct priv_host *h = w->o->host;
	struct claims_forwarding left = {0};
	int rc = 0;

	for (int i = 0; i < which->n; i++) {
		struct err fe = {0};
		if (h->forwarding_set(h->arg, which->names[i], false, &fe) == 0)
			continue;
		rc = err_join(e, &fe);
		add_name(&left, which->names[i]);
	}
	for (int i = 0; i < w->forwarding.n; i++) {
		bool is_in = false;
		for (int k = 0; k < which->n; k++)
			is_in |= strcmp(which->names[k], w->forwarding.names[i]) == 0;
		if (!is_in)
			add_name(&left, w->forwarding.names[i]);
	}
	struct err ce = {0};
	return claims_set_forwarding(w->o->claims, &left, &ce) < 0 ? err_join(e, &ce) : rc;
}

static int forwarding_back(struct op *op UNUSED, struct work *w, struct err *e)
{
	return w->switched.n > 0 ? forwarding_off(w, &w->switched, e) : 0;
}

/* A host without such a resolver is none the worse for guests: said, and no failure. */
static int resolver_on(struct op *op, struct work *w, struct err *e UNUSED)
{
	const struct priv_host *h = w->o->host;
	struct err why = {0};

	if (h->resolver_set(h->arg, op, w->r->net.cidr, &why) < 0)
		add_note(w, why.msg);
	return 0;
}

/* ---- other firewalls ---- */

/* Written down, then asked for. A firewalld that refuses is named by PRIV_RULES as well, with what helps. */
static int zone_on(struct op *op UNUSED, struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;
	struct err why = {0};
	bool is_settled;

	if (h->zone_settled(h->arg, &is_settled, &why) < 0 || is_settled)
		return 0;
	if (claims_set_zone(w->o->claims, true, e) < 0)
		return -1;
	w->zoned = true;
	if (h->zone_set(h->arg, true, &why) == 0)
		return 0;
	add_note(w, why.msg);
	w->zoned = false;
	return claims_set_zone(w->o->claims, false, e);
}

static int zone_release(struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;
	bool ours;

	if (claims_zone(w->o->claims, &ours, e) < 0)
		return -1;
	if (!ours)
		return 0;
	return h->zone_set(h->arg, false, e) < 0 ? -1 : claims_set_zone(w->o->claims, false, e);
}

static int zone_back(struct op *op UNUSED, struct work *w, struct err *e)
{
	return w->zoned ? zone_release(w, e) : 0;
}

/* Before the bridge goes, and all that the resolver knows of it with it: a failure changes nothing. */
static void resolver_off(struct op *op, struct work *w)
{
	const struct priv_host *h = w->o->host;

	(void)!h->resolver_set(h->arg, op, NULL, NULL);
}

static int resolver_back(struct op *op, struct work *w, struct err *e UNUSED)
{
	const struct priv_host *h = w->o->host;

	(void)!h->resolver_set(h->arg, op, w->before.any ? w->before.cidr : NULL, NULL);
	return 0;
}

static const struct ops_step net_up_steps[] = {
	{claim_net, unclaim_net},
	{tables_up, tables_back},
	{bridge_up, bridge_back},
	{forwarding_on, forwarding_back},
	{resolver_on, resolver_back},
	{zone_on, zone_back},
};

int ops_net_up(struct op *op, struct work *w, struct err *e)
{
	return ops_steps(op, net_up_steps, ARRAY_LEN(net_up_steps), w, e);
}

int ops_net_down_check(struct op *op UNUSED, struct work *w, struct err *e)
{
	int n;

	if (claims_owner(w->o->claims, &w->before, e) < 0)
		return -1;
	if (w->before.any && w->before.uid != w->o->uid && w->o->uid != 0)
		return owned_by(e, &w->before);
	/* Nobody has it: nothing to do, but for root, who also removes what nobody has a claim on. */
	if (!w->before.any && w->o->uid != 0)
		return 0;
	if (count_guests(w, &n, e) < 0)
		return -1;
	return n > 0 ? err_set(e, ERR_BUSY, _("%d guests are still on the bridge"), n) : 0;
}

static int forwarding_release(struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;
	bool needed;

	if (claims_forwarding(w->o->claims, &w->forwarding, e) < 0)
		return -1;
	if (w->forwarding.n == 0)
		return 0;
	if (h->forwarding_needed(h->arg, w->forwarding.names, w->forwarding.n, &needed, e) < 0)
		return -1;
	/* Theirs from now on: we forget that it was off. */
	return needed ? claims_set_forwarding(w->o->claims, &(struct claims_forwarding){0}, e)
		      : forwarding_off(w, &w->forwarding, e);
}

int ops_net_down(struct op *op, struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;
	struct err parts[5] = {0};
	int rc = 0;

	if (!w->before.any && w->o->uid != 0)
		return 0;
	resolver_off(op, w);
	/* Before the tables: what they judged is trusted no more. */
	rc |= zone_release(w, &parts[3]);
	rc |= forwarding_release(w, &parts[0]);
	rc |= bridge_down(w, &parts[1]);
	rc |= h->tables_down(h->arg, &parts[2]);
	rc |= claims_drop_guests(w->o->claims, &parts[4]);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		err_join(e, &parts[i]);
	return rc ? -1 : claims_set_owner(w->o->claims, &(struct claims_owner){0}, e);
}

/* ---- guests ---- */

int ops_guest_has_dir(struct work *w, struct err *e)
{
	char path[32];

	snprintf(path, sizeof(path), "vms/%s", w->r->vm_id);
	return beneath_check_dir(&w->o->files, path, e);
}

/* The guest and its tap as they are, and the network they are in. */
int ops_guest_check(struct op *op UNUSED, struct work *w, struct err *e)
{
	const struct nat_guest *pin;
	char tap[LINK_NAME_SIZE];

	if (claims_owner(w->o->claims, &w->before, e) < 0)
		return -1;
	if (w->before.any && w->before.uid != w->o->uid && (w->o->uid != 0 || w->r->op == PRIV_GUEST_UP))
		return owned_by(e, &w->before);
	if (ops_look_around(w, e) < 0)
		return -1;
	name_tap(w->r->vm_id, tap);
	w->had_tap = find_tap(w, tap);
	pin = ops_pin_of(w, tap);
	w->had_guest = pin;
	if (pin)
		w->guest = *pin;
	/* A damaged one is written over, or goes. */
	(void)!claims_guest(w->o->claims, w->r->vm_id, &w->record, NULL);
	return 0;
}

/* Root takes down what is anybody's, and no user what is another's; but what runs is taken from nobody but by whose machine it is. */
int ops_guest_down_check(struct op *op, struct work *w, struct err *e)
{
	const struct link_info *l;
	char tap[LINK_NAME_SIZE];

	if (ops_guest_check(op, w, e) < 0)
		return -1;
	name_tap(w->r->vm_id, tap);
	l = find_tap(w, tap);
	if (!l || !l->in_use || (w->has_dir && (!w->before.any || w->before.uid == w->o->uid)))
		return 0;
	if (w->before.any && w->before.uid != w->o->uid)
		return err_set(e, ERR_STATE, _("machine %s runs, and is user %u's"), w->r->vm_id, (unsigned int)w->before.uid);
	return err_set(e, ERR_STATE, _("machine %s runs, and is not of this state directory"), w->r->vm_id);
}

/* In the rules, or written down of one who is on the bridge. */
static bool is_address_taken(const struct work *w)
{
	char own[LINK_NAME_SIZE];

	name_tap(w->r->vm_id, own);
	for (int i = 0; i < w->n_pins; i++)
		if (strcmp(w->pins[i].ipv4, w->r->guest.ipv4) == 0 && strcmp(w->pins[i].tap, own) != 0)
			return true;
	for (int i = 0; i < w->n_links; i++) {
		const char *id = ops_tap_id(&w->links[i]);
		struct claims_guest g;
		if (id && strcmp(id, w->r->vm_id) != 0 && claims_guest(w->o->claims, id, &g, NULL) == 0 && g.any &&
		    strcmp(g.ipv4, w->r->guest.ipv4) == 0)
			return true;
	}
	return false;
}

int ops_guest_up_check(struct op *op, struct work *w, struct err *e)
{
	struct subnet net;

	if (ops_guest_check(op, w, e) < 0)
		return -1;
	if (!w->before.any || subnet_parse(w->before.cidr, &net, NULL) < 0)
		return err_set(e, ERR_STATE, _("the bridged network is not up"));
	if (!subnet_has_guest(&net, w->r->guest.ipv4))
		return err_set(e, ERR_USAGE, _("address %s is not for a guest of %s"), w->r->guest.ipv4, w->before.cidr);
	return is_address_taken(w) ? err_set(e, ERR_EXISTS, _("address %s is another guest's"), w->r->guest.ipv4) : 0;
}

static int tap_up(struct op *op UNUSED, struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;
	char name[LINK_NAME_SIZE];
	/* No group: the owner opens it from whatever group they work in. */
	struct link_tap t = {.name = name, .bridge = LINK_BRIDGE, .owner = w->o->owner, .group = (gid_t)-1};

	name_tap(w->r->vm_id, name);
	return h->tap_up(h->arg, &t, e);
}

static int tap_down(struct work *w, struct err *e)
{
	char name[LINK_NAME_SIZE];
	struct err said = {0};

	name_tap(w->r->vm_id, name);
	return unless_foreign(w->o->host->tap_down(w->o->host->arg, name, &said), &said, e);
}

static int tap_back(struct op *op UNUSED, struct work *w, struct err *e)
{
	return w->had_tap ? 0 : tap_down(w, e);
}

static int write_guest(struct op *op UNUSED, struct work *w, struct err *e)
{
	struct claims_guest g = {.any = true, .nat = w->r->guest.nat};

	str_copy(g.ipv4, sizeof(g.ipv4), w->r->guest.ipv4);
	return claims_set_guest(w->o->claims, w->r->vm_id, &g, e);
}

static int write_back(struct op *op UNUSED, struct work *w, struct err *e)
{
	return claims_set_guest(w->o->claims, w->r->vm_id, &w->record, e);
}

static int pin_guest(struct op *op UNUSED, struct work *w, struct err *e)
{
	return set_guest(w, w->r->vm_id, w->r->guest.ipv4, w->r->guest.nat, e);
}

static int guest_back(struct op *op UNUSED, struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;
	char tap[LINK_NAME_SIZE];

	name_tap(w->r->vm_id, tap);
	return w->had_guest ? h->guest_set(h->arg, &w->guest, e) : h->guest_remove(h->arg, tap, e);
}

/* Pinned first: a tap never carries a frame of a guest whose addresses are not pinned yet. */
static const struct ops_step guest_up_steps[] = {
	{write_guest, write_back},
	{pin_guest, guest_back},
	{tap_up, tap_back},
};

int ops_guest_up(struct op *op, struct work *w, struct err *e)
{
	return ops_steps(op, guest_up_steps, ARRAY_LEN(guest_up_steps), w, e);
}

int ops_guest_down(struct op *op, struct work *w, struct err *e)
{
	const struct priv_host *h = w->o->host;
	struct err parts[3] = {0}, others = {0};
	char tap[LINK_NAME_SIZE];
	int rc = 0;

	if (!w->before.any && w->o->uid != 0)
		return 0;
	name_tap(w->r->vm_id, tap);
	/* The tap first: what is pinned stays pinned while there is something to pin. */
	rc |= tap_down(w, &parts[0]);
	rc |= rc ? 0 : h->guest_remove(h->arg, tap, &parts[1]);
	rc |= rc ? 0 : claims_set_guest(w->o->claims, w->r->vm_id, &(struct claims_guest){0}, &parts[2]);
	/* For those who stay: whoever goes does not fail for their sake. */
	if (mend_rules(op, w, &others) < 0)
		add_note(w, others.msg);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		err_join(e, &parts[i]);
	return rc ? -1 : 0;
}

/* Its place, which may have been made again just now. */
static int find_guest(struct op *op, struct work *w, struct err *e)
{
	if (ops_guest_check(op, w, e) < 0)
		return -1;
	return w->had_guest ? 0 : err_set(e, ERR_NOT_FOUND, _("VM %s has no place in the bridged network"), w->r->vm_id);
}

static int write_nat(struct op *op UNUSED, struct work *w, struct err *e)
{
	struct claims_guest g = {.any = true, .nat = w->r->on};

	str_copy(g.ipv4, sizeof(g.ipv4), w->guest.ipv4);
	return claims_set_guest(w->o->claims, w->r->vm_id, &g, e);
}

static int switch_nat(struct op *op UNUSED, struct work *w, struct err *e)
{
	return set_guest(w, w->r->vm_id, w->guest.ipv4, w->r->on, e);
}

static const struct ops_step guest_nat_steps[] = {
	{mend_rules, NULL},
	{find_guest, NULL},
	{write_nat, write_back},
	{switch_nat, guest_back},
};

int ops_guest_nat(struct op *op, struct work *w, struct err *e)
{
	return ops_steps(op, guest_nat_steps, ARRAY_LEN(guest_nat_steps), w, e);
}
