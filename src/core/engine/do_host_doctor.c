/* SPDX-License-Identifier: MIT */
/*
 * look at the host: the doctor, as a job, its lines as events. What only root may see is asked of the helper, when one runs.
 */
#include "core/engine/doctor.h"
#include "core/engine/vmjob.h"

struct telling {
	struct engine *eng;
	struct op *op;
	bool begun;
};

static void tell(void *arg, const struct check_line *l)
{
	struct telling *t = arg;
	struct event ev = {.kind = EV_CHECK, .check = {.first = !t->begun, .line = *l}};

	t->begun = true;
	op_stage(t->op, l->what);
	engine_post(t->eng, 0, &ev);
}

int do_host_doctor(void *arg, struct op *op, struct sched_run *r UNUSED, struct err *e)
{
	struct vmjob *j = arg;
	struct telling t = {.eng = j->eng, .op = op};
	struct doctor_args a = {
		.paths = &j->eng->paths, .conf = j->eng->conf, .helper = j->eng->helper, .line = tell, .arg = &t};
	struct event end = {.kind = EV_CHECK, .check.end = true};

	doctor_look(op, &a);
	if (op_check(op, e) < 0)
		return -1;
	engine_post(j->eng, 0, &end);
	return 0;
}
