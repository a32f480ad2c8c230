/* SPDX-License-Identifier: MIT */
/*
 * Faults on demand: see fault.h.
 */
#include "tests/lib/fault.h"

#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Atomic int mode, countdown;
static _Atomic bool fired;
static void (*_Atomic the_hook)(void);

void fault_arm(enum fault_mode m, int nth)
{
	atomic_store(&fired, false);
	atomic_store(&countdown, nth);
	atomic_store(&mode, m);
}

void fault_arm_hook(int nth, void (*hook)(void))
{
	atomic_store(&the_hook, hook);
	fault_arm(HOOK, nth);
}

void fault_disarm(void)
{
	atomic_store(&mode, PASS);
}

bool fault_fired(void)
{
	return atomic_load(&fired);
}

static bool is_svc(void)
{
	char name[16] = "";

	prctl(PR_GET_NAME, name);
	return strcmp(name, "svc") == 0;
}

/* Count a call; is it (or, failing from there on, one after) the one? */
static bool hit(void)
{
	int m = atomic_load(&mode), left;

	if (m == PASS || is_svc())
		return false;
	left = atomic_fetch_sub(&countdown, 1) - 1;
	if (left == 0)
		atomic_store(&fired, true);
	return left == 0 || (m == FAIL_FROM && left < 0);
}

int fault_before(const char *name, bool *ret_hit, struct err *e)
{
	int m = atomic_load(&mode);

	*ret_hit = hit();
	if (!*ret_hit)
		return 0;
	if (m == EXIT_BEFORE)
		_exit(FAULT_CRASHED);
	if (m == HOOK)
		atomic_load(&the_hook)();
	return m == EXIT_AFTER || m == HOOK ? 0 : err_set(e, ERR_SYS, "injected: %s", name);
}

int fault_after(int rc, bool was_hit)
{
	if (was_hit && atomic_load(&mode) == EXIT_AFTER)
		_exit(FAULT_CRASHED);
	return rc;
}

void must_open(struct rig *r)
{
	fault_disarm();
	assert_int_equal(rig_open(r), 0);
}

struct job must_end(struct rig *r, const struct request *req)
{
	struct job j;

	if (rig_run(r, req, &j) < 0)
		fail_msg("%s", j.err.msg);
	return j;
}

void must_succeed(struct rig *r, const struct request *req)
{
	struct job j;

	fault_disarm();
	j = must_end(r, req);
	if (j.state != JOB_DONE)
		fail_msg("%s: %s", request_kind_to_string(req->kind), j.err.msg);
}

int run_and_crash(struct rig *r, const struct request *req, enum fault_mode m, int nth)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct job j;

		fault_disarm();
		if (rig_open(r) < 0)
			_exit(3);
		fault_arm(m, nth);
		if (rig_run(r, req, &j) < 0)
			_exit(4);
		fault_disarm();
		rig_close(r);
		_exit(j.state == JOB_DONE ? 0 : 5);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == FAULT_CRASHED || WEXITSTATUS(status) == 0);
	return WEXITSTATUS(status);
}
