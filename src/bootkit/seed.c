/* SPDX-License-Identifier: MIT */
/*
 * Unpacking the seed disk (format: wire/seed.h, doc/guest.md). The disk is read twice: at first
 * the small members that tell how to boot, and, once /root is mounted, the files to go there. The
 * second pass streams, so a large file costs no memory.
 */
#include "bootkit/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bootkit/tarball.h"

bool seed_path_is_safe(const char *path)
{
	if (*path == '\0' || *path == '/')
		return false;
	for (const char *part = path; *part;) {
		size_t len = strcspn(part, "/");

		if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		for (size_t i = 0; i < len; i++)
			if ((unsigned char)part[i] < ' ' || part[i] == 0x7f)
				return false;
		part += len + (part[len] == '/');
	}
	return true;
}

/* The part behind prefix, or NULL when name does not begin with it. */
static const char *behind(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(name, prefix, len) == 0 ? name + len : NULL;
}

static int copy_content(struct tarball *t, int to)
{
	char buf[65536];
	ssize_t n;

	while ((n = tarball_read(t, buf, sizeof(buf))) > 0)
		if (fd_write_all(to, buf, (size_t)n) < 0)
			return -1;
	return n < 0 ? -1 : 0;
}

static int write_file(struct tarball *t, const char *path, mode_t mode)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || copy_content(t, fd) < 0)
		return -1;
	return fchmod(fd, mode);
}

static int unpack_member(struct tarball *t, const struct tarball_member *m, const char *directory)
{
	const char *name = behind(m->name, WIRE_SEED_PREFIX);
	char path[TARBALL_NAME_MAX + 64];

	if (m->type != TARBALL_FILE || !name || behind(m->name, WIRE_SEED_FILES))
		return 0;
	if (!seed_path_is_safe(name) || strchr(name, '/') || m->size > WIRE_SEED_MEMBER_MAX) {
		errno = EBADMSG;
		return -1;
	}
	if (path_join(path, sizeof(path), directory, name) < 0)
		return -1;
	return write_file(t, path, 0600);
}

int seed_unpack(const char *device, const char *directory)
{
	auto_fd fd = open(device, O_RDONLY | O_CLOEXEC);
	struct tarball t;
	struct tarball_member m;
	int more;

	if (fd < 0)
		return say_fail("open seed disk %s", device);
	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return say_fail("make %s", directory);
	tarball_init(&t, fd);
	while ((more = tarball_next(&t, &m)) > 0)
		if (unpack_member(&t, &m, directory) < 0)
			return say_fail("seed member '%.80s'", m.name);
	return more < 0 ? say_fail("read seed disk %s", device) : 0;
}

int seed_config(const char *directory, struct config *ret_config)
{
	char path[300], why[128] = "";
	auto_free char *text = NULL;
	size_t len;

	snprintf(path, sizeof(path), "%s/config", directory);
	text = file_read(path, WIRE_SEED_CONFIG_MAX, &len);
	if (!text)
		return say_fail("read %s", path);
	if (config_parse(text, len, ret_config, why, sizeof(why)) < 0) {
		say("seed config: %s", why);
		errno = EBADMSG;
		return -1;
	}
	return 0;
}

static void set_times(const char *path, int64_t mtime)
{
	const struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime}};

	/* A wrong date of a file is not worth a word. */
	(void)utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_directory(const char *path, mode_t mode)
{
	if (dir_make(path) < 0)
		return -1;
	return chmod(path, mode);
}

static int copy_symlink(const char *path, const char *target)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return -1;
	return symlink(target, path);
}

static int copy_member(struct tarball *t, const struct tarball_member *m, const char *path)
{
	if (dir_make_parents(path) < 0)
		return -1;
	switch (m->type) {
	case TARBALL_DIR:
		return copy_directory(path, m->mode);
	case TARBALL_SYMLINK:
		return copy_symlink(path, m->target);
	case TARBALL_FILE:
		/* What stands there may be read-only, a link or busy as a running program. */
		if (unlink(path) < 0 && errno != ENOENT)
			return -1;
		if (write_file(t, path, m->mode) < 0)
			return -1;
		set_times(path, m->mtime);
		return 0;
	default:
		errno = EBADMSG;
		return -1;
	}
}

int seed_copy_files(const char *device, const char *home)
{
	auto_fd fd = open(device, O_RDONLY | O_CLOEXEC);
	struct tarball t;
	struct tarball_member m;
	int more;

	if (fd < 0)
		return say_fail("open seed disk %s", device);
	tarball_init(&t, fd);
	while ((more = tarball_next(&t, &m)) > 0) {
		const char *name = behind(m.name, WIRE_SEED_FILES);
		char path[TARBALL_NAME_MAX + 64];

		if (!name || *name == '\0')
			continue;
		if (!seed_path_is_safe(name))
			say("seed file '%.80s': not a path beneath %s", name, home);
		else if (path_join(path, sizeof(path), home, name) < 0 || copy_member(&t, &m, path) < 0)
			say_fail("seed file '%.80s'", name);
	}
	return more < 0 ? say_fail("read seed disk %s", device) : 0;
}

int seed_make_workdir(const char *directory)
{
	char member[300];
	auto_free char *path = NULL;

	snprintf(member, sizeof(member), "%s/workdir", directory);
	path = file_read(member, WIRE_SEED_MEMBER_MAX, NULL);
	if (!path)
		return errno == ENOENT ? 0 : say_fail("read %s", member);
	if (path[0] == '/' && dir_make(path) == 0)
		return 0;
	if (path[0] == '/' && errno != ENOTDIR)
		return say_fail("make the image's working directory %s", path);
	say("the image's working directory %s is no directory", path);
	errno = ENOTDIR;
	return -1;
}
