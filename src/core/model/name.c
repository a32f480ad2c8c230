/* SPDX-License-Identifier: MIT */
/*
 * Names and references: see name.h. Pure; any thread.
 */
#include "core/model/name.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "core/model/ociref.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define REF_PREFIX_MIN 3

static bool is_vm_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static bool is_object_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._-", c);
}

const char *name_show_char(char c, char buf[8])
{
	if (c == ' ')
		return _("a blank");
	if (c > ' ' && c < 0x7f)
		snprintf(buf, 8, "'%c'", c);
	else
		snprintf(buf, 8, "'0x%02x'", (unsigned char)c);
	return buf;
}

int name_check_vm(const char *name, struct err *e)
{
	size_t n = strlen(name);
	char shown[8];

	if (n == 0)
		return err_set(e, ERR_USAGE, _("a VM name must not be empty"));
	for (size_t i = 0; i < n; i++) {
		if (is_vm_name_char(name[i]))
			continue;
		err_set(e, ERR_USAGE, _("VM name has %s at position %zu"), name_show_char(name[i], shown), i + 1);
		return err_hint(e, _("use small letters a-z, digits and hyphens"));
	}
	if (n >= VM_NAME_SIZE)
		return err_set(e, ERR_USAGE, _("VM name '%.20s…' has %zu characters; 63 is the limit"), name, n);
	if (name[0] == '-' || name[n - 1] == '-') {
		err_set(e, ERR_USAGE, _("VM name '%s' has a hyphen at position %zu"), name, name[0] == '-' ? (size_t)1 : n);
		return err_hint(e, _("a name starts and ends with a letter or a digit"));
	}
	return 0;
}

int name_check_object(const char *what, const char *name, struct err *e)
{
	size_t n = strlen(name);
	char shown[8];

	if (n == 0)
		return err_set(e, ERR_USAGE, _("%s name must not be empty"), what);
	for (size_t i = 0; i < n; i++) {
		if (is_object_name_char(name[i]))
			continue;
		err_set(e, ERR_USAGE, _("%s name has %s at position %zu"), what, name_show_char(name[i], shown), i + 1);
		return err_hint(e, _("use letters, digits, dot, underscore and hyphen"));
	}
	if (n >= OBJ_NAME_SIZE)
		return err_set(e, ERR_USAGE, _("%s name has %zu characters; %d is the limit"), what, n, OBJ_NAME_SIZE - 1);
	if (name[0] == '.' || name[0] == '-' || strstr(name, ".."))
		return err_set(e, ERR_USAGE, _("%s name '%s' must not start with a dot or a hyphen, nor contain '..'"), what, name);
	return 0;
}

int name_parse_image(const char *text, char ret[OBJ_NAME_SIZE], struct err *e)
{
	struct oci_ref ref;

	_Static_assert(OCI_REF_SIZE <= OBJ_NAME_SIZE, "a reference is a name");
	if (!oci_ref_is_spelled(text)) {
		if (name_check_object(_("image"), text, e) < 0)
			return -1;
		str_copy(ret, OBJ_NAME_SIZE, text);
		return 0;
	}
	if (oci_ref_parse(text, &ref, e) < 0)
		return -1;
	oci_ref_format(&ref, ret);
	return 0;
}

static const char *const file_endings[] = {".tar", ".tar.gz", ".tar.xz", ".tar.zst", ".tgz", ".txz", ".tzst", ".ext4", ".img", ".raw"};

/* The longest ending there is, in bytes; 0 = none of them, or nothing before it. */
static size_t ending_of(const char *base)
{
	size_t n = strlen(base), best = 0;

	for (size_t i = 0; i < ARRAY_LEN(file_endings); i++) {
		size_t m = strlen(file_endings[i]);

		if (m > best && n > m && strcasecmp(base + n - m, file_endings[i]) == 0)
			best = m;
	}
	return best;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool name_looks_importable(const char *path)
{
	return ending_of(base_of(path)) > 0;
}

void name_from_file(const char *path, char ret[OBJ_NAME_SIZE])
{
	const char *base = base_of(path);
	size_t len = strlen(base) - ending_of(base), n = 0;

	for (size_t i = 0; i < len && n < OBJ_NAME_SIZE - 1; i++) {
		char c = is_object_name_char(base[i]) && base[i] ? base[i] : '-';
		bool dotted = (c == '.' && (n == 0 || ret[n - 1] == '.')) || (c == '-' && n == 0);

		/* What had to be replaced leaves one hyphen, and none at the edges. */
		if (!dotted && !(c == '-' && c != base[i] && (n == 0 || ret[n - 1] == '-')))
			ret[n++] = c;
	}
	while (n > 0 && (ret[n - 1] == '-' || ret[n - 1] == '.'))
		n--;
	ret[n] = '\0';
	if (n == 0)
		str_copy(ret, OBJ_NAME_SIZE, "image");
}

static enum name_taken taken_in_catalog(const char *name, bool in_catalog, char *ret, size_t size)
{
	str_copy(ret, size, "");
	if (in_catalog)
		snprintf(ret, size, _("'%.60s' is in the catalogue: this one stands in for it"), name);
	return in_catalog ? NAME_STANDS_IN : NAME_FREE;
}

enum name_taken name_taken_image(const char *name, bool local, bool in_catalog, char *ret, size_t size)
{
	if (!local)
		return taken_in_catalog(name, in_catalog, ret, size);
	snprintf(ret, size, _("there is an image '%.60s': this one takes its name, machines keep the old one"), name);
	return NAME_MOVES;
}

enum name_taken name_taken_kernel(const char *name, bool local, bool in_catalog, char *ret, size_t size)
{
	if (!local)
		return taken_in_catalog(name, in_catalog, ret, size);
	snprintf(ret, size, _("there is a kernel '%.60s': choose another name, or delete that one first"), name);
	return NAME_IS_TAKEN;
}

void name_generate(char ret[VM_NAME_SIZE])
{
	static const char *const first[] = {
		"swift", "calm",  "bright", "quiet", "bold",  "keen",  "mild",	"brave", "clever", "gentle", "lucky",
		"merry", "noble", "proud",  "rapid", "sunny", "tidy",  "vivid", "warm",	 "wise",   "amber",  "azure",
		"coral", "crisp", "dusky",  "early", "fleet", "frosty", "happy", "ivory", "jolly",  "silver",
	};
	static const char *const second[] = {
		"otter", "heron", "lynx",  "finch", "badger", "falcon", "gecko", "hare",  "ibis",  "jay",   "koala",
		"lemur", "mole",  "newt",  "ocelot", "panda", "quail",	"raven", "seal",  "tapir", "urchin", "vole",
		"wren",	 "yak",	  "zebra", "bison", "crane",  "dingo",	"egret", "ferret", "moth",  "toad",
	};
	unsigned char r[2];

	id_random(r, sizeof(r));
	snprintf(ret, VM_NAME_SIZE, "%s-%s", first[r[0] % ARRAY_LEN(first)], second[r[1] % ARRAY_LEN(second)]);
}

enum name_match name_match_id(const char *ref, const char *id)
{
	size_t n = strlen(ref);

	if (strcmp(ref, id) == 0)
		return NAME_MATCH_EXACT;
	return n >= REF_PREFIX_MIN && n < ID_HEX_LEN && strncmp(ref, id, n) == 0 ? NAME_MATCH_PREFIX : NAME_MATCH_NONE;
}

enum name_match name_match_vm(const char *ref, const char *id, const char *name)
{
	return strcmp(ref, name) == 0 ? NAME_MATCH_EXACT : name_match_id(ref, id);
}

/* Levenshtein distance, two rows; both strings are at most NEAR_MAX long. */
#define NEAR_MAX 48

static int edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
	int row[NEAR_MAX + 1];

	for (size_t j = 0; j <= nb; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= na; i++) {
		int diagonal = row[0];

		row[0] = (int)i;
		for (size_t j = 1; j <= nb; j++) {
			int swap = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(swap, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[nb];
}

bool name_is_near(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);

	if (na == 0 || nb == 0 || na > NEAR_MAX || nb > NEAR_MAX)
		return false;
	if (na >= 3 && (strstr(b, a) || (nb >= 3 && strstr(a, b))))
		return true;
	return edit_distance(a, na, b, nb) <= (int)MAX(1u, MIN(na, nb) / 3);
}
