/* SPDX-License-Identifier: MIT */
/*
 * The bell: an eventfd whose count says nothing but "rung".
 */
#include "base/wake.h"

#include "base/attrs.h"
#include "base/fd.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>

int wake_open(struct wake *w, struct err *e)
{
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->fd < 0 ? err_sys(e, errno, "eventfd") : 0;
}

void wake_close(struct wake *w)
{
	fd_close(&w->fd);
}

void wake_ring(const struct wake *w)
{
	static const uint64_t one = 1;
	int saved = errno;
	/* EAGAIN: the count is full, which is rung as well. */
	ssize_t n UNUSED = write(w->fd, &one, sizeof(one));

	errno = saved;
}

bool wake_clear(const struct wake *w)
{
	uint64_t count;

	return read(w->fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}
