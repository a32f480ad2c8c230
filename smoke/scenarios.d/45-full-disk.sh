# SPDX-License-Identifier: MIT
# The state directory's file system is full: machines are listed, stopped and deleted all the same, which is how room is
# made; and when even the reserve is gone, they are shown and everything else says what is wrong.
small=$SMOKE_WORK/small
mkdir "$small"
mount -t tmpfs -o size=700m,mode=700 tmpfs "$small" 2>/dev/null || { echo "no right to mount a small file system"; exit 77; }
BANGER_STATE_DIR=$small/state
leave() {
	tmux -S "$SMOKE_WORK/tmux-full" kill-server 2>/dev/null || true
	for pid in $(leftovers); do kill -9 "$pid" 2>/dev/null || true; done
	within 10 umount "$small" 2>/dev/null || umount -l "$small"
}
trap leave EXIT
trap 'exit 1' INT TERM

fill() {
	dd if=/dev/zero of="$small/fill" bs=1M 2>/dev/null || true
	dd if=/dev/zero of="$small/rest" bs=4k 2>/dev/null || true
	expect_eq "room left" 0 "$(df --output=avail "$small" | tail -n 1 | tr -d ' ')"
}

# What cannot fit is not fetched.
mkdir -m 700 "$BANGER_STATE_DIR"
dd if=/dev/zero of="$small/fill" bs=1M count=600 2>/dev/null
code=0
out=$(tui vm create --no-start web 2>&1) || code=$?
expect_eq "exit" 1 "$code"
expect_in "pull" "pull kernel 'debian': no room in $BANGER_STATE_DIR/kernels: 330M needed" "$out"
rm "$small/fill"

tui vm create --memory 256M web
tui vm create --no-start --memory 256M spare
tui vm exec web -- true
fill
# Its keeper holds it, and everybody is told.
held() { tui vm list | grep -q 'web.*paused.*held: .* is almost full'; }
within 10 held || die "held, and not shown so: $(tui vm list)"
expect_eq "state" paused "$(field web state)"
code=0
out=$(tui vm exec web -- true 2>&1) || code=$?
expect_eq "exec's exit" 125 "$code"
expect_in "exec" "VM 'web': held: " "$out"
expect_in "exec" "free some space" "$out"
code=0
out=$(tui doctor) || code=$?
[ "$code" -le 1 ] || die "doctor: exit $code"
expect_in "doctor" "FAIL  space" "$out"

# A console opened now shows them too.
if command -v tmux >/dev/null; then
	t() { tmux -S "$SMOKE_WORK/tmux-full" "$@"; }
	shows() { t capture-pane -p -t con | grep -q -e "$1"; }
	t new-session -d -s con -x 120 -y 30 "env LC_ALL=C.UTF-8 BANGER_STATE_DIR=$BANGER_STATE_DIR $BANGER; echo left with \$?; sleep 60"
	within 10 shows 'spare.*created' || die "the console does not show the machines"
	tui vm delete spare
	gone() { shows 'web' && ! shows 'spare'; }
	within 5 gone || die "the console does not see what was deleted"
	t send-keys -t con q
	within 10 shows 'left with 0' || die "the console did not leave in order"
else
	tui vm delete spare
fi
# Paused meanwhile by a person, it stays so when there is room again; then it goes on, and is held again in its turn.
tui vm pause web
rm "$small/fill" "$small/rest"
let_go() { ! held; }
within 10 let_go || die "still held: $(tui vm list)"
sleep 3
expect_eq "paused all the same" paused "$(field web state)"
code=0
out=$(tui vm exec web -- true 2>&1) || code=$?
expect_eq "exec's exit" 125 "$code"
expect_in "exec" "VM 'web' is paused" "$out"
tui vm resume web
tui vm exec web -- true
fill
within 10 held || die "not held again: $(tui vm list)"
# Its processors stand still: nobody waits for it to shut down by itself.
expect_in "stop" "VM 'web': it was held and could not shut down: switched off" "$(tui vm stop web 2>&1)"
expect_eq "state" stopped "$(field web state)"

# What the deleted machines freed is eaten, and the reserve with it.
fill
rm -f "$BANGER_STATE_DIR/reserve"
fill
out=$(tui vm list 2>&1)
expect_in "list" "no room left in $BANGER_STATE_DIR" "$out"
expect_in "list" "web" "$out"
code=0
out=$(tui vm delete web 2>&1) || code=$?
expect_eq "exit" 1 "$code"
expect_in "delete" "no space left" "$out"
expect_in "delete" "free some on that file system" "$out"

# Room again: all is as before, and the reserve is back.
rm "$small/fill" "$small/rest"
tui vm start web
tui vm exec web -- true
expect_eq "state" running "$(field web state)"
[ -f "$BANGER_STATE_DIR/reserve" ] || die "no reserve"
fill
tui vm kill web
expect_eq "state" stopped "$(field web state)"
tui vm delete web
assert_clean
