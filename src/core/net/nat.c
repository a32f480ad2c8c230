/* SPDX-License-Identifier: MIT */
/*
 * The way into libnftables, and our tables through it. Each call reads what is there and then sends one transaction.
 *
 * libnftables ends the process when it gets no netlink socket, and tells what went wrong only as text: so the kernel is asked
 * first, by a message that changes nothing.
 */
#include "core/net/nat_priv.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* ---- libnftables ---- */

/* The errno of asking for the generation of the rule set (NFT_MSG_GETGEN); 0 = nf_tables is there and we may use it. The kernel
 * loads the module for the asking. */
static int ask_kernel(void)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} ask = {.h = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)),
		       .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
		       .nlmsg_flags = NLM_F_REQUEST}};
	union {
		struct nlmsghdr h;
		char room[1024];
	} answer;
	auto_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return errno;
	if (send(fd, &ask, sizeof(ask), 0) < 0)
		return errno;
	ssize_t n = recv(fd, &answer, sizeof(answer), 0);
	if (n < (ssize_t)sizeof(answer.h))
		return n < 0 ? errno : EPROTO;
	if (answer.h.nlmsg_type != NLMSG_ERROR)
		return 0;
	return n >= (ssize_t)NLMSG_LENGTH(sizeof(int)) ? -*(int *)NLMSG_DATA(&answer.h) : EPROTO;
}

static int must_have_nftables(struct err *e)
{
	int sys = ask_kernel();

	if (sys == 0)
		return 0;
	if (sys == EPERM || sys == EACCES)
		return err_sys(e, sys, "nf_tables");
	err_set(e, ERR_MISSING, _("the kernel has no nf_tables: %s"), err_strerror(sys));
	return err_hint(e, _("Load it, or boot a kernel that has it: modprobe nf_tables"));
}

/* "Error: Could not process rule: File exists\n…": the first line, without the word everybody knows. */
static int refused(const char *said, struct err *e)
{
	auto_buf line = {0};

	if (!strncmp(said, "Error: ", 7))
		said += 7;
	utf8_clean(&line, said, strcspn(said, "\n"), false);
	return err_set(e, ERR_SYS, _("nftables refused: %s"), buf_cstr(&line));
}

static int run(const char *commands, unsigned flags, struct buf *out, struct err *e)
{
	if (must_have_nftables(e) < 0)
		return -1;
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!ctx)
		return err_set(e, ERR_NOMEM, "nftables");
	int rc = nft_ctx_buffer_output(ctx) || nft_ctx_buffer_error(ctx) ? err_set(e, ERR_NOMEM, "nftables") : 0;
	nft_ctx_output_set_flags(ctx, flags);
	if (rc == 0 && nft_run_cmd_from_buffer(ctx, commands) != 0)
		rc = refused(nft_ctx_get_error_buffer(ctx), e);
	if (rc == 0 && out)
		buf_adds(out, nft_ctx_get_output_buffer(ctx));
	nft_ctx_free(ctx);
	return rc;
}

int nat_run(const char *commands, struct err *e)
{
	return *commands ? run(commands, 0, NULL, e) : 0;
}

int nat_list(const char *command, struct buf *out, struct json **ret, struct err *e)
{
	auto_buf own = {0};
	struct buf *text = out ? out : &own;
	size_t began = text->len;

	if (run(command, NFT_CTX_OUTPUT_JSON, text, e) < 0)
		return -1;
	if (!ret)
		return 0;
	*ret = json_parse(buf_cstr(text) + began, text->len - began, "nftables", e);
	return *ret ? 0 : -1;
}

/* ---- what is there ---- */

static int read_set(const char *command, void (*read)(const struct json *list, struct nat_state *ret),
		    struct nat_state *ret, struct err *e)
{
	struct json *list;

	if (nat_list(command, NULL, &list, e) < 0)
		return -1;
	read(list, ret);
	json_free(list);
	return 0;
}

static int read_door(enum nat_door door, struct nat_state *ret, struct err *e)
{
	char command[64];
	struct json *list;

	snprintf(command, sizeof(command), "list chain ip filter %s", nat_door_chain(door));
	if (nat_list(command, NULL, &list, e) < 0)
		return -1;
	nat_read_rules(list, door, ret);
	ret->is_wanted[door] = door == NAT_DOOR_DOCKER || nat_read_closes(list);
	json_free(list);
	return 0;
}

static int read_doors(struct nat_state *ret, struct err *e)
{
	bool is_there[NAT_DOOR_COUNT];
	struct json *list;

	if (nat_list("list chains ip", NULL, &list, e) < 0)
		return -1;
	for (int i = 0; i < NAT_DOOR_COUNT; i++)
		is_there[i] = nat_read_chain(list, "ip", "filter", nat_door_chain(i));
	json_free(list);
	for (int i = 0; i < NAT_DOOR_COUNT; i++)
		if (is_there[i] && read_door(i, ret, e) < 0)
			return -1;
	/* Docker asks its chain before all else of this table. */
	ret->is_wanted[NAT_DOOR_FORWARD] &= !is_there[NAT_DOOR_DOCKER];
	return 0;
}

static int read_state(struct nat_state *ret, struct err *e)
{
	struct json *list;

	if (nat_list("list tables", NULL, &list, e) < 0)
		return -1;
	bool has_filter = nat_read_table(list, "ip", "filter");
	ret->has_inet = nat_read_table(list, "inet", NAT_TABLE);
	ret->has_bridge = nat_read_table(list, "bridge", NAT_TABLE);
	json_free(list);
	if (ret->has_inet && (read_set("list set inet " NAT_TABLE " inside", nat_read_inside, ret, e) < 0 ||
			      read_set("list set inet " NAT_TABLE " natted", nat_read_natted, ret, e) < 0))
		return -1;
	if (ret->has_bridge && read_set("list set bridge " NAT_TABLE " pins", nat_read_pins, ret, e) < 0)
		return -1;
	return has_filter ? read_doors(ret, e) : 0;
}

/* ---- changing it ---- */

/* Appends the commands that lead from `s` to what is wanted, or fails. */
typedef int change(const struct nat_state *s, const void *arg, struct buf *commands, struct err *e);

/* Docker, or who loads iptables rules, may have made its chains anew between the reading and the change: then what was read is old, and once more helps. */
static int apply(change *make, const void *arg, struct err *e)
{
	for (int tries = 1;; tries++) {
		auto_state s = {0};
		auto_buf commands = {0};
		struct err said = {0};

		if (read_state(&s, &said) == 0) {
			if (make(&s, arg, &commands, e) < 0)
				return -1;
			if (nat_run(buf_cstr(&commands), &said) == 0)
				return 0;
		}
		if (tries == 2 || said.code != ERR_SYS)
			return err_join(e, &said);
	}
}

static int change_up(const struct nat_state *s, const void *arg, struct buf *commands, struct err *e UNUSED)
{
	const struct nat_net *net = arg;

	nat_format_up(net, commands);
	nat_format_forget(s, NULL, commands);
	nat_format_open_bridge(s, net, commands);
	for (int i = 0; i < s->n_guests; i++)
		nat_format_open_guest(s, net->bridge, &s->guests[i], commands);
	return 0;
}

int nat_up(const struct nat_net *net, struct err *e)
{
	return nat_check_net(net, e) < 0 ? -1 : apply(change_up, net, e);
}

static int change_down(const struct nat_state *s, const void *arg UNUSED, struct buf *commands, struct err *e UNUSED)
{
	if (s->has_inet)
		buf_adds(commands, "delete table inet " NAT_TABLE "\n");
	if (s->has_bridge)
		buf_adds(commands, "delete table bridge " NAT_TABLE "\n");
	nat_format_forget(s, NULL, commands);
	return 0;
}

int nat_down(struct err *e)
{
	return apply(change_down, NULL, e);
}

static int change_set(const struct nat_state *s, const void *arg, struct buf *commands, struct err *e)
{
	const struct nat_guest *g = arg;

	if (!s->has_inet || !s->has_bridge || !s->inside[0])
		return err_set(e, ERR_STATE, _("the rules for guests are not up"));
	for (int i = 0; i < s->n_guests; i++)
		if (!strcmp(s->guests[i].ipv4, g->ipv4) && strcmp(s->guests[i].tap, g->tap) != 0)
			return err_set(e, ERR_EXISTS, _("%s belongs to tap %s"), g->ipv4, s->guests[i].tap);
	nat_format_guest(s, g->tap, g, commands);
	nat_format_forget(s, g->tap, commands);
	nat_format_open_guest(s, s->inside, g, commands);
	return 0;
}

int nat_guest_set(const struct nat_guest *g, struct err *e)
{
	return nat_check_guest(g, e) < 0 ? -1 : apply(change_set, g, e);
}

static int change_remove(const struct nat_state *s, const void *arg, struct buf *commands, struct err *e UNUSED)
{
	nat_format_guest(s, arg, NULL, commands);
	nat_format_forget(s, arg, commands);
	return 0;
}

int nat_guest_remove(const char *tap, struct err *e)
{
	return apply(change_remove, tap, e);
}

int nat_guests(struct nat_guest **ret, int *ret_n, struct err *e)
{
	auto_state s = {0};

	*ret = NULL;
	*ret_n = 0;
	if (read_state(&s, e) < 0)
		return -1;
	*ret = TAKE_PTR(s.guests);
	*ret_n = s.n_guests;
	return 0;
}
