/* SPDX-License-Identifier: MIT */
/*
 * Scratch directories outside of the state directory, and what a killed process left in them.
 *
 * mmdebstrap runs parts of itself under other ids (apt's sandbox user, our subordinate ids), and these cannot walk into the
 * state directory or any other place below a home of mode 0700. So its files go to /tmp/banger-<id>, ours and locked while we
 * live (base/lockdir.h); the tool at work in it is written down there. After our death the tool may go on for minutes: the
 * sweep ends it and removes everything, whichever process of the user comes first.
 */
#ifndef CORE_IMAGE_SCRATCH_H
#define CORE_IMAGE_SCRATCH_H

#include "base/err.h"
#include "base/op.h"
#include "base/spawn.h"

#include <stdbool.h>
#include <sys/types.h>

#define SCRATCH_ROOT "/tmp"
#define SCRATCH_PATH_SIZE 256

struct scratch {
	char dir[SCRATCH_PATH_SIZE]; /* <root>/banger-<id>; empty when there is none */
	int lock_fd;		     /* -1 = none */
};

#define SCRATCH_INIT                                                                                                   \
	{                                                                                                              \
		.lock_fd = -1                                                                                          \
	}

/* 0755 when others must walk through it, else 0700. */
NODISCARD int scratch_begin(const char *root, mode_t mode, struct scratch *s, struct err *e);
/* Write down which process group works in it. */
NODISCARD int scratch_set_tool(const struct scratch *s, const struct proc *p, struct err *e);
/* Remove it and everything in it, also what belongs to subordinate ids. Runs under a clean-up op of its own; `op` gives the
 * id and may be NULL. Safe at any time. */
void scratch_end(const struct op *op, struct scratch *s);

/* Did a process of ours leave one? Takes nothing, starts nothing. */
bool scratch_is_left(const char *root);
/* End the tools at work in what is left, and remove it. Goes on past what it cannot remove and reports it at the end. Starts
 * a tool for files of subordinate ids, and blocks. */
NODISCARD int scratch_sweep(struct op *op, const char *root, int *ret_removed, struct err *e);

#endif
