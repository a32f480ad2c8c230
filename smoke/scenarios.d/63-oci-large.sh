# SPDX-License-Identifier: MIT
# Images that are large in some way: a directory of 100 000 names, a file of 2 GB, fifty layers.
long_tier
. "$top/smoke/lib-oci.sh"
registry_start ""

many() { mkdir -p var/many && (cd var/many && seq 1 100000 | xargs touch) && printf 'x\n' >var/many/77777; }
fewer() { (cd var/many && seq 1 3 100000 | xargs rm); }
large() { mkdir -p var && head -c 2G /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null >var/large; }
new_image large
layer large many
layer large fewer
layer large large
push large large:1 --dest-compress-format zstd --dest-compress-level 1
tui image pull "$REGISTRY/large:1"
expect_same large "$REGISTRY/large:1"
tui image delete "$REGISTRY/large:1"

one_more() { mkdir -p var && printf '%s\n' "$n" >var/count && printf '%s\n' "$n" >"var/$n" && rm -f "var/$((n - 2))"; }
new_image deep
n=1
while [ "$n" -le 50 ]; do
	layer deep one_more
	n=$((n + 1))
done
push deep deep:1
tui image pull "$REGISTRY/deep:1"
expect_same deep "$REGISTRY/deep:1"
tui image delete "$REGISTRY/deep:1"
assert_clean
