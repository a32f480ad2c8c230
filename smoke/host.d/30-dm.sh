# SPDX-License-Identifier: MIT
# Copy-on-write disks by device mapper (core/disk/dmsnap), on the real thing.
test=$top/build/tests/host/test_dm
[ -x "$test" ] || { echo "not built: make check builds it"; exit 77; }
# Not in memory: there direct I/O is not to be had.
TMPDIR=/var/tmp "$test"
expect_eq "mappings left" "No devices found" "$(dmsetup ls)"
expect_eq "loop devices left" "" "$(losetup -l -n)"
