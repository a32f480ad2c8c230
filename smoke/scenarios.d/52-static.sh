# SPDX-License-Identifier: MIT
# A root file system that holds one static program and nothing else, no directory even: it boots, runs commands, keeps what is
# written, and stops cleanly.
busybox=$(find "$BANGER_CACHE_DIR" -name busybox | head -n 1)
make_image static '"builder":"busybox"'
[ -n "$busybox" ] || busybox=$(find "$BANGER_CACHE_DIR" -name busybox | head -n 1)
mkdir "$SMOKE_WORK/static"
cp "$busybox" "$SMOKE_WORK/static/uname"
rootfs=$(image_file static)
uuid=$(PATH=$PATH:/usr/sbin:/sbin dumpe2fs -h "$rootfs" 2>/dev/null | sed -n 's/^Filesystem UUID: *//p')
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -F -t ext4 -U "$uuid" -E root_owner=0:0,lazy_itable_init=1,lazy_journal_init=1 \
	-d "$SMOKE_WORK/static" "$rootfs"

tui vm create --image static lone
expect_eq "its program" lone "$(tui vm exec lone -- /uname -n)"
expect_eq "who and where" "root /root" "$(tui vm exec lone -- sh -c 'echo $(id -un) $PWD')"
expect_eq "exit status" 3 "$(code=0; tui vm exec lone -- sh -c 'exit 3' || code=$?; echo $code)"
expect_in "host name" lone "$(tui vm exec lone -- cat /etc/hosts)"
expect_in "name server" nameserver "$(tui vm exec lone -- cat /etc/resolv.conf)"
expect_eq "PID 1" "init=none" "$(tui vm exec lone -- banger-guest info | grep init)"
tui vm exec lone -- sh -c 'echo kept >/kept; echo kept >/root/kept'
tui vm stop lone
expect_closed lone
tui vm start lone
expect_eq "what was written" "kept kept" "$(tui vm exec lone -- sh -c 'echo $(cat /kept /root/kept)')"
tui vm delete lone
drop_image static
assert_clean
