/* SPDX-License-Identifier: MIT */
/*
 * Words of published ports: see published.h. Pure; any thread.
 */
#include "core/model/published.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* A port at *at, which moves behind it. 0 when there is none. */
static uint16_t take_port(const char **at)
{
	uint32_t port = 0;
	size_t n = strspn(*at, "0123456789");

	for (size_t i = 0; n <= 5 && i < n; i++)
		port = port * 10 + (uint32_t)((*at)[i] - '0');
	*at += n;
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static int bad_item(const char *item, struct err *e)
{
	err_set(e, ERR_USAGE, _("publish: '%.*s' is no pair of ports"), (int)strcspn(item, ","), item);
	return err_hint(e, _("write PORT-OF-THIS-HOST:PORT-OF-THE-GUEST, such as 8080:80"));
}

static int add_port(struct published *p, const struct published_port *port, struct err *e)
{
	for (int i = 0; i < p->n; i++)
		if (p->ports[i].host == port->host)
			return err_set(e, ERR_USAGE, _("publish: port %u of this host is there twice"), port->host);
	if (p->n == PUBLISHED_MAX)
		return err_set(e, ERR_USAGE, _("publish: at most %d ports"), PUBLISHED_MAX);
	p->ports[p->n++] = *port;
	return 0;
}

int published_add(struct published *p, const struct published *more, struct err *e)
{
	struct published sum = *p;

	for (int i = 0; i < more->n; i++)
		if (add_port(&sum, &more->ports[i], e) < 0)
			return -1;
	*p = sum;
	return 0;
}

int published_parse(const char *text, struct published *ret, struct err *e)
{
	struct published all = {0};

	if (strcmp(text, "none") == 0) {
		*ret = all;
		return 0;
	}
	for (const char *at = text, *item = text;; item = ++at) {
		struct published_port port = {.host = take_port(&at)};
		if (!port.host || *at++ != ':' || !(port.guest = take_port(&at)) || (*at && *at != ','))
			return bad_item(item, e);
		if (add_port(&all, &port, e) < 0)
			return -1;
		if (!*at)
			break;
	}
	*ret = all;
	return 0;
}

char *published_format(const struct published *p, char *buf, size_t size)
{
	char text[PUBLISHED_TEXT] = "";
	size_t at = 0;

	for (int i = 0; i < p->n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u:%u", i ? "," : "", p->ports[i].host, p->ports[i].guest);
	return str_copy(buf, size, p->n ? text : "none");
}
