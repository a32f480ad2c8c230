# SPDX-License-Identifier: MIT
# Kernels of files: a Debian kernel's bzImage with modules, then the ELF in it, become machines; what would never have answered is refused
# by name, and nothing of it is left. The same as a bundle. And the kernel this host runs, where it has one.
PATH=$PATH:/usr/sbin:/sbin
for tool in debugfs lz4 xz zstd; do command -v "$tool" >/dev/null || { echo "no $tool"; exit 77; }; done
tui kernel pull debian
debian=$BANGER_STATE_DIR/kernels/debian
files=$SMOKE_WORK/files
mkdir -p "$files/lib/modules"
debugfs -R "rdump / $files/lib/modules" "$debian/modules.ext4" >/dev/null 2>&1
rmdir "$files/lib/modules/lost+found"
release=$(ls "$files/lib/modules")
kernel=$debian/vmlinuz
modules=$files/lib/modules/$release
rm "$modules"/modules.dep*
listed() { tui kernel list | awk -v name="$1" '$1 == name { print $2, $3 }'; }
kernel_dirs() { find "$BANGER_STATE_DIR/kernels" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
others=$(kernel_dirs)

# One module as distributions pack it.
xz -k --check=crc32 "$modules/kernel/drivers/block/virtio_blk.ko" && rm "$modules/kernel/drivers/block/virtio_blk.ko"
tui kernel import --modules "$files" "$kernel" mine
expect_in "its digest" "\"digest\":\"sha256:$(sha256sum "$BANGER_STATE_DIR/kernels/mine/vmlinuz" | cut -d ' ' -f 1)\"" "$(tui kernel list --json)"
expect_eq "listed" "$release local" "$(listed mine)"
expect_eq "the bzImage's machine" "$release" "$(tui vm run --rm --memory 192M --image tiny --kernel mine -- uname -r)"
[ ! -e "$modules/modules.dep" ] || die "the directory of modules was changed"

# Where the ELF in it is, its own header says; Debian packs it by lz4 or xz.
number() { od -An -j "$1" -N "$2" -t "u$2" "$kernel" | tr -d ' '; }
at=$((($(number 497 1) + 1) * 512 + $(number 584 4)))
tail -c "+$((at + 1))" "$kernel" | head -c $(($(number 588 4) - 4)) >"$SMOKE_WORK/payload"
lz4 -dc "$SMOKE_WORK/payload" >"$SMOKE_WORK/vmlinux" 2>/dev/null || xz -dc "$SMOKE_WORK/payload" >"$SMOKE_WORK/vmlinux"
tui kernel import --modules "$modules" "$SMOKE_WORK/vmlinux"
expect_eq "called as the file is" "$release local" "$(listed vmlinux)"
expect_eq "the ELF's machine, with a module of no use to the kit" "$release wireguard" \
	"$(tui vm run --rm --memory 192M --image tiny --kernel vmlinux -- sh -c 'modprobe wireguard; echo $(uname -r) $(lsmod | grep -o ^wireguard)')"

# A bundle of the two, by its address in the catalogue.
mkdir "$SMOKE_WORK/bundle"
cp "$kernel" "$SMOKE_WORK/bundle/vmlinuz"
tar -C "$files" -cf "$SMOKE_WORK/bundle/modules.tar" lib/modules
put_bundle() { # RELEASE [MEMBERS of the manifest]
	printf '{"version":1,"kind":"kernel","architecture":"amd64","release":"%s"%s}' "$1" "${2:-}" >"$SMOKE_WORK/bundle/manifest.json"
	tar -C "$SMOKE_WORK/bundle" -cf - manifest.json vmlinuz modules.tar | zstd -q -f -o "$SMOKE_WORK/k.tar.zst"
	printf '{"kernels":[{"name":"bundled","kind":"bundle","url":"file://%s","sha256":"%s","size":%s}]}' "$SMOKE_WORK/k.tar.zst" \
		"$(sha256sum "$SMOKE_WORK/k.tar.zst" | cut -d ' ' -f 1)" "$(stat -c %s "$SMOKE_WORK/k.tar.zst")" >"$BANGER_CONFIG_DIR/catalog.d/k.json"
}
mkdir -p "$BANGER_CONFIG_DIR/catalog.d"
put_bundle "$release"
expect_eq "the bundle's machine, which pulls it" "$release" "$(tui vm run --rm --memory 192M --image tiny --kernel bundled -- uname -r)"
expect_eq "listed" "$release bundle" "$(listed bundled)"
# Its entry names another one: the next pull takes that.
first=$(sed -n 's/.*"sha256":"\([0-9a-f]*\)".*/\1/p' "$BANGER_STATE_DIR/kernels/bundled/manifest.json")
put_bundle "$release" ',"about":"newer"'
tui kernel pull bundled
second=$(sed -n 's/.*"sha256":"\([0-9a-f]*\)".*/\1/p' "$BANGER_STATE_DIR/kernels/bundled/manifest.json")
if [ -z "$second" ] || [ "$first" = "$second" ]; then die "the bundle was not fetched anew"; fi
tui kernel delete bundled

put_bundle "$release-other"
refused "modules.tar holds no modules" tui kernel pull bundled
echo >>"$SMOKE_WORK/k.tar.zst"
refused "k.tar.zst" tui kernel pull bundled
rm "$BANGER_CONFIG_DIR/catalog.d/k.json"
refused "there is a kernel of that name" tui kernel import --modules "$files" "$kernel" mine
expect_in "its digest" "\"digest\":\"sha256:$(sha256sum "$BANGER_STATE_DIR/kernels/mine/vmlinuz" | cut -d ' ' -f 1)\"" "$(tui kernel list --json)"
refused "this is no kernel" tui kernel import --modules "$files" /etc/passwd no
refused "No such file" tui kernel import "$SMOKE_WORK/nothing" no
refused "virtio_mmio, virtio_blk, virtio_net" tui kernel import "$kernel" no
head -c 3000000 "$kernel" >"$SMOKE_WORK/cut"
refused "cut off" tui kernel import --modules "$files" "$SMOKE_WORK/cut" no
head -c 9000000 "$SMOKE_WORK/vmlinux" >"$SMOKE_WORK/cut"
refused "cut off" tui kernel import --modules "$files" "$SMOKE_WORK/cut" no
rm "$modules"/kernel/drivers/net/virtio_net.ko "$modules"/kernel/fs/overlayfs/overlay.ko
refused "as a module: virtio_net, overlay" tui kernel import --modules "$files" "$kernel" no
mv "$modules" "$files/lib/modules/6.1.0-1-other"
refused "there are those of 6.1.0-1-other" tui kernel import --modules "$files" "$kernel" no
refused "cannot read the modules directory" tui kernel import --modules "$kernel" "$kernel" no
expect_eq "nothing half-made" 2 "$(($(kernel_dirs) - others))"

# This host's own.
running=$(uname -r)
if [ -r "/boot/vmlinuz-$running" ] && [ -d "/lib/modules/$running" ] && tui kernel pull host; then
	expect_eq "listed" "$running host" "$(listed host)"
	expect_eq "the host's kernel in a machine" "$running" "$(tui vm run --rm --memory 256M --image tiny --kernel host -- uname -r)"
	tui kernel delete host
elif [ ! -e "/boot/vmlinuz-$running" ] && [ ! -e "/lib/modules/$running/vmlinuz" ]; then
	refused "the running kernel $running is not installed here" tui kernel pull host
fi
tui vm create --no-start --image tiny --kernel mine user
refused "used by 1 VM(s): user" tui kernel delete mine
tui vm delete --force user
tui kernel delete mine vmlinux
expect_eq "all gone" 0 "$(($(kernel_dirs) - others))"
assert_clean
