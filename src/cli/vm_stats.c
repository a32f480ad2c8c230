/* SPDX-License-Identifier: MIT */
/*
 * vm stats: one table a second, or once. Figures need two readings, so the first table comes after two seconds.
 */
#include "cli/verbs.h"
#include "cli/vm_print.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/tell.h"
#include "core/model/size.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SETTLE_MS 3200 /* two host readings, and the guest's first line where it talks */

struct figures {
	struct vm_stats *rows;
	int n;
};

static void keep(void *arg, const struct vm_stats *st)
{
	struct figures *f = arg;

	for (int i = 0; i < f->n; i++) {
		if (strcmp(f->rows[i].id, st->id) == 0) {
			f->rows[i] = *st;
			return;
		}
	}
	f->rows = xrealloc(f->rows, (size_t)f->n + 1, sizeof(*f->rows));
	f->rows[f->n++] = *st;
}

static const struct vm_stats *find(const struct figures *f, const char *id)
{
	for (int i = 0; i < f->n; i++)
		if (strcmp(f->rows[i].id, id) == 0)
			return &f->rows[i];
	return NULL;
}

static void print_row(int width, const struct vm *vm, const struct vm_stats *st)
{
	char rss[SIZE_TEXT], used[SIZE_TEXT], total[SIZE_TEXT], disk[SIZE_TEXT], cpu[16] = "-", guest[48] = "-";

	if (st->cpu_permille >= 0)
		snprintf(cpu, sizeof(cpu), "%d%%", (st->cpu_permille + 5) / 10);
	if (st->guest)
		snprintf(guest, sizeof(guest), "%s/%s", size_human(st->mem_used_bytes, used), size_human(st->mem_total_bytes, total));
	tell(stdout, "%-*s %6s %8s %14s %8s", width, vm->name, cpu, size_human(st->rss_bytes, rss), guest, size_human(st->disk_bytes, disk));
	if (st->guest)
		tell(stdout, " %6d.%02d %6d  %s", st->load_centi / 100, st->load_centi % 100, st->procs, st->booted ? _("booted") : _("booting"));
	putchar('\n');
}

static void print_json_row(struct jw *w, const struct vm *vm, const struct vm_stats *st)
{
	jw_obj(w, NULL);
	jw_str(w, "id", vm->id);
	jw_str(w, "name", vm->name);
	jw_int(w, "cpu_permille", st->cpu_permille);
	jw_int(w, "rss_bytes", (int64_t)st->rss_bytes);
	jw_int(w, "disk_bytes", (int64_t)st->disk_bytes);
	jw_bool(w, "guest", st->guest);
	if (st->guest) {
		jw_bool(w, "booted", st->booted);
		jw_int(w, "guest_cpu_permille", st->guest_cpu_permille);
		jw_int(w, "load_centi", st->load_centi);
		jw_int(w, "processes", st->procs);
		jw_int(w, "mem_used_bytes", (int64_t)st->mem_used_bytes);
		jw_int(w, "mem_total_bytes", (int64_t)st->mem_total_bytes);
	}
	if (st->net_known) {
		jw_int(w, "net_rx_bytes_s", (int64_t)st->net_rx_bps);
		jw_int(w, "net_tx_bytes_s", (int64_t)st->net_tx_bps);
	}
	if (st->io_known) {
		jw_int(w, "disk_read_bytes_s", (int64_t)st->disk_rd_bps);
		jw_int(w, "disk_write_bytes_s", (int64_t)st->disk_wr_bps);
	}
	jw_end(w);
}

static bool is_wanted(const struct opts *o, const struct vm *vm)
{
	for (int i = 0; i < o->nargs; i++)
		if (name_match_vm(o->args[i], vm->id, vm->name) != NAME_MATCH_NONE)
			return true;
	return o->nargs == 0;
}

static void print_all(const struct client *c, const struct opts *o, const struct figures *f)
{
	struct buf b = {0};
	struct jw w = jw_init(&b);
	int width = 20;

	for (int i = 0; i < c->nvms; i++)
		if (find(f, c->vms[i].id) && is_wanted(o, &c->vms[i]))
			width = vm_print_column(width, c->vms[i].name);
	if (o->json) {
		jw_obj(&w, NULL);
		jw_int(&w, "version", CLI_JSON_VERSION);
		jw_arr(&w, "vms");
	} else {
		tell(stdout, "%-*s %*s %*s %*s %*s %*s %*s\n", TELL_CELLS(width, _("NAME")), TELL_CELLS(6, _("CPU")), TELL_CELLS(8, _("RSS")),
		     TELL_CELLS(14, _("GUEST MEM")), TELL_CELLS(8, _("DISK")), TELL_CELLS(9, _("LOAD")), TELL_CELLS(6, _("PROCS")));
	}
	for (int i = 0; i < c->nvms; i++) {
		const struct vm_stats *st = find(f, c->vms[i].id);

		if (!st || !is_wanted(o, &c->vms[i]))
			continue;
		if (o->json)
			print_json_row(&w, &c->vms[i], st);
		else
			print_row(width, &c->vms[i], st);
	}
	if (o->json) {
		jw_end(&w);
		jw_end(&w);
		print_json(&b);
	}
	fflush(stdout);
}

static int pump_for(struct client *c, int ms, struct err *e)
{
	int64_t until = clock_mono_ms() + ms, left;

	while ((left = until - clock_mono_ms()) > 0)
		if (client_pump(c, (int)left, e) < 0)
			return -1;
	return 0;
}

/* Who is named and has no figures is told of; an unknown name ends all. Returns how many can be shown, -1. */
static int check_refs(struct client *c, const struct opts *o, int *ret_code, struct err *e)
{
	int live = 0;

	for (int i = 0; i < o->nargs; i++) {
		const struct vm *vm = client_find_vm(c, o->args[i], e);
		struct err not = {0};

		if (!vm)
			return -1;
		live += vm_state_is_live(vm->state);
		if (vm_state_is_live(vm->state))
			continue;
		err_set(&not, ERR_STATE, _("VM '%s' is not running"), vm->name);
		err_hint(&not, _("banger-tui vm start %s"), vm->name);
		*ret_code = verb_fail(&not, CLI_FAILED);
	}
	return live;
}

int verb_vm_stats(const struct cli_env *env, struct opts *o)
{
	bool once = o->once || o->json || !isatty(STDOUT_FILENO);
	struct figures f = {0};
	struct client c = {.quiet = true, .on_vm_stats = keep, .arg = &f};
	struct err e = {0};
	int rc = client_open(&c, env, true, &e), code = CLI_OK, live = 0;

	if (rc == 0)
		live = rc = check_refs(&c, o, &code, &e);
	if (rc >= 0 && o->nargs && !live) {
		client_close(&c);
		return code;
	}
	if (rc >= 0)
		rc = pump_for(&c, SETTLE_MS, &e);
	while (rc == 0) {
		print_all(&c, o, &f);
		if (once)
			break;
		rc = pump_for(&c, 1000, &e);
	}
	client_close(&c);
	free(f.rows);
	if (rc == 0)
		return code;
	return e.code == ERR_CANCELED ? client_interrupted(CLI_FAILED) : verb_fail(&e, CLI_FAILED);
}
