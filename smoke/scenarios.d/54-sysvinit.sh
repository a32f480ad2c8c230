# SPDX-License-Identifier: MIT
# Debian with sysvinit and ifupdown, told to bring eth0 up by DHCP: it boots to its runlevel, leaves the network as it was made, and
# shuts down by its own scripts.
make_image sysvinit '"variant":"essential","packages":["sysvinit-core","ifupdown","isc-dhcp-client","iproute2","procps"]'
printf 'auto eth0\niface eth0 inet dhcp\n' >"$SMOKE_WORK/eth0"
edit_image sysvinit <<EOF
write $SMOKE_WORK/eth0 etc/network/interfaces.d/eth0
EOF
tui vm create --memory 256M --image sysvinit sysv
log=$(vm_dir sysv)/serial.log
within 90 grep -q 'Entering runlevel: 2' "$log" || die "it does not get to runlevel 2"

# What is asked stands in one command: each login takes an emulated processor a while.
expect_eq "what is there" "init sysv
N 2
network as made
servers as told
eth0=eth0" "$(tui vm exec sysv -- sh -c "
echo init \$(cat /run/banger/init)
runlevel
$(net_as_made)
cmp /etc/resolv.conf /run/banger/seed/resolv.conf && echo servers as told
pgrep -l dhc
ifquery --state eth0")"

tui vm stop sysv
expect_eq "state" stopped "$(field sysv state)"
expect_in "its own end" "Will now halt" "$(tail -n 3 "$log")"
tui vm delete sysv
drop_image sysvinit
assert_clean
