/* SPDX-License-Identifier: MIT */
/*
 * A network of the test's own: the process moves into a fresh user and network namespace, in which it is root and there is
 * nothing but a loopback interface. What it makes there is gone with it. Ids keep their numbers, so that a child may become
 * another user.
 *
 * And how tests look at it and fill it: with iproute2, which is not ours.
 */
#ifndef TESTS_LIB_NETNS_H
#define TESTS_LIB_NETNS_H

#include "tests/lib/test.h"

#include "base/buf.h"

/* Needs root and one thread. NULL when done, else why it cannot be: a sentence for exit 77. */
const char *netns_enter(void);

/* "ip WORDS": fails the test unless it succeeds. Words are parted by single blanks. What it says is kept until the next call. */
const char *netns_ip(const char *fmt, ...) PRINTF(1, 2);
/* The same by itself: does it succeed? */
bool netns_ip_works(const char *fmt, ...) PRINTF(1, 2);
/* A /proc/sys/net file: its first word. */
const char *netns_sysctl(const char *fmt, ...) PRINTF(1, 2);

#endif
