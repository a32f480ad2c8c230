/* SPDX-License-Identifier: MIT */
/*
 * Tokens: where one is fetched, and the answer: see auth.h.
 */
#include "core/oci/auth.h"

#include "base/http.h"
#include "base/i18n.h"
#include "core/model/ociref.h"

#include <string.h>
#include <strings.h>

/* Unreserved characters (RFC 3986 §2.3), which stand for themselves in a query; and those that a URL may hold at all. */
#define UNRESERVED "-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define URL_CHARS UNRESERVED ":/?[]@!$&'()*+,;=%"
#define FORM_REST 160 /* bytes of a form that are the same in all */
#define HOST_CHARS "-.:[]0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

void oci_secret_done(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_done(b);
}

/* Where the token server is, as far as it may be spoken to. */
static int check_realm(const char *realm, bool loopback, struct err *e)
{
	bool tls = strncasecmp(realm, "https://", 8) == 0, plain = strncasecmp(realm, "http://", 7) == 0;
	const char *host = realm + (tls ? 8 : 7);
	char shown[OCI_SHOWN_SIZE], name[OCI_REF_SIZE];
	size_t n;

	doc_show(realm, shown);
	if (!tls && !plain)
		return err_set(e, ERR_PROTO, _("the registry's token server '%s' is no https:// address"), shown);
	n = strcspn(host, "/?");
	if (memchr(host, '@', n))
		return err_set(e, ERR_PROTO, _("the registry's token server comes with a user in its address"));
	if (n == 0 || n >= sizeof(name) || strspn(host, HOST_CHARS) < n || realm[strspn(realm, URL_CHARS)])
		return err_set(e, ERR_PROTO, _("the registry's token server '%s' is no address"), shown);
	memcpy(name, host, n);
	name[n] = '\0';
	if (plain && !(loopback && http_host_is_loopback(name))) {
		err_set(e, ERR_PROTO, _("the registry's token server '%s' is spoken to in plain http"), shown);
		return err_hint(e, _("plain http is only for registries on this machine"));
	}
	return 0;
}

static void put_encoded(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (strchr(UNRESERVED, *s))
			buf_addc(out, *s);
		else
			buf_addf(out, "%%%02X", (unsigned char)*s);
	}
}

/* What is to be done there, as in a query: to pull from the repository, and nothing else. */
static void put_wish(struct buf *out, const struct oci_challenge *c, const char *repository)
{
	if (c->service[0]) {
		buf_adds(out, "service=");
		put_encoded(out, c->service);
		buf_addc(out, '&');
	}
	buf_adds(out, "scope=");
	put_encoded(out, "repository:");
	put_encoded(out, repository);
	put_encoded(out, ":pull");
}

int oci_token_url(const struct oci_challenge *c, const char *repository, bool loopback, struct buf *out, struct err *e)
{
	const char *query = strchr(c->realm, '?');

	if (check_realm(c->realm, loopback, e) < 0)
		return -1;
	buf_adds(out, c->realm);
	if (!query)
		buf_addc(out, '?');
	else if (query[1] && query[strlen(query) - 1] != '&')
		buf_addc(out, '&');
	put_wish(out, c, repository);
	return 0;
}

int oci_token_form(const struct oci_challenge *c, const char *repository, bool loopback, const char *identity_token, struct buf *url,
		   struct buf *form, struct err *e)
{
	if (check_realm(c->realm, loopback, e) < 0)
		return -1;
	buf_adds(url, c->realm);
	buf_reserve(form, FORM_REST + 3 * (strlen(c->service) + strlen(repository) + strlen(identity_token)));
	put_wish(form, c, repository);
	buf_adds(form, "&client_id=banger-tui&grant_type=refresh_token&refresh_token=");
	put_encoded(form, identity_token);
	return 0;
}

static bool is_visible(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s >= 0x7f)
			return false;
	return true;
}

int oci_token_parse(const struct oci_text *t, struct buf *ret_token, unsigned int *ret_seconds, struct err *e)
{
	auto_doc_secret d = {0};
	const char *token;
	int64_t life;

	if (doc_open(t, &d, e) < 0)
		return -1;
	token = json_str(d.root, "token");
	if (!token || !*token)
		token = json_str(d.root, "access_token");
	if (!token || !*token)
		return err_set(e, ERR_PROTO, _("%s: holds no token"), d.what);
	if (strlen(token) > OCI_TOKEN_MAX)
		return err_set(e, ERR_PROTO, _("%s: its token has more than %zu bytes"), d.what, OCI_TOKEN_MAX);
	if (!is_visible(token))
		return err_set(e, ERR_PROTO, _("%s: its token has a character that cannot be sent"), d.what);
	life = json_int(d.root, "expires_in", OCI_TOKEN_LIFE_S);
	buf_reserve(ret_token, strlen(token));
	buf_adds(ret_token, token);
	*ret_seconds = life < 1 ? OCI_TOKEN_LIFE_S : (unsigned int)MIN(life, (int64_t)OCI_TOKEN_LIFE_MAX_S);
	return 0;
}
