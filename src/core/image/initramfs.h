/* SPDX-License-Identifier: MIT */
/*
 * The boot kit as an initial RAM file system: banger-guest, the kit's parts and one kernel's modules in one cpio.
 *
 * Layout (doc/guest.md): /init and /kit/bin/banger-guest are the same program; /kit/bin, /kit/lib the parts;
 * /kit/modules.list names the modules in load order below /kit/modules. Modules are stored uncompressed. The archive is
 * not compressed: unpacking is then a copy, and guests without KVM boot sooner.
 */
#ifndef CORE_IMAGE_INITRAMFS_H
#define CORE_IMAGE_INITRAMFS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/op.h"
#include "core/image/kit.h"
#include "core/image/modorder.h"

#define INITRAMFS_MODULE_MAX ((size_t)64 << 20) /* bytes of one module, uncompressed */

struct initramfs_args {
	const char *dst; /* replaced atomically; 0600 */
	const char *guest_binary;
	const struct kit *kit;
	const struct modorder *modules;
	/* Append the content of one module, as it is on disk, by its path in `modules`. */
	int (*read_module)(void *arg, const char *path, struct buf *ret, struct err *e);
	void *arg;
};

/* Blocks for well under a second; cancellable. Modules named .ko.xz, .ko.zst or .ko.gz are unpacked by xz(1), zstd(1)
 * or gzip(1): ERR_MISSING when the host lacks it. */
NODISCARD int initramfs_build(struct op *op, const struct initramfs_args *a, struct err *e);

/* What the content depends on, as a name: hash of layout version, banger-guest, kit and module list. 16 hex digits. */
#define INITRAMFS_KEY_SIZE 17
void initramfs_key(const char *guest_digest, const char *kit_digest, const struct modorder *modules, char ret[INITRAMFS_KEY_SIZE]);

/* The digest of banger-guest. It is kept in the cache directory for as long as the file is the same one, of the same size and time:
 * else each start reads a megabyte for it. */
NODISCARD int initramfs_guest_digest(struct op *op, const char *cache_dir, const char *guest_binary, char ret[DIGEST_SIZE],
				     struct err *e);

/* The banger-guest to use: `given` when not NULL, else beside the running program, else in the package's libexec
 * directory. ERR_MISSING when none is an executable file. */
NODISCARD int initramfs_find_guest(const char *given, char ret[PATHS_MAX], struct err *e);

#endif
