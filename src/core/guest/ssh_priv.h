/* SPDX-License-Identifier: MIT */
/*
 * What ssh.c (sessions) and ssh_chan.c (channels) share. Nobody else includes this: it is the inside of the door.
 *
 * libssh2 has one rule that shapes everything here: when a call stopped halfway through sending a packet, the next
 * call that sends must be that same call again, any other fails with "bad use". `stuck` names the call in question;
 * whoever else comes answers SSH_WANT_WRITE without touching libssh2. That is why channels keep their own output
 * (bytes, size, end of input): it can be retried by whoever calls next.
 */
#ifndef CORE_GUEST_SSH_PRIV_H
#define CORE_GUEST_SSH_PRIV_H

#include "core/guest/ssh.h"

#include <libssh2.h>

enum ssh_call {
	CALL_NONE,
	CALL_KEEPALIVE,
	CALL_OPEN,
	CALL_BYTES,
	CALL_SIZE,
	CALL_EOF,
	CALL_READ_OUT,
	CALL_READ_ERR,
	CALL_FINISH,
	CALL_CLOSE,
};

enum ssh_phase { PHASE_NEW, PHASE_TCP, PHASE_KEX, PHASE_LOGIN, PHASE_READY, PHASE_DEAD };

struct ssh {
	int fd;
	enum ssh_phase phase;
	int port;
	char host[64];
	char user[33];
	struct keys_pub host_key;
	struct keys_pair key;
	uint8_t key_blob[KEYS_BLOB_LEN];
	LIBSSH2_SESSION *lib;
	int64_t login_by_ms;
	int login_timeout_ms;
	int64_t heard_ms; /* last byte from the guest */
	int64_t asked_ms; /* last keepalive, 0 = heard since */
	bool cut;	  /* the other side closed or the socket failed */
	bool flood;	  /* it sent more than a login can take */
	size_t turn_left; /* bytes this call may still receive: libssh2 reads as long as there is something */
	size_t login_left;
	bool closing; /* ssh_free(): the socket callbacks refuse to wait */
	enum ssh_call stuck;
	struct ssh_chan *stuck_chan;
	struct ssh_chan *opening; /* libssh2 keeps the state of an open in the session: one at a time */
	struct ssh_chan *chans;	  /* oldest first */
};

enum ssh_chan_phase { CHAN_NEW, CHAN_PTY, CHAN_START, CHAN_OPEN };

struct ssh_chan {
	struct ssh *ssh;
	struct ssh_chan *next;
	LIBSSH2_CHANNEL *lib;
	enum ssh_chan_phase phase;
	char *command;
	bool pty;
	char term[64];
	int cols, rows;
	int try_cols, try_rows; /* the size a stuck request carries */
	struct buf out;
	bool want_size;
	bool want_eof;
	bool sent_eof;
	bool ended[2]; /* by stream: its end was told */
	bool dropped;  /* freed by its owner; libssh2 still waits for the guest's close */
};

/* May `call` of `c` use libssh2 now? False: answer SSH_WANT_WRITE. Closes of dropped channels are finished first. */
bool ssh_may_call(struct ssh *s, const struct ssh_chan *c, enum ssh_call call);
/* Go on closing a dropped channel; frees it once libssh2 let go. */
void ssh_chan_reap(struct ssh_chan *c);
/* Turn libssh2's result into ours. rc >= 0 is SSH_DONE; EAGAIN is one of the WANTs and notes who is stuck; everything
 * else ends the session and sets e, `doing` naming what failed. */
enum ssh_io ssh_result(struct ssh *s, struct ssh_chan *c, enum ssh_call call, ssize_t rc, const char *doing,
		       struct err *e);
/* The answer of a session that has failed: it stays failed. */
enum ssh_io ssh_dead(struct err *e);

#endif
