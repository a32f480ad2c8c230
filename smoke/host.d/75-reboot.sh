# SPDX-License-Identifier: MIT
# The host has lost its power: every process and everything the kernel held of machines is gone, the files are there, and the boot
# is another one. No machine claims to run, what was synced is there, and all of them start again.
boot_id=/proc/sys/kernel/random/boot_id
leave() { umount $boot_id 2>/dev/null || true; }
trap leave EXIT
picture_before
for name in one two; do
	tui vm create --memory 128M --vcpus 1 --network bridge --nat --disk dm-snapshot $name
	tui vm exec $name -- sh -c "echo $name >/kept && sync"
done
tui vm create --no-start --memory 128M --vcpus 1 --network bridge --disk dm-snapshot idle
first=$(field one boot_id)
address=$(field two address)

# Processes first, as the power does; then what is the kernel's, by nobody's rules but force.
for pid in $(leftovers) $(pgrep -x banger-names); do kill -9 "$pid" 2>/dev/null || true; done
within 10 no_leftovers || die "it does not die: $(leftovers)"
ip -o link | sed -n 's/^[0-9]*: \(bgr[0-9a-f]*\|br-banger\)[@:].*/\1/p' | while read -r link; do ip link delete "$link"; done
nft list tables | grep banger | while read -r _ family table; do nft delete table "$family" "$table"; done
dmsetup ls | sed -n 's/^\(banger-[^[:space:]]*\).*/\1/p' | sort -r >"$SMOKE_WORK/mappings"
while read -r mapping; do dmsetup remove --noudevsync --retry "$mapping"; done <"$SMOKE_WORK/mappings"
losetup -n -O NAME | while read -r loop; do losetup -d "$loop"; done
# A kernel that boots has its switches where they were.
sed -n '/^\/proc\/sys\/.*forwarding /p' "$SMOKE_WORK/picture" | while read -r switch value; do echo "$value" >"$switch"; done
rm -rf "$BANGER_RUNTIME_DIR" /run/banger /dev/banger
cat /proc/sys/kernel/random/uuid >"$SMOKE_WORK/boot_id"
mount --bind "$SMOKE_WORK/boot_id" $boot_id

expect_eq "who claims to run" "" "$(tui vm list | grep -e running -e starting || true)"
within 20 state_is one stopped || die "one is $(field one state)"
within 20 state_is two stopped || die "two is $(field two state)"
expect_eq "processes" "" "$(leftovers)"
expect_eq "errors" "" "$(grep '"level":"error"' "$BANGER_STATE_DIR/log/banger-tui.log" || true)"
for name in one two idle; do tui vm start $name; done
expect_eq "running" 3 "$(tui vm list | grep -c running)"
for name in one two; do expect_eq "what $name had synced" $name "$(tui vm exec $name -- cat /kept)"; done
[ "$(field one boot_id)" != "$first" ] || die "the boot of before"
expect_eq "two's address is kept" "$address" "$(field two address)"
tui vm exec one -- ping -c 1 -W 20 "$address" >/dev/null || die "one does not reach two"
tui vm delete one
tui vm delete two
tui vm delete idle
assert_clean
umount $boot_id
expect_picture "a reboot"
