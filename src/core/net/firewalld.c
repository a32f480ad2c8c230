/* SPDX-License-Identifier: MIT */
/*
 * See firewalld.h. firewalld is a Python program and changes the whole rule set for one interface: it is given its time.
 */
#include "core/net/firewalld.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

#define WAIT_MS 20000
#define FIREWALLD "org.fedoraproject.FirewallD1"

static struct bus_call zone_call(const char *member, const char *signature)
{
	return (struct bus_call){.service = "firewalld",
				 .destination = FIREWALLD,
				 .path = "/org/fedoraproject/FirewallD1",
				 .interface = FIREWALLD ".zone",
				 .member = member,
				 .signature = signature,
				 .wait_ms = WAIT_MS};
}

/* Its errors have one name; the text begins with a word: "ZONE_CONFLICT: …" (firewall/errors.py). */
static bool says_one_of(const struct bus_reply *r, const char *const *words)
{
	if (strcmp(r->error, FIREWALLD ".Exception") != 0)
		return false;
	for (; *words; words++)
		if (!strncmp(r->text, *words, strlen(*words)))
			return true;
	return false;
}

static int refused(const struct bus_call *c, const struct bus_reply *r, struct err *e)
{
	auto_buf text = {0};

	if (strcmp(r->error, FIREWALLD ".Exception") != 0)
		return bus_refused(c, r, e);
	utf8_clean(&text, r->text, strlen(r->text), false);
	return err_set(e, ERR_STATE, _("%s refuses %s: %s"), c->service, c->member, buf_cstr(&text));
}

int firewalld_is_settled(struct bus *b, const char *ifname, bool *ret, struct err *e)
{
	auto_bus_call c = zone_call("getZoneOfInterface", "s");
	struct bus_reply r;
	struct err why = {0};

	*ret = true;
	if (b->fd < 0)
		return 0;
	bus_put_string(&c.body, ifname);
	if (bus_run(b, &c, &r, e) < 0)
		return -1;
	*ret = r.text[0] != '\0';
	if (!r.is_error)
		return 0;
	refused(&c, &r, &why);
	*ret = why.code == ERR_MISSING;
	return *ret ? 0 : err_join(e, &why);
}

static int change(struct bus *b, const char *member, const char *ifname, const char *const *fine, struct err *e)
{
	auto_bus_call c = zone_call(member, "ss");
	struct bus_reply r;

	bus_put_string(&c.body, FIREWALLD_ZONE);
	bus_put_string(&c.body, ifname);
	if (bus_run(b, &c, &r, e) < 0)
		return -1;
	return !r.is_error || says_one_of(&r, fine) ? 0 : refused(&c, &r, e);
}

int firewalld_trust(struct bus *b, const char *ifname, struct err *e)
{
	static const char *const fine[] = {"ZONE_ALREADY_SET", "ALREADY_ENABLED", "ZONE_CONFLICT", NULL};

	return change(b, "addInterface", ifname, fine, e);
}

int firewalld_forget(struct bus *b, const char *ifname, struct err *e)
{
	static const char *const fine[] = {"UNKNOWN_INTERFACE", "NOT_ENABLED", "ZONE_CONFLICT", NULL};
	struct err why = {0};

	if (b->fd < 0 || change(b, "removeInterface", ifname, fine, &why) == 0 || why.code == ERR_MISSING)
		return 0;
	return err_join(e, &why);
}
