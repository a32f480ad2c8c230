/* SPDX-License-Identifier: MIT */
/*
 * vmm/cmdline: the golden line. Whoever changes it changes how every guest boots.
 */
#include "tests/lib/test.h"

#include "core/vmm/cmdline.h"
#include "core/vmm/vmm.h"

static void is_the_golden_line(void **state UNUSED)
{
	char line[VM_CMDLINE_SIZE];

	assert_string_equal(cmdline_format(line, sizeof(line), VMM_QEMU, "00112233445566778899aabbccddeeff"),
			    "console=ttyS0 reboot=t panic=-1 net.ifnames=0 cloud-init=disabled systemd.firstboot=off "
			    "systemd.gpt_auto=no systemd.machine_id=00112233445566778899aabbccddeeff quiet loglevel=4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_golden_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
