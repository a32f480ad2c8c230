/* SPDX-License-Identifier: MIT */
/*
 * One verb's use of the engine: see client.h.
 *
 * Signals are taken by a thread of their own with sigwait(3), which only cancels the op: everything else happens on the main thread,
 * in the order it would have without them.
 */
#include "cli/client.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/tell.h"
#include "cli/progress.h"
#include "core/model/name.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RECOVER_MS 10000

static struct client *signal_client; /* the one it is about now; under signal_mutex */
static _Atomic int last_signal;
static pthread_mutex_t signal_mutex = PTHREAD_MUTEX_INITIALIZER;

/* For the process's life: signals may come to any client of it, one after the other. */
static void *signal_main(void *arg UNUSED)
{
	sigset_t set;
	int signo;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	while (sigwait(&set, &signo) == 0) {
		pthread_mutex_lock(&signal_mutex);
		last_signal = signo;
		if (signal_client)
			op_cancel(&signal_client->op);
		pthread_mutex_unlock(&signal_mutex);
	}
	return NULL;
}

int client_interrupted(int otherwise)
{
	return last_signal ? 128 + last_signal : otherwise;
}

void client_take_signals(struct client *c)
{
	static bool running;
	pthread_t thread;

	pthread_mutex_lock(&signal_mutex);
	signal_client = c;
	if (!running && pthread_create(&thread, NULL, signal_main, NULL) == 0) {
		running = true;
		pthread_detach(thread);
	}
	pthread_mutex_unlock(&signal_mutex);
}

void client_begin_cleanup(struct client *c)
{
	pthread_mutex_lock(&signal_mutex);
	signal_client = NULL;
	op_done(&c->op);
	op_init(&c->op, -1);
	pthread_mutex_unlock(&signal_mutex);
}

/* The row with this key, or a new one. */
static void *upsert_row(void **rows, int *n, size_t size, size_t key_offset, const void *row)
{
	char *p = *rows;
	const char *key = (const char *)row + key_offset;

	for (int i = 0; i < *n; i++, p += size)
		if (strcmp(p + key_offset, key) == 0)
			return memcpy(p, row, size);
	*rows = xrealloc(*rows, (size_t)*n + 1, size);
	return memcpy((char *)*rows + (size_t)(*n)++ * size, row, size);
}

static void remove_row(void *rows, int *n, size_t size, size_t key_offset, const char *key)
{
	char *p = rows;

	for (int i = 0; i < *n; i++, p += size) {
		if (strcmp(p + key_offset, key) != 0)
			continue;
		memmove(p, p + size, (size_t)(*n - i - 1) * size);
		(*n)--;
		return;
	}
}

static void apply(struct client *c, const struct event *ev)
{
	switch (ev->kind) {
	case EV_VM_UPSERT:
		upsert_row((void **)&c->vms, &c->nvms, sizeof(struct vm), offsetof(struct vm, id), &ev->vm);
		break;
	case EV_VM_GONE:
		remove_row(c->vms, &c->nvms, sizeof(struct vm), offsetof(struct vm, id), ev->id);
		break;
	case EV_IMAGE_UPSERT:
		upsert_row((void **)&c->images, &c->nimages, sizeof(struct image), offsetof(struct image, name), &ev->image);
		break;
	case EV_IMAGE_GONE:
		remove_row(c->images, &c->nimages, sizeof(struct image), offsetof(struct image, name), ev->image.name);
		break;
	case EV_KERNEL_UPSERT:
		upsert_row((void **)&c->kernels, &c->nkernels, sizeof(struct kernel), offsetof(struct kernel, name), &ev->kernel);
		break;
	case EV_KERNEL_GONE:
		remove_row(c->kernels, &c->nkernels, sizeof(struct kernel), offsetof(struct kernel, name), ev->kernel.name);
		break;
	case EV_HOST_INFO:
		c->host = ev->host;
		c->host_known = true;
		break;
	case EV_HELPER:
		c->helper = ev->helper;
		break;
	case EV_VM_STATS:
		if (c->on_vm_stats && !ev->vm_stats.off)
			c->on_vm_stats(c->arg, &ev->vm_stats);
		break;
	case EV_HOST_STATS:
		if (c->on_host_stats)
			c->on_host_stats(c->arg, &ev->host_stats);
		break;
	default:
		break;
	}
}

/* Several jobs may be waited for one after the other: what arrives about the others meanwhile is kept. Numbers are each
 * process's own, so other processes' jobs are told apart by their op. */
static void note_job(struct client *c, const struct job *j)
{
	for (int i = 0; i < c->njobs; i++) {
		if (strcmp(c->jobs[i].op_id, j->op_id) == 0) {
			c->jobs[i] = *j;
			return;
		}
	}
	c->jobs = xrealloc(c->jobs, (size_t)c->njobs + 1, sizeof(*c->jobs));
	c->jobs[c->njobs++] = *j;
}

/* Everything that has arrived. */
static void drain(struct client *c)
{
	struct event ev;

	while (c->port.next_event(c->port.self, &ev)) {
		apply(c, &ev);
		if (ev.kind != EV_JOB)
			continue;
		note_job(c, &ev.job);
		if (!c->quiet)
			progress_job(&ev.job, c->tty);
	}
}

/* Has the job ended? What is known of it is in ret. */
static bool has_ended(struct client *c, uint64_t job, struct job *ret)
{
	drain(c);
	for (int i = 0; i < c->njobs; i++)
		if (c->jobs[i].local && c->jobs[i].id == job)
			*ret = c->jobs[i];
	return ret->state == JOB_DONE || ret->state == JOB_FAILED || ret->state == JOB_CANCELED;
}

static int wait_synced(struct client *c, struct err *e)
{
	struct event ev;

	for (;;) {
		if (engine_wait_event(&c->op, &c->port, &ev, e) < 0)
			return -1;
		if (ev.kind == EV_FAILED) {
			*e = ev.err;
			return -1;
		}
		if (ev.kind == EV_SYNCED)
			return 0;
		if (ev.kind == EV_JOB)
			note_job(c, &ev.job);
		apply(c, &ev);
	}
}

/* What reconcile.c of the engine queues. */
static bool is_recovery(const struct job *j)
{
	return j->kind == REQ_VM_REAP || j->kind == REQ_HOST_SWEEP;
}

static bool recovers(const struct client *c)
{
	for (int i = 0; i < c->njobs; i++) {
		const struct job *j = &c->jobs[i];

		if (j->local && is_recovery(j) && (j->state == JOB_RUNNING || (j->state == JOB_QUEUED && !j->waiting_for[0])))
			return true;
	}
	return false;
}

/* What a crash left to do is done before anybody looks: closing would cancel it, and a short verb would leave it to the
 * next one. What another process works on is not waited for. */
static int wait_recovered(struct client *c, struct err *e)
{
	struct pollfd p = {.fd = c->port.event_fd(c->port.self), .events = POLLIN};
	int64_t old = op_limit(&c->op, RECOVER_MS);
	struct err late = {0};
	int rc = 0;

	for (drain(c); rc >= 0 && recovers(c); drain(c))
		rc = op_poll(&c->op, &p, 1, -1, &late);
	op_restore(&c->op, old);
	return rc < 0 ? op_check(&c->op, e) : 0;
}

int client_open(struct client *c, const struct cli_env *env, bool sample, struct err *e)
{
	struct engine_args a = {.paths = env->paths, .conf = env->conf, .sample = sample};

	c->env = env;
	c->tty = isatty(STDERR_FILENO);
	op_init(&c->op, -1);
	client_take_signals(c);
	if (engine_open(&a, &c->port, e) < 0)
		return -1;
	c->open = true;
	if (wait_synced(c, e) < 0)
		return -1;
	if (c->host.full)
		tell(stderr, _("banger-tui: no room left in %s: machines are shown as they were, and nothing can be changed\n"),
		     c->host.state_dir);
	return wait_recovered(c, e);
}

void client_close(struct client *c)
{
	pthread_mutex_lock(&signal_mutex);
	signal_client = NULL;
	pthread_mutex_unlock(&signal_mutex);
	if (c->open)
		c->port.close(c->port.self);
	progress_end(c->tty && !c->quiet);
	op_done(&c->op);
	free(c->vms);
	free(c->images);
	free(c->kernels);
	free(c->jobs);
	memset(c, 0, sizeof(*c));
}

int client_submit(struct client *c, const struct request *r, uint64_t *ret_job, struct err *e)
{
	return c->port.submit(c->port.self, r, ret_job, e);
}

/* Our op was cancelled: cancel the job, and wait for its undo under an op nobody cancels. */
static int abandon(struct client *c, uint64_t job, struct job *ret, struct err *e)
{
	struct pollfd p = {.fd = c->port.event_fd(c->port.self), .events = POLLIN};
	struct err over = {0};
	struct op op;

	op_init_cleanup(&op, &c->op, 120000);
	if (c->port.cancel(c->port.self, job, &over) == 0)
		while (!has_ended(c, job, ret) && op_poll(&op, &p, 1, -1, NULL) >= 0)
			;
	op_done(&op);
	return err_set(e, ERR_CANCELED, _("interrupted"));
}

int client_wait(struct client *c, uint64_t job, struct job *ret, struct err *e)
{
	struct pollfd p = {.fd = c->port.event_fd(c->port.self), .events = POLLIN};
	struct err stop = {0};
	struct job j = {0};

	while (!has_ended(c, job, &j)) {
		if (op_poll(&c->op, &p, 1, -1, &stop) >= 0)
			continue;
		abandon(c, job, &j, e);
		if (ret)
			*ret = j;
		return -1;
	}
	drain(c); /* what changed was posted before the end was */
	if (ret)
		*ret = j;
	if (j.state == JOB_DONE)
		return 0;
	*e = j.err;
	return -1;
}

int client_run(struct client *c, const struct request *r, struct job *ret, struct err *e)
{
	uint64_t job;

	if (client_submit(c, r, &job, e) < 0)
		return -1;
	return client_wait(c, job, ret, e);
}

int client_pump(struct client *c, int timeout_ms, struct err *e)
{
	struct pollfd p = {.fd = c->port.event_fd(c->port.self), .events = POLLIN};

	if (op_poll(&c->op, &p, 1, timeout_ms, e) < 0)
		return -1;
	drain(c);
	return 0;
}

const struct vm *client_find_vm(struct client *c, const char *ref, struct err *e)
{
	const struct vm *found = NULL;
	int prefixes = 0;

	drain(c);
	for (int i = 0; i < c->nvms; i++) {
		enum name_match m = name_match_vm(ref, c->vms[i].id, c->vms[i].name);

		if (m == NAME_MATCH_EXACT)
			return &c->vms[i];
		if (m == NAME_MATCH_PREFIX) {
			found = &c->vms[i];
			prefixes++;
		}
	}
	if (prefixes == 1)
		return found;
	if (prefixes > 1)
		err_set(e, ERR_USAGE, _("'%.32s' is the beginning of %d VM ids"), ref, prefixes);
	else
		err_set(e, ERR_NOT_FOUND, _("no VM '%.64s'"), ref);
	err_hint(e, _("banger-tui vm list shows all"));
	return NULL;
}

const char *client_vm_doing(const struct client *c, const struct vm *vm)
{
	for (int i = 0; i < c->njobs; i++)
		if (job_is_active(&c->jobs[i]) && strcmp(c->jobs[i].vm_id, vm->id) == 0 && request_kind_doing(c->jobs[i].kind))
			return request_kind_doing(c->jobs[i].kind);
	return NULL;
}

void client_complain(const struct err *e)
{
	tell(stderr, "banger-tui: %s\n", e->msg);
	if (e->hint[0])
		tell(stderr, "  %s\n", e->hint);
}

bool client_says_yes(struct client *c)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	int answer;

	if (!isatty(STDIN_FILENO) || !c->tty) {
		tell(stderr, _("\nbanger-tui: not a terminal; say -y\n"));
		return false;
	}
	if (op_poll(&c->op, &in, 1, -1, NULL) < 0) { /* Ctrl-C is an answer too */
		fputc('\n', stderr);
		return false;
	}
	answer = getchar();
	return answer == 'y' || answer == 'Y';
}
