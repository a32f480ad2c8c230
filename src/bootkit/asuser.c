/* SPDX-License-Identifier: MIT */
/*
 * See asuser.h. Lines of both files are fields parted by colons; what is no such line is passed over.
 */
#include "bootkit/asuser.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACCOUNTS_MAX (1 << 20) /* bytes of either file */

enum { PASSWD_NAME, PASSWD_PASSWORD, PASSWD_UID, PASSWD_GID, PASSWD_GECOS, PASSWD_HOME, PASSWD_SHELL, PASSWD_FIELDS };
enum { GROUP_NAME, GROUP_PASSWORD, GROUP_GID, GROUP_MEMBERS, GROUP_FIELDS };

/* A piece of the text of a file. */
struct piece {
	const char *at;
	size_t len;
};

static bool is_word(struct piece p, const char *word, size_t len)
{
	return p.len == len && memcmp(p.at, word, len) == 0;
}

static bool read_id(struct piece p, uint32_t *ret)
{
	char digits[11];
	uint64_t n;

	if (p.len == 0 || p.len >= sizeof(digits))
		return false;
	memcpy(digits, p.at, p.len);
	digits[p.len] = '\0';
	/* The last number means "none" to the kernel. */
	if (number_parse(digits, UINT32_MAX - 1, &n) < 0)
		return false;
	*ret = (uint32_t)n;
	return true;
}

/* The line's fields; false when there are not so many. Moves *at behind the line. */
static bool next_line(const char **at, struct piece *fields, int n_fields)
{
	const char *end = *at + strcspn(*at, "\n"), *field = *at;
	int n = 0;

	*at = end + (*end == '\n');
	for (; n < n_fields; n++) {
		const char *colon = memchr(field, ':', (size_t)(end - field));

		fields[n] = (struct piece){field, (size_t)((colon ? colon : end) - field)};
		if (!colon)
			return n == n_fields - 1;
		field = colon + 1;
	}
	return false;
}

static void copy_piece(char *buf, size_t size, struct piece p)
{
	snprintf(buf, size, "%.*s", (int)p.len, p.at);
}

/* The account of that name, or with that number. */
static bool find_account(const char *passwd, struct piece who, struct asuser *ret)
{
	struct piece f[PASSWD_FIELDS];
	uint32_t wanted = 0, uid, gid;
	bool is_number = read_id(who, &wanted);

	while (*passwd) {
		if (!next_line(&passwd, f, PASSWD_FIELDS) || !read_id(f[PASSWD_UID], &uid) ||
		    !read_id(f[PASSWD_GID], &gid))
			continue;
		if (!is_word(f[PASSWD_NAME], who.at, who.len) && !(is_number && uid == wanted))
			continue;
		ret->uid = uid;
		ret->gid = gid;
		copy_piece(ret->name, sizeof(ret->name), f[PASSWD_NAME]);
		if (f[PASSWD_HOME].len)
			copy_piece(ret->home, sizeof(ret->home), f[PASSWD_HOME]);
		return true;
	}
	ret->uid = wanted;
	return is_number;
}

static bool find_group(const char *group, struct piece which, gid_t *ret)
{
	struct piece f[GROUP_FIELDS];
	uint32_t gid;

	if (read_id(which, &gid)) {
		*ret = gid;
		return true;
	}
	while (*group) {
		if (!next_line(&group, f, GROUP_FIELDS) || !is_word(f[GROUP_NAME], which.at, which.len) ||
		    !read_id(f[GROUP_GID], &gid))
			continue;
		*ret = gid;
		return true;
	}
	return false;
}

static bool is_member(struct piece members, const char *name)
{
	const char *at = members.at, *end = at + members.len;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		size_t len = (size_t)((comma ? comma : end) - at);

		if (is_word((struct piece){at, len}, name, strlen(name)))
			return true;
		at += len + 1;
	}
	return false;
}

static void find_memberships(const char *group, struct asuser *ret)
{
	struct piece f[GROUP_FIELDS];
	uint32_t gid;

	while (*group && ret->n_groups < ASUSER_GROUPS_MAX)
		if (next_line(&group, f, GROUP_FIELDS) && read_id(f[GROUP_GID], &gid) && gid != ret->gid &&
		    is_member(f[GROUP_MEMBERS], ret->name))
			ret->groups[ret->n_groups++] = gid;
}

int asuser_find(const char *spec, const char *passwd, const char *group, struct asuser *ret)
{
	size_t len = strcspn(spec, ":");

	*ret = (struct asuser){.home = "/"};
	if (len == 0 || !find_account(passwd, (struct piece){spec, len}, ret))
		return -1;
	if (spec[len] == ':')
		return find_group(group, (struct piece){spec + len + 1, strlen(spec + len + 1)}, &ret->gid) ? 0 : -1;
	if (ret->name[0])
		find_memberships(group, ret);
	return 0;
}

/* Programs open /dev/stdout anew, and may not where the pipe or terminal is root's. */
static void give_stdio(uid_t uid)
{
	struct stat st, null;

	for (int fd = 0; fd <= 2; fd++)
		if (fstat(fd, &st) == 0 &&
		    !(stat("/dev/null", &null) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == null.st_rdev))
			(void)!fchown(fd, uid, (gid_t)-1);
}

static int become(const struct asuser *u)
{
	give_stdio(u->uid);
	if (setgroups(u->n_groups, u->groups) < 0 || setgid(u->gid) < 0 || setuid(u->uid) < 0)
		return say_fail("become user %u", (unsigned)u->uid);
	/* Where the image says what HOME is, that has been set already. */
	if (strcmp(getenv("HOME") ? getenv("HOME") : "/root", "/root") == 0)
		setenv("HOME", u->home, 1);
	if (u->name[0]) {
		setenv("USER", u->name, 1);
		setenv("LOGNAME", u->name, 1);
	}
	/* Of root's home, where there was no better place to begin. */
	if (access(".", X_OK) < 0 && chdir(u->home) < 0 && chdir("/") < 0)
		say_fail("find a directory to begin in");
	return 0;
}

int asuser_main(int argc, char **argv)
{
	auto_free char *passwd = file_read("/etc/passwd", ACCOUNTS_MAX, NULL);
	auto_free char *group = file_read("/etc/group", ACCOUNTS_MAX, NULL);
	struct asuser user;

	if (argc < 3) {
		fprintf(stderr, "usage: banger-guest as USER[:GROUP] COMMAND [ARGUMENT...]\n");
		return 2;
	}
	if (asuser_find(argv[1], passwd ? passwd : "", group ? group : "", &user) < 0) {
		say("this machine has no user or group '%s'", argv[1]);
		return 126;
	}
	if (become(&user) < 0)
		return 126;
	execvp(argv[2], argv + 2);
	say_fail("run %s", argv[2]);
	return errno == ENOENT ? 127 : 126;
}
