/* SPDX-License-Identifier: MIT */
/*
 * The log: each line is built outside the lock and written with one write(2) on an O_APPEND descriptor, so lines of
 * several processes never mix. Logging never fails upwards: a full disk must not stop a virtual machine from stopping.
 *
 * Rotation replaces the file behind the same descriptor number (dup3), because the crash handler keeps the number.
 */
#include "base/log.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define LOG_MAX_BYTES ((off_t)8 * 1024 * 1024)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int out_fd = -1;
static _Atomic int min_level = LOG_ERROR + 1;
static char *file_path; /* NULL when lines go to stderr or nowhere */

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void close_locked(void)
{
	int fd = atomic_exchange(&out_fd, -1);

	if (file_path)
		fd_close(&fd);
	free(file_path);
	file_path = NULL;
	atomic_store(&min_level, LOG_ERROR + 1);
}

int log_open(const char *path, enum log_level min, struct err *e)
{
	int fd = open_file(path);

	if (fd < 0)
		return err_sys(e, errno, _("open log file '%s'"), path);
	pthread_mutex_lock(&lock);
	close_locked();
	file_path = xstrdup(path);
	atomic_store(&out_fd, fd);
	atomic_store(&min_level, min);
	pthread_mutex_unlock(&lock);
	return 0;
}

void log_to_stderr(enum log_level min)
{
	pthread_mutex_lock(&lock);
	close_locked();
	atomic_store(&out_fd, STDERR_FILENO);
	atomic_store(&min_level, min);
	pthread_mutex_unlock(&lock);
}

void log_close(void)
{
	pthread_mutex_lock(&lock);
	close_locked();
	pthread_mutex_unlock(&lock);
}

int log_fd(void)
{
	return atomic_load(&out_fd);
}

/* Another process may have rotated since we opened: then only follow it. */
static bool is_current(int fd)
{
	struct stat ours;
	struct stat named;

	return fstat(fd, &ours) == 0 && stat(file_path, &named) == 0 && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

static void rotate_locked(int fd)
{
	struct stat st;

	if (!file_path || fstat(fd, &st) < 0 || st.st_size < LOG_MAX_BYTES)
		return;
	if (flock(fd, LOCK_EX) < 0)
		return;
	if (is_current(fd)) {
		auto_free char *old = xasprintf("%s.1", file_path);
		if (rename(file_path, old) < 0) {
			flock(fd, LOCK_UN);
			return;
		}
	}
	int fresh = open_file(file_path);
	/* dup3 closes the old description, and its lock with it. */
	if (fresh >= 0 && dup3(fresh, fd, O_CLOEXEC) < 0)
		flock(fd, LOCK_UN);
	fd_close(&fresh);
}

static void add_time(struct jw *w)
{
	struct timespec ts;
	struct tm tm;
	char text[40];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03ldZ", ts.tv_nsec / 1000000);
	jw_str(w, "time", text);
}

static struct jw line_begin(struct buf *b, enum log_level level, const struct op *op)
{
	struct jw w = jw_init(b);
	char thread[16] = "";

	jw_obj(&w, NULL);
	add_time(&w);
	jw_str(&w, "level", level_names[level]);
	if (op && op->id[0])
		jw_str(&w, "op", op->id);
	jw_int(&w, "pid", getpid());
	if (pthread_getname_np(pthread_self(), thread, sizeof(thread)) == 0)
		jw_str(&w, "thread", thread);
	return w;
}

static void line_end(struct jw *w)
{
	jw_end(w);
	buf_addc(w->out, '\n');
	pthread_mutex_lock(&lock);
	int fd = atomic_load(&out_fd);
	if (fd >= 0) {
		rotate_locked(fd);
		(void)!fd_write_all(fd, w->out->data, w->out->len, NULL);
	}
	pthread_mutex_unlock(&lock);
}

void log_write(enum log_level level, const struct op *op, const char *fmt, ...)
{
	auto_buf text = {0};
	auto_buf line = {0};
	int saved = errno;
	va_list ap;

	if ((int)level < atomic_load(&min_level))
		return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	struct jw w = line_begin(&line, level, op);
	jw_str(&w, "msg", buf_cstr(&text));
	line_end(&w);
	errno = saved;
}

void log_err(const struct op *op, const struct err *e)
{
	auto_buf line = {0};
	/* Cancelling is what somebody wanted, not a fault. */
	enum log_level level = e->code == ERR_CANCELED ? LOG_INFO : LOG_ERROR;

	if ((int)level < atomic_load(&min_level))
		return;
	struct jw w = line_begin(&line, level, op);
	jw_str(&w, "msg", e->msg);
	jw_str(&w, "code", err_code_to_string(e->code));
	if (e->sys)
		jw_int(&w, "errno", e->sys);
	if (e->hint[0])
		jw_str(&w, "hint", e->hint);
	line_end(&w);
}
