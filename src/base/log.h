/* SPDX-License-Identifier: MIT */
/*
 * The program's log: one JSON object a line in <state>/log/banger-tui.log, with time, level, op id and thread.
 *
 * Any thread may log; the mutex is a leaf. Before log_open() lines go nowhere (or to stderr with log_to_stderr, for
 * tests). Nothing is ever written on the terminal while the console has it. The file is opened O_APPEND, so several
 * processes can share it, and is rotated once at 8 MiB (".1").
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"
#include "base/op.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

NODISCARD int log_open(const char *path, enum log_level min, struct err *e);
void log_to_stderr(enum log_level min);
void log_close(void);
/* Descriptor for the crash handler: stays the same number across rotation; -1 when no log is open. Borrowed. */
int log_fd(void);
/* `op` may be NULL. */
void log_write(enum log_level level, const struct op *op, const char *fmt, ...) PRINTF(3, 4);
/* An error at the top of an op: message and hint, code, errno. */
void log_err(const struct op *op, const struct err *e);

#define log_debug(op, ...) log_write(LOG_DEBUG, op, __VA_ARGS__)
#define log_info(op, ...) log_write(LOG_INFO, op, __VA_ARGS__)
#define log_warn(op, ...) log_write(LOG_WARN, op, __VA_ARGS__)

#endif
