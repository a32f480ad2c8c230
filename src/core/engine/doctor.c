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

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
	{N_("helper"),            doctor_helper},
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

enum check_verdict doctor_run(struct op *op, const struct paths *paths, const struct conf *conf,
			      void (*line)(void *arg, const struct check_line *l), void *arg)
{
	struct doctor d = {.op = op, .paths = paths, .conf = conf, .scratch = SCRATCH_INIT};
	enum check_verdict worst = CHECK_PASS;

	(void)!scratch_begin(SCRATCH_ROOT, 0700, &d.scratch, NULL); /* without one, what needs it says so */
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		memset(&d.line, 0, sizeof(d.line));
		str_copy(d.line.what, sizeof(d.line.what), _(checks[i].what));
		checks[i].run(&d);
		line(arg, &d.line);
		worst = MAX(worst, d.line.verdict);
	}
	scratch_end(op, &d.scratch);
	return worst;
}
