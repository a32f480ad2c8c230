/* SPDX-License-Identifier: MIT */
/*
 * ed25519 key pairs: the person's login key and one host key per VM.
 *
 * Every format is written by us, so that a VM's host key is known before the first connection and nothing is trusted
 * on first use. Formats: the SSH public key blob (RFC 8709 §4), OpenSSH's private key file (PROTOCOL.key,
 * "openssh-key-v1", unencrypted) and dropbear's host key (a public blob whose second string is seed || public).
 */
#ifndef CORE_GUEST_KEYS_H
#define CORE_GUEST_KEYS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define KEYS_RAW_LEN 32
#define KEYS_SIG_LEN 64
#define KEYS_BLOB_LEN 51 /* string "ssh-ed25519" + string of 32 bytes */

/* Names inside the directories given to keys_user() and keys_vm_host(). */
#define KEYS_USER_FILE "id_ed25519"
#define KEYS_HOST_FILE "ssh_host_ed25519_key"

struct keys_pub {
	uint8_t raw[KEYS_RAW_LEN];
};

struct keys_pair {
	uint8_t seed[KEYS_RAW_LEN]; /* the secret (RFC 8032 §5.1.5) */
	struct keys_pub pub;
};

#define auto_keys_pair __attribute__((cleanup(keys_wipe))) struct keys_pair

/* Make a new pair from the system's random source. ERR_SYS when libcrypto refuses. */
NODISCARD int keys_make(struct keys_pair *ret, struct err *e);
/* Overwrite the secret. A zeroed pair is fine. */
void keys_wipe(struct keys_pair *k);
/* Detached signature of `data` (RFC 8032, pure ed25519). */
NODISCARD int keys_sign(const struct keys_pair *k, const void *data, size_t n, uint8_t ret_sig[KEYS_SIG_LEN],
			struct err *e);
bool keys_pub_equal(const struct keys_pub *a, const struct keys_pub *b);

/* The public key as it travels in SSH and stands base64-encoded in files. */
void keys_pub_blob(const struct keys_pub *p, uint8_t ret[KEYS_BLOB_LEN]);
/* The other way. ERR_PROTO unless it is exactly one ed25519 key. */
NODISCARD int keys_pub_from_blob(const void *blob, size_t n, struct keys_pub *ret, struct err *e);
/* Append "ssh-ed25519 AAAA…[ comment]", no newline: a .pub, authorized_keys or (after the hosts) known_hosts line. */
void keys_pub_format(const struct keys_pub *p, const char *comment, struct buf *out);
/* Parse a "ssh-ed25519 AAAA… [comment]" line. ERR_PROTO when it is anything else. */
NODISCARD int keys_pub_parse(const char *line, struct keys_pub *ret, struct err *e);
/* Append "SHA256:…" as ssh-keygen -l prints it. */
void keys_fingerprint(const struct keys_pub *p, struct buf *out);

/* Append the private key file of OpenSSH (PEM-like armour). `comment` must be a single line. */
void keys_format_openssh(const struct keys_pair *k, const char *comment, struct buf *out);
/* Parse it. ERR_PROTO when damaged or of another kind; an encrypted key is ERR_AUTH with a hint. */
NODISCARD int keys_parse_openssh(const char *text, size_t n, struct keys_pair *ret, struct err *e);
/* Append dropbear's binary host key file (what dropbearkey writes). */
void keys_format_dropbear(const struct keys_pair *k, struct buf *out);
NODISCARD int keys_parse_dropbear(const void *data, size_t n, struct keys_pair *ret, struct err *e);

/* Read a private key file of OpenSSH. ERR_NOT_FOUND when missing. May block on the disk. */
NODISCARD int keys_load(const char *path, struct keys_pair *ret, struct err *e);
/* The key in `dir`/`file`, made with `comment` when it is not there: 0600, its ".pub" beside it 0644, `dir` created
 * 0700. Atomic: of two processes racing here one makes the key and both return that one. An existing file that cannot
 * be read is an error and stays untouched. May block on the disk. */
NODISCARD int keys_load_or_make(const char *dir, const char *file, const char *comment, struct keys_pair *ret,
				struct err *e);
/* The person's own key: <state>/ssh/id_ed25519. */
NODISCARD int keys_user(const char *state_dir, struct keys_pair *ret, struct err *e);
/* A VM's host key: <vm_dir>/ssh_host_ed25519_key. */
NODISCARD int keys_vm_host(const char *vm_dir, struct keys_pair *ret, struct err *e);
/* Only the public half, from <vm_dir>/ssh_host_ed25519_key.pub: what a connection is checked against. Makes nothing;
 * ERR_NOT_FOUND when the VM has no key yet. */
NODISCARD int keys_vm_host_pub(const char *vm_dir, struct keys_pub *ret, struct err *e);

#endif
