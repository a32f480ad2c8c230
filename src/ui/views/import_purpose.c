/* SPDX-License-Identifier: MIT */
/*
 * What files are imported as: the table of views/import.h.
 */
#include "base/i18n.h"
#include "ui/views/import.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static enum name_taken image_clash(const struct world *w, const char *name, char *buf, size_t size)
{
	const struct image *img = world_image(w, name);

	if (!world_target_job(w, REQ_IMAGE_IMPORT, name) && !world_target_job(w, REQ_IMAGE_PULL, name))
		return name_taken_image(name, img && img->local, img && img->in_catalog, buf, size);
	snprintf(buf, size, _("image '%.60s' is being made now; this one follows and takes its name"), name);
	return NAME_MOVES;
}

static enum name_taken kernel_clash(const struct world *w, const char *name, char *buf, size_t size)
{
	const struct kernel *k = NULL;

	for (size_t i = 0; i < w->n_kernels && !k; i++)
		k = strcmp(w->kernels[i].name, name) == 0 ? &w->kernels[i] : NULL;
	return name_taken_kernel(name, k && k->local, k && k->in_catalog, buf, size);
}

static bool ends_in(const char *text, const char *ending)
{
	size_t n = strlen(text), m = strlen(ending);

	return n > m && strcmp(text + n - m, ending) == 0;
}

static bool looks_like_disk(const struct dir_entry *e, const char *file)
{
	return e->kind == DIR_FILE && (ends_in(file, ".ext4") || ends_in(file, ".img") || ends_in(file, ".raw"));
}

/* As distributions and make call it: vmlinuz-6.1.0, vmlinux, bzImage; or a bundle. */
static bool looks_like_kernel(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

	return strncmp(base, "vmlinu", 6) == 0 || strncmp(base, "bzImage", 7) == 0 || ends_in(base, ".tar.zst");
}

const struct import_kind *import_kind_of(enum import_purpose p)
{
	static const struct import_kind kinds[IMPORT_PURPOSES] = {
		[IMPORT_IMAGE] = {
			.title = N_("Import an image"),
			.what = N_("image"),
			.command = "image import",
			.request = REQ_IMAGE_IMPORT,
			.dirs = true,
			.may_stay = looks_like_disk,
			.in_place = REQ_IMAGE_REGISTER,
			.in_place_command = "image register",
			.looks_right = name_looks_importable,
			.clash = image_clash,
		},
		[IMPORT_KERNEL] = {
			.title = N_("Import a kernel"),
			.what = N_("kernel"),
			.command = "kernel import",
			.request = REQ_KERNEL_IMPORT,
			.modules = true,
			.looks_right = looks_like_kernel,
			.clash = kernel_clash,
		},
	};

	assert(p < IMPORT_PURPOSES);
	return &kinds[p];
}
