/* SPDX-License-Identifier: MIT */
/*
 * Our ssh_config: its text against a golden one and against what ssh(1) makes of it, and whose file it is.
 */
#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "core/guest/knownhosts.h"
#include "core/guest/sshconf.h"
#include "tests/lib/test.h"

#include <sys/stat.h>
#include <unistd.h>

static const struct sshconf_host hosts[] = {
	{"aaaaaaaaaaaa", "web1", "127.0.0.1", 22001},
	{"bbbbbbbbbbbb", "web2", "172.16.0.2", 1022},
};

static const struct sshconf two = {.state_dir = "/s t/banger", .identity = "/s t/banger/ssh/id_ed25519", .hosts = hosts, .n = 2};

static void test_text(void **state)
{
	struct sshconf one = two;
	struct err e = {0};
	auto_buf text = {0};

	(void)state;
	one.n = 1;
	assert_ok(sshconf_format(&one, &text, &e), &e);
	assert_string_equal(text.data, "# banger-tui: the machines of /s t/banger\n"
				       "# Written by banger-tui; changes are lost. `banger-tui ssh-config --uninstall` removes it.\n"
				       "\n"
				       "Host web1.vm\n"
				       "    HostName 127.0.0.1\n"
				       "    Port 22001\n"
				       "    User root\n"
				       "    IdentityFile \"/s t/banger/ssh/id_ed25519\"\n"
				       "    IdentitiesOnly yes\n"
				       "    HostKeyAlias banger-aaaaaaaaaaaa\n"
				       "    HostKeyAlgorithms ssh-ed25519\n"
				       "    UserKnownHostsFile \"/s t/banger/ssh/known_hosts\"\n"
				       "    GlobalKnownHostsFile /dev/null\n"
				       "    StrictHostKeyChecking yes\n"
				       "    CheckHostIP no\n"
				       "    UpdateHostKeys no\n"
				       "    PreferredAuthentications publickey\n"
				       "    ProxyCommand none\n"
				       "    ForwardAgent no\n"
				       "    ForwardX11 no\n");
}

/* What ssh -G prints for a host, with a "Host *" of a person's after our file. */
static char *resolve(void **state, const char *host)
{
	const char *argv[] = {"ssh", "-G", "-F", tmpdir_path(state, "config"), host, NULL};
	struct err e = {0};
	auto_buf out = {0};
	struct op op;
	int rc;

	op_init(&op, 10000);
	rc = spawn_run(&op, &(struct spawn_run_args){.argv = argv}, &out, &e);
	op_done(&op);
	if (rc < 0 && e.code == ERR_MISSING)
		return NULL;
	assert_ok(rc, &e);
	return buf_take(&out);
}

static void assert_line(const char *text, const char *line)
{
	auto_free char *want = xasprintf("\n%s\n", line);

	if (!strstr(text, want))
		fail_msg("no line '%s' in: %s", line, text);
}

static void test_as_ssh_reads_it(void **state)
{
	struct err e = {0};
	auto_buf mine = {0};

	assert_ok(sshconf_write(*state, &two, &e), &e);
	buf_addf(&mine, "Include \"%s\"\nHost *\n    User ann\n    Port 2222\n    ProxyJump bastion\n    ForwardAgent yes\n"
			"    ForwardX11 yes\n    StrictHostKeyChecking no\n    UserKnownHostsFile /dev/null\n    IdentityFile /mine\n",
		 tmpdir_path(state, SSHCONF_FILE));
	test_write(tmpdir_path(state, "config"), mine.data);
	auto_free char *got = resolve(state, "web2.vm");
	if (!got)
		skip();
	assert_line(got, "hostname 172.16.0.2");
	assert_line(got, "port 1022");
	assert_line(got, "user root");
	assert_line(got, "hostkeyalias banger-bbbbbbbbbbbb");
	assert_line(got, "identityfile /s t/banger/ssh/id_ed25519");
	assert_line(got, "userknownhostsfile /s t/banger/ssh/known_hosts");
	assert_line(got, "stricthostkeychecking true");
	assert_line(got, "forwardagent no");
	assert_line(got, "forwardx11 no");
	assert_null(strstr(got, "\nproxyjump"));
	assert_null(strstr(got, "\nproxycommand"));
	/* A host of theirs is theirs. */
	auto_free char *other = resolve(state, "example.net");
	assert_line(other, "user ann");
	assert_line(other, "port 2222");
}

static void test_whose_it_is(void **state)
{
	struct sshconf other = two;
	struct err e = {0};
	bool kept = true;
	struct stat st;

	assert_ok(sshconf_is_kept(*state, two.state_dir, &kept, &e), &e);
	assert_false(kept);
	assert_ok(sshconf_write(*state, &two, &e), &e);
	assert_int_equal(stat(tmpdir_path(state, SSHCONF_FILE), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_ok(sshconf_is_kept(*state, two.state_dir, &kept, &e), &e);
	assert_true(kept);
	assert_err(sshconf_is_kept(*state, "/s t/bang", &kept, &e), &e, ERR_EXISTS);
	assert_err(sshconf_is_kept(*state, "/s t/banger2", &kept, &e), &e, ERR_EXISTS);
	assert_false(kept);
	other.n = 0;
	assert_ok(sshconf_write(*state, &other, &e), &e);
	auto_free char *text = test_read(tmpdir_path(state, SSHCONF_FILE));
	assert_null(strstr(text, "Host "));
	assert_ok(sshconf_remove(*state, &e), &e);
	assert_ok(sshconf_remove(*state, &e), &e);
	assert_ok(sshconf_is_kept(*state, two.state_dir, &kept, &e), &e);
	assert_false(kept);
	test_write(tmpdir_path(state, SSHCONF_FILE), "Host mine\n");
	assert_err(sshconf_is_kept(*state, two.state_dir, &kept, &e), &e, ERR_EXISTS);
}

static void test_paths_that_mean_something(void **state)
{
	static const char *const bad[] = {"/a\"b", "/a\\b", "/a%h", "/${HOME}/b", "/a*", "/a?", "/a[b]", "/a\nb", "/a'b", "~/a"};
	struct sshconf c = two;
	struct err e = {0};
	auto_buf text = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_err(sshconf_check_path(bad[i], &e), &e, ERR_USAGE);
		c = two;
		c.state_dir = bad[i];
		assert_err(sshconf_format(&c, &text, &e), &e, ERR_USAGE);
		c = two;
		c.identity = bad[i];
		assert_err(sshconf_format(&c, &text, &e), &e, ERR_USAGE);
		assert_int_equal(text.len, 0);
	}
	assert_ok(sshconf_check_path("/home/jos\xc3\xa9/a b/x.y_z-1+2,3@4:5=6", &e), &e);
}

static void test_the_lock(void **state)
{
	struct err e = {0};
	auto_fd fd = -1;
	struct op op;
	int second;

	op_init(&op, 5000);
	assert_ok(sshconf_lock(&op, tmpdir_path(state, "new/dir"), &fd, &e), &e);
	op_done(&op);
	op_init(&op, 50);
	assert_err(sshconf_lock(&op, tmpdir_path(state, "new/dir"), &second, &e), &e, ERR_TIMEOUT);
	op_done(&op);
	fd_close(&fd);
	op_init(&op, 5000);
	assert_ok(sshconf_lock(&op, tmpdir_path(state, "new/dir"), &fd, &e), &e);
	op_done(&op);
}

/* The alias the blocks use is one of the names of the pin. */
static void test_pin_has_the_alias(void **state)
{
	struct knownhosts_entry en = {.vm_id = hosts[0].vm_id, .vm_name = "web1", .host = "127.0.0.1", .port = 22001};
	auto_buf line = {0};

	(void)state;
	knownhosts_format(&en, &line);
	assert_non_null(strstr(line.data, ",banger-aaaaaaaaaaaa ssh-ed25519 "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_DIR(t) cmocka_unit_test_setup_teardown(t, tmpdir_setup, tmpdir_teardown)
		cmocka_unit_test(test_text),
		WITH_DIR(test_as_ssh_reads_it),
		WITH_DIR(test_whose_it_is),
		cmocka_unit_test(test_paths_that_mean_something),
		WITH_DIR(test_the_lock),
		cmocka_unit_test(test_pin_has_the_alias),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
