/* SPDX-License-Identifier: MIT */
/*
 * engine/vmmchoice: the rule as a table, and looking with stand-ins for the programs.
 */
#include "tests/lib/test.h"

#include "core/engine/vmmchoice.h"

#include <sys/stat.h>
#include <unistd.h>

/* Any mode that gives the guest a tap: all but the user network. */
#define NET_WITH_TAP NET_BRIDGE

static void the_rule(void **state UNUSED)
{
	static const struct {
		struct vmm_facts f;
		int kind; /* -1: refused */
		const char *words;
	} cases[] = {
		{{VMM_AUTO, NET_SLIRP, true, NULL, true, false}, VMM_QEMU, "no user network"},
		{{VMM_AUTO, NET_WITH_TAP, true, NULL, true, false}, VMM_FIRECRACKER, ""},
		{{VMM_AUTO, NET_WITH_TAP, false, "too old", true, false}, VMM_QEMU, "too old"},
		{{VMM_AUTO, NET_WITH_TAP, true, NULL, false, false}, VMM_QEMU, "needs KVM"},
		{{VMM_AUTO, NET_WITH_TAP, true, NULL, true, true}, VMM_QEMU, "stay root"},
		{{VMM_QEMU, NET_WITH_TAP, true, NULL, true, false}, VMM_QEMU, ""},
		{{VMM_FIRECRACKER, NET_WITH_TAP, true, NULL, true, true}, VMM_FIRECRACKER, ""},
		{{VMM_FIRECRACKER, NET_SLIRP, true, NULL, true, false}, -1, "network mode 'slirp'"},
		{{VMM_FIRECRACKER, NET_WITH_TAP, false, "too old", true, false}, -1, "too old"},
		{{VMM_FIRECRACKER, NET_WITH_TAP, true, NULL, false, false}, -1, "needs KVM"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vmm_choice c = {0};
		struct err e = {0};
		int rc = vmmchoice_rule(&cases[i].f, &c, &e);
		assert_int_equal(rc < 0 ? -1 : (int)c.kind, cases[i].kind);
		if (!strstr(rc < 0 ? e.msg : c.reason, cases[i].words))
			fail_msg("%zu: %s%s", i, e.msg, c.reason);
	}
}

static char *program(void **state, const char *name, const char *says)
{
	auto_free char *script = xasprintf("#!/bin/sh\necho '%s'\n", says);
	char *path = xstrdup(tmpdir_path(state, name));

	test_write(path, script);
	assert_int_equal(chmod(path, 0700), 0);
	return path;
}

static void looks_no_further_than_it_must(void **state)
{
	struct conf conf = {0};
	struct vm_config cfg = {.net = NET_SLIRP, .vmm = VMM_AUTO, .vcpus = 1};
	struct vmm_choice c;
	struct err e = {0};
	struct op op;

	op_init(&op, 20000);
	conf.paths.qemu = program(state, "qemu", "QEMU emulator version 7.2.22 (x)");
	conf.paths.firecracker = xstrdup("/nonexistent/firecracker");
	assert_ok(vmmchoice_make(&op, &conf, tmpdir_path(state, "cache"), &cfg, &c, &e), &e);
	assert_int_equal(c.kind, VMM_QEMU);
	assert_string_equal(c.info.version, "7.2.22");
	/* Firecracker was not looked for: the reason is the network. */
	assert_non_null(strstr(c.reason, "no user network"));

	cfg.vmm = VMM_FIRECRACKER;
	assert_int_equal(vmmchoice_make(&op, &conf, tmpdir_path(state, "cache"), &cfg, &c, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_non_null(strstr(e.hint, "--vmm auto"));
	err_clear(&e);

	cfg.net = NET_WITH_TAP;
	assert_int_equal(vmmchoice_make(&op, &conf, tmpdir_path(state, "cache"), &cfg, &c, &e), -1);
	assert_int_equal(e.code, ERR_MISSING);
	assert_non_null(strstr(e.msg, "not installed"));
	assert_non_null(strstr(e.hint, "releases"));
	err_clear(&e);

	free(conf.paths.firecracker);
	conf.paths.firecracker = program(state, "firecracker", "Firecracker v1.7.0");
	cfg.vmm = VMM_AUTO;
	assert_ok(vmmchoice_make(&op, &conf, tmpdir_path(state, "cache"), &cfg, &c, &e), &e);
	assert_int_equal(c.kind, VMM_QEMU);
	assert_non_null(strstr(c.reason, "too old"));
	free(conf.paths.firecracker);
	free(conf.paths.qemu);
	op_done(&op);
}

static void assert_version(struct op *op, void **state, const char *path, const char *version)
{
	struct vmm_info info;
	struct err e = {0};

	assert_ok(vmm_probe(op, VMM_QEMU, path, tmpdir_path(state, "cache"), &info, &e), &e);
	assert_string_equal(info.version, version);
	assert_string_equal(info.path, path);
}

/* The program is not run again before its file changes; what failed is. */
static void a_version_is_asked_once(void **state)
{
	auto_free char *says = xasprintf("QEMU emulator version 7.2.22'; echo 'run' >>'%s", tmpdir_path(state, "runs"));
	auto_free char *path = program(state, "qemu", says);
	auto_free char *runs = NULL;
	struct vmm_info info;
	struct err e = {0};
	struct op op;

	op_init(&op, 20000);
	assert_int_equal(mkdir(tmpdir_path(state, "cache"), 0700), 0);
	for (int i = 0; i < 3; i++)
		assert_version(&op, state, path, "7.2.22");
	runs = test_read(tmpdir_path(state, "runs"));
	assert_string_equal(runs, "run\n");
	free(program(state, "qemu", "QEMU emulator version 9.0.1 (x)"));
	assert_version(&op, state, path, "9.0.1");
	assert_int_equal(unlink(path), 0);
	assert_err(vmm_probe(&op, VMM_QEMU, path, tmpdir_path(state, "cache"), &info, &e), &e, ERR_MISSING);
	free(program(state, "qemu", "nonsense"));
	for (int i = 0; i < 2; i++) {
		err_clear(&e);
		assert_err(vmm_probe(&op, VMM_QEMU, path, tmpdir_path(state, "cache"), &info, &e), &e, ERR_TOOL);
	}
	op_done(&op);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rule),
		cmocka_unit_test_setup_teardown(looks_no_further_than_it_must, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(a_version_is_asked_once, tmpdir_setup, tmpdir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
