/* SPDX-License-Identifier: MIT */
/*
 * The catalogue: built-in JSON (data/, embedded by tools/embed) and catalog.d, one validator for both.
 *
 * An entry's members are a closed set: present members are counted, and what is left over is unknown (or came twice).
 * Package, suite and component names end up as arguments of a tool, so they are held to Debian's alphabet, and none can
 * start with a hyphen. A file is read into a catalogue of its own and merged only when all of it is right.
 */
#include "core/image/catalog.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "core/image/bundle.h"
#include "core/model/name.h"
#include "core/model/ociref.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#define NEEDS_MAX_MIB 131072
#define CATALOG_FILE_MAX ((size_t)1 << 20)

extern const char catalog_images_json[];
extern const size_t catalog_images_json_len;
extern const char catalog_kernels_json[];
extern const size_t catalog_kernels_json_len;

enum section { SECTION_IMAGES, SECTION_KERNELS };

static void json_free_auto(struct json **root)
{
	json_free(*root);
}

/* Where a complaint points to. */
struct place {
	const char *file;
	const char *section; /* "image", "kernel" */
	const char *entry;   /* its name, or its number until the name is known */
};

static int complain(const struct place *p, const char *member, const char *why, struct err *e)
{
	return err_set(e, ERR_PROTO, _("%s: %s '%s': \"%s\" %s"), p->file, p->section, p->entry, member, why);
}

static const char *const kind_names[] = {
	[CATALOG_BOOTSTRAP] = "bootstrap",
	[CATALOG_OCI] = "oci",
	[CATALOG_HOST] = "host",
	[CATALOG_BUNDLE] = "bundle",
	[CATALOG_LOCAL] = "local",
};

const char *catalog_kind_to_string(enum catalog_kind kind)
{
	return kind_names[kind];
}

const char *catalog_arch(void)
{
	static const struct {
		const char *machine, *arch;
	} known[] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"riscv64", "riscv64"}, {"s390x", "s390x"}};
	static _Thread_local struct utsname u;

	if (uname(&u) < 0)
		return "unknown";
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(u.machine, known[i].machine) == 0)
			return known[i].arch;
	return u.machine;
}

static void entry_done(struct catalog_entry *entry)
{
	free(entry->packages);
	*entry = (struct catalog_entry){0};
}

void catalog_done(struct catalog *c)
{
	for (size_t i = 0; i < c->n_images; i++)
		entry_done(&c->images[i]);
	for (size_t i = 0; i < c->n_kernels; i++)
		entry_done(&c->kernels[i]);
	free(c->images);
	free(c->kernels);
	*c = (struct catalog){0};
}

/* Letters, digits and `more`; not empty, not too long, a letter or digit first. */
static bool is_word(const char *s, const char *more)
{
	static const char alnum[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	if (*s == '\0' || strlen(s) >= CATALOG_WORD_SIZE || !strchr(alnum, *s))
		return false;
	for (; *s; s++)
		if (!strchr(alnum, *s) && !strchr(more, *s))
			return false;
	return true;
}

/* An optional string member; `dflt` NULL: it must be there. Counts what it found. */
static int read_word(const struct json *obj, const char *key, const char *dflt, const char *more, char *ret,
		     size_t size, int *seen, const struct place *p, struct err *e)
{
	const char *s = json_str(obj, key);

	if (!json_get(obj, key)) {
		if (!dflt)
			return complain(p, key, _("is missing"), e);
		str_copy(ret, size, dflt);
		return 0;
	}
	if (!s || !is_word(s, more))
		return complain(p, key, _("must be a name"), e);
	str_copy(ret, size, s);
	++*seen;
	return 0;
}

static int read_about(const struct json *obj, struct catalog_entry *entry, int *seen, const struct place *p,
		      struct err *e)
{
	const char *s = json_str(obj, "about");
	auto_buf clean = {0};

	if (!json_get(obj, "about"))
		return 0;
	if (!s || strlen(s) >= sizeof(entry->about))
		return complain(p, "about", _("must be a line of at most 95 bytes"), e);
	utf8_clean(&clean, s, strlen(s), false);
	str_copy(entry->about, sizeof(entry->about), buf_cstr(&clean));
	++*seen;
	return 0;
}

/* Copies a package name with "{arch}" replaced. False when it is no package name or does not fit. */
static bool expand_package(const char *s, char ret[CATALOG_WORD_SIZE])
{
	static const char mark[] = "{arch}";
	const char *at = strstr(s, mark);
	auto_buf b = {0};

	if (at) {
		buf_add(&b, s, (size_t)(at - s));
		buf_adds(&b, catalog_arch());
		buf_adds(&b, at + strlen(mark));
	} else {
		buf_adds(&b, s);
	}
	if (!is_word(buf_cstr(&b), "+-.:"))
		return false;
	str_copy(ret, CATALOG_WORD_SIZE, buf_cstr(&b));
	return true;
}

static int read_packages(const struct json *obj, struct catalog_entry *entry, int *seen, const struct place *p,
			 struct err *e)
{
	const struct json *list = json_get(obj, "packages");
	int n;

	if (!list)
		return 0;
	n = json_len(list);
	if (!json_is_array(list) || n > CATALOG_PACKAGES_MAX)
		return complain(p, "packages", _("must be a list of at most 256 package names"), e);
	entry->packages = xcalloc((size_t)MAX(n, 1), sizeof(*entry->packages));
	for (int i = 0; i < n; i++) {
		const char *s = json_string(json_at(list, i));

		if (!s || !expand_package(s, entry->packages[i]))
			return complain(p, "packages", _("holds something that is no package name"), e);
	}
	entry->n_packages = (size_t)n;
	++*seen;
	return 0;
}

static int read_builder(const struct json *obj, struct catalog_entry *entry, int *seen, const struct place *p,
			struct err *e)
{
	const char *s = json_str(obj, "builder");

	if (!json_get(obj, "builder"))
		return 0;
	if (!s || (strcmp(s, "mmdebstrap") != 0 && strcmp(s, "busybox") != 0))
		return complain(p, "builder", _("must be \"mmdebstrap\" or \"busybox\""), e);
	entry->builder = strcmp(s, "busybox") == 0 ? CATALOG_BUSYBOX : CATALOG_MMDEBSTRAP;
	++*seen;
	return 0;
}

static int read_needs(const struct json *obj, struct catalog_entry *entry, int *seen, const struct place *p, struct err *e)
{
	int64_t mib = json_int(obj, "needs_mib", -1);

	if (!json_get(obj, "needs_mib"))
		return 0;
	if (mib < 1 || mib > NEEDS_MAX_MIB)
		return complain(p, "needs_mib", _("must be a number of MiB, at most 131072"), e);
	entry->needs_mib = (uint32_t)mib;
	++*seen;
	return 0;
}

static int read_bootstrap(const struct json *obj, enum section section, struct catalog_entry *entry, int *seen,
			  const struct place *p, struct err *e)
{
	if (read_word(obj, "suite", NULL, "-./", entry->suite, sizeof(entry->suite), seen, p, e) < 0 ||
	    read_word(obj, "components", "main", "-,", entry->components, sizeof(entry->components), seen, p, e) < 0 ||
	    read_packages(obj, entry, seen, p, e) < 0)
		return -1;
	if (section == SECTION_KERNELS)
		return entry->n_packages > 0 ? 0 : complain(p, "packages", _("must name the kernel's package"), e);
	if (read_word(obj, "variant", "minbase", "-", entry->variant, sizeof(entry->variant), seen, p, e) < 0)
		return -1;
	return read_builder(obj, entry, seen, p, e);
}

static int read_oci(const struct json *obj, enum section section, struct catalog_entry *entry, int *seen, const struct place *p,
		    struct err *e)
{
	const char *s = json_str(obj, "reference");
	struct err why = {0};

	if (section == SECTION_KERNELS)
		return complain(p, "kind", _("is one of images"), e);
	if (!s || !oci_ref_is_spelled(s) || name_parse_image(s, entry->reference, &why) < 0)
		return complain(p, "reference", _("must be a whole reference, as \"docker.io/library/alpine:3\""), e);
	entry->builder = CATALOG_REGISTRY;
	++*seen;
	return 0;
}

static int read_host(const struct json *obj UNUSED, enum section section, struct catalog_entry *entry UNUSED, int *seen UNUSED,
		     const struct place *p, struct err *e)
{
	return section == SECTION_KERNELS ? 0 : complain(p, "kind", _("is one of kernels"), e);
}

static int read_bundle(const struct json *obj, enum section section UNUSED, struct catalog_entry *entry, int *seen, const struct place *p,
		       struct err *e)
{
	const char *url = json_str(obj, "url"), *sha256 = json_str(obj, "sha256");
	int64_t size = json_int(obj, "size", -1);
	struct err why = {0};

	if (!url || strlen(url) >= sizeof(entry->url))
		return complain(p, "url", _("must be an address of at most 1023 bytes"), e);
	if (bundle_check_url(url, &why) < 0)
		return complain(p, "url", why.msg, e);
	if (!sha256 || !digest_is_valid(sha256))
		return complain(p, "sha256", _("must be 64 hexadecimal digits, in lower case"), e);
	if (size < 1 || (uint64_t)size > BUNDLE_SIZE_MAX)
		return complain(p, "size", _("must be the bundle's number of bytes, at most 64 GiB"), e);
	str_copy(entry->url, sizeof(entry->url), url);
	str_copy(entry->sha256, sizeof(entry->sha256), sha256);
	entry->size = (uint64_t)size;
	entry->builder = CATALOG_UNPACK;
	*seen += 3;
	return 0;
}

/* What is read of each kind, and its members besides those that all have; those of an image alone come last. */
static const struct {
	int (*read)(const struct json *obj, enum section section, struct catalog_entry *entry, int *seen, const struct place *p,
		    struct err *e);
	const char *members[5];
	size_t n_members, n_of_kernels;
} kinds[] = {
	[CATALOG_BOOTSTRAP] = {read_bootstrap, {"suite", "components", "packages", "variant", "builder"}, 5, 3},
	[CATALOG_OCI] = {read_oci, {"reference"}, 1, 0},
	[CATALOG_HOST] = {read_host, {NULL}, 0, 0},
	[CATALOG_BUNDLE] = {read_bundle, {"url", "sha256", "size"}, 3, 3},
};

static int read_kind(const struct json *obj, struct catalog_entry *entry, int *seen, const struct place *p,
		     struct err *e)
{
	const char *s = json_str(obj, "kind");

	if (!s)
		return complain(p, "kind", _("must be given, as a string"), e);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].read && strcmp(s, kind_names[i]) == 0) {
			entry->kind = (enum catalog_kind)i;
			++*seen;
			return 0;
		}
	}
	return complain(p, "kind", _("is not a kind this version can build (\"bootstrap\", \"oci\", \"bundle\", \"host\")"), e);
}

static bool is_known(const char *key, enum catalog_kind kind, enum section section)
{
	static const char *const common[] = {"name", "about", "kind", "needs_mib"};
	size_t n = section == SECTION_KERNELS ? kinds[kind].n_of_kernels : kinds[kind].n_members;

	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		if (strcmp(common[i], key) == 0)
			return true;
	for (size_t i = 0; i < n; i++)
		if (strcmp(kinds[kind].members[i], key) == 0)
			return true;
	return false;
}

/* The first member that no entry of its kind has, or the first that comes twice. */
static const char *stranger(const struct json *obj, enum catalog_kind kind, enum section section)
{
	for (const struct json *m = json_first(obj); m; m = json_next(m)) {
		if (!is_known(json_key(m), kind, section))
			return json_key(m);
		for (const struct json *before = json_first(obj); before != m; before = json_next(before))
			if (strcmp(json_key(before), json_key(m)) == 0)
				return json_key(m);
	}
	return "";
}

static int read_entry(const struct json *obj, enum section section, struct catalog_entry *entry, struct place *p,
		      struct err *e)
{
	const char *name = json_str(obj, "name");
	struct err why = {0};
	int seen = 1;

	if (!json_is_object(obj))
		return err_set(e, ERR_PROTO, _("%s: %s %s is not an object"), p->file, p->section, p->entry);
	if (!name)
		return complain(p, "name", _("must be given, as a string"), e);
	if (name_check_object(p->section, name, &why) < 0)
		return err_set(e, ERR_PROTO, "%s: %s %s: %s", p->file, p->section, p->entry, why.msg);
	str_copy(entry->name, sizeof(entry->name), name);
	p->entry = entry->name;
	if (read_about(obj, entry, &seen, p, e) < 0 || read_kind(obj, entry, &seen, p, e) < 0 ||
	    read_needs(obj, entry, &seen, p, e) < 0 ||
	    kinds[entry->kind].read(obj, section, entry, &seen, p, e) < 0)
		return -1;
	if (json_len(obj) != seen)
		return complain(p, stranger(obj, entry->kind, section), _("is unknown, or there twice"), e);
	return 0;
}

static const struct catalog_entry *find(const struct catalog_entry *entries, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(entries[i].name, name) == 0)
			return &entries[i];
	return NULL;
}

/* Reads one of the two arrays into *entries, which the caller frees whatever happens. */
static int read_section(const struct json *root, enum section section, const char *file, struct catalog_entry **entries,
			size_t *n, int *seen, struct err *e)
{
	const char *key = section == SECTION_IMAGES ? "images" : "kernels";
	const struct json *list = json_get(root, key);
	int len = list ? json_len(list) : 0;

	if (!list)
		return 0;
	++*seen;
	if (!json_is_array(list) || len > CATALOG_ENTRIES_MAX)
		return err_set(e, ERR_PROTO, _("%s: \"%s\" must be a list of at most %d entries"), file, key,
			       CATALOG_ENTRIES_MAX);
	*entries = xcalloc((size_t)MAX(len, 1), sizeof(**entries));
	for (int i = 0; i < len; i++) {
		struct catalog_entry *entry = &(*entries)[*n];
		char number[16];
		struct place p = {file, section == SECTION_IMAGES ? "image" : "kernel", number};

		snprintf(number, sizeof(number), "#%d", i + 1);
		++*n; /* before reading: what is half read is freed too */
		if (read_entry(json_at(list, i), section, entry, &p, e) < 0)
			return -1;
		if (find(*entries, *n - 1, entry->name))
			return complain(&p, "name", _("is there twice"), e);
	}
	return 0;
}

/* Moves entries over; those of the same name are replaced. */
static int merge(struct catalog_entry **to, size_t *n_to, struct catalog_entry *from, size_t n, struct err *e)
{
	if (*n_to + n > CATALOG_ENTRIES_MAX)
		return err_set(e, ERR_PROTO, _("the catalogue holds more than %d entries"), CATALOG_ENTRIES_MAX);
	*to = xrealloc(*to, MAX(*n_to + n, 1), sizeof(**to));
	for (size_t i = 0; i < n; i++) {
		struct catalog_entry *old = (struct catalog_entry *)find(*to, *n_to, from[i].name);

		if (old)
			entry_done(old);
		else
			old = &(*to)[(*n_to)++];
		*old = from[i];
		from[i] = (struct catalog_entry){0};
	}
	return 0;
}

int catalog_add(struct catalog *c, const char *text, size_t len, const char *what, struct err *e)
{
	auto_catalog read = {0};
	auto_call(json_free_auto) struct json *root = json_parse(text, len, what, e);
	int seen = 0;

	if (!root)
		return -1;
	if (!json_is_object(root))
		return err_set(e, ERR_PROTO, _("%s: must hold an object"), what);
	if (read_section(root, SECTION_IMAGES, what, &read.images, &read.n_images, &seen, e) < 0 ||
	    read_section(root, SECTION_KERNELS, what, &read.kernels, &read.n_kernels, &seen, e) < 0)
		return -1;
	if (json_len(root) != seen)
		return err_set(e, ERR_PROTO, _("%s: may hold \"images\" and \"kernels\", each once, and nothing else"),
			       what);
	if (merge(&c->images, &c->n_images, read.images, read.n_images, e) < 0 ||
	    merge(&c->kernels, &c->n_kernels, read.kernels, read.n_kernels, e) < 0)
		return err_wrap(e, "%s", what);
	return 0;
}

static int is_catalog_file(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 5 && strcmp(d->d_name + len - 5, ".json") == 0;
}

/* The same order whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void load_file(struct catalog *c, const char *path)
{
	auto_buf text = {0};
	struct err e = {0};

	if ((fs_read_file(path, CATALOG_FILE_MAX, &text, &e) < 0 || catalog_add(c, buf_cstr(&text), text.len, path, &e) < 0) &&
	    !err_is_set(&c->broken))
		c->broken = e;
}

static void load_dir(struct catalog *c, const char *dir)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_catalog_file, by_name);

	if (n < 0 && errno != ENOENT)
		err_sys(&c->broken, errno, _("cannot read %s"), dir);
	for (int i = 0; i < n; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, list[i]->d_name);

		load_file(c, path);
		free(list[i]);
	}
	free(list);
}

int catalog_load(const char *dir, struct catalog *ret, struct err *e)
{
	if (catalog_add(ret, catalog_images_json, catalog_images_json_len, "image-catalog.json", e) < 0 ||
	    catalog_add(ret, catalog_kernels_json, catalog_kernels_json_len, "kernel-catalog.json", e) < 0) {
		catalog_done(ret);
		return -1;
	}
	if (dir)
		load_dir(ret, dir);
	return 0;
}

void catalog_reference_entry(const char *reference, struct catalog_entry *ret)
{
	*ret = (struct catalog_entry){.kind = CATALOG_OCI, .builder = CATALOG_REGISTRY};
	str_copy(ret->name, sizeof(ret->name), reference);
	str_copy(ret->reference, sizeof(ret->reference), reference);
}

void catalog_file_entry(const char *name, const char *path, struct catalog_entry *ret)
{
	*ret = (struct catalog_entry){.kind = CATALOG_LOCAL, .builder = CATALOG_IMPORT, .path = path};
	str_copy(ret->name, sizeof(ret->name), name);
}

void catalog_kernel_entry(const char *name, const char *path, const char *modules, struct catalog_entry *ret)
{
	*ret = (struct catalog_entry){.kind = CATALOG_LOCAL, .path = path, .modules = modules};
	str_copy(ret->name, sizeof(ret->name), name);
}

const struct catalog_entry *catalog_find_image(const struct catalog *c, const char *name)
{
	return find(c->images, c->n_images, name);
}

const struct catalog_entry *catalog_find_kernel(const struct catalog *c, const char *name)
{
	return find(c->kernels, c->n_kernels, name);
}
