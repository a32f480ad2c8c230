/* SPDX-License-Identifier: MIT */
/*
 * The host itself: processor, room, limits, what ends at logout, language and terminal.
 */
#include "core/engine/doctor_priv.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "core/engine/sampler.h"
#include "core/model/size.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#define FILES_WARN 4096

void doctor_architecture(struct doctor *d)
{
	struct utsname u;

	if (uname(&u) < 0)
		doctor_say(d, CHECK_FAIL, "%s", err_strerror(errno));
	else if (strcmp(u.machine, "x86_64") == 0)
		doctor_say(d, CHECK_PASS, "%s, Linux %s", u.machine, u.release);
	else
		doctor_say(d, CHECK_FAIL, _("%s is not supported; x86_64 is"), u.machine);
	if (d->line.verdict != CHECK_PASS)
		doctor_fix(d, "%s", _("run it on an x86_64 machine"));
}

void doctor_capacity(struct doctor *d)
{
	char text[SIZE_TEXT];
	uint64_t mem;
	int cpus;

	sampler_limits(&cpus, &mem);
	doctor_say(d, mem < SIZE_GIB ? CHECK_WARN : CHECK_PASS, _("%d CPUs, %s of memory"), cpus, size_human(mem, text));
	if (d->line.verdict != CHECK_PASS)
		doctor_fix(d, "%s", _("give its machines little: vm { memory = \"128M\" } in banger.conf"));
}

void doctor_limits(struct doctor *d)
{
	struct rlimit files = {0};

	getrlimit(RLIMIT_NOFILE, &files);
	doctor_say(d, files.rlim_max < FILES_WARN ? CHECK_WARN : CHECK_PASS, _("%lu open files"), (unsigned long)files.rlim_max);
	if (d->line.verdict == CHECK_WARN)
		doctor_fix(d, "ulimit -n %d", FILES_WARN);
}

/* systemd-logind may kill a user's processes at logout (KillUserProcesses, logind.conf(5)); lingering prevents it. */
void doctor_linger(struct doctor *d)
{
	char path[128];

	snprintf(path, sizeof(path), "/var/lib/systemd/linger/%s", getenv("USER") ? getenv("USER") : "");
	if (!fs_exists("/run/systemd/system") || geteuid() == 0 || fs_exists(path)) {
		doctor_say(d, CHECK_PASS, _("VMs outlive the login"));
		return;
	}
	doctor_say(d, CHECK_WARN, _("systemd may end VMs when you log out"));
	doctor_fix(d, "loginctl enable-linger");
}

void doctor_locale(struct doctor *d)
{
	const char *codeset = nl_langinfo(CODESET);

	if (strcmp(codeset, "UTF-8") == 0) {
		doctor_say(d, CHECK_PASS, "%s", codeset);
		return;
	}
	doctor_say(d, CHECK_WARN, _("the locale's character set is %s; lines and graphs are drawn in ASCII"), codeset);
	doctor_fix(d, "export LC_ALL=C.UTF-8");
}

void doctor_terminal(struct doctor *d)
{
	const char *term = getenv("TERM");

	if (!term || !*term || strcmp(term, "dumb") == 0) {
		doctor_say(d, CHECK_WARN, _("TERM is '%s': the command line works, the console does not"), term ? term : "");
		doctor_fix(d, "export TERM=xterm-256color");
	} else {
		doctor_say(d, CHECK_PASS, "%s%s", term, getenv("COLORTERM") ? _(", true colour") : "");
	}
}
