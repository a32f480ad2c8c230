/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an archive: the reader ends, and what it hands out is in the form it promises.
 */
#include "base/fd.h"
#include "base/op.h"
#include "base/tar.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_entry(const struct tar_entry *t)
{
	size_t len = strlen(t->name);

	assert(len <= TAR_NAME_MAX);
	assert(t->name[0] != '/' && (len == 0 || t->name[len - 1] != '/'));
	assert(!strstr(t->name, "//") && !strstr(t->name, "/../") && strncmp(t->name, "../", 3) != 0);
	assert(strcmp(t->name, "..") != 0 && strcmp(t->name, ".") != 0);
	assert((t->mode & ~07777u) == 0);
	assert((t->type == TAR_SYMLINK || t->type == TAR_HARDLINK) == (t->target != NULL));
}

/* Read to the end: the number of entries, or -1. With `digest`, decompressing and parsing are two steps. */
static int read_all(struct op *op, int fd, bool digest)
{
	struct tar_limits lim = {.max_entries = 1000, .max_bytes = 8 << 20, .max_ratio = 100};
	struct tar_reader *r =
		digest ? tar_reader_new_digest(op, fd, "fuzz", &lim, NULL) : tar_reader_new(op, fd, "fuzz", &lim, NULL);
	char hex[DIGEST_SIZE];
	struct tar_entry t;
	int rc = r ? 1 : -1;
	int n = 0;

	while (rc > 0 && (rc = tar_reader_next(op, r, &t, NULL)) > 0) {
		const void *piece;
		size_t len;
		uint64_t off;

		n++;
		check_entry(&t);
		while (tar_reader_data(op, r, &piece, &len, &off, NULL) > 0)
			assert(len == 0 || *(const unsigned char *)piece <= 255);
	}
	if (rc == 0 && digest && tar_reader_digest(op, r, hex, NULL) == 0)
		assert(digest_is_valid(hex));
	tar_reader_free(r);
	return rc < 0 ? -1 : n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_fd fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct op op;

	if (fd < 0 || fd_write_all(fd, data, n, NULL) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	op_init(&op, -1);
	read_all(&op, fd, false);
	if (lseek(fd, 0, SEEK_SET) == 0)
		read_all(&op, fd, true);
	op_done(&op);
	return 0;
}
