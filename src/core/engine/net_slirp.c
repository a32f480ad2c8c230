/* SPDX-License-Identifier: MIT */
/*
 * QEMU's own user network: a loopback port for SSH, kept for the machine's life, and nothing else of the host's.
 */
#include "core/engine/netmode.h"

#include "core/net/slirp.h"
#include "core/store/vms.h"

/* Port numbers other VMs keep, read through the job's connection. */
static bool is_kept(void *arg, uint16_t port)
{
	struct vmjob *j = arg;
	bool taken = true;

	return vms_port_taken(j->store, port, &taken, NULL) < 0 || (taken && port != j->vm.ssh_port);
}

/* The VM keeps its port; only when somebody else sits on it does it move. The row's unique index settles a race. */
int netmode_loopback_port(struct op *op UNUSED, struct vmjob *j, struct err *e)
{
	struct vm *vm = &j->vm;
	uint16_t port = 0;

	if (vm->ssh_port == 0 || slirp_reserve(vm->ssh_port, is_kept, j, &port, &j->port_fd, NULL) < 0) {
		if (slirp_reserve(0, is_kept, j, &port, &j->port_fd, e) < 0)
			return -1;
	}
	if (port == vm->ssh_port)
		return 0;
	vm->ssh_port = port;
	return vms_update(j->store, vm, e);
}

void netmode_publish(const struct vmjob *j, struct vm_net *ret)
{
	const struct published *p = &j->vm.cfg.publish;

	for (int i = 0; i < p->n; i++)
		ret->forwards[ret->n_forwards++] =
			(struct vm_forward){.host_port = p->ports[i].host, .guest_port = p->ports[i].guest};
}

static void launch(const struct vmjob *j, struct vm_net *ret)
{
	ret->ssh_port = j->vm.ssh_port;
	ret->isolated = vm_egress(&j->vm.cfg).kind != EGRESS_FULL;
	netmode_publish(j, ret);
}

void netmode_slirp_guest(const struct vmjob *j UNUSED, struct netmode_guest *ret)
{
	str_copy(ret->address, sizeof(ret->address), SLIRP_GUEST_CIDR);
	str_copy(ret->gateway, sizeof(ret->gateway), SLIRP_GATEWAY);
	str_copy(ret->dns.server[0], sizeof(ret->dns.server[0]), SLIRP_DNS);
	ret->dns.n = 1;
}

const struct netmode net_slirp = {
	.mode = NET_SLIRP,
	.up = netmode_loopback_port,
	.launch = launch,
	.guest = netmode_slirp_guest,
};
