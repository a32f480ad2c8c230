/* SPDX-License-Identifier: MIT */
/*
 * Messages of the helper's wire (see codec.h). Pure: bytes to values and back.
 *
 * Layouts are packed structs, filled and read by memcpy. Which fields an operation uses stands in one table, so that "the rest
 * is zero" needs no code per operation.
 */
#include "core/priv/codec.h"

#include "base/i18n.h"
#include "core/net/subnet.h"

#include <assert.h>
#include <string.h>

#define MAGIC 0x50474e42 /* "BNGP" */
#define PACKED __attribute__((packed))

struct head {
	uint32_t magic;
	uint16_t proto;
	uint16_t kind;
	uint32_t seq;
	uint32_t length; /* of the whole message */
} PACKED;

struct wire_hello {
	struct head head;
	uint32_t uid;
	uint32_t gid;
} PACKED;

struct wire_request {
	struct head head;
	uint16_t op;
	uint16_t zero;
	uint32_t timeout_ms;
	char vm_id[16];
	char image_id[16];
	char cidr[24];
	char ipv4[16];
	uint64_t bytes;
	uint8_t on;
	uint8_t zeros[7];
} PACKED;

struct wire_reply {
	struct head head;
	uint16_t code;
	uint16_t health;
	int32_t sys;
	char msg[512];
	char hint[256];
	char node[64];
	char note[120];
	uint64_t used_bytes;
	uint64_t total_bytes;
	uint64_t metadata_bytes;
	uint32_t n_items;
	char where[80];
	char fix[400];
	uint8_t ours;
	uint8_t whole;
	uint16_t n_guests;
	uint16_t n_mute;
	char mute[16];
	char foreign[24];
	uint8_t zeros[6];
} PACKED;

struct wire_item {
	char kind[12];
	char name[32];
	char vm_id[16];
} PACKED;

_Static_assert(sizeof(struct wire_hello) == CODEC_HELLO_SIZE, "hello");
_Static_assert(sizeof(struct wire_request) == CODEC_REQUEST_SIZE, "request");
_Static_assert(sizeof(struct wire_reply) == CODEC_REPLY_SIZE, "reply");
_Static_assert(sizeof(struct wire_item) == CODEC_ITEM_SIZE, "item");
_Static_assert(sizeof(((struct wire_reply *)0)->msg) == sizeof(((struct err *)0)->msg), "a whole message fits");
_Static_assert(sizeof(((struct wire_reply *)0)->hint) == sizeof(((struct err *)0)->hint), "a whole hint fits");

enum field { F_VM = 1, F_IMAGE = 2, F_CIDR = 4, F_IPV4 = 8, F_BYTES = 16, F_ON = 32 };

static const struct {
	const char *name;
	unsigned int fields;
} ops[PRIV_OP_COUNT] = {
	[PRIV_NONE] = {"none", 0},
	[PRIV_NET_UP] = {"net-up", F_CIDR},
	[PRIV_NET_DOWN] = {"net-down", 0},
	[PRIV_GUEST_UP] = {"guest-up", F_VM | F_IPV4 | F_ON},
	[PRIV_GUEST_DOWN] = {"guest-down", F_VM},
	[PRIV_GUEST_NAT] = {"guest-nat", F_VM | F_ON},
	[PRIV_SNAP_UP] = {"snap-up", F_VM | F_IMAGE | F_BYTES | F_ON},
	[PRIV_SNAP_DOWN] = {"snap-down", F_VM},
	[PRIV_SNAP_STATUS] = {"snap-status", F_VM},
	[PRIV_LIST] = {"list", 0},
	[PRIV_RULES] = {"rules", 0},
	[PRIV_NET_MEND] = {"net-mend", 0},
};

const char *priv_op_to_string(enum priv_op op)
{
	return (unsigned int)op < PRIV_OP_COUNT ? ops[op].name : "unknown";
}

void priv_reply_done(struct priv_reply *r)
{
	free(r->items);
	*r = (struct priv_reply){0};
}

static struct head head_make(enum codec_kind kind, uint32_t seq, size_t length)
{
	return (struct head){
		.magic = MAGIC, .proto = CODEC_PROTO, .kind = (uint16_t)kind, .seq = seq, .length = (uint32_t)length};
}

/* The size is compared by the caller, which knows what is to follow; `least` bytes are there to be read. */
static int head_get(const void *data, size_t n, size_t least, enum codec_kind kind, struct head *ret, struct err *e)
{
	if (n < sizeof(*ret))
		return err_set(e, ERR_PROTO, _("helper: a message of %zu bytes"), n);
	memcpy(ret, data, sizeof(*ret));
	if (ret->magic != MAGIC)
		return err_set(e, ERR_PROTO, _("helper: this is not its protocol"));
	if (ret->proto != CODEC_PROTO) {
		err_set(e, ERR_PROTO, _("helper: protocol %u, and this side speaks %u"), ret->proto, CODEC_PROTO);
		return err_hint(e, _("Install program and helper of one version."));
	}
	if (ret->kind != kind)
		return err_set(e, ERR_PROTO, _("helper: message of kind %u where %u was due"), ret->kind, (unsigned int)kind);
	if (n < least || ret->length != n)
		return err_set(e, ERR_PROTO, _("helper: a message of %zu bytes that claims %u"), n, ret->length);
	return 0;
}

static bool is_zero(const void *data, size_t n)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/* Text of a fixed field: terminated, zeros behind it, and not longer than `to` has room for. */
static int get_text(const char *field, size_t n, char *to, size_t size, struct err *e)
{
	size_t len = strnlen(field, n);

	if (len == n || len >= size || !is_zero(field + len, n - len))
		return err_set(e, ERR_PROTO, _("helper: a text that does not end within its field"));
	memcpy(to, field, len);
	memset(to + len, 0, size - len);
	return 0;
}

#define GET_TEXT(field, to, e) get_text(field, sizeof(field), to, sizeof(to), e)
/* The wire was zeroed; what does not fit was cut by whoever filled the source. */
#define PUT_TEXT(field, from) str_copy(field, sizeof(field), from)

void codec_put_hello(enum codec_kind kind, const struct codec_hello *h, uint8_t out[CODEC_HELLO_SIZE])
{
	struct wire_hello w = {.head = head_make(kind, 0, sizeof(w)), .uid = h->uid, .gid = h->gid};

	memcpy(out, &w, sizeof(w));
}

int codec_get_hello(enum codec_kind kind, const void *data, size_t n, struct codec_hello *ret, struct err *e)
{
	struct wire_hello w;
	struct head head;

	if (head_get(data, n, sizeof(w), kind, &head, e) < 0)
		return -1;
	if (n != sizeof(w) || head.seq != 0)
		return err_set(e, ERR_PROTO, _("helper: a greeting of %zu bytes"), n);
	memcpy(&w, data, sizeof(w));
	*ret = (struct codec_hello){.uid = w.uid, .gid = w.gid};
	return 0;
}

/* Where an operation with F_ON keeps it. */
static bool *switch_of(struct priv_request *r)
{
	return r->op == PRIV_GUEST_UP ? &r->guest.nat : r->op == PRIV_SNAP_UP ? &r->snap.revive : &r->on;
}

void codec_put_request(const struct codec_call *c, uint8_t out[CODEC_REQUEST_SIZE])
{
	struct priv_request r = c->r;
	struct wire_request w = {.head = head_make(CODEC_REQUEST, c->seq, sizeof(w)),
				 .op = (uint16_t)c->r.op,
				 .timeout_ms = c->timeout_ms};
	unsigned int fields = (unsigned int)c->r.op < PRIV_OP_COUNT ? ops[c->r.op].fields : 0;

	if (fields & F_VM)
		PUT_TEXT(w.vm_id, c->r.vm_id);
	if (fields & F_CIDR)
		PUT_TEXT(w.cidr, c->r.net.cidr);
	if (fields & F_IPV4)
		PUT_TEXT(w.ipv4, c->r.guest.ipv4);
	if (fields & F_IMAGE)
		PUT_TEXT(w.image_id, c->r.snap.image_id);
	if (fields & F_BYTES)
		w.bytes = c->r.snap.bytes;
	if (fields & F_ON)
		w.on = *switch_of(&r);
	memcpy(out, &w, sizeof(w));
}

/* The form: an operation there is, and nothing in the fields it does not use. */
static int check_form(const struct wire_request *w, struct err *e)
{
	if (w->op == PRIV_NONE || w->op >= PRIV_OP_COUNT)
		return err_set(e, ERR_PROTO, _("helper: operation %u is unknown"), w->op);
	unsigned int fields = ops[w->op].fields;
	if (w->head.seq == 0 || w->zero || !is_zero(w->zeros, sizeof(w->zeros)) ||
	    (!(fields & F_VM) && !is_zero(w->vm_id, sizeof(w->vm_id))) ||
	    (!(fields & F_IMAGE) && !is_zero(w->image_id, sizeof(w->image_id))) ||
	    (!(fields & F_CIDR) && !is_zero(w->cidr, sizeof(w->cidr))) ||
	    (!(fields & F_IPV4) && !is_zero(w->ipv4, sizeof(w->ipv4))) || (!(fields & F_BYTES) && w->bytes) ||
	    w->on > (fields & F_ON ? 1 : 0))
		return err_set(e, ERR_PROTO, _("helper: %s has no such field"), ops[w->op].name);
	return 0;
}

static int get_fields(const struct wire_request *w, struct priv_request *r, struct err *e)
{
	unsigned int fields = ops[w->op].fields;

	if (fields & F_VM && GET_TEXT(w->vm_id, r->vm_id, e) < 0)
		return -1;
	if (fields & F_CIDR && GET_TEXT(w->cidr, r->net.cidr, e) < 0)
		return -1;
	if (fields & F_IPV4 && GET_TEXT(w->ipv4, r->guest.ipv4, e) < 0)
		return -1;
	if (fields & F_IMAGE && GET_TEXT(w->image_id, r->snap.image_id, e) < 0)
		return -1;
	if (fields & F_BYTES)
		r->snap.bytes = w->bytes;
	if (fields & F_ON)
		*switch_of(r) = w->on;
	return 0;
}

static int check_values(const struct codec_call *c, struct err *e)
{
	const struct priv_request *r = &c->r;
	unsigned int fields = ops[r->op].fields;
	struct subnet net;
	uint32_t addr;

	if (c->timeout_ms == 0 || c->timeout_ms > PRIV_CALL_MAX_MS)
		return err_set(e, ERR_USAGE, _("helper: a time limit of %u ms"), c->timeout_ms);
	if ((fields & F_VM && !id_is_valid(r->vm_id)) || (fields & F_IMAGE && !id_is_valid(r->snap.image_id)))
		return err_set(e, ERR_USAGE, _("helper: that is no id"));
	if (fields & F_CIDR && subnet_parse(r->net.cidr, &net, e) < 0)
		return -1;
	if (fields & F_IPV4 && !subnet_parse_ipv4(r->guest.ipv4, &addr))
		return err_set(e, ERR_USAGE, _("a guest cannot have this address"));
	if (fields & F_BYTES &&
	    (r->snap.bytes == 0 || r->snap.bytes > PRIV_DISK_MAX || r->snap.bytes % PRIV_DISK_UNIT != 0))
		return err_set(e, ERR_USAGE, _("a disk cannot have this size"));
	return 0;
}

int codec_get_request(const void *data, size_t n, struct codec_call *ret, struct err *e)
{
	struct wire_request w;
	struct head head;

	*ret = (struct codec_call){0};
	if (head_get(data, n, sizeof(w), CODEC_REQUEST, &head, e) < 0)
		return -1;
	if (n != sizeof(w))
		return err_set(e, ERR_PROTO, _("helper: a request of %zu bytes"), n);
	memcpy(&w, data, sizeof(w));
	if (check_form(&w, e) < 0)
		return -1;
	ret->seq = head.seq;
	ret->timeout_ms = w.timeout_ms;
	ret->r.op = w.op;
	if (get_fields(&w, &ret->r, e) < 0)
		return -1;
	return check_values(ret, e);
}

void codec_put_reply(uint32_t seq, const struct priv_reply *r, const struct err *failed, struct buf *out)
{
	bool bad = err_is_set(failed);
	int n = bad ? 0 : MIN(r->n_items, PRIV_LIST_MAX);
	size_t length = sizeof(struct wire_reply) + (size_t)n * sizeof(struct wire_item);
	struct wire_reply w = {.head = head_make(CODEC_REPLY, seq, length)};

	if (bad) {
		w.code = (uint16_t)failed->code;
		w.sys = failed->sys;
		PUT_TEXT(w.msg, failed->msg);
		PUT_TEXT(w.hint, failed->hint);
	} else {
		PUT_TEXT(w.node, r->node);
		PUT_TEXT(w.note, r->note);
		PUT_TEXT(w.where, r->rules.where);
		PUT_TEXT(w.fix, r->rules.fix);
		PUT_TEXT(w.mute, r->rules.mute);
		PUT_TEXT(w.foreign, r->rules.foreign);
		w.ours = r->rules.ours;
		w.whole = r->rules.whole;
		w.n_guests = (uint16_t)MIN(r->rules.n_guests, UINT16_MAX);
		w.n_mute = (uint16_t)MIN(r->rules.n_mute, UINT16_MAX);
		w.health = (uint16_t)r->snap_status.health;
		w.used_bytes = r->snap_status.used_bytes;
		w.total_bytes = r->snap_status.total_bytes;
		w.metadata_bytes = r->snap_status.metadata_bytes;
		w.n_items = (uint32_t)n;
	}
	buf_add(out, &w, sizeof(w));
	for (int i = 0; i < n; i++) {
		struct wire_item item = {0};
		PUT_TEXT(item.kind, r->items[i].kind);
		PUT_TEXT(item.name, r->items[i].name);
		PUT_TEXT(item.vm_id, r->items[i].vm_id);
		buf_add(out, &item, sizeof(item));
	}
}

static int get_items(const uint8_t *data, uint32_t n, struct priv_reply *ret, struct err *e)
{
	auto_free struct priv_item *items = n ? xcalloc(n, sizeof(*items)) : NULL;

	for (uint32_t i = 0; i < n; i++) {
		struct wire_item w;
		memcpy(&w, data + i * sizeof(w), sizeof(w));
		if (GET_TEXT(w.kind, items[i].kind, e) < 0 || GET_TEXT(w.name, items[i].name, e) < 0 ||
		    GET_TEXT(w.vm_id, items[i].vm_id, e) < 0)
			return -1;
		if (items[i].vm_id[0] && !id_is_valid(items[i].vm_id))
			return err_set(e, ERR_PROTO, _("helper: an item of no VM"));
	}
	ret->items = TAKE_PTR(items);
	ret->n_items = (int)n;
	return 0;
}

static int get_values(const struct wire_reply *w, struct priv_reply *ret, struct err *ret_failed, struct err *e)
{
	if (w->code >= ERR_CODE_COUNT || w->health > DMSNAP_GONE || w->ours > 1 || w->whole > 1 ||
	    w->n_mute > w->n_guests || !is_zero(w->zeros, sizeof(w->zeros)))
		return err_set(e, ERR_PROTO, _("helper: a reply that makes no sense"));
	ret_failed->code = w->code;
	ret_failed->sys = w->sys;
	if (GET_TEXT(w->msg, ret_failed->msg, e) < 0 || GET_TEXT(w->hint, ret_failed->hint, e) < 0)
		return -1;
	ret->snap_status = (struct dmsnap_status){.health = w->health,
						  .used_bytes = w->used_bytes,
						  .total_bytes = w->total_bytes,
						  .metadata_bytes = w->metadata_bytes};
	ret->rules.ours = w->ours;
	ret->rules.whole = w->whole;
	ret->rules.n_guests = w->n_guests;
	ret->rules.n_mute = w->n_mute;
	if (GET_TEXT(w->mute, ret->rules.mute, e) < 0 || GET_TEXT(w->foreign, ret->rules.foreign, e) < 0)
		return -1;
	if (ret->rules.mute[0] && !id_is_valid(ret->rules.mute))
		return err_set(e, ERR_PROTO, _("helper: an item of no VM"));
	if (GET_TEXT(w->where, ret->rules.where, e) < 0 || GET_TEXT(w->fix, ret->rules.fix, e) < 0)
		return -1;
	return GET_TEXT(w->note, ret->note, e) < 0 ? -1 : GET_TEXT(w->node, ret->node, e);
}

int codec_get_reply(const void *data, size_t n, uint32_t *ret_seq, struct priv_reply *ret, struct err *ret_failed,
		    struct err *e)
{
	struct wire_reply w;
	struct head head;

	*ret = (struct priv_reply){0};
	*ret_failed = (struct err){0};
	if (head_get(data, n, sizeof(w), CODEC_REPLY, &head, e) < 0)
		return -1;
	memcpy(&w, data, sizeof(w));
	if (w.n_items > PRIV_LIST_MAX || n != sizeof(w) + w.n_items * sizeof(struct wire_item))
		return err_set(e, ERR_PROTO, _("helper: a reply of %zu bytes with %u items"), n, w.n_items);
	*ret_seq = head.seq;
	if (get_values(&w, ret, ret_failed, e) == 0 && get_items((const uint8_t *)data + sizeof(w), w.n_items, ret, e) == 0)
		return 0;
	priv_reply_done(ret);
	*ret_failed = (struct err){0};
	return -1;
}
