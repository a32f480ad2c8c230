# SPDX-License-Identifier: MIT
# Bridge, taps and the rules for guests (core/net) on a kernel that has all of it, each in a network of its own; here users may
# open /dev/net/tun, so that nothing is skipped.
for name in test_link test_net test_privfaults test_privnet; do
	test=$top/build/tests/host/$name
	[ -x "$test" ] || { echo "not built: make check builds it"; exit 77; }
	"$test" >"$SMOKE_WORK/$name.out" 2>&1 || die "$name: $(cat "$SMOKE_WORK/$name.out")"
	cat "$SMOKE_WORK/$name.out"
	expect_in "$name" "PASSED" "$(cat "$SMOKE_WORK/$name.out")"
	if grep -q SKIPPED "$SMOKE_WORK/$name.out"; then die "$name skipped what it may not skip here"; fi
done
