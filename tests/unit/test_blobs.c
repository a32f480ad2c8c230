/* SPDX-License-Identifier: MIT */
/*
 * The cache of blobs: nothing gets a name but what its digest says, and what was begun is gone on with.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "core/oci/blobs.h"

#include <fcntl.h>
#include <unistd.h>

static const char text[] = "a layer of an image";
#define LEN (sizeof(text) - 1)

struct fixture {
	struct op op;
	struct blob_cache cache;
	char hex[DIGEST_SIZE];
};

static void begin(struct fixture *f, void **state)
{
	struct err e = {0};

	op_init(&f->op, -1);
	assert_ok(blob_cache_open(*state, &f->cache, &e), &e);
	digest_data(text, LEN, f->hex);
}

static void end(struct fixture *f)
{
	blob_cache_close(&f->cache);
	op_done(&f->op);
}

static const char *file_of(void **state, const struct fixture *f, const char *suffix)
{
	char name[160];

	snprintf(name, sizeof(name), "blobs/sha256/%s%s", f->hex, suffix);
	return tmpdir_path(state, name);
}

static void put(struct fixture *f, const char *data, size_t len)
{
	struct blob_part p = BLOB_PART_INIT;
	struct err e = {0};
	int fd;

	assert_ok(blob_part_begin(&f->op, &f->cache, f->hex, len, &p, &e), &e);
	assert_ok(blob_part_add(&p, data, len, &e), &e);
	fd = blob_part_end(&p, &e);
	assert_ok(fd, &e);
	close(fd);
}

static void what_was_fetched_is_found(void **state)
{
	char got[64] = "";
	struct fixture f;
	struct err e = {0};
	int fd;

	begin(&f, state);
	assert_err(blob_open(&f.op, &f.cache, f.hex, LEN, &e), &e, ERR_NOT_FOUND);
	put(&f, text, LEN);
	fd = blob_open(&f.op, &f.cache, f.hex, LEN, &e);
	assert_ok(fd, &e);
	assert_int_equal(read(fd, got, sizeof(got)), LEN);
	assert_string_equal(got, text);
	close(fd);
	assert_int_equal(access(file_of(state, &f, ".part"), F_OK), -1);
	end(&f);
}

static void a_damaged_one_is_removed(void **state)
{
	struct fixture f;
	struct err e = {0};

	begin(&f, state);
	put(&f, text, LEN);
	test_write(file_of(state, &f, ""), "a layer of an imagE");
	assert_err(blob_open(&f.op, &f.cache, f.hex, LEN, &e), &e, ERR_NOT_FOUND);
	assert_int_equal(access(file_of(state, &f, ""), F_OK), -1);
	end(&f);
}

/* Whoever says that what has this digest has another size cannot make the cache forget it. */
static void one_of_another_size_stays(void **state)
{
	struct fixture f;
	struct err e = {0};
	int fd;

	begin(&f, state);
	put(&f, text, LEN);
	assert_err(blob_open(&f.op, &f.cache, f.hex, LEN + 1, &e), &e, ERR_PROTO);
	fd = blob_open(&f.op, &f.cache, f.hex, LEN, &e);
	assert_ok(fd, &e);
	close(fd);
	end(&f);
}

static void is_gone_on_with(void **state)
{
	struct blob_part p = BLOB_PART_INIT;
	struct fixture f;
	struct err e = {0};
	int fd;

	begin(&f, state);
	assert_ok(blob_part_begin(&f.op, &f.cache, f.hex, LEN, &p, &e), &e);
	assert_ok(blob_part_add(&p, text, 7, &e), &e);
	blob_part_abandon(&p);
	assert_ok(blob_part_begin(&f.op, &f.cache, f.hex, LEN, &p, &e), &e);
	assert_int_equal(p.have, 7);
	assert_ok(blob_part_add(&p, text + 7, LEN - 7, &e), &e);
	fd = blob_part_end(&p, &e);
	assert_ok(fd, &e);
	close(fd);
	end(&f);
}

static void one_fetches_at_a_time(void **state)
{
	struct blob_part p = BLOB_PART_INIT, other = BLOB_PART_INIT;
	struct fixture f;
	struct err e = {0};
	int fd;

	begin(&f, state);
	assert_ok(blob_part_begin(&f.op, &f.cache, f.hex, LEN, &p, &e), &e);
	assert_err(blob_part_begin(&f.op, &f.cache, f.hex, LEN, &other, &e), &e, ERR_BUSY);
	assert_ok(blob_part_add(&p, text, LEN, &e), &e);
	fd = blob_part_end(&p, &e);
	assert_ok(fd, &e);
	close(fd);
	assert_err(blob_part_begin(&f.op, &f.cache, f.hex, LEN, &other, &e), &e, ERR_EXISTS);
	assert_int_equal(access(file_of(state, &f, ".part"), F_OK), -1);
	end(&f);
}

/* Nothing of what is wrong stays, or the next one would go on with it. */
static void wrong_content_is_thrown_away(void **state)
{
	struct blob_part p = BLOB_PART_INIT;
	struct fixture f;
	struct err e = {0};

	begin(&f, state);
	assert_ok(blob_part_begin(&f.op, &f.cache, f.hex, LEN, &p, &e), &e);
	assert_ok(blob_part_add(&p, "a layer of an imagE", LEN, &e), &e);
	assert_err(blob_part_end(&p, &e), &e, ERR_PROTO);
	assert_int_equal(access(file_of(state, &f, ".part"), F_OK), -1);
	assert_int_equal(access(file_of(state, &f, ""), F_OK), -1);
	assert_ok(blob_part_begin(&f.op, &f.cache, f.hex, LEN, &p, &e), &e);
	assert_int_equal(p.have, 0);
	assert_err(blob_part_add(&p, "longer than it was said", 23, &e), &e, ERR_PROTO);
	assert_int_equal(access(file_of(state, &f, ".part"), F_OK), -1);
	end(&f);
}

static void too_little_stays(void **state)
{
	struct blob_part p = BLOB_PART_INIT;
	struct fixture f;
	struct err e = {0};

	begin(&f, state);
	assert_ok(blob_part_begin(&f.op, &f.cache, f.hex, LEN, &p, &e), &e);
	assert_ok(blob_part_add(&p, text, 3, &e), &e);
	assert_err(blob_part_end(&p, &e), &e, ERR_PROTO);
	assert_int_equal(access(file_of(state, &f, ".part"), F_OK), 0);
	assert_ok(blob_part_begin(&f.op, &f.cache, f.hex, LEN, &p, &e), &e);
	assert_int_equal(p.have, 3);
	assert_ok(blob_part_restart(&p, &e), &e);
	assert_int_equal(p.have, 0);
	blob_part_abandon(&p);
	end(&f);
}

static void prune_leaves_what_is_in_use(void **state)
{
	struct blob_part p = BLOB_PART_INIT;
	struct fixture f, g;
	struct err e = {0};
	struct blob_pruned found;

	begin(&f, state);
	begin(&g, state);
	put(&f, text, LEN);
	digest_data("other", 5, g.hex);
	assert_ok(blob_part_begin(&g.op, &g.cache, g.hex, 5, &p, &e), &e);
	assert_ok(blob_part_add(&p, "ot", 2, &e), &e);
	tmpdir_put(state, "blobs/sha256/README", "somebody's own");
	assert_ok(blob_cache_prune(&f.cache, true, &found, &e), &e);
	assert_int_equal(found.whole, 1);
	assert_int_equal(found.parts, 0);
	assert_true(found.whole_bytes > 0);
	assert_int_equal(access(file_of(state, &f, ""), F_OK), 0);
	assert_ok(blob_cache_prune(&f.cache, false, &found, &e), &e);
	assert_int_equal(found.whole, 1);
	assert_int_equal(access(file_of(state, &f, ""), F_OK), -1);
	assert_int_equal(access(file_of(state, &g, ".part"), F_OK), 0);
	blob_part_abandon(&p);
	assert_ok(blob_cache_prune(&f.cache, false, &found, &e), &e);
	assert_int_equal(found.whole, 0);
	assert_int_equal(found.parts, 1);
	assert_true(found.part_bytes > 0);
	assert_int_equal(access(file_of(state, &g, ".part"), F_OK), -1);
	assert_int_equal(access(tmpdir_path(state, "blobs/sha256/README"), F_OK), 0);
	end(&f);
	end(&g);
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_of_another_size_stays),
		T(what_was_fetched_is_found),	 T(a_damaged_one_is_removed), T(is_gone_on_with),
		T(one_fetches_at_a_time),	 T(wrong_content_is_thrown_away), T(too_little_stays),
		T(prune_leaves_what_is_in_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
