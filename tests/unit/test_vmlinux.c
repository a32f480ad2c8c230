/* SPDX-License-Identifier: MIT */
/*
 * image/vmlinux, with bzImages made here around a small ELF header, compressed by the tools of the kernel's own build where
 * they are installed.
 */
#include "tests/lib/fakekernel.h"
#include "tests/lib/test.h"

#include "base/fs.h"
#include "base/spawn.h"
#include "core/image/vmlinux.h"

#include <unistd.h>

static struct buf elf_kernel(void)
{
	return fakekernel_elf(&(struct fakekernel_parts){0});
}

/* Compressed by a tool, whose last argument is -c; false when it is not installed. */
static bool compress(const char *const *argv, const struct buf *in, struct buf *out)
{
	struct op op;
	struct err e = {0};

	op_init(&op, 20000);
	int rc = spawn_run(&op, &(struct spawn_run_args){.argv = argv, .input = in->data, .input_len = in->len}, out, &e);
	op_done(&op);
	if (rc < 0)
		assert_int_equal(e.code, ERR_MISSING);
	return rc == 0;
}

static int unpack(const struct buf *image, size_t max, struct buf *ret, struct err *e)
{
	struct op op;

	op_init(&op, -1);
	int rc = vmlinux_unpack(&op, image->data, image->len, max, ret, e);
	op_done(&op);
	return rc;
}

static void unpacks_what_kernels_are_packed_with(void **state UNUSED)
{
	static const char *const tools[][5] = {
		{"gzip", "-n", "-c", NULL},	 {"xz", "--check=crc32", "-c", NULL}, {"zstd", "-q", "-c", NULL},
		{"lz4", "-l", "-q", "-c", NULL}, {"bzip2", "-c", NULL},		      {"xz", "--format=lzma", "-c", NULL},
	};
	auto_buf kernel = elf_kernel();
	int seen = 0;

	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		auto_buf payload = {0}, out = {0};
		struct err e = {0};
		if (!compress(tools[i], &kernel, &payload))
			continue;
		auto_buf image = fakekernel_bzimage(&payload, i > 0, kernel.len);
		if (unpack(&image, VMLINUX_UNPACKED_MAX, &out, &e) < 0)
			fail_msg("%s: %s", tools[i][0], e.msg);
		assert_int_equal(out.len, kernel.len);
		assert_memory_equal(out.data, kernel.data, kernel.len);
		seen++;
	}
	assert_true(seen >= 1);
}

static void refuses(const struct buf *image, size_t max)
{
	auto_buf out = {0};
	struct err e = {0};

	assert_err(unpack(image, max, &out, &e), &e, ERR_PROTO);
}

static void refuses_what_is_none(void **state UNUSED)
{
	static const char *const gzip[] = {"gzip", "-n", "-c", NULL};
	auto_buf kernel = elf_kernel(), payload = {0}, text = {0}, no_kernel = {0};

	assert_true(compress(gzip, &kernel, &payload));
	auto_buf image = fakekernel_bzimage(&payload, false, 0);
	refuses(&image, 1000);
	refuses(&kernel, VMLINUX_UNPACKED_MAX);
	/* Not compressed at all. */
	auto_buf plain = fakekernel_bzimage(&kernel, false, 0);
	refuses(&plain, VMLINUX_UNPACKED_MAX);
	/* Something else inside. */
	buf_adds(&text, "no kernel, but words enough to fill what an ELF header would fill, and some more");
	assert_true(compress(gzip, &text, &no_kernel));
	auto_buf other = fakekernel_bzimage(&no_kernel, false, 0);
	refuses(&other, VMLINUX_UNPACKED_MAX);
	/* Offsets beyond the end, each of them; and a header cut off. */
	fakekernel_put32(&image, 0x248, UINT32_MAX);
	refuses(&image, VMLINUX_UNPACKED_MAX);
	fakekernel_put32(&image, 0x248, FAKEKERNEL_PAYLOAD);
	fakekernel_put32(&image, 0x24c, UINT32_MAX);
	refuses(&image, VMLINUX_UNPACKED_MAX);
	fakekernel_put32(&image, 0x24c, 3);
	refuses(&image, VMLINUX_UNPACKED_MAX);
	image.len = 0x240;
	refuses(&image, VMLINUX_UNPACKED_MAX);
}

static int look(const struct buf *file, struct vmlinux_info *ret, struct err *e)
{
	struct op op;

	op_init(&op, -1);
	int rc = vmlinux_look(&op, file, 1 << 20, ret, e);
	op_done(&op);
	return rc;
}

static void look_fails(const struct buf *file, enum err_code code, const char *saying)
{
	auto_call(vmlinux_info_done) struct vmlinux_info info = {0};
	struct err e = {0};

	assert_int_equal(look(file, &info, &e), -1);
	assert_int_equal(e.code, code);
	if (!strstr(e.msg, saying))
		fail_msg("no '%s' in: %s", saying, e.msg);
}

static void tells_what_a_kernel_is(void **state UNUSED)
{
	static const char *const gzip[] = {"gzip", "-n", "-c", NULL};
	auto_buf text = {0}, config = {0}, payload = {0};
	auto_call(vmlinux_info_done) struct vmlinux_info info = {0}, packed = {0};
	struct err e = {0};

	buf_adds(&text, "CONFIG_EXT4_FS=y\n");
	assert_true(compress(gzip, &text, &config));
	auto_buf kernel = fakekernel_elf(&(struct fakekernel_parts){.pvh = true, .config = &config});
	assert_ok(look(&kernel, &info, &e), &e);
	assert_true(info.elf && info.pvh);
	assert_string_equal(info.release, "6.1.0-9-test");
	assert_string_equal(buf_cstr(&info.config), "CONFIG_EXT4_FS=y\n");
	assert_string_equal(buf_cstr(&info.drivers), "virtio-mmio.ko\nvirtio_net.ko\n");
	assert_true(compress(gzip, &kernel, &payload));
	auto_buf image = fakekernel_bzimage(&payload, false, 0);
	assert_ok(look(&image, &packed, &e), &e);
	assert_false(packed.elf);
	assert_string_equal(packed.release, "6.1.0-9-test");
	assert_string_equal(buf_cstr(&packed.config), "CONFIG_EXT4_FS=y\n");
}

static void tells_what_it_lacks(void **state UNUSED)
{
	auto_call(vmlinux_info_done) struct vmlinux_info info = {0};
	auto_buf damaged = {0}, kernel = elf_kernel();
	struct err e = {0};

	assert_ok(look(&kernel, &info, &e), &e);
	assert_false(info.pvh);
	assert_int_equal(info.config.len, 0);
	/* A .config that is damaged is none. */
	buf_adds(&damaged, "\x1f\x8b and no more");
	auto_buf other = fakekernel_elf(&(struct fakekernel_parts){.config = &damaged});
	assert_ok(look(&other, &info, &e), &e);
	assert_int_equal(info.config.len, 0);
	/* Words that only look like a banner. */
	auto_buf mute = fakekernel_elf(&(struct fakekernel_parts){.banner = "Linux version of 2026 (x) Linux version 6.1.0"});
	look_fails(&mute, ERR_PROTO, "which version");
	/* Cut off; of another machine; a text; nothing. */
	kernel.len -= 1;
	look_fails(&kernel, ERR_PROTO, "cut off");
	kernel.data[18] = EM_386;
	look_fails(&kernel, ERR_PROTO, "x86-64");
	auto_buf text = {0}, nothing = {0};
	look_fails(&nothing, ERR_PROTO, "no kernel");
	buf_adds(&text, "root:x:0:0:root:/root:/bin/sh\n");
	look_fails(&text, ERR_PROTO, "no kernel");
}

static void lzo_is_named(void **state UNUSED)
{
	auto_buf payload = {0};

	buf_add(&payload, "\x89LZO\0\r\n\x1a\n and so on", 18);
	auto_buf image = fakekernel_bzimage(&payload, true, 100);
	look_fails(&image, ERR_MISSING, "LZO");
}

static void writes_a_file(void **state)
{
	static const char *const gzip[] = {"gzip", "-n", "-c", NULL};
	auto_buf kernel = elf_kernel(), payload = {0};
	const char *from = tmpdir_path(state, "vmlinuz");
	const char *to = tmpdir_path(state, "vmlinux");
	struct err e = {0};
	struct op op;

	assert_true(compress(gzip, &kernel, &payload));
	auto_buf image = fakekernel_bzimage(&payload, false, 0);
	assert_ok(fs_write_atomic(from, image.data, image.len, 0600, &e), &e);
	op_init(&op, -1);
	assert_false(vmlinux_is_elf(from));
	assert_ok(vmlinux_extract(&op, from, to, &e), &e);
	assert_true(vmlinux_is_elf(to));
	assert_false(vmlinux_is_elf("/nonexistent"));
	assert_err(vmlinux_extract(&op, "/nonexistent", to, &e), &e, ERR_NOT_FOUND);
	auto_buf file = {0}, big = {0};
	assert_ok(vmlinux_read(from, &file, &e), &e);
	assert_int_equal(file.len, image.len);
	/* With all its debugging information. */
	assert_int_equal(truncate(to, VMLINUX_UNPACKED_MAX + 1), 0);
	assert_int_equal(vmlinux_read(to, &big, &e), -1);
	assert_non_null(strstr(e.hint, "strip -g"));
	op_done(&op);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unpacks_what_kernels_are_packed_with),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(tells_what_a_kernel_is),
		cmocka_unit_test(tells_what_it_lacks),
		cmocka_unit_test(lzo_is_named),
		cmocka_unit_test_setup_teardown(writes_a_file, tmpdir_setup, tmpdir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
