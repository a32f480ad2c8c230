/* SPDX-License-Identifier: MIT */
/*
 * The login shell. dropbear starts it inside its own small root (sshroot.c); it joins PID 1's
 * mount namespace, and with it the machine's root, and becomes the image's shell. Where the image
 * has none that runs (distroless, or a broken one), the kit's busybox serves.
 *
 * Two commands never reach the image's shell: sftp, which dropbear names by a fixed path, and
 * banger-guest's own verbs, so that figures and shutdown work with whatever shell is inside.
 */
#include "bootkit/login.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bootkit/paths.h"
#include "bootkit/run.h"
#include "bootkit/verbs.h"
#include "wire/kit.h"
#include "wire/seed.h"

#define PASSWD_MAX (1 << 20)
#define SFTP_COMMAND "/usr/lib/sftp-server" /* dropbear's default SFTPSERVER_PATH */
#define PATH_BASE "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:" KIT_BIN

bool login_shell_of_root(const char *passwd, char *buf, size_t size)
{
	while (*passwd) {
		const char *end = passwd + strcspn(passwd, "\n"), *field = passwd;
		const char *fields[7] = {NULL};
		int n = 0;

		for (; n < 7; n++) {
			fields[n] = field;
			field = memchr(field, ':', (size_t)(end - field));
			if (!field)
				break;
			field++;
		}
		if (n == 6 && strncmp(fields[2], "0:", 2) == 0) {
			size_t len = (size_t)(end - fields[6]);

			if (len == 0 || len >= size)
				return false;
			memcpy(buf, fields[6], len);
			buf[len] = '\0';
			return true;
		}
		passwd = end + (*end == '\n');
	}
	return false;
}

static size_t count_words(const char *s)
{
	size_t n = 0;

	for (s += strspn(s, " "); *s; s += strspn(s, " ")) {
		s += strcspn(s, " ");
		n++;
	}
	return n;
}

int login_split_own(char *command, char *words[LOGIN_WORDS_MAX])
{
	static const char by_path[] = KIT_GUEST " ", by_name[] = WIRE_KIT_PROGRAM " ";
	int n = 0;

	if (command[strspn(command, WIRE_KIT_CHARS " ")] != '\0')
		return 0;
	if (strncmp(command, by_path, strlen(by_path)) != 0 && strncmp(command, by_name, strlen(by_name)) != 0)
		return 0;
	/* Not one is cut before all are known to fit: the shell gets the command whole. */
	if (count_words(command) >= LOGIN_WORDS_MAX)
		return 0;
	for (char *at = command; *at; n++) {
		at += strspn(at, " ");
		if (*at == '\0')
			break;
		words[n] = at;
		at += strcspn(at, " ");
		if (*at)
			*at++ = '\0';
	}
	words[n] = NULL;
	return n;
}

char *login_env_next(char **text)
{
	char *variable = *text + strspn(*text, "\n"), *from = variable, *to = variable;
	size_t n;

	if (*variable == '\0')
		return NULL;
	for (;;) {
		n = strcspn(from, "\n");
		memmove(to, from, n);
		to += n;
		from += n;
		if (*from == '\0' || from[1] != WIRE_ENV_GOES_ON)
			break;
		*to++ = '\n';
		from += 2;
	}
	*text = from + (*from == '\n');
	*to = '\0';
	return variable;
}

bool login_env_is_valid(const char *variable)
{
	size_t len = strcspn(variable, "=");

	if (variable[len] != '=' || len == 0 || (variable[0] >= '0' && variable[0] <= '9'))
		return false;
	return strspn(variable, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == len;
}

static int enter_machine(void)
{
	auto_fd namespace = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);

	/* From the serial console of a machine without /proc there is nowhere else to go. */
	if (namespace < 0)
		return errno == ENOENT ? 0 : -1;
	return setns(namespace, CLONE_NEWNS);
}

/* putenv(3) keeps the string, so the text of the file stays for the life of the process. Returns whether the image has a PATH of its
 * own, which is given the kit's commands at its end. */
static bool take_env_file(void)
{
	char *text = file_read(KIT_SEED "/env", WIRE_SEED_MEMBER_MAX, NULL), *rest = text;
	bool has_path = false;

	if (!text)
		return false;
	for (char *variable; (variable = login_env_next(&rest));) {
		if (!login_env_is_valid(variable))
			continue;
		if (strcmp(variable, "PATH=") == 0)
			continue; /* it would mean the directory one is in */
		if (strncmp(variable, "PATH=", 5) == 0) {
			auto_free char *longer = NULL;

			has_path = asprintf(&longer, "%s:" KIT_BIN ":" KIT_APPLETS, variable + 5) >= 0 && setenv("PATH", longer, 1) == 0;
		} else {
			putenv(variable);
		}
	}
	return has_path;
}

static bool make_env(const char *shell)
{
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	setenv("LOGNAME", "root", 1);
	setenv("SHELL", shell, 1);
	setenv("PATH", PATH_BASE ":" KIT_APPLETS, 1);
	setenv("LANG", "C.UTF-8", 0);
	setenv("TERM", "vt100", 0);
	return take_env_file();
}

/* The image's own place to work, where it has one. */
static int go_to_work(void)
{
	auto_free char *dir = file_read(KIT_SEED "/workdir", WIRE_SEED_MEMBER_MAX, NULL);

	return dir && dir[0] == '/' ? chdir(dir) : -1;
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* An account closed by nologin is still the owner's machine. */
static bool find_shell(char *buf, size_t size)
{
	static const char *const usual[] = {"/bin/bash", "/bin/sh", "/usr/bin/sh"};
	auto_free char *passwd = file_read("/etc/passwd", PASSWD_MAX, NULL);

	if (passwd && login_shell_of_root(passwd, buf, size) && strcmp(path_base(buf), "nologin") != 0 &&
	    strcmp(path_base(buf), "false") != 0 && is_program(buf))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		snprintf(buf, size, "%s", usual[i]);
		if (is_program(buf))
			return true;
	}
	return false;
}

/* Without an image's shell there are no commands either: give the kit's, by links made once. */
static void make_applets(void)
{
	const char *const argv[] = {KIT_BUSYBOX, "--install", "-s", KIT_APPLETS, NULL};

	if (file_exists(KIT_APPLETS))
		return;
	if (dir_make(KIT_APPLETS) < 0 || run_wait(argv) != 0)
		say_fail("link busybox's commands");
}

/* A login shell reads /etc/profile, which sets the distribution's PATH: not where the image has said what it is. */
static void exec_shell(const char *path, const char *name, char *command, bool is_login)
{
	char dashed[64];

	if (command) {
		execl(path, name, "-c", command, (char *)NULL);
		return;
	}
	snprintf(dashed, sizeof(dashed), "%s%s", is_login ? "-" : "", name);
	execl(path, dashed, (char *)NULL);
}

static NORETURN void exec_sftp(void)
{
	execl(KIT_DIR "/lib/ld.so", "ld.so", "--library-path", KIT_DIR "/lib", KIT_BIN "/sftp-server", (char *)NULL);
	say_fail("start sftp-server");
	_exit(127);
}

int login_main(int argc, char **argv)
{
	char *command = argc > 2 && strcmp(argv[1], "-c") == 0 ? argv[2] : NULL;
	char *words[LOGIN_WORDS_MAX];
	char shell[256] = KIT_BUSYBOX;
	bool found, has_path;
	int n;

	if (enter_machine() < 0) {
		say_fail("enter the machine");
		return 126;
	}
	umask(022);
	found = find_shell(shell, sizeof(shell));
	has_path = make_env(found ? shell : KIT_BUSYBOX);
	if (go_to_work() < 0 && chdir("/root") < 0 && chdir("/") < 0)
		say_fail("go home");
	if (command && strcmp(command, SFTP_COMMAND) == 0)
		exec_sftp();
	n = command ? login_split_own(command, words) : 0;
	if (n > 0)
		return verbs_run(n, words);
	if (found)
		exec_shell(shell, path_base(shell), command, !has_path);
	make_applets();
	exec_shell(KIT_BUSYBOX, "sh", command, !has_path);
	say_fail("start a shell");
	return 127;
}
