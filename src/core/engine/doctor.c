/* SPDX-License-Identifier: MIT */
/*
 * The doctor: what this host can do and what would make it do more, each line with the command that mends it.
 *
 * It looks and changes nothing: no directory is created, the store is read through store_inspect(), and KVM is tried in a
 * private temporary directory, with a copy of the cached verdict. One function a check, one row in the table; the same
 * probes serve preflight.
 */
#include "core/engine/doctor_priv.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "core/engine/helper.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
static const struct {
	const char *what;
	void (*run)(struct doctor *d);
} checks[] = {
	{N_("architecture"),      doctor_architecture},
	{N_("capacity"),          doctor_capacity},
	{N_("QEMU"),              doctor_qemu},
	{N_("Firecracker"),       doctor_firecracker},
	{N_("KVM"),               doctor_kvm},
	{N_("private network"),   doctor_private},
	{N_("mmdebstrap"),        doctor_mmdebstrap},
	{N_("uidmap"),            doctor_uidmap},
	{N_("mke2fs"),            doctor_mke2fs},
	{N_("depmod"),            doctor_depmod},
	{N_("boot kit"),          doctor_kit},
	{N_("default kernel"),    doctor_kernel},
	{N_("default image"),     doctor_image},
	{N_("helper"),            doctor_helper},
	{N_("bridge network"),    doctor_subnet},
	{N_("forwarding"),        doctor_forwarding},
	{N_("packet filter"),     doctor_rules},
	{N_("left-overs"),        doctor_leftovers},
	{N_("configuration"),     doctor_conf},
	{N_("store"),             doctor_store},
	{N_("machines"),          doctor_machines},
	{N_("space"),             doctor_space},
	{N_("file system"),       doctor_filesystem},
	{N_("runtime directory"), doctor_runtime},
	{N_("limits"),            doctor_limits},
	{N_("logout"),            doctor_linger},
	{N_("ssh client"),        doctor_ssh},
	{N_("ssh names"),         doctor_ssh_config},
	{N_("bridge names"),      doctor_names},
	{N_("locale"),            doctor_locale},
	{N_("terminal"),          doctor_terminal},
};
/* clang-format on */

void doctor_say(struct doctor *d, enum check_verdict v, const char *fmt, ...)
{
	va_list ap;

	d->line.verdict = v;
	va_start(ap, fmt);
	vsnprintf(d->line.detail, sizeof(d->line.detail), fmt, ap);
	va_end(ap);
}

void doctor_fix(struct doctor *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->line.fix, sizeof(d->line.fix), fmt, ap);
	va_end(ap);
}

void doctor_fix_package(struct doctor *d, const char *apt, const char *dnf, const char *pacman)
{
	doctor_fix(d, "apt install %s  |  dnf install %s  |  pacman -S %s", apt, dnf, pacman);
}

const char *doctor_sudo(void)
{
	return geteuid() == 0 ? "" : "sudo ";
}

/* As root a helper of the look's own: the state directory may not be there yet, and a look needs none. */
static int start_own(struct doctor *d, struct err *e)
{
	struct priv_start_args a = {.state_dir = d->scratch.dir};
	struct err why = {0};

	if (d->own_helper)
		return 0;
	if (geteuid() != 0 || !d->scratch.dir[0])
		return err_set(e, ERR_PERM, _("only root may see that"));
	if (priv_start(d->op, &a, &d->own_helper, &why) == 0)
		return 0;
	why.code = ERR_PERM; /* nobody can be asked, whatever the reason */
	return err_join(e, &why);
}

int doctor_ask(struct doctor *d, enum priv_op op, struct priv_reply *ret, struct err *e)
{
	struct priv_request r = {.op = op};
	struct helper *h = d->args->helper;

	*ret = (struct priv_reply){0};
	if (h && (helper_runs(h) || geteuid() == 0))
		return helper_call(d->op, h, &r, ret, e);
	return start_own(d, e) < 0 ? -1 : priv_call(d->op, d->own_helper, &r, ret, e);
}

static void begin(struct doctor *d)
{
	char path[PATHS_MAX];

	(void)!scratch_begin(SCRATCH_ROOT, 0700, &d->scratch, NULL); /* without one, what needs it says so */
	(void)!settings_read(d->conf, &d->settings, &d->no_settings);
	path_join(path, sizeof(path), d->paths->state, "state.db");
	(void)!store_inspect(path, d->scratch.dir[0] ? d->scratch.dir : "/tmp", &d->look, &d->no_look);
}

static void end(struct doctor *d)
{
	priv_stop(d->own_helper);
	store_look_done(&d->look);
	settings_done(&d->settings);
	scratch_end(d->op, &d->scratch);
}

void doctor_next(struct doctor *d)
{
	struct check_line *l = &d->line;

	d->args->line(d->args->arg, l);
	d->worst = MAX(d->worst, l->verdict);
	l->verdict = CHECK_PASS;
	l->detail[0] = l->fix[0] = l->mend[0] = '\0';
}

enum check_verdict doctor_look(struct op *op, const struct doctor_args *a)
{
	struct doctor d = {.op = op, .args = a, .paths = a->paths, .conf = a->conf, .scratch = SCRATCH_INIT};

	begin(&d);
	for (size_t i = 0; i < ARRAY_LEN(checks) && op_check(op, NULL) == 0; i++) {
		str_copy(d.line.what, sizeof(d.line.what), _(checks[i].what));
		checks[i].run(&d);
		doctor_next(&d);
	}
	end(&d);
	return d.worst;
}

enum check_verdict doctor_run(struct op *op, const struct paths *paths, const struct conf *conf,
			      void (*line)(void *arg, const struct check_line *l), void *arg)
{
	struct doctor_args a = {.paths = paths, .conf = conf, .line = line, .arg = arg};

	return doctor_look(op, &a);
}
