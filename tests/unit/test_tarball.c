/* SPDX-License-Identifier: MIT */
/*
 * The seed's archive reader, and the writer of the machine's archive.
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
#include "bootkit/tarout.h"
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

/* What the writer puts down, the reader takes: the fields a plain header has no room for, and content that does not come. */
static void the_writer_is_understood(void **state)
{
	static struct tarout out;
	char name[900];
	struct tarout_member big = {.type = USTAR_FILE, .name = name, .mode = 0104755, .uid = 4000000000u, .size = 10ull << 30},
			     cut = {.type = USTAR_FILE, .name = "cut", .mode = 0600, .size = 600, .mtime = {.tv_sec = 99}},
			     link = {.type = USTAR_SYMLINK, .name = "link", .target = name};
	struct tarball t;
	struct tarball_member m;
	char buf[1000];
	int fd = tarmake_open();

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	tarout_init(&out, fd);
	assert_int_equal(tarout_begin(&out, &cut), 0);
	assert_int_equal(tarout_wants(&out), 600);
	assert_int_equal(tarout_data(&out, "here", 4), 0);
	assert_int_equal(tarout_begin(&out, &link), 0);
	assert_int_equal(tarout_begin(&out, &big), 0);
	assert_int_equal(tarout_wants(&out), 10ull << 30);
	out.left = out.padding = 0; /* nobody waits for ten gigabytes */
	assert_int_equal(tarout_finish(&out), 0);
	tarout_done(&out);

	lseek(fd, 0, SEEK_SET);
	tarball_init(&t, fd);
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_string_equal(m.name, "cut");
	assert_int_equal(m.mtime, 99);
	assert_int_equal(tarball_read(&t, buf, sizeof(buf)), 600);
	assert_memory_equal(buf, "here\0\0", 6);
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_int_equal(m.type, TARBALL_SYMLINK);
	assert_string_equal(m.target, name);
	assert_int_equal(tarball_next(&t, &m), 1);
	assert_string_equal(m.name, name);
	assert_int_equal(m.size, 10ull << 30);
	assert_int_equal(m.mode, 04755);
	close(fd);
}

static void what_has_no_place_is_said(void **state)
{
	static struct tarout out;

	(void)state;
	tarout_init(&out, -1);
	errno = 0;
	assert_int_equal(tarout_xattr(&out, "user.a=b", "x", 1), -1);
	assert_int_equal(errno, ERANGE);
	tarout_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_in_order_read_or_not),
		cmocka_unit_test(pax_headers_rule_the_next_member_only),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(cut_content_fails),
		cmocka_unit_test(the_writer_is_understood),
		cmocka_unit_test(what_has_no_place_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
