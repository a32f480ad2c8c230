/* SPDX-License-Identifier: MIT */
/*
 * The netio thread against sshd and a scripted `banger-guest stat`: lines arrive, losses are told once and mended,
 * hostile output ends the session, several VMs do not wait for each other.
 */
#include "base/id.h"
#include "base/mem.h"
#include "core/guest/netio.h"
#include "tests/lib/sshd.h"
#include "tests/lib/test.h"
#include "wire/stat.h"

#include <pthread.h>
#include <time.h>

#define WAIT_S 60
#define VMS 6

struct seen {
	int stats, connected, lost;
	char boot[WIRE_BOOT_ID_MAX + 1];
	enum err_code why;
};

struct fixture {
	struct sshd_fixture base;
	struct netio *netio;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct seen vm[VMS]; /* by the digit the id ends with */
};

static struct seen *seen_of(struct fixture *f, const char *id)
{
	return &f->vm[id[strlen(id) - 1] - '0'];
}

static void on_stat(void *arg, const char *id, const struct wire_stat *st)
{
	struct fixture *f = arg;

	pthread_mutex_lock(&f->lock);
	seen_of(f, id)->stats++;
	str_copy(seen_of(f, id)->boot, sizeof(f->vm[0].boot), st->boot_id);
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static void on_state(void *arg, const char *id, enum netio_state state, const struct err *why)
{
	struct fixture *f = arg;

	pthread_mutex_lock(&f->lock);
	if (state == NETIO_CONNECTED) {
		seen_of(f, id)->connected++;
	} else {
		seen_of(f, id)->lost++;
		seen_of(f, id)->why = why->code;
	}
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

/* Wait until a counter of VM i has reached `want`. */
static void await(struct fixture *f, const int *counter, int want)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&f->lock);
	while (*counter < want && rc == 0)
		rc = pthread_cond_timedwait(&f->changed, &f->lock, &until);
	pthread_mutex_unlock(&f->lock);
	assert_int_equal(rc, 0);
}

static enum err_code why_of(struct fixture *f, int i)
{
	enum err_code code;

	pthread_mutex_lock(&f->lock);
	code = f->vm[i].why;
	pthread_mutex_unlock(&f->lock);
	return code;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct netio_handler h = {.on_stat = on_stat, .on_state = on_state, .arg = f};
	struct err e = {0};

	*state = f;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	if (sshd_setup(&f->base, NULL) < 0)
		return -1;
	f->netio = netio_start(&h, &e);
	return f->netio ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	netio_stop(f->netio);
	sshd_teardown(&f->base);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f);
	return 0;
}

/* A guest whose stat prints `lines` as a shell's printf format, then lives on as long as the connection. */
static void script_stat(struct fixture *f, const char *lines)
{
	auto_free char *text = xasprintf("#!/bin/sh\ntest \"$1\" = stat || exit 2\n%s\nexec cat >/dev/null\n", lines);

	sshd_script(f->base.sshd, "banger-guest", text);
}

static void script_good(struct fixture *f)
{
	struct wire_stat st = {.boot_id = "boot-1", .uptime_ms = 5, .clock_ms = 6, .cpus = 1, .mem_total_kib = 100};
	char line[WIRE_STAT_LINE_MAX];
	auto_free char *text = NULL;

	assert_true(wire_stat_format(&st, line, sizeof(line)) > 0);
	text = xasprintf("printf '%%s' '%s'\nprintf '%%s' '%s'\n", line, line);
	script_stat(f, text);
}

static void watch(struct fixture *f, const char *id)
{
	struct ssh_args a = sshd_args(f->base.sshd);

	netio_watch(f->netio, id, &a);
}

static void test_stats_arrive(void **state)
{
	struct fixture *f = sshd_need(state);

	script_good(f);
	watch(f, "aaaaaaaaaaa0");
	await(f, &f->vm[0].stats, 2);
	await(f, &f->vm[0].connected, 1);
	pthread_mutex_lock(&f->lock);
	assert_string_equal(f->vm[0].boot, "boot-1");
	assert_int_equal(f->vm[0].lost, 0);
	pthread_mutex_unlock(&f->lock);
}

static void test_reconnects(void **state)
{
	struct fixture *f = sshd_need(state);

	script_good(f);
	watch(f, "aaaaaaaaaaa0");
	await(f, &f->vm[0].stats, 2);
	sshd_cut(f->base.sshd);
	await(f, &f->vm[0].lost, 1);
	assert_int_equal(why_of(f, 0), ERR_NET);
	await(f, &f->vm[0].connected, 2);
	await(f, &f->vm[0].stats, 4);
}

static void test_loss_is_told_once(void **state)
{
	struct fixture *f = sshd_need(state);
	int from;

	sshd_answer(f->base.sshd, false);
	script_good(f);
	watch(f, "aaaaaaaaaaa0");
	await(f, &f->vm[0].lost, 1);
	from = sshd_accepted(f->base.sshd);
	while (sshd_accepted(f->base.sshd) < from + 1)
		sched_yield();
	sshd_answer(f->base.sshd, true);
	await(f, &f->vm[0].stats, 2);
	pthread_mutex_lock(&f->lock);
	assert_int_equal(f->vm[0].lost, 1);
	pthread_mutex_unlock(&f->lock);
}

static void test_hostile_lines(void **state)
{
	static const char *const lines[] = {
		"head -c 100000 /dev/zero",
		"yes x | head -c 3000 | tr -d '\\n'",
		"printf 'banger-stat v=1 nonsense\\n'",
		"printf '\\033[2J\\n'",
		"exit 0",
	};
	struct fixture *f = sshd_need(state);

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		char id[] = "bbbbbbbbbbb0";

		id[11] = (char)('0' + i);
		script_stat(f, lines[i]);
		watch(f, id);
		await(f, &f->vm[i].lost, 1);
		netio_unwatch(f->netio, id);
		assert_int_equal(why_of(f, (int)i), i == ARRAY_LEN(lines) - 1 ? ERR_NET : ERR_PROTO);
		assert_int_equal(f->vm[i].stats, 0);
	}
}

static void test_wrong_key_is_lost(void **state)
{
	struct fixture *f = sshd_need(state);
	struct ssh_args a = sshd_args(f->base.sshd);

	a.host_key.raw[0] ^= 1;
	netio_watch(f->netio, "ccccccccccc1", &a);
	await(f, &f->vm[1].lost, 1);
	assert_int_equal(why_of(f, 1), ERR_AUTH);
}

/* One VM refuses, the others go on; watching anew replaces. */
static void test_many(void **state)
{
	struct fixture *f = sshd_need(state);
	struct ssh_args refused = sshd_args(f->base.sshd);

	refused.port = 1;
	script_good(f);
	netio_watch(f->netio, "ddddddddddd0", &refused);
	for (int i = 1; i < VMS; i++) {
		char id[] = "ddddddddddd0";

		id[11] = (char)('0' + i);
		watch(f, id);
	}
	for (int i = 1; i < VMS; i++)
		await(f, &f->vm[i].stats, 2);
	await(f, &f->vm[0].lost, 1);
	watch(f, "ddddddddddd0");
	await(f, &f->vm[0].stats, 2);
	netio_unwatch(f->netio, "ddddddddddd3");
	netio_unwatch(f->netio, "never-watched");
}

static void test_stop_at_once(void **state)
{
	struct fixture *f = *state;
	struct netio_handler h = {.on_stat = on_stat, .arg = f};
	struct ssh_args a = {.port = 1};
	struct err e = {0};
	struct netio *n = netio_start(&h, &e);

	assert_non_null(n);
	for (int i = 0; i < 200; i++) {
		char id[ID_SIZE];

		snprintf(id, sizeof(id), "%012d", i);
		netio_watch(n, id, &a);
		if (i % 3 == 0)
			netio_unwatch(n, id);
	}
	netio_stop(n);
	netio_stop(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_stats_arrive),	   T(test_reconnects), T(test_loss_is_told_once), T(test_hostile_lines),
		T(test_wrong_key_is_lost), T(test_many),       T(test_stop_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
