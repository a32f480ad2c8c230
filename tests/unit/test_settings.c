/* SPDX-License-Identifier: MIT */
/*
 * engine/settings: what banger.conf means, and that a bad value names its entry.
 */
#include "tests/lib/test.h"

#include "core/engine/settings.h"

static struct conf conf;
static struct settings s;

static int read_text(const char *text, struct err *e)
{
	assert_ok(conf_parse(text, strlen(text), "banger.conf", &conf, e), e);
	return settings_read(&conf, &s, e);
}

static int teardown(void **state UNUSED)
{
	settings_done(&s);
	conf_done(&conf);
	return 0;
}

static void nothing_is_set_by_nothing(void **state UNUSED)
{
	struct err e = {0};

	assert_ok(read_text("", &e), &e);
	assert_int_equal(s.vm.set, 0);
	assert_int_equal(s.subnet.addr, 0xac100001); /* SUBNET_DEFAULT */
	assert_int_equal(s.subnet.prefix, 24);
	assert_int_equal(s.auto_stop_s, 0);
	assert_int_equal(s.n_files, 0);
}

static void every_value_arrives(void **state UNUSED)
{
	struct err e = {0};

	assert_ok(read_text("vm { vcpus = 2 memory = 1G overlay = 2G work_disk = 3G image = deb disk = copy\n"
			    "network = bridge vmm = qemu nat = yes egress = none auto_stop_after = 90m }\n"
			    "net { address = \"10.1.2.1/24\" }\n"
			    "file_sync rc { host = \"~/.vimrc\" guest = \"/root/.vimrc\" mode = \"0644\" }\n"
			    "file_sync plain { host = \"/etc/motd\" guest = \"/root/motd\" }\n",
			    &e),
		  &e);
	assert_int_equal(s.vm.cfg.vcpus, 2);
	assert_int_equal(s.vm.cfg.mem_mib, 1024);
	assert_int_equal(s.vm.cfg.disk, DISK_COPY);
	assert_string_equal(s.vm.cfg.image, "deb");
	assert_true(spec_has(&s.vm, SPEC_OVERLAY) && spec_has(&s.vm, SPEC_WORK) && spec_has(&s.vm, SPEC_VMM));
	assert_false(spec_has(&s.vm, SPEC_KERNEL));
	assert_true(s.vm.cfg.nat && s.vm.cfg.net == NET_BRIDGE);
	assert_int_equal(s.vm.cfg.egress.kind, EGRESS_NONE);
	assert_int_equal(s.subnet.addr, 0x0a010201);
	assert_int_equal(s.auto_stop_s, 5400);
	assert_int_equal(s.n_files, 2);
	assert_string_equal(s.files[0].guest, "/root/.vimrc");
	assert_int_equal(s.files[0].mode, 0644);
	assert_int_equal(s.files[1].mode, 0); /* the default is seed.h's */
}

static void a_bad_value_names_its_entry(void **state UNUSED)
{
	static const struct {
		const char *text, *what;
	} rows[] = {
		{"vm { memory = 0 }", "memory"},
		{"vm { vcpus = many }", "vcpus"},
		{"vm { disk = tape }", "tape"},
		{"vm { network = carrier-pigeon }", "carrier-pigeon"},
		{"vm { nat = perhaps }", "nat"},
		{"vm { egress = some }", "egress"},
		{"net { address = \"8.8.8.8/24\" }", "net.address"},
		{"net { address = \"172.16.0.1\" }", "net.address"},
		{"vm { auto_stop_after = soon }", "auto_stop_after"},
		{"vm { auto_stop_after = 5 }", "auto_stop_after"},
		{"vm { auto_stop_after = 0s }", "auto_stop_after"},
		{"vm { auto_stop_after = 99999999999h }", "auto_stop_after"},
		{"file_sync a { host = \"/x\" guest = \"/etc/x\" }", "a"},
		{"file_sync b { host = \"/x\" guest = \"/root/../x\" }", "b"},
		{"file_sync c { host = \"x\" guest = \"/root/x\" }", "c"},
		{"file_sync d { host = \"/x\" guest = \"/root/x\" mode = \"0999\" }", "file_sync d"},
		{"file_sync e { host = \"/x\" guest = \"/root/x\" mode = \"rw\" }", "file_sync e"},
		{"file_sync f { guest = \"/root/x\" }", "f"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};

		if (read_text(rows[i].text, &e) != -1 || e.code != ERR_USAGE)
			fail_msg("accepted: %s", rows[i].text);
		if (!strstr(e.msg, rows[i].what) || !strstr(e.msg, "banger.conf"))
			fail_msg("'%s' said: %s", rows[i].text, e.msg);
		teardown(NULL);
	}
}

static void it_names_the_line_and_what_is_accepted(void **state UNUSED)
{
	static const struct {
		const char *text, *msg, *hint;
	} rows[] = {
		{"# mine\nvm {\n memory = \"lots\"\n}", "banger.conf:3: vm.memory: memory 'lots' is not a size", "512M"},
		{"vm {\n network = foo }", "banger.conf:2: vm.network: unknown network mode 'foo'", "choose one of: auto, private"},
		{"vm {\n\n disk = tape }", "banger.conf:3: vm.disk: unknown disk mode 'tape'", "overlay, copy"},
		{"vm { vmm = xen }", "banger.conf:1: vm.vmm: unknown VMM 'xen'", "auto, qemu"},
		{"vm { auto_stop_after = soon }", "banger.conf:1: vm.auto_stop_after: 'soon' is not a duration", "30m"},
		{"\nfile_sync a {\n host = \"/x\" guest = \"/root/x\" mode = rw }", "banger.conf:3: file_sync a: mode 'rw'", "0600"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};

		if (read_text(rows[i].text, &e) != -1 || strncmp(e.msg, rows[i].msg, strlen(rows[i].msg)) != 0 ||
		    !strstr(e.hint, rows[i].hint))
			fail_msg("'%s' said: %s (%s)", rows[i].text, e.msg, e.hint);
		teardown(NULL);
	}
}

static void durations_have_a_unit_and_a_limit(void **state UNUSED)
{
	static const struct {
		const char *text;
		int64_t seconds; /* 0: refused */
	} rows[] = {
		{"1s", 1},	 {"90s", 90},	  {"30m", 1800}, {"2h", 7200}, {"8760h", 31536000}, {"8761h", 0},
		{"31536001s", 0}, {"", 0},	  {"s", 0},	 {"0m", 0},    {"-1s", 0},	    {"+1s", 0},
		{" 1s", 0},	 {"1", 0},	  {"1 s", 0},	 {"1sm", 0},   {"1d", 0},	    {"99999999999999999999s", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};
		int64_t got = 0;
		int rc = settings_parse_duration(rows[i].text, &got, &e);

		if ((rc == 0) != (rows[i].seconds > 0) || got != rows[i].seconds)
			fail_msg("'%s' gave %d, %lld", rows[i].text, rc, (long long)got);
		if (rc < 0 && (e.code != ERR_USAGE || !e.hint[0]))
			fail_msg("'%s' said: %s", rows[i].text, e.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_is_set_by_nothing, teardown),
		cmocka_unit_test_teardown(every_value_arrives, teardown),
		cmocka_unit_test_teardown(a_bad_value_names_its_entry, teardown),
		cmocka_unit_test_teardown(it_names_the_line_and_what_is_accepted, teardown),
		cmocka_unit_test(durations_have_a_unit_and_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
