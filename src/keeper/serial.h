/* SPDX-License-Identifier: MIT */
/*
 * The serial console of one VM: bytes of the guest go to the log and to every client, bytes of clients to the guest.
 */
#ifndef KEEPER_SERIAL_H
#define KEEPER_SERIAL_H

#include "base/loop.h"
#include "keeper/ringlog.h"

#define SERIAL_CLIENTS_MAX 8
#define SERIAL_REPLAY (16 * 1024) /* what a new client sees first */

struct serial;

/* guest_fd and listen_fd (non-blocking, listening) are the serial's from now on; loop and log are borrowed. */
struct serial *serial_new(struct loop *l, int guest_fd, int listen_fd, struct ringlog *log);
/* Take what the guest has written and nobody has read yet: after its end, before serial_free(). */
void serial_flush(struct serial *s);
void serial_free(struct serial *s);

#endif
