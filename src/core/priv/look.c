/* SPDX-License-Identifier: MIT */
/*
 * How a helper would be had (priv_look of priv.h): where it is, whether only root could have changed it, who would start it.
 *
 * "Only root's" is about every directory above it too: who may rename a directory decides what is found in it. A directory
 * with the sticky bit does not count as safe; nothing is installed there.
 */
#include "core/priv/priv.h"

#include "base/i18n.h"
#include "base/program.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HELPER_NAME "banger-helper"

/* As base/spawn will look it up. */
static bool is_on_path(const char *name)
{
	auto_free char *found = program_on_path(name);

	return found != NULL;
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

/* NULL when there is none; the caller's. */
static char *find_helper(const char *given)
{
	char found[PATHS_MAX];

	if (given ? !program_is(given) : !program_ours(HELPER_NAME, PROGRAM_INSTALLED_FIRST, found))
		return NULL;
	return realpath(given ? given : found, NULL);
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
