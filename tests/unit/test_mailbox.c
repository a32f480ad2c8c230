/* SPDX-License-Identifier: MIT */
/*
 * base/mailbox and base/wake: order, coalescing in place, and a descriptor that tells the truth.
 */
#include "tests/lib/test.h"

#include "base/attrs.h"
#include "base/mailbox.h"
#include "base/wake.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

struct msg {
	int from;
	int n;
	char text[40];
};

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void post(struct mailbox *m, uint64_t key, int n)
{
	struct msg msg = {.n = n};

	snprintf(msg.text, sizeof(msg.text), "%d", n);
	assert_true(mailbox_post(m, key, &msg));
}

static void expect(struct mailbox *m, int n)
{
	struct msg msg = {0};
	char text[40];

	assert_true(mailbox_take(m, &msg));
	assert_int_equal(msg.n, n);
	snprintf(text, sizeof(text), "%d", n);
	assert_string_equal(msg.text, text);
}

static void keeps_order_and_tells_when_it_is_empty(void **state UNUSED)
{
	struct mailbox *m = mailbox_new(sizeof(struct msg));
	struct msg msg;

	assert_false(readable(mailbox_fd(m)));
	assert_false(mailbox_take(m, &msg));
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++)
			post(m, 0, i);
		assert_int_equal(mailbox_len(m), 100);
		for (int i = 0; i < 100; i++) {
			assert_true(readable(mailbox_fd(m)));
			expect(m, i);
		}
		assert_false(readable(mailbox_fd(m)));
	}
	mailbox_free(m);
}

static void newest_of_a_key_takes_the_oldest_place(void **state UNUSED)
{
	struct mailbox *m = mailbox_new(sizeof(struct msg));

	post(m, 7, 1);
	post(m, 0, 2);
	post(m, 8, 3);
	post(m, 7, 4);
	post(m, 0, 5);
	post(m, 8, 6);
	assert_int_equal(mailbox_len(m), 4);
	expect(m, 4);
	post(m, 7, 7);
	expect(m, 2);
	expect(m, 6);
	expect(m, 5);
	expect(m, 7);
	assert_false(readable(mailbox_fd(m)));
	mailbox_free(m);
}

static void growth_keeps_a_wrapped_ring_in_order(void **state UNUSED)
{
	struct mailbox *m = mailbox_new(sizeof(struct msg));
	int in = 0;
	int out = 0;

	for (int i = 0; i < 10; i++)
		post(m, 0, in++);
	for (int i = 0; i < 8; i++)
		expect(m, out++);
	while (in < 60)
		post(m, (uint64_t)in % 2 ? 0 : 1000 + (uint64_t)in, in), in++;
	post(m, 1050, 50);
	while (out < in)
		expect(m, out++);
	mailbox_free(m);
}

static void closed_refuses_but_gives_what_is_in(void **state UNUSED)
{
	struct mailbox *m = mailbox_new(sizeof(struct msg));
	struct msg msg = {0};

	post(m, 0, 1);
	mailbox_close(m);
	assert_false(mailbox_post(m, 0, &msg));
	expect(m, 1);
	assert_false(mailbox_take(m, &msg));
	mailbox_free(m);
	mailbox_free(NULL);
}

#define WRITERS 4
#define MESSAGES 2000

struct writer {
	struct mailbox *m;
	int number;
	bool keyed;
};

static void *write_all(void *arg)
{
	const struct writer *w = arg;

	for (int i = 1; i <= MESSAGES; i++) {
		struct msg msg = {.from = w->number, .n = i};
		mailbox_post(w->m, w->keyed ? (uint64_t)w->number + 1 : 0, &msg);
	}
	return NULL;
}

/* Writers of a key may lose messages but never the last one; the others lose none; both keep their order. */
static void many_writers_one_reader(void **state UNUSED)
{
	struct mailbox *m = mailbox_new(sizeof(struct msg));
	pthread_t threads[WRITERS];
	struct writer writers[WRITERS];
	int last[WRITERS] = {0};
	int count[WRITERS] = {0};
	int finished = 0;

	for (int i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){.m = m, .number = i, .keyed = i % 2};
		assert_int_equal(pthread_create(&threads[i], NULL, write_all, &writers[i]), 0);
	}
	while (finished < WRITERS) {
		struct pollfd p = {.fd = mailbox_fd(m), .events = POLLIN};
		struct msg msg;
		assert_int_equal(poll(&p, 1, 30000), 1);
		while (mailbox_take(m, &msg)) {
			assert_true(msg.n > last[msg.from]);
			last[msg.from] = msg.n;
			count[msg.from]++;
			finished += msg.n == MESSAGES;
		}
	}
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], NULL);
		if (!writers[i].keyed)
			assert_int_equal(count[i], MESSAGES);
	}
	mailbox_free(m);
}

static void a_bell_counts_once(void **state UNUSED)
{
	struct err e = {0};
	struct wake w;

	assert_ok(wake_open(&w, &e), &e);
	assert_false(wake_clear(&w));
	wake_ring(&w);
	wake_ring(&w);
	assert_true(readable(w.fd));
	assert_true(wake_clear(&w));
	assert_false(readable(w.fd));
	wake_close(&w);
	assert_int_equal(w.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order_and_tells_when_it_is_empty),
		cmocka_unit_test(newest_of_a_key_takes_the_oldest_place),
		cmocka_unit_test(growth_keeps_a_wrapped_ring_in_order),
		cmocka_unit_test(closed_refuses_but_gives_what_is_in),
		cmocka_unit_test(many_writers_one_reader),
		cmocka_unit_test(a_bell_counts_once),
	};

	return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
