/* SPDX-License-Identifier: MIT */
/*
 * banger-names: the name server for NAME.vm, and how it is told what to say. No daemon: it lives as long as there is a table.
 *
 *	<state>/names/table   who is in the bridged network, replaced whole (namesrv_format()), watched by the server
 *	<state>/names/lock    held by the server while it lives: how it is found again
 *	<state>/names/log     what it had to say since it was started
 *
 * It listens on 127.0.0.1 for the host and on the bridge's address for guests, UDP and TCP, port NAMESRV_PORT on both: no port
 * that takes rights. What guests send to port 53 the rules of the bridged network (core/net/nat.h) bring there. It answers for
 * .vm and for the addresses of the network, from the table alone. For guests with NAT on it asks the host's own name
 * servers about all else; to guests without, and to the host, that is REFUSED: who may not reach the world does not
 * reach it through names either.
 *
 * It ends when the table is removed, or the bridge's address is gone. Who writes a table makes sure afterwards that a server runs
 * (namesrv_begin()); one that is about to end looks for a table once more after it has let go of the lock.
 */
#ifndef NAMESRV_NAMESRV_H
#define NAMESRV_NAMESRV_H

#include "base/buf.h"
#include "base/op.h"

#include <stdbool.h>

#define NAMESRV_DIR "names" /* below the state directory */
#define NAMESRV_TABLE "table"
#define NAMESRV_LOCK "lock"
#define NAMESRV_LOG "log"
#define NAMESRV_PORT 42069
#define NAMESRV_ZONE "vm"
#define NAMESRV_HOSTS_MAX 4096
#define NAMESRV_TABLE_MAX (512u << 10) /* bytes */

struct namesrv_host {
	const char *name; /* a VM's name: one label (core/model/name.h) */
	const char *ipv4;
	bool nat; /* may ask about all else */
};

/* The table as text, appended:
 *	banger-names 1
 *	net 172.16.0.1/24
 *	172.16.0.2 web1 nat
 *	172.16.0.3 db
 * `cidr` is the bridge's address and prefix. */
void namesrv_format(const char *cidr, const struct namesrv_host *hosts, int n, struct buf *out);

/* Does one run on this directory? Looks only. */
NODISCARD int namesrv_is_running(const char *dir, bool *ret, struct err *e);
/* Start one if none runs; `dir` (<state>/names) has its table. `program` NULL: where it is installed, else beside this program;
 * ERR_MISSING when there is no such program. Does not wait for it. *ret is NULL when one runs already. */
struct namesrv_start;
NODISCARD int namesrv_begin(const char *dir, const char *program, struct namesrv_start **ret, struct err *e);
/* Until it listens; frees the start, which may be NULL. ERR_TOOL with its last words. Blocks. */
NODISCARD int namesrv_end(struct op *op, struct namesrv_start *s, struct err *e);

#endif
