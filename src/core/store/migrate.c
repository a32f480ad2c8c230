/* SPDX-License-Identifier: MIT */
/*
 * Schema migrations: one transaction each, recorded in schema_migrations. Rows are only ever appended here; a released
 * migration is never edited. Ids this program does not know mean a newer program was here: nothing is changed then.
 */
#include "core/store/db_priv.h"

#include "base/i18n.h"

#include <assert.h>

#define TOUCH_ON(table, verb)                                                                                         \
	"CREATE TRIGGER touch_" table "_" verb " AFTER " verb " ON " table                                             \
	" BEGIN UPDATE revision SET n = n + 1; END;"
#define TOUCH(table) TOUCH_ON(table, "INSERT") TOUCH_ON(table, "UPDATE") TOUCH_ON(table, "DELETE")

static const char *const migrations[] = {
	/* 1: machines, images, kernels, the resources ledger, jobs of all processes */
	"CREATE TABLE vms ("
	" id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, state TEXT NOT NULL,"
	" image TEXT NOT NULL, kernel TEXT NOT NULL, image_id TEXT NOT NULL,"
	" vcpus INTEGER NOT NULL, mem_mib INTEGER NOT NULL,"
	" disk TEXT NOT NULL, overlay_bytes INTEGER NOT NULL, work_bytes INTEGER NOT NULL,"
	" net TEXT NOT NULL, vmm TEXT NOT NULL, isolated INTEGER NOT NULL, ephemeral INTEGER NOT NULL,"
	" rootfs_uuid TEXT NOT NULL, upper_uuid TEXT NOT NULL, work_uuid TEXT NOT NULL, machine_id TEXT NOT NULL,"
	" boot_id TEXT NOT NULL, ssh_port INTEGER NOT NULL, accel TEXT NOT NULL, why TEXT NOT NULL, reason TEXT NOT NULL,"
	" stop_epoch INTEGER NOT NULL DEFAULT 0,"
	" created_ms INTEGER NOT NULL, started_ms INTEGER NOT NULL, stopped_ms INTEGER NOT NULL) STRICT;"
	"CREATE UNIQUE INDEX vms_port ON vms(ssh_port) WHERE ssh_port <> 0;"
	"CREATE INDEX vms_image ON vms(image_id);"
	"CREATE TABLE images ("
	" id TEXT PRIMARY KEY, name TEXT NOT NULL, about TEXT NOT NULL, source TEXT NOT NULL,"
	" rootfs_uuid TEXT NOT NULL, init TEXT NOT NULL,"
	" size_bytes INTEGER NOT NULL, used_bytes INTEGER NOT NULL, alloc_bytes INTEGER NOT NULL,"
	" created_ms INTEGER NOT NULL, current INTEGER NOT NULL DEFAULT 1) STRICT;"
	"CREATE UNIQUE INDEX images_name ON images(name) WHERE current = 1;"
	"CREATE TABLE kernels ("
	" name TEXT PRIMARY KEY, id TEXT NOT NULL, release TEXT NOT NULL, about TEXT NOT NULL,"
	" modules_uuid TEXT NOT NULL, alloc_bytes INTEGER NOT NULL, created_ms INTEGER NOT NULL) STRICT;"
	"CREATE TABLE resources ("
	" seq INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,"
	" detail TEXT NOT NULL DEFAULT '', UNIQUE(owner, kind, name)) STRICT;"
	"CREATE TABLE jobs ("
	" seq INTEGER PRIMARY KEY AUTOINCREMENT, op_id TEXT NOT NULL UNIQUE, pid INTEGER NOT NULL,"
	" start_time INTEGER NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL, vm_id TEXT NOT NULL,"
	" stage TEXT NOT NULL, step INTEGER NOT NULL, steps INTEGER NOT NULL, started_ms INTEGER NOT NULL) STRICT;",
	/* 2: a counter that every change raises, so that two readings can be put in order */
	"CREATE TABLE revision (n INTEGER NOT NULL) STRICT;"
	"INSERT INTO revision VALUES (1);" TOUCH("vms") TOUCH("images") TOUCH("kernels") TOUCH("jobs"),
	/* 3: an address in the bridged network, and whether it is let out */
	"ALTER TABLE vms ADD COLUMN address TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE vms ADD COLUMN nat INTEGER NOT NULL DEFAULT 0;"
	"CREATE UNIQUE INDEX vms_address ON vms(address) WHERE address <> '';",
	/* 4: what a private network lets out and in, and why a machine has none */
	"ALTER TABLE vms ADD COLUMN egress TEXT NOT NULL DEFAULT 'full';"
	"ALTER TABLE vms ADD COLUMN publish TEXT NOT NULL DEFAULT 'none';"
	"ALTER TABLE vms ADD COLUMN net_why TEXT NOT NULL DEFAULT '';",
	/* 5: how fast disks and network may be, bytes a second */
	"ALTER TABLE vms ADD COLUMN disk_rate INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE vms ADD COLUMN net_rate INTEGER NOT NULL DEFAULT 0;",
	/* 6: what a machine was started with, beside what it is set to */
	"ALTER TABLE vms ADD COLUMN run_vcpus INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE vms ADD COLUMN run_mem_mib INTEGER NOT NULL DEFAULT 0;",
	/* 7: where an image came from, and the digest of what it was made from */
	"ALTER TABLE images ADD COLUMN reference TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE images ADD COLUMN digest TEXT NOT NULL DEFAULT '';",
	/* 8: images that stay where they are: the file, and what it was like when it was registered */
	"ALTER TABLE images ADD COLUMN path TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE images ADD COLUMN file_bytes INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE images ADD COLUMN file_mtime_ns INTEGER NOT NULL DEFAULT 0;",
	/* 9: where a kernel came from */
	"ALTER TABLE kernels ADD COLUMN source TEXT NOT NULL DEFAULT 'bootstrap';",
	/* 10: the digest of a kernel's program */
	"ALTER TABLE kernels ADD COLUMN digest TEXT NOT NULL DEFAULT '';",
};

int store_schema_version(void)
{
	return (int)ARRAY_LEN(migrations);
}

int migrate_version(struct store *s, int *ret, struct err *e)
{
	auto_stmt *has = db_prepare(s, "SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'", e);
	int rc;

	*ret = 0;
	if (!has)
		return -1;
	rc = db_step(s, has, e);
	if (rc <= 0)
		return rc;
	auto_stmt *st = db_prepare(s, "SELECT COALESCE(MAX(id), 0) FROM schema_migrations", e);
	if (!st || db_step(s, st, e) < 0)
		return -1;
	*ret = sqlite3_column_int(st, 0);
	return 0;
}

static int apply_one(struct store *s, int id, struct err *e)
{
	auto_stmt *st = NULL;

	assert(id >= 1 && id <= store_schema_version());
	if (db_exec(s, migrations[id - 1], e) < 0)
		return err_wrap(e, _("migration %d"), id);
	st = db_prepare(s, "INSERT INTO schema_migrations (id, applied_ms) VALUES (?, CAST(unixepoch() AS INTEGER) * 1000)", e);
	if (!st)
		return -1;
	sqlite3_bind_int(st, 1, id);
	return db_run(s, st, e);
}

/* Under the write lock, re-reading the version: two processes may start at once. */
static int apply_next(struct store *s, int *version, struct err *e)
{
	auto_txn struct store *txn = s;

	if (store_begin(s, e) < 0)
		return -1;
	if (db_exec(txn, "CREATE TABLE IF NOT EXISTS schema_migrations (id INTEGER PRIMARY KEY, applied_ms INTEGER NOT NULL) STRICT", e) < 0 ||
	    migrate_version(s, version, e) < 0)
		return -1;
	if (*version < store_schema_version()) {
		if (apply_one(s, *version + 1, e) < 0)
			return -1;
		(*version)++;
	}
	return store_commit(s, e);
}

int migrate_run(struct store *s, struct err *e)
{
	int version;

	if (migrate_version(s, &version, e) < 0)
		return -1;
	while (version < store_schema_version())
		if (apply_next(s, &version, e) < 0)
			return err_wrap(e, _("prepare the store"));
	s->read_only = version > store_schema_version();
	return 0;
}
