/* SPDX-License-Identifier: MIT */
/*
 * The config member of the seed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bootkit/config.h"

#define UUID "11111111-2222-4333-8444-555555555555"
#define MINIMAL                                                                                                        \
	"version=1\nvm_id=0123456789ab\nboot_id=abc-1\nhostname=web1\nroot_mode=copy\nrootfs_uuid=" UUID               \
	"\nnet_mode=none\npower=poweroff\n"

static int parse(const char *text, struct config *config, char *why, size_t size)
{
	return config_parse(text, strlen(text), config, why, size);
}

static void minimal_config_has_defaults(void **state)
{
	struct config config;
	char why[128] = "";

	(void)state;
	assert_int_equal(parse(MINIMAL, &config, why, sizeof(why)), 0);
	assert_string_equal(config.vm_id, "0123456789ab");
	assert_string_equal(config.hostname, "web1");
	assert_false(config.overlay || config.net_static || config.power_reboot);
	assert_int_equal(config.ssh_port, WIRE_SSH_PORT);
	assert_int_equal(config.idle_stop_s, 0);
	assert_false(config.no_init);
	assert_string_equal(config.work_uuid, "");
}

static void every_key_is_taken(void **state)
{
	struct config config;
	char why[128] = "";
	static const char text[] =
		"version=1\nvm_id=0123456789ab\nboot_id=abc\nhostname=h\nroot_mode=overlay\nrootfs_uuid=" UUID
		"\nupper_uuid=" UUID "\nwork_uuid=" UUID "\nmodules_uuid=" UUID
		"\nnet_mode=static\nnet_address=10.0.2.15/24\nnet_gateway=10.0.2.2\nnet_mac=52:54:00:12:34:56\n"
		"ssh_port=2222\npower=reboot\nidle_stop_s=600\ninit=none\ntimezone=Europe/Lisbon\ntime=1795468156\nlater=skipped";

	(void)state;
	assert_int_equal(parse(text, &config, why, sizeof(why)), 0);
	assert_true(config.overlay && config.net_static && config.power_reboot);
	assert_string_equal(config.upper_uuid, UUID);
	assert_string_equal(config.net_address, "10.0.2.15/24");
	assert_string_equal(config.net_mac, "52:54:00:12:34:56");
	assert_int_equal(config.ssh_port, 2222);
	assert_int_equal(config.idle_stop_s, 600);
	assert_true(config.no_init);
	assert_string_equal(config.timezone, "Europe/Lisbon");
	assert_int_equal(config.time, 1795468156);
}

static void empty_optional_values_are_absent(void **state)
{
	struct config config;
	char why[128];

	(void)state;
	assert_int_equal(parse(MINIMAL "net_mac=\ntimezone=\nwork_uuid=\n", &config, why, sizeof(why)), 0);
	assert_string_equal(config.net_mac, "");
}

static void bad_configs_say_why(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "'version' is missing"},
		{"version=2\n", "bad value of 'version'"},
		{MINIMAL "word\n", "a line without '='"},
		{MINIMAL "power=reboot\n", "'power' is given twice"},
		{MINIMAL "ssh_port=70000\n", "bad value of 'ssh_port'"},
		{MINIMAL "ssh_port=\n", "bad value of 'ssh_port'"},
		{MINIMAL "idle_stop_s=-1\n", "bad value of 'idle_stop_s'"},
		{MINIMAL "init=systemd\n", "bad value of 'init'"},
		{MINIMAL "work_uuid=11111111\n", "bad value of 'work_uuid'"},
		{MINIMAL "timezone=../../etc/shadow\n", "bad value of 'timezone'"},
		{MINIMAL "timezone=/etc/shadow\n", "bad value of 'timezone'"},
		{MINIMAL "net_mac=52:54:00:12:34\n", "bad value of 'net_mac'"},
		{"version=1\nhostname=a b\n", "bad value of 'hostname'"},
		{"version=1\nboot_id=\n", "bad value of 'boot_id'"},
		{"version=1\nroot_mode=both\n", "bad value of 'root_mode'"},
		{"version=1\nvm_id=a\nboot_id=b\nhostname=h\nroot_mode=overlay\nrootfs_uuid=" UUID
		 "\nnet_mode=none\npower=reboot\n",
		 "an overlay root needs 'upper_uuid'"},
		{"version=1\nvm_id=a\nboot_id=b\nhostname=h\nroot_mode=copy\nrootfs_uuid=" UUID
		 "\nnet_mode=static\npower=reboot\n",
		 "a static network needs 'net_address'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config config = {.ssh_port = 7};
		char why[128] = "";

		if (parse(cases[i].text, &config, why, sizeof(why)) == 0)
			fail_msg("taken: %s", cases[i].text);
		assert_string_equal(why, cases[i].why);
		assert_int_equal(config.ssh_port, 7);
	}
}

static void lines_have_limits(void **state)
{
	struct config config;
	char text[2048], why[128];
	size_t len = strlen(MINIMAL);

	(void)state;
	memcpy(text, MINIMAL, len);
	memset(text + len, 'x', 1000);
	assert_int_equal(config_parse(text, len + 1000, &config, why, sizeof(why)), -1);
	memcpy(text + len, "a=\0b\n", 5);
	assert_int_equal(config_parse(text, len + 5, &config, why, sizeof(why)), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(minimal_config_has_defaults),
		cmocka_unit_test(every_key_is_taken),
		cmocka_unit_test(empty_optional_values_are_absent),
		cmocka_unit_test(bad_configs_say_why),
		cmocka_unit_test(lines_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
