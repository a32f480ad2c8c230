# SPDX-License-Identifier: MIT
# The built helper, its rights given away and its filter on, does to a real kernel all that its operations say.
test=$top/build/tests/host/test_helper
[ -x "$test" ] || { echo "not built: make check builds it"; exit 77; }
export TMPDIR=/var/tmp
"$test" mappings >"$SMOKE_WORK/helper.out" 2>&1 || die "$(cat "$SMOKE_WORK/helper.out")"
cat "$SMOKE_WORK/helper.out"
if grep -q SKIPPED "$SMOKE_WORK/helper.out"; then die "it skipped what it may not skip here"; fi
expect_eq "mappings left" "No devices found" "$(dmsetup ls)"
expect_eq "loop devices left" "" "$(losetup -l -n)"
