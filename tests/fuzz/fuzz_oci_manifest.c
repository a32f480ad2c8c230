/* SPDX-License-Identifier: MIT */
/*
 * What registries serve: the same bytes as index, as manifest, as configuration and as the file that we keep of one. What is read
 * keeps its promises, and what is kept comes back.
 */
#include "base/buf.h"
#include "core/oci/config.h"
#include "core/oci/manifest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_descriptor(const struct oci_descriptor *d)
{
	if (!digest_is_valid(d->hex) || strcmp(d->digest + strlen(OCI_DIGEST_PREFIX), d->hex) != 0 ||
	    d->size > OCI_LAYER_SIZE_MAX)
		abort();
}

static void as_index(const struct oci_text *t)
{
	static const struct oci_platform want = {"linux", "amd64"};
	struct oci_descriptor d;

	if (oci_index_choose(t, &want, &d, NULL) == 0)
		check_descriptor(&d);
}

static void as_manifest(const struct oci_text *t)
{
	auto_oci_manifest m = {0};
	uint64_t sum = 0;

	if (oci_manifest_parse(t, &m, NULL) < 0)
		return;
	for (size_t i = 0; i < m.n_layers; i++) {
		check_descriptor(&m.layers[i]);
		sum += m.layers[i].size;
	}
	if (m.n_layers == 0 || m.n_layers > OCI_LAYERS_MAX || sum + m.config.size != m.size ||
	    m.size > OCI_IMAGE_SIZE_MAX)
		abort();
}

static void write_and_read(const struct oci_config *c)
{
	auto_buf text = {0}, again = {0};
	auto_oci_config back = {0};

	oci_config_write(c, &text);
	struct oci_text t = {buf_cstr(&text), text.len, "ours"};
	if (oci_config_read_own(&t, &back, NULL) < 0)
		abort();
	oci_config_write(&back, &again);
	if (strcmp(buf_cstr(&text), buf_cstr(&again)) != 0)
		abort();
}

static void as_config(const struct oci_text *t)
{
	auto_oci_config c = {0}, own = {0};

	if (oci_config_parse(t, &c, NULL) == 0)
		write_and_read(&c);
	if (oci_config_read_own(t, &own, NULL) == 0)
		write_and_read(&own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct oci_text t = {(const char *)data, n, "input"};
	struct err e = {0};

	if (oci_is_index(&t, NULL, &e) < 0 && e.code != ERR_PROTO)
		abort();
	as_index(&t);
	as_manifest(&t);
	as_config(&t);
	return 0;
}
