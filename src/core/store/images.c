/* SPDX-License-Identifier: MIT */
/*
 * Rows of local images and kernels; see images.h.
 */
#include "core/store/images.h"

#include "base/i18n.h"
#include "core/store/db_priv.h"

#include <stdio.h>
#include <string.h>

static const struct col image_cols[] = {
	COL_T(struct image, "id", id),
	COL_T(struct image, "name", name),
	COL_T(struct image, "about", about),
	COL_T(struct image, "source", source),
	COL_T(struct image, "reference", reference),
	COL_T(struct image, "digest", digest),
	COL_T(struct image, "rootfs_uuid", rootfs_uuid),
	COL_T(struct image, "init", init),
	COL_T(struct image, "path", path),
	COL_N(struct image, "file_bytes", COL_U64, file_bytes),
	COL_N(struct image, "file_mtime_ns", COL_I64, file_mtime_ns),
	COL_N(struct image, "size_bytes", COL_U64, size_bytes),
	COL_N(struct image, "used_bytes", COL_U64, used_bytes),
	COL_N(struct image, "alloc_bytes", COL_U64, alloc_bytes),
	COL_N(struct image, "created_ms", COL_I64, created_ms),
};

static const struct col kernel_cols[] = {
	COL_T(struct kernel, "name", name),
	COL_T(struct kernel, "id", id),
	COL_T(struct kernel, "release", release),
	COL_T(struct kernel, "about", about),
	COL_T(struct kernel, "source", source),
	COL_T(struct kernel, "digest", digest),
	COL_T(struct kernel, "modules_uuid", modules_uuid),
	COL_N(struct kernel, "alloc_bytes", COL_U64, alloc_bytes),
	COL_N(struct kernel, "created_ms", COL_I64, created_ms),
};

/* What differs between the two tables; the rest is one code. */
struct table {
	const char *name;
	const char *users; /* sub-select counting the VMs */
	const struct col *cols;
	int ncols;
	size_t size;
	size_t users_offset, local_offset;
};

static const struct table images = {
	"images", "(SELECT COUNT(*) FROM vms WHERE vms.image_id = images.id)",
	image_cols, (int)ARRAY_LEN(image_cols), sizeof(struct image),
	offsetof(struct image, users), offsetof(struct image, local),
};

static const struct table kernels = {
	"kernels", "(SELECT COUNT(*) FROM vms WHERE vms.kernel = kernels.name)",
	kernel_cols, (int)ARRAY_LEN(kernel_cols), sizeof(struct kernel),
	offsetof(struct kernel, users), offsetof(struct kernel, local),
};

static int insert_row(struct store *s, const struct table *t, const char *verb, const void *obj, struct err *e)
{
	auto_free char *names = cols_names(t->cols, t->ncols);
	auto_free char *marks = cols_marks(t->ncols);
	auto_free char *sql = xasprintf("%s INTO %s (%s) VALUES (%s)", verb, t->name, names, marks);
	auto_stmt *st = db_prepare(s, sql, e);

	if (!st)
		return -1;
	cols_bind(st, 1, t->cols, t->ncols, obj);
	return db_run(s, st, e);
}

static int select_rows(struct store *s, const struct table *t, const char *where, const char *arg, void **ret, int *ret_n,
		       struct err *e)
{
	auto_free char *names = cols_names(t->cols, t->ncols);
	auto_free char *sql = xasprintf("SELECT %s, %s FROM %s %s", t->users, names, t->name, where);
	auto_stmt *st = db_prepare(s, sql, e);
	auto_free char *list = NULL;
	int n = 0, rc;

	if (!st)
		return -1;
	if (arg)
		sqlite3_bind_text(st, 1, arg, -1, SQLITE_STATIC);
	while ((rc = db_step(s, st, e)) > 0) {
		char *row;

		list = xrealloc(list, (size_t)n + 1, t->size);
		row = list + (size_t)n++ * t->size;
		memset(row, 0, t->size);
		cols_read(st, 1, t->cols, t->ncols, row);
		*(int *)(row + t->users_offset) = sqlite3_column_int(st, 0);
		*(bool *)(row + t->local_offset) = true;
	}
	if (rc < 0)
		return -1;
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}

static int select_one(struct store *s, const struct table *t, const char *where, const char *arg, void *ret, struct err *e)
{
	auto_free void *rows = NULL;
	int n;

	if (select_rows(s, t, where, arg, &rows, &n, e) < 0)
		return -1;
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND, strcmp(t->name, "images") == 0 ? _("no local image '%s'") : _("no local kernel '%s'"),
			       arg);
	memcpy(ret, rows, t->size);
	return 0;
}

static int run_with(struct store *s, const char *sql, const char *arg, struct err *e)
{
	auto_stmt *st = db_prepare(s, sql, e);

	if (!st)
		return -1;
	sqlite3_bind_text(st, 1, arg, -1, SQLITE_STATIC);
	return db_run(s, st, e);
}

static int move_name(struct store *s, const struct image *im, struct err *e)
{
	if (run_with(s, "UPDATE images SET current = 0 WHERE name = ?", im->name, e) < 0)
		return -1;
	return insert_row(s, &images, "INSERT OR REPLACE", im, e);
}

int images_put(struct store *s, const struct image *im, struct err *e)
{
	auto_txn struct store *txn = NULL;

	if (!sqlite3_get_autocommit(s->db))
		return move_name(s, im, e);
	if (store_begin(s, e) < 0)
		return -1;
	txn = s;
	return move_name(txn, im, e) < 0 ? -1 : store_commit(txn, e);
}

int images_get(struct store *s, const char *name, struct image *ret, struct err *e)
{
	return select_one(s, &images, "WHERE name = ? AND current = 1", name, ret, e);
}

int images_get_id(struct store *s, const char *id, struct image *ret, struct err *e)
{
	return select_one(s, &images, "WHERE id = ?", id, ret, e);
}

int images_list(struct store *s, struct image **ret, int *ret_n, struct err *e)
{
	return select_rows(s, &images, "WHERE current = 1 ORDER BY name", NULL, (void **)ret, ret_n, e);
}

int images_list_unused(struct store *s, struct image **ret, int *ret_n, struct err *e)
{
	return select_rows(s, &images, "WHERE current = 0 AND id NOT IN (SELECT image_id FROM vms)", NULL, (void **)ret,
			   ret_n, e);
}

int images_delete(struct store *s, const char *id, struct err *e)
{
	return run_with(s, "DELETE FROM images WHERE id = ?", id, e);
}

int kernels_put(struct store *s, const struct kernel *k, struct err *e)
{
	return insert_row(s, &kernels, "INSERT OR REPLACE", k, e);
}

int kernels_get(struct store *s, const char *name, struct kernel *ret, struct err *e)
{
	return select_one(s, &kernels, "WHERE name = ?", name, ret, e);
}

int kernels_list(struct store *s, struct kernel **ret, int *ret_n, struct err *e)
{
	return select_rows(s, &kernels, "ORDER BY name", NULL, (void **)ret, ret_n, e);
}

int kernels_delete(struct store *s, const char *name, struct err *e)
{
	return run_with(s, "DELETE FROM kernels WHERE name = ?", name, e);
}

static int list_users(struct store *s, const char *sql, const char *arg, char *buf, size_t size, int *ret_n, struct err *e)
{
	auto_stmt *st = db_prepare(s, sql, e);
	size_t used = 0;
	int n = 0, rc;

	if (!st)
		return -1;
	buf[0] = '\0';
	sqlite3_bind_text(st, 1, arg, -1, SQLITE_STATIC);
	while ((rc = db_step(s, st, e)) > 0) {
		if (used < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", n ? ", " : "",
						 (const char *)sqlite3_column_text(st, 0));
		n++;
	}
	*ret_n = n;
	return rc < 0 ? -1 : 0;
}

int images_users(struct store *s, const char *image_id, char *buf, size_t size, int *ret_n, struct err *e)
{
	return list_users(s, "SELECT name FROM vms WHERE image_id = ? ORDER BY name", image_id, buf, size, ret_n, e);
}

int kernels_users(struct store *s, const char *name, char *buf, size_t size, int *ret_n, struct err *e)
{
	return list_users(s, "SELECT name FROM vms WHERE kernel = ? ORDER BY name", name, buf, size, ret_n, e);
}
