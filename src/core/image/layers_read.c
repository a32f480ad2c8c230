/* SPDX-License-Identifier: MIT */
/*
 * Reading one layer: its entries into the journal, content into inodes that have no name yet.
 */
#include "core/image/layers_priv.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "core/image/import.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define PROGRESS_BYTES ((uint64_t)4 << 20)

/* A layer's entry, as read for the first time or once more. */
typedef int each_fn(struct layers_work *lw, size_t layer, uint32_t seq, const struct tar_entry *t, struct err *e);

static const char *what_of(const struct layers_work *lw, size_t layer)
{
	return lw->args->layers[layer].what;
}

int layers_wrap(const struct layers_work *lw, size_t layer, const char *name, struct err *e)
{
	auto_buf shown = {0};

	utf8_clean(&shown, name, strnlen(name, 200), false);
	return err_wrap(e, _("%s: entry '%s'"), what_of(lw, layer), buf_cstr(&shown));
}

void layers_tell(const struct layers_work *lw, uint64_t done)
{
	if (lw->args->progress)
		lw->args->progress(lw->args->arg, done, lw->total);
	else
		op_progress(lw->op, (int64_t)done, lw->total ? (int64_t)lw->total : -1);
}

static void show_progress(struct layers_work *lw)
{
	uint64_t done = lw->done + tar_reader_consumed(lw->tar);

	if (done - lw->shown < PROGRESS_BYTES)
		return;
	lw->shown = done;
	layers_tell(lw, lw->total ? MIN(done, lw->total) : done);
}

static int read_piece(void *arg, const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct err *e)
{
	struct layers_work *lw = arg;

	show_progress(lw);
	return tar_reader_data(lw->op, lw->tar, ret_data, ret_len, ret_offset, e);
}

static int store_content(struct layers_work *lw, const struct tar_entry *t, uint32_t *ret_ino, struct err *e)
{
	struct ext4_source src = {.read = read_piece, .arg = lw, .size = t->size};
	struct ext4_attr a = import_attr(t);

	return ext4_writer_unnamed(lw->op, lw->ext4, &a, &src, ret_ino, e);
}

static enum merge_kind kind_of(enum tar_type type)
{
	switch (type) {
	case TAR_FILE:
		return MERGE_FILE;
	case TAR_DIR:
		return MERGE_DIR;
	case TAR_SYMLINK:
		return MERGE_SYMLINK;
	case TAR_HARDLINK:
		return MERGE_HARDLINK;
	case TAR_CHAR:
	case TAR_BLOCK:
	case TAR_FIFO:
		break;
	}
	return MERGE_NODE;
}

static int note_link(struct layers_work *lw, struct layers_item *it, const struct overlay_entry *o,
		     const struct tar_entry *t, struct err *e)
{
	struct overlay_name *target;

	if (overlay_intern(lw->names, t->target, &target, e) < 0)
		return -1;
	it->entry.target = target;
	if (o->visible || o->wanted)
		overlay_want(lw->names, target);
	return 0;
}

/* First reading: into the journal, and its content into the image unless an upper layer hides it. */
static int take_entry(struct layers_work *lw, size_t layer, uint32_t seq, const struct tar_entry *t, struct err *e)
{
	struct layers_item *it;
	struct overlay_entry o;

	if (++lw->entries > (lw->args->max_entries ? lw->args->max_entries : LAYERS_MAX_ENTRIES))
		return err_set(e, ERR_PROTO, _("the layers have too many entries"));
	if (overlay_add(lw->names, t->name, t->type == TAR_DIR, &o, e) < 0)
		return -1;
	if (o.what == OVERLAY_IGNORED)
		return 0;
	it = layers_journal_add(&lw->journals[layer], seq);
	it->entry.name = o.name;
	it->entry.kind = o.what == OVERLAY_WHITEOUT ? MERGE_WHITEOUT
			 : o.what == OVERLAY_OPAQUE ? MERGE_OPAQUE
						    : kind_of(t->type);
	switch (it->entry.kind) {
	case MERGE_FILE:
		return o.visible || o.wanted ? store_content(lw, t, &it->ino, e) : 0;
	case MERGE_HARDLINK:
		return note_link(lw, it, &o, t, e);
	case MERGE_DIR:
	case MERGE_SYMLINK:
	case MERGE_NODE:
		return layers_item_keep(it, t, &lw->kept_left, e);
	case MERGE_WHITEOUT:
	case MERGE_OPAQUE:
		break;
	}
	return 0;
}

static int by_seq(const void *key, const void *item)
{
	uint32_t seq = *(const uint32_t *)key;
	const struct layers_item *it = item;

	return (seq > it->seq) - (seq < it->seq);
}

/* Once more: only what is missing. */
static int complete_entry(struct layers_work *lw, size_t layer, uint32_t seq, const struct tar_entry *t, struct err *e)
{
	struct layers_journal *j = &lw->journals[layer];
	struct layers_item *it = j->n ? bsearch(&seq, j->items, j->n, sizeof(*it), by_seq) : NULL;

	if (!it || !layers_item_used(it) || it->ino)
		return 0;
	if (t->type != TAR_FILE)
		return err_set(e, ERR_PROTO, _("the layer has changed while it was read"));
	return store_content(lw, t, &it->ino, e);
}

static int read_entries(struct layers_work *lw, size_t layer, each_fn *each, struct err *e)
{
	struct tar_entry t;
	uint32_t seq = 0;
	int rc;

	while ((rc = tar_reader_next(lw->op, lw->tar, &t, e)) > 0) {
		show_progress(lw);
		if (each(lw, layer, seq++, &t, e) < 0)
			return layers_wrap(lw, layer, t.name, e);
	}
	return rc;
}

static int check_digest(struct layers_work *lw, size_t layer, struct err *e)
{
	const struct layer *l = &lw->args->layers[layer];
	char got[DIGEST_SIZE];

	assert(l->diff_id);
	if (tar_reader_digest(lw->op, lw->tar, got, e) < 0)
		return -1;
	if (strcmp(got, l->diff_id) == 0)
		return 0;
	err_set(e, ERR_PROTO, _("%s: its content is not what the image says: it has the digest %.12s…"), l->what, got);
	return err_hint(e, _("Fetch the image again; if that does not help, it was made wrongly."));
}

/* Its descriptor, at its start. `ret_opened`: the same where it is to be closed again. */
static int open_layer(struct layers_work *lw, size_t layer, int *ret, int *ret_opened, struct err *e)
{
	const struct layer *l = &lw->args->layers[layer];

	*ret = l->fd;
	if (lw->args->ready) {
		if (lw->args->ready(lw->args->arg, layer, ret, e) < 0)
			return -1;
	} else if (l->path) {
		*ret = *ret_opened = open(l->path, O_RDONLY | O_CLOEXEC);
		if (*ret < 0)
			return err_sys(e, errno, _("open %s"), l->path);
	}
	return lseek(*ret, 0, SEEK_SET) < 0 ? err_sys(e, errno, _("rewind %s"), l->what) : 0;
}

static int read_layer(struct layers_work *lw, size_t layer, each_fn *each, struct err *e)
{
	auto_fd opened = -1;
	int fd, rc;

	if (open_layer(lw, layer, &fd, &opened, e) < 0)
		return -1;
	lw->tar = tar_reader_new_digest(lw->op, fd, what_of(lw, layer), &lw->args->limits, e);
	rc = lw->tar ? read_entries(lw, layer, each, e) : -1;
	if (rc == 0)
		rc = check_digest(lw, layer, e);
	if (rc == 0)
		lw->done += tar_reader_consumed(lw->tar);
	tar_reader_free(lw->tar);
	lw->tar = NULL;
	return rc;
}

int layers_read(struct layers_work *lw, size_t layer, struct err *e)
{
	return read_layer(lw, layer, take_entry, e);
}

int layers_read_missing(struct layers_work *lw, size_t layer, struct err *e)
{
	return read_layer(lw, layer, complete_entry, e);
}
