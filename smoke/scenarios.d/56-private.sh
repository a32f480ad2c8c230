# SPDX-License-Identifier: MIT
# A private network, as an ordinary user: who gets in, what gets out, and what is left when something dies.
[ "$(id -u)" = 0 ] || { echo "needs root to make a user and addresses to reach"; exit 77; }
command -v slirp4netns >/dev/null || { echo "no slirp4netns"; exit 77; }
command -v ip >/dev/null || { echo "no iproute2"; exit 77; }
[ -c /dev/net/tun ] || { echo "no /dev/net/tun"; exit 77; }

user=bangerprivate
one=192.0.2.7     # TEST-NET-1 (RFC 5737)
other=192.0.2.8
loop=127.0.0.9
userdel -r "$user" 2>/dev/null || true
useradd -m "$user" || { echo "useradd does not work here"; exit 77; }
uid=$(id -u "$user")
home=/home/$user
tun_mode=$(stat -c %a /dev/net/tun)
peers=
theirs() { ps -o pid=,args= -u "$uid" 2>/dev/null || true; }
drop() {
	[ ! -f "$home/hosts.before" ] || cat "$home/hosts.before" >/etc/hosts
	chmod "$tun_mode" /dev/net/tun
	for p in $peers $(theirs | while read -r pid _; do echo "$pid"; done); do kill -9 "$p" 2>/dev/null || true; done
	for a in $one $other; do ip address del "$a/32" dev lo 2>/dev/null || true; done
	userdel -r "$user" 2>/dev/null || true
	rm -rf "/tmp/banger-runtime-$uid"
}
trap drop EXIT

# The user gets a copy of the built programs: the source tree may be closed to others.
mkdir "$home/bin"
for p in banger-tui banger-guest banger-keeper banger-netns; do cp "$(dirname "$BANGER")/$p" "$home/bin/"; done
chown -R "$user" "$home/bin"
chmod 755 "$home/bin" "$home/bin"/*
as_user() {
	runuser -u "$user" -- env -i HOME="$home" PATH="$PATH" LC_ALL=C.UTF-8 TERM=dumb "$home/bin/banger-tui" "$@"
}
cd "$home" || die "no home directory for $user"
show() { as_user vm show "$1" | sed -n "s/^$2 *//p"; }
pid_of() { sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p" "$home"/.local/state/banger/vms/"$(show "$1" id)"/identity.json; }
slirp() { pgrep -u "$uid" -x slirp4netns; }
no_slirp() { [ -z "$(slirp)" ]; }
doctor_line() { as_user doctor | grep -A1 "private network"; }

# ---- what cannot be had is said before there is anything ----

if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 80 ]; then
	code=0
	as_user vm create --no-start -p 80:80 never 2>said || code=$?
	expect_eq "a privileged port" 1 "$code"
	expect_in "why" "port 80 is a privileged port of this host" "$(cat said)"
	expect_in "what helps" "sysctl -w net.ipv4.ip_unprivileged_port_start=80" "$(cat said)"
fi
code=0
as_user vm create --no-start --egress allow=127.0.0.1 never 2>said || code=$?
expect_eq "the host's loopback in a list" 2 "$code"
code=0
as_user vm create --no-start --egress allow=dns,example.org:80 never 2>said || code=$?
expect_eq "no item of a list" 2 "$code"
expect_in "why" "'example.org:80' is neither an IPv4 address, nor a range of them, nor a host name" "$(cat said)"

# ---- without the device: the fallback, and why ----

chmod 600 /dev/net/tun
expect_in "doctor" "sudo chmod 0666 /dev/net/tun" "$(doctor_line)"
name=$(as_user vm create --no-start --memory 256M plain 2>said)
expect_eq "name" plain "$name"
expect_in "said at creation" "network: slirp (no private network here: /dev/net/tun: Permission denied)" "$(cat said)"
expect_in "shown" "no private network here: /dev/net/tun: Permission denied" "$(as_user vm show plain)"
as_user vm delete plain
code=0
as_user vm create --egress "allow=$one" never 2>said || code=$?
expect_eq "a list without a private network" 1 "$code"
expect_in "what mends it" "sudo chmod 0666 /dev/net/tun" "$(cat said)"
as_user vm create --no-start --network private --memory 256M asked
code=0
as_user vm start asked 2>said || code=$?
expect_eq "start of one that asked for it" 1 "$code"
expect_in "why" "/dev/net/tun: Permission denied" "$(cat said)"
as_user vm delete asked

chmod 666 /dev/net/tun
case $(doctor_line) in
*"a network was made"*) ;;
*)
	doctor_line
	echo "no private network can be made here: $(doctor_line | tr -s ' \n' ' ')"
	exit 77
	;;
esac

# ---- somebody to reach ----

for a in $one $other; do ip address replace "$a/32" dev lo; done
mkdir www
echo reached >www/index.html
serve() { # address:port
	busybox httpd -f -p "$1" -h "$home/www" &
	peers="$peers $!"
}
serve $one:8007
serve $other:8007
serve 127.0.0.1:8009
serve $loop:8009
serves() { [ "$(busybox wget -q -O - "http://$1/")" = reached ]; }
for a in $one:8007 $other:8007 127.0.0.1:8009 $loop:8009; do within 5 serves "$a" || die "nobody serves at $a"; done
# in_guest COMMAND…; gets URL: may the guest have it?
in_guest() { as_user vm exec mine -- sh -c "$*"; }
gets() { in_guest "timeout 5 wget -q -O - http://$1/" 2>/dev/null | grep -q reached; }
refused() { ! gets "$1"; }

# ---- everything but the host's loopback ----

as_user vm create --memory 256M -p 18081:80 mine 2>said
expect_eq "mode" private "$(show mine network)"
case $(cat said) in *slirp*) die "said: $(cat said)" ;; esac
expect_eq "root in the guest" 0 "$(in_guest id -u)"
in_guest 'mkdir -p /tmp/www; echo reached >/tmp/www/index.html; httpd -p 80 -h /tmp/www'
within 10 serves 127.0.0.1:18081 || die "the published port does not lead in"
gets $one:8007 || die "full egress does not reach $one"
gets $other:8007 || die "full egress does not reach $other"
refused 10.0.2.2:8009 || die "the guest reaches the host's loopback by the gateway"
# A guest's root may send to 127.0.0.9 by its interface, and slirp4netns would connect.
in_guest "echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet; ip address del 127.0.0.1/8 dev lo; ip route add $loop via 10.0.2.2 dev eth0"
refused $loop:8009 || die "the guest reaches the host's loopback by its own address"

# The VMM is inside: of the host's network it has nothing, over its own no right.
vmm=$(pid_of mine vmm_pid)
[ "$(readlink "/proc/$vmm/ns/net")" != "$(readlink /proc/self/ns/net)" ] || die "the VMM is in the host's network"
expect_eq "the VMM's rights" 0000000000000000 "$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$vmm/status")"
expect_eq "who runs it" "$user" "$(stat -c %U "/proc/$vmm")"

# ---- what dies ----

kill -9 "$(slirp)"
within 10 serves 127.0.0.1:18081 || die "slirp4netns died, and the published port does not come back"
gets $one:8007 || die "slirp4netns died, and the guest does not get out any more"

kill -9 "$(pid_of mine keeper_pid)"
expect_eq "without a keeper" alive "$(in_guest echo alive)"
serves 127.0.0.1:18081 || die "with the keeper the published port went"
as_user vm stop mine
within 5 no_slirp || die "slirp4netns is left after a stop without a keeper"
expect_eq "processes left" "" "$(theirs)"

# ---- one address ----

as_user vm set --egress "allow=$one" mine
as_user vm start mine
expect_eq "shown" "allow=$one" "$(show mine egress)"
gets $one:8007 || die "the list does not let $one through"
refused $other:8007 || die "the list lets $other through"
refused 10.0.2.2:8009 || die "with a list the guest reaches the host's loopback"
in_guest 'command -v nslookup && ! timeout 5 nslookup localhost 10.0.2.3' >/dev/null 2>&1 || die "the resolver answers, and is not on the list"
as_user vm stop mine

# ---- names: the same address for the rules and for the guest, anew at each start ----

cp /etc/hosts hosts.before
# In place: in a container it is a mount.
as() { { cat hosts.before; echo "$1 web.banger-smoke.test"; } >/etc/hosts; }
as_user vm set --egress allow=web.banger-smoke.test mine
code=0
as_user vm start mine 2>said || code=$?
expect_eq "a name nobody knows" 1 "$code"
expect_in "which" "host name 'web.banger-smoke.test': this host knows no IPv4 address of it" "$(cat said)"
as 127.0.0.1
code=0
as_user vm start mine 2>said || code=$?
expect_in "a name of the loopback's" "is this host's loopback" "$(cat said)"
as $other
as_user vm start mine
as_user vm stop mine
as $one
as_user vm start mine
expect_eq "shown" "allow=web.banger-smoke.test" "$(show mine egress)"
gets web.banger-smoke.test:8007 || die "the list does not let its name through"
refused $other:8007 || die "what the name stood for before is let through"
expect_eq "hosts of the guest" "$one" "$(in_guest "grep web.banger-smoke.test /etc/hosts" | cut -f1)"
cat hosts.before >/etc/hosts
rm hosts.before
# The VMM dies, and its network with it.
kill -9 "$(pid_of mine vmm_pid)"
gone() { [ -z "$(theirs)" ]; }
within 10 gone || die "left when the VMM was killed: $(theirs)"

# ---- nothing ----

as_user vm set --egress none mine
as_user vm start mine
refused $one:8007 || die "egress none reaches $one"
in_guest 'mkdir -p /tmp/www; echo reached >/tmp/www/index.html; httpd -p 80 -h /tmp/www'
within 10 serves 127.0.0.1:18081 || die "egress none closes the published port"
# A port somebody has is told.
code=0
as_user vm create --memory 256M -p 18081:80 second 2>said || code=$?
expect_eq "a port that is taken" 1 "$code"
expect_in "which" "18081" "$(cat said)"
as_user vm delete second
as_user vm delete mine

within 5 gone || die "processes left: $(theirs)"
expect_eq "rows left" "" "$(as_user vm list | tail -n +2)"
expect_eq "directories left" "" "$(ls "$home/.local/state/banger/vms")"
expect_eq "sockets left" "" "$(find "/tmp/banger-runtime-$uid" -mindepth 1 ! -name 'lock*')"
