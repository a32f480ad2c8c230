/* SPDX-License-Identifier: MIT */
/*
 * Streaming reader of ustar/pax archives (see tarball.h).
 *
 * Only what the seed may hold is understood: files, directories, symbolic links, and of the pax
 * extensions path, linkpath, size and mtime, each for one member. A member of another type is
 * reported as such and its content skipped.
 */
#include "bootkit/tarball.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bootkit/ustar.h"

#define PAX_MAX 65536 /* longest extended header accepted */

/* What extended headers said about the next member. */
struct pax {
	bool has_path, has_linkpath, has_size, has_mtime;
	char path[TARBALL_NAME_MAX], linkpath[TARBALL_NAME_MAX];
	uint64_t size;
	int64_t mtime;
};

static int bad(void)
{
	errno = EBADMSG;
	return -1;
}

void tarball_init(struct tarball *t, int fd)
{
	*t = (struct tarball){.fd = fd};
}

static int read_exactly(int fd, void *buf, size_t size)
{
	char *at = buf;

	while (size > 0) {
		ssize_t n = read(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			return bad();
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

ssize_t tarball_read(struct tarball *t, void *buf, size_t size)
{
	if (size > t->left)
		size = (size_t)t->left;
	if (size == 0)
		return 0;
	if (read_exactly(t->fd, buf, size) < 0)
		return -1;
	t->left -= size;
	return (ssize_t)size;
}

static int skip_rest(struct tarball *t)
{
	uint64_t n = t->left + t->padding;

	t->left = t->padding = 0;
	if (n > INT64_MAX)
		return bad();
	return n == 0 || lseek(t->fd, (off_t)n, SEEK_CUR) >= 0 ? 0 : -1;
}

/* Octal digits, blanks or NUL around them. The base-256 form of GNU tar is refused. */
static int octal(const char *field, size_t len, uint64_t *ret_n)
{
	uint64_t n = 0;
	size_t i = 0;

	while (i < len && field[i] == ' ')
		i++;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		n = n * 8 + (uint64_t)(field[i] - '0');
	if (i < len && field[i] != ' ' && field[i] != '\0')
		return bad();
	*ret_n = n;
	return 0;
}

/* The sum is taken over the header with its own field read as blanks. */
static bool checksum_ok(const struct ustar *h)
{
	const unsigned char *bytes = (const unsigned char *)h;
	const size_t from = offsetof(struct ustar, chksum), to = from + sizeof(h->chksum);
	uint64_t told, sum = 0;

	for (size_t i = 0; i < USTAR_BLOCK; i++)
		sum += i >= from && i < to ? ' ' : bytes[i];
	return octal(h->chksum, sizeof(h->chksum), &told) == 0 && told == sum;
}

static bool is_zero(const struct ustar *h)
{
	const char *bytes = (const char *)h;

	for (size_t i = 0; i < USTAR_BLOCK; i++)
		if (bytes[i])
			return false;
	return true;
}

static int pax_text(const char *value, size_t len, char *to, bool *ret_has)
{
	if (len == 0 || len >= TARBALL_NAME_MAX || memchr(value, '\0', len))
		return bad();
	memcpy(to, value, len);
	to[len] = '\0';
	*ret_has = true;
	return 0;
}

/* A decimal number; what stands behind a point is dropped, a time before 1970 is read as 0. */
static int pax_number(const char *value, size_t len, uint64_t *ret_n)
{
	char text[24];
	size_t whole = 0;

	while (whole < len && value[whole] != '.')
		whole++;
	if (len > 0 && value[0] == '-') {
		*ret_n = 0;
		return 0;
	}
	if (whole >= sizeof(text))
		return bad();
	memcpy(text, value, whole);
	text[whole] = '\0';
	return number_parse(text, INT64_MAX, ret_n) < 0 ? bad() : 0;
}

static int pax_take(struct pax *pax, const char *key, size_t key_len, const char *value, size_t len)
{
	uint64_t n;

	if (key_len == 4 && memcmp(key, "path", 4) == 0)
		return pax_text(value, len, pax->path, &pax->has_path);
	if (key_len == 8 && memcmp(key, "linkpath", 8) == 0)
		return pax_text(value, len, pax->linkpath, &pax->has_linkpath);
	if (key_len == 4 && memcmp(key, "size", 4) == 0) {
		pax->has_size = true;
		return pax_number(value, len, &pax->size);
	}
	if (key_len == 5 && memcmp(key, "mtime", 5) == 0) {
		if (pax_number(value, len, &n) < 0)
			return -1;
		pax->has_mtime = true;
		pax->mtime = (int64_t)n;
	}
	return 0;
}

/* Records are `<length> <key>=<value>\n`, the length counting the whole record. */
static int pax_parse(struct pax *pax, const char *at, size_t left)
{
	while (left > 0) {
		size_t len = 0, digits = 0;
		const char *key, *equals;

		for (; digits < left && at[digits] >= '0' && at[digits] <= '9' && len < PAX_MAX; digits++)
			len = len * 10 + (size_t)(at[digits] - '0');
		if (digits == 0 || digits >= left || at[digits] != ' ' || len > left || len < digits + 4 ||
		    at[len - 1] != '\n')
			return bad();
		key = at + digits + 1;
		equals = memchr(key, '=', (size_t)(at + len - key));
		if (!equals)
			return bad();
		if (pax_take(pax, key, (size_t)(equals - key), equals + 1, (size_t)(at + len - 1 - (equals + 1))) < 0)
			return -1;
		at += len;
		left -= len;
	}
	return 0;
}

static int pax_read(struct tarball *t, uint64_t size, struct pax *pax)
{
	char text[PAX_MAX];

	if (size > sizeof(text))
		return bad();
	if (read_exactly(t->fd, text, (size_t)size) < 0)
		return -1;
	t->left = 0;
	return pax_parse(pax, text, (size_t)size);
}

/* Put prefix/name together; the fields are not terminated when full. */
static void ustar_name(const struct ustar *h, char *to)
{
	int prefix = (int)strnlen(h->prefix, sizeof(h->prefix));
	int name = (int)strnlen(h->name, sizeof(h->name));

	snprintf(to, TARBALL_NAME_MAX, "%.*s%s%.*s", prefix, h->prefix, prefix ? "/" : "", name, h->name);
}

static enum tarball_type type_of(char flag)
{
	switch (flag) {
	case USTAR_FILE:
	case '\0':
		return TARBALL_FILE;
	case USTAR_DIR:
		return TARBALL_DIR;
	case USTAR_SYMLINK:
		return TARBALL_SYMLINK;
	default:
		return TARBALL_OTHER;
	}
}

static int fill(struct tarball_member *m, const struct ustar *h, const struct pax *pax, uint64_t size)
{
	uint64_t mode, mtime;

	if (octal(h->mode, sizeof(h->mode), &mode) < 0 || octal(h->mtime, sizeof(h->mtime), &mtime) < 0)
		return -1;
	m->type = type_of(h->typeflag);
	m->mode = (mode_t)(mode & 07777);
	m->mtime = pax->has_mtime ? pax->mtime : (int64_t)mtime;
	m->size = m->type == TARBALL_FILE ? size : 0;
	ustar_name(h, m->name);
	snprintf(m->target, sizeof(m->target), "%.*s", (int)strnlen(h->linkname, sizeof(h->linkname)), h->linkname);
	if (pax->has_path)
		memcpy(m->name, pax->path, sizeof(m->name));
	if (pax->has_linkpath)
		memcpy(m->target, pax->linkpath, sizeof(m->target));
	return 0;
}

int tarball_next(struct tarball *t, struct tarball_member *ret_m)
{
	struct pax pax = {0};

	for (;;) {
		struct ustar h;
		uint64_t size;

		if (skip_rest(t) < 0 || read_exactly(t->fd, &h, sizeof(h)) < 0)
			return -1;
		if (is_zero(&h))
			return 0;
		if (memcmp(h.magic, "ustar", 5) != 0 || !checksum_ok(&h) || octal(h.size, sizeof(h.size), &size) < 0)
			return bad();
		if (pax.has_size && h.typeflag != USTAR_PAX && h.typeflag != USTAR_PAX_ALL)
			size = pax.size;
		t->left = size;
		t->padding = (USTAR_BLOCK - size % USTAR_BLOCK) % USTAR_BLOCK;
		if (h.typeflag == USTAR_PAX) {
			if (pax_read(t, size, &pax) < 0)
				return -1;
		} else if (h.typeflag != USTAR_PAX_ALL) {
			return fill(ret_m, &h, &pax, size) < 0 ? -1 : 1;
		}
	}
}
