/* SPDX-License-Identifier: MIT */
/*
 * core/oci/manifest: the platform's manifest is chosen, a manifest is read, and what is no image or too large is refused by name.
 */
#include "tests/lib/test.h"

#include "base/buf.h"
#include "core/oci/manifest.h"

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."
#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define DESCRIPTOR(type, hex, size) "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" hex "\",\"size\":" #size "}"
#define ENTRY(hex, platform)                                                                                           \
	"{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":\"sha256:" hex                                          \
	"\",\"size\":500,\"platform\":{" platform "}}"
#define PLATFORM(os, arch) "\"os\":\"" os "\",\"architecture\":\"" arch "\""
#define INDEX(entries) "{\"schemaVersion\":2,\"mediaType\":\"" OCI "index.v1+json\",\"manifests\":[" entries "]}"
#define CONFIG DESCRIPTOR(OCI "config.v1+json", HEX_A, 1470)
#define MANIFEST(config, layers) "{\"schemaVersion\":2,\"config\":" config ",\"layers\":[" layers "]}"
#define LAYER DESCRIPTOR(OCI "layer.v1.tar+gzip", HEX_B, 100)

static struct oci_text text_of(const char *text)
{
	return (struct oci_text){text, strlen(text), "manifest of x"};
}

static void says(const struct err *e, enum err_code code, const char *text)
{
	assert_string_equal(err_code_to_string(e->code), err_code_to_string(code));
	if (!strstr(e->msg, text))
		fail_msg("%s does not say %s", e->msg, text);
	if (!strstr(e->msg, "manifest of x"))
		fail_msg("%s names no text", e->msg);
}

/* ---- media types ---- */

static void media_types_of_both_families(void **state UNUSED)
{
	static const struct {
		const char *type;
		enum oci_media media;
	} known[] = {
		{OCI "index.v1+json", OCI_MEDIA_INDEX},
		{DOCKER "distribution.manifest.list.v2+json", OCI_MEDIA_INDEX},
		{OCI "manifest.v1+json", OCI_MEDIA_MANIFEST},
		{DOCKER "distribution.manifest.v2+json; charset=utf-8", OCI_MEDIA_MANIFEST},
		{"Application/vnd.oci.Image.manifest.v1+JSON", OCI_MEDIA_MANIFEST},
		{OCI "config.v1+json", OCI_MEDIA_CONFIG},
		{DOCKER "container.image.v1+json", OCI_MEDIA_CONFIG},
		{OCI "layer.v1.tar", OCI_MEDIA_LAYER_TAR},
		{OCI "layer.v1.tar+gzip", OCI_MEDIA_LAYER_GZIP},
		{OCI "layer.v1.tar+zstd", OCI_MEDIA_LAYER_ZSTD},
		{DOCKER "image.rootfs.diff.tar.gzip", OCI_MEDIA_LAYER_GZIP},
		{OCI "layer.nondistributable.v1.tar+gzip", OCI_MEDIA_LAYER_FOREIGN},
		{DOCKER "image.rootfs.foreign.diff.tar.gzip", OCI_MEDIA_LAYER_FOREIGN},
		{DOCKER "distribution.manifest.v1+prettyjws", OCI_MEDIA_SCHEMA1},
		{OCI "layer.v1.tar+gzip+encrypted", OCI_MEDIA_UNKNOWN},
		{OCI "layer.v1.tar+gz", OCI_MEDIA_UNKNOWN},
		{"application/json", OCI_MEDIA_UNKNOWN},
		{"", OCI_MEDIA_UNKNOWN},
		{NULL, OCI_MEDIA_UNKNOWN},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		assert_int_equal(oci_media_from_type(known[i].type), known[i].media);
	assert_true(oci_media_is_layer(OCI_MEDIA_LAYER_ZSTD));
	assert_false(oci_media_is_layer(OCI_MEDIA_LAYER_FOREIGN));
}

/* ---- which kind ---- */

static void the_kind_is_known_by_type_header_or_members(void **state UNUSED)
{
	static const struct {
		const char *text, *content_type;
		int index;
	} cases[] = {
		{INDEX(""), NULL, 1},
		{INDEX(""), OCI "manifest.v1+json", 1},
		{"{\"mediaType\":\"" OCI "manifest.v1+json\"}", NULL, 0},
		{"{}", OCI "index.v1+json", 1},
		{"{}", DOCKER "distribution.manifest.v2+json", 0},
		{"{\"manifests\":[]}", "application/json", 1},
		{"{\"config\":{}}", NULL, 0},
		{"{\"layers\":[]}", "text/plain", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_text t = text_of(cases[i].text);
		struct err e = {0};

		assert_int_equal(oci_is_index(&t, cases[i].content_type, &e), cases[i].index);
		assert_int_equal(e.code, ERR_NONE);
	}
}

static void what_has_no_kind_or_two_is_refused(void **state UNUSED)
{
	static const struct {
		const char *text, *content_type, *says;
	} cases[] = {
		{"{}", NULL, "neither"},
		{"{}", "application/json", "neither"},
		{"[]", NULL, "object"},
		{"", NULL, "not JSON"},
		{"{\"manifests\":[],\"layers\":[]}", NULL, "at once"},
		{"{\"manifests\":[],\"config\":{},\"mediaType\":\"" OCI "index.v1+json\"}", NULL, "at once"},
		{"{\"manifests\":[],\"mediaType\":\"" OCI "manifest.v1+json\"}", NULL, "the other"},
		{"{\"layers\":[]}", OCI "index.v1+json", "the other"},
		{"{\"mediaType\":\"text/\\u001b[2J\"}", NULL, "but 'text/\xef\xbf\xbd[2J'"},
		{"{\"mediaType\":5}", NULL, "neither"},
		{"{\"mediaType\":\"" OCI "index.v1+json\\u0000x\"}", NULL, "NUL"},
		{"{\"schemaVersion\":1,\"fsLayers\":[]}", NULL, "schema 1"},
		{"{}", DOCKER "distribution.manifest.v1+prettyjws", "schema 1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_text t = text_of(cases[i].text);
		struct err e = {0};

		assert_int_equal(oci_is_index(&t, cases[i].content_type, &e), -1);
		says(&e, ERR_PROTO, cases[i].says);
	}
}

static void a_backslash_before_u0000_is_text(void **state UNUSED)
{
	struct oci_text t = text_of("{\"layers\":[],\"x\":\"\\\\u0000\"}");
	struct err e = {0};

	assert_int_equal(oci_is_index(&t, NULL, &e), 0);
}

/* ---- index ---- */

static const struct oci_platform amd64 = {"linux", "amd64"}, arm64 = {"linux", "arm64"};

static void choose(const char *text, const struct oci_platform *want, const char *hex)
{
	struct oci_text t = text_of(text);
	struct oci_descriptor d;
	struct err e = {0};

	assert_ok(oci_index_choose(&t, want, &d, &e), &e);
	assert_string_equal(d.hex, hex);
	assert_int_equal(d.media, OCI_MEDIA_MANIFEST);
}

static void the_platforms_manifest_is_chosen(void **state UNUSED)
{
	choose(INDEX(ENTRY(HEX_A, PLATFORM("linux", "arm64") ",\"variant\":\"v8\"") "," ENTRY(
		       HEX_B, PLATFORM("linux", "amd64"))),
	       &amd64, HEX_B);
	choose(INDEX(ENTRY(HEX_A, PLATFORM("linux", "arm64") ",\"variant\":\"v8\"") "," ENTRY(
		       HEX_B, PLATFORM("linux", "amd64"))),
	       &arm64, HEX_A);
	/* The first one of those that match. */
	choose(INDEX(ENTRY(HEX_B, PLATFORM("linux", "amd64")) "," ENTRY(HEX_A, PLATFORM("linux", "amd64"))), &amd64,
	       HEX_B);
}

static void what_asks_for_more_than_every_machine_has_is_passed_over(void **state UNUSED)
{
	choose(INDEX(ENTRY(HEX_A, PLATFORM("linux", "amd64") ",\"variant\":\"v3\"") "," ENTRY(
		       HEX_B, PLATFORM("linux", "amd64"))),
	       &amd64, HEX_B);
	choose(INDEX(ENTRY(HEX_A, PLATFORM("linux", "arm64") ",\"variant\":\"v9\"") "," ENTRY(
		       HEX_B, PLATFORM("linux", "arm64") ",\"variant\":\"\"")),
	       &arm64, HEX_B);
	choose(INDEX(ENTRY(HEX_A, PLATFORM("linux", "amd64") ",\"os.features\":[\"x\"]") "," ENTRY(
		       HEX_B, PLATFORM("linux", "amd64") ",\"variant\":\"v1\",\"os.features\":[]")),
	       &amd64, HEX_B);
}

static void attestations_and_artifacts_are_passed_over(void **state UNUSED)
{
	choose(INDEX(ENTRY(HEX_A, PLATFORM("unknown", "unknown")) "," DESCRIPTOR(
		       "application/vnd.x", HEX_A,
		       5) "," DESCRIPTOR(OCI "index.v1+json", HEX_A,
					 5) ",{\"mediaType\":\"" OCI
					    "manifest.v1+json\",\"artifactType\":\"text/x\",\"platform\":{" PLATFORM(
						    "linux",
						    "amd64") "}},5,null,[]," ENTRY(HEX_B, PLATFORM("linux", "amd64"))),
	       &amd64, HEX_B);
}

static void an_entry_without_platform_is_the_last_resort(void **state UNUSED)
{
	choose(INDEX(DESCRIPTOR(OCI "manifest.v1+json", HEX_A, 5) "," DESCRIPTOR(OCI "manifest.v1+json", HEX_C, 5)),
	       &amd64, HEX_A);
	choose(INDEX(DESCRIPTOR(OCI "manifest.v1+json", HEX_A, 5) "," ENTRY(HEX_B, PLATFORM("linux", "amd64"))), &amd64,
	       HEX_B);
	/* null says nothing. */
	choose(INDEX("{\"mediaType\":\"" OCI "manifest.v1+json\",\"artifactType\":null,\"platform\":null,\"size\":5,\"digest\":\"sha256:" HEX_A "\"}"),
	       &amd64, HEX_A);
}

static void dockers_list_is_an_index(void **state UNUSED)
{
	choose("{\"schemaVersion\":2,\"mediaType\":\"" DOCKER
	       "distribution.manifest.list.v2+json\",\"manifests\":[{\"mediaType\":\"" DOCKER
	       "distribution.manifest.v2+json\",\"size\":7,\"digest\":\"sha256:" HEX_C
	       "\",\"platform\":{" PLATFORM("linux", "amd64") "}}]}",
	       &amd64, HEX_C);
}

static void not_chosen(const char *text, enum err_code code, const char *sentence)
{
	struct oci_text t = text_of(text);
	struct oci_descriptor d;
	struct err e = {0};

	assert_int_equal(oci_index_choose(&t, &amd64, &d, &e), -1);
	says(&e, code, sentence);
}

static void a_missing_platform_is_answered_by_those_there_are(void **state UNUSED)
{
	not_chosen(
		INDEX(ENTRY(HEX_A, PLATFORM("linux", "arm") ",\"variant\":\"v7\"") "," ENTRY(
			HEX_A, PLATFORM("windows",
					"amd64")) "," ENTRY(HEX_A, PLATFORM("windows",
									    "amd64")) "," ENTRY(HEX_A,
												PLATFORM("unknown",
													 "unknown"))),
		ERR_NOT_FOUND, "none for linux/amd64, only for linux/arm/v7, windows/amd64");
	not_chosen(INDEX(""), ERR_NOT_FOUND, "no image");
	not_chosen(INDEX(ENTRY(HEX_A, PLATFORM("\\u001b[31m", "\\u202ex"))), ERR_NOT_FOUND,
		   "only for \xef\xbf\xbd[31m/\xef\xbf\xbdx");
}

static void many_platforms_are_cut_short(void **state UNUSED)
{
	auto_buf text = {0};

	buf_adds(&text, "{\"schemaVersion\":2,\"manifests\":[");
	for (int i = 0; i < 500; i++)
		buf_addf(&text,
			 "%s{\"mediaType\":\"" OCI
			 "manifest.v1+json\",\"platform\":{\"os\":\"os\",\"architecture\":\"a%d\"}}",
			 i ? "," : "", i);
	buf_adds(&text, "]}");
	not_chosen(buf_cstr(&text), ERR_NOT_FOUND, "os/a0, os/a1, ");
	not_chosen(buf_cstr(&text), ERR_NOT_FOUND, ", …");
}

static void a_wrong_index_is_refused(void **state UNUSED)
{
	auto_buf many = {0};

	not_chosen("{\"schemaVersion\":2,\"manifests\":{}}", ERR_PROTO, "list");
	not_chosen("{\"schemaVersion\":3,\"manifests\":[]}", ERR_PROTO, "schema 2");
	not_chosen(MANIFEST(CONFIG, LAYER), ERR_PROTO, "where an index was expected");
	not_chosen(INDEX("{\"mediaType\":\"" OCI
			 "manifest.v1+json\",\"digest\":\"sha256:x\",\"size\":1,\"platform\":{" PLATFORM("linux",
													 "amd64") "}}"),
		   ERR_PROTO, "'sha256:x'");
	not_chosen(INDEX(DESCRIPTOR(OCI "manifest.v1+json", HEX_A, 4194305)), ERR_PROTO, "more than 4194304 bytes");
	buf_adds(&many, "{\"schemaVersion\":2,\"manifests\":[0");
	for (int i = 0; i < OCI_INDEX_MAX; i++)
		buf_adds(&many, ",0");
	buf_adds(&many, "]}");
	not_chosen(buf_cstr(&many), ERR_PROTO, "at most 1024");
}

/* ---- manifest ---- */

static void a_manifest_is_read(void **state UNUSED)
{
	struct oci_text t = text_of(
		"{\"schemaVersion\":2,\"mediaType\":\"" DOCKER "distribution.manifest.v2+json\",\"config\":" DESCRIPTOR(
			DOCKER "container.image.v1+json", HEX_A,
			1470) ",\"layers\":[" DESCRIPTOR(DOCKER "image.rootfs.diff.tar.gzip", HEX_B,
							 100) "," DESCRIPTOR(OCI "layer.v1.tar+zstd", HEX_C, 200) "]}");
	auto_oci_manifest m = {0};
	struct err e = {0};

	assert_ok(oci_manifest_parse(&t, &m, &e), &e);
	assert_string_equal(m.config.digest, "sha256:" HEX_A);
	assert_int_equal(m.config.size, 1470);
	assert_int_equal(m.n_layers, 2);
	assert_string_equal(m.layers[0].hex, HEX_B);
	assert_int_equal(m.layers[0].media, OCI_MEDIA_LAYER_GZIP);
	assert_string_equal(m.layers[1].media_type, OCI "layer.v1.tar+zstd");
	assert_int_equal(m.layers[1].media, OCI_MEDIA_LAYER_ZSTD);
	assert_int_equal(m.size, 1770);
}

#define BIG DESCRIPTOR(OCI "layer.v1.tar", HEX_B, 68719476736)

static void a_wrong_manifest_is_refused(void **state UNUSED)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{INDEX(""), "is an index"},
		{"{\"config\":" CONFIG ",\"layers\":[" LAYER "]}", "schema 2"},
		{"{\"schemaVersion\":\"2\",\"config\":" CONFIG ",\"layers\":[" LAYER "]}", "schema 2"},
		{"{\"schemaVersion\":2,\"layers\":[" LAYER "]}", "its configuration is missing"},
		{"{\"schemaVersion\":2,\"config\":" CONFIG "}", "no layers"},
		{"{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":{\"a\":1}}", "no layers"},
		{MANIFEST(CONFIG, ""), "no layers"},
		{MANIFEST(CONFIG, "5"), "layer 1 is missing"},
		{MANIFEST(CONFIG, LAYER ",{}"), "layer 2 has no media type"},
		{MANIFEST(CONFIG, DESCRIPTOR(OCI "layer.v1.tar", HEX_B, -1)), "layer 1 has no size"},
		{MANIFEST(CONFIG, DESCRIPTOR(OCI "layer.v1.tar", HEX_B, 1.5)), "layer 1 has no size"},
		{MANIFEST(CONFIG, DESCRIPTOR(OCI "layer.v1.tar", HEX_B, 1e99)), "layer 1 has no size"},
		{MANIFEST(CONFIG, DESCRIPTOR(OCI "layer.v1.tar", HEX_B, "100")), "layer 1 has no size"},
		{MANIFEST(CONFIG, "{\"mediaType\":\"" OCI "layer.v1.tar\",\"size\":1}"), "layer 1 has no digest"},
		{MANIFEST(CONFIG, "{\"mediaType\":\"" OCI "layer.v1.tar\",\"size\":1,\"digest\":\"sha512:00\"}"),
		 "only sha256"},
		{MANIFEST(CONFIG, DESCRIPTOR(OCI "layer.v1.tar", HEX_B "b", 1)), "64 small"},
		{MANIFEST(CONFIG, DESCRIPTOR(OCI "layer.v1.tar", "../../../etc/passwd", 1)), "64 small"},
		{MANIFEST(CONFIG, DESCRIPTOR(OCI "layer.nondistributable.v1.tar+gzip", HEX_B, 1)),
		 "nondistributable.v1.tar+gzip', which registries"},
		{MANIFEST(CONFIG, DESCRIPTOR(OCI "layer.v1.tar+gzip+encrypted", HEX_B, 1)),
		 "encrypted', which is not understood"},
		{MANIFEST(CONFIG, DESCRIPTOR(OCI "layer.v1.tar", HEX_B, 68719476737)), "68719476736 is the limit"},
		{MANIFEST(CONFIG, BIG "," BIG), "more than 137438953472"},
		{MANIFEST(DESCRIPTOR(OCI "config.v1+json", HEX_A, 4194305), LAYER), "4194304 is the limit"},
		{MANIFEST(DESCRIPTOR("application/vnd.oci.empty.v1+json", HEX_A, 2), LAYER),
		 "no image but something else"},
		{MANIFEST(DESCRIPTOR("application/vnd.cncf.helm.config.v1+json", HEX_A, 2), LAYER), "helm"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_text t = text_of(cases[i].text);
		struct oci_manifest m;
		struct err e = {0};

		assert_int_equal(oci_manifest_parse(&t, &m, &e), -1);
		says(&e, ERR_PROTO, cases[i].says);
		assert_null(m.layers);
		assert_int_equal(m.n_layers, 0);
	}
}

static void layers(int n, struct buf *text)
{
	buf_adds(text, "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" LAYER);
	for (int i = 1; i < n; i++)
		buf_adds(text, "," LAYER);
	buf_adds(text, "]}");
}

static void there_are_512_layers_at_most(void **state UNUSED)
{
	auto_buf most = {0}, more = {0};
	auto_oci_manifest m = {0};
	struct err e = {0};

	layers(OCI_LAYERS_MAX, &most);
	layers(OCI_LAYERS_MAX + 1, &more);
	struct oci_text t = text_of(buf_cstr(&most)), too_many = text_of(buf_cstr(&more));
	assert_ok(oci_manifest_parse(&t, &m, &e), &e);
	assert_int_equal(m.n_layers, OCI_LAYERS_MAX);
	oci_manifest_done(&m);
	assert_int_equal(oci_manifest_parse(&too_many, &m, &e), -1);
	says(&e, ERR_PROTO, "513 layers");
}

static void texts_have_a_limit(void **state UNUSED)
{
	auto_buf text = {0};
	struct oci_manifest m;
	struct err e = {0};

	buf_adds(&text, MANIFEST(CONFIG, LAYER));
	memset(buf_reserve(&text, OCI_TEXT_MAX), ' ', OCI_TEXT_MAX);
	text.len += OCI_TEXT_MAX;
	struct oci_text t = {buf_cstr(&text), text.len, "manifest of x"},
			fits = {buf_cstr(&text), OCI_TEXT_MAX, "manifest of x"};
	assert_int_equal(oci_manifest_parse(&t, &m, &e), -1);
	says(&e, ERR_PROTO, "more than 4194304");
	err_clear(&e);
	assert_ok(oci_manifest_parse(&fits, &m, &e), &e);
	oci_manifest_done(&m);
}

static void the_name_of_a_text_is_safe_to_show(void **state UNUSED)
{
	struct oci_text t = {"", 0, "\033[2Jmanifest of x"};
	struct oci_manifest m;
	struct err e = {0};

	assert_int_equal(oci_manifest_parse(&t, &m, &e), -1);
	says(&e, ERR_PROTO, "\xef\xbf\xbd[2Jmanifest");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(media_types_of_both_families),
		cmocka_unit_test(the_kind_is_known_by_type_header_or_members),
		cmocka_unit_test(what_has_no_kind_or_two_is_refused),
		cmocka_unit_test(a_backslash_before_u0000_is_text),
		cmocka_unit_test(the_platforms_manifest_is_chosen),
		cmocka_unit_test(what_asks_for_more_than_every_machine_has_is_passed_over),
		cmocka_unit_test(attestations_and_artifacts_are_passed_over),
		cmocka_unit_test(an_entry_without_platform_is_the_last_resort),
		cmocka_unit_test(dockers_list_is_an_index),
		cmocka_unit_test(a_missing_platform_is_answered_by_those_there_are),
		cmocka_unit_test(many_platforms_are_cut_short),
		cmocka_unit_test(a_wrong_index_is_refused),
		cmocka_unit_test(a_manifest_is_read),
		cmocka_unit_test(a_wrong_manifest_is_refused),
		cmocka_unit_test(there_are_512_layers_at_most),
		cmocka_unit_test(texts_have_a_limit),
		cmocka_unit_test(the_name_of_a_text_is_safe_to_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
