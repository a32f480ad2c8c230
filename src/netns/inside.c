/* SPDX-License-Identifier: MIT */
/*
 * See inside.h. One thread, no loop: it does what it is told and ends.
 *
 * The order of `make` matters: the rules stand before the bridge has a second port, so there is no moment in which a guest could
 * send what it may not.
 */
#include "netns/inside.h"

#include "base/errjson.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "core/net/link.h"
#include "core/net/nat_egress.h"
#include "core/net/netns.h"
#include "core/net/privnet_priv.h"
#include "core/net/slirp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* ---- talking ---- */

static int reply(const struct err *why, const int *fds, int n_fds, struct err *e)
{
	auto_buf text = {0};
	struct jw w = jw_init(&text);
	union {
		char space[CMSG_SPACE(PRIVNET_SENT_COUNT * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {0};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	jw_obj(&w, NULL);
	jw_bool(&w, "ok", !why);
	if (why)
		errjson_put(&w, why);
	jw_end(&w);
	iov = (struct iovec){.iov_base = text.data, .iov_len = text.len};
	if (n_fds) {
		h.msg_control = control.space;
		h.msg_controllen = CMSG_SPACE((size_t)n_fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&h);
		*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS,
				      .cmsg_len = CMSG_LEN((size_t)n_fds * sizeof(int))};
		memcpy(CMSG_DATA(c), fds, (size_t)n_fds * sizeof(int));
	}
	return sendmsg(PRIVNET_FD_CONTROL, &h, MSG_NOSIGNAL) < 0 ? err_sys(e, errno, "sendmsg") : 0;
}

/* ---- making ---- */

static int set_rules(char **args, struct err *e)
{
	struct nat_egress g = {
		.tap = PRIVNET_TAP,
		.uplink = PRIVNET_UPLINK,
		.mac = args[0],
		.guest = SLIRP_GUEST,
		.gateway = SLIRP_GATEWAY,
		.dns = SLIRP_DNS,
	};

	if (egress_parse(args[1], &g.policy, e) < 0)
		return -1;
	return nat_egress_set(&g, e);
}

static int make(char **args, int fds[PRIVNET_SENT_COUNT], struct err *e)
{
	const struct link_tap tap = {.name = PRIVNET_TAP, .bridge = PRIVNET_BRIDGE, .owner = 0, .group = (gid_t)-1};

	if (netns_unshare(e) < 0)
		return -1;
	if (link_up("lo", NULL, e) < 0 || link_bridge_up(PRIVNET_BRIDGE, NULL, e) < 0 || set_rules(args, e) < 0)
		return -1;
	if (link_tap_up(&tap, e) < 0 || link_tap_open(PRIVNET_TAP, &fds[PRIVNET_SENT_TAP], e) < 0)
		return -1;
	return netns_open(&fds[PRIVNET_SENT_USER], &fds[PRIVNET_SENT_NET], e);
}

/* An answer of "no" where a setting of the host is the reason, which the kernel does not tell. */
static void add_mend(struct err *why)
{
	char mend[160];

	if (why->code == ERR_PERM && netns_mend("/proc/sys", mend, sizeof(mend)))
		err_hint(why, "%s", mend);
}

static int go_inside(int argc, char **argv, struct err *e)
{
	int fds[PRIVNET_SENT_COUNT] = {-1, -1, -1};
	struct err why = {0};
	int rc;

	if (argc == 3 && !strcmp(argv[0], PRIVNET_MAKE))
		rc = make(argv + 1, fds, &why);
	else if (argc == 1 && !strcmp(argv[0], PRIVNET_JOIN))
		rc = netns_join(PRIVNET_FD_USER, PRIVNET_FD_NET, &why);
	else
		rc = err_set(&why, ERR_USAGE, _("%s is started by banger-tui itself"), PRIVNET_PROGRAM);
	if (rc < 0)
		add_mend(&why);
	int sent = reply(rc < 0 ? &why : NULL, fds, rc == 0 && fds[PRIVNET_SENT_TAP] >= 0 ? PRIVNET_SENT_COUNT : 0, e);
	for (int i = 0; i < PRIVNET_SENT_COUNT; i++)
		fd_close_auto(&fds[i]);
	return rc < 0 && sent == 0 ? err_join(e, &why) : sent;
}

int inside_serve(int argc, char **argv, struct err *e)
{
	char word[16];
	ssize_t n;

	if (go_inside(argc, argv, e) < 0)
		return -1;
	while ((n = recv(PRIVNET_FD_CONTROL, word, sizeof(word), 0)) > 0) {
		struct err why = {0};
		int rc = (size_t)n == strlen(PRIVNET_PLUG) && !memcmp(word, PRIVNET_PLUG, (size_t)n)
				 ? link_up(PRIVNET_UPLINK, PRIVNET_BRIDGE, &why)
				 : err_set(&why, ERR_PROTO, _("not a word for %s"), PRIVNET_PROGRAM);
		if (reply(rc < 0 ? &why : NULL, NULL, 0, e) < 0)
			return -1;
	}
	return n < 0 ? err_sys(e, errno, "recv") : 0;
}

/* ---- entering ---- */

int inside_enter(char **argv, struct err *e)
{
	if (netns_join(PRIVNET_FD_USER, PRIVNET_FD_NET, e) < 0)
		return -1;
	close(PRIVNET_FD_USER);
	close(PRIVNET_FD_NET);
	if (netns_drop_rights(e) < 0)
		return -1;
	execvp(argv[0], argv);
	return err_sys(e, errno, "%s", argv[0]);
}
