/* SPDX-License-Identifier: MIT */
/*
 * tar reading over libarchive, for archives nobody vouches for.
 *
 * libarchive parses; this file decides what gets through: names are brought into one form or refused, sizes and ratios
 * are limited while streaming, an archive cut off between two entries is noticed by its missing end marker.
 *
 * Names are bytes here. libarchive would convert pax names (UTF-8) into the locale's charset and normalise them on the
 * way; in the "C" locale that conversion fails and it hands out the raw bytes, which is what a file system wants. So every
 * call that may parse a header runs under a "C" locale of the calling thread's own.
 *
 * Where the digest of the decompressed stream is wanted, two of libarchive's objects work in a row: one decompresses (format
 * "raw"), and each of its blocks is hashed and handed, uncopied, to the one that parses plain tar.
 */
#include "base/tar.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/utf8.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <string.h>

#define BLOCK_SIZE 131072
#define HEAD_SIZE 512
#define RATIO_FROM ((uint64_t)256 << 20)

struct tar_reader {
	struct archive *a;
	struct archive *raw; /* decompresses for `a`; NULL: `a` does it itself */
	struct digest digest;
	uint64_t digested;
	bool is_empty; /* what `raw` decompresses to */
	int fd;
	char *what;
	struct tar_limits lim;
	locale_t c_locale;
	struct op *op;	     /* of the call in progress, for the read callback */
	struct err read_err; /* why the read callback failed */
	uint64_t consumed;
	char head[HEAD_SIZE]; /* of what was read; zeros behind its end */
	uint64_t entries;
	struct buf name;
	struct buf target;
	struct xattr *xattrs;
	size_t n_xattrs;
	struct buf acl[2]; /* access, default */
	char block[BLOCK_SIZE];
};

static la_ssize_t read_block(struct archive *a, void *arg, const void **ret)
{
	struct tar_reader *r = arg;
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	ssize_t n;

	if (op_poll(r->op, &p, 1, -1, &r->read_err) < 0)
		return ARCHIVE_FATAL;
	do {
		n = read(r->fd, r->block, sizeof(r->block));
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		archive_set_error(a, errno, "read");
		err_sys(&r->read_err, errno, "%s", r->what);
		return ARCHIVE_FATAL;
	}
	if (r->consumed == 0)
		memcpy(r->head, r->block, MIN((size_t)n, sizeof(r->head)));
	r->consumed += (uint64_t)n;
	*ret = r->block;
	return n;
}

/* Of the decompressor, which has none for what just ends. */
static const char *raw_reason(const struct tar_reader *r)
{
	const char *s = archive_error_string(r->raw);

	return s ? s : "truncated input";
}

/* For `a` behind `raw`: the next block of the decompressed stream, 0 at its end. */
static la_ssize_t read_raw(struct archive *a, void *arg, const void **ret)
{
	struct tar_reader *r = arg;
	la_int64_t offset;
	size_t n = 0;
	int rc = r->is_empty ? ARCHIVE_EOF : archive_read_data_block(r->raw, ret, &n, &offset);

	if (rc == ARCHIVE_EOF)
		return 0;
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN) {
		archive_set_error(a, archive_errno(r->raw), "%s", raw_reason(r));
		return ARCHIVE_FATAL;
	}
	digest_add(&r->digest, *ret, n);
	r->digested += n;
	return (la_ssize_t)n;
}

/* What is no tar, by the bytes it has at one place; NULL = nothing that is known. */
static const char *what_else(const char head[HEAD_SIZE])
{
	static const struct {
		const char *name;
		size_t at, n;
		const char *bytes;
	} kinds[] = {
		{N_("a zip archive"), 0, 4, "PK\3\4"},
		{N_("a 7-Zip archive"), 0, 6, "7z\xbc\xaf\x27\x1c"},
		{N_("a RAR archive"), 0, 6, "Rar!\x1a\x07"},
		{N_("a cpio archive"), 0, 5, "07070"},
		{N_("a cpio archive"), 0, 2, "\xc7\x71"},
		{N_("a Debian package or an ar archive"), 0, 8, "!<arch>\n"},
		{N_("an RPM package"), 0, 4, "\xed\xab\xee\xdb"},
		{N_("compressed by bzip2"), 0, 3, "BZh"},
		{N_("compressed by lz4"), 0, 4, "\x04\x22\x4d\x18"},
		{N_("compressed by lzip"), 0, 4, "LZIP"},
		{N_("compressed by lzma"), 0, 3, "\x5d\0\0"},
		{N_("compressed by compress"), 0, 2, "\x1f\x9d"},
		{N_("compressed by gzip, and there is no tar in it"), 0, 2, "\x1f\x8b"},
		{N_("compressed by xz, and there is no tar in it"), 0, 6, "\xfd\67zXZ"},
		{N_("compressed by zstd, and there is no tar in it"), 0, 4, "\x28\xb5\x2f\xfd"},
		{N_("a squashfs"), 0, 4, "hsqs"},
		{N_("an XFS file system"), 0, 4, "XFSB"},
		{N_("a disk of QEMU's (qcow2)"), 0, 4, "QFI\xfb"},
		{N_("a disk of VMware's (VMDK)"), 0, 4, "KDMV"},
		{N_("a program or a kernel"), 0, 4, "\x7f" "ELF"},
		{N_("a disk with partitions"), 510, 2, "\x55\xaa"},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (memcmp(head + kinds[i].at, kinds[i].bytes, kinds[i].n) == 0)
			return _(kinds[i].name);
	return NULL;
}

/* Nothing of it was an entry, and libarchive knows no format for it. */
static int no_archive(const struct tar_reader *r, struct err *e)
{
	const char *what = what_else(r->head);

	if (r->consumed == 0)
		err_set(e, ERR_PROTO, _("%s is empty"), r->what);
	else if (what)
		err_set(e, ERR_PROTO, _("%s is not a tar archive, but %s"), r->what, what);
	else
		err_set(e, ERR_PROTO, _("%s is not a tar archive"), r->what);
	return err_hint(e, _("Taken are tar archives, plain or compressed by gzip, xz or zstd."));
}

/* libarchive's reason, unless the descriptor was at fault (or the op: a cancel must stay one). */
static int archive_failed(struct tar_reader *r, struct err *e)
{
	auto_buf why = {0};
	const char *s = archive_error_string(r->a);

	if (err_is_set(&r->read_err)) {
		if (e)
			*e = r->read_err;
		return -1;
	}
	if (r->entries == 0 && (!s || r->consumed == 0 || strcmp(s, "Unrecognized archive format") == 0))
		return no_archive(r, e);
	s = s ? s : _("not a tar archive");
	utf8_clean(&why, s, strlen(s), false);
	if (strstr(s, "too much memory")) {
		err_set(e, ERR_PROTO, _("%s takes more memory to decompress than is given to it: %s"), r->what, buf_cstr(&why));
		return err_hint(e, _("Compress it with a smaller window: zstd --long=27 at most."));
	}
	err_set(e, ERR_PROTO, _("%s: the archive is damaged or cut off: %s"), r->what, buf_cstr(&why));
	return err_hint(e, _("Fetch or make the archive again."));
}

static int bad_entry(struct tar_reader *r, const char *name, const char *why, struct err *e)
{
	auto_buf shown = {0};

	utf8_clean(&shown, name, strnlen(name, 200), false);
	return err_set(e, ERR_PROTO, _("%s: entry '%s' refused: %s"), r->what, buf_cstr(&shown), why);
}

static int check_limits(struct tar_reader *r, struct err *e)
{
	uint64_t bytes = r->raw ? r->digested : (uint64_t)archive_filter_bytes(r->a, 0);

	if (r->entries > r->lim.max_entries)
		return err_set(e, ERR_PROTO, _("%s: more than %llu entries"), r->what,
			       (unsigned long long)r->lim.max_entries);
	if (bytes > r->lim.max_bytes)
		return err_set(e, ERR_PROTO, _("%s: unpacks to more than %llu bytes"), r->what,
			       (unsigned long long)r->lim.max_bytes);
	if (bytes > RATIO_FROM && bytes / r->lim.max_ratio > r->consumed)
		return err_set(e, ERR_PROTO, _("%s: unpacks to more than %u times its size"), r->what,
			       r->lim.max_ratio);
	return 0;
}

/* A filter libarchive was built without would run an external program: not ARCHIVE_OK, refused. */
static int enable_filters(struct archive *a)
{
	return archive_read_support_filter_gzip(a) == ARCHIVE_OK && archive_read_support_filter_xz(a) == ARCHIVE_OK &&
			       archive_read_support_filter_zstd(a) == ARCHIVE_OK
		       ? 0
		       : -1;
}

static int enable_formats(struct tar_reader *r)
{
	if (!r->a || archive_read_support_format_tar(r->a) != ARCHIVE_OK)
		return -1;
	if (!r->raw)
		return enable_filters(r->a);
	if (archive_read_support_format_raw(r->raw) != ARCHIVE_OK || archive_read_support_format_empty(r->raw) != ARCHIVE_OK ||
	    archive_read_support_format_empty(r->a) != ARCHIVE_OK)
		return -1;
	return enable_filters(r->raw);
}

/* The decompressor's one entry is the stream. Its reason is told as the parser's would be. */
static int open_raw(struct tar_reader *r)
{
	struct archive_entry *entry;
	int rc = archive_read_open(r->raw, r, NULL, read_block, NULL);

	if (rc == ARCHIVE_OK)
		rc = archive_read_next_header(r->raw, &entry);
	r->is_empty = rc == ARCHIVE_EOF;
	if (r->is_empty)
		return ARCHIVE_OK;
	if (rc == ARCHIVE_OK || rc == ARCHIVE_WARN)
		return ARCHIVE_OK;
	archive_set_error(r->a, archive_errno(r->raw), "%s", raw_reason(r));
	return ARCHIVE_FATAL;
}

static int open_archive(struct op *op, struct tar_reader *r, struct err *e)
{
	locale_t old;
	int rc;

	if (enable_formats(r) < 0)
		return err_set(e, ERR_MISSING, _("libarchive was built without gzip, xz or zstd"));
	r->op = op;
	old = uselocale(r->c_locale);
	rc = r->raw ? open_raw(r) : ARCHIVE_OK;
	if (rc == ARCHIVE_OK)
		rc = archive_read_open(r->a, r, NULL, r->raw ? read_raw : read_block, NULL);
	uselocale(old);
	return rc == ARCHIVE_OK ? 0 : archive_failed(r, e);
}

static struct tar_reader *new_reader(int fd, const char *what, const struct tar_limits *lim)
{
	struct tar_reader *r = xcalloc(1, sizeof(*r));

	r->fd = fd;
	r->what = xstrdup(what);
	if (lim)
		r->lim = *lim;
	if (!r->lim.max_entries)
		r->lim.max_entries = 4000000;
	if (!r->lim.max_bytes)
		r->lim.max_bytes = (uint64_t)128 << 30;
	if (!r->lim.max_ratio)
		r->lim.max_ratio = 250;
	r->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	r->a = archive_read_new();
	return r;
}

struct tar_reader *tar_reader_new(struct op *op, int fd, const char *what, const struct tar_limits *lim, struct err *e)
{
	struct tar_reader *r = new_reader(fd, what, lim);

	if (open_archive(op, r, e) < 0) {
		tar_reader_free(r);
		return NULL;
	}
	return r;
}

struct tar_reader *tar_reader_new_digest(struct op *op, int fd, const char *what, const struct tar_limits *lim,
					 struct err *e)
{
	struct tar_reader *r = new_reader(fd, what, lim);

	digest_init(&r->digest);
	r->raw = archive_read_new();
	if (!r->raw)
		err_set(e, ERR_NOMEM, _("%s: out of memory"), what);
	if (!r->raw || open_archive(op, r, e) < 0) {
		tar_reader_free(r);
		return NULL;
	}
	return r;
}

void tar_reader_free(struct tar_reader *r)
{
	if (!r)
		return;
	archive_read_free(r->a);
	archive_read_free(r->raw); /* after the one it feeds */
	digest_done(&r->digest);
	if (r->c_locale)
		freelocale(r->c_locale);
	buf_done(&r->name);
	buf_done(&r->target);
	buf_done(&r->acl[0]);
	buf_done(&r->acl[1]);
	free(r->xattrs);
	free(r->what);
	free(r);
}

uint64_t tar_reader_consumed(const struct tar_reader *r)
{
	return r->consumed;
}

/* Why a raw name cannot be taken, or NULL with its one form in `out`. */
static const char *normalise(const char *raw, struct buf *out)
{
	buf_reset(out);
	for (const char *p = raw; *p;) {
		size_t n = strcspn(p, "/");

		if (n > TAR_COMPONENT_MAX)
			return _("a part of its name is longer than 255 bytes");
		if (n == 2 && memcmp(p, "..", 2) == 0)
			return _("its name leads outside ('..')");
		if (n && !(n == 1 && *p == '.')) {
			if (out->len)
				buf_addc(out, '/');
			buf_add(out, p, n);
		}
		if (out->len > TAR_NAME_MAX)
			return _("its name is longer than 4095 bytes");
		p += n + (p[n] == '/');
	}
	return NULL;
}

struct acl_entry {
	uint16_t tag;
	uint16_t perm;
	uint32_t id;
};

static int acl_entry_cmp(const void *pa, const void *pb)
{
	const struct acl_entry *a = pa;
	const struct acl_entry *b = pb;

	return a->tag != b->tag ? (a->tag < b->tag ? -1 : 1) : (a->id > b->id) - (a->id < b->id);
}

/* The tags of struct posix_acl_xattr_entry (linux/posix_acl.h); 0 for what POSIX ACLs do not have. */
static uint16_t acl_tag(int libarchive_tag)
{
	switch (libarchive_tag) {
	case ARCHIVE_ENTRY_ACL_USER_OBJ:
		return 0x01;
	case ARCHIVE_ENTRY_ACL_USER:
		return 0x02;
	case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
		return 0x04;
	case ARCHIVE_ENTRY_ACL_GROUP:
		return 0x08;
	case ARCHIVE_ENTRY_ACL_MASK:
		return 0x10;
	case ARCHIVE_ENTRY_ACL_OTHER:
		return 0x20;
	default:
		return 0;
	}
}

/* An ACL as linux/posix_acl_xattr.h has it: version 2, then entries sorted by tag and id. Users and groups known by a name
 * alone are left out: the host's accounts are not the image's. */
static void acl_format(struct archive_entry *entry, int type, struct buf *out)
{
	uint32_t version = htole32(2);
	struct acl_entry *list = NULL;
	size_t n = 0;
	int n_max = archive_entry_acl_reset(entry, type);
	int etype, perm, tag, id;
	const char *name;

	if (n_max <= 0)
		return;
	list = xcalloc((size_t)n_max, sizeof(*list));
	while (n < (size_t)n_max &&
	       archive_entry_acl_next(entry, type, &etype, &perm, &tag, &id, &name) == ARCHIVE_OK) {
		bool named = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;

		if (acl_tag(tag) && !(named && id < 0))
			list[n++] = (struct acl_entry){acl_tag(tag), (uint16_t)(perm & 7),
						       named ? (uint32_t)id : UINT32_MAX};
	}
	qsort(list, n, sizeof(*list), acl_entry_cmp);
	buf_add(out, &version, sizeof(version));
	for (size_t i = 0; i < n; i++) {
		uint16_t half[2] = {htole16(list[i].tag), htole16(list[i].perm)};
		uint32_t id_le = htole32(list[i].id);

		buf_add(out, half, sizeof(half));
		buf_add(out, &id_le, sizeof(id_le));
	}
	free(list);
}

static void add_xattr(struct tar_reader *r, const char *name, const void *value, size_t len)
{
	for (size_t i = 0; i < r->n_xattrs; i++)
		if (strcmp(r->xattrs[i].name, name) == 0)
			return;
	r->xattrs[r->n_xattrs++] = (struct xattr){name, value, len};
}

static void collect_xattrs(struct tar_reader *r, struct archive_entry *entry)
{
	static const struct {
		int type;
		const char *name;
	} acls[] = {{ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "system.posix_acl_access"},
		    {ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "system.posix_acl_default"}};
	int n = archive_entry_xattr_reset(entry);
	const char *name;
	const void *value;
	size_t len;

	r->n_xattrs = 0;
	r->xattrs = xrealloc(r->xattrs, (size_t)n + ARRAY_LEN(acls), sizeof(*r->xattrs));
	for (size_t i = 0; i < ARRAY_LEN(acls); i++) {
		buf_reset(&r->acl[i]);
		if (archive_entry_acl_types(entry) & acls[i].type)
			acl_format(entry, acls[i].type, &r->acl[i]);
		if (r->acl[i].len)
			add_xattr(r, acls[i].name, r->acl[i].data, r->acl[i].len);
	}
	while (n-- > 0 && archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK)
		add_xattr(r, name, value, len);
}

/* False for what has no place in a file system. */
static bool entry_type(struct archive_entry *entry, enum tar_type *ret)
{
	static const struct {
		unsigned int ae;
		enum tar_type type;
	} types[] = {{AE_IFREG, TAR_FILE}, {AE_IFDIR, TAR_DIR},	  {AE_IFLNK, TAR_SYMLINK},
		     {AE_IFCHR, TAR_CHAR}, {AE_IFBLK, TAR_BLOCK}, {AE_IFIFO, TAR_FIFO}};

	if (archive_entry_hardlink(entry)) {
		*ret = TAR_HARDLINK;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (archive_entry_filetype(entry) == types[i].ae) {
			*ret = types[i].type;
			return true;
		}
	}
	return false;
}

static int take_target(struct tar_reader *r, struct archive_entry *entry, const char *name, struct tar_entry *ret,
		       struct err *e)
{
	const char *raw;
	const char *why = NULL;

	if (ret->type == TAR_HARDLINK) {
		raw = archive_entry_hardlink(entry);
		why = normalise(raw, &r->target);
		if (why)
			return bad_entry(r, name, _("its hard link leads outside or is too long"), e);
	} else {
		raw = archive_entry_symlink(entry);
		if (!raw || !*raw || strlen(raw) > TAR_NAME_MAX)
			return bad_entry(r, name, _("its symbolic link is empty or longer than 4095 bytes"), e);
		buf_reset(&r->target);
		buf_adds(&r->target, raw);
	}
	ret->target = buf_cstr(&r->target);
	return 0;
}

static int take_entry(struct tar_reader *r, struct archive_entry *entry, struct tar_entry *ret, struct err *e)
{
	const char *raw = archive_entry_pathname(entry);
	int64_t uid = archive_entry_uid(entry);
	int64_t gid = archive_entry_gid(entry);
	int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;
	const char *why;

	if (!raw)
		return bad_entry(r, "", _("it has no name"), e);
	why = normalise(raw, &r->name);
	if (why)
		return bad_entry(r, raw, why, e);
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return bad_entry(r, raw, _("its owner is out of range"), e);
	if (size < 0)
		return bad_entry(r, raw, _("its size is out of range"), e);
	if ((ret->type == TAR_SYMLINK || ret->type == TAR_HARDLINK) && take_target(r, entry, raw, ret, e) < 0)
		return -1;
	collect_xattrs(r, entry);
	ret->name = buf_cstr(&r->name);
	ret->mode = archive_entry_perm(entry) & 07777;
	ret->uid = (uint32_t)uid;
	ret->gid = (uint32_t)gid;
	ret->size = ret->type == TAR_FILE ? (uint64_t)size : 0;
	ret->mtime = archive_entry_mtime(entry);
	ret->mtime_ns = (uint32_t)archive_entry_mtime_nsec(entry);
	ret->rdev_major = (uint32_t)archive_entry_rdevmajor(entry);
	ret->rdev_minor = (uint32_t)archive_entry_rdevminor(entry);
	ret->xattrs = r->xattrs;
	ret->n_xattrs = r->n_xattrs;
	return 0;
}

/* Piece by piece, not by archive_read_data_skip(): that unpacks whatever is there before anyone can say stop. */
static int skip_data(struct op *op, struct tar_reader *r, struct err *e)
{
	const void *data;
	size_t len;
	uint64_t offset;
	int rc;

	do {
		rc = tar_reader_data(op, r, &data, &len, &offset, e);
	} while (rc > 0);
	return rc;
}

/* Of what libarchive goes on after, this is no trifle: the entry's name, owner, times and attributes may have stood there. */
static bool lacks_pax(const struct tar_reader *r)
{
	const char *s = archive_error_string(r->a);

	return s && strstr(s, "malformed pax");
}

/* One header: 1 with an entry, 0 at the end marker, -1. */
static int next_header(struct op *op, struct tar_reader *r, struct archive_entry **ret, struct err *e)
{
	int64_t before;
	int rc;

	if (r->entries && skip_data(op, r, e) < 0)
		return -1;
	before = archive_filter_bytes(r->a, 0);
	rc = archive_read_next_header(r->a, ret);
	if (rc == ARCHIVE_EOF) {
		if (r->raw || archive_filter_bytes(r->a, 0) - before >= 512)
			return 0;
		err_set(e, ERR_PROTO, _("%s: the archive is cut off: its end marker is missing"), r->what);
		return err_hint(e, _("Fetch or make the archive again."));
	}
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return archive_failed(r, e);
	if (rc == ARCHIVE_WARN && lacks_pax(r))
		return bad_entry(r, archive_entry_pathname(*ret) ?: "", _("its extended header is malformed"), e);
	r->entries++;
	return 1;
}

int tar_reader_next(struct op *op, struct tar_reader *r, struct tar_entry *ret, struct err *e)
{
	struct archive_entry *entry = NULL;
	locale_t old = uselocale(r->c_locale);
	int rc;

	r->op = op;
	for (;;) {
		*ret = (struct tar_entry){0};
		rc = op_check(op, e) < 0 ? -1 : next_header(op, r, &entry, e);
		if (rc <= 0)
			break;
		rc = check_limits(r, e) < 0 ? -1 : 1;
		if (rc < 0)
			break;
		if (!entry_type(entry, &ret->type))
			continue;
		rc = take_entry(r, entry, ret, e) < 0 ? -1 : 1;
		break;
	}
	uselocale(old);
	return rc;
}

int tar_reader_data(struct op *op, struct tar_reader *r, const void **ret_data, size_t *ret_len, uint64_t *ret_offset,
		    struct err *e)
{
	la_int64_t offset = 0;
	int rc;

	if (op_check(op, e) < 0)
		return -1;
	r->op = op;
	rc = archive_read_data_block(r->a, ret_data, ret_len, &offset);
	if (rc == ARCHIVE_EOF)
		return 0;
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return archive_failed(r, e);
	*ret_offset = (uint64_t)offset;
	return check_limits(r, e) < 0 ? -1 : 1;
}

int tar_reader_digest(struct op *op, struct tar_reader *r, char ret[DIGEST_SIZE], struct err *e)
{
	const void *block;
	la_ssize_t n;

	assert(r->raw);
	r->op = op;
	do {
		if (op_check(op, e) < 0)
			return -1;
		n = read_raw(r->a, r, &block);
		if (n < 0)
			return archive_failed(r, e);
		if (check_limits(r, e) < 0)
			return -1;
	} while (n > 0);
	digest_end(&r->digest, ret);
	return 0;
}
