# SPDX-License-Identifier: MIT
# Images with a network manager of their own, each eager to have eth0: NetworkManager, dhcpcd, and Debian's OpenRC with ifupdown.
# They leave the network as it was made, once and after a restart, and the machine boots and stops as it should.
long_tier
printf 'auto eth0\niface eth0 inet dhcp\n' >"$SMOKE_WORK/eth0"

# manager NAME PACKAGES: boot a machine with them.
manager() {
	make_image "$1" "\"variant\":\"essential\",\"packages\":[$2]"
	[ "$1" != openrc ] || edit_image openrc <<EOF
write $SMOKE_WORK/eth0 etc/network/interfaces.d/eth0
EOF
	tui vm create --memory 512M --image "$1" "$1"
	tui vm exec "$1" -- banger-guest wait-booted 240 || die "$1 does not boot"
}
# holds NAME WANTED QUESTION: what QUESTION prints inside, and the network, now and after a restart.
holds() {
	expect_eq "$1" "$2
network as made
servers as told" "$(inside "$1" "$3")"
	tui vm restart "$1"
	tui vm exec "$1" -- banger-guest wait-booted 240 || die "$1 does not boot again"
	expect_eq "$1 again" "$2
network as made
servers as told" "$(inside "$1" "$3")"
	tui vm stop "$1"
	expect_eq "$1" stopped "$(field "$1" state)"
	tui vm delete "$1"
	drop_image "$1"
}
inside() {
	tui vm exec "$1" -- sh -c "$2
$(net_as_made)
cmp /etc/resolv.conf /run/banger/seed/resolv.conf && echo servers as told"
}

manager networkmanager '"systemd-sysv","dbus","network-manager","iproute2"'
holds networkmanager "running
active
eth0:unmanaged" 'systemctl is-system-running --wait
systemctl is-active NetworkManager
nmcli -t -f DEVICE,STATE device | grep eth0'

manager dhcpcd '"systemd-sysv","dbus","udev","dhcpcd","iproute2"'
holds dhcpcd "running
active" 'systemctl is-system-running --wait
systemctl is-active dhcpcd'

manager openrc '"sysvinit-core","openrc","ifupdown","isc-dhcp-client","iproute2","procps"'
holds openrc "sysv
default
no client" 'echo $(cat /run/banger/init)
rc-status -r
pgrep -l dhc || echo no client'
assert_clean
