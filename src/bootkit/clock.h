/* SPDX-License-Identifier: MIT */
/*
 * The wall clock of a machine that stood still.
 */
#ifndef BOOTKIT_CLOCK_H
#define BOOTKIT_CLOCK_H

#include "bootkit/util.h"

#include <stdint.h>

#define CLOCK_SLACK_MS 200 /* nearer than this it is left alone: programs dislike steps */

/* `banger-guest clock MILLISECONDS`: set the clock to that time since the epoch. */
int clock_main(int argc, char **argv);

/* Whether a clock that shows `now` has to be set to `told`, both in milliseconds. */
bool clock_is_off(int64_t now, int64_t told);

#endif
