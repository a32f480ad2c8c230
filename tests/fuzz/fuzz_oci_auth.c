/* SPDX-License-Identifier: MIT */
/*
 * Logins: the same bytes as a registry's challenge, as a token server's answer and as Docker's configuration. What is taken can stand
 * in a URL and in a header.
 */
#include "base/base64.h"
#include "core/oci/auth.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect_visible(const char *s, size_t n, const char *but)
{
	for (size_t i = 0; i < n; i++)
		if ((s[i] <= ' ' && !strchr(but, s[i])) || s[i] >= 0x7f || s[i] == '\0')
			abort();
}

static void as_challenge(const char *text)
{
	auto_buf url = {0}, plain = {0};
	struct oci_challenge c;
	struct err e = {0};

	if (oci_challenge_parse(text, &c, &e) < 0) {
		if (e.code != ERR_PROTO && e.code != ERR_AUTH)
			abort();
		return;
	}
	if (oci_token_url(&c, "library/x", false, &url, NULL) == 0 && strncasecmp(buf_cstr(&url), "https://", 8) != 0)
		abort();
	expect_visible(buf_cstr(&url), url.len, "");
	if (oci_token_url(&c, text, true, &plain, NULL) == 0)
		expect_visible(buf_cstr(&plain), plain.len, "");
}

static void as_token(const struct oci_text *t)
{
	auto_oci_secret token = {0};
	unsigned int seconds = 0;

	if (oci_token_parse(t, &token, &seconds, NULL) < 0)
		return;
	if (token.len == 0 || seconds < 1 || seconds > OCI_TOKEN_LIFE_MAX_S)
		abort();
	expect_visible(token.data, token.len, "");
}

static void expect_login(const struct oci_credentials *c, bool found)
{
	auto_oci_secret header = {0};

	if (!found && (c->user[0] || c->password || c->identity_token))
		abort();
	if (found && !c->password && !c->identity_token)
		abort();
	if (!c->password)
		return;
	if (oci_basic_header(c->user, c->password, &header, NULL) < 0)
		abort();
	expect_visible(header.data, header.len, " ");
}

static void as_docker_config(const struct oci_text *t, const char *registry)
{
	auto_oci_credentials c = {0};
	int found = oci_credentials_find(t, registry, "library/alpine", &c, NULL);

	expect_login(&c, found == 1);
	if (c.helper[strspn(c.helper, "-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		abort();
}

static void as_helper(const struct oci_text *t)
{
	auto_oci_credentials c = {0};
	int rc = oci_helper_parse(t, &c, NULL);

	expect_login(&c, rc == 0);
}

static void as_base64(const char *text, size_t n)
{
	auto_buf plain = {0}, again = {0};

	if (base64_decode(text, n, &plain, NULL) < 0)
		return;
	base64_encode(&again, buf_cstr(&plain), plain.len);
	if (again.len != n || memcmp(buf_cstr(&again), text, n) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct oci_text t = {(const char *)data, n, "input"};
	auto_buf text = {0};

	buf_add(&text, data, n);
	as_challenge(buf_cstr(&text));
	as_token(&t);
	as_docker_config(&t, "docker.io");
	as_docker_config(&t, "ghcr.io");
	as_helper(&t);
	as_base64(buf_cstr(&text), text.len);
	return 0;
}
