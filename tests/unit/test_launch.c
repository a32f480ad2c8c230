/* SPDX-License-Identifier: MIT */
/*
 * vmm/launch: JSON there and back, and what must never reach a command line.
 */
#include "tests/lib/test.h"

#include "tests/unit/vmm_sample.h"

#include <sys/stat.h>

static void survives_the_file(void **state)
{
	struct vm_launch l = vmm_sample();
	struct vm_launch back;
	auto_buf one = {0};
	auto_buf two = {0};
	struct err e = {0};
	struct stat st;

	str_copy(l.vm_dir, sizeof(l.vm_dir), *state);
	str_copy(l.drives[1].path, sizeof(l.drives[1].path), "/dev/banger/0123456789ab");
	l.drives[1].block = true;
	l.rates.disk = 20 << 20;
	assert_ok(vm_launch_save(&l, &e), &e);
	assert_int_equal(stat(tmpdir_path(state, VM_LAUNCH_FILE), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_ok(vm_launch_load(*state, &back, &e), &e);
	vm_launch_format(&l, &one);
	vm_launch_format(&back, &two);
	assert_string_equal(one.data, two.data);
	assert_int_equal(back.n_drives, 3);
	assert_true(back.drives[0].shared);
	assert_true(back.drives[1].block && !back.drives[0].block);
	assert_string_equal(back.drives[0].path, "/s/images/a, b/rootfs");
	assert_int_equal(back.net.forwards[1].guest_port, 53);
	assert_int_equal(back.rates.disk, 20 << 20);
	assert_int_equal(back.gid, 1001);
	assert_int_equal(back.min_free_mib, 77);
}

static void is_not_found_where_there_is_none(void **state)
{
	struct vm_launch l;
	struct err e = {0};

	assert_err(vm_launch_load(*state, &l, &e), &e, ERR_NOT_FOUND);
}

static int parse(const char *text, struct err *e)
{
	struct vm_launch l;

	return vm_launch_parse(text, strlen(text), "test", &l, e);
}

static void refuses_foreign_json(void **state UNUSED)
{
	struct err e = {0};

	assert_err(parse("", &e), &e, ERR_PROTO);
	assert_err(parse("[]", &e), &e, ERR_PROTO);
	assert_err(parse("{\"version\":2}", &e), &e, ERR_PROTO);
	assert_err(parse("{\"version\":1,\"vmm\":\"qemu\",\"accel\":\"warp\"}", &e), &e, ERR_PROTO);
	assert_err(parse("{\"version\":1,\"vmm\":\"qemu\",\"accel\":\"tcg\",\"id\":\"0123456789abcdef\"}", &e), &e,
		   ERR_PROTO);
	assert_err(parse("{\"version\":1,\"vmm\":\"qemu\",\"accel\":\"tcg\",\"vcpus\":-1}", &e), &e, ERR_PROTO);
	assert_err(parse("{\"version\":1,\"vmm\":\"qemu\",\"accel\":\"tcg\",\"drives\":[1,2,3,4,5,6,7,8,9]}", &e), &e,
		   ERR_PROTO);
}

/* One field of a good launch spoiled. */
#define SPOILED(assignment)                                                                                            \
	do {                                                                                                           \
		struct vm_launch l = vmm_sample();                                                                     \
		assignment;                                                                                            \
		assert_err(vm_launch_check(&l, &e), &e, ERR_USAGE);                                                    \
	} while (0)

static void a_bridged_one_has_a_tap_and_no_ports(void **state UNUSED)
{
	const struct vm_net net = {.mode = NET_BRIDGE, .mac = "02:23:45:67:89:ab", .tap = "bgr0123456789ab"};
	struct vm_launch good = vmm_sample();
	struct err e = {0};

	good.net = net;
	assert_ok(vm_launch_check(&good, &e), &e);
	SPOILED((l.net = net, l.net.tap[0] = '\0'));
	SPOILED((l.net = net, l.net.ssh_port = 22000));
	SPOILED((l.net = net, l.net.isolated = true));
	SPOILED((l.net = net, l.net.n_forwards = 1));
}

static void a_private_one_has_a_tap_and_its_program(void **state UNUSED)
{
	const struct vm_net net = {.mode = NET_PRIVATE,
				   .mac = "02:23:45:67:89:ab",
				   .tap = "guest0",
				   .ssh_port = 22000,
				   .program = "/usr/libexec/banger-netns",
				   .n_forwards = 1,
				   .forwards = {{.host_port = 8080, .guest_port = 80}},
				   .egress = {.kind = EGRESS_ALLOW, .n = 1, .ranges = {{0xc0000207, 32}}}};
	struct vm_launch good = vmm_sample(), back;
	struct err e = {0};
	auto_buf text = {0};

	good.net = net;
	assert_ok(vm_launch_check(&good, &e), &e);
	vm_launch_format(&good, &text);
	assert_ok(vm_launch_parse(text.data, text.len, "test", &back, &e), &e);
	assert_int_equal(back.net.egress.kind, EGRESS_ALLOW);
	assert_int_equal(back.net.egress.ranges[0].addr, 0xc0000207);
	assert_string_equal(back.net.program, net.program);
	SPOILED((l.net = net, l.net.tap[0] = '\0'));
	SPOILED((l.net = net, l.net.program[0] = '\0'));
	SPOILED((l.net = net, str_copy(l.net.program, PATHS_MAX, "banger-netns")));
	SPOILED((l.net = net, l.net.forwards[0].udp = true));
}

/* A launch of which the policy was lost lets nothing out. */
static void what_says_nothing_reaches_nothing(void **state UNUSED)
{
	struct vm_launch l = vmm_sample(), back;
	struct err e = {0};
	auto_buf text = {0};

	vm_launch_format(&l, &text);
	char *at = strstr(text.data, "\"egress\"");
	assert_non_null(at);
	memcpy(at, "\"ingres\"", 8);
	assert_ok(vm_launch_parse(text.data, text.len, "test", &back, &e), &e);
	assert_int_equal(back.net.egress.kind, EGRESS_NONE);
}

static void checks_every_field(void **state UNUSED)
{
	struct vm_launch good = vmm_sample();
	struct err e = {0};

	assert_ok(vm_launch_check(&good, &e), &e);
	SPOILED(l.id[0] = 'X');
	SPOILED(l.drives[1].block = true);
	SPOILED(l.boot_id[3] = '\0');
	SPOILED(l.vmm = VMM_AUTO);
	SPOILED(l.vcpus = 0);
	SPOILED(l.mem_mib = 0);
	SPOILED(l.n_drives = VM_DRIVES_MAX + 1);
	SPOILED(l.kernel[0] = '\0');
	SPOILED(str_copy(l.initrd, PATHS_MAX, "relative"));
	SPOILED(str_copy(l.vmm_path, PATHS_MAX, "qemu"));
	SPOILED(str_copy(l.net.tap, sizeof(l.net.tap), "a/b"));
	SPOILED(l.vmm = VMM_FIRECRACKER); /* and run_as */
	SPOILED(str_copy(l.cmdline, VM_CMDLINE_SIZE, "quiet\nloglevel=7"));
	SPOILED(str_copy(l.drives[0].name, VM_DRIVE_NAME_SIZE, "a,readonly"));
	SPOILED(str_copy(l.drives[1].name, VM_DRIVE_NAME_SIZE, "rootfs"));
	SPOILED(l.drives[0].readonly = false);
	SPOILED(str_copy(l.net.mac, VM_MAC_SIZE, "02:00,id=x"));
	SPOILED(str_copy(l.net.forwards[0].host_addr, VM_ADDR_SIZE, "0.0.0.0:1-:2,x"));
	SPOILED(l.net.forwards[0].guest_port = 0);
	SPOILED(l.rates.net = 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(survives_the_file, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(is_not_found_where_there_is_none, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test(refuses_foreign_json),
		cmocka_unit_test(a_bridged_one_has_a_tap_and_no_ports),
		cmocka_unit_test(a_private_one_has_a_tap_and_its_program),
		cmocka_unit_test(what_says_nothing_reaches_nothing),
		cmocka_unit_test(checks_every_field),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
