# SPDX-License-Identifier: MIT
# The real ufw and the real firewalld: bridged machines have what they have without them, the world only with NAT, also after a reload
# of theirs, and nothing of theirs is changed once the last one has gone.
long_tier
for program in ufw firewalld dbus-daemon iptables-nft; do
	command -v $program >/dev/null || { echo "no $program in this host"; exit 77; }
done
. "$top/smoke/lib-firewall.sh"

tui vm create --memory 128M --vcpus 1 --network bridge --no-start one
tui vm create --memory 128M --vcpus 1 --network bridge --nat --no-start two

reload_ufw() {
	ufw reload >/dev/null
	expect_eq "after a reload of ufw" "it is here" "$(fetch two 30)"
}
sed -i 's/^IPV6=yes/IPV6=no/' /etc/default/ufw
update-alternatives --set iptables /usr/sbin/iptables-nft >/dev/null 2>&1 || true
ufw allow 22/tcp >/dev/null
ufw --force enable >/dev/null || die "ufw cannot be enabled here"
with "ufw" reload_ufw
ufw --force disable >/dev/null
nft flush ruleset

reload_firewalld() {
	expect_eq "the bridge's zone" trusted "$(firewall-cmd --get-zone-of-interface=br-banger)"
	# Some versions forget then what is not in their files: the next start of any machine says it again.
	firewall-cmd --reload >/dev/null
	tui vm restart one
	expect_eq "the bridge's zone after a reload" trusted "$(firewall-cmd --get-zone-of-interface=br-banger)"
	expect_eq "after a reload of firewalld" "it is here" "$(fetch two 30)"
}
mkdir -p /run/dbus
dbus-daemon --system --nofork --nopidfile &
servers="$servers $!"
within 10 [ -S /run/dbus/system_bus_socket ] || die "no system bus"
firewalld --nofork >"$SMOKE_WORK/firewalld.log" 2>&1 &
servers="$servers $!"
within 60 firewall-cmd --state >/dev/null 2>&1 || die "firewalld does not run: $(cat "$SMOKE_WORK/firewalld.log")"
firewall-cmd --zone=public --add-service=ssh >/dev/null
zones=$(firewall-cmd --get-active-zones)
# Of a zone that was in use once it keeps the empty chains.
pictured_rules() { nft -s list ruleset | awk '/^table inet firewalld/ { theirs = 1 } !theirs { print } /^}/ { theirs = 0 }'; }
with "firewalld" reload_firewalld
expect_eq "the bridge in its table" 0 "$(nft list table inet firewalld | grep -c br-banger || true)"
expect_eq "its zones" "$zones" "$(firewall-cmd --get-active-zones)"

tui vm delete one
tui vm delete two
assert_clean
expect_eq "claims left" "" "$(find /run/banger -type f ! -name lock)"
