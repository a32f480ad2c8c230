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
trap 'udevadm control --exit' EXIT
within 10 udevadm control --ping
"$test"
assert_host_clean
