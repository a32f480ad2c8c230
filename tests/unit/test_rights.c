/* SPDX-License-Identifier: MIT */
/*
 * cli/rights: which requests take the helper, and that a person is asked where one is and nowhere else.
 */
#include "tests/lib/test.h"

#include "base/attrs.h"
#include "cli/rights.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct vm_config bridged = {.net = NET_BRIDGE}, mapped = {.disk = DISK_DM_SNAPSHOT}, plain = {.net = NET_PRIVATE};

static void what_takes_rights(void **state UNUSED)
{
	static const struct {
		enum request_kind kind;
		bool live, takes;
		unsigned set;
	} rows[] = {
		{REQ_VM_CREATE, false, true, 0},   {REQ_VM_START, false, true, 0},  {REQ_VM_START, true, false, 0},
		{REQ_VM_STOP, true, true, 0},	   {REQ_VM_STOP, false, false, 0},  {REQ_VM_RESTART, false, true, 0},
		{REQ_VM_DELETE, true, true, 0},	   {REQ_VM_DELETE, false, false, 0}, {REQ_VM_KILL, true, false, 0},
		{REQ_VM_COMMIT, true, false, 0},   {REQ_VM_COMMIT, false, true, 0},
		{REQ_VM_SET, true, false, 0},	   {REQ_IMAGE_PULL, true, false, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(rights_are_needed(rows[i].kind, &bridged, rows[i].live, rows[i].set), rows[i].takes);
		assert_int_equal(rights_are_needed(rows[i].kind, &mapped, rows[i].live, rows[i].set), rows[i].takes);
		assert_false(rights_are_needed(rows[i].kind, &plain, rows[i].live, rows[i].set));
	}
	assert_true(rights_are_needed(REQ_VM_SET, &bridged, true, 1u << SPEC_NAT));
	assert_false(rights_are_needed(REQ_VM_SET, &bridged, false, 1u << SPEC_NAT));
	assert_false(rights_are_needed(REQ_VM_SET, &mapped, true, 1u << SPEC_NAT));
}

static const struct client willing = {.tty = true, .helper = {.startable = true, .trusted = true}};

/* On a terminal of its own. */
static int on_a_terminal(void)
{
	struct client c = willing;
	int bad = !rights_can_ask(&c, false);

	bad |= rights_can_ask(&c, true) << 1;
	c.quiet = true;
	bad |= rights_can_ask(&c, false) << 2;
	c = willing;
	c.helper.trusted = false;
	bad |= rights_can_ask(&c, false) << 3;
	c = willing;
	c.helper.startable = false; /* it runs, or there is nobody to start it */
	bad |= rights_can_ask(&c, false) << 4;
	c = willing;
	c.tty = false;
	bad |= rights_can_ask(&c, false) << 5;
	/* In the background. */
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		_exit(rights_can_ask(&willing, false));
	}
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		bad |= 1 << 6;
	return bad;
}

static void a_person_is_asked_where_there_is_one(void **state UNUSED)
{
	int master, status;
	pid_t pid = forkpty(&master, NULL, NULL, NULL);

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(on_a_terminal());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(master);
}

static void nobody_is_asked_without_a_terminal(void **state UNUSED)
{
	int old = dup(STDIN_FILENO), null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(old >= 0 && null >= 0);
	assert_true(dup2(null, STDIN_FILENO) >= 0);
	bool asks = rights_can_ask(&willing, false);
	assert_true(dup2(old, STDIN_FILENO) >= 0);
	close(old);
	close(null);
	assert_false(asks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_takes_rights),
		cmocka_unit_test(a_person_is_asked_where_there_is_one),
		cmocka_unit_test(nobody_is_asked_without_a_terminal),
	};

	return cmocka_run_group_tests_name("rights", tests, NULL, NULL);
}
