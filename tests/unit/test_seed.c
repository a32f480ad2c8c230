/* SPDX-License-Identifier: MIT */
/*
 * The seed disk as the guest will read it (through the tar reader), and what is learned of the host.
 */
#include "base/fs.h"
#include "base/tar.h"
#include "core/guest/seed.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const dns[] = {"10.0.2.3", NULL};
static const char *const env[] = {"PATH=/opt/bin:/bin", "NL=two\nlines\n\n\tx\\n", "CR=a\rb", "A=b c", NULL};

static struct seed_args args(void)
{
	struct seed_args a = {.vm_id = "0123456789ab",
			      .boot_id = "boot-7",
			      .hostname = "web1",
			      .overlay = true,
			      .rootfs_uuid = "r-uuid",
			      .upper_uuid = "u-uuid",
			      .work_uuid = "w-uuid",
			      .modules_uuid = "m-uuid",
			      .net_address = "10.0.2.15/24",
			      .net_gateway = "10.0.2.2",
			      .dns = dns,
			      .timezone = "Europe/Berlin",
			      .time_s = 1700000000,
			      .git_name = "Ada \"the\" L\\",
			      .git_email = "ada@example.org",
			      .env = env,
			      .workdir = "/srv/app"};

	memset(a.host_key.seed, 7, sizeof(a.host_key.seed));
	memset(a.host_key.pub.raw, 8, sizeof(a.host_key.pub.raw));
	memset(a.user_key.raw, 9, sizeof(a.user_key.raw));
	return a;
}

static int write_seed(const struct seed_args *a, const char *path, struct err *e)
{
	struct op op;
	int rc;

	op_init(&op, 20000);
	rc = seed_write(&op, a, path, e);
	op_done(&op);
	return rc;
}

/* Every member as "NAME MODE" lines into `list`, the content of `want` (may be NULL) into `content`. */
static void read_seed(const char *path, struct buf *list, const char *want, struct buf *content)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct tar_entry t;
	struct tar_reader *r;
	struct err e = {0};
	struct op op;
	int more;

	assert_true(fd >= 0);
	op_init(&op, 20000);
	r = tar_reader_new(&op, fd, "seed", NULL, &e);
	assert_non_null(r);
	while ((more = tar_reader_next(&op, r, &t, &e)) > 0) {
		const void *data;
		size_t n;
		uint64_t at;

		buf_addf(list, "%s %o\n", t.name, (unsigned)t.mode);
		if (want && strcmp(t.name, want) == 0)
			while (tar_reader_data(&op, r, &data, &n, &at, &e) > 0)
				buf_add(content, data, n);
	}
	assert_ok(more, &e);
	tar_reader_free(r);
	op_done(&op);
	close(fd);
}

static void test_members(void **state)
{
	auto_free char *path = xstrdup(tmpdir_path(state, "seed"));
	struct seed_args a = args();
	auto_buf list = {0}, config = {0}, first = {0}, second = {0};
	struct stat st;
	struct err e = {0};

	assert_ok(write_seed(&a, path, &e), &e);
	read_seed(path, &list, "banger-seed/config", &config);
	assert_string_equal(list.data,
			    "banger-seed/config 600\nbanger-seed/hosts 600\nbanger-seed/resolv.conf 600\n"
			    "banger-seed/authorized_keys 600\nbanger-seed/dropbear_ed25519_host_key 600\n"
			    "banger-seed/ssh_host_ed25519_key 600\nbanger-seed/ssh_host_ed25519_key.pub 600\n"
			    "banger-seed/gitconfig 600\nbanger-seed/env 600\nbanger-seed/workdir 600\n");
	assert_string_equal(config.data,
			    "version=1\nvm_id=0123456789ab\nboot_id=boot-7\nhostname=web1\nroot_mode=overlay\n"
			    "rootfs_uuid=r-uuid\nupper_uuid=u-uuid\nwork_uuid=w-uuid\nmodules_uuid=m-uuid\n"
			    "net_mode=static\nnet_address=10.0.2.15/24\nnet_gateway=10.0.2.2\nssh_port=1022\n"
			    "power=poweroff\nidle_stop_s=0\ntimezone=Europe/Berlin\ntime=1700000000\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size % 4096, 0);
	/* Equal input gives equal bytes, and replaces in place. */
	assert_ok(fs_read_file(path, 1 << 20, &first, &e), &e);
	assert_ok(write_seed(&a, path, &e), &e);
	assert_ok(fs_read_file(path, 1 << 20, &second, &e), &e);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	assert_memory_equal(first.data, "banger-seed/config", 19);
}

static void test_contents(void **state)
{
	auto_free char *path = xstrdup(tmpdir_path(state, "seed"));
	struct seed_args a = args();
	auto_buf list = {0}, git = {0}, environ_ = {0}, resolv = {0}, bear = {0};
	struct keys_pair k;
	struct err e = {0};

	assert_ok(keys_make(&a.host_key, &e), &e);
	assert_ok(write_seed(&a, path, &e), &e);
	read_seed(path, &list, "banger-seed/gitconfig", &git);
	assert_string_equal(git.data, "[user]\n\tname = \"Ada \\\"the\\\" L\\\\\"\n\temail = \"ada@example.org\"\n");
	read_seed(path, &list, "banger-seed/env", &environ_);
	assert_string_equal(environ_.data, "PATH=/opt/bin:/bin\nNL=two\n\tlines\n\t\n\t\tx\\n\nCR=a\rb\nA=b c\n");
	read_seed(path, &list, "banger-seed/resolv.conf", &resolv);
	assert_string_equal(resolv.data, "nameserver 10.0.2.3\n");
	read_seed(path, &list, "banger-seed/dropbear_ed25519_host_key", &bear);
	assert_ok(keys_parse_dropbear(bear.data, bear.len, &k, &e), &e);
	assert_true(keys_pub_equal(&k.pub, &a.host_key.pub));
}

static void test_copy_mode_without_network(void **state)
{
	auto_free char *path = xstrdup(tmpdir_path(state, "seed"));
	struct seed_args a = args();
	auto_buf list = {0}, config = {0};
	struct err e = {0};

	a.overlay = false;
	a.net_address = NULL;
	a.power_reboot = true;
	a.ssh_port = 1023;
	a.git_name = a.git_email = a.timezone = NULL;
	a.env = NULL;
	a.dns = NULL;
	assert_ok(write_seed(&a, path, &e), &e);
	read_seed(path, &list, "banger-seed/config", &config);
	assert_non_null(strstr(config.data, "root_mode=copy\n"));
	assert_non_null(strstr(config.data, "net_mode=none\nssh_port=1023\npower=reboot\n"));
	assert_null(strstr(config.data, "upper_uuid"));
	assert_null(strstr(config.data, "net_gateway"));
	assert_null(strstr(list.data, "gitconfig"));
}

static void test_line_break_is_refused(void **state)
{
	auto_free char *path = xstrdup(tmpdir_path(state, "seed"));
	struct seed_args a = args();
	struct err e = {0};

	a.hostname = "web1\npower=reboot";
	assert_err(write_seed(&a, path, &e), &e, ERR_USAGE);
	assert_false(fs_exists(path));
}

static void count_warning(void *arg, const char *msg)
{
	(void)msg;
	++*(int *)arg;
}

static void test_file_sync(void **state)
{
	auto_free char *path = xstrdup(tmpdir_path(state, "seed"));
	struct seed_file files[] = {{.name = "vim", .host = "~/.vimrc", .guest = "/root/.vimrc"},
				    {.name = "dir", .host = "~/dir", .guest = "~/conf/dir/"},
				    {.name = "gone", .host = "/nowhere/x", .guest = "/root/x", .mode = 0644},
				    {.name = "exe", .host = "~/.vimrc", .guest = "/root/bin/run", .mode = 0755}};
	struct seed_args a = args();
	auto_buf list = {0}, content = {0};
	struct err e = {0};
	int warnings = 0;

	a.home = *state;
	a.files = files;
	a.n_files = ARRAY_LEN(files);
	a.on_warning = count_warning;
	a.arg = &warnings;
	test_write(tmpdir_path(state, ".vimrc"), "set nu\n");
	mkdir(tmpdir_path(state, "dir"), 0750);
	chmod(tmpdir_path(state, "dir"), 0750);
	mkdir(tmpdir_path(state, "dir/sub"), 0700);
	test_write(tmpdir_path(state, "dir/z"), "z");
	test_write(tmpdir_path(state, "dir/a"), "a");
	chmod(tmpdir_path(state, "dir/a"), 0640);
	assert_int_equal(symlink("../.vimrc", tmpdir_path(state, "dir/link")), 0);
	assert_int_equal(symlink("..", tmpdir_path(state, "dir/loop")), 0);
	assert_int_equal(mkfifo(tmpdir_path(state, "dir/pipe"), 0600), 0);
	assert_ok(write_seed(&a, path, &e), &e);
	read_seed(path, &list, "banger-seed/files/conf/dir/link", &content);
	assert_string_equal(content.data, "set nu\n");
	assert_string_equal(strstr(list.data, "banger-seed/files"),
			    "banger-seed/files/.vimrc 600\nbanger-seed/files/conf/dir 750\n"
			    "banger-seed/files/conf/dir/a 640\nbanger-seed/files/conf/dir/link 600\n"
			    "banger-seed/files/conf/dir/sub 700\nbanger-seed/files/conf/dir/z 600\n"
			    "banger-seed/files/bin/run 755\n");
	assert_int_equal(warnings, 3);
}

static void test_file_sync_rules(void **state)
{
	static const struct seed_file bad[] = {
		{.name = "n", .host = "relative", .guest = "/root/x"},
		{.name = "n", .host = "~user/x", .guest = "/root/x"},
		{.name = "n", .host = "/a/../b", .guest = "/root/x"},
		{.name = "n", .host = "/a", .guest = "/etc/x"},
		{.name = "n", .host = "/a", .guest = "/root/../etc"},
		{.name = "n", .host = "/a", .guest = "/root"},
		{.name = "n", .host = "/a", .guest = "/root/"},
		{.name = "n", .host = "/a", .guest = "x"},
		{.name = "n", .host = "/a", .guest = "/rootx/y"},
		{.name = "n", .host = "", .guest = "/root/x"},
		{.name = "n", .host = "/a", .guest = "/root/x", .mode = 010000},
	};
	static const struct seed_file good = {.name = "n", .host = "/a..b/c", .guest = "/root/..x", .mode = 0644};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(seed_file_check(&bad[i], &e), -1);
		assert_int_equal(e.code, ERR_USAGE);
		assert_non_null(strstr(e.msg, "'n'"));
		err_clear(&e);
	}
	assert_ok(seed_file_check(&good, &e), &e);
}

static void make_root(void **state)
{
	struct err e = {0};

	assert_ok(fs_mkdir_p(tmpdir_path(state, "etc"), 0755, &e), &e);
	assert_ok(fs_mkdir_p(tmpdir_path(state, "run/systemd/resolve"), 0755, &e), &e);
}

static void test_host_dns(void **state)
{
	struct seed_dns d;
	struct err e = {0};

	assert_ok(seed_host_dns(*state, &d, &e), &e);
	assert_int_equal(d.n, 0);
	make_root(state);
	test_write(tmpdir_path(state, "etc/resolv.conf"),
		   "# nameserver 9.9.9.9\nnameserver 127.0.0.53\nnameserver\t192.0.2.1 # x\nnameserver ::1\n"
		   "nameserver fe80::1%eth0\nnameserver nonsense\nnameserverX 1.1.1.1\nnameserver 2001:db8::1\n"
		   "nameserver 192.0.2.2\nnameserver 192.0.2.3");
	assert_ok(seed_host_dns(*state, &d, &e), &e);
	assert_int_equal(d.n, 3);
	assert_string_equal(d.server[0], "192.0.2.1");
	assert_string_equal(d.server[1], "2001:db8::1");
	assert_string_equal(d.server[2], "192.0.2.2");
	test_write(tmpdir_path(state, "run/systemd/resolve/resolv.conf"), "nameserver 198.51.100.7\n");
	assert_ok(seed_host_dns(*state, &d, &e), &e);
	assert_int_equal(d.n, 1);
	assert_string_equal(d.server[0], "198.51.100.7");
}

static void test_host_timezone(void **state)
{
	make_root(state);
	assert_null(seed_host_timezone(*state));
	test_write(tmpdir_path(state, "etc/timezone"), "America/Lima\n");
	auto_free char *file = seed_host_timezone(*state);
	assert_string_equal(file, "America/Lima");
	assert_int_equal(symlink("/usr/share/zoneinfo/Europe/Berlin", tmpdir_path(state, "etc/localtime")), 0);
	auto_free char *link = seed_host_timezone(*state);
	assert_string_equal(link, "Europe/Berlin");
	unlink(tmpdir_path(state, "etc/localtime"));
	test_write(tmpdir_path(state, "etc/timezone"), "../../etc/passwd\n");
	assert_null(seed_host_timezone(*state));
}

static void test_host_git(void **state)
{
	struct seed_git g;
	struct err e = {0};
	struct op op;

	setenv("HOME", *state, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("GIT_CONFIG_GLOBAL");
	op_init(&op, 20000);
	assert_ok(seed_host_git(&op, &g, &e), &e);
	assert_null(g.name);
	assert_null(g.email);
	test_write(tmpdir_path(state, ".gitconfig"), "[user]\n\tname = Ada L\n");
	assert_ok(seed_host_git(&op, &g, &e), &e);
	if (g.name)
		assert_string_equal(g.name, "Ada L");
	assert_null(g.email);
	seed_git_done(&g);
	op_cancel(&op);
	assert_err(seed_host_git(&op, &g, &e), &e, ERR_CANCELED);
	op_done(&op);
}

#define T(name) cmocka_unit_test_setup_teardown(name, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_members),
		T(test_contents),
		T(test_copy_mode_without_network),
		T(test_line_break_is_refused),
		T(test_file_sync),
		cmocka_unit_test(test_file_sync_rules),
		T(test_host_dns),
		T(test_host_timezone),
		T(test_host_git),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
