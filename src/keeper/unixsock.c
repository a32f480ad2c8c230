/* SPDX-License-Identifier: MIT */
/*
 * Unix sockets of a VM. The running lock is held by whoever gets here, so a socket of that name is a leftover.
 */
#include "keeper/unixsock.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 16

int unixsock_listen(const char *path, int *ret_fd, struct err *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	assert(strlen(path) < sizeof(sa.sun_path));
	str_copy(sa.sun_path, sizeof(sa.sun_path), path);
	if (fs_unlink(path, e) < 0)
		return -1;
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The node of a Unix socket gets the mode its descriptor has (Linux, net/unix/af_unix.c): no chmod, no race. */
	if (fd < 0 || fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return err_sys(e, errno, _("listen on '%s'"), path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int unixsock_pair(int ret_fds[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_fds) < 0)
		return err_sys(e, errno, "socketpair");
	if (fd_set_nonblock(ret_fds[0], true, e) == 0)
		return 0;
	fd_close(&ret_fds[0]);
	fd_close(&ret_fds[1]);
	return -1;
}
