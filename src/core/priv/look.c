/* SPDX-License-Identifier: MIT */
/*
 * How a helper would be had (priv_look of priv.h): where it is, whether only root could have changed it, who would start it.
 *
 * "Only root's" is about every directory above it too: who may rename a directory decides what is found in it. A directory
 * with the sticky bit does not count as safe; nothing is installed there.
 */
#include "core/priv/priv.h"

#include "base/i18n.h"

#include <limits.h>
#include <paths.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HELPER_NAME "banger-helper"

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* On the PATH, as base/spawn will look it up. */
static bool is_on_path(const char *name)
{
	const char *path = getenv("PATH");

	for (const char *dir = path ? path : _PATH_DEFPATH; *dir;) {
		size_t n = strcspn(dir, ":");
		auto_free char *full = n ? xasprintf("%.*s/%s", (int)n, dir, name) : NULL;
		if (full && is_program(full))
			return true;
		dir += n + (dir[n] == ':');
	}
	return false;
}

/* `path` is absolute and has no links (realpath). */
static bool is_roots_alone(const char *path)
{
	char part[PATH_MAX];
	struct stat st;

	str_copy(part, sizeof(part), path);
	for (;;) {
		if (lstat(part[0] ? part : "/", &st) < 0 || st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
			return false;
		char *slash = strrchr(part, '/');
		if (!slash)
			return true;
		*slash = '\0';
	}
}

static char *beside_us(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	char *slash = strrchr(self, '/');
	return slash ? xasprintf("%.*s/" HELPER_NAME, (int)(slash - self), self) : NULL;
}

/* NULL when there is none; the caller's. */
static char *find_helper(const char *given)
{
	auto_free char *found = NULL;

	if (given)
		found = xstrdup(given);
	else if (is_program(PKGLIBEXECDIR "/" HELPER_NAME))
		found = xstrdup(PKGLIBEXECDIR "/" HELPER_NAME);
	else
		found = beside_us();
	return found && is_program(found) ? realpath(found, NULL) : NULL;
}

static void look_as_user(struct priv_outlook *ret)
{
	if (is_on_path("sudo"))
		ret->way = PRIV_WAY_SUDO;
	else if (is_on_path("pkexec"))
		ret->way = PRIV_WAY_PKEXEC;
	ret->asks = ret->way == PRIV_WAY_PKEXEC || (ret->way == PRIV_WAY_SUDO && !ret->trusted);
	const char *why = _("neither sudo nor pkexec is installed");
	if (ret->way == PRIV_WAY_SUDO && ret->trusted)
		why = _("sudo starts it, without asking where it is allowed to");
	else if (ret->way == PRIV_WAY_SUDO)
		why = _("sudo starts it and must ask: others than root could have changed the program");
	else if (ret->way == PRIV_WAY_PKEXEC)
		why = _("pkexec starts it and asks");
	str_copy(ret->why, sizeof(ret->why), why);
}

void priv_look(const char *helper, struct priv_outlook *ret)
{
	auto_free char *path = find_helper(helper);

	*ret = (struct priv_outlook){.way = PRIV_WAY_NONE};
	if (!path) {
		str_copy(ret->why, sizeof(ret->why), _("banger-helper is not installed"));
		return;
	}
	str_copy(ret->helper, sizeof(ret->helper), path);
	ret->trusted = is_roots_alone(path);
	if (geteuid() == 0) {
		ret->way = PRIV_WAY_ROOT;
		str_copy(ret->why, sizeof(ret->why), _("this program runs as root"));
		return;
	}
	look_as_user(ret);
}
