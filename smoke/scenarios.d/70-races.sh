# SPDX-License-Identifier: MIT
# Several at once: two consoles and a command line on one VM, two creates of one name, two pulls of one image, four VMs at a
# time, a kill into a start of another process. One winner each, nobody hangs, all agree.
command -v tmux >/dev/null || { echo "no tmux"; exit 77; }
command -v pgrep >/dev/null || { echo "no pgrep"; exit 77; }
sock=$SMOKE_WORK/tmux
t() { tmux -S "$sock" -f /dev/null "$@"; }
bounded() { timeout -k 5 150 "$BANGER" "$@"; }
running_vmms() { pgrep -f -- "^[^ ]*qemu-system.*$BANGER_STATE_DIR/vms/"; }

# ---- two creates of one name: one wins, the other is told why ----
bounded kernel pull debian
bounded image pull tiny
codes=$SMOKE_WORK/codes
for i in 1 2; do
	(
		code=0
		bounded vm create --no-start same >"$SMOKE_WORK/create$i" 2>&1 || code=$?
		echo "$code" >"$codes$i"
	) &
done
wait
expect_eq "winners and losers" "0 1" "$(sort "$codes"1 "$codes"2 | tr '\n' ' ' | sed 's/ $//')"
expect_in "the loser's message" "a VM named 'same' exists" "$(cat "$SMOKE_WORK/create1" "$SMOKE_WORK/create2")"
expect_eq "rows" 1 "$(tui vm list | grep -c same)"
tui vm delete same
assert_clean

# ---- two pulls of one image: one download, both content ----
images() { find "$BANGER_STATE_DIR/images" -mindepth 1 -maxdepth 1 | wc -l; }
tui image delete tiny
others=$(images)
bounded image pull tiny >/dev/null 2>&1 &
first=$!
bounded image pull tiny >/dev/null 2>&1 &
second=$!
wait $first || die "the first pull: exit $?"
wait $second || die "the second pull: exit $?"
expect_eq "images made" $((others + 1)) "$(images)"

# ---- four VMs at a time ----
jobs=
for i in 1 2 3 4; do
	bounded vm create --no-start "many$i" >/dev/null 2>&1 &
	jobs="$jobs $!"
done
for pid in $jobs; do wait "$pid" || die "a parallel create: exit $?"; done
expect_eq "rows" 4 "$(tui vm list | grep -c many)"
jobs=
for i in 1 2 3 4; do
	bounded vm delete "many$i" >/dev/null 2>&1 &
	jobs="$jobs $!"
done
for pid in $jobs; do wait "$pid" || die "a parallel delete: exit $?"; done
assert_clean

# ---- kill into a start of another process ----
tui vm create --no-start --memory 256M --vcpus 1 race
key=$BANGER_STATE_DIR/locks/vm:$(field race id)
begun() { [ -e "$key" ] && grep -q ":$(stat -c %i "$key") " /proc/locks; }
for moment in 0.1 0.4 1.5; do
	bounded vm start race >"$SMOKE_WORK/start" 2>&1 &
	start=$!
	within 10 begun || die "the start does not begin"
	sleep $moment
	bounded vm kill race || die "kill: exit $?"
	code=0
	wait $start || code=$?
	[ $code -ne 0 ] || die "a start that was killed after $moment s says it succeeded"
	[ $code -ne 124 ] || die "a start that was killed after $moment s hangs"
	state_is race stopped || state_is race created || die "killed after $moment s: state $(field race state): $(cat "$SMOKE_WORK/start")"
	expect_eq "processes left" "" "$(leftovers)"
done

# ---- two consoles and a command line ----
# Whoever looks twenty times a second may never see two VMMs.
touch "$SMOKE_WORK/watch"
while [ -e "$SMOKE_WORK/watch" ]; do
	found=$(running_vmms | wc -l)
	[ "$found" -le 1 ] || running_vmms >>"$SMOKE_WORK/double"
	sleep 0.05
done &
watcher=$!
trap 'rm -f "$SMOKE_WORK/watch"; t kill-server 2>/dev/null || true' EXIT

shows() { t capture-pane -p -t "$1" | grep -q -e "$2"; }
act() { # CONSOLE ACTION: through the palette; what asks is answered yes
	t send-keys -t "$1" :
	t send-keys -t "$1" -l "$2"
	t send-keys -t "$1" Enter
	sleep 0.3
	if shows "$1" 'Keep esc'; then t send-keys -t "$1" y; fi
}
for console in one two; do
	t new-session -d -s $console -x 110 -y 30 "env LC_ALL=C.UTF-8 $BANGER"
	within 20 shows $console race || die "console $console does not show the VM"
done
consoles=$(pgrep -f -- "^$BANGER\$")

(
	for verb in start stop start kill start restart; do
		bounded vm $verb race
		[ $? -ne 124 ] || echo "vm $verb hangs" >>"$SMOKE_WORK/hangs"
	done >"$SMOKE_WORK/loop" 2>&1
	true
) &
loop=$!
for action in start restart kill start stop start; do
	act one $action
	sleep 0.7
	act two $action
	sleep 1.3
done
wait $loop
[ ! -e "$SMOKE_WORK/hangs" ] || die "$(cat "$SMOKE_WORK/hangs")"

# When the last of them is through, a start brings one VM up, and all three say so.
bounded vm start race || die "start after the races: exit $?"
agree() { # STATE
	state_is race "$1" && shows one "race .*$1" && shows two "race .*$1"
}
settled_on() { within 60 agree "$1" || { t capture-pane -p -t one; t capture-pane -p -t two; die "no agreement on $1: $(field race state)"; }; }
# What waits in a console's queue is in no table; its header counts it.
idle() {
	[ -z "$(sqlite3 "$BANGER_STATE_DIR/state.db" 'SELECT 1 FROM jobs' 2>/dev/null)" ] && ! shows one 'Activity ●' && ! shows two 'Activity ●'
}
within 150 idle || die "jobs that never end"
bounded vm start race || die "start after the races: exit $?"
settled_on running
expect_eq "VMMs" 1 "$(running_vmms | wc -l)"
expect_eq "it answers" alive "$(bounded vm exec race -- echo alive)"
bounded vm stop race
within 3 agree stopped || settled_on stopped

# A command that dies at its work is cleared up by whoever looks on, without another command.
row_is() { [ "$(sqlite3 "$BANGER_STATE_DIR/state.db" "SELECT state FROM vms WHERE name = 'race'")" = "$1" ]; }
if command -v sqlite3 >/dev/null; then
	"$BANGER" vm start race >/dev/null 2>&1 &
	start=$!
	within 20 row_is running || die "the start does not get to record"
	sleep 0.5
	kill -9 $start
	wait $start 2>/dev/null || true
	"$BANGER" vm stop race >/dev/null 2>&1 &
	stop=$!
	sleep 0.4
	kill -9 $stop
	wait $stop 2>/dev/null || true
	in_order() {
		[ -z "$(sqlite3 "$BANGER_STATE_DIR/state.db" 'SELECT 1 FROM jobs')" ] || return 1
		if row_is running; then shows one 'race .*running' && shows two 'race .*running'; else shows one 'race .*stopped' && shows two 'race .*stopped'; fi
	}
	within 20 in_order || { t capture-pane -p -t one; t capture-pane -p -t two; die "what a dead command left stays"; }
fi

rm -f "$SMOKE_WORK/watch"
wait $watcher
[ ! -e "$SMOKE_WORK/double" ] || die "two VMMs at once: $(cat "$SMOKE_WORK/double")"
# A terminal that goes away takes its console along.
t kill-server
for pid in $consoles; do
	within 5 sh -c "! kill -0 $pid 2>/dev/null" || die "console $pid outlives its terminal"
done
tui vm delete race
assert_clean
