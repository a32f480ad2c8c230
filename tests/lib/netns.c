/* SPDX-License-Identifier: MIT */
/*
 * See netns.h. The maps are written by a child that stayed outside: only there are more ids than one to be had.
 */
#include "tests/lib/netns.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#define IP_MS 20000
#define WORDS_MAX 32

static struct buf said;

static bool put(pid_t pid, const char *file, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* In the child: wait for the word, then map. */
static void map_ids(pid_t whose, int word)
{
	char c;

	_exit(read(word, &c, 1) == 1 && put(whose, "uid_map", "0 0 65536\n") && put(whose, "gid_map", "0 0 65536\n") ? 0 : 1);
}

const char *netns_enter(void)
{
	static char why[128];
	int word[2];
	int status;
	pid_t self = getpid();

	if (geteuid() != 0)
		return "not root";
	if (pipe2(word, O_CLOEXEC) < 0)
		return "no pipe";
	pid_t child = fork();
	if (child == 0) {
		close(word[1]); /* lest it wait for a word of its own */
		map_ids(self, word[0]);
	}
	int rc = unshare(CLONE_NEWUSER | CLONE_NEWNET);
	int sys = errno;
	/* Without a namespace the child hears no word and maps nothing. */
	if (rc == 0)
		rc = write(word[1], "", 1) == 1 ? 0 : -1;
	close(word[1]);
	close(word[0]);
	if (waitpid(child, &status, 0) < 0 || rc < 0 || status != 0) {
		snprintf(why, sizeof(why), "no user and network namespace here: %s", rc < 0 ? strerror(sys) : "ids cannot be mapped");
		return why;
	}
	return netns_ip_works("link set lo up") ? NULL : "no iproute2";
}

static int run(const char *fmt, va_list ap, struct err *e)
{
	auto_buf line = {0};
	const char *argv[WORDS_MAX] = {"ip"};
	struct spawn_run_args a = {.argv = argv};
	int n = 1;
	struct op op;

	buf_vaddf(&line, fmt, ap);
	for (char *word = strtok(line.data, " "); word && n < WORDS_MAX - 1; word = strtok(NULL, " "))
		argv[n++] = word;
	buf_reset(&said);
	op_init(&op, IP_MS);
	int rc = spawn_run(&op, &a, &said, e);
	op_done(&op);
	return rc;
}

const char *netns_ip(const char *fmt, ...)
{
	struct err e = {0};
	va_list ap;

	va_start(ap, fmt);
	int rc = run(fmt, ap, &e);
	va_end(ap);
	if (rc < 0)
		fail_msg("ip: %s", e.msg);
	return buf_cstr(&said);
}

bool netns_ip_works(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int rc = run(fmt, ap, NULL);
	va_end(ap);
	return rc == 0;
}

const char *netns_sysctl(const char *fmt, ...)
{
	static char word[64];
	char path[160] = "/proc/sys/net/";
	size_t n = strlen(path);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + n, sizeof(path) - n, fmt, ap);
	va_end(ap);
	char *text = test_read(path);
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(text, " \n"), text);
	free(text);
	return word;
}
