/* SPDX-License-Identifier: MIT */
/*
 * Numbers and times in a fixed, short form for the eye. Every function writes into the caller's array and returns it.
 */
#ifndef UI_TEXT_H
#define UI_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

#define TEXT_SHORT 24

/* "12s", "3m 04s", "3h 12m", "4d 2h"; negative is 0. */
char *text_duration(int64_t ms, char buf[TEXT_SHORT]);
/* The first unit alone: "12s", "3h", "4d". */
char *text_age(int64_t ms, char buf[TEXT_SHORT]);
/* "3ms", "2.1s", "1m 04s": how long something took. */
char *text_took(int64_t ms, char buf[TEXT_SHORT]);
/* Bytes a second: "1.2M", "80K", "0"; UINT64_MAX is "-". */
char *text_rate(uint64_t bps, char buf[TEXT_SHORT]);
/* "42%" of permille. */
char *text_percent(int permille, char buf[TEXT_SHORT]);
/* Case-insensitive search for ASCII letters, bytes otherwise. An empty needle is everywhere. */
bool text_contains(const char *haystack, const char *needle);
/* Local time of day, "14:03:22". */
char *text_clock(int64_t wall_ms, char buf[TEXT_SHORT]);

#endif
