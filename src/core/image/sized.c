/* SPDX-License-Identifier: MIT */
/*
 * The sizing loop: format, fill, look, and once more where that was too small.
 */
#include "core/image/sized.h"

#include "base/fs.h"

#include <string.h>
#include <unistd.h>

#define NOMINAL_MAX_BYTES ((uint64_t)192 << 30) /* the disk cap, times 1.5 */
#define NOMINAL_STEP ((uint64_t)1 << 20)

static int fill(struct op *op, const struct sized_args *a, struct sized_info *ret, struct err *e)
{
	struct ext4_writer *w = ext4_writer_open(a->dst, e);
	int rc = w ? a->fill(a->arg, w, e) : -1;

	if (rc == 0)
		rc = ext4_writer_commit(op, w, e);
	if (rc == 0)
		ret->bytes = ext4_writer_used(w);
	ret->full = w && ext4_writer_is_full(w);
	ext4_writer_free(w);
	return rc;
}

/* One image of one size. On failure it is gone. */
static int attempt(struct op *op, const struct sized_args *a, uint64_t nominal, struct sized_info *ret, struct err *e)
{
	struct ext4_format_args f = {.path = a->dst, .size = nominal, .uuid = a->uuid, .label = a->label};
	struct err undo = {0};

	*ret = (struct sized_info){.nominal_bytes = nominal};
	if (ext4_format(op, &f, e) < 0)
		return -1;
	if (fill(op, a, ret, e) == 0)
		return 0;
	ret->bytes = fs_allocated(a->dst);
	if (fs_unlink(a->dst, &undo) < 0 && e)
		err_join(e, &undo);
	return -1;
}

static uint64_t nominal_for(const struct sized_args *a, uint64_t content)
{
	uint64_t n = content > NOMINAL_MAX_BYTES / 3 * 2 ? NOMINAL_MAX_BYTES : content + content / 2;

	n = MAX(n, a->min_bytes);
	return (n + NOMINAL_STEP - 1) / NOMINAL_STEP * NOMINAL_STEP;
}

/* The size the content turned out to need, when another pass can and should make that. 0 = leave it. */
static uint64_t better_nominal(const struct sized_args *a, int rc, const struct sized_info *info)
{
	uint64_t want;

	if (a->once || a->nominal_bytes)
		return 0;
	if (rc == 0)
		want = nominal_for(a, info->bytes);
	else
		want = info->full ? MIN(info->nominal_bytes * 2, NOMINAL_MAX_BYTES) : 0;
	return want > info->nominal_bytes ? want : 0;
}

int sized_build(struct op *op, const struct sized_args *a, struct sized_info *ret, struct err *e)
{
	uint64_t nominal = a->nominal_bytes ? a->nominal_bytes : nominal_for(a, a->estimate);

	for (;;) {
		struct err why = {0};
		int rc = attempt(op, a, nominal, ret, &why);

		nominal = better_nominal(a, rc, ret);
		if (!nominal) {
			if (rc < 0 && e)
				*e = why;
			return rc;
		}
		if (rc == 0 && fs_unlink(a->dst, e) < 0)
			return -1;
	}
}

uint64_t sized_guess(int fd, off_t start, uint64_t bytes)
{
	static const struct {
		const char *bytes;
		size_t n;
	} magics[] = {{"\x1f\x8b", 2}, {"\xfd\67zXZ", 6}, {"\x28\xb5\x2f\xfd", 4}}; /* gzip, xz, zstd */
	char head[6] = {0};

	if (pread(fd, head, sizeof(head), start) != sizeof(head))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (memcmp(head, magics[i].bytes, magics[i].n) == 0)
			return bytes * SIZED_COMPRESSION_GUESS;
	return bytes;
}
