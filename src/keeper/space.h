/* SPDX-License-Identifier: MIT */
/*
 * When to hold a VM because the host's disk is about to fill, and when to let it go on. A pure rule.
 */
#ifndef KEEPER_SPACE_H
#define KEEPER_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#define SPACE_MIN_FREE_MIB 128

/* Should the VM be held now? `held`: it is. Resumes only at twice the limit, so that it does not flutter around it. */
bool space_should_hold(bool held, uint64_t free_bytes, int64_t min_free_mib);

#endif
