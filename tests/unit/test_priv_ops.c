/* SPDX-License-Identifier: MIT */
/*
 * priv/ops through a served loop: what is made, for whom, and that nothing is left or broken when any part of it fails.
 */
#include "tests/lib/privrig.h"

#include "base/fd.h"
#include "base/fs.h"
#include "core/priv/claims.h"
#include "core/priv/ops.h"

#include <fcntl.h>
#include <sys/stat.h>

static void start(struct privrig *r, void **state)
{
	privrig_init(r, state);
	privrig_open(r);
}

static void must(struct privrig *r, struct priv_request q)
{
	enum err_code got = privrig_call(r, &q);

	if (got != ERR_NONE)
		fail_msg("%s: %s", priv_op_to_string(q.op), err_code_to_string(got));
}

static void must_not(struct privrig *r, struct priv_request q, enum err_code want)
{
	assert_string_equal(err_code_to_string(privrig_call(r, &q)), err_code_to_string(want));
}

static const struct priv_request net_down = {.op = PRIV_NET_DOWN};

static void a_network_comes_and_goes(void **state)
{
	struct privrig r;
	struct claims_owner owner;

	start(&r, state);
	must(&r, privrig_net_up());
	assert_string_equal(r.host.bridge, "172.16.0.1/24");
	assert_string_equal(r.host.tables, "172.16.0.1/24");
	assert_string_equal(r.host.resolver, "172.16.0.1/24");
	assert_true(fake_host_forwards(&r.host, "eth0") && fake_host_forwards(&r.host, LINK_BRIDGE));
	assert_int_equal(claims_owner(r.claims, &owner, NULL), 0);
	assert_true(owner.any && owner.uid == getuid());
	must(&r, privrig_net_up());
	must(&r, privrig_guest_up(PRIVRIG_VM, "172.16.0.2"));
	must_not(&r, net_down, ERR_BUSY);
	struct priv_request other = {.op = PRIV_NET_UP, .net = {.cidr = "172.17.0.1/24"}};
	must_not(&r, other, ERR_BUSY);
	must(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM));
	must(&r, other);
	assert_string_equal(r.host.bridge, "172.17.0.1/24");
	must(&r, net_down);
	assert_true(fake_host_is_empty(&r.host));
	must(&r, net_down);
	assert_int_equal(claims_owner(r.claims, &owner, NULL), 0);
	assert_false(owner.any);
	privrig_done(&r);
}

/* A host whose resolver cannot be told has a network all the same, and it is said. */
static void a_host_without_a_resolver(void **state)
{
	const struct priv_request up = privrig_net_up();
	struct priv_reply reply;
	struct privrig r;

	start(&r, state);
	r.host.no_resolver = true;
	privrig_ask(&r, &up);
	assert_int_equal(privrig_hear(&r, &reply), ERR_NONE);
	assert_string_equal(reply.note, "no resolver here");
	priv_reply_done(&reply);
	assert_string_equal(r.host.bridge, "172.16.0.1/24");
	must(&r, net_down);
	assert_true(fake_host_is_empty(&r.host));
	privrig_done(&r);
}

/* The bridge is trusted while our tables stand, and only where nobody has put it anywhere. */
static void firewalld_is_told(void **state)
{
	struct privrig r;
	bool ours;

	start(&r, state);
	r.host.has_firewalld = true;
	must(&r, privrig_net_up());
	assert_string_equal(r.host.zone, "trusted");
	must(&r, privrig_net_up());
	assert_int_equal(claims_zone(r.claims, &ours, NULL), 0);
	assert_true(ours);
	must(&r, net_down);
	assert_true(fake_host_is_empty(&r.host));
	assert_int_equal(claims_zone(r.claims, &ours, NULL), 0);
	assert_false(ours);
	/* An administrator's word stays. */
	strcpy(r.host.zone, "home");
	must(&r, privrig_net_up());
	must(&r, net_down);
	assert_string_equal(r.host.zone, "home");
	r.host.zone[0] = '\0';
	/* A change that fails takes it back. */
	r.host.fail_at = r.host.changes + 2;
	must_not(&r, privrig_net_up(), ERR_SYS);
	assert_true(fake_host_is_empty(&r.host));
	privrig_done(&r);
}

/* It is no failure: what it does to guests is in the rules' way, once there are rules. */
static void a_firewalld_that_refuses_is_said(void **state)
{
	const struct priv_request up = privrig_net_up(), rules = {.op = PRIV_RULES};
	struct priv_reply reply;
	struct privrig r;
	bool ours;

	start(&r, state);
	r.host.has_firewalld = r.host.refuses_zone = true;
	r.host.obstacle = (struct nat_obstacles){.what = NAT_FIREWALLD, .where = "inet firewalld filter_FORWARD"};
	privrig_ask(&r, &rules);
	assert_int_equal(privrig_hear(&r, &reply), ERR_NONE);
	assert_string_equal(reply.rules.where, "");
	privrig_ask(&r, &up);
	assert_int_equal(privrig_hear(&r, &reply), ERR_NONE);
	assert_string_equal(reply.note, "firewalld refuses");
	priv_reply_done(&reply);
	assert_int_equal(claims_zone(r.claims, &ours, NULL), 0);
	assert_false(ours);
	privrig_ask(&r, &rules);
	assert_int_equal(privrig_hear(&r, &reply), ERR_NONE);
	assert_string_equal(reply.rules.where, "inet firewalld filter_FORWARD");
	must(&r, net_down);
	privrig_done(&r);
}

static void forwarding_is_given_back_only_when_it_was_ours(void **state)
{
	struct privrig r;

	start(&r, state);
	/* Another bridge lives by the uplink when ours goes. */
	must(&r, privrig_net_up());
	strcpy(r.host.forwarding[r.host.n_forwarding++], "docker0");
	must(&r, net_down);
	assert_true(fake_host_forwards(&r.host, "eth0"));
	/* It was on before us. */
	r.host.n_forwarding = 1;
	strcpy(r.host.forwarding[0], "eth0");
	must(&r, privrig_net_up());
	must(&r, net_down);
	assert_true(fake_host_forwards(&r.host, "eth0"));
	privrig_done(&r);
}

static void guests_have_their_place(void **state)
{
	static const char *const bad[] = {"172.16.0.1", "172.16.0.0", "172.16.0.255", "172.16.1.2", "10.0.0.2", "172.16.0.2"};
	struct privrig r;

	start(&r, state);
	must(&r, privrig_net_up());
	struct priv_request q = privrig_guest_up(PRIVRIG_VM, "172.16.0.2");
	q.guest.nat = true;
	must(&r, q);
	assert_string_equal(r.host.names[0], "bgr" PRIVRIG_VM);
	assert_string_equal(r.host.guests[0].tap, "bgr" PRIVRIG_VM);
	assert_string_equal(r.host.guests[0].mac, "02:23:45:67:89:ab");
	assert_true(r.host.guests[0].nat);
	assert_int_equal(r.host.taps[0].owner, getuid());
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		must_not(&r, privrig_guest_up(PRIVRIG_VM2, bad[i]), i == 5 ? ERR_EXISTS : ERR_USAGE);
	must(&r, privrig_guest_up(PRIVRIG_VM2, "172.16.0.254"));
	must(&r, privrig_of_vm(PRIV_GUEST_NAT, PRIVRIG_VM)); /* off */
	assert_false(r.host.guests[0].nat);
	assert_string_equal(r.host.guests[0].ipv4, "172.16.0.2");
	must(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM));
	must(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM));
	assert_int_equal(r.host.n_taps, 1);
	assert_int_equal(r.host.n_guests, 1);
	privrig_done(&r);
}

static void a_mapping_comes_and_goes(void **state)
{
	struct privrig r;
	struct priv_reply reply;

	start(&r, state);
	struct priv_request q = privrig_snap_up();
	q.snap.revive = true;
	privrig_ask(&r, &q);
	assert_int_equal(privrig_hear(&r, &reply), ERR_NONE);
	assert_string_equal(reply.node, DMSNAP_DEV_DIR "/" PRIVRIG_VM);
	assert_true(r.host.last.revive);
	assert_true(r.host.cow_writable && !r.host.rootfs_writable);
	assert_int_equal(r.host.last.bytes, q.snap.bytes);
	assert_int_equal(r.host.last.owner, getuid());
	/* A second one must not take the first down. */
	must_not(&r, q, ERR_EXISTS);
	assert_int_equal(r.host.n_snaps, 1);
	struct priv_request status = privrig_of_vm(PRIV_SNAP_STATUS, PRIVRIG_VM);
	privrig_ask(&r, &status);
	assert_int_equal(privrig_hear(&r, &reply), ERR_NONE);
	assert_int_equal(reply.snap_status.health, DMSNAP_OK);
	assert_int_equal(reply.snap_status.total_bytes, 4096);
	must(&r, privrig_of_vm(PRIV_SNAP_DOWN, PRIVRIG_VM));
	must(&r, privrig_of_vm(PRIV_SNAP_DOWN, PRIVRIG_VM));
	assert_true(fake_host_is_empty(&r.host));
	privrig_ask(&r, &status);
	assert_int_equal(privrig_hear(&r, &reply), ERR_NONE);
	assert_int_equal(reply.snap_status.health, DMSNAP_GONE);
	privrig_done(&r);
}

static void the_list_has_all_of_ours(void **state)
{
	static const char *const want[] = {"bridge", "tap", "guest", "mapping", "loop"};
	struct priv_request list = {.op = PRIV_LIST};
	struct priv_reply reply;
	struct privrig r;

	start(&r, state);
	must(&r, privrig_net_up());
	must(&r, privrig_guest_up(PRIVRIG_VM, "172.16.0.2"));
	must(&r, privrig_snap_up());
	privrig_ask(&r, &list);
	assert_int_equal(privrig_hear(&r, &reply), ERR_NONE);
	assert_int_equal(reply.n_items, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_string_equal(reply.items[i].kind, want[i]);
		assert_string_equal(reply.items[i].vm_id, i == 0 ? "" : PRIVRIG_VM);
	}
	priv_reply_done(&reply);
	privrig_done(&r);
}

static void the_rules_and_what_is_in_their_way(void **state)
{
	struct priv_request rules = {.op = PRIV_RULES};
	struct priv_reply reply;
	struct privrig r;

	start(&r, state);
	privrig_ask(&r, &rules);
	assert_int_equal(privrig_hear(&r, &reply), ERR_NONE);
	assert_false(reply.rules.ours);
	assert_string_equal(reply.rules.where, "");
	must(&r, privrig_net_up());
	r.host.obstacle = (struct nat_obstacles){.what = NAT_OTHER_DROP, .where = "ip own fwd", .fix = "nft 'insert …'"};
	privrig_ask(&r, &rules);
	assert_int_equal(privrig_hear(&r, &reply), ERR_NONE);
	assert_true(reply.rules.ours);
	assert_string_equal(reply.rules.where, "ip own fwd");
	assert_string_equal(reply.rules.fix, "nft 'insert …'");
	r.host.no_rules = true;
	must_not(&r, rules, ERR_MISSING);
	privrig_done(&r);
}

/* Not even the directory of claims is made for a look. */
static void a_look_leaves_nothing(void **state)
{
	struct privrig r;
	struct err e = {0};

	privrig_init(&r, state);
	assert_ok(fs_remove_tree(r.run, &e), &e);
	privrig_open(&r);
	must(&r, (struct priv_request){.op = PRIV_LIST});
	must(&r, (struct priv_request){.op = PRIV_RULES});
	must(&r, privrig_of_vm(PRIV_SNAP_STATUS, PRIVRIG_VM));
	assert_false(fs_exists(r.run));
	assert_int_equal(r.host.changes, 0);
	must(&r, privrig_net_up());
	assert_true(fs_exists(r.run));
	must(&r, net_down);
	privrig_done(&r);
}

/* Each change fails in its turn; afterwards everything is as before the request. */
static void every_failure_is_undone(void **state)
{
	struct priv_request qs[] = {privrig_net_up(), privrig_snap_up(), privrig_guest_up(PRIVRIG_VM, "172.16.0.2")};
	struct privrig r;

	start(&r, state);
	for (size_t k = 0; k < ARRAY_LEN(qs); k++) {
		int before_guests;
		for (int nth = 1;; nth++) {
			struct fake_host was = r.host;
			before_guests = r.host.n_guests;
			r.host.fail_at = r.host.changes + nth;
			enum err_code got = privrig_call(&r, &qs[k]);
			if (got == ERR_NONE)
				break;
			assert_int_equal(got, ERR_SYS);
			assert_true(nth < 10);
			assert_string_equal(r.host.bridge, was.bridge);
			assert_string_equal(r.host.tables, was.tables);
			assert_int_equal(r.host.n_taps, was.n_taps);
			assert_int_equal(r.host.n_guests, before_guests);
			assert_int_equal(r.host.n_snaps, was.n_snaps);
			assert_int_equal(fake_host_forwards(&r.host, "eth0"), fake_host_forwards(&was, "eth0"));
		}
		r.host.fail_at = 0;
	}
	privrig_done(&r);
}

static void what_was_there_survives_a_failure(void **state)
{
	struct privrig r;

	start(&r, state);
	must(&r, privrig_net_up());
	must(&r, privrig_guest_up(PRIVRIG_VM, "172.16.0.2"));
	for (int nth = 1; nth <= 2; nth++) {
		r.host.fail_at = r.host.changes + nth;
		must_not(&r, privrig_guest_up(PRIVRIG_VM, "172.16.0.3"), ERR_SYS);
		assert_int_equal(r.host.n_taps, 1);
		assert_string_equal(r.host.guests[0].ipv4, "172.16.0.2");
	}
	for (int nth = 1; nth <= 2; nth++) {
		r.host.fail_at = r.host.changes + nth;
		must_not(&r, privrig_net_up(), ERR_SYS);
		assert_string_equal(r.host.bridge, "172.16.0.1/24");
		assert_string_equal(r.host.tables, "172.16.0.1/24");
		assert_int_equal(r.host.n_guests, 1);
	}
	privrig_done(&r);
}

static void taking_down_goes_on_after_a_failure(void **state)
{
	struct privrig r;
	struct claims_owner owner;

	start(&r, state);
	for (int nth = 1; nth <= 3; nth++) {
		must(&r, privrig_net_up());
		r.host.fail_at = r.host.changes + nth;
		must_not(&r, net_down, ERR_SYS);
		assert_int_equal(!r.host.bridge[0] + !r.host.tables[0] + !fake_host_forwards(&r.host, "eth0"), 2);
		/* Whose it is stays known until all of it is gone. */
		assert_int_equal(claims_owner(r.claims, &owner, NULL), 0);
		assert_true(owner.any);
		must(&r, net_down);
		assert_true(fake_host_is_empty(&r.host));
	}
	must(&r, privrig_net_up());
	must(&r, privrig_guest_up(PRIVRIG_VM, "172.16.0.2"));
	r.host.fail_at = r.host.changes + 1;
	must_not(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM), ERR_SYS);
	/* Its tap is there, and so is what holds it. */
	assert_int_equal(r.host.n_taps, 1);
	assert_int_equal(r.host.n_guests, 1);
	must(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM));
	must(&r, net_down);
	assert_true(fake_host_is_empty(&r.host));
	privrig_done(&r);
}

/* Another user's helper, without its socket: files are not theirs to open here, claims are. */
static enum err_code as_other(struct privrig *r, struct priv_request q, struct priv_reply *ret)
{
	struct ops o = {.host = &r->host.rows,
			.files = {.fd = r->state_dir, .uid = getuid()},
			.claims = r->claims,
			.uid = getuid() + 1,
			.owner = getuid() + 1};
	struct err e = {0};
	struct op op;

	op_init(&op, 1000);
	*ret = (struct priv_reply){0};
	(void)!ops_run(&op, &o, &q, ret, &e);
	op_done(&op);
	if (e.code == ERR_BUSY && q.op == PRIV_NET_UP) {
		char who[32];
		snprintf(who, sizeof(who), "user %u", getuid());
		assert_non_null(strstr(e.msg, who));
	}
	return e.code;
}

static void other_users_are_kept_out(void **state)
{
	struct priv_reply reply;
	struct privrig r;

	start(&r, state);
	must(&r, privrig_net_up());
	must(&r, privrig_guest_up(PRIVRIG_VM, "172.16.0.2"));
	must(&r, privrig_snap_up());
	int changes = r.host.changes;
	assert_int_equal(as_other(&r, privrig_net_up(), &reply), ERR_BUSY);
	assert_int_equal(as_other(&r, net_down, &reply), ERR_BUSY);
	assert_int_equal(as_other(&r, privrig_guest_up(PRIVRIG_VM, "172.16.0.2"), &reply), ERR_BUSY);
	assert_int_equal(as_other(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM), &reply), ERR_BUSY);
	assert_int_equal(as_other(&r, privrig_of_vm(PRIV_GUEST_NAT, PRIVRIG_VM), &reply), ERR_BUSY);
	assert_int_equal(as_other(&r, privrig_snap_up(), &reply), ERR_PERM);
	assert_int_equal(as_other(&r, privrig_of_vm(PRIV_SNAP_DOWN, PRIVRIG_VM), &reply), ERR_PERM);
	assert_int_equal(as_other(&r, privrig_of_vm(PRIV_SNAP_STATUS, PRIVRIG_VM), &reply), ERR_PERM);
	assert_int_equal(as_other(&r, (struct priv_request){.op = PRIV_LIST}, &reply), ERR_NONE);
	assert_int_equal(reply.n_items, 0);
	priv_reply_done(&reply);
	assert_int_equal(r.host.changes, changes);
	/* What nobody has a claim on is no ordinary user's either. */
	assert_int_equal(as_other(&r, privrig_of_vm(PRIV_SNAP_DOWN, PRIVRIG_VM2), &reply), ERR_NONE);
	assert_int_equal(r.host.changes, changes);
	privrig_done(&r);
}

/* Of one user, too: two directories would give their machines the same addresses. With no machine left it changes hands. */
static void another_state_directory_is_kept_out(void **state)
{
	const struct priv_request up = privrig_net_up();
	struct priv_reply reply = {0};
	struct privrig r;
	struct err e = {0};
	struct op op;

	start(&r, state);
	must(&r, privrig_net_up());
	must(&r, privrig_guest_up(PRIVRIG_VM, "172.16.0.2"));
	assert_int_equal(mkdir(tmpdir_path(state, "second"), 0700), 0);
	auto_fd second = open(tmpdir_path(state, "second"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct ops o = {.host = &r.host.rows, .files = {.fd = second, .uid = getuid()}, .claims = r.claims, .uid = getuid()};
	int changes = r.host.changes;
	op_init(&op, 5000);
	assert_int_equal(ops_run(&op, &o, &up, &reply, &e), -1);
	assert_int_equal(e.code, ERR_BUSY);
	assert_non_null(strstr(e.msg, "another state directory"));
	assert_int_equal(r.host.changes, changes);
	must(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM));
	err_clear(&e);
	assert_ok(ops_run(&op, &o, &up, &reply, &e), &e);
	op_done(&op);
	priv_reply_done(&reply);
	privrig_done(&r);
}

/* ---- rules that vanish ---- */

/* As a restart of nftables.service leaves it. */
static void lose_rules(struct privrig *r)
{
	r->host.tables[0] = '\0';
	r->host.n_guests = 0;
}

static void two_guests(struct privrig *r, void **state)
{
	struct priv_request q = privrig_guest_up(PRIVRIG_VM, "172.16.0.2");

	start(r, state);
	must(r, privrig_net_up());
	q.guest.nat = true;
	must(r, q);
	must(r, privrig_guest_up(PRIVRIG_VM2, "172.16.0.3"));
}

static const struct nat_guest *guest_of(const struct privrig *r, const char *vm_id)
{
	for (int i = 0; i < r->host.n_guests; i++)
		if (strcmp(r->host.guests[i].tap + strlen(LINK_TAP_PREFIX), vm_id) == 0)
			return &r->host.guests[i];
	fail_msg("%s has no place", vm_id);
	return NULL;
}

static struct priv_reply answer_to(struct privrig *r, struct priv_request q)
{
	struct priv_reply reply;

	privrig_ask(r, &q);
	assert_int_equal(privrig_hear(r, &reply), ERR_NONE);
	priv_reply_done(&(struct priv_reply){.items = TAKE_PTR(reply.items)});
	return reply;
}

static void rules_that_vanish_are_told_and_made_again(void **state)
{
	const struct priv_request rules = {.op = PRIV_RULES}, mend = {.op = PRIV_NET_MEND};
	struct privrig r;

	two_guests(&r, state);
	struct priv_reply is = answer_to(&r, rules);
	assert_true(is.rules.ours && is.rules.whole);
	assert_int_equal(is.rules.n_guests, 2);
	assert_int_equal(is.rules.n_mute, 0);
	int changes = r.host.changes;
	assert_string_equal(answer_to(&r, mend).note, "");
	assert_int_equal(r.host.changes, changes);
	lose_rules(&r);
	is = answer_to(&r, rules);
	assert_false(is.rules.ours || is.rules.whole);
	assert_int_equal(is.rules.n_guests, 2);
	assert_int_equal(is.rules.n_mute, 2);
	assert_non_null(strstr(answer_to(&r, mend).note, "made again"));
	assert_string_equal(r.host.tables, "172.16.0.1/24");
	assert_true(guest_of(&r, PRIVRIG_VM)->nat && !guest_of(&r, PRIVRIG_VM2)->nat);
	/* One place alone. */
	r.host.n_guests--;
	is = answer_to(&r, rules);
	assert_int_equal(is.rules.n_mute, 1);
	assert_string_equal(is.rules.mute, PRIVRIG_VM2);
	assert_non_null(strstr(answer_to(&r, mend).note, "made again"));
	assert_int_equal(r.host.n_guests, 2);
	/* Where nobody is there is nothing to mend. */
	must(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM));
	must(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM2));
	lose_rules(&r);
	must(&r, mend);
	assert_string_equal(r.host.tables, "");
	must(&r, net_down);
	must(&r, mend);
	assert_true(fake_host_is_empty(&r.host));
	privrig_done(&r);
}

/* Whatever is asked of the network next: a start, a stop, a switch. All who run have their place again. */
static void whoever_comes_next_mends_for_all(void **state)
{
	struct priv_request on = privrig_of_vm(PRIV_GUEST_NAT, PRIVRIG_VM2);
	struct privrig r;

	two_guests(&r, state);
	lose_rules(&r);
	must(&r, privrig_net_up());
	assert_true(guest_of(&r, PRIVRIG_VM)->nat && !guest_of(&r, PRIVRIG_VM2)->nat);
	lose_rules(&r);
	on.on = true;
	must(&r, on);
	assert_true(guest_of(&r, PRIVRIG_VM)->nat && guest_of(&r, PRIVRIG_VM2)->nat);
	assert_string_equal(guest_of(&r, PRIVRIG_VM2)->ipv4, "172.16.0.3");
	lose_rules(&r);
	must(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM));
	assert_string_equal(r.host.tables, "172.16.0.1/24");
	assert_int_equal(r.host.n_guests, 1);
	assert_true(guest_of(&r, PRIVRIG_VM2)->nat);
	/* Where that cannot be, who goes goes all the same, and it is said. */
	must(&r, privrig_guest_up(PRIVRIG_VM, "172.16.0.2"));
	lose_rules(&r);
	strcpy(r.host.foreign_table, "inet banger");
	must_not(&r, (struct priv_request){.op = PRIV_NET_MEND}, ERR_EXISTS);
	assert_non_null(strstr(answer_to(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM)).note, "not ours"));
	assert_int_equal(r.host.n_taps, 1);
	r.host.foreign_table[0] = '\0';
	/* An address is taken by who is there, rules or not. */
	lose_rules(&r);
	must_not(&r, privrig_guest_up(PRIVRIG_VM, "172.16.0.3"), ERR_EXISTS);
	privrig_done(&r);
}

/* By the taps, too: rules, forwarding and all stay while somebody is on the bridge. */
static void the_network_stays_while_a_tap_is_there(void **state)
{
	struct priv_request other = {.op = PRIV_NET_UP, .net = {.cidr = "172.17.0.1/24"}};
	struct privrig r;

	two_guests(&r, state);
	lose_rules(&r);
	must_not(&r, net_down, ERR_BUSY);
	must_not(&r, other, ERR_BUSY);
	assert_true(fake_host_forwards(&r.host, "eth0") && fake_host_forwards(&r.host, LINK_BRIDGE));
	assert_string_equal(r.host.bridge, "172.16.0.1/24");
	privrig_done(&r);
}

/* One whose record is damaged keeps nobody from theirs, and may go. */
static void a_damaged_place_is_one_guests_alone(void **state)
{
	static const char *const bad[] = {"x\n", "172.16.0.2\n", "172.16.0.2 2\n", "172.16.0.2 1 \n", "8.8.8.8 0\n", ".. 0\n"};
	struct privrig r;

	two_guests(&r, state);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		test_write(tmpdir_path(state, "run/guests/" PRIVRIG_VM), bad[i]);
		lose_rules(&r);
		must(&r, (struct priv_request){.op = PRIV_NET_MEND});
		assert_int_equal(r.host.n_guests, 1);
		guest_of(&r, PRIVRIG_VM2);
	}
	must(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM));
	must(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM2));
	must(&r, net_down);
	assert_true(fake_host_is_empty(&r.host));
	assert_false(fs_exists(tmpdir_path(state, "run/guests/" PRIVRIG_VM)));
	privrig_done(&r);
}

/* The same helper for who asks: `uid`, with the state directory `dir`. */
static int as(struct privrig *r, uid_t uid, int dir, struct priv_request q, struct err *e)
{
	struct ops o = {.host = &r->host.rows, .files = {.fd = dir, .uid = getuid()}, .claims = r->claims, .uid = uid, .owner = uid};
	struct priv_reply reply = {0};
	struct op op;

	op_init(&op, 5000);
	int rc = ops_run(&op, &o, &q, &reply, e);
	op_done(&op);
	priv_reply_done(&reply);
	return rc;
}

/* Neither root's word nor the same user's from another state directory takes the network from under a machine that runs. */
static void what_runs_is_taken_down_by_its_own_alone(void **state)
{
	const struct priv_request down = privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM);
	struct privrig r;
	struct err e = {0};

	two_guests(&r, state);
	assert_int_equal(mkdir(tmpdir_path(state, "second"), 0700), 0);
	auto_fd second = open(tmpdir_path(state, "second"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r.host.in_use = true;
	int changes = r.host.changes;
	assert_err(as(&r, getuid(), second, down, &e), &e, ERR_STATE);
	assert_err(as(&r, 0, second, down, &e), &e, ERR_STATE);
	assert_int_equal(r.host.changes, changes);
	/* Rules are made again on root's word, though: that takes nothing from anybody. */
	lose_rules(&r);
	assert_ok(as(&r, 0, second, (struct priv_request){.op = PRIV_NET_MEND}, &e), &e);
	assert_int_equal(r.host.n_guests, 2);
	assert_err(as(&r, getuid() + 1, second, (struct priv_request){.op = PRIV_NET_MEND}, &e), &e, ERR_BUSY);
	must(&r, down);
	r.host.in_use = false;
	assert_ok(as(&r, 0, second, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM2), &e), &e);
	assert_int_equal(r.host.n_taps, 0);
	privrig_done(&r);
}

/* A tap or a bridge of that name that somebody else made: said once, left alone, and nothing of ours is left beside it. */
static void what_is_somebody_elses_is_left_alone(void **state)
{
	struct claims_owner owner;
	struct privrig r;
	struct err e = {0};

	start(&r, state);
	must(&r, privrig_net_up());
	r.host.foreign_tap = true;
	assert_int_equal(as(&r, getuid(), r.state_dir, privrig_guest_up(PRIVRIG_VM, "172.16.0.2"), &e), -1);
	assert_string_equal(e.msg, "interface bgr" PRIVRIG_VM " is not ours");
	assert_int_equal(r.host.n_guests, 0);
	must(&r, privrig_of_vm(PRIV_GUEST_DOWN, PRIVRIG_VM));
	must(&r, net_down);
	assert_true(fake_host_is_empty(&r.host));
	r.host.foreign_tap = false;
	r.host.foreign_bridge = true;
	err_clear(&e);
	assert_int_equal(as(&r, getuid(), r.state_dir, privrig_net_up(), &e), -1);
	assert_string_equal(e.msg, "interface br-banger is not ours");
	must(&r, net_down);
	assert_true(fake_host_is_empty(&r.host));
	assert_int_equal(claims_owner(r.claims, &owner, NULL), 0);
	assert_false(owner.any);
	privrig_done(&r);
}

/* Whose network nobody's route names is still not free for the taking. */
static void a_network_of_name_servers_is_refused(void **state)
{
	struct privrig r;

	start(&r, state);
	strcpy(r.host.name_servers, "172.16.0.1/24");
	must_not(&r, privrig_net_up(), ERR_BUSY);
	assert_int_equal(r.host.changes, 0);
	r.host.name_servers[0] = '\0';
	must(&r, privrig_net_up());
	/* What runs is not refused for what changes later. */
	strcpy(r.host.name_servers, "172.16.0.1/24");
	must(&r, privrig_net_up());
	must(&r, net_down);
	privrig_done(&r);
}

static void helpers_wait_for_one_another(void **state)
{
	struct priv_reply reply;
	struct privrig r;
	struct op op;
	int lock;

	start(&r, state);
	op_init(&op, 1000);
	assert_int_equal(claims_lock(&op, r.claims, &lock, NULL), 0);
	op_done(&op);
	assert_int_equal(as_other(&r, privrig_net_up(), &reply), ERR_TIMEOUT);
	privrig_ask(&r, &(struct priv_request){.op = PRIV_NET_UP, .net = {.cidr = "172.16.0.1/24"}});
	fd_close(&lock);
	assert_int_equal(privrig_hear(&r, NULL), ERR_NONE);
	privrig_done(&r);
}

static void damaged_records_stop_everything(void **state)
{
	static const char *const bad[] = {"", "x\n", "0\n", "0 172.16.0.1/24", "0 172.16.0.1/24\n", "0 8.8.8.8/8 1 2\n", "0 172.16.0.1/24 1 2\nmore\n",
					  "-1 172.16.0.1/24 1 2\n"};
	struct privrig r;

	start(&r, state);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		test_write(tmpdir_path(state, "run/owner"), bad[i]);
		must_not(&r, privrig_net_up(), ERR_CORRUPT);
		assert_int_equal(r.host.changes, 0);
	}
	/* It alone is to go: what else is written down says what to give back. */
	struct err e = {0};
	assert_int_equal(as(&r, getuid(), r.state_dir, privrig_net_up(), &e), -1);
	assert_non_null(strstr(e.hint, "remove " PRIV_RUN_DIR "/owner,"));
	assert_int_equal(unlink(tmpdir_path(state, "run/owner")), 0);
	test_write(tmpdir_path(state, "run/forwarding"), "../../../x\n");
	must_not(&r, privrig_net_up(), ERR_CORRUPT);
	assert_true(fake_host_is_empty(&r.host));
	test_write(tmpdir_path(state, "run/snaps/" PRIVRIG_VM), "me\n");
	must_not(&r, privrig_snap_up(), ERR_CORRUPT);
	assert_int_equal(r.host.n_snaps, 0);
	privrig_done(&r);
}

static void the_run_directory_must_be_ours(void **state)
{
	struct err e = {0};
	int dir;

	assert_int_equal(mkdir(tmpdir_path(state, "open"), 0700), 0);
	assert_int_equal(chmod(tmpdir_path(state, "open"), 0755), 0);
	assert_err(claims_open(tmpdir_path(state, "open"), &dir, &e), &e, ERR_PERM);
	assert_int_equal(symlink("open", tmpdir_path(state, "link")), 0);
	assert_int_equal(claims_open(tmpdir_path(state, "link"), &dir, &e), -1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_network_comes_and_goes),
		T(a_host_without_a_resolver),
		T(firewalld_is_told),
		T(a_firewalld_that_refuses_is_said),
		T(forwarding_is_given_back_only_when_it_was_ours),
		T(guests_have_their_place),
		T(a_mapping_comes_and_goes),
		T(the_list_has_all_of_ours),
		T(the_rules_and_what_is_in_their_way),
		T(a_look_leaves_nothing),
		T(every_failure_is_undone),
		T(what_was_there_survives_a_failure),
		T(taking_down_goes_on_after_a_failure),
		T(other_users_are_kept_out),
		T(another_state_directory_is_kept_out),
		T(rules_that_vanish_are_told_and_made_again),
		T(whoever_comes_next_mends_for_all),
		T(the_network_stays_while_a_tap_is_there),
		T(a_damaged_place_is_one_guests_alone),
		T(what_runs_is_taken_down_by_its_own_alone),
		T(what_is_somebody_elses_is_left_alone),
		T(a_network_of_name_servers_is_refused),
		T(helpers_wait_for_one_another),
		T(damaged_records_stop_everything),
		T(the_run_directory_must_be_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
