/* SPDX-License-Identifier: MIT */
/*
 * priv/codec: what goes in comes out, and everything else is refused, with the difference between broken form (ERR_PROTO) and
 * impossible wish (ERR_USAGE).
 */
#include "tests/lib/test.h"

#include "core/priv/codec.h"

#define VM "0123456789ab"
#define IMAGE "ba9876543210"

static struct codec_call call_of(enum priv_op op)
{
	struct codec_call c = {.seq = 7, .timeout_ms = 1000, .r = {.op = op}};

	if (op != PRIV_NET_UP && op != PRIV_NET_DOWN && op != PRIV_LIST && op != PRIV_RULES && op != PRIV_NET_MEND)
		strcpy(c.r.vm_id, VM);
	if (op == PRIV_NET_UP)
		strcpy(c.r.net.cidr, "172.16.0.1/24");
	if (op == PRIV_GUEST_UP) {
		strcpy(c.r.guest.ipv4, "172.16.0.2");
		c.r.guest.nat = true;
	}
	if (op == PRIV_GUEST_NAT)
		c.r.on = true;
	if (op == PRIV_SNAP_UP) {
		strcpy(c.r.snap.image_id, IMAGE);
		c.r.snap.bytes = PRIV_DISK_MAX;
		c.r.snap.revive = true;
	}
	return c;
}

static void requests_go_round(void **state UNUSED)
{
	for (enum priv_op op = PRIV_NET_UP; op < PRIV_OP_COUNT; op++) {
		struct codec_call in = call_of(op);
		struct codec_call out;
		uint8_t wire[CODEC_REQUEST_SIZE];
		struct err e = {0};
		codec_put_request(&in, wire);
		assert_ok(codec_get_request(wire, sizeof(wire), &out, &e), &e);
		assert_int_equal(out.seq, 7);
		assert_int_equal(out.timeout_ms, 1000);
		assert_int_equal(out.r.op, op);
		assert_string_equal(out.r.vm_id, in.r.vm_id);
		if (op == PRIV_SNAP_UP)
			assert_true(out.r.snap.revive);
		uint8_t again[CODEC_REQUEST_SIZE];
		codec_put_request(&out, again);
		assert_memory_equal(again, wire, sizeof(wire));
	}
}

static void operations_have_names(void **state UNUSED)
{
	assert_string_equal(priv_op_to_string(PRIV_NET_UP), "net-up");
	assert_string_equal(priv_op_to_string(PRIV_LIST), "list");
	assert_string_equal(priv_op_to_string(PRIV_OP_COUNT), "unknown");
}

static void hellos_go_round(void **state UNUSED)
{
	struct codec_hello in = {.uid = 1000, .gid = 4000000000u};
	struct codec_hello out;
	uint8_t wire[CODEC_HELLO_SIZE + 1] = {0};
	struct err e = {0};

	codec_put_hello(CODEC_HANDSHAKE, &in, wire);
	assert_ok(codec_get_hello(CODEC_HANDSHAKE, wire, CODEC_HELLO_SIZE, &out, &e), &e);
	assert_memory_equal(&in, &out, sizeof(in));
	assert_err(codec_get_hello(CODEC_GREETING, wire, CODEC_HELLO_SIZE, &out, &e), &e, ERR_PROTO);
	for (size_t n = 0; n < CODEC_HELLO_SIZE; n++)
		assert_err(codec_get_hello(CODEC_HANDSHAKE, wire, n, &out, &e), &e, ERR_PROTO);
	assert_err(codec_get_hello(CODEC_HANDSHAKE, wire, sizeof(wire), &out, &e), &e, ERR_PROTO);
}

static void another_version_is_told(void **state UNUSED)
{
	struct codec_call in = call_of(PRIV_LIST);
	struct codec_call out;
	uint8_t wire[CODEC_REQUEST_SIZE];
	struct err e = {0};

	codec_put_request(&in, wire);
	wire[4] = CODEC_PROTO + 1;
	assert_int_equal(codec_get_request(wire, sizeof(wire), &out, &e), -1);
	assert_int_equal(e.code, ERR_PROTO);
	assert_non_null(strstr(e.msg, "protocol 6"));
	assert_non_null(strstr(e.hint, "one version"));
}

/* Whatever bit is turned: refused, or a request that still is one and says exactly what its bytes say. */
static void no_bit_is_unread(void **state UNUSED)
{
	for (enum priv_op op = PRIV_NET_UP; op < PRIV_OP_COUNT; op++) {
		for (size_t bit = 0; bit < (size_t)CODEC_REQUEST_SIZE * 8; bit++) {
			struct codec_call in = call_of(op);
			struct codec_call out;
			uint8_t wire[CODEC_REQUEST_SIZE];
			uint8_t again[CODEC_REQUEST_SIZE];
			codec_put_request(&in, wire);
			wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (codec_get_request(wire, sizeof(wire), &out, NULL) < 0)
				continue;
			codec_put_request(&out, again);
			assert_memory_equal(wire, again, sizeof(wire));
		}
	}
}

static void lengths_are_exact(void **state UNUSED)
{
	struct codec_call in = call_of(PRIV_GUEST_UP);
	uint8_t wire[CODEC_REQUEST_SIZE + 8] = {0};
	struct codec_call out;
	struct err e = {0};

	codec_put_request(&in, wire);
	for (size_t n = 0; n <= sizeof(wire); n++)
		if (n != CODEC_REQUEST_SIZE)
			assert_err(codec_get_request(wire, n, &out, &e), &e, ERR_PROTO);
}

/* A request with one text changed: what the helper would say. */
static enum err_code with_text(enum priv_op op, const char *text)
{
	struct codec_call c = call_of(op);
	uint8_t wire[CODEC_REQUEST_SIZE];
	struct codec_call out;
	struct err e = {0};

	if (op == PRIV_NET_UP)
		str_copy(c.r.net.cidr, sizeof(c.r.net.cidr), text);
	else if (op == PRIV_GUEST_UP)
		str_copy(c.r.guest.ipv4, sizeof(c.r.guest.ipv4), text);
	else if (op == PRIV_SNAP_UP)
		str_copy(c.r.snap.image_id, sizeof(c.r.snap.image_id), text);
	else
		str_copy(c.r.vm_id, sizeof(c.r.vm_id), text);
	codec_put_request(&c, wire);
	(void)!codec_get_request(wire, sizeof(wire), &out, &e);
	if (e.code == ERR_USAGE)
		assert_int_equal(out.seq, 7);
	return e.code;
}

static void ids_are_twelve_hex_digits(void **state UNUSED)
{
	static const char *const bad[] = {"", "0123456789a", "0123456789aB", "0123456789ag", "../../../etc", "01234567/9ab",
					  "0123456789.."};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(with_text(PRIV_GUEST_DOWN, bad[i]), ERR_USAGE);
		assert_int_equal(with_text(PRIV_SNAP_UP, bad[i]), ERR_USAGE);
	}
	assert_int_equal(with_text(PRIV_GUEST_DOWN, "ffffffffffff"), ERR_NONE);
}

static void bridges_have_private_addresses(void **state UNUSED)
{
	static const char *const bad[] = {
		"", "/24", "172.16.0.1", "172.16.0.1/", "172.16.0.1/8", "172.16.0.1/15", "172.16.0.1/29", "172.16.0.1/32",
		"172.16.0.1/024", "172.16.0.1/2 ", "172.16.0.1/-1", "172.16.0.1/+9", "172.16.0.0/24", "172.16.0.255/24",
		"0.0.0.0/0", "0.0.0.1/16", "8.8.8.8/24", "127.0.0.1/16", "169.254.1.1/16", "172.15.0.1/24", "172.32.0.1/24",
		"192.169.0.1/24", "11.0.0.1/24", "224.0.0.1/24", "255.255.255.1/24", "172.16.1/24", "0254.16.0.1/24",
		"::1/24", "172.16.0.1;x/24", " 10.0.0.1/24"};
	static const char *const good[] = {"172.16.0.1/24", "10.0.0.1/16", "192.168.255.17/28", "172.31.255.1/24"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(with_text(PRIV_NET_UP, bad[i]), ERR_USAGE);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(with_text(PRIV_NET_UP, good[i]), ERR_NONE);
}

static void guests_have_private_addresses(void **state UNUSED)
{
	static const char *const bad[] = {"", "8.8.8.8", "0.0.0.0", "127.0.0.1", "172.16.0", "172.16.0.2/24", "1.2.3.4.5", "a"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(with_text(PRIV_GUEST_UP, bad[i]), ERR_USAGE);
	assert_int_equal(with_text(PRIV_GUEST_UP, "10.9.8.7"), ERR_NONE);
}

static enum err_code with_numbers(uint64_t bytes, uint32_t timeout_ms)
{
	struct codec_call c = call_of(PRIV_SNAP_UP);
	uint8_t wire[CODEC_REQUEST_SIZE];
	struct err e = {0};

	c.r.snap.bytes = bytes;
	c.timeout_ms = timeout_ms;
	codec_put_request(&c, wire);
	(void)!codec_get_request(wire, sizeof(wire), &c, &e);
	return e.code;
}

static void sizes_have_limits(void **state UNUSED)
{
	static const uint64_t bad[] = {
		0, 1, 4095, 4097, 512, PRIV_DISK_MAX + 4096, (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 4095, (uint64_t)-4096};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(with_numbers(bad[i], 1000), ERR_USAGE);
	assert_int_equal(with_numbers(4096, 1), ERR_NONE);
	assert_int_equal(with_numbers(PRIV_DISK_MAX, PRIV_CALL_MAX_MS), ERR_NONE);
	assert_int_equal(with_numbers(4096, 0), ERR_USAGE);
	assert_int_equal(with_numbers(4096, PRIV_CALL_MAX_MS + 1), ERR_USAGE);
}

static void replies_go_round(void **state UNUSED)
{
	struct priv_item items[2] = {{"tap", "bgr" VM, VM}, {"bridge", "br-banger", ""}};
	struct priv_reply in = {.node = "/dev/banger/" VM,
				.note = "all but the names",
				.snap_status = {.health = DMSNAP_OVERFLOW, .used_bytes = 1, .total_bytes = 2, .metadata_bytes = 3},
				.rules = {.ours = true, .foreign = "inet banger", .n_guests = 3, .n_mute = 1, .mute = VM},
				.items = items,
				.n_items = 2};
	struct priv_reply out;
	auto_buf wire = {0};
	struct err failed;
	struct err e = {0};
	uint32_t seq;

	codec_put_reply(9, &in, NULL, &wire);
	assert_ok(codec_get_reply(wire.data, wire.len, &seq, &out, &failed, &e), &e);
	assert_int_equal(seq, 9);
	assert_int_equal(failed.code, ERR_NONE);
	assert_string_equal(out.node, in.node);
	assert_string_equal(out.note, in.note);
	assert_true(out.rules.ours && !out.rules.whole);
	assert_string_equal(out.rules.foreign, "inet banger");
	assert_int_equal(out.rules.n_guests, 3);
	assert_int_equal(out.rules.n_mute, 1);
	assert_string_equal(out.rules.mute, VM);
	assert_int_equal(out.snap_status.health, DMSNAP_OVERFLOW);
	assert_int_equal(out.snap_status.used_bytes, 1);
	assert_int_equal(out.snap_status.total_bytes, 2);
	assert_int_equal(out.snap_status.metadata_bytes, 3);
	assert_int_equal(out.n_items, 2);
	assert_string_equal(out.items[0].name, "bgr" VM);
	assert_string_equal(out.items[1].vm_id, "");
	priv_reply_done(&out);
	for (size_t n = 0; n < wire.len; n++)
		assert_err(codec_get_reply(wire.data, n, &seq, &out, &failed, &e), &e, ERR_PROTO);
}

static void errors_come_whole(void **state UNUSED)
{
	struct err in = {0};
	struct priv_reply out;
	auto_buf wire = {0};
	struct err failed;
	struct err e = {0};
	uint32_t seq;

	err_sys(&in, 28, "make it");
	err_hint(&in, "make room");
	codec_put_reply(9, &(struct priv_reply){0}, &in, &wire);
	assert_ok(codec_get_reply(wire.data, wire.len, &seq, &out, &failed, &e), &e);
	assert_memory_equal(&failed, &in, offsetof(struct err, msg));
	assert_string_equal(failed.msg, in.msg);
	assert_string_equal(failed.hint, in.hint);
	priv_reply_done(&out);
}

static void a_lying_reply_is_refused(void **state UNUSED)
{
	struct priv_reply out;
	struct err failed;
	struct err e = {0};
	uint32_t seq;

	for (size_t at = 0; at < 24; at++) {
		auto_buf wire = {0};
		codec_put_reply(9, &(struct priv_reply){0}, NULL, &wire);
		wire.data[at] = (char)0xff; /* header, error code, health, errno */
		if (codec_get_reply(wire.data, wire.len, &seq, &out, &failed, &e) < 0) {
			assert_int_equal(e.code, ERR_PROTO);
			err_clear(&e);
		} else {
			assert_true((at >= 8 && at < 12) || (at >= 20 && at < 24)); /* seq, errno: any number */
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_go_round),
		cmocka_unit_test(operations_have_names),
		cmocka_unit_test(hellos_go_round),
		cmocka_unit_test(another_version_is_told),
		cmocka_unit_test(no_bit_is_unread),
		cmocka_unit_test(lengths_are_exact),
		cmocka_unit_test(ids_are_twelve_hex_digits),
		cmocka_unit_test(bridges_have_private_addresses),
		cmocka_unit_test(guests_have_private_addresses),
		cmocka_unit_test(sizes_have_limits),
		cmocka_unit_test(replies_go_round),
		cmocka_unit_test(errors_come_whole),
		cmocka_unit_test(a_lying_reply_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
