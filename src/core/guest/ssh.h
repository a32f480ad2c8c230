/* SPDX-License-Identifier: MIT */
/*
 * SSH sessions and channels: libssh2's only door.
 *
 * One non-blocking session, two faces. The step driver (ssh_step, ssh_chan_*) never waits: it returns SSH_WANT_READ or
 * SSH_WANT_WRITE and the caller polls ssh_fd() for ssh_events(); it is what the UI thread and netio use. The helpers
 * that take `struct op *` are the same machine with the polling done inside.
 *
 * The server's host key must be the pinned ed25519 key; it is compared before anything about us is sent, and there is
 * no trust on first use. Login is by ed25519 key only.
 *
 * A session with all its channels belongs to one thread for life, but a session nobody uses yet may be handed over.
 *
 * Reading: libssh2 queues what it received for every channel and stream, so poll() says nothing about queued bytes.
 * Before sleeping, either every stream has answered SSH_WANT_READ *after* the last call on this session, or
 * ssh_chan_pending() is false for each channel (else poll with a timeout of 0).
 */
#ifndef CORE_GUEST_SSH_H
#define CORE_GUEST_SSH_H

#include "base/op.h"
#include "core/guest/keys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ssh;
struct ssh_chan;

enum ssh_io {
	SSH_DONE,
	SSH_WANT_READ,	/* nothing more until the socket is readable */
	SSH_WANT_WRITE, /* the socket is full */
	SSH_FAILED,	/* e is set; the session is of no use any more */
};

struct ssh_args {
	const char *host; /* literal IPv4 or IPv6 address; NULL = 127.0.0.1 */
	int port;
	const char *user;	  /* NULL = root */
	struct keys_pub host_key; /* the pinned key */
	struct keys_pair key;	  /* ours */
	int login_timeout_ms;	  /* TCP, banner, key exchange and login together; 0 = 30 s */
};

/* A session that has done no I/O yet. Copies what it needs of `a`. Never NULL. The caller frees it. */
struct ssh *ssh_new(const struct ssh_args *a);
/* Closes the socket at once (with a polite disconnect when it fits in the socket buffer), frees the session and every
 * channel of it that is left. Never waits. NULL is fine. */
void ssh_free(struct ssh *s);

static inline void ssh_free_ptr(struct ssh **s)
{
	ssh_free(*s);
}

#define auto_ssh __attribute__((cleanup(ssh_free_ptr))) struct ssh *

/* Go on with TCP connect, key exchange, host key check and login. SSH_DONE = logged in (and stays so when called
 * again). Failures: ERR_NET (refused, cut, unreachable), ERR_AUTH (host key differs, login refused), ERR_TIMEOUT
 * (login_timeout_ms), ERR_PROTO (not an SSH server we can speak to). */
NODISCARD enum ssh_io ssh_step(struct ssh *s, struct err *e);
/* What to poll for; the descriptor is -1 before the first step. Borrowed. */
int ssh_fd(const struct ssh *s);
short ssh_events(const struct ssh *s);
/* Until logged in: milliseconds until ssh_step() would say ERR_TIMEOUT. Afterwards -1. Fits poll(). */
int ssh_left_ms(const struct ssh *s);
/* Milliseconds since the guest last sent a byte. */
int64_t ssh_idle_ms(const struct ssh *s);
/* Ask the guest for a sign of life when it has been silent for interval_ms and was not asked since; to be called now
 * and then by who wants ssh_idle_ms() to tell a dead guest from a quiet one. SSH_DONE when there was nothing to do. */
NODISCARD enum ssh_io ssh_keepalive(struct ssh *s, int interval_ms, struct err *e);

/* Blocking: new session, connected and logged in. One attempt; who waits for a guest retries (ready.h). The caller
 * owns *ret. Errors as ssh_step(), plus ERR_CANCELED. */
NODISCARD int ssh_connect(struct op *op, const struct ssh_args *a, struct ssh **ret, struct err *e);

struct ssh_chan_args {
	const char *command; /* run by the guest's login shell; NULL = an interactive login shell */
	bool pty;
	const char *term; /* with pty: TERM; NULL = xterm-256color */
	int cols;	  /* with pty: 1..65535 */
	int rows;
};

enum ssh_stream { SSH_OUT = 0, SSH_ERR = 1 };

struct ssh_exit {
	int status; /* as a shell says it: exit status, or 128 + N when killed by signal N */
	int signo;  /* N as numbered on Linux, 0 when it exited; an unknown signal name: status 255, signo 0 */
};

/* A channel that has done no I/O yet. Never NULL. Belongs to the session: freed by ssh_chan_free() or ssh_free(). */
struct ssh_chan *ssh_chan_new(struct ssh *s, const struct ssh_chan_args *a);
/* Drops the channel and tells the guest, without waiting for its answer. When half a packet of this channel is stuck
 * in the socket the session is of no use afterwards (libssh2 could not send the other half). NULL is fine. */
void ssh_chan_free(struct ssh_chan *c);

/* Open it, ask for the pty, start the command. SSH_DONE = running (and stays so). ERR_PROTO when the guest refuses. */
NODISCARD enum ssh_io ssh_chan_step(struct ssh_chan *c, struct err *e);
/* Read at most n bytes. SSH_DONE with *ret_n > 0 bytes, or with *ret_n == 0 at the end of this stream. The window is
 * opened again as bytes are taken: not reading is how the guest is slowed down. */
NODISCARD enum ssh_io ssh_chan_read(struct ssh_chan *c, enum ssh_stream st, void *data, size_t n, size_t *ret_n,
				    struct err *e);
/* Accept up to n bytes; SSH_DONE with *ret_n > 0 of them taken (they are on their way or kept, at most 64 KiB), else
 * WANT_*. The bytes of a WANT_* are not taken. n > 0. Never after ssh_chan_send_eof(). */
NODISCARD enum ssh_io ssh_chan_write(struct ssh_chan *c, const void *data, size_t n, size_t *ret_n, struct err *e);
/* Push what was accepted: bytes, a new size, the end of input. SSH_DONE = nothing is kept back any more. To be called
 * after poll; reading and writing do it too. */
NODISCARD enum ssh_io ssh_chan_flush(struct ssh_chan *c, struct err *e);
/* Both only note the wish, in order after the bytes already accepted; ssh_chan_flush() carries it out. */
void ssh_chan_resize(struct ssh_chan *c, int cols, int rows);
void ssh_chan_send_eof(struct ssh_chan *c);
/* Bytes still kept back by us. */
size_t ssh_chan_queued(const struct ssh_chan *c);
/* True when a read would find something without the network: do not sleep. */
bool ssh_chan_pending(struct ssh_chan *c);
/* After both streams ended: wait for the guest's close and take the exit status. */
NODISCARD enum ssh_io ssh_chan_finish(struct ssh_chan *c, struct ssh_exit *ret, struct err *e);
struct ssh *ssh_chan_ssh(struct ssh_chan *c);
/* The oldest channel of the session that is still there, NULL = none: how the receiver of a handed-over session finds
 * the channel that was opened on it. Borrowed. */
struct ssh_chan *ssh_chan_first(struct ssh *s);

/* Blocking: open a channel on s. The caller frees *ret. */
NODISCARD int ssh_open(struct op *op, struct ssh *s, const struct ssh_chan_args *a, struct ssh_chan **ret,
		       struct err *e);

/* Number of a signal name as SSH writes it (RFC 4254 §6.10: "TERM", "KILL", …); 0 when unknown. */
int ssh_signal_number(const char *name);

#endif
