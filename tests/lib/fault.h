/* SPDX-License-Identifier: MIT */
/*
 * Making the world fail under a running engine, through the linker: --wrap=NAME sends the calls between object files to
 * __wrap_NAME, which FAULT_WRAP() defines. Armed, the n-th of all wrapped calls fails, all from the n-th on fail, or the
 * process ends before or after it. Calls of the engine's svc thread, which come by the clock, are not counted.
 */
#ifndef TESTS_LIB_FAULT_H
#define TESTS_LIB_FAULT_H

#include "tests/lib/rig.h"

#define FAULT_CALLS_MAX 90 /* more than any of the jobs makes: a bound for the loops */
#define FAULT_CRASHED 77

enum fault_mode { PASS, FAIL_ONE, FAIL_FROM, EXIT_BEFORE, EXIT_AFTER, HOOK };

void fault_arm(enum fault_mode m, int nth);
/* As HOOK: `hook` is called before the n-th call, on the thread that makes it. */
void fault_arm_hook(int nth, void (*hook)(void));
/* The world works again; whether the fault came to pass stays known. */
void fault_disarm(void);
bool fault_fired(void);

/* What stands around a wrapped call. -1 with "injected: NAME" when it is to fail. */
NODISCARD int fault_before(const char *name, bool *ret_hit, struct err *e);
int fault_after(int rc, bool was_hit);

#define FAULT_WRAP(name, params, args)                                                                                 \
	int __real_##name params;                                                                                      \
	int __wrap_##name params;                                                                                      \
	int __wrap_##name params                                                                                       \
	{                                                                                                              \
		bool was_hit;                                                                                          \
		if (fault_before(#name, &was_hit, e) < 0)                                                              \
			return -1;                                                                                     \
		return fault_after(__real_##name args, was_hit);                                                       \
	}

/* Running requests; each fails the test when it does not do what it says. */
void must_open(struct rig *r);
struct job must_end(struct rig *r, const struct request *req);
void must_succeed(struct rig *r, const struct request *req);
/* In a child: open, run under the fault. FAULT_CRASHED where told to, else 0. */
int run_and_crash(struct rig *r, const struct request *req, enum fault_mode m, int nth);

#endif
