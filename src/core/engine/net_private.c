/* SPDX-License-Identifier: MIT */
/*
 * A network of the machine's own: made by its keeper, gone with it (core/net/privnet.h), so nothing of it stands in the ledger. What
 * is the engine's is the loopback port for SSH, and the choice for whom nobody chose.
 */
#include "core/engine/netmode.h"

#include "base/i18n.h"
#include "base/log.h"
#include "core/net/privnet.h"
#include "core/net/privnet_probe.h"

#include <stdio.h>
#include <string.h>

static int look(struct op *op, const struct engine *eng, struct privnet_verdict *ret, struct err *e)
{
	return privnet_probe(op, eng->paths.cache, eng->paths.runtime, ret, e);
}

static int refuse(const struct privnet_verdict *v, struct err *e)
{
	err_set(e, ERR_MISSING, _("no private network here: %s"), v->why);
	return v->mend[0] ? err_hint(e, "%s", v->mend) : -1;
}

static int check(struct op *op, struct vmjob *j, struct err *e)
{
	struct privnet_verdict v;

	if (look(op, j->eng, &v, e) < 0)
		return -1;
	return v.works ? 0 : refuse(&v, e);
}

static int up(struct op *op, struct vmjob *j, struct err *e)
{
	struct egress policy = vm_egress(&j->vm.cfg);

	/* Started for its disk alone it reaches nobody, and what a name stands for need not be known. */
	if (j->no_init)
		policy.n_names = 0;
	if (egress_resolve(op, &policy, &j->reach, &j->pins, e) < 0)
		return -1;
	return netmode_loopback_port(op, j, e);
}

static void launch(const struct vmjob *j, struct vm_net *ret)
{
	struct err e = {0};

	ret->ssh_port = j->vm.ssh_port;
	ret->egress = j->reach;
	netmode_publish(j, ret);
	str_copy(ret->tap, sizeof(ret->tap), PRIVNET_TAP);
	/* The check has found it; should it be gone since, the launch is refused for an empty path. */
	if (privnet_program(ret->program, &e) < 0)
		log_err(NULL, &e);
}

const struct netmode net_private = {
	.mode = NET_PRIVATE,
	.check = check,
	.up = up,
	.launch = launch,
	.guest = netmode_slirp_guest,
};

/* What a fallback to QEMU's user network cannot do. */
static const char *what_is_lost(const struct vm_config *c)
{
	if (c->egress.kind == EGRESS_ALLOW)
		return _("a list of what a guest reaches");
	return c->vmm == VMM_FIRECRACKER ? _("Firecracker") : NULL;
}

int netmode_choose(struct op *op, const struct engine *eng, struct vm *vm, struct err *e)
{
	struct privnet_verdict v;
	const char *lost = what_is_lost(&vm->cfg);

	if (vm->cfg.net != NET_AUTO)
		return 0;
	if (look(op, eng, &v, e) < 0)
		return -1;
	vm->cfg.net = v.works ? NET_PRIVATE : NET_SLIRP;
	if (v.works)
		return 0;
	if (lost) {
		refuse(&v, e);
		return err_wrap(e, _("%s needs a network of the machine's own"), lost);
	}
	snprintf(vm->net_why, sizeof(vm->net_why), _("no private network here: %s"), v.why);
	return 0;
}
