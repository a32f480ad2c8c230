# SPDX-License-Identifier: MIT
# With a Docker's rules in place bridged machines have what they have without them, the world only with NAT, and nothing of Docker's
# is changed once the last one has gone. Who closes the host otherwise is named, with the command that helps, and left alone.
#
# Docker is played by its chains, made with the iptables it uses.
command -v iptables-nft >/dev/null || { echo "no iptables-nft in this host"; exit 77; }
. "$top/smoke/lib-firewall.sh"

tui vm create --memory 128M --vcpus 1 --network bridge --no-start one
tui vm create --memory 128M --vcpus 1 --network bridge --nat --no-start two

# While machines run, iptables still reads and changes its table, with our rules in it.
iptables_works() {
	expect_in "iptables reads ours" "-i br-banger -m comment --comment \"banger-tui bgr" "$(iptables-nft -S DOCKER-USER)"
	iptables-nft -I FORWARD -i br-other -j ACCEPT
	iptables-nft -D FORWARD -i br-other -j ACCEPT
}
iptables-nft -N DOCKER-USER
iptables-nft -A DOCKER-USER -j RETURN
iptables-nft -N DOCKER
iptables-nft -A FORWARD -j DOCKER-USER
iptables-nft -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables-nft -A FORWARD -o docker0 -j DOCKER
iptables-nft -P FORWARD DROP
with "Docker" iptables_works
nft flush ruleset

# An administrator's own table is theirs.
nft -f - <<'RULES'
table inet mine {
	chain fwd_mine { type filter hook forward priority 0; policy drop; }
}
RULES
mine=$(nft list table inet mine)
tui vm start two
hears_nothing two || die "it got through what drops all"
expect_in "who" "inet mine fwd_mine drops what guests send" "$(tui vm show two)"
expect_eq "not touched" "$mine" "$(nft list table inet mine)"
# What is said to help helps.
nft "$(tui vm show two | sed -n "s/.*nft '\([^']*\)'.*/\1/p")"
expect_eq "with what helps" "it is here" "$(fetch two 30)"
nft flush ruleset

tui vm delete one
tui vm delete two
assert_clean
expect_eq "claims left" "" "$(find /run/banger -type f ! -name lock)"
