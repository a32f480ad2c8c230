/* SPDX-License-Identifier: MIT */
/*
 * What the login shell decides: whose shell, which commands are its own, which variables enter.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bootkit/login.h"
#include "bootkit/paths.h"

static void shell_of_uid_0_is_found(void **state)
{
	char shell[32];

	(void)state;
	assert_true(login_shell_of_root("root:x:0:0:root:/root:/bin/bash\n", shell, sizeof(shell)));
	assert_string_equal(shell, "/bin/bash");
	assert_true(login_shell_of_root("a:x:1:1::/:/bin/a\n\ntoor:x:0:0:::/bin/zsh", shell, sizeof(shell)));
	assert_string_equal(shell, "/bin/zsh");
}

static void broken_passwd_gives_no_shell(void **state)
{
	char shell[32];

	(void)state;
	assert_false(login_shell_of_root("", shell, sizeof(shell)));
	assert_false(login_shell_of_root("root:x:0:0:root:/root\n", shell, sizeof(shell)));
	assert_false(login_shell_of_root("root:x:0:0:root:/root:\n", shell, sizeof(shell)));
	assert_false(login_shell_of_root("root:x:00:0:root:/root:/bin/sh\n", shell, sizeof(shell)));
	assert_false(login_shell_of_root("u:x:1000:0:r:/:/bin/sh\n:::\n", shell, sizeof(shell)));
	assert_false(login_shell_of_root("root:x:0:0:root:/root:/a/very/long/path/to/a/shell/indeed\n", shell,
					 sizeof(shell)));
}

static void own_commands_are_split(void **state)
{
	char plain[] = "banger-guest wait-booted  30";
	char path[] = KIT_GUEST " stat";
	char *words[LOGIN_WORDS_MAX];

	(void)state;
	assert_int_equal(login_split_own(plain, words), 3);
	assert_string_equal(words[0], "banger-guest");
	assert_string_equal(words[1], "wait-booted");
	assert_string_equal(words[2], "30");
	assert_null(words[3]);
	assert_int_equal(login_split_own(path, words), 2);
	assert_string_equal(words[1], "stat");
}

static void everything_else_is_the_shells(void **state)
{
	static const char *const commands[] = {
		"",
		"uname -a",
		"banger-guest",
		"banger-guestx stat",
		"banger-guest stat | head",
		"banger-guest 'stat'",
		"banger-guest $(id)",
		"banger-guest stat;id",
		"cd /; banger-guest stat",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		char command[64], *words[LOGIN_WORDS_MAX];

		strcpy(command, commands[i]);
		if (login_split_own(command, words) != 0)
			fail_msg("taken: %s", commands[i]);
	}
}

static void a_long_command_is_split_or_left_whole(void **state)
{
	char command[1024] = "banger-guest as redis docker-entrypoint.sh redis-server --port 6380 --appendonly yes", whole[1024];
	char *words[LOGIN_WORDS_MAX];

	(void)state;
	assert_int_equal(login_split_own(command, words), 9);
	assert_string_equal(words[8], "yes");
	strcpy(command, "banger-guest");
	for (int i = 1; i < LOGIN_WORDS_MAX - 1; i++)
		strcat(command, " w");
	strcpy(whole, command);
	assert_int_equal(login_split_own(whole, words), LOGIN_WORDS_MAX - 1);
	strcat(command, " w");
	strcpy(whole, command);
	assert_int_equal(login_split_own(command, words), 0);
	assert_string_equal(command, whole);
}

static void variables_are_taken_with_all_their_lines(void **state)
{
	static const char *const want[] = {"A=1", "NL=two\nlines\n\n\tx\\n", "CR=a\rb", "END=\n"};
	char text[] = "A=1\n\nNL=two\n\tlines\n\t\n\t\tx\\n\nCR=a\rb\nEND=\n\t", cut[] = "A=1\nB=2", *rest = text;
	char orphan[] = "\n\tB=2\nA=1\n", *got;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		got = login_env_next(&rest);
		assert_non_null(got);
		assert_string_equal(got, want[i]);
	}
	assert_null(login_env_next(&rest));
	assert_null(login_env_next(&rest));
	rest = cut;
	assert_string_equal(login_env_next(&rest), "A=1");
	assert_string_equal(login_env_next(&rest), "B=2");
	assert_null(login_env_next(&rest));
	/* A line that goes on with nothing is no variable. */
	rest = orphan;
	assert_false(login_env_is_valid(login_env_next(&rest)));
	assert_string_equal(login_env_next(&rest), "A=1");
	assert_null(login_env_next(&rest));
}

static void variables_are_judged(void **state)
{
	(void)state;
	assert_true(login_env_is_valid("PATH=/bin"));
	assert_true(login_env_is_valid("_a1="));
	assert_true(login_env_is_valid("A=b=c d"));
	assert_false(login_env_is_valid(""));
	assert_false(login_env_is_valid("=x"));
	assert_false(login_env_is_valid("A"));
	assert_false(login_env_is_valid("1A=x"));
	assert_false(login_env_is_valid("BAD-NAME=x"));
	assert_false(login_env_is_valid("export A=x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shell_of_uid_0_is_found), cmocka_unit_test(broken_passwd_gives_no_shell),
		cmocka_unit_test(own_commands_are_split),  cmocka_unit_test(everything_else_is_the_shells),
		cmocka_unit_test(a_long_command_is_split_or_left_whole),
		cmocka_unit_test(variables_are_taken_with_all_their_lines),
		cmocka_unit_test(variables_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
