/* SPDX-License-Identifier: MIT */
/*
 * The root of dropbear. It asks the C library for root's passwd entry, looks the shell up in
 * /etc/shells and reads ~/.ssh/authorized_keys with strict owners: in a root of our own all of
 * that is ours, and no image can have it otherwise. The login shell leaves for the machine's own
 * namespace (login.c).
 *
 * Trees are cloned by descriptor (open_tree) before the namespace is split, and hung in afterwards
 * (move_mount): paths would not do, because an image may have mounted over /run.
 */
#include "bootkit/sshroot.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bootkit/paths.h"
#include "wire/seed.h"

/* Not every libc that this is built with declares the mount API of Linux 5.2; values: linux/mount.h */
#define TREE_CLONE 1
#define TREE_RECURSIVE 0x8000
#define MOVE_FROM_EMPTY_PATH 0x4

static int tree_clone(int dir, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir, path, TREE_CLONE | O_CLOEXEC | flags);
}

static int tree_attach(int tree, const char *target)
{
	return (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_FROM_EMPTY_PATH);
}

static int copy_member(const char *name, const char *to)
{
	char path[128];
	auto_free char *text = NULL;
	size_t len;

	snprintf(path, sizeof(path), KIT_SEED "/%s", name);
	text = file_read(path, WIRE_SEED_MEMBER_MAX, &len);
	if (!text || file_write(to, 0600, text, len) < 0)
		return say_fail("seed member %s", name);
	return 0;
}

static int write_etc(void)
{
	static const struct {
		const char *path, *text;
	} files[] = {
		{KIT_SSHROOT "/etc/passwd", "root:*:0:0:root:/root:/bin/" LOGIN_NAME "\n"},
		{KIT_SSHROOT "/etc/group", "root:*:0:\ntty:*:5:\n"},
		{KIT_SSHROOT "/etc/shells", "/bin/" LOGIN_NAME "\n"},
		{KIT_SSHROOT "/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (file_put(files[i].path, 0644, files[i].text) < 0)
			return say_fail("write %s", files[i].path);
	return 0;
}

int sshroot_prepare(void)
{
	static const char *const directories[] = {"/etc", "/bin", "/dev", "/proc", "/tmp", "/root/.ssh", KIT_DIR};

	for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
		char path[128];

		snprintf(path, sizeof(path), KIT_SSHROOT "%s", directories[i]);
		if (dir_make(path) < 0)
			return say_fail("make %s", path);
	}
	if (chmod(KIT_SSHROOT "/root", 0700) < 0 || chmod(KIT_SSHROOT "/root/.ssh", 0700) < 0)
		return say_fail("protect the home of the login");
	if (symlink(KIT_GUEST, KIT_SSHROOT "/bin/" LOGIN_NAME) < 0 && errno != EEXIST)
		return say_fail("link the login shell");
	if (write_etc() < 0 || copy_member("authorized_keys", KIT_SSHROOT "/root/.ssh/authorized_keys") < 0 ||
	    copy_member("dropbear_ed25519_host_key", KIT_SSHROOT "/etc/host_key") < 0)
		return -1;
	/* Only forwarding to names needs these. */
	(void)copy_member("hosts", KIT_SSHROOT "/etc/hosts");
	(void)copy_member("resolv.conf", KIT_SSHROOT "/etc/resolv.conf");
	return 0;
}

void sshroot_uncover(int kit_run)
{
	struct stat held, seen;
	auto_fd tree = -1;

	if (fstatat(kit_run, "boot_id", &held, 0) < 0)
		return;
	if (stat(KIT_BOOT_ID, &seen) == 0 && seen.st_dev == held.st_dev && seen.st_ino == held.st_ino)
		return;
	tree = tree_clone(kit_run, "", TREE_RECURSIVE | AT_EMPTY_PATH);
	if (tree < 0 || dir_make(KIT_RUN) < 0 || tree_attach(tree, KIT_RUN) < 0)
		say_fail("hang the kit back at %s", KIT_RUN);
}

int sshroot_enter(int kit_run)
{
	auto_fd root = tree_clone(kit_run, "sshroot", 0);
	auto_fd kit = tree_clone(kit_run, "kit", 0);
	auto_fd dev = tree_clone(AT_FDCWD, "/dev", TREE_RECURSIVE);
	auto_fd proc = tree_clone(AT_FDCWD, "/proc", 0);
	auto_fd tmp = tree_clone(AT_FDCWD, "/tmp", 0);

	if (root < 0 || kit < 0 || dev < 0 || proc < 0)
		return say_fail("clone the login's root");
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return say_fail("split the mount namespace");
	if (tree_attach(root, "/") < 0 || fchdir(root) < 0)
		return say_fail("hang in the login's root");
	/* A clone is a peer of its source once systemd has shared all: what is mounted here would show there. */
	if (mount(NULL, ".", NULL, MS_PRIVATE, NULL) < 0)
		return say_fail("keep the login's root private");
	if (tree_attach(kit, "." KIT_DIR) < 0 || tree_attach(dev, "./dev") < 0 || tree_attach(proc, "./proc") < 0)
		return say_fail("fill the login's root");
	/* Sockets of a forwarded agent are made here; without it only that does not work. */
	if (tmp >= 0 && tree_attach(tmp, "./tmp") < 0)
		say_fail("share /tmp with the login");
	/* The machine's mounts go, or an unmount inside it would leave them busy here (pivot_root(2)). */
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return say_fail("change to the login's root");
	return 0;
}
