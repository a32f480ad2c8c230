/* SPDX-License-Identifier: MIT */
/*
 * The tar reader and writer, without a file system in between.
 */
#include "tests/lib/test.h"
#include "tests/unit/tarmake.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/tar.h"

#include <fcntl.h>
#include <locale.h>

static struct op op;
static const struct tar_meta m644 = {.mode = 0644, .uid = 1, .gid = 2, .mtime = 1234567890};

static int setup(void **state)
{
	op_init(&op, 60000);
	return tmpdir_setup(state);
}

static int teardown(void **state)
{
	op_done(&op);
	return tmpdir_teardown(state);
}

static int save(void **state, const struct buf *b)
{
	const char *path = tmpdir_path(state, "t.tar");
	struct err e = {0};
	int fd;

	assert_ok(fs_write_atomic(path, b->data, b->len, 0600, &e), &e);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void read_content(struct tar_reader *r, struct buf *ret)
{
	struct err e = {0};
	const void *data;
	size_t len;
	uint64_t off;
	int rc;

	while ((rc = tar_reader_data(&op, r, &data, &len, &off, &e)) > 0) {
		assert_true(off >= ret->len);
		while (ret->len < off)
			buf_addc(ret, '\0');
		buf_add(ret, data, len);
	}
	assert_ok(rc, &e);
}

static void write_samples(struct tar_writer *w)
{
	struct err e = {0};

	assert_ok(tar_writer_file(w, "banger-seed/config", &m644, "version=1\n", 10, &e), &e);
	assert_ok(tar_writer_dir(w, "banger-seed/files", &(struct tar_meta){.mode = 01777}, &e), &e);
	assert_ok(tar_writer_symlink(w, "banger-seed/link", "/a/../b", &m644, &e), &e);
	assert_ok(tar_writer_file(w, "banger-seed/empty", &m644, "", 0, &e), &e);
	assert_ok(tar_writer_finish(w, &e), &e);
}

static void test_round_trip(void **state)
{
	auto_buf b = {0};
	auto_buf got = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct tar_reader *r;
	struct tar_entry t;
	struct err e = {0};
	auto_fd fd = -1;

	write_samples(w);
	tar_writer_free(w);
	/* What the guest looks for at the very start of the seed disk. */
	assert_int_equal(b.len % 512, 0);
	assert_string_equal(b.data, "banger-seed/config");
	assert_memory_equal(b.data + 257, "ustar", 5);

	fd = save(state, &b);
	r = tar_reader_new(&op, fd, "seed", NULL, &e);
	assert_non_null(r);
	assert_int_equal(tar_reader_next(&op, r, &t, &e), 1);
	assert_int_equal(t.type, TAR_FILE);
	assert_string_equal(t.name, "banger-seed/config");
	assert_int_equal(t.mode, 0644);
	assert_int_equal(t.uid, 1);
	assert_int_equal(t.gid, 2);
	assert_int_equal(t.size, 10);
	assert_int_equal(t.mtime, 1234567890);
	assert_int_equal(t.n_xattrs, 0);
	read_content(r, &got);
	assert_string_equal(buf_cstr(&got), "version=1\n");
	assert_int_equal(tar_reader_next(&op, r, &t, &e), 1);
	assert_int_equal(t.type, TAR_DIR);
	assert_string_equal(t.name, "banger-seed/files");
	assert_int_equal(t.mode, 01777);
	assert_int_equal(tar_reader_next(&op, r, &t, &e), 1);
	assert_int_equal(t.type, TAR_SYMLINK);
	assert_string_equal(t.target, "/a/../b");
	assert_int_equal(tar_reader_next(&op, r, &t, &e), 1);
	assert_int_equal(t.size, 0);
	assert_int_equal(tar_reader_next(&op, r, &t, &e), 0);
	assert_true(tar_reader_consumed(r) > 0);
	tar_reader_free(r);
}

static void test_writer_to_descriptor(void **state)
{
	const char *path = tmpdir_path(state, "w.tar");
	auto_buf b = {0};
	auto_buf file = {0};
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct err e = {0};

	write_samples(w);
	tar_writer_free(w);
	w = tar_writer_new_fd(fd);
	write_samples(w);
	tar_writer_free(w);
	assert_ok(fs_read_file(path, 1 << 20, &file, &e), &e);
	assert_int_equal(file.len, b.len);
	assert_memory_equal(file.data, b.data, b.len);
}

static void test_writer_reports_a_full_disk(void **state)
{
	auto_fd fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct tar_writer *w = tar_writer_new_fd(fd);
	static char big[100000];
	struct err e = {0};

	(void)state;
	assert_err(tar_writer_file(w, "f", &m644, big, sizeof(big), &e), &e, ERR_SPACE);
	tar_writer_free(w);
}

/* A name as written, and the one form it is read in; NULL when it must be refused. */
static void test_names(void **state)
{
	static const struct {
		const char *raw, *want;
	} names[] = {
		{"a", "a"},
		{"./a", "a"},
		{"/a/b", "a/b"},
		{"//a//b", "a/b"},
		{"a/./b", "a/b"},
		{"...", "..."},
		{"a/..b", "a/..b"},
		{".a", ".a"},
		{"../a", NULL},
		{"a/..", NULL},
		{"/..", NULL},
		{"a/../b", NULL},
		{"x\ny\033z", "x\ny\033z"},
		{"\303\251", "\303\251"},
		{"e\314\201", "e\314\201"},
		{"\377\376", "\377\376"},
	};
	static const char *const locales[] = {"C", "C.UTF-8"};

	for (size_t l = 0; l < ARRAY_LEN(locales); l++) {
		setlocale(LC_ALL, locales[l]);
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			auto_buf b = {0};
			struct tar_writer *w = tar_writer_new_buf(&b);
			struct tar_reader *r;
			struct tar_entry t;
			struct err e = {0};
			auto_fd fd = -1;
			int rc;

			assert_ok(tar_writer_file(w, names[i].raw, &m644, "x", 1, &e), &e);
			assert_ok(tar_writer_finish(w, &e), &e);
			tar_writer_free(w);
			fd = save(state, &b);
			r = tar_reader_new(&op, fd, "t", NULL, &e);
			assert_non_null(r);
			rc = tar_reader_next(&op, r, &t, &e);
			assert_int_equal(rc, names[i].want ? 1 : -1);
			if (rc > 0)
				assert_string_equal(t.name, names[i].want);
			else
				assert_int_equal(e.code, ERR_PROTO);
			tar_reader_free(r);
		}
	}
	setlocale(LC_ALL, "C.UTF-8");
}

static void test_xattrs(void **state)
{
	auto_buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct xattr x[] = {{"user.a", "one", 3}, {"security.capability", "\1\0\0\2", 4}};
	struct tar_entry out = {.type = TAR_FILE, .name = "f", .xattrs = x, .n_xattrs = 2};
	struct tar_reader *r;
	struct tar_entry t;
	struct err e = {0};
	auto_fd fd = -1;
	int found = 0;

	assert_ok(tar_writer_add(w, &out, NULL, &e), &e);
	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	fd = save(state, &b);
	r = tar_reader_new(&op, fd, "t", NULL, &e);
	assert_non_null(r);
	assert_int_equal(tar_reader_next(&op, r, &t, &e), 1);
	assert_int_equal(t.n_xattrs, 2);
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++)
			found += strcmp(t.xattrs[i].name, x[k].name) == 0 && t.xattrs[i].len == x[k].len &&
				 memcmp(t.xattrs[i].value, x[k].value, x[k].len) == 0;
	assert_int_equal(found, 2);
	tar_reader_free(r);
}

/* A pax record "LEN KEY=VALUE\n" in front of a plain file: what GNU tar --acls writes. */
static void test_acl_text(void **state)
{
	static const unsigned char want[] = {2, 0,    0,   0,	1,   0,	  6,	0, 255, 255, 255, 255, 2,   0,	  4,
					     0, 0xe8, 3,   0,	0,   4,	  0,	4, 0,	255, 255, 255, 255, 0x10, 0,
					     4, 0,    255, 255, 255, 255, 0x20, 0, 0,	0,   255, 255, 255, 255};
	static const char record[] =
		"75 SCHILY.acl.access=user::rw-,user:joe:r--:1000,group::r--,mask::r--,other::---\n";
	auto_buf b = {0};
	auto_buf pax = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct tar_reader *r;
	struct tar_entry t;
	struct err e = {0};
	auto_fd fd = -1;
	unsigned int sum = 0;

	buf_addf(&pax, "%zu%s", sizeof(record) - 1, record + 2);
	assert_ok(tar_writer_file(w, "pax", &m644, pax.data, pax.len, &e), &e);
	assert_ok(tar_writer_file(w, "f", &(struct tar_meta){.mode = 0640}, "x", 1, &e), &e);
	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	b.data[156] = 'x';
	memset(b.data + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)b.data[i];
	snprintf(b.data + 148, 8, "%06o", sum);
	fd = save(state, &b);
	r = tar_reader_new(&op, fd, "t", NULL, &e);
	assert_non_null(r);
	assert_int_equal(tar_reader_next(&op, r, &t, &e), 1);
	assert_string_equal(t.name, "f");
	assert_int_equal(t.n_xattrs, 1);
	assert_string_equal(t.xattrs[0].name, "system.posix_acl_access");
	assert_int_equal(t.xattrs[0].len, sizeof(want));
	assert_memory_equal(t.xattrs[0].value, want, sizeof(want));
	tar_reader_free(r);
}

static int run_tool(const char *const *argv)
{
	struct spawn_run_args a = {.argv = argv};
	struct err e = {0};

	return spawn_run(&op, &a, NULL, &e);
}

/* Compressed by the real tools; a cut compressed stream is noticed. */
static void test_compressed(void **state)
{
	static const char *const tools[] = {"gzip", "xz", "zstd"};

	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		const char *path = tmpdir_path(state, "t.tar");
		const char *argv[] = {tools[i], "-q", "-k", "-f", "-S", ".z", path, NULL};
		const char *zstd[] = {"zstd", "-q", "-f", path, "-o", tmpdir_path(state, "t.tar.z"), NULL};
		auto_buf b = {0};
		auto_buf z = {0};
		auto_buf got = {0};
		struct tar_writer *w = tar_writer_new_buf(&b);
		static char noise[50000];
		struct tar_reader *r;
		struct tar_entry t;
		struct err e = {0};
		auto_fd fd = -1;
		auto_fd cut = -1;

		for (size_t k = 0; k < sizeof(noise); k++)
			noise[k] = (char)(k * 2654435761u >> 11);
		assert_ok(tar_writer_file(w, "noise", &m644, noise, sizeof(noise), &e), &e);
		assert_ok(tar_writer_finish(w, &e), &e);
		tar_writer_free(w);
		fd = save(state, &b);
		fd_close(&fd);
		if (run_tool(i == 2 ? zstd : argv) < 0)
			continue; /* this host lacks the tool */
		assert_ok(fs_read_file(tmpdir_path(state, "t.tar.z"), 1 << 20, &z, &e), &e);
		fd = save(state, &z);
		r = tar_reader_new(&op, fd, "t", NULL, &e);
		assert_non_null(r);
		assert_int_equal(tar_reader_next(&op, r, &t, &e), 1);
		read_content(r, &got);
		assert_int_equal(got.len, sizeof(noise));
		assert_memory_equal(got.data, noise, sizeof(noise));
		assert_int_equal(tar_reader_next(&op, r, &t, &e), 0);
		tar_reader_free(r);

		z.len /= 2;
		cut = save(state, &z);
		r = tar_reader_new(&op, cut, "t", NULL, &e);
		while (r && tar_reader_next(&op, r, &t, &e) > 0)
			;
		assert_int_equal(e.code, ERR_PROTO);
		tar_reader_free(r);
	}
}

/* 300 MiB of zeroes in a few kilobytes. */
static void test_bomb(void **state)
{
	const char *path = tmpdir_path(state, "bomb.tar");
	const char *argv[] = {"gzip", "-9", path, NULL};
	struct tar_writer *w;
	struct tar_reader *r;
	struct tar_entry t = {.type = TAR_FILE, .name = "zeroes", .mode = 0644, .size = (uint64_t)300 << 20};
	char *zeroes = calloc(1, t.size);
	struct err e = {0};
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	auto_fd in = -1;

	w = tar_writer_new_fd(fd);
	assert_ok(tar_writer_add(w, &t, zeroes, &e), &e);
	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	free(zeroes);
	assert_int_equal(run_tool(argv), 0);
	in = open(tmpdir_path(state, "bomb.tar.gz"), O_RDONLY | O_CLOEXEC);
	r = tar_reader_new(&op, in, "bomb", NULL, &e);
	assert_non_null(r);
	while (tar_reader_next(&op, r, &t, &e) > 0)
		;
	assert_int_equal(e.code, ERR_PROTO);
	assert_non_null(strstr(e.msg, "250 times"));
	tar_reader_free(r);
}

/* What it is instead is said, as far as it is known; with and without the digest, which nothing at all has, too. */
static void test_no_archive(void **state)
{
	static const struct {
		const char *content, *says;
		size_t len;
	} rows[] = {
		{"", "x is empty", 0},
		{"hello", "x is not a tar archive", 5},
		{"\x1f\x8b junk", "compressed by gzip, and there is no tar in it", 7},
		{"PK\3\4 a zip", "x is not a tar archive, but a zip archive", 10},
		{"070701 and more of it", "but a cpio archive", 20},
		{"BZh91AY&SY", "but compressed by bzip2", 10},
		{"QFI\xfb\0\0\0\3", "qcow2", 8},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {
		const struct buf content = {.data = (char *)rows[i / 2].content, .len = rows[i / 2].len};
		struct err e = {0};
		struct tar_reader *r;
		struct tar_entry t;
		auto_fd fd = save(state, &content);
		int rc = -1;

		if (i % 2 && content.len == 0)
			continue;
		r = i % 2 ? tar_reader_new_digest(&op, fd, "x", NULL, &e) : tar_reader_new(&op, fd, "x", NULL, &e);
		if (r)
			rc = tar_reader_next(&op, r, &t, &e);
		assert_int_equal(rc, -1);
		assert_int_equal(e.code, ERR_PROTO);
		if (!strstr(e.msg, rows[i / 2].says) || !strstr(e.hint, "gzip, xz or zstd"))
			fail_msg("no '%s' in: %s / %s", rows[i / 2].says, e.msg, e.hint);
		tar_reader_free(r);
	}
}

static void test_canceled(void **state)
{
	auto_buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct tar_reader *r;
	struct tar_entry t;
	struct err e = {0};
	auto_fd fd = -1;

	write_samples(w);
	tar_writer_free(w);
	fd = save(state, &b);
	r = tar_reader_new(&op, fd, "t", NULL, &e);
	assert_non_null(r);
	op_cancel(&op);
	assert_err(tar_reader_next(&op, r, &t, &e), &e, ERR_CANCELED);
	tar_reader_free(r);
}

/* ---- the digest of the decompressed stream */

/* Noise, so that it takes several blocks to read, and `pad` bytes of zeroes behind the end marker. */
static void sample_stream(struct buf *b, size_t pad)
{
	struct tar_writer *w = tar_writer_new_buf(b);
	static char noise[400000];
	struct err e = {0};

	for (size_t k = 0; k < sizeof(noise); k++)
		noise[k] = (char)(k * 2654435761u >> 11);
	assert_ok(tar_writer_file(w, "noise", &m644, noise, sizeof(noise), &e), &e);
	assert_ok(tar_writer_file(w, "small", &m644, "x", 1, &e), &e);
	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	memset(buf_reserve(b, pad), 0, pad);
	b->len += pad;
}

/* Appends what a compressor makes of the bytes. False where this host lacks it. */
static bool squeeze(const char *tool, const void *data, size_t n, struct buf *ret)
{
	const char *argv[] = {tool, "-q", "-c", NULL};
	struct spawn_run_args a = {.argv = argv, .input = data, .input_len = n, .max_output = (size_t)8 << 20};
	auto_buf z = {0};
	struct err e = {0};

	if (spawn_run(&op, &a, &z, &e) < 0)
		return false;
	buf_add(ret, z.data, z.len);
	return true;
}

/* All entries, then the digest: 0 with it, or -1. */
static int read_digest(void **state, const struct buf *z, const struct tar_limits *lim, char *ret, struct err *e)
{
	auto_fd fd = save(state, z);
	struct tar_reader *r = tar_reader_new_digest(&op, fd, "t", lim, e);
	struct tar_entry t;
	int rc = r ? 1 : -1;
	int n = 0;

	while (rc > 0 && (rc = tar_reader_next(&op, r, &t, e)) > 0)
		n++;
	if (rc == 0)
		rc = tar_reader_digest(&op, r, ret, e);
	assert_true(rc < 0 || n == 2);
	tar_reader_free(r);
	return rc;
}

static void test_digest(void **state)
{
	static const char *const tools[] = {NULL, "gzip", "xz", "zstd"};
	static const size_t pads[] = {0, 512, 9000, 700000};

	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		for (size_t k = 0; k < ARRAY_LEN(pads); k++) {
			char want[DIGEST_SIZE], got[DIGEST_SIZE];
			struct err e = {0};
			auto_buf b = {0};
			auto_buf z = {0};

			sample_stream(&b, pads[k]);
			digest_data(b.data, b.len, want);
			if (tools[i] && !squeeze(tools[i], b.data, b.len, &z))
				continue;
			assert_ok(read_digest(state, tools[i] ? &z : &b, NULL, got, &e), &e);
			assert_string_equal(got, want);
		}
	}
}

/* The stream in three parts, each compressed for itself; zstd's with a skippable frame after each (zstd:chunked has such). */
static void test_digest_of_many_members(void **state)
{
	static const char *const tools[] = {"gzip", "zstd"};
	static const char skippable[] = "\x50\x2a\x4d\x18\5\0\0\0hello";

	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		char want[DIGEST_SIZE], got[DIGEST_SIZE];
		struct err e = {0};
		auto_buf b = {0};
		auto_buf z = {0};
		bool have = true;

		sample_stream(&b, 100000);
		digest_data(b.data, b.len, want);
		for (size_t k = 0; k < 3 && have; k++) {
			size_t from = b.len * k / 3, to = b.len * (k + 1) / 3;

			have = squeeze(tools[i], b.data + from, to - from, &z);
			if (i == 1)
				buf_add(&z, skippable, sizeof(skippable) - 1);
		}
		if (!have)
			continue;
		assert_ok(read_digest(state, &z, NULL, got, &e), &e);
		assert_string_equal(got, want);
	}
}

static void test_digest_of_damaged_streams(void **state)
{
	char want[DIGEST_SIZE], got[DIGEST_SIZE];
	struct err e = {0};
	auto_buf b = {0};
	auto_buf z = {0};

	sample_stream(&b, 700000);
	digest_data(b.data, b.len, want);
	assert_true(squeeze("gzip", b.data, b.len, &z));
	/* What is no member of the stream has no say. */
	buf_adds(&z, "garbage");
	assert_ok(read_digest(state, &z, NULL, got, &e), &e);
	assert_string_equal(got, want);
	z.len -= strlen("garbage");
	/* Cut off behind the end marker. */
	z.len -= 9;
	assert_err(read_digest(state, &z, NULL, got, &e), &e, ERR_PROTO);
	z.len += 9;
	/* A limit reached only there. */
	assert_err(read_digest(state, &z, &(struct tar_limits){.max_bytes = 600000}, got, &e), &e, ERR_PROTO);
	/* Cut off before it, and no archive. */
	z.len /= 2;
	assert_err(read_digest(state, &z, NULL, got, &e), &e, ERR_PROTO);
	z.len = 0;
	buf_adds(&z, "hello");
	assert_err(read_digest(state, &z, NULL, got, &e), &e, ERR_PROTO);
}

/* The digest tells whether all has come: without an end marker, or without anything. */
static void test_digest_without_an_end_marker(void **state)
{
	static const char *const tools[] = {NULL, "gzip", "zstd"};
	struct err e = {0};
	auto_buf b = {0};
	auto_fd fd = -1;

	sample_stream(&b, 0);
	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		for (int empty = 0; empty < 2; empty++) {
			size_t len = empty ? 0 : b.len - 1024;
			char want[DIGEST_SIZE], got[DIGEST_SIZE];
			struct tar_reader *r;
			struct tar_entry t;
			auto_buf z = {0};
			int n = 0, rc;

			digest_data(b.data, len, want);
			if (!tools[i])
				buf_add(&z, b.data, len);
			else if (!squeeze(tools[i], b.data, len, &z))
				continue;
			fd_close(&fd);
			fd = save(state, &z);
			r = tar_reader_new_digest(&op, fd, "t", NULL, &e);
			assert_non_null(r);
			while ((rc = tar_reader_next(&op, r, &t, &e)) > 0)
				n++;
			assert_ok(rc, &e);
			assert_int_equal(n, empty ? 0 : 2);
			assert_ok(tar_reader_digest(&op, r, got, &e), &e);
			assert_string_equal(got, want);
			tar_reader_free(r);
		}
	}
}

/* What an extended header cannot be read for may have been the entry's name. */
static void test_malformed_pax(void **state UNUSED)
{
	static const char *const records[] = {"999999 path=x\n", "-5 path=x\n", "hello\n"};

	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		auto_fd fd = tarmake_open();
		struct err e = {0};
		struct tar_reader *r;
		struct tar_entry t;

		tarmake_add(fd, "PaxHeaders/f", 'x', 0600, NULL, records[i], strlen(records[i]));
		tarmake_add(fd, "f", '0', 0600, NULL, "hi", 2);
		tarmake_end(fd);
		r = tar_reader_new(&op, fd, "t", NULL, &e);
		assert_non_null(r);
		assert_err(tar_reader_next(&op, r, &t, &e), &e, ERR_PROTO);
		tar_reader_free(r);
	}
}

/* Its last bytes are missing, and the decompressor has no words for that. */
static void test_compressed_and_cut_off(void **state)
{
	char got[DIGEST_SIZE];
	struct err e = {0};
	auto_buf b = {0}, z = {0};

	sample_stream(&b, 0);
	if (!squeeze("gzip", b.data, b.len, &z))
		skip();
	z.len -= 6;
	assert_int_equal(read_digest(state, &z, NULL, got, &e), -1);
	assert_null(strstr(e.msg, "null"));
	assert_non_null(strstr(e.msg, "cut off"));
}

static void test_digest_canceled(void **state)
{
	auto_buf b = {0};
	struct tar_reader *r;
	struct tar_entry t;
	char got[DIGEST_SIZE];
	struct err e = {0};
	auto_fd fd = -1;

	sample_stream(&b, 0);
	fd = save(state, &b);
	r = tar_reader_new_digest(&op, fd, "t", NULL, &e);
	assert_non_null(r);
	while (tar_reader_next(&op, r, &t, &e) > 0)
		;
	assert_int_equal(e.code, ERR_NONE);
	op_cancel(&op);
	assert_err(tar_reader_digest(&op, r, got, &e), &e, ERR_CANCELED);
	tar_reader_free(r);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_round_trip),
		T(test_writer_to_descriptor),
		T(test_writer_reports_a_full_disk),
		T(test_names),
		T(test_xattrs),
		T(test_acl_text),
		T(test_compressed),
		T(test_bomb),
		T(test_no_archive),
		T(test_canceled),
		T(test_digest),
		T(test_digest_of_many_members),
		T(test_digest_of_damaged_streams),
		T(test_digest_without_an_end_marker),
		T(test_malformed_pax),
		T(test_compressed_and_cut_off),
		T(test_digest_canceled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
