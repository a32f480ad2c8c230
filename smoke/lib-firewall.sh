# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What scenarios with other firewalls share: a namespace with a server in it as the world beyond, and what two bridged machines, one
# and two, must have whatever stands in the way.
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

# with WHAT [COMMAND…]: the two machines, now that WHAT has closed the host; COMMAND while they run.
with() {
	what=$1
	shift
	theirs=$(rules)
	picture_before
	tui vm start one
	tui vm start two
	tui vm exec one -- ping -c 1 -W 10 172.16.0.3 >/dev/null || die "$what: one does not reach two"
	tui vm exec two -- ping -c 1 -W 10 172.16.0.1 >/dev/null || die "$what: two does not reach the bridge"
	within 20 hears one two.vm 172.16.0.3 || die "$what: names: $(asks one two.vm)"
	hears_nothing one || die "$what: one got out without NAT"
	expect_eq "$what: two, with NAT" "it is here" "$(fetch two 30)"
	tui vm set --nat one
	expect_eq "$what: one, with NAT since now" "it is here" "$(fetch one 30)"
	tui vm set --nat=no one
	hears_nothing one || die "$what: one got out without NAT again"
	expect_eq "$what: nothing to say" "" "$(field one network_why)"
	"$@"
	tui vm kill one
	tui vm kill two
	expect_picture "$what"
	expect_eq "$what: its rules" "$theirs" "$(rules)"
}
