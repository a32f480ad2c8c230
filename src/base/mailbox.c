/* SPDX-License-Identifier: MIT */
/*
 * The mailbox: a ring of fixed-size slots, each a key followed by the message, under one mutex.
 *
 * The eventfd is written when the ring stops being empty and read when it is empty again, both under the mutex, so it
 * is readable exactly while there is something to take.
 */
#include "base/mailbox.h"

#include "base/mem.h"
#include "base/wake.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#define MAILBOX_MIN_SLOTS 16

struct mailbox {
	pthread_mutex_t lock;
	struct wake bell;
	size_t msg_size;
	size_t slots; /* a power of two, or 0 */
	size_t head;  /* oldest */
	size_t len;
	uint64_t *keys;
	unsigned char *msgs;
	bool closed;
};

struct mailbox *mailbox_new(size_t msg_size)
{
	struct mailbox *m = xcalloc(1, sizeof(*m));

	assert(msg_size > 0);
	m->msg_size = msg_size;
	pthread_mutex_init(&m->lock, NULL);
	if (wake_open(&m->bell, NULL) < 0)
		abort(); /* out of descriptors at start-up: as op_init() */
	return m;
}

void mailbox_free(struct mailbox *m)
{
	if (!m)
		return;
	wake_close(&m->bell);
	pthread_mutex_destroy(&m->lock);
	free(m->keys);
	free(m->msgs);
	free(m);
}

static size_t slot_at(const struct mailbox *m, size_t i)
{
	assert(m->slots > 0 && (m->slots & (m->slots - 1)) == 0 && i <= m->len);
	return (m->head + i) & (m->slots - 1);
}

static void grow(struct mailbox *m)
{
	size_t slots = m->slots ? m->slots * 2 : MAILBOX_MIN_SLOTS;
	uint64_t *keys = xcalloc(slots, sizeof(*keys));
	unsigned char *msgs = xcalloc(slots, m->msg_size);

	for (size_t i = 0; i < m->len; i++) {
		keys[i] = m->keys[slot_at(m, i)];
		memcpy(msgs + i * m->msg_size, m->msgs + slot_at(m, i) * m->msg_size, m->msg_size);
	}
	free(m->keys);
	free(m->msgs);
	m->keys = keys;
	m->msgs = msgs;
	m->slots = slots;
	m->head = 0;
}

/* The slot to write: the one that holds the key, else a new one at the end. */
static size_t slot_for(struct mailbox *m, uint64_t key)
{
	for (size_t i = 0; key != 0 && i < m->len; i++)
		if (m->keys[slot_at(m, i)] == key)
			return slot_at(m, i);
	if (m->len == m->slots)
		grow(m);
	assert(m->len < m->slots);
	if (m->len++ == 0)
		wake_ring(&m->bell);
	size_t slot = slot_at(m, m->len - 1);
	m->keys[slot] = key;
	return slot;
}

bool mailbox_post(struct mailbox *m, uint64_t key, const void *msg)
{
	pthread_mutex_lock(&m->lock);
	bool open = !m->closed;
	if (open) {
		size_t slot = slot_for(m, key); /* may move m->msgs */
		memcpy(m->msgs + slot * m->msg_size, msg, m->msg_size);
	}
	pthread_mutex_unlock(&m->lock);
	return open;
}

bool mailbox_take(struct mailbox *m, void *ret)
{
	pthread_mutex_lock(&m->lock);
	bool any = m->len > 0;
	if (any) {
		memcpy(ret, m->msgs + m->head * m->msg_size, m->msg_size);
		m->head = slot_at(m, 1);
		if (--m->len == 0)
			wake_clear(&m->bell);
	}
	pthread_mutex_unlock(&m->lock);
	return any;
}

void mailbox_close(struct mailbox *m)
{
	pthread_mutex_lock(&m->lock);
	m->closed = true;
	pthread_mutex_unlock(&m->lock);
}

int mailbox_fd(const struct mailbox *m)
{
	return m->bell.fd;
}

size_t mailbox_len(struct mailbox *m)
{
	pthread_mutex_lock(&m->lock);
	size_t len = m->len;
	pthread_mutex_unlock(&m->lock);
	return len;
}
