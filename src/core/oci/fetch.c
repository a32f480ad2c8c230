/* SPDX-License-Identifier: MIT */
/*
 * See fetch.h. One thread drives all transfers of a pool and writes their bytes; what it shares with who waits is each blob's state and
 * count (atomics), its descriptor and the first error (a mutex, held for copying), and a bell.
 */
#include "core/oci/fetch.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/wake.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define LOOK_AGAIN_MS 200 /* at what another process fetches, or stands further on in the list */
#define TELL_MS 200	  /* between two reports of progress */
#define PART_NAME 12	  /* digits of a digest, as registries' own tools show them */

enum blob_state { BLOB_DUE, BLOB_UNDER_WAY, BLOB_READY };

struct blob {
	const struct oci_descriptor *desc;
	struct oci_fetch *fetch;
	struct oci_call call;
	struct blob_part part;
	enum blob_state state; /* the thread's own */
	int64_t due_ms;	       /* BLOB_DUE: not before */
	uint64_t most;	       /* bytes that were ever there: only what goes beyond is progress, a server that cannot go on begins anew each time */
	bool resumed;	       /* some of them are an earlier fetch's */
	bool heard;	       /* something of the answer under way */
	const struct blob *same; /* listed more than once: the one that is fetched; NULL: this one */
	_Atomic int shown;     /* enum op_part_state */
	_Atomic uint64_t have, kept; /* kept: of an earlier fetch, or another process's */
	int fd; /* under the mutex; -1: not there, or handed out */
};

struct oci_fetch {
	struct oci_registry *registry;
	const struct blob_cache *cache;
	struct blob *blobs;
	size_t n;
	struct http_pool *pool;
	struct op op; /* the thread's */
	struct wake bell;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	struct err failed;
	bool over;
};

static void show(struct blob *b, enum op_part_state state)
{
	atomic_store(&b->shown, (int)state);
}

/* What was there before is told of first: it never looks fetched. */
static void show_kept(struct blob *b, uint64_t bytes)
{
	atomic_store(&b->kept, bytes);
	atomic_store(&b->have, bytes);
}

static void show_none(struct blob *b)
{
	atomic_store(&b->have, 0);
	atomic_store(&b->kept, 0);
}

static void hand_out(struct blob *b, int fd)
{
	b->state = BLOB_READY;
	show(b, OP_PART_THERE);
	pthread_mutex_lock(&b->fetch->lock);
	b->fd = fd;
	pthread_mutex_unlock(&b->fetch->lock);
	wake_ring(&b->fetch->bell);
}

static void put_off(struct blob *b, int64_t ms)
{
	b->state = BLOB_DUE;
	b->due_ms = clock_mono_ms() + ms;
}

/* From byte 0. */
static int start_over(struct blob *b, struct err *e)
{
	show_none(b);
	return blob_part_restart(&b->part, e);
}

/* What is there is something else, for good. */
static int refuse_size(struct blob *b, uint64_t bytes, struct err *e)
{
	b->resumed = false;
	blob_part_drop(&b->part);
	return err_set(e, ERR_PROTO, _("it has %llu bytes, and the image's manifest says %llu"), (unsigned long long)bytes,
		       (unsigned long long)b->desc->size);
}

static int refuse_page(struct blob *b, struct err *e)
{
	b->resumed = false;
	blob_part_drop(&b->part);
	return oci_refuse_page(b->fetch->registry, e);
}

/* Is it what was announced, as far as its head tells? */
static int check_head(struct blob *b, const struct http_response *head, struct err *e)
{
	uint64_t whole = http_whole_size(head);

	if (head->status != 416 && http_is_web_page(head) && whole != b->desc->size)
		return refuse_page(b, e);
	return whole && whole != b->desc->size ? refuse_size(b, whole, e) : 0;
}

/* A server that was asked for the rest and sends the whole begins anew. */
static int hear(struct blob *b, const struct http_response *head, struct err *e)
{
	int64_t start = http_range_start(head);

	b->heard = true;
	if (check_head(b, head, e) < 0)
		return -1;
	if (b->call.from && (head->status == 200 || start == 0)) {
		b->call.from = 0;
		b->resumed = false;
		return start_over(b, e);
	}
	if (start < 0 || (uint64_t)start == b->call.from)
		return 0;
	blob_part_drop(&b->part);
	return err_set(e, ERR_PROTO, _("the answer is another part of it than was asked for"));
}

static int take(void *arg, const struct http_response *head, const void *data, size_t len, struct err *e)
{
	struct blob *b = arg;

	if (!b->heard && hear(b, head, e) < 0)
		return -1;
	if (blob_part_add(&b->part, data, len, e) < 0)
		return -1;
	atomic_store(&b->have, b->part.have);
	return 0;
}

static void begin_anew(struct blob *b)
{
	show_none(b);
	put_off(b, 0);
}

/* All bytes are there. What was resumed gets one more chance from its beginning: the wrong ones may be old. */
static int finish(struct blob *b, struct err *e)
{
	struct err why = {0};
	int fd = blob_part_end(&b->part, &why);

	if (fd >= 0)
		hand_out(b, fd);
	else if (why.code == ERR_PROTO && b->resumed)
		begin_anew(b);
	else
		return err_join(e, &why);
	return 0;
}

/* 0, also when it is somebody else's just now. */
static int take_place(struct blob *b, struct err *e)
{
	struct oci_fetch *f = b->fetch;
	struct err why = {0};

	if (blob_part_begin(&f->op, f->cache, b->desc->hex, b->desc->size, &b->part, &why) == 0) {
		b->resumed = b->part.have > 0;
		show_kept(b, b->part.have);
		return 0;
	}
	if (why.code != ERR_BUSY && why.code != ERR_EXISTS)
		return err_join(e, &why);
	if (why.code == ERR_BUSY)
		show(b, OP_PART_ELSEWHERE);
	put_off(b, why.code == ERR_BUSY ? LOOK_AGAIN_MS : 0);
	return 0;
}

static int add(struct blob *b, struct err *e)
{
	struct oci_fetch *f = b->fetch;

	b->call.from = b->part.have;
	b->most = MAX(b->most, b->part.have);
	b->resumed = b->resumed || b->part.have > 0;
	b->heard = false;
	b->state = BLOB_UNDER_WAY;
	show(b, OP_PART_MOVING);
	return oci_call_add(f->registry, &b->call, f->pool, b, e);
}

/* What is due for this blob: look in the cache, take its place there, ask for it. */
static int begin(struct blob *b, struct err *e)
{
	struct oci_fetch *f = b->fetch;
	struct err why = {0};
	int fd;

	if (b->same && b->same->state != BLOB_READY) {
		put_off(b, LOOK_AGAIN_MS);
		return 0;
	}
	if (b->part.fd < 0) {
		if (blob_have(f->cache, b->desc->hex) > 0 && atomic_load(&b->shown) != OP_PART_ELSEWHERE)
			show(b, OP_PART_CHECKING);
		fd = blob_open(&f->op, f->cache, b->desc->hex, b->desc->size, &why);
		if (fd >= 0) {
			show_kept(b, b->desc->size);
			hand_out(b, fd);
			return 0;
		}
		if (why.code != ERR_NOT_FOUND)
			return err_join(e, &why);
		if (take_place(b, e) < 0)
			return -1;
		if (b->part.fd < 0)
			return 0;
	}
	if (!b->call.path) {
		oci_call_init(&b->call, f->registry, "blobs", b->desc->digest);
		b->call.sink = take;
		b->call.sink_arg = b;
	}
	return b->part.have == b->desc->size && b->part.have > 0 ? finish(b, e) : add(b, e);
}

/* Too few bytes came, and nobody said so before. Where the end of the answer was marked, there are no more; else the connection may have
 * broken: the next try goes on behind them. */
static int go_on(struct blob *b, const struct http_response *answer, struct err *e)
{
	struct http_done cut = {0};
	int wait_ms;

	if (answer->status == 200 && (http_header(answer, "Transfer-Encoding") || http_header(answer, "Content-Length")))
		return refuse_size(b, b->part.have, e);
	err_set(&cut.err, ERR_NET, _("it ended after %llu of %llu bytes"), (unsigned long long)b->part.have,
		(unsigned long long)b->desc->size);
	if (oci_call_judge(&b->fetch->op, b->fetch->registry, &b->call, &cut, &wait_ms, e) < 0)
		return -1;
	put_off(b, wait_ms);
	show(b, OP_PART_RETRYING);
	return 0;
}

/* The answer is there: is it the blob? */
static int check(struct blob *b, const struct http_response *answer, struct err *e)
{
	if (b->part.have == b->desc->size)
		return finish(b, e);
	return http_is_web_page(answer) ? refuse_page(b, e) : go_on(b, answer, e);
}

static int take_answer(struct blob *b, const struct http_done *done, struct err *e)
{
	struct oci_fetch *f = b->fetch;
	int wait_ms, rc;

	if (b->part.fd >= 0 && b->part.have > b->most)
		b->call.tries = b->call.logins = 0;
	/* Longer than it was said to be, behind bytes of another answer: from its beginning, once. */
	if (done->err.code == ERR_PROTO && b->part.fd < 0 && b->resumed) {
		begin_anew(b);
		return 0;
	}
	if (done->response.status == 416 && check_head(b, &done->response, e) < 0)
		return -1;
	rc = oci_call_judge(&f->op, f->registry, &b->call, done, &wait_ms, e);
	if (rc < 0)
		return -1;
	if (rc > 0)
		return check(b, &done->response, e);
	/* 416 asks for all of it. */
	if (b->call.from == 0 && b->part.have > 0 && done->response.status == 416 && start_over(b, e) < 0)
		return -1;
	put_off(b, wait_ms);
	show(b, OP_PART_RETRYING);
	return 0;
}

/* Begin what can be begun, the last of the list first. `ret_ms`: until the next is due. */
static int begin_due(struct oci_fetch *f, int *ret_ms, size_t *ret_left, struct err *e)
{
	int64_t now = clock_mono_ms(), next = now + TELL_MS;

	*ret_left = 0;
	for (size_t i = f->n; i-- > 0;) {
		struct blob *b = &f->blobs[i];

		if (b->state == BLOB_DUE && b->due_ms <= now && http_pool_count(f->pool) < OCI_FETCH_AT_ONCE && begin(b, e) < 0)
			return err_wrap(e, _("layer %.12s"), b->desc->hex);
		if (b->state == BLOB_DUE && (b->due_ms > now || http_pool_count(f->pool) < OCI_FETCH_AT_ONCE))
			next = MIN(next, b->due_ms);
		*ret_left += b->state != BLOB_READY;
	}
	*ret_ms = (int)MAX((int64_t)0, next - now);
	return 0;
}

static int fetch_all(struct oci_fetch *f, struct err *e)
{
	size_t left = 0;
	int ms = 0;

	while (begin_due(f, &ms, &left, e) == 0) {
		struct http_done done = {0};
		int rc;

		if (left == 0)
			return 0;
		if (http_pool_count(f->pool) == 0) {
			if (op_sleep(&f->op, ms, e) < 0)
				return -1;
			continue;
		}
		rc = http_pool_wait(&f->op, f->pool, ms, &done, e);
		if (rc > 0) {
			struct blob *b = done.tag;

			rc = take_answer(b, &done, e);
			http_response_done(&done.response);
			if (rc < 0)
				return err_wrap(e, _("layer %.12s"), b->desc->hex);
		}
		if (rc < 0)
			return -1;
	}
	return -1;
}

static void *run(void *arg)
{
	struct oci_fetch *f = arg;
	struct err e = {0};

	if (fetch_all(f, &e) == 0)
		err_clear(&e);
	/* What is half there takes room that somebody needs more. */
	for (size_t i = 0; i < f->n && e.code == ERR_SPACE; i++)
		blob_part_drop(&f->blobs[i].part);
	pthread_mutex_lock(&f->lock);
	f->failed = e;
	f->over = true;
	pthread_mutex_unlock(&f->lock);
	wake_ring(&f->bell);
	return NULL;
}

struct oci_fetch *oci_fetch_start(struct oci_registry *r, const struct blob_cache *cache, const struct oci_descriptor *blobs, size_t n,
				  struct err *e)
{
	struct oci_fetch *f = xcalloc(1, sizeof(*f));
	int rc;

	*f = (struct oci_fetch){.registry = r, .cache = cache, .n = n, .bell = {-1}};
	pthread_mutex_init(&f->lock, NULL);
	op_init(&f->op, -1);
	f->blobs = xcalloc(n + 1, sizeof(*f->blobs));
	for (size_t i = 0; i < n; i++) {
		f->blobs[i].desc = &blobs[i];
		f->blobs[i].fetch = f;
		f->blobs[i].fd = f->blobs[i].part.fd = -1;
	}
	/* The last of the list is begun first. */
	for (size_t i = n; i-- > 0;)
		for (size_t j = n; j-- > i + 1 && !f->blobs[i].same;)
			if (strcmp(blobs[i].hex, blobs[j].hex) == 0)
				f->blobs[i].same = &f->blobs[j];
	f->pool = http_pool_new(e);
	if (f->pool && wake_open(&f->bell, e) == 0) {
		rc = pthread_create(&f->thread, NULL, run, f);
		f->started = rc == 0;
		if (rc)
			err_sys(e, rc, _("start a thread"));
	}
	if (f->started)
		return f;
	oci_fetch_end(f);
	return NULL;
}

void oci_fetch_part(const struct oci_fetch *f, size_t i, struct op_part *ret)
{
	const struct blob *b = &f->blobs[i];

	assert(i < f->n);
	*ret = (struct op_part){
		.state = (enum op_part_state)atomic_load(&b->shown),
		.done = (int64_t)atomic_load(&b->have),
		.kept = (int64_t)atomic_load(&b->kept),
		.total = (int64_t)b->desc->size,
	};
	str_copy(ret->name, MIN(sizeof(ret->name), (size_t)PART_NAME + 1), b->desc->hex);
}

bool oci_fetch_is_whole(const struct oci_fetch *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (atomic_load(&f->blobs[i].shown) != OP_PART_THERE)
			return false;
	return true;
}

/* What is read through or waits for another process has no rate, and is not stalled either. */
void oci_fetch_tell(struct op *op, const struct oci_fetch *f)
{
	int64_t have = 0, kept = 0, total = 0;
	bool moves = false;

	for (size_t i = 0; i < f->n; i++) {
		struct op_part p;

		if (f->blobs[i].same)
			continue;
		oci_fetch_part(f, i, &p);
		have += p.done;
		kept += p.kept;
		total += p.total;
		moves |= p.state == OP_PART_MOVING || p.state == OP_PART_RETRYING;
	}
	op_kept(op, moves ? MIN(kept, have) : -1);
	op_progress(op, have, total);
}

/* 1 with its descriptor, 0 = not yet, -1. */
static int look(struct oci_fetch *f, size_t i, int *ret_fd, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&f->lock);
	if (f->blobs[i].fd >= 0) {
		*ret_fd = f->blobs[i].fd;
		f->blobs[i].fd = -1;
		rc = 1;
	} else if (err_is_set(&f->failed)) {
		rc = err_join(e, &f->failed);
	}
	assert(rc != 0 || !f->over);
	pthread_mutex_unlock(&f->lock);
	return rc;
}

int oci_fetch_wait(struct op *op, struct oci_fetch *f, size_t i, struct err *e)
{
	struct pollfd p = {.fd = f->bell.fd, .events = POLLIN};
	int fd = -1, rc;

	assert(i < f->n);
	for (;;) {
		wake_clear(&f->bell);
		rc = look(f, i, &fd, e);
		if (rc != 0)
			return rc < 0 ? -1 : fd;
		oci_fetch_tell(op, f);
		if (op_poll(op, &p, 1, TELL_MS, e) < 0)
			return -1;
	}
}

void oci_fetch_end(struct oci_fetch *f)
{
	if (!f)
		return;
	op_cancel(&f->op);
	if (f->started)
		pthread_join(f->thread, NULL);
	http_pool_free(f->pool);
	for (size_t i = 0; i < f->n; i++) {
		blob_part_abandon(&f->blobs[i].part);
		oci_call_done(&f->blobs[i].call);
		fd_close(&f->blobs[i].fd);
	}
	if (f->bell.fd >= 0)
		wake_close(&f->bell);
	pthread_mutex_destroy(&f->lock);
	op_done(&f->op);
	free(f->blobs);
	free(f);
}
