/* SPDX-License-Identifier: MIT */
/*
 * See imagecmd.h.
 */
#include "core/engine/imagecmd.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "core/image/oci.h"
#include "wire/kit.h"

#include <stdlib.h>
#include <string.h>

/* Who logs in anyway; with a group of its own it is somebody else. */
static bool is_root(const char *user)
{
	return !user || !user[0] || strcmp(user, "root") == 0 || strcmp(user, "0") == 0;
}

static size_t count(const char *const *words)
{
	size_t n = 0;

	while (words && words[n])
		n++;
	return n;
}

static void add(struct imagecmd *c, size_t *at, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		c->argv[(*at)++] = words[i];
}

int imagecmd_words(const char *image, const char *const *args, struct imagecmd *c, struct err *e)
{
	const char *const as[] = {WIRE_KIT_PROGRAM, "as", c->config.user};
	const char *const *tail = args ? args : (const char *const *)c->config.cmd.word;
	size_t n_tail = args ? count(args) : c->config.cmd.n, n = 0;

	if (c->config.entrypoint.n + n_tail == 0) {
		err_set(e, ERR_STATE, _("image '%s' names no program of its own"), image);
		return err_hint(
			e,
			_("give a command, without --entrypoint; banger-tui image inspect %s shows what the image says"),
			image);
	}
	c->argv = xcalloc(ARRAY_LEN(as) + c->config.entrypoint.n + n_tail + 1, sizeof(*c->argv));
	if (!is_root(c->config.user))
		add(c, &n, as, ARRAY_LEN(as));
	add(c, &n, (const char *const *)c->config.entrypoint.word, c->config.entrypoint.n);
	add(c, &n, tail, n_tail);
	return 0;
}

int imagecmd_make(const struct paths *paths, const struct vm *vm, const char *const *args, struct imagecmd *ret,
		  struct err *e)
{
	char dir[PATHS_MAX];

	path_join(dir, sizeof(dir), paths->state, "images/%s", vm->image_id);
	if (oci_image_config(dir, &ret->config, e) < 0)
		return -1;
	return imagecmd_words(vm->cfg.image, args, ret, e);
}

void imagecmd_done(struct imagecmd *c)
{
	oci_config_done(&c->config);
	free(c->argv);
	*c = (struct imagecmd){0};
}
