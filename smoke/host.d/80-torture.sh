# SPDX-License-Identifier: MIT
# kill -9 at a few seeded points of a bridged machine's life, helper, keeper and VMM among the victims; at more of them where long
# scenarios run. The long run is `make torture-host`.
rounds=4
[ -z "${SMOKE_LONG:-}" ] || rounds=20
code=0
"$top/smoke/torture" --bridge $rounds 4717 || code=$?
expect_eq "torture's exit" 0 "$code"
assert_clean
