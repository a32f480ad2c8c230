/* SPDX-License-Identifier: MIT */
/*
 * cli/opts: each verb takes its own options alone, what follows "--" is the guest's, wrong ones are named.
 */
#include "tests/lib/test.h"

#include "cli/opts.h"

#define ARGS_MAX 16

/* Parse words of a verb; argv lives as long as the test. */
static int parse(unsigned takes, struct opts *ret, struct err *e, const char *const *words)
{
	static char *argv[ARGS_MAX + 1];
	int argc = 0;

	for (; words[argc]; argc++)
		argv[argc] = (char *)words[argc];
	argv[argc] = NULL;
	return opts_parse(argc, argv, takes, ret, e);
}

#define PARSE(takes, o, e, ...) parse(takes, o, e, (const char *const[]){"verb", __VA_ARGS__, NULL})

static void specification_is_collected(void **state UNUSED)
{
	struct opts o;
	struct err e = {0};

	assert_ok(PARSE(OPT_SPEC | OPT_NAME, &o, &e, "--memory", "512M", "-n", "web1", "--vcpus=2", "--isolated",
			"--image", "debian"),
		  &e);
	assert_true(spec_has(&o.spec, SPEC_MEM) && spec_has(&o.spec, SPEC_VCPUS) && spec_has(&o.spec, SPEC_ISOLATED));
	assert_false(spec_has(&o.spec, SPEC_WORK));
	assert_int_equal(o.spec.cfg.mem_mib, 512);
	assert_int_equal(o.spec.cfg.vcpus, 2);
	assert_true(o.spec.cfg.isolated);
	assert_string_equal(o.spec.cfg.image, "debian");
	assert_string_equal(o.name, "web1");
	assert_int_equal(o.nargs, 0);
	assert_null(o.cmd);
}

static void switches_may_have_a_value(void **state UNUSED)
{
	struct opts o;
	struct err e = {0};

	assert_ok(PARSE(OPT_SPEC, &o, &e, "--nat", "web1"), &e);
	assert_true(spec_has(&o.spec, SPEC_NAT) && o.spec.cfg.nat);
	assert_string_equal(o.args[0], "web1");
	assert_ok(PARSE(OPT_SPEC, &o, &e, "--nat=no"), &e);
	assert_true(spec_has(&o.spec, SPEC_NAT) && !o.spec.cfg.nat);
	assert_err(PARSE(OPT_SPEC, &o, &e, "--nat=maybe"), &e, ERR_USAGE);
	assert_ok(PARSE(OPT_SPEC, &o, &e, "--isolated=no"), &e);
	assert_true(spec_has(&o.spec, SPEC_ISOLATED) && !o.spec.cfg.isolated);
}

static void ports_add_up(void **state UNUSED)
{
	struct opts o;
	struct err e = {0};
	char text[PUBLISHED_TEXT];

	assert_ok(PARSE(OPT_SPEC, &o, &e, "-p", "8080:80", "--egress", "allow=192.0.2.7", "--publish=8443:443,22:22"), &e);
	assert_string_equal(published_format(&o.spec.cfg.publish, text, sizeof(text)), "8080:80,8443:443,22:22");
	assert_int_equal(o.spec.cfg.egress.n, 1);
	assert_err(PARSE(OPT_SPEC, &o, &e, "-p", "8080:80", "-p", "8080:81"), &e, ERR_USAGE);
	assert_err(PARSE(OPT_SPEC, &o, &e, "-p", "8080"), &e, ERR_USAGE);
}

static void options_and_arguments_mix(void **state UNUSED)
{
	struct opts o;
	struct err e = {0};

	assert_ok(PARSE(OPT_FORCE | OPT_YES, &o, &e, "web1", "--force", "web2", "-y", "web3"), &e);
	assert_true(o.force && o.yes && !o.json);
	assert_int_equal(o.nargs, 3);
	assert_string_equal(o.args[0], "web1");
	assert_string_equal(o.args[1], "web2");
	assert_string_equal(o.args[2], "web3");
}

static void what_follows_the_dashes_is_the_guests(void **state UNUSED)
{
	struct opts o;
	struct err e = {0};

	assert_ok(PARSE(OPT_CMD | OPT_RM, &o, &e, "--rm", "web1", "--", "sh", "-c", "exit 42", "--", "--json"), &e);
	assert_true(o.rm);
	assert_false(o.json);
	assert_int_equal(o.nargs, 1);
	assert_string_equal(o.args[0], "web1");
	assert_string_equal(o.cmd[0], "sh");
	assert_string_equal(o.cmd[2], "exit 42");
	assert_string_equal(o.cmd[3], "--");
	assert_string_equal(o.cmd[4], "--json");
	assert_null(o.cmd[5]);
}

static void a_command_needs_a_verb_that_takes_one(void **state UNUSED)
{
	struct opts o;
	struct err e = {0};

	assert_err(PARSE(OPT_JSON, &o, &e, "web1", "--", "ls"), &e, ERR_USAGE);
	assert_err(PARSE(OPT_CMD, &o, &e, "web1", "--"), &e, ERR_USAGE);
}

static void wrong_options_are_named(void **state UNUSED)
{
	struct opts o;
	struct err e = {0};

	assert_int_equal(PARSE(OPT_JSON, &o, &e, "--colour"), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_non_null(strstr(e.msg, "--colour"));
	err_clear(&e);
	assert_int_equal(PARSE(OPT_JSON, &o, &e, "--rm"), -1);
	assert_non_null(strstr(e.msg, "--rm"));
	err_clear(&e);
	assert_int_equal(PARSE(OPT_SPEC, &o, &e, "--memory"), -1);
	assert_non_null(strstr(e.msg, "--memory"));
	err_clear(&e);
	assert_err(PARSE(OPT_JSON, &o, &e, "--json=yes"), &e, ERR_USAGE);
	assert_err(PARSE(OPT_JSON, &o, &e, "-x"), &e, ERR_USAGE);
	assert_err(PARSE(OPT_JSON, &o, &e, "--memory", "1G"), &e, ERR_USAGE);
}

static void bad_values_are_refused(void **state UNUSED)
{
	static const char *const bad[][2] = {{"--memory", "0"},	 {"--memory", "lots"}, {"--vcpus", "0"},
					     {"--work", "200G"}, {"--name", "Web.1"},  {"--name", ""},
					     {"--log", "dmesg"}, {"--disk", "thin"},   {"--image", "../x"}};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct opts o;
		struct err e = {0};

		assert_err(PARSE(OPT_SPEC | OPT_NAME | OPT_LOG, &o, &e, bad[i][0], bad[i][1]), &e, ERR_USAGE);
	}
}

static void every_flag_needs_its_permission(void **state UNUSED)
{
	static const struct {
		const char *word;
		unsigned flag;
	} flags[] = {{"--json", OPT_JSON},	   {"--rm", OPT_RM},	   {"--detach", OPT_DETACH},
		     {"-d", OPT_DETACH},	   {"--force", OPT_FORCE}, {"--no-wait", OPT_NO_WAIT},
		     {"--no-start", OPT_NO_START}, {"--once", OPT_ONCE},   {"--follow", OPT_FOLLOW},
		     {"-f", OPT_FOLLOW},	   {"--yes", OPT_YES},	   {"-y", OPT_YES},
		     {"--log=vmm", OPT_LOG},	   {"--name=a", OPT_NAME}, {"--isolated", OPT_SPEC}};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		struct opts o;
		struct err e = {0};

		assert_ok(PARSE(flags[i].flag, &o, &e, flags[i].word), &e);
		assert_err(PARSE(~flags[i].flag, &o, &e, flags[i].word), &e, ERR_USAGE);
	}
}

static void quiet_is_for_every_verb(void **state UNUSED)
{
	struct opts o;
	struct err e = {0};

	assert_ok(PARSE(0, &o, &e, "-q"), &e);
	assert_true(o.quiet);
	assert_ok(PARSE(0, &o, &e, "--quiet", "web1"), &e);
	assert_int_equal(o.nargs, 1);
}

static void parsing_twice_starts_anew(void **state UNUSED)
{
	struct opts o;
	struct err e = {0};

	assert_ok(PARSE(OPT_JSON, &o, &e, "a", "b", "--json"), &e);
	assert_ok(PARSE(OPT_JSON, &o, &e, "c"), &e);
	assert_false(o.json);
	assert_int_equal(o.nargs, 1);
	assert_string_equal(o.args[0], "c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specification_is_collected),
		cmocka_unit_test(switches_may_have_a_value),
		cmocka_unit_test(ports_add_up),
		cmocka_unit_test(options_and_arguments_mix),
		cmocka_unit_test(what_follows_the_dashes_is_the_guests),
		cmocka_unit_test(a_command_needs_a_verb_that_takes_one),
		cmocka_unit_test(wrong_options_are_named),
		cmocka_unit_test(bad_values_are_refused),
		cmocka_unit_test(every_flag_needs_its_permission),
		cmocka_unit_test(quiet_is_for_every_verb),
		cmocka_unit_test(parsing_twice_starts_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
