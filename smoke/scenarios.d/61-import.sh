# SPDX-License-Identifier: MIT
# Images of files: an archive, an ext4 and a directory become machines, and an ext4 where it is; what is no root file system, or was not
# left in order, is refused by name.
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

# Whatever it has where the kernel's own file systems go makes room.
mkdir "$SMOKE_WORK/odd"
printf 'no directory\n' >"$SMOKE_WORK/odd/dev"
ln -s /var/run "$SMOKE_WORK/odd/run"
ln -s nowhere "$SMOKE_WORK/odd/sys"
tui image import "$SMOKE_WORK/odd" odd
expect_eq "the odd one's machine" "directories" "$(tui vm run --rm --memory 192M --image odd -- sh -c 'cd / && [ -c dev/null ] && [ -d run ] && [ -d sys/class ] && echo directories')"
tui image delete odd

tui image import "$SMOKE_WORK/fs.img" fs
cmp -n 67108864 "$SMOKE_WORK/fs.img" "$(image_file fs)" || die "the copy differs"
expect_eq "the file system's machine" imported "$(tui vm run --rm --memory 192M --disk copy --image fs -- sh -c '. /etc/os-release; echo $NAME')"
expect_in "inspect" "$SMOKE_WORK/fs.img" "$(tui image inspect fs)"

# A directory, to the last attribute. What is not root's own needs root, there and here.
treelist=$(dirname "$BANGER")/tests/lib/treelist
tree=$SMOKE_WORK/tree
cp -a "$root" "$tree"
mkdir -p "$tree/dev" "$tree/var/lib" "$tree/tmp" "$tree/var/$(printf 'line\nbreak')"
ln "$tree/etc/os-release" "$tree/etc/same"
ln -s /nowhere "$tree/etc/dangling"
mkfifo "$tree/tmp/pipe"
truncate -s 3M "$tree/var/sparse"
printf 'end\n' >>"$tree/var/sparse"
chmod 4755 "$tree/bin/busybox"
chmod 1777 "$tree/tmp"
setfattr -n user.mine -v value "$tree/var/lib" 2>/dev/null || true
PATH=$PATH:/usr/sbin:/sbin setcap cap_net_raw+ep "$tree/bin/busybox" 2>/dev/null || true
[ "$(id -u)" != 0 ] || { mknod "$tree/dev/zero" c 1 5 && mknod "$tree/dev/far" b 300 70000 && chown -h 12:70000 "$tree/etc/dangling" "$tree/var"; }
tui image import --keep-owners "$tree" kept
if [ -x "$treelist" ]; then
	"$treelist" "$tree" >"$SMOKE_WORK/want.list"
	"$treelist" "$(image_file kept)" >"$SMOKE_WORK/got.list"
	diff "$SMOKE_WORK/want.list" "$SMOKE_WORK/got.list" || die "the image is not what the directory is"
fi
PATH=$PATH:/usr/sbin:/sbin e2fsck -fn "$(image_file kept)" >/dev/null 2>&1 || die "no sound file system"
tui image delete kept
tui image import "$tree" tree
expect_eq "the directory's machine, root's" "imported 0" "$(tui vm run --rm --memory 192M --image tree -- sh -c '. /etc/os-release; echo $NAME $(busybox stat -c %u /etc/os-release)')"
tui image delete tree

# Where it is: nothing is copied, nothing of it is written; and copied in under a machine that runs.
held=$(image_dirs)
cp --sparse=always "$SMOKE_WORK/fs.img" "$SMOKE_WORK/here.img"
sum=$(sha256sum <"$SMOKE_WORK/here.img")
tui image register "$SMOKE_WORK/here.img" here
expect_eq "nothing is made" "$held" "$(image_dirs)"
expect_in "listed" "$SMOKE_WORK/here.img" "$(tui image list)"
expect_in "as json" "\"managed\":false,\"path\":\"$SMOKE_WORK/here.img\"" "$(tui image list --json)"
expect_in "inspected" '"manifest":null' "$(tui image inspect here)"
tui vm create --memory 192M --image here there
expect_eq "its machine" imported "$(tui vm exec there -- sh -c '. /etc/os-release; echo 1 >/etc/mine; echo $NAME')"
expect_eq "as it was" "$sum" "$(sha256sum <"$SMOKE_WORK/here.img")"
tui image promote here
expect_in "kept here now" '"managed":true,"path":null' "$(tui image inspect here)"
expect_eq "it runs on" 1 "$(tui vm exec there -- cat /etc/mine)"
rm "$SMOKE_WORK/here.img"
tui vm restart there
expect_eq "from what was copied in" 1 "$(tui vm exec there -- cat /etc/mine)"
tui vm delete there
tui image delete here

refused "passwd is not a tar archive" tui image import /etc/passwd no
mkdir "$SMOKE_WORK/nothing-in-it"
refused "is empty" tui image import "$SMOKE_WORK/nothing-in-it" no
refused "neither a file nor a directory" tui image import /dev/null no
refused "image import" tui image register "$SMOKE_WORK/mini.tar.gz" no
tui image register "$SMOKE_WORK/fs.img" changed
tui vm create --no-start --image changed waits
touch "$SMOKE_WORK/fs.img"
refused "was changed since it was registered" tui vm start waits
refused "was changed since it was registered" tui vm create --image changed no
refused "was changed since it was registered" tui image promote changed
refused "waits" tui image delete changed
tui vm delete waits
tui image delete changed
[ -f "$SMOKE_WORK/fs.img" ] || die "deleted a file that is not ours"
refused "lies in the state directory" tui image register "$(image_file mini)" ours
refused "lies in the state directory" tui image import "$(image_file mini)" ours
cp "$SMOKE_WORK/mini.tar.gz" "$SMOKE_WORK/-dash.tar.gz"
tui image import "$SMOKE_WORK/-dash.tar.gz"
tui image delete dash
refused "No such file" tui image import "$SMOKE_WORK/nothing" no
refused "'/' at position" tui image import "$SMOKE_WORK/mini.tar.gz" a/b
PATH=$PATH:/usr/sbin:/sbin debugfs -w -R 'feature needs_recovery' "$SMOKE_WORK/fs.img" >/dev/null 2>&1
refused "e2fsck -f $SMOKE_WORK/fs.img" tui image import "$SMOKE_WORK/fs.img" no
PATH=$PATH:/usr/sbin:/sbin debugfs -w -R 'feature -needs_recovery' "$SMOKE_WORK/fs.img" >/dev/null 2>&1
truncate -s 10M "$SMOKE_WORK/fs.img"
refused "cut off" tui image import "$SMOKE_WORK/fs.img" no
refused "only a directory's owners" tui image import --keep-owners "$SMOKE_WORK/mini.tar.gz" no
expect_eq "nothing half-made" 2 "$(($(image_dirs) - others))"
tui image delete mini fs

# Under a name of the catalogue: it stays until it is deleted, and a pull, which fetches nothing over it, says so.
id_of() { tui image list | awk -v name="$1" '$1 == name { print $2 }'; }
tui image import "$SMOKE_WORK/mini.tar.gz" alpine
mine=$(id_of alpine)
refused "stands in for the catalogue's" tui image pull alpine
expect_eq "what was imported" "$mine" "$(id_of alpine)"
tui image delete alpine
assert_clean
