/* SPDX-License-Identifier: MIT */
/*
 * What the doctor*.c files share: the look under way, how a check speaks, and the checks, one function each. They stand in the
 * files of their subjects; their order is the table's in doctor.c.
 *
 * A check looks and changes nothing, and says one thing with doctor_say(); what is no PASS has its doctor_fix().
 */
#ifndef ENGINE_DOCTOR_PRIV_H
#define ENGINE_DOCTOR_PRIV_H

#include "core/engine/engine.h"

#include "core/image/scratch.h"

struct doctor {
	struct op *op;
	const struct paths *paths;
	const struct conf *conf;
	struct scratch scratch; /* dir is empty when there is none */
	struct check_line line;
};

void doctor_say(struct doctor *d, enum check_verdict v, const char *fmt, ...) PRINTF(3, 4);
void doctor_fix(struct doctor *d, const char *fmt, ...) PRINTF(2, 3);
/* The same package under its names for apt, dnf and pacman. */
void doctor_fix_package(struct doctor *d, const char *apt, const char *dnf, const char *pacman);

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

#endif
