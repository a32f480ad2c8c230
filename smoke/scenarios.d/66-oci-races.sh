# SPDX-License-Identifier: MIT
# Several processes want the same image at the same time: one download, one image, nobody fails; and a delete in the middle.
. "$top/smoke/lib-oci.sh"
command -v openssl >/dev/null || { echo "no openssl"; exit 77; }
registry_start ""
others=$(image_dirs)
tui image prune -y

noise() { head -c 24M /dev/zero | openssl enc -aes-128-ctr -K "$1" -iv 00 2>/dev/null; }
first() { mkdir -p bin etc var && cp "$(command -v busybox)" bin/busybox && ln -s busybox bin/sh && noise 11 >var/first; }
second() { noise 22 >var/second; }
third() { noise 33 >var/third && rm var/first; }
new_image app
for l in first second third; do layer app $l; done
push app app:1
push app same:2
name=$REGISTRY/app:1

# How often each layer was sent, the most; the configuration, which is in memory alone, is asked for by each.
layers=$(skopeo inspect --tls-verify=false "docker://$name" | sed -n '/"Layers": \[/,/\]/p' | grep -o 'sha256:[0-9a-f]*')
most_sent() {
	for digest in $layers; do grep -c "GET /v2/[^ ]*/blobs/$digest" "$SMOKE_WORK/registry/log" || true; done | sort -n | tail -n 1
}
expect_eq "layers" 3 "$(echo "$layers" | wc -l)"

# all COMMAND…: three of it at once; the exit codes
all() {
	pids=
	for n in 1 2 3; do
		"$BANGER" "$@" >"$SMOKE_WORK/out.$n" 2>&1 </dev/null &
		pids="$pids $!"
	done
	codes=
	for pid in $pids; do
		code=0
		wait "$pid" || code=$?
		codes="$codes $code"
	done
	echo "$codes"
}

expect_eq "three pulls" " 0 0 0" "$(all image pull "$name")"
expect_eq "each layer once" 1 "$(most_sent)"
expect_eq "images" 1 $(($(image_dirs) - others))
expect_same app "$name"
tui image delete "$name"
tui image prune -y

# Machines whose image is not there yet.
expect_eq "three machines" " 0 0 0" "$(all vm create --no-start --memory 128M --image "$name")"
expect_eq "each layer once more" 2 "$(most_sent)"
expect_eq "images" 1 $(($(image_dirs) - others))
tui vm prune -y
tui image delete "$name"
tui image prune -y

# Two names of the same layers.
"$BANGER" image pull "$REGISTRY/same:2" >"$SMOKE_WORK/same" 2>&1 </dev/null &
pid=$!
tui image pull "$name"
wait $pid || die "the other name: $(cat "$SMOKE_WORK/same")"
expect_eq "each layer once again" 3 "$(most_sent)"
expect_eq "images" 2 $(($(image_dirs) - others))
expect_same app "$REGISTRY/same:2"
tui image delete "$REGISTRY/same:2"
tui image delete "$name"
tui image prune -y

# Deleted while it is pulled anew: either comes first, and neither leaves half an image.
tui image pull "$name"
for after in 0 0.1 0.3 0.6; do
	tui image prune -y
	umoci config --image "$layout:app" --config.env "AFTER=$after"
	push app app:1
	"$BANGER" image pull "$name" >"$SMOKE_WORK/pull" 2>&1 </dev/null &
	pid=$!
	sleep $after
	code=0
	tui image delete "$name" 2>"$SMOKE_WORK/delete" || code=$?
	[ "$code" = 0 ] || expect_in "why not" "$name" "$(cat "$SMOKE_WORK/delete")"
	wait $pid || die "the pull fails: $(cat "$SMOKE_WORK/pull")"
	left=$(($(image_dirs) - others))
	case $left in 0 | 1) ;; *) die "$left images are left" ;; esac
	listed=$(tui image list | grep -c "^$name ") || true
	expect_eq "what is listed is there" "$left" "$listed"
	if [ "$left" = 1 ]; then expect_same app "$name"; else tui image pull "$name"; fi
	echo "deleted after $after s: exit $code, $left left"
done
tui image delete "$name"
expect_eq "left" "$others" "$(image_dirs)"
tui image prune -y
assert_clean
