/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a bundle, of either kind: the walk ends; when it succeeds its parts are there and nothing else, when not, nothing is.
 */
#include "base/fd.h"
#include "base/fs.h"
#include "base/id.h"
#include "core/image/bundle.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void walk(struct op *op, int fd, const char *dir, enum bundle_kind kind)
{
	struct bundle_unpack_args a = {.fd = fd, .what = "fuzz", .kind = kind, .dir = dir};
	struct bundle b;

	if (lseek(fd, 0, SEEK_SET) < 0 || bundle_is_one(op, fd, "fuzz", NULL) > 1 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	if (bundle_unpack(op, &a, &b, NULL) < 0)
		return;
	for (int i = 0; i < BUNDLE_PARTS_MAX; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, b.parts[i] ? b.parts[i] : "-");

		if (b.parts[i] && unlink(path) < 0)
			abort();
	}
	if (kind == BUNDLE_KERNEL && !b.release[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_fd fd = memfd_create("fuzz", MFD_CLOEXEC);
	const char *tmp = getenv("TMPDIR");
	auto_free char *dir = NULL;
	char id[ID_SIZE];
	struct op op;

	if (fd < 0 || fd_write_all(fd, data, n, NULL) < 0)
		return 0;
	id_new(id);
	dir = xasprintf("%s/banger-fuzz-%s", tmp ? tmp : "/tmp", id);
	if (mkdir(dir, 0700) < 0)
		return 0;
	op_init(&op, -1);
	walk(&op, fd, dir, BUNDLE_IMAGE);
	walk(&op, fd, dir, BUNDLE_KERNEL);
	if (rmdir(dir) < 0) /* something was left in it */
		abort();
	op_done(&op);
	return 0;
}
