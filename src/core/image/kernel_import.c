/* SPDX-License-Identifier: MIT */
/*
 * A kernel of a person's: a bzImage or an ELF, and the directory of its modules. Both are read and copied, never changed.
 *
 * That the two belong together is seen by the release: the kernel says its own, the modules' directory is named by it, and what the boot
 * kit loads of them is looked at once more when all is laid out (kernel_fetch.c).
 */
#include "core/image/kernel_priv.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "core/image/modcopy.h"
#include "core/image/vmlinux.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int check_arch(struct err *e)
{
	if (strcmp(catalog_arch(), "amd64") == 0)
		return 0;
	return err_set(e, ERR_USAGE, _("kernels are imported for x86-64 alone, and this host is %s"), catalog_arch());
}

/* Read once: what is looked into is what is kept. */
static int take_kernel(struct op *op, struct kernel_site *s, const struct kernel_source *src, struct vmlinux_info *info, struct err *e)
{
	auto_buf file = {0};
	char to[PATHS_MAX];

	op_stage(op, N_("check kernel"));
	if (vmlinux_read(src->path, &file, e) < 0)
		return -1;
	if (vmlinux_look(op, &file, VMLINUX_UNPACKED_MAX, info, e) < 0)
		return err_wrap(e, "%s", src->what);
	path_join(to, sizeof(to), s->staging, "%s", KERNEL_VMLINUZ);
	digest_data(file.data, file.len, s->built->digest);
	str_copy(s->built->release, sizeof(s->built->release), info->release);
	s->built->firecracker_only = info->elf && !info->pvh;
	return fs_write_atomic(to, file.data, file.len, 0600, e);
}

static int take_modules(struct op *op, struct kernel_site *s, const char *dir, struct err *e)
{
	const char *release = s->built->release;
	char from[PATHS_MAX], to[PATHS_MAX];
	const char *slash;

	path_join(to, sizeof(to), s->tree, "lib/modules/%s", release);
	if (!dir) {
		s->no_modules = true;
		return fs_mkdir_p(to, 0700, e);
	}
	if (modcopy_find(dir, release, from, e) < 0)
		return -1;
	slash = strrchr(from, '/');
	s->unnamed = strcmp(slash ? slash + 1 : from, release) != 0;
	op_stage(op, N_("copy modules"));
	return modcopy(op, from, to, e);
}

int kernel_lay(struct op *op, struct kernel_site *s, const struct kernel_source *src, struct err *e)
{
	auto_call(vmlinux_info_done) struct vmlinux_info info = {0};

	if (check_arch(e) < 0 || take_kernel(op, s, src, &info, e) < 0 || take_modules(op, s, src->modules, e) < 0)
		return -1;
	s->config = info.config;
	s->drivers = info.drivers;
	info.config = info.drivers = (struct buf){0};
	return 0;
}

/* Nothing is waited for at a pipe, and nothing endless read. */
static int check_is_file(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(e, errno, _("open %s"), path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, _("%s is no file"), path);
	if (st.st_size == 0)
		return err_set(e, ERR_PROTO, _("%s is empty"), path);
	return 0;
}

int kernel_lay_import(struct op *op, struct kernel_site *s, struct err *e)
{
	struct kernel_source src = {s->entry->path, s->entry->path, s->entry->modules};
	bool is_bundle;

	if (check_is_file(s->entry->path, e) < 0)
		return -1;
	if (kernel_lay_bundle_file(op, s, &is_bundle, e) < 0)
		return -1;
	return is_bundle ? 0 : kernel_lay(op, s, &src, e);
}

int kernel_lay_host(struct op *op, struct kernel_site *s, struct err *e)
{
	struct kernel_host h;
	struct kernel_source src = {h.vmlinuz, h.vmlinuz, h.modules};
	char release[KERNEL_RELEASE_SIZE];

	kernel_host_release(release);
	if (kernel_host_find("", release, &h, e) < 0)
		return -1;
	return kernel_lay(op, s, &src, e);
}
