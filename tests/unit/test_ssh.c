/* SPDX-License-Identifier: MIT */
/*
 * Sessions and channels against a real sshd: who is let in, what a dead peer looks like, pty and size, the step driver.
 */
#include "base/clock.h"
#include "core/guest/exec.h"
#include "tests/lib/sshd.h"
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>

struct fixture {
	struct sshd_fixture base;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return sshd_setup(&f->base, NULL);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sshd_teardown(&f->base);
	free(f);
	return 0;
}

static void test_login(void **state)
{
	struct fixture *f = sshd_need(state);
	struct ssh_args a = sshd_args(f->base.sshd);
	auto_ssh s = NULL;
	struct err e = {0};

	assert_ok(ssh_connect(&f->base.op, &a, &s, &e), &e);
	assert_int_equal(ssh_step(s, &e), SSH_DONE);
	assert_int_equal(ssh_left_ms(s), -1);
	assert_true(ssh_fd(s) >= 0);
	assert_null(ssh_chan_first(s));
}

static void test_wrong_host_key(void **state)
{
	struct fixture *f = sshd_need(state);
	struct ssh_args a = sshd_args(f->base.sshd);
	struct ssh *s = NULL;
	struct err e = {0};

	a.host_key.raw[0] ^= 1;
	assert_int_equal(ssh_connect(&f->base.op, &a, &s, &e), -1);
	assert_int_equal(e.code, ERR_AUTH);
	assert_non_null(strstr(e.msg, "host key"));
	assert_non_null(strstr(e.msg, "SHA256:"));
	assert_null(s);
}

static void test_wrong_login_key(void **state)
{
	struct fixture *f = sshd_need(state);
	struct ssh_args a = sshd_args(f->base.sshd);
	struct ssh *s = NULL;
	struct err e = {0};

	assert_ok(keys_make(&a.key, &e), &e);
	assert_err(ssh_connect(&f->base.op, &a, &s, &e), &e, ERR_AUTH);
}

static void test_refused(void **state)
{
	struct fixture *f = sshd_need(state);
	struct ssh_args a = sshd_args(f->base.sshd);
	struct ssh *s = NULL;
	struct err e = {0};

	a.user = NULL;
	sshd_stop(f->base.sshd);
	f->base.sshd = NULL;
	assert_err(ssh_connect(&f->base.op, &a, &s, &e), &e, ERR_NET);
}

static void test_closed_before_banner(void **state)
{
	struct fixture *f = sshd_need(state);
	struct ssh_args a = sshd_args(f->base.sshd);
	struct ssh *s = NULL;
	struct err e = {0};

	sshd_answer(f->base.sshd, false);
	assert_err(ssh_connect(&f->base.op, &a, &s, &e), &e, ERR_NET);
}

static void test_not_an_address(void **state)
{
	struct fixture *f = *state;
	struct ssh_args a = {.host = "example.org", .port = 22};
	struct ssh *s = NULL;
	struct err e = {0};

	assert_err(ssh_connect(&f->base.op, &a, &s, &e), &e, ERR_USAGE);
}

/* A listener that accepts (the kernel does) and never says anything. */
static int silent_listener(int *ret_port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	*ret_port = ntohs(in.sin_port);
	return fd;
}

static void test_silent_server_times_out(void **state)
{
	struct fixture *f = *state;
	struct ssh_args a = {.login_timeout_ms = 50};
	struct ssh *s = NULL;
	struct err e = {0};
	struct op op;
	int fd = silent_listener(&a.port);

	assert_err(ssh_connect(&f->base.op, &a, &s, &e), &e, ERR_TIMEOUT);
	a.login_timeout_ms = 0;
	op_init(&op, 20);
	assert_err(ssh_connect(&op, &a, &s, &e), &e, ERR_TIMEOUT);
	op_cancel(&op);
	assert_err(ssh_connect(&op, &a, &s, &e), &e, ERR_CANCELED);
	op_done(&op);
	close(fd);
}

static void test_garbage_server(void **state)
{
	struct fixture *f = *state;
	struct ssh_args a = {0};
	struct ssh *s = ssh_new(&a);
	struct err e = {0};
	int fd, conn;
	char junk[4096];
	enum ssh_io io;

	ssh_free(s);
	fd = silent_listener(&a.port);
	s = ssh_new(&a);
	assert_int_equal(ssh_fd(s), -1);
	io = ssh_step(s, &e);
	assert_true(io == SSH_WANT_READ || io == SSH_WANT_WRITE);
	conn = accept(fd, NULL, NULL);
	memset(junk, 'x', sizeof(junk));
	junk[100] = '\n';
	assert_int_equal(send(conn, junk, sizeof(junk), MSG_NOSIGNAL), sizeof(junk));
	while (io != SSH_FAILED) {
		struct pollfd p = {.fd = ssh_fd(s), .events = ssh_events(s)};

		(void)send(conn, junk, sizeof(junk), MSG_NOSIGNAL | MSG_DONTWAIT);
		assert_true(op_poll(&f->base.op, &p, 1, -1, &e) > 0);
		io = ssh_step(s, &e);
	}
	assert_int_equal(e.code, ERR_PROTO);
	err_clear(&e);
	assert_int_equal(ssh_step(s, &e), SSH_FAILED);
	assert_int_equal(e.code, ERR_NET);
	ssh_free(s);
	close(conn);
	close(fd);
}

static struct ssh *login(struct fixture *f)
{
	struct ssh_args a = sshd_args(f->base.sshd);
	struct ssh *s = NULL;
	struct err e = {0};

	assert_ok(ssh_connect(&f->base.op, &a, &s, &e), &e);
	return s;
}

static void wait_turn(struct fixture *f, struct ssh_chan *c)
{
	struct ssh *s = ssh_chan_ssh(c);
	struct pollfd p = {.fd = ssh_fd(s), .events = ssh_events(s)};
	struct err e = {0};

	if (ssh_chan_pending(c))
		return;
	if (op_poll(&f->base.op, &p, 1, -1, &e) < 0)
		fail_msg("%s", e.msg);
}

/* Read until `want` is seen in what came. */
static void expect(struct fixture *f, struct ssh_chan *c, struct buf *seen, const char *want)
{
	struct err e = {0};
	char chunk[1024];
	size_t n;

	while (!strstr(buf_cstr(seen), want)) {
		enum ssh_io io = ssh_chan_read(c, SSH_OUT, chunk, sizeof(chunk), &n, &e);

		if (io == SSH_FAILED)
			fail_msg("%s (seen: %s)", e.msg, buf_cstr(seen));
		if (io == SSH_DONE && n == 0)
			fail_msg("ended before '%s'; seen: %s", want, buf_cstr(seen));
		buf_add(seen, chunk, n);
		if (io != SSH_DONE)
			wait_turn(f, c);
	}
}

static void type(struct fixture *f, struct ssh_chan *c, const char *text)
{
	struct err e = {0};
	size_t n = 0, at = 0;

	while (at < strlen(text)) {
		enum ssh_io io = ssh_chan_write(c, text + at, strlen(text) - at, &n, &e);

		assert_int_not_equal(io, SSH_FAILED);
		if (io == SSH_DONE)
			at += n;
		else
			wait_turn(f, c);
	}
}

static void test_pty_resize(void **state)
{
	struct fixture *f = sshd_need(state);
	auto_ssh s = login(f);
	struct ssh_chan_args a = {.pty = true, .term = "banger-term", .cols = 91, .rows = 27, .command = "exec sh"};
	struct ssh_chan *c;
	auto_buf seen = {0};
	struct err e = {0};

	assert_ok(ssh_open(&f->base.op, s, &a, &c, &e), &e);
	assert_ptr_equal(ssh_chan_first(s), c);
	type(f, c, "stty -echo; echo term=$TERM; stty size; echo first-done\n");
	expect(f, c, &seen, "\r\nfirst-done");
	assert_non_null(strstr(buf_cstr(&seen), "term=banger-term"));
	assert_non_null(strstr(buf_cstr(&seen), "27 91"));
	buf_reset(&seen);
	ssh_chan_resize(c, 140, 50);
	ssh_chan_resize(c, 141, 51);
	assert_int_equal(ssh_chan_flush(c, &e), SSH_DONE);
	type(f, c, "stty size; echo second-done\n");
	expect(f, c, &seen, "second-done");
	assert_non_null(strstr(buf_cstr(&seen), "51 141"));
	ssh_chan_free(c);
	assert_null(ssh_chan_first(s));
}

static void test_two_channels(void **state)
{
	struct fixture *f = sshd_need(state);
	auto_ssh s = login(f);
	struct ssh_chan_args a = {.command = "cat"};
	struct ssh_chan *one, *two;
	auto_buf seen1 = {0}, seen2 = {0};
	struct err e = {0};

	assert_ok(ssh_open(&f->base.op, s, &a, &one, &e), &e);
	assert_ok(ssh_open(&f->base.op, s, &a, &two, &e), &e);
	type(f, one, "to-one");
	type(f, two, "to-two");
	expect(f, two, &seen2, "to-two");
	expect(f, one, &seen1, "to-one");
	assert_string_equal(buf_cstr(&seen1), "to-one");
	ssh_chan_free(one);
	type(f, two, " again");
	expect(f, two, &seen2, "to-two again");
}

static int finish(struct fixture *f, struct ssh_chan *c, struct ssh_exit *ret)
{
	struct err e = {0};
	enum ssh_io io;

	while ((io = ssh_chan_finish(c, ret, &e)) != SSH_DONE) {
		if (io == SSH_FAILED)
			fail_msg("%s", e.msg);
		wait_turn(f, c);
	}
	return ret->status;
}

static void drain(struct fixture *f, struct ssh_chan *c, enum ssh_stream st)
{
	struct err e = {0};
	char chunk[256];
	size_t n = 1;

	while (n) {
		enum ssh_io io = ssh_chan_read(c, st, chunk, sizeof(chunk), &n, &e);

		assert_int_not_equal(io, SSH_FAILED);
		if (io != SSH_DONE) {
			n = 1;
			wait_turn(f, c);
		}
	}
}

static struct ssh_exit exit_of(struct fixture *f, struct ssh *s, const char *command)
{
	struct ssh_chan_args a = {.command = command};
	struct ssh_exit ex = {0};
	struct ssh_chan *c;
	struct err e = {0};

	assert_ok(ssh_open(&f->base.op, s, &a, &c, &e), &e);
	drain(f, c, SSH_OUT);
	drain(f, c, SSH_ERR);
	finish(f, c, &ex);
	ssh_chan_free(c);
	return ex;
}

static void test_exit_status(void **state)
{
	struct fixture *f = sshd_need(state);
	auto_ssh s = login(f);
	struct ssh_exit ex;

	assert_int_equal(exit_of(f, s, "true").status, 0);
	assert_int_equal(exit_of(f, s, "exit 42").status, 42);
	assert_int_equal(exit_of(f, s, "exit 255").status, 255);
	ex = exit_of(f, s, "kill -KILL $$");
	assert_int_equal(ex.signo, SIGKILL);
	assert_int_equal(ex.status, 128 + SIGKILL);
	ex = exit_of(f, s, "kill -TERM $$");
	assert_int_equal(ex.status, 128 + SIGTERM);
	/* A shell that reports its child's death exits itself: no signal, the same number. */
	ex = exit_of(f, s, "sh -c 'kill -INT $$'; exit $?");
	assert_int_equal(ex.signo, 0);
	assert_int_equal(ex.status, 128 + SIGINT);
}

static void test_cut_is_a_net_error(void **state)
{
	struct fixture *f = sshd_need(state);
	auto_ssh s = login(f);
	struct ssh_chan_args a = {.command = "cat"};
	struct ssh_chan *c;
	struct err e = {0};
	char chunk[16];
	size_t n;
	enum ssh_io io;

	assert_ok(ssh_open(&f->base.op, s, &a, &c, &e), &e);
	sshd_cut(f->base.sshd);
	while ((io = ssh_chan_read(c, SSH_OUT, chunk, sizeof(chunk), &n, &e)) != SSH_FAILED) {
		assert_int_not_equal(io, SSH_DONE);
		wait_turn(f, c);
	}
	assert_int_equal(e.code, ERR_NET);
	err_clear(&e);
	assert_int_equal(ssh_chan_flush(c, &e), SSH_FAILED);
	assert_int_equal(e.code, ERR_NET);
	err_clear(&e);
	assert_int_equal(ssh_keepalive(s, 0, &e), SSH_FAILED);
}

static void test_keepalive(void **state)
{
	struct fixture *f = sshd_need(state);
	auto_ssh s = login(f);
	struct err e = {0};
	int64_t asked_at = clock_mono_ms();

	assert_int_equal(ssh_keepalive(s, 3600 * 1000, &e), SSH_DONE);
	assert_int_equal(ssh_keepalive(s, 0, &e), SSH_DONE);
	/* The answer comes without anybody asking for a channel: it is heard by the next call that reads. */
	struct pollfd p = {.fd = ssh_fd(s), .events = POLLIN};
	assert_int_equal(op_poll(&f->base.op, &p, 1, -1, &e), 1);
	assert_int_equal(exit_of(f, s, "true").status, 0);
	assert_true(ssh_idle_ms(s) <= clock_mono_ms() - asked_at);
}

static void test_free_with_a_live_channel(void **state)
{
	struct fixture *f = sshd_need(state);
	struct ssh *s = login(f);
	struct ssh_chan_args a = {.command = "yes"};
	struct ssh_chan *c;
	struct err e = {0};
	char chunk[4096];
	size_t n;

	assert_ok(ssh_open(&f->base.op, s, &a, &c, &e), &e);
	while (ssh_chan_read(c, SSH_OUT, chunk, sizeof(chunk), &n, &e) != SSH_DONE)
		wait_turn(f, c);
	ssh_chan_free(c);
	assert_int_equal(exit_of(f, s, "exit 3").status, 3);
	ssh_free(s);
}

static void test_signal_names(void **state)
{
	(void)state;
	assert_int_equal(ssh_signal_number("KILL"), 9);
	assert_int_equal(ssh_signal_number("SEGV"), 11);
	assert_int_equal(ssh_signal_number("SIG@openssh.com"), 0);
	assert_int_equal(ssh_signal_number(""), 0);
	ssh_free(NULL);
	ssh_chan_free(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_login),
		T(test_wrong_host_key),
		T(test_wrong_login_key),
		T(test_refused),
		T(test_closed_before_banner),
		T(test_not_an_address),
		T(test_silent_server_times_out),
		T(test_garbage_server),
		T(test_pty_resize),
		T(test_two_channels),
		T(test_exit_status),
		T(test_cut_is_a_net_error),
		T(test_keepalive),
		T(test_free_with_a_live_channel),
		T(test_signal_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
