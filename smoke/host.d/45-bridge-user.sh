# SPDX-License-Identifier: MIT
# An ordinary user's bridged machine: banger-helper, installed and allowed by sudo, does what takes rights; everything else stays the
# user's. Another user is told whose the network is. Without the permission there is a sentence, and nothing has happened.
user=guest-user
home=/home/$user
helper=/usr/local/libexec/banger-tui/banger-helper
rule=/etc/sudoers.d/banger
# A machine that is left running would keep the network from the scenarios to come.
leave() {
	if [ $? -ne 0 ]; then
		theirs vm show mine 2>&1 || true
		cat "$home/cache/kvm-probe.json" 2>/dev/null || true
		tail -n 40 "$home"/state/vms/*/serial.log 2>/dev/null | tr -cd '[:print:]\n' | cut -c1-200
	fi
	if [ -d "$home/state/vms" ]; then
		allow
		for dir in "$home/state/vms/"*; do theirs vm delete --force "${dir##*/}" >/dev/null 2>&1 || true; done
	fi
	rm -rf "$helper" "$rule" "$home/state" "$home/cache" "${home:?}/bin"
}
trap leave EXIT
theirs() {
	runuser -u $user -- env BANGER_STATE_DIR=$home/state BANGER_CACHE_DIR=$home/cache BANGER_CONFIG_DIR=$home/config \
		BANGER_RUNTIME_DIR=$home/run "$home/bin/banger-tui" "$@"
}
their_field() { theirs vm show --json "$1" | sed -n "s/.*\"$2\":\"\{0,1\}\([^,\"}]*\).*/\1/p"; }

install -D -m 755 "$top/build/banger-helper" "$helper"
install -D -m 755 -t "$home/bin" "$top/build/banger-tui" "$top/build/banger-guest" "$top/build/banger-keeper" "$top/build/banger-names"
cp -R --sparse=always "$SMOKE_SEED/state" "$SMOKE_SEED/cache" "$home/"
chown -R $user:$user "$home"
chmod 700 "$home/state"
allow() {
	echo "$user ALL=(root) NOPASSWD: $helper" >"$rule"
	chmod 440 "$rule"
}
picture_before

theirs vm create --memory 128M --vcpus 1 --network bridge --no-start mine
if theirs vm start mine 2>"$SMOKE_WORK/refused"; then die "a bridge without rights"; fi
expect_in "why not" "start the helper" "$(cat "$SMOKE_WORK/refused")"
expect_eq "said once" 1 "$(grep -o "start the helper" "$SMOKE_WORK/refused" | wc -l)"
expect_in "where it would be asked" "Host view" "$(cat "$SMOKE_WORK/refused")"
expect_picture "a start without rights"
# It holds nothing, so nobody's rights are needed to be rid of it.
theirs vm create --memory 128M --vcpus 1 --network bridge --no-start tried
if theirs vm start tried 2>/dev/null; then die "a bridge without rights"; fi
theirs vm set --network slirp tried
theirs vm delete tried

allow
expect_in "doctor" "sudo starts it" "$(theirs doctor || true)" # without a password, or unasked where there is a mailer
theirs vm start mine
expect_eq "address" 172.16.0.2 "$(their_field mine address)"
pid=$(sed -n 's/.*"vmm_pid":\([0-9]*\).*/\1/p' "$home/state/vms/$(their_field mine id)/identity.json")
expect_eq "whose the VMM is" $user "$(ps -o user:20= -p "$pid" | tr -d ' ')"
expect_in "the tap" "user $(id -u $user)" "$(ip -d link show "bgr$(their_field mine id)" | sed "s/user $user/user $(id -u $user)/")"
expect_eq "no helper is left" "" "$(pgrep -x banger-helper || true)"
expect_eq "it answers" mine "$(theirs vm exec mine -- hostname)"
theirs vm set --nat mine
theirs vm exec mine -- ping -c 1 -W 20 10.0.2.2 >/dev/null || die "it does not get out with NAT"

# Root sees all of it, and that none of it is left over; and that rules are missing, though they are another's machine's.
look() { tui doctor >"$SMOKE_WORK/doctor" || true; }
look
expect_in "root's doctor" "left-overs           none" "$(cat "$SMOKE_WORK/doctor")"
nft flush ruleset
look
expect_in "root's doctor" "1 bridged machine runs and its rules are gone" "$(cat "$SMOKE_WORK/doctor")"
theirs vm set --nat mine
look
expect_in "root's doctor" "nothing stands in the way" "$(cat "$SMOKE_WORK/doctor")"

tui vm create --memory 128M --vcpus 1 --network bridge --no-start roots
if tui vm start roots 2>"$SMOKE_WORK/refused"; then die "two users have the network"; fi
expect_in "whose it is" "user $(id -u $user)'s" "$(cat "$SMOKE_WORK/refused")"
tui vm delete roots
expect_eq "still there" mine "$(theirs vm exec mine -- hostname)"

# The permission goes while it runs: it can be stopped, and what is left is known and goes as soon as it may.
rm "$rule"
theirs vm stop mine
expect_eq "state" stopped "$(their_field mine state)"
expect_in "what is left" "waits to be given back" "$(theirs vm show mine)"
allow
theirs vm start mine
theirs vm delete mine
rm "$rule"
expect_picture "a user's machine"
assert_clean
