# SPDX-License-Identifier: MIT
# KVM that really works is found by trying, and used.
expect_in "doctor" "a guest ran under KVM" "$(tui doctor || true)"
tui vm create --memory 128M --vcpus 1 fast
expect_eq "accelerator" kvm "$(field fast accel)"
expect_in "command line of the VMM" "-accel kvm" "$(tr '\0' ' ' <"/proc/$(identity fast vmm_pid)/cmdline")"
expect_in "the guest sees it" "kvm" "$(tui vm exec fast -- cat /sys/devices/system/clocksource/clocksource0/available_clocksource)"
tui vm delete fast
assert_clean
