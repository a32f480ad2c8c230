/* SPDX-License-Identifier: MIT */
/*
 * Programs of others that make images and disks, or that people log in with.
 */
#include "core/engine/doctor_priv.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/program.h"
#include "core/image/mmdebstrap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Is a program on PATH, or where mke2fs lives without it? */
static bool has_program(const char *name)
{
	static const char *const more[] = {"/usr/sbin", "/sbin", "/usr/local/sbin"};
	auto_free char *found = program_on_path(name);
	char file[PATHS_MAX];

	for (size_t i = 0; !found && i < ARRAY_LEN(more); i++) {
		snprintf(file, sizeof(file), "%s/%s", more[i], name);
		if (program_is(file))
			return true;
	}
	return found != NULL;
}

static void check_program(struct doctor *d, const char *name, enum check_verdict missing, const char *what_for,
			  const char *const packages[3])
{
	if (has_program(name)) {
		doctor_say(d, CHECK_PASS, _("found"));
		return;
	}
	doctor_say(d, missing, _("%s is missing: %s"), name, what_for);
	doctor_fix_package(d, packages[0], packages[1], packages[2]);
}

void doctor_mmdebstrap(struct doctor *d)
{
	static const char *const packages[] = {"mmdebstrap", "mmdebstrap", "mmdebstrap"};

	check_program(d, "mmdebstrap", CHECK_FAIL, _("kernel, boot kit and Debian images come through it"), packages);
}

void doctor_mke2fs(struct doctor *d)
{
	static const char *const packages[] = {"e2fsprogs", "e2fsprogs", "e2fsprogs"};

	check_program(d, "mke2fs", CHECK_FAIL, _("disks are formatted by it"), packages);
}

void doctor_uidmap(struct doctor *d)
{
	struct mmdebstrap_host host;
	struct err e = {0};

	mmdebstrap_probe(&host);
	if (host.root) {
		doctor_say(d, CHECK_PASS, _("not needed as root"));
	} else if (mmdebstrap_mode(&host, MMDEBSTRAP_CONFIGURE, &e)) {
		doctor_say(d, CHECK_PASS, "%s",
			   host.has_newuidmap && host.has_subids ? _("found, with a range of subordinate ids")
								 : _("fakechroot instead"));
	} else {
		doctor_say(d, CHECK_WARN, "%s", e.msg);
		if (host.has_newuidmap)
			doctor_fix(d, "%s", e.hint);
		else
			doctor_fix_package(d, "uidmap", "shadow-utils", "shadow");
	}
}

void doctor_depmod(struct doctor *d)
{
	static const char *const packages[] = {"kmod", "kmod", "kmod"};

	check_program(d, "depmod", CHECK_FAIL, _("kernel modules are indexed by it"), packages);
}

void doctor_ssh(struct doctor *d)
{
	static const char *const packages[] = {"openssh-client", "openssh-clients", "openssh"};

	check_program(d, "ssh", CHECK_WARN, _("only needed to log in from other shells"), packages);
}
