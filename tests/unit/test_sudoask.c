/* SPDX-License-Identifier: MIT */
/*
 * engine/sudoask: what a list of sudo's says of one program. What is read here was printed by sudo 1.9.13.
 */
#include "tests/lib/test.h"

#include "base/attrs.h"
#include "base/mem.h"
#include "core/engine/sudoask.h"

#include <sys/stat.h>
#include <unistd.h>

#define HELPER "/usr/libexec/banger-tui/banger-helper"
#define HEAD                                                                                                           \
	"Matching Defaults entries for ann on host:\n"                                                                 \
	"    env_reset, mail_badpass, secure_path=/usr/sbin\\:/usr/bin, use_pty\n\n"                                    \
	"User ann may run the following commands on host:\n"

static void what_comes_without_a_password(void **state UNUSED)
{
	static const char *const free_of_it[] = {
		HEAD "    (ALL : ALL) NOPASSWD: ALL\n",
		HEAD "    (ALL) ALL\n    (root) NOPASSWD: " HELPER "\n",
		HEAD "    (root) PASSWD: /bin/ls, NOPASSWD: /bin/cat, " HELPER "\n",
		HEAD "    (root) SETENV: NOPASSWD: " HELPER "\n",
		HEAD "    (root) NOPASSWD: /usr/libexec/banger-tui/\n",
		HEAD "    (root) NOPASSWD: /usr/libexec/*/banger-helper\n",
		"Matching Defaults entries for ann on host:\n    !authenticate\n\nUser ann may run:\n    (ALL) ALL\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(free_of_it); i++)
		if (!sudoask_is_free(free_of_it[i], HELPER))
			fail_msg("asks: %s", free_of_it[i]);
}

static void what_does_not(void **state UNUSED)
{
	static const char *const asks[] = {
		"",
		HEAD,
		HEAD "    (ALL : ALL) ALL\n",
		HEAD "    (ALL) ALL\n    (ALL) NOPASSWD: /bin/ls\n",
		HEAD "    (root) NOPASSWD: " HELPER "\n    (ALL) PASSWD: ALL\n",
		HEAD "    (root) NOPASSWD: /bin/ls, PASSWD: " HELPER "\n",
		HEAD "    (root) NOPASSWD: ALL, !" HELPER "\n",
		HEAD "    (www-data) NOPASSWD: ALL\n",
		HEAD "    (www-data : root) NOPASSWD: ALL\n",
		HEAD "    (root) NOPASSWD: /usr/libexec/\n",
		HEAD "    (root) NOPASSWD: " HELPER "-not\n",
		HEAD "(root) NOPASSWD: " HELPER "\n",
		HEAD "    (root NOPASSWD: " HELPER "\n",
		HEAD "    (root) NOPASSWD:\n    (root) ,,:,\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(asks); i++)
		if (sudoask_is_free(asks[i], HELPER))
			fail_msg("does not ask: %s", asks[i]);
}

/* A sudo of the test's own, the first on PATH. */
static void put_sudo(void **state, const char *about, const char *list)
{
	auto_free char *script = xasprintf("#!/bin/sh\n[ \"$1 $2\" = \"-n -l\" ] || exit 99\n[ $# -eq 2 ] && { %s; }\n"
					   "[ \"$4\" = " HELPER " ] || exit 98\n%s\n", list, about);

	test_write(tmpdir_path(state, "sudo"), script);
	assert_int_equal(chmod(tmpdir_path(state, "sudo"), 0755), 0);
}

static void what_it_says_is_told(void **state)
{
	static const struct {
		const char *about, *list;
		enum sudo_word want;
	} rows[] = {
		{"echo a password is required >&2; exit 1", "exit 1", SUDOASK_NO},
		{"exit 0", "echo '    (root) NOPASSWD: ALL'; exit 0", SUDOASK_FREE},
		{"exit 0", "echo '    (root) ALL'; exit 0", SUDOASK_PASSWORD},
		{"exit 0", "exit 1", SUDOASK_NOT_ASKED},
	};
	auto_free char *path = xstrdup(getenv("PATH")), *ours = xasprintf("%s:%s", (const char *)*state, path);
	bool mailer = access("/usr/sbin/sendmail", F_OK) == 0 || access("/usr/bin/sendmail", F_OK) == 0 ||
		      access("/usr/lib/sendmail", F_OK) == 0;
	char words[80];
	struct op op;

	setenv("PATH", ours, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put_sudo(state, rows[i].about, rows[i].list);
		op_init(&op, 20000);
		enum sudo_word got = sudoask_look(&op, HELPER, words, sizeof(words));
		op_done(&op);
		/* Root would get a mail for it. */
		assert_int_equal(got, mailer ? SUDOASK_NOT_ASKED : rows[i].want);
		assert_true(got != SUDOASK_NO || strstr(words, "a password is required"));
	}
	setenv("PATH", path, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_without_a_password),
		cmocka_unit_test(what_does_not),
		cmocka_unit_test_setup_teardown(what_it_says_is_told, tmpdir_setup, tmpdir_teardown),
	};

	return cmocka_run_group_tests_name("sudoask", tests, NULL, NULL);
}
