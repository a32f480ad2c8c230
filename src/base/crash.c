/* SPDX-License-Identifier: MIT */
/*
 * The crash handler: restore, one line, the words, default action, same signal again, so that the shell and the core dump see the
 * truth. SA_RESETHAND makes a second fault in here final instead of a loop.
 */
#include "base/crash.h"

#include "base/attrs.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define ALT_STACK_SIZE ((size_t)64 * 1024)

struct restore {
	void (*fn)(void *arg);
	void *arg;
};

static struct restore slots[2];
static _Atomic(struct restore *) current;
static atomic_int log_to = -1;
static _Atomic(const char *) words;
static atomic_flag crashed = ATOMIC_FLAG_INIT;
static _Thread_local void *alt_stack;

static char *put_text(char *to, const char *s)
{
	size_t n = strlen(s);

	memcpy(to, s, n);
	return to + n;
}

static char *put_number(char *to, uint64_t v, unsigned int base)
{
	char digits[20];
	size_t n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v > 0);
	while (n > 0)
		*to++ = digits[--n];
	return to;
}

static void write_line(int signo, const void *addr)
{
	char line[160];
	char *p = line;
	int fd = atomic_load(&log_to);

	if (fd < 0)
		fd = log_fd();
	if (fd < 0)
		return;
	/* The shape of the other lines; the time would need functions that are not safe here. */
	p = put_text(p, "{\"level\":\"error\",\"pid\":");
	p = put_number(p, (uint64_t)getpid(), 10);
	p = put_text(p, ",\"msg\":\"crashed\",\"signal\":");
	p = put_number(p, (uint64_t)signo, 10);
	p = put_text(p, ",\"address\":\"0x");
	p = put_number(p, (uintptr_t)addr, 16);
	p = put_text(p, "\"}\n");
	ssize_t n UNUSED = write(fd, line, (size_t)(p - line));
}

static void say_words(void)
{
	const char *text = atomic_load(&words);
	ssize_t n UNUSED = text ? write(STDERR_FILENO, text, strlen(text)) : 0;
}

static void on_crash(int signo, siginfo_t *info, void *context UNUSED)
{
	if (!atomic_flag_test_and_set(&crashed)) {
		const struct restore *r = atomic_load(&current);
		if (r && r->fn)
			r->fn(r->arg);
		write_line(signo, info ? info->si_addr : NULL);
		say_words();
	}
	/* The default action is in place again (SA_RESETHAND); delivered as soon as this handler returns. */
	raise(signo);
}

int crash_install(int log_fd, struct err *e)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
	struct sigaction sa = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND};

	sigemptyset(&sa.sa_mask);
	crash_set_log_fd(log_fd);
	crash_thread_init();
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (sigaction(signals[i], &sa, NULL) < 0)
			return err_sys(e, errno, _("install the crash handler"));
	return 0;
}

void crash_thread_init(void)
{
	if (alt_stack)
		return;
	alt_stack = xmalloc(ALT_STACK_SIZE);
	stack_t st = {.ss_sp = alt_stack, .ss_size = ALT_STACK_SIZE};
	sigaltstack(&st, NULL);
}

void crash_thread_done(void)
{
	stack_t off = {.ss_flags = SS_DISABLE};

	if (!alt_stack)
		return;
	sigaltstack(&off, NULL);
	free(alt_stack);
	alt_stack = NULL;
}

void crash_set_words(const char *text)
{
	atomic_store(&words, text);
}

void crash_set_log_fd(int fd)
{
	atomic_store(&log_to, fd);
}

void crash_set_restore(void (*fn)(void *arg), void *arg)
{
	/* Function and argument change together: the other slot is filled, then shown. */
	struct restore *next = atomic_load(&current) == &slots[0] ? &slots[1] : &slots[0];

	*next = (struct restore){.fn = fn, .arg = arg};
	atomic_store(&current, next);
}
