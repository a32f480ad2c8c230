/* SPDX-License-Identifier: MIT */
/*
 * When the program crashes: give the terminal back, leave a line in the log, tell the person, and die of the same signal.
 *
 * Covers SIGSEGV, SIGBUS, SIGABRT, SIGILL and SIGFPE, on an alternate stack so that a stack overflow is caught too.
 * The handler calls nothing that is not async-signal-safe (signal-safety(7)).
 */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

#include "base/err.h"

/* Install the handlers; once, from the main thread, which gets the alternate stack. The line goes to log_fd; -1: to the
 * log that is open at that moment, if any. */
NODISCARD int crash_install(int log_fd, struct err *e);
/* Threads that want stack overflows caught call these at their start and end. */
void crash_thread_init(void);
void crash_thread_done(void);
/* Where the line goes from now on; -1 as above. */
void crash_set_log_fd(int fd);
/* What the person reads on standard error then, ended with a newline; NULL for nothing. Must stay valid. */
void crash_set_words(const char *text);
/* What gives the terminal back; NULL for nothing. It may only use write(2), tcsetattr(3) and their like, and is called
 * at most once, by whichever thread crashed. `arg` must stay valid until it is unregistered. */
void crash_set_restore(void (*fn)(void *arg), void *arg);

#endif
