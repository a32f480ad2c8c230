# SPDX-License-Identifier: MIT
# Other firewalls of the host: with a Docker's, a ufw's, a firewalld's rules in place bridged machines have what they have without
# them, the world only with NAT, and nothing of theirs is changed once the last one has gone. Who closes the host otherwise is
# named, with the command that helps.
#
# Docker is played by its chains, made with the iptables it uses; ufw and firewalld are the real ones where this host has them.
command -v iptables-nft >/dev/null || { echo "no iptables-nft in this host"; exit 77; }
world() { ip netns exec world "$@"; }
fetch() { tui vm exec "$1" -- sh -c "printf 'GET /words HTTP/1.0\r\n\r\n' | nc -w $2 192.0.2.2 80" | tail -n 1; }
hears_nothing() { [ -z "$(fetch "$1" 3)" ]; }
asks() { tui vm exec "$1" -- nslookup "$2" 2>&1; }
hears() { asks "$1" "$2" | grep -q "$3"; }
rules() { iptables-nft -S; }

leave() {
	# shellcheck disable=SC2086 # words
	kill $servers 2>/dev/null || true
	ip netns delete world 2>/dev/null || true
	ip link delete w0 2>/dev/null || true
	ufw --force disable >/dev/null 2>&1 || true
	nft flush ruleset
	rm -f /run/dbus/system_bus_socket
}
servers=
trap leave EXIT
ip netns add world
ip link add w0 type veth peer name w1 netns world
ip address add 192.0.2.1/24 dev w0
ip link set w0 up
ip -n world address add 192.0.2.2/24 dev w1
ip -n world link set w1 up
ip -n world link set lo up
ip route add default via 192.0.2.2 dev w0 metric 500
mkdir -p "$SMOKE_WORK/www"
echo "it is here" >"$SMOKE_WORK/www/words"
ip netns exec world busybox httpd -f -p 80 -h "$SMOKE_WORK/www" &
servers=$!
within 10 sh -c '! ip -o address show tentative | grep -q .'

# with WHAT: the two machines, now that WHAT has closed the host.
with() {
	theirs=$(rules)
	picture_before
	tui vm start one
	tui vm start two
	tui vm exec one -- ping -c 1 -W 10 172.16.0.3 >/dev/null || die "$1: one does not reach two"
	tui vm exec two -- ping -c 1 -W 10 172.16.0.1 >/dev/null || die "$1: two does not reach the bridge"
	within 20 hears one two.vm 172.16.0.3 || die "$1: names: $(asks one two.vm)"
	hears_nothing one || die "$1: one got out without NAT"
	expect_eq "$1: two, with NAT" "it is here" "$(fetch two 30)"
	tui vm set --nat one
	expect_eq "$1: one, with NAT since now" "it is here" "$(fetch one 30)"
	tui vm set --nat=no one
	hears_nothing one || die "$1: one got out without NAT again"
	expect_eq "$1: nothing to say" "" "$(field one network_why)"
	tui vm kill one
	tui vm stop two
	expect_picture "$1"
	expect_eq "$1: its rules" "$theirs" "$(rules)"
}
tui vm create --memory 128M --vcpus 1 --network bridge --no-start one
tui vm create --memory 128M --vcpus 1 --network bridge --nat --no-start two

iptables-nft -N DOCKER-USER
iptables-nft -A DOCKER-USER -j RETURN
iptables-nft -N DOCKER
iptables-nft -A FORWARD -j DOCKER-USER
iptables-nft -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables-nft -A FORWARD -o docker0 -j DOCKER
iptables-nft -P FORWARD DROP
with "Docker"
nft flush ruleset

iptables-nft -P FORWARD DROP
iptables-nft -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables-nft -A INPUT -p tcp --dport 22 -j ACCEPT
iptables-nft -A INPUT -j REJECT
with "a policy of DROP"
nft flush ruleset

# While machines run: iptables still reads and changes its table, with our rules in it.
iptables-nft -N DOCKER-USER
iptables-nft -A FORWARD -j DOCKER-USER
iptables-nft -P FORWARD DROP
tui vm start two
expect_in "iptables reads ours" "-i br-banger -m comment --comment \"banger-tui bgr" "$(iptables-nft -S DOCKER-USER)"
iptables-nft -I FORWARD -i br-other -j ACCEPT
iptables-nft -D FORWARD -i br-other -j ACCEPT
tui vm stop two
expect_eq "what is left in Docker's chain" "-N DOCKER-USER" "$(iptables-nft -S DOCKER-USER)"
nft flush ruleset

# An administrator's own table is theirs.
nft -f - <<'RULES'
table inet mine {
	chain fwd_mine { type filter hook forward priority 0; policy drop; }
}
RULES
tui vm start two
hears_nothing two || die "it got through what drops all"
expect_in "who" "inet mine fwd_mine drops what guests send" "$(field two network_why)$(tui vm show two)"
tui vm stop two
expect_eq "not touched" 0 "$(nft list table inet mine | grep -c banger || true)"
nft flush ruleset

if command -v ufw >/dev/null; then
	# Its reload is what it does after every change: rules of others stay.
	sed -i 's/^IPV6=yes/IPV6=no/' /etc/default/ufw
	update-alternatives --set iptables /usr/sbin/iptables-nft >/dev/null 2>&1 || true
	ufw allow 22/tcp >/dev/null
	ufw --force enable >/dev/null || die "ufw cannot be enabled here"
	with "ufw"
	tui vm start two
	ufw reload >/dev/null
	expect_eq "after a reload of ufw" "it is here" "$(fetch two 30)"
	tui vm stop two
	ufw --force disable >/dev/null
	nft flush ruleset
fi

if command -v firewalld >/dev/null && [ -x /usr/bin/dbus-daemon ]; then
	mkdir -p /run/dbus
	dbus-daemon --system --nofork --nopidfile &
	servers="$servers $!"
	within 10 [ -S /run/dbus/system_bus_socket ] || die "no system bus"
	firewalld --nofork >"$SMOKE_WORK/firewalld.log" 2>&1 &
	servers="$servers $!"
	within 60 firewall-cmd --state >/dev/null 2>&1 || die "firewalld does not run: $(cat "$SMOKE_WORK/firewalld.log")"
	firewall-cmd --zone=public --add-service=ssh >/dev/null
	zones=$(firewall-cmd --get-active-zones)
	with "firewalld"
	expect_eq "its zones" "$zones" "$(firewall-cmd --get-active-zones)"
	tui vm start two
	expect_eq "the bridge's zone" trusted "$(firewall-cmd --get-zone-of-interface=br-banger)"
	firewall-cmd --reload >/dev/null
	expect_eq "after a reload of firewalld" "it is here" "$(fetch two 30)"
	tui vm stop two
	expect_eq "its zones" "$zones" "$(firewall-cmd --get-active-zones)"
fi
tui vm delete one
tui vm delete two
assert_clean
expect_eq "claims left" "" "$(find /run/banger -type f ! -name lock)"
