# SPDX-License-Identifier: MIT
# kill -9 of a pull at random moments, ROUNDS times (4 in the quick tier): the next one completes, and nothing half-made is left. What
# was fetched before is not fetched again.
. "$top/smoke/lib-oci.sh"
registry_start ""
others=$(image_dirs)
tui image prune -y
seed=${SEED:-$(date +%N | sed 's/^0*//')}
echo "seed $seed"
# random MAX: sets $number, 0 to MAX - 1, the same for the same seed.
random() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	number=$((seed / 65536 % $1))
}

noise() { head -c 8M /dev/zero | openssl enc -aes-128-ctr -K "$1" -iv 00 2>/dev/null; }
first() { mkdir -p var && noise 11 >var/first && seq 1 2000 | (cd var && xargs touch); }
second() { noise 22 >var/second && rm var/1*; }
third() { noise 33 >var/first && mkdir usr && cp var/second usr/third; }
new_image app
for l in first second third; do layer app $l; done
push app app:1
name=$REGISTRY/app:1

began=$(date +%s%N)
tui image pull "$name"
took=$((($(date +%s%N) - began) / 1000000 + 50))
expect_same app "$name"
tui image delete "$name"

# What was asked for by the dead is written to the registry's log a little later.
registry_is_quiet() {
	before=$(blobs_sent)
	sleep 0.3
	[ "$(blobs_sent)" = "$before" ]
}
round=1
while [ "$round" -le "${ROUNDS:-4}" ]; do
	random 3
	[ "$number" = 0 ] || tui image prune -y
	random $took
	after=$number
	"$BANGER" image pull "$name" >/dev/null 2>&1 </dev/null &
	pid=$!
	sleep "$(printf '%d.%03d' $((after / 1000)) $((after % 1000)))"
	kill -9 $pid 2>/dev/null || true
	wait $pid 2>/dev/null || true
	whole=$(find "$BANGER_CACHE_DIR/blobs" -type f ! -name '*.part' 2>/dev/null | wc -l)
	within 10 registry_is_quiet || die "the registry does not come to rest"
	sent=$(blobs_sent)
	tui image pull "$name" || die "round $round, killed after $after ms: the next pull failed"
	again=$(($(blobs_sent) - sent))
	# The configuration is asked for each time; it is in memory alone.
	[ "$again" -le $((3 - whole + 1)) ] || die "round $round, killed after $after ms: $whole layers were there, and $again blobs were fetched"
	expect_eq "round $round: images" 1 "$(($(image_dirs) - others))"
	[ "$((round % 10))" != 0 ] || expect_same app "$name"
	tui image delete "$name"
	expect_eq "round $round: left" "$others" "$(image_dirs)"
	echo "round $round: killed after $after of $took ms, $whole layers there, $again blobs sent"
	round=$((round + 1))
done
expect_eq "left in the ledger" 0 "$(sqlite3 "$BANGER_STATE_DIR/state.db" 'SELECT count(*) FROM resources')"
assert_clean
