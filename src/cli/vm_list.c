/* SPDX-License-Identifier: MIT */
/*
 * vm list and vm show.
 */
#include "cli/verbs.h"
#include "cli/vm_print.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/tell.h"
#include "core/engine/engine.h"
#include "core/model/size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vm *)a)->name, ((const struct vm *)b)->name);
}

static void list_json(const struct client *c)
{
	struct buf b = {0};
	struct jw w = jw_init(&b);

	jw_obj(&w, NULL);
	jw_int(&w, "version", CLI_JSON_VERSION);
	jw_arr(&w, "vms");
	for (int i = 0; i < c->nvms; i++) {
		jw_obj(&w, NULL);
		vm_print_json(&w, c->env->paths, &c->vms[i], client_vm_doing(c, &c->vms[i]));
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	print_json(&b);
}

struct widths {
	int name, state, image;
};

static const char *state_of(const struct client *c, const struct vm *vm)
{
	const char *doing = client_vm_doing(c, vm);

	return doing ? _(doing) : vm_state_to_string(vm->state);
}

#define OTHER_CELLS (1 + 12 + 1 + 1 + 1 + 5 + 1 + 6 + 1 + 6 + 1 + 7 + 1 + 21) /* of a line beside name, state and image */

static struct widths measure(const struct client *c)
{
	struct widths w = {20, 10, 18};

	for (int i = 0; i < c->nvms; i++) {
		w.name = vm_print_column(w.name, c->vms[i].name);
		w.state = vm_print_column(w.state, state_of(c, &c->vms[i]));
		w.image = vm_print_column(w.image, c->vms[i].cfg.image);
	}
	w.image = vm_print_limit(w.image, w.name + w.state + OTHER_CELLS);
	return w;
}

static void list_head(struct widths w)
{
	tell(stdout, "%-*s %-*s %-*s %-*s %*s %*s %*s %-*s %s\n", TELL_CELLS(w.name, _("NAME")), TELL_CELLS(12, _("ID")),
	     TELL_CELLS(w.state, _("STATE")), TELL_CELLS(w.image, _("IMAGE")), TELL_CELLS(5, _("VCPUS")), TELL_CELLS(6, _("MEM")),
	     TELL_CELLS(6, _("DISK")), TELL_CELLS(7, _("SINCE")), _("SSH"));
}

static void list_row(const struct client *c, struct widths w, const struct vm *vm)
{
	char mem[SIZE_TEXT], disk[SIZE_TEXT], age[24], address[40] = "-";
	auto_free char *image = vm_print_cut(w.image, vm->cfg.image);
	bool live = vm_state_is_live(vm->state);
	const char *state = state_of(c, vm);

	if (live)
		snprintf(address, sizeof(address), "%s:%u", vm_ssh_host(vm), (unsigned)vm_ssh_port(vm));
	tell(stdout, "%-*s %-12s %-*s %-*s %5d %6s %6s %-7s %s%s%s\n", w.name, vm->name, vm->id, TELL_CELLS(w.state, state),
	     TELL_CELLS(w.image, image), vm_size(vm).vcpus, size_human((uint64_t)vm_size(vm).mem_mib * SIZE_MIB, mem), size_human(vm_disk_bytes(c->env->paths, vm->id), disk),
	     vm_print_age(live ? vm->started_ms : vm->stopped_ms ? vm->stopped_ms : vm->created_ms, age), address,
	     vm->reason[0] ? "  " : "", vm->reason);
}

int verb_vm_list(const struct cli_env *env, struct opts *o)
{
	struct client c = {.quiet = true};
	struct err e = {0};
	int code = CLI_OK;

	if (client_open(&c, env, false, &e) < 0) {
		code = verb_fail(&e, CLI_FAILED);
	} else {
		if (c.nvms > 1)
			qsort(c.vms, (size_t)c.nvms, sizeof(*c.vms), by_name);
		if (o->json) {
			list_json(&c);
		} else {
			struct widths w = measure(&c);

			list_head(w);
			if (c.host.lost)
				tell(stderr, ngettext("banger-tui: %d machine has disks here and is not in the store: see banger-tui doctor\n",
						      "banger-tui: %d machines have disks here and are not in the store: see banger-tui doctor\n",
						      (unsigned)c.host.lost),
				     c.host.lost);
			for (int i = 0; i < c.nvms; i++)
				list_row(&c, w, &c.vms[i]);
		}
	}
	client_close(&c);
	return code;
}

#define LABEL(s) TELL_CELLS(9, s)

_Static_assert(PUBLISHED_TEXT <= EGRESS_TEXT, "one array for both");

static void show_network(const struct vm *vm)
{
	struct egress egress = vm_egress(&vm->cfg);
	char text[EGRESS_TEXT];

	tell(stdout, "%-*s %s%s%s\n", LABEL(_("network")), net_mode_to_string(vm->cfg.net), vm->cfg.isolated ? _(", isolated") : "",
	     vm->cfg.net == NET_BRIDGE ? (vm->cfg.nat ? _(", NAT") : _(", no NAT")) : "");
	if (vm->net_why[0])
		tell(stdout, "%-*s (%s)\n", LABEL(""), vm->net_why);
	if (vm->cfg.net == NET_SLIRP && egress.kind == EGRESS_FULL)
		tell(stdout, "%-*s %s\n", LABEL(""), _("(the guest can reach services on this host's loopback through 10.0.2.2; --isolated closes it)"));
	if (vm->cfg.net != NET_BRIDGE)
		tell(stdout, "%-*s %s\n", LABEL(_("egress")), egress_format(&egress, text, sizeof(text)));
	if (vm->cfg.publish.n)
		tell(stdout, "%-*s %s\n", LABEL(_("published")), published_format(&vm->cfg.publish, text, sizeof(text)));
}

static void show_size(const struct vm *vm)
{
	struct vm_size has = vm_size(vm);

	tell(stdout, "%-*s %d\n%-*s %d MiB\n", LABEL(_("vcpus")), has.vcpus, LABEL(_("memory")), has.mem_mib);
	if (vm_size_waits(vm))
		tell(stdout, _("%-*s (%d vcpus, %d MiB from the next start on)\n"), LABEL(""), vm->cfg.vcpus, vm->cfg.mem_mib);
}

static void show_snapshot(const struct paths *paths, const struct vm *vm)
{
	struct snap_fill s;
	char total[SIZE_TEXT];

	vm_snap_fill(paths, vm->id, &s);
	if (!s.total_bytes)
		return;
	tell(stdout, _("%-*s %d%% of %s\n"), LABEL(_("snapshot")), snap_fill_permille(&s) / 10, size_human(s.total_bytes, total));
	if (s.lost)
		tell(stdout, _("%-*s (a write to the host's disk failed and the kernel gave the disk up: make room, then vm stop %s; vm start %s)\n"),
		     LABEL(""), vm->name, vm->name);
	else if (snap_fill_permille(&s) >= SNAP_FILL_WARN_PERMILLE)
		tell(stdout, _("%-*s (it is nearly full: vm stop %s; vm set --overlay SIZE %s)\n"), LABEL(""), vm->name, vm->name);
}

/* What the VMM says; one that says nothing now is no reason for an error. */
static bool ask_vmm(const struct cli_env *env, const struct vm *vm, struct vmm_metrics *ret)
{
	struct op op;
	bool known;

	if (!vm_state_is_live(vm->state))
		return false;
	op_init(&op, -1);
	known = engine_vmm_metrics(&op, env->paths, vm, ret, NULL) == 0;
	op_done(&op);
	return known;
}

static void show_counters(const struct cli_env *env, const struct vm *vm)
{
	char a[SIZE_TEXT], b[SIZE_TEXT];
	struct vmm_metrics m;

	if (!ask_vmm(env, vm, &m))
		return;
	if (m.read_bytes >= 0 && m.write_bytes >= 0)
		tell(stdout, _("%-*s %s read, %s written since its start\n"), LABEL(_("disk I/O")), size_human((uint64_t)m.read_bytes, a),
		     size_human((uint64_t)m.write_bytes, b));
	if (m.guest_avail_bytes >= 0)
		tell(stdout, _("%-*s %s available in the guest\n"), LABEL(_("memory")), size_human((uint64_t)m.guest_avail_bytes, a));
}

static void show_text(const struct cli_env *env, const struct vm *vm, const char *doing)
{
	char a[SIZE_TEXT], b[SIZE_TEXT], d[SIZE_TEXT];

	tell(stdout, "%-*s %s\n%-*s %s\n%-*s %s%s%s\n", LABEL(_("name")), vm->name, LABEL(_("id")), vm->id, LABEL(_("state")),
	     doing ? _(doing) : vm_state_to_string(vm->state), vm->reason[0] ? ": " : "", vm->reason);
	tell(stdout, "%-*s %s (%s)\n%-*s %s\n", LABEL(_("image")), vm->cfg.image, vm->image_id, LABEL(_("kernel")), vm->cfg.kernel);
	show_size(vm);
	tell(stdout, _("%-*s %s %s, work %s, %s used\n"), LABEL(_("disk")), disk_mode_to_string(vm->cfg.disk),
	     size_format(vm->cfg.overlay_bytes, a), size_format(vm->cfg.work_bytes, b),
	     size_human(vm_disk_bytes(env->paths, vm->id), d));
	if (vm->cfg.disk_rate)
		tell(stdout, _("%-*s at most %s a second, each disk\n"), LABEL(""), size_human(vm->cfg.disk_rate, a));
	show_snapshot(env->paths, vm);
	show_network(vm);
	if (vm->cfg.net_rate)
		tell(stdout, _("%-*s at most %s a second in each direction\n"), LABEL(""), size_human(vm->cfg.net_rate, a));
	if (vm->accel[0])
		tell(stdout, "%-*s %s, %s: %s\n", LABEL(_("vmm")), vm_vmm_name(vm), vm->accel, vm->why);
	show_counters(env, vm);
	if (vm_ssh_port(vm))
		tell(stdout, "%-*s root@%s -p %u\n", LABEL(_("ssh")), vm_ssh_host(vm), (unsigned)vm_ssh_port(vm));
	if (vm->boot_id[0])
		tell(stdout, "%-*s %s\n", LABEL(_("boot")), vm->boot_id);
	tell(stdout, "%-*s %s/vms/%s\n", LABEL(_("files")), env->paths->state, vm->id);
}

/* Members for what it says alone. */
static void json_counters(struct jw *w, const struct cli_env *env, const struct vm *vm)
{
	struct vmm_metrics m;

	if (!ask_vmm(env, vm, &m))
		return;
	const struct {
		const char *key;
		int64_t value;
	} counters[] = {{"disk_read_bytes", m.read_bytes},	  {"disk_written_bytes", m.write_bytes},
			{"disk_reads", m.read_ops},		  {"disk_writes", m.write_ops},
			{"balloon_mib", m.balloon_mib},		  {"guest_free_bytes", m.guest_free_bytes},
			{"guest_available_bytes", m.guest_avail_bytes}};
	jw_obj(w, "vmm_counters");
	for (size_t i = 0; i < ARRAY_LEN(counters); i++)
		if (counters[i].value >= 0)
			jw_int(w, counters[i].key, counters[i].value);
	jw_end(w);
}

static void show_json(const struct cli_env *env, const struct vm *vm, const char *doing)
{
	struct buf b = {0};
	struct jw w = jw_init(&b);

	jw_obj(&w, NULL);
	jw_int(&w, "version", CLI_JSON_VERSION);
	vm_print_json(&w, env->paths, vm, doing);
	json_counters(&w, env, vm);
	jw_end(&w);
	print_json(&b);
}

/* An earlier word means the same machine. */
static bool is_repeated(struct client *c, const struct opts *o, int i, const struct vm *vm)
{
	while (i-- > 0) {
		const struct vm *other = client_find_vm(c, o->args[i], NULL);

		if (other && strcmp(other->id, vm->id) == 0)
			return true;
	}
	return false;
}

int verb_vm_show(const struct cli_env *env, struct opts *o)
{
	struct client c = {.quiet = true};
	struct err e = {0};
	int code = CLI_OK, shown = 0;

	if (client_open(&c, env, false, &e) < 0) {
		code = verb_fail(&e, CLI_FAILED);
		o->nargs = 0;
	}
	for (int i = 0; i < o->nargs; i++) {
		struct err ve = {0};
		const struct vm *found = client_find_vm(&c, o->args[i], &ve);
		struct vm vm;

		if (!found) {
			code = verb_fail(&ve, CLI_FAILED);
			continue;
		}
		vm = *found; /* looking for another may move it */
		if (is_repeated(&c, o, i, &vm))
			continue;
		if (shown++ > 0 && !o->json)
			putchar('\n');
		(o->json ? show_json : show_text)(env, &vm, client_vm_doing(&c, &vm));
	}
	client_close(&c);
	return code;
}
