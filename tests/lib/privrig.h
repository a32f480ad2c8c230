/* SPDX-License-Identifier: MIT */
/*
 * A served helper loop with a fake host, on a thread, and the bare socket of its client: for tests that speak well and ill.
 *
 * The state directory has one image and two VMs of whoever runs the test.
 */
#ifndef TESTS_LIB_PRIVRIG_H
#define TESTS_LIB_PRIVRIG_H

#include "tests/lib/test.h"

#include "core/priv/codec.h"
#include "core/priv/serve.h"
#include "tests/lib/fake_host.h"

#include <pthread.h>

#define PRIVRIG_VM "0123456789ab"
#define PRIVRIG_VM2 "00000000000b"
#define PRIVRIG_IMAGE "ba9876543210"

struct privrig {
	struct fake_host host;
	char dir[4096]; /* state/ and run/ are in it */
	char run[5000];
	int claims;
	int state_dir;
	int sock; /* the client's end; -1 when hung up */
	int served;
	pthread_t thread;
	bool is_serving;
	struct serve_args args;
	int rc; /* of serve_run(), after privrig_end() */
	struct err e;
	uint32_t seq;
};

void privrig_init(struct privrig *r, void **state);
void privrig_done(struct privrig *r);

/* A helper for this client; its greeting has been read. */
void privrig_connect(struct privrig *r);
/* ... and hands are shaken. */
void privrig_open(struct privrig *r);
/* Hang up, wait for the helper. What serve_run() returned. */
int privrig_end(struct privrig *r);

/* As it comes: any bytes, any descriptors. False when it could not be sent any more. */
bool privrig_send(int sock, const void *data, size_t n, const int *fds, int n_fds);
void privrig_shake(struct privrig *r, int dir_fd, uint32_t uid, uint32_t gid);
void privrig_ask(struct privrig *r, const struct priv_request *q);
/* The next reply: its error's code, ERR_NONE for success; ERR_CODE_COUNT when the helper has hung up. `ret` may be NULL. */
enum err_code privrig_hear(struct privrig *r, struct priv_reply *ret);
/* Ask and hear. */
enum err_code privrig_call(struct privrig *r, const struct priv_request *q);

struct priv_request privrig_net_up(void);
struct priv_request privrig_guest_up(const char *vm_id, const char *ipv4);
struct priv_request privrig_snap_up(void);
struct priv_request privrig_of_vm(enum priv_op op, const char *vm_id);

#endif
