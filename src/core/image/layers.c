/* SPDX-License-Identifier: MIT */
/*
 * Layers → ext4, from the topmost down: see layers.h.
 *
 *	read every layer	content of what seems visible → inodes without a name; all entries → journals
 *	merge			journals from the bottom up → the tree, in memory
 *	settle			give back content nobody names; read layers again for content that is missing
 *	give names		the tree → the image
 */
#include "core/image/layers.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "core/image/layers_priv.h"
#include "core/image/sized.h"

#include <sys/stat.h>

#define CHECK_EVERY 1024u /* entries between two looks at the op, where nothing else looks */

/* ---- when all have been read */

/* As the layer has it. */
static void entry_path(const struct merge_entry *entry, struct buf *ret)
{
	const struct overlay_name *n = entry->name;

	overlay_path(entry->kind == MERGE_WHITEOUT ? n->parent : n, ret);
	if (ret->len && (entry->kind == MERGE_WHITEOUT || entry->kind == MERGE_OPAQUE))
		buf_addc(ret, '/');
	if (entry->kind == MERGE_WHITEOUT)
		buf_addf(ret, "%s%s", OVERLAY_WH, n->text);
	else if (entry->kind == MERGE_OPAQUE)
		buf_adds(ret, OVERLAY_WH_OPAQUE);
}

static int merge_layer(struct layers_work *lw, size_t layer, struct err *e)
{
	struct layers_journal *j = &lw->journals[layer];

	merge_next_layer(lw->merge);
	for (size_t i = 0; i < j->n; i++) {
		if (i % CHECK_EVERY == 0 && op_check(lw->op, e) < 0)
			return -1;
		if (merge_add(lw->merge, &j->items[i].entry, e) < 0) {
			auto_buf path = {0};

			entry_path(&j->items[i].entry, &path);
			return layers_wrap(lw, layer, buf_cstr(&path), e);
		}
	}
	return 0;
}

/* merge_walk() itself notes what is in use. */
static int look(void *arg, struct merge_node *n, struct err *e)
{
	struct layers_work *lw = arg;

	(void)n;
	return lw->n_visited++ % CHECK_EVERY == 0 ? op_check(lw->op, e) : 0;
}

static int settle_layer(struct layers_work *lw, size_t layer, struct err *e)
{
	struct layers_journal *j = &lw->journals[layer];

	for (size_t i = 0; i < j->n; i++) {
		struct layers_item *it = &j->items[i];

		if (layers_item_used(it) && !it->ino)
			j->incomplete = true;
		if (layers_item_used(it) || !it->ino)
			continue;
		if (ext4_writer_drop(lw->ext4, it->ino, e) < 0)
			return -1;
		it->ino = 0;
	}
	return 0;
}

static int settle(struct layers_work *lw, struct err *e)
{
	if (merge_walk(lw->merge, look, lw, e) < 0)
		return -1;
	for (size_t i = 0; i < lw->args->n; i++)
		if (settle_layer(lw, i, e) < 0)
			return -1;
	for (size_t i = 0; i < lw->args->n; i++)
		if (lw->journals[i].incomplete && layers_read_missing(lw, i, e) < 0)
			return -1;
	return 0;
}

static int name_node(struct layers_work *lw, const struct merge_node *n, const char *path, struct err *e)
{
	static const struct ext4_attr dflt_dir = {.mode = 0755};
	const struct layers_item *it = (const struct layers_item *)n->from;
	auto_buf first = {0};

	if (!it)
		return *path ? ext4_writer_dir(lw->ext4, path, &dflt_dir, e) : 0;
	if (n->is_dir)
		return ext4_writer_dir(lw->ext4, path, it->attr, e);
	if (it->entry.first != n) {
		merge_path(it->entry.first, &first);
		return ext4_writer_link(lw->ext4, path, buf_cstr(&first), e);
	}
	if (it->entry.kind == MERGE_FILE)
		return ext4_writer_name(lw->ext4, path, it->ino, e);
	if (it->entry.kind == MERGE_SYMLINK)
		return ext4_writer_symlink(lw->ext4, path, it->entry.text, it->attr, e);
	return ext4_writer_node(lw->ext4, path, it->attr, e);
}

static int give_name(void *arg, struct merge_node *n, struct err *e)
{
	struct layers_work *lw = arg;
	auto_buf path = {0};
	auto_buf shown = {0};

	if (look(lw, n, e) < 0)
		return -1;
	merge_path(n, &path);
	if (name_node(lw, n, buf_cstr(&path), e) == 0)
		return 0;
	utf8_clean(&shown, buf_cstr(&path), MIN(path.len, 200), false);
	return err_wrap(e, _("entry '%s'"), buf_cstr(&shown));
}

/* ---- all of it */

static uint64_t layer_bytes(const struct layers_args *a, size_t i)
{
	const struct layer *l = &a->layers[i];
	struct stat st;

	if (l->bytes || a->ready)
		return l->bytes;
	return (l->path ? stat(l->path, &st) : fstat(l->fd, &st)) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

static uint64_t all_bytes(const struct layers_args *a)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < a->n; i++) {
		uint64_t n = layer_bytes(a, i);

		if ((!n && !a->ready) || n > UINT64_MAX / SIZED_COMPRESSION_GUESS - sum)
			return 0;
		sum += n;
	}
	return sum;
}

static int apply(struct layers_work *lw, struct err *e)
{
	size_t n = lw->args->n;

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			overlay_next_layer(lw->names);
		if (layers_read(lw, i, e) < 0)
			return -1;
	}
	if (lw->total)
		layers_tell(lw, lw->total);
	for (size_t i = n; i-- > 0;)
		if (merge_layer(lw, i, e) < 0)
			return -1;
	if (settle(lw, e) < 0)
		return -1;
	return merge_walk(lw->merge, give_name, lw, e);
}

int layers_apply(struct op *op, const struct layers_args *a, struct ext4_writer *w, uint64_t *ret_entries,
		 struct err *e)
{
	struct layers_work lw = {.op = op,
				 .args = a,
				 .ext4 = w,
				 .names = overlay_new(0, 0),
				 .merge = merge_new(),
				 .journals = xcalloc(a->n, sizeof(*lw.journals)),
				 .kept_left = LAYERS_MAX_KEPT,
				 .total = all_bytes(a)};
	int rc = a->n > 0 && a->n <= LAYERS_MAX ? apply(&lw, e)
						: err_set(e, ERR_PROTO, _("an image has 1 to %u layers"), LAYERS_MAX);

	*ret_entries = lw.entries;
	merge_free(lw.merge);
	for (size_t i = 0; i < a->n; i++)
		layers_journal_done(&lw.journals[i]);
	free(lw.journals);
	overlay_free(lw.names);
	return rc;
}

struct build {
	struct op *op;
	const struct layers_args *args;
	uint64_t entries;
	enum import_init init;
};

static int fill(void *arg, struct ext4_writer *w, struct err *e)
{
	struct build *b = arg;

	if (layers_apply(b->op, b->args, w, &b->entries, e) < 0)
		return -1;
	b->init = import_find_init(w);
	return 0;
}

int layers_build(struct op *op, const struct layers_args *a, struct import_info *ret, struct err *e)
{
	struct build b = {.op = op, .args = a};
	struct sized_args s = {.dst = a->dst,
			       .uuid = a->uuid,
			       .label = a->label,
			       .nominal_bytes = a->nominal_bytes,
			       .min_bytes = a->min_bytes ? a->min_bytes : IMPORT_MIN_NOMINAL_BYTES,
			       .estimate = all_bytes(a) * SIZED_COMPRESSION_GUESS,
			       .fill = fill,
			       .arg = &b};
	struct sized_info info;

	if (sized_build(op, &s, &info, e) < 0) {
		ret->bytes = info.bytes;
		return -1;
	}
	*ret = (struct import_info){
		.bytes = info.bytes, .entries = b.entries, .nominal_bytes = info.nominal_bytes, .init = b.init};
	return 0;
}
