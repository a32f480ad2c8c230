/* SPDX-License-Identifier: MIT */
/*
 * image/oci: a pull where room is short. State and cache are small file systems, mounted in a namespace of this process; skipped where
 * that is not allowed.
 */
#include "tests/lib/mountns.h"
#include "tests/lib/test.h"
#include "tests/lib/webserver.h"

#include "base/fd.h"
#include "base/tar.h"
#include "core/image/image.h"
#include "core/image/oci.h"
#include "core/oci/registry.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOUND_MS 60000
#define FILE_BYTES ((size_t)12 << 20) /* of noise, in the one layer */

static bool mounts_work;

#define NEEDS_MOUNT()                                                                                                  \
	do {                                                                                                           \
		if (!mounts_work)                                                                                      \
			skip();                                                                                        \
	} while (0)

struct bench {
	struct web web;
	struct buf layer, config, manifest;
	char layer_hex[DIGEST_SIZE], config_hex[DIGEST_SIZE];
	const char *fill; /* a file that takes what is left of its disk when the layer is asked for; NULL: none */
	struct paths paths;
	char staging[PATHS_MAX];
};

static void make_layer(struct bench *b)
{
	struct tar_writer *w = tar_writer_new_buf(&b->layer);
	auto_free unsigned char *noise = xmalloc(FILE_BYTES);
	uint32_t x = 1;
	struct err e = {0};

	for (size_t i = 0; i < FILE_BYTES; i++) {
		x = x * 1664525u + 1013904223u;
		noise[i] = (unsigned char)(x >> 24);
	}
	assert_ok(tar_writer_file(w, "noise", &(struct tar_meta){.mode = 0644}, noise, FILE_BYTES, &e), &e);
	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	digest_data(b->layer.data, b->layer.len, b->layer_hex);
}

static void make_texts(struct bench *b)
{
	buf_addf(&b->config, "{\"architecture\":\"%s\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\"]}}",
		 catalog_arch(), b->layer_hex);
	digest_data(b->config.data, b->config.len, b->config_hex);
	buf_addf(&b->manifest, "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
			       "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:%s\",\"size\":%zu},"
			       "\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:%s\",\"size\":%zu}]}",
		 b->config_hex, b->config.len, b->layer_hex, b->layer.len);
}

static void fill_disk(const char *path)
{
	static const char page[4096];
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, page, sizeof(page)) == (ssize_t)sizeof(page))
		;
}

static void answer(void *arg, const struct web_request *q)
{
	struct bench *b = arg;

	if (strstr(q->path, "/manifests/")) {
		web_reply(q, "200 OK", "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n", b->manifest.data, b->manifest.len);
	} else if (strstr(q->path, b->config_hex)) {
		web_reply(q, "200 OK", "", b->config.data, b->config.len);
	} else if (strstr(q->path, b->layer_hex)) {
		if (b->fill)
			fill_disk(b->fill);
		web_reply(q, "200 OK", "", b->layer.data, b->layer.len);
	} else {
		web_reply(q, "200 OK", "", "{}", 2);
	}
}

static void mount_at(const char *dir, int mib)
{
	char options[64];

	snprintf(options, sizeof(options), "size=%dm,mode=700", mib);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(mount("test", dir, "tmpfs", 0, options), 0);
}

/* 0: no file system of its own, but the cache lies on the state's. */
static void bench_open(struct bench *b, void **state, int state_mib, int cache_mib)
{
	struct paths *p = &b->paths;

	*b = (struct bench){0};
	str_copy(p->state, sizeof(p->state), tmpdir_path(state, "state"));
	path_join(p->cache, sizeof(p->cache), cache_mib ? *state : p->state, "cache");
	mount_at(p->state, state_mib);
	if (cache_mib)
		mount_at(p->cache, cache_mib);
	path_join(b->staging, sizeof(b->staging), p->state, "staging");
	assert_int_equal(mkdir(b->staging, 0700), 0);
	make_layer(b);
	make_texts(b);
	web_start(&b->web, answer, b);
}

static void bench_close(struct bench *b)
{
	web_stop(&b->web);
	umount2(b->paths.cache, MNT_DETACH);
	assert_int_equal(umount2(b->paths.state, MNT_DETACH), 0);
	buf_done(&b->layer);
	buf_done(&b->config);
	buf_done(&b->manifest);
}

static int pull(struct bench *b, struct err *e)
{
	struct oci_access access = {.backoff_ms = 1};
	struct image_ctx ctx = {.paths = &b->paths, .oci = &access};
	struct image_built built = {0};
	struct catalog_entry entry;
	char reference[128];
	struct op op;
	int rc;

	snprintf(reference, sizeof(reference), "127.0.0.1:%d/noise:1", b->web.port);
	catalog_reference_entry(reference, &entry);
	op_init(&op, BOUND_MS);
	rc = image_fetch(&op, &ctx, &entry, b->staging, &built, e);
	image_built_done(&built);
	op_done(&op);
	return rc;
}

static int entries(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *at;
	int n = 0;

	assert_non_null(d);
	while ((at = readdir(d)))
		n += at->d_name[0] != '.';
	closedir(d);
	return n;
}

static int layers_asked(struct bench *b)
{
	char path[160];

	snprintf(path, sizeof(path), "/v2/noise/blobs/sha256:%s", b->layer_hex);
	return web_count(&b->web, path);
}

/* Refused for want of room in `dir`, which is named, with the need, and nothing of an image is left. */
static void has_no_room(struct bench *b, const char *dir)
{
	char want[PATHS_MAX + 32];
	struct err e = {0};

	snprintf(want, sizeof(want), "no room in %s: ", dir);
	assert_int_equal(pull(b, &e), -1);
	if (strncmp(e.msg, want, strlen(want)) != 0 || !strstr(e.msg, " needed, ") || !strstr(e.msg, " free"))
		fail_msg("'%s' is not '%s… needed, … free'", e.msg, want);
	assert_err(-1, &e, ERR_SPACE);
	assert_int_equal(entries(b->staging), 0);
}

/* What is not compressed comes to no more than it is, however much more others come to. */
static void what_fits_is_pulled(void **state)
{
	struct bench b;
	struct err e = {0};

	NEEDS_MOUNT();
	bench_open(&b, state, 24, 16);
	assert_ok(pull(&b, &e), &e);
	assert_int_equal(entries(b.staging), 2);
	bench_close(&b);
}

static void what_cannot_fit_is_not_fetched(void **state)
{
	struct bench b;

	NEEDS_MOUNT();
	bench_open(&b, state, 40, 8);
	has_no_room(&b, b.paths.cache);
	assert_int_equal(layers_asked(&b), 0);
	bench_close(&b);
}

static void the_state_runs_full_midway(void **state)
{
	struct bench b;

	NEEDS_MOUNT();
	bench_open(&b, state, 8, 16);
	has_no_room(&b, b.paths.state);
	assert_int_equal(layers_asked(&b), 1);
	has_no_room(&b, b.paths.state); /* the layer is kept */
	assert_int_equal(layers_asked(&b), 1);
	bench_close(&b);
}

static void not_even_an_empty_image_fits(void **state)
{
	struct bench b;

	NEEDS_MOUNT();
	bench_open(&b, state, 16, 16);
	fill_disk(tmpdir_path(state, "state/fill"));
	has_no_room(&b, b.paths.state);
	bench_close(&b);
}

static void the_cache_runs_full_midway(void **state)
{
	struct bench b;
	char blobs[PATHS_MAX];

	NEEDS_MOUNT();
	bench_open(&b, state, 40, 16);
	path_join(blobs, sizeof(blobs), b.paths.cache, "fill");
	b.fill = blobs;
	has_no_room(&b, b.paths.cache);
	b.fill = NULL;
	path_join(blobs, sizeof(blobs), b.paths.cache, "blobs/sha256");
	assert_int_equal(entries(blobs), 0); /* what is half there takes no room */
	bench_close(&b);
}

static void one_disk_for_both_runs_full_midway(void **state)
{
	struct bench b;

	NEEDS_MOUNT();
	bench_open(&b, state, 18, 0);
	has_no_room(&b, b.paths.state);
	bench_close(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_fits_is_pulled),
		T(what_cannot_fit_is_not_fetched),
		T(the_state_runs_full_midway),
		T(not_even_an_empty_image_fits),
		T(the_cache_runs_full_midway),
		T(one_disk_for_both_runs_full_midway),
	};

	mounts_work = mountns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
