/* SPDX-License-Identifier: MIT */
/*
 * Preflight: see preflight.h.
 */
#include "core/engine/preflight.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "core/engine/netmode.h"
#include "core/engine/snapdisk.h"
#include "core/image/kernel.h"
#include "core/model/size.h"

#include <stdio.h>
#include <string.h>

static int check_disks(struct vmjob *j, struct err *e)
{
	const struct vmdisk_mode *mode;
	struct vmdisk_spec spec;
	struct vmdisk_set set;
	char rootfs[PATHS_MAX];

	/* A copy needs its image no more. */
	if ((j->vm.cfg.disk != DISK_COPY && vm_check_image(j, e) < 0) || vm_disks(j, rootfs, &spec, &mode, e) < 0)
		return -1;
	mode->files(&spec, &set);
	return vmdisk_check(&set, e);
}

static int check_kernel(struct vmjob *j, struct err *e)
{
	char path[PATHS_MAX];

	path_join(path, sizeof(path), j->eng->paths.state, "kernels/%s/" KERNEL_VMLINUZ, j->vm.cfg.kernel);
	if (fs_exists(path))
		return 0;
	err_set(e, ERR_NOT_FOUND, _("kernel '%s' is not on this machine"), j->vm.cfg.kernel);
	return err_hint(e, _("fetch it: banger-tui kernel pull %s"), j->vm.cfg.kernel);
}

static int check_memory(struct vmjob *j, struct err *e)
{
	uint64_t want = (uint64_t)j->vm.cfg.mem_mib * SIZE_MIB;
	char a[SIZE_TEXT], b[SIZE_TEXT];

	if (want <= j->eng->limits.mem_bytes)
		return 0;
	err_set(e, ERR_USAGE, _("memory %s is more than this host has, %s"), size_format(want, a),
		size_human(j->eng->limits.mem_bytes, b));
	return err_hint(e, _("lower it: banger-tui vm set --memory SIZE %s"), j->vm.name);
}

static int check_network(struct op *op, struct vmjob *j, struct err *e)
{
	const struct netmode *mode = netmode_of(&j->vm);

	return mode->check ? mode->check(op, j, e) : 0;
}

static int check_subnet(struct vmjob *j, struct err *e)
{
	return j->vm.cfg.net == NET_BRIDGE ? net_bridge_check_subnet(&j->eng->settings.subnet, e) : 0;
}

static int check_ports(struct vmjob *j, struct err *e)
{
	return netmode_check_publish(&j->vm.cfg, e);
}

/* Several problems: one sentence, each followed by what to do about it. */
static void collect(struct err *all, const struct err *one)
{
	char sentence[sizeof(one->msg) + sizeof(one->hint)];
	struct err with_hint = *one;

	if (one->hint[0]) {
		snprintf(sentence, sizeof(sentence), "%s (%s)", one->msg, one->hint);
		str_copy(with_hint.msg, sizeof(with_hint.msg), sentence);
		with_hint.hint[0] = '\0';
	}
	err_join(all, &with_hint);
}

int preflight_start(struct op *op, struct vmjob *j, struct vmm_choice *ret_vmm, struct err *e)
{
	int (*const checks[])(struct vmjob *, struct err *) = {check_disks, check_kernel, check_memory, check_subnet,
								       check_ports, snapdisk_check};
	struct err all = {0}, one[2 + ARRAY_LEN(checks)] = {0};
	size_t n = 0;

	if (vmmchoice_make(op, j->eng->conf, j->eng->paths.cache, &j->vm.cfg, ret_vmm, &one[n]) < 0)
		n++;
	if (check_network(op, j, &one[n]) < 0)
		n++;
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		if (checks[i](j, &one[n]) < 0)
			n++;
	for (size_t i = 0; i < n; i++)
		collect(&all, &one[i]);
	if (n == 0)
		return 0;
	*e = n == 1 ? one[0] : all;
	return -1;
}
