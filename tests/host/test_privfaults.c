/* SPDX-License-Identifier: MIT */
/*
 * Every call to the host fails in its turn, under the helper's operations with the real host beneath them: what was made is taken
 * back, and what is taken down is gone at the latest when asked once more. Looked at are the kernel's own lists, before and after.
 *
 * The injection stands between the operations and the host's table of functions (core/priv/host.h), so a call may fail without
 * having done anything, or after it has done all of it. In a network and a /run of the test's own; mappings are of the whole
 * kernel, and tried only where the test is told "mappings" (smoke/host). What fails within an attach of a disk is test_dm's.
 */
#include "tests/lib/test.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "core/disk/dmtable.h"
#include "core/disk/loopdev.h"
#include "core/net/nat_priv.h"
#include "core/priv/claims.h"
#include "core/priv/ops.h"
#include "helper/helper.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#define VM "0123456789ab"
#define IMAGE "ba9876543210"
#define CIDR "172.30.0.1/24"
#define MIB ((uint64_t)1 << 20)
#define CALL_MS 30000
#define CALLS_MAX 40

/* Docker's, so that rules of others are in the picture too. */
#define DOCKER                                                                                                         \
	"table ip filter {\n"                                                                                          \
	"	chain DOCKER-USER { return\n }\n"                                                                      \
	"	chain INPUT { type filter hook input priority filter; policy drop; }\n"                                \
	"	chain FORWARD { type filter hook forward priority filter; policy drop; jump DOCKER-USER\n }\n"         \
	"}\n"

/* ---- the fault ---- */

enum mode { PASS, FAIL_BEFORE, FAIL_AFTER, FAIL_FROM };
static struct {
	enum mode mode;
	int left;
	bool fired;
} fault;

static void arm(enum mode mode, int nth)
{
	fault.mode = mode;
	fault.left = nth;
	fault.fired = false;
}

static bool is_hit(void)
{
	if (fault.mode == PASS)
		return false;
	int left = --fault.left;
	fault.fired |= left == 0;
	return left == 0 || (fault.mode == FAIL_FROM && left < 0);
}

#define REAL helper_host()
#define ROW(name, params, args, may_fail_done)                                                                         \
	static int name params                                                                                         \
	{                                                                                                              \
		bool hit = is_hit();                                                                                   \
		if (hit && (fault.mode != FAIL_AFTER || !(may_fail_done)))                                             \
			return err_set(e, ERR_SYS, "injected: " #name);                                                \
		int rc = REAL->name args;                                                                              \
		return hit && rc == 0 ? err_set(e, ERR_SYS, "injected: " #name ", done") : rc;                         \
	}

ROW(bridge_up, (void *a, const char *cidr, struct err *e), (a, cidr, e), true)
ROW(bridge_down, (void *a, struct err *e), (a, e), true)
ROW(tap_up, (void *a, const struct link_tap *t, struct err *e), (a, t, e), true)
ROW(tap_down, (void *a, const char *name, struct err *e), (a, name, e), true)
ROW(links, (void *a, struct link_info **ret, int *ret_n, struct err *e), (a, ret, ret_n, e), false)
ROW(uplinks, (void *a, char (*ret)[LINK_NAME_SIZE], int max, int *ret_n, struct err *e), (a, ret, max, ret_n, e), false)
ROW(resolver_set, (void *a, struct op *op, const char *cidr, struct err *e), (a, op, cidr, e), true)
ROW(zone_settled, (void *a, bool *ret, struct err *e), (a, ret, e), false)
ROW(zone_set, (void *a, bool on, struct err *e), (a, on, e), true)
ROW(tables_up, (void *a, const char *cidr, struct err *e), (a, cidr, e), true)
ROW(tables_down, (void *a, struct err *e), (a, e), true)
ROW(guest_set, (void *a, const struct nat_guest *g, struct err *e), (a, g, e), true)
ROW(guest_remove, (void *a, const char *tap, struct err *e), (a, tap, e), true)
ROW(guests, (void *a, struct nat_guest **ret, int *ret_n, struct err *e), (a, ret, ret_n, e), false)
ROW(forwarding_get, (void *a, const char *name, bool *ret, struct err *e), (a, name, ret, e), false)
ROW(forwarding_set, (void *a, const char *name, bool on, struct err *e), (a, name, on, e), true)
ROW(forwarding_needed, (void *a, char (*ours)[LINK_NAME_SIZE], int n, bool *ret, struct err *e), (a, ours, n, ret, e), false)
/* Everything or nothing: one that failed has done nothing. */
ROW(snap_attach, (void *a, struct op *op, const struct dmsnap *d, char *ret_node, size_t size, struct err *e),
    (a, op, d, ret_node, size, e), false)
ROW(snap_detach, (void *a, struct op *op, const char *vm_id, struct err *e), (a, op, vm_id, e), true)

static struct priv_host host;

static void set_host(void)
{
	host = *REAL;
	host.bridge_up = bridge_up;
	host.bridge_down = bridge_down;
	host.tap_up = tap_up;
	host.tap_down = tap_down;
	host.links = links;
	host.uplinks = uplinks;
	host.resolver_set = resolver_set;
	host.zone_settled = zone_settled;
	host.zone_set = zone_set;
	host.tables_up = tables_up;
	host.tables_down = tables_down;
	host.guest_set = guest_set;
	host.guest_remove = guest_remove;
	host.guests = guests;
	host.forwarding_get = forwarding_get;
	host.forwarding_set = forwarding_set;
	host.forwarding_needed = forwarding_needed;
	host.snap_attach = snap_attach;
	host.snap_detach = snap_detach;
}

/* ---- the picture ---- */

static bool mappings;
static int claims = -1, state_fd = -1;
static char run_dir[4200];

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in a directory, sorted; it need not be there. */
static void add_names(struct buf *out, const char *path)
{
	char *names[256];
	int n = 0;
	DIR *d = opendir(path);

	for (struct dirent *ent; d && n < 256 && (ent = readdir(d));)
		if (ent->d_name[0] != '.' && strcmp(ent->d_name, "lock") != 0 && strcmp(ent->d_name, "new") != 0)
			names[n++] = xstrdup(ent->d_name);
	if (d)
		closedir(d);
	qsort(names, (size_t)n, sizeof(names[0]), by_name);
	for (int i = 0; i < n; i++) {
		buf_addf(out, "%s %s\n", path, names[i]);
		free(names[i]);
	}
}

static void add_loop(void *arg, const char *path UNUSED, const char *name)
{
	buf_addf(arg, "loop %s\n", name);
}

/* The caller's. */
static char *picture(void)
{
	struct buf out = {0};
	struct link_info *all;
	char(*ids)[ID_SIZE];
	char path[4300], c = '?';
	struct err e = {0};
	int n;

	assert_ok(REAL->links(NULL, &all, &n, &e), &e);
	for (int i = 0; i < n; i++)
		buf_addf(&out, "link %s\n", all[i].name);
	free(all);
	assert_ok(nat_list("list ruleset", &out, NULL, &e), &e);
	int fd = open("/proc/sys/net/ipv4/conf/up0/forwarding", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, &c, 1), 1);
	close(fd);
	buf_addf(&out, "\nforwarding %c\n", c);
	add_names(&out, run_dir);
	snprintf(path, sizeof(path), "%s/snaps", run_dir);
	add_names(&out, path);
	if (!mappings)
		return buf_take(&out);
	assert_ok(REAL->snaps(NULL, &ids, &n, &e), &e);
	for (int i = 0; i < n; i++)
		buf_addf(&out, "mapping %s\n", ids[i]);
	free(ids);
	assert_ok(REAL->loops(NULL, add_loop, &out, &e), &e);
	add_names(&out, DMSNAP_DEV_DIR);
	return buf_take(&out);
}

static void assert_picture(const char *want, const char *what, int nth)
{
	char *got = picture();

	if (strcmp(got, want) != 0)
		fail_msg("%s, call %d: wanted %s\n---- got %s", what, nth, want, got);
	free(got);
}

/* ---- requests ---- */

static int ask(const struct priv_request *q, struct err *e)
{
	struct ops o = {.host = &host, .files = {.fd = state_fd, .uid = getuid()}, .claims = claims, .uid = getuid(), .owner = getuid()};
	struct priv_reply reply = {0};
	struct op op;

	op_init(&op, CALL_MS);
	int rc = ops_run(&op, &o, q, &reply, e);
	op_done(&op);
	priv_reply_done(&reply);
	return rc;
}

static void must(const struct priv_request *q)
{
	struct err e = {0};

	arm(PASS, 0);
	if (ask(q, &e) < 0)
		fail_msg("%s: %s", priv_op_to_string(q->op), e.msg);
}

/* In the order a start takes them. */
static const struct pair {
	struct priv_request up, down;
	int calls; /* at least so many are failed, going up */
} pairs[] = {
	{{.op = PRIV_NET_UP, .net.cidr = CIDR}, {.op = PRIV_NET_DOWN}, 8},
	{{.op = PRIV_GUEST_UP, .vm_id = VM, .guest = {.ipv4 = "172.30.0.2", .nat = true}}, {.op = PRIV_GUEST_DOWN, .vm_id = VM}, 4},
	{{.op = PRIV_SNAP_UP, .vm_id = VM, .snap = {.image_id = IMAGE, .bytes = 8 * MIB}}, {.op = PRIV_SNAP_DOWN, .vm_id = VM}, 1},
};

static int n_pairs(void)
{
	return mappings ? 3 : 2;
}

static int setup(void **state)
{
	struct err e = {0};

	if (tmpdir_setup(state) < 0)
		return -1;
	arm(PASS, 0);
	set_host();
	if (fs_mkdir_p(tmpdir_path(state, "state/images/" IMAGE), 0700, &e) < 0 ||
	    fs_create_sparse(tmpdir_path(state, "state/images/" IMAGE "/rootfs.ext4"), 8 * MIB, 0600, &e) < 0 ||
	    fs_mkdir_p(tmpdir_path(state, "state/vms/" VM), 0700, &e) < 0 ||
	    fs_create_sparse(tmpdir_path(state, "state/vms/" VM "/cow"), dmtable_cow_bytes(8 * MIB), 0600, &e) < 0)
		return -1;
	snprintf(run_dir, sizeof(run_dir), "%s", tmpdir_path(state, "run"));
	assert_ok(claims_open(run_dir, &claims, &e), &e);
	state_fd = open(tmpdir_path(state, "state"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_ok(nat_run(DOCKER, &e), &e);
	return state_fd < 0;
}

static int teardown(void **state)
{
	arm(PASS, 0);
	for (int i = n_pairs() - 1; i >= 0; i--)
		(void)!ask(&pairs[i].down, NULL);
	(void)!nat_run("flush ruleset\n", NULL);
	close(claims);
	close(state_fd);
	return tmpdir_teardown(state);
}

/* ---- tests ---- */

static void fail_up(const struct pair *p, enum mode mode)
{
	int nth = 0;

	do {
		char *before = picture();
		struct err e = {0};
		arm(mode, ++nth);
		int rc = ask(&p->up, &e);
		bool fired = fault.fired;
		arm(PASS, 0);
		if (rc < 0) {
			assert_non_null(strstr(e.msg, "injected"));
			assert_picture(before, priv_op_to_string(p->up.op), nth);
		} else if (fired) { /* a failure that fails nothing */
			must(&p->down);
			assert_picture(before, priv_op_to_string(p->up.op), nth);
		}
		free(before);
		if (!fired)
			break;
	} while (nth < CALLS_MAX);
	assert_in_range(nth, p->calls + 1, CALLS_MAX - 1);
}

static void a_failed_start_leaves_what_was(void **state UNUSED)
{
	for (int i = 0; i < n_pairs(); i++) {
		fail_up(&pairs[i], FAIL_BEFORE);
		must(&pairs[i].down);
		fail_up(&pairs[i], FAIL_AFTER);
	}
}

/* Undoing fails as well: what is left is known, and goes when asked. */
static void a_start_that_cannot_be_undone_is_cleared_up(void **state UNUSED)
{
	char *before = picture();

	for (int i = 0; i < n_pairs(); i++) {
		bool fired = true;
		for (int nth = 1; fired && nth < CALLS_MAX; nth++) {
			for (int k = 0; k < i; k++)
				must(&pairs[k].up);
			arm(FAIL_FROM, nth);
			(void)!ask(&pairs[i].up, NULL);
			fired = fault.fired;
			for (int k = n_pairs() - 1; k >= 0; k--)
				must(&pairs[k].down);
			assert_picture(before, priv_op_to_string(pairs[i].up.op), nth);
		}
		assert_false(fired);
	}
	free(before);
}

static void fail_down(int i, enum mode mode, const char *before)
{
	bool fired = true;
	int nth;

	for (nth = 1; fired && nth < CALLS_MAX; nth++) {
		struct err e = {0};
		must(&pairs[i].up);
		arm(mode, nth);
		int rc = ask(&pairs[i].down, &e);
		fired = fault.fired;
		if (rc < 0)
			assert_non_null(strstr(e.msg, "injected"));
		must(&pairs[i].down);
		assert_picture(before, priv_op_to_string(pairs[i].down.op), nth);
	}
	assert_in_range(nth, 3, CALLS_MAX - 1);
}

static void a_failed_stop_is_finished_when_asked_again(void **state UNUSED)
{
	for (int i = 0; i < n_pairs(); i++) {
		char *before = picture();
		fail_down(i, FAIL_BEFORE, before);
		fail_down(i, FAIL_AFTER, before);
		fail_down(i, FAIL_FROM, before);
		free(before);
		must(&pairs[i].up);
	}
}

/* Switched as asked, or as it was. */
static void nat_is_switched_or_as_before(void **state UNUSED)
{
	const struct priv_request off = {.op = PRIV_GUEST_NAT, .vm_id = VM};
	const struct priv_request on = {.op = PRIV_GUEST_NAT, .vm_id = VM, .on = true};

	must(&pairs[0].up);
	must(&pairs[1].up);
	for (enum mode mode = FAIL_BEFORE; mode <= FAIL_AFTER; mode++) {
		bool fired = true;
		for (int nth = 1; fired; nth++) {
			struct nat_guest *list;
			struct err e = {0};
			int n;
			assert_true(nth < CALLS_MAX);
			must(&on);
			arm(mode, nth);
			int rc = ask(&off, &e);
			err_clear(&e);
			fired = fault.fired;
			arm(PASS, 0);
			assert_ok(REAL->guests(NULL, &list, &n, &e), &e);
			assert_int_equal(n, 1);
			assert_int_equal(list[0].nat, rc < 0);
			free(list);
		}
	}
}

static int cannot(const char *why)
{
	printf("%s\n", why);
	return 77;
}

static const char *move_in(void)
{
	if (geteuid() != 0)
		return "not root";
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		return "no namespaces for root here";
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return "no mounts for root here";
	if (access("/dev/net/tun", R_OK | W_OK) < 0 || access("/sys/module/bridge", F_OK) < 0)
		return "no bridges or no taps in this kernel";
	return NULL;
}

/* An uplink, whose forwarding is off. */
static const char *make_uplink(void)
{
	struct err e = {0};

	if (system("ip link add up0 type veth peer name up1 && ip link set up0 up && ip address add 192.0.2.1/24 dev up0 && "
		   "ip route add default via 192.0.2.2 dev up0") != 0)
		return "no veth in this kernel";
	return nat_run("flush ruleset\n", &e) < 0 ? "no nf_tables" : NULL;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(a_failed_start_leaves_what_was),
		T(a_start_that_cannot_be_undone_is_cleared_up),
		T(a_failed_stop_is_finished_when_asked_again),
		T(nat_is_switched_or_as_before),
	};
	const char *why = move_in();

	if (!why)
		why = make_uplink();
	if (why)
		return cannot(why);
	mappings = argc > 1 && strcmp(argv[1], "mappings") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
