/* SPDX-License-Identifier: MIT */
/*
 * engine/doctor: each check by itself, on a state directory of the test's own; then all of them, which change nothing and leave
 * nothing unmended. What is about networks is tried in one of the test's own, where such may be had.
 */
#include "tests/lib/netns.h"
#include "tests/lib/storetest.h"

#include "base/conf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "core/engine/doctor_priv.h"
#include "core/image/kernel.h"
#include "core/image/kit.h"
#include "core/image/unpack.h"
#include "core/store/images.h"
#include "core/store/vms.h"
#include "core/vmm/alive.h"
#include "tests/unit/vmm_sample.h"

#include "tests/lib/fakekit.h" /* last: <elf.h> has an EV_NONE, too */

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEAD "aaaa00000001"

static struct op op;
static struct err e;
static struct paths paths;
static struct conf conf;
static struct doctor d;
static struct check_line lines[64];
static int n_lines;

static void take(void *arg, const struct check_line *l)
{
	(void)arg;
	assert_true(n_lines < (int)ARRAY_LEN(lines));
	lines[n_lines++] = *l;
}

static const struct doctor_args args = {.paths = &paths, .conf = &conf, .line = take};

static int setup(void **state)
{
	if (tmpdir_setup(state) < 0)
		return -1;
	op_init(&op, 60000);
	conf_init(&conf);
	e = (struct err){0};
	n_lines = 0;
	snprintf(paths.state, sizeof(paths.state), "%s", tmpdir_path(state, "state"));
	snprintf(paths.cache, sizeof(paths.cache), "%s", tmpdir_path(state, "cache"));
	snprintf(paths.config, sizeof(paths.config), "%s", tmpdir_path(state, "config"));
	snprintf(paths.runtime, sizeof(paths.runtime), "%s", tmpdir_path(state, "run"));
	d = (struct doctor){.op = &op, .args = &args, .paths = &paths, .conf = &conf};
	return settings_read(&conf, &d.settings, &e);
}

static int teardown(void **state)
{
	settings_done(&d.settings);
	store_look_done(&d.look);
	conf_done(&conf);
	op_done(&op);
	return tmpdir_teardown(state);
}

static void read_conf(const char *text)
{
	settings_done(&d.settings);
	conf_done(&conf);
	assert_ok(conf_parse(text, strlen(text), "banger.conf", &conf, &e), &e);
	(void)!settings_read(&conf, &d.settings, &d.no_settings);
}

/* Run one check; what it says, and what it says is to be done. */
static void check(void (*run)(struct doctor *d), enum check_verdict verdict, const char *detail, const char *fix)
{
	d.line = (struct check_line){.verdict = CHECK_PASS};
	run(&d);
	if (d.line.verdict != verdict || !strstr(d.line.detail, detail) || !strstr(d.line.fix, fix))
		fail_msg("verdict %d (%d): %s -> %s", d.line.verdict, verdict, d.line.detail, d.line.fix);
}

/* ---- what a machine boots ---- */

static void the_kernel_is_here_or_comes(void **state)
{
	check(doctor_kernel, CHECK_PASS, "debian, fetched when", "");
	tmpdir_put(state, "state/kernels/debian/" KERNEL_VMLINUZ, "x");
	check(doctor_kernel, CHECK_PASS, "debian, here", "");
}

static void an_unknown_image_is_told_with_the_near_one(void **state)
{
	struct image image = {.name = "my-own", .id = "1111aaaa2222"};

	check(doctor_image, CHECK_PASS, "tiny, made or fetched", "");
	read_conf("vm { image = \"tinny\" }");
	check(doctor_image, CHECK_WARN, "is tiny meant?", "vm { image = \"tiny\" } in banger.conf");
	read_conf("vm { image = \"my-owm\" }");
	check(doctor_image, CHECK_WARN, "'my-owm' is neither", "banger-tui image list");
	assert_ok(fs_mkdir_p(paths.state, 0700, &e), &e);
	struct store *s = NULL;
	assert_ok(store_open(tmpdir_path(state, "state/state.db"), STORE_RW, 5000, &s, &e), &e);
	assert_ok(images_put(s, &image, &e), &e);
	store_close(s);
	assert_ok(store_inspect(tmpdir_path(state, "state/state.db"), *state, &d.look, &e), &e);
	check(doctor_image, CHECK_WARN, "is my-own meant?", "my-own");
	read_conf("vm { image = \"my-own\" }");
	check(doctor_image, CHECK_PASS, "my-own, here", "");
}

static void a_reference_may_be_the_default_image(void **state)
{
	struct image image = {.name = "docker.io/library/alpine:latest", .id = "1111aaaa2222"};

	read_conf("vm { image = \"ghcr.io/you/app:1\" }");
	check(doctor_image, CHECK_PASS, "ghcr.io/you/app:1, made or fetched", "");
	assert_ok(fs_mkdir_p(paths.state, 0700, &e), &e);
	struct store *s = NULL;
	assert_ok(store_open(tmpdir_path(state, "state/state.db"), STORE_RW, 5000, &s, &e), &e);
	assert_ok(images_put(s, &image, &e), &e);
	store_close(s);
	assert_ok(store_inspect(tmpdir_path(state, "state/state.db"), *state, &d.look, &e), &e);
	read_conf("vm { image = \"docker.io/alpine\" }");
	check(doctor_image, CHECK_PASS, "alpine:latest, here", "");
}

static void a_broken_catalogue_is_told_whatever_is_here(void **state)
{
	tmpdir_put(state, "config/catalog.d/mine.json", "{");
	check(doctor_image, CHECK_WARN, "mine.json", "correct that file");
	check(doctor_kernel, CHECK_WARN, "mine.json", "correct that file");
	tmpdir_put(state, "state/kernels/debian/" KERNEL_VMLINUZ, "x");
	check(doctor_kernel, CHECK_PASS, "debian, here", "");
}

static void make_kit_tree(void **state)
{
	static const struct unpack_rule *const tables[] = {kit_rules, NULL};
	struct buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);

	fakekit_add(w, NULL);
	fakekit_finish(w, &b, tmpdir_path(state, "p.tar"));
	buf_done(&b);
	assert_ok(unpack_tar(&op, tmpdir_path(state, "p.tar"), tables, tmpdir_path(state, "tree"), &e), &e);
}

/* Parts that are not what they were; banger-guest is not beside a test. */
static void the_kit_is_whole_or_it_is_said(void **state)
{
	struct kit k;
	char part[PATHS_MAX];

	check(doctor_kit, CHECK_FAIL, "banger-guest", "make install");
	make_kit_tree(state);
	assert_ok(kit_assemble(paths.cache, tmpdir_path(state, "tree"), &k, &e), &e);
	check(doctor_kit, CHECK_FAIL, "banger-guest", "make install");
	path_join(part, sizeof(part), k.dir, "%s", k.parts[0].name);
	assert_int_equal(chmod(part, 0600), 0);
	test_write(part, "not what it was");
	check(doctor_kit, CHECK_FAIL, k.parts[0].name, "rm -r ");
	tmpdir_put(state, "cache/kit/current", "nonsense");
	check(doctor_kit, CHECK_WARN, "fetched again", "rm ");
}

/* ---- networks ---- */

/* What the helper says of the rules. */
static const struct priv_rules *rules;

int __real_doctor_ask(struct doctor *doctor, enum priv_op what, struct priv_reply *ret, struct err *err);
int __wrap_doctor_ask(struct doctor *doctor, enum priv_op what, struct priv_reply *ret, struct err *err);
int __wrap_doctor_ask(struct doctor *doctor, enum priv_op what, struct priv_reply *ret, struct err *err)
{
	if (!rules || what != PRIV_RULES)
		return __real_doctor_ask(doctor, what, ret, err);
	*ret = (struct priv_reply){.rules = *rules};
	return 0;
}

static void missing_rules_are_a_failure(void **state)
{
	struct vm web1 = storetest_vm("bbbb00000001", "web1"), web2 = storetest_vm("bbbb00000002", "web2");
	struct priv_rules gone = {.n_guests = 2, .n_mute = 2, .mute = DEAD};
	struct priv_rules mute = {.ours = true, .whole = true, .n_guests = 2, .n_mute = 1, .mute = "bbbb00000002"};
	struct priv_rules foreign = {.foreign = "inet banger"}, well = {.ours = true, .whole = true, .n_guests = 2};
	struct store *s = NULL;

	rules = &gone;
	check(doctor_rules, CHECK_FAIL, "2 bridged machines run and their rules are gone", "m, on this line");
	assert_string_equal(d.line.mend, "rules");
	assert_ok(fs_mkdir_p(paths.state, 0700, &e), &e);
	assert_ok(store_open(tmpdir_path(state, "state/state.db"), STORE_RW, 5000, &s, &e), &e);
	web1.cfg.net = web2.cfg.net = NET_BRIDGE;
	web2.state = VM_RUNNING;
	assert_ok(vms_insert(s, &web1, &e), &e);
	assert_ok(vms_insert(s, &web2, &e), &e);
	store_close(s);
	assert_ok(store_inspect(tmpdir_path(state, "state/state.db"), *state, &d.look, &e), &e);
	check(doctor_rules, CHECK_FAIL, "in anybody's name", "banger-tui vm set --nat=yes web2");
	rules = &mute;
	check(doctor_rules, CHECK_FAIL, "machine bbbb00000002 is on the bridge and has no place", "banger-tui vm set --nat=yes web2");
	assert_string_equal(d.line.mend, "rules");
	rules = &foreign;
	check(doctor_rules, CHECK_WARN, "table 'inet banger' is not ours", "nft list table inet banger");
	assert_string_equal(d.line.mend, "");
	rules = &well;
	check(doctor_rules, CHECK_PASS, "", "");
	/* Each is told. */
	n_lines = 0;
	str_copy(gone.where, sizeof(gone.where), "ip own fwd");
	str_copy(gone.foreign, sizeof(gone.foreign), "bridge banger");
	rules = &gone;
	check(doctor_rules, CHECK_WARN, "ip own fwd drops", "nft list ruleset");
	assert_int_equal(n_lines, 2);
	assert_int_equal(lines[0].verdict, CHECK_FAIL);
	assert_int_equal(lines[1].verdict, CHECK_FAIL);
	rules = NULL;
}

static void a_clash_is_told_with_a_free_network(void **state UNUSED)
{
	d.settings.subnet = (struct subnet){.addr = 0x7f000101, .mask = 0xffffff00, .prefix = 24};
	check(doctor_subnet, CHECK_WARN, "127.0.1.1/24 overlaps 127.0.0.0/8 of interface lo", "in banger.conf");
	err_set(&d.no_settings, ERR_USAGE, "wrong");
	check(doctor_subnet, CHECK_WARN, "unknown", "correct banger.conf");
}

/* In a child with a network and a /sys of its own. Returns why not, 77, or a failed test's 1. */
static int in_own_network(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		const char *why = netns_enter();
		if (why || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("test", "/sys", "sysfs", 0, NULL) < 0)
			_exit(77);
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void said(enum check_verdict verdict, const char *detail, const char *fix)
{
	if (d.line.verdict == verdict && strstr(d.line.detail, detail) && strstr(d.line.fix, fix))
		return;
	fprintf(stderr, "verdict %d (%d): %s -> %s\n", d.line.verdict, verdict, d.line.detail, d.line.fix);
	_exit(1);
}

static void run_check(void (*run)(struct doctor *d))
{
	d.line = (struct check_line){.verdict = CHECK_PASS};
	run(&d);
}

static void look_at_forwarding(void)
{
	run_check(doctor_forwarding);
	said(CHECK_WARN, "no default route", "ip route add default");
	netns_ip("link add out0 type veth peer name out1");
	netns_ip("address add 192.0.2.1/24 dev out0");
	netns_ip("link set out0 up");
	netns_ip("route add default via 192.0.2.2 dev out0");
	run_check(doctor_forwarding);
	said(CHECK_PASS, "out0 forwards nothing; it is switched on", "");
	/* Somebody else's bridge of that name is no sign of machines, and in their way. */
	netns_ip("link add br-banger type bridge");
	run_check(doctor_forwarding);
	said(CHECK_PASS, "out0 forwards nothing; it is switched on", "");
	run_check(doctor_subnet);
	said(CHECK_WARN, "interface br-banger is not ours", "ip -d link show br-banger");
	netns_ip("link set dev br-banger group 6449010");
	run_check(doctor_forwarding);
	said(CHECK_WARN, "out0 forwards nothing: their NAT", "sysctl -w net.ipv4.conf.out0.forwarding=1");
	netns_ip("link set dev br-banger alias banger-tui");
	run_check(doctor_forwarding);
	said(CHECK_WARN, "out0 forwards nothing: their NAT", "sysctl -w net.ipv4.conf.out0.forwarding=1");
	if (netns_ip_works("link add link out0 name out0.5 type vlan id 5")) {
		netns_ip("address add 198.51.100.1/24 dev out0.5");
		netns_ip("link set out1 up");
		netns_ip("link set out0.5 up");
		netns_ip("route add default via 198.51.100.2 dev out0.5 metric 1");
		netns_ip("route delete default via 192.0.2.2");
		run_check(doctor_forwarding);
		said(CHECK_WARN, "out0.5 forwards nothing", "sysctl -w net.ipv4.conf.out0/5.forwarding=1");
		netns_ip("link delete out0.5");
		netns_ip("route add default via 192.0.2.2 dev out0");
	}
	auto_fd fd = open("/proc/sys/net/ipv4/conf/out0/forwarding", O_WRONLY | O_CLOEXEC);
	if (write(fd, "1", 1) != 1)
		_exit(4);
	run_check(doctor_forwarding);
	said(CHECK_PASS, "on, as bridged machines", "");
	run_check(doctor_subnet);
	said(CHECK_PASS, "172.16.0.1/24 is used by nothing else", "");
	netns_ip("address add 172.16.0.5/16 dev out0");
	run_check(doctor_subnet);
	said(CHECK_WARN, "overlaps 172.16.0.0/16 of interface out0", "net { address = \"172.17.0.1/24\" }");
}

static void forwarding_is_each_interfaces_own(void **state UNUSED)
{
	int rc = in_own_network(look_at_forwarding);

	if (rc == 77)
		skip();
	assert_int_equal(rc, 0);
}

/* As the kernel shows them. */
static void look_at_leftovers(void)
{
	netns_ip("tuntap add dev bgr" DEAD " mode tap user 0");
	netns_ip("link add br-banger type bridge");
	run_check(doctor_leftovers);
	said(CHECK_PASS, "none", "");
	netns_ip("link set dev bgr" DEAD " alias banger-tui");
	netns_ip("link set dev br-banger alias banger-tui");
	netns_ip("link set bgr" DEAD " master br-banger up");
	n_lines = 0;
	run_check(doctor_leftovers);
	said(CHECK_WARN, "bridge br-banger, and no machine is on it", "ip link delete br-banger");
	if (n_lines != 1 || strcmp(lines[0].mend, "guest " DEAD) != 0 || strcmp(d.line.mend, "network") != 0 ||
	    !strstr(lines[0].detail, "tap bgr" DEAD " of machine " DEAD ", which does not run"))
		_exit(2);
	/* The command does it. */
	if (!netns_ip_works("%s", strstr(lines[0].fix, "ip ") + 3))
		_exit(3);
	run_check(doctor_leftovers);
	said(CHECK_WARN, "bridge", "ip link delete br-banger");
}

static void left_overs_are_listed_with_their_command(void **state UNUSED)
{
	int rc = in_own_network(look_at_leftovers);

	if (rc == 77)
		skip();
	assert_int_equal(rc, 0);
}

/* A machine by its lock and by what it was started with. */
static int start_bridged(const char *id)
{
	struct vm_launch l = vmm_sample();
	char dir[PATHS_MAX];
	int lock;

	path_join(dir, sizeof(dir), paths.state, "vms/%s", id);
	assert_ok(fs_mkdir_p(dir, 0700, &e), &e);
	str_copy(l.id, sizeof(l.id), id);
	str_copy(l.vm_dir, sizeof(l.vm_dir), dir);
	l.net = (struct vm_net){.mode = NET_BRIDGE, .mac = "52:54:00:00:00:01", .tap = "bgr" DEAD};
	assert_ok(vm_launch_save(&l, &e), &e);
	assert_ok(alive_take(dir, &lock, &e), &e);
	return lock;
}

static void look_at_missing_names(void)
{
	run_check(doctor_names);
	said(CHECK_WARN, "bridged machines run, and their name server does not", "banger-tui vm list");
}

static void look_at_names_nobody_needs(void)
{
	run_check(doctor_names);
	if (strstr(d.line.detail, "their name server"))
		_exit(1);
}

static void a_name_server_that_should_run_is_missed(void **state)
{
	struct store *s = NULL;
	struct vm vm = storetest_vm(DEAD, "web1");
	int lock, rc;

	assert_ok(fs_mkdir_p(paths.state, 0700, &e), &e);
	assert_ok(store_open(tmpdir_path(state, "state/state.db"), STORE_RW, 5000, &s, &e), &e);
	assert_ok(vms_insert(s, &vm, &e), &e);
	store_close(s);
	assert_ok(store_inspect(tmpdir_path(state, "state/state.db"), *state, &d.look, &e), &e);
	lock = start_bridged(DEAD);
	rc = in_own_network(look_at_missing_names);
	if (rc == 77) {
		fd_close(&lock);
		skip();
	}
	assert_int_equal(rc, 0);
	fd_close(&lock);
	assert_int_equal(in_own_network(look_at_names_nobody_needs), 0);
}

/* ---- all of it ---- */

/* "path mode size mtime", sorted by find(1)'s own order, which does not change between two looks. */
static char *picture(const char *dir)
{
	const char *const argv[] = {"find", dir, "-printf", "%p %m %s %T@ %C@\\n", NULL};
	struct spawn_run_args a = {.argv = argv, .max_output = 1 << 20};
	struct buf out = {0};

	assert_ok(spawn_run(&op, &a, &out, &e), &e);
	return buf_take(&out);
}

/* With a store, whose log is open, and one machine's disks that nobody knows. */
static void it_changes_nothing(void **state)
{
	struct store *s = NULL;
	struct vm vm = storetest_vm(DEAD, "web1");

	assert_ok(fs_mkdir_p(paths.state, 0700, &e), &e);
	assert_ok(store_open(tmpdir_path(state, "state/state.db"), STORE_RW, 5000, &s, &e), &e);
	tmpdir_put(state, "state/vms/bbbb00000002/upper.ext4", "x");
	tmpdir_put(state, "config/banger.conf", "");
	auto_free char *before = picture(*state);
	for (int i = 0; i < 2; i++) {
		doctor_run(&op, &paths, &conf, take, NULL);
		auto_free char *after = picture(*state);
		assert_string_equal(before, after);
		free(before);
		if (i == 0)
			assert_ok(vms_insert(s, &vm, &e), &e);
		before = picture(*state);
		n_lines = 0;
	}
	store_close(s);
}

static void nothing_is_left_unmended(void **state)
{
	static const char *const needed[] = {"KVM", "boot kit", "default image", "bridge network", "forwarding", "packet filter",
					     "left-overs"};
	int bad = 0;

	tmpdir_put(state, "state/state.db", "this is no store");
	read_conf("vm { image = \"nonsense\" }\npaths { qemu = \"/nonexistent\" }");
	setenv("TERM", "dumb", 1);
	auto_free char *path = xstrdup(getenv("PATH"));
	setenv("PATH", "/nonexistent", 1);
	assert_int_equal(doctor_run(&op, &paths, &conf, take, NULL), CHECK_FAIL);
	setenv("PATH", path, 1);
	for (int i = 0; i < n_lines; i++) {
		bad += lines[i].verdict != CHECK_PASS;
		if (!lines[i].detail[0] || (lines[i].verdict != CHECK_PASS && !lines[i].fix[0]))
			fail_msg("%s: %s, and nothing to do", lines[i].what, lines[i].detail);
	}
	assert_true(bad > 5);
	for (size_t k = 0; k < ARRAY_LEN(needed); k++) {
		int i = 0;
		while (i < n_lines && strcmp(lines[i].what, needed[k]) != 0)
			i++;
		if (i == n_lines)
			fail_msg("no line about %s", needed[k]);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_kernel_is_here_or_comes),
		T(an_unknown_image_is_told_with_the_near_one),
		T(a_reference_may_be_the_default_image),
		T(a_broken_catalogue_is_told_whatever_is_here),
		T(the_kit_is_whole_or_it_is_said),
		T(a_clash_is_told_with_a_free_network),
		T(missing_rules_are_a_failure),
		T(forwarding_is_each_interfaces_own),
		T(left_overs_are_listed_with_their_command),
		T(a_name_server_that_should_run_is_missed),
		T(it_changes_nothing),
		T(nothing_is_left_unmended),
	};

	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
