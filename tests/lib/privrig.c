/* SPDX-License-Identifier: MIT */
/*
 * The rig (see privrig.h).
 */
#include "tests/lib/privrig.h"

#include "base/fd.h"
#include "base/fs.h"
#include "core/priv/claims.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

static void make(const char *dir, const char *name, uint64_t size)
{
	char path[5000];
	struct err e = {0};

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (size == 0)
		assert_ok(fs_mkdir_p(path, 0700, &e), &e);
	else
		assert_ok(fs_create_sparse(path, size, 0600, &e), &e);
}

void privrig_init(struct privrig *r, void **state)
{
	struct err e = {0};

	*r = (struct privrig){.sock = -1, .served = -1};
	fake_host_init(&r->host);
	str_copy(r->dir, sizeof(r->dir), *state);
	make(r->dir, "state/vms/" PRIVRIG_VM, 0);
	make(r->dir, "state/vms/" PRIVRIG_VM2, 0);
	make(r->dir, "state/images/" PRIVRIG_IMAGE, 0);
	make(r->dir, "state/vms/" PRIVRIG_VM "/cow", 65536);
	make(r->dir, "state/images/" PRIVRIG_IMAGE "/rootfs.ext4", 1024 * 1024);
	snprintf(r->run, sizeof(r->run), "%s/run", r->dir);
	assert_ok(claims_open(r->run, &r->claims, &e), &e);
	r->state_dir = open(tmpdir_path(state, "state"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(r->state_dir >= 0);
	r->args = (struct serve_args){.run_dir = r->run, .stop_fd = -1, .host = &r->host.rows};
}

void privrig_done(struct privrig *r)
{
	(void)privrig_end(r);
	fd_close(&r->claims);
	fd_close(&r->state_dir);
}

static void *run(void *arg)
{
	struct privrig *r = arg;

	r->rc = serve_run(&r->args, &r->e);
	fd_close(&r->served);
	return NULL;
}

static size_t receive(struct privrig *r, uint8_t *data, size_t size)
{
	ssize_t n;

	do
		n = recv(r->sock, data, size, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? 0 : (size_t)n;
}

void privrig_connect(struct privrig *r)
{
	uint8_t data[CODEC_HELLO_SIZE + 1];
	struct codec_hello h;
	struct err e = {0};
	char uid[16];
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	r->sock = fds[0];
	r->served = fds[1];
	r->args.fd = fds[1];
	err_clear(&r->e);
	snprintf(uid, sizeof(uid), "%u", getuid());
	assert_ok(serve_identify(fds[1], uid, NULL, &r->args.peer, &e), &e);
	assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
	r->is_serving = true;
	assert_ok(codec_get_hello(CODEC_GREETING, data, receive(r, data, sizeof(data)), &h, &e), &e);
}

void privrig_open(struct privrig *r)
{
	privrig_connect(r);
	privrig_shake(r, r->state_dir, getuid(), getgid());
	assert_int_equal(privrig_hear(r, NULL), ERR_NONE);
}

int privrig_end(struct privrig *r)
{
	fd_close(&r->sock);
	if (r->is_serving)
		pthread_join(r->thread, NULL);
	r->is_serving = false;
	return r->rc;
}

bool privrig_send(int sock, const void *data, size_t n, const int *fds, int n_fds)
{
	union {
		char space[CMSG_SPACE(64 * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {.iov_base = (void *)data, .iov_len = n};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds > 0) {
		h.msg_control = control.space;
		h.msg_controllen = CMSG_SPACE((size_t)n_fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&h);
		*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS,
				      .cmsg_len = CMSG_LEN((size_t)n_fds * sizeof(int))};
		memcpy(CMSG_DATA(c), fds, (size_t)n_fds * sizeof(int));
	}
	return sendmsg(sock, &h, MSG_NOSIGNAL) == (ssize_t)n;
}

void privrig_shake(struct privrig *r, int dir_fd, uint32_t uid, uint32_t gid)
{
	uint8_t wire[CODEC_HELLO_SIZE];

	codec_put_hello(CODEC_HANDSHAKE, &(struct codec_hello){.uid = uid, .gid = gid}, wire);
	privrig_send(r->sock, wire, sizeof(wire), &dir_fd, 1);
}

void privrig_ask(struct privrig *r, const struct priv_request *q)
{
	struct codec_call c = {.seq = ++r->seq, .timeout_ms = 5000, .r = *q};
	uint8_t wire[CODEC_REQUEST_SIZE];

	codec_put_request(&c, wire);
	privrig_send(r->sock, wire, sizeof(wire), NULL, 0);
}

enum err_code privrig_hear(struct privrig *r, struct priv_reply *ret)
{
	static uint8_t data[CODEC_MESSAGE_MAX];
	struct priv_reply reply;
	struct err failed;
	struct err e = {0};
	uint32_t seq;
	size_t n = receive(r, data, sizeof(data));

	if (n == 0)
		return ERR_CODE_COUNT;
	assert_ok(codec_get_reply(data, n, &seq, &reply, &failed, &e), &e);
	assert_true(seq == 0 || seq <= r->seq);
	if (ret)
		*ret = reply;
	else
		priv_reply_done(&reply);
	return failed.code;
}

enum err_code privrig_call(struct privrig *r, const struct priv_request *q)
{
	privrig_ask(r, q);
	return privrig_hear(r, NULL);
}

struct priv_request privrig_net_up(void)
{
	return (struct priv_request){.op = PRIV_NET_UP, .net = {.cidr = "172.16.0.1/24"}};
}

struct priv_request privrig_guest_up(const char *vm_id, const char *ipv4)
{
	struct priv_request q = privrig_of_vm(PRIV_GUEST_UP, vm_id);

	str_copy(q.guest.ipv4, sizeof(q.guest.ipv4), ipv4);
	return q;
}

struct priv_request privrig_snap_up(void)
{
	struct priv_request q = privrig_of_vm(PRIV_SNAP_UP, PRIVRIG_VM);

	str_copy(q.snap.image_id, sizeof(q.snap.image_id), PRIVRIG_IMAGE);
	q.snap.bytes = (uint64_t)8 << 20;
	return q;
}

struct priv_request privrig_of_vm(enum priv_op op, const char *vm_id)
{
	struct priv_request q = {.op = op};

	str_copy(q.vm_id, sizeof(q.vm_id), vm_id);
	return q;
}
