/* SPDX-License-Identifier: MIT */
/*
 * vmm/qmp against a scripted peer on a socket pair: what it will say is in the socket before it is asked.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "core/vmm/qmp.h"

#include <sys/socket.h>
#include <sys/un.h>

#define HELLO "{\"QMP\":{\"version\":{},\"capabilities\":[]}}\r\n"
#define READY HELLO "{\"return\":{},\"id\":1}\r\n"

struct peer {
	struct op op;
	struct qmp q;
	int fd;
	char events[256];
};

static void peer_say(struct peer *p, const char *text)
{
	assert_int_equal(send(p->fd, text, strlen(text), MSG_DONTWAIT), strlen(text));
}

/* Attach to a peer that says `script`. */
static int attach(struct peer *p, const char *script, struct err *e)
{
	int fds[2];

	*p = (struct peer){.fd = -1};
	op_init(&p->op, 10000);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	p->fd = fds[1];
	peer_say(p, script);
	return qmp_attach(&p->op, fds[0], &p->q, e);
}

static void done(struct peer *p)
{
	qmp_close(&p->q);
	fd_close(&p->fd);
	op_done(&p->op);
}

static void assert_heard(struct peer *p, const char *want)
{
	char got[1024];
	ssize_t n = recv(p->fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	assert_true(n > 0);
	got[n] = '\0';
	assert_string_equal(got, want);
}

static void note_event(void *arg, const char *name, const struct json *data)
{
	struct peer *p = arg;
	const char *reason = json_str(data, "reason");
	size_t at = strlen(p->events);

	snprintf(p->events + at, sizeof(p->events) - at, "%s(%s)", name, reason ? reason : "");
}

static void negotiates_then_asks(void **state UNUSED)
{
	struct err e = {0};
	struct json *reply;
	struct peer p;

	assert_ok(attach(&p, READY, &e), &e);
	assert_heard(&p, "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
	peer_say(&p, "{\"return\":{\"status\":\"running\"},\"id\":2}\r\n");
	assert_ok(qmp_command(&p.op, &p.q, "query-status", "{\"a\":1}", &reply, &e), &e);
	assert_heard(&p, "{\"execute\":\"query-status\",\"id\":2,\"arguments\":{\"a\":1}}\n");
	assert_string_equal(json_str(json_get(reply, "return"), "status"), "running");
	json_free(reply);
	done(&p);
}

static void delivers_events_on_the_way(void **state UNUSED)
{
	struct err e = {0};
	struct peer p;

	assert_ok(attach(&p, READY, &e), &e);
	p.q.on_event = note_event;
	p.q.arg = &p;
	peer_say(&p, "{\"event\":\"STOP\"}\n{\"event\":\"SHUTDOWN\",\"data\":{\"reason\":\"guest-reset\"}}\n"
		     "{\"return\":{},\"id\":99}\n{\"return\":{},\"id\":2}\n{\"event\":\"RESUME\"}\n");
	assert_ok(qmp_command(&p.op, &p.q, "stop", NULL, NULL, &e), &e);
	assert_string_equal(p.events, "STOP()SHUTDOWN(guest-reset)");
	assert_ok(qmp_post(&p.q, "cont", &e), &e);
	/* What the last command read ahead is delivered with what comes. */
	peer_say(&p, "{\"return\":{},\"id\":-1}\n{\"event\":\"X\"}\n{\"event\":");
	assert_ok(qmp_drain(&p.q, &e), &e);
	assert_string_equal(p.events, "STOP()SHUTDOWN(guest-reset)RESUME()X()");
	fd_close(&p.fd);
	assert_err(qmp_drain(&p.q, &e), &e, ERR_NET);
	done(&p);
}

static void passes_on_a_refusal(void **state UNUSED)
{
	struct err e = {0};
	struct peer p;

	assert_ok(attach(&p, READY, &e), &e);
	peer_say(&p, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"No such thing\"},\"id\":2}\n");
	assert_int_equal(qmp_command(&p.op, &p.q, "device_del", NULL, NULL, &e), -1);
	assert_int_equal(e.code, ERR_TOOL);
	assert_non_null(strstr(e.msg, "No such thing"));
	done(&p);
}

static void refuses_a_strange_greeting(void **state UNUSED)
{
	struct err e = {0};
	struct peer p;

	assert_err(attach(&p, "HTTP/1.1 200 OK\r\n", &e), &e, ERR_PROTO);
	done(&p);
	assert_err(attach(&p, "[]\n", &e), &e, ERR_PROTO);
	done(&p);
	assert_err(attach(&p, "{\"return\":{}}\n", &e), &e, ERR_PROTO);
	done(&p);
}

static void refuses_a_line_without_end(void **state UNUSED)
{
	struct err e = {0};
	struct qmp q = {.fd = -1};
	struct json *msg;

	for (int i = 0; i < QMP_LINE_MAX; i++)
		buf_addc(&q.in, ' ');
	assert_int_equal(qmp_take_line(&q, &msg, &e), 0);
	buf_addc(&q.in, ' ');
	assert_err(qmp_take_line(&q, &msg, &e), &e, ERR_PROTO);
	buf_adds(&q.in, "{}\n");
	assert_err(qmp_take_line(&q, &msg, &e), &e, ERR_PROTO);
	qmp_close(&q);
}

static void gives_up_on_a_flood(void **state UNUSED)
{
	auto_buf flood = {0};
	struct err e = {0};
	struct peer p;

	assert_ok(attach(&p, READY, &e), &e);
	for (int i = 0; i < 1500; i++)
		buf_adds(&flood, "{\"event\":\"E\"}\n");
	peer_say(&p, flood.data);
	assert_err(qmp_command(&p.op, &p.q, "stop", NULL, NULL, &e), &e, ERR_PROTO);
	done(&p);
}

static void ends_with_the_op(void **state UNUSED)
{
	struct err e = {0};
	struct peer p;

	assert_ok(attach(&p, READY, &e), &e);
	op_cancel(&p.op);
	assert_err(qmp_command(&p.op, &p.q, "stop", NULL, NULL, &e), &e, ERR_CANCELED);
	done(&p);
}

static void says_when_nobody_listens(void **state)
{
	struct err e = {0};
	struct op op;
	struct qmp q;
	char longer[200];

	op_init(&op, 10000);
	assert_err(qmp_open(&op, tmpdir_path(state, "none"), &q, &e), &e, ERR_NET);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_err(qmp_open(&op, longer, &q, &e), &e, ERR_USAGE);
	op_done(&op);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(negotiates_then_asks),
		cmocka_unit_test(delivers_events_on_the_way),
		cmocka_unit_test(passes_on_a_refusal),
		cmocka_unit_test(refuses_a_strange_greeting),
		cmocka_unit_test(refuses_a_line_without_end),
		cmocka_unit_test(gives_up_on_a_flood),
		cmocka_unit_test(ends_with_the_op),
		cmocka_unit_test_setup_teardown(says_when_nobody_listens, tmpdir_setup, tmpdir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
