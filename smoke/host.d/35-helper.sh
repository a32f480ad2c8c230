# SPDX-License-Identifier: MIT
# The built helper, its rights given away and its filter on, does to a real kernel all that its operations say; and whichever call to
# the host fails, nothing is left.
export TMPDIR=/var/tmp
for name in test_helper test_privfaults; do
	test=$top/build/tests/host/$name
	[ -x "$test" ] || { echo "not built: make check builds it"; exit 77; }
	"$test" mappings >"$SMOKE_WORK/$name.out" 2>&1 || die "$(cat "$SMOKE_WORK/$name.out")"
	cat "$SMOKE_WORK/$name.out"
	if grep -q SKIPPED "$SMOKE_WORK/$name.out"; then die "$name skipped what it may not skip here"; fi
	expect_eq "mappings left" "No devices found" "$(dmsetup ls)"
	expect_eq "loop devices left" "" "$(losetup -l -n)"
done
