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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_fd fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct tar_limits lim = {.max_entries = 1000, .max_bytes = 8 << 20, .max_ratio = 100};
	struct tar_reader *r;
	struct tar_entry t;
	struct op op;
	int sum = 0;

	if (fd < 0 || fd_write_all(fd, data, n, NULL) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	op_init(&op, -1);
	r = tar_reader_new(&op, fd, "fuzz", &lim, NULL);
	while (r && tar_reader_next(&op, r, &t, NULL) > 0) {
		const void *piece;
		size_t len;
		uint64_t off;

		check_entry(&t);
		while (tar_reader_data(&op, r, &piece, &len, &off, NULL) > 0)
			sum += len ? *(const unsigned char *)piece : 0;
	}
	tar_reader_free(r);
	op_done(&op);
	return sum < 0;
}
