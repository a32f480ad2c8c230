# SPDX-License-Identifier: MIT
# A machine's disk becomes an image: what was added, changed, deleted and replaced in it stands so in a machine of that image, whatever
# the disk's mode; a machine that stands still is started for it and stands still again; what does not come to its end leaves nothing.
files=$SMOKE_WORK/sync
mkdir -p "$files" "$BANGER_CONFIG_DIR"
echo token >"$files/secret"
printf 'file_sync token {\n  host = "%s/secret"\n  guest = "/root/.secret"\n}\n' "$files" >"$BANGER_CONFIG_DIR/banger.conf"
tui image pull tiny
others=$(image_dirs)

# What the first one does to itself.
change='
set -e
mkdir -p /srv/app/deep; printf one >/srv/app/a; ln /srv/app/a /srv/app/deep/b; ln -s ../app/a /srv/link
cp /bin/busybox /srv/app/su; chmod 4755 /srv/app/su; chown 1000:1001 /srv/app/deep
mkfifo /srv/fifo; mknod /srv/null c 1 3
dd if=/dev/zero of=/srv/holes bs=1 count=0 seek=3G 2>/dev/null; printf end >>/srv/holes
printf "\351" >"/srv/$(printf "latin-\351")"
rm -rf /media /usr/bin/uptime; rm -rf /var/spool; mkdir /var/spool; printf new >/var/spool/only
mkdir -p /var/log/x; printf kept >/var/log/x/y; mv /var/log /var/logs
printf mine >/root/.profile; printf gone >/tmp/gone; printf gone >/run/gone
printf "10.9.8.7\tmyhost\n" >>/etc/hosts; echo 0123456789abcdef0123456789abcdef >/etc/machine-id'

# What a machine of the image must show.
look='
set -e
cd /srv
echo $(cat app/a app/deep/b) $(stat -c %h app/a) $([ app/a -ef app/deep/b ] && echo linked) $(readlink link)
echo $(stat -c %a:%u app/su) $(stat -c %u:%g app/deep) $([ -p fifo ] && echo fifo) $([ -c null ] && stat -c %t:%T null)
echo $(stat -c %s holes) $(tail -c 3 holes) $([ $(du -k holes | cut -f1) -lt 1024 ] && echo sparse)
[ -e "$(printf "latin-\351")" ] && echo bytes
[ ! -e /media ] && [ ! -e /usr/bin/uptime ] && ls /var/spool && cat /var/logs/x/y && echo && [ ! -e /var/log ] && echo deleted
cat /root/.profile; echo; cat /root/.secret; [ -z "$(ls /tmp)" ] && [ ! -e /run/gone ] && echo passing
grep -c myhost /etc/hosts; grep -c "$1" /etc/hosts || true; wc -c </etc/machine-id'
wanted='oneone 2 linked ../app/a
4755:0 1000:1001 fifo 1:3
3221225475 end sparse
bytes
only
kept
deleted
mine
token
passing
1
0
0'

for disk in overlay copy; do
	tui vm create --memory 192M --image tiny --disk $disk "from-$disk"
	tui vm exec "from-$disk" -- sh -c "$change"
	# Running, and it runs on.
	boot=$(field "from-$disk" boot_id)
	tui vm commit "from-$disk" "of-$disk"
	state_is "from-$disk" running || die "the machine does not run on"
	expect_eq "the same boot" "$boot" "$(field "from-$disk" boot_id)"
	expect_in "listed" "saved from VM from-$disk" "$(tui image list)"
	tui vm create --no-start --memory 192M --image "of-$disk" --disk overlay again
	tui vm start again
	expect_eq "a machine of the $disk's image" "$wanted" "$(tui vm exec again -- sh -c "$look" sh "from-$disk")"
	tui vm kill again
	tui vm delete again
	home=$(PATH=$PATH:/usr/sbin:/sbin debugfs -R 'ls -l /root' "$(image_file "of-$disk")" 2>&1)
	expect_in "what is in the image" .profile "$home"
	case $home in *.secret* | *.gitconfig*) die "what the host brings is in the image: $home" ;; esac
	[ $disk = overlay ] || break
	tui vm kill "from-$disk"
	tui vm delete "from-$disk"
done
inspected=$(tui image inspect of-copy)
expect_in "inspect" '"source":"vm"' "$inspected"
expect_in "inspect" '"vm":"from-copy"' "$inspected"
expect_in "inspect" '"base":"tiny"' "$inspected"

refused "an image named 'of-copy' exists" tui vm commit from-copy of-copy
refused "'alpine' is an image of the catalogue" tui vm commit from-copy alpine
refused "'/' at position" tui vm commit from-copy a/b
refused "no VM" tui vm commit nobody x
refused "which image?" tui vm commit from-copy
tui vm pause from-copy
refused "is paused" tui vm commit from-copy paused
tui vm resume from-copy

# Killed midway: an error, and nothing is left.
tui vm exec from-copy -- dd if=/dev/urandom of=/srv/big bs=1M count=16 2>/dev/null
"$BANGER" vm commit from-copy cut >"$SMOKE_WORK/cut" 2>&1 &
commit=$!
staged() { find "$BANGER_STATE_DIR/images" -path '*/.staging-*' -name rootfs.ext4 -printf '%k\n' | awk '$1 > 6000 { found = 1 } END { exit !found }'; }
within 60 staged || die "the image is not being written: $(cat "$SMOKE_WORK/cut")"
tui vm kill from-copy
code=0
wait $commit || code=$?
expect_eq "commit of a killed machine" 1 "$code"
expect_in "it says why" "save VM 'from-copy' as image 'cut'" "$(cat "$SMOKE_WORK/cut")"
expect_eq "two images more" 2 "$(($(image_dirs) - others))"

# One that stands still; without its /root.
tui vm set --memory 192M from-copy
tui vm commit --no-home from-copy standing
state_is from-copy stopped || die "it does not stand still again"
expect_closed from-copy
expect_eq "no /root of it" "no two" "$(tui vm run --rm --memory 192M --image standing -- sh -c '[ -e /root/.profile ] || echo no $([ $(stat -c %h /srv/app/a) = 2 ] && echo two)')"

# Given up by who asked.
"$BANGER" vm commit from-copy given-up >"$SMOKE_WORK/cut" 2>&1 &
commit=$!
within 60 state_is from-copy running || die "it is not started: $(cat "$SMOKE_WORK/cut")"
kill -TERM $commit
wait $commit || true
state_is from-copy stopped || die "it is not stopped again: $(cat "$SMOKE_WORK/cut")"
expect_eq "three images more" 3 "$(($(image_dirs) - others))"
tui vm delete from-copy
tui image delete of-overlay of-copy standing
rm "$BANGER_CONFIG_DIR/banger.conf"
assert_clean
