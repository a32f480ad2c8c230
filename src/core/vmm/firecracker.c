/* SPDX-License-Identifier: MIT */
/*
 * Firecracker: its command line, its exit statuses, and control of a running one by any process of the user.
 *
 * It has no way to end itself over the API: quit pauses it, so that no write is under way, and signals the process. On
 * x86 a guest that resets itself ends it with status 0, one that only halts does not; the boot kit ends every shutdown by
 * a reset (reboot=k), so 0 is all there is to see of a power-off as well.
 */
#include "core/vmm/firecracker.h"

#include "base/http.h"
#include "base/i18n.h"
#include "base/spawn.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define PROBE_MS 5000
#define QUIT_PAUSE_MS 3000
#define FLUSH_MS 500
#define FLUSH_POLL_MS 5

static const char *program_of(const char *path)
{
	return path && path[0] ? path : "firecracker";
}

bool firecracker_boots_bzimage(const char *version)
{
	struct fc_version v;

	return fc_version_parse(version, &v) && fc_version_at_least(&v, 1, 17);
}

static int check_version(const char *program, const char *text, struct vmm_info *ret, struct err *e)
{
	struct fc_version v;

	/* "Firecracker v1.16.1", and what snapshots it reads. */
	if (strncmp(text, "Firecracker v", 13) != 0 || !fc_version_parse(text + 12, &v))
		return err_set(e, ERR_TOOL, _("'%s' does not look like Firecracker"), program);
	str_copy(ret->version, sizeof(ret->version), v.text);
	if (fc_version_at_least(&v, FC_MIN_MAJOR, FC_MIN_MINOR))
		return 0;
	err_set(e, ERR_MISSING, _("Firecracker %s is too old, %d.%d or newer is needed"), v.text, FC_MIN_MAJOR, FC_MIN_MINOR);
	return err_hint(e, _("Get a newer one from %s"), FC_RELEASES);
}

static int firecracker_probe(struct op *op, const char *path, struct vmm_info *ret, struct err *e)
{
	const char *program = program_of(path);
	const char *const argv[] = {program, "--version", NULL};
	auto_buf out = {0};
	int64_t old = op_limit(op, PROBE_MS);
	int rc = spawn_run(op, &(struct spawn_run_args){.argv = argv, .max_output = 4096}, &out, e);

	op_restore(op, old);
	if (rc < 0) {
		if (e && e->code == ERR_MISSING) {
			err_clear(e);
			err_set(e, ERR_MISSING, _("Firecracker is not installed ('%s' was not found)"), program);
			return err_hint(e, _("Get it from %s and put it on PATH"), FC_RELEASES);
		}
		return -1;
	}
	if (http_check(e) < 0)
		return err_wrap(e, _("Firecracker's API"));
	*ret = (struct vmm_info){0};
	str_copy(ret->path, sizeof(ret->path), program);
	return check_version(program, buf_cstr(&out), ret, e);
}

static void firecracker_argv(const struct vm_launch *l, struct vmm_argv *ret)
{
	char sock[PATHS_MAX] = "";

	/* The keeper has made sure that it fits. */
	(void)!vmm_file_path(l->runtime_dir, l->id, VMM_FILE_CONTROL, sock, sizeof(sock), NULL);
	vmm_argv_add(ret, "%s", program_of(l->vmm_path));
	vmm_argv_add(ret, "--api-sock");
	vmm_argv_add(ret, "%s", sock);
	vmm_argv_add(ret, "--id");
	vmm_argv_add(ret, ALIVE_NAME_FMT, l->id);
}

/* FcExitCode of Firecracker; 1 and 2 say nothing its log does not say better. */
static const char *exit_meaning(int code, enum vm_end *ret)
{
	static const struct {
		int code;
		const char *sentence;
	} codes[] = {
		{148, N_("Firecracker made a system call its filter forbids: this build does not fit the host")},
		{149, N_("Firecracker lost memory it had (SIGBUS): the host is out of memory or huge pages, or a disk file was cut short")},
		{150, N_("Firecracker crashed (SIGSEGV)")},
		{151, N_("a file of Firecracker reached the limit on file sizes (SIGXFSZ)")},
		{152, N_("Firecracker refused its configuration")},
		{153, N_("Firecracker does not understand its command line")},
		{154, N_("Firecracker reached the limit on CPU time (SIGXCPU)")},
		{155, N_("Firecracker wrote to a channel nobody read any more (SIGPIPE)")},
		{156, N_("Firecracker was told to hang up (SIGHUP)")},
		{157, N_("Firecracker executed an instruction this processor does not have (SIGILL)")},
	};

	if (code == 0) {
		*ret = VM_END_POWEROFF;
		return _("the guest powered itself off or restarted");
	}
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return _(codes[i].sentence);
	return NULL;
}

static int firecracker_status(struct op *op, const struct vm_identity *id, enum vmm_status *ret, struct err *e)
{
	enum fc_state state;

	if (fc_get_state(op, id->control, &state, e) < 0)
		return -1;
	*ret = state == FC_RUNNING ? VMM_RUNNING : VMM_PAUSED;
	return 0;
}

static int firecracker_pause(struct op *op, const struct vm_identity *id, struct err *e)
{
	return fc_vm_pause(op, id->control, true, e);
}

static int firecracker_resume(struct op *op, const struct vm_identity *id, struct err *e)
{
	return fc_vm_pause(op, id->control, false, e);
}

static int firecracker_shutdown(struct op *op, const struct vm_identity *id, struct err *e)
{
	return fc_put_action(op, id->control, FC_SEND_CTRL_ALT_DEL, e);
}

/* It opens the path again, and looks how large the file is. */
static int firecracker_grow(struct op *op, const struct vm_identity *id, const struct vm_drive *d, uint64_t bytes, struct err *e)
{
	char drive[FC_ID_SIZE];

	(void)bytes;
	return fc_patch_drive(op, id->control, fc_id(drive, sizeof(drive), d->name), d->path, e);
}

static int firecracker_limit(struct op *op, const struct vm_identity *id, const struct vm_launch *l, struct err *e)
{
	char drive[FC_ID_SIZE];

	for (int i = 0; i < l->n_drives; i++)
		if (!l->drives[i].readonly &&
		    fc_patch_drive_rate(op, id->control, fc_id(drive, sizeof(drive), l->drives[i].name), l->rates.disk, e) < 0)
			return -1;
	return l->net.tap[0] ? fc_patch_nic_rate(op, id->control, FC_NIC, l->rates.net, e) : 0;
}

static int firecracker_quit(struct op *op, const struct vm_identity *id, struct err *e)
{
	struct proc p;
	int64_t old = op_limit(op, QUIT_PAUSE_MS);

	/* One that does not answer is signalled all the same. */
	(void)!fc_vm_pause(op, id->control, true, NULL);
	op_restore(op, old);
	if (proc_open(id->vmm_pid, id->vmm_start, &p, NULL) < 0)
		return 0;
	int rc = proc_signal(&p, SIGTERM, e);
	proc_done(&p);
	return rc;
}

/* Beside the control socket, whose path the identity knows. */
static void totals_path(const struct vm_identity *id, char *ret, size_t size)
{
	size_t n = strlen(id->control);
	size_t ext = strlen(".ctl");

	snprintf(ret, size, "%.*s.totals", (int)(n > ext ? n - ext : n), id->control);
}

/* Ask for a flush and wait until the keeper has counted it. Without a keeper nobody counts. */
static int collect_totals(struct op *op, const struct vm_identity *id, struct fc_totals *ret, struct err *e)
{
	char path[PATHS_MAX];
	struct fc_totals before;

	totals_path(id, path, sizeof(path));
	if (fc_totals_load(path, &before, e) < 0 || fc_put_action(op, id->control, FC_FLUSH_METRICS, e) < 0)
		return -1;
	for (int waited = 0; waited < FLUSH_MS; waited += FLUSH_POLL_MS) {
		if (fc_totals_load(path, ret, e) < 0)
			return -1;
		if (ret->n > before.n)
			return 0;
		if (op_sleep(op, FLUSH_POLL_MS, e) < 0)
			return -1;
	}
	/* The keeper is busy: the last it knows. */
	return 0;
}

static int firecracker_metrics(struct op *op, const struct vm_identity *id, struct vmm_metrics *ret, struct err *e)
{
	struct fc_balloon_stats stats;
	struct fc_machine machine;
	struct fc_totals t;

	*ret = (struct vmm_metrics){-1, -1, -1, -1, -1, -1, -1};
	if (fc_get_machine(op, id->control, &machine, e) < 0)
		return -1;
	if (identity_keeper_is_alive(id)) {
		if (collect_totals(op, id, &t, e) < 0)
			return -1;
		ret->read_bytes = t.read_bytes;
		ret->write_bytes = t.write_bytes;
		ret->read_ops = t.read_ops;
		ret->write_ops = t.write_ops;
	}
	/* Needs a driver in the guest; without it Firecracker refuses, which is no failure of ours. */
	if (fc_get_balloon_stats(op, id->control, &stats, NULL) == 0) {
		ret->balloon_mib = stats.actual_mib < 0 ? -1 : machine.mem_mib - stats.actual_mib;
		ret->guest_free_bytes = stats.free_memory;
		ret->guest_avail_bytes = stats.available_memory;
	}
	return op_check(op, e);
}

const struct vmm_backend firecracker_backend = {
	.kind = VMM_FIRECRACKER,
	.name = "firecracker",
	.program = "firecracker",
	.channels = {.stdio_serial = true, .own_control = true, .opens_tap = true, .fifo_monitor = true},
	.probe = firecracker_probe,
	.argv = firecracker_argv,
	.attach = fc_link_attach,
	.start = fc_link_start,
	.drain = fc_link_drain,
	.hold = fc_link_hold,
	.detach = fc_link_detach,
	.exit_meaning = exit_meaning,
	.status = firecracker_status,
	.pause = firecracker_pause,
	.resume = firecracker_resume,
	.shutdown = firecracker_shutdown,
	.grow = firecracker_grow,
	.limit = firecracker_limit,
	.quit = firecracker_quit,
	.metrics = firecracker_metrics,
};
