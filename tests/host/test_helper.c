/* SPDX-License-Identifier: MIT */
/*
 * The built banger-helper with its real host, under its filter of system calls: whatever the libraries behind the operations ask
 * the kernel for, it must be allowed to. In a network and a /run of the test's own.
 *
 * Mappings are of the whole kernel, and tried only where the test is told "mappings" (smoke/host).
 */
#include "tests/lib/test.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/op.h"
#include "core/priv/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define VM "0123456789ab"
#define VM2 "0123456789ac"
#define IMAGE "ba9876543210"
#define CIDR "172.30.0.1/24"
#define MIB ((uint64_t)1 << 20)
#define DISK_BYTES (8 * MIB)
#define COW_BYTES (10 * MIB)
#define CALL_MS 30000
#define OWNER 54321

static char helper[4200];
static bool mappings;
static struct priv *p;

static void make_file(const char *dir, const char *name, uint64_t bytes)
{
	char path[4200];
	struct err e = {0};

	assert_ok(fs_mkdir_p(dir, 0700, &e), &e);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_ok(fs_create_sparse(path, bytes, 0600, &e), &e);
}

static int start_helper(void **state)
{
	struct priv_start_args a = {.state_dir = *state, .helper = helper, .owner = OWNER, .group = OWNER};
	struct err e = {0};
	struct op op;

	op_init(&op, CALL_MS);
	assert_ok(priv_start(&op, &a, &p, &e), &e);
	op_done(&op);
	return 0;
}

static int setup(void **state)
{
	if (tmpdir_setup(state) < 0)
		return -1;
	make_file(tmpdir_path(state, "images/" IMAGE), "rootfs.ext4", DISK_BYTES);
	make_file(tmpdir_path(state, "vms/" VM), "cow", COW_BYTES);
	make_file(tmpdir_path(state, "vms/" VM2), "cow", COW_BYTES);
	return start_helper(state);
}

static int teardown(void **state)
{
	priv_stop(TAKE_PTR(p));
	return tmpdir_teardown(state);
}

static int ask(struct priv_request q, struct priv_reply *ret, struct err *e)
{
	struct priv_reply reply;
	struct op op;

	op_init(&op, CALL_MS);
	int rc = priv_call(&op, p, &q, &reply, e);
	op_done(&op);
	if (ret)
		*ret = reply;
	else
		priv_reply_done(&reply);
	return rc;
}

static void must(struct priv_request q)
{
	struct err e = {0};

	if (ask(q, NULL, &e) < 0)
		fail_msg("%s: %s", priv_op_to_string(q.op), e.msg);
}

static struct priv_request net_up(void)
{
	return (struct priv_request){.op = PRIV_NET_UP, .net.cidr = CIDR};
}

static struct priv_request guest_up(const char *vm, const char *ip, bool nat)
{
	struct priv_request q = {.op = PRIV_GUEST_UP};

	str_copy(q.vm_id, sizeof(q.vm_id), vm);
	str_copy(q.guest.ipv4, sizeof(q.guest.ipv4), ip);
	q.guest.nat = nat;
	return q;
}

static struct priv_request of_vm(enum priv_op op, const char *vm)
{
	struct priv_request q = {.op = op};

	str_copy(q.vm_id, sizeof(q.vm_id), vm);
	return q;
}

/* "bridge br-banger, tap bgr…, guest 172…": what PRIV_LIST says, each item once. */
static int listed(const char *kind, const char *vm)
{
	struct priv_reply r;
	struct err e = {0};
	int n = 0;

	assert_ok(ask((struct priv_request){.op = PRIV_LIST}, &r, &e), &e);
	for (int i = 0; i < r.n_items; i++)
		n += strcmp(r.items[i].kind, kind) == 0 && strcmp(r.items[i].vm_id, vm) == 0;
	priv_reply_done(&r);
	return n;
}

static char forwards(const char *name)
{
	char path[128];
	char c = '?';

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/forwarding", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	(void)!read(fd, &c, 1);
	close(fd);
	return c;
}

static void the_network_comes_and_goes(void **state UNUSED)
{
	struct err e = {0};

	assert_err(ask(guest_up(VM, "172.30.0.2", false), NULL, &e), &e, ERR_STATE);
	must(net_up());
	must(net_up());
	assert_true(if_nametoindex(LINK_BRIDGE) > 0);
	assert_int_equal(forwards(LINK_BRIDGE), '1');
	must(guest_up(VM, "172.30.0.2", false));
	must(guest_up(VM2, "172.30.0.3", true));
	assert_err(ask(guest_up(VM2, "172.30.0.2", true), NULL, &e), &e, ERR_EXISTS);
	assert_int_equal(listed("bridge", ""), 1);
	assert_int_equal(listed("tap", VM), 1);
	assert_int_equal(listed("guest", VM2), 1);
	must((struct priv_request){.op = PRIV_GUEST_NAT, .vm_id = VM, .on = true});
	assert_err(ask((struct priv_request){.op = PRIV_NET_DOWN}, NULL, &e), &e, ERR_BUSY);
	must(of_vm(PRIV_GUEST_DOWN, VM));
	must(of_vm(PRIV_GUEST_DOWN, VM));
	must(of_vm(PRIV_GUEST_DOWN, VM2));
	assert_int_equal(listed("tap", VM) + listed("guest", VM) + listed("guest", VM2), 0);
	must((struct priv_request){.op = PRIV_NET_DOWN});
	assert_int_equal(if_nametoindex(LINK_BRIDGE), 0);
	assert_int_equal(listed("bridge", ""), 0);
}

/* What one helper has made, the next one knows. */
static void it_outlives_its_helper(void **state)
{
	must(net_up());
	must(guest_up(VM, "172.30.0.2", true));
	priv_stop(TAKE_PTR(p));
	start_helper(state);
	assert_int_equal(listed("tap", VM), 1);
	must(of_vm(PRIV_GUEST_DOWN, VM));
	must((struct priv_request){.op = PRIV_NET_DOWN});
	assert_int_equal(if_nametoindex(LINK_BRIDGE), 0);
}

static struct priv_request snap_up(bool revive)
{
	return (struct priv_request){
		.op = PRIV_SNAP_UP, .vm_id = VM, .snap = {.image_id = IMAGE, .bytes = DISK_BYTES, .revive = revive}};
}

static void a_mapping_comes_and_goes(void **state UNUSED)
{
	struct priv_reply r;
	struct err e = {0};
	struct stat st;

	if (!mappings)
		skip();
	for (int i = 0; i < 2; i++) {
		assert_ok(ask(snap_up(i == 1), &r, &e), &e);
		assert_string_equal(r.node, DMSNAP_DEV_DIR "/" VM);
		priv_reply_done(&r);
		assert_int_equal(stat(DMSNAP_DEV_DIR "/" VM, &st), 0);
		assert_true(S_ISBLK(st.st_mode) && (st.st_mode & 0777) == 0600 && st.st_uid == OWNER);
		assert_err(ask(snap_up(false), NULL, &e), &e, ERR_EXISTS);
		assert_ok(ask(of_vm(PRIV_SNAP_STATUS, VM), &r, &e), &e);
		assert_int_equal(r.snap_status.health, DMSNAP_OK);
		priv_reply_done(&r);
		assert_int_equal(listed("mapping", VM), 1);
		assert_int_equal(listed("loop", VM), 2);
		must(of_vm(PRIV_SNAP_DOWN, VM));
		must(of_vm(PRIV_SNAP_DOWN, VM));
		assert_int_equal(listed("mapping", VM) + listed("loop", VM), 0);
		assert_int_equal(stat(DMSNAP_DEV_DIR "/" VM, &st), -1);
	}
}

static int cannot(const char *why)
{
	printf("%s\n", why);
	return 77;
}

/* Why there can be no own network and /run; NULL when there are. */
static const char *move_in(void)
{
	if (geteuid() != 0)
		return "not root";
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		return "no namespaces for root here";
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("test", "/run", "tmpfs", 0, "mode=0755") < 0)
		return "no mounts for root here";
	return NULL;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(the_network_comes_and_goes),
		T(it_outlives_its_helper),
		T(a_mapping_comes_and_goes),
	};
	char self[4096] = {0};
	const char *why = move_in();

	if (why)
		return cannot(why);
	if (access("/dev/net/tun", R_OK | W_OK) < 0 || access("/sys/module/bridge", F_OK) < 0)
		return cannot("no bridges or no taps in this kernel");
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
		return EXIT_FAILURE;
	snprintf(helper, sizeof(helper), "%s/../../banger-helper", dirname(self));
	mappings = argc > 1 && strcmp(argv[1], "mappings") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
