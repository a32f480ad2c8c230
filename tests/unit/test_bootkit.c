/* SPDX-License-Identifier: MIT */
/*
 * The small readers and rules of the boot kit: disks, modules, addresses, mounts, sockets, who is
 * PID 1 and how it is asked to stop.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "bootkit/blockdev.h"
#include "bootkit/booted.h"
#include "bootkit/clock.h"
#include "bootkit/disks.h"
#include "bootkit/handover.h"
#include "bootkit/identity.h"
#include "bootkit/modload.h"
#include "bootkit/net.h"
#include "bootkit/ports.h"
#include "bootkit/poweroff.h"
#include "bootkit/shutdown.h"

static void put32(unsigned char *at, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(n >> (8 * i));
}

static void superblock_is_read(void **state)
{
	unsigned char sb[EXT4_SUPER_SIZE] = {0};
	struct ext4_super super;

	(void)state;
	assert_int_equal(ext4_super_parse(sb, &super), -1);
	sb[0x38] = 0x53;
	sb[0x39] = 0xef;
	put32(sb + 0x04, 5000);
	put32(sb + 0x18, 2);
	sb[0x3a] = 1;
	for (int i = 0; i < 16; i++)
		sb[0x68 + i] = (unsigned char)(0x10 + i);
	put32(sb + 0x150, 1);
	assert_int_equal(ext4_super_parse(sb, &super), 0);
	assert_string_equal(super.uuid, "10111213-1415-1617-1819-1a1b1c1d1e1f");
	assert_int_equal(super.blocks, 5000); /* the high half counts only with 64bit */
	assert_int_equal(super.block_size, 4096);
	assert_true(super.clean);
	put32(sb + 0x60, 0x80);
	assert_int_equal(ext4_super_parse(sb, &super), 0);
	assert_true(super.blocks == (UINT64_C(1) << 32) + 5000);
	put32(sb + 0x60, 0x04);
	assert_int_equal(ext4_super_parse(sb, &super), 0);
	assert_false(super.clean);
	put32(sb + 0x60, 0);
	sb[0x3a] = 3;
	assert_int_equal(ext4_super_parse(sb, &super), 0);
	assert_false(super.clean);
	put32(sb + 0x18, 40);
	assert_int_equal(ext4_super_parse(sb, &super), -1);
}

static void module_list_is_walked(void **state)
{
	char list[] = "# drivers\nvirtio.ko\n\n/etc/evil.ko\n../evil.ko\nfs/overlay.ko";
	char *at = list;

	(void)state;
	assert_string_equal(modload_next(&at), "virtio.ko");
	assert_string_equal(modload_next(&at), "fs/overlay.ko");
	assert_null(modload_next(&at));
	assert_null(modload_next(&at));
}

static void addresses_are_read(void **state)
{
	static const char *const bad[] = {"",	       "10.0.2.15", "10.0.2.15/", "10.0.2.15/33",
					  "10.0.2/24", "/24",	    "a.b.c.d/8",  "10.0.2.15.10.0.2.15/24"};
	struct in_addr address, mask;

	(void)state;
	assert_int_equal(net_parse_cidr("10.0.2.15/24", &address, &mask), 0);
	assert_int_equal(ntohl(address.s_addr), 0x0a00020f);
	assert_int_equal(ntohl(mask.s_addr), 0xffffff00);
	assert_int_equal(net_parse_cidr("1.2.3.4/0", &address, &mask), 0);
	assert_int_equal(mask.s_addr, 0);
	assert_int_equal(net_parse_cidr("1.2.3.4/32", &address, &mask), 0);
	assert_int_equal(ntohl(mask.s_addr), 0xffffffff);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (net_parse_cidr(bad[i], &address, &mask) == 0)
			fail_msg("taken: %s", bad[i]);
}

static void mount_points_are_read(void **state)
{
	char point[64];

	(void)state;
	assert_int_equal(
		poweroff_mount_point("36 35 98:0 / /mnt\\040two\\134x rw - ext3 /dev/root rw", point, sizeof(point)),
		0);
	assert_string_equal(point, "/mnt two\\x");
	assert_int_equal(poweroff_mount_point("36 35 98:0 /", point, sizeof(point)), -1);
	assert_int_equal(poweroff_mount_point("", point, sizeof(point)), -1);
	assert_int_equal(poweroff_mount_point("36 35 98:0 / /longer rw", point, 4), -1);
}

static void listening_sockets_are_read(void **state)
{
	static const char line4[] = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  "
				    "1000        0 4711 1 0000000000000000 100 0 0 10 0";
	static const char line6[] =
		"   1: 00000000000000000000000000000000:03FE "
		"00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     "
		"0        0 42 1 0000000000000000 100 0 0 10 0";
	static const char open4[] = "   2: 0100007F:1F90 0100007F:1234 01 00000000:00000000 00:00000000 00000000  "
				    "1000        0 4712 1 0000000000000000 100 0 0 10 0";
	struct listener l;

	(void)state;
	assert_true(ports_parse_line(line4, false, &l));
	assert_string_equal(l.address, "127.0.0.1");
	assert_int_equal(l.port, 8080);
	assert_int_equal(l.inode, 4711);
	assert_true(ports_parse_line(line6, true, &l));
	assert_string_equal(l.address, "::");
	assert_int_equal(l.port, 1022);
	assert_false(ports_parse_line(open4, false, &l));
	assert_false(ports_parse_line(line4, true, &l));
	assert_false(ports_parse_line("  sl  local_address rem_address   st", false, &l));
}

static void process_names_are_cleaned(void **state)
{
	char name[] = "a b\x1b[2J\nc\xff";

	(void)state;
	ports_clean_name(name);
	assert_string_equal(name, "a_b_[2J_c_");
}

static void hosts_only_gain_lines(void **state)
{
	char *merged = identity_merge_lines("127.0.0.1 localhost", "127.0.0.1 localhost\n\n127.0.1.1 web1\n");

	(void)state;
	assert_string_equal(merged, "127.0.0.1 localhost\n127.0.1.1 web1\n");
	free(merged);
	assert_null(identity_merge_lines("a\nb\n", "b\na\n"));
	merged = identity_merge_lines("", "a");
	assert_string_equal(merged, "a\n");
	free(merged);
}

static void addresses_of_a_former_start_go(void **state)
{
	char present[] = "127.0.0.1\tlocalhost\n192.0.2.1\told.example" WIRE_HOSTS_PINNED "\n10.0.0.1 mine # banger-tui egress\n192.0.2.7\t"
			 "kept.example" WIRE_HOSTS_PINNED "\n# by hand";
	char only[] = "192.0.2.1\told.example" WIRE_HOSTS_PINNED;

	(void)state;
	identity_drop_pinned(present, "192.0.2.7\tkept.example" WIRE_HOSTS_PINNED "\n");
	assert_string_equal(present, "127.0.0.1\tlocalhost\n10.0.0.1 mine # banger-tui egress\n192.0.2.7\tkept.example" WIRE_HOSTS_PINNED
				     "\n# by hand");
	identity_drop_pinned(only, "");
	assert_string_equal(only, "");
}

static void hosts_lose_our_lines_again(void **state)
{
	char *kept = identity_drop_lines("127.0.0.1 localhost\n# mine\n\n127.0.1.1 web1\n10.0.0.1 db", "127.0.0.1 localhost\n\n127.0.1.1 web1\n");

	(void)state;
	assert_string_equal(kept, "# mine\n\n10.0.0.1 db");
	free(kept);
	kept = identity_drop_lines("", "a\n");
	assert_string_equal(kept, "");
	free(kept);
}

static void inits_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(init_kind_of("/usr/lib/systemd/systemd"), INIT_SYSTEMD);
	assert_int_equal(init_kind_of("/bin/busybox"), INIT_BUSYBOX);
	assert_int_equal(init_kind_of("/bin/busybox.static"), INIT_BUSYBOX);
	assert_int_equal(init_kind_of("/sbin/openrc-init"), INIT_OPENRC);
	assert_int_equal(init_kind_of("/opt/my-init"), INIT_OTHER);
	assert_string_equal(init_kind_to_string(INIT_NONE), "none");
}

static void openrc_is_up_when_its_runlevel_is(void **state)
{
	char dir[] = "/tmp/test-bootkit-XXXXXX", level[64], busy[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(level, sizeof(level), "%s/softlevel", dir);
	snprintf(busy, sizeof(busy), "%s/rc.starting", dir);
	assert_false(booted_openrc(dir));
	assert_int_equal(file_put(level, 0644, "sysinit"), 0);
	assert_false(booted_openrc(dir));
	assert_int_equal(file_put(level, 0644, "boot\n"), 0);
	assert_false(booted_openrc(dir));
	assert_int_equal(file_put(level, 0644, "default\n"), 0);
	assert_int_equal(mkdir(busy, 0755), 0);
	assert_false(booted_openrc(dir));
	assert_int_equal(rmdir(busy), 0);
	assert_true(booted_openrc(dir));
	unlink(level);
	rmdir(dir);
}

static void dhcpcd_is_denied_the_interface_once(void **state)
{
	char *once = handover_deny_dhcpcd("hostname\ninterface wlan0\nstatic domain_name=x\n", "eth0");

	(void)state;
	assert_string_equal(once, "denyinterfaces eth0\nhostname\ninterface wlan0\nstatic domain_name=x\n");
	assert_null(handover_deny_dhcpcd(once, "eth0"));
	free(once);
}

static void each_init_is_asked_in_its_own_way(void **state)
{
	(void)state;
	assert_int_equal(shutdown_way_of(INIT_SYSTEMD, false).signal, SIGRTMIN + 4);
	assert_int_equal(shutdown_way_of(INIT_SYSTEMD, true).signal, SIGRTMIN + 5);
	assert_int_equal(shutdown_way_of(INIT_BUSYBOX, false).signal, SIGUSR2);
	assert_int_equal(shutdown_way_of(INIT_BUSYBOX, true).signal, SIGTERM);
	assert_int_equal(shutdown_way_of(INIT_NONE, true).signal, SIGTERM);
	assert_int_equal(shutdown_way_of(INIT_SYSV, true).signal, 0);
	assert_string_equal(shutdown_way_of(INIT_SYSV, true).argv[1], "6");
	assert_string_equal(shutdown_way_of(INIT_OPENRC, false).argv[1], "-p");
	assert_null(shutdown_way_of(INIT_OPENRC, false).argv[3]);
}

static void files_are_read_within_a_limit(void **state)
{
	char path[] = "/tmp/test-bootkit-XXXXXX", data[9000], line[8];
	int fd = mkstemp(path);
	size_t len;
	char *text;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	memset(data, 'x', sizeof(data));
	assert_int_equal(file_write(path, 0640, data, sizeof(data)), 0);
	text = file_read(path, sizeof(data), &len);
	assert_non_null(text);
	assert_int_equal(len, sizeof(data));
	assert_int_equal(text[len], 0);
	free(text);
	assert_null(file_read(path, sizeof(data) - 1, NULL));
	assert_int_equal(errno, EFBIG);
	assert_int_equal(file_put(path, 0600, "one\ntwo\n"), 0);
	assert_int_equal(file_read_line(path, line, sizeof(line)), 0);
	assert_string_equal(line, "one");
	assert_int_equal(dir_make(path), -1);
	assert_int_equal(errno, ENOTDIR);
	unlink(path);
	assert_null(file_read(path, 10, NULL));
	assert_int_equal(file_set(path, "x"), -1);
}

static void writing_needs_no_way_to_lead_somewhere(void **state)
{
	char dir[] = "/tmp/test-bootkit-XXXXXX", path[64], line[8];
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/hostname", dir);
	assert_int_equal(symlink("/nowhere/hostname", path), 0);
	assert_int_equal(file_put(path, 0644, "web1\n"), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(file_read_line(path, line, sizeof(line)), 0);
	assert_string_equal(line, "web1");
	unlink(path);
	rmdir(dir);
}

static void home_is_a_directory_whatever_the_image_has(void **state)
{
	char dir[] = "/tmp/test-bootkit-XXXXXX", home[64], target[64], absolute[64];
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(home, sizeof(home), "%s/root", dir);
	snprintf(target, sizeof(target), "%s/var/home", dir);
	snprintf(absolute, sizeof(absolute), "%s/other", dir);
	assert_int_equal(disks_make_home(home), 0);
	assert_int_equal(disks_make_home(home), 0);
	assert_int_equal(rmdir(home), 0);
	/* A link whose target is not there yet, relative and absolute: it stays a link. */
	assert_int_equal(symlink("var/home", home), 0);
	assert_int_equal(disks_make_home(home), 0);
	assert_int_equal(lstat(home, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(rmdir(target), 0);
	assert_int_equal(unlink(home), 0);
	assert_int_equal(symlink(absolute, home), 0);
	assert_int_equal(disks_make_home(home), 0);
	assert_int_equal(rmdir(absolute), 0);
	assert_int_equal(unlink(home), 0);
	/* What can be no directory gives way. */
	assert_int_equal(symlink("root", home), 0);
	assert_int_equal(disks_make_home(home), 0);
	assert_int_equal(rmdir(home), 0);
	assert_int_equal(file_put(home, 0644, "x"), 0);
	assert_int_equal(disks_make_home(home), 0);
	assert_int_equal(rmdir(home), 0);
	snprintf(target, sizeof(target), "%s/var", dir);
	rmdir(target);
	rmdir(dir);
}

static void kind_of(const char *path, mode_t kind)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & S_IFMT, kind);
}

/* Where /dev and its like go, of a root that has other things there: dir/root, beside which stands dir/other. */
static void something_can_be_mounted_whatever_the_image_has(void **state)
{
	char dir[] = "/tmp/bootkit-XXXXXX", root[64], run[64], var[64], other[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(root, sizeof(root), "%s/root", dir);
	snprintf(run, sizeof(run), "%s/root/run", dir);
	snprintf(var, sizeof(var), "%s/root/var", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	assert_int_equal(mkdir(root, 0755) | mkdir(other, 0755) | mkdir(var, 0755), 0);
	assert_int_equal(disks_make_point(root, run), 0);
	assert_int_equal(disks_make_point(root, run), 0);
	assert_int_equal(rmdir(run), 0);
	assert_int_equal(file_put(run, 0644, "x"), 0);
	assert_int_equal(disks_make_point(root, run), 0);
	assert_int_equal(rmdir(run), 0);
	/* A link inside is kept. */
	assert_int_equal(symlink("var", run), 0);
	assert_int_equal(disks_make_point(root, run), 0);
	kind_of(run, S_IFLNK);
	assert_int_equal(unlink(run), 0);
	/* One to nothing, to the root itself, and to what is none of the machine's: no. */
	for (size_t i = 0; i < 5; i++) {
		const char *const leads[] = {"nowhere", ".", "../other", other, "/var/run"};

		assert_int_equal(symlink(leads[i], run), 0);
		assert_int_equal(disks_make_point(root, run), 0);
		kind_of(run, S_IFDIR);
		assert_int_equal(rmdir(run), 0);
	}
	assert_int_equal(rmdir(var) | rmdir(other) | rmdir(root) | rmdir(dir), 0);
}

static void numbers_are_whole_or_nothing(void **state)
{
	uint64_t n = 7;

	(void)state;
	assert_int_equal(number_parse("10", 10, &n), 0);
	assert_int_equal(n, 10);
	assert_int_equal(number_parse("11", 10, &n), -1);
	assert_int_equal(number_parse("", 10, &n), -1);
	assert_int_equal(number_parse("1 ", 10, &n), -1);
	assert_int_equal(number_parse("-1", 10, &n), -1);
	assert_int_equal(number_parse("18446744073709551616", UINT64_MAX, &n), -1);
	assert_int_equal(n, 10);
}

static void clock_is_set_when_it_is_off(void **state)
{
	(void)state;
	assert_false(clock_is_off(1000000, 1000000));
	assert_false(clock_is_off(1000000, 1000000 + CLOCK_SLACK_MS));
	assert_false(clock_is_off(1000000, 1000000 - CLOCK_SLACK_MS));
	assert_true(clock_is_off(1000000, 1000001 + CLOCK_SLACK_MS));
	assert_true(clock_is_off(1000001 + CLOCK_SLACK_MS, 1000000));
	assert_true(clock_is_off(0, INT64_MAX));
	char name[] = "clock", soon[] = "soon", early[] = "-5";
	assert_int_equal(clock_main(1, (char *[]){name, NULL}), 2);
	assert_int_equal(clock_main(2, (char *[]){name, soon, NULL}), 2);
	assert_int_equal(clock_main(2, (char *[]){name, early, NULL}), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_is_set_when_it_is_off),
		cmocka_unit_test(superblock_is_read),
		cmocka_unit_test(module_list_is_walked),
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(mount_points_are_read),
		cmocka_unit_test(listening_sockets_are_read),
		cmocka_unit_test(process_names_are_cleaned),
		cmocka_unit_test(hosts_only_gain_lines),
		cmocka_unit_test(addresses_of_a_former_start_go),
		cmocka_unit_test(hosts_lose_our_lines_again),
		cmocka_unit_test(inits_are_told_apart),
		cmocka_unit_test(openrc_is_up_when_its_runlevel_is),
		cmocka_unit_test(dhcpcd_is_denied_the_interface_once),
		cmocka_unit_test(each_init_is_asked_in_its_own_way),
		cmocka_unit_test(files_are_read_within_a_limit),
		cmocka_unit_test(writing_needs_no_way_to_lead_somewhere),
		cmocka_unit_test(home_is_a_directory_whatever_the_image_has),
		cmocka_unit_test(something_can_be_mounted_whatever_the_image_has),
		cmocka_unit_test(numbers_are_whole_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
