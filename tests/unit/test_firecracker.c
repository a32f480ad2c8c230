/* SPDX-License-Identifier: MIT */
/*
 * vmm/firecracker and vmm/fc_api: the pure parts, and every call of the API against tests/lib/fake_firecracker, which
 * checks requests against Firecracker's own description.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "core/vmm/firecracker.h"
#include "tests/unit/vmm_sample.h"

#include <signal.h>
#include <unistd.h>

#define BOUND_MS 20000

struct fc_test {
	char *dir;
	char sock[108], kernel[PATHS_MAX], disk[PATHS_MAX], out[PATHS_MAX];
	struct proc vmm;
	struct op op;
};

static int setup(void **state)
{
	struct fc_test *t = xcalloc(1, sizeof(*t));

	if (tmpdir_setup((void **)&t->dir) < 0)
		return -1;
	op_init(&t->op, BOUND_MS);
	t->vmm.pidfd = -1;
	path_join(t->sock, sizeof(t->sock), t->dir, "s");
	test_write(path_join(t->kernel, PATHS_MAX, t->dir, "vmlinux"), "\177ELF and so on");
	test_write(path_join(t->disk, PATHS_MAX, t->dir, "disk, \"1\""), "");
	path_join(t->out, PATHS_MAX, t->dir, "out");
	test_write(t->out, "");
	unsetenv("FAKE_FC");
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct fc_test *t = *state;

	if (t->vmm.pid > 0)
		proc_kill(NULL, &t->vmm);
	proc_done(&t->vmm);
	op_done(&t->op);
	int rc = tmpdir_teardown((void **)&t->dir);
	free(t);
	return rc;
}

static void start_fake(struct fc_test *t, const char *how)
{
	const char *const argv[] = {FAKE_FC, "--api-sock", t->sock, "--id", "banger-0123456789ab", NULL};
	struct err e = {0};

	setenv("FAKE_FC", how, 1);
	assert_ok(spawn_start(&(struct spawn_args){.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1}, &t->vmm, &e),
		  &e);
	while (!fs_exists(t->sock))
		assert_ok(op_sleep(&t->op, 2, &e), &e);
	/* Bound is not listening yet. */
	for (;;) {
		enum fc_state st;
		if (fc_get_state(&t->op, t->sock, &st, &e) == 0 || e.code != ERR_NET)
			break;
		err_clear(&e);
		assert_ok(op_sleep(&t->op, 2, &e), &e);
	}
	err_clear(&e);
}

static void versions_are_compared_by_number(void **state UNUSED)
{
	struct fc_version v;

	assert_true(fc_version_parse("1.16.1", &v));
	assert_string_equal(v.text, "1.16.1");
	assert_true(fc_version_at_least(&v, 1, 8));
	assert_true(fc_version_at_least(&v, 1, 16));
	assert_false(fc_version_at_least(&v, 1, 17));
	assert_true(fc_version_parse("v1.17.0-dev", &v));
	assert_int_equal(v.minor, 17);
	assert_true(fc_version_parse("2.0.0", &v));
	assert_true(fc_version_at_least(&v, 1, 17));
	assert_false(fc_version_parse("", &v));
	assert_false(fc_version_parse("one", &v));
	assert_false(fc_version_parse("1", &v));
	assert_true(firecracker_boots_bzimage("1.17.0"));
	assert_false(firecracker_boots_bzimage("1.16.1"));
}

static void ids_hold_what_firecracker_takes(void **state UNUSED)
{
	char id[FC_ID_SIZE];

	assert_string_equal(fc_id(id, sizeof(id), "rootfs"), "rootfs");
	assert_string_equal(fc_id(id, sizeof(id), "a-b/c.d\xc3"), "a_b_c_d_");
}

static void the_command_line_is_socket_and_name(void **state UNUSED)
{
	static const char *const want[] = {"firecracker", "--api-sock", "/r/0123456789ab.ctl", "--id", "banger-0123456789ab"};
	auto_call(vmm_argv_done) struct vmm_argv argv = {0};
	struct vm_launch l = vmm_sample();

	l.vmm = VMM_FIRECRACKER;
	firecracker_backend.argv(&l, &argv);
	assert_int_equal(argv.n, ARRAY_LEN(want));
	for (int i = 0; i < argv.n; i++)
		assert_string_equal(argv.v[i], want[i]);
}

static void exit_statuses_have_sentences(void **state UNUSED)
{
	enum vm_end end = VM_END_FAILED;

	for (int code = 148; code <= 157; code++)
		assert_non_null(firecracker_backend.exit_meaning(code, &end));
	assert_int_equal(end, VM_END_FAILED);
	assert_null(firecracker_backend.exit_meaning(1, &end));
	assert_null(firecracker_backend.exit_meaning(158, &end));
	assert_non_null(strstr(firecracker_backend.exit_meaning(149, &end), "out of memory"));
	assert_non_null(firecracker_backend.exit_meaning(0, &end));
	assert_int_equal(end, VM_END_POWEROFF);
}

static int probe(struct fc_test *t, const char *how, struct vmm_info *ret, struct err *e)
{
	setenv("FAKE_FC", how, 1);
	return firecracker_backend.probe(&t->op, FAKE_FC, ret, e);
}

static void probes_for_its_version(void **state)
{
	struct fc_test *t = *state;
	struct vmm_info info;
	struct err e = {0};

	assert_ok(probe(t, "", &info, &e), &e);
	assert_string_equal(info.version, "1.16.1");
	assert_string_equal(info.path, FAKE_FC);
	assert_ok(probe(t, "version=1.8.0", &info, &e), &e);
	assert_int_equal(probe(t, "version=1.7.3", &info, &e), -1);
	assert_int_equal(e.code, ERR_MISSING);
	assert_string_equal(e.msg, "Firecracker 1.7.3 is too old, 1.8 or newer is needed");
	assert_non_null(strstr(e.hint, "releases"));
	err_clear(&e);
	assert_int_equal(firecracker_backend.probe(&t->op, "/nonexistent/firecracker", &info, &e), -1);
	assert_int_equal(e.code, ERR_MISSING);
	assert_non_null(strstr(e.hint, "releases"));
	err_clear(&e);
	assert_err(firecracker_backend.probe(&t->op, "/bin/true", &info, &e), &e, ERR_TOOL);
}

static void configures_and_starts(struct fc_test *t, bool new_fields)
{
	struct fc_balloon balloon = {.deflate_on_oom = true, .stats_interval_s = 2, .free_page_reporting = new_fields};
	struct err e = {0};

	assert_ok(fc_put_machine(&t->op, t->sock, &(struct fc_machine){2, 512}, &e), &e);
	assert_ok(fc_put_boot(&t->op, t->sock, &(struct fc_boot){t->kernel, t->kernel, "console=ttyS0 \"x\""}, &e), &e);
	assert_ok(fc_put_drive(&t->op, t->sock, &(struct fc_drive){.id = "rootfs", .path = t->disk, .readonly = true}, &e), &e);
	assert_ok(fc_put_drive(&t->op, t->sock, &(struct fc_drive){.id = "work", .path = t->disk, .writeback = true}, &e), &e);
	assert_ok(fc_put_nic(&t->op, t->sock, &(struct fc_nic){.id = "eth0", .tap = "bgr0123456789ab", .mac = "02:00:00:00:00:01"}, &e), &e);
	assert_ok(fc_put_entropy(&t->op, t->sock, &e), &e);
	assert_ok(fc_put_balloon(&t->op, t->sock, &balloon, &e), &e);
	assert_ok(fc_put_logger(&t->op, t->sock, t->out, &e), &e);
	assert_ok(fc_put_metrics(&t->op, t->sock, t->out, &e), &e);
	if (new_fields)
		assert_ok(fc_put_serial(&t->op, t->sock, t->out, &e), &e);
	assert_ok(fc_put_action(&t->op, t->sock, FC_INSTANCE_START, &e), &e);
}

static void every_call_is_as_described(void **state)
{
	struct fc_test *t = *state;
	struct fc_balloon_stats stats;
	struct fc_machine machine;
	struct fc_version v;
	enum fc_state st;
	struct err e = {0};

	start_fake(t, "");
	assert_ok(fc_get_version(&t->op, t->sock, &v, &e), &e);
	assert_string_equal(v.text, "1.16.1");
	assert_ok(fc_get_state(&t->op, t->sock, &st, &e), &e);
	assert_int_equal(st, FC_NOT_STARTED);
	configures_and_starts(t, true);
	assert_ok(fc_get_machine(&t->op, t->sock, &machine, &e), &e);
	assert_int_equal(machine.vcpus, 2);
	assert_int_equal(machine.mem_mib, 512);
	assert_ok(fc_patch_balloon(&t->op, t->sock, 64, &e), &e);
	assert_ok(fc_get_balloon_stats(&t->op, t->sock, &stats, &e), &e);
	assert_int_equal(stats.actual_mib, 64);
	assert_int_equal(stats.free_memory, 30000000);
	assert_int_equal(stats.available_memory, 40000000);
	assert_ok(fc_vm_pause(&t->op, t->sock, true, &e), &e);
	assert_ok(fc_get_state(&t->op, t->sock, &st, &e), &e);
	assert_int_equal(st, FC_PAUSED);
	assert_ok(fc_vm_pause(&t->op, t->sock, false, &e), &e);
	assert_ok(fc_patch_drive(&t->op, t->sock, "work", t->disk, &e), &e);
	assert_ok(fc_put_action(&t->op, t->sock, FC_FLUSH_METRICS, &e), &e);
	/* The fake's guest obeys before the answer is out, as a quick real one may. */
	(void)!fc_put_action(&t->op, t->sock, FC_SEND_CTRL_ALT_DEL, NULL);
	struct pollfd ended = {.fd = t->vmm.pidfd, .events = POLLIN};
	assert_int_equal(op_poll(&t->op, &ended, 1, -1, &e), 1);
}

static void an_older_one_is_not_sent_what_it_does_not_know(void **state)
{
	struct fc_test *t = *state;

	start_fake(t, "version=1.8.0");
	configures_and_starts(t, false);
}

static void refusals_carry_firecrackers_words(void **state)
{
	struct fc_test *t = *state;
	struct err e = {0};

	start_fake(t, "");
	assert_int_equal(fc_put_action(&t->op, t->sock, FC_INSTANCE_START, &e), -1);
	assert_int_equal(e.code, ERR_TOOL);
	assert_string_equal(e.msg, "InstanceStart: Firecracker refused PUT /actions (400): "
				   "Cannot start microvm without kernel configuration.");
	err_clear(&e);
	assert_err(fc_vm_pause(&t->op, t->sock, true, &e), &e, ERR_TOOL);
	assert_err(fc_put_boot(&t->op, t->sock, &(struct fc_boot){"/nonexistent", "", "x"}, &e), &e, ERR_TOOL);
	/* The fake knows what no schema allows. */
	assert_err(fc_put_machine(&t->op, t->sock, &(struct fc_machine){33, 512}, &e), &e, ERR_TOOL);
	assert_err(fc_put_drive(&t->op, t->sock, &(struct fc_drive){.id = "a-b", .path = t->disk, .readonly = true, .writeback = true}, &e), &e, ERR_TOOL);
	assert_ok(fc_put_logger(&t->op, t->sock, t->out, &e), &e);
	assert_err(fc_put_logger(&t->op, t->sock, t->out, &e), &e, ERR_TOOL);
	/* No statistics without a balloon, and not before the start. */
	assert_err(fc_get_balloon_stats(&t->op, t->sock, &(struct fc_balloon_stats){0}, &e), &e, ERR_TOOL);
}

static void a_bzimage_is_refused_before_1_17(void **state)
{
	struct fc_test *t = *state;
	char image[0x210] = {0};
	struct err e = {0};

	memcpy(image + 0x202, "HdrS", 4);
	assert_ok(fs_write_atomic(t->kernel, image, sizeof(image), 0600, &e), &e);
	start_fake(t, "");
	assert_ok(fc_put_boot(&t->op, t->sock, &(struct fc_boot){t->kernel, "", "x"}, &e), &e);
	assert_int_equal(fc_put_action(&t->op, t->sock, FC_INSTANCE_START, &e), -1);
	assert_non_null(strstr(e.msg, "ELF"));
	err_clear(&e);
	proc_kill(NULL, &t->vmm);
	proc_done(&t->vmm);
	unlink(t->sock);
	start_fake(t, "version=1.17.0");
	assert_ok(fc_put_boot(&t->op, t->sock, &(struct fc_boot){t->kernel, "", "x"}, &e), &e);
	assert_ok(fc_put_action(&t->op, t->sock, FC_INSTANCE_START, &e), &e);
}

static void tells_a_dead_one_from_a_silent_one(void **state)
{
	struct fc_test *t = *state;
	struct fc_version v;
	struct err e = {0};

	assert_int_equal(fc_get_version(&t->op, t->sock, &v, &e), -1);
	assert_int_equal(e.code, ERR_NET);
	assert_non_null(strstr(e.msg, "GET /version"));
	err_clear(&e);
	/* The first call is start_fake()'s own. */
	start_fake(t, "half=2,hang=3");
	assert_err(fc_get_version(&t->op, t->sock, &v, &e), &e, ERR_NET);
	int64_t old = op_limit(&t->op, 100);
	assert_err(fc_get_version(&t->op, t->sock, &v, &e), &e, ERR_TIMEOUT);
	op_restore(&t->op, old);
}

static void counters_are_summed(void **state)
{
	static const char *const lines[] = {"{\"block\":{\"read_bytes\":5,\"write_bytes\":1,\"read_count\":2,\"write_count\":3},"
					    "\"block_rootfs\":{\"read_bytes\":5}}",
					    "{\"block\":{\"read_bytes\":10}}", "{}"};
	struct fc_test *t = *state;
	struct fc_totals sum = {0}, read;
	struct err e = {0};
	auto_buf text = {0};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_true(fc_totals_add(&sum, lines[i], strlen(lines[i])));
	assert_false(fc_totals_add(&sum, "{\"block\":", 9));
	assert_false(fc_totals_add(&sum, "[]", 2));
	assert_int_equal(sum.n, 3);
	assert_int_equal(sum.read_bytes, 15);
	assert_int_equal(sum.write_bytes, 1);
	assert_int_equal(sum.read_ops, 2);
	assert_int_equal(sum.write_ops, 3);
	fc_totals_format(&sum, &text);
	test_write(t->out, buf_cstr(&text));
	assert_ok(fc_totals_load(t->out, &read, &e), &e);
	assert_memory_equal(&read, &sum, sizeof(sum));
	assert_err(fc_totals_load("/nonexistent", &read, &e), &e, ERR_NOT_FOUND);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_compared_by_number),
		cmocka_unit_test(ids_hold_what_firecracker_takes),
		cmocka_unit_test(the_command_line_is_socket_and_name),
		cmocka_unit_test(exit_statuses_have_sentences),
		T(probes_for_its_version),
		T(every_call_is_as_described),
		T(an_older_one_is_not_sent_what_it_does_not_know),
		T(refusals_carry_firecrackers_words),
		T(a_bzimage_is_refused_before_1_17),
		T(tells_a_dead_one_from_a_silent_one),
		T(counters_are_summed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
