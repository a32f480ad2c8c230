/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a root file system's tar: the import ends, and leaves an image when it succeeds and nothing when not.
 */
#include "base/fd.h"
#include "base/fs.h"
#include "base/id.h"
#include "core/image/import.h"

#include <assert.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_fd fd = memfd_create("fuzz", MFD_CLOEXEC);
	const char *tmp = getenv("TMPDIR");
	auto_free char *dst = NULL;
	struct import_tar_args a = {.what = "fuzz", .nominal_bytes = 16 << 20, .limits = {1000, 8 << 20, 100}};
	struct import_info info;
	char id[ID_SIZE];
	struct op op;

	if (fd < 0 || fd_write_all(fd, data, n, NULL) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	id_new(id);
	dst = xasprintf("%s/banger-fuzz-%s.ext4", tmp ? tmp : "/tmp", id);
	a.dst = dst;
	a.fd = fd;
	op_init(&op, -1);
	if (import_tar(&op, &a, &info, NULL) == 0) {
		assert(fs_exists(dst));
		assert(fs_unlink(dst, NULL) == 0);
	}
	assert(!fs_exists(dst));
	op_done(&op);
	return 0;
}
