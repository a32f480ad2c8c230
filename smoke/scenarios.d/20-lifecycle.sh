# SPDX-License-Identifier: MIT
# stop, start, restart, kill: data that was synced survives, each boot is a new one, states are what they say.
tui vm create life
expect_eq "state" running "$(field life state)"
boot=$(field life boot_id)
port=$(field life ssh_port)
tui vm exec life -- sh -c 'echo root-disk >/kept; echo work-disk >/root/kept; sync'
expect_eq "root's mode" "700 0 0" "$(tui vm exec life -- stat -c '%a %u %g' /root)"

tui vm stop life
expect_eq "state" stopped "$(field life state)"
expect_eq "processes left" "" "$(leftovers)"
tui vm stop life # again: already so, no error

tui vm start life
expect_eq "/ survives" root-disk "$(tui vm exec life -- cat /kept)"
expect_eq "/root survives" work-disk "$(tui vm exec life -- cat /root/kept)"
[ "$(field life boot_id)" != "$boot" ] || die "the same boot id after stop and start"
expect_eq "kept port" "$port" "$(field life ssh_port)"
tui vm start life # again: already so, no second VM
expect_eq "VMMs" 1 "$(vmms)"

boot=$(field life boot_id)
tui vm restart life
[ "$(field life boot_id)" != "$boot" ] || die "restart did not boot anew"

expect_in "what the VMM counts" '"disk_written_bytes":' "$(tui vm show --json life)"
expect_in "what the balloon driver says" '"guest_available_bytes":' "$(tui vm show --json life)"

# Held still with all it has in memory; its clock is right when it goes on.
tui vm exec life -- sh -c 'echo in-memory >/dev/shm/kept 2>/dev/null || echo in-memory >/run/kept'
tui vm pause life
tui vm pause life # again: already so, no error
expect_eq "state" paused "$(field life state)"
code=0
out=$(tui vm exec life -- true 2>&1) || code=$?
expect_eq "exec's exit" 125 "$code"
expect_in "exec" "VM 'life' is paused" "$out"
sleep 4
tui vm resume life
tui vm resume life
expect_eq "state" running "$(field life state)"
expect_eq "memory" in-memory "$(tui vm exec life -- sh -c 'cat /dev/shm/kept 2>/dev/null || cat /run/kept')"
ahead=$(($(date +%s) - $(tui vm exec life -- date +%s)))
case $ahead in -1 | 0 | 1 | 2) ;; *) die "its clock is $ahead s behind" ;; esac
# A pause cut short leaves its file and a VMM that stands still beside a row that says running: resume, and stop, see that.
cut_short() {
	tui vm pause life
	sqlite3 "$BANGER_STATE_DIR/state.db" "UPDATE vms SET state = 'running' WHERE name = 'life'"
}
cut_short
tui vm resume life
tui vm exec life -- true
cut_short
tui vm stop life
expect_eq "shut down, not cut" "" "$(field life reason)"
tui vm start life

tui vm kill life
expect_eq "reason, after what was asked for" "" "$(field life reason)"
expect_eq "state" stopped "$(field life state)"
expect_eq "processes left" "" "$(leftovers)"

tui vm set --vcpus 1 --memory 192M --overlay 9G life
tui vm start life
expect_eq "memory" 192 "$(field life memory_mib)"
size=$(tui vm exec life -- sh -c "df -k / | tail -n 1" | awk '{print $2}')
[ "$size" -gt 8800000 ] || die "the root file system did not grow: $size KiB"
# While it runs: the file system is larger at once, what is on it stays, and so it is after the next start.
kib_of() { tui vm exec "$1" -- sh -c "df -k $2 | tail -n 1" | awk '{print $2}'; }
tui vm exec life -- sh -c 'echo kept >/kept; echo kept >/root/kept; sync'
tui vm set --overlay 12G --work 10G life
size=$(kib_of life /)
[ "$size" -gt 11800000 ] || die "the root file system did not grow while it ran: $size KiB"
size=$(kib_of life /root)
[ "$size" -gt 9800000 ] || die "the work disk did not grow while it ran: $size KiB"
expect_eq "what was on both" "kept kept" "$(tui vm exec life -- cat /kept /root/kept | tr '\n' ' ' | sed 's/ $//')"
expect_eq "size" 12884901888 "$(field life overlay_bytes)"
# What needs another start is told as that, and comes with it.
tui vm set --memory 256M life
expect_eq "memory it runs with" 192 "$(field life memory_mib)"
expect_eq "memory to come" 256 "$(field life next_memory_mib)"
expect_in "show" "256 MiB from the next start on" "$(tui vm show life)"
if tui vm set --overlay 1G life 2>/dev/null; then die "a disk shrank while it ran"; fi
tui vm restart life
expect_eq "memory" 256 "$(field life memory_mib)"
size=$(kib_of life /)
[ "$size" -gt 11800000 ] || die "the root file system is small again: $size KiB"
tui vm stop life
if tui vm set --overlay 1G life 2>/dev/null; then die "a disk shrank"; fi

tui vm create --disk copy --overlay 64M --no-start copied
expect_eq "a copy is as large as its image" 17179869184 "$(field copied overlay_bytes)"
tui vm start copied
expect_eq "plain ext4" ext4 "$(tui vm exec copied -- sh -c 'grep " / " /proc/mounts | tail -n 1' | cut -d' ' -f3)"
# A rate holds from the next byte on, stays over a restart, and is gone as quickly. 8 MiB at 3 MiB a second: a second is burst.
took_ms() { # MACHINE: to write 8 MiB past every cache
	tui vm exec "$1" -- sh -c 'a=$(cut -d" " -f1 /proc/uptime | tr -d .); dd if=/dev/zero of=/blob bs=1M count=8 oflag=direct 2>/dev/null
		b=$(cut -d" " -f1 /proc/uptime | tr -d .); rm /blob; echo $(((b - a) * 10))'
}
fast=$(took_ms copied)
tui vm set --disk-rate 3M copied
slow=$(took_ms copied)
expect_eq "rate" 3145728 "$(field copied disk_rate_bytes)"
[ "$slow" -gt 1600 ] || die "8 MiB at 3 MiB a second took $slow ms, without a limit $fast ms"
tui vm restart copied
slow=$(took_ms copied)
[ "$slow" -gt 1600 ] || die "the rate is gone with the restart: $slow ms"
tui vm set --disk-rate none copied
again=$(took_ms copied)
[ "$again" -lt "$slow" ] || die "the rate is still there: $again ms after $slow ms"
if tui vm set --net-rate 1M copied 2>"$SMOKE_WORK/err"; then die "QEMU's network has a rate"; fi
grep -q Firecracker "$SMOKE_WORK/err" || die "it does not say who could: $(cat "$SMOKE_WORK/err")"
expect_eq "rate" 0 "$(field copied net_rate_bytes)"
tui vm set --overlay 20G copied
size=$(kib_of copied /)
[ "$size" -gt 19500000 ] || die "the copied root did not grow while it ran: $size KiB"
tui vm delete copied life
assert_clean
