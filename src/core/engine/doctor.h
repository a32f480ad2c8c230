/* SPDX-License-Identifier: MIT */
/*
 * The doctor within the engine: doctor_run() of engine.h, with a helper that may be running already.
 */
#ifndef ENGINE_DOCTOR_H
#define ENGINE_DOCTOR_H

#include "core/engine/engine.h"

struct helper;

struct doctor_args {
	const struct paths *paths;
	const struct conf *conf;
	struct helper *helper; /* asked what only root may see, when it runs; NULL: as root one is started for the look */
	void (*line)(void *arg, const struct check_line *l);
	void *arg;
};

/* Returns the worst verdict. Blocks for a second or two; an op that has ended cuts it short. */
enum check_verdict doctor_look(struct op *op, const struct doctor_args *a);

#endif
