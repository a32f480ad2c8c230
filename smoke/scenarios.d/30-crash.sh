# SPDX-License-Identifier: MIT
# kill -9 of the VMM and of the keeper; a vanished runtime directory; a half-dead start.
tui vm create crash

kill -9 "$(identity crash vmm_pid)"
within 2 state_is crash stopped || die "still $(field crash state) 2 s after the VMM died"
expect_in "reason" "kill" "$(field crash reason)"
tui vm start crash

kill -9 "$(identity crash keeper_pid)"
expect_eq "the VM lives on" alive "$(tui vm exec crash -- echo alive)"
expect_eq "state" running "$(field crash state)"
tui vm stop crash
expect_eq "state" stopped "$(field crash state)"
expect_eq "processes left" "" "$(leftovers)"

tui vm start crash
rm -rf "$BANGER_RUNTIME_DIR"
tui vm start crash
expect_eq "VMMs" 1 "$(vmms)"
expect_eq "still one boot" alive "$(tui vm exec crash -- echo alive)"
tui vm stop crash
expect_eq "state" stopped "$(field crash state)"

# banger-tui killed in the middle of a start: the next command brings it in order.
"$BANGER" vm start crash &
pid=$!
sleep 1
kill -9 $pid
wait $pid 2>/dev/null || true
within 20 sh -c ". '$top/smoke/lib.sh'; case \$(field crash state) in running|stopped) ;; *) exit 1;; esac" || die "state $(field crash state)"
tui vm start crash
expect_eq "usable" alive "$(tui vm exec crash -- echo alive)"
tui vm delete crash
assert_clean
