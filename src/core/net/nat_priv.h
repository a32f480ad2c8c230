/* SPDX-License-Identifier: MIT */
/*
 * What the nat*.c files share: the state of our tables as read back, the text of single changes, and the two ways into
 * libnftables. Everything but nat_run(), nat_list() and nat_ask*.c is pure.
 */
#ifndef NET_NAT_PRIV_H
#define NET_NAT_PRIV_H

#include "base/json.h"
#include "core/net/nat.h"

/* Chains of table `ip filter` that others close and ours may open: Docker's, made for that, and the two that every iptables program
 * of the host shares. */
enum nat_door { NAT_DOOR_DOCKER, NAT_DOOR_FORWARD, NAT_DOOR_INPUT, NAT_DOOR_COUNT };
const char *nat_door_chain(enum nat_door door);

/* Begins the comment of every rule of ours there; tap or bridge follows. */
#define NAT_COMMENT LINK_ALIAS " "

/* A rule of ours in somebody else's chain. */
struct nat_rule {
	int64_t handle;
	enum nat_door door;
	char of[LINK_NAME_SIZE]; /* tap, or bridge */
};

/* The chain by which a table is known as ours. */
#define NAT_MARK "made_by_banger_tui"

struct nat_state {
	bool owns_inet; /* the table is there, and not somebody else's */
	bool owns_bridge;
	bool has_inet; /* ... and has its sets */
	bool has_bridge; /* the table `bridge banger` */
	bool is_whole; /* both have every rule of ours */
	char foreign[24]; /* as of struct nat_health */
	bool is_wanted[NAT_DOOR_COUNT]; /* our rules belong there */
	char inside[LINK_NAME_SIZE]; /* the bridge the tables are for */
	struct nat_guest *guests;
	int n_guests;
	char (*natted)[NAT_IPV4_SIZE];
	int n_natted;
	struct nat_rule *rules;
	int n_rules;
};

void nat_state_done(struct nat_state *s);
/* The guest of that tap, borrowed; NULL = none. */
const struct nat_guest *nat_state_find(const struct nat_state *s, const char *tap);

/* nat_ask.c. The number of the rule set's state, which every change of it raises; 0 = not known. ERR_MISSING when there is no nf_tables
 * (the kernel loads the module for the asking), ERR_PERM. */
NODISCARD int nat_ask_generation(uint32_t *ret, struct err *e);
/* Are they there? `family` is one of NFPROTO_*. */
NODISCARD int nat_ask_table(uint8_t family, const char *table, bool *ret, struct err *e);
NODISCARD int nat_ask_chain(uint8_t family, const char *table, const char *chain, bool *ret, struct err *e);

/* nat_read.c: each takes what one listing of libnftables said. Elements of a shape that is not ours are left out. */
/* Of the table `inet banger`; then of `bridge banger`: the first tells who has NAT on. */
void nat_read_inet(const struct json *list, struct nat_state *ret);
void nat_read_bridge(const struct json *list, struct nat_state *ret);
/* Of one chain: our rules in it, added to those of other chains. */
void nat_read_rules(const struct json *list, enum nat_door door, struct nat_state *ret);
/* Of one chain: does nothing leave it at its end? By its policy, or by a rule that drops or rejects whatever comes. */
bool nat_read_closes(const struct json *list);

/* nat_format.c: the commands of one transaction, appended. */
void nat_format_up(const struct nat_net *net, struct buf *out);
/* From `s` to a state where the tap has these values; remove it when !g. */
void nat_format_guest(const struct nat_state *s, const char *tap, const struct nat_guest *g, struct buf *out);
/* Remove our rules in others' chains that belong to `of`; all of them when NULL. */
void nat_format_forget(const struct nat_state *s, const char *of, struct buf *out);
/* Rules where they are wanted: for what stays on the bridge and what goes to its address, and for a guest with NAT. */
void nat_format_open_bridge(const struct nat_state *s, const struct nat_net *net, struct buf *out);
void nat_format_open_guest(const struct nat_state *s, const char *bridge, const struct nat_guest *g, struct buf *out);
/* What goes into the text is what it should be, and nothing else: ERR_USAGE. */
NODISCARD int nat_check_interface(const char *name, struct err *e);
NODISCARD int nat_check_mac(const char *mac, struct err *e);
NODISCARD int nat_check_net(const struct nat_net *net, struct err *e);
NODISCARD int nat_check_guest(const struct nat_guest *g, struct err *e);

/* nat_look.c: base chains that see our packets and that we do not open, by the list of all chains. */
struct nat_suspect {
	enum nat_obstacle what; /* NAT_CLEAR: not as far as the list tells, its rules may say otherwise */
	bool is_input;
	char family[8];
	char table[32];
	char chain[32];
};
/* At most max of them, in the order the doctor should name them. */
int nat_look_chains(const struct json *list, struct nat_suspect *ret, int max);
/* What helps against the first of them, and against the others of its table. */
void nat_look_fix(const struct nat_suspect *s, int n, const char *bridge, char *ret, size_t size);

/* nat.c: run commands, all or none of them. */
NODISCARD int nat_run(const char *commands, struct err *e);
/* Run one `list` command: what it says as text, appended to *out, and as a document, the caller's (either may be NULL). */
NODISCARD int nat_list(const char *command, struct buf *out, struct json **ret, struct err *e);

#endif
