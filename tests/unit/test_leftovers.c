/* SPDX-License-Identifier: MIT */
/*
 * engine/leftovers: what is ours and nobody's is told with the command that removes it, and nothing else is; on a sysfs of the
 * test's own.
 */
#include "tests/lib/test.h"

#include "base/fs.h"
#include "base/mem.h"
#include "core/engine/leftovers.h"

#include <sys/stat.h>
#include <unistd.h>

#define DEAD "aaaa00000001"
#define LIVE "bbbb00000002"

static struct leftover *found;
static int n;

static void put_tap(void **state, const char *name, const char *alias, uid_t owner, const char *carrier)
{
	char path[128], text[16];

	snprintf(path, sizeof(path), "sys/class/net/%s/ifalias", name);
	tmpdir_put(state, path, alias);
	snprintf(path, sizeof(path), "sys/class/net/%s/owner", name);
	snprintf(text, sizeof(text), "%u\n", owner);
	tmpdir_put(state, path, text);
	snprintf(path, sizeof(path), "sys/class/net/%s/carrier", name);
	tmpdir_put(state, path, carrier);
}

static void put_mapping(void **state, int minor, const char *name, const char *uuid, int loop)
{
	char path[128];

	snprintf(path, sizeof(path), "sys/class/block/dm-%d/dm/name", minor);
	tmpdir_put(state, path, name);
	snprintf(path, sizeof(path), "sys/class/block/dm-%d/dm/uuid", minor);
	tmpdir_put(state, path, uuid);
	snprintf(path, sizeof(path), "sys/class/block/dm-%d/slaves/loop%d", minor, loop);
	tmpdir_put(state, path, "");
	snprintf(path, sizeof(path), "sys/class/block/loop%d/holders/dm-%d", loop, minor);
	tmpdir_put(state, path, "");
}

static void put_loop(void **state, int loop, const char *file)
{
	char path[128], text[4096];

	snprintf(path, sizeof(path), "sys/class/block/loop%d/loop/backing_file", loop);
	snprintf(text, sizeof(text), "%s\n", file);
	tmpdir_put(state, path, text);
}

static bool is_live(void *arg, const char *vm_id)
{
	(void)arg;
	return strcmp(vm_id, LIVE) == 0;
}

static void find(void **state, const struct priv_reply *list, const struct priv_rules *rules)
{
	char dir[4096];
	struct leftovers_args a = {
		.root = *state, .state_dir = dir, .owner = getuid(), .is_used = is_live, .list = list, .rules = rules};

	snprintf(dir, sizeof(dir), "%s/state", (char *)*state);
	free(found);
	leftovers_find(&a, &found, &n);
}

static int teardown(void **state)
{
	free(TAKE_PTR(found));
	return tmpdir_teardown(state);
}

static void assert_left(int i, enum leftover_kind kind, const char *name, const char *vm_id, const char *command)
{
	assert_in_range(i, 0, n - 1);
	assert_int_equal(found[i].kind, kind);
	assert_string_equal(found[i].name, name);
	assert_string_equal(found[i].vm_id, vm_id);
	assert_string_equal(found[i].command, command);
}

static void a_clean_host_has_none(void **state)
{
	find(state, NULL, NULL);
	assert_int_equal(n, 0);
	put_tap(state, "bgr" LIVE, "banger-tui\n", getuid(), "1\n");
	tmpdir_put(state, "sys/class/net/br-banger/ifalias", "banger-tui\n");
	tmpdir_put(state, "sys/class/net/br-banger/brif/bgr" LIVE, "");
	find(state, NULL, &(struct priv_rules){.ours = true});
	assert_int_equal(n, 0);
}

static void taps_and_the_bridge_they_were_on(void **state)
{
	put_tap(state, "bgr" DEAD, "banger-tui\n", getuid(), "0\n");
	tmpdir_put(state, "sys/class/net/br-banger/ifalias", "banger-tui\n");
	tmpdir_put(state, "sys/class/net/br-banger/brif/bgr" DEAD, "");
	find(state, NULL, &(struct priv_rules){.ours = true});
	assert_int_equal(n, 3);
	assert_left(0, LEFTOVER_TAP, "bgr" DEAD, DEAD, "ip link delete bgr" DEAD);
	assert_left(1, LEFTOVER_NET, "br-banger", "", "ip link delete br-banger");
	assert_left(2, LEFTOVER_RULES, "banger", "", "nft 'add table inet banger; delete table inet banger; add table bridge banger; delete table bridge banger'");
	/* One that is used keeps bridge and tables. */
	put_tap(state, "bgr" LIVE, "banger-tui\n", getuid(), "0\n");
	tmpdir_put(state, "sys/class/net/br-banger/brif/bgr" LIVE, "");
	find(state, NULL, &(struct priv_rules){.ours = true});
	assert_int_equal(n, 1);
}

static void what_others_have_is_left_out(void **state)
{
	put_tap(state, "bgr" DEAD, "somebody\n", getuid(), "0\n");	       /* not ours by its alias */
	put_tap(state, "bgr" "cccc00000003", "banger-tui\n", getuid() + 1, "0\n"); /* another user's */
	put_tap(state, "bgr" "cccc00000004", "banger-tui\n", getuid(), "1\n");     /* open: of another state directory */
	put_tap(state, "bgrx", "banger-tui\n", getuid(), "0\n");
	put_mapping(state, 0, "banger-" DEAD, "LVM-1234\n", 0);
	put_mapping(state, 1, "vg-root", "BANGER-" DEAD, 1);
	put_mapping(state, 2, "banger-" LIVE, "BANGER-" LIVE, 2);
	put_mapping(state, 3, "banger-" DEAD, "BANGER-" DEAD, 3);
	put_loop(state, 3, "/elsewhere/vms/" DEAD "/cow");
	put_loop(state, 4, "/elsewhere/vms/" DEAD "/cow");
	put_loop(state, 5, tmpdir_path(state, "state/vms/" LIVE "/cow"));
	put_loop(state, 6, tmpdir_path(state, "state/images/1111aaaa2222/rootfs.ext4"));
	find(state, NULL, NULL);
	assert_int_equal(n, 0);
}

static void tables_without_a_bridge(void **state)
{
	find(state, NULL, &(struct priv_rules){.ours = true});
	assert_int_equal(n, 1);
	assert_int_equal(found[0].kind, LEFTOVER_RULES);
}

static void disks_and_their_parts(void **state)
{
	put_mapping(state, 0, "banger-" DEAD "-base", "BANGER-" DEAD "-base", 0);
	put_mapping(state, 1, "banger-" DEAD, "BANGER-" DEAD, 1);
	put_loop(state, 0, tmpdir_path(state, "state/images/1111aaaa2222/rootfs.ext4"));
	put_loop(state, 1, tmpdir_path(state, "state/vms/" DEAD "/cow"));
	put_loop(state, 2, tmpdir_path(state, "state/vms/" DEAD "/cow (deleted)"));
	find(state, NULL, NULL);
	assert_int_equal(n, 3);
	assert_left(0, LEFTOVER_MAPPING, "banger-" DEAD, DEAD, "dmsetup remove banger-" DEAD);
	assert_left(1, LEFTOVER_MAPPING, "banger-" DEAD "-base", DEAD, "dmsetup remove banger-" DEAD "-base");
	assert_left(2, LEFTOVER_LOOP, "/dev/loop2", DEAD, "losetup --detach /dev/loop2");
	/* Whose disk it is, the node says where there is one. */
	tmpdir_put(state, "dev/banger/" DEAD, "");
	find(state, NULL, NULL);
	assert_int_equal(n, 4);
	assert_left(0, LEFTOVER_NODE, "/dev/banger/" DEAD, DEAD, "rm /dev/banger/" DEAD);
	if (getuid() == 0) {
		assert_int_equal(chown(tmpdir_path(state, "dev/banger/" DEAD), 61234, 61234), 0);
		find(state, NULL, NULL);
		assert_int_equal(n, 1);
	}
}

static void what_root_sees(void **state)
{
	struct priv_item items[] = {{"guest", "172.16.0.2", DEAD}, {"guest", "172.16.0.3", LIVE}, {"loop", "/dev/loop6", DEAD}};
	struct priv_reply list = {.items = items, .n_items = ARRAY_LEN(items)};

	put_loop(state, 6, tmpdir_path(state, "state/images/1111aaaa2222/rootfs.ext4"));
	/* Also beside a tap of somebody else's making. */
	put_tap(state, "bgr" DEAD, "somebody\n", getuid(), "1\n");
	find(state, &list, NULL);
	assert_int_equal(n, 2);
	assert_left(0, LEFTOVER_PLACE, "172.16.0.2", DEAD,
		    "nft 'delete element bridge banger macs { \"bgr" DEAD "\" . 02:aa:00:00:00:01 }; "
		    "delete element bridge banger pins { \"bgr" DEAD "\" . 02:aa:00:00:00:01 . 172.16.0.2 }'");
	assert_left(1, LEFTOVER_LOOP, "/dev/loop6", DEAD, "losetup --detach /dev/loop6");
}

/* Root sees them all. Whose machine it is the tap says: another user's, or one of another state directory that has it open. */
static void a_place_of_a_machine_that_runs_elsewhere_is_none_of_ours(void **state)
{
	struct priv_item items[] = {{"guest", "172.16.0.2", DEAD}, {"guest", "172.16.0.3", "cccc00000003"}};
	struct priv_reply list = {.items = items, .n_items = ARRAY_LEN(items)};

	put_tap(state, "bgr" DEAD, "banger-tui\n", getuid() + 1, "0\n");
	put_tap(state, "bgr" "cccc00000003", "banger-tui\n", getuid(), "1\n");
	find(state, &list, &(struct priv_rules){.ours = true, .foreign = "inet banger"});
	assert_int_equal(n, 0);
	put_tap(state, "bgr" "cccc00000003", "banger-tui\n", getuid(), "0\n");
	find(state, &list, NULL);
	assert_int_equal(n, 2);
	assert_int_equal(found[0].kind, LEFTOVER_TAP);
	assert_int_equal(found[1].kind, LEFTOVER_PLACE);
}

static void each_has_its_way_out(void **state UNUSED)
{
	struct leftover l = {.kind = LEFTOVER_TAP, .vm_id = DEAD};
	char mend[64];

	leftover_mend(&l, mend, sizeof(mend));
	assert_string_equal(mend, "guest " DEAD);
	l.kind = LEFTOVER_LOOP;
	leftover_mend(&l, mend, sizeof(mend));
	assert_string_equal(mend, "disk " DEAD);
	l.kind = LEFTOVER_RULES;
	leftover_mend(&l, mend, sizeof(mend));
	assert_string_equal(mend, "network");
	assert_string_equal(leftover_kind_to_string(LEFTOVER_LOOP), "loop device");
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_clean_host_has_none), T(taps_and_the_bridge_they_were_on), T(what_others_have_is_left_out),
		T(tables_without_a_bridge), T(disks_and_their_parts), T(what_root_sees), T(a_place_of_a_machine_that_runs_elsewhere_is_none_of_ours), T(each_has_its_way_out),
	};

	return cmocka_run_group_tests_name("leftovers", tests, NULL, NULL);
}
