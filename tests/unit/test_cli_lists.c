/* SPDX-License-Identifier: MIT */
/*
 * Verbs of the command line on the fake engine: what they print, and what they ask for.
 */
#include "tests/lib/fake_engine.h"
#include "tests/lib/test.h"
#include "cli/client.h"
#include "cli/verbs.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define LONG_NAME "a-name-that-is-longer-than-the-column-it-once-had"

static struct fake *fake;
static struct engine_port fake_ops;
static size_t asked;
static char complaint[512];

/* Time passes when nothing is left to be told. */
static bool next_event(void *self, struct event *ret)
{
	if (fake_ops.next_event(self, ret))
		return true;
	fake_tick(fake);
	return false;
}

static void close_port(void *self)
{
	asked = fake_asked_count(fake);
	fake_ops.close(self);
}

int engine_open(const struct engine_args *a, struct engine_port *ret_port, struct err *e)
{
	struct event ev = {.kind = EV_VM_UPSERT, .vm = {.id = "f00d00000001", .name = LONG_NAME, .cfg = {.vcpus = 2}}};

	(void)a;
	(void)e;
	fake = fake_new(&(struct fake_args){.vms = 5});
	fake_port(fake, &fake_ops);
	*ret_port = fake_ops;
	ret_port->next_event = next_event;
	ret_port->close = close_port;
	str_copy(ev.vm.cfg.image, sizeof(ev.vm.cfg.image), "an-image-of-a-name-as-long");
	fake_push(fake, &ev); /* told when the five of the fake have been */
	return 0;
}

int engine_wait_event(struct op *op, const struct engine_port *port, struct event *ret, struct err *e)
{
	(void)op;
	(void)e;
	while (!port->next_event(port->self, ret))
		;
	return 0;
}

/* The first of the fake's machines has a snapshot. */
static struct snap_fill fill;

uint64_t vm_disk_bytes(const struct paths *paths UNUSED, const char *vm_id UNUSED)
{
	return 0;
}

void vm_snap_fill(const struct paths *paths, const char *vm_id, struct snap_fill *ret)
{
	(void)paths;
	(void)vm_id;
	*ret = fill;
}

/* Nothing that is listed here runs, or is looked into. */
int engine_vmm_metrics(struct op *op UNUSED, const struct paths *paths UNUSED, const struct vm *vm UNUSED, struct vmm_metrics *ret UNUSED,
		       struct err *e)
{
	return err_set(e, ERR_STATE, "does not run");
}

int engine_image_prunable(const struct paths *paths UNUSED, struct image_prunable *ret UNUSED, struct err *e)
{
	return err_set(e, ERR_STATE, "not here");
}

int engine_image_inspect(const struct paths *paths UNUSED, const struct image *im UNUSED, struct buf *manifest UNUSED, struct buf *config UNUSED,
			 struct err *e)
{
	return err_set(e, ERR_STATE, "not here");
}

int verb_fail(const struct err *e, int failed)
{
	snprintf(complaint, sizeof(complaint), "%s", e->msg);
	return failed;
}

/* Its code; what it printed in out. */
static int run(void **state, int (*verb)(const struct cli_env *env, struct opts *o), const char *const *args,
	       char **ret_out)
{
	struct paths paths = {.state = "/nonexistent"};
	struct cli_env env = {.paths = &paths};
	struct opts o = {.args = (char **)(uintptr_t)args, .once = true, .quiet = true};
	const char *path = tmpdir_path(state, "out");
	int code, old = dup(STDOUT_FILENO);

	while (args[o.nargs])
		o.nargs++;
	complaint[0] = 0;
	fflush(stdout);
	assert_non_null(freopen(path, "w", stdout));
	code = verb(&env, &o);
	fflush(stdout);
	assert_true(dup2(old, STDOUT_FILENO) >= 0);
	close(old);
	*ret_out = test_read(path);
	return code;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* The word stands in every line of the column that the head begins. */
static void assert_column(const char *text, const char *head, const char *word)
{
	const char *line = strchr(text, '\n') + 1, *at = strstr(text, head);

	assert_non_null(at);
	for (; *line; line = strchr(line, '\n') + 1)
		assert_memory_equal(line + (at - text), word, strlen(word));
}

static void test_columns_are_as_wide_as_what_is_in_them(void **state)
{
	auto_free char *out = NULL;

	assert_int_equal(run(state, verb_vm_list, (const char *[]){NULL}, &out), CLI_OK);
	assert_column(out, "VCPUS", "    2");
	assert_int_equal(count(out, "\n"), 1 + 6);
}

static void test_one_named_twice_is_shown_once(void **state)
{
	auto_free char *out = NULL;

	assert_int_equal(run(state, verb_vm_show, (const char *[]){"dev", "ci-1", "dev", NULL}, &out), CLI_OK);
	assert_int_equal(count(out, "id  "), 2);
}

static char *shown(void **state, struct snap_fill f, const char *json)
{
	char *out;

	fill = f;
	assert_int_equal(run(state, verb_vm_show, (const char *[]){"dev", json, NULL}, &out), CLI_OK);
	fill = (struct snap_fill){0};
	return out;
}

static void test_how_full_a_snapshot_is(void **state)
{
	auto_free char *none = shown(state, (struct snap_fill){0}, NULL);
	auto_free char *some = shown(state, (struct snap_fill){.used_bytes = 1 << 20, .total_bytes = 4 << 20}, NULL);
	auto_free char *full = shown(state, (struct snap_fill){.used_bytes = 8 << 20, .total_bytes = 10 << 20}, NULL);
	auto_free char *lost = shown(state, (struct snap_fill){.used_bytes = 1, .total_bytes = 10 << 20, .lost = true}, NULL);

	assert_null(strstr(none, "snapshot"));
	assert_non_null(strstr(some, "25% of 4.0M"));
	assert_null(strstr(some, "nearly full"));
	assert_non_null(strstr(full, "nearly full"));
	assert_non_null(strstr(full, "vm set --overlay SIZE dev"));
	assert_non_null(strstr(lost, "gave the disk up"));
	assert_non_null(strstr(lost, "vm start dev"));
}

static void test_one_named_twice_is_pulled_once(void **state)
{
	auto_free char *out = NULL;

	assert_int_equal(run(state, verb_image_pull, (const char *[]){"tiny", "tiny", NULL}, &out), CLI_OK);
	assert_int_equal(asked, 1);
}

static void test_no_figures_of_what_does_not_run(void **state)
{
	auto_free char *out = NULL;

	assert_int_equal(run(state, verb_vm_stats, (const char *[]){"old-fork", NULL}, &out), CLI_FAILED);
	assert_string_equal(complaint, "VM 'old-fork' is not running");
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_columns_are_as_wide_as_what_is_in_them, tmpdir_setup,
						tmpdir_teardown),
		cmocka_unit_test_setup_teardown(test_one_named_twice_is_shown_once, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(test_how_full_a_snapshot_is, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(test_one_named_twice_is_pulled_once, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(test_no_figures_of_what_does_not_run, tmpdir_setup, tmpdir_teardown),
	};

	return cmocka_run_group_tests_name("cli_lists", tests, NULL, NULL);
}
