/* SPDX-License-Identifier: MIT */
/*
 * See registry.h. https:// is tried first everywhere; a registry on this host's loopback that does not speak TLS is spoken to in plain
 * http, as every other client of registries does.
 */
#include "core/oci/registry_priv.h"

#include "base/i18n.h"
#include "base/json.h"
#include "base/utf8.h"
#include "core/oci/auth.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LOOPBACK_STALL_MS 3000
#define REASON_MAX 200
#define BEGINNING_SHOWN 40
#define AUTH_TURNS 2 /* the token of an earlier call may have run out */

static int64_t stall_ms(const struct oci_registry *r)
{
	return r->access->stall_ms ? r->access->stall_ms : OCI_STALL_MS;
}

/* "https://registry-1.docker.io" */
static void add_origin(struct buf *out, const struct oci_registry *r)
{
	buf_addf(out, "%s://%s", r->plain ? "http" : "https", oci_ref_api_host(&r->ref));
}

struct http_request oci_request_to(const struct oci_registry *r, const char *url)
{
	return (struct http_request){.method = "GET",
				     .url = url,
				     .flags = HTTP_F_PUBLIC,
				     .ca_file = r->access->ca_file,
				     .stall_ms = stall_ms(r)};
}

int oci_refuse_page(const struct oci_registry *r, struct err *e)
{
	err_set(e, ERR_PROTO, _("%s answered with a web page"), r->ref.registry);
	return err_hint(e, _("is it a registry, or does a gate of this network want a login first?"));
}

/* ---- opening */

/* One request on the registry's own connection. */
static int ask(struct op *op, struct oci_registry *r, const struct http_request *q, struct http_response *ret, struct err *e)
{
	struct http_done done = {0};

	if (http_pool_add(r->pool, q, NULL, e) < 0 || http_pool_wait(op, r->pool, -1, &done, e) < 0)
		return -1;
	*ret = done.response;
	return err_is_set(&done.err) ? err_join(e, &done.err) : 0;
}

static int ping(struct op *op, struct oci_registry *r, struct http_response *ret, struct err *e)
{
	auto_buf url = {0};
	struct http_request q;

	add_origin(&url, r);
	buf_adds(&url, "/v2/");
	q = oci_request_to(r, buf_cstr(&url));
	if (oci_ref_is_loopback(&r->ref))
		q.stall_ms = MIN(q.stall_ms, LOOPBACK_STALL_MS);
	return ask(op, r, &q, ret, e);
}

/* What a server that speaks no TLS makes of an attempt at it. */
static bool is_no_tls(const struct err *e)
{
	return e->code == ERR_NET || e->code == ERR_TIMEOUT || e->code == ERR_PROTO;
}

int oci_registry_open(struct op *op, const struct oci_access *access, const struct oci_ref *ref, struct oci_registry *ret, struct err *e)
{
	auto_http_response answer = {0};
	struct err why = {0};

	ret->access = access;
	ret->ref = *ref;
	ret->pool = http_pool_new(e);
	if (!ret->pool)
		return -1;
	if (ping(op, ret, &answer, &why) < 0 && is_no_tls(&why) && oci_ref_is_loopback(ref) && op_check(op, NULL) == 0) {
		http_response_done(&answer);
		err_clear(&why);
		ret->plain = true;
		(void)!ping(op, ret, &answer, &why);
	}
	if (err_is_set(&why)) {
		err_join(e, &why);
		return err_wrap(e, _("registry %s"), ref->registry);
	}
	if (answer.status == 200 || answer.status == 401)
		return 0;
	if (http_is_busy(&answer)) /* the call itself will be patient */
		return 0;
	err_set(e, ERR_PROTO, _("%s is no registry of images: it answered %d"), ref->registry, answer.status);
	return err_hint(e, _("check the reference: REGISTRY/REPOSITORY:TAG"));
}

void oci_registry_done(struct oci_registry *r)
{
	oci_secret_done(&r->authorization);
	http_pool_free(TAKE_PTR(r->pool));
}

/* ---- calls */

void oci_call_done(struct oci_call *c)
{
	free(c->path);
	free(c->url);
	c->path = c->url = NULL;
}

static void go_to_registry(struct oci_call *c, const struct oci_registry *r)
{
	auto_buf url = {0};

	add_origin(&url, r);
	buf_adds(&url, c->path);
	free(c->url);
	c->url = buf_take(&url);
	c->elsewhere = false;
	c->hops = 0;
}

void oci_call_init(struct oci_call *c, const struct oci_registry *r, const char *what, const char *which)
{
	*c = (struct oci_call){.path = xasprintf("/v2/%s/%s/%s", r->ref.repository, what, which)};
	go_to_registry(c, r);
}

int oci_call_add(const struct oci_registry *r, const struct oci_call *c, struct http_pool *pool, void *tag, struct err *e)
{
	struct http_request q = oci_request_to(r, c->url);
	const char *headers[4];
	char range[64];
	size_t n = 0;

	if (c->accept)
		headers[n++] = c->accept;
	if (!c->elsewhere && r->authorization.len)
		headers[n++] = buf_cstr(&r->authorization);
	if (c->from) {
		snprintf(range, sizeof(range), "Range: bytes=%llu-", (unsigned long long)c->from);
		headers[n++] = range;
	}
	headers[n] = NULL;
	q.headers = headers;
	q.max_response = c->max_response;
	q.sink = c->sink;
	q.sink_arg = c->sink_arg;
	return http_pool_add(pool, &q, tag, e);
}

static int follow(const struct oci_registry *r, struct oci_call *c, const struct http_response *answer, struct err *e)
{
	const char *location = http_header(answer, "Location");
	auto_free char *to = location ? http_url_follow(c->url, location) : NULL;
	auto_buf shown = {0};
	size_t n;

	utf8_clean(&shown, location ? location : "", location ? MIN(http_url_shown(location), (size_t)REASON_MAX) : 0, false);
	if (!to)
		return err_set(e, ERR_PROTO, _("%s redirects to '%s', which is no address"), r->ref.registry, buf_cstr(&shown));
	if (++c->hops > OCI_HOPS)
		return err_set(e, ERR_PROTO, _("%s redirects more than %d times"), r->ref.registry, OCI_HOPS);
	if (!r->plain && strncasecmp(to, "https://", 8) != 0)
		return err_set(e, ERR_PROTO, _("%s redirects to '%s', which is not encrypted"), r->ref.registry, buf_cstr(&shown));
	n = http_url_origin(to);
	if (memchr(to, '@', n))
		return err_set(e, ERR_PROTO, _("%s redirects to an address with a login in it"), r->ref.registry);
	c->elsewhere = c->elsewhere || n != http_url_origin(c->url) || strncasecmp(to, c->url, n) != 0;
	free(c->url);
	c->url = TAKE_PTR(to);
	return 0;
}

static int backoff_ms(const struct oci_registry *r, const struct oci_call *c)
{
	int64_t first = r->access->backoff_ms ? r->access->backoff_ms : 1000;

	return (int)(first << MIN(c->tries - 1, 8));
}

int oci_hint_patience(int64_t wait_ms, struct err *e)
{
	return err_hint(e, _("it wants to be asked again in %lld min"), (long long)(wait_ms + 59999) / 60000);
}

/* Once more from the beginning, later; -1 with `why` after too many tries. */
static int try_later(const struct oci_registry *r, struct oci_call *c, const struct err *why, int64_t at_least_ms, int *ret_wait_ms,
		     struct err *e)
{
	if (at_least_ms > OCI_PATIENCE_MS) {
		err_join(e, why);
		return oci_hint_patience(at_least_ms, e);
	}
	if (++c->tries >= OCI_TRIES)
		return err_join(e, why);
	go_to_registry(c, r);
	*ret_wait_ms = (int)MAX((int64_t)backoff_ms(r, c), at_least_ms);
	return 0;
}

/* OCI distribution-spec "Error Codes": {"errors": [{"code", "message", …}]}. Servers of tokens also say it as RFC 6749, section 5.2,
 * has it, and that of Docker Hub in its own way. */
void oci_add_reason(struct buf *out, const struct http_response *answer)
{
	static const char *const keys[] = {"error_description", "details", "error"};
	struct json *root = json_parse(buf_cstr(&answer->body), answer->body.len, "answer", NULL);
	const struct json *first = root ? json_at(json_get(root, "errors"), 0) : NULL;
	const char *text = first ? json_str(first, "message") : NULL;

	for (size_t i = 0; root && !(text && *text) && i < ARRAY_LEN(keys); i++)
		text = json_str(root, keys[i]);
	if (text && *text) {
		buf_adds(out, ": ");
		utf8_clean(out, text, strnlen(text, REASON_MAX), false);
	}
	json_free(root);
}

static int refuse(const struct oci_registry *r, const struct oci_call *c, const struct http_response *answer, struct err *e)
{
	auto_buf reason = {0};
	char name[OCI_REF_SIZE];

	oci_add_reason(&reason, answer);
	if (answer->status == 404 && c->sink)
		return err_set(e, ERR_NOT_FOUND, _("%s does not have what the image's manifest names%s"), r->ref.registry,
			       buf_cstr(&reason));
	if (answer->status == 404 && !c->elsewhere) {
		err_set(e, ERR_NOT_FOUND, _("%s has no '%s'%s"), r->ref.registry,
			oci_ref_format(&r->ref, name) + strlen(r->ref.registry) + 1, buf_cstr(&reason));
		return err_hint(e, _("check the name and the tag"));
	}
	if ((answer->status == 401 || answer->status == 403) && !c->elsewhere)
		return oci_refuse_login(r, answer, e);
	return err_set(e, ERR_NET, _("%s answered %d%s"), c->elsewhere ? _("the server that the registry sent us to") : r->ref.registry,
		       answer->status, buf_cstr(&reason));
}

/* What is asked of the server of tokens is a part of the call, and its failures cost the call's tries. */
static int log_in(struct op *op, struct oci_registry *r, struct oci_call *c, const struct http_response *answer, int *ret_wait_ms,
		  struct err *e)
{
	struct err why = {0};
	int64_t later_ms;

	if (oci_log_in(op, r, answer, &later_ms, &why) == 0)
		return 0;
	if (later_ms < 0)
		return err_join(e, &why);
	c->logins--;
	return try_later(r, c, &why, later_ms, ret_wait_ms, e);
}

int oci_call_judge(struct op *op, struct oci_registry *r, struct oci_call *c, const struct http_done *done, int *ret_wait_ms,
		   struct err *e)
{
	const struct http_response *answer = &done->response;
	struct err why = {0};

	*ret_wait_ms = 0;
	if (err_is_set(&done->err)) {
		if (done->err.code == ERR_NET || done->err.code == ERR_TIMEOUT)
			return try_later(r, c, &done->err, 0, ret_wait_ms, e);
		return err_join(e, &done->err);
	}
	if (answer->status == 200 || answer->status == 206)
		return 1;
	if (http_is_redirect(answer))
		return follow(r, c, answer, e);
	if (answer->status == 401 && !c->elsewhere && c->logins++ < AUTH_TURNS)
		return log_in(op, r, c, answer, ret_wait_ms, e);
	(void)!refuse(r, c, answer, &why);
	/* 416: what was resumed is longer than what is there. An address somewhere else may have run out. */
	if (answer->status == 416)
		c->from = 0;
	if (answer->status == 416 || http_is_busy(answer) || (c->elsewhere && answer->status == 403))
		return try_later(r, c, &why, http_retry_after_ms(answer), ret_wait_ms, e);
	return err_join(e, &why);
}

/* One call to its end. */
static int get(struct op *op, struct oci_registry *r, struct oci_call *c, struct http_response *ret, struct err *e)
{
	for (;;) {
		struct http_done done = {0};
		int wait_ms, rc;

		if (oci_call_add(r, c, r->pool, NULL, e) < 0 || http_pool_wait(op, r->pool, -1, &done, e) < 0)
			return -1;
		rc = oci_call_judge(op, r, c, &done, &wait_ms, e);
		if (rc > 0)
			*ret = done.response;
		else
			http_response_done(&done.response);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		if (op_sleep(op, wait_ms, e) < 0)
			return -1;
	}
}

/* ---- resolving */

/* A text behind a digest: 0 when it is what was asked for. Nobody looks at it before. */
static int check_digest(const struct oci_registry *r, const struct http_response *answer, const char *want, struct err *e)
{
	char hex[DIGEST_SIZE];

	digest_data(buf_cstr(&answer->body), answer->body.len, hex);
	assert(strncmp(want, OCI_DIGEST_PREFIX, strlen(OCI_DIGEST_PREFIX)) == 0);
	if (strcmp(hex, want + strlen(OCI_DIGEST_PREFIX)) == 0)
		return 0;
	if (http_is_web_page(answer))
		return oci_refuse_page(r, e);
	return err_set(e, ERR_PROTO, _("asked for %s and got sha256:%s"), want, hex);
}

/* ... of which also its size was said. */
static int check_descriptor(const struct oci_registry *r, const struct http_response *answer, const struct oci_descriptor *want, struct err *e)
{
	if (check_digest(r, answer, want->digest, e) < 0)
		return -1;
	if (answer->body.len == want->size)
		return 0;
	return err_set(e, ERR_PROTO, _("it has %zu bytes, and %llu were announced"), answer->body.len, (unsigned long long)want->size);
}

/* A registry that says what it serves says so of what arrived, or something went wrong on the way. Of other algorithms than ours
 * nothing can be told. */
static int check_announced(const struct oci_registry *r, const struct http_response *answer, struct err *e)
{
	const char *announced = http_header(answer, "Docker-Content-Digest");

	if (!announced || strncmp(announced, "sha256:", 7) != 0 || !digest_is_valid(announced + 7))
		return 0;
	return check_digest(r, answer, announced, e);
}

/* What cannot be JSON of an object is told by how it begins and what it calls itself. */
static int check_json(const struct oci_registry *r, const struct http_response *answer, struct err *e)
{
	const char *text = buf_cstr(&answer->body), *type = http_header(answer, "Content-Type");
	char kind[OCI_SHOWN_SIZE], begin[BEGINNING_SHOWN + 1] = "", shown[OCI_SHOWN_SIZE];

	if (text[strspn(text, " \t\r\n")] == '{')
		return 0;
	str_copy(begin, sizeof(begin), text);
	return err_set(e, ERR_PROTO, _("%s sent none, but %s that begins with '%s'"), r->ref.registry,
		       type ? doc_show(type, kind) : _("something"), doc_show(begin, shown));
}

static struct oci_text text_of(const struct http_response *answer, const char *what)
{
	return (struct oci_text){buf_cstr(&answer->body), answer->body.len, what};
}

/* `want`: what an index said of it; NULL: it is what the reference names. */
static int get_manifest(struct op *op, struct oci_registry *r, const struct oci_descriptor *want, struct http_response *ret, struct err *e)
{
	const char *which = want ? want->digest : r->ref.digest[0] ? r->ref.digest : r->ref.tag;
	auto_oci_call c = {0};

	oci_call_init(&c, r, "manifests", which);
	c.accept = OCI_ACCEPT;
	c.max_response = OCI_TEXT_MAX;
	if (get(op, r, &c, ret, e) < 0)
		return -1;
	if (want ? check_descriptor(r, ret, want, e) < 0
		 : (r->ref.digest[0] ? check_digest(r, ret, which, e) : check_announced(r, ret, e)) < 0)
		return err_wrap(e, _("its manifest"));
	if (!want && http_is_web_page(ret))
		return oci_refuse_page(r, e);
	return check_json(r, ret, e) < 0 ? err_wrap(e, _("its manifest")) : 0;
}

/* The manifest of the reference, through an index where there is one, and through what that leads to: 0 with its text in `ret`. */
static int find_manifest(struct op *op, struct oci_registry *r, const char *arch, struct http_response *ret, struct err *e)
{
	const struct oci_platform machine = {"linux", arch};
	struct oci_descriptor chosen;
	struct oci_text text;
	int is_index;

	if (get_manifest(op, r, NULL, ret, e) < 0)
		return -1;
	text = text_of(ret, _("its manifest"));
	is_index = oci_is_index(&text, http_header(ret, "Content-Type"), e);
	for (int depth = 0; is_index > 0; depth++) {
		if (depth == OCI_INDEX_DEPTH)
			return err_set(e, ERR_PROTO, _("its index leads to others, more than %d deep"), OCI_INDEX_DEPTH);
		text.what = _("its index");
		if (oci_index_choose(&text, &machine, &chosen, e) < 0)
			return -1;
		http_response_done(ret);
		if (get_manifest(op, r, &chosen, ret, e) < 0)
			return -1;
		text = text_of(ret, text.what);
		is_index = chosen.media == OCI_MEDIA_INDEX;
	}
	return is_index;
}

static int get_config(struct op *op, struct oci_registry *r, const char *what, struct oci_image *ret, struct err *e)
{
	const struct oci_descriptor *d = &ret->manifest.config;
	auto_http_response answer = {0};
	auto_oci_call c = {0};
	struct oci_text text;

	oci_call_init(&c, r, "blobs", d->digest);
	c.max_response = OCI_TEXT_MAX;
	if (get(op, r, &c, &answer, e) < 0)
		return -1;
	if (check_descriptor(r, &answer, d, e) < 0 || check_json(r, &answer, e) < 0)
		return err_wrap(e, "%s", what);
	text = text_of(&answer, what);
	if (oci_config_parse(&text, &ret->config, e) < 0)
		return -1;
	if (ret->config.n_diff_ids == ret->manifest.n_layers)
		return 0;
	return err_set(e, ERR_PROTO, _("its manifest names %zu layers, its configuration %zu"), ret->manifest.n_layers,
		       ret->config.n_diff_ids);
}

int oci_resolve(struct op *op, struct oci_registry *r, const char *arch, struct oci_image *ret, struct err *e)
{
	auto_http_response answer = {0};
	char hex[DIGEST_SIZE];
	struct oci_text text;

	if (find_manifest(op, r, arch, &answer, e) < 0)
		return -1;
	digest_data(buf_cstr(&answer.body), answer.body.len, hex);
	snprintf(ret->digest, sizeof(ret->digest), OCI_DIGEST_PREFIX "%s", hex);
	text = text_of(&answer, _("its manifest"));
	if (oci_manifest_parse(&text, &ret->manifest, e) < 0)
		return -1;
	return get_config(op, r, _("its configuration"), ret, e);
}

void oci_image_done(struct oci_image *i)
{
	oci_manifest_done(&i->manifest);
	oci_config_done(&i->config);
}
