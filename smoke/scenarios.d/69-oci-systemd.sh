# SPDX-License-Identifier: MIT
# A whole Debian with systemd from a registry: it answers SSH, and its own init runs it.
long_tier
. "$top/smoke/lib-oci.sh"
command -v mmdebstrap >/dev/null || { echo "no mmdebstrap"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "umoci's layers need root for their owners"; exit 77; }
others=$(image_dirs)
registry_start ""
sources=
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
	[ ! -s "$file" ] || sources="$sources $file"
done
# shellcheck disable=SC2086 # words
mmdebstrap -q --variant=minbase --include=systemd-sysv,dbus bookworm "$SMOKE_WORK/debian.tar" $sources 2>"$SMOKE_WORK/made" ||
	die "mmdebstrap: $(tail -n 3 "$SMOKE_WORK/made")"
debian() { tar -xf "$SMOKE_WORK/debian.tar" --xattrs --xattrs-include='*'; }
new_image debian
layer debian debian
push debian debian:latest

expect_in "as people type it" 'VERSION_CODENAME=bookworm' \
	"$(tui vm run --rm --memory 256M --image "$REGISTRY/debian" -- cat /etc/os-release)"
tui vm create --memory 256M --image "$REGISTRY/debian" debian
expect_eq "PID 1" systemd "$(tui vm exec debian -- cat /proc/1/comm)"
within 60 sh -c "'$BANGER' vm exec debian -- systemctl is-system-running | grep -q -e running -e degraded" || die "systemd does not come up"
expect_same debian "$REGISTRY/debian:latest"
tui vm stop debian
expect_closed debian
tui vm delete debian
tui image delete "$REGISTRY/debian"
expect_eq "left" "$others" "$(image_dirs)"
tui image prune -y
assert_clean
