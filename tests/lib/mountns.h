/* SPDX-License-Identifier: MIT */
/*
 * A mount namespace for this process alone, so that a test may have small file systems of its own.
 */
#ifndef TESTS_LIB_MOUNTNS_H
#define TESTS_LIB_MOUNTNS_H

#include <stdbool.h>

/* Once, before there is a second thread: into a mount namespace of our own, and where we are no root into a user namespace first. False
 * where that is not allowed. */
bool mountns_enter(void);

#endif
