/* SPDX-License-Identifier: MIT */
/*
 * Connections to the store and what every table's file shares.
 *
 * PRAGMAs are set on every connection as it is opened: SQLite forgets foreign_keys and busy_timeout with each, and a
 * store that enforced its keys on one connection only is how others lost rows.
 */
#include "core/store/db_priv.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/id.h"
#include "core/store/reserve.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define OPEN_BUSY_MS 10000
#define WAL_RETRY_MS 5

static int no_space(const struct store *s, const char *what, struct err *e)
{
	err_set(e, ERR_SPACE, _("store %s: %s: no space left"), s->path, what);
	return err_hint(e, _("free some on that file system, then try again"));
}

int db_fail(struct store *s, const char *what, struct err *e)
{
	int rc = sqlite3_extended_errcode(s->db);
	const char *msg = sqlite3_errmsg(s->db);

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		err_set(e, ERR_BUSY, _("store %s: %s: another process holds it"), s->path, what);
		return err_hint(e, _("try again"));
	case SQLITE_FULL:
		return no_space(s, what, e);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		err_set(e, ERR_CORRUPT, _("store %s is damaged: %s"), s->path, msg);
		return err_hint(e, _("it was left untouched; move it away or restore a copy, then start again"));
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
	case SQLITE_AUTH:
		if (s->snapshot || sqlite3_system_errno(s->db) == ENOSPC)
			return no_space(s, what, e);
		err_set(e, ERR_PERM, _("store %s cannot be written (%s): %s"), s->path, what, msg);
		return err_hint(e, _("make it and its directory yours, or set paths { state = \"/elsewhere\" } in banger.conf"));
	case SQLITE_CONSTRAINT:
		return err_set(e, ERR_EXISTS, _("store %s: %s: %s"), s->path, what, msg);
	case SQLITE_IOERR:
		if (sqlite3_system_errno(s->db) == ENOSPC)
			return no_space(s, what, e);
		/* fall through */
	default:
		return err_set(e, ERR_SYS, _("store %s: %s: %s"), s->path, what, msg);
	}
}

sqlite3_stmt *db_prepare(struct store *s, const char *sql, struct err *e)
{
	sqlite3_stmt *st = NULL;

	assert(s->db && sql[0]);
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK) {
		db_fail(s, "prepare", e);
		return NULL;
	}
	return st;
}

int db_step(struct store *s, sqlite3_stmt *st, struct err *e)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	return db_fail(s, "step", e);
}

/* By itself, a statement that found no room has changed nothing and is tried once more in that of the reserve. */
int db_run(struct store *s, sqlite3_stmt *st, struct err *e)
{
	bool alone = !s->read_only && sqlite3_get_autocommit(s->db);
	struct err why = {0};

	if (alone)
		reserve_make(s->path);
	if (db_step(s, st, &why) >= 0)
		return 0;
	if (!alone || why.code != ERR_SPACE || !reserve_give_up(s->path))
		return err_join(e, &why);
	sqlite3_reset(st);
	return db_step(s, st, e) < 0 ? -1 : 0;
}

int db_exec(struct store *s, const char *sql, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_fail(s, "exec", e);
	return 0;
}

/* Two connections switching a fresh file to WAL at once would wait for each other, so SQLite fails one of them without
 * asking its busy handler: that one tries again. */
static int switch_to_wal(struct store *s, int wait_ms, struct err *e)
{
	int64_t until = clock_mono_ms() + wait_ms;
	struct err busy = {0};

	while (db_exec(s, "PRAGMA journal_mode = WAL", &busy) < 0) {
		if (busy.code != ERR_BUSY || clock_mono_ms() >= until) {
			err_join(e, &busy);
			return -1;
		}
		err_clear(&busy);
		sqlite3_sleep(WAL_RETRY_MS);
	}
	return 0;
}

static int set_pragmas(struct store *s, int busy_ms, struct err *e)
{
	/* The time-out during opening is generous: many processes starting at once migrate and switch to WAL in turn. */
	int wait_ms = MAX(busy_ms, OPEN_BUSY_MS);

	sqlite3_busy_timeout(s->db, wait_ms);
	if (db_exec(s, "PRAGMA foreign_keys = ON", e) < 0)
		return -1;
	if (s->read_only)
		return 0;
	return switch_to_wal(s, wait_ms, e) < 0 ? -1 : db_exec(s, "PRAGMA synchronous = NORMAL", e);
}

/* Make the file ours before SQLite sees it, with our mode. One that exists is not opened here, not even for a look: closing
 * a descriptor drops every POSIX lock this process has on the file, those of its other connections too, and then a
 * neighbour removes the WAL they write to (sqlite.org/howtocorrupt.html §2.2). The mutex keeps a second connection of
 * this process out until the first maker has closed its descriptor. */
static int create_private(const char *path, struct err *e)
{
	static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
	struct stat st;

	pthread_mutex_lock(&making);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int error = fd < 0 ? errno : 0;

	fd_close(&fd);
	pthread_mutex_unlock(&making);
	if (error == EEXIST)
		error = lstat(path, &st) < 0 ? errno : S_ISLNK(st.st_mode) ? ELOOP : S_ISDIR(st.st_mode) ? EISDIR : 0;
	return error ? err_sys(e, error, _("open store %s"), path) : 0;
}

/* The path as a file: URI with immutable=1; '%', '?' and '#' are escaped (sqlite.org/uri.html). */
static char *immutable_uri(const char *path)
{
	auto_buf b = {0};

	buf_adds(&b, "file:");
	for (const char *p = path; *p; p++) {
		if (strchr("%?#", *p))
			buf_addf(&b, "%%%02x", (unsigned)(unsigned char)*p);
		else
			buf_addc(&b, *p);
	}
	buf_adds(&b, "?immutable=1");
	return buf_take(&b);
}

/* What cannot be migrated now is as good as unreadable. */
static int check_snapshot(struct store *s, struct err *e)
{
	int version;

	if (migrate_version(s, &version, e) < 0)
		return -1;
	return version < store_schema_version() ? no_space(s, "migrate", e) : 0;
}

static int open_once(const char *path, enum store_mode mode, int busy_ms, struct store **ret, struct err *e)
{
	struct store *s = xcalloc(1, sizeof(*s));
	auto_free char *uri = mode == STORE_SNAPSHOT ? immutable_uri(path) : NULL;
	int flags = mode == STORE_RW ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY | (uri ? SQLITE_OPEN_URI : 0);

	s->path = xstrdup(path);
	s->read_only = mode != STORE_RW;
	s->snapshot = mode == STORE_SNAPSHOT;
	if (mode == STORE_RW && create_private(path, e) < 0)
		goto fail;
	if (sqlite3_open_v2(uri ? uri : path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		db_fail(s, "open", e);
		goto fail;
	}
	sqlite3_extended_result_codes(s->db, 1);
	if (set_pragmas(s, busy_ms, e) < 0)
		goto fail;
	if (s->snapshot ? check_snapshot(s, e) < 0 : !s->read_only && migrate_run(s, e) < 0)
		goto fail;
	if (s->read_only && mode == STORE_RW && db_exec(s, "PRAGMA query_only = ON", e) < 0)
		goto fail;
	sqlite3_busy_timeout(s->db, busy_ms);
	*ret = s;
	return 0;
fail:
	store_close(s);
	return -1;
}

static bool has_wal(const char *path)
{
	auto_free char *wal = xasprintf("%s-wal", path);
	struct stat st;

	return stat(wal, &st) == 0 && st.st_size > 0;
}

int store_open(const char *path, enum store_mode mode, int busy_ms, struct store **ret, struct err *e)
{
	struct err first = {0};

	if (mode == STORE_SNAPSHOT && has_wal(path))
		return err_set(e, ERR_SPACE, _("store %s: what was written last cannot be read on a full disk"), path);
	if (open_once(path, mode, busy_ms, ret, &first) == 0) {
		if (!(*ret)->read_only)
			reserve_make(path);
		return 0;
	}
	if (mode == STORE_RW && first.code == ERR_SPACE && reserve_give_up(path))
		return open_once(path, mode, busy_ms, ret, e);
	return err_join(e, &first);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	sqlite3_close_v2(s->db);
	free(s->path);
	free(s);
}

bool store_is_read_only(const struct store *s)
{
	return s->read_only;
}

bool store_is_moved(struct store *s)
{
	int moved = 0;

	return sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}

int store_begin(struct store *s, struct err *e)
{
	if (s->snapshot)
		return no_space(s, "begin", e);
	if (s->read_only) {
		err_set(e, ERR_STATE, _("store %s was made by a newer banger-tui; this one only reads it"), s->path);
		return err_hint(e, _("use the newer program"));
	}
	assert(sqlite3_get_autocommit(s->db)); /* transactions do not nest */
	reserve_settle(s->path);
	return db_exec(s, "BEGIN IMMEDIATE", e);
}

int store_commit(struct store *s, struct err *e)
{
	assert(!s->read_only && !sqlite3_get_autocommit(s->db));
	return db_exec(s, "COMMIT", e);
}

void store_rollback(struct store *s)
{
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

int store_begin_read(struct store *s, struct err *e)
{
	assert(sqlite3_get_autocommit(s->db));
	return db_exec(s, "BEGIN", e);
}

static int read_number(struct store *s, const char *sql, int64_t *ret, struct err *e)
{
	auto_stmt *st = db_prepare(s, sql, e);
	int rc;

	if (!st)
		return -1;
	rc = db_step(s, st, e);
	if (rc < 0)
		return -1;
	*ret = rc ? sqlite3_column_int64(st, 0) : 0;
	return 0;
}

int store_data_version(struct store *s, int64_t *ret, struct err *e)
{
	return read_number(s, "PRAGMA data_version", ret, e);
}

int store_revision(struct store *s, int64_t *ret, struct err *e)
{
	return read_number(s, "SELECT n FROM revision", ret, e);
}

static int list_vm_ids(struct store *s, struct store_look *ret, struct err *e)
{
	auto_stmt *st = db_prepare(s, "SELECT id FROM vms ORDER BY id", e);
	int rc;

	if (!st)
		return -1;
	while ((rc = db_step(s, st, e)) > 0) {
		ret->vm_ids = xrealloc(ret->vm_ids, (size_t)ret->n_vms + 1, sizeof(*ret->vm_ids));
		str_copy(ret->vm_ids[ret->n_vms++], ID_SIZE, (const char *)sqlite3_column_text(st, 0));
	}
	return rc;
}

static int list_bridged(struct store *s, struct store_look *ret, struct err *e)
{
	auto_stmt *st = db_prepare(
		s, "SELECT id, name, nat FROM vms WHERE net = 'bridge' AND state IN ('running', 'paused') ORDER BY name", e);
	int rc;

	if (!st)
		return -1;
	while ((rc = db_step(s, st, e)) > 0) {
		ret->bridged = xrealloc(ret->bridged, (size_t)ret->n_bridged + 1, sizeof(*ret->bridged));
		struct store_bridged *b = &ret->bridged[ret->n_bridged++];
		str_copy(b->id, sizeof(b->id), (const char *)sqlite3_column_text(st, 0));
		str_copy(b->name, sizeof(b->name), (const char *)sqlite3_column_text(st, 1));
		b->nat = sqlite3_column_int(st, 2);
	}
	return rc;
}

static int list_images(struct store *s, struct store_look *ret, struct err *e)
{
	auto_stmt *st = db_prepare(s, "SELECT name FROM images WHERE current = 1 ORDER BY name", e);
	int rc;

	if (!st)
		return -1;
	while ((rc = db_step(s, st, e)) > 0) {
		ret->images = xrealloc(ret->images, (size_t)ret->n_images + 1, sizeof(*ret->images));
		str_copy(ret->images[ret->n_images++], OBJ_NAME_SIZE, (const char *)sqlite3_column_text(st, 0));
	}
	return rc;
}

void store_look_done(struct store_look *l)
{
	free(l->vm_ids);
	free(l->images);
	free(l->bridged);
	*l = (struct store_look){0};
}

/* A newer program's schema may be of any shape, and one that was never filled has no tables. */
static int look_at(struct store *s, struct store_look *ret, struct err *e)
{
	if (migrate_version(s, &ret->schema, e) < 0)
		return -1;
	if (ret->schema == 0 || ret->schema > store_schema_version())
		return 0;
	if (list_vm_ids(s, ret, e) < 0 || list_images(s, ret, e) < 0)
		return -1;
	/* An older one may have no such column, and no bridged machines then. */
	return ret->schema == store_schema_version() ? list_bridged(s, ret, e) : 0;
}

static int inspect_file(const char *uri, const char *shown, struct store_look *ret, struct err *e)
{
	struct store s = {.read_only = true, .path = (char *)shown};
	int rc = -1;

	if (sqlite3_open_v2(uri, &s.db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		db_fail(&s, "open", e);
	else
		rc = look_at(&s, ret, e);
	sqlite3_close_v2(s.db);
	return rc;
}

/* Copy the store and its WAL to a directory of our own and look there: opening the WAL in place would create -shm. */
static int inspect_copy(const char *path, const char *tmpdir, struct store_look *ret, struct err *e)
{
	static const char *const suffixes[] = {"", "-wal"};
	struct buf data = {0};
	char id[ID_SIZE];
	auto_free char *dir = NULL, *copy = NULL;
	int rc = 0;

	id_new(id);
	dir = xasprintf("%s/banger-doctor-%s", tmpdir, id);
	copy = xasprintf("%s/state.db", dir);
	if (fs_mkdir_p(dir, 0700, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(suffixes) && rc == 0; i++) {
		auto_free char *from = xasprintf("%s%s", path, suffixes[i]);
		auto_free char *to = xasprintf("%s%s", copy, suffixes[i]);

		buf_reset(&data);
		rc = fs_read_file(from, (size_t)256 << 20, &data, e);
		if (rc == 0)
			rc = fs_write_atomic(to, buf_cstr(&data), data.len, 0600, e);
	}
	buf_done(&data);
	if (rc == 0)
		rc = inspect_file(copy, path, ret, e);
	if (fs_remove_tree(dir, rc == 0 ? e : NULL) < 0)
		return -1;
	return rc;
}

int store_inspect(const char *path, const char *tmpdir, struct store_look *ret, struct err *e)
{
	auto_free char *uri = immutable_uri(path);
	struct stat st;

	*ret = (struct store_look){0};
	if (stat(path, &st) < 0)
		return err_sys(e, errno, _("store %s"), path);
	if (has_wal(path))
		return inspect_copy(path, tmpdir, ret, e);
	return inspect_file(uri, path, ret, e);
}
