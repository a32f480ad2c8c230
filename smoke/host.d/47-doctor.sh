# SPDX-License-Identifier: MIT
# The doctor on a host where things are wrong: it names each with the command that mends it, and the command does. And an ordinary
# user's console, which starts the helper through a sudo that asks for a password.
user=guest-user
home=/home/$user
helper=/usr/local/libexec/banger-tui/banger-helper
rule=/etc/sudoers.d/banger
leave() {
	tmux -S "$SMOKE_WORK/tmux" kill-server 2>/dev/null || true
	ip link delete clash0 2>/dev/null || true
	nft delete table inet own 2>/dev/null || true
	modprobe -q -r iptable_filter || true
	rm -f /run/xtables.lock
	rm -rf "$helper" "$rule" "$home/state" "$home/cache" "${home:?}/bin"
}
trap leave EXIT
look() { tui doctor >"$SMOKE_WORK/doctor" || true; }
says() { expect_in "$1" "$2" "$(cat "$SMOKE_WORK/doctor")"; }
commands() { sed -n 's/^ *→ \(\(ip link\|nft\|rm\|dmsetup\|losetup\) .*\)/\1/p' "$SMOKE_WORK/doctor"; }

picture_before
look
says "a clean host" "left-overs           none"
says "the rules" "nothing stands in the way"
expect_picture "a look"

# Whatever a machine has is left when all of its processes die and nobody is there.
tui vm create --memory 128M --vcpus 1 --network bridge --nat --disk dm-snapshot one
id=$(field one id)
look
says "while it runs" "left-overs           none"
says "while it runs" "on, as bridged machines with NAT need it"
kill -9 "$(identity one keeper_pid)" "$(identity one vmm_pid)"
within 10 sh -c "! fuser -s /dev/banger/$id 2>/dev/null"
look
for left in "ip link delete bgr$id" "ip link delete br-banger" "rm /dev/banger/$id" "dmsetup remove banger-$id" \
	"delete element bridge banger pins" "nft 'add table inet banger; delete table inet banger; add table bridge banger; delete table bridge banger'"; do
	says "what is left" "$left"
done
commands >"$SMOKE_WORK/commands"
while read -r line; do
	sh -c "$line" || die "this did not mend: $line"
done <"$SMOKE_WORK/commands"
look
says "mended" "left-overs           none"
expect_eq "mappings" "No devices found" "$(dmsetup ls)"
expect_eq "loop devices" "" "$(losetup -l -n)"
# The machine is none the worse for it.
within 20 state_is one stopped || within 1 state_is one error || die "one is $(field one state)"
tui vm start one
expect_eq "it answers" one "$(tui vm exec one -- hostname)"
tui vm stop one
expect_picture "a mended machine"

# Somebody else's network where ours would be: no start, and a free one is named.
ip link add clash0 type veth peer name clash1
ip address add 172.16.5.1/16 dev clash0
ip link set clash0 up
look
says "the clash" "172.16.0.1/24 overlaps 172.16.0.0/16 of interface clash0"
says "the clash" 'net { address = "172.17.0.1/24" } in banger.conf'
if tui vm start one 2>"$SMOKE_WORK/refused"; then die "a bridge over another network"; fi
expect_in "the refusal" 'net { address = "172.17.0.1/24" } in banger.conf' "$(cat "$SMOKE_WORK/refused")"
ip link delete clash0
expect_picture "a refused start"
tui vm delete one

# A table of the administrator's that drops what is forwarded.
nft 'table inet own { chain through { type filter hook forward priority 10; policy drop; }; }'
look
says "the drop" "inet own through drops what bridged machines send and get"
commands | sh
look
says "the drop, mended" "nothing stands in the way"
nft delete table inet own

# What the old iptables has in the kernel nftables does not know of.
iptables-legacy -t filter -L >/dev/null || die "no iptables-legacy here"
look
says "iptables-legacy" "iptables-legacy has tables here (filter)"
grep -q '^ *→ iptables-legacy-save$' "$SMOKE_WORK/doctor" || die "the command is not one that only looks: $(cat "$SMOKE_WORK/doctor")"
modprobe -r iptable_filter
grep -q '^/run/xtables.lock$' "$SMOKE_WORK/picture" || rm -f /run/xtables.lock # its own
look
says "without it" "nothing stands in the way"
assert_clean
expect_picture "the doctor"

# ---- the console of an ordinary user ----
theirs="runuser -u $user -- env BANGER_STATE_DIR=$home/state BANGER_CACHE_DIR=$home/cache BANGER_CONFIG_DIR=$home/config"
theirs="$theirs BANGER_RUNTIME_DIR=$home/run LC_ALL=C.UTF-8 $home/bin/banger-tui"
mux() { tmux -S "$SMOKE_WORK/tmux" -f /dev/null "$@"; }
keys() { mux send-keys -t t "$@"; }
shows() { mux capture-pane -p -t t | grep -qF -- "$1"; }
expect_screen() { within "$2" shows "$1" || die "no '$1' on the screen: $(mux capture-pane -p -t t)"; }

install -D -m 755 "$top/build/banger-helper" "$helper"
install -D -m 755 -t "$home/bin" "$top/build/banger-tui" "$top/build/banger-guest" "$top/build/banger-keeper" "$top/build/banger-names"
cp -R --sparse=always "$SMOKE_SEED/state" "$SMOKE_SEED/cache" "$home/"
chown -R $user:$user "$home"
chmod 700 "$home/state"
echo "$user:sesame" | chpasswd
echo "$user ALL=(root) $helper" >"$rule"
chmod 440 "$rule"
picture_before
$theirs vm create --memory 128M --vcpus 1 --network bridge --disk dm-snapshot --no-start mine
if $theirs vm start mine 2>"$SMOKE_WORK/refused"; then die "a bridge without rights"; fi
expect_in "why not" "start the helper" "$(cat "$SMOKE_WORK/refused")"

mux new-session -d -s t -x 180 -y 50 "TERM=tmux-256color $theirs"
expect_screen mine 20
keys 5
expect_screen 'H starts it' 20
expect_screen 'not looked at: only root may see that' 60
keys H
expect_screen "password for $user" 20
keys wrong Enter
expect_screen 'try again' 20
keys sesame Enter
expect_screen 'runs: bridged machines and dm-snapshot' 20
expect_screen 'nothing stands in the way' 60
expect_eq "a helper" 1 "$(pgrep -xc banger-helper)"
keys 1 s
expect_screen '● running' 240
expect_screen '172.16.0.2' 10
expect_in "its mapping" banger- "$(dmsetup ls)"
keys s
expect_screen '○ stopped' 120
keys q
within 10 sh -c '! pgrep -x banger-helper >/dev/null' || die "the helper is left"
$theirs vm delete mine
expect_eq "mappings" "No devices found" "$(dmsetup ls)"
expect_picture "a user's console"
