/* SPDX-License-Identifier: MIT */
/*
 * The one line a keeper says to whoever started it: {"ok":true} or {"ok":false,"code":…,"sys":…,"msg":…,"hint":…}.
 */
#ifndef KEEPER_REPORT_H
#define KEEPER_REPORT_H

#include "base/err.h"
#include "base/op.h"

#define REPORT_MAX 4096

/* `why` is NULL for success. ERR_NET when nobody listens any more. */
NODISCARD int report_send(int fd, const struct err *why, struct err *e);
/* Wait for it. -1 with the keeper's own error when it failed, ERR_TOOL when it went without a word. */
NODISCARD int report_receive(struct op *op, int fd, struct err *e);

#endif
