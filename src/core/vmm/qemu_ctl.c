/* SPDX-License-Identifier: MIT */
/*
 * Talking to a running QEMU (QEMU docs/interop/qemu-qmp-ref): each call connects, acts and hangs up, because QEMU
 * serves one client of a monitor at a time and no console may shut the others out.
 */
#include "core/vmm/qemu.h"

#include "base/i18n.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "core/vmm/qmp.h"

#include <stdio.h>
#include <string.h>

#define CALL_MS 5000
#define PROBE_MS 5000
#define MIB (1024 * 1024)

static int qemu_probe(struct op *op, const char *path, struct vmm_info *ret, struct err *e)
{
	const char *program = qemu_program(path);
	const char *const argv[] = {program, "--version", NULL};
	auto_buf out = {0};
	int64_t old = op_limit(op, PROBE_MS);
	int rc = spawn_run(op, &(struct spawn_run_args){.argv = argv, .max_output = 4096}, &out, e);

	op_restore(op, old);
	if (rc < 0) {
		/* The package's name is not the program's. */
		if (e && e->code == ERR_MISSING && !strchr(program, '/'))
			str_copy(e->hint, sizeof(e->hint),
				 "apt install qemu-system-x86  |  dnf install qemu-system-x86-core  |  pacman -S qemu-system-x86");
		return -1;
	}
	*ret = (struct vmm_info){0};
	str_copy(ret->path, sizeof(ret->path), program);
	/* "QEMU emulator version 7.2.22 (Debian …)" */
	if (sscanf(buf_cstr(&out), "QEMU emulator version %31[0-9.]", ret->version) != 1)
		return err_set(e, ERR_TOOL, _("'%s' does not look like QEMU"), program);
	return 0;
}

/* One command over a connection of its own. `args` and `ret_reply` may be NULL. */
static int call_with(struct op *op, const struct vm_identity *id, const char *cmd, const char *args, struct json **ret_reply,
		     struct err *e)
{
	struct qmp q;
	int64_t old = op_limit(op, CALL_MS);
	int rc = qmp_open(op, id->control, &q, e);

	if (rc == 0) {
		rc = qmp_command(op, &q, cmd, args, ret_reply, e);
		qmp_close(&q);
	}
	op_restore(op, old);
	return rc;
}

static int call(struct op *op, const struct vm_identity *id, const char *cmd, struct json **ret_reply, struct err *e)
{
	return call_with(op, id, cmd, NULL, ret_reply, e);
}

static enum vmm_status status_of(const char *word)
{
	static const struct {
		const char *word;
		enum vmm_status status;
	} words[] = {
		{"running", VMM_RUNNING},      {"debug", VMM_PAUSED},	  {"paused", VMM_PAUSED},
		{"prelaunch", VMM_PAUSED},     {"suspended", VMM_PAUSED}, {"io-error", VMM_NO_SPACE},
		{"internal-error", VMM_ENDED}, {"shutdown", VMM_ENDED},	  {"guest-panicked", VMM_ENDED},
	};

	for (size_t i = 0; word && i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].status;
	return VMM_PAUSED;
}

static int qemu_status(struct op *op, const struct vm_identity *id, enum vmm_status *ret, struct err *e)
{
	struct json *reply;

	if (call(op, id, "query-status", &reply, e) != 0)
		return -1;
	*ret = status_of(json_str(json_get(reply, "return"), "status"));
	json_free(reply);
	return 0;
}

static int qemu_pause(struct op *op, const struct vm_identity *id, struct err *e)
{
	return call(op, id, "stop", NULL, e);
}

static int qemu_resume(struct op *op, const struct vm_identity *id, struct err *e)
{
	return call(op, id, "cont", NULL, e);
}

static int qemu_shutdown(struct op *op, const struct vm_identity *id, struct err *e)
{
	return call(op, id, "system_powerdown", NULL, e);
}

static int qemu_grow(struct op *op, const struct vm_identity *id, const struct vm_drive *d, uint64_t bytes, struct err *e)
{
	auto_buf args = {0};
	auto_free char *node = qemu_node_name(d);
	struct jw w = jw_init(&args);

	jw_obj(&w, NULL);
	jw_str(&w, "node-name", node);
	jw_int(&w, "size", (int64_t)bytes);
	jw_end(&w);
	return call_with(op, id, "block_resize", buf_cstr(&args), NULL, e);
}

static int throttle_drive(struct op *op, struct qmp *q, const struct vm_drive *d, int64_t rate, struct err *e)
{
	static const char *const unlimited[] = {"bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"};
	auto_buf args = {0};
	struct jw w = jw_init(&args);

	jw_obj(&w, NULL);
	jw_str(&w, "id", d->name);
	jw_int(&w, "bps", rate);
	for (size_t i = 0; i < ARRAY_LEN(unlimited); i++)
		jw_int(&w, unlimited[i], 0);
	jw_end(&w);
	return qmp_command(op, q, "block_set_io_throttle", buf_cstr(&args), NULL, e);
}

int qemu_throttle(struct op *op, struct qmp *q, const struct vm_launch *l, struct err *e)
{
	for (int i = 0; i < l->n_drives; i++)
		if (!l->drives[i].readonly && throttle_drive(op, q, &l->drives[i], l->rates.disk, e) < 0)
			return -1;
	return 0;
}

static int qemu_limit(struct op *op, const struct vm_identity *id, const struct vm_launch *l, struct err *e)
{
	struct qmp q;
	int64_t old = op_limit(op, CALL_MS);
	int rc = qmp_open(op, id->control, &q, e);

	if (rc == 0) {
		rc = qemu_throttle(op, &q, l, e);
		qmp_close(&q);
	}
	op_restore(op, old);
	return rc;
}

static int qemu_quit(struct op *op, const struct vm_identity *id, struct err *e)
{
	return call(op, id, "quit", NULL, e);
}

/* Devices fill the sums; the nodes below them count the same bytes again. */
static void sum_blockstats(const struct json *reply, struct vmm_metrics *ret)
{
	ret->read_bytes = ret->write_bytes = ret->read_ops = ret->write_ops = 0;
	for (const struct json *d = json_first(json_get(reply, "return")); d; d = json_next(d)) {
		const struct json *st = json_get(d, "stats");
		ret->read_bytes += json_int(st, "rd_bytes", 0);
		ret->write_bytes += json_int(st, "wr_bytes", 0);
		ret->read_ops += json_int(st, "rd_operations", 0);
		ret->write_ops += json_int(st, "wr_operations", 0);
	}
}

static int64_t mib_or_unknown(int64_t bytes)
{
	return bytes < 0 ? -1 : bytes / MIB;
}

static int collect(struct op *op, struct qmp *q, struct vmm_metrics *ret, struct err *e)
{
	struct json *reply;

	if (qmp_command(op, q, "query-blockstats", NULL, &reply, e) < 0)
		return -1;
	sum_blockstats(reply, ret);
	json_free(reply);
	/* Both need a driver in the guest; without it QEMU refuses, which is no failure of ours. */
	if (qmp_command(op, q, "query-balloon", NULL, &reply, NULL) == 0) {
		ret->balloon_mib = mib_or_unknown(json_int(json_get(reply, "return"), "actual", -1));
		json_free(reply);
	}
	if (qmp_command(op, q, "qom-get", "{\"path\":\"" QEMU_BALLOON_PATH "\",\"property\":\"guest-stats\"}", &reply,
			NULL) == 0) {
		const struct json *st = json_get(json_get(reply, "return"), "stats");
		ret->guest_free_bytes = json_int(st, "stat-free-memory", -1);
		ret->guest_avail_bytes = json_int(st, "stat-available-memory", -1);
		json_free(reply);
	}
	return op_check(op, e);
}

static int qemu_metrics(struct op *op, const struct vm_identity *id, struct vmm_metrics *ret, struct err *e)
{
	struct qmp q;
	int64_t old = op_limit(op, CALL_MS);

	*ret = (struct vmm_metrics){-1, -1, -1, -1, -1, -1, -1};
	int rc = qmp_open(op, id->control, &q, e);
	if (rc == 0) {
		rc = collect(op, &q, ret, e);
		qmp_close(&q);
	}
	op_restore(op, old);
	return rc;
}

const struct vmm_backend qemu_backend = {
	.kind = VMM_QEMU,
	.name = "qemu",
	.program = "qemu-system-x86_64",
	.probe = qemu_probe,
	.argv = qemu_argv,
	.attach = qemu_attach,
	.start = qemu_start,
	.drain = qemu_drain,
	.hold = qemu_hold,
	.detach = qemu_detach,
	.status = qemu_status,
	.pause = qemu_pause,
	.resume = qemu_resume,
	.shutdown = qemu_shutdown,
	.grow = qemu_grow,
	.limit = qemu_limit,
	.quit = qemu_quit,
	.metrics = qemu_metrics,
};
