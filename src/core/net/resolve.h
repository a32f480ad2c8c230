/* SPDX-License-Identifier: MIT */
/*
 * What a host name stands for, asked as every program of the host asks: nsswitch.conf(5), with /etc/hosts, the configured servers and
 * search domains.
 *
 * Through getent(1) and not getaddrinfo(3): that one can neither be cancelled nor given a time limit.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include "base/err.h"
#include "base/op.h"

#include <stdint.h>

/* The first `max` IPv4 addresses of `name`, in host byte order, each once. The name must not begin with a hyphen. ERR_NET when it
 * has none or nobody answers within RESOLVE_MS. Blocks as long; cancellable. */
#define RESOLVE_MS 20000
NODISCARD int resolve_ipv4(struct op *op, const char *name, int max, uint32_t *ret, int *ret_n, struct err *e);

/* The reading of getent's answer: lines that begin with an address (getent(1), ahostsv4). Others are passed over. How many there are. */
int resolve_parse(const char *text, int max, uint32_t *ret);

#endif
