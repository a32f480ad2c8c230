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
/* For numbers, in their common type. Each argument is evaluated once: MAX(deadline - now(), 0) with two looks at the
 * clock can be negative. */
#define MIN(a, b) ATTRS_PICK_(<, a, b, __COUNTER__)
#define MAX(a, b) ATTRS_PICK_(>, a, b, __COUNTER__)
#define ATTRS_PICK_(cmp, a, b, n) ATTRS_PICK_NAMED_(cmp, a, b, n)
#define ATTRS_PICK_NAMED_(cmp, a, b, n)                                                                                \
	({                                                                                                             \
		__typeof__((a) + (b)) pick_a_##n = (a);                                                                \
		__typeof__((a) + (b)) pick_b_##n = (b);                                                                \
		pick_a_##n cmp pick_b_##n ? pick_a_##n : pick_b_##n;                                                   \
	})

#endif
