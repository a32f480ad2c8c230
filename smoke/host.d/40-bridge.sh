# SPDX-License-Identifier: MIT
# Bridged machines on a real host: they reach one another, what lies beyond only with NAT, the host only by its name server's
# port; and whatever ends them leaves the host's links, addresses, routes, rules and switches as they were.
#
# Beyond is a namespace with a server in it; its end of the wire is one of the host's uplinks.
world() { ip netns exec world "$@"; }
tap_of() { echo "bgr$(field "$1" id)"; }
has_link() { ip link show "$1" >/dev/null 2>&1; }
# fetch VM ADDRESS PORT SECONDS: the words that a server there gives, as the guest hears them. (The static busybox's wget crashes.)
fetch() { tui vm exec "$1" -- sh -c "printf 'GET /words HTTP/1.0\r\n\r\n' | nc -w $4 $2 $3" | tail -n 1; }
hears_nothing() { [ -z "$(fetch "$@" 3)" ]; }
cannot() { # WHAT COMMAND…
	what=$1
	shift
	if "$@" >/dev/null 2>&1; then die "$what"; fi
}

# Also when it fails: the host is another scenario's next.
leave() {
	# shellcheck disable=SC2086 # words
	kill $servers 2>/dev/null || true
	ip netns delete world 2>/dev/null || true
	ip link delete w0 2>/dev/null || true
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
ip -n world route add 172.16.0.0/24 via 192.0.2.1
mkdir -p "$SMOKE_WORK/www"
echo "it is here" >"$SMOKE_WORK/www/words"
ip netns exec world busybox httpd -f -p 80 -h "$SMOKE_WORK/www" &
servers=$!
busybox httpd -f -p 8080 -h "$SMOKE_WORK/www" &
servers="$servers $!"
# Neighbour discovery has its say before the picture is taken.
within 10 sh -c '! ip -o address show tentative | grep -q .'
picture_before

tui vm create --memory 128M --vcpus 1 --network bridge one
tui vm create --memory 128M --vcpus 1 --network bridge --nat two
expect_eq "network" bridge "$(field one network)"
expect_eq "one's address" 172.16.0.2 "$(field one address)"
expect_eq "two's address" 172.16.0.3 "$(field two address)"
expect_eq "where its SSH is" "172.16.0.2 1022" "$(field one ssh_address) $(field one ssh_port)"
expect_eq "whose NAT" "false true" "$(field one nat) $(field two nat)"
expect_in "the list" "172.16.0.2:1022" "$(tui vm list)"
expect_in "show" "bridge, NAT" "$(tui vm show two)"
expect_in "the tap" "master br-banger" "$(ip -o link show "$(tap_of one)")"

# Any ssh, to the address, with the host key known.
expect_eq "plain ssh" one "$(ssh -F none -i "$BANGER_STATE_DIR/ssh/id_ed25519" -o UserKnownHostsFile="$BANGER_STATE_DIR/ssh/known_hosts" \
	-o StrictHostKeyChecking=yes -o BatchMode=yes -p 1022 root@172.16.0.2 hostname)"
expect_eq "its address" "172.16.0.2/24" "$(tui vm exec one -- ip -4 -o address show eth0 | awk '{ print $4 }')"

tui vm exec one -- ping -c 1 -W 10 172.16.0.3 >/dev/null || die "one does not reach two"
tui vm exec two -- ping -c 1 -W 10 172.16.0.1 >/dev/null || die "two does not reach the bridge"
hears_nothing two 172.16.0.1 8080 || die "a guest reached a service of the host"
hears_nothing two 192.0.2.1 8080 || die "a guest reached a service of the host by its other address"
cannot "beyond reached in" world busybox nc -w 3 172.16.0.3 1022

hears_nothing one 192.0.2.2 80 || die "one got out without NAT"
expect_eq "two, with NAT" "it is here" "$(fetch two 192.0.2.2 80 30)"
tui vm set --nat one
expect_eq "one, with NAT since now" "it is here" "$(fetch one 192.0.2.2 80 30)"
tui vm set --nat=no one
hears_nothing one 192.0.2.2 80 || die "one got out without NAT again"

expect_in "isolated" "cannot be isolated" "$(tui vm create --network bridge --isolated three 2>&1 || true)"
expect_in "NAT without a bridge" "network mode 'bridge'" "$(tui vm create --network slirp --nat three 2>&1 || true)"

tui vm restart one
expect_eq "its address is kept" 172.16.0.2 "$(field one address)"
tap=$(tap_of two)
tui vm kill two
has_link "$tap" && die "two's tap is left after kill"
has_link br-banger || die "the bridge went while one is on it"
tui vm stop one
expect_picture "stop and kill"

# Whatever dies: keeper and VMM at once, nobody there to see it.
tui vm start one
tui vm start two
kill -9 "$(identity one keeper_pid)" "$(identity one vmm_pid)" "$(identity two vmm_pid)"
within 20 state_is one stopped || die "one is still $(field one state)"
within 20 state_is two error || within 1 state_is two stopped || die "two is still $(field two state)"
expect_picture "kill -9"

# A start that fails late: its kernel is none.
kernel=$(ls "$BANGER_STATE_DIR"/kernels/debian/vmlinuz)
mv "$kernel" "$kernel.aside"
echo "no kernel" >"$kernel"
cannot "a machine started without a kernel" tui vm start one
mv "$kernel.aside" "$kernel"
expect_picture "a failed start"

tui vm start one
tui vm delete one
tui vm delete two
assert_clean
expect_picture "delete"
expect_eq "claims left" "" "$(find /run/banger -type f ! -name lock)"
