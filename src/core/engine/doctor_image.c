/* SPDX-License-Identifier: MIT */
/*
 * What a machine boots: the kit's parts, and the kernel and image a new one gets when nobody chooses.
 */
#include "core/engine/doctor_priv.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "core/engine/sampler.h"
#include "core/image/catalog.h"
#include "core/image/initramfs.h"
#include "core/image/kernel.h"
#include "core/image/kit.h"
#include "core/model/ociref.h"

#include <stdio.h>
#include <string.h>

/* What its manifest promises is there, and is what it was. */
static int check_parts(const struct kit *k, struct err *e)
{
	for (int i = 0; i < k->n_parts; i++) {
		auto_buf data = {0};
		if (kit_read_part(k, &k->parts[i], &data, e) < 0)
			return -1;
	}
	return 0;
}

void doctor_kit(struct doctor *d)
{
	char current[PATHS_MAX], guest[PATHS_MAX];
	bool is_fetched;
	struct err e = {0};
	struct kit k;

	path_join(current, sizeof(current), d->paths->cache, "kit/current");
	is_fetched = fs_exists(current);
	if (is_fetched && kit_find(d->paths->cache, &k, &e) < 0) {
		doctor_say(d, CHECK_WARN, _("%s; it is fetched again when a machine starts"), e.msg);
		doctor_fix(d, "rm %s", current);
	} else if (is_fetched && check_parts(&k, &e) < 0) {
		doctor_say(d, CHECK_FAIL, "%s", e.msg);
		doctor_fix(d, "rm -r %s   # %s", k.dir, _("it is fetched again when a machine starts"));
	} else if (initramfs_find_guest(NULL, guest, &e) < 0) {
		doctor_say(d, CHECK_FAIL, "%s", e.msg);
		doctor_fix(d, "%s", _("make install, as root"));
	} else if (is_fetched) {
		doctor_say(d, CHECK_PASS, ngettext("%d part, whole", "%d parts, whole", (unsigned)k.n_parts), k.n_parts);
	} else {
		doctor_say(d, CHECK_PASS, _("fetched with the first kernel"));
	}
}

/* ---- defaults ---- */

struct defaults {
	struct catalog catalog;
	struct spec_resolved spec;
};

/* False: something else is wrong, and is told by its own check. */
static bool find_defaults(struct doctor *d, struct defaults *ret)
{
	struct host_limits limits;
	char dir[PATHS_MAX];
	struct err e = {0};

	*ret = (struct defaults){0};
	sampler_limits(&limits.cpus, &limits.mem_bytes);
	path_join(dir, sizeof(dir), d->paths->config, "catalog.d");
	if (!err_is_set(&d->no_settings) && spec_resolve(NULL, &d->settings.vm, &limits, &ret->spec, &e) == 0 &&
	    catalog_load(dir, &ret->catalog, &e) == 0)
		return true;
	doctor_say(d, CHECK_WARN, "%s", err_is_set(&e) ? e.msg : _("unknown, as long as banger.conf cannot be read"));
	if (e.hint[0])
		doctor_fix(d, "%s", e.hint);
	else
		doctor_fix(d, _("correct %s"), d->conf->path ? d->conf->path : dir);
	return false;
}

static void say_broken(struct doctor *d, const struct catalog *c)
{
	doctor_say(d, CHECK_WARN, "%s", c->broken.msg);
	doctor_fix(d, "%s", _("correct that file of catalog.d or take it away: nothing is pulled before"));
}

void doctor_kernel(struct doctor *d)
{
	struct defaults def;
	char path[PATHS_MAX];
	const char *name;

	if (!find_defaults(d, &def))
		return;
	name = def.spec.cfg.kernel;
	path_join(path, sizeof(path), d->paths->state, "kernels/%s/" KERNEL_VMLINUZ, name);
	if (fs_exists(path)) {
		doctor_say(d, CHECK_PASS, _("%s, here"), name);
	} else if (err_is_set(&def.catalog.broken)) {
		say_broken(d, &def.catalog);
	} else if (catalog_find_kernel(&def.catalog, name)) {
		doctor_say(d, CHECK_PASS, _("%s, fetched when it is used first"), name);
	} else {
		doctor_say(d, CHECK_WARN, _("kernel '%s' is neither here nor in the catalogue"), name);
		doctor_fix(d, "banger-tui kernel list");
	}
	catalog_done(&def.catalog);
}

static const char *near_image(const struct doctor *d, const struct catalog *c, const char *name)
{
	for (int i = 0; i < d->look.n_images; i++)
		if (name_is_near(name, d->look.images[i]))
			return d->look.images[i];
	for (size_t i = 0; i < c->n_images; i++)
		if (name_is_near(name, c->images[i].name))
			return c->images[i].name;
	return NULL;
}

static bool is_here(const struct doctor *d, const char *name)
{
	for (int i = 0; i < d->look.n_images; i++)
		if (strcmp(d->look.images[i], name) == 0)
			return true;
	return false;
}

void doctor_image(struct doctor *d)
{
	struct defaults def;
	const char *name, *near;

	if (!find_defaults(d, &def))
		return;
	name = def.spec.cfg.image;
	near = near_image(d, &def.catalog, name);
	if (err_is_set(&def.catalog.broken)) {
		say_broken(d, &def.catalog);
	} else if (is_here(d, name)) {
		doctor_say(d, CHECK_PASS, _("%s, here"), name);
	} else if (catalog_find_image(&def.catalog, name) || oci_ref_is_spelled(name)) {
		/* Of a registry nobody asks whether it has it: a look at the host goes nowhere. */
		doctor_say(d, CHECK_PASS, _("%s, made or fetched when it is used first"), name);
	} else if (near) {
		doctor_say(d, CHECK_WARN, _("image '%s' is neither here nor in the catalogue; is %s meant?"), name, near);
		doctor_fix(d, _("vm { image = \"%s\" } in banger.conf"), near);
	} else {
		doctor_say(d, CHECK_WARN, _("image '%s' is neither here nor in the catalogue"), name);
		doctor_fix(d, "banger-tui image list");
	}
	catalog_done(&def.catalog);
}
