# SPDX-License-Identifier: MIT
# Ten bridged machines with copy-on-write disks of one image: created by ten processes at once, each with an address of its own;
# all run together, started two at a time (more at the same instant is the emulator's limit, not ours); deleted by ten at once.
# The host is as before, to the last link, rule, mapping, process and file.
all="1 2 3 4 5 6 7 8 9 10"
in_parallel() { # WORDS… of tui; the name of a machine goes behind them
	jobs=
	for i in $group; do
		timeout -k 5 300 "$BANGER" "$@" "many$i" >"$SMOKE_WORK/said$i" 2>&1 &
		jobs="$jobs $!"
	done
	for job in $jobs; do wait "$job" || die "$*: exit $?: $(for i in $group; do cat "$SMOKE_WORK/said$i"; done)"; done
}
image=$(ls "$BANGER_STATE_DIR"/images/*/rootfs.ext4)
sealed=$(stat -c "%y %s %b" "$image")
picture_before

group=$all
in_parallel vm create --no-start --memory 128M --vcpus 1 --network bridge --disk dm-snapshot
expect_eq "rows" 10 "$(tui vm list | grep -c '^many')"
expect_picture "machines that never ran"

for group in "1 2" "3 4" "5 6" "7 8" "9 10"; do in_parallel vm start; done
expect_eq "running" 10 "$(tui vm list | grep -c 'running')"
expect_eq "addresses" 10 "$(for i in $all; do field "many$i" address; done | sort -u | grep -c '^172\.16\.0\.')"
expect_eq "taps" 10 "$(ip -o link show master br-banger | grep -c ': bgr')"
expect_eq "mappings" 10 "$(dmsetup ls --target snapshot | grep -c '^banger-[0-9a-f]\{12\}\s')"
expect_eq "VMMs" 10 "$(vmms)"
# Each start has waited for its guest to answer, as itself; the first and the last still do, with all the others beside them.
expect_eq "who answers" many1 "$(tui vm exec many1 -- hostname)"
tui vm exec many1 -- ping -c 1 -W 20 "$(field many10 address)" >/dev/null || die "many1 does not reach many10"

group=$all
in_parallel vm delete
assert_clean
expect_picture "ten machines"
expect_eq "the image" "$sealed" "$(stat -c "%y %s %b" "$image")"
