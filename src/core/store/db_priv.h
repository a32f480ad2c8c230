/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of core/store only: statements, binding, error mapping.
 */
#ifndef STORE_DB_PRIV_H
#define STORE_DB_PRIV_H

#include "base/mem.h"
#include "core/store/db.h"

#include <sqlite3.h>
#include <stddef.h>

struct store {
	sqlite3 *db;
	bool read_only;
	bool snapshot; /* opened as STORE_SNAPSHOT */
	char *path;
};

static inline void stmt_finalize_auto(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}
#define auto_stmt __attribute__((cleanup(stmt_finalize_auto))) sqlite3_stmt

/* Prepare; NULL on error with e set. */
sqlite3_stmt *db_prepare(struct store *s, const char *sql, struct err *e);
/* Map the connection's last error: busy, full, corrupt, read-only… Returns -1. */
int db_fail(struct store *s, const char *what, struct err *e);
/* 1 = a row is there, 0 = done, -1 = error. */
NODISCARD int db_step(struct store *s, sqlite3_stmt *st, struct err *e);
/* Step a statement that yields no rows. */
NODISCARD int db_run(struct store *s, sqlite3_stmt *st, struct err *e);
NODISCARD int db_exec(struct store *s, const char *sql, struct err *e);

/* Bring the file to the present schema (migrate.c). Sets read_only when it is newer than this program. */
NODISCARD int migrate_run(struct store *s, struct err *e);
/* Highest applied migration, 0 for an empty file. */
NODISCARD int migrate_version(struct store *s, int *ret, struct err *e);

/*
 * Rows and structs: a column table drives select, insert and update alike, so a new column is one row.
 */
enum col_type { COL_TEXT, COL_INT, COL_I64, COL_U64, COL_U32, COL_U16, COL_BOOL };

struct col {
	const char *name;
	enum col_type type;
	size_t offset;
	size_t size; /* of a text member */
};

#define COL_T(s, column, member) {column, COL_TEXT, offsetof(s, member), sizeof(((s *)0)->member)}
#define COL_N(s, column, type, member) {column, type, offsetof(s, member), 0}

/* Bind all columns of `obj` from parameter `first` on. */
void cols_bind(sqlite3_stmt *st, int first, const struct col *cols, int n, const void *obj);
/* Read all columns of the current row, from column `first` on. Text longer than its member is cut. */
void cols_read(sqlite3_stmt *st, int first, const struct col *cols, int n, void *obj);
/* "a, b, c" / "?, ?, ?" / "a = ?, b = ?"; static buffers are the caller's. */
char *cols_names(const struct col *cols, int n);
char *cols_marks(int n);
char *cols_sets(const struct col *cols, int n);

#endif
