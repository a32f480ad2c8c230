/* SPDX-License-Identifier: MIT */
/*
 * The XDG base directories (specification 0.8) with our own overrides in front.
 *
 * The specification wants relative values ignored; we refuse them, because a state directory that silently moves with
 * the working directory loses virtual machines.
 */
#include "base/path.h"

#include "base/fs.h"
#include "base/i18n.h"

#include <assert.h>
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *env_value(const char *name)
{
	const char *v = getenv(name);

	return v && v[0] ? v : NULL;
}

static int put(char *ret, const char *from, const char *base, const char *tail, struct err *e)
{
	if (base[0] != '/') {
		err_set(e, ERR_USAGE, _("%s must be an absolute path, not '%s'"), from, base);
		return err_hint(e, _("Correct or unset %s."), from);
	}
	int n = snprintf(ret, PATHS_MAX, "%s%s", base, tail);
	if (n < 0 || n >= PATHS_MAX)
		return err_set(e, ERR_USAGE, _("the path in %s is too long"), from);
	return 0;
}

static const char *home_dir(void)
{
	const char *home = env_value("HOME");

	if (home)
		return home;
	const struct passwd *pw = getpwuid(getuid());
	return pw && pw->pw_dir ? pw->pw_dir : NULL;
}

int paths_home(char ret[PATHS_MAX], struct err *e)
{
	const char *home = home_dir();

	if (home)
		return put(ret, "HOME", home, "", e);
	err_set(e, ERR_USAGE, _("there is no home directory"));
	return err_hint(e, _("Set HOME."));
}

struct rule {
	const char *override; /* the directory itself */
	const char *xdg;      /* the directory that holds ours */
	const char *fallback; /* below the home directory */
};

static int resolve(const struct rule *r, char *ret, struct err *e)
{
	const char *v;

	if ((v = env_value(r->override)))
		return put(ret, r->override, v, "", e);
	if ((v = env_value(r->xdg)))
		return put(ret, r->xdg, v, "/banger", e);
	if (!(v = home_dir())) {
		err_set(e, ERR_USAGE, _("there is no home directory"));
		return err_hint(e, _("Set HOME or %s."), r->override);
	}
	return put(ret, "HOME", v, r->fallback, e);
}

/* The specification: a directory, the user's own, that nobody else writes to. After su, in a container or in a job of cron
 * the variable often names one of somebody else or none. */
static bool is_own_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022) &&
	       access(path, W_OK | X_OK) == 0;
}

const char *paths_passed_over(void)
{
	const char *v = env_value("XDG_RUNTIME_DIR");

	return v && !env_value("BANGER_RUNTIME_DIR") && !is_own_directory(v) ? v : NULL;
}

int paths_resolve(struct paths *p, struct err *e)
{
	static const struct rule config = {"BANGER_CONFIG_DIR", "XDG_CONFIG_HOME", "/.config/banger"};
	static const struct rule state = {"BANGER_STATE_DIR", "XDG_STATE_HOME", "/.local/state/banger"};
	static const struct rule cache = {"BANGER_CACHE_DIR", "XDG_CACHE_HOME", "/.cache/banger"};
	const char *v;

	p->ssh_key[0] = '\0';
	if (resolve(&config, p->config, e) < 0 || resolve(&state, p->state, e) < 0 || resolve(&cache, p->cache, e) < 0)
		return -1;
	if ((v = env_value("BANGER_RUNTIME_DIR")))
		return put(p->runtime, "BANGER_RUNTIME_DIR", v, "", e);
	if ((v = env_value("XDG_RUNTIME_DIR")) && (v[0] != '/' || !paths_passed_over()))
		return put(p->runtime, "XDG_RUNTIME_DIR", v, "/banger", e);
	snprintf(p->runtime, sizeof(p->runtime), "/tmp/banger-runtime-%u", (unsigned int)geteuid());
	return 0;
}

/* Sockets live here. In /tmp anybody may have made the name before us: as a link, or as a directory of theirs. */
static int check_private(const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_sys(e, errno, _("look at '%s'"), path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 07777) != 0700) {
		err_set(e, ERR_PERM, _("'%s' is not a private directory of yours (mode 0700, no link)"), path);
		return err_hint(e, _("Remove it, or set BANGER_RUNTIME_DIR to a directory with mode 0700."));
	}
	return 0;
}

int paths_make(const struct paths *p, struct err *e)
{
	if (fs_mkdir_p(p->config, 0700, e) < 0 || fs_mkdir_p(p->state, 0700, e) < 0 ||
	    fs_mkdir_p(p->cache, 0700, e) < 0 || fs_mkdir_p(p->runtime, 0700, e) < 0)
		return -1;
	return check_private(p->runtime, e);
}

char *path_join(char *buf, size_t size, const char *dir, const char *fmt, ...)
{
	va_list ap;
	size_t n = strlen(dir);

	assert(n + 1 < size);
	memcpy(buf, dir, n);
	buf[n++] = '/';
	va_start(ap, fmt);
	int m = vsnprintf(buf + n, size - n, fmt, ap);
	va_end(ap);
	assert(m >= 0 && (size_t)m < size - n);
	(void)m;
	return buf;
}

char *path_tidy(char *path)
{
	char *out = path;

	assert(path[0] == '/');
	for (const char *in = path; *in;) {
		in += strspn(in, "/");
		size_t n = strcspn(in, "/");

		if (n == 2 && memcmp(in, "..", 2) == 0) {
			while (out > path && *--out != '/')
				;
		} else if (n > 0 && !(n == 1 && *in == '.')) {
			*out++ = '/';
			memmove(out, in, n);
			out += n;
		}
		in += n;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
	return path;
}
