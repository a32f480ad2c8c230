/* SPDX-License-Identifier: MIT */
/*
 * QEMU Machine Protocol client (QEMU docs/interop/qmp-spec.rst): one JSON object a line over a stream socket.
 *
 * The peer runs next to a hostile guest and is not trusted: lines, and the number of events between a command and its
 * answer, are bounded. One thread at a time; a connection that failed once stays failed.
 */
#ifndef VMM_QMP_H
#define VMM_QMP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/op.h"

#include <stdbool.h>
#include <stdint.h>

#define QMP_LINE_MAX (1024 * 1024)

struct qmp {
	int fd; /* -1: closed */
	struct buf in;
	size_t scanned; /* bytes of `in` known to hold no newline */
	uint64_t next_id;
	/* Called for each event met on the way, e.g. "SHUTDOWN"; data may be NULL. May be NULL. */
	void (*on_event)(void *arg, const char *name, const struct json *data);
	void *arg;
};

/* Connect to the Unix socket at `path`, read the greeting, leave negotiation. A VMM serves one client at a time: waits
 * in line until the op ends. ERR_NET when nobody listens. */
NODISCARD int qmp_open(struct op *op, const char *path, struct qmp *ret, struct err *e);
/* The same over a connected socket, which now belongs to the client (closed on failure too). */
NODISCARD int qmp_attach(struct op *op, int fd, struct qmp *ret, struct err *e);
void qmp_close(struct qmp *q);

/* Send a command and wait for its answer. `args` is the text of a JSON object or NULL. `ret` (may be NULL) receives
 * the whole reply, to be freed by json_free(); the value is its member "return". ERR_PROTO on a malformed or oversized
 * reply, ERR_TOOL with QEMU's words when it refuses, ERR_NET when it hangs up. */
NODISCARD int qmp_command(struct op *op, struct qmp *q, const char *name, const char *args, struct json **ret,
			  struct err *e);

/* Read what is there without waiting and deliver whole events: for a poll loop. ERR_NET at end of file. */
NODISCARD int qmp_drain(struct qmp *q, struct err *e);
/* Send a command without waiting: its answer is dropped by a later qmp_drain(). For a poll loop. */
NODISCARD int qmp_post(struct qmp *q, const char *name, struct err *e);

/* Take one line out of q->in. Returns 1 with *ret (json_free), 0 when no whole line is there, -1 on a line that is too
 * long or no JSON object. Exposed for fuzzing. */
NODISCARD int qmp_take_line(struct qmp *q, struct json **ret, struct err *e);

#endif
