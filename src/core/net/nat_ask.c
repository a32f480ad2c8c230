/* SPDX-License-Identifier: MIT */
/*
 * Questions to nf_tables that libnftables answers no sooner than it has read the whole rule set, which may be somebody's thousands of
 * rules: asked in the kernel's own words (nfnetlink, linux/netfilter/nf_tables.h), a message each.
 */
#include "core/net/nat_priv.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

struct question {
	struct nlmsghdr h;
	struct nfgenmsg g;
	char attrs[128];
};

static struct question question(int type, uint8_t family)
{
	return (struct question){.h = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)),
				       .nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
				       .nlmsg_flags = NLM_F_REQUEST},
				 .g = {.nfgen_family = family}};
}

static void add_name(struct question *q, uint16_t type, const char *name)
{
	size_t at = q->h.nlmsg_len - NLMSG_LENGTH(sizeof(struct nfgenmsg));
	struct nlattr a = {.nla_len = (uint16_t)(NLA_HDRLEN + strlen(name) + 1), .nla_type = type};

	assert(at + NLA_ALIGN(a.nla_len) <= sizeof(q->attrs));
	memcpy(q->attrs + at, &a, sizeof(a));
	memcpy(q->attrs + at + NLA_HDRLEN, name, strlen(name) + 1);
	q->h.nlmsg_len += NLA_ALIGN(a.nla_len);
}

/* 0 with the answer, else the errno. */
static int ask(const struct question *q, void *ret, size_t size)
{
	auto_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	const struct nlmsghdr *h = ret;

	if (fd < 0 || send(fd, q, q->h.nlmsg_len, 0) < 0)
		return errno;
	ssize_t n = recv(fd, ret, size, 0);
	if (n < (ssize_t)sizeof(*h))
		return n < 0 ? errno : EPROTO;
	if (h->nlmsg_type != NLMSG_ERROR)
		return h->nlmsg_len <= (size_t)n ? 0 : EPROTO;
	return n >= (ssize_t)NLMSG_LENGTH(sizeof(int)) ? -*(const int *)NLMSG_DATA(h) : EPROTO;
}

union answer {
	struct nlmsghdr h;
	char room[1024];
};

int nat_ask_generation(uint32_t *ret, struct err *e)
{
	struct question q = question(NFT_MSG_GETGEN, AF_UNSPEC);
	union answer a = {0};
	struct nlattr id;
	uint32_t be = 0;
	const char *at = (const char *)NLMSG_DATA(&a.h) + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	int sys = ask(&q, &a, sizeof(a));

	*ret = 0;
	if (sys == EPERM || sys == EACCES)
		return err_sys(e, sys, "nf_tables");
	if (sys) {
		err_set(e, ERR_MISSING, _("the kernel has no nf_tables: %s"), err_strerror(sys));
		return err_hint(e, _("Load it, or boot a kernel that has it: modprobe nf_tables"));
	}
	memcpy(&id, at, sizeof(id));
	if (a.h.nlmsg_len >= NLMSG_LENGTH(sizeof(struct nfgenmsg)) + NLA_HDRLEN + sizeof(be) && id.nla_type == NFTA_GEN_ID)
		memcpy(&be, at + NLA_HDRLEN, sizeof(be));
	*ret = ntohl(be);
	return 0;
}

static int is_there(const struct question *q, bool *ret, struct err *e)
{
	union answer a = {0};
	int sys = ask(q, &a, sizeof(a));

	*ret = sys == 0;
	return sys == 0 || sys == ENOENT ? 0 : err_sys(e, sys, "nf_tables");
}

int nat_ask_table(uint8_t family, const char *table, bool *ret, struct err *e)
{
	struct question q = question(NFT_MSG_GETTABLE, family);

	add_name(&q, NFTA_TABLE_NAME, table);
	return is_there(&q, ret, e);
}

int nat_ask_chain(uint8_t family, const char *table, const char *chain, bool *ret, struct err *e)
{
	struct question q = question(NFT_MSG_GETCHAIN, family);

	add_name(&q, NFTA_CHAIN_TABLE, table);
	add_name(&q, NFTA_CHAIN_NAME, chain);
	return is_there(&q, ret, e);
}
