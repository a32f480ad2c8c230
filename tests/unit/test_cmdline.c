/* SPDX-License-Identifier: MIT */
/*
 * vmm/cmdline: the golden line. Whoever changes it changes how every guest boots.
 */
#include "tests/lib/test.h"

#include "core/vmm/cmdline.h"
#include "core/vmm/tsc.h"
#include "core/vmm/vmm.h"

#include <string.h>

static void is_the_golden_line(void **state UNUSED)
{
	char line[VM_CMDLINE_SIZE];

	assert_string_equal(cmdline_format(line, sizeof(line), VMM_QEMU, "00112233445566778899aabbccddeeff", 0),
			    "console=ttyS0 reboot=t panic=-1 net.ifnames=0 cloud-init=disabled systemd.firstboot=off "
			    "systemd.gpt_auto=no systemd.machine_id=00112233445566778899aabbccddeeff pci=off quiet loglevel=4");
}

static void ends_firecracker_by_the_keyboard_controller(void **state UNUSED)
{
	char line[VM_CMDLINE_SIZE];

	assert_string_equal(cmdline_format(line, sizeof(line), VMM_FIRECRACKER, "00112233445566778899aabbccddeeff", 0),
			    "console=ttyS0 reboot=k panic=-1 net.ifnames=0 cloud-init=disabled systemd.firstboot=off "
			    "systemd.gpt_auto=no systemd.machine_id=00112233445566778899aabbccddeeff pci=off quiet loglevel=4");
}

static void tells_the_counter_rate(void **state UNUSED)
{
	char line[VM_CMDLINE_SIZE];

	cmdline_format(line, sizeof(line), VMM_QEMU, "00112233445566778899aabbccddeeff", 2600000);
	assert_string_equal(strstr(line, "loglevel=4"), "loglevel=4 tsc=reliable tsc_early_khz=2600000");
}

static void measures_the_counter_once(void **state UNUSED)
{
	unsigned khz = tsc_khz();

	assert_int_equal(khz, tsc_khz());
#ifdef __x86_64__
	assert_in_range(khz, 100000, 20000000); /* every processor with long mode runs between 0.1 and 20 GHz */
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_golden_line),
		cmocka_unit_test(ends_firecracker_by_the_keyboard_controller),
		cmocka_unit_test(tells_the_counter_rate),
		cmocka_unit_test(measures_the_counter_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
