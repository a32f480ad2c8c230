/* SPDX-License-Identifier: MIT */
/*
 * The outside of a private network's making: see privnet.h, and privnet_priv.h for how the two ends talk.
 */
#include "core/net/privnet_priv.h"

#include "base/errjson.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define INSIDE_MS 10000
#define WORDS_MAX 4096

/* banger-netns at work. */
struct inside {
	struct proc proc;
	int sock;
};

/* It has nothing to lose: its namespaces are ours already, or nobody's. */
static void inside_done(struct inside *in)
{
	fd_close_auto(&in->sock);
	if (in->proc.pid > 0)
		proc_kill(NULL, &in->proc);
	proc_done(&in->proc);
}

/* ---- talking to it ---- */

static int take_fds(struct msghdr *h, int ret[PRIVNET_SENT_COUNT])
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = MIN((c->cmsg_len - CMSG_LEN(0)) / sizeof(int), (size_t)PRIVNET_SENT_COUNT);
		memcpy(ret, CMSG_DATA(c), n * sizeof(int));
		return (int)n;
	}
	return 0;
}

static int understand(const char *text, size_t n, struct err *e)
{
	struct json *o = json_parse(text, n, PRIVNET_PROGRAM, e);
	int rc = o ? 0 : -1;

	if (o && !json_bool(o, "ok", false))
		rc = errjson_take(o, e);
	json_free(o);
	return rc;
}

/* One reply. Descriptors that came along are the caller's, -1 where there were none. */
static int hear(struct op *op, struct inside *in, int ret[PRIVNET_SENT_COUNT], struct err *e)
{
	char text[PRIVNET_REPLY_MAX];
	union {
		char space[CMSG_SPACE(PRIVNET_SENT_COUNT * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
	struct msghdr h = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)};
	struct pollfd p = {.fd = in->sock, .events = POLLIN};

	for (int i = 0; i < PRIVNET_SENT_COUNT; i++)
		ret[i] = -1;
	if (op_poll(op, &p, 1, -1, e) < 0)
		return -1;
	ssize_t n = recvmsg(in->sock, &h, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return err_sys(e, errno, PRIVNET_PROGRAM);
	if (n == 0)
		return err_set(e, ERR_TOOL, _("%s ended without a word"), PRIVNET_PROGRAM);
	take_fds(&h, ret);
	if (understand(text, (size_t)n, e) == 0)
		return 0;
	for (int i = 0; i < PRIVNET_SENT_COUNT; i++)
		fd_close_auto(&ret[i]);
	return -1;
}

/* ---- starting it ---- */

static int start(struct inside *in, const char *const *argv, const struct privnet *joined, struct err *e)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "socketpair");
	in->sock = pair[0];
	auto_fd theirs = pair[1];
	const struct spawn_pass pass[] = {
		{theirs, PRIVNET_FD_CONTROL}, {joined->user, PRIVNET_FD_USER}, {joined->net, PRIVNET_FD_NET}};
	struct spawn_args a = {.argv = argv,
			       .pass = pass,
			       .n_pass = joined->user < 0 ? 1 : (int)ARRAY_LEN(pass),
			       .stdin_fd = -1,
			       .stdout_fd = -1,
			       .stderr_fd = -1};
	if (spawn_start(&a, &in->proc, e) == 0)
		return 0;
	return err_hint(e, _("It belongs beside banger-tui, or into its libexec directory."));
}

static int make(struct op *op, const struct privnet_args *a, struct inside *in, struct privnet *p, struct err *e)
{
	char egress[EGRESS_TEXT];
	const char *const argv[] = {a->program, PRIVNET_MAKE, a->mac, egress_format(a->egress, egress, sizeof(egress)), NULL};
	int fds[PRIVNET_SENT_COUNT];

	if (start(in, argv, p, e) < 0 || hear(op, in, fds, e) < 0)
		return -1;
	p->user = fds[PRIVNET_SENT_USER];
	p->net = fds[PRIVNET_SENT_NET];
	p->tap = fds[PRIVNET_SENT_TAP];
	return p->tap >= 0 ? 0 : err_set(e, ERR_PROTO, _("%s sent no descriptors"), PRIVNET_PROGRAM);
}

static int join(struct op *op, const struct privnet_args *a, struct inside *in, const struct privnet *p, struct err *e)
{
	const char *const argv[] = {a->program, PRIVNET_JOIN, NULL};
	int none[PRIVNET_SENT_COUNT];

	return start(in, argv, p, e) < 0 ? -1 : hear(op, in, none, e);
}

static int plug(struct op *op, struct inside *in, struct err *e)
{
	int none[PRIVNET_SENT_COUNT];

	if (send(in->sock, PRIVNET_PLUG, strlen(PRIVNET_PLUG), MSG_NOSIGNAL) < 0)
		return err_sys(e, errno, PRIVNET_PROGRAM);
	return hear(op, in, none, e);
}

/* ---- slirp4netns ---- */

static int open_pipes(struct privnet *p, struct err *e)
{
	int life[2];
	int words[2];

	if (fd_pipe(life, e) < 0)
		return -1;
	p->life_reader = life[0];
	p->life = life[1];
	if (fd_pipe(words, e) < 0)
		return -1;
	p->words = words[0];
	p->words_writer = words[1];
	return fd_set_nonblock(p->words, true, e);
}

/* When it gave up, its last line says why. */
static int explain(struct privnet *p, struct err *e)
{
	char text[WORDS_MAX];
	auto_buf line = {0};
	ssize_t n = e && e->code == ERR_TOOL ? read(p->words, text, sizeof(text)) : 0;

	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n <= 0)
		return -1;
	const char *nl = memrchr(text, '\n', (size_t)n);
	const char *from = nl ? nl + 1 : text;
	utf8_clean(&line, from, (size_t)(text + n - from), false);
	err_clear(e);
	return err_set(e, ERR_TOOL, "slirp4netns: %s", buf_cstr(&line));
}

static int connect_out(struct op *op, const struct privnet_args *a, const struct slirp4netns *s, struct inside *in,
		       struct privnet *p, struct err *e)
{
	struct slirp4netns_args args = {
		.api = a->api, .inside = in->proc.pid, .exit_fd = p->life_reader, .words_fd = p->words_writer};

	if (slirp4netns_start(op, s, &args, &p->slirp, e) < 0)
		return explain(p, e);
	if (plug(op, in, e) < 0)
		return -1;
	for (int i = 0; i < a->n_forwards; i++)
		if (slirp4netns_forward(op, a->api, &a->forwards[i], e) < 0)
			return -1;
	return 0;
}

static void disconnect(struct privnet *p)
{
	if (p->slirp.pid > 0)
		proc_kill(NULL, &p->slirp);
	proc_done(&p->slirp);
	p->slirp = (struct proc){.pidfd = -1};
}

int privnet_up(struct op *op, const struct privnet_args *a, struct privnet *ret, struct err *e)
{
	auto_call(inside_done) struct inside in = {.proc.pidfd = -1, .sock = -1};
	struct slirp4netns s;
	int64_t old = op_limit(op, INSIDE_MS);

	assert(ret->user < 0 && ret->slirp.pidfd < 0 && a->n_forwards <= PRIVNET_FORWARDS_MAX);
	int rc = slirp4netns_probe(op, a->slirp, &s, e);
	if (rc == 0)
		rc = make(op, a, &in, ret, e);
	if (rc == 0)
		rc = open_pipes(ret, e);
	if (rc == 0)
		rc = connect_out(op, a, &s, &in, ret, e);
	op_restore(op, old);
	if (rc < 0)
		privnet_down(ret);
	return rc < 0 ? err_wrap(e, _("private network")) : 0;
}

int privnet_reconnect(struct op *op, const struct privnet_args *a, struct privnet *p, struct err *e)
{
	auto_call(inside_done) struct inside in = {.proc.pidfd = -1, .sock = -1};
	struct slirp4netns s;
	int64_t old = op_limit(op, INSIDE_MS);

	disconnect(p);
	int rc = slirp4netns_probe(op, a->slirp, &s, e);
	if (rc == 0)
		rc = join(op, a, &in, p, e);
	if (rc == 0)
		rc = connect_out(op, a, &s, &in, p, e);
	op_restore(op, old);
	if (rc < 0)
		disconnect(p);
	return rc < 0 ? err_wrap(e, _("private network")) : 0;
}

void privnet_down(struct privnet *p)
{
	int *const fds[] = {&p->user, &p->net, &p->tap, &p->life, &p->life_reader, &p->words, &p->words_writer};

	disconnect(p);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fd_close_auto(fds[i]);
}
