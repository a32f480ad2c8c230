# SPDX-License-Identifier: MIT
# From nothing to a command in a VM: kernel, boot kit and image come by themselves, the exit status comes back, nothing is left.
code=0
tui vm run --rm -- sh -c 'exit 42' || code=$?
expect_eq "exit status" 42 "$code"
assert_clean

# An interrupt while it still boots: gone as well.
code=0
timeout -s INT 3 "$BANGER" vm run --rm -- sleep 100 || code=$?
assert_clean

# The same without --rm, as long as there was nothing to enter.
code=0
timeout -s INT 2 "$BANGER" vm create --name early || code=$?
expect_eq "interrupted create" 124 "$code"
assert_clean
timeout -s TERM 2 "$BANGER" vm run --name early -- true || true
assert_clean

# Signals without end, as from a hurried person or a supervisor: the clean-up runs to its end all the same, and before
# the program does.
"$BANGER" vm run --rm -- sleep 100 &
run=$!
sleep 3
while kill -TERM "$run" 2>/dev/null; do sleep 0.02; done
code=0
wait "$run" || code=$?
expect_eq "hurried to its end" 125 "$code"
expect_eq "machines left" "" "$(ls "$BANGER_STATE_DIR/vms")"
assert_clean

# A signal is 128+N; output is the guest's alone; argv arrives as it was.
code=0
tui vm create -n run1
tui vm exec run1 -- sh -c 'kill -TERM $$' || code=$?
expect_eq "death by SIGTERM" 143 "$code"
expect_eq "argv" "a b|c'd|\$HOME|" "$(tui vm exec run1 -- printf '%s|' 'a b' "c'd" "\$HOME")"
expect_eq "stdin" "hello" "$(echo hello | tui vm exec run1 -- cat)"
expect_eq "many bytes" "3145728" "$(head -c 3145728 /dev/zero | tui vm exec run1 -- wc -c)"
expect_in "uname" "Linux run1" "$(tui vm exec run1 -- uname -a)"
stats=$(tui vm stats --once --json run1)
expect_in "figures" '"guest":true' "$stats"
expect_in "figures" '"booted":true' "$stats"
tui vm delete run1
assert_clean
