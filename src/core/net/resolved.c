/* SPDX-License-Identifier: MIT */
/*
 * See resolved.h.
 */
#include "core/net/resolved.h"

#include "base/i18n.h"

#include <string.h>
#include <sys/socket.h>

#define LINK_TRIES 40
#define LINK_RETRY_MS 50

#define RESOLVE_NAME "org.freedesktop.resolve1"

static int run_call(struct bus *b, const struct bus_call *c, struct err *e)
{
	struct bus_reply reply;

	if (bus_run(b, c, &reply, e) < 0)
		return -1;
	if (!reply.is_error)
		return 0;
	if (strcmp(reply.error, RESOLVE_NAME ".NoSuchLink") == 0)
		return err_set(e, ERR_NOT_FOUND, _("%s refuses %s: %s"), c->service, c->member, reply.error);
	return bus_refused(c, &reply, e);
}

static struct bus_call manager_call(const char *member, const char *signature, int ifindex)
{
	struct bus_call c = {.service = "systemd-resolved",
			     .destination = RESOLVE_NAME,
			     .path = "/org/freedesktop/resolve1",
			     .interface = RESOLVE_NAME ".Manager",
			     .member = member,
			     .signature = signature};

	bus_put32(&c.body, (uint32_t)ifindex);
	return c;
}

/* a(iayqs): family, address, port, the server's name for TLS. */
static int set_server(struct bus *b, const struct resolved_link *l, struct err *e)
{
	auto_bus_call c = manager_call("SetLinkDNSEx", "ia(iayqs)", l->ifindex);
	size_t list = bus_begin_array(&c.body, 8);

	bus_put32(&c.body, AF_INET);
	size_t bytes = bus_begin_array(&c.body, 1);
	for (int i = 3; i >= 0; i--)
		buf_addc(&c.body, (char)(l->server >> (8 * i)));
	bus_end_array(&c.body, bytes, 1);
	bus_put16(&c.body, l->port);
	bus_put_string(&c.body, "");
	bus_end_array(&c.body, list, 8);
	return run_call(b, &c, e);
}

/* a(sb): domain, for routing only (it is not searched). */
static int set_domains(struct bus *b, const struct resolved_link *l, struct err *e)
{
	auto_bus_call c = manager_call("SetLinkDomains", "ia(sb)", l->ifindex);
	size_t list = bus_begin_array(&c.body, 8);

	for (int i = 0; i < RESOLVED_DOMAINS && l->domains[i]; i++) {
		bus_align(&c.body, 8);
		bus_put_string(&c.body, l->domains[i]);
		bus_put32(&c.body, 1);
	}
	bus_end_array(&c.body, list, 8);
	return run_call(b, &c, e);
}

static int set_default_route(struct bus *b, int ifindex, struct err *e)
{
	auto_bus_call c = manager_call("SetLinkDefaultRoute", "ib", ifindex);

	bus_put32(&c.body, 0);
	return run_call(b, &c, e);
}

/* A private zone has no signatures, and its server no TLS, whatever the rest of the host wants. */
static int set_word(struct bus *b, int ifindex, const char *member, const char *word, struct err *e)
{
	auto_bus_call c = manager_call(member, "is", ifindex);

	bus_put_string(&c.body, word);
	return run_call(b, &c, e);
}

int resolved_set(struct op *op, struct bus *b, const struct resolved_link *l, struct err *e)
{
	for (int tries = 1;; tries++) {
		struct err why = {0};

		if (set_server(b, l, &why) == 0)
			break;
		if (why.code != ERR_NOT_FOUND || tries == LINK_TRIES)
			return err_join(e, &why);
		if (op_sleep(op, LINK_RETRY_MS, e) < 0)
			return -1;
	}
	if (set_domains(b, l, e) < 0 || set_default_route(b, l->ifindex, e) < 0 ||
	    set_word(b, l->ifindex, "SetLinkDNSSEC", "no", e) < 0)
		return -1;
	return set_word(b, l->ifindex, "SetLinkDNSOverTLS", "no", e);
}

int resolved_revert(struct bus *b, int ifindex, struct err *e)
{
	auto_bus_call c = manager_call("RevertLink", "i", ifindex);
	struct err why = {0};

	if (run_call(b, &c, &why) == 0 || why.code == ERR_MISSING || why.code == ERR_NOT_FOUND)
		return 0;
	return err_join(e, &why);
}
