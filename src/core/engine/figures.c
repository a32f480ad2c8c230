/* SPDX-License-Identifier: MIT */
/*
 * See figures.h. Which machines are watched follows the registry; a boot is told from the one before by its id.
 */
#include "core/engine/figures.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine/registry.h"
#include "core/engine/sampler.h"
#include "core/engine/vmjob.h"
#include "core/guest/netio.h"
#include "core/vmm/alive.h"

#include <string.h>

#define DISKS_MS 5000 /* disks of machines that do not run */

/* A running VM we take figures of. */
struct watched {
	char id[ID_SIZE];
	char boot_id[ID_SIZE];
};

struct figures {
	struct engine *eng;
	struct sampler *sampler;
	struct netio *netio;
	int64_t disks_at_ms; /* when the disks of machines that do not run were looked at; 0: at the next sample */
	struct watched *watched;
	int n;
};

static void on_guest_stat(void *arg, const char *vm_id, const struct wire_stat *st)
{
	sampler_guest(((struct figures *)arg)->sampler, vm_id, st);
}

static void on_guest_state(void *arg UNUSED, const char *vm_id, enum netio_state state, const struct err *why)
{
	if (state == NETIO_LOST && why)
		log_debug(NULL, "figures of %s: %s", vm_id, why->msg);
}

static void watch_vm(struct figures *f, const struct vm *vm)
{
	char dir[PATHS_MAX];
	struct vm_identity who;
	struct ssh_args ssh;

	if (identity_load(vm_dir(f->eng, vm->id, dir), &who, NULL) == 0)
		sampler_add(f->sampler, vm->id, who.vmm_pid, who.vmm_start);
	if (vm_ssh_args(&f->eng->paths, vm, &ssh, NULL) == 0)
		netio_watch(f->netio, vm->id, &ssh);
	keys_wipe(&ssh.key);
}

static void unwatch_vm(struct figures *f, const char *id)
{
	sampler_remove(f->sampler, id);
	netio_unwatch(f->netio, id);
}

static bool is_running_boot(const struct vm *live, int n, const struct watched *w)
{
	for (int i = 0; i < n; i++)
		if (strcmp(live[i].id, w->id) == 0)
			return strcmp(live[i].boot_id, w->boot_id) == 0;
	return false;
}

static bool is_watched(const struct figures *f, const struct vm *vm)
{
	for (int i = 0; i < f->n; i++)
		if (strcmp(f->watched[i].id, vm->id) == 0)
			return true;
	return false;
}

void figures_follow(struct figures *f)
{
	auto_free struct vm *live = NULL;
	int n;

	if (!f)
		return;
	f->disks_at_ms = 0;
	n = registry_live_vms(f->eng->reg, &live);
	for (int i = f->n - 1; i >= 0; i--) {
		if (is_running_boot(live, n, &f->watched[i]))
			continue;
		unwatch_vm(f, f->watched[i].id);
		f->watched[i] = f->watched[--f->n];
	}
	for (int i = 0; i < n; i++) {
		if (is_watched(f, &live[i]))
			continue;
		f->watched = xrealloc(f->watched, (size_t)f->n + 1, sizeof(*f->watched));
		str_copy(f->watched[f->n].id, ID_SIZE, live[i].id);
		str_copy(f->watched[f->n].boot_id, ID_SIZE, live[i].boot_id);
		f->n++;
		watch_vm(f, &live[i]);
	}
}

static void post_vm_stats(void *arg, const struct vm_stats *st)
{
	struct figures *f = arg;
	struct event ev = {.kind = EV_VM_STATS, .vm_stats = *st};

	engine_post(f->eng, event_key(EV_VM_STATS, st->id), &ev);
}

static void post_host_stats(struct figures *f)
{
	struct event ev = {.kind = EV_HOST_STATS};
	auto_free struct vm *live = NULL;
	int n = registry_live_vms(f->eng->reg, &live);

	sampler_host(f->sampler, &ev.host_stats);
	for (int i = 0; i < n; i++) {
		struct vm_size has = vm_size(&live[i]);

		ev.host_stats.vcpus_reserved += has.vcpus;
		ev.host_stats.mem_reserved_bytes += (uint64_t)has.mem_mib << 20;
	}
	engine_post(f->eng, event_key(EV_HOST_STATS, ""), &ev);
}

/* What a machine that does not run takes is asked before it is deleted. */
static void post_idle_disks(struct figures *f)
{
	auto_free struct vm *vms = NULL;
	int64_t now = clock_mono_ms();
	int n;

	if (f->disks_at_ms && now - f->disks_at_ms < DISKS_MS)
		return;
	f->disks_at_ms = now;
	n = registry_all_vms(f->eng->reg, &vms);
	for (int i = 0; i < n; i++) {
		struct vm_stats st = {.at_ms = now, .off = true};

		if (vm_state_is_live(vms[i].state))
			continue;
		str_copy(st.id, sizeof(st.id), vms[i].id);
		st.disk_bytes = vm_disk_bytes(&f->eng->paths, vms[i].id);
		vm_snap_fill(&f->eng->paths, vms[i].id, &st.snap);
		post_vm_stats(f, &st);
	}
}

void figures_take(struct figures *f)
{
	sampler_vms(f->sampler, post_vm_stats, f);
	post_idle_disks(f);
	post_host_stats(f);
}

struct figures *figures_new(struct engine *eng, struct err *e)
{
	struct figures *f = xcalloc(1, sizeof(*f));
	struct netio_handler h = {.on_stat = on_guest_stat, .on_state = on_guest_state, .arg = f};

	f->eng = eng;
	f->sampler = sampler_new(&eng->paths);
	f->netio = netio_start(&h, e);
	if (f->netio)
		return f;
	figures_free(f);
	return NULL;
}

void figures_free(struct figures *f)
{
	if (!f)
		return;
	netio_stop(f->netio);
	sampler_free(f->sampler);
	free(f->watched);
	free(f);
}
