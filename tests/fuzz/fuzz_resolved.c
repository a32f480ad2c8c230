/* SPDX-License-Identifier: MIT */
/*
 * What a system bus could say to the helper: any bytes where the reply to a call is expected.
 */
#include "base/fd.h"
#include "core/net/resolved.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bus r = {.fd = -1};
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
	r.fd = fds[0];
	(void)!send(fds[1], data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fds[1], SHUT_WR);
	(void)!resolved_revert(&r, 1, NULL);
	bus_close(&r);
	fd_close(&fds[1]);
	return 0;
}
