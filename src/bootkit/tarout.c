/* SPDX-License-Identifier: MIT */
/*
 * Streaming writer of pax archives (see tarout.h).
 *
 * A plain ustar header wherever it suffices; what it has no room for goes into an extended header before it, which costs
 * two blocks, and so is left out where it can be: most files of an image have whole seconds and short names.
 */
#include "bootkit/tarout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define OCTAL7_MAX 07777777u		      /* what 8 bytes hold, the last one a NUL */
#define OCTAL11_MAX ((uint64_t)077777777777u) /* what 12 bytes hold */
#define PAX_NAME "PaxHeaders/member"	      /* of the extended header itself; nobody makes a file of it */
#define SPARSE_NAME "GNUSparseFile.0/member"  /* for readers that know no sparse format */

void tarout_init(struct tarout *t, int fd)
{
	*t = (struct tarout){.fd = fd};
}

void tarout_done(struct tarout *t)
{
	free(t->pax.data);
	free(t->sparse.data);
	t->pax = t->sparse = (struct tarout_text){0};
}

static int flush(struct tarout *t)
{
	size_t n = t->used;

	t->used = 0;
	return fd_write_all(t->fd, t->buf, n);
}

static int put(struct tarout *t, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		size_t room = sizeof(t->buf) - t->used, n = len < room ? len : room;

		memcpy(t->buf + t->used, at, n);
		t->used += n;
		at += n;
		len -= n;
		if (t->used == sizeof(t->buf) && flush(t) < 0)
			return -1;
	}
	return 0;
}

static int put_zeros(struct tarout *t, uint64_t n)
{
	static const char zeros[4096];

	while (n > 0) {
		size_t now = n < sizeof(zeros) ? (size_t)n : sizeof(zeros);

		if (put(t, zeros, now) < 0)
			return -1;
		n -= now;
	}
	return 0;
}

static int end_member(struct tarout *t)
{
	uint64_t n = t->left + t->padding;

	t->left = t->padding = 0;
	return put_zeros(t, n);
}

static int text_add(struct tarout_text *text, const void *data, size_t len)
{
	if (text->size - text->len < len) {
		size_t size = (text->len + len) * 2;
		char *bigger = realloc(text->data, size);

		if (!bigger)
			return -1;
		text->data = bigger;
		text->size = size;
	}
	memcpy(text->data + text->len, data, len);
	text->len += len;
	return 0;
}

static size_t digits_of(size_t n)
{
	size_t digits = 1;

	for (; n >= 10; n /= 10)
		digits++;
	return digits;
}

/* `<length> <key>=<value>\n`, the length counting itself. */
static int add_record(struct tarout *t, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(key) + len + 3, whole = rest + digits_of(rest);
	char head[32];

	whole = rest + digits_of(whole);
	snprintf(head, sizeof(head), "%zu ", whole);
	if (text_add(&t->pax, head, strlen(head)) < 0 || text_add(&t->pax, key, strlen(key)) < 0 ||
	    text_add(&t->pax, "=", 1) < 0 || text_add(&t->pax, value, len) < 0)
		return -1;
	return text_add(&t->pax, "\n", 1);
}

static int add_text(struct tarout *t, const char *key, const char *value)
{
	return add_record(t, key, value, strlen(value));
}

static int add_number(struct tarout *t, const char *key, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	return add_text(t, key, text);
}

int tarout_xattr(struct tarout *t, const char *name, const void *value, size_t len)
{
	char key[sizeof("SCHILY.xattr.") + 256];
	int n = snprintf(key, sizeof(key), "SCHILY.xattr.%s", name);

	if (n < 0 || (size_t)n >= sizeof(key) || strchr(name, '=')) { /* nobody could tell where the value begins */
		errno = ERANGE;
		return -1;
	}
	return add_record(t, key, value, len);
}

static void put_octal(char *field, size_t size, uint64_t n)
{
	for (size_t i = size - 1; i-- > 0; n >>= 3)
		field[i] = (char)('0' + (n & 7));
	field[size - 1] = '\0';
}

static void seal(struct ustar *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	unsigned sum = 0;

	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	memset(h->chksum, ' ', sizeof(h->chksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += bytes[i];
	put_octal(h->chksum, sizeof(h->chksum) - 1, sum);
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* Where text fits its field it stands there, else in a record. */
static int put_text(struct tarout *t, const char *key, const char *text, char field[100])
{
	size_t len = strlen(text);

	if (len <= 100 && is_ascii(text)) {
		memcpy(field, text, len);
		return 0;
	}
	memcpy(field, "long", 4);
	if (!is_ascii(text) && add_text(t, "hdrcharset", "BINARY") < 0)
		return -1;
	return add_text(t, key, text);
}

static int put_id(struct tarout *t, const char *key, uint64_t id, char field[8])
{
	put_octal(field, 8, id <= OCTAL7_MAX ? id : 0);
	return id <= OCTAL7_MAX ? 0 : add_number(t, key, id);
}

static int put_size(struct tarout *t, uint64_t size, char field[12])
{
	put_octal(field, 12, size <= OCTAL11_MAX ? size : 0);
	return size <= OCTAL11_MAX ? 0 : add_number(t, "size", size);
}

/* Seconds before the epoch are written with their sign, and the fraction goes the same way from zero. */
static int put_mtime(struct tarout *t, struct timespec time, char field[12])
{
	bool plain = time.tv_sec >= 0 && (uint64_t)time.tv_sec <= OCTAL11_MAX && time.tv_nsec == 0;
	long long sec = time.tv_sec;
	long ns = time.tv_nsec;
	bool before = sec < 0;
	char text[48];

	put_octal(field, 12, plain ? (uint64_t)sec : 0);
	if (plain)
		return 0;
	if (before && ns > 0) {
		sec++;
		ns = 1000000000 - ns;
	}
	snprintf(text, sizeof(text), "%s%lld.%09ld", before ? "-" : "", before ? -sec : sec, ns);
	return add_text(t, "mtime", text);
}

static int sparse_add(struct tarout *t, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)n);
	return text_add(&t->sparse, text, strlen(text));
}

/* The map stands before the content, in whole blocks. */
static int make_map(struct tarout *t, const struct tarout_member *m, uint64_t *ret_bytes)
{
	static const char zeros[USTAR_BLOCK];
	uint64_t bytes = 0;

	t->sparse.len = 0;
	if (sparse_add(t, m->n_extents) < 0)
		return -1;
	for (size_t i = 0; i < m->n_extents; i++) {
		if (sparse_add(t, m->extents[i].offset) < 0 || sparse_add(t, m->extents[i].len) < 0)
			return -1;
		bytes += m->extents[i].len;
	}
	if (text_add(&t->sparse, zeros, (USTAR_BLOCK - t->sparse.len % USTAR_BLOCK) % USTAR_BLOCK) < 0)
		return -1;
	*ret_bytes = bytes + t->sparse.len;
	return 0;
}

static int put_sparse(struct tarout *t, const struct tarout_member *m, struct ustar *h, uint64_t *ret_size)
{
	memcpy(h->name, SPARSE_NAME, sizeof(SPARSE_NAME));
	if (!is_ascii(m->name) && add_text(t, "hdrcharset", "BINARY") < 0)
		return -1;
	if (add_text(t, "GNU.sparse.major", "1") < 0 || add_text(t, "GNU.sparse.minor", "0") < 0 ||
	    add_text(t, "GNU.sparse.name", m->name) < 0 || add_number(t, "GNU.sparse.realsize", m->size) < 0)
		return -1;
	return make_map(t, m, ret_size);
}

static int fill(struct tarout *t, const struct tarout_member *m, struct ustar *h, uint64_t *ret_size)
{
	bool is_device = m->type == USTAR_CHAR || m->type == USTAR_BLOCKDEV;

	*ret_size = m->type == USTAR_FILE ? m->size : 0;
	h->typeflag = (char)m->type;
	put_octal(h->mode, sizeof(h->mode), m->mode & 07777);
	if (m->extents ? put_sparse(t, m, h, ret_size) < 0 : put_text(t, "path", m->name, h->name) < 0)
		return -1;
	if (m->target && put_text(t, "linkpath", m->target, h->linkname) < 0)
		return -1;
	if (is_device) {
		put_octal(h->devmajor, sizeof(h->devmajor), major(m->rdev));
		put_octal(h->devminor, sizeof(h->devminor), minor(m->rdev));
	}
	if (put_id(t, "uid", m->uid, h->uid) < 0 || put_id(t, "gid", m->gid, h->gid) < 0 ||
	    put_mtime(t, m->mtime, h->mtime) < 0)
		return -1;
	return put_size(t, *ret_size, h->size);
}

/* The records, as a member of its own before the one they are about. */
static int put_pax(struct tarout *t)
{
	struct ustar h = {.typeflag = USTAR_PAX, .name = PAX_NAME};
	size_t len = t->pax.len;

	t->pax.len = 0;
	if (len == 0)
		return 0;
	put_octal(h.mode, sizeof(h.mode), 0600);
	put_octal(h.uid, sizeof(h.uid), 0);
	put_octal(h.gid, sizeof(h.gid), 0);
	put_octal(h.mtime, sizeof(h.mtime), 0);
	put_octal(h.size, sizeof(h.size), len);
	seal(&h);
	if (put(t, &h, sizeof(h)) < 0 || put(t, t->pax.data, len) < 0)
		return -1;
	return put_zeros(t, (USTAR_BLOCK - len % USTAR_BLOCK) % USTAR_BLOCK);
}

int tarout_begin(struct tarout *t, const struct tarout_member *m)
{
	struct ustar h = {0};
	uint64_t size;

	if (end_member(t) < 0 || fill(t, m, &h, &size) < 0)
		return -1;
	seal(&h);
	if (put_pax(t) < 0 || put(t, &h, sizeof(h)) < 0)
		return -1;
	t->left = size;
	t->padding = (USTAR_BLOCK - size % USTAR_BLOCK) % USTAR_BLOCK;
	return m->extents ? tarout_data(t, t->sparse.data, t->sparse.len) : 0;
}

int tarout_data(struct tarout *t, const void *data, size_t len)
{
	if (len > t->left)
		len = (size_t)t->left;
	t->left -= len;
	return put(t, data, len);
}

uint64_t tarout_wants(const struct tarout *t)
{
	return t->left;
}

int tarout_finish(struct tarout *t)
{
	if (end_member(t) < 0 || put_zeros(t, 2 * (uint64_t)USTAR_BLOCK) < 0)
		return -1;
	return flush(t);
}
