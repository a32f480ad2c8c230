/* SPDX-License-Identifier: MIT */
/*
 * What a kernel lacks is told from three texts, all of it in one sentence.
 */
#include "tests/lib/test.h"

#include "core/image/kernelneeds.h"

#define ALL_MODULES                                                                                                    \
	"kernel/drivers/virtio/virtio_mmio.ko:\nkernel/drivers/block/virtio_blk.ko.xz:\nkernel/drivers/net/virtio_net.ko:\n" \
	"kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko\nkernel/fs/overlayfs/overlay.ko:\n"
#define BOOLS "CONFIG_BLK_DEV_INITRD=y\nCONFIG_DEVTMPFS=y\nCONFIG_ACPI=y\n"

static struct kernelneeds of(const char *dep, const char *builtin, const char *config)
{
	return (struct kernelneeds){.dep = dep, .builtin = builtin, .config = config};
}

static void has_all(struct kernelneeds k)
{
	struct err e = {0};

	assert_ok(kernelneeds_check(&k, false, &e), &e);
}

static void lacks(struct kernelneeds k, const char *what, const char *hint)
{
	struct err e = {0};

	assert_int_equal(kernelneeds_check(&k, false, &e), -1);
	assert_int_equal(e.code, ERR_PROTO);
	if (!strstr(e.msg, what) || !strstr(e.hint, hint))
		fail_msg("no '%s' with '%s' in: %s / %s", what, hint, e.msg, e.hint);
}

static void modules_and_built_in(void **state UNUSED)
{
	has_all(of(ALL_MODULES, "", ""));
	has_all(of("", ALL_MODULES, ""));
	has_all(of("k/virtio_blk.ko:\nk/ext4.ko:\n", "k/virtio_mmio.ko\nk/virtio-net.ko\nk/overlay.ko\n", ""));
	lacks(of("k/virtio_blk.ko:\nk/ext4.ko:\n", "k/virtio_mmio.ko\n", ""), "module: virtio_net, overlay",
	      "kernel list");
	/* Not knowing what is built in is another matter. */
	lacks(of("k/ext4.ko:\n", "", ""), "virtio_mmio, virtio_blk, virtio_net, overlay", "modules.builtin");
}

static void a_config_tells_more(void **state UNUSED)
{
	static const char drivers[] = "CONFIG_VIRTIO_MMIO=y\nCONFIG_VIRTIO_BLK=y\nCONFIG_VIRTIO_NET=y\nCONFIG_EXT4_FS=y\n" BOOLS;

	lacks(of("", "", drivers), "module: overlay", "");
	has_all(of("k/overlay.ko:\n", "", drivers));
	has_all(of(ALL_MODULES, "", BOOLS));
	/* What is no driver is known by nothing else, and a module that is not there is none. */
	lacks(of(ALL_MODULES, "", "# CONFIG_DEVTMPFS is not set\nCONFIG_ACPI=y\n"),
	      "module: CONFIG_BLK_DEV_INITRD, CONFIG_DEVTMPFS", "");
	lacks(of("", "", BOOLS "CONFIG_VIRTIO_BLK=m\n"), "virtio_blk", "");
}

static void without_modules(void **state UNUSED)
{
	struct kernelneeds k = of("", "", "");
	struct err e = {0};

	k.named = "virtio-mmio.ko\nvirtio_blk.ko\nvirtio_net.ko\n";
	assert_ok(kernelneeds_check(&k, true, &e), &e);
	k.named = "virtio-mmio.ko\nvirtio_blk.ko\n";
	assert_int_equal(kernelneeds_check(&k, true, &e), -1);
	assert_non_null(strstr(e.msg, "module: virtio_net"));
	assert_non_null(strstr(e.hint, "--modules DIR"));
}

static void symbols_are_whole_words(void **state UNUSED)
{
	assert_true(kernelneeds_configured("A\nCONFIG_ACPI=y", "ACPI"));
	assert_false(kernelneeds_configured("CONFIG_ACPI_BUTTON=y\n", "ACPI"));
	assert_false(kernelneeds_configured("# CONFIG_ACPI=y\n", "ACPI"));
	assert_false(kernelneeds_configured("CONFIG_ACPI=m\n", "ACPI"));
	assert_false(kernelneeds_configured("", "ACPI"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modules_and_built_in),
		cmocka_unit_test(a_config_tells_more),
		cmocka_unit_test(without_modules),
		cmocka_unit_test(symbols_are_whole_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
