/* SPDX-License-Identifier: MIT */
/*
 * The way into libnftables, and our tables through it. Each call reads what is there and then sends one transaction. For one thread.
 *
 * libnftables ends the process when it gets no netlink socket, and tells what went wrong only as text: so the kernel is asked
 * first, by a message that changes nothing (nat_ask.c).
 */
#include "core/net/nat_priv.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <linux/netfilter.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- libnftables ---- */

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
	uint32_t generation;

	if (nat_ask_generation(&generation, e) < 0)
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

static int read_table(const char *command, void (*read)(const struct json *list, struct nat_state *ret),
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

	for (int i = 0; i < NAT_DOOR_COUNT; i++)
		if (nat_ask_chain(NFPROTO_IPV4, "filter", nat_door_chain(i), &is_there[i], e) < 0 ||
		    (is_there[i] && read_door(i, ret, e) < 0))
			return -1;
	/* Docker asks its chain before all else of this table. */
	ret->is_wanted[NAT_DOOR_FORWARD] &= !is_there[NAT_DOOR_DOCKER];
	return 0;
}

static int read_state(struct nat_state *ret, struct err *e)
{
	bool has_inet, has_bridge;

	if (nat_ask_table(NFPROTO_INET, NAT_TABLE, &has_inet, e) < 0 || nat_ask_table(NFPROTO_BRIDGE, NAT_TABLE, &has_bridge, e) < 0)
		return -1;
	if ((has_inet && read_table("list table inet " NAT_TABLE, nat_read_inet, ret, e) < 0) ||
	    (has_bridge && read_table("list table bridge " NAT_TABLE, nat_read_bridge, ret, e) < 0))
		return -1;
	ret->is_whole &= has_bridge;
	return read_doors(ret, e);
}

/* The state, read again only when the rule set of this network namespace has changed since, by whomever. Borrowed until the next call;
 * NULL on failure. */
static const struct nat_state *look(struct err *e)
{
	static struct {
		uint32_t generation;
		ino_t netns;
		struct nat_state s;
	} last;
	struct stat st;
	uint32_t now;

	if (nat_ask_generation(&now, e) < 0)
		return NULL;
	if (stat("/proc/self/ns/net", &st) < 0)
		st.st_ino = 0;
	if (now && st.st_ino && now == last.generation && st.st_ino == last.netns)
		return &last.s;
	nat_state_done(&last.s);
	last.generation = 0;
	if (read_state(&last.s, e) < 0)
		return NULL;
	/* As of before the reading: what changed meanwhile is read again. */
	last.generation = now;
	last.netns = st.st_ino;
	return &last.s;
}

/* ---- changing it ---- */

/* Appends the commands that lead from `s` to what is wanted, or fails. */
typedef int change(const struct nat_state *s, const void *arg, struct buf *commands, struct err *e);

/* Docker, or who loads iptables rules, may have made its chains anew between the reading and the change: then what was read is old, and once more helps. */
static int apply(change *make, const void *arg, struct err *e)
{
	for (int tries = 1;; tries++) {
		auto_buf commands = {0};
		struct err said = {0};
		const struct nat_state *s = look(&said);

		if (s) {
			if (make(s, arg, &commands, e) < 0)
				return -1;
			if (nat_run(buf_cstr(&commands), &said) == 0)
				return 0;
		}
		if (tries == 2 || said.code != ERR_SYS)
			return err_join(e, &said);
	}
}

static int not_ours(const struct nat_state *s, struct err *e)
{
	err_set(e, ERR_EXISTS, _("the packet filter's table '%s' is not ours"), s->foreign);
	return err_hint(e, _("Somebody else made it. Rename or remove it, or see what is in it: nft list table %s"), s->foreign);
}

static int change_up(const struct nat_state *s, const void *arg, struct buf *commands, struct err *e)
{
	const struct nat_net *net = arg;

	if (s->foreign[0])
		return not_ours(s, e);
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
	if (s->owns_inet)
		buf_adds(commands, "delete table inet " NAT_TABLE "\n");
	if (s->owns_bridge)
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
	*ret = NULL;
	*ret_n = 0;
	const struct nat_state *s = look(e);
	if (!s)
		return -1;
	if (s->n_guests > 0) {
		*ret = xcalloc((size_t)s->n_guests, sizeof(**ret));
		memcpy(*ret, s->guests, (size_t)s->n_guests * sizeof(**ret));
	}
	*ret_n = s->n_guests;
	return 0;
}

int nat_health(struct nat_health *ret, struct err *e)
{
	*ret = (struct nat_health){0};
	const struct nat_state *s = look(e);
	if (!s)
		return -1;
	ret->is_there = s->owns_inet || s->owns_bridge;
	ret->is_whole = s->is_whole;
	str_copy(ret->foreign, sizeof(ret->foreign), s->foreign);
	return 0;
}
