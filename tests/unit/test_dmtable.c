/* SPDX-License-Identifier: MIT */
/*
 * Tables, names, sizes and status of copy-on-write disks.
 */
#include "tests/lib/test.h"

#include "core/disk/dmtable.h"

#include <sys/sysmacros.h>

#define MIB ((uint64_t)1 << 20)
#define ID "0123456789ab"

static void names_are_built_from_ids_alone(void **state UNUSED)
{
	char name[DMTABLE_NAME_SIZE];

	dmtable_name(ID, DMTABLE_DISK, name);
	assert_string_equal(name, "banger-" ID);
	dmtable_name(ID, DMTABLE_BASE, name);
	assert_string_equal(name, "banger-" ID "-base");
	dmtable_uuid(ID, DMTABLE_DISK, name);
	assert_string_equal(name, "BANGER-" ID);
	dmtable_uuid(ID, DMTABLE_BASE, name);
	assert_string_equal(name, "BANGER-" ID "-base");
}

static void names_give_the_id_back(void **state UNUSED)
{
	static const char *const others[] = {"banger-" ID "c", "banger-" ID "-cow", "banger-" ID "-", "banger-0123",
					     "banger-0123456789AB", "vg-" ID, "", NULL};
	char id[ID_SIZE];

	assert_true(dmtable_id_of("banger-" ID, id));
	assert_string_equal(id, ID);
	assert_true(dmtable_id_of("banger-" ID "-base", id));
	assert_string_equal(id, ID);
	for (int i = 0; others[i]; i++)
		assert_false(dmtable_id_of(others[i], id));
}

static void tables(void **state UNUSED)
{
	struct dmtable_target t[DMTABLE_TARGETS_MAX];

	dmtable_snapshot(makedev(7, 12), makedev(254, 300), 8 * MIB, &t[0]);
	assert_true(t[0].start == 0 && t[0].sectors == 16384);
	assert_string_equal(t[0].type, "snapshot");
	assert_string_equal(t[0].params, "7:12 254:300 PO 8");

	assert_int_equal(dmtable_base(makedev(7, 3), 8 * MIB, 8 * MIB, t), 1);
	assert_true(t[0].start == 0 && t[0].sectors == 16384);
	assert_string_equal(t[0].type, "linear");
	assert_string_equal(t[0].params, "7:3 0");

	assert_int_equal(dmtable_base(makedev(7, 3), 8 * MIB, 20 * MIB, t), 2);
	assert_true(t[0].start == 0 && t[0].sectors == 16384);
	assert_true(t[1].start == 16384 && t[1].sectors == 24576);
	assert_string_equal(t[1].type, "zero");
	assert_string_equal(t[1].params, "");
}

/* Header, map, data: what the kernel takes when every chunk is written. */
static void cow_files_hold_every_chunk(void **state UNUSED)
{
	assert_true(dmtable_cow_bytes(4096) == (uint64_t)4 * 4096);
	assert_true(dmtable_cow_bytes(255 * 4096) == (uint64_t)(1 + 1 + 255 + 1) * 4096);
	/* The map's first chunk is full, and the kernel clears the second. */
	assert_true(dmtable_cow_bytes(256 * 4096) == (uint64_t)(1 + 2 + 256 + 1) * 4096);
	assert_true(dmtable_cow_bytes(257 * 4096) == (uint64_t)(1 + 2 + 257 + 1) * 4096);
	for (uint64_t mib = 16; mib <= 131072; mib *= 2) {
		assert_true(dmtable_cow_bytes(mib * MIB) > mib * MIB);
		assert_true(dmtable_cow_bytes(mib * MIB) < mib * MIB + mib * MIB / 200 + MIB);
	}
}

static void status_lines(void **state UNUSED)
{
	static const char *const bad[] = {"", "16/1000", "16/1000 ", " 16/1000 16", "16/1000 16 ", "16 /1000 16", "-16/1000 16",
					  "+16/1000 16", "0x10/1000 16", "16/1000 16\n", "1016/1000 16", "16/1000 24", "overflow",
					  "Invalid ", "Overflow 16/1000 16", "Unknown", "Merge failed",
					  "99999999999999999/99999999999999999 16", NULL};
	struct dmsnap_status st;
	struct err e = {0};

	assert_ok(dmtable_parse_status("24/1000 16", &st, &e), &e);
	assert_true(st.health == DMSNAP_OK && st.used_bytes == 24 * 512 && st.total_bytes == 1000 * 512 &&
		    st.metadata_bytes == 16 * 512);
	/* Full, and the next chunk would be one further. */
	assert_ok(dmtable_parse_status("1008/1000 16", &st, &e), &e);
	assert_true(st.used_bytes == st.total_bytes);
	assert_ok(dmtable_parse_status("Overflow", &st, &e), &e);
	assert_true(st.health == DMSNAP_OVERFLOW && st.used_bytes == 0);
	assert_ok(dmtable_parse_status("Invalid", &st, &e), &e);
	assert_true(st.health == DMSNAP_INVALID && st.total_bytes == 0);
	for (int i = 0; bad[i]; i++) {
		assert_err(dmtable_parse_status(bad[i], &st, &e), &e, ERR_PROTO);
		assert_true(st.health == DMSNAP_GONE && st.used_bytes == 0 && st.total_bytes == 0);
	}
}

static void headers(void **state UNUSED)
{
	unsigned char h[DMTABLE_HEADER_SIZE] = {0};
	enum dmtable_header is;
	struct err e = {0};

	assert_ok(dmtable_parse_header(h, &is, &e), &e);
	assert_int_equal(is, DMTABLE_NEW);
	dmtable_format_header(h);
	assert_memory_equal(h, "SnAp\1\0\0\0\1\0\0\0\10\0\0\0", sizeof(h));
	assert_ok(dmtable_parse_header(h, &is, &e), &e);
	assert_int_equal(is, DMTABLE_VALID);
	h[4] = 0;
	assert_ok(dmtable_parse_header(h, &is, &e), &e);
	assert_int_equal(is, DMTABLE_GIVEN_UP);
	for (size_t i = 0; i < sizeof(h); i++) {
		dmtable_format_header(h);
		h[i] ^= 0x40;
		assert_err(dmtable_parse_header(h, &is, &e), &e, ERR_CORRUPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_built_from_ids_alone),
		cmocka_unit_test(names_give_the_id_back),
		cmocka_unit_test(tables),
		cmocka_unit_test(cow_files_hold_every_chunk),
		cmocka_unit_test(status_lines),
		cmocka_unit_test(headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
