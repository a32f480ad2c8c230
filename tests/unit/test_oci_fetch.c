/* SPDX-License-Identifier: MIT */
/*
 * The registry's client against a server that does what registries do, and what they should not: oci_resolve() and oci_fetch.
 */
#include "tests/lib/test.h"
#include "tests/lib/webserver.h"

#include "base/base64.h"
#include "base/fd.h"
#include "core/oci/fetch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOUND_MS 30000
#define STALL_MS 5000
#define SHORT_STALL_MS 150 /* where one is waited for */
#define LAYERS 3
#define LAYER_BYTES 300000

enum trouble {
	NONE,
	STALLS_ONCE,	 /* the first answer for a layer stops in its middle and stays silent */
	STALLS_FOR_EVER, /* ... each of them */
	HANGS_UP,	 /* ... the connection is closed in the middle, once */
	BREAKS_OFF,	 /* ... half of an answer that ends with its connection, once */
	ENDS_SHORT,	 /* a whole answer of half the bytes */
	CHUNKS_SHORT,	 /* ... in chunks, that do not say so before */
	CHUNKS_MORE,	 /* chunks without end */
	HAS_NO_REST,	 /* breaks off, and then there is no more: 416 with how much there is */
	WRONG_REST,	 /* hangs up once, and answers with another part than it is asked for */
	FLIPS_A_BYTE,
	SENDS_MORE,
	WHOLE_AS_REST,	/* 206, and the whole of it, once */
	IGNORES_RANGE,	/* hangs up once, and begins anew when it was asked for the rest */
	REDIRECTS,	/* to another origin, which must not see the token */
	REDIRECTS_ROUND, /* for ever */
	WEB_PAGE,
	CUTS_FOR_EVER, /* sends half of the whole, whatever it is asked for */
	CUTS_AND_416,  /* ... and has no rest to give */
	BUSY_TWICE, /* 503, with Retry-After: 0 */
	GONE,	    /* 404 for a layer */
};

struct fake {
	struct web web, other;
	enum trouble trouble;
	bool wants_token;
	const char *wants_basic; /* "user:password" at the server of tokens; NULL: anybody gets one */
	const char *wants_identity; /* the identity token that one is exchanged for; NULL: that is not done there */
	const char *token_says;	 /* the server of tokens: status and header lines, the first times; "": hangs up */
	int token_fails;	 /* ... that many times */
	const char *token_text;	 /* what stands in its 401 */
	const char *refusal;	 /* 403 with this for everything but the ping; NULL: none */
	bool wants_login;	 /* Basic, no tokens */
	bool asks_for_more;	 /* other kinds of login first, each in a header of its own */
	bool is_tired;		 /* 429 for manifests, and to come again tomorrow */
	bool digest_lies;	 /* Docker-Content-Digest is another's */
	bool manifest_lies;	 /* what is served under a digest is not that */
	const char *rubbish;	 /* instead of a manifest, called text/plain; NULL: none */
	const char *config_text; /* the configuration; NULL: a right one */
	int size_lies;		 /* by so much, of the index about the manifest */
	int depth;		 /* of indexes above the one that has the manifest */
	const char *only_arch;	 /* an index, of this architecture alone; NULL: a plain manifest */
	char *layers[LAYERS];
	char hex[LAYERS][DIGEST_SIZE];
	char config_hex[DIGEST_SIZE], manifest_hex[DIGEST_SIZE], index_hex[5][DIGEST_SIZE];
	struct buf config, manifest, index[5];
	_Atomic int leaked; /* requests with a login where there must be none */
	_Atomic int tokens_asked;
	_Atomic int ranges; /* requests for a rest */
};

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static void serve_text(const struct web_request *q, const char *type, const char *more, const struct buf *text)
{
	auto_buf head = {0};

	buf_addf(&head, "Content-Type: %s\r\n%s", type, more);
	web_reply(q, "200 OK", buf_cstr(&head), buf_cstr(text), text->len);
}

static void complain(const struct web_request *q, const char *text)
{
	web_reply(q, "404 Not Found", "", text, strlen(text));
}

/* The announcement of the whole, and half of it. */
static void serve_half(const struct web_request *q, const char *data, size_t len)
{
	auto_buf head = {0};

	buf_addf(&head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
	web_send(q, head.data, head.len);
	web_send(q, data, len / 2);
}

static void serve_rest(const struct web_request *q, const char *data, size_t len, size_t from)
{
	char head[128];

	snprintf(head, sizeof(head), "Content-Range: bytes %zu-%zu/%zu\r\n", from, len - 1, len);
	web_reply(q, "206 Partial Content", head, data + from, len - from);
}

static bool is_heard(const struct web_request *q)
{
	struct pollfd p = {.fd = q->fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) == 0;
}

/* Half of it in one chunk, or more and more. */
static void serve_chunks(const struct web *w, const struct web_request *q, const char *data, bool for_ever)
{
	char head[128];

	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	web_send(q, head, strlen(head));
	do {
		snprintf(head, sizeof(head), "%x\r\n", LAYER_BYTES / 2);
		web_send(q, head, strlen(head));
		web_send(q, data, LAYER_BYTES / 2);
		web_send(q, "\r\n", 2);
	} while (for_ever && !w->over && is_heard(q));
	web_send(q, "0\r\n\r\n", 5);
}

static void serve_layer(struct fake *f, const struct web_request *q, int i)
{
	const char *data = f->layers[i];
	size_t from = web_range(q);
	auto_buf bent = {0};

	f->ranges += from > 0;
	if (f->trouble == STALLS_FOR_EVER || (f->trouble == STALLS_ONCE && q->nth == 1)) {
		if (from == 0)
			serve_half(q, data, LAYER_BYTES);
		web_stall(&f->web, q);
		return;
	}
	if (f->trouble == CUTS_AND_416 && from) {
		web_reply(q, "416 Range Not Satisfiable", "", "", 0);
		return;
	}
	if (f->trouble == CUTS_FOR_EVER || f->trouble == CUTS_AND_416) {
		serve_half(q, data, LAYER_BYTES);
		return;
	}
	if ((f->trouble == HANGS_UP || f->trouble == IGNORES_RANGE || f->trouble == WRONG_REST) && q->nth == 1) {
		serve_half(q, data, LAYER_BYTES);
		return;
	}
	if (f->trouble == ENDS_SHORT) {
		web_reply(q, "200 OK", "", data, LAYER_BYTES / 2);
		return;
	}
	if (f->trouble == CHUNKS_SHORT || f->trouble == CHUNKS_MORE) {
		serve_chunks(&f->web, q, data, f->trouble == CHUNKS_MORE);
		return;
	}
	if ((f->trouble == BREAKS_OFF || f->trouble == HAS_NO_REST) && q->nth == 1) {
		web_send(q, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 38);
		web_send(q, data, LAYER_BYTES / 2);
		return;
	}
	if (f->trouble == HAS_NO_REST) {
		web_reply(q, "416 Range Not Satisfiable", "Content-Range: bytes */150000\r\nContent-Type: text/html\r\n", "", 0);
		return;
	}
	buf_add(&bent, data, LAYER_BYTES);
	if (f->trouble == FLIPS_A_BYTE)
		bent.data[LAYER_BYTES / 2] ^= 1;
	if (f->trouble == SENDS_MORE)
		buf_adds(&bent, "and more");
	if (from && f->trouble == WHOLE_AS_REST && q->nth == 1)
		web_reply(q, "206 Partial Content", "", bent.data, bent.len);
	else if (from && f->trouble != IGNORES_RANGE)
		serve_rest(q, bent.data, bent.len, from - (f->trouble == WRONG_REST ? 7 : 0));
	else
		web_reply(q, "200 OK", "Content-Type: application/octet-stream\r\n", bent.data, bent.len);
}

static void answer_layer(struct fake *f, const struct web_request *q, int i)
{
	char location[160];

	switch (f->trouble) {
	case REDIRECTS:
		snprintf(location, sizeof(location), "Location: http://127.0.0.1:%d/store/%d?signature=x\r\n", f->other.port, i);
		web_reply(q, "307 Temporary Redirect", location, "", 0);
		return;
	case REDIRECTS_ROUND:
		snprintf(location, sizeof(location), "Location: %s\r\n", q->path);
		web_reply(q, "302 Found", location, "", 0);
		return;
	case WEB_PAGE:
		web_reply(q, "200 OK", "Content-Type: text/html; charset=utf-8\r\n", "<html>log in</html>", 19);
		return;
	case BUSY_TWICE:
		if (q->nth <= 2) {
			web_reply(q, "503 Service Unavailable", "Retry-After: 0\r\n", "", 0);
			return;
		}
		break;
	case GONE:
		complain(q, "{\"errors\":[{\"code\":\"BLOB_UNKNOWN\",\"message\":\"blob\\u001b unknown\"}]}");
		return;
	default:
		break;
	}
	serve_layer(f, q, i);
}

/* "/store/N": the other server, where layers are kept. */
static void answer_other(void *arg, const struct web_request *q)
{
	struct fake *f = arg;

	if (web_header(q, "Authorization"))
		f->leaked++;
	serve_layer(f, q, q->path[7] - '0');
}

/* An identity token for a token (distribution's "OAuth2 Token Authentication"). */
static void answer_exchange(struct fake *f, const struct web_request *q)
{
	auto_buf want = {0};

	assert_null(web_header(q, "Authorization"));
	assert_string_equal(web_header(q, "Content-Type"), "application/x-www-form-urlencoded");
	buf_addf(&want, "service=fake&scope=repository%%3Alib%%2Fapp%%3Apull&client_id=banger-tui&grant_type=refresh_token&refresh_token=%s",
		 f->wants_identity ? f->wants_identity : "");
	if (!f->wants_identity)
		web_reply(q, "404 Not Found", "", "", 0);
	else if (strcmp(web_body(q), buf_cstr(&want)) != 0)
		web_reply(q, "400 Bad Request", "", "{\"error\":\"invalid_grant\"}", 25);
	else
		web_reply(q, "200 OK", "", "{\"access_token\":\"sesame\",\"expires_in\":300}", 42);
}

static void answer_token(struct fake *f, const struct web_request *q)
{
	const char *got = web_header(q, "Authorization");
	const char *text = f->token_text ? f->token_text : "";
	auto_buf want = {0};

	if (f->tokens_asked++ < f->token_fails) {
		if (f->token_says[0])
			web_reply(q, f->token_says, "", "", 0);
		return;
	}
	if (strcmp(q->method, "POST") == 0) {
		answer_exchange(f, q);
		return;
	}
	assert_non_null(strstr(q->path, "scope=repository%3Alib%2Fapp%3Apull"));
	if (f->wants_basic) {
		buf_adds(&want, "Basic ");
		base64_encode(&want, f->wants_basic, strlen(f->wants_basic));
		if (!got || strcmp(got, buf_cstr(&want)) != 0) {
			web_reply(q, "401 Unauthorized", "", text, strlen(text));
			return;
		}
	}
	web_reply(q, "200 OK", "", "{\"token\":\"sesame\",\"expires_in\":300}", 35);
}

static bool is_let_in(struct fake *f, const struct web_request *q)
{
	const char *got = web_header(q, "Authorization");
	char ask[256];

	if (f->wants_token && (!got || strcmp(got, "Bearer sesame") != 0)) {
		snprintf(ask, sizeof(ask), "%sWWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\",service=\"fake\"\r\n",
			 f->asks_for_more ? "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm=\"x\"\r\n" : "", f->web.port);
		web_reply(q, "401 Unauthorized", ask, "", 0);
		return false;
	}
	if (f->wants_login && (!got || strcmp(got, "Basic bWU6cHc=") != 0)) {
		web_reply(q, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"fake\"\r\n", "", 0);
		return false;
	}
	return true;
}

static void answer_manifest(struct fake *f, const struct web_request *q)
{
	auto_buf more = {0}, bent = {0};
	bool is_index = f->only_arch && !strstr(q->path, "sha256:");

	if (f->is_tired) {
		web_reply(q, "429 Too Many Requests", "Retry-After: 86400\r\n", "", 0);
		return;
	}
	if (!ends_with(q->path, "/1.0") && !strstr(q->path, "sha256:")) {
		complain(q, "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}");
		return;
	}
	buf_addf(&more, "Docker-Content-Digest: sha256:%s\r\n", f->digest_lies ? f->hex[0] : f->manifest_hex);
	if (f->manifest_lies) {
		buf_adds(&bent, buf_cstr(&f->manifest));
		buf_addc(&bent, ' ');
	}
	for (int i = 1; i <= f->depth; i++) {
		if (ends_with(q->path, f->index_hex[i - 1])) {
			serve_text(q, "application/vnd.oci.image.index.v1+json", "", &f->index[i - 1]);
			return;
		}
	}
	if (f->rubbish)
		web_reply(q, "200 OK", "Content-Type: text/plain\r\n", f->rubbish, strlen(f->rubbish));
	else if (is_index)
		serve_text(q, "application/vnd.oci.image.index.v1+json", "", &f->index[f->depth]);
	else
		serve_text(q, "application/vnd.oci.image.manifest.v1+json", buf_cstr(&more), f->manifest_lies ? &bent : &f->manifest);
}

static void answer(void *arg, const struct web_request *q)
{
	struct fake *f = arg;

	if (strncmp(q->path, "/token", 6) == 0) {
		answer_token(f, q);
		return;
	}
	if (!is_let_in(f, q))
		return;
	if (strcmp(q->path, "/v2/") == 0) {
		web_reply(q, "200 OK", "", "{}", 2);
		return;
	}
	if (f->refusal) {
		web_reply(q, "403 Forbidden", "", f->refusal, strlen(f->refusal));
		return;
	}
	if (strstr(q->path, "/manifests/")) {
		answer_manifest(f, q);
		return;
	}
	if (ends_with(q->path, f->config_hex)) {
		serve_text(q, "application/octet-stream", "", &f->config);
		return;
	}
	for (int i = 0; i < LAYERS; i++) {
		if (ends_with(q->path, f->hex[i])) {
			answer_layer(f, q, i);
			return;
		}
	}
	web_reply(q, "404 Not Found", "", "", 0);
}

static void make_config(struct fake *f)
{
	buf_adds(&f->config, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[\"A=b\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (int i = 0; i < LAYERS; i++)
		buf_addf(&f->config, "%s\"sha256:%s\"", i ? "," : "", f->hex[i]);
	buf_adds(&f->config, "]}}");
}

static void add_index(struct fake *f, int i, const char *kind, const char *hex, size_t size)
{
	buf_addf(&f->index[i], "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":["
			       "{\"mediaType\":\"application/vnd.oci.image.%s.v1+json\",\"digest\":\"sha256:%s\",\"size\":%zu,"
			       "\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}}]}", kind, hex, size, f->only_arch);
	digest_data(f->index[i].data, f->index[i].len, f->index_hex[i]);
}

static void make_texts(struct fake *f)
{
	if (f->config_text)
		buf_adds(&f->config, f->config_text);
	else
		make_config(f);
	digest_data(f->config.data, f->config.len, f->config_hex);
	buf_addf(&f->manifest, "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
			       "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:%s\",\"size\":%zu},"
			       "\"layers\":[", f->config_hex, f->config.len);
	for (int i = 0; i < LAYERS; i++)
		buf_addf(&f->manifest, "%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"sha256:%s\",\"size\":%d}",
			 i ? "," : "", f->hex[i], LAYER_BYTES);
	buf_adds(&f->manifest, "]}");
	digest_data(f->manifest.data, f->manifest.len, f->manifest_hex);
	if (f->only_arch)
		add_index(f, 0, "manifest", f->manifest_hex, f->manifest.len + (size_t)f->size_lies);
	for (int i = 1; i <= f->depth; i++)
		add_index(f, i, "index", f->index_hex[i - 1], f->index[i - 1].len);
}

static void fake_start(struct fake *f)
{
	for (int i = 0; i < LAYERS; i++) {
		f->layers[i] = xmalloc(LAYER_BYTES);
		for (size_t k = 0; k < LAYER_BYTES; k++)
			f->layers[i][k] = (char)(k * 31 + (size_t)i * 7 + (k >> 9));
		digest_data(f->layers[i], LAYER_BYTES, f->hex[i]);
	}
	make_texts(f);
	web_start(&f->web, answer, f);
	web_start(&f->other, answer_other, f);
}

static void fake_stop(struct fake *f)
{
	web_stop(&f->web);
	web_stop(&f->other);
	for (int i = 0; i < LAYERS; i++)
		free(f->layers[i]);
	buf_done(&f->config);
	buf_done(&f->manifest);
	for (size_t i = 0; i < ARRAY_LEN(f->index); i++)
		buf_done(&f->index[i]);
}

/* What a test asks with. */
struct client {
	struct op op;
	struct oci_access access;
	struct oci_registry registry;
	struct oci_image image;
	struct blob_cache cache;
};

static int resolve(struct client *c, void **state, const struct fake *f, const char *rest, struct err *e)
{
	struct oci_ref ref;
	char text[OCI_REF_SIZE];

	c->access.stall_ms = f->trouble == STALLS_ONCE || f->trouble == STALLS_FOR_EVER ? SHORT_STALL_MS : STALL_MS;
	c->access.backoff_ms = 1;
	op_init(&c->op, BOUND_MS);
	snprintf(text, sizeof(text), "127.0.0.1:%d/%s", f->web.port, rest);
	assert_ok(oci_ref_parse(text, &ref, e), e);
	assert_ok(blob_cache_open(*state, &c->cache, e), e);
	if (oci_registry_open(&c->op, &c->access, &ref, &c->registry, e) < 0)
		return -1;
	return oci_resolve(&c->op, &c->registry, "amd64", &c->image, e);
}

static void client_done(struct client *c)
{
	oci_image_done(&c->image);
	oci_registry_done(&c->registry);
	blob_cache_close(&c->cache);
	op_done(&c->op);
}

static struct oci_fetch *start(struct client *c, struct err *e)
{
	return oci_fetch_start(&c->registry, &c->cache, c->image.manifest.layers, c->image.manifest.n_layers, e);
}

/* All layers, from the top, as they are used; 0 when each is what it should be. */
static int fetch_all(struct client *c, const struct fake *f, struct err *e)
{
	struct oci_fetch *fetch = start(c, e);
	int rc = 0;

	assert_non_null(fetch);
	for (int i = LAYERS; rc == 0 && i-- > 0;) {
		auto_free char *got = xmalloc(LAYER_BYTES + 1);
		int fd = oci_fetch_wait(&c->op, fetch, (size_t)i, e);

		if (fd < 0) {
			rc = -1;
			break;
		}
		assert_int_equal(pread(fd, got, LAYER_BYTES + 1, 0), LAYER_BYTES);
		assert_memory_equal(got, f->layers[i], LAYER_BYTES);
		close(fd);
	}
	if (rc == 0) {
		oci_fetch_tell(&c->op, fetch);
		assert_int_equal(c->op.stage.done, LAYERS * LAYER_BYTES);
	}
	oci_fetch_end(fetch);
	return rc;
}

static void comes_through(void **state, struct fake f)
{
	struct client c = {0};
	struct err e = {0};

	fake_start(&f);
	assert_ok(resolve(&c, state, &f, "lib/app:1.0", &e), &e);
	assert_string_equal(c.image.digest + 7, f.manifest_hex);
	assert_int_equal(c.image.manifest.n_layers, LAYERS);
	assert_ok(fetch_all(&c, &f, &e), &e);
	assert_int_equal(f.leaked, 0);
	client_done(&c);
	fake_stop(&f);
}

static void fails_to_fetch(void **state, struct fake f, enum err_code want, const char *says)
{
	struct client c = {0};
	struct err e = {0};

	fake_start(&f);
	assert_ok(resolve(&c, state, &f, "lib/app:1.0", &e), &e);
	assert_int_equal(fetch_all(&c, &f, &e), -1);
	if (!strstr(e.msg, says) && !strstr(e.hint, says))
		fail_msg("'%s' (%s) does not say '%s'", e.msg, e.hint, says);
	assert_null(strchr(e.msg, '\033'));
	assert_err(-1, &e, want);
	client_done(&c);
	fake_stop(&f);
}

static void fails_to_resolve(void **state, struct fake f, const char *rest, enum err_code want, const char *says)
{
	struct client c = {0};
	struct err e = {0};

	fake_start(&f);
	assert_int_equal(resolve(&c, state, &f, rest, &e), -1);
	if (!strstr(e.msg, says))
		fail_msg("'%s' does not say '%s'", e.msg, says);
	assert_err(-1, &e, want);
	client_done(&c);
	fake_stop(&f);
}

static void all_layers_arrive(void **state)
{
	comes_through(state, (struct fake){.trouble = NONE});
}

static void an_index_leads_to_our_platform(void **state)
{
	comes_through(state, (struct fake){.only_arch = "amd64"});
	fails_to_resolve(state, (struct fake){.only_arch = "riscv64"}, "lib/app:1.0", ERR_NOT_FOUND, "riscv64");
}

static void a_token_is_asked_for(void **state)
{
	comes_through(state, (struct fake){.wants_token = true});
	comes_through(state, (struct fake){.wants_token = true, .asks_for_more = true});
}

/* Whoever wants to be left alone until tomorrow is: nobody waits that long. */
static void a_tired_one_is_left_alone(void **state)
{
	struct fake f = {.is_tired = true};
	struct client c = {0};
	struct err e = {0};

	fake_start(&f);
	assert_int_equal(resolve(&c, state, &f, "lib/app:1.0", &e), -1);
	assert_non_null(strstr(e.msg, "answered 429"));
	assert_non_null(strstr(e.hint, "in 1440 min"));
	assert_int_equal(web_count(&f.web, "/v2/lib/app/manifests/1.0"), 1);
	assert_err(-1, &e, ERR_NET);
	client_done(&c);
	fake_stop(&f);
}

/* The server of tokens is a part of the registry: what passes there is waited for as well, and as often. */
static void is_patient_with_the_server_of_tokens(void **state)
{
	static const char *const troubles[] = {"429 Too Many Requests\r\nRetry-After: 0", "503 Service Unavailable", ""};

	for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
		struct fake f = {.wants_token = true, .token_says = troubles[i], .token_fails = 3};
		struct client c = {0};
		struct err e = {0};

		fake_start(&f);
		assert_ok(resolve(&c, state, &f, "lib/app:1.0", &e), &e);
		assert_int_equal(f.tokens_asked, 4);
		client_done(&c);
		f.tokens_asked = 0;
		f.token_fails = 1000;
		c = (struct client){0};
		assert_int_equal(resolve(&c, state, &f, "lib/app:1.0", &e), -1);
		assert_int_equal(f.tokens_asked, OCI_TRIES);
		assert_err(-1, &e, ERR_NET);
		client_done(&c);
		fake_stop(&f);
	}
}

static void a_tired_server_of_tokens_is_left_alone(void **state)
{
	struct fake f = {.wants_token = true, .token_says = "429 Too Many Requests\r\nRetry-After: 86400", .token_fails = 1000};
	struct client c = {0};
	struct err e = {0};

	fake_start(&f);
	assert_int_equal(resolve(&c, state, &f, "lib/app:1.0", &e), -1);
	assert_non_null(strstr(e.msg, "answered 429"));
	assert_non_null(strstr(e.hint, "in 1440 min"));
	assert_int_equal(f.tokens_asked, 1);
	assert_err(-1, &e, ERR_NET);
	client_done(&c);
	fake_stop(&f);
}

static void refusals_are_told_with_their_reasons(void **state)
{
	static const char *const says[] = {"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\\u001b seat\"}]}",
					   "{\"error\":\"invalid_grant\",\"error_description\":\"no\\u001b seat\"}",
					   "{\"details\":\"no\\u001b seat\"}", "{\"error\":\"no\\u001b seat\"}"};
	auto_buf endless = {0};

	for (size_t i = 0; i < ARRAY_LEN(says); i++) {
		fails_to_resolve(state, (struct fake){.refusal = says[i]}, "lib/app:1.0", ERR_AUTH, "login: no\xef\xbf\xbd seat");
		fails_to_resolve(state, (struct fake){.wants_token = true, .wants_basic = "me:pw", .token_text = says[i]}, "lib/app:1.0",
				 ERR_AUTH, "login: no\xef\xbf\xbd seat");
	}
	fails_to_resolve(state, (struct fake){.refusal = "<html>"}, "lib/app:1.0", ERR_AUTH, "login");
	buf_adds(&endless, "{\"details\":\"");
	for (int i = 0; i < 10000; i++)
		buf_addc(&endless, 'a');
	buf_adds(&endless, "\"}");
	fails_to_resolve(state, (struct fake){.refusal = buf_cstr(&endless)}, "lib/app:1.0", ERR_AUTH, "login: aaaa");
}

static void with_login(void **state, struct fake f, const char *auths, const char *says)
{
	struct client c = {0};
	struct err e = {0};
	auto_buf config = {0};
	char path[4096];

	fake_start(&f);
	buf_addf(&config, auths, f.web.port);
	str_copy(path, sizeof(path), tmpdir_path(state, "config.json"));
	test_write(path, buf_cstr(&config));
	c.access.docker_config = path;
	if (!says) {
		assert_ok(resolve(&c, state, &f, "lib/app:1.0", &e), &e);
		assert_ok(fetch_all(&c, &f, &e), &e);
		assert_int_equal(f.leaked, 0);
	} else {
		assert_int_equal(resolve(&c, state, &f, "lib/app:1.0", &e), -1);
		if (!strstr(e.hint, says))
			fail_msg("'%s' does not say '%s'", e.hint, says);
		assert_null(strstr(e.hint, "sesame"));
		assert_null(strstr(e.msg, "sesame"));
		assert_err(-1, &e, ERR_AUTH);
	}
	client_done(&c);
	fake_stop(&f);
}

static void logins_come_from_dockers_configuration(void **state)
{
	static const char right[] = "{\"auths\":{\"127.0.0.1:%d\":{\"auth\":\"bWU6cHc=\"}}}";
	static const char wrong[] = "{\"auths\":{\"127.0.0.1:%d\":{\"auth\":\"bWU6bm8=\"}}}";
	static const char helper[] = "{\"credHelpers\":{\"127.0.0.1:%d\":\"that-is-not-there\"}}";

	with_login(state, (struct fake){.wants_token = true, .wants_basic = "me:pw"}, right, NULL);
	with_login(state, (struct fake){.wants_token = true, .wants_basic = "me:pw"}, wrong, "docker login");
	with_login(state, (struct fake){.wants_token = true, .wants_basic = "me:pw"}, "{}", "docker login");
	with_login(state, (struct fake){.wants_token = true, .wants_basic = "me:pw"}, helper, "docker-credential-that-is-not-there");
	with_login(state, (struct fake){.wants_login = true}, right, NULL);
	with_login(state, (struct fake){.wants_login = true}, "{}", "docker login");
	/* ... and do not go where the registry sends us. */
	with_login(state, (struct fake){.wants_login = true, .trouble = REDIRECTS}, right, NULL);
	with_login(state, (struct fake){.wants_token = true, .trouble = REDIRECTS}, right, NULL);
}

/* auth is base64 of "00:", which some registries' own programs write beside it. */
static void identity_tokens_are_exchanged(void **state)
{
	static const char identity[] = "{\"auths\":{\"127.0.0.1:%d\":{\"auth\":\"MDA6\",\"identitytoken\":\"ey.x\"}}}";
	static const char both[] = "{\"auths\":{\"127.0.0.1:%d\":{\"auth\":\"bWU6cHc=\",\"identitytoken\":\"ey.x\"}}}";

	with_login(state, (struct fake){.wants_token = true, .wants_basic = "no:body", .wants_identity = "ey.x"}, identity, NULL);
	with_login(state, (struct fake){.wants_token = true, .wants_basic = "no:body", .wants_identity = "ey.y"}, identity, "docker login");
	with_login(state, (struct fake){.wants_token = true, .wants_basic = "no:body"}, identity, "docker login");
	with_login(state, (struct fake){.wants_token = true, .wants_basic = "no:body", .wants_identity = "ey.x", .token_fails = 2,
					.token_says = "503 Service Unavailable"}, identity, NULL);
	/* Not every server does that. */
	with_login(state, (struct fake){.wants_token = true, .wants_basic = "me:pw"}, both, NULL);
	with_login(state, (struct fake){.wants_login = true}, both, NULL);
	with_login(state, (struct fake){.wants_login = true}, identity, "docker login");
}

/* docker-credential-NAME in the only directory of the PATH but those of the shell. */
static void put_helper(void **state, const char *name, const char *script)
{
	const char *path = tmpdir_path(state, name);
	char old[4096];

	test_write(path, script);
	assert_int_equal(chmod(path, 0700), 0);
	snprintf(old, sizeof(old), "%s:/usr/bin:/bin", (char *)*state);
	assert_int_equal(setenv("PATH", old, 1), 0);
}

#define HELPER_SAYS(user, secret)                                                                                      \
	"#!/bin/sh\n[ \"$1\" = get ] && read -r server\ncase $server in 127.0.0.1:*) ;; *) exit 1 ;; esac\n"            \
	"echo '{\"ServerURL\":\"x\",\"Username\":\"" user "\",\"Secret\":\"" secret "\"}'\n"

static void helpers_are_asked(void **state)
{
	static const char store[] = "{\"auths\":{\"127.0.0.1:%d\":{}},\"credsStore\":\"fake\"}";
	static const char plain[] = "{\"auths\":{\"127.0.0.1:%d\":{\"auth\":\"bWU6cHc=\"}},\"credsStore\":\"fake\"}";
	static const char own[] = "{\"credHelpers\":{\"127.0.0.1:%d\":\"fake\"},\"credsStore\":\"other\"}";

	put_helper(state, "docker-credential-fake", HELPER_SAYS("me", "pw"));
	with_login(state, (struct fake){.wants_token = true, .wants_basic = "me:pw"}, store, NULL);
	with_login(state, (struct fake){.wants_token = true, .wants_basic = "me:pw"}, own, NULL);
	with_login(state, (struct fake){.wants_login = true}, own, NULL);
	put_helper(state, "docker-credential-fake", HELPER_SAYS("<token>", "ey.x"));
	with_login(state, (struct fake){.wants_token = true, .wants_basic = "no:body", .wants_identity = "ey.x"}, store, NULL);
	/* What stands in the file needs none. */
	with_login(state, (struct fake){.wants_login = true}, plain, NULL);
	with_login(state, (struct fake){.wants_login = true}, store, "docker login");
}

/* A public image needs no login; and where one is needed, it is said why there is none, in none of the helper's own words. */
static void a_helper_that_has_no_login_is_no_obstacle(void **state)
{
	static const char store[] = "{\"auths\":{\"127.0.0.1:%d\":{}},\"credsStore\":\"fake\"}";
	static const struct {
		const char *script, *says;
	} cases[] = {
		{"#!/bin/sh\necho credentials not found in native keychain\nexit 1\n", "docker login"},
		{"#!/bin/sh\necho '{\"Secret\":\"sesame\"}'\necho sesame >&2\nexit 1\n", "docker-credential-fake get` fails"},
		{"#!/bin/sh\nkill -9 $$\n", "docker-credential-fake get` fails"},
		{"#!/bin/sh\necho sesame\n", "docker-credential-fake: not JSON"},
		{"#!/bin/sh\nwhile echo sesame; do :; done\n", "docker-credential-fake"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		put_helper(state, "docker-credential-fake", cases[i].script);
		with_login(state, (struct fake){.wants_token = true}, store, NULL);
		with_login(state, (struct fake){.wants_token = true, .wants_basic = "me:pw"}, store, cases[i].says);
	}
}

static void what_is_asked_for_by_digest_is_that(void **state)
{
	struct fake f = {0};
	struct client c = {0};
	struct err e = {0};
	char rest[128];

	fake_start(&f);
	snprintf(rest, sizeof(rest), "lib/app@sha256:%s", f.manifest_hex);
	assert_ok(resolve(&c, state, &f, rest, &e), &e);
	client_done(&c);
	f.manifest_lies = true;
	c = (struct client){0};
	assert_int_equal(resolve(&c, state, &f, rest, &e), -1);
	assert_non_null(strstr(e.msg, f.manifest_hex));
	assert_err(-1, &e, ERR_PROTO);
	client_done(&c);
	fake_stop(&f);
}

static void a_manifest_must_be_what_is_announced(void **state)
{
	fails_to_resolve(state, (struct fake){.digest_lies = true}, "lib/app:1.0", ERR_PROTO, "asked for");
}

static void an_unknown_tag_is_named(void **state)
{
	fails_to_resolve(state, (struct fake){0}, "lib/app:2.0", ERR_NOT_FOUND, "lib/app:2.0");
}

static void nobody_there(void **state)
{
	struct fake f = {0};
	struct client c = {0};
	struct err e = {0};

	fake_start(&f);
	fake_stop(&f);
	assert_int_equal(resolve(&c, state, &f, "lib/app:1.0", &e), -1);
	assert_non_null(strstr(e.msg, "127.0.0.1"));
	assert_err(-1, &e, ERR_NET);
	client_done(&c);
}

static void goes_on_after_a_break(void **state)
{
	static const enum trouble troubles[] = {STALLS_ONCE, HANGS_UP, BREAKS_OFF};

	for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
		struct fake f = {.trouble = troubles[i]};
		struct client c = {0};
		struct err e = {0};
		char *dir = xasprintf("%s/%zu", (char *)*state, i);

		assert_int_equal(mkdir(dir, 0700), 0);
		fake_start(&f);
		assert_ok(resolve(&c, (void **)&dir, &f, "lib/app:1.0", &e), &e);
		assert_ok(fetch_all(&c, &f, &e), &e);
		assert_int_equal(f.ranges, LAYERS); /* the second half alone */
		client_done(&c);
		fake_stop(&f);
		free(dir);
	}
}

/* To come as far as before is no progress. */
static void gives_up_where_it_never_gets_further(void **state)
{
	fails_to_fetch(state, (struct fake){.trouble = CUTS_FOR_EVER}, ERR_NET, "layer");
}

static void gives_up_where_there_is_no_rest(void **state)
{
	fails_to_fetch(state, (struct fake){.trouble = CUTS_AND_416}, ERR_NET, "layer");
}

static void begins_anew_where_it_must(void **state)
{
	comes_through(state, (struct fake){.trouble = IGNORES_RANGE});
}

static void is_patient_with_a_busy_one(void **state)
{
	comes_through(state, (struct fake){.trouble = BUSY_TWICE});
}

static void redirects_are_followed(void **state)
{
	comes_through(state, (struct fake){.trouble = REDIRECTS});
}

static void lies_are_told(void **state)
{
	fails_to_fetch(state, (struct fake){.trouble = FLIPS_A_BYTE}, ERR_PROTO, "digest");
	fails_to_fetch(state, (struct fake){.trouble = SENDS_MORE}, ERR_PROTO, "300008 bytes");
	fails_to_fetch(state, (struct fake){.trouble = CHUNKS_MORE}, ERR_PROTO, "longer than the 300000 bytes");
	fails_to_fetch(state, (struct fake){.trouble = REDIRECTS_ROUND}, ERR_PROTO, "redirects more than");
	fails_to_fetch(state, (struct fake){.trouble = WEB_PAGE}, ERR_PROTO, "web page");
	fails_to_fetch(state, (struct fake){.trouble = STALLS_FOR_EVER}, ERR_TIMEOUT, "said nothing");
	fails_to_fetch(state, (struct fake){.trouble = GONE}, ERR_NOT_FOUND, "unknown");
}

/* Less than was announced, and more will not come: who says so is asked once. */
static void too_few_bytes_are_no_reason_to_ask_again(void **state)
{
	static const enum trouble troubles[] = {ENDS_SHORT, CHUNKS_SHORT, HAS_NO_REST};

	for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
		struct fake f = {.trouble = troubles[i]};
		struct client c = {0};
		struct err e = {0};
		char path[160];

		fake_start(&f);
		assert_ok(resolve(&c, state, &f, "lib/app:1.0", &e), &e);
		assert_int_equal(fetch_all(&c, &f, &e), -1);
		assert_non_null(strstr(e.msg, "150000 bytes"));
		assert_err(-1, &e, ERR_PROTO);
		snprintf(path, sizeof(path), "/v2/lib/app/blobs/sha256:%s", f.hex[LAYERS - 1]);
		assert_true(web_count(&f.web, path) <= 1 + (troubles[i] == HAS_NO_REST));
		client_done(&c);
		fake_stop(&f);
	}
}

static void another_rest_than_was_asked_for_is_fetched_anew(void **state)
{
	comes_through(state, (struct fake){.trouble = WRONG_REST});
}

static void indexes_may_lead_to_indexes(void **state)
{
	comes_through(state, (struct fake){.only_arch = "amd64", .depth = 1});
	fails_to_resolve(state, (struct fake){.only_arch = "amd64", .depth = 3}, "lib/app:1.0", ERR_PROTO, "more than 3 deep");
	fails_to_resolve(state, (struct fake){.only_arch = "arm", .depth = 1}, "lib/app:1.0", ERR_NOT_FOUND, "only for linux/arm");
}

static void sizes_of_texts_are_compared(void **state)
{
	fails_to_resolve(state, (struct fake){.only_arch = "amd64", .size_lies = 3}, "lib/app:1.0", ERR_PROTO, "bytes, and");
	fails_to_resolve(state, (struct fake){.only_arch = "amd64", .size_lies = -3}, "lib/app:1.0", ERR_PROTO, "bytes, and");
}

static void rubbish_is_told_by_what_it_is(void **state)
{
	fails_to_resolve(state, (struct fake){.rubbish = "hello\033 you"}, "lib/app:1.0", ERR_PROTO, "text/plain that begins with 'hello");
	fails_to_resolve(state, (struct fake){.rubbish = ""}, "lib/app:1.0", ERR_PROTO, "its manifest: 127.0.0.1:");
	fails_to_resolve(state, (struct fake){.config_text = "<html>no"}, "lib/app:1.0", ERR_PROTO, "its configuration: 127.0.0.1:");
}

/* A second fetch takes nothing over the network; a third, of a cache that the disk has bent, takes what is wrong. */
static void the_cache_is_used_and_checked(void **state)
{
	struct fake f = {0};
	struct client c = {0};
	struct err e = {0};
	char path[160], name[256];

	fake_start(&f);
	assert_ok(resolve(&c, state, &f, "lib/app:1.0", &e), &e);
	assert_ok(fetch_all(&c, &f, &e), &e);
	assert_ok(fetch_all(&c, &f, &e), &e);
	snprintf(path, sizeof(path), "/v2/lib/app/blobs/sha256:%s", f.hex[1]);
	assert_int_equal(web_count(&f.web, path), 1);
	snprintf(name, sizeof(name), "blobs/sha256/%s", f.hex[1]);
	test_write(tmpdir_path(state, name), "bent");
	assert_ok(fetch_all(&c, &f, &e), &e);
	assert_int_equal(web_count(&f.web, path), 2);
	client_done(&c);
	fake_stop(&f);
}

/* Bytes that no layer begins with, left by an earlier process, are not the end of it. Returns how often a rest was asked for. */
static int goes_on_behind(void **state, enum trouble trouble)
{
	struct fake f = {.trouble = trouble};
	struct client c = {0};
	struct err e = {0};
	char name[256];

	fake_start(&f);
	assert_ok(resolve(&c, state, &f, "lib/app:1.0", &e), &e);
	snprintf(name, sizeof(name), "blobs/sha256/%s.part", f.hex[2]);
	test_write(tmpdir_path(state, name), "no beginning of it");
	assert_ok(fetch_all(&c, &f, &e), &e);
	client_done(&c);
	fake_stop(&f);
	return f.ranges;
}

static void a_bent_part_is_fetched_again(void **state)
{
	assert_int_equal(goes_on_behind(state, NONE), 1);
}

/* A server that cannot do ranges and says it can costs a second try, not the pull. */
static void a_rest_that_is_too_long_is_fetched_anew(void **state)
{
	goes_on_behind(state, WHOLE_AS_REST);
}

static void what_another_fetches_is_waited_for(void **state)
{
	struct blob_part p = BLOB_PART_INIT;
	struct fake f = {0};
	struct client c = {0};
	struct oci_fetch *fetch;
	struct err e = {0};
	char path[160];
	struct op_part part;
	int fd;

	fake_start(&f);
	assert_ok(resolve(&c, state, &f, "lib/app:1.0", &e), &e);
	assert_ok(blob_part_begin(&c.op, &c.cache, f.hex[0], LAYER_BYTES, &p, &e), &e);
	fetch = start(&c, &e);
	assert_non_null(fetch);
	for (int i = LAYERS; i-- > 1;) {
		fd = oci_fetch_wait(&c.op, fetch, (size_t)i, &e);
		assert_ok(fd, &e);
		close(fd);
		oci_fetch_part(fetch, (size_t)i, &part);
		assert_int_equal(part.state, OP_PART_THERE);
		assert_int_equal(part.done, LAYER_BYTES);
		assert_int_equal(part.total, LAYER_BYTES);
		assert_int_equal(part.kept, 0);
		assert_int_equal(strlen(part.name), 12);
		assert_memory_equal(part.name, f.hex[i], 12);
	}
	while (oci_fetch_part(fetch, 0, &part), part.state != OP_PART_ELSEWHERE)
		assert_ok(op_sleep(&c.op, 10, &e), &e);
	assert_false(oci_fetch_is_whole(fetch));
	assert_ok(blob_part_add(&p, f.layers[0], LAYER_BYTES, &e), &e);
	fd = blob_part_end(&p, &e);
	assert_ok(fd, &e);
	close(fd);
	fd = oci_fetch_wait(&c.op, fetch, 0, &e);
	assert_ok(fd, &e);
	close(fd);
	oci_fetch_part(fetch, 0, &part);
	assert_int_equal(part.state, OP_PART_THERE);
	assert_int_equal(part.kept, LAYER_BYTES); /* none of it is our doing */
	assert_true(oci_fetch_is_whole(fetch));
	oci_fetch_end(fetch);
	snprintf(path, sizeof(path), "/v2/lib/app/blobs/sha256:%s", f.hex[0]);
	assert_int_equal(web_count(&f.web, path), 0);
	client_done(&c);
	fake_stop(&f);
}

/* Docker's layer of nothing, for one: nobody else is waited for, and its bytes are once in the sum. */
static void one_that_is_listed_twice_comes_once(void **state)
{
	struct fake f = {0};
	struct client c = {0};
	struct oci_fetch *fetch;
	struct err e = {0};
	struct op_part part;
	char path[160];
	bool elsewhere = false;

	fake_start(&f);
	assert_ok(resolve(&c, state, &f, "lib/app:1.0", &e), &e);
	c.image.manifest.layers[0] = c.image.manifest.layers[LAYERS - 1];
	fetch = start(&c, &e);
	assert_non_null(fetch);
	while (!oci_fetch_is_whole(fetch)) {
		oci_fetch_part(fetch, 0, &part);
		elsewhere |= part.state == OP_PART_ELSEWHERE;
		assert_ok(op_sleep(&c.op, 1, &e), &e);
	}
	assert_false(elsewhere);
	oci_fetch_tell(&c.op, fetch);
	assert_int_equal(c.op.stage.total, (LAYERS - 1) * LAYER_BYTES);
	assert_int_equal(c.op.stage.done, c.op.stage.total);
	for (int i = 0; i < LAYERS; i++) {
		int fd = oci_fetch_wait(&c.op, fetch, (size_t)i, &e);
		assert_ok(fd, &e);
		close(fd);
	}
	oci_fetch_end(fetch);
	snprintf(path, sizeof(path), "/v2/lib/app/blobs/sha256:%s", f.hex[LAYERS - 1]);
	assert_int_equal(web_count(&f.web, path), 1);
	client_done(&c);
	fake_stop(&f);
}

static void *cancel(void *arg)
{
	op_cancel(arg);
	return NULL;
}

static void is_cancelled(void **state)
{
	struct fake f = {.trouble = STALLS_FOR_EVER};
	struct client c = {0};
	struct oci_fetch *fetch;
	struct err e = {0};
	pthread_t other;

	fake_start(&f);
	assert_ok(resolve(&c, state, &f, "lib/app:1.0", &e), &e);
	c.access.stall_ms = BOUND_MS;
	fetch = start(&c, &e);
	assert_non_null(fetch);
	assert_int_equal(pthread_create(&other, NULL, cancel, &c.op), 0);
	assert_err(oci_fetch_wait(&c.op, fetch, 0, &e), &e, ERR_CANCELED);
	pthread_join(other, NULL);
	oci_fetch_end(fetch);
	client_done(&c);
	fake_stop(&f);
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_layers_arrive),
		T(an_index_leads_to_our_platform),
		T(a_token_is_asked_for),
		T(logins_come_from_dockers_configuration),
		T(identity_tokens_are_exchanged),
		T(helpers_are_asked),
		T(a_helper_that_has_no_login_is_no_obstacle),
		T(what_is_asked_for_by_digest_is_that),
		T(a_manifest_must_be_what_is_announced),
		T(an_unknown_tag_is_named),
		T(nobody_there),
		T(goes_on_after_a_break),
		T(begins_anew_where_it_must),
		T(gives_up_where_it_never_gets_further),
		T(gives_up_where_there_is_no_rest),
		T(is_patient_with_a_busy_one),
		T(a_tired_one_is_left_alone),
		T(is_patient_with_the_server_of_tokens),
		T(a_tired_server_of_tokens_is_left_alone),
		T(refusals_are_told_with_their_reasons),
		T(redirects_are_followed),
		T(lies_are_told),
		T(too_few_bytes_are_no_reason_to_ask_again),
		T(another_rest_than_was_asked_for_is_fetched_anew),
		T(indexes_may_lead_to_indexes),
		T(sizes_of_texts_are_compared),
		T(rubbish_is_told_by_what_it_is),
		T(the_cache_is_used_and_checked),
		T(a_bent_part_is_fetched_again),
		T(a_rest_that_is_too_long_is_fetched_anew),
		T(what_another_fetches_is_waited_for),
		T(is_cancelled),
		T(one_that_is_listed_twice_comes_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
