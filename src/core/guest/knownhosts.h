/* SPDX-License-Identifier: MIT */
/*
 * <state>/ssh/known_hosts: the pinned host keys of our VMs for programs that are not us (ssh, scp, rsync, an editor).
 *
 * One line per VM, in the format of sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT":
 *     [127.0.0.1]:PORT,[NAME.vm]:PORT,banger-VMID ssh-ed25519 AAAA… banger:VMID
 * The last of the hosts is the HostKeyAlias of our ssh_config (sshconf.h): it stays when name, address or port change.
 * Our own sessions do not read it (they check the key of the VM's directory). Lines of people are kept as they are.
 * Changes are atomic (a new file renamed over the old one) and serialised between processes by a lock file beside it.
 */
#ifndef CORE_GUEST_KNOWNHOSTS_H
#define CORE_GUEST_KNOWNHOSTS_H

#include "base/op.h"
#include "core/guest/keys.h"

#define KNOWNHOSTS_FILE "known_hosts"

struct knownhosts_entry {
	const char *vm_id;   /* marks the line as ours */
	const char *vm_name; /* known as NAME.vm */
	const char *host;    /* literal address ssh connects to */
	int port;
	struct keys_pub key;
};

/* Put (or replace) the line of this VM and drop every other line of ours that pins its address and port: a port
 * that was given to a new VM never carries an old pin. Creates directory and file. Waits for the lock: may block. */
NODISCARD int knownhosts_put(struct op *op, const char *state_dir, const struct knownhosts_entry *en, struct err *e);
/* Drop the line of this VM. Not there (or no file) is fine. May block. */
NODISCARD int knownhosts_remove(struct op *op, const char *state_dir, const char *vm_id, struct err *e);

/* The line of an entry with its newline; also what a test or another writer compares with. */
void knownhosts_format(const struct knownhosts_entry *en, struct buf *out);

#endif
