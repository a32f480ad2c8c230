/* SPDX-License-Identifier: MIT */
/*
 * What the doctor*.c files share: the look under way, how a check speaks, and the checks, one function each. They stand in the
 * files of their subjects; their order is the table's in doctor.c.
 *
 * A check looks and changes nothing, and says one thing with doctor_say(); what is no PASS has its doctor_fix().
 */
#ifndef ENGINE_DOCTOR_PRIV_H
#define ENGINE_DOCTOR_PRIV_H

#include "core/engine/doctor.h"

#include "core/engine/settings.h"
#include "core/image/scratch.h"
#include "core/priv/priv.h"
#include "core/store/db.h"

struct leftover;

struct doctor {
	struct op *op;
	const struct doctor_args *args;
	const struct paths *paths;
	const struct conf *conf;
	struct scratch scratch;	   /* dir is empty when there is none */
	struct settings settings;  /* what banger.conf says, */
	struct err no_settings;	   /* or why it cannot be read */
	struct store_look look;	   /* what the store says, */
	struct err no_look;	   /* or why it cannot be read; ERR_NOT_FOUND: there is none yet */
	struct priv *own_helper;   /* started for the look, as root */
	struct check_line line;
	enum check_verdict worst;
};

void doctor_say(struct doctor *d, enum check_verdict v, const char *fmt, ...) PRINTF(3, 4);
void doctor_fix(struct doctor *d, const char *fmt, ...) PRINTF(2, 3);
/* The same package under its names for apt, dnf and pacman. */
void doctor_fix_package(struct doctor *d, const char *apt, const char *dnf, const char *pacman);

/* This line is complete; another one of the same check follows. */
void doctor_next(struct doctor *d);
/* What only root may see (PRIV_LIST, PRIV_RULES). ERR_PERM when nobody can be asked. The caller owns *ret (priv_reply_done). */
NODISCARD int doctor_ask(struct doctor *d, enum priv_op op, struct priv_reply *ret, struct err *e);
/* "sudo ", or nothing as root: before a command that takes rights. */
const char *doctor_sudo(void);

/* doctor_host.c */
void doctor_architecture(struct doctor *d);
void doctor_capacity(struct doctor *d);
void doctor_limits(struct doctor *d);
void doctor_linger(struct doctor *d);
void doctor_locale(struct doctor *d);
void doctor_terminal(struct doctor *d);
/* doctor_vmm.c */
void doctor_qemu(struct doctor *d);
void doctor_firecracker(struct doctor *d);
void doctor_kvm(struct doctor *d);
/* doctor_tools.c */
void doctor_mmdebstrap(struct doctor *d);
void doctor_uidmap(struct doctor *d);
void doctor_mke2fs(struct doctor *d);
void doctor_depmod(struct doctor *d);
void doctor_ssh(struct doctor *d);
/* doctor_store.c */
void doctor_conf(struct doctor *d);
void doctor_store(struct doctor *d);
void doctor_machines(struct doctor *d);
void doctor_space(struct doctor *d);
void doctor_filesystem(struct doctor *d);
void doctor_runtime(struct doctor *d);
/* doctor_net.c */
void doctor_private(struct doctor *d);
void doctor_helper(struct doctor *d);
void doctor_names(struct doctor *d);
void doctor_ssh_config(struct doctor *d);
/* doctor_bridge.c */
void doctor_subnet(struct doctor *d);
void doctor_forwarding(struct doctor *d);
void doctor_rules(struct doctor *d);
void doctor_leftovers(struct doctor *d);
/* What that one tells; *ret is the caller's (free). True when nothing was hidden for want of rights. */
bool doctor_find_leftovers(struct doctor *d, struct leftover **ret, int *ret_n);
/* doctor_image.c */
void doctor_kit(struct doctor *d);
void doctor_kernel(struct doctor *d);
void doctor_image(struct doctor *d);

#endif
