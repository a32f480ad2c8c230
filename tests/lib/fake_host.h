/* SPDX-License-Identifier: MIT */
/*
 * A host for the helper that is a struct: bridge, tables, taps, guests, forwarding, mappings. Every row keeps the contract of
 * the real one, counts what it changes, and can fail at its n-th change or call a hook before it.
 */
#ifndef TESTS_LIB_FAKE_HOST_H
#define TESTS_LIB_FAKE_HOST_H

#include "core/priv/host.h"

#include <stdatomic.h>

#define FAKE_MAX 16

struct fake_host {
	struct priv_host rows; /* .arg is the fake_host */
	char bridge[LINK_CIDR_SIZE];
	char tables[LINK_CIDR_SIZE];
	char resolver[LINK_CIDR_SIZE]; /* what it was told about */
	bool has_firewalld;
	bool refuses_zone;
	char zone[16]; /* of firewalld, the bridge is in */
	bool no_resolver;
	bool no_rules;		       /* no nftables here */
	char foreign_table[24];	       /* somebody else's, of our tables' name */
	struct nat_obstacles obstacle; /* what rules() finds */
	struct link_tap taps[FAKE_MAX]; /* .name points into names */
	char names[FAKE_MAX][LINK_NAME_SIZE];
	int n_taps;
	bool in_use;			/* the taps: somebody has them open */
	bool foreign_tap, foreign_bridge; /* somebody else's, of the name */
	struct nat_guest guests[FAKE_MAX];
	int n_guests;
	char uplinks[2][LINK_NAME_SIZE];
	int n_uplinks;
	char name_servers[LINK_CIDR_SIZE]; /* the network they are in */
	char forwarding[4][LINK_NAME_SIZE]; /* these forward */
	int n_forwarding;
	char snaps[FAKE_MAX][ID_SIZE];
	int n_snaps;
	struct dmsnap last; /* of the last attach; its descriptors are closed by now */
	bool cow_writable;
	bool rootfs_writable;
	atomic_int changes; /* calls of rows that change something, failed ones too */
	int fail_at;	    /* this one fails; 0 = none */
	int hook_at;
	void (*hook)(void *arg);
	void *hook_arg;
};

/* One uplink, eth0, which does not forward. */
void fake_host_init(struct fake_host *h);
bool fake_host_is_empty(const struct fake_host *h);
bool fake_host_forwards(const struct fake_host *h, const char *name);

#endif
