/* SPDX-License-Identifier: MIT */
/*
 * A kernel of a bundle (bundle.h): its members are put into the staging directory, its modules unpacked there, and from then on it is
 * a kernel of files like a person's. What the manifest says of the release is what kernel and modules have to be.
 */
#include "core/image/kernel_priv.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "core/image/bundle.h"
#include "core/image/modcopy.h"
#include "core/image/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static const struct unpack_rule everything[] = {{"*", true}, {NULL, false}};

static int lay_parts(struct op *op, struct kernel_site *s, const struct bundle_unpack_args *a, const struct bundle *b, struct err *e)
{
	const struct unpack_rule *const tables[] = {everything, NULL};
	auto_free char *kernel = xasprintf("%s/%s", a->dir, b->parts[BUNDLE_VMLINUZ]);
	auto_free char *tar = xasprintf("%s/%s", a->dir, b->parts[BUNDLE_MODULES]);
	auto_free char *tree = xasprintf("%s/modules", a->dir);
	char modules[PATHS_MAX];
	struct kernel_source src = {.path = kernel, .what = b->parts[BUNDLE_VMLINUZ], .modules = modules};

	op_stage(op, N_("unpack modules"));
	if (unpack_tar(op, tar, tables, tree, e) < 0)
		return -1;
	if (modcopy_find(tree, b->release, modules, NULL) < 0)
		return err_set(e, ERR_PROTO, _("%s holds no modules of kernel %s"), b->parts[BUNDLE_MODULES], b->release);
	if (kernel_lay(op, s, &src, e) < 0)
		return -1;
	if (strcmp(b->release, s->built->release) != 0)
		return err_set(e, ERR_PROTO, _("its manifest says kernel %s, and the kernel is %s"), b->release, s->built->release);
	return 0;
}

/* The descriptor is at the bundle's beginning. */
static int lay_from(struct op *op, struct kernel_site *s, int fd, const char *what, struct err *e)
{
	char dir[PATHS_MAX];
	struct bundle_unpack_args a = {.fd = fd, .what = what, .kind = BUNDLE_KERNEL, .dir = dir};
	struct bundle b;
	int rc;

	path_join(dir, sizeof(dir), s->staging, "bundle");
	if (fs_mkdir_p(dir, 0700, e) < 0 || bundle_unpack(op, &a, &b, e) < 0)
		return -1;
	rc = lay_parts(op, s, &a, &b, e);
	if (rc < 0)
		return err_wrap(e, "%s", what);
	return fs_remove_tree(dir, e);
}

int kernel_lay_bundle(struct op *op, struct kernel_site *s, struct err *e)
{
	struct bundle_source src = {s->entry->url, s->entry->sha256, s->entry->size};
	auto_fd fd = bundle_fetch(op, s->ctx, &src, e);

	return fd < 0 ? -1 : lay_from(op, s, fd, s->entry->url, e);
}

int kernel_lay_bundle_file(struct op *op, struct kernel_site *s, bool *ret_is_one, struct err *e)
{
	const char *path = s->entry->path;
	auto_fd fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	*ret_is_one = fd >= 0 && bundle_is_one(op, fd, path, NULL) == 1;
	if (!*ret_is_one)
		return op_check(op, e);
	if (s->entry->modules)
		return err_set(e, ERR_USAGE, _("%s is a bundle, which brings its modules along"), path);
	return lay_from(op, s, fd, path, e);
}
