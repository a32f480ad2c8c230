# SPDX-License-Identifier: MIT
# The life of machines as people want them, on the host's bridge with a copy-on-write disk: each boot a new one, a start that is
# killed at any moment, other processors, memory and disk, two consoles on one machine, prune. The host is as before.
command -v tmux >/dev/null || { echo "no tmux"; exit 77; }
sock=$SMOKE_WORK/tmux
t() { tmux -S "$sock" -f /dev/null "$@"; }
trap 't kill-server 2>/dev/null || true' EXIT
picture_before

# ---- each boot a new one ----
tui vm create --memory 128M --vcpus 1 --network bridge --nat --disk dm-snapshot life
boot=$(field life boot_id)
expect_eq "the guest's boot" "$boot" "$(tui vm exec life -- busybox cat /run/banger/boot_id)"
tui vm exec life -- sh -c 'echo root-disk >/kept; echo work-disk >/root/kept; sync'
tui vm restart life
[ "$(field life boot_id)" != "$boot" ] || die "restart did not boot anew"
expect_eq "the guest's boot" "$(field life boot_id)" "$(tui vm exec life -- busybox cat /run/banger/boot_id)"
expect_eq "what was kept" "root-disk work-disk" "$(tui vm exec life -- cat /kept /root/kept | tr '\n' ' ' | sed 's/ $//')"
tui vm stop life
expect_picture "stop"

# ---- killed while it starts ----
key=$BANGER_STATE_DIR/locks/vm:$(field life id)
begun() { [ -e "$key" ] && grep -q ":$(stat -c %i "$key") " /proc/locks; }
for moment in 0.1 0.7 2; do
	timeout -k 5 120 "$BANGER" vm start life >"$SMOKE_WORK/start" 2>&1 &
	start=$!
	within 10 begun || die "the start does not begin"
	sleep $moment
	timeout -k 5 120 "$BANGER" vm kill life || die "kill: exit $?"
	code=0
	wait $start || code=$?
	[ $code -ne 0 ] || die "a start that was killed after $moment s says it succeeded"
	[ $code -ne 124 ] || die "a start that was killed after $moment s hangs"
	state_is life stopped || die "killed after $moment s: $(field life state): $(cat "$SMOKE_WORK/start")"
	expect_eq "processes left" "" "$(leftovers)"
	expect_picture "killed after $moment s, a start"
done

# ---- other processors, memory, disk ----
# An emulated host runs on one processor (smoke/host); a machine may not have more than its host.
second=/sys/devices/system/cpu/cpu1/online
was=$(cat $second)
trap 'echo $was >$second; t kill-server 2>/dev/null || true' EXIT
echo 1 >$second
tui vm set --vcpus 2 --memory 192M --overlay 20G --work 10G life
tui vm start life
expect_eq "processors" 2 "$(tui vm exec life -- grep -c '^processor' /proc/cpuinfo)"
memory=$(tui vm exec life -- sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
{ [ "$memory" -gt 140000 ] && [ "$memory" -le 196608 ]; } || die "of 192 MiB the guest has $memory KiB"
for disk in / /root; do
	expect_eq "$disk survives" kept "$(tui vm exec life -- ls $disk | grep kept)"
done
size_of() { tui vm exec life -- sh -c "df -m $1 | tail -n 1" | awk '{ print $2 }'; }
[ "$(size_of /)" -gt 18000 ] || die "/ has $(size_of /) MiB of 20 GiB"
[ "$(size_of /root)" -gt 9200 ] || die "/root has $(size_of /root) MiB of 10 GiB"
tui vm set --vcpus 1 life
tui vm restart life
expect_eq "processors" 1 "$(tui vm exec life -- grep -c '^processor' /proc/cpuinfo)"
echo "$was" >$second

# ---- two consoles on one machine ----
shows() { t capture-pane -p -t "$1" | grep -q -e "$2"; }
see() { within "$2" shows "$1" "$3" || { t capture-pane -p -t "$1"; die "console $1 does not show '$3'"; }; }
for console in one two; do
	t new-session -d -s $console -x 110 -y 30 "env LC_ALL=C.UTF-8 $BANGER"
	see $console 20 'life.*running'
	t send-keys -t $console Enter
	see $console 30 'root@life'
done
t send-keys -t one -l 'echo from-$((40 + 2)) >/root/word; tty'
t send-keys -t one Enter
see one 10 '^/dev/pts/'
t send-keys -t two -l 'cat /root/word; tty'
t send-keys -t two Enter
see two 10 '^from-42'
see two 10 '^/dev/pts/'
tty_of() { t capture-pane -p -t "$1" | grep '^/dev/pts/' | tail -n 1; }
[ "$(tty_of one)" != "$(tty_of two)" ] || die "two consoles on one terminal: $(tty_of one)"
# One of them stops it; both say so.
t send-keys -t one C-]
t send-keys -t one d
see one 5 'running 1'
t send-keys -t one s
see one 40 'life.*stopped'
t send-keys -t two C-]
t send-keys -t two d
see two 10 'life.*stopped'
t send-keys -t one q
t send-keys -t two q
within 10 sh -c "! tmux -S '$sock' has-session 2>/dev/null" || die "a console does not leave"
expect_picture "stop by a console"

# ---- prune ----
tui vm create --memory 128M --vcpus 1 --network bridge --disk dm-snapshot stays
tui vm create --no-start --network bridge --disk dm-snapshot never
tui vm prune -y
expect_eq "pruned but" stays "$(tui vm list | awk 'NR > 1 { print $1 }')"
expect_eq "the one that runs" stays "$(tui vm exec stays -- hostname)"
tui vm kill stays
tui vm prune -y
assert_clean
expect_picture "prune"
