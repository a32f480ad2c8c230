/* SPDX-License-Identifier: MIT */
/*
 * Port reservation by a bound socket that never listens.
 *
 * bind(2) is done without SO_REUSEADDR, so it fails when anybody has the port; afterwards SO_REUSEADDR is switched on.
 * From then on Linux lets exactly those bind beside us who set the option too before their bind (QEMU's forwarder
 * does), as long as nobody listens; a second reservation, which binds plainly, is refused (socket(7), ip(7)).
 *
 * A connection of the port's last owner that waits out its time (TIME-WAIT, RFC 9293 3.6.1) keeps a plain bind(2) away as well,
 * for a minute: with one of those the option is set first.
 */
#include "core/net/slirp.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/id.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TCP_TABLE "/proc/net/tcp"
#define UNPRIVILEGED_START "/proc/sys/net/ipv4/ip_unprivileged_port_start"
#define TCP_TABLE_MAX ((size_t)16 << 20)

/* Is a connection of this port waiting out its time? (proc(5): addresses in hex, as the processor has them) */
static bool waits_out(uint16_t port)
{
	auto_buf table = {0};
	unsigned address, local, state;

	if (fs_read_file(TCP_TABLE, TCP_TABLE_MAX, &table, NULL) < 0)
		return false;
	for (const char *p = buf_cstr(&table); p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (sscanf(p, " %*d: %8X:%4X %*8X:%*4X %2X", &address, &local, &state) == 3 && local == port &&
		    address == htonl(INADDR_LOOPBACK) && state == TCP_TIME_WAIT)
			return true;
	}
	return false;
}

/* 0 with *ret_fd, 1 when the port is in use, -1 on trouble. `reuse`: beside what waits out. */
static int try_port(uint16_t port, bool reuse, int *ret_fd, struct err *e)
{
	auto_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	if (fd < 0)
		return err_sys(e, errno, "socket");
	if (reuse && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) < 0)
		return err_sys(e, errno, "SO_REUSEADDR");
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return errno == EADDRINUSE ? 1 : err_sys(e, errno, _("reserve port %u of 127.0.0.1"), port);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) < 0)
		return err_sys(e, errno, "SO_REUSEADDR");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int reserve_wanted(uint16_t port, bool kept, int *ret_fd, struct err *e)
{
	int rc = kept ? 1 : try_port(port, false, ret_fd, e);

	if (rc == 1 && !kept && waits_out(port))
		rc = try_port(port, true, ret_fd, e);
	if (rc <= 0)
		return rc;
	err_set(e, ERR_BUSY, kept ? _("port %u belongs to another VM") : _("port %u of 127.0.0.1 is in use"), port);
	return err_hint(e, _("End the program that listens there, or let the VM have another port."));
}

int slirp_reserve(uint16_t wanted, bool (*is_kept)(void *arg, uint16_t port), void *arg, uint16_t *ret_port,
		  int *ret_fd, struct err *e)
{
	enum { RANGE = SLIRP_PORT_MAX - SLIRP_PORT_MIN + 1 };
	uint16_t first;

	if (wanted) {
		*ret_port = wanted;
		return reserve_wanted(wanted, is_kept && is_kept(arg, wanted), ret_fd, e);
	}
	/* A random start keeps simultaneous reservations apart and makes ports hard to guess by habit. */
	id_random(&first, sizeof(first));
	for (int i = 0; i < RANGE; i++) {
		uint16_t port = (uint16_t)(SLIRP_PORT_MIN + (first + i) % RANGE);
		if (is_kept && is_kept(arg, port))
			continue;
		int rc = try_port(port, false, ret_fd, e);
		if (rc < 0)
			return -1;
		if (rc == 0) {
			*ret_port = port;
			return 0;
		}
	}
	return err_set(e, ERR_BUSY, _("no port of 127.0.0.1 is free between %d and %d"), SLIRP_PORT_MIN,
		       SLIRP_PORT_MAX);
}

/* ip(7) */
static int first_for_all(void)
{
	auto_buf text = {0};
	int n;

	return fs_read_file(UNPRIVILEGED_START, 64, &text, NULL) == 0 && sscanf(buf_cstr(&text), "%d", &n) == 1 ? n : 1024;
}

int slirp_check_port(uint16_t port, struct err *e)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int first = first_for_all();

	if (port >= first)
		return 0;
	/* Whoever has the right is found out by trying. */
	auto_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 || (errno != EACCES && errno != EPERM))
		return 0;
	err_set(e, ERR_PERM, _("port %u is a privileged port of this host: below %d only root listens"), port, first);
	return err_hint(e, _("publish a port from %d on, or, as root: sysctl -w net.ipv4.ip_unprivileged_port_start=%u"), first, port);
}
