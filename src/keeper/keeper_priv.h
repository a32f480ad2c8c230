/* SPDX-License-Identifier: MIT */
/*
 * What both ends of a keeper's start agree on.
 */
#ifndef KEEPER_KEEPER_PRIV_H
#define KEEPER_KEEPER_PRIV_H

#define KEEPER_FD_LOCK 3
/* A socket: one byte when there is something to launch, and the report (report.h) back. */
#define KEEPER_FD_STARTER 4

/* Longest the keeper itself tries; the caller's op is usually shorter. */
#define KEEPER_START_MS 30000

#endif
