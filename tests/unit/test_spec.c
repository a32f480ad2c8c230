/* SPDX-License-Identifier: MIT */
/*
 * model/spec: three layers of defaults with their provenance, static and host limits, "omitted" is not "0".
 */
#include "tests/lib/test.h"

#include "core/model/size.h"
#include "core/model/spec.h"

static const struct host_limits host = {.cpus = 8, .mem_bytes = 24 * SIZE_GIB};

static void set(struct vm_spec *s, enum spec_field f, const char *text)
{
	struct err e = {0};

	assert_ok(spec_parse(s, f, text, &e), &e);
	assert_true(spec_has(s, f));
}

static void built_in_and_host_defaults(void **state UNUSED)
{
	struct spec_resolved r;
	struct err e = {0};

	assert_ok(spec_resolve(NULL, NULL, &host, &r, &e), &e);
	assert_string_equal(r.cfg.image, "tiny");
	assert_string_equal(r.cfg.kernel, SPEC_DEFAULT_KERNEL);
	assert_int_equal(r.cfg.vcpus, 2);
	assert_int_equal(r.cfg.mem_mib, 3072);
	assert_int_equal(r.cfg.overlay_bytes, 8 * SIZE_GIB);
	assert_int_equal(r.cfg.work_bytes, 8 * SIZE_GIB);
	assert_int_equal(r.cfg.disk, DISK_OVERLAY);
	assert_int_equal(r.from[SPEC_VCPUS], SPEC_FROM_HOST);
	assert_int_equal(r.from[SPEC_MEM], SPEC_FROM_HOST);
	assert_int_equal(r.from[SPEC_WORK], SPEC_BUILT_IN);
	assert_int_equal(r.from[SPEC_IMAGE], SPEC_BUILT_IN);
}

static void host_heuristic_is_clamped(void **state UNUSED)
{
	static const struct {
		struct host_limits host;
		int vcpus, mem_mib;
	} cases[] = {
		{{1, SIZE_GIB}, 1, 256},	{{3, 2 * SIZE_GIB}, 1, 256},	   {{4, 4 * SIZE_GIB}, 1, 512},
		{{16, 64 * SIZE_GIB}, 4, 8192}, {{256, 1024 * SIZE_GIB}, 4, 8192},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct spec_resolved r;
		struct err e = {0};

		assert_ok(spec_resolve(NULL, NULL, &cases[i].host, &r, &e), &e);
		assert_int_equal(r.cfg.vcpus, cases[i].vcpus);
		assert_int_equal(r.cfg.mem_mib, cases[i].mem_mib);
	}
}

static void request_beats_config_beats_default(void **state UNUSED)
{
	struct vm_spec asked = {0}, config = {0};
	struct spec_resolved r;
	struct err e = {0};

	set(&config, SPEC_VCPUS, "3");
	set(&config, SPEC_MEM, "2G");
	set(&config, SPEC_IMAGE, "debian");
	set(&asked, SPEC_MEM, "512");
	set(&asked, SPEC_ISOLATED, "yes");
	assert_ok(spec_resolve(&asked, &config, &host, &r, &e), &e);
	assert_int_equal(r.cfg.mem_mib, 512);
	assert_int_equal(r.from[SPEC_MEM], SPEC_FROM_REQUEST);
	assert_int_equal(r.cfg.vcpus, 3);
	assert_int_equal(r.from[SPEC_VCPUS], SPEC_FROM_CONFIG);
	assert_string_equal(r.cfg.image, "debian");
	assert_true(r.cfg.isolated);
	assert_int_equal(r.from[SPEC_EPHEMERAL], SPEC_BUILT_IN);
}

static void every_field_travels_through_resolution(void **state UNUSED)
{
	static const char *const values[SPEC_FIELD_COUNT] = {
		[SPEC_IMAGE] = "img-1", [SPEC_KERNEL] = "k.2",	 [SPEC_VCPUS] = "5",	   [SPEC_MEM] = "1G",
		[SPEC_DISK] = "copy",	[SPEC_OVERLAY] = "32M",	 [SPEC_WORK] = "64M",	   [SPEC_NET] = "private",
		[SPEC_VMM] = "qemu",	[SPEC_ISOLATED] = "yes", [SPEC_EPHEMERAL] = "yes",
		[SPEC_EGRESS] = "allow=dns,192.0.2.7", [SPEC_PUBLISH] = "8080:80,22:22",
		[SPEC_DISK_RATE] = "20M",
	};
	struct vm_spec asked = {0};
	struct spec_resolved r;
	struct err e = {0};
	char text[160];

	for (int f = 0; f < SPEC_FIELD_COUNT; f++)
		if (values[f])
			set(&asked, (enum spec_field)f, values[f]);
	assert_ok(spec_resolve(&asked, NULL, &host, &r, &e), &e);
	for (int f = 0; f < SPEC_FIELD_COUNT; f++) {
		if (!values[f]) /* nat, net-rate: see below */
			continue;
		assert_int_equal(r.from[f], SPEC_FROM_REQUEST);
		assert_string_equal(spec_format(&r.cfg, (enum spec_field)f, text, sizeof(text)), values[f]);
	}
}

static void formatted_fields_parse_back(void **state UNUSED)
{
	struct spec_resolved r, again;
	struct vm_spec s = {0};
	struct err e = {0};
	char text[160];

	assert_ok(spec_resolve(NULL, NULL, &host, &r, &e), &e);
	for (int f = 0; f < SPEC_FIELD_COUNT; f++)
		if (f != SPEC_NAT) /* a switch of bridged networks only */
			set(&s, (enum spec_field)f, spec_format(&r.cfg, (enum spec_field)f, text, sizeof(text)));
	assert_ok(spec_resolve(&s, NULL, &host, &again, &e), &e);
	assert_memory_equal(&again.cfg, &r.cfg, sizeof(r.cfg));
}

static void nat_is_a_switch_of_bridged_networks(void **state UNUSED)
{
	struct vm_spec asked = {0}, config = {0};
	struct spec_resolved r;
	struct err e = {0};

	set(&config, SPEC_NAT, "yes");
	assert_ok(spec_resolve(&asked, &config, &host, &r, &e), &e); /* waits for machines it concerns */
	set(&asked, SPEC_NAT, "no");
	assert_err(spec_resolve(&asked, &config, &host, &r, &e), &e, ERR_USAGE);
	set(&asked, SPEC_NET, "bridge");
	assert_ok(spec_resolve(&asked, &config, &host, &r, &e), &e);
	assert_false(r.cfg.nat);
	set(&asked, SPEC_ISOLATED, "yes");
	assert_err(spec_resolve(&asked, &config, &host, &r, &e), &e, ERR_USAGE);
}

static bool resolves(const char *net, enum spec_field f, const char *value)
{
	struct vm_spec asked = {0};
	struct spec_resolved r;
	struct err e = {0};

	set(&asked, SPEC_NET, net);
	set(&asked, f, value);
	int rc = spec_resolve(&asked, NULL, &host, &r, &e);
	assert_int_equal(e.code, rc < 0 ? ERR_USAGE : ERR_NONE);
	return rc == 0;
}

static void what_a_network_cannot_do_is_refused(void **state UNUSED)
{
	assert_true(resolves("auto", SPEC_EGRESS, "allow=192.0.2.7"));
	assert_true(resolves("private", SPEC_EGRESS, "allow=192.0.2.7"));
	assert_true(resolves("slirp", SPEC_EGRESS, "none"));
	assert_false(resolves("slirp", SPEC_EGRESS, "allow=192.0.2.7"));
	assert_false(resolves("bridge", SPEC_EGRESS, "none"));
	assert_true(resolves("slirp", SPEC_PUBLISH, "8080:80"));
	assert_true(resolves("private", SPEC_PUBLISH, "8080:80"));
	assert_false(resolves("bridge", SPEC_PUBLISH, "8080:80"));
	assert_true(resolves("private", SPEC_ISOLATED, "yes"));
	assert_true(resolves("private", SPEC_VMM, "firecracker"));
	assert_true(resolves("auto", SPEC_VMM, "firecracker"));
	assert_false(resolves("slirp", SPEC_VMM, "firecracker"));
}

static void a_rate_is_bytes_a_second_or_none(void **state UNUSED)
{
	struct vm_spec s = {0};
	struct err e = {0};
	char text[32];

	set(&s, SPEC_DISK_RATE, "20M");
	assert_int_equal(s.cfg.disk_rate, 20 * SIZE_MIB);
	set(&s, SPEC_DISK_RATE, "none");
	assert_int_equal(s.cfg.disk_rate, 0);
	assert_string_equal(spec_format(&s.cfg, SPEC_DISK_RATE, text, sizeof(text)), "none");
	assert_int_equal(spec_parse(&s, SPEC_NET_RATE, "63K", &e), -1);
	assert_non_null(strstr(e.msg, "net rate '63K'"));
	err_clear(&e);
	assert_err(spec_parse(&s, SPEC_NET_RATE, "fast", &e), &e, ERR_USAGE);
}

static void only_firecracker_limits_a_network(void **state UNUSED)
{
	struct vm_spec s = {0};
	struct spec_resolved r;
	struct err e = {0};

	set(&s, SPEC_NET_RATE, "1M");
	assert_ok(spec_resolve(&s, NULL, &host, &r, &e), &e); /* which VMM it is, is seen when it starts */
	assert_int_equal(r.cfg.net_rate, SIZE_MIB);
	set(&s, SPEC_VMM, "firecracker");
	assert_ok(spec_resolve(&s, NULL, &host, &r, &e), &e);
	set(&s, SPEC_VMM, "qemu");
	assert_err(spec_resolve(&s, NULL, &host, &r, &e), &e, ERR_USAGE);
	set(&s, SPEC_VMM, "auto");
	set(&s, SPEC_NET, "slirp");
	assert_err(spec_resolve(&s, NULL, &host, &r, &e), &e, ERR_USAGE);
}

static void of_egress_and_isolated_the_stricter_holds(void **state UNUSED)
{
	struct vm_config c = {.egress.kind = EGRESS_ALLOW};

	assert_int_equal(vm_egress(&c).kind, EGRESS_ALLOW);
	c.isolated = true;
	assert_int_equal(vm_egress(&c).kind, EGRESS_NONE);
}

static void wrong_values_leave_the_field_unset(void **state UNUSED)
{
	static const struct {
		enum spec_field f;
		const char *text;
	} bad[] = {
		{SPEC_VCPUS, "0"},
		{SPEC_VCPUS, "33"},
		{SPEC_VCPUS, "-1"},
		{SPEC_VCPUS, "two"},
		{SPEC_VCPUS, "2x"},
		{SPEC_VCPUS, ""},
		{SPEC_VCPUS, "99999999999999999999"},
		{SPEC_MEM, "0"},
		{SPEC_MEM, "127"},
		{SPEC_MEM, "131073K"},
		{SPEC_MEM, "9000000G"},
		{SPEC_OVERLAY, "0"},
		{SPEC_OVERLAY, "15M"},
		{SPEC_OVERLAY, "129G"},
		{SPEC_WORK, "1K"},
		{SPEC_DISK, "thin"},
		{SPEC_NET, "bridges"},
		{SPEC_NAT, "perhaps"},
		{SPEC_VMM, "xen"},
		{SPEC_ISOLATED, "maybe"},
		{SPEC_IMAGE, "../etc"},
		{SPEC_IMAGE, ""},
		{SPEC_KERNEL, "a/b"},
		{SPEC_EPHEMERAL, "2"},
		{SPEC_FIELD_COUNT, "1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct vm_spec s = {0};
		struct err e = {0};

		assert_err(spec_parse(&s, bad[i].f, bad[i].text, &e), &e, ERR_USAGE);
		assert_int_equal(s.set, 0);
	}
}

static void firecracker_wants_more_than_a_user_network(void **state UNUSED)
{
	struct vm_spec asked = {0};
	struct spec_resolved r;
	struct err e = {0};

	assert_ok(spec_parse(&asked, SPEC_VMM, "firecracker", &e), &e);
	assert_ok(spec_parse(&asked, SPEC_NET, "slirp", &e), &e);
	assert_int_equal(spec_resolve(&asked, NULL, &(struct host_limits){0}, &r, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_string_equal(e.msg, "Firecracker has no user network, and network mode 'slirp' is one");
	assert_non_null(strstr(e.hint, "--vmm auto"));
}

static void unknown_words_name_the_choices(void **state UNUSED)
{
	struct vm_spec s = {0};
	struct err e = {0};

	assert_int_equal(spec_parse(&s, SPEC_DISK, "thin", &e), -1);
	assert_non_null(strstr(e.hint, "overlay"));
	assert_non_null(strstr(e.hint, "copy, dm-snapshot"));
}

static void disk_sizes_become_whole_blocks(void **state UNUSED)
{
	struct vm_spec s = {0};

	set(&s, SPEC_WORK, "16385K");
	assert_int_equal(s.cfg.work_bytes % 4096, 0);
	assert_int_equal(s.cfg.work_bytes, 16 * SIZE_MIB);
}

static void host_limits_are_checked(void **state UNUSED)
{
	struct vm_spec asked = {0};
	struct spec_resolved r;
	struct err e = {0};

	set(&asked, SPEC_MEM, "32G");
	assert_int_equal(spec_resolve(&asked, NULL, &host, &r, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_string_equal(e.msg, "memory 32G is more than this host has, 24G");
	err_clear(&e);
	asked = (struct vm_spec){0};
	set(&asked, SPEC_VCPUS, "9");
	assert_err(spec_resolve(&asked, NULL, &host, &r, &e), &e, ERR_USAGE);
}

static void one_field_is_judged_alone(void **state UNUSED)
{
	struct vm_config c = {.image = "tiny", .kernel = "debian", .vcpus = 0, .mem_mib = 64, .work_bytes = SIZE_MIB};
	struct err e = {0};

	assert_ok(spec_check_field(&c, SPEC_IMAGE, &host, &e), &e);
	assert_ok(spec_check_field(&c, SPEC_DISK, &host, &e), &e);
	assert_err(spec_check_field(&c, SPEC_VCPUS, &host, &e), &e, ERR_USAGE);
	assert_err(spec_check_field(&c, SPEC_MEM, &host, &e), &e, ERR_USAGE);
	assert_err(spec_check_field(&c, SPEC_WORK, &host, &e), &e, ERR_USAGE);
	assert_err(spec_check_field(&c, SPEC_OVERLAY, &host, &e), &e, ERR_USAGE);
	c.kernel[0] = '\0';
	assert_err(spec_check_field(&c, SPEC_KERNEL, &host, &e), &e, ERR_USAGE);
}

static void field_words_round_trip(void **state UNUSED)
{
	enum spec_field back;

	for (int f = 0; f < SPEC_FIELD_COUNT; f++) {
		assert_true(spec_field_from_string(spec_field_to_string((enum spec_field)f), &back));
		assert_int_equal(back, f);
	}
	assert_false(spec_field_from_string("colour", &back));
	assert_string_equal(spec_field_to_string(SPEC_FIELD_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in_and_host_defaults),
		cmocka_unit_test(host_heuristic_is_clamped),
		cmocka_unit_test(request_beats_config_beats_default),
		cmocka_unit_test(every_field_travels_through_resolution),
		cmocka_unit_test(formatted_fields_parse_back),
		cmocka_unit_test(nat_is_a_switch_of_bridged_networks),
		cmocka_unit_test(what_a_network_cannot_do_is_refused),
		cmocka_unit_test(a_rate_is_bytes_a_second_or_none),
		cmocka_unit_test(only_firecracker_limits_a_network),
		cmocka_unit_test(of_egress_and_isolated_the_stricter_holds),
		cmocka_unit_test(wrong_values_leave_the_field_unset),
		cmocka_unit_test(firecracker_wants_more_than_a_user_network),
		cmocka_unit_test(unknown_words_name_the_choices),
		cmocka_unit_test(disk_sizes_become_whole_blocks),
		cmocka_unit_test(host_limits_are_checked),
		cmocka_unit_test(one_field_is_judged_alone),
		cmocka_unit_test(field_words_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
