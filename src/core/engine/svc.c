/* SPDX-License-Identifier: MIT */
/*
 * The svc thread: timers, the store's changes, liveness, figures, followed logs.
 *
 * It opens the store (so that the console can draw before), takes the first picture, queues what a crash left to do, and
 * from then on looks: four times a second whether another process committed, twice whether every VM that should be alive
 * still holds its running lock, once whether every process with a running job lives, once for figures. It never blocks
 * and never acts: what it finds becomes a job.
 *
 * Its store connection has no busy time-out: reading never waits under WAL, and what it writes can wait (jobrows.h).
 */
#include "core/engine/engine_priv.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "core/engine/follow.h"
#include "core/engine/hold.h"
#include "core/engine/jobrows.h"
#include "core/engine/keylocks.h"
#include "core/engine/sampler.h"
#include "core/engine/vmjob.h"
#include "core/guest/netio.h"
#include "core/vmm/alive.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define STORE_MS 250
#define ALIVE_MS 500
#define DEAD_MS 1000
#define SAMPLE_MS 1000
#define DISKS_MS 5000 /* disks of machines that do not run */
#define LOG_MS 150

enum svc_kind { SVC_JOB, SVC_WATCH_LOG, SVC_POKE, SVC_STOP };

struct svc_msg {
	enum svc_kind kind;
	struct job job;
	char vm_id[ID_SIZE];
};

/* A running VM we take figures of. */
struct watched {
	char id[ID_SIZE];
	char boot_id[ID_SIZE];
};

struct svc {
	struct engine *eng;
	pthread_t thread;
	struct mailbox *box;
	struct loop *loop;
	struct store *store;
	int64_t data_version;
	struct sampler *sampler;
	struct netio *netio;
	int64_t disks_at_ms; /* when the disks of machines that do not run were looked at; 0: at the next sample */
	struct watched *watched;
	int nwatched;
	struct jobrows *rows;
	struct follow *log;
};

/* ---- figures ---- */

static void on_guest_stat(void *arg, const char *vm_id, const struct wire_stat *st)
{
	sampler_guest(((struct svc *)arg)->sampler, vm_id, st);
}

static void on_guest_state(void *arg UNUSED, const char *vm_id, enum netio_state state, const struct err *why)
{
	if (state == NETIO_LOST && why)
		log_debug(NULL, "figures of %s: %s", vm_id, why->msg);
}

static void watch_vm(struct svc *v, const struct vm *vm)
{
	char dir[PATHS_MAX];
	struct vm_identity who;
	struct ssh_args ssh;

	if (identity_load(vm_dir(v->eng, vm->id, dir), &who, NULL) == 0)
		sampler_add(v->sampler, vm->id, who.vmm_pid, who.vmm_start);
	if (vm_ssh_args(&v->eng->paths, vm, &ssh, NULL) == 0)
		netio_watch(v->netio, vm->id, &ssh);
	keys_wipe(&ssh.key);
}

static void unwatch_vm(struct svc *v, const char *id)
{
	sampler_remove(v->sampler, id);
	netio_unwatch(v->netio, id);
}

static bool is_running_boot(const struct vm *live, int n, const struct watched *w)
{
	for (int i = 0; i < n; i++)
		if (strcmp(live[i].id, w->id) == 0)
			return strcmp(live[i].boot_id, w->boot_id) == 0;
	return false;
}

static bool is_watched(const struct svc *v, const struct vm *vm)
{
	for (int i = 0; i < v->nwatched; i++)
		if (strcmp(v->watched[i].id, vm->id) == 0)
			return true;
	return false;
}

/* Watch exactly the VMs that run, each boot anew. */
static void update_watches(struct svc *v)
{
	auto_free struct vm *live = NULL;
	int n;

	if (!v->sampler)
		return;
	v->disks_at_ms = 0;
	n = registry_live_vms(v->eng->reg, &live);
	for (int i = v->nwatched - 1; i >= 0; i--) {
		if (is_running_boot(live, n, &v->watched[i]))
			continue;
		unwatch_vm(v, v->watched[i].id);
		v->watched[i] = v->watched[--v->nwatched];
	}
	for (int i = 0; i < n; i++) {
		if (is_watched(v, &live[i]))
			continue;
		v->watched = xrealloc(v->watched, (size_t)v->nwatched + 1, sizeof(*v->watched));
		str_copy(v->watched[v->nwatched].id, ID_SIZE, live[i].id);
		str_copy(v->watched[v->nwatched].boot_id, ID_SIZE, live[i].boot_id);
		v->nwatched++;
		watch_vm(v, &live[i]);
	}
}

static void post_vm_stats(void *arg, const struct vm_stats *st)
{
	struct svc *v = arg;
	struct event ev = {.kind = EV_VM_STATS, .vm_stats = *st};

	engine_post(v->eng, event_key(EV_VM_STATS, st->id), &ev);
}

static void post_host_stats(struct svc *v)
{
	struct event ev = {.kind = EV_HOST_STATS};
	auto_free struct vm *live = NULL;
	int n = registry_live_vms(v->eng->reg, &live);

	sampler_host(v->sampler, &ev.host_stats);
	for (int i = 0; i < n; i++) {
		struct vm_size has = vm_size(&live[i]);

		ev.host_stats.vcpus_reserved += has.vcpus;
		ev.host_stats.mem_reserved_bytes += (uint64_t)has.mem_mib << 20;
	}
	engine_post(v->eng, event_key(EV_HOST_STATS, ""), &ev);
}

/* What a machine that does not run takes is asked before it is deleted. */
static void post_idle_disks(struct svc *v)
{
	auto_free struct vm *vms = NULL;
	int64_t now = clock_mono_ms();
	int n;

	if (v->disks_at_ms && now - v->disks_at_ms < DISKS_MS)
		return;
	v->disks_at_ms = now;
	n = registry_all_vms(v->eng->reg, &vms);
	for (int i = 0; i < n; i++) {
		struct vm_stats st = {.at_ms = now, .off = true};

		if (vm_state_is_live(vms[i].state))
			continue;
		str_copy(st.id, sizeof(st.id), vms[i].id);
		st.disk_bytes = sampler_disk(v->sampler, vms[i].id);
		sampler_snap(v->sampler, vms[i].id, &st.snap);
		post_vm_stats(v, &st);
	}
}

static void on_sample(void *arg)
{
	struct svc *v = arg;

	sampler_vms(v->sampler, post_vm_stats, v);
	post_idle_disks(v);
	post_host_stats(v);
	loop_timer(v->loop, SAMPLE_MS, on_sample, v);
}

/* ---- the store and liveness ---- */

static void resync(struct svc *v)
{
	struct err e = {0};

	if (registry_sync(v->eng->reg, v->store, &e) < 0) {
		if (e.code != ERR_BUSY)
			log_err(NULL, &e);
		return;
	}
	update_watches(v);
}

static void on_store(void *arg)
{
	struct svc *v = arg;
	int64_t version;

	jobrows_flush(v->rows, v->store);
	if (store_data_version(v->store, &version, NULL) == 0 && version != v->data_version) {
		v->data_version = version;
		resync(v);
	}
	loop_timer(v->loop, STORE_MS, on_store, v);
}

/* A VM that should be alive and holds no lock is brought in order by a job; one that is held or no more is shown so. */
static void on_alive(void *arg)
{
	struct svc *v = arg;
	auto_free struct vm *live = NULL;
	int n = registry_live_vms(v->eng->reg, &live);
	bool changed = false;
	struct request reap = {.kind = REQ_VM_REAP};

	for (int i = 0; i < n && !store_is_read_only(v->store); i++) {
		bool alive = true, busy = false;
		changed |= vm_is_held(&v->eng->paths, &live[i]) != live[i].held;
		char key[SCHED_KEY_SIZE];

		if (vm_alive(v->eng, live[i].id, &alive, NULL) < 0 || alive)
			continue;
		snprintf(key, sizeof(key), "vm:%s", live[i].id);
		if (keylocks_is_held(&v->eng->paths, key, &busy, NULL) == 0 && !busy)
			engine_queue(v->eng, &reap, &live[i], 0, 0, false);
	}
	if (changed)
		resync(v);
	loop_timer(v->loop, ALIVE_MS, on_alive, v);
}

/* In place of the picture of a store on a full disk, or of one that is no longer where it was. False: not yet. */
static bool take_store(struct svc *v)
{
	struct store *fresh = NULL;
	struct err e = {0};

	if (store_open(v->eng->db_path, STORE_RW, 0, &fresh, NULL) < 0)
		return false;
	store_close(v->store);
	v->store = fresh;
	v->data_version = 0;
	atomic_store(&v->eng->read_only, store_is_read_only(fresh));
	atomic_store(&v->eng->full, false);
	atomic_store(&v->eng->gone, false);
	resync(v);
	if (!store_is_read_only(fresh) && reconcile_all(v->eng, fresh, &e) < 0)
		log_err(NULL, &e);
	engine_post_host(v->eng);
	return true;
}

/* Moved away, it may be put back at once: nothing is made in its place, what was there is shown. Another in its place is
 * what every other process sees. */
static void follow_moved(struct svc *v)
{
	if (fs_exists(v->eng->db_path)) {
		if (take_store(v))
			log_warn(NULL, "%s is another file now", v->eng->db_path);
	} else if (!atomic_exchange(&v->eng->gone, true)) {
		log_warn(NULL, "%s is gone", v->eng->db_path);
		engine_post_host(v->eng);
	}
}

/* A process that died at its work beside us left the same behind as one that died before us. */
static void on_dead(void *arg)
{
	struct svc *v = arg;
	struct err e = {0};

	if (atomic_load(&v->eng->full))
		take_store(v);
	else if (store_is_moved(v->store))
		follow_moved(v);
	else if (atomic_exchange(&v->eng->gone, false)) /* put back */
		engine_post_host(v->eng);
	if (jobrows_sweep_dead(v->store) > 0) {
		resync(v);
		if (reconcile_all(v->eng, v->store, &e) < 0)
			log_err(NULL, &e);
	}
	loop_timer(v->loop, DEAD_MS, on_dead, v);
}

/* ---- followed log ---- */

static void on_log_data(void *arg, const char *vm_id, bool restart, const char *data, size_t n)
{
	struct svc *v = arg;

	do {
		struct event ev = {.kind = EV_LOG, .log = {.restart = restart}};
		size_t piece = MIN(n, sizeof(ev.log.data));

		str_copy(ev.log.vm_id, sizeof(ev.log.vm_id), vm_id);
		memcpy(ev.log.data, data, piece);
		ev.log.len = (uint16_t)piece;
		engine_post(v->eng, 0, &ev);
		data += piece;
		n -= piece;
		restart = false;
	} while (n > 0);
}

static void on_log_timer(void *arg)
{
	struct svc *v = arg;

	if (!v->log)
		return;
	follow_read(v->log, on_log_data, v);
	loop_timer(v->loop, LOG_MS, on_log_timer, v);
}

static void set_log(struct svc *v, const char *vm_id)
{
	bool had = v->log != NULL;
	char dir[PATHS_MAX];

	follow_free(v->log);
	v->log = vm_id[0] ? follow_new(vm_id, vm_dir(v->eng, vm_id, dir), "serial.log") : NULL;
	if (v->log && !had)
		on_log_timer(v);
}

/* ---- the thread ---- */

static void on_message(void *arg, int fd UNUSED, short revents UNUSED)
{
	struct svc *v = arg;
	struct svc_msg m;

	while (mailbox_take(v->box, &m)) {
		switch (m.kind) {
		case SVC_JOB:
			jobrows_note(v->rows, &m.job);
			break;
		case SVC_WATCH_LOG:
			set_log(v, m.vm_id);
			break;
		case SVC_POKE:
			update_watches(v);
			break;
		case SVC_STOP:
			loop_stop(v->loop);
			break;
		}
	}
}

/* Told of the directory, not of the first file that happens to be wanted in it. */
static int make_state(const struct engine *eng, struct err *e)
{
	if (paths_make(&eng->paths, e) == 0 && access(eng->paths.state, W_OK | X_OK) == 0)
		return 0;
	if (!err_is_set(e))
		err_sys(e, errno, _("nothing can be written in %s"), eng->paths.state);
	return err_hint(e, _("machines and images are kept there: make it writable, or set paths { state = \"/elsewhere\" }"));
}

static int make_directories(const struct engine *eng, struct err *e)
{
	static const char *const subs[] = {"vms", "images", "kernels", "locks", "log", "ssh"};
	char path[PATHS_MAX];

	if (make_state(eng, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(subs); i++)
		if (fs_mkdir_p(path_join(path, sizeof(path), eng->paths.state, "%s", subs[i]), 0700, e) < 0)
			return -1;
	return log_open(path_join(path, sizeof(path), eng->paths.state, "log/banger-tui.log"), LOG_INFO, e);
}

static int start_sampling(struct svc *v, struct err *e)
{
	struct netio_handler h = {.on_stat = on_guest_stat, .on_state = on_guest_state, .arg = v};

	if (!v->eng->sample)
		return 0;
	v->sampler = sampler_new(&v->eng->paths);
	v->netio = netio_start(&h, e);
	return v->netio ? 0 : -1;
}

/* A full disk is no reason to show nothing. */
static int open_store(struct svc *v, struct err *e)
{
	struct engine *eng = v->eng;
	struct err full = {0};

	if (store_open(eng->db_path, STORE_RW, 0, &v->store, &full) == 0) {
		atomic_store(&eng->read_only, store_is_read_only(v->store));
		return 0;
	}
	if (full.code != ERR_SPACE || store_open(eng->db_path, STORE_SNAPSHOT, 0, &v->store, NULL) < 0)
		return err_join(e, &full);
	log_err(NULL, &full);
	atomic_store(&eng->full, true);
	return 0;
}

/* Everything between the first frame and EV_SYNCED. */
static int boot(struct svc *v, struct err *e)
{
	struct engine *eng = v->eng;
	char dir[PATHS_MAX];

	if (make_directories(eng, e) < 0 ||
	    catalog_load(path_join(dir, sizeof(dir), eng->paths.config, "catalog.d"), &eng->catalog, e) < 0 ||
	    open_store(v, e) < 0)
		return -1;
	if (err_is_set(&eng->catalog.broken))
		log_err(NULL, &eng->catalog.broken);
	(void)jobrows_sweep_dead(v->store); /* what they left is seen to below, with all the rest */
	if (store_data_version(v->store, &v->data_version, e) < 0 || registry_sync(eng->reg, v->store, e) < 0 ||
	    start_sampling(v, e) < 0)
		return -1;
	atomic_store(&eng->ready, true);
	if (!store_is_read_only(v->store) && reconcile_all(eng, v->store, e) < 0)
		return -1;
	engine_post_host(eng);
	update_watches(v);
	return 0;
}

static void announce(struct svc *v, const struct err *e)
{
	struct event ev = {.kind = e ? EV_FAILED : EV_SYNCED};

	if (e) {
		ev.err = *e;
		log_err(NULL, e);
	}
	engine_post(v->eng, 0, &ev);
}

static void *svc_main(void *arg)
{
	struct svc *v = arg;
	struct err e = {0};

	prctl(PR_SET_NAME, "svc");
	if (boot(v, &e) < 0) {
		announce(v, &e);
	} else {
		announce(v, NULL);
		on_store(v);
		on_alive(v);
		on_dead(v);
		if (v->sampler)
			on_sample(v);
	}
	loop_watch(v->loop, mailbox_fd(v->box), POLLIN, on_message, v);
	err_clear(&e);
	if (loop_run(v->loop, &e) < 0)
		log_err(NULL, &e);
	return NULL;
}

int svc_start(struct engine *eng, struct err *e)
{
	struct svc *v = xcalloc(1, sizeof(*v));
	int rc;

	v->eng = eng;
	v->box = mailbox_new(sizeof(struct svc_msg));
	v->loop = loop_new(NULL);
	v->rows = jobrows_new();
	eng->svc = v; /* before the thread: its first jobs are told of to us */
	rc = pthread_create(&v->thread, NULL, svc_main, v);
	if (rc == 0)
		return 0;
	eng->svc = NULL;
	mailbox_free(v->box);
	loop_free(v->loop);
	jobrows_free(v->rows);
	free(v);
	return err_sys(e, rc, _("start the svc thread"));
}

void svc_stop(struct svc *v)
{
	struct svc_msg m = {.kind = SVC_STOP};

	if (!v)
		return;
	mailbox_post(v->box, 0, &m);
	pthread_join(v->thread, NULL);
	netio_stop(v->netio);
	jobrows_flush(v->rows, v->store);
	sampler_free(v->sampler);
	follow_free(v->log);
	store_close(v->store);
	loop_free(v->loop);
	mailbox_free(v->box);
	jobrows_free(v->rows);
	free(v->watched);
	free(v);
}

static void post(struct svc *v, const struct svc_msg *m, uint64_t key)
{
	if (v)
		mailbox_post(v->box, key, m);
}

void svc_watch_log(struct svc *v, const char *vm_id)
{
	struct svc_msg m = {.kind = SVC_WATCH_LOG};

	str_copy(m.vm_id, sizeof(m.vm_id), vm_id ? vm_id : "");
	post(v, &m, event_key(EV_LOG, ""));
}

void svc_job(struct svc *v, const struct job *j)
{
	struct svc_msg m = {.kind = SVC_JOB, .job = *j};

	post(v, &m, event_key(EV_JOB, j->op_id));
}

void svc_poke(struct svc *v)
{
	struct svc_msg m = {.kind = SVC_POKE};

	post(v, &m, event_key(EV_SYNCED, ""));
}
