/* SPDX-License-Identifier: MIT */
/*
 * WWW-Authenticate: see oci_challenge_parse() in auth.h.
 *
 *	#( scheme [ 1*SP ( token68 / #( name BWS "=" BWS ( token / quoted-string ) ) ) ] )
 *
 * A comma separates challenges as well as parameters, so a word is a parameter when "=" follows, else the next scheme. One pass, at most
 * two looks at a character; what is not this grammar is refused whole: the header comes from whoever answers at that address.
 */
#include "core/oci/auth.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

#define TCHAR "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TOKEN68 "-._~+/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SCHEME_SHOWN 32

struct reader {
	const char *at;
	const char *first;	  /* the first scheme, for the message */
	struct oci_challenge now; /* the challenge that is being read */
	struct oci_challenge best;
	bool no_realm; /* a Bearer without realm was there */
};

static int malformed(struct err *e)
{
	return err_set(e, ERR_PROTO, _("the registry's question for a login (WWW-Authenticate) is malformed"));
}

static void skip_space(struct reader *r)
{
	r->at += strspn(r->at, " \t");
}

static bool is_word(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && strncasecmp(s, word, n) == 0;
}

/* The challenge that was read is whole: keep it if it is better. */
static void finish(struct reader *r)
{
	bool bearer = r->now.scheme == OCI_SCHEME_BEARER;

	if (bearer && !r->now.realm[0])
		r->no_realm = true;
	else if (r->now.scheme > r->best.scheme)
		r->best = r->now;
	r->now = (struct oci_challenge){0};
}

/* A quoted string into ret, or only past it where ret is NULL. */
static int read_quoted(struct reader *r, char *ret, size_t size, struct err *e)
{
	size_t n = 0;

	for (r->at++; *r->at != '"'; r->at++) {
		if (*r->at == '\\')
			r->at++;
		if (((unsigned char)*r->at < ' ' && *r->at != '\t') || *r->at == 0x7f)
			return malformed(e); /* the end, too */
		if (ret && n + 1 >= size)
			return err_set(e, ERR_PROTO,
				       _("the registry's question for a login (WWW-Authenticate) is too long"));
		if (ret)
			ret[n++] = *r->at;
	}
	r->at++;
	if (ret)
		ret[n] = '\0';
	return 0;
}

static int read_value(struct reader *r, char *ret, size_t size, struct err *e)
{
	size_t n = strspn(r->at, TCHAR);

	if (*r->at == '"')
		return read_quoted(r, ret, size, e);
	if (n == 0)
		return malformed(e);
	if (ret && n >= size)
		return err_set(e, ERR_PROTO, _("the registry's question for a login (WWW-Authenticate) is too long"));
	if (ret) {
		memcpy(ret, r->at, n);
		ret[n] = '\0';
	}
	r->at += n;
	return 0;
}

/* The value of the parameter whose name has n bytes; `at` stands at its '='. */
static int read_param(struct reader *r, const char *name, size_t n, struct err *e)
{
	char *ret = NULL;
	size_t size = 0;

	if (r->now.scheme != OCI_SCHEME_NONE && is_word(name, n, "realm")) {
		ret = r->now.realm;
		size = sizeof(r->now.realm);
	} else if (r->now.scheme != OCI_SCHEME_NONE && is_word(name, n, "service")) {
		ret = r->now.service;
		size = sizeof(r->now.service);
	} else if (r->now.scheme != OCI_SCHEME_NONE && is_word(name, n, "scope")) {
		ret = r->now.scope;
		size = sizeof(r->now.scope);
	}
	if (ret && *ret)
		return malformed(e); /* a name comes once */
	r->at++;
	skip_space(r);
	return read_value(r, ret, size, e);
}

/* Is what stands here a token68, up to the comma or the end? A parameter would go on behind its '='. */
static size_t token68_length(const char *s)
{
	size_t n = strspn(s, TOKEN68), after;

	if (n == 0)
		return 0;
	n += strspn(s + n, "=");
	after = n + strspn(s + n, " \t");
	return s[after] == ',' || s[after] == '\0' ? n : 0;
}

static void begin(struct reader *r, const char *scheme, size_t n)
{
	finish(r);
	if (!r->first)
		r->first = scheme;
	if (is_word(scheme, n, "Bearer"))
		r->now.scheme = OCI_SCHEME_BEARER;
	else if (is_word(scheme, n, "Basic"))
		r->now.scheme = OCI_SCHEME_BASIC;
}

/* What lies between two commas: a parameter, or a scheme with its first parameter or its token68. */
static int read_item(struct reader *r, struct err *e)
{
	const char *word = r->at;
	size_t n = strspn(word, TCHAR);

	if (n == 0)
		return malformed(e);
	r->at += n;
	skip_space(r);
	if (*r->at == '=')
		return r->first ? read_param(r, word, n, e) : malformed(e);
	begin(r, word, n);
	if (*r->at == '\0' || *r->at == ',')
		return 0;
	if (r->at == word + n)
		return malformed(e);
	size_t opaque = token68_length(r->at);
	if (opaque > 0) {
		r->at += opaque;
		return 0;
	}
	word = r->at;
	n = strspn(word, TCHAR);
	r->at += n;
	skip_space(r);
	return n > 0 && *r->at == '=' ? read_param(r, word, n, e) : malformed(e);
}

static int refuse_unknown(const struct reader *r, struct err *e)
{
	if (r->no_realm)
		return err_set(e, ERR_PROTO,
			       _("the registry asks for a token, and does not say where it is to be had"));
	if (!r->first)
		return err_set(e, ERR_PROTO, _("the registry asks for a login, and does not say of what kind"));
	return err_set(e, ERR_AUTH, _("the registry asks for a login of a kind that is not understood: %.*s"),
		       (int)MIN(strspn(r->first, TCHAR), (size_t)SCHEME_SHOWN), r->first);
}

int oci_challenge_parse(const char *value, struct oci_challenge *ret, struct err *e)
{
	struct reader r = {.at = value};

	if (strnlen(value, OCI_CHALLENGE_MAX + 1) > OCI_CHALLENGE_MAX)
		return err_set(e, ERR_PROTO, _("the registry's question for a login (WWW-Authenticate) is too long"));
	for (;;) {
		r.at += strspn(r.at, ", \t");
		if (!*r.at)
			break;
		if (read_item(&r, e) < 0)
			return -1;
		skip_space(&r);
		if (*r.at && *r.at != ',')
			return malformed(e);
	}
	finish(&r);
	if (r.best.scheme == OCI_SCHEME_NONE)
		return refuse_unknown(&r, e);
	*ret = r.best;
	return 0;
}
