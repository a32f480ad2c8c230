# SPDX-License-Identifier: MIT
# Copy-on-write disks by device mapper (core/disk/dmsnap), on the real thing: without a udev, then with one.
test=$top/build/tests/host/test_dm
[ -x "$test" ] || { echo "not built: make check builds it"; exit 77; }
assert_host_clean() {
	expect_eq "mappings left" "No devices found" "$(dmsetup ls)"
	expect_eq "loop devices left" "" "$(losetup -l -n)"
}
# Not in memory: there direct I/O is not to be had.
export TMPDIR=/var/tmp
"$test"
assert_host_clean

mkdir -p /run/udev/rules.d
cp "$top/data/60-banger.rules" /run/udev/rules.d/
/lib/systemd/systemd-udevd --daemon
# It and its workers write until they are gone, and what is left to do keeps them.
has_no_udev() { ! pgrep -x '(systemd-udevd|udevadm|.udev-worker.)' >/dev/null; }
leave() {
	udevadm settle -t 20 || true
	udevadm control --exit || true
	within 20 has_no_udev || pkill -9 -x '(systemd-udevd|udevadm|.udev-worker.)' || true
	within 10 sh -c 'rm -rf /run/udev 2>/dev/null; [ ! -e /run/udev ]'
}
trap leave EXIT
within 10 udevadm control --ping
# What a udev can get in the way of; writing thousands of chunks is not.
for some in 'udev*' 'writes*' 'a_holder*' 'whatever*' 'whenever*' 'old*' 'ten*'; do
	"$test" "$some" >"$SMOKE_WORK/some" 2>&1 || die "$(cat "$SMOKE_WORK/some")"
	cat "$SMOKE_WORK/some"
	expect_in "$some" "1 test(s) run" "$(tr '\n' ' ' <"$SMOKE_WORK/some")"
done
assert_host_clean
