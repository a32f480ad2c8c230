/* SPDX-License-Identifier: MIT */
/*
 * One compressed stream in memory, by libarchive's filters without an archive in it (part of tar.h).
 */
#include "base/tar.h"

#include "base/i18n.h"
#include "base/utf8.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#define PIECE 65536

static bool set_up(struct archive *a)
{
	/* A filter libarchive was built without would run an external program: not ARCHIVE_OK, refused. */
	return archive_read_support_format_raw(a) == ARCHIVE_OK && archive_read_support_filter_gzip(a) == ARCHIVE_OK &&
	       archive_read_support_filter_xz(a) == ARCHIVE_OK && archive_read_support_filter_lzma(a) == ARCHIVE_OK &&
	       archive_read_support_filter_zstd(a) == ARCHIVE_OK && archive_read_support_filter_lz4(a) == ARCHIVE_OK &&
	       archive_read_support_filter_bzip2(a) == ARCHIVE_OK;
}

static int failed(struct archive *a, struct err *e)
{
	auto_buf why = {0};
	const char *s = archive_error_string(a);

	s = s ? s : "?";
	utf8_clean(&why, s, strlen(s), false);
	return err_set(e, ERR_PROTO, _("the compressed data is damaged: %s"), buf_cstr(&why));
}

static int read_all(struct op *op, struct archive *a, size_t max, struct buf *ret, struct err *e)
{
	struct archive_entry *entry;

	if (archive_read_next_header(a, &entry) != ARCHIVE_OK)
		return failed(a, e);
	/* Without a filter that knew it, the data would come out as it is. */
	if (archive_filter_code(a, 0) == ARCHIVE_FILTER_NONE)
		return err_set(e, ERR_PROTO, _("the data is compressed in no known way"));
	for (size_t start = ret->len;;) {
		if (op_check(op, e) < 0)
			return -1;
		la_ssize_t n = archive_read_data(a, buf_reserve(ret, PIECE), PIECE);
		if (n < 0)
			return failed(a, e);
		if (n == 0)
			return 0;
		ret->len += (size_t)n;
		ret->data[ret->len] = '\0';
		if (ret->len - start > max)
			return err_set(e, ERR_PROTO, _("the compressed data unpacks to more than %zu bytes"), max);
	}
}

int tar_inflate(struct op *op, const void *data, size_t n, size_t max, struct buf *ret, struct err *e)
{
	struct archive *a = archive_read_new();

	if (!a || !set_up(a)) {
		archive_read_free(a);
		return err_set(e, ERR_MISSING, _("libarchive lacks a compression"));
	}
	int rc = archive_read_open_memory(a, data, n) == ARCHIVE_OK ? read_all(op, a, max, ret, e) : failed(a, e);
	archive_read_free(a);
	return rc;
}
