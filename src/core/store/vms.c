/* SPDX-License-Identifier: MIT */
/*
 * Rows of machines. Enums are stored as their words, so a file stays readable and survives reordering; the shadow struct
 * below is what the column table sees.
 */
#include "core/store/vms.h"

#include "base/i18n.h"
#include "core/store/db_priv.h"

#include <assert.h>
#include <string.h>

struct vm_row {
	struct vm vm;
	char state[16], disk[16], net[16], vmm[16], egress[EGRESS_TEXT], publish[PUBLISHED_TEXT];
};

static const struct col cols[] = {
	COL_T(struct vm_row, "id", vm.id),
	COL_T(struct vm_row, "name", vm.name),
	COL_T(struct vm_row, "state", state),
	COL_T(struct vm_row, "image", vm.cfg.image),
	COL_T(struct vm_row, "kernel", vm.cfg.kernel),
	COL_T(struct vm_row, "image_id", vm.image_id),
	COL_N(struct vm_row, "vcpus", COL_INT, vm.cfg.vcpus),
	COL_N(struct vm_row, "mem_mib", COL_INT, vm.cfg.mem_mib),
	COL_T(struct vm_row, "disk", disk),
	COL_N(struct vm_row, "overlay_bytes", COL_U64, vm.cfg.overlay_bytes),
	COL_N(struct vm_row, "work_bytes", COL_U64, vm.cfg.work_bytes),
	COL_T(struct vm_row, "net", net),
	COL_T(struct vm_row, "vmm", vmm),
	COL_N(struct vm_row, "nat", COL_BOOL, vm.cfg.nat),
	COL_T(struct vm_row, "address", vm.address),
	COL_T(struct vm_row, "egress", egress),
	COL_T(struct vm_row, "publish", publish),
	COL_T(struct vm_row, "net_why", vm.net_why),
	COL_N(struct vm_row, "disk_rate", COL_U64, vm.cfg.disk_rate),
	COL_N(struct vm_row, "net_rate", COL_U64, vm.cfg.net_rate),
	COL_N(struct vm_row, "isolated", COL_BOOL, vm.cfg.isolated),
	COL_N(struct vm_row, "ephemeral", COL_BOOL, vm.cfg.ephemeral),
	COL_T(struct vm_row, "rootfs_uuid", vm.rootfs_uuid),
	COL_T(struct vm_row, "upper_uuid", vm.upper_uuid),
	COL_T(struct vm_row, "work_uuid", vm.work_uuid),
	COL_T(struct vm_row, "machine_id", vm.machine_id),
	COL_T(struct vm_row, "boot_id", vm.boot_id),
	COL_N(struct vm_row, "run_vcpus", COL_INT, vm.run_vcpus),
	COL_N(struct vm_row, "run_mem_mib", COL_INT, vm.run_mem_mib),
	COL_N(struct vm_row, "ssh_port", COL_U16, vm.ssh_port),
	COL_T(struct vm_row, "accel", vm.accel),
	COL_T(struct vm_row, "why", vm.why),
	COL_T(struct vm_row, "reason", vm.reason),
	COL_N(struct vm_row, "created_ms", COL_I64, vm.created_ms),
	COL_N(struct vm_row, "started_ms", COL_I64, vm.started_ms),
	COL_N(struct vm_row, "stopped_ms", COL_I64, vm.stopped_ms),
};
#define NCOLS ((int)ARRAY_LEN(cols))

static void row_from_vm(struct vm_row *r, const struct vm *vm)
{
	assert(vm->id[0] && vm->name[0] && vm->state < VM_STATE_COUNT);
	memset(r, 0, sizeof(*r));
	r->vm = *vm;
	str_copy(r->state, sizeof(r->state), vm_state_to_string(vm->state));
	str_copy(r->disk, sizeof(r->disk), disk_mode_to_string(vm->cfg.disk));
	str_copy(r->net, sizeof(r->net), net_mode_to_string(vm->cfg.net));
	egress_format(&vm->cfg.egress, r->egress, sizeof(r->egress));
	published_format(&vm->cfg.publish, r->publish, sizeof(r->publish));
	str_copy(r->vmm, sizeof(r->vmm), vmm_kind_to_string(vm->cfg.vmm));
}

/* Words of a newer program that this one does not know become the nearest harmless value: the row stays listed. */
static void row_to_vm(struct vm_row *r, uint32_t stop_epoch, struct vm *ret)
{
	r->vm.stop_epoch = stop_epoch;
	if (!vm_state_from_string(r->state, &r->vm.state))
		r->vm.state = VM_ERROR;
	if (!disk_mode_from_string(r->disk, &r->vm.cfg.disk))
		r->vm.cfg.disk = DISK_OVERLAY;
	if (!net_mode_from_string(r->net, &r->vm.cfg.net))
		r->vm.cfg.net = NET_SLIRP;
	if (!vmm_kind_from_string(r->vmm, &r->vm.cfg.vmm))
		r->vm.cfg.vmm = VMM_AUTO;
	if (egress_parse(r->egress, &r->vm.cfg.egress, NULL) < 0)
		r->vm.cfg.egress.kind = EGRESS_NONE;
	if (published_parse(r->publish, &r->vm.cfg.publish, NULL) < 0)
		r->vm.cfg.publish.n = 0;
	*ret = r->vm;
}

static int constraint(const struct vm *vm, struct err *cause, struct err *e)
{
	if (cause->code != ERR_EXISTS) {
		if (e)
			*e = *cause;
		return -1;
	}
	if (strstr(cause->msg, "vms.address"))
		return err_set(e, ERR_EXISTS, _("address %s is kept by another VM"), vm->address);
	if (strstr(cause->msg, "ssh_port"))
		return err_set(e, ERR_EXISTS, _("loopback port %u is kept by another VM"), (unsigned)vm->ssh_port);
	err_set(e, ERR_EXISTS, _("a VM named '%s' exists"), vm->name);
	return err_hint(e, _("choose another name, or delete that one first"));
}

int vms_insert(struct store *s, const struct vm *vm, struct err *e)
{
	auto_free char *names = cols_names(cols, NCOLS);
	auto_free char *marks = cols_marks(NCOLS);
	auto_free char *sql = xasprintf("INSERT INTO vms (%s) VALUES (%s)", names, marks);
	auto_stmt *st = db_prepare(s, sql, e);
	struct err cause = {0};
	struct vm_row r;

	if (!st)
		return -1;
	row_from_vm(&r, vm);
	cols_bind(st, 1, cols, NCOLS, &r);
	if (db_run(s, st, &cause) < 0)
		return constraint(vm, &cause, e);
	return 0;
}

int vms_update(struct store *s, const struct vm *vm, struct err *e)
{
	auto_free char *sets = cols_sets(cols, NCOLS);
	auto_free char *sql = xasprintf("UPDATE vms SET %s WHERE id = ?", sets);
	auto_stmt *st = db_prepare(s, sql, e);
	struct err cause = {0};
	struct vm_row r;

	if (!st)
		return -1;
	row_from_vm(&r, vm);
	cols_bind(st, 1, cols, NCOLS, &r);
	sqlite3_bind_text(st, NCOLS + 1, vm->id, -1, SQLITE_STATIC);
	if (db_run(s, st, &cause) < 0)
		return constraint(vm, &cause, e);
	if (sqlite3_changes(s->db) == 0)
		return err_set(e, ERR_NOT_FOUND, _("VM '%s' is gone"), vm->name);
	return 0;
}

static int select_vms(struct store *s, const char *where, const char *arg, sqlite3_stmt **ret, struct err *e)
{
	auto_free char *names = cols_names(cols, NCOLS);
	auto_free char *sql = xasprintf("SELECT stop_epoch, %s FROM vms %s", names, where);
	sqlite3_stmt *st = db_prepare(s, sql, e);

	if (!st)
		return -1;
	if (arg)
		sqlite3_bind_text(st, 1, arg, -1, SQLITE_TRANSIENT);
	*ret = st;
	return 0;
}

static void read_row(sqlite3_stmt *st, struct vm *ret)
{
	struct vm_row r = {0};

	cols_read(st, 1, cols, NCOLS, &r);
	row_to_vm(&r, (uint32_t)sqlite3_column_int64(st, 0), ret);
}

int vms_get(struct store *s, const char *id, struct vm *ret, struct err *e)
{
	auto_stmt *st = NULL;
	int rc;

	if (select_vms(s, "WHERE id = ?", id, &st, e) < 0)
		return -1;
	rc = db_step(s, st, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, _("no VM with id %s"), id);
	read_row(st, ret);
	return 0;
}

int vms_list(struct store *s, struct vm **ret, int *ret_n, struct err *e)
{
	auto_stmt *st = NULL;
	auto_free struct vm *list = NULL;
	int n = 0, cap = 0, rc;

	if (select_vms(s, "ORDER BY name", NULL, &st, e) < 0)
		return -1;
	while ((rc = db_step(s, st, e)) > 0) {
		if (n == cap) {
			cap = cap ? cap * 2 : 16;
			list = xrealloc(list, (size_t)cap, sizeof(*list));
		}
		read_row(st, &list[n++]);
	}
	if (rc < 0)
		return -1;
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}

static int run_with_id(struct store *s, const char *sql, const char *id, struct err *e)
{
	auto_stmt *st = db_prepare(s, sql, e);

	assert(id[0]);
	if (!st)
		return -1;
	sqlite3_bind_text(st, 1, id, -1, SQLITE_STATIC);
	return db_run(s, st, e);
}

int vms_delete(struct store *s, const char *id, struct err *e)
{
	return run_with_id(s, "DELETE FROM vms WHERE id = ?", id, e);
}

int vms_raise_stop_epoch(struct store *s, const char *id, struct err *e)
{
	return run_with_id(s,
			   "UPDATE vms SET stop_epoch = stop_epoch + 1,"
			   " reason = CASE WHEN state IN ('running', 'paused') THEN '" VM_REASON_KILLED "' ELSE reason END"
			   " WHERE id = ?",
			   id, e);
}

int vms_port_taken(struct store *s, uint16_t port, bool *ret, struct err *e)
{
	auto_stmt *st = db_prepare(s, "SELECT 1 FROM vms WHERE ssh_port = ?", e);
	int rc;

	assert(port != 0); /* 0 is "none", and many have that */
	if (!st)
		return -1;
	sqlite3_bind_int(st, 1, port);
	rc = db_step(s, st, e);
	*ret = rc > 0;
	return rc < 0 ? -1 : 0;
}
