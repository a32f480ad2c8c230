# SPDX-License-Identifier: MIT
# Images of a real registry: what is unpacked is what umoci unpacks, and it boots; what has been fetched is not fetched again.
. "$top/smoke/lib-oci.sh"
registry_start ""
others=$(image_dirs)
tui image prune -y
busybox=$(command -v busybox)

# Like Alpine: one BusyBox, no bash, /lib where it always was.
base() {
	mkdir -p bin etc lib usr/lib var/cache tmp dev
	cp "$busybox" bin/busybox
	for applet in sh ls cat echo; do ln -s busybox bin/$applet; done
	printf 'NAME=alike\n' >etc/os-release
	printf 'root:x:0:0:root:/root:/bin/sh\n' >etc/passwd
	printf 'gone\n' >var/gone
	mkdir var/opaque var/mixed
	printf 'a\n' >var/opaque/a
	printf 'b\n' >var/mixed/b
	ln etc/os-release etc/same
	ln -s /nowhere etc/dangling
	chmod 4755 bin/busybox
	mkfifo tmp/pipe
	truncate -s 3M var/sparse
	printf 'end\n' >>var/sparse
	mkdir "var/$(printf 'line\nbreak')" "var/$(printf '%0200d' 7)"
	[ "$(id -u)" != 0 ] || { mknod dev/zero c 1 5 && mknod dev/far b 300 70000 && chown -h 12:70000 var/gone etc/dangling; }
	PATH=$PATH:/usr/sbin:/sbin setcap cap_net_raw+ep bin/busybox 2>/dev/null || true
}
# Whiteouts, a directory for a file and a file for a directory, a new file under an old link, links across layers.
second() {
	rm var/gone
	rm -r var/opaque && mkdir var/opaque && printf 'new\n' >var/opaque/b
	rm -r var/mixed && printf 'a file\n' >var/mixed
	rm etc/same && mkdir etc/same && printf 'x\n' >etc/same/x
	printf 'NAME=second\n' >etc/os-release
	ln bin/busybox usr/lib/box
	chmod 700 var
}
third() {
	mkdir var/mixed2 && printf 'z\n' >var/mixed2/z
	printf 'back\n' >var/gone
	ln var/gone var/mixed2/also
	rm -r usr/lib
}
new_image app
layer app base
layer app second
layer app third
umoci config --image "$layout:app" --config.env FOO=bar --config.env PATH=/usr/local/bin:/bin --config.workingdir /var/mixed2
push app app:1

tui image pull "$REGISTRY/app:1"
expect_same app "$REGISTRY/app:1"
expect_eq "its sum" "NAME=second" "$(tui vm run --rm --memory 192M --image "$REGISTRY/app:1" -- cat /etc/os-release)"
tui vm create --memory 192M --image "$REGISTRY/app:1" app
expect_eq "as the image wants it" "bar /var/mixed2 back" "$(tui vm exec app -- sh -c 'echo $FOO $PWD $(cat also)')"
expect_in "its PATH first" "/usr/local/bin:/bin:" "$(tui vm exec app -- sh -c 'echo $PATH')"
refused=0
tui image delete "$REGISTRY/app:1" 2>"$SMOKE_WORK/refused" || refused=$?
expect_eq "in use" 1 "$refused"
expect_in "by whom" app "$(cat "$SMOKE_WORK/refused")"
tui vm delete app
tui image delete "$REGISTRY/app:1"

# Layers are in the cache: nothing of them is sent a second time, under another name neither.
sent=$(blobs_sent)
push app other:latest
tui image pull "$REGISTRY/other"
expect_eq "only the configuration is sent" 1 $(($(blobs_sent) - sent))
tui image delete "$REGISTRY/other"

# A tag that means something else now: the name moves, a machine keeps what it was made from, and takes it along when it goes.
id_of() { tui image list | awk -v name="$1" '$1 == name { print $2 }'; }
push app moving:1
tui vm create --no-start --image "$REGISTRY/moving:1" former
first=$(id_of "$REGISTRY/moving:1")
tui image pull "$REGISTRY/moving:1"
expect_eq "the same as there" "$first" "$(id_of "$REGISTRY/moving:1")"
umoci config --image "$layout:app" --config.env FOO=baz
push app moving:1
tui image pull "$REGISTRY/moving:1"
[ "$(id_of "$REGISTRY/moving:1")" != "$first" ] || die "a newer image was not seen"
[ -d "$BANGER_STATE_DIR/images/$first" ] || die "the image of a machine is gone"
expect_eq "what the machine has" "$first" "$(field former image_id)"
expect_in "inspect" '"FOO=baz"' "$(tui image inspect "$REGISTRY/moving:1")"
expect_in "inspect" '"digest":"sha256:' "$(tui image inspect "$REGISTRY/moving:1")"
tui vm delete former
[ ! -d "$BANGER_STATE_DIR/images/$first" ] || die "an image that nobody uses any more is left"
tui image delete "$REGISTRY/moving:1"

# The cache of layers is told, emptied, and filled again.
expect_in "dry run" "can be fetched again: 3, " "$(tui image prune --dry-run)"
expect_eq "a dry run removes nothing" 3 "$(find "$BANGER_CACHE_DIR/blobs" -type f | wc -l)"
tui image prune -y
expect_eq "emptied" 0 "$(find "$BANGER_CACHE_DIR/blobs" -type f | wc -l)"

# zstd, and no compression at all.
push app zstd:1 --dest-compress-format zstd
tui image pull "$REGISTRY/zstd:1"
expect_same app "$REGISTRY/zstd:1"
tui image delete "$REGISTRY/zstd:1"

# One static program and nothing else: no shell, no /etc.
lone() { cp "$busybox" uname; }
new_image lone
layer lone lone
push lone lone:1
expect_eq "one program" lone "$(tui vm run --rm -n lone --memory 192M --image "$REGISTRY/lone:1" -- /uname -n)"
tui image delete "$REGISTRY/lone:1"

# What an image itself would run, as its user; arguments take the place of its command.
worker() {
	mkdir -p etc home/worker data && cp "$busybox" busybox && ln -s /busybox id
	printf 'root:x:0:0::/root:/\nworker:x:1234:1235::/home/worker:/\n' >etc/passwd
	printf 'worker:x:1235:\nmore:x:77:worker\n' >etc/group
}
new_image worker
layer worker worker
umoci config --image "$layout:worker" --config.user worker --config.workingdir /data --config.entrypoint /busybox \
	--config.entrypoint sh --config.cmd -c --config.cmd 'echo $(id -u) $(id -G) $HOME $PWD'
push worker worker:1
tui vm create --memory 192M --image "$REGISTRY/worker:1" worker
expect_eq "its own program" "1234 1235 77 /home/worker /data" "$(tui vm exec --entrypoint worker)"
expect_eq "with arguments" "1234 it's so" "$(tui vm exec --entrypoint worker -- -c 'echo $(/id -u) "it'"'"'s so" | tee /dev/stderr >/dev/null; exit 7' 2>&1 || [ $? = 7 ])"
expect_eq "without" 0 "$(tui vm exec worker -- /id -u)"
tui vm delete worker
tui image delete "$REGISTRY/worker:1"

# A working directory that no layer has, as many builders leave it, said from "/"; a value of several lines.
new_image bare
layer bare base
umoci config --image "$layout:bare" --config.env "NL=$(printf 'a\n\tb\n\nc\\n')" --config.env AFTER=x --config.workingdir srv/./app \
	--config.user 12:12 --config.entrypoint sh --config.entrypoint -c --config.cmd 'echo $PWD'
push bare bare:1
tui vm create --memory 192M --image "$REGISTRY/bare:1" bare
expect_eq "made where the image lacks it" "/srv/app drwxr-xr-x root" \
	"$(tui vm exec bare -- sh -c 'echo $PWD $(/bin/busybox stat -c "%A %U" . .. | /bin/busybox uniq)')"
expect_eq "and for its user" /srv/app "$(tui vm exec --entrypoint bare)"
expect_eq "all lines of a value" "$(printf 'a\n\tb\n\nc\\n|x')" "$(tui vm exec bare -- sh -c 'printf "%s|%s" "$NL" "$AFTER"')"
tui vm delete bare
umoci config --image "$layout:bare" --config.workingdir /etc/passwd
push bare bare:1
tui image pull "$REGISTRY/bare:1"
tui vm create --memory 192M --image "$REGISTRY/bare:1" bare
expect_eq "where it can be none" /root "$(tui vm exec bare -- sh -c 'echo $PWD')"
expect_in "and said so" "the image's working directory /etc/passwd is no directory" "$(tui vm logs bare)"
tui vm delete bare
tui image delete "$REGISTRY/bare:1"

# What is not there, and what is no reference.
refused=0
tui image pull "$REGISTRY/app:nope" 2>"$SMOKE_WORK/refused" || refused=$?
expect_eq "no such tag" 1 "$refused"
expect_in "its name" "app:nope" "$(cat "$SMOKE_WORK/refused")"
refused=0
tui image pull "$REGISTRY/App:1" 2>"$SMOKE_WORK/refused" || refused=$?
expect_eq "no reference" 2 "$refused"
expect_eq "nothing staged" "$others" "$(image_dirs)"
assert_clean
