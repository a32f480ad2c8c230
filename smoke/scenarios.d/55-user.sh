# SPDX-License-Identifier: MIT
# As a fresh ordinary user: no root rights, no KVM group, nothing configured.
[ "$(id -u)" = 0 ] || { echo "needs root to make a user"; exit 77; }
user=bangersmoke
userdel -r "$user" 2>/dev/null || true
useradd -m "$user" || { echo "useradd does not work here"; exit 77; }
drop() {
	for p in /proc/[0-9]*; do
		[ "$(stat -c %U "$p" 2>/dev/null)" = "$user" ] && kill -9 "${p#/proc/}" 2>/dev/null
	done
	userdel -r "$user" 2>/dev/null || true
	rm -rf "/tmp/banger-runtime-$uid"
}
uid=$(id -u "$user")
trap drop EXIT

# The user gets a copy of the built programs: the source tree may be closed to others.
mkdir "/home/$user/bin"
cp "$BANGER" "$(dirname "$BANGER")/banger-guest" "$(dirname "$BANGER")/banger-keeper" "$(dirname "$BANGER")/banger-netns" "/home/$user/bin/"
chown -R "$user" "/home/$user/bin"
chmod 755 "/home/$user/bin" "/home/$user/bin"/*
as_user() {
	runuser -u "$user" -- env -i HOME="/home/$user" PATH="$PATH" LC_ALL=C.UTF-8 TERM=dumb "/home/$user/bin/banger-tui" "$@"
}

cd "/home/$user" || die "no home directory for $user"
code=0
as_user doctor || code=$?
[ "$code" = 0 ] || die "doctor: exit $code"
code=0
as_user vm run --rm --memory 256M -- sh -c 'id -u; exit 7' >out || code=$?
expect_eq "exit status" 7 "$code"
expect_eq "root in the guest" 0 "$(cat out)"
as_user vm create --memory 256M mine
expect_in "guest" "Linux mine" "$(as_user vm exec mine -- uname -a)"
expect_eq "VMM's user" "$user" "$(stat -c %U "/proc/$(sed -n 's/.*"vmm_pid":\([0-9]*\).*/\1/p' "/home/$user"/.local/state/banger/vms/*/identity.json)")"
as_user vm stop mine
as_user vm delete mine

# Killed while mmdebstrap works with subordinate ids: the next command ends it and removes its files.
scratch() { find /tmp -maxdepth 1 -type d -user "$user" -name 'banger-????????????' ! -name 'banger-runtime-*'; }
begun() { [ -n "$(scratch | while read -r dir; do find "$dir" -maxdepth 1 -name 'mmdebstrap.*'; done)" ]; }
no_tools() { ! pgrep -u "$user" -f mmdebstrap >/dev/null; }
as_user image pull debian-bookworm >/dev/null 2>&1 &
within 20 begun || die "mmdebstrap does not begin"
for p in $(pgrep -u "$user" -x banger-tui); do kill -9 "$p"; done
wait $! || true
[ -n "$(scratch)" ] || die "nothing was left to clean up"
as_user vm list >/dev/null
expect_eq "left in /tmp" "" "$(scratch)"
within 5 no_tools || die "mmdebstrap goes on"

expect_eq "rows left" "" "$(as_user vm list | tail -n +2)"
expect_eq "directories left" "" "$(ls "/home/$user/.local/state/banger/vms")"
