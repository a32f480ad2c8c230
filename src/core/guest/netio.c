/* SPDX-License-Identifier: MIT */
/*
 * The netio thread: a row of small state machines over one poll(2).
 *
 *	WAIT --(pause over)--> LOGIN --> OPEN --> STREAM
 *	  ^------------- any failure ---------------'      (told as LOST once per loss)
 *
 * Other threads only append to a list of wishes under a mutex and ring an eventfd; everything else belongs to the
 * thread, so no lock is held while a session is used or a handler is called. A stream gets one bounded read and then a
 * rest, so a flood from one guest neither starves the others nor keeps the thread busy.
 *
 * The pause before the next try doubles up to 15 s and starts anew once lines came. A stream that is silent for 15 s
 * (a paused or hanging guest) is lost: stat speaks every second.
 */
#include "core/guest/netio.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/id.h"
#include "wire/stat.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

#define PAUSE_MIN_MS 500
#define PAUSE_MAX_MS 15000
#define SILENCE_MS 15000
#define READ_CHUNK 4096
#define REST_MS 50 /* after a read: a guest that floods gets 20 chunks a second and then a shut window */
#define COMMAND "exec banger-guest stat"

enum phase { WAIT, LOGIN, OPEN, STREAM };

struct watch {
	struct watch *next;
	char vm_id[ID_SIZE];
	struct ssh_args args;
	char host[64], user[33]; /* what args points to */
	enum phase phase;
	struct ssh *ssh;
	struct ssh_chan *chan;
	int64_t due_ms;	 /* WAIT: when to try; STREAM: when silence is too long */
	int64_t rest_ms; /* STREAM: not read before */
	int pause_ms;
	bool told_lost;
	char line[WIRE_STAT_LINE_MAX];
	size_t line_len;
};

struct wish {
	struct wish *next;
	struct watch *entry; /* to be watched from now on; NULL: unwatch */
	char vm_id[ID_SIZE];
};

struct netio {
	struct netio_handler handler;
	pthread_t thread;
	int wake_fd;
	pthread_mutex_t lock; /* the two below */
	struct wish *wishes, **wishes_end;
	bool stop;
	/* the thread's own */
	struct watch *watches;
	struct pollfd *fds;
	int n_fds; /* room */
	int n_used;
};

static void drop_session(struct watch *w)
{
	ssh_free(w->ssh);
	w->ssh = NULL;
	w->chan = NULL;
	w->line_len = 0;
}

static void watch_free(struct watch *w)
{
	drop_session(w);
	explicit_bzero(&w->args.key, sizeof(w->args.key));
	free(w);
}

static void lose(struct netio *n, struct watch *w, const struct err *why)
{
	drop_session(w);
	w->phase = WAIT;
	w->due_ms = clock_mono_ms() + w->pause_ms;
	w->pause_ms = MIN(w->pause_ms * 2, PAUSE_MAX_MS);
	if (!w->told_lost && n->handler.on_state)
		n->handler.on_state(n->handler.arg, w->vm_id, NETIO_LOST, why);
	w->told_lost = true;
}

static void begin_stream(struct netio *n, struct watch *w)
{
	w->phase = STREAM;
	w->told_lost = false;
	w->due_ms = clock_mono_ms() + SILENCE_MS;
	if (n->handler.on_state)
		n->handler.on_state(n->handler.arg, w->vm_id, NETIO_CONNECTED, NULL);
}

static int take_line(struct netio *n, struct watch *w, struct err *e)
{
	struct wire_stat st;

	if (wire_stat_parse(w->line, w->line_len, &st) < 0)
		return err_set(e, ERR_PROTO, _("the guest sent a line that is no statistics"));
	w->line_len = 0;
	w->pause_ms = PAUSE_MIN_MS;
	w->due_ms = clock_mono_ms() + SILENCE_MS;
	n->handler.on_stat(n->handler.arg, w->vm_id, &st);
	return 0;
}

static int take_bytes(struct netio *n, struct watch *w, const char *data, size_t len, struct err *e)
{
	for (size_t i = 0; i < len; i++) {
		if (w->line_len == sizeof(w->line) - 1)
			return err_set(e, ERR_PROTO, _("the guest sent a line longer than %zu bytes"), sizeof(w->line));
		w->line[w->line_len++] = data[i];
		if (data[i] == '\n' && take_line(n, w, e) < 0)
			return -1;
	}
	return 0;
}

static enum ssh_io read_stream(struct netio *n, struct watch *w, struct err *e)
{
	char chunk[READ_CHUNK];
	size_t len = 0;
	enum ssh_io io;

	if (clock_mono_ms() < w->rest_ms)
		return SSH_WANT_READ;
	/* stderr is read to keep its window from filling; what it says is of no use to us. */
	io = ssh_chan_read(w->chan, SSH_ERR, chunk, sizeof(chunk), &len, e);
	if (io == SSH_DONE && len)
		w->rest_ms = clock_mono_ms() + REST_MS;
	if (io != SSH_FAILED)
		io = ssh_chan_read(w->chan, SSH_OUT, chunk, sizeof(chunk), &len, e);
	if (io != SSH_DONE)
		return io;
	w->rest_ms = clock_mono_ms() + REST_MS;
	if (len == 0)
		err_set(e, ERR_NET, _("the guest ended its statistics"));
	return len && take_bytes(n, w, chunk, len, e) == 0 ? SSH_DONE : SSH_FAILED;
}

static enum ssh_io advance(struct netio *n, struct watch *w, struct err *e)
{
	enum ssh_io io;

	switch (w->phase) {
	case WAIT:
		w->ssh = ssh_new(&w->args);
		w->phase = LOGIN;
		return SSH_DONE;
	case LOGIN:
		io = ssh_step(w->ssh, e);
		if (io == SSH_DONE) {
			w->chan = ssh_chan_new(w->ssh, &(struct ssh_chan_args){.command = COMMAND});
			w->phase = OPEN;
		}
		return io;
	case OPEN:
		io = ssh_chan_step(w->chan, e);
		if (io == SSH_DONE)
			begin_stream(n, w);
		return io;
	default:
		return read_stream(n, w, e);
	}
}

static bool is_stale(const struct watch *w, int64_t now)
{
	return w->phase == OPEN ? ssh_idle_ms(w->ssh) >= SILENCE_MS : w->phase == STREAM && now >= w->due_ms;
}

/* One turn of one VM: up to its stream, then a single read. */
static void serve(struct netio *n, struct watch *w)
{
	struct err e = {0};
	enum ssh_io io = SSH_DONE;
	enum phase was;

	do {
		was = w->phase;
		io = advance(n, w, &e);
	} while (io == SSH_DONE && was != STREAM);
	if (io != SSH_FAILED && is_stale(w, clock_mono_ms())) {
		err_set(&e, ERR_TIMEOUT, _("the guest has been silent for %d s"), SILENCE_MS / 1000);
		io = SSH_FAILED;
	}
	if (io == SSH_FAILED)
		lose(n, w, &e);
}

static struct watch **find(struct netio *n, const char *vm_id)
{
	struct watch **at = &n->watches;

	while (*at && strcmp((*at)->vm_id, vm_id) != 0)
		at = &(*at)->next;
	return at;
}

static void forget(struct netio *n, const char *vm_id)
{
	struct watch **at = find(n, vm_id);
	struct watch *w = *at;

	if (!w)
		return;
	*at = w->next;
	watch_free(w);
}

static void wish_free(struct wish *wish)
{
	if (wish->entry)
		watch_free(wish->entry);
	free(wish);
}

static void grant(struct netio *n, struct wish *wish)
{
	forget(n, wish->vm_id);
	if (wish->entry)
		*find(n, "") = TAKE_PTR(wish->entry);
	wish_free(wish);
}

/* False: the thread is to end. */
static bool grant_wishes(struct netio *n)
{
	struct wish *list;
	bool stop;

	pthread_mutex_lock(&n->lock);
	list = n->wishes;
	n->wishes = NULL;
	n->wishes_end = &n->wishes;
	stop = n->stop;
	pthread_mutex_unlock(&n->lock);
	while (list) {
		struct wish *next = list->next;

		grant(n, list);
		list = next;
	}
	return !stop;
}

static int min_wait(int a, int64_t b)
{
	if (b < 0)
		b = 0;
	return a < 0 || b < a ? (int)MIN(b, INT_MAX) : a;
}

/* Milliseconds until w needs a turn, whatever its socket says; -1 = never. */
static int watch_wait(const struct watch *w, int64_t now)
{
	int wait;

	switch (w->phase) {
	case WAIT:
		return min_wait(-1, w->due_ms - now);
	case LOGIN:
		return ssh_left_ms(w->ssh);
	case OPEN:
		return min_wait(-1, SILENCE_MS - ssh_idle_ms(w->ssh));
	default:
		wait = min_wait(-1, w->due_ms - now);
		if (now < w->rest_ms)
			return min_wait(wait, w->rest_ms - now);
		return ssh_chan_pending(w->chan) ? 0 : wait;
	}
}

static bool may_poll(const struct watch *w, int64_t now)
{
	return w->ssh && !(w->phase == STREAM && now < w->rest_ms);
}

/* fds[0] is the bell, then one entry per watch in list order (-1 while it waits). Returns the poll timeout. */
static int fill_fds(struct netio *n)
{
	int64_t now = clock_mono_ms();
	int wait = -1, i = 1;

	for (struct watch *w = n->watches; w; w = w->next, i++) {
		int own = watch_wait(w, now);

		if (own >= 0)
			wait = min_wait(wait, own);
		if (i >= n->n_fds) {
			n->n_fds = n->n_fds ? n->n_fds * 2 : 16;
			n->fds = xrealloc(n->fds, (size_t)n->n_fds, sizeof(*n->fds));
		}
		n->fds[i] = (struct pollfd){.fd = -1};
		if (may_poll(w, now))
			n->fds[i] = (struct pollfd){.fd = ssh_fd(w->ssh), .events = ssh_events(w->ssh)};
	}
	n->fds[0] = (struct pollfd){.fd = n->wake_fd, .events = POLLIN};
	n->n_used = i;
	return wait;
}

static void serve_ready(struct netio *n)
{
	int64_t now = clock_mono_ms();
	int i = 1;

	for (struct watch *w = n->watches; w; w = w->next, i++)
		if (n->fds[i].revents || watch_wait(w, now) == 0)
			serve(n, w);
}

static void *run(void *arg)
{
	struct netio *n = arg;

	while (grant_wishes(n)) {
		int wait = fill_fds(n);

		if (poll(n->fds, (nfds_t)n->n_used, wait) < 0)
			continue;
		if (n->fds[0].revents) {
			eventfd_t v;

			(void)eventfd_read(n->wake_fd, &v);
		}
		serve_ready(n);
	}
	while (n->watches)
		forget(n, n->watches->vm_id);
	return NULL;
}

static void netio_free(struct netio *n)
{
	while (n->wishes) {
		struct wish *next = n->wishes->next;

		wish_free(n->wishes);
		n->wishes = next;
	}
	fd_close(&n->wake_fd);
	pthread_mutex_destroy(&n->lock);
	free(n->fds);
	free(n);
}

struct netio *netio_start(const struct netio_handler *h, struct err *e)
{
	struct netio *n = xcalloc(1, sizeof(*n));
	int sys;

	n->handler = *h;
	n->wishes_end = &n->wishes;
	n->n_fds = 16;
	n->fds = xcalloc((size_t)n->n_fds, sizeof(*n->fds));
	pthread_mutex_init(&n->lock, NULL);
	n->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sys = n->wake_fd < 0 ? errno : pthread_create(&n->thread, NULL, run, n);
	if (sys) {
		netio_free(n);
		err_sys(e, sys, _("start the thread that talks to the guests"));
		return NULL;
	}
	return n;
}

static void wish_for(struct netio *n, const char *vm_id, struct watch *entry)
{
	struct wish *wish = xcalloc(1, sizeof(*wish));

	wish->entry = entry;
	str_copy(wish->vm_id, sizeof(wish->vm_id), vm_id);
	pthread_mutex_lock(&n->lock);
	*n->wishes_end = wish;
	n->wishes_end = &wish->next;
	pthread_mutex_unlock(&n->lock);
	eventfd_write(n->wake_fd, 1);
}

void netio_watch(struct netio *n, const char *vm_id, const struct ssh_args *a)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	str_copy(w->vm_id, sizeof(w->vm_id), vm_id);
	w->args = *a;
	w->args.host = a->host ? str_copy(w->host, sizeof(w->host), a->host) : NULL;
	w->args.user = a->user ? str_copy(w->user, sizeof(w->user), a->user) : NULL;
	w->pause_ms = PAUSE_MIN_MS;
	wish_for(n, vm_id, w);
}

void netio_unwatch(struct netio *n, const char *vm_id)
{
	wish_for(n, vm_id, NULL);
}

void netio_stop(struct netio *n)
{
	if (!n)
		return;
	pthread_mutex_lock(&n->lock);
	n->stop = true;
	pthread_mutex_unlock(&n->lock);
	eventfd_write(n->wake_fd, 1);
	pthread_join(n->thread, NULL);
	netio_free(n);
}
