/* SPDX-License-Identifier: MIT */
/*
 * A directory → ext4: what is in it comes out, what cannot be read is named and leaves nothing.
 */
#include "tests/lib/ext4check.h"
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"
#include "core/disk/ext4.h"
#include "core/image/import_dir.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct op op;
static struct err e;
static char tree[4096], image[4096];

static int setup(void **state)
{
	int rc = tmpdir_setup(state);

	op_init(&op, 300000);
	err_clear(&e);
	snprintf(tree, sizeof(tree), "%s/tree", (char *)*state);
	snprintf(image, sizeof(image), "%s/out.ext4", (char *)*state);
	mkdir(tree, 0755);
	return rc;
}

static int teardown(void **state)
{
	op_done(&op);
	return tmpdir_teardown(state);
}

static const char *in_tree(const char *name)
{
	static char paths[4][8192];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", tree, name);
	return path;
}

static int import_with(struct import_dir_args a, struct import_dir_info *ret)
{
	int rc;

	a.dir = tree;
	a.dst = image;
	rc = import_dir(&op, &a, ret, &e);
	assert_true(rc == 0 || !fs_exists(image));
	return rc;
}

static struct import_dir_info import(void)
{
	struct import_dir_info info;

	assert_ok(import_with((struct import_dir_args){0}, &info), &e);
	ext4check_clean(image);
	return info;
}

static void refused(enum err_code code, const char *why)
{
	struct import_dir_info info;

	assert_int_equal(import_with((struct import_dir_args){0}, &info), -1);
	if (e.code != code || !strstr(e.msg, why))
		fail_msg("%s: %s", err_code_to_string(e.code), e.msg);
	err_clear(&e);
}

static void assert_text(const char *name, const char *want)
{
	auto_buf got = {0};

	assert_ok(ext4_read_file(image, name, 1 << 20, &got, &e), &e);
	assert_string_equal(buf_cstr(&got), want);
}

static void assert_not_in(const char *dir, const char *name)
{
	auto_free char *request = xasprintf("ls %s", dir);
	auto_free char *names = ext4check_debugfs(image, request);

	assert_null(strstr(names, name));
}

static void everything_comes_along(void **state)
{
	struct timespec when[2] = {{1000000000, 5}, {1000000000, 5}};
	struct import_dir_info info;

	tmpdir_put(state, "tree/bin/tool", "tool");
	tmpdir_put(state, "tree/etc/name\nwith\033controls", "kept");
	assert_int_equal(chmod(in_tree("bin/tool"), 04751), 0);
	assert_int_equal(utimensat(AT_FDCWD, in_tree("bin/tool"), when, 0), 0);
	assert_int_equal(link(in_tree("bin/tool"), in_tree("etc/same")), 0);
	assert_int_equal(symlink("/proc/self/../mounts", in_tree("etc/mtab")), 0);
	assert_int_equal(link(in_tree("etc/mtab"), in_tree("etc/mtab2")), 0);
	assert_int_equal(mkfifo(in_tree("pipe"), 0622), 0);
	assert_int_equal(chmod(tree, 01711), 0);
	info = import();
	ext4check_has(image, "stat /", "Mode:  01711", NULL);
	ext4check_has(image, "stat /bin/tool", "Mode:  04751", "Links: 2", "mtime: 0x3b9aca00:00000014", NULL);
	ext4check_has(image, "stat /etc/mtab2", "Links: 2", "Fast link dest: \"/proc/self/../mounts\"", NULL);
	ext4check_has(image, "stat /pipe", "Type: FIFO", NULL);
	assert_text("etc/same", "tool");
	assert_text("etc/name\nwith\033controls", "kept");
	assert_int_equal(info.sockets + info.mounts, 0);
	assert_int_equal(info.image.entries, 8);
}

static void owners_of_mine_become_root(void **state)
{
	struct import_dir_info info;
	char mine[32];

	tmpdir_put(state, "tree/file", "x");
	import();
	ext4check_has(image, "stat /file", "User:     0   Group:     0", NULL);
	unlink(image);
	assert_ok(import_with((struct import_dir_args){.keep_owners = true}, &info), &e);
	snprintf(mine, sizeof(mine), "User: %5d   Group: %5d", geteuid(), getegid());
	ext4check_has(image, "stat /file", mine, NULL);
}

static void roots_owners_and_devices_stay(void **state)
{
	if (geteuid() != 0)
		skip();
	tmpdir_put(state, "tree/file", "x");
	assert_int_equal(chown(in_tree("file"), 12, 70000), 0);
	if (mknod(in_tree("null"), S_IFCHR | 0666, 1 << 8 | 3) < 0)
		skip(); /* root of a container */
	import();
	ext4check_has(image, "stat /file", "User:    12   Group: 70000", NULL);
	ext4check_has(image, "stat /null", "Type: character special", "Device major/minor number: 01:03", NULL);
}

static void attributes(void **state)
{
	static const char value[] = "some value";

	tmpdir_put(state, "tree/dir/file", "x");
	if (setxattr(in_tree("dir/file"), "user.mine", value, sizeof(value), 0) < 0)
		skip(); /* this file system has none */
	assert_int_equal(setxattr(in_tree("dir"), "user.of-dir", "d", 1, 0), 0);
	import();
	ext4check_has(image, "ea_get /dir/file user.mine", "some value", NULL);
	ext4check_has(image, "ea_list /dir", "user.of-dir (1)", NULL);
}

/* Values that fill the room to the last byte: what comes after has none. tmpfs takes values as large as the kernel allows. */
static void more_attributes_than_there_is_room_for(void **state UNUSED)
{
	char shm[] = "/dev/shm/banger-test-XXXXXX", file[64];
	static char value[65536];
	int fd;

	if (!mkdtemp(shm))
		skip();
	snprintf(tree, sizeof(tree), "%s", shm);
	snprintf(file, sizeof(file), "%s/file", shm);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	static const char *const names[] = {"trusted.a", "trusted.b", "trusted.c"};
	bool can = true;

	for (size_t i = 0; can && i < ARRAY_LEN(names); i++)
		can = setxattr(file, names[i], value, sizeof(value), 0) == 0;
	if (can)
		refused(ERR_PROTO, "attributes");
	unlink(file);
	rmdir(shm);
	if (!can)
		skip();
}

static void holes_stay_holes(void **state UNUSED)
{
	int fd = open(in_tree("sparse"), O_WRONLY | O_CREAT, 0600);
	struct import_dir_info info;
	struct stat st;

	assert_int_equal(pwrite(fd, "begin", 5, 0), 5);
	assert_int_equal(pwrite(fd, "end", 3, (off_t)3 << 30), 3);
	assert_int_equal(ftruncate(fd, ((off_t)3 << 30) + 1000000), 0);
	close(fd);
	info = import();
	assert_true(info.image.bytes < 8 << 20);
	ext4check_has(image, "stat /sparse", "Size: 3222225472", NULL);
	assert_int_equal(stat(image, &st), 0);
	assert_true(st.st_blocks * 512 < 64 << 20);
}

static void sockets_are_counted_and_left(void **state UNUSED)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), here = open(".", O_RDONLY | O_DIRECTORY);

	assert_int_equal(chdir(tree), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(fchdir(here), 0);
	close(here);
	close(fd);
	tmpdir_put(state, "tree/file", "x");
	assert_int_equal(import().sockets, 1);
	assert_not_in("/", "socket");
}

/* Not even where a link leads to what nobody may read. */
static void no_link_is_followed(void **state)
{
	tmpdir_put(state, "outside/secret", "s");
	assert_int_equal(symlink("../outside", in_tree("dir")), 0);
	assert_int_equal(symlink("../outside/secret", in_tree("file")), 0);
	import();
	ext4check_has(image, "stat /dir", "Type: symlink", NULL);
	ext4check_has(image, "stat /file", "Type: symlink", NULL);
}

static void what_cannot_be_read_is_named(void **state)
{
	if (geteuid() == 0)
		skip();
	tmpdir_put(state, "tree/a/file", "x");
	assert_int_equal(chmod(in_tree("a/file"), 0), 0);
	refused(ERR_PERM, "tree/a/file: Permission denied");
	assert_int_equal(chmod(in_tree("a/file"), 0600), 0);
	assert_int_equal(chmod(in_tree("a"), 0), 0);
	refused(ERR_PERM, "tree/a: Permission denied");
	assert_int_equal(chmod(in_tree("a"), 0700), 0);
}

static void nothing_to_import(void **state)
{
	refused(ERR_USAGE, "is empty");
	assert_int_equal(rmdir(tree), 0);
	refused(ERR_NOT_FOUND, "tree");
	tmpdir_put(state, "tree", "x");
	refused(ERR_SYS, "tree");
}

static void the_place_of_images_is_not_entered(void **state)
{
	struct import_dir_info info;

	tmpdir_put(state, "tree/state/images/big", "x");
	tmpdir_put(state, "tree/etc/file", "x");
	assert_ok(import_with((struct import_dir_args){.except = in_tree("state")}, &info), &e);
	ext4check_has(image, "stat /state", "Type: directory", NULL);
	assert_not_in("/state", "images");
	assert_text("etc/file", "x");
}

static void too_deep_is_refused(void **state UNUSED)
{
	int fd = open(tree, O_RDONLY | O_DIRECTORY);

	for (int i = 0; i < 300; i++) {
		int below;

		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		below = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = below;
	}
	close(fd);
	refused(ERR_PROTO, "more than 256 directories deep");
}

static void a_cancel_leaves_nothing(void **state)
{
	struct import_dir_info info;

	tmpdir_put(state, "tree/file", "x");
	op_cancel(&op);
	assert_err(import_with((struct import_dir_args){0}, &info), &e, ERR_CANCELED);
}

static void its_init_is_found(void **state)
{
	tmpdir_put(state, "tree/usr/lib/systemd/systemd", "x");
	mkdir(in_tree("sbin"), 0755);
	assert_int_equal(symlink("/usr/lib/systemd/systemd", in_tree("sbin/init")), 0);
	assert_int_equal(import().image.init, IMPORT_INIT_SYSTEMD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything_comes_along, setup, teardown),
		cmocka_unit_test_setup_teardown(owners_of_mine_become_root, setup, teardown),
		cmocka_unit_test_setup_teardown(roots_owners_and_devices_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(attributes, setup, teardown),
		cmocka_unit_test_setup_teardown(more_attributes_than_there_is_room_for, setup, teardown),
		cmocka_unit_test_setup_teardown(holes_stay_holes, setup, teardown),
		cmocka_unit_test_setup_teardown(sockets_are_counted_and_left, setup, teardown),
		cmocka_unit_test_setup_teardown(no_link_is_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_to_import, setup, teardown),
		cmocka_unit_test_setup_teardown(the_place_of_images_is_not_entered, setup, teardown),
		cmocka_unit_test_setup_teardown(too_deep_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_cancel_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(its_init_is_found, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
