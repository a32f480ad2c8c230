# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
# For scenarios about images of registries: Debian's own registry on the loopback, images made by umoci, pushed by skopeo. A scenario
# sources this after lib.sh, and calls registry_start; what it started is ended with the scenario.

need_oci_tools() {
	for tool in docker-registry skopeo umoci; do
		command -v "$tool" >/dev/null || { echo "no $tool"; exit 77; }
	done
}

# registry_start [MORE]: sets REGISTRY to its 127.0.0.1:PORT. MORE are further lines of its configuration.
registry_start() {
	need_oci_tools
	mkdir -p "$SMOKE_WORK/registry"
	cat >"$SMOKE_WORK/registry/config.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $SMOKE_WORK/registry/data}, delete: {enabled: true}}
http: {addr: '127.0.0.1:0'}
${1:-}
END
	: >"$SMOKE_WORK/registry/log" # the port of an earlier scenario's is not ours
	docker-registry serve "$SMOKE_WORK/registry/config.yml" >"$SMOKE_WORK/registry/log" 2>&1 &
	registry_pid=$!
	trap 'kill $registry_pid 2>/dev/null' EXIT
	within 20 registry_listens || die "the registry does not start: $(tail -n 3 "$SMOKE_WORK/registry/log")"
	REGISTRY=127.0.0.1:$(registry_port)
}

registry_port() { sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$SMOKE_WORK/registry/log" | tail -n 1; }
registry_listens() { [ -n "$(registry_port)" ]; }

# How often blobs were sent, of all kinds.
blobs_sent() { grep -c 'GET /v2/[^ ]*/blobs/' "$SMOKE_WORK/registry/log" || true; }

layout=$SMOKE_WORK/layout

# Ordinary users unpack what they can: owners and devices need root, there and in what it is compared with.
rootless() { [ "$(id -u)" = 0 ] || echo --rootless; }

new_image() {
	[ -d "$layout" ] || umoci init --layout "$layout"
	umoci new --image "$layout:$1"
}

# layer IMAGE FUNCTION: FUNCTION changes the unpacked image, in whose root it is called; what changed is its next layer.
layer() {
	rm -rf "$SMOKE_WORK/bundle"
	# shellcheck disable=SC2046 # a word or none
	umoci unpack $(rootless) --image "$layout:$1" "$SMOKE_WORK/bundle"
	(cd "$SMOKE_WORK/bundle/rootfs" && "$2")
	umoci repack --image "$layout:$1" "$SMOKE_WORK/bundle"
	rm -rf "$SMOKE_WORK/bundle"
}

# push IMAGE NAME [skopeo's options]
push() {
	what=$1 to=$2
	shift 2
	skopeo copy -q --dest-tls-verify=false "$@" "oci:$layout:$what" "docker://$REGISTRY/$to"
}

treelist() { "$(dirname "$BANGER")/tests/lib/treelist" "$1"; }

# expect_same IMAGE NAME: what we made of NAME is what umoci makes of IMAGE, to the last attribute, and a sound file system.
expect_same() {
	# shellcheck disable=SC2046
	umoci unpack $(rootless) --image "$layout:$1" "$SMOKE_WORK/want"
	treelist "$SMOKE_WORK/want/rootfs" >"$SMOKE_WORK/want.list"
	treelist "$(image_file "$2")" >"$SMOKE_WORK/got.list"
	diff "$SMOKE_WORK/want.list" "$SMOKE_WORK/got.list" >"$SMOKE_WORK/difference" ||
		die "$2 is not what umoci makes of it: $(head -n 20 "$SMOKE_WORK/difference")"
	PATH=$PATH:/usr/sbin:/sbin e2fsck -fn "$(image_file "$2")" >"$SMOKE_WORK/e2fsck" 2>&1 ||
		die "$2: $(cat "$SMOKE_WORK/e2fsck")"
	rm -rf "$SMOKE_WORK/want"
}
