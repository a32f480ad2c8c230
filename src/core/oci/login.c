/* SPDX-License-Identifier: MIT */
/*
 * Logging in at a registry: its question, what the person's Docker configuration or a helper knows, and a token where one is wanted. See
 * auth.h for the pieces.
 */
#include "core/oci/registry_priv.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "core/oci/auth.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_FILE_MAX ((size_t)1 << 20)

int oci_refuse_login(const struct oci_registry *r, const struct http_response *answer, struct err *e)
{
	auto_buf reason = {0};

	oci_add_reason(&reason, answer);
	err_set(e, ERR_AUTH, _("%s does not give out '%s': there is no such repository, or it takes a login%s"), r->ref.registry,
		r->ref.repository, buf_cstr(&reason));
	if (r->no_login[0])
		return err_hint(e, _("the login that Docker's configuration speaks of is not to be had: %s"), r->no_login);
	return err_hint(e, _("`docker login %s` writes the login to ~/.docker/config.json"), r->ref.registry);
}

/* What a helper does not give is nobody's fault here: many an image is given out without a login, too. */
static int ask_helper(struct op *op, struct oci_registry *r, const char *helper, struct oci_credentials *ret, struct err *e)
{
	struct err why = {0};
	int rc;

	if (r->no_login[0]) /* it was asked */
		return 0;
	rc = oci_helper_ask(op, helper, r->ref.registry, ret, &why);
	if (rc >= 0)
		return rc;
	str_copy(r->no_login, sizeof(r->no_login), why.msg);
	return op_check(op, e) < 0 ? -1 : 0;
}

/* The login of docker's configuration: 1 with it, 0 when there is none. */
static int find_login(struct op *op, struct oci_registry *r, struct oci_credentials *ret, struct err *e)
{
	auto_oci_credentials found = {0};
	auto_oci_secret text = {0};
	struct err missing = {0};
	const char *path = r->access->docker_config;
	int rc;

	if (!path)
		return 0;
	if (fs_read_file(path, CONFIG_FILE_MAX, &text, &missing) < 0)
		return missing.code == ERR_NOT_FOUND ? 0 : err_join(e, &missing);
	rc = oci_credentials_find(&(struct oci_text){buf_cstr(&text), text.len, path}, r->ref.registry, r->ref.repository, &found, e);
	if (rc == 0 && found.helper[0])
		return ask_helper(op, r, found.helper, ret, e);
	*ret = found;
	found = (struct oci_credentials){0};
	return rc;
}

/* Takes the header over. */
static void set_authorization(struct oci_registry *r, struct buf *header)
{
	oci_secret_done(&r->authorization);
	r->authorization = *header;
	*header = (struct buf){0};
}

/* Of an address that oci_token_url() has made. */
static const char *host_of(const char *url, char ret[OCI_REF_SIZE])
{
	const char *host = strstr(url, "://") + 3;

	snprintf(ret, OCI_REF_SIZE, "%.*s", (int)strcspn(host, "/?"), host);
	return ret;
}

/* What the server of tokens said. `ret_later_ms`: as of oci_log_in(). */
static int take_token(struct oci_registry *r, const char *url, struct http_response *answer, int64_t *ret_later_ms, struct err *e)
{
	static const char word[] = "Authorization: Bearer ";
	auto_oci_secret token = {0}, header = {0};
	auto_buf reason = {0};
	struct oci_text text;
	char host[OCI_REF_SIZE];
	unsigned int seconds;
	int rc;

	/* RFC 6749, section 5.2: 400 of what is no good to refresh with. */
	if (answer->status == 400 || answer->status == 401 || answer->status == 403)
		return oci_refuse_login(r, answer, e);
	if (http_is_busy(answer))
		*ret_later_ms = http_retry_after_ms(answer);
	if (answer->status != 200) {
		oci_add_reason(&reason, answer);
		return err_set(e, ERR_NET, _("the server of tokens for %s, %s, answered %d%s"), r->ref.registry, host_of(url, host),
			       answer->status, buf_cstr(&reason));
	}
	text = (struct oci_text){buf_cstr(&answer->body), answer->body.len, r->ref.registry};
	rc = oci_token_parse(&text, &token, &seconds, e);
	oci_secret_done(&answer->body);
	if (rc < 0)
		return err_wrap(e, _("%s gave no token"), host_of(url, host));
	buf_reserve(&header, sizeof(word) + token.len);
	buf_adds(&header, word);
	buf_add(&header, token.data, token.len);
	set_authorization(r, &header);
	return 0;
}

/* Ask the server of tokens. */
static int ask(struct op *op, const struct http_request *q, struct http_response *ret, int64_t *ret_later_ms, struct err *e)
{
	struct err why = {0};

	if (http_do(op, q, ret, &why) == 0)
		return 0;
	if (why.code == ERR_NET || why.code == ERR_TIMEOUT)
		*ret_later_ms = 0;
	err_join(e, &why);
	return err_wrap(e, _("ask for a token"));
}

static int ask_token(struct op *op, struct oci_registry *r, const struct oci_challenge *c, const char *basic, int64_t *ret_later_ms,
		     struct err *e)
{
	const char *headers[] = {basic, NULL};
	auto_http_response answer = {0};
	struct http_request q;
	auto_buf url = {0};

	if (oci_token_url(c, r->ref.repository, oci_ref_is_loopback(&r->ref), &url, e) < 0)
		return err_wrap(e, "%s", r->ref.registry);
	q = oci_request_to(r, buf_cstr(&url));
	q.headers = headers;
	q.max_response = OCI_TOKEN_MAX * 2;
	if (ask(op, &q, &answer, ret_later_ms, e) < 0)
		return -1;
	return take_token(r, q.url, &answer, ret_later_ms, e);
}

/* For an identity token: 1; 0 where the server does not do that. */
static int exchange_token(struct op *op, struct oci_registry *r, const struct oci_challenge *c, const char *identity,
			  int64_t *ret_later_ms, struct err *e)
{
	static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
	auto_http_response answer = {0};
	auto_oci_secret form = {0};
	struct http_request q;
	auto_buf url = {0};

	if (oci_token_form(c, r->ref.repository, oci_ref_is_loopback(&r->ref), identity, &url, &form, e) < 0)
		return err_wrap(e, "%s", r->ref.registry);
	q = oci_request_to(r, buf_cstr(&url));
	q.method = "POST";
	q.headers = headers;
	q.body = buf_cstr(&form);
	q.body_len = form.len;
	q.max_response = OCI_TOKEN_MAX * 2;
	if (ask(op, &q, &answer, ret_later_ms, e) < 0)
		return -1;
	if (answer.status == 404 || answer.status == 405)
		return 0;
	return take_token(r, q.url, &answer, ret_later_ms, e) < 0 ? -1 : 1;
}

/* Beside an identity token an empty one stands for none. */
static bool has_password(const struct oci_credentials *login)
{
	return login->password && (login->password[0] || !login->identity_token);
}

int oci_log_in(struct op *op, struct oci_registry *r, const struct http_response *answer, int64_t *ret_later_ms, struct err *e)
{
	auto_buf wanted = {0};
	auto_oci_credentials login = {0};
	auto_oci_secret basic = {0};
	struct oci_challenge c;
	int rc = 0;

	*ret_later_ms = -1;
	http_header_list(answer, "WWW-Authenticate", &wanted);
	if (!wanted.len)
		return err_set(e, ERR_PROTO, _("%s answered 401 without saying how to log in"), r->ref.registry);
	if (oci_challenge_parse(buf_cstr(&wanted), &c, e) < 0)
		return err_wrap(e, "%s", r->ref.registry);
	if (find_login(op, r, &login, e) < 0 || (has_password(&login) && oci_basic_header(login.user, login.password, &basic, e) < 0))
		return -1;
	if (c.scheme == OCI_SCHEME_BASIC) {
		if (!basic.len)
			return oci_refuse_login(r, answer, e);
		set_authorization(r, &basic);
		return 0;
	}
	if (login.identity_token)
		rc = exchange_token(op, r, &c, login.identity_token, ret_later_ms, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return ask_token(op, r, &c, basic.len ? buf_cstr(&basic) : NULL, ret_later_ms, e);
}
