/* SPDX-License-Identifier: MIT */
/*
 * Compiler attributes used everywhere. GNU C11 (gcc, clang) is required by configure.
 */
#ifndef BASE_ATTRS_H
#define BASE_ATTRS_H

/* The caller must look at the result: every fallible function carries it. */
#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED __attribute__((unused))
#define NORETURN __attribute__((noreturn))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
