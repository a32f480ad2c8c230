/* SPDX-License-Identifier: MIT */
/*
 * <config>/ssh_config: a Host block a VM, for programs that are not us (ssh, scp, rsync, an editor).
 *
 * After a "banger-tui ssh-config --install", `ssh NAME.vm` reaches the VM: literal address and port, our login key, and the VM's
 * own host key out of <state>/ssh/known_hosts (knownhosts.h), looked up by an alias of the VM's id: neither a new port nor a
 * reused address ever meets another VM's pin. The guest gets no agent, no display, no password prompt. Format: ssh_config(5).
 *
 * The file being there means that it is to be kept true. Its first line says whose machines it lists, so that two state
 * directories with one config directory do not take turns in it. Whoever writes holds sshconf_lock() from before it reads
 * what is to be written, so the file never goes back in time.
 */
#ifndef CORE_GUEST_SSHCONF_H
#define CORE_GUEST_SSHCONF_H

#include "base/buf.h"
#include "base/op.h"

#define SSHCONF_FILE "ssh_config"
#define SSHCONF_ALIAS "banger-" /* + the VM's id */
#define SSHCONF_SUFFIX ".vm"

struct sshconf_host {
	const char *vm_id;
	const char *name;    /* reached as NAME.vm */
	const char *address; /* literal */
	int port;
};

struct sshconf {
	const char *state_dir;
	const char *identity; /* the login key's private half */
	const struct sshconf_host *hosts;
	int n;
};

/* Can this path stand in an ssh_config as it is? Quotes, backslashes, %, $, wildcards and control characters mean something
 * there: ERR_USAGE naming the path. */
NODISCARD int sshconf_check_path(const char *path, struct err *e);
/* The whole file, appended. ERR_USAGE as sshconf_check_path(). */
NODISCARD int sshconf_format(const struct sshconf *c, struct buf *out, struct err *e);

/* Wait until nobody else writes the file; the directory is made when missing. *ret_fd is the caller's: closing it lets go. */
NODISCARD int sshconf_lock(struct op *op, const char *config_dir, int *ret_fd, struct err *e);
/* Is there a file, and does it list this state directory's VMs? Reads one line. A file of another state directory, or of
 * somebody's own making, is ERR_EXISTS with what to do. */
NODISCARD int sshconf_is_kept(const char *config_dir, const char *state_dir, bool *ret, struct err *e);
/* Replace the file (0600), atomically; one that says the same already stays. Under the lock. */
NODISCARD int sshconf_write(const char *config_dir, const struct sshconf *c, struct err *e);
/* Remove it. Already gone is fine. Under the lock. */
NODISCARD int sshconf_remove(const char *config_dir, struct err *e);

#endif
