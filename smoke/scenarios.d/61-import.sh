# SPDX-License-Identifier: MIT
# Images of files: an archive and an ext4 become machines; what is no root file system, or was not left in order, is refused by name.
root=$SMOKE_WORK/root
others=$(image_dirs)
mkdir -p "$root/bin" "$root/etc"
cp "$(command -v busybox)" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
printf 'NAME=imported\n' >"$root/etc/os-release"
tar -C "$root" -czf "$SMOKE_WORK/mini.tar.gz" .
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -d "$root" "$SMOKE_WORK/fs.img" 64M >/dev/null

tui image import "$SMOKE_WORK/mini.tar.gz"
expect_in "listed" mini "$(tui image list)"
expect_eq "the archive's machine" imported "$(tui vm run --rm --memory 192M --image mini -- sh -c '. /etc/os-release; echo $NAME')"
# Under the same name once more: the name moves on, what nobody uses goes.
tui image import "$SMOKE_WORK/mini.tar.gz" mini
expect_eq "one of them" 1 "$(($(image_dirs) - others))"

tui image import "$SMOKE_WORK/fs.img" fs
cmp -n 67108864 "$SMOKE_WORK/fs.img" "$(image_file fs)" || die "the copy differs"
expect_eq "the file system's machine" imported "$(tui vm run --rm --memory 192M --disk copy --image fs -- sh -c '. /etc/os-release; echo $NAME')"
expect_in "inspect" "$SMOKE_WORK/fs.img" "$(tui image inspect fs)"

refused() { # SAYS COMMAND…
	says=$1
	shift
	code=0
	out=$("$@" 2>&1) || code=$?
	[ "$code" != 0 ] || die "not refused: $*"
	expect_in "$*" "$says" "$out"
}
refused "archive is damaged" tui image import /etc/passwd no
refused "tar -C $root -cf" tui image import "$root" no
refused "No such file" tui image import "$SMOKE_WORK/nothing" no
refused "'/' at position" tui image import "$SMOKE_WORK/mini.tar.gz" a/b
PATH=$PATH:/usr/sbin:/sbin debugfs -w -R 'feature needs_recovery' "$SMOKE_WORK/fs.img" >/dev/null 2>&1
refused "e2fsck -f $SMOKE_WORK/fs.img" tui image import "$SMOKE_WORK/fs.img" no
PATH=$PATH:/usr/sbin:/sbin debugfs -w -R 'feature -needs_recovery' "$SMOKE_WORK/fs.img" >/dev/null 2>&1
truncate -s 10M "$SMOKE_WORK/fs.img"
refused "cut off" tui image import "$SMOKE_WORK/fs.img" no
expect_eq "nothing half-made" 2 "$(($(image_dirs) - others))"
tui image delete mini fs
assert_clean
