/* SPDX-License-Identifier: MIT */
/*
 * core/oci/auth: challenges by the grammar of RFC 9110, token servers that may be spoken to, tokens, and Docker's logins.
 */
#include "tests/lib/test.h"

#include "base/base64.h"
#include "core/oci/auth.h"

static struct oci_text text_of(const char *text)
{
	return (struct oci_text){text, strlen(text), "the file"};
}

static void says(const struct err *e, const char *sentence)
{
	if (!strstr(e->msg, sentence))
		fail_msg("%s does not say %s", e->msg, sentence);
}

/* ---- challenge ---- */

static const struct {
	const char *value;
	enum oci_scheme scheme;
	const char *realm, *service, *scope;
} challenges[] = {
	{"Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull\"", OCI_SCHEME_BEARER, "https://a/t",
	 "s", "repository:x:pull"},
	{"bEARER ReAlM=\"https://a/t\"", OCI_SCHEME_BEARER, "https://a/t", "", ""},
	{"Bearer realm=abc", OCI_SCHEME_BEARER, "abc", "", ""},
	{"Bearer realm = \"a\" , service\t=\ts", OCI_SCHEME_BEARER, "a", "s", ""},
	{" , ,Bearer  realm=\"a\",,service=s, ", OCI_SCHEME_BEARER, "a", "s", ""},
	{"Bearer error=\"invalid_token\",realm=\"a\",x=y", OCI_SCHEME_BEARER, "a", "", ""},
	{"Bearer realm=\"a\\\"b\\\\c, Basic d\"", OCI_SCHEME_BEARER, "a\"b\\c, Basic d", "", ""},
	{"Bearer realm=\"\xc3\xa4\"", OCI_SCHEME_BEARER, "\xc3\xa4", "", ""},
	{"Basic realm=\"Registry\"", OCI_SCHEME_BASIC, "Registry", "", ""},
	{"Basic", OCI_SCHEME_BASIC, "", "", ""},
	{"Basic realm", OCI_SCHEME_BASIC, "", "", ""}, /* a token68 */
	{"Basic realm=\"b\", Bearer realm=\"a\"", OCI_SCHEME_BEARER, "a", "", ""},
	{"Bearer realm=\"a\", Basic realm=\"b\"", OCI_SCHEME_BEARER, "a", "", ""},
	{"Bearer realm=\"a\", Bearer realm=\"b\"", OCI_SCHEME_BEARER, "a", "", ""},
	{"Bearer service=\"s\", Basic realm=\"b\"", OCI_SCHEME_BASIC, "b", "", ""},
	{"Negotiate, Basic realm=\"b\"", OCI_SCHEME_BASIC, "b", "", ""},
	{"Negotiate abc/+==, Basic realm=\"b\"", OCI_SCHEME_BASIC, "b", "", ""},
	{"Digest realm=\"d\", nonce=\"n\", qop=auth, Basic realm=\"b\"", OCI_SCHEME_BASIC, "b", "", ""},
	{"Basic realm=\"b\", Digest realm=\"d\", service=x", OCI_SCHEME_BASIC, "b", "", ""},
};

static void challenges_are_read_and_bearer_is_preferred(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(challenges); i++) {
		struct oci_challenge c;
		struct err e = {0};

		if (oci_challenge_parse(challenges[i].value, &c, &e) < 0)
			fail_msg("%s: %s", challenges[i].value, e.msg);
		assert_int_equal(c.scheme, challenges[i].scheme);
		assert_string_equal(c.realm, challenges[i].realm);
		assert_string_equal(c.service, challenges[i].service);
		assert_string_equal(c.scope, challenges[i].scope);
	}
}

static void malformed_challenges_are_refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		" ,\t,",
		"realm=\"a\"",
		"=",
		"Bearer realm=\"a",
		"Bearer realm=\"a\\",
		"Bearer realm=\"a\\\"",
		"Bearer realm=\"a\nb\"",
		"Bearer realm=\"a\\\nb\"",
		"Bearer realm=\"a\" service=s",
		"Bearer realm=\"a\"x",
		"Bearer realm=\"a\", service=",
		"Bearer realm=\"a\", =s",
		"Bearer realm=\"a\", realm=\"b\"",
		"Bearer \"a\"",
		"Bearer\"a\"",
		"Bearer realm==\"a\"",
		"Bearer\nrealm=a",
		"B\xc3\xa4rer realm=a",
		"Bearer",
		"Bearer service=s",
		"Bearer realm=",
		"Bearer realm=\"\"",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct oci_challenge c;
		struct err e = {0};

		if (oci_challenge_parse(bad[i], &c, &e) == 0)
			fail_msg("%s is taken", bad[i]);
		assert_int_equal(e.code, ERR_PROTO);
	}
}

static void unknown_schemes_alone_are_named(void **state UNUSED)
{
	struct oci_challenge c;
	struct err e = {0};

	assert_int_equal(oci_challenge_parse("Negotiate, Digest realm=\"d\"", &c, &e), -1);
	assert_int_equal(e.code, ERR_AUTH);
	says(&e, "not understood: Negotiate");
}

static void challenges_have_limits(void **state UNUSED)
{
	static const char *const parts[] = {"Bearer realm=\"", "Bearer realm=", "Bearer service=\"",
					    "Bearer realm=\"a\",scope=\""};
	static char text[OCI_CHALLENGE_MAX + 100];
	struct oci_challenge c;
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		memset(text, 'x', sizeof(text));
		memcpy(text, parts[i], strlen(parts[i]));
		memcpy(text + 2000, "\"", 2);
		assert_err(oci_challenge_parse(text, &c, &e), &e, ERR_PROTO);
	}
	memset(text, ',', sizeof(text));
	memcpy(text, "Basic", 5);
	text[OCI_CHALLENGE_MAX] = '\0';
	assert_ok(oci_challenge_parse(text, &c, &e), &e);
	text[OCI_CHALLENGE_MAX] = ',';
	text[OCI_CHALLENGE_MAX + 1] = '\0';
	assert_err(oci_challenge_parse(text, &c, &e), &e, ERR_PROTO);
}

static void what_is_unknown_may_be_long(void **state UNUSED)
{
	static char text[4096];
	struct oci_challenge c;
	struct err e = {0};

	memset(text, 'n', sizeof(text));
	memcpy(text, "Digest realm=\"", 14);
	memcpy(text + sizeof(text) - 32, "\", Basic realm=\"b\"", 19);
	assert_ok(oci_challenge_parse(text, &c, &e), &e);
	assert_string_equal(c.realm, "b");
}

/* ---- token ---- */

static struct oci_challenge bearer(const char *realm, const char *service)
{
	struct oci_challenge c = {.scheme = OCI_SCHEME_BEARER, .scope = "repository:x:pull,push,delete"};

	snprintf(c.realm, sizeof(c.realm), "%s", realm);
	snprintf(c.service, sizeof(c.service), "%s", service);
	return c;
}

static void token_urls_ask_to_pull_and_no_more(void **state UNUSED)
{
	static const struct {
		const char *realm, *service, *repository;
		bool loopback;
		const char *url;
	} cases[] = {
		{"https://auth.docker.io/token", "registry.docker.io", "library/alpine", false,
		 "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Alibrary%2Falpine%3Apull"},
		{"https://a/t?x=y", "", "r", false, "https://a/t?x=y&scope=repository%3Ar%3Apull"},
		{"https://a/t?x=y&", "", "r", false, "https://a/t?x=y&scope=repository%3Ar%3Apull"},
		{"https://a/t?", "", "r", false, "https://a/t?scope=repository%3Ar%3Apull"},
		{"https://a", "", "r", false, "https://a?scope=repository%3Ar%3Apull"},
		{"HTTPS://a:8443/t", "a b&c=\xc3\xa4", "r", false,
		 "HTTPS://a:8443/t?service=a%20b%26c%3D%C3%A4&scope=repository%3Ar%3Apull"},
		{"http://127.0.0.1:5001/t", "", "r", true, "http://127.0.0.1:5001/t?scope=repository%3Ar%3Apull"},
		{"http://[::1]:5001/t", "", "r", true, "http://[::1]:5001/t?scope=repository%3Ar%3Apull"},
		{"https://a/@x", "", "r", true, "https://a/@x?scope=repository%3Ar%3Apull"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_challenge c = bearer(cases[i].realm, cases[i].service);
		auto_buf url = {0};
		struct err e = {0};

		assert_ok(oci_token_url(&c, cases[i].repository, cases[i].loopback, &url, &e), &e);
		assert_string_equal(buf_cstr(&url), cases[i].url);
	}
}

static void an_identity_token_goes_into_a_form(void **state UNUSED)
{
	struct oci_challenge c = bearer("https://a/t?x=y", "s p"), far = bearer("http://example.org/t", "s");
	auto_oci_secret form = {0};
	auto_buf url = {0};
	struct err e = {0};

	assert_ok(oci_token_form(&c, "a/b", false, "ey&J=", &url, &form, &e), &e);
	assert_string_equal(buf_cstr(&url), "https://a/t?x=y");
	assert_string_equal(buf_cstr(&form), "service=s%20p&scope=repository%3Aa%2Fb%3Apull&client_id=banger-tui&grant_type=refresh_token"
					     "&refresh_token=ey%26J%3D");
	assert_err(oci_token_form(&far, "a/b", true, "ey", &url, &form, &e), &e, ERR_PROTO);
}

static void token_servers_that_must_not_be_asked(void **state UNUSED)
{
	static const struct {
		const char *realm;
		bool loopback;
		const char *says;
	} cases[] = {
		{"", false, "no https://"},
		{"auth.example.org/token", false, "no https://"},
		{"file:///etc/passwd", true, "no https://"},
		{"ftp://127.0.0.1/", true, "no https://"},
		{"http://auth.example.org/token", false, "plain http"},
		{"http://127.0.0.1/token", false, "plain http"},
		{"http://auth.example.org/token", true, "plain http"},
		{"http://127.0.0.1.example.org/token", true, "plain http"},
		{"https://user:word@a/token", false, "with a user"},
		{"http://127.0.0.1@example.org/token", true, "with a user"},
		{"https://", false, "no address"},
		{"https:///token", false, "no address"},
		{"https://a/to ken", false, "no address"},
		{"https://a/\ttoken", false, "no address"},
		{"https://a/token#x", false, "no address"},
		{"https://a#@b/token", false, "with a user"},
		{"https://a\\@b/token", false, "with a user"},
		{"https://a\\b/token", false, "no address"},
		{"https://a%2eb/token", false, "no address"},
		{"https://\xc3\xa4/token", false, "no address"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_challenge c = bearer(cases[i].realm, "s");
		auto_buf url = {0};
		struct err e = {0};

		assert_int_equal(oci_token_url(&c, "r", cases[i].loopback, &url, &e), -1);
		assert_int_equal(e.code, ERR_PROTO);
		says(&e, cases[i].says);
		assert_null(strstr(e.msg, "word"));
		assert_int_equal(url.len, 0);
	}
}

static void tokens_are_read(void **state UNUSED)
{
	static const struct {
		const char *text, *token;
		unsigned int seconds;
	} cases[] = {
		{"{\"token\":\"abc.DEF-_\"}", "abc.DEF-_", 60},
		{"{\"access_token\":\"b\",\"expires_in\":300}", "b", 300},
		{"{\"token\":\"a\",\"access_token\":\"b\",\"expires_in\":0}", "a", 60},
		{"{\"token\":\"\",\"access_token\":\"b\",\"expires_in\":-5}", "b", 60},
		{"{\"token\":\"a\",\"expires_in\":1e15}", "a", 86400},
		{"{\"token\":\"a\",\"expires_in\":\"300\",\"issued_at\":\"2024-01-01T00:00:00Z\"}", "a", 60},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_text t = text_of(cases[i].text);
		auto_oci_secret token = {0};
		unsigned int seconds = 0;
		struct err e = {0};

		assert_ok(oci_token_parse(&t, &token, &seconds, &e), &e);
		assert_string_equal(buf_cstr(&token), cases[i].token);
		assert_int_equal(seconds, cases[i].seconds);
	}
}

static void tokens_that_cannot_stand_in_a_header_are_refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"token\":5}",
		"{\"token\":\"secret\\r\\nX: y\"}",
		"{\"token\":\"secret x\"}",
		"{\"token\":\"secret\\u0000\"}",
		"{\"token\":\"secret\xc3\xa4\"}",
		"{\"token\":\"secret\\u007f\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct oci_text t = text_of(bad[i]);
		auto_oci_secret token = {0};
		unsigned int seconds;
		struct err e = {0};

		assert_int_equal(oci_token_parse(&t, &token, &seconds, &e), -1);
		assert_int_equal(e.code, ERR_PROTO);
		says(&e, "the file");
		assert_null(strstr(e.msg, "secret"));
		assert_int_equal(token.len, 0);
	}
}

static void a_token_has_a_limit(void **state UNUSED)
{
	auto_buf text = {0};
	auto_oci_secret token = {0};
	unsigned int seconds;
	struct err e = {0};

	buf_adds(&text, "{\"token\":\"");
	memset(buf_reserve(&text, OCI_TOKEN_MAX + 1), 't', OCI_TOKEN_MAX + 1);
	text.len += OCI_TOKEN_MAX + 1;
	buf_adds(&text, "\"}");
	struct oci_text t = text_of(buf_cstr(&text));
	assert_err(oci_token_parse(&t, &token, &seconds, &e), &e, ERR_PROTO);
}

/* ---- credentials ---- */

#define AUTHS(entries) "{\"auths\":{" entries "}}"
#define LOGIN "{\"auth\":\"dXNlcjpwYTpzcw==\"}" /* user:pa:ss */

static void logins_are_found_by_their_keys(void **state UNUSED)
{
	static const struct {
		const char *text, *registry;
	} cases[] = {
		{AUTHS("\"https://index.docker.io/v1/\":" LOGIN), "docker.io"},
		{AUTHS("\"index.docker.io\":" LOGIN), "docker.io"},
		{AUTHS("\"docker.io\":" LOGIN), "docker.io"},
		{AUTHS("\"registry-1.docker.io\":" LOGIN), "docker.io"},
		{AUTHS("\"ghcr.io\":" LOGIN), "ghcr.io"},
		{AUTHS("\"https://GHCR.io\":" LOGIN), "ghcr.io"},
		{AUTHS("\"http://127.0.0.1:5000/\":" LOGIN), "127.0.0.1:5000"},
		{AUTHS("\"ghcr.io/user/app\":" LOGIN), "ghcr.io"},
		{AUTHS("\"quay.io\":{\"auth\":\"%\"},\"ghcr.io\":" LOGIN), "ghcr.io"},
		{AUTHS("\"ghcr.io\":{\"auth\":\"YTpi\"},\"ghcr.io/user\":" LOGIN), "ghcr.io"},
		{AUTHS("\"ghcr.io/user\":{\"auth\":\"YTpi\"},\"ghcr.io/user/app\":" LOGIN ",\"ghcr.io/user/application\":{\"auth\":\"YTpi\"}"),
		 "ghcr.io"},
		{AUTHS("\"https://ghcr.io/whatever\":" LOGIN), "ghcr.io"},
		{AUTHS("\"ghcr.io/x\":{\"auth\":\"YTpi\"},\"https://ghcr.io/v2/\":" LOGIN
		       ",\"ghcr.io\":{\"auth\":\"YTpi\"}"),
		 "ghcr.io"},
		{AUTHS("\"ghcr.io\":{},\"https://ghcr.io\":" LOGIN), "ghcr.io"},
		{AUTHS("\"ghcr.io\":{\"username\":\"user\",\"password\":\"pa:ss\"}"), "ghcr.io"},
		{AUTHS("\"ghcr.io\":{\"auth\":\"dXNlcjpwYTpzcw==\",\"username\":\"x\",\"password\":\"y\"}"), "ghcr.io"},
		{"{\"credsStore\":\"desktop\",\"auths\":{\"ghcr.io\":" LOGIN "}}", "ghcr.io"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_text t = text_of(cases[i].text);
		auto_oci_credentials c = {0};
		struct err e = {0};
		int found = oci_credentials_find(&t, cases[i].registry, "user/app", &c, &e);

		if (found != 1)
			fail_msg("%s: %d %s", cases[i].text, found, e.msg);
		assert_string_equal(c.user, "user");
		assert_string_equal(c.password, "pa:ss");
		assert_null(c.identity_token);
		assert_string_equal(c.helper, "");
	}
}

static void other_registries_logins_are_not_found(void **state UNUSED)
{
	static const struct {
		const char *text, *registry;
	} cases[] = {
		{"{}", "ghcr.io"},
		{"{\"auths\":null,\"credHelpers\":null,\"credsStore\":null}", "ghcr.io"},
		{AUTHS("\"quay.io\":5"), "ghcr.io"},
		{AUTHS(""), "ghcr.io"},
		{AUTHS("\"ghcr.io/other\":" LOGIN ",\"ghcr.io/use\":" LOGIN ",\"ghcr.io/user/app/more\":" LOGIN), "ghcr.io"},
		{AUTHS("\"ghcr.io\":{}"), "ghcr.io"},
		{AUTHS("\"ghcr.io\":{\"username\":\"x\"}"), "ghcr.io"},
		{AUTHS("\"ghcr.io.example.org\":" LOGIN), "ghcr.io"},
		{AUTHS("\"example.org/ghcr.io\":" LOGIN), "ghcr.io"},
		{AUTHS("\"ghcr.io:443\":" LOGIN), "ghcr.io"},
		{AUTHS("\"ghcr.io\":" LOGIN), "ghcr.io:443"},
		{AUTHS("\"https://index.docker.io/v1/\":" LOGIN), "ghcr.io"},
		{AUTHS("\"index.docker.io.example.org\":" LOGIN), "docker.io"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_text t = text_of(cases[i].text);
		auto_oci_credentials c = {0};
		struct err e = {0};

		assert_int_equal(oci_credentials_find(&t, cases[i].registry, "user/app", &c, &e), 0);
		assert_int_equal(e.code, ERR_NONE);
		assert_string_equal(c.user, "");
		assert_null(c.password);
		assert_string_equal(c.helper, "");
	}
}

static void a_helper_is_named(void **state UNUSED)
{
	static const struct {
		const char *text, *registry, *helper;
	} cases[] = {
		{"{\"credsStore\":\"desktop\",\"auths\":{\"ghcr.io\":{}}}", "ghcr.io", "desktop"},
		{"{\"credHelpers\":{\"ghcr.io\":\"pass\"},\"credsStore\":\"desktop\"}", "ghcr.io", "pass"},
		{"{\"credHelpers\":{\"ghcr.io\":\"pass\"},\"credsStore\":\"desktop\"}", "docker.io", "desktop"},
		{"{\"credHelpers\":{\"https://index.docker.io/v1/\":\"pass\"}}", "docker.io", "pass"},
		{"{\"credHelpers\":{\"ghcr.io\":\"pass\"}}", "quay.io", ""},
		{"{\"credHelpers\":{\"ghcr.io\":5},\"credsStore\":\"Ecr-login_2\"}", "quay.io", "Ecr-login_2"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_text t = text_of(cases[i].text);
		auto_oci_credentials c = {0};
		struct err e = {0};

		assert_int_equal(oci_credentials_find(&t, cases[i].registry, "user/app", &c, &e), 0);
		assert_string_equal(c.helper, cases[i].helper);
	}
}

/* What is of the wrong kind is not taken for nothing: the file is named, and what it is. */
static void members_of_the_wrong_kind_are_named(void **state UNUSED)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"{\"auths\":[]}", "\"auths\" must be an object"},
		{"{\"auths\":\"secret\"}", "\"auths\" must be an object"},
		{AUTHS("\"ghcr.io\":5"), "the login for 'ghcr.io' is not an object"},
		{AUTHS("\"ghcr.io\":\"secret\""), "the login for 'ghcr.io' is not an object"},
		{AUTHS("\"https://ghcr.io/v1/\":{\"auth\":5}"), "the login for 'https://ghcr.io/v1/' holds something that must be a string"},
		{AUTHS("\"ghcr.io\":{\"identitytoken\":[\"secret\"]}"), "must be a string"},
		{AUTHS("\"ghcr.io\":{\"username\":\"a\",\"password\":5}"), "must be a string"},
		{"{\"credHelpers\":[\"pass\"]}", "\"credHelpers\" must be an object"},
		{"{\"credHelpers\":{\"ghcr.io\":5}}", "the credential helper of 'ghcr.io' must be a string"},
		{"{\"credsStore\":[]}", "the credential helper of 'ghcr.io' must be a string"},
		{"{\"credsStore\":\"../bin/sh\"}", "'../bin/sh' is no name of a credential helper"},
		{"{\"credsStore\":\"\\u001b[2J\"}", "is no name of a credential helper"},
		{"{\"credsStore\":\"a b\"}", "is no name of a credential helper"},
		{"{\"credsStore\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", "is no name of a credential helper"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_text t = text_of(cases[i].text);
		auto_oci_credentials c = {0};
		struct err e = {0};

		assert_int_equal(oci_credentials_find(&t, "ghcr.io", "user/app", &c, &e), -1);
		assert_int_equal(e.code, ERR_PROTO);
		says(&e, "the file: ");
		says(&e, cases[i].says);
		assert_null(strstr(e.msg, "secret"));
		assert_null(strchr(e.msg, '\033'));
		assert_string_equal(c.helper, "");
	}
}

static void a_helpers_answer_is_read(void **state UNUSED)
{
	static const char *const bad[] = {"", "no", "{}", "{\"Username\":\"a\"}", "{\"Username\":\"\",\"Secret\":\"secret\"}",
					  "{\"Username\":\"a:b\",\"Secret\":\"secret\"}", "{\"Username\":\"a\",\"Secret\":\"secret\\n\"}",
					  "{\"Username\":\"<token>\",\"Secret\":\"secret\\r\\nX: y\"}"};
	struct oci_text t = text_of("{\"ServerURL\":\"ghcr.io\",\"Username\":\"me\",\"Secret\":\"pw\"}\n");
	struct oci_text token = text_of("{\"ServerURL\":\"ghcr.io\",\"Username\":\"<token>\",\"Secret\":\"ey.x\"}");
	auto_oci_credentials c = {0};
	struct err e = {0};

	assert_ok(oci_helper_parse(&t, &c, &e), &e);
	assert_string_equal(c.user, "me");
	assert_string_equal(c.password, "pw");
	assert_null(c.identity_token);
	oci_credentials_done(&c);
	assert_ok(oci_helper_parse(&token, &c, &e), &e);
	assert_string_equal(c.identity_token, "ey.x");
	assert_null(c.password);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		auto_oci_credentials none = {0};
		struct oci_text text = text_of(bad[i]);

		assert_int_equal(oci_helper_parse(&text, &none, &e), -1);
		says(&e, "the file: ");
		assert_null(strstr(e.msg, "secret"));
		assert_null(none.password);
		assert_err(-1, &e, ERR_PROTO);
	}
}

static void identity_tokens_are_taken_along(void **state UNUSED)
{
	struct oci_text t = text_of(AUTHS("\"x.azurecr.io\":{\"auth\":\"MDA6\",\"identitytoken\":\"ey.x\"}"));
	struct oci_text alone = text_of(AUTHS("\"x.azurecr.io\":{\"identitytoken\":\"ey.x\"}"));
	auto_oci_credentials c = {0};
	struct err e = {0};

	assert_int_equal(oci_credentials_find(&t, "x.azurecr.io", "user/app", &c, &e), 1);
	assert_string_equal(c.user, "00");
	assert_string_equal(c.password, "");
	assert_string_equal(c.identity_token, "ey.x");
	oci_credentials_done(&c);
	assert_null(c.password);
	assert_string_equal(c.user, "");
	assert_int_equal(oci_credentials_find(&alone, "x.azurecr.io", "user/app", &c, &e), 1);
	assert_string_equal(c.identity_token, "ey.x");
	assert_null(c.password);
}

/* The base64 of `plain` as the login for ghcr.io. */
static void refused_login(const char *plain, size_t n, const char *sentence)
{
	auto_buf text = {0};
	auto_oci_credentials c = {0};
	struct err e = {0};

	buf_adds(&text, "{\"auths\":{\"ghcr.io\":{\"auth\":\"");
	base64_encode(&text, plain, n);
	buf_adds(&text, "\"}}}");
	struct oci_text t = text_of(buf_cstr(&text));
	assert_int_equal(oci_credentials_find(&t, "ghcr.io", "user/app", &c, &e), -1);
	assert_int_equal(e.code, ERR_PROTO);
	says(&e, sentence);
	says(&e, "'ghcr.io'");
	assert_null(strstr(e.msg, "secret"));
	assert_null(c.password);
	assert_string_equal(c.user, "");
}

static void a_wrong_login_is_named_by_its_key_alone(void **state UNUSED)
{
	static const char *const bad[] = {"",
					  "[]",
					  "{\"auths\":",
					  AUTHS("\"ghcr.io\":{\"auth\":\"secret!\"}"),
					  AUTHS("\"ghcr.io\":{\"username\":\"a:b\",\"password\":\"secret\"}"),
					  AUTHS("\"ghcr.io\":{\"username\":\"a\",\"password\":\"secret\\n\"}"),
					  AUTHS("\"ghcr.io\":{\"identitytoken\":\"secret\\n\"}")};

	refused_login("secret", 6, "user:password");
	refused_login(":secret", 7, "a user that cannot");
	refused_login("user:secret\n", 12, "a password that cannot");
	refused_login("user:secret\0", 12, "a password that cannot");
	refused_login("us\0er:secret", 12, "a user that cannot");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct oci_text t = text_of(bad[i]);
		auto_oci_credentials c = {0};
		struct err e = {0};

		assert_int_equal(oci_credentials_find(&t, "ghcr.io", "user/app", &c, &e), -1);
		assert_int_equal(e.code, ERR_PROTO);
		assert_null(strstr(e.msg, "secret"));
		assert_null(c.password);
	}
}

static void the_basic_header_is_base64(void **state UNUSED)
{
	auto_oci_secret out = {0};
	struct err e = {0};

	/* The example of RFC 7617 §2. */
	assert_ok(oci_basic_header("Aladdin", "open sesame", &out, &e), &e);
	assert_string_equal(buf_cstr(&out), "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	assert_err(oci_basic_header("a:b", "c", &out, &e), &e, ERR_USAGE);
	assert_err(oci_basic_header("a", "c\n", &out, &e), &e, ERR_USAGE);
	assert_err(oci_basic_header("a\x7f", "c", &out, &e), &e, ERR_USAGE);
}

/* ---- time ---- */

/* What is large takes its size's time: quadratic work on it would take minutes. */
static void large_texts_are_read_once(void **state UNUSED)
{
	auto_buf text = {0};
	auto_oci_credentials c = {0};
	struct err e = {0};

	buf_adds(&text, "{\"auths\":{\"x\":{}");
	for (int i = 0; i < 200000; i++)
		buf_adds(&text, ",\"ghcr.io/a\":{}");
	buf_adds(&text, "}}");
	struct oci_text t = text_of(buf_cstr(&text));
	assert_int_equal(oci_credentials_find(&t, "ghcr.io", "user/app", &c, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(challenges_are_read_and_bearer_is_preferred),
		cmocka_unit_test(malformed_challenges_are_refused),
		cmocka_unit_test(unknown_schemes_alone_are_named),
		cmocka_unit_test(challenges_have_limits),
		cmocka_unit_test(what_is_unknown_may_be_long),
		cmocka_unit_test(token_urls_ask_to_pull_and_no_more),
		cmocka_unit_test(token_servers_that_must_not_be_asked),
		cmocka_unit_test(tokens_are_read),
		cmocka_unit_test(tokens_that_cannot_stand_in_a_header_are_refused),
		cmocka_unit_test(a_token_has_a_limit),
		cmocka_unit_test(logins_are_found_by_their_keys),
		cmocka_unit_test(other_registries_logins_are_not_found),
		cmocka_unit_test(a_helper_is_named),
		cmocka_unit_test(members_of_the_wrong_kind_are_named),
		cmocka_unit_test(a_helpers_answer_is_read),
		cmocka_unit_test(an_identity_token_goes_into_a_form),
		cmocka_unit_test(identity_tokens_are_taken_along),
		cmocka_unit_test(a_wrong_login_is_named_by_its_key_alone),
		cmocka_unit_test(the_basic_header_is_base64),
		cmocka_unit_test(large_texts_are_read_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
