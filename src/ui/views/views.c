/* SPDX-License-Identifier: MIT */
/*
 * The table of views: the one place that knows them all.
 */
#include "ui/views/views.h"

#include <assert.h>

const struct view_ops *view_ops_of(enum view_id id)
{
	static const struct view_ops *const table[VIEW_COUNT] = {
		[VIEW_VMS] = &vms_view,		  [VIEW_IMAGES] = &images_view, [VIEW_KERNELS] = &kernels_view,
		[VIEW_ACTIVITY] = &activity_view, [VIEW_HOST] = &host_view,	[VIEW_CONSOLES] = &consoles_view,
		[VIEW_CREATE] = &create_view,	  [VIEW_IMPORT] = &import_view,
	};

	assert(id < VIEW_COUNT);
	return table[id];
}
