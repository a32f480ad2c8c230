/* SPDX-License-Identifier: MIT */
/*
 * Jobs of all processes; see jobs.h.
 */
#include "core/store/jobs.h"

#include "core/store/db_priv.h"

#include <assert.h>

static const struct col cols[] = {
	COL_T(struct job_row, "op_id", op_id),
	COL_N(struct job_row, "pid", COL_INT, pid),
	COL_N(struct job_row, "start_time", COL_U64, start_time),
	COL_T(struct job_row, "kind", kind),
	COL_T(struct job_row, "target", target),
	COL_T(struct job_row, "vm_id", vm_id),
	COL_T(struct job_row, "stage", stage),
	COL_N(struct job_row, "step", COL_INT, step),
	COL_N(struct job_row, "steps", COL_INT, steps),
	COL_N(struct job_row, "started_ms", COL_I64, started_ms),
};
#define NCOLS ((int)ARRAY_LEN(cols))

int jobs_put(struct store *s, const struct job_row *j, struct err *e)
{
	auto_free char *names = cols_names(cols, NCOLS);
	auto_free char *marks = cols_marks(NCOLS);
	auto_free char *sql = xasprintf("INSERT INTO jobs (%s) VALUES (%s) ON CONFLICT(op_id) DO UPDATE SET"
					" stage = excluded.stage, step = excluded.step, steps = excluded.steps,"
					" vm_id = excluded.vm_id, target = excluded.target",
					names, marks);
	auto_stmt *st = db_prepare(s, sql, e);

	assert(j->op_id[0] && j->pid > 0);
	if (!st)
		return -1;
	cols_bind(st, 1, cols, NCOLS, j);
	return db_run(s, st, e);
}

int jobs_remove(struct store *s, const char *op_id, struct err *e)
{
	auto_stmt *st = db_prepare(s, "DELETE FROM jobs WHERE op_id = ?", e);

	if (!st)
		return -1;
	sqlite3_bind_text(st, 1, op_id, -1, SQLITE_STATIC);
	return db_run(s, st, e);
}

int jobs_list(struct store *s, struct job_row **ret, int *ret_n, struct err *e)
{
	auto_free char *names = cols_names(cols, NCOLS);
	auto_free char *sql = xasprintf("SELECT %s FROM jobs ORDER BY seq", names);
	auto_stmt *st = db_prepare(s, sql, e);
	auto_free struct job_row *list = NULL;
	int n = 0, rc;

	if (!st)
		return -1;
	while ((rc = db_step(s, st, e)) > 0) {
		list = xrealloc(list, (size_t)n + 1, sizeof(*list));
		list[n] = (struct job_row){0};
		cols_read(st, 0, cols, NCOLS, &list[n++]);
	}
	if (rc < 0)
		return -1;
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}
