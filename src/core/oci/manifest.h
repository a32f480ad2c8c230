/* SPDX-License-Identifier: MIT */
/*
 * What registries serve of an image: an index (one manifest a platform) and manifests (a configuration and layers).
 *
 * OCI image-spec 1.1 (descriptor.md, image-index.md, manifest.md), and Docker's manifest list and manifest v2 schema 2, which are the
 * same but for media types. The digest of a text was verified before it comes here: it is what somebody published, and hostile all the
 * same. A text that could be both index and manifest is refused, so that no two programs read two images in it.
 *
 * Failures are ERR_PROTO, unless said otherwise, and name the text by its `what`. Texts are limited to OCI_TEXT_MAX. Pure; any thread.
 */
#ifndef CORE_OCI_MANIFEST_H
#define CORE_OCI_MANIFEST_H

#include "base/digest.h"
#include "base/err.h"
#include "core/oci/doc.h"
#include "core/model/ociref.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OCI_MEDIA_SIZE 128
#define OCI_LAYERS_MAX 512
#define OCI_INDEX_MAX 1024 /* entries of an index */
#define OCI_LAYER_SIZE_MAX (UINT64_C(64) << 30)
#define OCI_IMAGE_SIZE_MAX (UINT64_C(128) << 30) /* configuration and all layers */
#define OCI_CONFIG_SIZE_MAX OCI_TEXT_MAX

enum oci_media {
	OCI_MEDIA_UNKNOWN,
	OCI_MEDIA_INDEX,
	OCI_MEDIA_MANIFEST,
	OCI_MEDIA_CONFIG,
	OCI_MEDIA_LAYER_TAR,
	OCI_MEDIA_LAYER_GZIP,
	OCI_MEDIA_LAYER_ZSTD,
	OCI_MEDIA_LAYER_FOREIGN, /* "nondistributable": registries do not have it */
	OCI_MEDIA_SCHEMA1,	 /* a manifest of Docker's first kind */
};

/* Of a media type or a Content-Type: capital letters and parameters ("; charset=…") do not count. NULL is unknown. */
enum oci_media oci_media_from_type(const char *type);
/* Tar, gzip or zstd: what can be unpacked. */
bool oci_media_is_layer(enum oci_media media);

/* The HTTP header that asks for everything understood here. */
#define OCI_ACCEPT                                                                                                     \
	"Accept: application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, " \
	"application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"

struct oci_descriptor {
	char media_type[OCI_MEDIA_SIZE]; /* as it was written, cleaned */
	enum oci_media media;
	char digest[OCI_DIGEST_SIZE]; /* "sha256:…" */
	char hex[DIGEST_SIZE];	      /* its 64 digits */
	uint64_t size;
};

struct oci_platform {
	const char *os;	  /* "linux" */
	const char *arch; /* Go's names: "amd64", "arm64" */
};

/* 1: an index, 0: a manifest, by the text's mediaType, else by content_type (may be NULL), else by its members. Schema 1 is refused
 * with a sentence of its own. */
NODISCARD int oci_is_index(const struct oci_text *t, const char *content_type, struct err *e);

/* The first manifest, or further index, of an index that is for `want`: an entry of its os and architecture that asks for no more than every such machine
 * has (variant none, amd64's v1, arm64's v8; no os.features). Else the first that names no platform: then only its configuration says.
 * Passed over: what is no image's manifest, as attestations and artifacts. ERR_NOT_FOUND names the platforms that there are. */
NODISCARD int oci_index_choose(const struct oci_text *t, const struct oci_platform *want, struct oci_descriptor *ret,
			       struct err *e);

/* Valid when zeroed. */
struct oci_manifest {
	struct oci_descriptor config;
	struct oci_descriptor *layers; /* owned; lowest first; one at least */
	size_t n_layers;
	uint64_t size; /* of configuration and layers as they are fetched */
};

/* The caps above are held. Artifacts, layers of unknown kinds and those that registries do not have are refused by their type. `ret`
 * is emptied first, and on failure. */
NODISCARD int oci_manifest_parse(const struct oci_text *t, struct oci_manifest *ret, struct err *e);
void oci_manifest_done(struct oci_manifest *m);

#define auto_oci_manifest __attribute__((cleanup(oci_manifest_done))) struct oci_manifest

#endif
