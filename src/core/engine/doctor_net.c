/* SPDX-License-Identifier: MIT */
/*
 * Networks and names, and the rights they take.
 */
#include "core/engine/doctor_priv.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "core/engine/sudoask.h"
#include "core/engine/vmnames.h"
#include "core/net/privnet_probe.h"
#include "core/priv/priv.h"
#include "core/vmm/alive.h"
#include "core/vmm/vmm.h"
#include "namesrv/namesrv.h"

#include <arpa/inet.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Tried where nothing of ours is left behind, and without the cached verdict: the doctor is asked about now. */
void doctor_private(struct doctor *d)
{
	struct privnet_verdict v = {0};
	struct err e = {0};

	if (!d->scratch.dir[0] || privnet_probe(d->op, NULL, d->scratch.dir, &v, &e) < 0) {
		doctor_say(d, CHECK_WARN, "%s", d->scratch.dir[0] ? e.msg : _("no temporary directory to try it in"));
		doctor_fix(d, "ls -ld %s", SCRATCH_ROOT);
		return;
	}
	doctor_say(d, v.works ? CHECK_PASS : CHECK_WARN, "%s%s", v.why,
		   v.works ? "" : _("; machines get a user network, and reach this host's loopback through 10.0.2.2"));
	if (!v.works)
		doctor_fix(d, "%s", v.mend[0] ? v.mend : _("choose it for all: vm { network = \"slirp\" } in banger.conf"));
}

#define WHERE N_("at a terminal a verb asks for the password, in the console H in its Host view")

/* A console has the doctor look again and again: there nothing is written into the system's log for it. */
static void ask_sudo(struct doctor *d, const struct priv_outlook *o)
{
	struct passwd *who = getpwuid(geteuid());
	char words[160];

	switch (d->args->helper ? SUDOASK_NOT_ASKED : sudoask_look(d->op, o->helper, words, sizeof(words))) {
	case SUDOASK_FREE:
		doctor_say(d, CHECK_PASS, _("for bridged machines and dm-snapshot disks: sudo starts it without a password"));
		return;
	case SUDOASK_NOT_ASKED:
		doctor_say(d, CHECK_PASS,
			   _("for bridged machines and dm-snapshot disks: sudo starts it; whether it wants a password it was not asked"));
		return;
	case SUDOASK_PASSWORD:
		doctor_say(d, CHECK_WARN, _("for bridged machines and dm-snapshot disks: sudo starts it and asks for a password; %s"),
			   _(WHERE));
		break;
	case SUDOASK_NO:
		doctor_say(d, CHECK_WARN, _("for bridged machines and dm-snapshot disks: sudo starts it for who gives a password, if at all (%.100s); %s"),
			   words, _(WHERE));
		break;
	}
	doctor_fix(d, _("or without one: echo '%s ALL=(root) NOPASSWD: %s' | sudo tee /etc/sudoers.d/banger"),
		   who ? who->pw_name : "USER", o->helper);
}

/* Only bridged machines and dm-snapshot disks need it. */
void doctor_helper(struct doctor *d)
{
	struct priv_outlook o;

	priv_look(NULL, &o);
	if (o.way == PRIV_WAY_SUDO && o.trusted) {
		ask_sudo(d, &o);
		return;
	}
	doctor_say(d, o.way == PRIV_WAY_NONE || o.asks ? CHECK_WARN : CHECK_PASS,
		   _("for bridged machines and dm-snapshot disks: %s"), o.why);
	if (!o.helper[0] || (o.asks && !o.trusted))
		doctor_fix(d, "%s", _("make install, as root"));
	else if (o.way == PRIV_WAY_NONE)
		doctor_fix(d, "%s", _("install sudo"));
	else if (o.asks)
		doctor_fix(d, "%s", _(WHERE));
}

/* Has somebody our name server's port? (proc(5): the address in hex, as the processor has it.) */
static bool is_port_taken(void)
{
	auto_buf udp = {0};
	char port[32];

	snprintf(port, sizeof(port), " %08X:%04X ", htonl(INADDR_LOOPBACK), NAMESRV_PORT);
	return fs_read_file("/proc/net/udp", 4 << 20, &udp, NULL) == 0 && strstr(buf_cstr(&udp), port);
}

/* Runs there a machine of ours in the bridged network? By what it was started with: the look at the store knows no more than ids. */
static bool bridged_machine_runs(const struct doctor *d)
{
	auto_free struct vm_launch *l = xcalloc(1, sizeof(*l));
	char dir[PATHS_MAX];

	for (int i = 0; i < d->look.n_vms; i++) {
		bool alive;
		path_join(dir, sizeof(dir), d->paths->state, "vms/%s", d->look.vm_ids[i]);
		if (alive_check(dir, &alive, NULL) == 0 && alive && vm_launch_load(dir, l, NULL) == 0 && l->net.mode == NET_BRIDGE)
			return true;
	}
	return false;
}

/* Only bridged machines have names for every program. Which resolver the host has, and whether our port is free. */
void doctor_names(struct doctor *d)
{
	if (is_port_taken() && !vmnames_is_served(d->paths)) {
		doctor_say(d, CHECK_WARN, _("port %d of 127.0.0.1 is somebody else's: bridged machines have no names"),
			   NAMESRV_PORT);
		doctor_fix(d, "ss -lunp sport = :%d", NAMESRV_PORT);
	} else if (bridged_machine_runs(d) && !vmnames_is_served(d->paths)) {
		doctor_say(d, CHECK_WARN,
			   _("bridged machines run, and their name server does not: guests look up no names, and nobody theirs"));
		doctor_fix(d, _("banger-tui vm list starts it; if it does not, the log says why: %s/log/banger-tui.log"),
			   d->paths->state);
	} else if (!fs_exists("/run/systemd/resolve")) {
		doctor_say(d, CHECK_WARN,
			   _("no systemd-resolved: NAME.vm of bridged machines is known to guests, and here to ssh by "
			     "ssh-config alone"));
		doctor_fix(d, _("start systemd-resolved, or ask by hand: dig -p %d @127.0.0.1 NAME.vm"), NAMESRV_PORT);
	} else {
		doctor_say(d, CHECK_PASS, _("systemd-resolved is told of bridged machines as NAME.vm"));
	}
}

void doctor_ssh_config(struct doctor *d)
{
	struct err e = {0};
	bool installed;

	if (ssh_config_look(d->paths, &installed, &e) < 0) {
		doctor_say(d, CHECK_WARN, "%s", e.msg);
		doctor_fix(d, "%s", e.hint[0] ? e.hint : "banger-tui ssh-config --install");
	} else if (installed) {
		doctor_say(d, CHECK_PASS, _("ssh NAME.vm works in every shell"));
	} else {
		doctor_say(d, CHECK_PASS, _("~/.ssh/config is untouched; banger-tui ssh-config --install makes ssh NAME.vm work"));
	}
}
