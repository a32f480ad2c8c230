# SPDX-License-Identifier: MIT
# kill -9 at a few seeded points of a bridged machine's life, helper, keeper and VMM among the victims. The long run is
# `make torture-host`.
code=0
"$top/smoke/torture" --bridge 6 4717 || code=$?
expect_eq "torture's exit" 0 "$code"
assert_clean
