/* SPDX-License-Identifier: MIT */
/*
 * Words of the enums in vm.h: one table each, used by store, options, forms and --json. Pure; any thread.
 */
#include "core/model/vm.h"

#include "base/attrs.h"

#include <string.h>

static const char *const disk_modes[DISK_MODE_COUNT] = {"overlay", "copy", "dm-snapshot"};
static const char *const net_modes[NET_MODE_COUNT] = {"slirp", "bridge", "private", "auto"};
static const char *const vmm_kinds[VMM_KIND_COUNT] = {"auto", "qemu", "firecracker"};

/* Index of s in words, -1 when it is none. */
static int find_word(const char *const *words, int n, const char *s)
{
	for (int i = 0; i < n; i++)
		if (strcmp(words[i], s) == 0)
			return i;
	return -1;
}

const char *disk_mode_to_string(enum disk_mode m)
{
	return (unsigned)m < DISK_MODE_COUNT ? disk_modes[m] : "?";
}

bool disk_mode_from_string(const char *s, enum disk_mode *ret)
{
	int i = find_word(disk_modes, DISK_MODE_COUNT, s);

	if (i >= 0)
		*ret = (enum disk_mode)i;
	return i >= 0;
}

const char *net_mode_to_string(enum net_mode m)
{
	return (unsigned)m < NET_MODE_COUNT ? net_modes[m] : "?";
}

bool net_mode_from_string(const char *s, enum net_mode *ret)
{
	int i = find_word(net_modes, NET_MODE_COUNT, s);

	if (i >= 0)
		*ret = (enum net_mode)i;
	return i >= 0;
}

const char *vmm_kind_to_string(enum vmm_kind k)
{
	return (unsigned)k < VMM_KIND_COUNT ? vmm_kinds[k] : "?";
}

bool vmm_kind_from_string(const char *s, enum vmm_kind *ret)
{
	int i = find_word(vmm_kinds, VMM_KIND_COUNT, s);

	if (i >= 0)
		*ret = (enum vmm_kind)i;
	return i >= 0;
}

struct vm_size vm_size(const struct vm *vm)
{
	if (vm_state_is_live(vm->state) && vm->run_vcpus)
		return (struct vm_size){vm->run_vcpus, vm->run_mem_mib};
	return (struct vm_size){vm->cfg.vcpus, vm->cfg.mem_mib};
}

bool vm_size_waits(const struct vm *vm)
{
	struct vm_size has = vm_size(vm);

	return has.vcpus != vm->cfg.vcpus || has.mem_mib != vm->cfg.mem_mib;
}

struct egress vm_egress(const struct vm_config *c)
{
	static const struct egress none = {.kind = EGRESS_NONE};

	return c->isolated ? none : c->egress;
}

const char *vm_ssh_host(const struct vm *vm)
{
	return vm->cfg.net == NET_BRIDGE ? vm->address : "127.0.0.1";
}

uint16_t vm_ssh_port(const struct vm *vm)
{
	if (vm->cfg.net == NET_BRIDGE)
		return vm->address[0] ? VM_SSH_GUEST_PORT : 0;
	return vm->ssh_port;
}

const char *vm_vmm_name(const struct vm *vm)
{
	for (int i = 0; i < VMM_KIND_COUNT; i++) {
		size_t n = strlen(vmm_kinds[i]);
		if (strncmp(vm->why, vmm_kinds[i], n) == 0 && vm->why[n] == ' ')
			return vmm_kinds[i];
	}
	return vmm_kind_to_string(vm->cfg.vmm);
}
