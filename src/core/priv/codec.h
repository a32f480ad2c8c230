/* SPDX-License-Identifier: MIT */
/*
 * The helper's wire: messages of fixed layout over a SOCK_SEQPACKET pair, one datagram a message.
 *
 *	helper -> client   greeting    the helper is there and speaks protocol CODEC_PROTO
 *	client -> helper   handshake   with exactly one descriptor: the state directory
 *	client -> helper   request     one at a time is answered, in order
 *	helper -> client   reply       a fixed part, and as many items as it says
 *
 * CODEC_PROTO changes when the layout or the meaning of anything here does, and with nothing else: a helper of an older build
 * that speaks the same number is as good. Numbers are the host's: both ends run on one kernel.
 *
 * Reading is strict: the length is exact, text is terminated within its field and followed by zeros alone, what an operation
 * does not use is zero. What breaks the form is ERR_PROTO (the helper hangs up); what has the form but asks for what is never
 * given (a public address, an odd size) is ERR_USAGE (the helper says so and goes on). Nothing here allocates by a number from
 * outside before it was compared with the message's length.
 */
#ifndef PRIV_CODEC_H
#define PRIV_CODEC_H

#include "base/buf.h"
#include "core/priv/priv.h"

#define CODEC_PROTO 5
#define CODEC_HELLO_SIZE 24
#define CODEC_REQUEST_SIZE 112
#define CODEC_REPLY_SIZE 1536
#define CODEC_ITEM_SIZE 60
#define CODEC_MESSAGE_MAX (CODEC_REPLY_SIZE + PRIV_LIST_MAX * CODEC_ITEM_SIZE)

enum codec_kind { CODEC_GREETING = 1, CODEC_HANDSHAKE, CODEC_REQUEST, CODEC_REPLY };

/* Greeting (zeros) and handshake: who gets what is made. */
struct codec_hello {
	uint32_t uid;
	uint32_t gid;
};
void codec_put_hello(enum codec_kind kind, const struct codec_hello *h, uint8_t out[CODEC_HELLO_SIZE]);
NODISCARD int codec_get_hello(enum codec_kind kind, const void *data, size_t n, struct codec_hello *ret, struct err *e);

struct codec_call {
	uint32_t seq;	     /* comes back in the reply; not 0 */
	uint32_t timeout_ms; /* how long the client waits; 1 to PRIV_CALL_MAX_MS */
	struct priv_request r;
};
void codec_put_request(const struct codec_call *c, uint8_t out[CODEC_REQUEST_SIZE]);
/* After ERR_USAGE ret->seq is still that of the message, so that the answer finds its question. */
NODISCARD int codec_get_request(const void *data, size_t n, struct codec_call *ret, struct err *e);

/* `failed` set: the reply is that error. More than PRIV_LIST_MAX items are left out. */
void codec_put_reply(uint32_t seq, const struct priv_reply *r, const struct err *failed, struct buf *out);
/* The caller owns ret (priv_reply_done) and finds the helper's own failure in *ret_failed. */
NODISCARD int codec_get_reply(const void *data, size_t n, uint32_t *ret_seq, struct priv_reply *ret, struct err *ret_failed,
			      struct err *e);


#endif
