/* SPDX-License-Identifier: MIT */
/*
 * ed25519 keys, in memory and as bytes of the three formats we need. Files: keys_file.c.
 *
 * libcrypto does the curve, random bytes and base64; the containers are plain SSH encoding (RFC 4251 §5: a string is a
 * 32-bit big-endian length and its bytes) and are written here, because libcrypto knows none of them and calling
 * ssh-keygen or dropbearkey would make two more programs a requirement.
 *
 * The check integers of OpenSSH's format are random in ssh-keygen and only tell a wrong passphrase; ours come from the
 * public key, so that one key always gives the same file and the seed disk is reproducible.
 */
#include "core/guest/keys.h"

#include "base/i18n.h"

/* OpenSSL has a type with the name of one of our error codes. */
#define ERR_STATE openssl_err_state
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#undef ERR_STATE

#include <string.h>

#define KEY_TYPE "ssh-ed25519"
#define MAGIC "openssh-key-v1" /* its NUL is part of it */
#define ARMOUR_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define ARMOUR_END "-----END OPENSSH PRIVATE KEY-----"
#define ARMOUR_COLS 70
#define PRIV_BLOCK 8 /* block size of the cipher "none" */
#define FILE_LIMIT 16384

struct cursor {
	const uint8_t *p;
	size_t n;
};

static int crypto_fail(struct err *e, const char *sentence)
{
	return err_set(e, ERR_SYS, "%s", sentence);
}

static void free_pkey(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
}

static void free_mdctx(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

/* A buffer that held a secret is overwritten before its memory goes back. */
static void secret_done(struct buf *b)
{
	if (b->data)
		OPENSSL_cleanse(b->data, b->cap);
	buf_done(b);
}

static int derive_pub(struct keys_pair *k, struct err *e)
{
	auto_call(free_pkey) EVP_PKEY *pkey =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, k->seed, KEYS_RAW_LEN);
	size_t n = KEYS_RAW_LEN;

	if (!pkey || EVP_PKEY_get_raw_public_key(pkey, k->pub.raw, &n) != 1 || n != KEYS_RAW_LEN)
		return crypto_fail(e, _("libcrypto cannot read an ed25519 key"));
	return 0;
}

int keys_make(struct keys_pair *ret, struct err *e)
{
	auto_keys_pair k = {0};

	if (RAND_priv_bytes(k.seed, KEYS_RAW_LEN) != 1)
		return crypto_fail(e, _("libcrypto cannot make an ed25519 key"));
	if (derive_pub(&k, e) < 0)
		return -1;
	*ret = k;
	return 0;
}

void keys_wipe(struct keys_pair *k)
{
	OPENSSL_cleanse(k, sizeof(*k));
}

int keys_sign(const struct keys_pair *k, const void *data, size_t n, uint8_t ret_sig[KEYS_SIG_LEN], struct err *e)
{
	auto_call(free_pkey) EVP_PKEY *pkey =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, k->seed, KEYS_RAW_LEN);
	auto_call(free_mdctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t sig_len = KEYS_SIG_LEN;

	if (!pkey || !ctx || EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) != 1 ||
	    EVP_DigestSign(ctx, ret_sig, &sig_len, data, n) != 1 || sig_len != KEYS_SIG_LEN)
		return crypto_fail(e, _("libcrypto cannot sign with an ed25519 key"));
	return 0;
}

bool keys_pub_equal(const struct keys_pub *a, const struct keys_pub *b)
{
	return CRYPTO_memcmp(a->raw, b->raw, KEYS_RAW_LEN) == 0;
}

static void put_u32(struct buf *out, uint32_t v)
{
	uint8_t raw[4] = {v >> 24, v >> 16, v >> 8, v};

	buf_add(out, raw, sizeof(raw));
}

static void put_string(struct buf *out, const void *data, size_t n)
{
	put_u32(out, n);
	buf_add(out, data, n);
}

static bool get_u32(struct cursor *c, uint32_t *ret)
{
	if (c->n < 4)
		return false;
	*ret = (uint32_t)c->p[0] << 24 | (uint32_t)c->p[1] << 16 | (uint32_t)c->p[2] << 8 | c->p[3];
	c->p += 4;
	c->n -= 4;
	return true;
}

static bool get_string(struct cursor *c, struct cursor *ret)
{
	uint32_t n;

	if (!get_u32(c, &n) || n > c->n)
		return false;
	*ret = (struct cursor){c->p, n};
	c->p += n;
	c->n -= n;
	return true;
}

static bool is_text(const struct cursor *c, const char *s)
{
	return c->n == strlen(s) && memcmp(c->p, s, c->n) == 0;
}

static bool get_type(struct cursor *c)
{
	struct cursor type;

	return get_string(c, &type) && is_text(&type, KEY_TYPE);
}

/* A string of exactly `want` bytes. */
static bool get_fixed(struct cursor *c, size_t want, const uint8_t **ret)
{
	struct cursor s;

	if (!get_string(c, &s) || s.n != want)
		return false;
	*ret = s.p;
	return true;
}

static void put_base64(struct buf *out, const void *data, size_t n)
{
	char *at = buf_reserve(out, (n + 2) / 3 * 4 + 1);

	out->len += EVP_EncodeBlock((uint8_t *)at, data, (int)n);
}

static void free_decode(EVP_ENCODE_CTX **c)
{
	EVP_ENCODE_CTX_free(*c);
}

/* Append the decoded bytes; line breaks inside are fine. n is at most FILE_LIMIT. */
static bool get_base64(const char *text, size_t n, struct buf *out)
{
	auto_call(free_decode) EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	uint8_t *at = (uint8_t *)buf_reserve(out, n + 3);
	int len = 0, tail = 0;

	if (!ctx)
		return false;
	EVP_DecodeInit(ctx);
	if (EVP_DecodeUpdate(ctx, at, &len, (const uint8_t *)text, (int)n) < 0 ||
	    EVP_DecodeFinal(ctx, at + len, &tail) < 0)
		return false;
	out->len += len + tail;
	return true;
}

void keys_pub_blob(const struct keys_pub *p, uint8_t ret[KEYS_BLOB_LEN])
{
	auto_buf b = {0};

	put_string(&b, KEY_TYPE, strlen(KEY_TYPE));
	put_string(&b, p->raw, KEYS_RAW_LEN);
	memcpy(ret, b.data, KEYS_BLOB_LEN);
}

int keys_pub_from_blob(const void *blob, size_t n, struct keys_pub *ret, struct err *e)
{
	struct cursor c = {blob, n};
	const uint8_t *raw;

	if (!get_type(&c) || !get_fixed(&c, KEYS_RAW_LEN, &raw) || c.n != 0)
		return err_set(e, ERR_PROTO, _("not an ed25519 public key"));
	memcpy(ret->raw, raw, KEYS_RAW_LEN);
	return 0;
}

void keys_pub_format(const struct keys_pub *p, const char *comment, struct buf *out)
{
	uint8_t blob[KEYS_BLOB_LEN];

	keys_pub_blob(p, blob);
	buf_adds(out, KEY_TYPE " ");
	put_base64(out, blob, sizeof(blob));
	if (comment && *comment)
		buf_addf(out, " %s", comment);
}

int keys_pub_parse(const char *line, struct keys_pub *ret, struct err *e)
{
	auto_buf blob = {0};
	size_t skip = strlen(KEY_TYPE " ");
	size_t n;

	if (strncmp(line, KEY_TYPE " ", skip) != 0)
		return err_set(e, ERR_PROTO, _("not an ed25519 public key line"));
	n = strcspn(line + skip, " \t\r\n");
	if (n > FILE_LIMIT || !get_base64(line + skip, n, &blob))
		return err_set(e, ERR_PROTO, _("the public key line is damaged"));
	return keys_pub_from_blob(blob.data, blob.len, ret, e);
}

void keys_fingerprint(const struct keys_pub *p, struct buf *out)
{
	uint8_t blob[KEYS_BLOB_LEN], sum[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	keys_pub_blob(p, blob);
	if (EVP_Digest(blob, sizeof(blob), sum, &n, EVP_sha256(), NULL) != 1)
		n = 0;
	buf_adds(out, "SHA256:");
	put_base64(out, sum, n);
	while (out->data[out->len - 1] == '=')
		out->data[--out->len] = '\0';
}

/* The part that a cipher would cover: PROTOCOL.key §3. */
static void put_private_section(struct buf *out, const struct keys_pair *k, const char *comment)
{
	size_t start = out->len;
	uint8_t pad = 0;

	buf_add(out, k->pub.raw, 4);
	buf_add(out, k->pub.raw, 4);
	put_string(out, KEY_TYPE, strlen(KEY_TYPE));
	put_string(out, k->pub.raw, KEYS_RAW_LEN);
	put_u32(out, 2 * KEYS_RAW_LEN);
	buf_add(out, k->seed, KEYS_RAW_LEN);
	buf_add(out, k->pub.raw, KEYS_RAW_LEN);
	put_string(out, comment, strlen(comment));
	while ((out->len - start) % PRIV_BLOCK)
		buf_addc(out, (char)++pad);
}

static void put_armour(struct buf *out, const struct buf *raw)
{
	auto_call(secret_done) struct buf b64 = {0};

	put_base64(&b64, raw->data, raw->len);
	buf_adds(out, ARMOUR_BEGIN "\n");
	for (size_t at = 0; at < b64.len; at += ARMOUR_COLS) {
		buf_add(out, b64.data + at, MIN((size_t)ARMOUR_COLS, b64.len - at));
		buf_addc(out, '\n');
	}
	buf_adds(out, ARMOUR_END "\n");
}

void keys_format_openssh(const struct keys_pair *k, const char *comment, struct buf *out)
{
	auto_call(secret_done) struct buf raw = {0};
	auto_call(secret_done) struct buf priv = {0};
	uint8_t blob[KEYS_BLOB_LEN];

	keys_pub_blob(&k->pub, blob);
	put_private_section(&priv, k, comment);
	buf_add(&raw, MAGIC, sizeof(MAGIC));
	put_string(&raw, "none", 4);
	put_string(&raw, "none", 4);
	put_string(&raw, "", 0);
	put_u32(&raw, 1);
	put_string(&raw, blob, sizeof(blob));
	put_string(&raw, priv.data, priv.len);
	put_armour(out, &raw);
}

/* seed || public; the public half must be the seed's own, else signatures would leak the secret. */
static int take_secret(const uint8_t *both, struct keys_pair *ret, struct err *e)
{
	auto_keys_pair k = {0};

	memcpy(k.seed, both, KEYS_RAW_LEN);
	if (derive_pub(&k, e) < 0)
		return -1;
	if (memcmp(k.pub.raw, both + KEYS_RAW_LEN, KEYS_RAW_LEN) != 0)
		return err_set(e, ERR_PROTO, _("the private key does not belong to its public key"));
	*ret = k;
	return 0;
}

static int parse_private_section(struct cursor c, struct keys_pair *ret, struct err *e)
{
	uint32_t check[2];
	const uint8_t *pub, *both;

	if (!get_u32(&c, &check[0]) || !get_u32(&c, &check[1]) || check[0] != check[1])
		return err_set(e, ERR_PROTO, _("the private key is damaged"));
	if (!get_type(&c))
		return err_set(e, ERR_PROTO, _("the private key is not an ed25519 key"));
	if (!get_fixed(&c, KEYS_RAW_LEN, &pub) || !get_fixed(&c, 2 * KEYS_RAW_LEN, &both))
		return err_set(e, ERR_PROTO, _("the private key is damaged"));
	return take_secret(both, ret, e);
}

static int parse_openssh_raw(struct cursor c, struct keys_pair *ret, struct err *e)
{
	struct cursor cipher, kdf, options, blob, priv;
	uint32_t count;

	if (c.n < sizeof(MAGIC) || memcmp(c.p, MAGIC, sizeof(MAGIC)) != 0)
		return err_set(e, ERR_PROTO, _("not a private key file of OpenSSH"));
	c.p += sizeof(MAGIC);
	c.n -= sizeof(MAGIC);
	if (!get_string(&c, &cipher) || !get_string(&c, &kdf) || !get_string(&c, &options) || !get_u32(&c, &count) ||
	    count != 1 || !get_string(&c, &blob) || !get_string(&c, &priv))
		return err_set(e, ERR_PROTO, _("the private key is damaged"));
	if (!is_text(&cipher, "none")) {
		err_set(e, ERR_AUTH, _("the private key is protected by a passphrase"));
		return err_hint(e,
				_("Use a key without a passphrase, or remove ssh_key to let banger-tui make its own."));
	}
	return parse_private_section(priv, ret, e);
}

int keys_parse_openssh(const char *text, size_t n, struct keys_pair *ret, struct err *e)
{
	auto_call(secret_done) struct buf raw = {0};
	auto_call(secret_done) struct buf copy = {0};
	const char *begin, *end;

	if (n > FILE_LIMIT)
		return err_set(e, ERR_PROTO, _("the private key file is too large"));
	buf_add(&copy, text, n);
	begin = strstr(buf_cstr(&copy), ARMOUR_BEGIN);
	end = begin ? strstr(begin, ARMOUR_END) : NULL;
	if (!end)
		return err_set(e, ERR_PROTO, _("not a private key file of OpenSSH"));
	begin += strlen(ARMOUR_BEGIN);
	if (!get_base64(begin, (size_t)(end - begin), &raw))
		return err_set(e, ERR_PROTO, _("the private key is damaged"));
	return parse_openssh_raw((struct cursor){(const uint8_t *)buf_cstr(&raw), raw.len}, ret, e);
}

void keys_format_dropbear(const struct keys_pair *k, struct buf *out)
{
	put_string(out, KEY_TYPE, strlen(KEY_TYPE));
	put_u32(out, 2 * KEYS_RAW_LEN);
	buf_add(out, k->seed, KEYS_RAW_LEN);
	buf_add(out, k->pub.raw, KEYS_RAW_LEN);
}

int keys_parse_dropbear(const void *data, size_t n, struct keys_pair *ret, struct err *e)
{
	struct cursor c = {data, n};
	const uint8_t *both;

	if (!get_type(&c) || !get_fixed(&c, 2 * KEYS_RAW_LEN, &both) || c.n != 0)
		return err_set(e, ERR_PROTO, _("not an ed25519 host key of dropbear"));
	return take_secret(both, ret, e);
}
