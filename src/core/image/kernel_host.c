/* SPDX-License-Identifier: MIT */
/*
 * Where distributions put the kernel that runs: /boot/vmlinuz-<release> (Debian, Fedora, SUSE), or beside its modules (Fedora, Arch).
 */
#include "core/image/kernel_priv.h"

#include "base/i18n.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/* %s: the release. */
static const char *const kernels[] = {"boot/vmlinuz-", "lib/modules/", "usr/lib/modules/"};
static const char *const ends[] = {"", "/vmlinuz", "/vmlinuz"};
static const char *const modules[] = {"lib/modules", "usr/lib/modules"};

void kernel_host_release(char ret[KERNEL_RELEASE_SIZE])
{
	struct utsname u;

	str_copy(ret, KERNEL_RELEASE_SIZE, uname(&u) == 0 ? u.release : "");
}

static int find_vmlinuz(const char *root, const char *release, char ret[PATHS_MAX], struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(kernels); i++) {
		path_join(ret, PATHS_MAX, root, "%s%s%s", kernels[i], release, ends[i]);
		if (faccessat(AT_FDCWD, ret, R_OK, AT_EACCESS) == 0)
			return 0;
		if (errno != EACCES)
			continue;
		err_sys(e, errno, _("the running kernel cannot be read: %s"), ret);
		return err_hint(e, _("some distributions keep it for root alone; sudo chmod a+r %s"), ret);
	}
	err_set(e, ERR_NOT_FOUND, _("the running kernel %s is not installed here: there is neither %s/boot/vmlinuz-%s nor %s/lib/modules/%s/vmlinuz"),
		release, root, release, root, release);
	return err_hint(e, _("banger-tui kernel pull debian fetches one; kernel import takes a file"));
}

static int find_modules(const char *root, const char *release, char ret[PATHS_MAX], struct err *e)
{
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		if (stat(path_join(ret, PATHS_MAX, root, "%s/%s", modules[i], release), &st) == 0 && S_ISDIR(st.st_mode))
			return 0;
	err_set(e, ERR_NOT_FOUND, _("the running kernel's modules are not here: there is no directory %s/lib/modules/%s"), root, release);
	return err_hint(e, _("a kernel upgraded since the last boot may have taken them away: boot again"));
}

int kernel_host_find(const char *root, const char *release, struct kernel_host *ret, struct err *e)
{
	if (find_vmlinuz(root, release, ret->vmlinuz, e) < 0)
		return -1;
	return find_modules(root, release, ret->modules, e);
}
