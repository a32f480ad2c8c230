/* SPDX-License-Identifier: MIT */
/*
 * How long something will still take, for the eye: in steps that grow with it, so that an estimate that wavers does not flicker.
 */
#ifndef MODEL_ETA_H
#define MODEL_ETA_H

#include <stdint.h>

#define ETA_TEXT 24

/* Milliseconds until so much is done at this rate (units a second), or -1 where that cannot be told: nothing moves, or it is not known
 * how much there is. */
int64_t eta_ms(int64_t done, int64_t total, int64_t rate);

/* "3s", "25s", "2m 10s", "14m", "1h 20m", ">7d"; never less than a second. Returns buf. */
char *eta_text(int64_t ms, char buf[ETA_TEXT]);

#endif
