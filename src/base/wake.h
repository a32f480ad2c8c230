/* SPDX-License-Identifier: MIT */
/*
 * A bell: any thread or signal handler rings it, one loop hears it (eventfd(2)). Rings before it is heard count once.
 */
#ifndef BASE_WAKE_H
#define BASE_WAKE_H

#include "base/err.h"

#include <stdbool.h>

struct wake {
	int fd; /* poll for POLLIN; non-blocking */
};

NODISCARD int wake_open(struct wake *w, struct err *e);
void wake_close(struct wake *w);
/* Async-signal-safe, never blocks, keeps errno. */
void wake_ring(const struct wake *w);
/* Call when fd is readable: it is silent again. Returns true when it had been rung. */
bool wake_clear(const struct wake *w);

#endif
