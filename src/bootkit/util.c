/* SPDX-License-Identifier: MIT */
/*
 * Small tools of banger-guest. They exist here, and are not taken from the host's base layer,
 * because the program is linked statically against libc alone and runs where nothing else does.
 */
#include "bootkit/util.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void util_close(int *fd)
{
	int kept = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = kept;
}

void util_free(void *pointer)
{
	free(*(void **)pointer);
}

static void say_line(const char *why, const char *format, va_list args)
{
	char line[512];
	int n = vsnprintf(line, sizeof(line), format, args);

	if (n < 0)
		return;
	/* One write a line: init, the listener and a session may all speak at the same time. */
	dprintf(STDERR_FILENO, "banger: %s%s%s\n", line, why ? ": " : "", why ? why : "");
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_line(NULL, format, args);
	va_end(args);
}

int say_fail(const char *format, ...)
{
	int kept = errno;
	va_list args;

	va_start(args, format);
	say_line(strerror(kept), format, args);
	va_end(args);
	errno = kept;
	return -1;
}

/* Read up to size bytes, fewer only at the end of the file. */
static ssize_t read_full(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* Files of /proc tell no size, so the buffer grows with what is read, and is capped. */
char *file_read(const char *path, size_t max, size_t *ret_len)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_free char *buf = NULL;
	size_t len = 0, size = 0;

	if (fd < 0)
		return NULL;
	do {
		size_t want = size ? size * 2 : 4096;
		char *bigger;
		ssize_t n;

		if (len > max) {
			errno = EFBIG;
			return NULL;
		}
		bigger = realloc(buf, want + 1);
		if (!bigger)
			return NULL;
		buf = bigger;
		size = want;
		n = read_full(fd, buf + len, size - len);
		if (n < 0)
			return NULL;
		len += (size_t)n;
	} while (len == size);
	if (len > max) {
		errno = EFBIG;
		return NULL;
	}
	buf[len] = '\0';
	if (ret_len)
		*ret_len = len;
	char *result = buf;

	buf = NULL;
	return result;
}

int file_read_line(const char *path, char *buf, size_t size)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read_full(fd, buf, size - 1);
	if (n < 0)
		return -1;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_write(const char *path, mode_t mode, const void *data, size_t len)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY;
	auto_fd fd = open(path, flags, mode);
	struct stat st;

	if (fd < 0 && errno == ENOENT && lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && unlink(path) == 0)
		fd = open(path, flags, mode);
	if (fd < 0)
		return -1;
	if (fchmod(fd, mode) < 0)
		return -1;
	return fd_write_all(fd, data, len);
}

int file_put(const char *path, mode_t mode, const char *text)
{
	return file_write(path, mode, text, strlen(text));
}

int file_set(const char *path, const char *text)
{
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : fd_write_all(fd, text, strlen(text));
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static int make_one(const char *path)
{
	struct stat st;

	if (mkdir(path, 0755) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	if (stat(path, &st) < 0)
		return -1;
	if (S_ISDIR(st.st_mode))
		return 0;
	errno = ENOTDIR;
	return -1;
}

int dir_make_parents(const char *path)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, path, len + 1);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (make_one(part) < 0)
			return -1;
		*slash = '/';
	}
	return 0;
}

int dir_make(const char *path)
{
	if (dir_make_parents(path) < 0)
		return -1;
	return make_one(path);
}

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void sleep_ms(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

int number_parse(const char *text, uint64_t max, uint64_t *ret_n)
{
	uint64_t n = 0;

	if (*text == '\0')
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n))
			return -1;
	}
	if (n > max)
		return -1;
	*ret_n = n;
	return 0;
}

int path_join(char *buf, size_t size, const char *directory, const char *name)
{
	int n = snprintf(buf, size, "%s/%s", directory, name);

	if (n >= 0 && (size_t)n < size)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
