/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a stack of layers, the topmost first, "LAYER" and a line break between them: it ends, and leaves an image when it
 * succeeds and nothing when not. Each layer is what it says it unpacks to, so that merging them is reached.
 */
#include "base/fd.h"
#include "base/fs.h"
#include "base/id.h"
#include "core/image/layers.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#define STACK 6
#define BETWEEN "LAYER\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct tar_limits limits = {1000, 8 << 20, 100};

/* What the layer unpacks to; left as it is when it is no archive. */
static void tell_digest(struct op *op, int fd, char ret[DIGEST_SIZE])
{
	struct tar_reader *r = tar_reader_new_digest(op, fd, "fuzz", &limits, NULL);
	struct tar_entry t;
	int rc = r ? 1 : -1;

	while (rc > 0)
		rc = tar_reader_next(op, r, &t, NULL);
	if (rc < 0 || tar_reader_digest(op, r, ret, NULL) < 0)
		memset(ret, '0', DIGEST_SIZE - 1);
	tar_reader_free(r);
}

static size_t split(struct op *op, const uint8_t *data, size_t n, struct layer *ret, char (*diff_ids)[DIGEST_SIZE])
{
	size_t count = 0;

	while (count < STACK) {
		const uint8_t *end = memmem(data, n, BETWEEN, strlen(BETWEEN));
		size_t len = end ? (size_t)(end - data) : n;
		int fd = memfd_create("fuzz", MFD_CLOEXEC);

		ret[count] = (struct layer){.fd = fd, .what = "fuzz", .diff_id = diff_ids[count]};
		if (fd >= 0 && fd_write_all(fd, data, len, NULL) == 0 && lseek(fd, 0, SEEK_SET) == 0)
			tell_digest(op, fd, diff_ids[count]);
		count++;
		if (!end)
			break;
		data += len + strlen(BETWEEN);
		n -= len + strlen(BETWEEN);
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char diff_ids[STACK][DIGEST_SIZE] = {{0}};
	struct layer layers[STACK];
	const char *tmp = getenv("TMPDIR");
	auto_free char *dst = NULL;
	struct layers_args a = {.layers = layers, .nominal_bytes = 16 << 20, .limits = limits, .max_entries = 2000};
	struct import_info info;
	char id[ID_SIZE];
	struct op op;

	op_init(&op, -1);
	id_new(id);
	dst = xasprintf("%s/banger-fuzz-%s.ext4", tmp ? tmp : "/tmp", id);
	a.dst = dst;
	a.n = split(&op, data, n, layers, diff_ids);
	if (layers_build(&op, &a, &info, NULL) == 0) {
		assert(fs_exists(dst));
		assert(fs_unlink(dst, NULL) == 0);
	}
	assert(!fs_exists(dst));
	for (size_t i = 0; i < a.n; i++)
		fd_close_auto(&layers[i].fd);
	op_done(&op);
	return 0;
}
