# SPDX-License-Identifier: MIT
# kill -9 at four seeded points: the keeper during a stop, banger-tui during create, delete and start. The long run is
# `make torture`.
code=0
"$top/smoke/torture" 4 2490 || code=$?
[ $code -ne 77 ] || { echo "no sqlite3 or pgrep"; exit 77; }
expect_eq "torture's exit" 0 "$code"
assert_clean
