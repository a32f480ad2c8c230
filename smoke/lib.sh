# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
# What every scenario shares. A scenario is a file of scenarios.d, sourced after this by smoke/run in a shell of its own with
# `set -eu`; it defines nothing global and leaves no VM behind. `die` fails it with a sentence.

tui() { "$BANGER" "$@"; }

die() {
	printf 'smoke: %s\n' "$*" >&2
	exit 1
}

# The first line of a scenario that takes longer than the quick run is worth; see HACKING.md.
long_tier() {
	[ -n "${SMOKE_LONG:-}" ] || { echo "takes long; SMOKE_LONG=1 runs it"; exit 77; }
}

# expect_eq WHAT WANTED GOT
expect_eq() {
	[ "$2" = "$3" ] || die "$1: wanted '$2', got '$3'"
}

# expect_in WHAT NEEDLE HAYSTACK
expect_in() {
	case $3 in
	*"$2"*) ;;
	*) die "$1: no '$2' in: $3" ;;
	esac
}

# within SECONDS COMMAND…: until it succeeds; fails when it has not by then.
within() {
	limit=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt "$limit" ] || return 1
		sleep 0.1
	done
}

# make_image NAME MEMBERS: pull an image of the scenario's own; MEMBERS are those of its catalogue entry that say what is in it.
make_image() {
	mkdir -p "$BANGER_CONFIG_DIR/catalog.d"
	printf '{"images":[{"name":"%s","kind":"bootstrap","suite":"bookworm",%s}]}\n' "$1" "$2" >"$BANGER_CONFIG_DIR/catalog.d/$1.json"
	tui image pull "$1"
}

drop_image() {
	tui image delete "$1"
	rm "$BANGER_CONFIG_DIR/catalog.d/$1.json"
}

image_file() {
	printf '%s/images/%s/rootfs.ext4' "$BANGER_STATE_DIR" "$(tui image list | awk -v name="$1" '$1 == name { print $2 }')"
}

# The command fails, and says so.
refused() { # SAYS COMMAND…
	says=$1
	shift
	code=0
	out=$("$@" 2>&1) || code=$?
	[ "$code" != 0 ] || die "not refused: $*"
	expect_in "$*" "$says" "$out"
}

# What stands in the directory of images, staging included; other scenarios' are there, too.
image_dirs() { find "$BANGER_STATE_DIR/images" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }

# edit_image NAME: change its file system by the commands of debugfs(8) on stdin, before any VM uses it.
edit_image() {
	PATH=$PATH:/usr/sbin:/sbin debugfs -w -f - "$(image_file "$1")" >"$SMOKE_WORK/debugfs" 2>&1
	! grep -v -e '^debugfs' -e '^Allocated inode' -e '^$' "$SMOKE_WORK/debugfs" || die "image $1 could not be edited"
}

# Text for sh inside a guest with iproute2: it prints "network as made" when eth0 has the address and the route of the seed and
# no others.
net_as_made() {
	echo '
told() { sed -n "s/^net_$1=//p" /run/banger/seed/config; }
lasting=$(ip -4 -o address show eth0 | grep -c "inet $(told address) .* valid_lft forever")
if [ "$lasting $(ip -4 -o address show eth0 | wc -l) $(echo $(ip route show default))" = "1 1 default via $(told gateway) dev eth0" ]; then
	echo network as made
else
	ip address show eth0; ip route
fi'
}

# A field of `vm show --json`.
field() {
	tui vm show --json "$1" | sed -n "s/.*\"$2\":\"\{0,1\}\([^,\"}]*\).*/\1/p"
}

state_is() { [ "$(field "$1" state)" = "$2" ]; }

vm_dir() { printf '%s/vms/%s' "$BANGER_STATE_DIR" "$(field "$1" id)"; }

# A number of identity.json: vmm_pid, keeper_pid.
identity() {
	sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p" "$(vm_dir "$1")/identity.json"
}

# A stopped machine closed its disks: there is no journal for the next start to replay.
expect_closed() {
	for disk in "$(vm_dir "$1")"/*.ext4; do
		expect_in "$disk" has_journal "$(PATH=$PATH:/usr/sbin:/sbin dumpe2fs -h "$disk" 2>/dev/null)"
		expect_eq "$disk left open" "" "$(PATH=$PATH:/usr/sbin:/sbin dumpe2fs -h "$disk" 2>/dev/null | grep needs_recovery)"
	done
}

# Processes of this scenario's VMs: everything whose command line names the state directory, or a socket of theirs.
leftovers() { pgrep -f -- "$BANGER_STATE_DIR/vms/|=$BANGER_RUNTIME_DIR/" || true; }

no_leftovers() { [ -z "$(leftovers)" ]; }

# How many VMMs of this scenario's VMs run.
vmms() { pgrep -f -c -- "^[^ ]*qemu-system.*$BANGER_STATE_DIR/vms/" || true; }

# Nothing of any VM is left: rows, directories, processes, sockets.
assert_clean() {
	expect_eq "rows left" "" "$(tui vm list | tail -n +2)"
	expect_eq "directories left" "" "$(ls "$BANGER_STATE_DIR/vms")"
	within 5 sh -c "[ -z \"\$(ls '$BANGER_RUNTIME_DIR' | grep -v '^lock')\" ]" || die "left in the runtime directory: $(ls "$BANGER_RUNTIME_DIR")"
	within 5 no_leftovers || die "processes left: $(leftovers)"
	within 5 sh -c "! pgrep -f '[b]anger-names $BANGER_STATE_DIR/' >/dev/null" || die "the name server is left"
}

# For scenarios of host.d: what of the host a machine may not change for good. picture_before takes it, expect_picture WHAT fails
# with the difference unless it becomes so again. Of /run/banger the directory and its lock stay, and so do device nodes of free
# loop devices and the directory of /dev that ours lay in; guest-user's home is a scenario's, and what sudo and systemd-resolved
# keep in /run is theirs.
# What a scenario leaves out of them it says itself.
pictured_rules() { nft -s list ruleset; }
picture_net() {
	ip -o link | sed 's/ qlen [0-9]*//'
	ip -o address | sed 's/ valid_lft.*//'
	ip route show table all | sed 's/ expires [0-9]*sec//'
	ip rule
	pictured_rules
	for f in /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv4/conf/*/rp_filter \
		/proc/sys/net/ipv6/conf/*/disable_ipv6; do
		echo "$f $(cat "$f")"
	done
}
picture() {
	picture_net
	dmsetup ls
	losetup -l -n
	cat /proc/mounts
	# Those of this scenario itself, its shells and tools, come and go.
	ps -e -o ppid=,comm= | awk '$1 != 2 && $2 !~ /^(sh|torture|ps|awk|sort|cmp|diff|sed|timeout|sleep|kthreadd|sshd)$/ { print "process " $2 }' | sort
	find /dev /etc /home /opt /root /run /srv /tmp /usr/local /var -path "$SMOKE_WORK" -prune -o \
		-path /dev/pts -prune -o -path '/dev/loop*' -prune -o -path /dev/banger -type d -prune -o -path /run/banger -prune -o \
		-path /home/guest-user -prune -o -path /run/sudo -prune -o -path /run/systemd/resolve -prune -o \
		-print | sort
	find /run/banger /dev/banger ! -type d ! -name lock 2>/dev/null | sort
}
picture_before() { picture >"$SMOKE_WORK/picture"; }
is_as_pictured() { picture | cmp -s - "$SMOKE_WORK/picture"; }
expect_picture() {
	within 15 is_as_pictured || die "$1 left: $(picture | diff "$SMOKE_WORK/picture" -)"
}
