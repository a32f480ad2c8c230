# SPDX-License-Identifier: MIT
# Rules that vanish while machines run, as a restart of nftables.service makes them vanish: it is said, whatever is asked of the
# network next makes them again for all who run, and nothing is taken away while somebody needs it. What is somebody else's, a tap, a
# bridge or a table of our names, stays as it is and is said once.
mux() { tmux -S "$SMOKE_WORK/tmux" -f /dev/null "$@"; }
leave() {
	# shellcheck disable=SC2086 # words
	kill $servers 2>/dev/null || true
	mux kill-server 2>/dev/null || true
	ip link show br-banger 2>/dev/null | grep -q banger-tui || ip link delete br-banger 2>/dev/null || true
	nft delete table inet banger 2>/dev/null || true
}
servers=
trap leave EXIT
has_link() { ip link show "$1" >/dev/null 2>&1; }
tables() { nft list tables | grep -c ' banger$' || true; }
pins() { nft list set bridge banger pins | grep -o '172\.16\.0\.[0-9]*' | sort | tr '\n' ' '; }
reaches_host() { tui vm exec "$1" -- sh -c "printf 'GET /words HTTP/1.0\r\n\r\n' | nc -w 3 172.16.0.1 8080" | grep -q 'it is here'; }
look() { tui doctor >"$SMOKE_WORK/doctor" || true; }
says() { expect_in "$1" "$2" "$(cat "$SMOKE_WORK/doctor")"; }
fails() { # WHAT NEEDLE COMMAND…: once, and not three times over
	what=$1 needle=$2
	shift 2
	if "$@" >"$SMOKE_WORK/said" 2>&1; then die "$what"; fi
	expect_eq "how often it is said: $(cat "$SMOKE_WORK/said")" 1 "$(grep -o "$needle" "$SMOKE_WORK/said" | wc -l)"
}
held() { # WHAT PINS: rules are there, and hold them
	expect_eq "tables, $1" 2 "$(tables)"
	expect_eq "who has a place, $1" "$2" "$(pins)"
}
mkdir -p "$SMOKE_WORK/www"
echo "it is here" >"$SMOKE_WORK/www/words"
busybox httpd -f -p 8080 -h "$SMOKE_WORK/www" &
servers=$!
picture_before

tui vm create --memory 128M --vcpus 1 --network bridge --nat one
tui vm create --memory 128M --vcpus 1 --network bridge two
both="172.16.0.2 172.16.0.3 "
look
says "with rules" "nothing stands in the way"
reaches_host two && die "a guest reached a service of the host"

# ---- the rules go ----
nft flush ruleset
reaches_host two || die "this test's own server is not reached"
look
says "without rules" "2 bridged machines run and their rules are gone"
mend=$(sed -n 's/^ *→ banger-tui \(vm set --nat=.*\)/\1/p' "$SMOKE_WORK/doctor")
[ -n "$mend" ] || die "no mend: $(cat "$SMOKE_WORK/doctor")"
# shellcheck disable=SC2086 # words
tui $mend
held "by the doctor's command" "$both"
reaches_host two && die "a guest reached a service of the host after the mend"
look
says "mended" "nothing stands in the way"
says "mended" "left-overs           none"

nft flush chain bridge banger from_guest_ip
look
says "half of them" "their rules are gone"
nft flush ruleset
tui vm restart one
held "after a restart" "$both"
expect_eq "two, beside it" two "$(tui vm exec two -- hostname)"

nft flush ruleset
tui vm set --nat=no two
held "after a switch" "$both"
expect_in "one's NAT" "172.16.0.2" "$(nft list set inet banger natted)"

nft flush ruleset
tui vm stop one
held "after a stop" "172.16.0.3 "
reaches_host two && die "a guest reached a service of the host after the other's stop"
expect_eq "the bridge forwards" 1 "$(cat /proc/sys/net/ipv4/conf/br-banger/forwarding)"

# ---- an open console sees to it ----
mux new-session -d -s t -x 140 -y 40 "TERM=tmux-256color $BANGER"
within 20 sh -c "tmux -S '$SMOKE_WORK/tmux' capture-pane -p -t t | grep -q two" || die "no console"
nft flush ruleset
within 20 sh -c 'nft list set bridge banger pins 2>/dev/null | grep -q 172.16.0.3' || die "the console did not mend"
held "by a console" "172.16.0.3 "
expect_in "the log" "rules of machines that run were missing" "$(cat "$BANGER_STATE_DIR/log/banger-tui.log")"
mux send-keys -t t q
within 20 sh -c '! pgrep -x banger-helper >/dev/null' || die "the helper is left"

# ---- a machine of another state directory ----
mkdir -m 700 "$SMOKE_WORK/second"
BANGER_STATE_DIR=$SMOKE_WORK/second tui doctor >"$SMOKE_WORK/doctor" || true
says "another state directory" "left-overs           none"
tui vm stop two
expect_picture "rules that went"

# ---- what is somebody else's ----
tap=bgr$(field two id)
ip tuntap add dev "$tap" mode tap
fails "a machine on somebody else's tap" "is not ours" tui vm start two
has_link "$tap" || die "somebody else's tap is gone"
has_link br-banger && die "the bridge is left"
expect_eq "tables" 0 "$(tables)"
expect_eq "claims left" "" "$(find /run/banger -type f ! -name lock)"
ip link delete "$tap"
expect_picture "somebody else's tap"

ip link add br-banger type bridge
ip address add 172.16.0.1/24 dev br-banger
fails "a machine on somebody else's bridge" "is not ours" tui vm start two
look
says "somebody else's bridge" "interface br-banger is not ours"
grep -q 'bridged machines run, and' "$SMOKE_WORK/doctor" && die "forwarding for somebody else's bridge: $(cat "$SMOKE_WORK/doctor")"
has_link br-banger || die "somebody else's bridge is gone"
expect_eq "claims left" "" "$(find /run/banger -type f ! -name lock)"
ip link delete br-banger
expect_picture "somebody else's bridge"

nft 'table inet banger { set inside { type ifname; elements = { "lo" }; }; set natted { type ipv4_addr; }; chain c { counter; }; }'
nft list table inet banger >"$SMOKE_WORK/theirs"
fails "a machine over somebody else's table" "table 'inet banger' is not ours" tui vm start two
expect_eq "somebody else's table" "$(cat "$SMOKE_WORK/theirs")" "$(nft list table inet banger)"
look
says "somebody else's table" "the table 'inet banger' is not ours"
nft delete table inet banger

# Half of ours, empty.
nft add table inet banger
look
mend=$(sed -n 's/^ *→ \(nft .*\)/\1/p' "$SMOKE_WORK/doctor")
sh -c "$mend" || die "this did not mend: $mend"
expect_eq "tables" 0 "$(tables)"
expect_picture "tables"

# ---- a damaged record, and what its hint says ----
tui vm start two
echo damaged >/run/banger/owner
tui vm stop two >"$SMOKE_WORK/said" 2>&1 || true
tui vm start two >"$SMOKE_WORK/said" 2>&1 && die "a start by a damaged record"
expect_in "the hint" "remove /run/banger/owner" "$(cat "$SMOKE_WORK/said")"
rm /run/banger/owner
tui vm start two
tui vm stop two
expect_picture "a damaged record"

tui vm delete one
tui vm delete two
assert_clean
expect_picture "delete"
expect_eq "claims left" "" "$(find /run/banger -type f ! -name lock)"
