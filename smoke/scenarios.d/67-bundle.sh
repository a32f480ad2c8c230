# SPDX-License-Identifier: MIT
# Bundles of a catalogue: one that is as announced becomes an image and boots; what is anything else is refused by name, and leaves nothing.
webserve=$(dirname "$BANGER")/tests/lib/webserve
[ -x "$webserve" ] || { echo "no $webserve: make check builds it"; exit 77; }
command -v zstd >/dev/null || { echo "no zstd"; exit 77; }
mine=$SMOKE_WORK/67
root=$mine/root www=$mine/www members=$mine/members
others=$(image_dirs)
mkdir -p "$root/bin" "$root/etc" "$www" "$members" "$BANGER_CONFIG_DIR/catalog.d"
cp "$(command -v busybox)" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
printf 'NAME=bundled\n' >"$root/etc/os-release"

"$webserve" "$www" >"$mine/requests" &
web=$!
trap 'kill $web 2>/dev/null' EXIT
within 20 test -s "$mine/requests" || die "the web server does not start"
url=http://127.0.0.1:$(head -n 1 "$mine/requests")
asked() { grep -c "^$1 " "$mine/requests" || true; }

# bundle NAME MEMBER…: of the files in the directory $members.
tar -C "$root" -cf "$members/rootfs.tar" .
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -d "$root" "$members/rootfs.ext4" 64M >/dev/null
arch=$(dpkg --print-architecture)
manifest() { printf '{"version":1,"kind":"%s","architecture":"%s","name":"mine"}\n' "${1:-image}" "${2:-$arch}" >"$members/manifest.json"; }
manifest
bundle() {
	name=$1
	shift
	tar -C "$members" --sparse --zstd -cf "$www/$name" "$@"
}
# entry NAME ADDRESS FILE [SHA256 [SIZE]]: the catalogue's, of a file as it is unless something else is said.
entry() {
	sum=$(sha256sum "$www/$3")
	printf '{"images":[{"name":"%s","kind":"bundle","url":"%s","sha256":"%s","size":%s}]}\n' "$1" "$2" "${4:-${sum%% *}}" \
		"${5:-$(stat -c %s "$www/$3")}" >"$BANGER_CONFIG_DIR/catalog.d/$1.json"
}

# The connection ends in its middle once: gone on with.
bundle ext4.tar.zst rootfs.ext4 manifest.json
entry ext4 "$url/once/ext4.tar.zst" ext4.tar.zst
tui image pull ext4
expect_eq "the rest was asked for" 2 "$(asked /once/ext4.tar.zst)"
grep -q '^/once/ext4.tar.zst from [1-9]' "$mine/requests" || die "not from where it ended"
cmp "$members/rootfs.ext4" "$(image_file ext4)" || die "another file system"
expect_eq "the file system's machine" bundled "$(tui vm run --rm --memory 192M --image ext4 -- sh -c '. /etc/os-release; echo $NAME')"
expect_in "where it is from" "\"url\":\"$url/once/ext4.tar.zst\"" "$(tui image inspect ext4)"
expect_in "which one" "$(sha256sum <"$www/ext4.tar.zst" | cut -d' ' -f1)" "$(tui image inspect ext4)"

bundle tar.tar.zst manifest.json rootfs.tar
entry tar "$www/tar.tar.zst" tar.tar.zst
tui image pull tar
expect_eq "the archive's machine" bundled "$(tui vm run --rm --memory 192M --image tar -- sh -c '. /etc/os-release; echo $NAME')"
tui image import "$www/ext4.tar.zst" imported
cmp "$members/rootfs.ext4" "$(image_file imported)" || die "imported another file system"

# The entry names another one: made anew; what it named before is known.
sent=$(asked /once/ext4.tar.zst)
tui image pull ext4
expect_eq "the same as there" "$sent" "$(asked /once/ext4.tar.zst)"
entry ext4 "file://$www/tar.tar.zst" tar.tar.zst
tui image pull ext4
expect_eq "another one" "$(sha256sum <"$www/tar.tar.zst" | cut -d' ' -f1)" "$(tui image inspect ext4 | sed 's/.*"digest":"sha256:\([0-9a-f]*\).*/\1/')"
tui image delete ext4 tar imported

refused() { # SAYS COMMAND…
	says=$1
	shift
	code=0
	out=$("$@" 2>&1) || code=$?
	[ "$code" = 1 ] || die "exit $code: $* ($out)"
	expect_in "$*" "$says" "$out"
	expect_eq "nothing half-made of $*" "$others" "$(image_dirs)"
}
zeros=0000000000000000000000000000000000000000000000000000000000000000
size=$(stat -c %s "$www/ext4.tar.zst")
entry bad "$url/ext4.tar.zst" ext4.tar.zst $zeros
refused "its content has the digest" tui image pull bad
entry bad "$url/ext4.tar.zst" ext4.tar.zst '' $((size + 1))
refused "$size bytes, and $((size + 1)) were announced" tui image pull bad
entry bad "$url/page/ext4.tar.zst" ext4.tar.zst
tui image prune -y
refused "$url/page/ext4.tar.zst: it answered with a web page" tui image pull bad
entry bad "$url/none.tar.zst" ext4.tar.zst
refused "no such file on that server (404)" tui image pull bad

# no WHAT SAYS: the bundle bad.tar.zst is as announced, and no bundle of an image; pulled or imported.
no() {
	entry bad "$url/bad.tar.zst" bad.tar.zst
	refused "$2" tui image pull bad
	refused "$2" tui image import "$www/bad.tar.zst" bad
}
printf 'x\n' >"$members/extra"
bundle bad.tar.zst rootfs.tar manifest.json extra
no "an extra member" "'extra' refused"
bundle bad.tar.zst rootfs.tar
no "no manifest" "no manifest.json"
bundle bad.tar.zst manifest.json
no "no root" "no rootfs.tar and no rootfs.ext4"
bundle bad.tar.zst -P --transform 's,^rootfs.tar,../rootfs.tar,' rootfs.tar manifest.json
no "a name that leads outside" "'../rootfs.tar' refused"
bundle bad.tar.zst rootfs.tar rootfs.ext4 manifest.json
no "both" "'rootfs.ext4' refused: there is one"
ln -sf /etc/passwd "$members/link"
bundle bad.tar.zst --transform 's,^link,rootfs.tar,' manifest.json link
no "a link" "'rootfs.tar' refused: it is no plain file"
bundle whole.tar.zst rootfs.tar manifest.json
head -c $(($(stat -c %s "$www/whole.tar.zst") / 2)) "$www/whole.tar.zst" >"$www/bad.tar.zst"
no "cut off" "cut off"
manifest kernel
bundle bad.tar.zst manifest.json rootfs.tar
no "another kind" '"kind" must be "image"'
manifest image z80
bundle bad.tar.zst manifest.json rootfs.tar
no "another machine's" "is for z80, and this machine is"
manifest
PATH=$PATH:/usr/sbin:/sbin debugfs -w -R 'feature needs_recovery' "$members/rootfs.ext4" >/dev/null 2>&1
bundle bad.tar.zst manifest.json rootfs.ext4
no "not in order" "was not left in order"
cp "$members/extra" "$members/rootfs.ext4"
bundle bad.tar.zst manifest.json rootfs.ext4
no "no ext4" "bad.tar.zst is not an ext4 file system"
printf '{"images":[{"name":"bad","kind":"bundle","url":"x","sha256":"%s","size":1}]}\n' $zeros >"$BANGER_CONFIG_DIR/catalog.d/bad.json"
refused "image 'bad': \"url\"" tui image pull debian-trixie
rm "$BANGER_CONFIG_DIR/catalog.d/"*.json
assert_clean
