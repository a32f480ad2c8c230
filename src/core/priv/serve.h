/* SPDX-License-Identifier: MIT */
/*
 * The helper's side of the wire: who is there, what they may send, one request after the other.
 *
 * Every message carries its sender's credentials (SCM_CREDENTIALS, put there by the kernel): only the process that made the
 * socket pair is listened to, not whom it was handed to or forked. Only the handshake may carry a descriptor, one. What breaks
 * the form is answered with an error, and the end. A client that does not speak at first, or does not read, is hung up on.
 * One thread.
 */
#ifndef PRIV_SERVE_H
#define PRIV_SERVE_H

#include "base/err.h"
#include "core/priv/host.h"

#include <sys/socket.h>

#define SERVE_HANDSHAKE_MS 10000
#define SERVE_SEND_MS 10000

struct serve_args {
	int fd;		   /* the socket; borrowed */
	const char *run_dir; /* of the claims (claims_open()): made when the first request that changes something comes */
	int stop_fd;	   /* readable: end after the request under way; -1 for none */
	struct ucred peer; /* from serve_identify() */
	const struct priv_host *host;
	int handshake_ms; /* 0: SERVE_HANDSHAKE_MS */
	int send_ms;	  /* 0: SERVE_SEND_MS */
};

/* Is `fd` one end of a socket pair (SOCK_SEQPACKET, no name at either end) made by the user this process was started for?
 * sudo_uid and pkexec_uid are SUDO_UID and PKEXEC_UID, NULL when unset: every one that is set must name the maker, and one
 * must be set unless the maker is root. ERR_PERM with what is wrong. */
NODISCARD int serve_identify(int fd, const char *sudo_uid, const char *pkexec_uid, struct ucred *ret, struct err *e);

/* Greet, take the handshake, serve. 0 when the client hung up or stop_fd said so, -1 when we hung up on it, with why. Blocks
 * for as long as the client lives. */
NODISCARD int serve_run(const struct serve_args *a, struct err *e);

#endif
