/* SPDX-License-Identifier: MIT */
/*
 * Logins in ~/.docker/config.json: see auth.h.
 *
 *	{"auths": {"https://index.docker.io/v1/": {"auth": "base64 of user:password"}, "ghcr.io": {}},
 *	 "credHelpers": {"ghcr.io": "secretservice"}, "credsStore": "desktop"}
 *
 * An entry without a login is what Docker leaves where a helper keeps it. Only what is looked into has to be right; what is wrong with it
 * is said by its key, never by its value.
 */
#include "core/oci/auth.h"

#include "base/base64.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "core/model/ociref.h"

#include <string.h>
#include <strings.h>

static void secret_free(char **s)
{
	if (*s) {
		explicit_bzero(*s, strlen(*s));
		free(*s);
	}
	*s = NULL;
}

void oci_credentials_done(struct oci_credentials *c)
{
	secret_free(&c->password);
	secret_free(&c->identity_token);
	explicit_bzero(c, sizeof(*c));
}

/* ---- keys ---- */

/* How well a key fits; beyond FIT_PART the longer part wins. FIT_OLD: an address with a path, of which old Docker meant the host. */
enum { FIT_NONE, FIT_OLD, FIT_WHOLE, FIT_PART };

/* What is asked for. */
struct wanted {
	const char *registry, *repository;
};

static bool is_host(const char *host, size_t n, const char *registry)
{
	return strlen(registry) == n && strncasecmp(host, registry, n) == 0;
}

/* Is the path a part of the repositories, in whole names, that this one is in? */
static bool is_part(const char *path, const char *repository)
{
	size_t n = strlen(path);

	return strncmp(repository, path, n) == 0 && (repository[n] == '/' || repository[n] == '\0');
}

/* A key has a scheme or not, a path or not; /v1/ and /v2/ are the API's and mean all of the registry. Without a scheme a path is a part of
 * its repositories (containers-auth.json(5)). */
static size_t judge_key(const char *key, const struct wanted *w)
{
	static const char *const hub_hosts[] = {"index.docker.io", "registry-1.docker.io"};
	static const char *const roots[] = {"", "/", "/v1", "/v1/", "/v2", "/v2/"};
	const char *host = strncasecmp(key, "https://", 8) == 0	 ? key + 8
			   : strncasecmp(key, "http://", 7) == 0 ? key + 7
								 : key;
	size_t n = strcspn(host, "/");
	bool same = is_host(host, n, w->registry);

	for (size_t i = 0; i < ARRAY_LEN(hub_hosts); i++)
		same |= strcmp(w->registry, "docker.io") == 0 && is_host(host, n, hub_hosts[i]);
	if (!same)
		return FIT_NONE;
	for (size_t i = 0; i < ARRAY_LEN(roots); i++)
		if (strcmp(host + n, roots[i]) == 0)
			return FIT_WHOLE;
	if (host != key)
		return FIT_OLD;
	return is_part(host + n + 1, w->repository) ? FIT_PART + strlen(host + n) : FIT_NONE;
}

static bool is_text(const struct json *obj, const char *key)
{
	const char *s = json_str(obj, key);

	return s && *s;
}

static bool has_login(const struct json *entry)
{
	return is_text(entry, "auth") || is_text(entry, "identitytoken") ||
	       (is_text(entry, "username") && is_text(entry, "password"));
}

/* The entry with a login that fits best, the first of those; NULL: none. */
static const struct json *find_entry(const struct json *auths, const struct wanted *w)
{
	const struct json *best = NULL;
	size_t best_fit = FIT_NONE;

	for (const struct json *v = json_first(auths); v; v = json_next(v)) {
		size_t fit = json_key(v) && has_login(v) ? judge_key(json_key(v), w) : FIT_NONE;

		if (fit > best_fit) {
			best = v;
			best_fit = fit;
		}
	}
	return best;
}

/* ---- values ---- */

static bool is_unsaid(const struct json *v)
{
	return !v || json_is_null(v);
}

/* A member of the file that is there must be an object. */
static int check_object(const struct doc *d, const char *key, struct err *e)
{
	const struct json *v = json_get(d->root, key);

	return is_unsaid(v) || json_is_object(v) ? 0 : err_set(e, ERR_PROTO, _("%s: \"%s\" must be an object"), d->what, key);
}

static int check_helper(const struct doc *d, const char *helper, struct err *e)
{
	static const char allowed[] = "-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char shown[OCI_SHOWN_SIZE];

	if (helper[0] != '-' && !helper[strspn(helper, allowed)] && strlen(helper) < OCI_HELPER_SIZE)
		return 0;
	return err_set(e, ERR_PROTO, _("%s: '%s' is no name of a credential helper"), d->what, doc_show(helper, shown));
}

static int find_helper(const struct doc *d, const struct wanted *w, char ret[OCI_HELPER_SIZE], struct err *e)
{
	const struct json *found = json_get(d->root, "credsStore");

	if (check_object(d, "credHelpers", e) < 0)
		return -1;
	for (const struct json *v = json_first(json_get(d->root, "credHelpers")); v; v = json_next(v)) {
		if (json_key(v) && judge_key(json_key(v), w) == FIT_WHOLE) {
			found = v;
			break;
		}
	}
	if (is_unsaid(found))
		return 0;
	if (!json_string(found))
		return err_set(e, ERR_PROTO, _("%s: the credential helper of '%s' must be a string"), d->what, w->registry);
	if (check_helper(d, json_string(found), e) < 0)
		return -1;
	str_copy(ret, OCI_HELPER_SIZE, json_string(found));
	return 0;
}

static int complain(const struct doc *d, const struct json *entry, const char *why, struct err *e)
{
	char shown[OCI_SHOWN_SIZE];

	if (!entry) /* a helper's only one */
		return err_set(e, ERR_PROTO, _("%s: the login %s"), d->what, why);
	return err_set(e, ERR_PROTO, _("%s: the login for '%s' %s"), d->what, doc_show(json_key(entry), shown), why);
}

static int take_user(const struct doc *d, const struct json *entry, const char *s, size_t n,
		     struct oci_credentials *ret, struct err *e)
{
	if (n == 0 || n >= sizeof(ret->user) || memchr(s, ':', n) || doc_has_control(s, n))
		return complain(d, entry, _("has a user that cannot be sent"), e);
	memcpy(ret->user, s, n);
	ret->user[n] = '\0';
	return 0;
}

static int take_password(const struct doc *d, const struct json *entry, const char *s, size_t n,
			 struct oci_credentials *ret, struct err *e)
{
	if (n > OCI_PASSWORD_MAX || doc_has_control(s, n))
		return complain(d, entry, _("has a password that cannot be sent"), e);
	ret->password = xstrndup(s, n);
	return 0;
}

/* base64 of "user:password". */
static int read_auth(const struct doc *d, const struct json *entry, struct oci_credentials *ret, struct err *e)
{
	const char *text = json_str(entry, "auth"), *colon;
	auto_oci_secret plain = {0};

	if (strlen(text) > OCI_PASSWORD_MAX * 2 || base64_decode(text, strlen(text), &plain, NULL) < 0)
		return complain(d, entry, _("is not base64"), e);
	colon = memchr(plain.data, ':', plain.len);
	if (!colon)
		return complain(d, entry, _("is not of the form user:password"), e);
	size_t user = (size_t)(colon - plain.data);
	if (take_user(d, entry, plain.data, user, ret, e) < 0)
		return -1;
	return take_password(d, entry, colon + 1, plain.len - user - 1, ret, e);
}

static int take_identity(const struct doc *d, const struct json *entry, const char *token, struct oci_credentials *ret, struct err *e)
{
	if (strlen(token) > OCI_TOKEN_MAX || doc_has_control(token, strlen(token)))
		return complain(d, entry, _("has an identity token that cannot be sent"), e);
	ret->identity_token = xstrdup(token);
	return 0;
}

/* What may be said in an entry must be of the right kind, lest a login be taken for none. */
static int check_entry(const struct doc *d, const struct json *entry, struct err *e)
{
	static const char *const keys[] = {"auth", "identitytoken", "username", "password"};

	if (!json_is_object(entry))
		return complain(d, entry, _("is not an object"), e);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct json *v = json_get(entry, keys[i]);

		if (!is_unsaid(v) && !json_string(v))
			return complain(d, entry, _("holds something that must be a string and is not"), e);
	}
	return 0;
}

static int check_entries(const struct doc *d, const struct wanted *w, struct err *e)
{
	if (check_object(d, "auths", e) < 0)
		return -1;
	for (const struct json *v = json_first(json_get(d->root, "auths")); v; v = json_next(v))
		if (json_key(v) && judge_key(json_key(v), w) != FIT_NONE && check_entry(d, v, e) < 0)
			return -1;
	return 0;
}

static int read_login(const struct doc *d, const struct json *entry, struct oci_credentials *ret, struct err *e)
{
	const char *user = json_str(entry, "username"), *password = json_str(entry, "password");

	if (is_text(entry, "identitytoken") && take_identity(d, entry, json_str(entry, "identitytoken"), ret, e) < 0)
		return -1;
	if (is_text(entry, "auth"))
		return read_auth(d, entry, ret, e);
	if (!is_text(entry, "username"))
		return 0;
	if (take_user(d, entry, user, strlen(user), ret, e) < 0)
		return -1;
	return password ? take_password(d, entry, password, strlen(password), ret, e) : 0;
}

int oci_credentials_find(const struct oci_text *t, const char *registry, const char *repository, struct oci_credentials *ret, struct err *e)
{
	const struct wanted w = {registry, repository};
	auto_oci_credentials c = {0};
	auto_doc_secret d = {0};
	const struct json *entry;

	*ret = (struct oci_credentials){0};
	if (doc_open(t, &d, e) < 0 || check_entries(&d, &w, e) < 0)
		return -1;
	entry = find_entry(json_get(d.root, "auths"), &w);
	if (!entry)
		return find_helper(&d, &w, ret->helper, e);
	if (read_login(&d, entry, &c, e) < 0)
		return -1;
	*ret = c;
	c.password = NULL;
	c.identity_token = NULL;
	return 1;
}

int oci_helper_parse(const struct oci_text *t, struct oci_credentials *ret, struct err *e)
{
	auto_oci_credentials c = {0};
	auto_doc_secret d = {0};
	const char *user, *secret;

	*ret = (struct oci_credentials){0};
	if (doc_open(t, &d, e) < 0)
		return -1;
	user = json_str(d.root, "Username");
	secret = json_str(d.root, "Secret");
	if (!user || !*user || !secret || !*secret)
		return err_set(e, ERR_PROTO, _("%s: printed no login"), d.what);
	if (strcmp(user, "<token>") == 0) {
		if (take_identity(&d, NULL, secret, &c, e) < 0)
			return -1;
	} else if (take_user(&d, NULL, user, strlen(user), &c, e) < 0 || take_password(&d, NULL, secret, strlen(secret), &c, e) < 0) {
		return -1;
	}
	*ret = c;
	c = (struct oci_credentials){0};
	return 0;
}

int oci_basic_header(const char *user, const char *password, struct buf *out, struct err *e)
{
	auto_oci_secret plain = {0};
	size_t n = strlen(user) + 1 + strlen(password);

	if (strchr(user, ':') || doc_has_control(user, strlen(user)) || doc_has_control(password, strlen(password)))
		return err_set(e, ERR_USAGE,
			       _("user or password for the registry has a character that cannot be sent"));
	buf_reserve(&plain, n);
	buf_addf(&plain, "%s:%s", user, password);
	buf_reserve(out, strlen("Authorization: Basic ") + n / 3 * 4 + 4);
	buf_adds(out, "Authorization: Basic ");
	base64_encode(out, plain.data, plain.len);
	return 0;
}
