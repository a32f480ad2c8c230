/* SPDX-License-Identifier: MIT */
/*
 * QMP client: a line splitter with a limit, and a request that reads until its own answer comes.
 *
 * Answers are matched by id, so answers to posted commands and events may come in between; how many is bounded, or a
 * VMM gone wild would keep a worker busy until its deadline for nothing.
 */
#include "core/vmm/qmp.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SKIP_MAX 1000 /* foreign lines between a command and its answer */
#define CHUNK 16384
#define DRAIN_CHUNKS 16
#define POSTED_ID (-1)

void qmp_close(struct qmp *q)
{
	fd_close_auto(&q->fd);
	q->fd = -1;
	buf_done(&q->in);
	q->scanned = 0;
}

int qmp_take_line(struct qmp *q, struct json **ret, struct err *e)
{
	const char *start = buf_cstr(&q->in);
	const char *nl = memchr(start + q->scanned, '\n', q->in.len - q->scanned);

	if (!nl) {
		q->scanned = q->in.len;
		if (q->in.len > QMP_LINE_MAX)
			return err_set(e, ERR_PROTO, _("QMP: line longer than %d bytes"), QMP_LINE_MAX);
		return 0;
	}
	size_t n = (size_t)(nl - start);
	*ret = n <= QMP_LINE_MAX ? json_parse(start, n, "QMP", e)
				 : (err_set(e, ERR_PROTO, _("QMP: line longer than %d bytes"), QMP_LINE_MAX), NULL);
	buf_consume(&q->in, n + 1);
	q->scanned = 0;
	if (!*ret)
		return -1;
	if (json_is_object(*ret))
		return 1;
	json_free(TAKE_PTR(*ret));
	return err_set(e, ERR_PROTO, _("QMP: a line is not an object"));
}

/* 1 bytes came, 0 nothing there now, -1. */
static int receive(struct qmp *q, struct err *e)
{
	char *room = buf_reserve(&q->in, CHUNK);
	ssize_t n = recv(q->fd, room, CHUNK, MSG_DONTWAIT);

	if (n > 0) {
		q->in.len += (size_t)n;
		q->in.data[q->in.len] = '\0';
		return 1;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && errno != ECONNRESET)
		return err_sys(e, errno, "QMP");
	return err_set(e, ERR_NET, _("the VMM closed its control connection"));
}

static void deliver(struct qmp *q, const struct json *msg)
{
	const char *event = json_str(msg, "event");

	if (event && q->on_event)
		q->on_event(q->arg, event, json_get(msg, "data"));
}

static int next_message(struct op *op, struct qmp *q, struct json **ret, struct err *e)
{
	for (;;) {
		struct pollfd fd = {.fd = q->fd, .events = POLLIN};
		int rc = qmp_take_line(q, ret, e);
		if (rc)
			return rc < 0 ? -1 : 0;
		if (op_poll(op, &fd, 1, -1, e) < 0 || receive(q, e) < 0)
			return -1;
	}
}

static int send_text(struct op *op, struct qmp *q, const struct buf *text, struct err *e)
{
	size_t done = 0;

	while (done < text->len) {
		struct pollfd fd = {.fd = q->fd, .events = POLLOUT};
		ssize_t n = send(q->fd, text->data + done, text->len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EPIPE || errno == ECONNRESET)
			return err_set(e, ERR_NET, _("the VMM closed its control connection"));
		else if (errno != EAGAIN && errno != EINTR)
			return err_sys(e, errno, "QMP");
		else if (op_poll(op, &fd, 1, -1, e) < 0)
			return -1;
	}
	return 0;
}

static void format_command(struct buf *out, const char *name, const char *args, int64_t id)
{
	buf_addf(out, "{\"execute\":\"%s\",\"id\":%" PRId64, name, id);
	if (args)
		buf_addf(out, ",\"arguments\":%s", args);
	buf_adds(out, "}\n");
}

static int refused(const struct json *error, const char *name, struct err *e)
{
	const char *desc = json_str(error, "desc");

	return err_set(e, ERR_TOOL, _("the VMM refused '%s': %.300s"), name, desc ? desc : "?");
}

int qmp_command(struct op *op, struct qmp *q, const char *name, const char *args, struct json **ret, struct err *e)
{
	auto_buf text = {0};
	int64_t id = (int64_t)++q->next_id;

	format_command(&text, name, args, id);
	if (send_text(op, q, &text, e) < 0)
		return err_wrap(e, "%s", name);
	for (int i = 0; i < SKIP_MAX; i++) {
		struct json *msg;
		if (next_message(op, q, &msg, e) < 0)
			return err_wrap(e, "%s", name);
		/* An error without id answers a line QEMU could not parse: ours, as we send one at a time. */
		bool error = json_get(msg, "error") != NULL;
		bool ours = json_int(msg, "id", error ? id : -2) == id && (error || json_get(msg, "return"));
		if (!ours) {
			deliver(q, msg);
			json_free(msg);
			continue;
		}
		int rc = error ? refused(json_get(msg, "error"), name, e) : 0;
		if (ret && rc == 0)
			*ret = TAKE_PTR(msg);
		json_free(msg);
		return rc;
	}
	return err_set(e, ERR_PROTO, _("QMP: no answer to '%s' within %d messages"), name, SKIP_MAX);
}

int qmp_attach(struct op *op, int fd, struct qmp *ret, struct err *e)
{
	struct json *hello;

	*ret = (struct qmp){.fd = fd};
	if (next_message(op, ret, &hello, e) < 0)
		goto fail;
	bool ok = json_is_object(json_get(hello, "QMP"));
	json_free(hello);
	if (!ok) {
		err_set(e, ERR_PROTO, _("QMP: the first line is no greeting"));
		goto fail;
	}
	if (qmp_command(op, ret, "qmp_capabilities", NULL, NULL, e) < 0)
		goto fail;
	return 0;
fail:
	qmp_close(ret);
	return -1;
}

int qmp_open(struct op *op, const char *path, struct qmp *ret, struct err *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	*ret = (struct qmp){.fd = -1};
	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(e, ERR_USAGE, _("control socket path '%s' is too long"), path);
	str_copy(sa.sun_path, sizeof(sa.sun_path), path);
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, errno, "socket");
	/* EAGAIN: the backlog is full of other clients waiting their turn (unix(7)). */
	while (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		if (errno != EAGAIN)
			return err_set(e, ERR_NET, _("control socket '%s': %s"), path, err_strerror(errno));
		if (op_sleep(op, 20, e) < 0)
			return -1;
	}
	return qmp_attach(op, TAKE_FD(fd), ret, e);
}

int qmp_drain(struct qmp *q, struct err *e)
{
	/* A flood must not keep the caller's loop: the rest is there at its next turn. */
	for (int i = 0; i < DRAIN_CHUNKS; i++) {
		struct json *msg;
		int rc;
		int got = receive(q, e);
		if (got <= 0)
			return got;
		while ((rc = qmp_take_line(q, &msg, e)) > 0) {
			deliver(q, msg);
			json_free(msg);
		}
		if (rc < 0)
			return -1;
	}
	return 0;
}

int qmp_post(struct qmp *q, const char *name, struct err *e)
{
	auto_buf text = {0};

	format_command(&text, name, NULL, POSTED_ID);
	/* One short line into an empty socket buffer: when even that does not fit, the VMM has stopped reading. */
	if (send(q->fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)text.len)
		return err_set(e, ERR_NET, _("the VMM does not read its control connection"));
	return 0;
}
