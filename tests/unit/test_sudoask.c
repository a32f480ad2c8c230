/* SPDX-License-Identifier: MIT */
/*
 * engine/sudoask: what a list of sudo's says of one program. What is read here was printed by sudo 1.9.13.
 */
#include "tests/lib/test.h"

#include "base/attrs.h"
#include "core/engine/sudoask.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_without_a_password),
		cmocka_unit_test(what_does_not),
	};

	return cmocka_run_group_tests_name("sudoask", tests, NULL, NULL);
}
