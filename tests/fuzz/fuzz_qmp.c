/* SPDX-License-Identifier: MIT */
/*
 * What a VMM taken over by its guest could say to the keeper and the console: lines of QMP in pieces of any size.
 */
#include "base/fd.h"
#include "core/vmm/qemu.h"
#include "core/vmm/qmp.h"

#include <stdlib.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void split_lines(const uint8_t *data, size_t n)
{
	struct qmp q = {.fd = -1};
	size_t piece = n ? 1 + data[0] % 64 : 1;

	for (size_t at = 0; at < n; at += piece) {
		struct json *msg;
		buf_add(&q.in, data + at, MIN(piece, n - at));
		while (qmp_take_line(&q, &msg, NULL) > 0)
			json_free(msg);
	}
	qmp_close(&q);
}

/* The keeper's side: attach, then events. */
static void talk(const uint8_t *data, size_t n)
{
	struct vmm_link k;
	struct op op;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
	(void)!send(fds[1], data, n, MSG_DONTWAIT);
	shutdown(fds[1], SHUT_WR);
	op_init(&op, 1000);
	if (qemu_attach(&op, &(struct vmm_newborn){.monitor_fd = fds[0]}, &k, NULL) == 0) {
		(void)!qemu_drain(&k, NULL);
		qemu_detach(&k);
	}
	op_done(&op);
	fd_close(&fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	split_lines(data, n);
	talk(data, n);
	return 0;
}
