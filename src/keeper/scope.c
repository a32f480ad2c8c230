/* SPDX-License-Identifier: MIT */
/*
 * StartTransientUnit over D-Bus (org.freedesktop.systemd1(5), systemd.scope(5)), asked through busctl(1): one call a
 * VM does not earn a D-Bus library in the program.
 */
#include "keeper/scope.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"

#include <string.h>
#include <unistd.h>

#define SCOPE_MS 2000

void scope_enter(struct op *op, const char *vm_dir)
{
	const char *slash = strrchr(vm_dir, '/');
	auto_free char *unit = xasprintf("banger-%s.scope", slash ? slash + 1 : vm_dir);
	auto_free char *pid = xasprintf("%d", (int)getpid());
	const char *bus = geteuid() == 0 ? "--system" : "--user";
	const char *const argv[] = {"busctl", bus, "--quiet", "call", "org.freedesktop.systemd1",
				    "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
				    "StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail",
				    /* two properties, no auxiliary units */
				    "2", "PIDs", "au", "1", pid, "CollectMode", "s", "inactive-or-failed", "0", NULL};

	/* sd_booted(3) */
	if (!fs_exists("/run/systemd/system"))
		return;
	int64_t old = op_limit(op, SCOPE_MS);
	(void)!spawn_run(op, &(struct spawn_run_args){.argv = argv}, NULL, NULL);
	op_restore(op, old);
}
