# SPDX-License-Identifier: MIT
# A registry that wants tokens (distribution's token authentication): without a login and with one, and what is said when they are wrong.
. "$top/smoke/lib-oci.sh"
command -v openssl >/dev/null || { echo "no openssl"; exit 77; }
need_oci_tools
cd "$SMOKE_WORK" || die "no working directory"

# ---- who signs ----

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=smoke -days 2 2>/dev/null
base64url() { base64 -w 0 | tr '+/' '-_' | tr -d '='; }
# token REPOSITORY ACTIONS: a JSON Web Token (RFC 7519) as the registry wants it, good for an hour
token() {
	at=$(date +%s)
	head=$(printf '{"typ":"JWT","alg":"RS256","x5c":["%s"]}' "$(openssl x509 -in cert.pem -outform DER | base64 -w 0)" | base64url)
	claims=$(printf '{"iss":"smoke-issuer","sub":"","aud":"smoke","exp":%d,"nbf":%d,"iat":%d,"jti":"1","access":[{"type":"repository","name":"%s","actions":[%s]}]}' \
		$((at + 3600)) $((at - 60)) "$at" "$1" "$2" | base64url)
	printf '{"token":"%s.%s.%s"}' "$head" "$claims" "$(printf '%s' "$head.$claims" | openssl dgst -sha256 -sign key.pem -binary | base64url)"
}

# ---- who gives them out: files behind a web server, with a password where one is set ----

mkdir tokens
open_to() { # LOGIN: nobody else any more
	printf '/:%s\n' "$1" >tokens/httpd.conf
	kill -HUP "$giver"
}
give_out() {
	: >tokens/httpd.conf
	port=18200
	while :; do
		busybox httpd -f -p "127.0.0.1:$port" -h "$PWD/tokens" -c "$PWD/tokens/httpd.conf" 2>/dev/null &
		giver=$!
		sleep 0.2
		kill -0 "$giver" 2>/dev/null && return
		port=$((port + 1))
		[ "$port" -lt 18300 ] || die "no port for the giver of tokens"
	done
}
give_out
token app '"pull","push"' >tokens/token
registry_start "auth: {token: {realm: 'http://127.0.0.1:$port/token', service: smoke, issuer: smoke-issuer, rootcertbundle: $PWD/cert.pem}}"
trap 'kill $registry_pid $giver 2>/dev/null' EXIT

base() { mkdir -p bin etc && cp "$(command -v busybox)" bin/busybox && ln -s busybox bin/sh && echo NAME=token >etc/os-release; }
new_image app
layer app base
push app app:1
others=$(image_dirs)

# ---- without a login ----

export DOCKER_CONFIG="$PWD/docker"
mkdir docker
token app '"pull"' >tokens/token
tui image pull "$REGISTRY/app:1"
expect_same app "$REGISTRY/app:1"
tui image delete "$REGISTRY/app:1"
tui image prune -y

# A token for something else, and none at all.
refused() { # WHAT NEEDLE
	code=0
	tui image pull "$REGISTRY/app:1" 2>said || code=$?
	cat said
	expect_eq "$1" 1 "$code"
	expect_in "$1" "$2" "$(cat said)"
	expect_eq "$1: images" "$others" "$(image_dirs)"
}
token another '"pull"' >tokens/token
refused "a token for another repository" "does not give out 'app'"
echo '<html>' >tokens/token
refused "no token" "127.0.0.1:$port gave no token"

# ---- with one ----

token app '"pull"' >tokens/token
open_to me:secret
refused "no login" "docker login $REGISTRY"
printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf 'me:wrong' | base64)" >docker/config.json
refused "a wrong login" "docker login $REGISTRY"
printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf 'me:secret' | base64)" >docker/config.json
tui image pull "$REGISTRY/app:1"
expect_same app "$REGISTRY/app:1"
tui image delete "$REGISTRY/app:1"

# ... which a helper knows.
mkdir bin
cat >bin/docker-credential-smoke <<'END'
#!/bin/sh
read -r server
[ "$1" = get ] && printf '{"ServerURL":"%s","Username":"me","Secret":"%s"}\n' "$server" "$(cat "$(dirname "$0")/secret")"
END
chmod +x bin/docker-credential-smoke
printf '{"auths":{"%s":{}},"credsStore":"smoke"}' "$REGISTRY" >docker/config.json
refused "a helper that is not there" "docker-credential-smoke"
PATH=$PWD/bin:$PATH
echo wrong >bin/secret
refused "a helper's wrong login" "docker login $REGISTRY"
echo secret >bin/secret
tui image pull "$REGISTRY/app:1"
tui image delete "$REGISTRY/app:1"
case $(cat "$BANGER_STATE_DIR"/log/*) in *secret* | *bWU6c2Vj*) die "the log has the password" ;; esac
tui image prune -y
assert_clean
