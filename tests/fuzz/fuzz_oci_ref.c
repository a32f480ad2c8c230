/* SPDX-License-Identifier: MIT */
/*
 * Image references as typed: what is taken is written in two ways, and both read back as the same.
 */
#include "base/http.h"
#include "base/mem.h"
#include "core/model/ociref.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect_same(const char *text, const struct oci_ref *r)
{
	struct oci_ref again;

	if (oci_ref_parse(text, &again, NULL) < 0 || strcmp(again.registry, r->registry) != 0 ||
	    strcmp(again.repository, r->repository) != 0 || strcmp(again.tag, r->tag) != 0 ||
	    strcmp(again.digest, r->digest) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *text = xmalloc(n + 1);
	char buf[OCI_REF_SIZE];
	struct err e = {0};
	struct oci_ref r;

	memcpy(text, data, n);
	text[n] = '\0';
	(void)http_host_is_loopback(text);
	if (oci_ref_parse(text, &r, &e) < 0) {
		if (e.code != ERR_USAGE)
			abort();
		return 0;
	}
	expect_same(oci_ref_format(&r, buf), &r);
	if (!oci_ref_is_spelled(buf) || strlen(oci_ref_familiar(&r, buf)) >= OCI_REF_SIZE || !*oci_ref_api_host(&r))
		abort();
	expect_same(buf, &r);
	return 0;
}
