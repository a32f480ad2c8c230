/* SPDX-License-Identifier: MIT */
/*
 * Time, in milliseconds. Durations and deadlines are monotonic; what is shown or stored is wall-clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_mono_ms(void); /* CLOCK_MONOTONIC */
int64_t clock_mono_us(void);
int64_t clock_wall_ms(void); /* CLOCK_REALTIME, Unix epoch */

#endif
