/* SPDX-License-Identifier: MIT */
/*
 * The keymap: a flat list, searched linearly; a key press is rare and the list is short.
 */
#include "ui/keymap.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

static int add_chords(struct keymap *m, enum action a, const char *chords, struct err *e)
{
	const struct action_info *info = action_info(a);

	for (const char *p = chords; *p;) {
		char name[KEY_NAME_SIZE];
		size_t n = strcspn(p, " ");
		struct key k;
		enum action other;

		str_copy(name, MIN(sizeof(name), n + 1), p);
		p += n + (p[n] == ' ');
		if (n >= sizeof(name) || !key_parse(name, &k))
			return err_set(e, ERR_USAGE, _("'%s' is not a key"), name);
		/* CTX_MAIN is active beside every other context. */
		other = keymap_find(m, info->ctx & CTX_MAIN ? ~0u : info->ctx | CTX_MAIN, k);
		if (other != ACTION_NONE && other != a)
			return err_set(e, ERR_USAGE, _("key %s of '%s' already means '%s' there"), name, info->name,
				       action_info(other)->name);
		if (m->n == KEYMAP_MAX)
			return err_set(e, ERR_USAGE, _("too many key bindings"));
		m->bindings[m->n++] = (struct binding){k, info->ctx, a};
	}
	return 0;
}

void keymap_init(struct keymap *m)
{
	m->n = 0;
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		struct err e = {0};

		if (add_chords(m, a, action_info(a)->keys, &e) < 0)
			assert(!"actions.def binds a chord twice");
	}
}

int keymap_bind(struct keymap *m, const char *action, const char *chords, struct err *e)
{
	enum action a = action_find(action);
	struct keymap next = {.n = 0};

	if (a == ACTION_NONE)
		return err_set(e, ERR_USAGE, _("there is no action '%s'"), action);
	for (size_t i = 0; i < m->n; i++)
		if (m->bindings[i].action != a)
			next.bindings[next.n++] = m->bindings[i];
	if (add_chords(&next, a, chords, e) < 0)
		return -1;
	*m = next;
	return 0;
}

enum action keymap_find(const struct keymap *m, unsigned ctx, struct key k)
{
	for (size_t i = 0; i < m->n; i++)
		if ((m->bindings[i].ctx & ctx) && key_equal(m->bindings[i].key, k))
			return m->bindings[i].action;
	return ACTION_NONE;
}

bool keymap_key_of(const struct keymap *m, enum action a, struct key *ret)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->bindings[i].action == a) {
			*ret = m->bindings[i].key;
			return true;
		}
	}
	return false;
}
