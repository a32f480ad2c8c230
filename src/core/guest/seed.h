/* SPDX-License-Identifier: MIT */
/*
 * The seed disk: everything a guest is told at a start, as one tar on a read-only raw disk (doc/guest.md).
 *
 * It replaces writing into the guest's disks from the host, which we never do. Rebuilt at each start, 0600 (it holds
 * the VM's private host key), replaced atomically, members always in the same order, padded to whole 4096-byte blocks.
 */
#ifndef CORE_GUEST_SEED_H
#define CORE_GUEST_SEED_H

#include "base/buf.h"
#include "base/op.h"
#include "core/guest/keys.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SEED_FILES_MAX (64ull << 20) /* cap on file_sync content: the seed is made at every start */

/* One file_sync entry (configuration section of that name). */
struct seed_file {
	const char *name;  /* the section's title, for messages */
	const char *host;  /* absolute or ~/… */
	const char *guest; /* /root/… or ~/… */
	mode_t mode;	   /* of a plain file; 0 = 0600. A directory's files keep their own modes */
};

struct seed_args {
	const char *vm_id;
	const char *boot_id;
	const char *hostname;
	bool overlay; /* root_mode=overlay, else copy */
	const char *rootfs_uuid;
	const char *upper_uuid; /* overlay only, else NULL */
	const char *work_uuid;
	const char *modules_uuid; /* NULL: the kernel has none */
	const char *net_address;  /* "10.0.2.15/24"; NULL: net_mode=none */
	const char *net_gateway;
	const char *net_mac;	/* NULL: the first Ethernet interface */
	const char *const *dns; /* NULL-terminated addresses (seed_host_dns, or 10.0.2.3 under slirp) */
	const char *hosts;	/* more lines for its /etc/hosts; NULL: none */
	int ssh_port;		/* 0 = 1022 */
	bool power_reboot;	/* the VMM ends on reboot(2), not on power-off */
	int64_t idle_stop_s;
	bool no_init; /* the image's init does not run: the kit stays PID 1 */
	const char *timezone; /* NULL: not set */
	int64_t time_s;	      /* wall clock now, seconds since the epoch */
	struct keys_pair host_key;
	struct keys_pub user_key;      /* goes to authorized_keys */
	const char *git_name;	       /* NULL: none */
	const char *git_email;	       /* NULL: none */
	const char *const *env;	       /* NULL-terminated K=V of the image, no control character in K; may be NULL */
	const char *workdir;	       /* where the image's commands begin; NULL: in /root */
	const struct seed_file *files; /* file_sync; may be NULL */
	int n_files;
	const char *home;				/* what ~ of the host means; NULL = $HOME */
	void (*on_warning)(void *arg, const char *msg); /* a missing file_sync host path; may be NULL */
	void *arg;
};

/* Write the seed to `path`. ERR_USAGE for a value that cannot be written (a newline in it) or a file_sync entry that
 * breaks the rules. Blocks on the disk; cancellable between files. */
NODISCARD int seed_write(struct op *op, const struct seed_args *a, const char *path, struct err *e);

/* Check one file_sync entry when the configuration is read: `host` absolute or ~/…, `guest` beneath /root (or ~/…),
 * no "..", no ~user, not relative, mode at most 07777. ERR_USAGE naming the entry. No I/O. */
NODISCARD int seed_file_check(const struct seed_file *f, struct err *e);

#define SEED_DNS_MAX 3 /* what resolv.conf(5) uses */

struct seed_dns {
	char server[SEED_DNS_MAX][46]; /* literal addresses; INET6_ADDRSTRLEN */
	int n;
};

/* The host's real upstream name servers: systemd-resolved's own list if there is one, else /etc/resolv.conf; stubs on
 * the loopback are left out, as a guest cannot reach them. `root` is put before both paths (tests); "" in the program.
 * None found is no error (n = 0). */
NODISCARD int seed_host_dns(const char *root, struct seed_dns *ret, struct err *e);
/* Time zone name of the host ("Europe/Berlin") from /etc/localtime's link or /etc/timezone; NULL when unknown. The
 * caller frees it. */
char *seed_host_timezone(const char *root);

struct seed_git {
	char *name; /* NULL when not configured; owned */
	char *email;
};

/* The person's git identity, from `git config`. No git, or nothing configured, is no error. Runs a child: ask once
 * and keep the answer, not at each start. */
NODISCARD int seed_host_git(struct op *op, struct seed_git *ret, struct err *e);
void seed_git_done(struct seed_git *g);

#endif
