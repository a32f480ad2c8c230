/* SPDX-License-Identifier: MIT */
/*
 * The svc thread: timers, the store's changes, liveness, figures, followed logs.
 *
 * It opens the store (so that the console can draw before), takes the first picture, queues what a crash left to do, and
 * from then on looks: four times a second whether another process committed, twice whether every VM that should be alive
 * still holds its running lock and the name server of those in the bridged network its own, once whether every process with a running job lives, once for figures. It never blocks
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
#include "core/engine/figures.h"
#include "core/engine/follow.h"
#include "core/engine/hold.h"
#include "core/engine/jobrows.h"
#include "core/engine/keylocks.h"
#include "core/engine/vmjob.h"
#include "core/engine/vmnames.h"

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
#define NAMES_AGAIN_MS 60000
#define SAMPLE_MS 1000
#define LOG_MS 150

enum svc_kind { SVC_JOB, SVC_WATCH_LOG, SVC_POKE, SVC_STOP };

struct svc_msg {
	enum svc_kind kind;
	struct job job;
	char vm_id[ID_SIZE];
};

struct svc {
	struct engine *eng;
	pthread_t thread;
	struct mailbox *box;
	struct loop *loop;
	struct store *store;
	int64_t data_version;
	struct figures *figures; /* NULL: none are asked for */
	struct jobrows *rows;
	struct follow *log;
	int64_t names_again_ms; /* not before then is the name server started again */
};

static void on_sample(void *arg)
{
	struct svc *v = arg;

	figures_take(v->figures);
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
	figures_follow(v->figures);
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

/* A name server that was killed comes back at once, one that cannot be had is tried now and then. */
static void look_at_names(struct svc *v, const struct vm *live, int n)
{
	struct request sweep = {.kind = REQ_HOST_SWEEP, .ref = SWEEP_NAMES};
	bool missed = vmnames_is_missed(v->eng, live, n);

	if (missed && clock_mono_ms() >= v->names_again_ms) {
		engine_queue(v->eng, &sweep, NULL, 0, 0, false);
		v->names_again_ms = clock_mono_ms() + NAMES_AGAIN_MS;
	} else if (!missed) {
		v->names_again_ms = 0;
	}
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
	if (!store_is_read_only(v->store))
		look_at_names(v, live, n);
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
			figures_follow(v->figures);
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
	    (eng->sample && !(v->figures = figures_new(eng, e))))
		return -1;
	atomic_store(&eng->ready, true);
	if (!store_is_read_only(v->store) && reconcile_all(eng, v->store, e) < 0)
		return -1;
	engine_post_host(eng);
	figures_follow(v->figures);
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
		if (v->figures)
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
	figures_free(v->figures);
	jobrows_flush(v->rows, v->store);
	follow_free(v->log);
	store_close(v->store);
	loop_free(v->loop);
	mailbox_free(v->box);
	jobrows_free(v->rows);
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
