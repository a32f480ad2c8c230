/* SPDX-License-Identifier: MIT */
/*
 * Logins at registries: what a registry asks for, where a token is fetched, and what the person's Docker configuration knows.
 *
 * A registry answers 401 with WWW-Authenticate (RFC 9110 §11.6.1): Basic (RFC 7617), or Bearer, where a token for one repository is
 * fetched from a server that the challenge names (Docker's "Token Authentication Specification"). All of that is the registry's word:
 * the token server is spoken to in https, and in plain http only where both it and the registry are this very machine. A token is
 * asked for to pull from the one repository and nothing else, whatever scope the challenge names.
 *
 * Secrets stand in buffers that are made large enough before they are written, and are overwritten when they are freed:
 * oci_secret_done(), oci_credentials_done(). No message holds one. Any thread; pure, but for oci_helper_ask().
 */
#ifndef CORE_OCI_AUTH_H
#define CORE_OCI_AUTH_H

#include "base/buf.h"
#include "base/err.h"
#include "base/op.h"
#include "core/oci/doc.h"

#include <stdbool.h>
#include <stddef.h>

#define OCI_CHALLENGE_MAX 8192 /* bytes of a header's value */
#define OCI_REALM_SIZE 1024
#define OCI_SERVICE_SIZE 256
#define OCI_SCOPE_SIZE 512
#define OCI_TOKEN_MAX ((size_t)32 << 10)
#define OCI_TOKEN_LIFE_S 60	   /* where the server says nothing */
#define OCI_TOKEN_LIFE_MAX_S 86400 /* longer is not believed */
#define OCI_USERNAME_SIZE 256
#define OCI_PASSWORD_MAX ((size_t)16 << 10)
#define OCI_HELPER_SIZE 64
#define OCI_HELPER_MS 30000 /* it may ask the person, or a keyring on a bus */

/* Overwrites what the buffer holds or held, and frees it. */
void oci_secret_done(struct buf *b);
#define auto_oci_secret __attribute__((cleanup(oci_secret_done))) struct buf

/* ---- challenge ---- */

enum oci_scheme { OCI_SCHEME_NONE, OCI_SCHEME_BASIC, OCI_SCHEME_BEARER };

struct oci_challenge {
	enum oci_scheme scheme;
	char realm[OCI_REALM_SIZE]; /* Bearer: the URL of the token server; any bytes but control characters */
	char service[OCI_SERVICE_SIZE];
	char scope[OCI_SCOPE_SIZE]; /* what the registry would like to be asked for; to be cleaned and shown */
};

/* The value of a WWW-Authenticate header; several headers are joined by ", ". Of several challenges the first Bearer that names a
 * realm is taken, else the first Basic; unknown schemes are passed over. ERR_PROTO: not that grammar, too long, or Bearer without
 * realm; ERR_AUTH: no scheme that is known here. `ret` is undefined then. */
NODISCARD int oci_challenge_parse(const char *value, struct oci_challenge *ret, struct err *e);

/* ---- token ---- */

/* Append the URL that a token to pull from `repository` is fetched at: the realm, with service and scope as further parts of its query.
 * `loopback`: the registry is this machine. ERR_PROTO where the realm is no URL to be spoken to: not https, userinfo, a fragment,
 * characters that no URL has. */
NODISCARD int oci_token_url(const struct oci_challenge *c, const char *repository, bool loopback, struct buf *out,
			    struct err *e);

/* The same for who has an identity token (distribution's "OAuth2 Token Authentication"): the URL, which is the realm alone, and what is
 * sent there with POST, a secret of the caller's. */
NODISCARD int oci_token_form(const struct oci_challenge *c, const char *repository, bool loopback, const char *identity_token,
			     struct buf *url, struct buf *form, struct err *e);

/* The token server's answer: the token is appended to ret_token, a secret of the caller's, and ret_seconds is how long it is good for.
 * ERR_PROTO: no token, or one that cannot stand in a header. */
NODISCARD int oci_token_parse(const struct oci_text *t, struct buf *ret_token, unsigned int *ret_seconds,
			      struct err *e);

/* ---- credentials ---- */

/* Valid when zeroed. */
struct oci_credentials {
	char user[OCI_USERNAME_SIZE]; /* no ':', no control characters */
	char *password;		      /* owned; NULL: none */
	char *identity_token;	      /* owned; NULL: none. To be exchanged for a token instead of the password */
	char helper[OCI_HELPER_SIZE]; /* "": none. NAME of docker-credential-NAME, which may know a login */
};

#define auto_oci_credentials __attribute__((cleanup(oci_credentials_done))) struct oci_credentials

/* Look `repository` of `registry` ("library/alpine" of "docker.io") up in the text of ~/.docker/config.json. 1: found; 0: not, and `helper` is
 * set where the file gives this registry's logins (credHelpers) or all (credsStore) to a program: letters, digits, '-' and '_', found in
 * PATH alone; -1: ERR_PROTO, the file is wrong where it matters. Keys may be written
 * with a scheme. One with a path is for the repositories below that, and the longest goes first; then one that names the registry alone;
 * then one with a scheme and a path, by which old Docker meant the registry. */
NODISCARD int oci_credentials_find(const struct oci_text *t, const char *registry, const char *repository, struct oci_credentials *ret,
				   struct err *e);
void oci_credentials_done(struct oci_credentials *c);

/* Ask docker-credential-`helper` for the login of `registry`: 1 with it, 0 when it has none, -1. Its protocol is that of
 * github.com/docker/docker-credential-helpers: `get`, the server's name on stdin, JSON on stdout. Blocks for OCI_HELPER_MS at most;
 * cancellable. Nothing it prints comes into a message. */
NODISCARD int oci_helper_ask(struct op *op, const char *helper, const char *registry, struct oci_credentials *ret, struct err *e);
/* What it has printed: ERR_PROTO when that is no login. */
NODISCARD int oci_helper_parse(const struct oci_text *t, struct oci_credentials *ret, struct err *e);

/* Append "Authorization: Basic …" (RFC 7617), a secret of the caller's. ERR_USAGE: a user with ':', or a control character in either. */
NODISCARD int oci_basic_header(const char *user, const char *password, struct buf *out, struct err *e);

#endif
