/* SPDX-License-Identifier: MIT */
/*
 * slirp4netns(1), its command line and its API: one JSON object each way over a connection of its own.
 *
 * Of a namespace given by path it cannot make its sandbox (1.2.0 then does not enter the user namespace first), so it is shown a
 * process. It has no way to say why a port cannot be had: what it refuses, and this process may have, is taken for a port in use.
 */
#include "core/net/privnet_priv.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/utf8.h"
#include "core/net/slirp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PROBE_MS 5000
#define READY_MS 10000
#define HELP_MAX 65536
#define REPLY_MAX 4096
#define EXIT_FD 3
#define READY_FD 4
#define MTU "1500" /* the guest's, which it takes for granted */

int slirp4netns_probe(struct op *op, const char *program, struct slirp4netns *ret, struct err *e)
{
	const char *name = program && program[0] ? program : "slirp4netns";
	const char *const argv[] = {name, "--help", NULL};
	auto_buf help = {0};
	int64_t old = op_limit(op, PROBE_MS);
	int rc = spawn_run(op, &(struct spawn_run_args){.argv = argv, .max_output = HELP_MAX}, &help, e);

	op_restore(op, old);
	if (rc < 0 && e && e->code == ERR_MISSING) {
		err_clear(e);
		err_set(e, ERR_MISSING, _("slirp4netns is not installed"));
		return err_hint(e, "apt install slirp4netns  |  dnf install slirp4netns  |  pacman -S slirp4netns");
	}
	if (rc < 0)
		return -1;
	if (!strstr(buf_cstr(&help), "--disable-host-loopback") || !strstr(buf_cstr(&help), "--api-socket"))
		return err_set(e, ERR_TOOL, _("'%s' is too old: it cannot close the host's loopback (0.4.0 can)"), name);
	*ret = (struct slirp4netns){.program = name,
				    .sandbox = strstr(buf_cstr(&help), "--enable-sandbox") != NULL,
				    .seccomp = strstr(buf_cstr(&help), "--enable-seccomp") != NULL};
	return 0;
}

static int spawn(const struct slirp4netns *s, const struct slirp4netns_args *a, int ready, struct proc *ret, struct err *e)
{
	auto_free char *api = xasprintf("--api-socket=%s", a->api);
	auto_free char *pid = xasprintf("%d", (int)a->inside);
	const char *argv[16];
	int n = 0;
	const struct spawn_pass pass[] = {{a->exit_fd, EXIT_FD}, {ready, READY_FD}};

	argv[n++] = s->program;
	argv[n++] = "--exit-fd=3";
	argv[n++] = "--ready-fd=4";
	argv[n++] = "--mtu=" MTU;
	argv[n++] = "--disable-host-loopback";
	if (s->sandbox)
		argv[n++] = "--enable-sandbox";
	if (s->seccomp)
		argv[n++] = "--enable-seccomp";
	argv[n++] = api;
	argv[n++] = pid;
	argv[n++] = PRIVNET_UPLINK;
	argv[n] = NULL;
	return spawn_start(&(struct spawn_args){.argv = argv,
						.pass = pass,
						.n_pass = ARRAY_LEN(pass),
						.stdin_fd = -1,
						.stdout_fd = a->words_fd,
						.stderr_fd = a->words_fd,
						.new_session = true},
			   ret, e);
}

/* It writes a character to the descriptor when all is there, and closes it when it gives up. */
static int wait_ready(struct op *op, int ready, struct err *e)
{
	struct pollfd p = {.fd = ready, .events = POLLIN};
	char c;

	if (op_poll(op, &p, 1, -1, e) < 0)
		return -1;
	return read(ready, &c, 1) == 1 ? 0 : err_set(e, ERR_TOOL, _("slirp4netns gave up"));
}

int slirp4netns_start(struct op *op, const struct slirp4netns *s, const struct slirp4netns_args *a, struct proc *ret, struct err *e)
{
	int pair[2];

	if (fd_pipe(pair, e) < 0)
		return -1;
	auto_fd ready = pair[0];
	auto_fd theirs = pair[1];
	if (spawn(s, a, theirs, ret, e) < 0)
		return -1;
	fd_close(&theirs);
	int64_t old = op_limit(op, READY_MS);
	int rc = wait_ready(op, ready, e);
	op_restore(op, old);
	if (rc < 0) {
		proc_kill(op, ret);
		proc_done(ret);
	}
	return rc;
}

/* ---- API ---- */

static int dial(const char *path, int *ret, struct err *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(e, ERR_USAGE, _("'%s' is too long for a socket"), path);
	str_copy(sa.sun_path, sizeof(sa.sun_path), path);
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_sys(e, errno, _("connect to '%s'"), path);
	*ret = TAKE_FD(fd);
	return 0;
}

/* Up to the end of its answer. */
static int hear(struct op *op, int fd, struct buf *out, struct err *e)
{
	while (out->len < REPLY_MAX) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		char chunk[512];
		if (op_poll(op, &p, 1, -1, e) < 0)
			return -1;
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return err_sys(e, errno, "slirp4netns");
		if (n == 0)
			return 0;
		buf_add(out, chunk, (size_t)n);
	}
	return err_set(e, ERR_PROTO, _("the answer of slirp4netns has no end"));
}

static int ask(struct op *op, const char *api, const struct buf *question, struct json **ret, struct err *e)
{
	auto_fd fd = -1;
	auto_buf answer = {0};

	if (dial(api, &fd, e) < 0)
		return -1;
	/* It reads once: so it must come in one piece, and it is small enough to. */
	if (send(fd, question->data, question->len, MSG_NOSIGNAL) != (ssize_t)question->len || shutdown(fd, SHUT_WR) < 0)
		return err_sys(e, errno, "slirp4netns");
	if (hear(op, fd, &answer, e) < 0)
		return -1;
	*ret = json_parse(buf_cstr(&answer), answer.len, "slirp4netns", e);
	return *ret ? 0 : -1;
}

static void format_forward(const struct privnet_forward *f, struct buf *out)
{
	struct jw w = jw_init(out);

	jw_obj(&w, NULL);
	jw_str(&w, "execute", "add_hostfwd");
	jw_obj(&w, "arguments");
	jw_str(&w, "proto", "tcp");
	jw_str(&w, "host_addr", f->host_addr);
	jw_int(&w, "host_port", f->host_port);
	jw_str(&w, "guest_addr", SLIRP_GUEST);
	jw_int(&w, "guest_port", f->guest_port);
	jw_end(&w);
	jw_end(&w);
}

static int refused(const struct privnet_forward *f, const char *words, struct err *e)
{
	if (slirp_check_port(f->host_port, e) < 0)
		return -1;
	err_set(e, ERR_BUSY, _("port %u of %s cannot be had: %s"), f->host_port, f->host_addr, words);
	return err_hint(e, _("End the program that listens there, or choose another port."));
}

int slirp4netns_forward(struct op *op, const char *api, const struct privnet_forward *f, struct err *e)
{
	auto_buf question = {0};
	auto_buf words = {0};
	struct json *answer = NULL;
	int rc = 0;

	format_forward(f, &question);
	if (ask(op, api, &question, &answer, e) < 0)
		return err_wrap(e, _("let port %u lead to the guest"), f->host_port);
	if (json_is_object(json_get(answer, "error"))) {
		const char *why = json_str(json_get(answer, "error"), "desc");
		utf8_clean(&words, why ? why : "?", strlen(why ? why : "?"), false);
		rc = refused(f, buf_cstr(&words), e);
	}
	json_free(answer);
	return rc;
}
