/* SPDX-License-Identifier: MIT */
/*
 * See registered.h.
 */
#include "core/image/registered.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/shword.h"
#include "core/disk/ext4.h"
#include "core/image/image.h"
#include "core/image/import.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int64_t mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

int registered_look(const char *path, struct image *ret, struct err *e)
{
	struct stat st;

	if (strlen(path) >= sizeof(ret->path))
		return err_set(e, ERR_USAGE, _("the path of %.200s is too long"), path);
	if (stat(path, &st) < 0)
		return err_sys(e, errno, _("open %s"), path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, _("%s is no file"), path);
	if (ext4_uuid_read(path, ret->rootfs_uuid, e) < 0) {
		auto_free char *word = shword(path);

		return err_hint(
			e,
			_("only an ext4 can stay where it is; make an image of anything else: banger-tui image import %s"),
			word);
	}
	if (image_check_ext4(path, path, &ret->size_bytes, e) < 0 || ext4_used_bytes(path, &ret->used_bytes, e) < 0)
		return -1;
	str_copy(ret->path, sizeof(ret->path), path);
	str_copy(ret->init, sizeof(ret->init), import_init_to_string(IMPORT_INIT_OTHER));
	ret->file_bytes = (uint64_t)st.st_size;
	ret->file_mtime_ns = mtime_ns(&st);
	ret->alloc_bytes = fs_allocated(path);
	return 0;
}

static int say_gone(const struct image *im, int sys, struct err *e)
{
	err_sys(e, sys, _("image '%s' is the file %s, which cannot be had"), im->name, im->path);
	return err_hint(e, _("put it back there; or delete the machines made from it, and: banger-tui image delete %s"),
			im->name);
}

int registered_check(const struct image *im, struct err *e)
{
	auto_free char *word = shword(im->path);
	char uuid[UUID_SIZE];
	struct stat st;

	if (!im->path[0])
		return 0;
	if (stat(im->path, &st) < 0)
		return say_gone(im, errno, e);
	if ((uint64_t)st.st_size == im->file_bytes && mtime_ns(&st) == im->file_mtime_ns &&
	    ext4_uuid_read(im->path, uuid, NULL) == 0 && strcmp(uuid, im->rootfs_uuid) == 0)
		return 0;
	err_set(e, ERR_STATE, _("image '%s' is the file %s, which was changed since it was registered"), im->name,
		im->path);
	return err_hint(e, _("put the former one back; or, for new machines: banger-tui image register %s %s"),
			word, im->name);
}
