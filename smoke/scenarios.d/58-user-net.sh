# SPDX-License-Identifier: MIT
# What is told of the user network (doc/security.md) is so: a guest reaches services on this host's loopback, through 10.0.2.2 and by
# packets to 127.0.0.0/8 that its root writes itself; isolated it reaches them neither way.
#
# A server on the loopback, and one on an address of it that nobody else uses.
loop=127.9.8.7
mkdir -p "$SMOKE_WORK/www"
echo "it is here" >"$SMOKE_WORK/www/words"
kit=$(find "$BANGER_CACHE_DIR"/kit -name busybox | head -n 1)
busybox=$(command -v busybox || echo "$kit")
leave() {
	# shellcheck disable=SC2086 # words
	kill $servers 2>/dev/null || true
}
trap leave EXIT
"$busybox" httpd -f -p 127.0.0.1:8019 -h "$SMOKE_WORK/www" &
servers=$!
"$busybox" httpd -f -p $loop:8019 -h "$SMOKE_WORK/www" &
servers="$servers $!"
fetch() { tui vm exec "$1" -- sh -c "printf 'GET /words HTTP/1.0\r\n\r\n' | nc -w 5 $2 8019" 2>/dev/null | tail -n 1; }

tui vm create --memory 128M --vcpus 1 --network slirp open
expect_eq "through the gateway" "it is here" "$(fetch open 10.0.2.2)"
expect_in "which is said" "10.0.2.2" "$(tui vm show open)"
# Packets that leave the guest with the host's loopback as where they go.
by_itself() {
	tui vm exec "$1" -- sh -c "echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet; echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet
		ip address del 127.0.0.1/8 dev lo; ip route add $loop via 10.0.2.2 dev eth0"
}
by_itself open
expect_eq "by its own packets" "it is here" "$(fetch open $loop)"
tui vm delete open

tui vm create --memory 128M --vcpus 1 --network slirp --isolated closed
expect_eq "isolated, through the gateway" "" "$(fetch closed 10.0.2.2)"
by_itself closed
expect_eq "isolated, by its own packets" "" "$(fetch closed $loop)"
tui vm delete closed
assert_clean
