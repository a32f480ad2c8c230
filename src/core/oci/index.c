/* SPDX-License-Identifier: MIT */
/*
 * The choice from an index: see oci_index_choose() in manifest.h.
 *
 * Entries are looked at in their order, as the specification wants, and only the chosen one has to be right: what others publish for
 * other machines is no reason to refuse. The platforms that are there are collected only for the message.
 */
#include "core/oci/manifest_priv.h"

#include "base/i18n.h"
#include "base/utf8.h"

#include <string.h>

#define PLATFORMS_TEXT_MAX 240

/* The entry's platform is one for which nothing is made: attestations have it. */
#define NO_PLATFORM "unknown"

/* null is what some who write an index make of nothing. */
static const struct json *get_said(const struct json *obj, const char *key)
{
	const struct json *v = json_get(obj, key);

	return v && !json_is_null(v) ? v : NULL;
}

/* Is it the manifest of an image, or an index that may lead to one, as far as its entry says? */
static bool is_image(const struct json *entry)
{
	const struct json *artifact = get_said(entry, "artifactType");
	enum oci_media media = oci_media_from_type(json_str(entry, "mediaType"));

	return (media == OCI_MEDIA_MANIFEST || media == OCI_MEDIA_INDEX) &&
	       (!artifact || oci_media_from_type(json_string(artifact)) == OCI_MEDIA_CONFIG);
}

static bool is_member(const struct json *obj, const char *key, const char *want)
{
	const char *s = json_str(obj, key);

	return s && strcmp(s, want) == 0;
}

/* Does every machine of this architecture have what the variant stands for? */
static bool is_baseline(const char *arch, const char *variant)
{
	return !variant || !*variant || (strcmp(arch, "amd64") == 0 && strcmp(variant, "v1") == 0) ||
	       (strcmp(arch, "arm64") == 0 && strcmp(variant, "v8") == 0);
}

static bool is_for(const struct json *platform, const struct oci_platform *want)
{
	return is_member(platform, "os", want->os) && is_member(platform, "architecture", want->arch) &&
	       is_baseline(want->arch, json_str(platform, "variant")) &&
	       json_len(json_get(platform, "os.features")) == 0;
}

/* "linux/arm64/v8" at the end of the list, unless it is there or the list is long enough. */
static void list_platform(const struct json *platform, struct buf *list)
{
	const char *os = json_str(platform, "os"), *arch = json_str(platform, "architecture"),
		   *variant = json_str(platform, "variant");
	char shown[3][OCI_SHOWN_SIZE];
	auto_buf one = {0};

	if (!os || !arch || strcmp(os, NO_PLATFORM) == 0 || list->len > PLATFORMS_TEXT_MAX)
		return;
	buf_addf(&one, "%s/%s%s%s,", doc_show(os, shown[0]), doc_show(arch, shown[1]), variant && *variant ? "/" : "",
		 doc_show(variant, shown[2]));
	if (strstr(buf_cstr(list), buf_cstr(&one)))
		return;
	if (list->len + one.len > PLATFORMS_TEXT_MAX)
		buf_adds(&one, " …,");
	if (list->len > 0)
		buf_addc(list, ' ');
	buf_add(list, buf_cstr(&one), one.len);
}

static int refuse(const struct doc *d, const struct oci_platform *want, const struct buf *list, struct err *e)
{
	if (list->len == 0)
		return err_set(e, ERR_NOT_FOUND, _("%s: holds no image for any machine"), d->what);
	return err_set(e, ERR_NOT_FOUND, _("%s: there is none for %s/%s, only for %.*s"), d->what, want->os, want->arch,
		       (int)list->len - 1, buf_cstr(list));
}

int oci_index_choose(const struct oci_text *t, const struct oci_platform *want, struct oci_descriptor *ret,
		     struct err *e)
{
	const struct json *list, *chosen = NULL, *unsaid = NULL;
	auto_buf platforms = {0};
	auto_doc d = {0};

	if (manifest_open(t, OCI_MEDIA_INDEX, &d, e) < 0)
		return -1;
	list = json_get(d.root, "manifests");
	if (!json_is_array(list) || json_len(list) > OCI_INDEX_MAX)
		return err_set(e, ERR_PROTO, _("%s: must hold a list of at most %d manifests"), d.what, OCI_INDEX_MAX);
	for (const struct json *v = json_first(list); v && !chosen; v = json_next(v)) {
		const struct json *platform = get_said(v, "platform");

		if (!is_image(v))
			continue;
		if (is_for(platform, want))
			chosen = v;
		else if (!platform && !unsaid)
			unsaid = v;
		list_platform(platform, &platforms);
	}
	if (!chosen && !unsaid)
		return refuse(&d, want, &platforms, e);
	if (descriptor_read(chosen ? chosen : unsaid, d.what, _("the manifest for this machine"), ret, e) < 0)
		return -1;
	if (ret->size > OCI_TEXT_MAX)
		return err_set(e, ERR_PROTO, _("%s: the manifest for this machine has more than %zu bytes"), d.what,
			       OCI_TEXT_MAX);
	return 0;
}
