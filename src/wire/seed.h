/* SPDX-License-Identifier: MIT */
/*
 * Names on the seed disk, shared by the host (which writes it) and banger-guest (which reads it).
 *
 * The seed is a read-only raw disk that holds one ustar/pax archive and nothing else. It is
 * recognised by its first member, WIRE_SEED_CONFIG, never by its place among the disks. The
 * config member is text, one `key=value` a line, `version=1` first; a key that the guest does not
 * know is skipped, so that a newer host may talk to an older kit. doc/guest.md tells what each
 * member does.
 */
#ifndef BANGER_WIRE_SEED_H
#define BANGER_WIRE_SEED_H

#define WIRE_SEED_VERSION 1
#define WIRE_SEED_PREFIX "banger-seed/"

#define WIRE_SEED_CONFIG "banger-seed/config"
#define WIRE_SEED_HOSTS "banger-seed/hosts"
#define WIRE_SEED_RESOLV_CONF "banger-seed/resolv.conf"
#define WIRE_SEED_AUTHORIZED_KEYS "banger-seed/authorized_keys"
#define WIRE_SEED_DROPBEAR_KEY "banger-seed/dropbear_ed25519_host_key"
#define WIRE_SEED_SSH_HOST_KEY "banger-seed/ssh_host_ed25519_key"
#define WIRE_SEED_SSH_HOST_KEY_PUB "banger-seed/ssh_host_ed25519_key.pub"
#define WIRE_SEED_GITCONFIG "banger-seed/gitconfig"
#define WIRE_SEED_ENV "banger-seed/env"
#define WIRE_SEED_WORKDIR "banger-seed/workdir"
#define WIRE_SEED_FILES "banger-seed/files/"

/* Keys of the config member. Sizes and ranges: doc/guest.md. */
#define WIRE_KEY_VERSION "version"
#define WIRE_KEY_VM_ID "vm_id"
#define WIRE_KEY_BOOT_ID "boot_id"
#define WIRE_KEY_HOSTNAME "hostname"
#define WIRE_KEY_ROOT_MODE "root_mode"
#define WIRE_KEY_ROOTFS_UUID "rootfs_uuid"
#define WIRE_KEY_UPPER_UUID "upper_uuid"
#define WIRE_KEY_WORK_UUID "work_uuid"
#define WIRE_KEY_MODULES_UUID "modules_uuid"
#define WIRE_KEY_NET_MODE "net_mode"
#define WIRE_KEY_NET_ADDRESS "net_address"
#define WIRE_KEY_NET_GATEWAY "net_gateway"
#define WIRE_KEY_NET_MAC "net_mac"
#define WIRE_KEY_SSH_PORT "ssh_port"
#define WIRE_KEY_POWER "power"
#define WIRE_KEY_IDLE_STOP_S "idle_stop_s"
#define WIRE_KEY_TIMEZONE "timezone"
#define WIRE_KEY_TIME "time"
#define WIRE_KEY_INIT "init"

/* Values. */
#define WIRE_ROOT_OVERLAY "overlay"
#define WIRE_ROOT_COPY "copy"
#define WIRE_NET_STATIC "static"
#define WIRE_NET_NONE "none"
#define WIRE_POWER_POWEROFF "poweroff"
#define WIRE_POWER_REBOOT "reboot"
#define WIRE_INIT_IMAGE "image"
#define WIRE_INIT_NONE "none"

/* How lines of the hosts member end that hold for this start alone: the guest takes those of former starts out of /etc/hosts. */
#define WIRE_HOSTS_PINNED "\t# banger-tui egress"

/* The env member: one NAME=VALUE a line. A line that begins with this goes on with the value of the one before, behind a line break;
 * a guest that does not know it takes no such line for a variable. */
#define WIRE_ENV_GOES_ON '\t'

/* Limits the guest holds the seed to. */
#define WIRE_SEED_CONFIG_MAX 16384     /* bytes of the config member */
#define WIRE_SEED_MEMBER_MAX (1 << 20) /* bytes of any other member outside files/ */

#define WIRE_BOOT_ID_MAX 64 /* longest boot_id, in characters: letters, digits, hyphen */
#define WIRE_SSH_PORT 1022  /* where the kit's SSH listens unless ssh_port says otherwise */

#endif
