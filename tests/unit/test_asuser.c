/* SPDX-License-Identifier: MIT */
/*
 * bootkit/asuser: whom an image's user means, by the image's own files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bootkit/asuser.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "broken line\n"
			     "half:x:5\n"
			     "odd:x:none:5::/:\n"
			     "node:x:1000:1001:Node:/home/node:/bin/bash\n"
			     "nohome:x:1002:1002:::\n"
			     "1003:x:7:7::/seven:/bin/sh\n"
			     "last:x:1004:1004::/last:/bin/sh";
static const char group[] = "root:x:0:\n"
			    "node:x:1001:\n"
			    "audio:x:29:mpd,node\n"
			    "nodes:x:30:nodes,anode,node2\n"
			    "no members\n"
			    "own:x:1001:node\n"
			    "video:x:44:node,mpd\n";

static struct asuser found(const char *spec)
{
	struct asuser u;

	assert_int_equal(asuser_find(spec, passwd, group, &u), 0);
	return u;
}

static void a_name_has_its_account_and_groups(void **state)
{
	struct asuser u = found("node");

	(void)state;
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 1001);
	assert_string_equal(u.home, "/home/node");
	assert_string_equal(u.name, "node");
	assert_int_equal(u.n_groups, 2);
	assert_int_equal(u.groups[0], 29);
	assert_int_equal(u.groups[1], 44);
	assert_int_equal(found("last").uid, 1004);
	assert_string_equal(found("nohome").home, "/");
}

static void a_number_has_an_account_or_none(void **state)
{
	struct asuser u = found("1000");

	(void)state;
	assert_string_equal(u.name, "node");
	assert_int_equal(u.n_groups, 2);
	u = found("65532");
	assert_int_equal(u.uid, 65532);
	assert_int_equal(u.gid, 0);
	assert_int_equal(u.n_groups, 0);
	assert_string_equal(u.name, "");
	assert_string_equal(u.home, "/");
	assert_int_equal(found("1003").uid, 7); /* that is its name */
}

static void a_group_stands_alone(void **state)
{
	struct asuser u = found("node:video");

	(void)state;
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 44);
	assert_int_equal(u.n_groups, 0);
	u = found("65532:65533");
	assert_int_equal(u.uid, 65532);
	assert_int_equal(u.gid, 65533);
}

static void who_is_not_there_is_nobody(void **state)
{
	static const char *const bad[] = {"",	   ":",	    ":1",	    "nobody",	  "nod",	 "odd",
					  "half",  "node:", "node:nogroup", "4294967295", "99999999999", "-1",
					  "1000 ", "x:0:0"};
	struct asuser u;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(asuser_find(bad[i], passwd, group, &u), -1);
	assert_int_equal(asuser_find("root", "", "", &u), -1);
	assert_int_equal(asuser_find("0", "", "", &u), 0);
}

static void no_more_groups_than_there_is_room_for(void **state)
{
	char many[8192] = "";
	struct asuser u;

	(void)state;
	for (int i = 0; i < 2 * ASUSER_GROUPS_MAX; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "g%d:x:%d:node\n", i, 2000 + i);
	assert_int_equal(asuser_find("node", passwd, many, &u), 0);
	assert_int_equal(u.n_groups, ASUSER_GROUPS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_its_account_and_groups),
		cmocka_unit_test(a_number_has_an_account_or_none),
		cmocka_unit_test(a_group_stands_alone),
		cmocka_unit_test(who_is_not_there_is_nobody),
		cmocka_unit_test(no_more_groups_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
