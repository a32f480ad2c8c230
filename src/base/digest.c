/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 through libcrypto's EVP interface. Its calls fail only without memory or without the algorithm, neither of
 * which can be handled better than by aborting: a wrong digest must never be returned.
 */
#include "base/digest.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* OpenSSL has a type by the name of one of our error codes. */
#define ERR_STATE openssl_err_state
#include <openssl/evp.h>
#undef ERR_STATE

#define FILE_BLOCK ((size_t)256 * 1024)

void digest_init(struct digest *d)
{
	d->ctx = EVP_MD_CTX_new();
	if (!d->ctx || EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1)
		abort();
}

void digest_add(struct digest *d, const void *data, size_t n)
{
	if (EVP_DigestUpdate(d->ctx, data, n) != 1)
		abort();
}

void digest_end(struct digest *d, char ret[DIGEST_SIZE])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (EVP_DigestFinal_ex(d->ctx, raw, &n) != 1 || n != DIGEST_BYTES)
		abort();
	digest_hex(raw, n, ret);
}

void digest_done(struct digest *d)
{
	EVP_MD_CTX_free(d->ctx);
	d->ctx = NULL;
}

void digest_data(const void *data, size_t n, char ret[DIGEST_SIZE])
{
	auto_call(digest_done) struct digest d = {0};

	digest_init(&d);
	digest_add(&d, data, n);
	digest_end(&d, ret);
}

/* Bytes from `at` on, FILE_BLOCK at most, that are a hole: nothing has to be read to know them. */
static size_t hole_at(int fd, off_t at, off_t size)
{
	off_t data = lseek(fd, at, SEEK_DATA);

	if (data < 0 && errno == ENXIO)
		data = size; /* nothing but a hole is left, if anything is */
	return data > at ? (size_t)MIN(data - at, (off_t)FILE_BLOCK) : 0;
}

static int add_file(struct op *op, struct digest *d, int fd, off_t size, uint64_t *ret_size, struct err *e)
{
	static char zeros[FILE_BLOCK]; /* nobody writes them; const, they would be bytes of the program */
	auto_free char *block = xmalloc(FILE_BLOCK);
	off_t done = 0;

	for (;;) {
		size_t hole = hole_at(fd, done, size);
		ssize_t n = hole ? (ssize_t)hole : pread(fd, block, FILE_BLOCK, done);

		if (op_check(op, e) < 0)
			return -1;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, _("read"));
		if (n == 0)
			break;
		digest_add(d, hole ? zeros : block, (size_t)n);
		done += n;
		op_progress(op, done, size);
	}
	*ret_size = (uint64_t)done;
	return 0;
}

int digest_file(struct op *op, const char *path, char ret[DIGEST_SIZE], uint64_t *ret_size, struct err *e)
{
	auto_call(digest_done) struct digest d = {0};
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint64_t size = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, _("open '%s'"), path);
	digest_init(&d);
	if (add_file(op, &d, fd, st.st_size, &size, e) < 0)
		return err_wrap(e, "'%s'", path);
	digest_end(&d, ret);
	if (ret_size)
		*ret_size = size;
	return 0;
}

bool digest_is_valid(const char *hex)
{
	return strlen(hex) == DIGEST_SIZE - 1 && strspn(hex, "0123456789abcdef") == DIGEST_SIZE - 1;
}

char *digest_hex(const void *data, size_t n, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = digits[p[i] >> 4];
		ret[2 * i + 1] = digits[p[i] & 15];
	}
	ret[2 * n] = '\0';
	return ret;
}
