/* SPDX-License-Identifier: MIT */
/*
 * What files are imported as: the table of views/import.h.
 */
#include "base/i18n.h"
#include "ui/views/import.h"

#include <assert.h>
#include <stdio.h>

static bool image_clash(const struct world *w, const char *name, char *buf, size_t size)
{
	const struct image *img = world_image(w, name);

	if (world_target_job(w, REQ_IMAGE_IMPORT, name) || world_target_job(w, REQ_IMAGE_PULL, name))
		snprintf(buf, size, _("image '%.60s' is being made now; this one follows and takes its name"), name);
	else if (img && img->local)
		snprintf(buf, size, _("there is an image '%.60s': this one takes its name, machines keep the old one"), name);
	else if (img)
		snprintf(buf, size, _("'%.60s' is in the catalogue: this one stands in for it"), name);
	return buf[0] != 0;
}

const struct import_kind *import_kind_of(enum import_purpose p)
{
	static const struct import_kind kinds[IMPORT_PURPOSES] = {
		[IMPORT_IMAGE] = {
			.title = N_("Import an image"),
			.what = N_("image"),
			.command = "image import",
			.request = REQ_IMAGE_IMPORT,
			.dirs = false,
			.looks_right = name_looks_importable,
			.clash = image_clash,
		},
	};

	assert(p < IMPORT_PURPOSES);
	return &kinds[p];
}
