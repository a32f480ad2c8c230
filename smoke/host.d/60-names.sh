# SPDX-License-Identifier: MIT
# Bridged machines have names: the host finds web1.vm through systemd-resolved, guests find one another through the bridge, plain ssh
# gets in; guests with NAT have the host's resolvers asked for all else, the others have not. It comes with the first machine and
# goes with the last, and the resolver is as it was.
resolved=/lib/systemd/systemd-resolved
[ -x $resolved ] || { echo "no systemd-resolved in this host"; exit 77; }
# systemctl has no say here: bus and resolver are started as their units would.
mkdir -p /run/dbus /run/systemd/resolve
chown systemd-resolve: /run/systemd/resolve
cp /etc/resolv.conf "$SMOKE_WORK/resolv.conf"
cp /etc/hosts "$SMOKE_WORK/hosts"
leave() {
	cp "$SMOKE_WORK/resolv.conf" /etc/resolv.conf
	cp "$SMOKE_WORK/hosts" /etc/hosts
	# shellcheck disable=SC2086 # words
	kill $servers 2>/dev/null || true
	rm -rf /run/dbus/system_bus_socket /run/systemd/resolve
}
servers=
trap leave EXIT
# A name of the world beyond that needs no world: the host's resolver knows it by the host's own file.
echo "192.0.2.77 words.example.test" >>/etc/hosts
echo "nameserver 127.0.0.53" >/etc/resolv.conf # its own, so that it takes none from there
dbus-daemon --system --nofork --nopidfile &
servers=$!
within 10 [ -S /run/dbus/system_bus_socket ] || die "no system bus"
$resolved &
servers="$servers $!"
within 20 [ -e /run/systemd/resolve/stub-resolv.conf ] || die "no systemd-resolved"
HOME=/root
export HOME
names_pid() { pgrep -x banger-names || true; }
has_names() { [ -n "$(names_pid)" ]; }
has_no_names() { [ -z "$(names_pid)" ]; }
status_of() { dig "$@" | sed -n 's/.*status: \([A-Z]*\).*/\1/p'; }
finds() { [ "$(dig +short "$1")" = "$2" ]; }
routes() { resolvectl domain 2>/dev/null | grep -q 'br-banger.*~vm'; }
asks() { tui vm exec "$1" -- nslookup "$2" 2>&1; } # VM NAME: in the guest
hears() { asks "$1" "$2" | grep -q "$3"; }
picture_before
resolver_before=$(resolvectl dns; resolvectl domain)
expect_in "doctor" "systemd-resolved is told" "$(tui doctor || true)"

tui vm create --memory 128M --vcpus 1 --network bridge --nat web1
within 20 routes || die "systemd-resolved was told nothing: $(resolvectl status)"
within 20 finds web1.vm 172.16.0.2 || die "dig web1.vm: $(dig web1.vm)"
expect_eq "whose address that is" web1.vm. "$(dig +short -x 172.16.0.2)"
expect_in "any program of the host" "172.16.0.2" "$(getent hosts web1.vm)"
expect_eq "by TCP" 172.16.0.2 "$(dig +tcp +short @127.0.0.1 -p 42069 web1.vm)"
expect_eq "no IPv6 address, and no error" NOERROR "$(status_of @127.0.0.1 -p 42069 web1.vm AAAA)"
expect_eq "nobody" NXDOMAIN "$(status_of @127.0.0.1 -p 42069 nobody.vm)"
expect_eq "foreign names by our port" REFUSED "$(status_of @127.0.0.1 -p 42069 words.example.test)"
expect_eq "foreign names by the resolver" 192.0.2.77 "$(dig +short words.example.test)"
first=$(names_pid)
expect_in "its rights" "CapEff:	0000000000000000" "$(cat "/proc/$first/status")"
expect_in "its filter" "Seccomp:	2" "$(cat "/proc/$first/status")"

tui vm create --memory 128M --vcpus 1 --network bridge web2
expect_eq "one server for all" "$first" "$(names_pid)"
expect_in "whom guests ask" "nameserver 172.16.0.1" "$(tui vm exec web2 -- cat /etc/resolv.conf)"
within 20 hears web1 web2.vm 172.16.0.3 || die "web2.vm in web1: $(asks web1 web2.vm)"
within 20 hears web2 web1.vm 172.16.0.2 || die "web1.vm in web2: $(asks web2 web1.vm)"
within 20 hears web1 words.example.test 192.0.2.77 || die "a foreign name in web1: $(asks web1 words.example.test)"
if hears web2 words.example.test 192.0.2.77; then die "a guest without NAT reached the world by names"; fi
tui vm set --nat web2
within 20 hears web2 words.example.test 192.0.2.77 || die "with NAT: $(asks web2 words.example.test)"

# Plain ssh, nothing said to it: root's own ~/.ssh/config.
tui ssh-config --install
expect_eq "plain ssh" web1 "$(ssh -o BatchMode=yes web1.vm hostname)"
expect_eq "plain ssh" web2 "$(ssh -o BatchMode=yes web2.vm hostname)"
tui ssh-config --uninstall

# One that is killed is said to be missing, and is back with the next verb.
kill -9 "$first"
within 10 has_no_names || die "the name server outlives kill -9"
expect_in "doctor" "their name server does not" "$(tui doctor || true)"
tui vm list
has_names || die "no name server after the next verb"
within 20 finds web1.vm 172.16.0.2 || die "dig web1.vm: $(dig web1.vm)"
kill -9 "$(names_pid)"
tui vm restart web1
within 10 has_names || die "no name server after a restart"
within 20 finds web1.vm 172.16.0.2 || die "dig web1.vm: $(dig web1.vm)"

# A machine that goes takes its name along, the last one all of it.
tui vm stop web1
expect_eq "a stopped machine's name" NXDOMAIN "$(status_of @127.0.0.1 -p 42069 web1.vm)"
tui vm kill web2
within 10 has_no_names || die "the name server is left"
expect_picture "names"
within 10 sh -c '! resolvectl domain | grep -q vm' || die "the resolver still routes: $(resolvectl domain)"
expect_eq "the resolver" "$resolver_before" "$(resolvectl dns; resolvectl domain)"

# Without a resolver to tell, machines run and are known to guests, and it is said.
# shellcheck disable=SC2086 # words
kill $servers
servers=
rm -rf /run/systemd/resolve /run/dbus/system_bus_socket
cp "$SMOKE_WORK/resolv.conf" /etc/resolv.conf
picture_before
tui vm start web1
expect_in "said" "no system bus" "$(cat "$BANGER_STATE_DIR/log/banger-tui.log")"
expect_in "doctor" "no systemd-resolved" "$(tui doctor || true)"
expect_eq "asked by hand" 172.16.0.2 "$(dig +short @127.0.0.1 -p 42069 web1.vm)"
within 20 hears web1 web1.vm 172.16.0.2 || die "web1.vm in web1: $(asks web1 web1.vm)"
tui vm delete web1
tui vm delete web2
within 10 has_no_names || die "the name server is left"
assert_clean
expect_picture "delete"
