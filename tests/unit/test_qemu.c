/* SPDX-License-Identifier: MIT */
/*
 * vmm/qemu: the whole command line, word by word.
 */
#include "tests/lib/test.h"

#include "core/vmm/qemu.h"
#include "tests/unit/vmm_sample.h"

static void assert_argv(const struct vm_launch *l, const char *const *want)
{
	auto_call(vmm_argv_done) struct vmm_argv argv = {0};
	int n = 0;

	qemu_argv(l, &argv);
	for (; want[n] && argv.v[n]; n++)
		assert_string_equal(argv.v[n], want[n]);
	assert_null(want[n]);
	assert_null(argv.v[n]);
	assert_int_equal(argv.n, n);
}

static void says_everything_of_a_full_launch(void **state UNUSED)
{
	struct vm_launch l = vmm_sample();
	static const char *const want[] = {
		"qemu-system-x86_64",
		"-name",
		"banger-0123456789ab",
		"-M",
		"microvm,acpi=on,rtc=on,pit=on,pic=on,auto-kernel-cmdline=off",
		"-accel",
		"kvm",
		"-cpu",
		"host",
		"-nodefaults",
		"-no-user-config",
		"-display",
		"none",
		"-no-reboot",
		"-S",
		"-sandbox",
		"on,obsolete=deny,elevateprivileges=allow,spawn=deny,resourcecontrol=deny",
		"-runas",
		"1000:1001",
		"-smp",
		"2",
		"-m",
		"512",
		"-kernel",
		"/s/kernels/debian/vmlinux",
		"-initrd",
		"/c/kit/debian.cpio",
		"-append",
		"console=ttyS0 quiet",
		"-blockdev",
		"{\"driver\":\"file\",\"node-name\":\"file-rootfs\",\"filename\":\"/s/images/a, b/rootfs\","
		"\"read-only\":true,\"locking\":\"off\",\"discard\":\"unmap\","
		"\"cache\":{\"direct\":false,\"no-flush\":false}}",
		"-blockdev",
		"{\"driver\":\"raw\",\"node-name\":\"disk-rootfs\",\"file\":\"file-rootfs\",\"read-only\":true,"
		"\"discard\":\"unmap\"}",
		"-device",
		"virtio-blk-device,drive=disk-rootfs,id=rootfs,serial=rootfs",
		"-blockdev",
		"{\"driver\":\"file\",\"node-name\":\"file-upper\",\"filename\":\"/s/vms/0123456789ab/upper\","
		"\"read-only\":false,\"locking\":\"auto\",\"discard\":\"unmap\","
		"\"cache\":{\"direct\":false,\"no-flush\":false}}",
		"-blockdev",
		"{\"driver\":\"raw\",\"node-name\":\"disk-upper\",\"file\":\"file-upper\",\"read-only\":false,"
		"\"discard\":\"unmap\"}",
		"-device",
		"virtio-blk-device,drive=disk-upper,id=upper,serial=upper,write-cache=on,werror=enospc",
		"-blockdev",
		"{\"driver\":\"file\",\"node-name\":\"file-work\",\"filename\":\"/s/vms/0123456789ab/work\","
		"\"read-only\":false,\"locking\":\"auto\",\"discard\":\"unmap\","
		"\"cache\":{\"direct\":false,\"no-flush\":true}}",
		"-blockdev",
		"{\"driver\":\"raw\",\"node-name\":\"disk-work\",\"file\":\"file-work\",\"read-only\":false,"
		"\"discard\":\"unmap\"}",
		"-device",
		"virtio-blk-device,drive=disk-work,id=work,serial=work,write-cache=on,werror=enospc",
		"-netdev",
		"user,id=net0,ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:22022-:1022,"
		"hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:127.0.0.2:5353-:53",
		"-device",
		"virtio-net-device,netdev=net0,mac=02:23:45:67:89:ab",
		"-object",
		"rng-builtin,id=rng0",
		"-device",
		"virtio-rng-device,rng=rng0",
		"-device",
		"virtio-balloon-device,id=balloon0,deflate-on-oom=on,free-page-reporting=on",
		"-chardev",
		"socket,id=serial0,fd=4",
		"-serial",
		"chardev:serial0",
		"-chardev",
		"socket,id=monitor0,fd=5",
		"-mon",
		"chardev=monitor0,mode=control",
		"-chardev",
		"socket,id=control0,fd=6,server=on,wait=off",
		"-mon",
		"chardev=control0,mode=control",
		NULL,
	};

	assert_argv(&l, want);
}

/* Is this word, or this pair of words, there? */
static bool says(const struct vm_launch *l, const char *word, const char *value)
{
	auto_call(vmm_argv_done) struct vmm_argv argv = {0};

	qemu_argv(l, &argv);
	for (int i = 0; i < argv.n; i++)
		if (strcmp(argv.v[i], word) == 0 && (!value || (argv.v[i + 1] && strcmp(argv.v[i + 1], value) == 0)))
			return true;
	return false;
}

static void emulates_with_every_feature(void **state UNUSED)
{
	struct vm_launch l = vmm_sample();

	l.accel = VM_ACCEL_TCG;
	assert_true(says(&l, "-accel", "tcg"));
	assert_true(says(&l, "-cpu", "max"));
}

static void leaves_out_what_is_not_asked_for(void **state UNUSED)
{
	struct vm_launch l = vmm_sample();

	l.run_as = false;
	l.initrd[0] = '\0';
	l.cmdline[0] = '\0';
	l.net = (struct vm_net){.mode = NET_SLIRP, .mac = "02:23:45:67:89:ab"};
	assert_false(says(&l, "-runas", NULL));
	assert_false(says(&l, "-initrd", NULL));
	assert_false(says(&l, "-append", NULL));
	assert_true(says(&l, "-netdev", "user,id=net0,ipv6=off,restrict=off"));
	assert_true(says(&l, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
}

static void hangs_on_the_tap_it_was_handed(void **state UNUSED)
{
	struct vm_launch l = vmm_sample();

	l.net = (struct vm_net){.mode = NET_BRIDGE, .mac = "02:23:45:67:89:ab", .tap = "bgr0123456789ab"};
	assert_true(says(&l, "-netdev", "tap,id=net0,fd=8"));
	assert_true(says(&l, "-device", "virtio-net-device,netdev=net0,mac=02:23:45:67:89:ab"));
}

/* What the file driver refuses to open. */
static void opens_a_block_device_as_one(void **state UNUSED)
{
	struct vm_launch l = vmm_sample();

	str_copy(l.drives[1].path, sizeof(l.drives[1].path), "/dev/banger/0123456789ab");
	l.drives[1].block = true;
	assert_true(says(&l, "-blockdev",
			 "{\"driver\":\"host_device\",\"node-name\":\"file-upper\",\"filename\":\"/dev/banger/0123456789ab\","
			 "\"read-only\":false,\"locking\":\"auto\",\"discard\":\"unmap\","
			 "\"cache\":{\"direct\":false,\"no-flush\":false}}"));
	assert_true(says(&l, "-blockdev",
			 "{\"driver\":\"raw\",\"node-name\":\"disk-upper\",\"file\":\"file-upper\",\"read-only\":false,"
			 "\"discard\":\"unmap\"}"));
}

static void takes_the_configured_program(void **state UNUSED)
{
	struct vm_launch l = vmm_sample();

	str_copy(l.vmm_path, sizeof(l.vmm_path), "/opt/qemu");
	assert_true(says(&l, "/opt/qemu", "-name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_everything_of_a_full_launch),
		cmocka_unit_test(emulates_with_every_feature),
		cmocka_unit_test(leaves_out_what_is_not_asked_for),
		cmocka_unit_test(hangs_on_the_tap_it_was_handed),
		cmocka_unit_test(opens_a_block_device_as_one),
		cmocka_unit_test(takes_the_configured_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
