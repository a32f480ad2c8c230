/* SPDX-License-Identifier: MIT */
/*
 * What a machine holds of the host that takes rights to give back: a place in a network, a mapping. It outlives machine, keeper
 * and this program, so it stands in the ledger before it is taken, and it is given back by that row: by whoever comes first, a
 * failed start, a stop, the recovery of a machine whose process has died, or, where the rights were missing then, by the next
 * banger-tui that has them.
 */
#ifndef ENGINE_HELD_H
#define ENGINE_HELD_H

#include "core/engine/engine_priv.h"
#include "core/store/resources.h"

/* Kinds of rows; their names are words of the mode. */
#define HELD_NET "net"
#define HELD_DISK "disk"

bool held_is(const struct resource *r);
/* Give back all that `vm_id` holds, each row with it. A row that cannot be settled stays; the rest goes on, errors are joined.
 * Nothing held is fine. */
NODISCARD int held_release(struct op *op, struct engine *eng, struct store *s, const char *vm_id, struct err *e);
/* ERR_STATE when it still holds something. */
NODISCARD int held_check_none(struct store *s, const char *vm_id, struct err *e);

#endif
