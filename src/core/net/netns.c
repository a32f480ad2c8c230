/* SPDX-License-Identifier: MIT */
/*
 * See netns.h. One process may write its own maps, if they hold its own ids and nothing else, and after it has given up
 * setgroups(2) (user_namespaces(7), "Defining user and group ID mappings"): so no helper with rights is needed.
 *
 * It is mapped to 0 because slirp4netns' sandbox wants to be root in the namespace.
 */
#include "core/net/netns.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static int put(const char *path, const char *text, struct err *e)
{
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_sys(e, errno, "%s", path);
	return 0;
}

static int map_ids(uid_t uid, gid_t gid, struct err *e)
{
	char text[32];

	snprintf(text, sizeof(text), "0 %u 1", (unsigned)uid);
	if (put("/proc/self/uid_map", text, e) < 0 || put("/proc/self/setgroups", "deny", e) < 0)
		return -1;
	snprintf(text, sizeof(text), "0 %u 1", (unsigned)gid);
	return put("/proc/self/gid_map", text, e);
}

static int forbidden(int sys, struct err *e)
{
	char mend[160];

	/* ENOSPC is the limit on their number, EINVAL a kernel without them (unshare(2)). */
	if (sys == ENOSPC)
		err_set(e, ERR_PERM, _("this host has no user namespaces left to give"));
	else if (sys == EINVAL)
		err_set(e, ERR_MISSING, _("the kernel has no user or network namespaces"));
	else
		err_sys(e, sys, _("make a user and network namespace"));
	return netns_mend("/proc/sys", mend, sizeof(mend)) ? err_hint(e, "%s", mend) : -1;
}

int netns_unshare(struct err *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return forbidden(errno, e);
	return map_ids(uid, gid, e);
}

int netns_open(int *ret_user, int *ret_net, struct err *e)
{
	auto_fd user = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	auto_fd net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (user < 0 || net < 0)
		return err_sys(e, errno, "/proc/self/ns");
	*ret_user = TAKE_FD(user);
	*ret_net = TAKE_FD(net);
	return 0;
}

int netns_join(int user, int net, struct err *e)
{
	/* The user namespace first: it gives the right to enter the other. */
	if (setns(user, CLONE_NEWUSER) < 0 || setns(net, CLONE_NEWNET) < 0)
		return err_sys(e, errno, _("enter the machine's network namespace"));
	return 0;
}

int netns_drop_rights(struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	/* The bounding set keeps execve(2) from giving root's rights back. EINVAL: past the last one this kernel has. */
	for (int cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			return err_sys(e, errno, "PR_CAPBSET_DROP");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(e, errno, "PR_CAP_AMBIENT");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "PR_SET_NO_NEW_PRIVS");
	return syscall(SYS_capset, &head, none) < 0 ? err_sys(e, errno, "capset") : 0;
}

/* Debian and Arch (and kernels of theirs), all kernels, Ubuntu from 23.10. */
static const struct {
	const char *key;
	char off; /* first character of the value that forbids it */
	const char *mend;
} settings[] = {
	{"kernel/unprivileged_userns_clone", '0', "sudo sysctl -w kernel.unprivileged_userns_clone=1"},
	{"user/max_user_namespaces", '0', "sudo sysctl -w user.max_user_namespaces=15000"},
	{"user/max_net_namespaces", '0', "sudo sysctl -w user.max_net_namespaces=15000"},
	{"kernel/apparmor_restrict_unprivileged_userns", '1', "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
};

bool netns_mend(const char *sys, char *ret, size_t size)
{
	char path[PATHS_MAX];

	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		auto_buf value = {0};
		path_join(path, sizeof(path), sys, "%s", settings[i].key);
		if (fs_read_file(path, 64, &value, NULL) == 0 && value.len && value.data[0] == settings[i].off) {
			str_copy(ret, size, settings[i].mend);
			return true;
		}
	}
	return false;
}
