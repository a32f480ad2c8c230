/* SPDX-License-Identifier: MIT */
/*
 * A real OpenSSH server for tests, on a loopback port, with its own host key and one authorized key.
 *
 * A thread accepts and starts one `sshd -i` per connection, so there is no waiting for a daemon to come up, no race
 * for the port, and a test can cut exactly its own connections. It touches nothing outside its directory except
 * /run/sshd, which sshd wants as root.
 */
#ifndef TESTS_LIB_SSHD_H
#define TESTS_LIB_SSHD_H

#include "core/guest/ssh.h"

#include <stdbool.h>

struct sshd;

/* False when there is no sshd on this machine: say so loudly and skip(). */
bool sshd_available(void);

/* Keys, configuration (`extra` lines may be NULL) and an empty directory bin/ that is first on the PATH of sessions, in
 * `dir`. Fails the test when it cannot. */
struct sshd *sshd_start(const char *dir, const char *extra);
void sshd_stop(struct sshd *d);
/* Arguments that log in. */
struct ssh_args sshd_args(const struct sshd *d);
/* Kill the server side of every connection. */
void sshd_cut(struct sshd *d);
/* false: accept and close at once, as a port forwarder does before the guest listens. */
void sshd_answer(struct sshd *d, bool on);
/* Connections accepted so far. */
int sshd_accepted(const struct sshd *d);
/* An executable script on the sessions' PATH. */
void sshd_script(struct sshd *d, const char *name, const char *text);

/* What a test of sessions begins with: a directory, an op and a server. First in a fixture, whose address is the state. */
struct sshd_fixture {
	void *dir;
	struct sshd *sshd; /* NULL where there is none: see sshd_need() */
	struct op op;
};

NODISCARD int sshd_setup(struct sshd_fixture *f, const char *extra);
void sshd_teardown(struct sshd_fixture *f);
/* The state of a test that cannot do without a server: it is skipped where there is none. */
void *sshd_need(void **state);

#endif
