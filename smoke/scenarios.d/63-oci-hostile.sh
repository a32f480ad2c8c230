# SPDX-License-Identifier: MIT
# Images made to hurt, from a real registry: refused with the name of what is wrong, or harmless; nothing outside is touched, and
# nothing is left.
. "$top/smoke/lib-oci.sh"
registry_start ""
others=$(image_dirs)
cd "$SMOKE_WORK" || die "no working directory"
mkdir evil
cd evil || die "no directory"

# blob FILE: into the layout, by its digest, which it prints
blob() {
	mkdir -p oci/blobs/sha256 www
	digest=$(sha256sum "$1" | cut -d' ' -f1)
	cp "$1" "oci/blobs/sha256/$digest"
	cp "$1" "www/sha256:$digest"
	echo "$digest"
}
# texts FILE MEDIA-TYPE-SUFFIX [DIFF-ID [SIZE]]: configuration and manifest of an image of one layer, and their digests as variables
texts() {
	layer=$(blob "$1")
	diff_id=${3:-$layer}
	printf '{"architecture":"%s","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$arch" "$diff_id" >config
	config=$(blob config)
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%d},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar%s","digest":"sha256:%s","size":%d}]}' \
		"$config" "$(stat -c %s config)" "$2" "$layer" "${4:-$(stat -c %s "$1")}" >manifest
	manifest=$(blob manifest)
}
# hostile NAME FILE MEDIA-TYPE-SUFFIX [DIFF-ID]: an image of one layer, pushed as NAME
hostile() {
	rm -rf oci
	texts "$2" "$3" "${4:-}"
	printf '{"imageLayoutVersion":"1.0.0"}' >oci/oci-layout
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%d}]}' \
		"$manifest" "$(stat -c %s manifest)" >oci/index.json
	skopeo copy -q --dest-tls-verify=false oci:oci "docker://$REGISTRY/$1:1"
}
case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) arch=$(uname -m) ;; esac

refused() { # NAME NEEDLE…
	code=0
	tui image pull "$REGISTRY/$1:1" 2>said || code=$?
	cat said
	expect_eq "$1" 1 "$code"
	for needle in "$2" "${3:-}"; do expect_in "$1" "$needle" "$(cat said)"; done
	expect_eq "$1: no control characters" 0 "$(tr -d '\n -~\200-\377' <said | wc -c)"
	expect_eq "$1: images" "$others" "$(image_dirs)"
	tui image prune -y >/dev/null
}

echo text >file
tar -cf up.tar -P --transform='s,^file,../../../../tmp/banger-evil,' file
hostile up up.tar ""
refused up "'../../../../tmp/banger-evil'" "leads outside"

tar -cf escape.tar -P --transform="s,^file,../$(printf '\033')[2Jevil," file
hostile escape escape.tar ""
refused escape "leads outside"

ln -s /tmp out
tar -cf through.tar out
rm out
mkdir out
echo text >out/banger-evil
tar -rf through.tar out/banger-evil
hostile through through.tar ""
[ -e /tmp/banger-evil ] && die "there is /tmp/banger-evil already"
tui image pull "$REGISTRY/through:1" 2>said || cat said
[ ! -e /tmp/banger-evil ] || die "an entry went through a link to the host"
tui image delete "$REGISTRY/through:1" >/dev/null 2>&1 || true

# A hard link to what is not in the image, by a name that the host has.
echo text >passwd
ln passwd link
tar -cf hard.tar -P --transform='s,^passwd,/etc/passwd,RhS' passwd link
tar --delete -f hard.tar -P passwd
hostile hard hard.tar ""
refused hard "'link'"

# The same name twice, a directory in between: the last holds.
mkdir again
echo one >again/x
tar -cf twice.tar again/x
echo two >again/x
tar -rf twice.tar again/x
hostile twice twice.tar ""
tui image pull "$REGISTRY/twice:1"
treelist "$(image_file "$REGISTRY/twice:1")" >got
expect_eq "how often" 1 "$(grep -c ' /again/x ' got)"
expect_in "which" "$(sha256sum again/x | cut -d' ' -f1)" "$(grep ' /again/x ' got)"
tui image delete "$REGISTRY/twice:1"

# 10 GB of zeros in a few hundred kilobytes.
truncate -s 10G zeros
tar -cf - zeros | zstd -q -1 >zeros.tar.zst
rm zeros
hostile zeros zeros.tar.zst +zstd 0000000000000000000000000000000000000000000000000000000000000000
refused zeros "zeros" "more than"

# A header that promises more than there is, and one that is none.
head -c 100000 /dev/urandom >noise
tar -cf long.tar noise
head -c 50000 long.tar >short.tar
hostile short short.tar ""
refused short "'noise'"
hostile noise noise ""
refused noise "archive"
printf '%s' '<html>no' >html
hostile html html +gzip 0000000000000000000000000000000000000000000000000000000000000000
refused html "archive"

if [ "$(id -u)" = 0 ]; then
	mkdir dev
	for n in $(seq 500); do mknod "dev/d$n" b 8 "$n"; done
	tar -cf devices.tar dev
	hostile devices devices.tar ""
	tui image pull "$REGISTRY/devices:1"
	expect_eq "they are kept, and open nothing here" 500 "$(treelist "$(image_file "$REGISTRY/devices:1")" | grep -c '^b ')"
	tui image delete "$REGISTRY/devices:1"
fi

# A registry that says what it likes: files behind a web server, a tag each.
webserve=$(dirname "$BANGER")/tests/lib/webserve
[ -x "$webserve" ] || die "no $webserve: make check builds it"
"$webserve" www >>requests &
web=$!
trap 'kill $registry_pid $web 2>/dev/null' EXIT
within 20 test -s requests || die "the web server does not start"
REGISTRY=127.0.0.1:$(head -n 1 requests)
asked() { grep -c "/$1 " requests || true; }
entry() { # FILE KIND [SIZE]: of an index
	printf '{"mediaType":"application/vnd.oci.image.%s.v1+json","digest":"sha256:%s","size":%d,"platform":{"os":"linux","architecture":"%s"}}' \
		"$2" "$(blob "$1")" "${3:-$(stat -c %s "$1")}" "$arch"
}
index() { # ENTRY…: the file `index`
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' "$1" >index
}
tar -cf plain.tar file
size=$(stat -c %s plain.tar)
for wrong in $((size - 7)) $((size + 7)); do
	texts plain.tar "" "" "$wrong"
	cp manifest www/1
	refused lies "it has $size bytes" "says $wrong"
	expect_eq "how often that is asked for" 1 "$(asked "sha256:$layer")"
	: >requests
done
texts plain.tar ""
index "$(entry manifest manifest $(($(stat -c %s manifest) + 3)))"
cp index www/1
refused lies "its manifest: it has $(stat -c %s manifest) bytes"
index "$(entry manifest manifest)"
for _ in 2 3; do
	cp index inner
	index "$(entry inner index)"
done
cp index www/1
tui image pull "$REGISTRY/lies:1"
tui image delete "$REGISTRY/lies:1"
cp index inner
index "$(entry inner index)"
cp index www/1
refused lies "its index leads to others, more than 3 deep"
printf '\033[2Jhello' >www/1
refused lies "its manifest: $REGISTRY sent none, but application/octet-stream that begins with" "hello"
texts plain.tar ""
printf '<html>no' >config
sed "s/$config/$(blob config)/; s/\"size\":[0-9]*/\"size\":8/" manifest >www/1
refused lies "its configuration: $REGISTRY sent none, but" "<html>no"

tui image prune -y
expect_eq "left" "$others" "$(image_dirs)"
assert_clean
