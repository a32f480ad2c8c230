/* SPDX-License-Identifier: MIT */
/*
 * Small tools of banger-guest: scope-bound clean-up, whole-file reads and writes, messages.
 *
 * Fallible functions return 0 or -1 with errno set. A message is printed where the reason is known
 * and the failure matters (say_fail returns -1 so that it can end a function).
 */
#ifndef BOOTKIT_UTIL_H
#define BOOTKIT_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define auto_fd __attribute__((cleanup(util_close))) int
#define auto_free __attribute__((cleanup(util_free)))

void util_close(int *fd);
void util_free(void *pointer);

/* Print one line "banger: ..." on standard error, which is the serial console until a login. */
void say(const char *format, ...) PRINTF(1, 2);
/* The same with strerror(errno) behind it; errno is kept. Always returns -1. */
int say_fail(const char *format, ...) PRINTF(1, 2);

/*
 * Read a whole file of at most max bytes. Returns a NUL-terminated buffer the caller frees, its
 * length in ret_len (may be NULL), or NULL: errno is EFBIG when the file is longer.
 */
char *file_read(const char *path, size_t max, size_t *ret_len) NODISCARD;
/* Read the first line of a file without its newline into buf; -1 when the file cannot be read. */
int file_read_line(const char *path, char *buf, size_t size) NODISCARD;
/*
 * Replace a file's content; made with the given mode, and set to it when it was there before. A link
 * that leads nowhere gives way to a plain file.
 */
int file_write(const char *path, mode_t mode, const void *data, size_t len) NODISCARD;
/* file_write of a string. */
int file_put(const char *path, mode_t mode, const char *text) NODISCARD;
/* Write a string to a file that must be there: a knob of /proc or /sys. */
int file_set(const char *path, const char *text) NODISCARD;
bool file_exists(const char *path);

/* Make a directory and its parents (0755); a directory already there is fine. */
int dir_make(const char *path) NODISCARD;
/* Make the parents of path. */
int dir_make_parents(const char *path) NODISCARD;

/* Write all of data, however many calls it takes. */
int fd_write_all(int fd, const void *data, size_t len) NODISCARD;

/* Milliseconds of the monotonic clock. */
uint64_t now_ms(void);
void sleep_ms(unsigned ms);

/* Decimal number of at most max; -1 unless the whole text is one. */
int number_parse(const char *text, uint64_t max, uint64_t *ret_n) NODISCARD;

/* Put directory/name into buf; -1 with ENAMETOOLONG when it does not fit. */
int path_join(char *buf, size_t size, const char *directory, const char *name) NODISCARD;
/* Last component of a path. */
const char *path_base(const char *path);

#endif
