/* SPDX-License-Identifier: MIT */
/*
 * Allocation and scope-bound clean-up.
 *
 * Small allocations do not fail in practice on Linux: the x*() functions abort with a message when they do, which the
 * crash handler turns into a restored terminal. Anything whose size comes from outside is checked against a limit by
 * the caller BEFORE it is allocated.
 *
 * `auto_free char *p = …;` frees at the end of the scope; `return TAKE_PTR(p);` hands ownership on.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/attrs.h"

#include <stddef.h>
#include <stdlib.h>

void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
/* Zeroed; n * size is checked for overflow. */
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
/* Array realloc, checked for overflow. */
void *xrealloc(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull, nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull, nonnull));
char *xasprintf(const char *fmt, ...) PRINTF(1, 2) __attribute__((malloc, returns_nonnull));

/* Copy `src` into the fixed array `dst` of `size` bytes, cut at the end, always terminated. Returns dst. */
char *str_copy(char *dst, size_t size, const char *src) __attribute__((nonnull));

static inline void mem_free_ptr(void *p)
{
	free(*(void **)p);
}

#define auto_free __attribute__((cleanup(mem_free_ptr)))
/* auto_call(buf_done) struct buf b = {0};  fn takes a pointer to the variable. */
#define auto_call(fn) __attribute__((cleanup(fn)))

/* The moment of transfer: yields the pointer and leaves NULL behind. */
#define TAKE_PTR(p)                                                                                                    \
	({                                                                                                             \
		__typeof__(p) *take_ptr_ = &(p);                                                                       \
		__typeof__(p) take_val_ = *take_ptr_;                                                                  \
		*take_ptr_ = NULL;                                                                                     \
		take_val_;                                                                                             \
	})

#endif
