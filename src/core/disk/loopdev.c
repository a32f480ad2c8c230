/* SPDX-License-Identifier: MIT */
/*
 * Loop devices: see loopdev.h.
 *
 * A free device is asked for (LOOP_CTL_GET_FREE) and then taken; in between somebody else may take it, which shows as EBUSY,
 * or remove it (ENXIO, ENOENT): then the next one is tried. LOOP_CONFIGURE (Linux 5.8) sets file and flags in one step, so
 * that nobody ever sees the device without them; older kernels take two.
 */
#include "core/disk/loopdev.h"

#include "base/fd.h"
#include "base/i18n.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define RACE_PAUSE_MS 2
#define STATUS_TRIES 64

static struct loop_info64 info_of(const struct loopdev_args *a)
{
	struct loop_info64 info = {.lo_flags = LO_FLAGS_AUTOCLEAR};

	if (a->read_only)
		info.lo_flags |= LO_FLAGS_READ_ONLY;
	if (a->direct)
		info.lo_flags |= LO_FLAGS_DIRECT_IO;
	str_copy((char *)info.lo_file_name, sizeof(info.lo_file_name), a->name);
	return info;
}

/* Two steps: file, then flags. 0 or an errno. */
static int configure_old(int dev, const struct loopdev_args *a)
{
	struct loop_info64 info = info_of(a);
	int sys = 0;

	info.lo_flags &= LO_FLAGS_AUTOCLEAR; /* what LOOP_SET_STATUS64 may set; read-only is how the device was opened */
	if (ioctl(dev, LOOP_SET_FD, a->fd) < 0)
		return errno;
	/* EAGAIN: pages of the device's former life are being dropped. */
	for (int i = 0; i < STATUS_TRIES; i++) {
		if (ioctl(dev, LOOP_SET_STATUS64, &info) == 0) {
			if (a->direct)
				(void)ioctl(dev, LOOP_SET_DIRECT_IO, 1UL); /* slower without, not wrong */
			return 0;
		}
		sys = errno;
		if (sys != EAGAIN)
			break;
	}
	(void)ioctl(dev, LOOP_CLR_FD, 0);
	return sys;
}

/* 0 or an errno. */
static int configure(int dev, const struct loopdev_args *a)
{
	struct loop_config conf = {.fd = (__u32)a->fd, .info = info_of(a)};

	if (ioctl(dev, LOOP_CONFIGURE, &conf) == 0)
		return 0;
	return errno == EINVAL || errno == ENOTTY || errno == ENOSYS ? configure_old(dev, a) : errno;
}

static int open_control(int *ret, struct err *e)
{
	*ret = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (*ret >= 0)
		return 0;
	if (errno != ENOENT && errno != ENODEV && errno != ENXIO)
		return err_sys(e, errno, _("open %s"), "/dev/loop-control");
	err_set(e, ERR_MISSING, _("this kernel has no loop devices"));
	return err_hint(e, _("load the module: modprobe loop"));
}

static bool is_lost_race(int sys)
{
	return sys == EBUSY || sys == ENXIO || sys == ENOENT || sys == ENODEV || sys == EAGAIN;
}

/* 0 with path and *ret_fd, else an errno. */
static int try_attach(int control, const struct loopdev_args *a, char ret_path[LOOPDEV_PATH_SIZE], int *ret_fd)
{
	int n = ioctl(control, LOOP_CTL_GET_FREE);
	auto_fd dev = -1;
	int sys;

	if (n < 0)
		return errno;
	snprintf(ret_path, LOOPDEV_PATH_SIZE, "/dev/loop%d", n);
	dev = open(ret_path, (a->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (dev < 0)
		return errno;
	sys = configure(dev, a);
	if (sys == 0)
		*ret_fd = TAKE_FD(dev);
	return sys;
}

int loopdev_attach(struct op *op, const struct loopdev_args *a, char ret_path[LOOPDEV_PATH_SIZE], int *ret_fd, struct err *e)
{
	auto_fd control = -1;

	if (strlen(a->name) >= LOOPDEV_NAME_SIZE)
		return err_set(e, ERR_USAGE, _("'%s' is too long"), a->name);
	if (open_control(&control, e) < 0)
		return -1;
	for (;;) {
		int sys = try_attach(control, a, ret_path, ret_fd);

		if (sys == 0)
			return 0;
		if (!is_lost_race(sys))
			return err_sys(e, sys, _("attach a loop device to '%s'"), a->name);
		if (op_sleep(op, RACE_PAUSE_MS, e) < 0)
			return err_wrap(e, _("attach a loop device to '%s'"), a->name);
	}
}

/* Who the device behind `path` says it is. False when it has no file, or is gone. */
static bool name_of(const char *path, char ret[LOOPDEV_NAME_SIZE], int *ret_sys)
{
	auto_fd dev = open(path, O_RDONLY | O_CLOEXEC);
	struct loop_info64 info = {0};

	*ret_sys = 0;
	if (dev >= 0 && ioctl(dev, LOOP_GET_STATUS64, &info) == 0) {
		info.lo_file_name[LO_NAME_SIZE - 1] = '\0';
		str_copy(ret, LOOPDEV_NAME_SIZE, (const char *)info.lo_file_name);
		return true;
	}
	if (errno != ENXIO && errno != ENOENT && errno != ENODEV)
		*ret_sys = errno;
	return false;
}

bool loopdev_is(const char *path, const char *name)
{
	char has[LOOPDEV_NAME_SIZE];
	int sys;

	return name_of(path, has, &sys) && strcmp(has, name) == 0;
}

int loopdev_each(const char *prefix, void (*fn)(void *arg, const char *path, const char *name), void *arg, struct err *e)
{
	DIR *dir = opendir("/sys/block");
	struct err all = {0};
	struct dirent *d;

	if (!dir)
		return err_sys(e, errno, _("open %s"), "/sys/block");
	while ((d = readdir(dir))) {
		char path[LOOPDEV_PATH_SIZE], name[LOOPDEV_NAME_SIZE], attached[LOOPDEV_PATH_SIZE];
		size_t len = strlen(d->d_name);
		struct err one = {0};
		int sys;

		if (strncmp(d->d_name, "loop", 4) != 0 || len < 5 || len > 14 || strspn(d->d_name + 4, "0123456789") != len - 4)
			continue;
		/* Only those in use have this directory: the others need not be opened. */
		snprintf(attached, sizeof(attached), "%s/loop", d->d_name);
		if (faccessat(dirfd(dir), attached, F_OK, 0) < 0)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", d->d_name);
		if (name_of(path, name, &sys)) {
			if (strncmp(name, prefix, strlen(prefix)) == 0)
				fn(arg, path, name);
		} else if (sys) {
			err_sys(&one, sys, _("open %s"), path);
			err_join(&all, &one);
		}
	}
	closedir(dir);
	return err_is_set(&all) ? err_join(e, &all) : 0;
}

struct detach {
	const char *name;
	struct err err;
};

static void detach_one(void *arg, const char *path, const char *name)
{
	struct detach *d = arg;
	struct err one = {0};
	int dev, sys = 0;

	if (strcmp(name, d->name) != 0)
		return;
	dev = open(path, O_RDONLY | O_CLOEXEC);
	if (dev < 0 || ioctl(dev, LOOP_CLR_FD, 0) < 0)
		sys = errno;
	fd_close(&dev);
	if (sys && sys != ENXIO && sys != ENOENT && sys != ENODEV && sys != EBUSY) {
		err_sys(&one, sys, _("detach %s"), path);
		err_join(&d->err, &one);
		return;
	}
	/* In use it is only marked, and the call succeeds all the same: look again. */
	if (loopdev_is(path, d->name)) {
		err_set(&one, ERR_BUSY, _("%s (%s) is in use"), path, name);
		err_join(&d->err, &one);
	}
}

int loopdev_detach(const char *name, struct err *e)
{
	struct detach d = {.name = name};
	struct err one = {0};

	if (loopdev_each(name, detach_one, &d, &one) < 0)
		err_join(&d.err, &one);
	return err_is_set(&d.err) ? err_join(e, &d.err) : 0;
}
