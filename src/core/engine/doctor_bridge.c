/* SPDX-License-Identifier: MIT */
/*
 * What bridged machines live by: a network of their own, the way out of it, rules; and what of them is left on the host.
 */
#include "core/engine/doctor_priv.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "core/engine/keylocks.h"
#include "core/engine/leftovers.h"
#include "core/engine/netmode.h"
#include "core/net/link.h"
#include "core/vmm/alive.h"
#include "core/vmm/vmm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define UPLINKS_MAX 8
#define LEFTOVERS_SHOWN 32

void doctor_subnet(struct doctor *d)
{
	char cidr[SUBNET_CIDR_SIZE];
	struct err e = {0};

	if (err_is_set(&d->no_settings)) {
		doctor_say(d, CHECK_WARN, _("unknown, as long as banger.conf cannot be read"));
		doctor_fix(d, _("correct %s"), d->conf->path ? d->conf->path : "banger.conf");
		return;
	}
	subnet_format(&d->settings.subnet, cidr);
	if (net_bridge_check_subnet(&d->settings.subnet, &e) == 0) {
		doctor_say(d, CHECK_PASS, _("%s is used by nothing else"), cidr);
		return;
	}
	doctor_say(d, CHECK_WARN, "%s", e.msg);
	doctor_fix(d, "%s", e.hint[0] ? e.hint : "ip route");
}

static bool forwards(const char *interface)
{
	char path[PATHS_MAX];
	auto_buf text = {0};

	path_join(path, sizeof(path), "/proc/sys/net/ipv4/conf", "%s/forwarding", interface);
	return fs_read_file(path, 64, &text, NULL) == 0 && buf_cstr(&text)[0] == '1';
}

/* A name as part of one with dots, as sysctl(8) has it: that of a VLAN has dots itself. */
static const char *in_dots(const char *interface, char ret[LINK_NAME_SIZE])
{
	str_copy(ret, LINK_NAME_SIZE, interface);
	for (char *p = ret; (p = strchr(p, '.'));)
		*p = '/';
	return ret;
}

/* It is switched on with the first bridged machine and off with the last, interface by interface. */
void doctor_forwarding(struct doctor *d)
{
	char names[UPLINKS_MAX][LINK_NAME_SIZE];
	char name[LINK_NAME_SIZE];
	const char *off = NULL;
	struct err e = {0};
	int n = 0;

	if (link_uplinks(names, UPLINKS_MAX, &n, &e) < 0) {
		doctor_say(d, CHECK_WARN, "%s", e.msg);
		doctor_fix(d, "ip route");
		return;
	}
	for (int i = 0; i < n && !off; i++)
		if (!forwards(names[i]))
			off = names[i];
	if (n == 0) {
		doctor_say(d, CHECK_WARN, _("this host has no default route: NAT leads nowhere"));
		doctor_fix(d, "%s", "ip route add default via GATEWAY");
	} else if (!off) {
		doctor_say(d, CHECK_PASS, _("on, as bridged machines with NAT need it: %s"), names[0]);
	} else if (net_bridge_look() != BRIDGE_IS_OURS) {
		doctor_say(d, CHECK_PASS, _("%s forwards nothing; it is switched on while bridged machines run"), off);
	} else {
		doctor_say(d, CHECK_WARN, _("bridged machines run, and %s forwards nothing: their NAT does not get out there"),
			   off);
		doctor_fix(d, "%ssysctl -w net.ipv4.conf.%s.forwarding=1", doctor_sudo(), in_dots(off, name));
	}
}

/* "filter nat": the tables that iptables-legacy has in the kernel, beside all that is nftables'. Root alone may look. */
static const char *legacy_tables(char *ret, size_t size)
{
	auto_buf text = {0};

	ret[0] = '\0';
	if (fs_read_file("/proc/net/ip_tables_names", 4096, &text, NULL) == 0)
		str_copy(ret, size, buf_cstr(&text));
	for (char *p = ret; (p = strchr(p, '\n'));)
		*p = p[1] ? ' ' : '\0';
	return ret;
}

/* Whatever is asked of the bridged network makes its rules again, for all machines of it. Pasted: a machine's switch, as it is. Another
 * user's machines have no name here. */
static void mend_rules(struct doctor *d, const char *id)
{
	const struct store_bridged *b = NULL;

	for (int i = 0; i < d->look.n_bridged; i++)
		if (!b || strcmp(d->look.bridged[i].id, id) == 0)
			b = &d->look.bridged[i];
	if (b)
		doctor_fix(d, "banger-tui vm set --nat=%s %s", b->nat ? "yes" : "no", b->name);
	else
		doctor_fix(d, "%s", _("m, on this line of the console's Host view, makes them again"));
	str_copy(d->line.mend, sizeof(d->line.mend), MEND_RULES);
}

/* What is wrong with ours while somebody needs them, and before. */
static void tell_ours(struct doctor *d, const struct priv_rules *r)
{
	if (r->n_guests > 0 && !r->whole) {
		doctor_say(d, CHECK_FAIL,
			   ngettext("%d bridged machine runs and its rules are gone: it reaches every service of this host, in anybody's name",
				    "%d bridged machines run and their rules are gone: they reach every service of this host, in anybody's name",
				    (unsigned)r->n_guests),
			   r->n_guests);
		mend_rules(d, "");
	} else if (r->n_mute > 0) {
		doctor_say(d, CHECK_FAIL, _("machine %s is on the bridge and has no place in the rules: nothing it sends passes"), r->mute);
		mend_rules(d, r->mute);
	}
	if (r->foreign[0]) {
		if (d->line.detail[0])
			doctor_next(d);
		doctor_say(d, r->n_guests > 0 ? CHECK_FAIL : CHECK_WARN, _("the table '%s' is not ours: no bridged machine starts"), r->foreign);
		doctor_fix(d, "%snft list table %s", doctor_sudo(), r->foreign);
	}
}

static void tell_others(struct doctor *d, const struct priv_rules *r)
{
	bool is_told = d->line.detail[0];
	char tables[64];

	if (r->where[0]) {
		if (is_told)
			doctor_next(d);
		doctor_say(d, CHECK_WARN, _("%s drops what bridged machines send and get"), r->where);
		doctor_fix(d, "%s%s", doctor_sudo(), r->fix[0] ? r->fix : "nft list ruleset");
	} else if (!is_told && legacy_tables(tables, sizeof(tables))[0]) {
		doctor_say(d, CHECK_WARN, _("iptables-legacy has tables here (%s), whose rules are not read and may stand in the way"), tables);
		/* To look, not to mend: iptables-nft-restore would empty the tables of others, a Docker's for one. */
		doctor_fix(d, "%siptables-legacy-save", doctor_sudo());
	} else if (!is_told) {
		doctor_say(d, CHECK_PASS, _("nftables works, and nothing stands in the way of bridged machines"));
	}
}

static void tell_unknown(struct doctor *d, const struct err *e)
{
	doctor_say(d, CHECK_WARN, e->code == ERR_PERM && geteuid() != 0 ? _("not looked at: %s") : "%s", e->msg);
	if (e->code == ERR_MISSING)
		doctor_fix(d, "%smodprobe nf_tables", doctor_sudo());
	else if (geteuid() != 0)
		doctor_fix(d, "%s", _("sudo banger-tui doctor, or start the helper in the console's Host view"));
	else
		doctor_fix(d, "%s", e->hint[0] ? e->hint : "nft list ruleset");
}

void doctor_rules(struct doctor *d)
{
	struct priv_reply r;
	struct err e = {0};

	if (doctor_ask(d, PRIV_RULES, &r, &e) < 0) {
		tell_unknown(d, &e);
		return;
	}
	tell_ours(d, &r.rules);
	tell_others(d, &r.rules);
	priv_reply_done(&r);
}

/* ---- left-overs ---- */

/* Not being able to look is no "no". */
static bool is_used(void *arg, const char *vm_id)
{
	const struct doctor *d = arg;
	char path[PATHS_MAX], key[32];
	bool is = false;

	path_join(path, sizeof(path), d->paths->state, "vms/%s", vm_id);
	if (fs_exists(path) && (alive_check(path, &is, NULL) < 0 || is))
		return true;
	snprintf(key, sizeof(key), "vm:%s", vm_id);
	path_join(path, sizeof(path), d->paths->state, "locks/%s", key);
	return fs_exists(path) && (keylocks_is_held(d->paths, key, &is, NULL) < 0 || is);
}

static void tell_leftover(struct doctor *d, const struct leftover *l)
{
	const char *kind = _(leftover_kind_to_string(l->kind));

	if (l->vm_id[0])
		doctor_say(d, CHECK_WARN, _("%s %s of machine %s, which does not run"), kind, l->name, l->vm_id);
	else
		doctor_say(d, CHECK_WARN, _("%s %s, and no machine is on it"), kind, l->name);
	doctor_fix(d, "%s%s", doctor_sudo(), l->command);
	leftover_mend(l, d->line.mend, sizeof(d->line.mend));
}

bool doctor_find_leftovers(struct doctor *d, struct leftover **ret, int *ret_n)
{
	struct leftovers_args a = {
		.root = "", .state_dir = d->paths->state, .owner = geteuid(), .is_used = is_used, .arg = d};
	struct priv_reply list = {0}, rules = {0};
	uint32_t uid, gid;

	if (vmm_run_as(&uid, &gid))
		a.owner = uid;
	if (doctor_ask(d, PRIV_LIST, &list, NULL) == 0)
		a.list = &list;
	if (doctor_ask(d, PRIV_RULES, &rules, NULL) == 0)
		a.rules = &rules.rules;
	leftovers_find(&a, ret, ret_n);
	priv_reply_done(&list);
	priv_reply_done(&rules);
	return a.list && a.rules;
}

void doctor_leftovers(struct doctor *d)
{
	struct leftover *found;
	int n;
	bool is_all = doctor_find_leftovers(d, &found, &n);

	for (int i = 0; i < n && i < LEFTOVERS_SHOWN; i++) {
		if (i > 0)
			doctor_next(d);
		tell_leftover(d, &found[i]);
	}
	if (n == 0)
		doctor_say(d, CHECK_PASS, "%s", is_all ? _("none") : _("none, as far as it can be seen without root's rights"));
	free(found);
}
