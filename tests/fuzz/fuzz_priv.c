/* SPDX-License-Identifier: MIT */
/*
 * What a client could send the helper, and a helper the client: any bytes as any kind of message. What is taken must survive a
 * round trip, and never name what cannot be asked for.
 */
#include "core/net/subnet.h"
#include "core/priv/codec.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void as_request(const uint8_t *data, size_t n)
{
	uint8_t again[CODEC_REQUEST_SIZE];
	struct codec_call c;
	struct subnet net;

	if (codec_get_request(data, n, &c, NULL) < 0)
		return;
	if (c.r.vm_id[0] && !id_is_valid(c.r.vm_id))
		abort();
	if (c.r.op == PRIV_NET_UP && subnet_parse(c.r.net.cidr, &net, NULL) < 0)
		abort();
	codec_put_request(&c, again);
	if (n != sizeof(again) || memcmp(again, data, n) != 0)
		abort();
}

static void as_reply(const uint8_t *data, size_t n)
{
	struct priv_reply r;
	struct err failed;
	uint32_t seq;

	if (codec_get_reply(data, n, &seq, &r, &failed, NULL) < 0)
		return;
	auto_buf again = {0};
	codec_put_reply(seq, &r, &failed, &again);
	if (failed.code == ERR_NONE && r.n_items > PRIV_LIST_MAX)
		abort();
	priv_reply_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct codec_hello h;

	as_request(data, n);
	as_reply(data, n);
	(void)!codec_get_hello(CODEC_GREETING, data, n, &h, NULL);
	(void)!codec_get_hello(CODEC_HANDSHAKE, data, n, &h, NULL);
	return 0;
}
