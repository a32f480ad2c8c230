# SPDX-License-Identifier: MIT
# Roots that are not as one expects: whatever stands at /root, at /tmp and in /etc, the machine has its home on the work disk, its
# name, its name servers and a login, and stops cleanly.
look='
echo "home $HOME $PWD $(stat -L -c "%a %u" /root) $(grep -c " $(readlink -f /root) ext4 " /proc/mounts)"
echo "name $(hostname) $(cat /etc/hostname) $(grep -cw "$(hostname)" /etc/hosts)"
echo "servers $(cmp /etc/resolv.conf /run/banger/seed/resolv.conf && echo as told)"
echo "login $(id -u) tmp $(stat -L -c %a /tmp)"
'
# odd NAME: boot an image of that name, changed by the debugfs commands on stdin, and look.
odd() {
	make_image "$1" '"builder":"busybox"'
	edit_image "$1"
	tui vm create --memory 192M --image "$1" "$1"
	expect_eq "$1" "home /root $(tui vm exec "$1" -- readlink -f /root) 700 0 1
name $1 $1 1
servers as told
login 0 tmp 1777" "$(tui vm exec "$1" -- sh -c "$look")"
}
# over NAME: its end, as clean as that of any other.
over() {
	tui vm stop "$1"
	expect_closed "$1"
	tui vm delete "$1"
	drop_image "$1"
}

# No /root and no /tmp; files that are links to what will not be there; accounts nobody may read.
odd bare <<EOF
rmdir root
rmdir tmp
rm etc/resolv.conf
symlink etc/resolv.conf ../run/x/resolv.conf
rm etc/hosts
symlink etc/hosts /nowhere/hosts
symlink etc/hostname ../run/x/hostname
rm etc/group
sif etc/passwd mode 0100000
EOF
over bare

# /root leads to a place that is missing, a file to itself; a directory where the accounts should be; an init that leads nowhere.
odd linked <<EOF
rmdir root
symlink root var/roothome
rmdir tmp
symlink tmp var/tmp
rm etc/resolv.conf
symlink etc/resolv.conf resolv.conf
symlink etc/localtime /nowhere/zone
rm etc/passwd
mkdir etc/passwd
symlink sbin/init /nowhere/init
EOF
expect_eq "a link stays one" var/roothome "$(tui vm exec linked -- sh -c 'readlink /root; echo kept >/root/kept')"
tui vm restart linked
expect_eq "what was written" kept "$(tui vm exec linked -- cat /root/kept)"
over linked

# /root leads to a directory, whose content comes along.
echo mine >"$SMOKE_WORK/mine"
odd moved <<EOF
rmdir root
mkdir home/root
write $SMOKE_WORK/mine home/root/mine
symlink root /home/root
EOF
expect_eq "its content" mine "$(tui vm exec moved -- cat mine)"
over moved

# /root is a file; the name servers are left to a systemd-resolved that is not there.
odd file <<EOF
rmdir root
write $SMOKE_WORK/mine root
rm etc/resolv.conf
symlink etc/resolv.conf ../run/systemd/resolve/stub-resolv.conf
EOF
over file
assert_clean
