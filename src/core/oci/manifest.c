/* SPDX-License-Identifier: MIT */
/*
 * Manifests: see manifest.h. Media types, descriptors, which kind a text is, and the manifest of one platform.
 *
 * Layers are counted before memory is taken, sizes are added up under a limit that no two of them overflow, and a descriptor is taken
 * only when all of it is right.
 */
#include "core/oci/manifest_priv.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *type;
	enum oci_media media;
} media_types[] = {
	{"application/vnd.oci.image.index.v1+json", OCI_MEDIA_INDEX},
	{"application/vnd.docker.distribution.manifest.list.v2+json", OCI_MEDIA_INDEX},
	{"application/vnd.oci.image.manifest.v1+json", OCI_MEDIA_MANIFEST},
	{"application/vnd.docker.distribution.manifest.v2+json", OCI_MEDIA_MANIFEST},
	{"application/vnd.oci.image.config.v1+json", OCI_MEDIA_CONFIG},
	{"application/vnd.docker.container.image.v1+json", OCI_MEDIA_CONFIG},
	{"application/vnd.oci.image.layer.v1.tar", OCI_MEDIA_LAYER_TAR},
	{"application/vnd.docker.image.rootfs.diff.tar", OCI_MEDIA_LAYER_TAR},
	{"application/vnd.oci.image.layer.v1.tar+gzip", OCI_MEDIA_LAYER_GZIP},
	{"application/vnd.docker.image.rootfs.diff.tar.gzip", OCI_MEDIA_LAYER_GZIP},
	{"application/vnd.oci.image.layer.v1.tar+zstd", OCI_MEDIA_LAYER_ZSTD},
	{"application/vnd.docker.image.rootfs.diff.tar.zstd", OCI_MEDIA_LAYER_ZSTD},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar", OCI_MEDIA_LAYER_FOREIGN},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", OCI_MEDIA_LAYER_FOREIGN},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", OCI_MEDIA_LAYER_FOREIGN},
	{"application/vnd.docker.image.rootfs.foreign.diff.tar", OCI_MEDIA_LAYER_FOREIGN},
	{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", OCI_MEDIA_LAYER_FOREIGN},
	{"application/vnd.docker.distribution.manifest.v1+json", OCI_MEDIA_SCHEMA1},
	{"application/vnd.docker.distribution.manifest.v1+prettyjws", OCI_MEDIA_SCHEMA1},
};

enum oci_media oci_media_from_type(const char *type)
{
	size_t n;

	type = type ? type : "";
	n = strcspn(type, "; \t");
	for (size_t i = 0; i < ARRAY_LEN(media_types); i++)
		if (strlen(media_types[i].type) == n && strncasecmp(media_types[i].type, type, n) == 0)
			return media_types[i].media;
	return OCI_MEDIA_UNKNOWN;
}

bool oci_media_is_layer(enum oci_media media)
{
	return media == OCI_MEDIA_LAYER_TAR || media == OCI_MEDIA_LAYER_GZIP || media == OCI_MEDIA_LAYER_ZSTD;
}

/* ---- descriptors ---- */

static int read_digest(const struct json *obj, const char *what, const char *part, struct oci_descriptor *ret,
		       struct err *e)
{
	const size_t prefix = strlen(OCI_DIGEST_PREFIX);
	const char *digest = json_str(obj, "digest");
	char shown[OCI_SHOWN_SIZE];

	if (!digest)
		return err_set(e, ERR_PROTO, _("%s: %s has no digest"), what, part);
	if (strncmp(digest, OCI_DIGEST_PREFIX, prefix) != 0)
		return err_set(e, ERR_PROTO, _("%s: %s has the digest '%s': only sha256 is understood"), what, part,
			       doc_show(digest, shown));
	if (!digest_is_valid(digest + prefix))
		return err_set(e, ERR_PROTO,
			       _("%s: %s has the digest '%s', which is not sha256: and 64 small hexadecimal digits"),
			       what, part, doc_show(digest, shown));
	str_copy(ret->digest, sizeof(ret->digest), digest);
	str_copy(ret->hex, sizeof(ret->hex), digest + prefix);
	return 0;
}

int descriptor_read(const struct json *obj, const char *what, const char *part, struct oci_descriptor *ret,
		    struct err *e)
{
	const char *type = json_str(obj, "mediaType");
	int64_t size = json_int(obj, "size", -1);
	char shown[OCI_SHOWN_SIZE];

	*ret = (struct oci_descriptor){0};
	if (!json_is_object(obj))
		return err_set(e, ERR_PROTO, _("%s: %s is missing, or not an object"), what, part);
	if (!type || !*type)
		return err_set(e, ERR_PROTO, _("%s: %s has no media type"), what, part);
	if (size < 0)
		return err_set(e, ERR_PROTO, _("%s: %s has no size, or one that is no number of bytes"), what, part);
	ret->media = oci_media_from_type(type);
	ret->size = (uint64_t)size;
	str_copy(ret->media_type, sizeof(ret->media_type), doc_show(type, shown));
	return read_digest(obj, what, part, ret, e);
}

/* ---- which kind ---- */

static int refuse_schema1(const char *what, struct err *e)
{
	err_set(e, ERR_PROTO,
		_("%s: is a manifest of schema 1, which says too little to be checked and is given up everywhere"),
		what);
	return err_hint(e, _("the image has to be pushed again by a newer program"));
}

/* By members alone. Both kinds at once are refused whatever the media type says. */
static int kind_from_members(const struct doc *d, enum oci_media *ret, struct err *e)
{
	bool index = json_get(d->root, "manifests") != NULL;
	bool manifest = json_get(d->root, "config") || json_get(d->root, "layers");

	if (index && manifest)
		return err_set(e, ERR_PROTO, _("%s: is index and manifest at once"), d->what);
	if (json_int(d->root, "schemaVersion", 0) == 1)
		return refuse_schema1(d->what, e);
	*ret = index ? OCI_MEDIA_INDEX : manifest ? OCI_MEDIA_MANIFEST : OCI_MEDIA_UNKNOWN;
	return 0;
}

static int kind_from_type(const struct doc *d, const char *content_type, enum oci_media *ret, struct err *e)
{
	const struct json *member = json_get(d->root, "mediaType");
	char shown[OCI_SHOWN_SIZE];

	*ret = oci_media_from_type(member ? json_string(member) : content_type);
	if (*ret == OCI_MEDIA_SCHEMA1)
		return refuse_schema1(d->what, e);
	if (*ret == OCI_MEDIA_INDEX || *ret == OCI_MEDIA_MANIFEST)
		return 0;
	*ret = OCI_MEDIA_UNKNOWN;
	if (member)
		return err_set(e, ERR_PROTO, _("%s: is neither index nor manifest but '%s'"), d->what,
			       doc_show(json_string(member), shown));
	return 0;
}

static int kind_of(const struct doc *d, const char *content_type, enum oci_media *ret, struct err *e)
{
	enum oci_media by_members = OCI_MEDIA_UNKNOWN;

	if (kind_from_members(d, &by_members, e) < 0 || kind_from_type(d, content_type, ret, e) < 0)
		return -1;
	if (*ret == OCI_MEDIA_UNKNOWN)
		*ret = by_members;
	if (*ret == OCI_MEDIA_UNKNOWN)
		return err_set(e, ERR_PROTO, _("%s: is neither index nor manifest"), d->what);
	if (by_members != OCI_MEDIA_UNKNOWN && by_members != *ret)
		return err_set(e, ERR_PROTO, _("%s: says that it is one of index and manifest, and is the other"),
			       d->what);
	return 0;
}

int oci_is_index(const struct oci_text *t, const char *content_type, struct err *e)
{
	auto_doc d = {0};
	enum oci_media kind = OCI_MEDIA_UNKNOWN;

	if (doc_open(t, &d, e) < 0 || kind_of(&d, content_type, &kind, e) < 0)
		return -1;
	return kind == OCI_MEDIA_INDEX;
}

int manifest_open(const struct oci_text *t, enum oci_media want, struct doc *ret, struct err *e)
{
	enum oci_media kind = OCI_MEDIA_UNKNOWN;

	if (doc_open(t, ret, e) < 0 || kind_of(ret, NULL, &kind, e) < 0)
		return -1;
	if (kind != want && want == OCI_MEDIA_INDEX)
		return err_set(e, ERR_PROTO, _("%s: is a manifest where an index was expected"), ret->what);
	if (kind != want)
		return err_set(e, ERR_PROTO, _("%s: is an index where a manifest was expected"), ret->what);
	if (json_int(ret->root, "schemaVersion", 0) != 2)
		return err_set(e, ERR_PROTO, _("%s: is not of schema 2"), ret->what);
	return 0;
}

/* ---- manifest ---- */

static int read_config(const struct doc *d, struct oci_manifest *ret, struct err *e)
{
	if (descriptor_read(json_get(d->root, "config"), d->what, _("its configuration"), &ret->config, e) < 0)
		return -1;
	if (ret->config.media != OCI_MEDIA_CONFIG) {
		err_set(e, ERR_PROTO, _("%s: is no image but something else kept in a registry (%s)"), d->what,
			ret->config.media_type);
		return err_hint(e, _("only images have a root file system"));
	}
	if (ret->config.size > OCI_CONFIG_SIZE_MAX)
		return err_set(e, ERR_PROTO, _("%s: its configuration has %" PRIu64 " bytes; %zu is the limit"),
			       d->what, ret->config.size, OCI_CONFIG_SIZE_MAX);
	ret->size = ret->config.size;
	return 0;
}

/* One layer that can be fetched and unpacked, counted in. */
static int read_layer(const struct json *obj, const char *what, struct oci_manifest *m, struct err *e)
{
	struct oci_descriptor *layer = &m->layers[m->n_layers];
	char part[64];

	snprintf(part, sizeof(part), _("layer %zu"), m->n_layers + 1);
	if (descriptor_read(obj, what, part, layer, e) < 0)
		return -1;
	if (layer->media == OCI_MEDIA_LAYER_FOREIGN)
		return err_set(e, ERR_PROTO, _("%s: %s is of type '%s', which registries may not give out"), what, part,
			       layer->media_type);
	if (!oci_media_is_layer(layer->media))
		return err_set(e, ERR_PROTO, _("%s: %s is of type '%s', which is not understood"), what, part,
			       layer->media_type);
	if (layer->size > OCI_LAYER_SIZE_MAX)
		return err_set(e, ERR_PROTO, _("%s: %s has %" PRIu64 " bytes; %" PRIu64 " is the limit"), what, part,
			       layer->size, OCI_LAYER_SIZE_MAX);
	m->size += layer->size;
	m->n_layers++;
	if (m->size > OCI_IMAGE_SIZE_MAX)
		return err_set(e, ERR_PROTO, _("%s: its layers have more than %" PRIu64 " bytes"), what,
			       OCI_IMAGE_SIZE_MAX);
	return 0;
}

static int read_layers(const struct doc *d, struct oci_manifest *ret, struct err *e)
{
	const struct json *list = json_get(d->root, "layers");
	int n = json_len(list);

	if (!json_is_array(list) || n == 0)
		return err_set(e, ERR_PROTO, _("%s: has no layers"), d->what);
	if (n > OCI_LAYERS_MAX)
		return err_set(e, ERR_PROTO, _("%s: has %d layers; %d is the limit"), d->what, n, OCI_LAYERS_MAX);
	ret->layers = xcalloc((size_t)n, sizeof(*ret->layers));
	for (const struct json *v = json_first(list); v; v = json_next(v))
		if (read_layer(v, d->what, ret, e) < 0)
			return -1;
	return 0;
}

int oci_manifest_parse(const struct oci_text *t, struct oci_manifest *ret, struct err *e)
{
	auto_oci_manifest m = {0};
	auto_doc d = {0};

	*ret = (struct oci_manifest){0};
	if (manifest_open(t, OCI_MEDIA_MANIFEST, &d, e) < 0 || read_config(&d, &m, e) < 0 || read_layers(&d, &m, e) < 0)
		return -1;
	*ret = m;
	m = (struct oci_manifest){0};
	return 0;
}

void oci_manifest_done(struct oci_manifest *m)
{
	free(m->layers);
	*m = (struct oci_manifest){0};
}
