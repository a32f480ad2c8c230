/* SPDX-License-Identifier: MIT */
/*
 * A hostile client against a real served loop. After each attack the host has not been touched, and the helper either still
 * serves or has hung up in order: told why, no descriptor kept. The attacks are rows of three tables and a few functions; each
 * has a name, printed when it succeeds.
 */
#include "tests/lib/privrig.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/fs.h"
#include "core/priv/claims.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#define OTHER_UID 61234

enum end { SERVES, HANGS_UP };

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* The helper is as it was, or gone. */
static void assert_end(struct privrig *r, const char *name, enum end want)
{
	struct priv_request list = {.op = PRIV_LIST};
	enum err_code got;

	if (atomic_load(&r->host.changes) != 0)
		fail_msg("%s: the host was touched", name);
	if (want == SERVES) {
		got = privrig_call(r, &list);
		if (got != ERR_NONE)
			fail_msg("%s: no service after it: %s", name, err_code_to_string(got));
		assert_int_equal(privrig_end(r), 0);
		return;
	}
	if (privrig_hear(r, NULL) != ERR_CODE_COUNT)
		fail_msg("%s: the helper did not hang up", name);
	if (privrig_end(r) != -1 || r->e.code == ERR_NONE)
		fail_msg("%s: the helper did not say why it hung up", name);
}

static void expect(const char *name, enum err_code want, enum err_code got)
{
	if (want != got)
		fail_msg("%s: %s instead of %s", name, got == ERR_CODE_COUNT ? "hung up" : err_code_to_string(got),
			 err_code_to_string(want));
}

/* ---- a request with bytes of its own ---- */

enum { MAGIC = 0, PROTO = 4, KIND = 6, SEQ = 8, LENGTH = 12, OP = 16, ZERO = 18, TIMEOUT = 20, VM_ID = 24, IMAGE = 40,
       CIDR = 56, IPV4 = 80, BYTES = 96, ON = 104, ZEROS = 105 };

#define TEXT(s) s, sizeof(s)	     /* with its NUL */
#define RAW(s) s, sizeof(s) - 1      /* without */
#define U64(hex8) RAW(hex8)

static const struct patch {
	const char *name;
	enum priv_op op;
	size_t at;
	const char *bytes;
	size_t n;
	enum err_code want;
	enum end end;
} patches[] = {
	{"operation 0", PRIV_LIST, OP, RAW("\0\0"), ERR_PROTO, HANGS_UP},
	{"operation that is not there", PRIV_LIST, OP, RAW("\14\0"), ERR_PROTO, HANGS_UP},
	{"operation 65535", PRIV_LIST, OP, RAW("\xff\xff"), ERR_PROTO, HANGS_UP},
	{"wrong magic", PRIV_LIST, MAGIC, RAW("EVIL"), ERR_PROTO, HANGS_UP},
	{"older version", PRIV_LIST, PROTO, RAW("\1\0"), ERR_PROTO, HANGS_UP},
	{"newer version", PRIV_LIST, PROTO, RAW("\6\0"), ERR_PROTO, HANGS_UP},
	{"a greeting from the client", PRIV_LIST, KIND, RAW("\1\0"), ERR_PROTO, HANGS_UP},
	{"a handshake as long as a request", PRIV_LIST, KIND, RAW("\2\0"), ERR_PROTO, HANGS_UP},
	{"a reply from the client", PRIV_LIST, KIND, RAW("\4\0"), ERR_PROTO, HANGS_UP},
	{"kind 65535", PRIV_LIST, KIND, RAW("\xff\xff"), ERR_PROTO, HANGS_UP},
	{"sequence 0, the helper's own", PRIV_LIST, SEQ, RAW("\0\0\0\0"), ERR_PROTO, HANGS_UP},
	{"claims to be shorter", PRIV_LIST, LENGTH, RAW("\20\0\0\0"), ERR_PROTO, HANGS_UP},
	{"claims four gigabytes", PRIV_LIST, LENGTH, RAW("\xff\xff\xff\xff"), ERR_PROTO, HANGS_UP},
	{"claims a negative length", PRIV_LIST, LENGTH, RAW("\0\0\0\x80"), ERR_PROTO, HANGS_UP},
	{"bytes in the reserved word", PRIV_LIST, ZERO, RAW("\1"), ERR_PROTO, HANGS_UP},
	{"bytes at the end", PRIV_LIST, ZEROS + 6, RAW("\1"), ERR_PROTO, HANGS_UP},
	{"no time limit", PRIV_LIST, TIMEOUT, RAW("\0\0\0\0"), ERR_USAGE, SERVES},
	{"a time limit of weeks", PRIV_LIST, TIMEOUT, RAW("\xff\xff\xff\xff"), ERR_USAGE, SERVES},
	{"VM where none belongs", PRIV_NET_UP, VM_ID, RAW("0"), ERR_PROTO, HANGS_UP},
	{"image where none belongs", PRIV_GUEST_UP, IMAGE, RAW("0"), ERR_PROTO, HANGS_UP},
	{"range where none belongs", PRIV_GUEST_UP, CIDR, RAW("1"), ERR_PROTO, HANGS_UP},
	{"address where none belongs", PRIV_NET_UP, IPV4, RAW("1"), ERR_PROTO, HANGS_UP},
	{"size where none belongs", PRIV_GUEST_UP, BYTES, RAW("\1"), ERR_PROTO, HANGS_UP},
	{"switch where none belongs", PRIV_GUEST_DOWN, ON, RAW("\1"), ERR_PROTO, HANGS_UP},
	{"a switch of 2", PRIV_GUEST_UP, ON, RAW("\2"), ERR_PROTO, HANGS_UP},
	{"a disk revived twice", PRIV_SNAP_UP, ON, RAW("\2"), ERR_PROTO, HANGS_UP},
	{"a switch of 255", PRIV_GUEST_NAT, ON, RAW("\xff"), ERR_PROTO, HANGS_UP},
	{"an id without an end", PRIV_SNAP_UP, VM_ID, RAW("0123456789abcdef"), ERR_PROTO, HANGS_UP},
	{"an image id without an end", PRIV_SNAP_UP, IMAGE, RAW("0123456789abcdef"), ERR_PROTO, HANGS_UP},
	{"a range without an end", PRIV_NET_UP, CIDR, RAW("172.16.0.1/24..........."), ERR_PROTO, HANGS_UP},
	{"an address without an end", PRIV_GUEST_UP, IPV4, RAW("172.16.0.2......"), ERR_PROTO, HANGS_UP},
	{"something behind the NUL of an id", PRIV_SNAP_UP, VM_ID, RAW("0123456789ab\0/x"), ERR_PROTO, HANGS_UP},
	{"something behind the NUL of a range", PRIV_NET_UP, CIDR, RAW("172.16.0.1/24\0;id"), ERR_PROTO, HANGS_UP},
	{"an id one digit too long", PRIV_SNAP_UP, VM_ID, TEXT("0123456789abc"), ERR_PROTO, HANGS_UP},
	{"an id one digit too short", PRIV_SNAP_UP, VM_ID, RAW("0123456789a\0"), ERR_USAGE, SERVES},
	{"an empty id", PRIV_SNAP_UP, VM_ID, RAW("\0\0\0\0\0\0\0\0\0\0\0\0"), ERR_USAGE, SERVES},
	{"path traversal as an id", PRIV_SNAP_UP, VM_ID, RAW("../../../etc"), ERR_USAGE, SERVES},
	{"path traversal as an image", PRIV_SNAP_UP, IMAGE, RAW("../vms/01234"), ERR_USAGE, SERVES},
	{"an absolute path as an id", PRIV_SNAP_UP, VM_ID, RAW("/etc/shadow1"), ERR_USAGE, SERVES},
	{"dots as an id", PRIV_GUEST_UP, VM_ID, RAW("............"), ERR_USAGE, SERVES},
	{"upper case as an id", PRIV_GUEST_UP, VM_ID, RAW("0123456789AB"), ERR_USAGE, SERVES},
	{"a newline as an id", PRIV_GUEST_UP, VM_ID, RAW("01234567\n9ab"), ERR_USAGE, SERVES},
	{"bytes beyond ASCII as an id", PRIV_GUEST_UP, VM_ID, RAW("\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6\xf5\xf4"), ERR_USAGE,
	 SERVES},
	{"the name of an interface as an id", PRIV_GUEST_DOWN, VM_ID, RAW("eth0\0\0\0\0\0\0\0\0"), ERR_USAGE, SERVES},
	{"the name of a bridge as an id", PRIV_GUEST_DOWN, VM_ID, RAW("br-banger\0\0\0"), ERR_USAGE, SERVES},
	{"everybody's addresses", PRIV_NET_UP, CIDR, RAW("0.0.0.0/0\0\0\0\0"), ERR_USAGE, SERVES},
	{"a public range", PRIV_NET_UP, CIDR, RAW("8.8.8.8/24\0\0\0"), ERR_USAGE, SERVES},
	{"loopback as the bridge", PRIV_NET_UP, CIDR, RAW("127.0.0.1/24\0"), ERR_USAGE, SERVES},
	{"link-local as the bridge", PRIV_NET_UP, CIDR, RAW("169.254.0.1/16"), ERR_USAGE, SERVES},
	{"multicast as the bridge", PRIV_NET_UP, CIDR, RAW("224.0.0.1/24\0"), ERR_USAGE, SERVES},
	{"a /8", PRIV_NET_UP, CIDR, RAW("10.0.0.1/08\0\0"), ERR_USAGE, SERVES},
	{"a /32", PRIV_NET_UP, CIDR, RAW("172.16.0.1/32"), ERR_USAGE, SERVES},
	{"a prefix of minus one", PRIV_NET_UP, CIDR, RAW("172.16.0.1/-1"), ERR_USAGE, SERVES},
	{"a rule in the range", PRIV_NET_UP, CIDR, RAW("10.0.0.1/24;}\0"), ERR_USAGE, SERVES},
	{"the network's own address", PRIV_NET_UP, CIDR, RAW("172.16.0.0/24"), ERR_USAGE, SERVES},
	{"the broadcast address", PRIV_NET_UP, CIDR, RAW("172.16.0.255/24"), ERR_USAGE, SERVES},
	{"a public guest", PRIV_GUEST_UP, IPV4, RAW("8.8.8.8\0\0\0"), ERR_USAGE, SERVES},
	{"a guest on loopback", PRIV_GUEST_UP, IPV4, RAW("127.0.0.1\0"), ERR_USAGE, SERVES},
	{"a rule in an address", PRIV_GUEST_UP, IPV4, RAW("1;drop\0\0\0\0"), ERR_USAGE, SERVES},
	{"size 0", PRIV_SNAP_UP, BYTES, U64("\0\0\0\0\0\0\0\0"), ERR_USAGE, SERVES},
	{"an odd size", PRIV_SNAP_UP, BYTES, U64("\1\x10\0\0\0\0\0\0"), ERR_USAGE, SERVES},
	{"a negative size", PRIV_SNAP_UP, BYTES, U64("\0\xf0\xff\xff\xff\xff\xff\xff"), ERR_USAGE, SERVES},
	{"the largest size", PRIV_SNAP_UP, BYTES, U64("\xff\xff\xff\xff\xff\xff\xff\xff"), ERR_USAGE, SERVES},
	{"a size that overflows in sectors", PRIV_SNAP_UP, BYTES, U64("\0\0\0\0\0\0\0\x80"), ERR_USAGE, SERVES},
	{"a page more than allowed", PRIV_SNAP_UP, BYTES, U64("\0\x10\0\0\x20\0\0\0"), ERR_USAGE, SERVES},
	{"a disk smaller than its image", PRIV_SNAP_UP, BYTES, U64("\0\x10\0\0\0\0\0\0"), ERR_USAGE, SERVES},
	{"another user's VM", PRIV_SNAP_UP, VM_ID, RAW("ffffffffffff"), ERR_NOT_FOUND, SERVES},
	{"another user's image", PRIV_SNAP_UP, IMAGE, RAW("ffffffffffff"), ERR_NOT_FOUND, SERVES},
	{"another user's guest", PRIV_GUEST_UP, VM_ID, RAW("ffffffffffff"), ERR_NOT_FOUND, SERVES},
	{"a guest before there is a network", PRIV_GUEST_UP, VM_ID, RAW(PRIVRIG_VM), ERR_STATE, SERVES},
	{"NAT of a guest that is not there", PRIV_GUEST_NAT, VM_ID, RAW(PRIVRIG_VM), ERR_NOT_FOUND, SERVES},
};

static struct priv_request request_of(enum priv_op op)
{
	if (op == PRIV_NET_UP)
		return privrig_net_up();
	if (op == PRIV_GUEST_UP)
		return privrig_guest_up(PRIVRIG_VM, "172.16.0.2");
	if (op == PRIV_SNAP_UP)
		return privrig_snap_up();
	if (op == PRIV_LIST || op == PRIV_RULES || op == PRIV_NET_MEND)
		return (struct priv_request){.op = op};
	return privrig_of_vm(op, PRIVRIG_VM);
}

static void wire_of(struct privrig *r, enum priv_op op, uint8_t wire[CODEC_REQUEST_SIZE])
{
	struct codec_call c = {.seq = ++r->seq, .timeout_ms = 5000, .r = request_of(op)};

	codec_put_request(&c, wire);
}

static void patched_requests(void **state)
{
	struct privrig r;

	privrig_init(&r, state);
	for (size_t i = 0; i < ARRAY_LEN(patches); i++) {
		const struct patch *p = &patches[i];
		uint8_t wire[CODEC_REQUEST_SIZE];
		int fds = count_fds();
		privrig_open(&r);
		wire_of(&r, p->op, wire);
		memcpy(wire + p->at, p->bytes, p->n);
		privrig_send(r.sock, wire, sizeof(wire), NULL, 0);
		expect(p->name, p->want, privrig_hear(&r, NULL));
		assert_end(&r, p->name, p->end);
		assert_int_equal(count_fds(), fds);
	}
	print_message("%zu patched requests\n", ARRAY_LEN(patches));
	privrig_done(&r);
}

/* ---- what lies in the state directory ---- */

static const char *in_state(const struct privrig *r, const char *name)
{
	static char paths[2][5000];
	static int turn;
	char *path = paths[turn++ % 2];

	snprintf(path, sizeof(paths[0]), "%s/state/%s", r->dir, name);
	return path;
}

#define COW "vms/" PRIVRIG_VM "/cow"
#define ROOTFS "images/" PRIVRIG_IMAGE "/rootfs.ext4"

static void replace_by_link(const struct privrig *r, const char *name, const char *target)
{
	assert_int_equal(rename(in_state(r, name), in_state(r, "aside")), 0);
	assert_int_equal(symlink(target, in_state(r, name)), 0);
}

static void cow_is_a_link(const struct privrig *r)
{
	replace_by_link(r, COW, "/etc/shadow");
}

static void cow_is_a_link_within(const struct privrig *r)
{
	replace_by_link(r, COW, "../../aside");
}

static void rootfs_is_a_link(const struct privrig *r)
{
	replace_by_link(r, ROOTFS, "/dev/sda");
}

static void vm_is_a_link(const struct privrig *r)
{
	replace_by_link(r, "vms/" PRIVRIG_VM, "../aside");
}

static void vms_is_a_link(const struct privrig *r)
{
	replace_by_link(r, "vms", "aside");
}

static void images_is_a_link_outside(const struct privrig *r)
{
	replace_by_link(r, "images", "/");
}

static void cow_is_a_magic_link(const struct privrig *r)
{
	replace_by_link(r, COW, "/proc/self/fd/0");
}

static void cow_has_two_names(const struct privrig *r)
{
	assert_int_equal(link(in_state(r, COW), in_state(r, "other-name")), 0);
}

static void rootfs_has_two_names(const struct privrig *r)
{
	assert_int_equal(link(in_state(r, ROOTFS), in_state(r, "other-name")), 0);
}

static void rootfs_is_the_cow(const struct privrig *r)
{
	assert_int_equal(unlink(in_state(r, ROOTFS)), 0);
	assert_int_equal(link(in_state(r, COW), in_state(r, ROOTFS)), 0);
}

static void cow_is_a_fifo(const struct privrig *r)
{
	assert_int_equal(unlink(in_state(r, COW)), 0);
	assert_int_equal(mkfifo(in_state(r, COW), 0600), 0);
}

static void rootfs_is_a_fifo(const struct privrig *r)
{
	assert_int_equal(unlink(in_state(r, ROOTFS)), 0);
	assert_int_equal(mkfifo(in_state(r, ROOTFS), 0600), 0);
}

static void cow_is_a_directory(const struct privrig *r)
{
	assert_int_equal(unlink(in_state(r, COW)), 0);
	assert_int_equal(mkdir(in_state(r, COW), 0700), 0);
}

static void cow_is_a_socket(const struct privrig *r)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(unlink(in_state(r, COW)), 0);
	str_copy(sa.sun_path, sizeof(sa.sun_path), in_state(r, COW));
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
}

static void cow_is_gone(const struct privrig *r)
{
	assert_int_equal(unlink(in_state(r, COW)), 0);
}

static void cow_is_empty(const struct privrig *r)
{
	assert_int_equal(truncate(in_state(r, COW), 0), 0);
}

static void rootfs_is_empty(const struct privrig *r)
{
	assert_int_equal(truncate(in_state(r, ROOTFS), 0), 0);
}

static void rootfs_is_larger_than_the_disk(const struct privrig *r)
{
	assert_int_equal(truncate(in_state(r, ROOTFS), (off_t)1 << 33), 0);
}

static void cow_is_huge(const struct privrig *r)
{
	assert_int_equal(truncate(in_state(r, COW), (off_t)1 << 40), 0);
}

static void cow_is_another_users(const struct privrig *r)
{
	assert_int_equal(chown(in_state(r, COW), OTHER_UID, OTHER_UID), 0);
}

static void rootfs_is_another_users(const struct privrig *r)
{
	assert_int_equal(chown(in_state(r, ROOTFS), OTHER_UID, OTHER_UID), 0);
	assert_int_equal(chmod(in_state(r, ROOTFS), 0666), 0);
}

static void cow_is_a_device(const struct privrig *r)
{
	assert_int_equal(unlink(in_state(r, COW)), 0);
	assert_int_equal(mknod(in_state(r, COW), S_IFBLK | 0600, makedev(7, 250)), 0);
}

static void rootfs_is_a_device(const struct privrig *r)
{
	assert_int_equal(unlink(in_state(r, ROOTFS)), 0);
	assert_int_equal(mknod(in_state(r, ROOTFS), S_IFCHR | 0600, makedev(1, 1)), 0);
}

static const struct trap {
	const char *name;
	void (*lay)(const struct privrig *r);
	enum err_code want;
	bool needs_root;
} traps[] = {
	{"cow is a link to a file of root's", cow_is_a_link, ERR_PERM, false},
	{"cow is a link within the state directory", cow_is_a_link_within, ERR_PERM, false},
	{"cow is a link to a descriptor", cow_is_a_magic_link, ERR_PERM, false},
	{"rootfs is a link to a disk", rootfs_is_a_link, ERR_PERM, false},
	{"vms/<id> is a link", vm_is_a_link, ERR_PERM, false},
	{"vms is a link", vms_is_a_link, ERR_PERM, false},
	{"images is a link to /", images_is_a_link_outside, ERR_PERM, false},
	{"cow has a second name", cow_has_two_names, ERR_PERM, false},
	{"rootfs has a second name", rootfs_has_two_names, ERR_PERM, false},
	{"rootfs and cow are one file", rootfs_is_the_cow, ERR_PERM, false},
	{"cow is a FIFO", cow_is_a_fifo, ERR_PERM, false},
	{"rootfs is a FIFO", rootfs_is_a_fifo, ERR_PERM, false},
	{"cow is a directory", cow_is_a_directory, ERR_PERM, false},
	{"cow is a socket", cow_is_a_socket, ERR_PERM, false},
	{"cow is not there", cow_is_gone, ERR_NOT_FOUND, false},
	{"cow is empty", cow_is_empty, ERR_USAGE, false},
	{"cow is a terabyte", cow_is_huge, ERR_USAGE, false},
	{"rootfs is empty", rootfs_is_empty, ERR_USAGE, false},
	{"rootfs is larger than the disk", rootfs_is_larger_than_the_disk, ERR_USAGE, false},
	{"cow is another user's", cow_is_another_users, ERR_PERM, true},
	{"rootfs is another user's, open to all", rootfs_is_another_users, ERR_PERM, true},
	{"cow is a block device", cow_is_a_device, ERR_PERM, true},
	{"rootfs is a character device", rootfs_is_a_device, ERR_PERM, true},
};

static void traps_in_the_state_directory(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(traps); i++) {
		struct privrig r;
		bool any = true;
		uid_t uid;
		struct err e = {0};
		if (traps[i].needs_root && getuid() != 0)
			continue;
		privrig_init(&r, state);
		traps[i].lay(&r);
		privrig_open(&r);
		struct priv_request q = privrig_snap_up();
		expect(traps[i].name, traps[i].want, privrig_call(&r, &q));
		assert_ok(claims_snap(r.claims, PRIVRIG_VM, &any, &uid, &e), &e);
		assert_false(any);
		assert_end(&r, traps[i].name, SERVES);
		privrig_done(&r);
		assert_ok(fs_remove_tree(tmpdir_path(state, "state"), &e), &e);
		assert_ok(fs_remove_tree(tmpdir_path(state, "run"), &e), &e);
	}
	print_message("%zu traps\n", ARRAY_LEN(traps));
}

/* ---- the connection itself ---- */

static void send_length(struct privrig *r, size_t n)
{
	static uint8_t data[65536];

	wire_of(r, PRIV_LIST, data);
	privrig_send(r->sock, data, n, NULL, 0);
}

static void empty_message(struct privrig *r)
{
	send_length(r, 0);
}

static void one_byte(struct privrig *r)
{
	send_length(r, 1);
}

static void half_a_request(struct privrig *r)
{
	send_length(r, CODEC_REQUEST_SIZE / 2);
}

static void all_but_a_byte(struct privrig *r)
{
	send_length(r, CODEC_REQUEST_SIZE - 1);
}

static void a_byte_too_many(struct privrig *r)
{
	send_length(r, CODEC_REQUEST_SIZE + 1);
}

static void sixty_four_kilobytes(struct privrig *r)
{
	send_length(r, 65536);
}

static void two_requests_in_one(struct privrig *r)
{
	send_length(r, (size_t)CODEC_REQUEST_SIZE * 2);
}

static void send_with_fds(struct privrig *r, int n, size_t length)
{
	uint8_t wire[CODEC_REQUEST_SIZE];
	int fds[64];

	wire_of(r, PRIV_LIST, wire);
	for (int i = 0; i < n; i++)
		fds[i] = r->state_dir;
	privrig_send(r->sock, wire, length, fds, n);
}

static void a_descriptor_with_a_request(struct privrig *r)
{
	send_with_fds(r, 1, CODEC_REQUEST_SIZE);
}

static void sixty_descriptors(struct privrig *r)
{
	send_with_fds(r, 60, CODEC_REQUEST_SIZE);
}

static void a_descriptor_with_nothing(struct privrig *r)
{
	uint8_t none = 0;

	privrig_send(r->sock, &none, 0, &r->state_dir, 1);
}

static void the_handshake_again(struct privrig *r)
{
	privrig_shake(r, r->state_dir, getuid(), getgid());
}

static void another_handshake(struct privrig *r)
{
	auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	privrig_shake(r, root, 0, 0);
}

/* A child that inherited the socket: not the process that made it. */
static void a_forked_child(struct privrig *r)
{
	uint8_t wire[CODEC_REQUEST_SIZE];
	int status;

	wire_of(r, PRIV_NET_UP, wire);
	pid_t pid = fork();
	if (pid == 0)
		_exit(privrig_send(r->sock, wire, sizeof(wire), NULL, 0) ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void another_users_process(struct privrig *r)
{
	uint8_t wire[CODEC_REQUEST_SIZE];
	int status;

	wire_of(r, PRIV_NET_UP, wire);
	pid_t pid = fork();
	if (pid == 0)
		_exit(setresuid(OTHER_UID, OTHER_UID, OTHER_UID) == 0 &&
				      privrig_send(r->sock, wire, sizeof(wire), NULL, 0)
			      ? 0
			      : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static const struct breach {
	const char *name;
	void (*run)(struct privrig *r);
	enum err_code want;
	bool needs_root;
} breaches[] = {
	{"an empty message", empty_message, ERR_PROTO, false},
	{"one byte", one_byte, ERR_PROTO, false},
	{"half a request", half_a_request, ERR_PROTO, false},
	{"a request without its last byte", all_but_a_byte, ERR_PROTO, false},
	{"a request and a byte", a_byte_too_many, ERR_PROTO, false},
	{"64 KiB", sixty_four_kilobytes, ERR_PROTO, false},
	{"two requests in one message", two_requests_in_one, ERR_PROTO, false},
	{"a descriptor with a request", a_descriptor_with_a_request, ERR_PROTO, false},
	{"sixty descriptors with a request", sixty_descriptors, ERR_PROTO, false},
	{"a descriptor with an empty message", a_descriptor_with_nothing, ERR_PROTO, false},
	{"the handshake replayed", the_handshake_again, ERR_PROTO, false},
	{"a handshake with /, later", another_handshake, ERR_PROTO, false},
	{"the socket in a forked child", a_forked_child, ERR_PERM, false},
	{"the socket in another user's process", another_users_process, ERR_PERM, true},
};

static void breaches_of_the_connection(void **state)
{
	struct privrig r;

	privrig_init(&r, state);
	for (size_t i = 0; i < ARRAY_LEN(breaches); i++) {
		int fds = count_fds();
		if (breaches[i].needs_root && getuid() != 0)
			continue;
		privrig_open(&r);
		breaches[i].run(&r);
		expect(breaches[i].name, breaches[i].want, privrig_hear(&r, NULL));
		assert_end(&r, breaches[i].name, HANGS_UP);
		/* Whatever was smuggled in is closed. */
		assert_int_equal(count_fds(), fds);
	}
	print_message("%zu breaches\n", ARRAY_LEN(breaches));
	privrig_done(&r);
}

/* ---- the handshake ---- */

static void refused_handshake(struct privrig *r, const char *name, int dir_fd, uint32_t uid, enum err_code want)
{
	privrig_connect(r);
	privrig_shake(r, dir_fd, uid, getgid());
	expect(name, want, privrig_hear(r, NULL));
	assert_end(r, name, HANGS_UP);
}

static void bad_handshakes(void **state)
{
	auto_fd file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	auto_fd sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_fd tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct privrig r;

	privrig_init(&r, state);
	refused_handshake(&r, "a device as the state directory", file, getuid(), ERR_PERM);
	refused_handshake(&r, "a socket as the state directory", sock, getuid(), ERR_PERM);
	refused_handshake(&r, "a directory everybody writes in", tmp, getuid(), ERR_PERM);
	assert_int_equal(fchmod(r.state_dir, 0770), 0);
	refused_handshake(&r, "a state directory its group writes in", r.state_dir, getuid(), ERR_PERM);
	assert_int_equal(fchmod(r.state_dir, 0700), 0);
	if (getuid() == 0) {
		assert_int_equal(fchown(r.state_dir, OTHER_UID, OTHER_UID), 0);
		refused_handshake(&r, "another user's state directory", r.state_dir, 0, ERR_PERM);
		assert_int_equal(fchown(r.state_dir, 0, 0), 0);
	} else {
		refused_handshake(&r, "things made for root", r.state_dir, 0, ERR_PERM);
	}
	/* A request instead of it, two descriptors, none. */
	struct priv_request q = privrig_net_up();
	privrig_connect(&r);
	expect("a request before the handshake", ERR_PROTO, privrig_call(&r, &q));
	assert_end(&r, "a request before the handshake", HANGS_UP);
	uint8_t wire[CODEC_HELLO_SIZE];
	int two[] = {r.state_dir, r.state_dir};
	codec_put_hello(CODEC_HANDSHAKE, &(struct codec_hello){.uid = getuid(), .gid = getgid()}, wire);
	for (int n = 0; n <= 2; n += 2) {
		privrig_connect(&r);
		privrig_send(r.sock, wire, sizeof(wire), two, n);
		expect("a handshake with 0 or 2 descriptors", ERR_PROTO, privrig_hear(&r, NULL));
		assert_end(&r, "a handshake with 0 or 2 descriptors", HANGS_UP);
	}
	privrig_done(&r);
}

static void a_client_that_never_speaks(void **state)
{
	struct privrig r;

	privrig_init(&r, state);
	r.args.handshake_ms = 20;
	privrig_connect(&r);
	assert_int_equal(privrig_hear(&r, NULL), ERR_CODE_COUNT);
	assert_int_equal(privrig_end(&r), -1);
	assert_int_equal(r.e.code, ERR_TIMEOUT);
	privrig_done(&r);
}

/* As many requests as the socket takes, and nobody reads the replies. */
static void a_flood_nobody_reads_the_answers_of(void **state)
{
	struct priv_request q = {.op = PRIV_LIST};
	struct privrig r;

	privrig_init(&r, state);
	r.args.send_ms = 50;
	privrig_open(&r);
	struct err e = {0};
	assert_ok(fd_set_nonblock(r.sock, true, &e), &e);
	int64_t until = clock_mono_ms() + 20000;
	struct pollfd p = {.fd = r.sock, .events = POLLRDHUP};
	while (!(p.revents & POLLHUP) && clock_mono_ms() < until) {
		struct codec_call c = {.seq = ++r.seq, .timeout_ms = 1000, .r = q};
		uint8_t wire[CODEC_REQUEST_SIZE];
		codec_put_request(&c, wire);
		if (!privrig_send(r.sock, wire, sizeof(wire), NULL, 0))
			poll(&p, 1, 5);
		p.events = 0;
		poll(&p, 1, 0);
	}
	assert_int_equal(privrig_end(&r), -1);
	assert_int_equal(r.e.code, ERR_TIMEOUT);
	assert_int_equal(r.host.changes, 0);
	privrig_done(&r);
}

/* Ten thousand in a row, read: answered, each. */
static void a_flood(void **state)
{
	struct priv_request bad = privrig_of_vm(PRIV_GUEST_NAT, PRIVRIG_VM);
	struct privrig r;
	int fds = count_fds();

	privrig_init(&r, state);
	privrig_open(&r);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(privrig_call(&r, &bad), ERR_NOT_FOUND);
	assert_end(&r, "flood", SERVES);
	privrig_done(&r);
	assert_int_equal(count_fds(), fds);
}

static void hang_up(void *arg)
{
	shutdown(*(const int *)arg, SHUT_RDWR);
}

/* At each change of each operation that takes things. */
static void a_client_that_dies_in_the_middle(void **state)
{
	struct priv_request qs[] = {privrig_net_up(), privrig_snap_up()};
	struct privrig r;

	for (size_t k = 0; k < ARRAY_LEN(qs); k++) {
		for (int nth = 1; nth <= (qs[k].op == PRIV_NET_UP ? 4 : 1); nth++) {
			struct claims_owner owner;
			struct err e = {0};
			bool any;
			uid_t uid;
			int sock;
			privrig_init(&r, state);
			r.host.hook = hang_up;
			r.host.hook_arg = &sock;
			r.host.hook_at = nth;
			privrig_open(&r);
			sock = r.sock; /* the other thread's copy: ours is closed while it may still look */
			privrig_ask(&r, &qs[k]);
			assert_int_equal(privrig_hear(&r, NULL), ERR_CODE_COUNT);
			assert_int_equal(privrig_end(&r), 0);
			assert_true(r.host.changes >= nth);
			assert_true(fake_host_is_empty(&r.host));
			assert_ok(claims_owner(r.claims, &owner, &e), &e);
			assert_ok(claims_snap(r.claims, PRIVRIG_VM, &any, &uid, &e), &e);
			assert_false(owner.any || any);
			privrig_done(&r);
			assert_ok(fs_remove_tree(tmpdir_path(state, "state"), &e), &e);
			assert_ok(fs_remove_tree(tmpdir_path(state, "run"), &e), &e);
		}
	}
}

/* ---- who may have a helper at all ---- */

static enum err_code identify(int fd, const char *sudo_uid, const char *pkexec_uid)
{
	struct ucred cred;
	struct err e = {0};

	(void)!serve_identify(fd, sudo_uid, pkexec_uid, &cred, &e);
	return e.code;
}

static void only_a_socket_pair_is_served(void **state)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
	auto_fd listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	auto_fd client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	auto_fd inet = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char uid[16];
	int fds[2];

	snprintf(uid, sizeof(uid), "%u", getuid());
	assert_int_equal(identify(-1, uid, NULL), ERR_PERM);
	assert_int_equal(identify(null, uid, NULL), ERR_PERM);
	assert_int_equal(identify(inet, uid, NULL), ERR_PERM);
	assert_int_equal(identify(client, uid, NULL), ERR_PERM);
	str_copy(sa.sun_path, sizeof(sa.sun_path), tmpdir_path(state, "s"));
	assert_int_equal(bind(listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(identify(listener, uid, NULL), ERR_PERM);
	assert_int_equal(connect(client, (struct sockaddr *)&sa, sizeof(sa)), 0);
	auto_fd accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(identify(client, uid, NULL), ERR_PERM);
	assert_int_equal(identify(accepted, uid, NULL), ERR_PERM);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(identify(fds[0], uid, NULL), ERR_PERM);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	assert_int_equal(fd_pipe(fds, NULL), 0);
	assert_int_equal(identify(fds[0], uid, NULL), ERR_PERM);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(identify(fds[0], uid, NULL), ERR_NONE);
	assert_int_equal(identify(fds[0], NULL, uid), ERR_NONE);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

/* A pair that an ordinary user made. */
static void only_the_user_it_was_started_for(void **state UNUSED)
{
	int fds[2];

	if (getuid() == 0)
		assert_int_equal(seteuid(OTHER_UID), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	uid_t maker = geteuid();
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	char own[16];
	char other[16];
	char tail[20];
	snprintf(own, sizeof(own), "%u", maker);
	snprintf(other, sizeof(other), "%u", maker + 1);
	snprintf(tail, sizeof(tail), "%u ", maker);
	assert_int_equal(identify(fds[0], own, NULL), ERR_NONE);
	assert_int_equal(identify(fds[0], NULL, own), ERR_NONE);
	assert_int_equal(identify(fds[0], own, own), ERR_NONE);
	static const char *const bad[] = {"", "0", "-1", "4294967295", "99999999999999999999", "root", " 0", "0x0"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(identify(fds[0], bad[i], NULL), ERR_PERM);
	assert_int_equal(identify(fds[0], NULL, NULL), ERR_PERM);
	assert_int_equal(identify(fds[0], other, NULL), ERR_PERM);
	assert_int_equal(identify(fds[0], NULL, other), ERR_PERM);
	assert_int_equal(identify(fds[0], own, other), ERR_PERM);
	assert_int_equal(identify(fds[0], other, own), ERR_PERM);
	assert_int_equal(identify(fds[0], tail, NULL), ERR_PERM);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(patched_requests, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(traps_in_the_state_directory, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(breaches_of_the_connection, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(bad_handshakes, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(a_client_that_never_speaks, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(a_flood, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(a_flood_nobody_reads_the_answers_of, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(a_client_that_dies_in_the_middle, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test_setup_teardown(only_a_socket_pair_is_served, tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test(only_the_user_it_was_started_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
