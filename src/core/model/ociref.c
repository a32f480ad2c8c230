/* SPDX-License-Identifier: MIT */
/*
 * Image references: see ociref.h.
 *
 * Taken apart from the outside: the digest behind the first '@', the registry before the first '/', the tag behind a ':' of the last
 * component, and what is left is the repository. Nothing longer than a canonical reference is looked at, so every part fits its field.
 * Positions in messages are those of the text as typed, counted from 1.
 */
#include "core/model/ociref.h"

#include "base/http.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "core/model/name.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SHORT_DIGITS 12
#define HUB "docker.io"
#define HUB_API "registry-1.docker.io"
#define HUB_LIBRARY "library/"
#define DIGEST_HEX 64
#define PORT_DIGITS 5
#define PORT_MAX 65535
#define PORT_TEXT 7 /* ":65535" and NUL */

/* A piece of the text, which stays whole for the positions. */
struct piece {
	const char *text;
	size_t at, len;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
	return is_lower(c) || is_upper(c);
}

/* The i-th character of a part must not be there. */
static int bad_char(const char *part, const struct piece *p, size_t i, struct err *e)
{
	char shown[8];

	if (i >= p->len)
		return err_set(e, ERR_USAGE, _("%s of an image reference ends too early"), part);
	return err_set(e, ERR_USAGE, _("%s of an image reference has %s at position %zu"), part,
		       name_show_char(p->text[p->at + i], shown), p->at + i + 1);
}

static struct piece piece_of(const struct piece *p, size_t from, size_t to)
{
	return (struct piece){.text = p->text, .at = p->at + from, .len = to - from};
}

static void piece_copy(char *dst, const struct piece *p)
{
	memcpy(dst, p->text + p->at, p->len);
	dst[p->len] = '\0';
}

/* Place of the first c in p, or its length. */
static size_t find_char(const struct piece *p, char c)
{
	const char *at = p->len ? memchr(p->text + p->at, c, p->len) : NULL;

	return at ? (size_t)(at - (p->text + p->at)) : p->len;
}

/* ---- registry ---- */

static bool is_registry(const struct piece *first)
{
	const char *s = first->text + first->at;

	return find_char(first, '.') < first->len || find_char(first, ':') < first->len ||
	       (first->len > 0 && s[0] == '[') ||
	       (first->len == strlen("localhost") && strncasecmp(s, "localhost", first->len) == 0);
}

/* Components of letters, digits and inner hyphens, in small letters from here on. */
static int read_host_name(const struct piece *p, char *ret, struct err *e)
{
	for (size_t i = 0; i <= p->len; i++) {
		char c = i < p->len ? p->text[p->at + i] : '.';
		char last = i > 0 ? ret[i - 1] : '.';
		bool alnum = is_letter(c) || is_digit(c);

		if (c != '.' && c != '-' && !alnum)
			return bad_char(_("registry"), p, i, e);
		if ((c == '.' && (last == '.' || last == '-')) || (c == '-' && last == '.'))
			return bad_char(_("registry"), p, i, e);
		ret[i] = (char)(is_upper(c) ? c - 'A' + 'a' : c);
	}
	ret[p->len] = '\0';
	return 0;
}

/* What stands between the brackets. Its shortest form may be longer: "::ffff:7f00:1" is written with dots. */
static int read_ipv6(const struct piece *p, char *ret, size_t size, struct err *e)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	if (p->len < sizeof(text)) {
		piece_copy(text, p);
		if (inet_pton(AF_INET6, text, &addr) == 1 && inet_ntop(AF_INET6, &addr, text, sizeof(text))) {
			snprintf(ret, size, "[%s]", text);
			return 0;
		}
	}
	err_set(e, ERR_USAGE, _("registry of an image reference has no IPv6 address in its brackets"));
	return err_hint(e, _("write it as in [::1]:5000/name"));
}

static int read_port(const struct piece *p, char *ret, size_t size, struct err *e)
{
	unsigned int port = 0;

	for (size_t i = 0; i < p->len; i++) {
		char c = p->text[p->at + i];

		if (!is_digit(c))
			return bad_char(_("port"), p, i, e);
		port = MIN(port * 10 + (unsigned int)(c - '0'), (unsigned int)PORT_MAX + 1);
	}
	if (port == 0 || port > PORT_MAX || p->len > PORT_DIGITS)
		return err_set(e, ERR_USAGE, _("port of an image reference at position %zu must be 1 to %d"), p->at + 1,
			       PORT_MAX);
	snprintf(ret, size, ":%u", port);
	return 0;
}

static int read_registry(const struct piece *p, char ret[OCI_REF_SIZE], struct err *e)
{
	bool v6 = p->len > 0 && p->text[p->at] == '[';
	size_t end = find_char(p, v6 ? ']' : ':');
	struct piece host = piece_of(p, v6 ? 1 : 0, end);
	size_t port = MIN(end + (v6 ? 1 : 0), p->len);

	if (v6 ? end == p->len : end == 0)
		return bad_char(_("registry"), p, end, e);
	if ((v6 ? read_ipv6(&host, ret, OCI_REF_SIZE, e) : read_host_name(&host, ret, e)) < 0)
		return -1;
	if (port == p->len)
		return 0;
	if (p->text[p->at + port] != ':')
		return bad_char(_("registry"), p, port, e);
	struct piece digits = piece_of(p, port + 1, p->len);
	size_t used = strlen(ret);
	if (used + PORT_TEXT > OCI_REF_SIZE)
		return err_set(e, ERR_USAGE, _("registry of an image reference is too long"));
	return read_port(&digits, ret + used, OCI_REF_SIZE - used, e);
}

/* ---- repository, tag, digest ---- */

static int refuse_upper(const struct piece *p, size_t i, struct err *e)
{
	char shown[8];

	err_set(e, ERR_USAGE, _("repository name '%.*s' has a capital letter"), (int)p->len, p->text + p->at);
	return err_hint(e, _("%s at position %zu: repositories are named in small letters"),
			name_show_char(p->text[p->at + i], shown), p->at + i + 1);
}

/* The separator that starts at i: one dot, one or two underscores, or hyphens; its length, 0 when there is none. */
static size_t separator_length(const char *s, size_t len)
{
	size_t n = 0;

	if (len == 0 || !strchr("._-", s[0]) || !s[0])
		return 0;
	while (n < len && s[n] == s[0])
		n++;
	return s[0] == '-' ? n : MIN(n, s[0] == '_' ? (size_t)2 : (size_t)1);
}

static int check_repository(const struct piece *p, struct err *e)
{
	const char *s = p->text + p->at;
	size_t i = 0;

	for (;;) {
		size_t start = i;

		while (i < p->len && (is_lower(s[i]) || is_digit(s[i])))
			i++;
		if (i == start || i == p->len)
			return i > start ? 0 : bad_char(_("repository"), p, i, e);
		i += s[i] == '/' ? 1 : separator_length(s + i, p->len - i);
		if (i < p->len && !is_lower(s[i]) && !is_digit(s[i]))
			return bad_char(_("repository"), p, i, e);
	}
}

static int read_repository(const struct piece *p, struct oci_ref *ret, struct err *e)
{
	bool official = strcmp(ret->registry, HUB) == 0 && find_char(p, '/') == p->len;

	if (p->len == 0)
		return err_set(e, ERR_USAGE, _("image reference names no repository"));
	for (size_t i = 0; i < p->len; i++) {
		char c = p->text[p->at + i];

		if (!is_letter(c) && !is_digit(c) && !strchr("._-/", c))
			return bad_char(_("repository"), p, i, e);
	}
	for (size_t i = 0; i < p->len; i++)
		if (is_upper(p->text[p->at + i]))
			return refuse_upper(p, i, e);
	if (check_repository(p, e) < 0)
		return err_hint(
			e,
			_("components start and end with a small letter or a digit; between them stands '.', '_', '__' or hyphens"));
	if (p->len + strlen(HUB_LIBRARY) >= OCI_REF_SIZE)
		return err_set(e, ERR_USAGE, _("repository name of an image reference is too long"));
	piece_copy(ret->repository + (official ? strlen(HUB_LIBRARY) : 0), p);
	if (official)
		memcpy(ret->repository, HUB_LIBRARY, strlen(HUB_LIBRARY));
	return 0;
}

static int read_tag(const struct piece *p, char ret[OCI_TAG_SIZE], struct err *e)
{
	if (p->len == 0)
		return err_set(e, ERR_USAGE, _("image reference has an empty tag at position %zu"), p->at + 1);
	for (size_t i = 0; i < p->len; i++) {
		char c = p->text[p->at + i];

		if (!is_letter(c) && !is_digit(c) && c != '_' && (i == 0 || (c != '.' && c != '-')))
			return bad_char(_("tag"), p, i, e);
	}
	if (p->len >= OCI_TAG_SIZE)
		return err_set(e, ERR_USAGE, _("tag of an image reference has %zu characters; %d is the limit"), p->len,
			       OCI_TAG_SIZE - 1);
	piece_copy(ret, p);
	return 0;
}

static int check_algorithm(const struct piece *p, struct err *e)
{
	for (size_t i = 0; i < p->len; i++) {
		char c = p->text[p->at + i];

		if (!is_letter(c) && !is_digit(c) && (i == 0 || !strchr("+._-", c)))
			return bad_char(_("digest"), p, i, e);
	}
	if (p->len == 0)
		return err_set(e, ERR_USAGE, _("image reference has an empty digest at position %zu"), p->at + 1);
	if (p->len == strlen("sha256") && memcmp(p->text + p->at, "sha256", p->len) == 0)
		return 0;
	return err_set(e, ERR_USAGE, _("digest of an image reference is '%.*s': only sha256 is understood"),
		       (int)MIN(p->len, (size_t)32), p->text + p->at);
}

static int read_digest(const struct piece *p, char ret[OCI_DIGEST_SIZE], struct err *e)
{
	size_t colon = find_char(p, ':');
	struct piece algorithm = piece_of(p, 0, colon), hex = piece_of(p, MIN(colon + 1, p->len), p->len);

	if (check_algorithm(&algorithm, e) < 0)
		return err_hint(e, _("a digest is sha256: and 64 digits"));
	for (size_t i = 0; i < hex.len; i++) {
		char c = hex.text[hex.at + i];

		if (is_digit(c) || (c >= 'a' && c <= 'f'))
			continue;
		bad_char(_("digest"), &hex, i, e);
		return err_hint(e, _("the digits are 0-9 and small letters a-f"));
	}
	if (hex.len != DIGEST_HEX)
		return err_set(e, ERR_USAGE, _("sha256 digest of an image reference has %zu digits; it has %d"),
			       hex.len, DIGEST_HEX);
	piece_copy(ret, p);
	return 0;
}

/* ---- the whole ---- */

/* What stands before an '@' with a '/' behind it is no name: it is not shown. */
static int check_login(const char *text, struct err *e)
{
	const char *at = strchr(text, '@');

	if (!at || !strchr(at, '/'))
		return 0;
	err_set(e, ERR_USAGE, _("image reference has a login in it"));
	return err_hint(e, _("leave it out; `docker login REGISTRY` writes logins to ~/.docker/config.json, where they are found"));
}

static int check_text(const char *text, struct err *e)
{
	const char *scheme = strstr(text, "://");

	if (!*text)
		return err_set(e, ERR_USAGE, _("image reference must not be empty"));
	if (strnlen(text, OCI_REF_SIZE) == OCI_REF_SIZE)
		return err_set(e, ERR_USAGE, _("image reference has more than %d characters"), OCI_REF_SIZE - 1);
	if (check_login(text, e) < 0)
		return -1;
	if (!scheme)
		return 0;
	for (const char *p = text; p < scheme; p++)
		if (!is_letter(*p) && !is_digit(*p) && !strchr("+.-", *p))
			return 0;
	err_set(e, ERR_USAGE, _("image reference starts with a scheme"));
	return err_hint(e, _("leave '%.*s' off"), (int)(scheme - text) + 3, text);
}

/* Registry and repository, or a repository alone. */
static int read_name(const struct piece *p, struct oci_ref *ret, struct err *e)
{
	size_t slash = find_char(p, '/');
	struct piece first = piece_of(p, 0, slash), rest = *p;

	str_copy(ret->registry, sizeof(ret->registry), HUB);
	if (slash < p->len && is_registry(&first)) {
		if (read_registry(&first, ret->registry, e) < 0)
			return -1;
		rest = piece_of(p, slash + 1, p->len);
	}
	if (strcmp(ret->registry, "index." HUB) == 0 || strcmp(ret->registry, HUB_API) == 0)
		str_copy(ret->registry, sizeof(ret->registry), HUB);
	return read_repository(&rest, ret, e);
}

/* Place of the ':' before the tag: the last one behind the last '/'. The length where there is none. */
static size_t find_tag(const struct piece *p)
{
	for (size_t i = p->len; i > 0; i--) {
		char c = p->text[p->at + i - 1];

		if (c == ':')
			return i - 1;
		if (c == '/')
			break;
	}
	return p->len;
}

/* Registry, repository and what decides, into n bytes. Returns the length that it would have. */
static size_t put_ref(const char *registry, const char *repository, const struct oci_ref *r, char *buf, size_t n)
{
	return (size_t)snprintf(buf, n, "%s%s%s%s%s%s%s", registry, *registry ? "/" : "", repository,
				r->tag[0] ? ":" : "", r->tag, r->digest[0] ? "@" : "", r->digest);
}

int oci_ref_parse(const char *text, struct oci_ref *ret, struct err *e)
{
	char whole[OCI_REF_SIZE];

	if (check_text(text, e) < 0)
		return -1;
	*ret = (struct oci_ref){0};
	struct piece all = {.text = text, .len = strlen(text)};
	size_t at = find_char(&all, '@');
	struct piece named = piece_of(&all, 0, at), digest = piece_of(&all, MIN(at + 1, all.len), all.len);
	size_t colon = find_tag(&named);
	struct piece name = piece_of(&named, 0, colon), tag = piece_of(&named, MIN(colon + 1, named.len), named.len);

	if (read_name(&name, ret, e) < 0)
		return -1;
	if (colon < named.len && read_tag(&tag, ret->tag, e) < 0)
		return -1;
	if (at < all.len && read_digest(&digest, ret->digest, e) < 0)
		return -1;
	if (!ret->tag[0] && !ret->digest[0])
		str_copy(ret->tag, sizeof(ret->tag), "latest");
	if (put_ref(ret->registry, ret->repository, ret, whole, sizeof(whole)) >= OCI_REF_SIZE)
		return err_set(e, ERR_USAGE, _("image reference has more than %d characters when it is written out"),
			       OCI_REF_SIZE - 1);
	return 0;
}

const char *oci_ref_format(const struct oci_ref *r, char buf[OCI_REF_SIZE])
{
	put_ref(r->registry, r->repository, r, buf, OCI_REF_SIZE);
	return buf;
}

const char *oci_ref_familiar(const struct oci_ref *r, char buf[OCI_REF_SIZE])
{
	const char *repository = r->repository;
	struct piece first;

	if (strcmp(r->registry, HUB) != 0)
		return oci_ref_format(r, buf);
	if (strncmp(repository, HUB_LIBRARY, strlen(HUB_LIBRARY)) == 0 &&
	    !strchr(repository + strlen(HUB_LIBRARY), '/'))
		repository += strlen(HUB_LIBRARY);
	first = (struct piece){.text = repository, .len = strcspn(repository, "/")};
	if (repository[first.len] && is_registry(&first))
		return oci_ref_format(r, buf);
	put_ref("", repository, r, buf, OCI_REF_SIZE);
	return buf;
}

const char *oci_ref_short(const char *text, char buf[OCI_REF_SIZE])
{
	struct oci_ref r;
	char *digits;

	if (!oci_ref_is_spelled(text) || oci_ref_parse(text, &r, NULL) < 0)
		return text;
	oci_ref_familiar(&r, buf);
	digits = strchr(buf, '@');
	if (digits && strlen(digits) > 1 + strlen(OCI_DIGEST_PREFIX) + SHORT_DIGITS + strlen("…"))
		memcpy(digits + 1 + strlen(OCI_DIGEST_PREFIX) + SHORT_DIGITS, "…", sizeof("…"));
	return buf;
}

bool oci_ref_is_spelled(const char *text)
{
	return text[strcspn(text, "/:@")] != '\0';
}

const char *oci_ref_api_host(const struct oci_ref *r)
{
	return strcmp(r->registry, HUB) == 0 ? HUB_API : r->registry;
}

bool oci_ref_is_loopback(const struct oci_ref *r)
{
	return http_host_is_loopback(r->registry);
}
