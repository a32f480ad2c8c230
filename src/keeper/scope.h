/* SPDX-License-Identifier: MIT */
/*
 * A control group of the VM's own, where systemd gives one.
 */
#ifndef KEEPER_SCOPE_H
#define KEEPER_SCOPE_H

#include "base/op.h"

/* Move the calling process into a transient scope named after the VM's directory, so that neither the terminal's nor
 * the session's scope takes the VM with it, and its use can be seen (`systemd-cgls`). Where there is no systemd or it
 * refuses, nothing happens. Blocks for two seconds at most. */
void scope_enter(struct op *op, const char *vm_dir);

#endif
