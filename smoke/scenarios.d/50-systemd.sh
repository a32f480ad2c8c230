# SPDX-License-Identifier: MIT
# An unmodified Debian with systemd: it really runs, and its network and our SSH are as they should be.
answer=$(tui vm run --rm --memory 512M --image debian-bookworm -- systemctl is-system-running --wait) || true
case $answer in
running | degraded) ;;
*) die "systemd says '$answer'" ;;
esac
tui vm create --memory 512M --image debian-bookworm deb
expect_in "os-release" "bookworm" "$(tui vm exec deb -- cat /etc/os-release)"
expect_eq "PID 1" systemd "$(tui vm exec deb -- cat /proc/1/comm)"
tui vm exec deb -- sh -c 'echo kept >/var/lib/kept; sync'
tui vm stop deb
tui vm start deb
expect_eq "survives" kept "$(tui vm exec deb -- cat /var/lib/kept)"
tui vm delete deb
assert_clean
