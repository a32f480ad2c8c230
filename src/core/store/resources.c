/* SPDX-License-Identifier: MIT */
/*
 * The ledger of host resources; see resources.h.
 */
#include "core/store/resources.h"

#include "core/store/db_priv.h"

#include <assert.h>

static const struct col cols[] = {
	COL_T(struct resource, "owner", owner),
	COL_T(struct resource, "kind", kind),
	COL_T(struct resource, "name", name),
	COL_T(struct resource, "detail", detail),
};
#define NCOLS ((int)ARRAY_LEN(cols))

static int run(struct store *s, const char *sql, const char *owner, const char *kind, const char *name, const char *detail,
	       struct err *e)
{
	auto_stmt *st = db_prepare(s, sql, e);

	assert(owner[0] && kind[0] && name[0]);
	if (!st)
		return -1;
	sqlite3_bind_text(st, 1, owner, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, kind, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, name, -1, SQLITE_STATIC);
	if (detail)
		sqlite3_bind_text(st, 4, detail, -1, SQLITE_STATIC);
	return db_run(s, st, e);
}

int resources_add(struct store *s, const char *owner, const char *kind, const char *name, const char *detail,
		  struct err *e)
{
	return run(s, "INSERT OR IGNORE INTO resources (owner, kind, name, detail) VALUES (?, ?, ?, ?)", owner, kind, name,
		   detail ? detail : "", e);
}

int resources_remove(struct store *s, const char *owner, const char *kind, const char *name, struct err *e)
{
	return run(s, "DELETE FROM resources WHERE owner = ? AND kind = ? AND name = ?", owner, kind, name, NULL, e);
}

int resources_list(struct store *s, const char *owner, struct resource **ret, int *ret_n, struct err *e)
{
	auto_free char *names = cols_names(cols, NCOLS);
	auto_free char *sql = xasprintf("SELECT %s FROM resources WHERE ?1 IS NULL OR owner = ?1 ORDER BY seq DESC", names);
	auto_stmt *st = db_prepare(s, sql, e);
	auto_free struct resource *list = NULL;
	int n = 0, rc;

	if (!st)
		return -1;
	sqlite3_bind_text(st, 1, owner, -1, SQLITE_STATIC);
	while ((rc = db_step(s, st, e)) > 0) {
		list = xrealloc(list, (size_t)n + 1, sizeof(*list));
		list[n] = (struct resource){0};
		cols_read(st, 0, cols, NCOLS, &list[n++]);
	}
	if (rc < 0)
		return -1;
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}
