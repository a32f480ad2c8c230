/* SPDX-License-Identifier: MIT */
/*
 * The seed's archive reader.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bootkit/tarball.h"
#include "tarmake.h"

static void members_come_in_order_read_or_not(void **state)
{
	int fd = tarmake_open();
	struct tarball t;
	struct tarball_member m;
	char big[1000], buf[2000];

	(void)state;
	memset(big, 'b', sizeof(big));
	tarmake_add(fd, "a", '0', 0640, NULL, "hello", 5);
	tarmake_add(fd, "skipped", '0', 0600, NULL, big, sizeof(big));
	tarmake_add(fd, "dir/", '5', 0755, NULL, NULL, 0);
	tarmake_add(fd, "link", '2', 0777, "to/there", NULL, 0);
	tarmake_add(fd, "device", '3', 0666, NULL, NULL, 0);
	tarmake_add(fd, "last", '\0', 0600, NULL, big, sizeof(big));
	tarmake_end(fd);

	tarball_init(&t, fd);
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_string_equal(m.name, "a");
	assert_int_equal(m.type, TARBALL_FILE);
	assert_int_equal(m.mode, 0640);
	assert_int_equal(m.mtime, 1000000000);
	assert_int_equal(tarball_read(&t, buf, 3), 3);
	assert_int_equal(tarball_read(&t, buf + 3, sizeof(buf) - 3), 2);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(tarball_read(&t, buf, sizeof(buf)), 0);
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_int_equal(m.type, TARBALL_DIR);
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_int_equal(m.type, TARBALL_SYMLINK);
	assert_string_equal(m.target, "to/there");
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_int_equal(m.type, TARBALL_OTHER);
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_int_equal(tarball_read(&t, buf, sizeof(buf)), 1000);
	assert_int_equal(tarball_next(&t, &m), 0);
	close(fd);
}

static void pax_headers_rule_the_next_member_only(void **state)
{
	int fd = tarmake_open();
	struct tarball t;
	struct tarball_member m;
	char path[300];

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	tarmake_pax(fd, "path", path);
	tarmake_pax(fd, "mtime", "1234.567");
	tarmake_pax(fd, "comment", "not for us");
	tarmake_add(fd, "short", '0', 0600, NULL, "x", 1);
	tarmake_pax(fd, "linkpath", "elsewhere");
	tarmake_add(fd, "link", '2', 0777, "here", NULL, 0);
	tarmake_add(fd, "plain", '0', 0600, NULL, NULL, 0);
	tarmake_end(fd);

	tarball_init(&t, fd);
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_string_equal(m.name, path);
	assert_int_equal(m.mtime, 1234);
	assert_int_equal(m.size, 1);
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_string_equal(m.name, "link");
	assert_string_equal(m.target, "elsewhere");
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_string_equal(m.name, "plain");
	assert_int_equal(m.mtime, 1000000000);
	close(fd);
}

static void assert_refused(int fd)
{
	struct tarball t;
	struct tarball_member m;

	lseek(fd, 0, SEEK_SET);
	tarball_init(&t, fd);
	errno = 0;
	assert_int_equal(tarball_next(&t, &m), -1);
	assert_int_equal(errno, EBADMSG);
	close(fd);
}

static void damage_is_refused(void **state)
{
	char name[2000];
	int fd;

	(void)state;
	assert_refused(tarmake_open());

	fd = tarmake_open();
	tarmake_add(fd, "a", '0', 0600, NULL, "x", 1);
	assert_int_equal(pwrite(fd, "b", 1, 0), 1); /* the sum no longer fits */
	assert_refused(fd);

	fd = tarmake_open();
	tarmake_add(fd, "a", '0', 0600, NULL, NULL, 0);
	assert_int_equal(pwrite(fd, "gnu", 3, 257), 3);
	assert_refused(fd);

	fd = tarmake_open();
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	tarmake_pax(fd, "path", name);
	tarmake_add(fd, "a", '0', 0600, NULL, NULL, 0);
	tarmake_end(fd);
	assert_refused(fd);

	fd = tarmake_open();
	tarmake_add(fd, "x", 'x', 0600, NULL, "99 path=a\n", 10); /* longer than it is */
	tarmake_end(fd);
	assert_refused(fd);

	fd = tarmake_open();
	tarmake_add(fd, "x", 'x', 0600, NULL, "0 path=a\n", 9); /* would never end */
	tarmake_end(fd);
	assert_refused(fd);

	fd = tarmake_open();
	tarmake_pax(fd, "size", "99999999999999999999");
	tarmake_add(fd, "a", '0', 0600, NULL, NULL, 0);
	tarmake_end(fd);
	assert_refused(fd);
}

static void cut_content_fails(void **state)
{
	int fd = tarmake_open();
	struct tarball t;
	struct tarball_member m;
	char buf[1000] = "";

	(void)state;
	tarmake_add(fd, "a", '0', 0600, NULL, buf, sizeof(buf));
	assert_int_equal(ftruncate(fd, 700), 0);
	lseek(fd, 0, SEEK_SET);
	tarball_init(&t, fd);
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_int_equal(tarball_read(&t, buf, sizeof(buf)), -1);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_in_order_read_or_not),
		cmocka_unit_test(pax_headers_rule_the_next_member_only),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(cut_content_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
