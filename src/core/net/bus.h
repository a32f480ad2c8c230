/* SPDX-License-Identifier: MIT */
/*
 * The system bus, as far as the helper needs it: a connection, a call, its reply (D-Bus Specification, "Message Protocol" and
 * "Authentication Protocol"). Written by hand: a bus library would be more of the helper's than all the rest.
 *
 * We write little-endian messages and read either kind. Of a reply only its kind, what it replies to, an error's name and a first
 * argument that is a string are looked at; everything has a limit before it is read, and what breaks the form ends the connection.
 * Messages that are no reply to us (the bus announces our name by a signal) are passed over. No service is started by a call.
 *
 * The connection may be made long before it is used, so that who uses it needs no right to connect. Belongs to one thread. Blocks,
 * at most the call's wait.
 */
#ifndef NET_BUS_H
#define NET_BUS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define BUS_SYSTEM "/run/dbus/system_bus_socket" /* D-Bus Specification, "System message bus" */
#define BUS_WAIT_MS 3000
#define BUS_NAME_SIZE 128

struct bus {
	int fd;		 /* -1: no connection */
	uint32_t serial; /* of the last call */
};

/* Connect and say hello. ERR_MISSING when there is no bus. *ret is the caller's (bus_close). */
NODISCARD int bus_connect(const char *path, struct bus *ret, struct err *e);
void bus_close(struct bus *b);

/* All but the body borrowed. */
struct bus_call {
	const char *service; /* for people: "systemd-resolved" */
	const char *destination;
	const char *path;
	const char *interface;
	const char *member;
	const char *signature; /* NULL: no arguments */
	int wait_ms;	       /* 0: BUS_WAIT_MS */
	struct buf body;       /* the arguments, by the functions below */
};
void bus_call_done(struct bus_call *c);
#define auto_bus_call __attribute__((cleanup(bus_call_done))) struct bus_call

void bus_align(struct buf *b, size_t to);
void bus_put16(struct buf *b, uint16_t v);
void bus_put32(struct buf *b, uint32_t v);
void bus_put_string(struct buf *b, const char *s);
/* Returns where the array's length is written, known when it has ended: the padding to its first element does not count. */
size_t bus_begin_array(struct buf *b, size_t element);
void bus_end_array(struct buf *b, size_t at, size_t element);

struct bus_reply {
	bool is_error;
	char error[BUS_NAME_SIZE]; /* its name */
	char text[BUS_NAME_SIZE];  /* its first argument where that is a string, cut; not cleaned */
};
/* Call and wait for the reply, an error of the service's too. ERR_MISSING without a connection; ERR_PROTO, ERR_NET: the connection
 * is of no use any more and closed. */
NODISCARD int bus_run(struct bus *b, const struct bus_call *c, struct bus_reply *ret, struct err *e);
/* What an error reply means, as our error: ERR_MISSING when the service does not run or has no such method, ERR_PERM, else
 * ERR_STATE. Always -1. */
int bus_refused(const struct bus_call *c, const struct bus_reply *r, struct err *e);

#endif
