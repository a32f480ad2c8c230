/* SPDX-License-Identifier: MIT */
/*
 * What banger-netns does inside: see core/net/privnet_priv.h for its verbs and how it is talked to.
 */
#ifndef NETNS_INSIDE_H
#define NETNS_INSIDE_H

#include "base/err.h"

/* argv: PRIVNET_MAKE, MAC, EGRESS, or PRIVNET_JOIN. From the first step to the end of the conversation. Failures have
 * been told to the other end. */
NODISCARD int inside_serve(int argc, char **argv, struct err *e);
/* argv: the command line to execute. Returns only on failure. */
int inside_enter(char **argv, struct err *e);

#endif
