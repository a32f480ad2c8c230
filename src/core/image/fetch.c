/* SPDX-License-Identifier: MIT */
/*
 * mmdebstrap in its extracting use, then the in-process reader. A kernel and the boot kit come in one run: most of the time
 * goes into reading package lists.
 */
#include "core/image/fetch.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "core/image/mmdebstrap.h"
#include "core/image/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int run_into(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, bool with_kit,
		    const char *tar, struct err *e)
{
	size_t own = entry->n_packages, all = own + (with_kit ? kit_n_packages : 0);
	auto_free char(*packages)[CATALOG_WORD_SIZE] = xcalloc(MAX(all, 1), sizeof(*packages));
	auto_fd fd = open(tar, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct mmdebstrap_args a = {
		.use = MMDEBSTRAP_EXTRACT,
		.suite = entry->suite,
		.components = entry->components,
		.packages = (const char(*)[CATALOG_WORD_SIZE])packages,
		.n_packages = all,
		.mirror = ctx->mirror,
		.out_fd = fd,
	};

	if (fd < 0)
		return err_sys(e, errno, _("cannot create %s"), tar);
	if (own > 0)
		memcpy(packages, entry->packages, own * sizeof(*packages));
	if (with_kit)
		memcpy(packages + own, kit_packages, kit_n_packages * sizeof(*packages));
	return mmdebstrap_run(op, &a, e);
}

int fetch_tree(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, bool with_kit,
	       const struct unpack_rule *const *tables, const char *scratch, struct err *e)
{
	char tar[PATHS_MAX], tree[PATHS_MAX];
	int rc;

	path_join(tar, sizeof(tar), scratch, "packages.tar");
	path_join(tree, sizeof(tree), scratch, "tree");
	rc = run_into(op, ctx, entry, with_kit, tar, e);
	if (rc == 0) {
		op_stage(op, N_("unpack packages"));
		rc = unpack_tar(op, tar, tables, tree, e);
	}
	(void)unlink(tar);
	return rc;
}

int fetch_kit(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, const char *scratch,
	      struct kit *ret, struct err *e)
{
	const struct unpack_rule *const tables[] = {kit_rules, NULL};
	struct catalog_entry kit_only = *entry;
	char tree[PATHS_MAX];
	int rc;

	if (kit_find(ctx->paths->cache, ret, NULL) == 0)
		return 0;
	kit_only.n_packages = 0;
	path_join(tree, sizeof(tree), scratch, "tree");
	rc = fetch_tree(op, ctx, &kit_only, true, tables, scratch, e);
	if (rc == 0)
		rc = kit_assemble(ctx->paths->cache, tree, ret, e);
	(void)!fs_remove_tree(tree, NULL);
	return rc < 0 ? err_wrap(e, _("fetch the boot kit")) : 0;
}
