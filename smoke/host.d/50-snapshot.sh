# SPDX-License-Identifier: MIT
# Disks of mode dm-snapshot on a real device mapper: plain ext4 as /, what was written is there after a restart and a kill, the image
# is untouched, and nothing of it is on the host but while the machine runs.
export TMPDIR=/var/tmp
clean_host() {
	[ "$(dmsetup ls)" = "No devices found" ] && [ -z "$(losetup -l -n)" ] && [ -z "$(ls /dev/banger 2>/dev/null)" ]
}
expect_clean() { within 10 clean_host || die "$1 left: $(dmsetup ls) $(losetup -l -n) $(ls /dev/banger 2>/dev/null)"; }
image=$(ls "$BANGER_STATE_DIR"/images/*/rootfs.ext4)
seal() { stat -c "%y %s %b" "$image"; }
sealed=$(seal)

tui vm create --memory 128M --vcpus 1 --disk dm-snapshot one
id=$(field one id)
expect_eq "mode" dm-snapshot "$(field one disk)"
expect_in "the mapping" "banger-$id" "$(dmsetup ls)"
expect_in "what / is" " / ext4 rw" "$(tui vm exec one -- cat /proc/mounts)"
tui vm exec one -- sh -c 'echo kept >/kept && sync'
tui vm restart one
expect_eq "after a restart" kept "$(tui vm exec one -- cat /kept)"
tui vm exec one -- sh -c 'echo synced >/synced && sync'
tui vm kill one
expect_clean "kill"
tui vm start one
expect_eq "after a kill" synced "$(tui vm exec one -- cat /synced)"

# Nobody there to take it apart: the next start does.
kill -9 "$(identity one keeper_pid)" "$(identity one vmm_pid)"
within 20 state_is one stopped || die "one is still $(field one state)"
expect_clean "kill -9"

# It grows while it is stopped, and the guest with it: over the 16 GiB every image has.
tui vm set --overlay 20G one
tui vm start one
size=$(tui vm exec one -- sh -c 'df -m / | tail -n 1' | awk '{ print $2 }')
[ "$size" -gt 18000 ] || die "/ has $size MiB"
expect_eq "after it has grown" kept "$(tui vm exec one -- cat /kept)"

# Two of one image, and each its own.
tui vm create --memory 128M --vcpus 1 --disk dm-snapshot two
expect_eq "two's own" "" "$(tui vm exec two -- ls /kept 2>/dev/null || true)"
tui vm stop two
tui vm delete one
tui vm delete two
expect_clean "delete"
expect_eq "the image" "$sealed" "$(seal)"
expect_eq "claims left" "" "$(find /run/banger -type f ! -name lock)"
assert_clean
