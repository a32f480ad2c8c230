/* SPDX-License-Identifier: MIT */
/*
 * QEMU's command line (qemu-system(1), QEMU docs/system/i386/microvm.rst).
 *
 * microvm with ACPI: virtio-mmio devices and the power button are found there, so the guest's command line stays ours.
 * PIT and PIC stay on: without them a guest under TCG finds nothing to calibrate its clock by and hangs early in boot.
 * Everything QEMU needs open is either opened by it before it drops to another user (-runas) or inherited (enum
 * vmm_fd). Paths travel as JSON, where a comma means nothing. The VM starts stopped (-S): its processors run only after
 * the keeper has written down who it is.
 */
#include "core/vmm/qemu.h"

#include "base/json.h"

const char *qemu_program(const char *path)
{
	return path && path[0] ? path : "qemu-system-x86_64";
}

void qemu_argv_machine(enum vm_accel accel, struct vmm_argv *ret)
{
	vmm_argv_add(ret, "-M");
	vmm_argv_add(ret, "microvm,acpi=on,rtc=on,pit=on,pic=on,auto-kernel-cmdline=off");
	vmm_argv_add(ret, "-accel");
	vmm_argv_add(ret, "%s", vm_accel_to_string(accel));
	/* The default model lacks what images built for x86-64-v2 and later execute. */
	vmm_argv_add(ret, "-cpu");
	vmm_argv_add(ret, accel == VM_ACCEL_KVM ? "host" : "max");
	vmm_argv_add(ret, "-nodefaults");
	vmm_argv_add(ret, "-no-user-config");
	vmm_argv_add(ret, "-display");
	vmm_argv_add(ret, "none");
	vmm_argv_add(ret, "-no-reboot");
}

static void add_sandbox(const struct vm_launch *l, struct vmm_argv *ret)
{
	/* QEMU filters before it changes its user, so with -runas those calls must be allowed. It holds no privilege
	 * afterwards, and spawn=deny keeps it from executing anything that could give it one. */
	vmm_argv_add(ret, "-sandbox");
	vmm_argv_add(ret, "on,obsolete=deny,elevateprivileges=%s,spawn=deny,resourcecontrol=deny",
		     l->run_as ? "allow" : "deny");
	if (l->run_as) {
		vmm_argv_add(ret, "-runas");
		vmm_argv_add(ret, "%u:%u", l->uid, l->gid);
	}
}

/* The protocol node: the file or device and how it is opened. */
static void add_file_node(const struct vm_drive *d, struct vmm_argv *ret)
{
	auto_buf json = {0};
	auto_free char *node = xasprintf("file-%s", d->name);
	struct jw w = jw_init(&json);

	jw_obj(&w, NULL);
	jw_str(&w, "driver", d->block ? "host_device" : "file");
	jw_str(&w, "node-name", node);
	jw_str(&w, "filename", d->path);
	jw_bool(&w, "read-only", d->readonly);
	/* A shared read-only rootfs may even be opened by a QEMU that thinks it is alone: no lock there. */
	jw_str(&w, "locking", d->shared ? "off" : "auto");
	jw_str(&w, "discard", "unmap");
	jw_obj(&w, "cache");
	jw_bool(&w, "direct", false);
	jw_bool(&w, "no-flush", d->ephemeral);
	jw_end(&w);
	jw_end(&w);
	vmm_argv_add(ret, "-blockdev");
	vmm_argv_add(ret, "%s", buf_cstr(&json));
}

char *qemu_node_name(const struct vm_drive *d)
{
	return xasprintf("disk-%s", d->name);
}

static void add_drive(const struct vm_drive *d, struct vmm_argv *ret)
{
	auto_buf json = {0};
	auto_free char *file = xasprintf("file-%s", d->name);
	auto_free char *node = qemu_node_name(d);
	struct jw w = jw_init(&json);

	add_file_node(d, ret);
	jw_obj(&w, NULL);
	/* Always raw by name: a guest that writes a qcow2 header over its disk must not be believed. */
	jw_str(&w, "driver", "raw");
	jw_str(&w, "node-name", node);
	jw_str(&w, "file", file);
	jw_bool(&w, "read-only", d->readonly);
	jw_str(&w, "discard", "unmap");
	jw_end(&w);
	vmm_argv_add(ret, "-blockdev");
	vmm_argv_add(ret, "%s", buf_cstr(&json));
	vmm_argv_add(ret, "-device");
	vmm_argv_add(ret, "virtio-blk-device,drive=%s,id=%s,serial=%s%s", node, d->name, d->name,
		     d->readonly ? "" : ",write-cache=on,werror=enospc");
}

static void add_user_net(const struct vm_net *net, struct buf *out)
{
	buf_addf(out, "user,id=net0,ipv6=off,restrict=%s", net->isolated ? "on" : "off");
	if (net->ssh_port)
		buf_addf(out, ",hostfwd=tcp:127.0.0.1:%u-:%u", net->ssh_port, VM_SSH_GUEST_PORT);
	for (int i = 0; i < net->n_forwards; i++) {
		const struct vm_forward *f = &net->forwards[i];
		buf_addf(out, ",hostfwd=%s:%s:%u-:%u", f->udp ? "udp" : "tcp",
			 f->host_addr[0] ? f->host_addr : "127.0.0.1", f->host_port, f->guest_port);
	}
}

static void add_net(const struct vm_net *net, struct vmm_argv *ret)
{
	auto_buf arg = {0};

	if (net->mode != NET_SLIRP)
		buf_addf(&arg, "tap,id=net0,fd=%d", VMM_FD_TAP);
	else
		add_user_net(net, &arg);
	vmm_argv_add(ret, "-netdev");
	vmm_argv_add(ret, "%s", buf_cstr(&arg));
	vmm_argv_add(ret, "-device");
	vmm_argv_add(ret, "virtio-net-device,netdev=net0,mac=%s", net->mac);
}

static void add_channels(struct vmm_argv *ret)
{
	vmm_argv_add(ret, "-chardev");
	vmm_argv_add(ret, "socket,id=serial0,fd=%d", VMM_FD_SERIAL);
	vmm_argv_add(ret, "-serial");
	vmm_argv_add(ret, "chardev:serial0");
	vmm_argv_add(ret, "-chardev");
	vmm_argv_add(ret, "socket,id=monitor0,fd=%d", VMM_FD_MONITOR);
	vmm_argv_add(ret, "-mon");
	vmm_argv_add(ret, "chardev=monitor0,mode=control");
	vmm_argv_add(ret, "-chardev");
	vmm_argv_add(ret, "socket,id=control0,fd=%d,server=on,wait=off", VMM_FD_CONTROL);
	vmm_argv_add(ret, "-mon");
	vmm_argv_add(ret, "chardev=control0,mode=control");
}

static void add_boot(const struct vm_launch *l, struct vmm_argv *ret)
{
	vmm_argv_add(ret, "-kernel");
	vmm_argv_add(ret, "%s", l->kernel);
	if (l->initrd[0]) {
		vmm_argv_add(ret, "-initrd");
		vmm_argv_add(ret, "%s", l->initrd);
	}
	if (l->cmdline[0]) {
		vmm_argv_add(ret, "-append");
		vmm_argv_add(ret, "%s", l->cmdline);
	}
}

void qemu_argv(const struct vm_launch *l, struct vmm_argv *ret)
{
	vmm_argv_add(ret, "%s", qemu_program(l->vmm_path));
	vmm_argv_add(ret, "-name");
	vmm_argv_add(ret, ALIVE_NAME_FMT, l->id);
	qemu_argv_machine(l->accel, ret);
	vmm_argv_add(ret, "-S");
	add_sandbox(l, ret);
	vmm_argv_add(ret, "-smp");
	vmm_argv_add(ret, "%d", l->vcpus);
	vmm_argv_add(ret, "-m");
	vmm_argv_add(ret, "%d", l->mem_mib);
	add_boot(l, ret);
	for (int i = 0; i < l->n_drives; i++)
		add_drive(&l->drives[i], ret);
	add_net(&l->net, ret);
	vmm_argv_add(ret, "-object");
	vmm_argv_add(ret, "rng-builtin,id=rng0");
	vmm_argv_add(ret, "-device");
	vmm_argv_add(ret, "virtio-rng-device,rng=rng0");
	vmm_argv_add(ret, "-device");
	vmm_argv_add(ret, "virtio-balloon-device,id=balloon0,deflate-on-oom=on,free-page-reporting=on");
	add_channels(ret);
}
