/* SPDX-License-Identifier: MIT */
/*
 * NAME.vm for machines of the bridged network: who is in it is told to the name server (namesrv/namesrv.h), which is started by
 * the first and ends with the last.
 *
 * Who is in it the ledger says (HELD_NET), so what is told is true whichever process took or gave back a place. A name is a
 * convenience: what goes wrong here is logged, and keeps no machine from running or ending.
 */
#ifndef ENGINE_VMNAMES_H
#define ENGINE_VMNAMES_H

#include "core/engine/engine_priv.h"

/* After a place was taken, or its NAT switched: a server is started where none runs. Blocks. */
void vmnames_refresh(struct op *op, struct engine *eng, struct store *s);
/* The same in two parts, for who has something else to do while it starts; what the first returns (NULL: none had to be started) the
 * second takes. In between nobody else gets past the first: who is told that a server runs may believe it. */
struct vmnames_start;
NODISCARD struct vmnames_start *vmnames_begin(struct op *op, struct engine *eng, struct store *s);
void vmnames_end(struct op *op, struct vmnames_start *start);
/*
 * After a place was given back. It starts no server: who is left has one that runs, or gets one with the next start; after a reboot
 * of the host those that are still to be given back have no network for it to listen in. Blocks.
 */
void vmnames_leave(struct op *op, struct engine *eng, struct store *s);
/* Does one of these machines run in the bridged network, while no server does? It was killed, then: vmnames_refresh() mends that. Looks
 * only. */
bool vmnames_is_missed(const struct engine *eng, const struct vm *vms, int n);
/* Does the name server run? Looks only; false when that cannot be told. */
bool vmnames_is_served(const struct paths *paths);

#endif
