/* SPDX-License-Identifier: MIT */
/*
 * Loopback ports for VMs behind QEMU's user network.
 *
 * A VM keeps its SSH port for life: the number stands in the store, so that ssh_config stays true. The range lies below
 * the kernel's default range for outgoing connections (ip_local_port_range, 32768 up), which would otherwise take a
 * stopped VM's port for a moment now and then.
 */
#ifndef NET_SLIRP_H
#define NET_SLIRP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define SLIRP_PORT_MIN 22000
#define SLIRP_PORT_MAX 31999

/* Addresses of QEMU's user network (qemu-system(1), -netdev user). */
#define SLIRP_GUEST "10.0.2.15"
#define SLIRP_GUEST_CIDR "10.0.2.15/24"
#define SLIRP_GATEWAY "10.0.2.2"
#define SLIRP_DNS "10.0.2.3"

/*
 * Hold TCP port `wanted` of 127.0.0.1, or any free port of the range when it is 0. `is_kept` (may be NULL) says which
 * ports belong to other VMs, running or not. The returned descriptor (the caller's) keeps every other reservation and
 * every ordinary bind(2) away, but lets the VMM listen on the port: hold it until the VMM runs, then close it.
 * ERR_BUSY when the wanted port is in use or kept, or the range is full. Does not block.
 */
NODISCARD int slirp_reserve(uint16_t wanted, bool (*is_kept)(void *arg, uint16_t port), void *arg, uint16_t *ret_port,
			    int *ret_fd, struct err *e);
/* May this process listen at that port of 127.0.0.1, as far as rights go? ERR_PERM for one that is kept for root, with what to do.
 * Whether somebody else listens there is not asked. */
NODISCARD int slirp_check_port(uint16_t port, struct err *e);

#endif
