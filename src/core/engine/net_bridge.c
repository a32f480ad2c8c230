/* SPDX-License-Identifier: MIT */
/*
 * The host's bridge: an address of the configured network for the machine's life, a tap while it runs. Everything that takes
 * rights is the helper's; here is who gets what, and when.
 *
 * The network itself comes with the first machine and goes with the last: after each machine it is asked to go, and stays while
 * there are guests. Between a network that was brought up and the guest that is to join it, another process may take it down
 * again; then both are asked for once more.
 */
#include "core/engine/netmode.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/engine/helper.h"
#include "core/engine/keylocks.h"
#include "core/engine/vmnames.h"
#include "core/net/addr.h"
#include "core/net/link.h"
#include "core/net/resolvconf.h"
#include "core/store/vms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOIN_TRIES 5
#define ADDRESS_TRIES 5

_Static_assert(VM_ADDRESS_SIZE == SUBNET_IPV4_SIZE && VM_ADDRESS_SIZE == NAT_IPV4_SIZE, "an address is an address");

static int check(struct op *op UNUSED, struct vmjob *j UNUSED, struct err *e)
{
	return helper_check(e);
}

/* ---- the address ---- */

struct others {
	const char *vm_id;
	struct vm *vms;
	int n;
};

static bool is_taken(void *arg, const char *ipv4)
{
	const struct others *o = arg;

	for (int i = 0; i < o->n; i++)
		if (strcmp(o->vms[i].address, ipv4) == 0 && strcmp(o->vms[i].id, o->vm_id) != 0)
			return true;
	return false;
}

/* What it has, as long as the network is the one it had it in. */
static int choose_address(struct vmjob *j, struct err *e)
{
	const struct subnet *net = &j->eng->settings.subnet;
	struct others o = {.vm_id = j->vm.id};

	if (subnet_has_guest(net, j->vm.address))
		return 0;
	if (vms_list(j->store, &o.vms, &o.n, e) < 0)
		return -1;
	int rc = subnet_allocate(net, is_taken, &o, j->vm.address, e);
	free(o.vms);
	return rc < 0 ? -1 : vms_update(j->store, &j->vm, e);
}

/* Two processes may choose the same; the row's unique index settles it. */
static int take_address(struct vmjob *j, struct err *e)
{
	for (int tries = 1;; tries++) {
		struct err why = {0};
		if (choose_address(j, &why) == 0)
			return 0;
		if (why.code != ERR_EXISTS || tries == ADDRESS_TRIES)
			return err_join(e, &why);
		j->vm.address[0] = '\0';
	}
}

/* ---- the tap ---- */

/* vm_id empty: of none. */
static int ask(struct op *op, struct engine *eng, struct priv_request *r, const char *vm_id, struct err *e)
{
	struct priv_reply reply = {0};

	str_copy(r->vm_id, sizeof(r->vm_id), vm_id);
	int rc = helper_call(op, eng->helper, r, &reply, e);
	if (rc == 0 && reply.note[0])
		log_warn(op, _("bridged network: %s"), reply.note);
	priv_reply_done(&reply);
	return rc;
}

/* The name server starts while the helper works: it needs the bridge, and the guest needs to know whether there is one. */
static int join(struct op *op, struct vmjob *j, struct vmnames_start **ret_names, struct err *e)
{
	struct priv_request net = {.op = PRIV_NET_UP};
	struct priv_request guest = {.op = PRIV_GUEST_UP, .guest.nat = j->vm.cfg.nat};

	subnet_format(&j->eng->settings.subnet, net.net.cidr);
	str_copy(guest.guest.ipv4, sizeof(guest.guest.ipv4), j->vm.address);
	for (int tries = 1;; tries++) {
		struct err why = {0};
		if (ask(op, j->eng, &net, "", e) < 0)
			return -1;
		vmnames_end(op, *ret_names);
		*ret_names = vmnames_begin(op, j->eng, j->store);
		if (ask(op, j->eng, &guest, j->vm.id, &why) == 0)
			return 0;
		if (why.code != ERR_STATE || tries == JOIN_TRIES)
			return err_join(e, &why);
	}
}

/* Another firewall that we do not open: the machine runs, and says what helps. */
static void look(struct op *op, struct engine *eng, struct vm *vm)
{
	struct priv_request rules = {.op = PRIV_RULES};
	struct priv_reply reply = {0};
	struct err why = {0};

	if (helper_call(op, eng->helper, &rules, &reply, &why) < 0 && why.code != ERR_CANCELED)
		log_err(op, &why);
	vm->net_why[0] = '\0';
	if (reply.rules.where[0])
		snprintf(vm->net_why, sizeof(vm->net_why), _("%s drops what guests send; to let it pass, as root: %s"),
			 reply.rules.where, reply.rules.fix);
	if (vm->net_why[0])
		log_warn(op, _("bridged network: %s"), vm->net_why);
	priv_reply_done(&reply);
}

static int up(struct op *op, struct vmjob *j, struct err *e)
{
	struct vmnames_start *names = NULL;

	if (take_address(j, e) < 0)
		return -1;
	if (helper_reach(op, j->eng->helper, e) < 0)
		return err_wrap(e, _("bridged network"));
	if (resources_add(j->store, j->vm.id, HELD_NET, net_mode_to_string(NET_BRIDGE), j->vm.address, e) < 0)
		return -1;
	int rc = join(op, j, &names, e);
	vmnames_end(op, names);
	return rc < 0 ? err_wrap(e, _("bridged network")) : 0;
}

static int down(struct op *op, struct engine *eng, const char *vm_id, struct err *e)
{
	struct priv_request guest = {.op = PRIV_GUEST_DOWN};
	struct priv_request net = {.op = PRIV_NET_DOWN};
	struct err why = {0};

	/* Busy: the network has become another user's, so it has been down since, and nothing of ours is in it; or guests are left. */
	if ((ask(op, eng, &guest, vm_id, &why) == 0 && ask(op, eng, &net, "", &why) == 0) || why.code == ERR_BUSY)
		return 0;
	err_join(e, &why);
	return err_wrap(e, _("leave the bridged network"));
}

static void launch(const struct vmjob *j, struct vm_net *ret)
{
	snprintf(ret->tap, sizeof(ret->tap), LINK_TAP_PREFIX "%s", j->vm.id);
}

static void guest(const struct vmjob *j, struct netmode_guest *ret)
{
	const struct subnet *net = &j->eng->settings.subnet;
	struct err e = {0};

	subnet_format_guest(net, j->vm.address, ret->address);
	subnet_format_gateway(net, ret->gateway);
	/* Ours alone: it knows the names, and asks the others for guests that may reach them. */
	if (vmnames_is_served(&j->eng->paths)) {
		str_copy(ret->dns.server[0], sizeof(ret->dns.server[0]), ret->gateway);
		ret->dns.n = 1;
		return;
	}
	if (seed_host_dns("", &ret->dns, &e) < 0)
		log_err(NULL, &e);
}

static const char *attribute(const char *file, struct buf *text)
{
	char path[PATHS_MAX];

	path_join(path, sizeof(path), "/sys/class/net/" LINK_BRIDGE, "%s", file);
	(void)!fs_read_file(path, 256, text, NULL);
	return buf_cstr(text);
}

/* As link_is_ours() has it; what anybody may see, and without its library. */
enum bridge_is net_bridge_look(void)
{
	auto_buf alias = {0}, group = {0};

	if (!fs_exists("/sys/class/net/" LINK_BRIDGE))
		return BRIDGE_IS_GONE;
	if (attribute("ifalias", &alias)[0])
		return strcmp(buf_cstr(&alias), LINK_ALIAS "\n") == 0 ? BRIDGE_IS_OURS : BRIDGE_IS_FOREIGN;
	return strtoul(attribute("netdev_group", &group), NULL, 10) == LINK_GROUP ? BRIDGE_IS_OURS : BRIDGE_IS_FOREIGN;
}

int net_bridge_check_subnet(const struct subnet *net, struct err *e)
{
	char cidr[SUBNET_CIDR_SIZE];

	if (net_bridge_look() == BRIDGE_IS_FOREIGN) {
		err_set(e, ERR_EXISTS, _("interface %s is not ours"), LINK_BRIDGE);
		return err_hint(e, _("Somebody else made it. Remove it, or see who did: ip -d link show %s"), LINK_BRIDGE);
	}
	subnet_format(net, cidr);
	return link_check_free(cidr, LINK_BRIDGE, e) < 0 ? -1 : resolvconf_check("", cidr, e);
}

/* For a machine that runs and has no place any more, nor a record of one: what its start asked for is asked for again. */
static int join_again(struct op *op, struct engine *eng, const struct vm *vm, bool nat, struct err *e)
{
	struct priv_request net = {.op = PRIV_NET_UP};
	struct priv_request guest = {.op = PRIV_GUEST_UP, .guest.nat = nat};

	subnet_format(&eng->settings.subnet, net.net.cidr);
	str_copy(guest.guest.ipv4, sizeof(guest.guest.ipv4), vm->address);
	return ask(op, eng, &net, "", e) < 0 ? -1 : ask(op, eng, &guest, vm->id, e);
}

int net_bridge_set_nat(struct op *op, struct engine *eng, const struct vm *vm, bool on, struct err *e)
{
	struct priv_request r = {.op = PRIV_GUEST_NAT, .on = on};
	struct err why = {0};

	if (ask(op, eng, &r, vm->id, &why) == 0)
		return 0;
	if (why.code != ERR_NOT_FOUND && why.code != ERR_STATE)
		return err_join(e, &why);
	return join_again(op, eng, vm, on, e);
}

/* With its key: nobody stops it meanwhile. Whoever works on it does the same by that. */
static int join_if_alive(struct op *op, struct engine *eng, const struct vm *vm, struct err *e)
{
	char key[SCHED_KEY_SIZE];
	const char *keys[] = {key};
	bool alive = false;
	int fd;

	snprintf(key, sizeof(key), "vm:%s", vm->id);
	if (keylocks_take(&eng->paths, keys, 1, &fd, NULL) < 0)
		return 0;
	int rc = vm_alive(eng, vm->id, &alive, e);
	if (rc == 0 && alive)
		rc = join_again(op, eng, vm, vm->cfg.nat, e);
	fd_close(&fd);
	return rc;
}

int net_bridge_mend(struct op *op, struct engine *eng, struct err *e)
{
	struct priv_request mend = {.op = PRIV_NET_MEND}, rules = {.op = PRIV_RULES};
	auto_free struct vm *vms = NULL;
	struct priv_reply is = {0};
	auto_store *s = NULL;
	int n = 0, rc = 0;

	if (ask(op, eng, &mend, "", e) < 0 || helper_call(op, eng->helper, &rules, &is, e) < 0)
		return -1;
	if (is.rules.n_guests == 0 || (is.rules.whole && is.rules.n_mute == 0))
		return 0;
	if (engine_store(eng, &s, e) < 0 || vms_list(s, &vms, &n, e) < 0)
		return -1;
	for (int i = 0; i < n && rc == 0; i++)
		if (vms[i].cfg.net == NET_BRIDGE && vm_state_is_live(vms[i].state))
			rc = join_if_alive(op, eng, &vms[i], e);
	return rc;
}

const struct netmode net_bridge = {
	.mode = NET_BRIDGE,
	.check = check,
	.up = up,
	.launch = launch,
	.guest = guest,
	.look = look,
	.down = down,
};
