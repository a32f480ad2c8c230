/* SPDX-License-Identifier: MIT */
/*
 * What a machine's disks take (part of engine.h): asked of the files, so that it needs neither rights nor the machine to run.
 */
#include "core/engine/engine.h"

#include "core/disk/vmdisk.h"

static char *dir_of(const struct paths *paths, const char *vm_id, char buf[PATHS_MAX])
{
	return path_join(buf, PATHS_MAX, paths->state, "vms/%s", vm_id);
}

uint64_t vm_disk_bytes(const struct paths *paths, const char *vm_id)
{
	char dir[PATHS_MAX];

	return vmdisk_allocated(dir_of(paths, vm_id, dir));
}

void vm_snap_fill(const struct paths *paths, const char *vm_id, struct snap_fill *ret)
{
	struct dmsnap_status st;
	char dir[PATHS_MAX];

	vmdisk_snap_look(dir_of(paths, vm_id, dir), &st);
	*ret = (struct snap_fill){.used_bytes = st.used_bytes, .total_bytes = st.total_bytes, .lost = st.health == DMSNAP_INVALID};
}
