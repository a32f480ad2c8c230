/* SPDX-License-Identifier: MIT */
/*
 * Layers are named bottom first in a manifest and unpacked top first: `from_top` and the index in the manifest are told apart by name.
 * A layer's descriptor is kept once it was waited for, because layers may be read more than once.
 */
#include "core/image/oci.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "core/image/layers.h"
#include "core/model/size.h"
#include "core/oci/fetch.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct build {
	struct op *op;
	const struct image_ctx *ctx;
	struct oci_registry registry;
	struct oci_image image;
	struct blob_cache cache;
	struct oci_fetch *fetch;
	struct layer *layers; /* from the top */
	char (*names)[32];    /* theirs */
	int *fds;	      /* of each, once it is there; -1 */
	size_t n;
	size_t unpacked; /* layers, from the top, that were read; the next one is being read once it is there */
	bool writing;	 /* all are there */
	bool cache_is_full;
	uint64_t written; /* of the image, when there was no more room */
};

static void build_done(struct build *b)
{
	op_parts(b->op, NULL, NULL);
	oci_fetch_end(b->fetch);
	for (size_t i = 0; b->fds && i < b->n; i++)
		fd_close(&b->fds[i]);
	free(b->fds);
	free(b->names);
	free(b->layers);
	blob_cache_close(&b->cache);
	oci_image_done(&b->image);
	oci_registry_done(&b->registry);
}

/* GOARCH's name of this machine's architecture: Debian's, where both are known here. */
static int check_platform(const struct build *b, struct err *e)
{
	const struct oci_config *c = &b->image.config;

	if (strcmp(c->os, "linux") == 0 && strcmp(c->architecture, catalog_arch()) == 0)
		return 0;
	return err_set(e, ERR_NOT_FOUND, _("it is for %s/%s, and this machine is linux/%s"), c->os, c->architecture,
		       catalog_arch());
}

static int check_space(const char *dir, uint64_t need, struct err *e)
{
	char needs[SIZE_TEXT], has[SIZE_TEXT];
	uint64_t avail, total;

	if (fs_space(dir, &avail, &total, e) < 0)
		return -1;
	if (avail >= need)
		return 0;
	return err_set(e, ERR_SPACE, _("no room in %s: about %s needed, %s free"), dir, size_human(need, needs), size_human(avail, has));
}

static int hint_cache(struct err *e)
{
	return err_hint(e, _("`banger-tui image prune` empties the cache of layers"));
}

/* Bytes of layers that the cache does not have; the same one may be listed more than once. */
static uint64_t missing_bytes(const struct build *b)
{
	const struct oci_manifest *m = &b->image.manifest;
	uint64_t missing = 0;

	for (size_t i = 0; i < m->n_layers; i++) {
		size_t first = 0;

		while (strcmp(m->layers[first].hex, m->layers[i].hex) != 0)
			first++;
		if (first == i)
			missing += m->layers[i].size - MIN(m->layers[i].size, blob_have(&b->cache, m->layers[i].hex));
	}
	return missing;
}

/* What certainly cannot fit is not fetched first. What the image will need is not known before it is unpacked: layers are compressed well
 * or not at all, and upper ones may hide all of the lower. */
static int check_room(const struct build *b, struct err *e)
{
	return check_space(b->ctx->paths->cache, missing_bytes(b), e) < 0 ? hint_cache(e) : 0;
}

static bool same_disk(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev;
}

/* There was no more room, midway: where, and what is known of the need. What had been written of the image is gone by now. */
static void explain_room(const struct build *b, struct err *e)
{
	const struct paths *p = b->ctx->paths;
	const char *dir = b->cache_is_full ? p->cache : p->state;
	bool both = same_disk(p->cache, p->state);
	uint64_t need = (b->cache_is_full || both ? missing_bytes(b) : 0) + (!b->cache_is_full || both ? b->written : 0), avail, total;
	char needs[SIZE_TEXT], has[SIZE_TEXT];

	if (e->code != ERR_SPACE || fs_space(dir, &avail, &total, NULL) < 0)
		return;
	err_clear(e);
	err_set(e, ERR_SPACE, _("no room in %s: more than %s needed, %s free"), dir, size_human(need, needs), size_human(avail, has));
	if (b->cache_is_full)
		hint_cache(e);
}

static int resolve(struct build *b, const struct catalog_entry *entry, struct err *e)
{
	struct oci_ref ref;

	op_stage(b->op, N_("ask registry"));
	if (oci_ref_parse(entry->reference, &ref, e) < 0 || oci_registry_open(b->op, b->ctx->oci, &ref, &b->registry, e) < 0 ||
	    oci_resolve(b->op, &b->registry, catalog_arch(), &b->image, e) < 0)
		return -1;
	return check_platform(b, e);
}

static void list_layers(struct build *b)
{
	const struct oci_manifest *m = &b->image.manifest;

	b->n = m->n_layers;
	b->layers = xcalloc(b->n + 1, sizeof(*b->layers));
	b->names = xcalloc(b->n + 1, sizeof(*b->names));
	b->fds = xcalloc(b->n + 1, sizeof(*b->fds));
	for (size_t from_top = 0; from_top < b->n; from_top++) {
		size_t i = b->n - 1 - from_top;

		snprintf(b->names[from_top], sizeof(b->names[from_top]), _("layer %.12s"), m->layers[i].hex);
		b->fds[from_top] = -1;
		b->layers[from_top] = (struct layer){.fd = -1,
						     .what = b->names[from_top],
						     .diff_id = b->image.config.diff_ids[i],
						     .bytes = m->layers[i].size};
	}
}

/* How each layer is, in the order they are fetched and unpacked in. */
static bool part(void *arg, size_t from_top, struct op_part *ret)
{
	const struct build *b = arg;

	if (from_top >= b->n)
		return false;
	oci_fetch_part(b->fetch, b->n - 1 - from_top, ret);
	if (from_top < b->unpacked)
		ret->state = OP_PART_UNPACKED;
	else if (b->fds[from_top] >= 0)
		ret->state = OP_PART_UNPACKING;
	return true;
}

/* While layers are on their way, what is there of them is how far it is; what is unpacked beside that, once all are. */
static void progress(void *arg, uint64_t done, uint64_t total)
{
	struct build *b = arg;

	if (!oci_fetch_is_whole(b->fetch)) {
		oci_fetch_tell(b->op, b->fetch);
		return;
	}
	if (!b->writing)
		op_stage(b->op, N_("write image"));
	b->writing = true;
	if (total && done >= total)
		b->unpacked = b->n;
	op_progress(b->op, (int64_t)done, total ? (int64_t)total : -1);
}

/* Called again for one whose content was missed: they have all been read by then. */
static int ready(void *arg, size_t from_top, int *ret_fd, struct err *e)
{
	struct build *b = arg;

	b->unpacked = MAX(b->unpacked, from_top);
	if (b->fds[from_top] < 0) {
		b->fds[from_top] = oci_fetch_wait(b->op, b->fetch, b->n - 1 - from_top, e);
		b->cache_is_full = b->fds[from_top] < 0 && e->code == ERR_SPACE;
	}
	*ret_fd = b->fds[from_top];
	return *ret_fd < 0 ? -1 : 0;
}

static int unpack(struct build *b, struct image_built *ret, struct err *e)
{
	struct layers_args a = {.layers = b->layers, .n = b->n, .ready = ready, .progress = progress, .arg = b, .dst = ret->rootfs, .uuid = ret->rootfs_uuid};
	struct import_info info = {0};

	id_uuid(ret->rootfs_uuid);
	if (layers_build(b->op, &a, &info, e) < 0) {
		b->written = info.bytes;
		return -1;
	}
	ret->size_bytes = info.nominal_bytes;
	ret->used_bytes = info.bytes;
	str_copy(ret->init, sizeof(ret->init), import_init_to_string(info.init));
	return 0;
}

static int write_config(const struct build *b, const char *staging, struct err *e)
{
	auto_buf text = {0};
	char path[PATHS_MAX];

	oci_config_write(&b->image.config, &text);
	return fs_write_atomic(path_join(path, sizeof(path), staging, "%s", IMAGE_OCI_CONFIG), buf_cstr(&text), text.len, 0600, e);
}

/* Where a catalogue's entry has another name. */
static int tell_reference(const struct catalog_entry *entry, struct err *e)
{
	return strcmp(entry->name, entry->reference) == 0 ? -1 : err_wrap(e, "%s", entry->reference);
}

int oci_image_build(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, const char *staging,
		    struct image_built *ret, struct err *e)
{
	auto_call(build_done) struct build b = {.op = op, .ctx = ctx, .cache = {-1}};

	if (resolve(&b, entry, e) < 0 || blob_cache_open(ctx->paths->cache, &b.cache, e) < 0 || check_room(&b, e) < 0)
		return tell_reference(entry, e);
	list_layers(&b);
	op_stage(op, N_("download"));
	b.fetch = oci_fetch_start(&b.registry, &b.cache, b.image.manifest.layers, b.n, e);
	if (!b.fetch)
		return -1;
	op_parts(op, part, &b);
	if (unpack(&b, ret, e) < 0 || write_config(&b, staging, e) < 0) {
		explain_room(&b, e);
		return tell_reference(entry, e);
	}
	str_copy(ret->digest, sizeof(ret->digest), b.image.digest + strlen(OCI_DIGEST_PREFIX));
	return 0;
}

int oci_image_digest(struct op *op, const struct image_ctx *ctx, const struct catalog_entry *entry, char ret[OCI_DIGEST_SIZE], struct err *e)
{
	auto_call(build_done) struct build b = {.op = op, .ctx = ctx, .cache = {-1}};

	if (resolve(&b, entry, e) < 0)
		return tell_reference(entry, e);
	str_copy(ret, OCI_DIGEST_SIZE, b.image.digest);
	return 0;
}

int oci_image_config(const char *dir, struct oci_config *ret, struct err *e)
{
	auto_buf text = {0};
	struct err missing = {0};
	char path[PATHS_MAX];

	path_join(path, sizeof(path), dir, "%s", IMAGE_OCI_CONFIG);
	if (fs_read_file(path, OCI_TEXT_MAX, &text, &missing) < 0)
		return missing.code == ERR_NOT_FOUND ? 0 : err_join(e, &missing);
	return oci_config_read_own(&(struct oci_text){buf_cstr(&text), text.len, path}, ret, e) < 0 ? -1 : 1;
}
