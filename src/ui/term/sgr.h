/* SPDX-License-Identifier: MIT */
/*
 * Select Graphic Rendition (ECMA-48 §8.3.117; ITU-T T.416 for the colon forms; xterm ctlseqs): the looks of what is
 * written next.
 */
#ifndef UI_TERM_SGR_H
#define UI_TERM_SGR_H

#include "ui/term/emu.h"
#include "ui/term/seq.h"

void sgr_reset(struct emu_cell *pen);
/* Apply the parameters of one CSI … m to the pen. What we cannot show is skipped with its arguments. */
void sgr_apply(struct emu_cell *pen, const struct seq_csi *csi);

#endif
