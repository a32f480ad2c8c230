/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine as plain data: copied by value through store, engine, events and views.
 */
#ifndef MODEL_VM_H
#define MODEL_VM_H

#include "base/id.h"
#include "core/model/egress.h"
#include "core/model/name.h"
#include "core/model/published.h"
#include "core/model/vm_state.h"

#include <stdbool.h>
#include <stdint.h>

#define VM_SSH_GUEST_PORT 1022 /* where banger-guest listens for SSH */
#define VM_ADDRESS_SIZE 16

enum disk_mode { DISK_OVERLAY, DISK_COPY, DISK_DM_SNAPSHOT, DISK_MODE_COUNT };
/* NET_AUTO is asked for and never stored: create makes it private where that works, else slirp (vm.net_why). */
enum net_mode { NET_SLIRP, NET_BRIDGE, NET_PRIVATE, NET_AUTO, NET_MODE_COUNT };
enum vmm_kind { VMM_AUTO, VMM_QEMU, VMM_FIRECRACKER, VMM_KIND_COUNT };

const char *disk_mode_to_string(enum disk_mode m);
bool disk_mode_from_string(const char *s, enum disk_mode *ret);
const char *net_mode_to_string(enum net_mode m);
bool net_mode_from_string(const char *s, enum net_mode *ret);
const char *vmm_kind_to_string(enum vmm_kind k);
bool vmm_kind_from_string(const char *s, enum vmm_kind *ret);

/* What a person asks for; every field resolved (see spec.h for how). */
struct vm_config {
	char image[OBJ_NAME_SIZE];  /* name it was created from */
	char kernel[OBJ_NAME_SIZE];
	int vcpus;
	int mem_mib;
	enum disk_mode disk;
	uint64_t overlay_bytes; /* nominal size of the upper layer (overlay) or of / (others; at least the image's) */
	uint64_t work_bytes;
	enum net_mode net;
	enum vmm_kind vmm;
	bool nat;	/* bridge: the guest reaches what lies beyond the host */
	bool isolated;	/* slirp, private: the guest reaches nothing but is reached by SSH and at its published ports */
	struct egress egress;	/* private: what the guest reaches; slirp knows full and none */
	struct published publish; /* slirp, private */
	uint64_t disk_rate;	  /* bytes a second of each disk, read and written together; 0 = as fast as it goes */
	uint64_t net_rate;	  /* bytes a second in each direction; Firecracker alone keeps it; 0 as above */
	bool ephemeral; /* `vm run --rm`: flushes need not reach the disk */
};

struct vm {
	char id[ID_SIZE];
	char name[VM_NAME_SIZE];
	enum vm_state state;
	struct vm_config cfg;
	char image_id[ID_SIZE]; /* which build of the image: a re-pull moves the name, never this */
	char rootfs_uuid[UUID_SIZE];
	char upper_uuid[UUID_SIZE];
	char work_uuid[UUID_SIZE];
	char machine_id[33]; /* 32 hex digits, systemd's */
	char address[VM_ADDRESS_SIZE]; /* IPv4 in the bridged network, kept for the VM's life; empty until the first start there */
	char net_why[560];   /* why it has no private network, where it would have had one; who drops what a bridged one sends; else empty */
	/* of the present or last run */
	char boot_id[ID_SIZE];
	int run_vcpus, run_mem_mib; /* what it was started with; 0 before the first start */
	uint16_t ssh_port;   /* loopback port kept for the VM's life; 0 until the first start */
	char accel[8];	     /* "kvm" or "tcg" */
	char why[320];	     /* which VMM, its version, and why this one and this accelerator: "qemu 7.2, a guest ran" */
	bool held;	     /* not in the store: its keeper paused it for want of disk space; then state is VM_PAUSED */
	char reason[192];    /* why it is stopped or in error; empty when by request */
	uint32_t stop_epoch; /* raised by kill; start re-reads it before it records the process */
	int64_t created_ms, started_ms, stopped_ms; /* wall clock, 0 = never */
};

#define VM_REASON_KILLED "killed" /* of a live VM: it was asked to be */

struct vm_size {
	int vcpus, mem_mib;
};

/* What it has: while it runs what it was started with, else what it is set to and will start with. */
struct vm_size vm_size(const struct vm *vm);
/* It runs, and will have another size from its next start on: cfg's. */
bool vm_size_waits(const struct vm *vm);

/* What it reaches: of egress and isolated the stricter. */
struct egress vm_egress(const struct vm_config *c);
/* Where its SSH is to be had from this host: a literal address, and the port, 0 until the first start. Borrows from `vm`. */
const char *vm_ssh_host(const struct vm *vm);
uint16_t vm_ssh_port(const struct vm *vm);

/* The VMM of the present or last run, from `why`; before the first, the one that was asked for. Static storage. */
const char *vm_vmm_name(const struct vm *vm);

#endif
