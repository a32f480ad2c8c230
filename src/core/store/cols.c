/* SPDX-License-Identifier: MIT */
/*
 * Column tables: one description of a row drives select, insert and update (see db_priv.h).
 */
#include "core/store/db_priv.h"

#include "base/buf.h"

#include <assert.h>
#include <string.h>

void cols_bind(sqlite3_stmt *st, int first, const struct col *cols, int n, const void *obj)
{
	assert(first >= 1 && first + n - 1 <= sqlite3_bind_parameter_count(st));
	for (int i = 0; i < n; i++) {
		const char *p = (const char *)obj + cols[i].offset;
		sqlite3_int64 v = 0;

		switch (cols[i].type) {
		case COL_TEXT:
			assert(memchr(p, '\0', cols[i].size));
			sqlite3_bind_text(st, first + i, p, -1, SQLITE_TRANSIENT);
			continue;
		case COL_INT:
			v = *(const int *)p;
			break;
		case COL_I64:
			v = *(const int64_t *)p;
			break;
		case COL_U64:
			v = (sqlite3_int64) * (const uint64_t *)p;
			break;
		case COL_U32:
			v = *(const uint32_t *)p;
			break;
		case COL_U16:
			v = *(const uint16_t *)p;
			break;
		case COL_BOOL:
			v = *(const bool *)p;
			break;
		}
		sqlite3_bind_int64(st, first + i, v);
	}
}

void cols_read(sqlite3_stmt *st, int first, const struct col *cols, int n, void *obj)
{
	assert(first >= 0 && first + n <= sqlite3_column_count(st));
	for (int i = 0; i < n; i++) {
		char *p = (char *)obj + cols[i].offset;
		sqlite3_int64 v = sqlite3_column_int64(st, first + i);
		const char *text;

		switch (cols[i].type) {
		case COL_TEXT:
			text = (const char *)sqlite3_column_text(st, first + i);
			str_copy(p, cols[i].size, text ? text : "");
			break;
		case COL_INT:
			*(int *)p = (int)v;
			break;
		case COL_I64:
			*(int64_t *)p = v;
			break;
		case COL_U64:
			*(uint64_t *)p = (uint64_t)v;
			break;
		case COL_U32:
			*(uint32_t *)p = (uint32_t)v;
			break;
		case COL_U16:
			*(uint16_t *)p = (uint16_t)v;
			break;
		case COL_BOOL:
			*(bool *)p = v != 0;
			break;
		}
	}
}

char *cols_names(const struct col *cols, int n)
{
	auto_buf b = {0};

	for (int i = 0; i < n; i++)
		buf_addf(&b, "%s%s", i ? ", " : "", cols[i].name);
	return buf_take(&b);
}

char *cols_marks(int n)
{
	auto_buf b = {0};

	for (int i = 0; i < n; i++)
		buf_adds(&b, i ? ", ?" : "?");
	return buf_take(&b);
}

char *cols_sets(const struct col *cols, int n)
{
	auto_buf b = {0};

	for (int i = 0; i < n; i++)
		buf_addf(&b, "%s%s = ?", i ? ", " : "", cols[i].name);
	return buf_take(&b);
}
