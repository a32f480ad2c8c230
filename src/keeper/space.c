/* SPDX-License-Identifier: MIT */
/*
 * A guest whose sparse disk cannot grow gets I/O errors or, worse, a damaged file system, and every other VM with it.
 * Standing still until somebody makes room loses nothing.
 */
#include "keeper/space.h"

bool space_should_hold(bool held, uint64_t free_bytes, int64_t min_free_mib)
{
	uint64_t limit = (uint64_t)(min_free_mib > 0 ? min_free_mib : SPACE_MIN_FREE_MIB);
	uint64_t free_mib = free_bytes / (1024 * 1024);

	return held ? free_mib / 2 < limit : free_mib < limit;
}
