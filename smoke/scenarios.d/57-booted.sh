# SPDX-License-Identifier: MIT
# A machine of systemd with networkd and resolved: it is ready before it is booted, the two leave its network as it was made, and
# names resolve in it.
make_image systemd '"variant":"essential","packages":["systemd-sysv","dbus","udev","systemd-resolved","iproute2"]'
# Its init begins when it is told to, so that the time between ready and booted is long enough to be looked at.
cat >"$SMOKE_WORK/systemd" <<'EOF'
#!/bin/sh
until [ -e /run/go ]; do sleep 0.2; done
exec /lib/systemd/systemd
EOF
chmod 755 "$SMOKE_WORK/systemd"
printf '[Match]\nName=eth*\n\n[Network]\nDHCP=yes\n' >"$SMOKE_WORK/dhcp.network"
units=lib/systemd/system
wants=etc/systemd/system/multi-user.target.wants
edit_image systemd <<EOF
mkdir opt/late
write $SMOKE_WORK/systemd opt/late/systemd
rm usr/sbin/init
symlink usr/sbin/init /opt/late/systemd
write $SMOKE_WORK/dhcp.network etc/systemd/network/50-dhcp.network
symlink $wants/systemd-networkd.service /$units/systemd-networkd.service
symlink $wants/network-online.target /$units/network-online.target
mkdir etc/systemd/system/network-online.target.wants
symlink etc/systemd/system/network-online.target.wants/systemd-networkd-wait-online.service /$units/systemd-networkd-wait-online.service
EOF

tui vm create --memory 384M --image systemd deb
expect_eq "state" running "$(field deb state)"
figures_say() { tui vm stats --once --json deb | grep -q "\"booted\":$1"; }
within 20 figures_say false || die "figures: $(tui vm stats --once --json deb)"
expect_eq "asked inside" "init=systemd booted=0 1" "$(tui vm exec --no-wait deb -- sh -c '
PATH=$PATH:/run/banger/kit/bin
echo $(banger-guest info | grep -e init -e booted) $(banger-guest wait-booted 1; echo $?)')"
# What waits for a booted machine goes on when it is, not before.
tui vm exec deb -- sh -c 'cat /run/go; ls /run/systemd/private' >"$SMOKE_WORK/waited" 2>&1 &
waits=$!
tui vm exec --no-wait deb -- sh -c 'echo gone on >/run/go'
wait $waits || die "what waits for booted: $(cat "$SMOKE_WORK/waited")"
expect_eq "what waited" "gone on
/run/systemd/private" "$(cat "$SMOKE_WORK/waited")"
within 20 figures_say true || die "figures: $(tui vm stats --once --json deb)"

# Of the hosts that Debian comes from, one that has an address here.
known=$(sed -n 's,.*https\{0\,1\}://\([a-z0-9.-]*\).*,\1,p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | sort -u |
	while read -r name; do
		! getent ahostsv4 "$name" >/dev/null || { echo "$name"; break; }
	done)
expect_eq "what is there" "running
0 failed
active active
eth0 unmanaged
network as made
/run/systemd/resolve/stub-resolv.conf
servers as told${known:+
name known}" "$(tui vm exec deb -- sh -c "
systemctl is-system-running --wait
echo \$(systemctl list-units --failed --no-legend | wc -l) failed
echo \$(systemctl is-active systemd-networkd systemd-resolved)
timeout 30 sh -c 'while networkctl list --no-legend eth0 | grep -q pending; do sleep 1; done'
networkctl list --no-legend eth0 | awk '{ print \$2, \$5 }'
$(net_as_made)
readlink -f /etc/resolv.conf
[ \"\$(resolvectl dns | sed -n 's/^Global: //p')\" = \"\$(echo \$(sed -n 's/^nameserver //p' /run/banger/seed/resolv.conf))\" ] && echo servers as told
[ -z '$known' ] || ! getent ahostsv4 '$known' >/dev/null || echo name known
")"
tui vm stop deb
expect_closed deb
tui vm delete deb
drop_image systemd
assert_clean
