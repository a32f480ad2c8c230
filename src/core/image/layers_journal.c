/* SPDX-License-Identifier: MIT */
/*
 * The journal of a layer: see layers_priv.h.
 */
#include "core/image/layers_priv.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "core/image/import.h"

#include <string.h>

struct layers_item *layers_journal_add(struct layers_journal *j, uint32_t seq)
{
	if (j->n == j->cap) {
		j->cap = j->cap ? j->cap + j->cap / 2 : 64;
		j->items = xrealloc(j->items, j->cap, sizeof(*j->items));
	}
	j->items[j->n] = (struct layers_item){.seq = seq};
	return &j->items[j->n++];
}

void layers_journal_done(struct layers_journal *j)
{
	for (size_t i = 0; i < j->n; i++)
		free(j->items[i].attr);
	free(j->items);
	*j = (struct layers_journal){0};
}

static size_t text_size(const struct tar_entry *t)
{
	size_t n = t->type == TAR_SYMLINK ? strlen(t->target) + 1 : 0;

	for (size_t i = 0; i < t->n_xattrs; i++)
		n += strlen(t->xattrs[i].name) + 1 + t->xattrs[i].len;
	return n;
}

/* Copies n bytes to *at, which moves behind them; returns where they are. */
static void *copy(char **at, const void *data, size_t n)
{
	char *to = *at;

	if (n)
		memcpy(to, data, n);
	*at += n;
	return to;
}

/* One block: the attributes, the list of the extended ones, their names and values, the link's text. */
int layers_item_keep(struct layers_item *it, const struct tar_entry *t, uint64_t *budget, struct err *e)
{
	struct xattr *x;
	size_t size = sizeof(*it->attr) + t->n_xattrs * sizeof(*x) + text_size(t);
	char *at;

	if (size > *budget)
		return err_set(e, ERR_PROTO, _("the layers hold too many links and extended attributes"));
	*budget -= size;
	it->attr = xmalloc(size);
	*it->attr = import_attr(t);
	x = (struct xattr *)(it->attr + 1);
	at = (char *)(x + t->n_xattrs);
	for (size_t i = 0; i < t->n_xattrs; i++) {
		const struct xattr *from = &t->xattrs[i];

		x[i].name = copy(&at, from->name, strlen(from->name) + 1);
		x[i].value = copy(&at, from->value, from->len);
		x[i].len = from->len;
	}
	it->attr->xattrs = x;
	if (t->type == TAR_SYMLINK)
		it->entry.text = copy(&at, t->target, strlen(t->target) + 1);
	return 0;
}
