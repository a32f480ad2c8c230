# SPDX-License-Identifier: MIT
# The same life under Firecracker, with the program smoke/host took along.
command -v firecracker >/dev/null || { echo "no firecracker binary"; exit 77; }
picture_before
tui vm create --vmm firecracker --memory 128M --vcpus 1 --network bridge --nat --disk dm-snapshot fc
expect_in "the VMM" firecracker "$(tr '\0' ' ' <"/proc/$(identity fc vmm_pid)/cmdline")"
boot=$(field fc boot_id)
expect_eq "it answers" fc "$(tui vm exec fc -- hostname)"
expect_eq "its address" "172.16.0.2/24" "$(tui vm exec fc -- ip -4 -o address show eth0 | awk '{ print $4 }')"
expect_in "what / is" " / ext4 rw" "$(tui vm exec fc -- cat /proc/mounts)"
tui vm exec fc -- sh -c 'echo kept >/kept && sync'
expect_in "figures" '"guest":true' "$(tui vm stats --once --json fc)"
expect_in "its log" Linux "$(tui vm logs fc)"
tui vm restart fc
[ "$(field fc boot_id)" != "$boot" ] || die "restart did not boot anew"
expect_eq "after a restart" kept "$(tui vm exec fc -- cat /kept)"
tui vm set --vcpus 2 --memory 192M --overlay 20G fc || die "set: exit $?"
tui vm stop fc
expect_picture "stop"
tui vm start fc
expect_eq "processors" 2 "$(tui vm exec fc -- grep -c '^processor' /proc/cpuinfo)"
kill -9 "$(identity fc keeper_pid)" "$(identity fc vmm_pid)"
within 20 state_is fc stopped || die "it is still $(field fc state)"
expect_picture "kill -9"
tui vm start fc
tui vm kill fc
tui vm delete fc
assert_clean
expect_picture "delete"
