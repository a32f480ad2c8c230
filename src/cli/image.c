/* SPDX-License-Identifier: MIT */
/*
 * image and kernel: list, pull, import, register, promote, inspect, delete, prune; and what makes an image of a machine.
 */
#include "cli/rights.h"
#include "cli/verbs.h"
#include "cli/vm_print.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/tell.h"
#include "core/model/size.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void image_json(struct jw *w, const struct image *im)
{
	jw_obj(w, NULL);
	jw_str(w, "name", im->name);
	jw_str(w, "id", im->id);
	jw_bool(w, "local", im->local);
	jw_str(w, "about", im->about);
	jw_str(w, "source", im->source);
	jw_str(w, "reference", im->reference);
	jw_str(w, "digest", im->digest);
	jw_str(w, "init", im->init);
	jw_bool(w, "managed", im->local && !im->path[0]);
	jw_str(w, "path", im->path[0] ? im->path : NULL);
	jw_int(w, "size_bytes", (int64_t)im->size_bytes);
	jw_int(w, "used_bytes", (int64_t)im->used_bytes);
	jw_int(w, "allocated_bytes", (int64_t)im->alloc_bytes);
	jw_int(w, "created_ms", im->created_ms);
	jw_int(w, "users", im->users);
	jw_end(w);
}

#define IMAGE_CELLS (1 + 12 + 1 + 8 + 1 + 6 + 1 + 5 + 2 + 16) /* of a line beside the name, with some of what it is about */
#define KERNEL_CELLS (1 + 28 + 1 + 9 + 1 + 8 + 1 + 6 + 1 + 5 + 2 + 16)

static void image_row(int width, const struct image *im)
{
	auto_free char *name = vm_print_cut(width, im->name);
	char size[SIZE_TEXT], age[24];

	tell(stdout, "%-*s %-12s %8s %6s %5d  %s\n", TELL_CELLS(width, name), im->local ? im->id : "-", im->local ? size_human(im->alloc_bytes, size) : "-",
	     vm_print_age(im->created_ms, age), im->users, im->path[0] ? im->path : im->about);
}

static void kernel_json(struct jw *w, const struct kernel *k)
{
	jw_obj(w, NULL);
	jw_str(w, "name", k->name);
	jw_str(w, "id", k->id);
	jw_bool(w, "local", k->local);
	jw_str(w, "about", k->about);
	jw_str(w, "source", k->source);
	jw_str(w, "release", k->release);
	jw_str(w, "digest", k->digest);
	jw_int(w, "allocated_bytes", (int64_t)k->alloc_bytes);
	jw_int(w, "created_ms", k->created_ms);
	jw_int(w, "users", k->users);
	jw_end(w);
}

static void kernel_row(int width, const struct kernel *k)
{
	auto_free char *name = vm_print_cut(width, k->name);
	char size[SIZE_TEXT], age[24];

	tell(stdout, "%-*s %-28s %-9s %8s %6s %5d  %s\n", TELL_CELLS(width, name), k->local ? k->release : "-", k->source,
	     k->local ? size_human(k->alloc_bytes, size) : "-", vm_print_age(k->created_ms, age), k->users, k->about);
}

static void list_images(const struct client *c, bool json)
{
	struct buf b = {0};
	struct jw w = jw_init(&b);

	if (!json) {
		int width = 24;

		for (int i = 0; i < c->nimages; i++)
			width = vm_print_column(width, c->images[i].name);
		width = vm_print_limit(width, IMAGE_CELLS);
		tell(stdout, "%-*s %-*s %*s %*s %*s\n", TELL_CELLS(width, _("IMAGE")), TELL_CELLS(12, _("ID")), TELL_CELLS(8, _("SIZE")),
		     TELL_CELLS(6, _("AGE")), TELL_CELLS(5, _("VMS")));
		for (int i = 0; i < c->nimages; i++)
			image_row(width, &c->images[i]);
		return;
	}
	jw_obj(&w, NULL);
	jw_int(&w, "version", CLI_JSON_VERSION);
	jw_arr(&w, "images");
	for (int i = 0; i < c->nimages; i++)
		image_json(&w, &c->images[i]);
	jw_end(&w);
	jw_end(&w);
	print_json(&b);
}

static void list_kernels(const struct client *c, bool json)
{
	struct buf b = {0};
	struct jw w = jw_init(&b);

	if (!json) {
		int width = 24;

		for (int i = 0; i < c->nkernels; i++)
			width = vm_print_column(width, c->kernels[i].name);
		width = vm_print_limit(width, KERNEL_CELLS);
		tell(stdout, "%-*s %-*s %-*s %*s %*s %*s\n", TELL_CELLS(width, _("KERNEL")), TELL_CELLS(28, _("RELEASE")), TELL_CELLS(9, _("SOURCE")),
		     TELL_CELLS(8, _("SIZE")), TELL_CELLS(6, _("AGE")), TELL_CELLS(5, _("VMS")));
		for (int i = 0; i < c->nkernels; i++)
			kernel_row(width, &c->kernels[i]);
		return;
	}
	jw_obj(&w, NULL);
	jw_int(&w, "version", CLI_JSON_VERSION);
	jw_arr(&w, "kernels");
	for (int i = 0; i < c->nkernels; i++)
		kernel_json(&w, &c->kernels[i]);
	jw_end(&w);
	jw_end(&w);
	print_json(&b);
}

static int list(const struct cli_env *env, const struct opts *o, void (*print)(const struct client *c, bool json))
{
	struct client c = {.quiet = true};
	struct err e = {0};
	int code = CLI_OK;

	if (client_open(&c, env, false, &e) < 0)
		code = verb_fail(&e, CLI_FAILED);
	else
		print(&c, o->json);
	if (c.host.catalog_why[0])
		tell(stderr, _("banger-tui: %s; nothing is pulled as long as it is so\n"), c.host.catalog_why);
	client_close(&c);
	return code;
}

static bool is_repeated(const struct opts *o, int i)
{
	for (int k = 0; k < i; k++)
		if (strcmp(o->args[k], o->args[i]) == 0)
			return true;
	return false;
}

/* One request per name, however often it is given. */
static int each(const struct cli_env *env, const struct opts *o, enum request_kind kind)
{
	struct client c = {.quiet = o->quiet};
	struct err e = {0};
	bool open = client_open(&c, env, false, &e) == 0;
	int code = open ? CLI_OK : verb_fail(&e, CLI_FAILED);

	struct err je = {0};

	for (int i = 0; i < o->nargs && open && code != CLI_USAGE && je.code != ERR_CANCELED; i++) {
		struct request r = {.kind = kind};

		if (is_repeated(o, i))
			continue;
		err_clear(&je);
		str_copy(r.ref, sizeof(r.ref), o->args[i]);
		if (client_run(&c, &r, NULL, &je) < 0)
			code = verb_fail(&je, CLI_FAILED);
	}
	client_close(&c);
	return code;
}

int verb_image_list(const struct cli_env *env, struct opts *o)
{
	return list(env, o, list_images);
}

int verb_image_pull(const struct cli_env *env, struct opts *o)
{
	return each(env, o, REQ_IMAGE_PULL);
}

/* The path of what was named on the command line, as the engine wants it. */
static int whole_path(const char *given, char ret[REQ_PATH_SIZE], struct err *e)
{
	auto_free char *path = realpath(given, NULL);

	if (!path)
		return err_sys(e, errno, "%s", given);
	if (strlen(path) >= REQ_PATH_SIZE)
		return err_set(e, ERR_USAGE, _("the path of %s is too long"), given);
	str_copy(ret, REQ_PATH_SIZE, path);
	return 0;
}

/* Of an image or a kernel that a person gives a name: what else has it, before it is made. */
static void tell_taken(const struct client *c, const char *noun, const char *name)
{
	bool kernel = strcmp(noun, "kernel") == 0, local = false, in_catalog = false;
	char text[160];

	for (int i = 0; i < (kernel ? c->nkernels : c->nimages); i++) {
		if (strcmp(kernel ? c->kernels[i].name : c->images[i].name, name) != 0)
			continue;
		local = kernel ? c->kernels[i].local : c->images[i].local;
		in_catalog = kernel ? c->kernels[i].in_catalog : c->images[i].in_catalog;
	}
	switch (kernel ? name_taken_kernel(name, local, in_catalog, text, sizeof(text))
		       : name_taken_image(name, local, in_catalog, text, sizeof(text))) {
	case NAME_FREE:
	case NAME_IS_TAKEN: /* the job is refused, which says it */
		return;
	case NAME_STANDS_IN:
	case NAME_MOVES:
		break;
	}
	tell(stderr, "banger-tui: %s\n", text);
	if (in_catalog)
		tell(stderr, _("  to have the catalogue's again: banger-tui %s delete %s\n"), noun, name);
}

/* What nobody gave a name is called as its file was typed, wherever a link leads. */
static void name_of(const struct opts *o, const char *whole, char ret[OBJ_NAME_SIZE])
{
	const char *slash = strrchr(o->args[0], '/'), *base = slash ? slash + 1 : o->args[0];
	bool says_none = !base[0] || strcmp(base, ".") == 0 || strcmp(base, "..") == 0;

	if (o->nargs > 1)
		str_copy(ret, OBJ_NAME_SIZE, o->args[1]);
	else
		name_from_file(says_none ? whole : base, ret);
}

/* What is to be known of the kernel that has just been made. */
static void tell_remark(const struct client *c, const char *name)
{
	for (int i = 0; i < c->nkernels; i++)
		if (strcmp(c->kernels[i].name, name) == 0 && c->kernels[i].about[0])
			tell(stderr, "banger-tui: %s: %s\n", name, c->kernels[i].about);
}

/* FILE [NAME], of an image or a kernel */
static int of_file(const struct cli_env *env, const struct opts *o, const char *noun, enum request_kind kind)
{
	struct client c = {.quiet = o->quiet};
	struct request r = {.kind = kind, .flags = o->keep_owners ? REQ_F_OWNERS : 0};
	struct err e = {0};
	int code = CLI_OK;

	if (whole_path(o->args[0], r.path, &e) < 0 || (o->modules && whole_path(o->modules, r.modules, &e) < 0))
		return verb_fail(&e, CLI_FAILED);
	name_of(o, r.path, r.ref);
	if (client_open(&c, env, false, &e) == 0) {
		tell_taken(&c, noun, r.ref);
		if (client_run(&c, &r, NULL, &e) == 0 && kind == REQ_KERNEL_IMPORT)
			tell_remark(&c, r.ref);
	}
	if (err_is_set(&e))
		code = verb_fail(&e, CLI_FAILED);
	client_close(&c);
	return code;
}

int verb_image_import(const struct cli_env *env, struct opts *o)
{
	return of_file(env, o, "image", REQ_IMAGE_IMPORT);
}

int verb_image_register(const struct cli_env *env, struct opts *o)
{
	return of_file(env, o, "image", REQ_IMAGE_REGISTER);
}

int verb_image_promote(const struct cli_env *env, struct opts *o)
{
	return each(env, o, REQ_IMAGE_PROMOTE);
}

int verb_image_delete(const struct cli_env *env, struct opts *o)
{
	return each(env, o, REQ_IMAGE_DELETE);
}

static const struct image *find_local(const struct client *c, const char *text, struct err *e)
{
	const struct image *found = NULL;
	char name[OBJ_NAME_SIZE];
	int matches = 0;

	if (name_parse_image(text, name, e) < 0)
		return NULL;
	for (int i = 0; i < c->nimages; i++)
		if (c->images[i].local && strcmp(c->images[i].name, name) == 0)
			return &c->images[i];
	for (int i = 0; i < c->nimages; i++) {
		if (!c->images[i].local || name_match_id(name, c->images[i].id) == NAME_MATCH_NONE)
			continue;
		found = &c->images[i];
		matches++;
	}
	if (matches == 1)
		return found;
	if (matches > 1) {
		err_set(e, ERR_USAGE, _("'%.32s' is the beginning of %d image ids"), name, matches);
		err_hint(e, _("give more digits, or the name"));
		return NULL;
	}
	err_set(e, ERR_NOT_FOUND, _("image '%s' is not on this host"), name);
	err_hint(e, "banger-tui image pull %s", text);
	return NULL;
}

/* A machine that stands still is started for it, which may take root's rights. */
static int get_rights(struct client *c, const struct vm *vm, const struct opts *o, struct err *e)
{
	bool needed = rights_are_needed(REQ_VM_COMMIT, &vm->cfg, vm_state_is_live(vm->state), 0);

	return needed && rights_can_ask(c, o->json) ? rights_ask(c, e) : 0;
}

static int commit(struct client *c, const struct opts *o, struct err *e)
{
	struct request r = {.kind = REQ_VM_COMMIT, .flags = o->no_home ? REQ_F_NO_HOME : 0};
	const struct vm *vm = client_find_vm(c, o->args[0], e);

	if (!vm || name_check_object(_("image"), o->args[1], e) < 0 || get_rights(c, vm, o, e) < 0)
		return -1;
	str_copy(r.ref, sizeof(r.ref), vm->id);
	str_copy(r.image, sizeof(r.image), o->args[1]);
	return client_run(c, &r, NULL, e);
}

static void print_image(const struct image *im)
{
	struct buf b = {0};
	struct jw w = jw_init(&b);

	buf_addf(&b, "{\"version\":%d,\"image\":", CLI_JSON_VERSION);
	image_json(&w, im);
	buf_addc(&b, '}');
	print_json(&b);
}

int verb_vm_commit(const struct cli_env *env, struct opts *o)
{
	struct client c = {.quiet = o->quiet};
	const struct image *im = NULL;
	struct err e = {0};
	int code = CLI_OK;

	if (client_open(&c, env, false, &e) < 0 || commit(&c, o, &e) < 0 || !(im = find_local(&c, o->args[1], &e)))
		code = verb_fail(&e, CLI_FAILED);
	else if (o->json)
		print_image(im);
	client_close(&c);
	return code;
}

/* It is put out as it is, so it has to be what it says it is. */
static int check_json(const struct buf *text, const char *what, struct err *e)
{
	struct json *j = text->len ? json_parse(text->data, text->len, what, e) : NULL;

	json_free(j);
	return text->len && !j ? -1 : 0;
}

/* One object: what the list says, and the two texts as they are. */
static int inspect(const struct cli_env *env, const struct image *im, struct err *e)
{
	auto_buf manifest = {0}, config = {0};
	struct buf all = {0};
	struct jw w = jw_init(&all);

	if (engine_image_inspect(env->paths, im, &manifest, &config, e) < 0 || check_json(&manifest, "manifest.json", e) < 0 ||
	    check_json(&config, "config.json", e) < 0)
		return err_wrap(e, _("image '%s'"), im->name);
	buf_addf(&all, "{\"version\":%d,\"image\":", CLI_JSON_VERSION);
	image_json(&w, im);
	while (manifest.len > 0 && manifest.data[manifest.len - 1] == '\n')
		manifest.data[--manifest.len] = '\0';
	buf_addf(&all, ",\"manifest\":%s,\"config\":%s}", manifest.len ? buf_cstr(&manifest) : "null", config.len ? buf_cstr(&config) : "null");
	print_json(&all);
	return 0;
}

int verb_image_inspect(const struct cli_env *env, struct opts *o)
{
	struct client c = {.quiet = true};
	struct err e = {0};
	int code = CLI_OK;

	if (client_open(&c, env, false, &e) < 0)
		code = verb_fail(&e, CLI_FAILED);
	for (int i = 0; i < o->nargs && code == CLI_OK; i++) {
		const struct image *im = find_local(&c, o->args[i], &e);

		if (!im || inspect(env, im, &e) < 0)
			code = verb_fail(&e, CLI_FAILED);
	}
	client_close(&c);
	return code;
}

static int prune(struct client *c, const struct cli_env *env, const struct opts *o, struct err *e)
{
	struct request r = {.kind = REQ_IMAGE_PRUNE, .ref = REQ_REF_CACHE};
	struct image_prunable p;
	char builds[SIZE_TEXT], blobs[SIZE_TEXT], parts[SIZE_TEXT];

	if (engine_image_prunable(env->paths, &p, e) < 0)
		return -1;
	/* Who is to answer has to know what about. */
	if (o->dry_run || !o->yes || !o->quiet)
		tell(o->dry_run ? stdout : stderr,
		     _("former images nobody uses: %zu, %s\nlayers and bundles in the cache, which can be fetched again: %zu, %s\n"
		       "downloads that broke off, which could be gone on with: %zu, %s\n"),
		     p.builds, size_human(p.build_bytes, builds), p.blobs, size_human(p.blob_bytes, blobs), p.parts,
		     size_human(p.part_bytes, parts));
	if (o->dry_run || p.builds + p.blobs + p.parts == 0)
		return 0;
	if (!o->yes) {
		tell(stderr, _("remove them? [y/N] "));
		if (!client_says_yes(c))
			return err_set(e, ERR_CANCELED, _("nothing was removed"));
	}
	return client_run(c, &r, NULL, e);
}

int verb_image_prune(const struct cli_env *env, struct opts *o)
{
	struct client c = {.quiet = o->quiet};
	struct err e = {0};
	int code = CLI_OK;

	if (client_open(&c, env, false, &e) < 0 || prune(&c, env, o, &e) < 0)
		code = verb_fail(&e, CLI_FAILED);
	client_close(&c);
	return code;
}

int verb_kernel_list(const struct cli_env *env, struct opts *o)
{
	return list(env, o, list_kernels);
}

int verb_kernel_pull(const struct cli_env *env, struct opts *o)
{
	return each(env, o, REQ_KERNEL_PULL);
}

int verb_kernel_import(const struct cli_env *env, struct opts *o)
{
	return of_file(env, o, "kernel", REQ_KERNEL_IMPORT);
}

int verb_kernel_delete(const struct cli_env *env, struct opts *o)
{
	return each(env, o, REQ_KERNEL_DELETE);
}
