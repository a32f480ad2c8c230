# SPDX-License-Identifier: MIT
# An image as Alpine's: musl, BusyBox as shell and init, an inittab that calls an OpenRC which is not there and gettys on terminals that are
# not there, no bash. From nothing at all to a command by its reference; it is booted, and stops by itself.
. "$top/smoke/lib-oci.sh"
command -v musl-gcc >/dev/null || { echo "no musl-gcc"; exit 77; }
busybox=$(command -v busybox)
for applet in init getty; do
	"$busybox" --list | grep -qx $applet || { echo "busybox has no $applet"; exit 77; }
done
registry_start ""
cd "$SMOKE_WORK" || die "no working directory"

cat >who.c <<'END'
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	struct passwd *p = getpwuid(getuid());

	return printf("musl knows %s\n", p ? p->pw_name : "nobody") < 0;
}
END
musl-gcc -o who.musl who.c
loader=$(file who.musl | sed -n 's/.*interpreter \([^,]*\),.*/\1/p')
[ -e "$loader" ] || die "who.musl is not linked with musl: $loader"

alike() {
	mkdir -p bin sbin etc lib usr/bin usr/sbin dev proc sys run tmp root var home
	cp "$busybox" bin/busybox
	"$busybox" --list-full | while read -r applet; do
		mkdir -p "$(dirname "$applet")"
		[ -e "$applet" ] || ln -s /bin/busybox "$applet"
	done
	cp -L "$loader" lib/
	cp "$SMOKE_WORK/who.musl" usr/bin/who-am-i
	cat >etc/inittab <<'END'
::sysinit:/sbin/openrc sysinit
::sysinit:/sbin/openrc boot
::wait:/sbin/openrc default
tty1::respawn:/sbin/getty 38400 tty1
tty2::respawn:/sbin/getty 38400 tty2
::ctrlaltdel:/sbin/reboot
::shutdown:/sbin/openrc shutdown
END
	printf 'root:x:0:0:root:/root:/bin/ash\n' >etc/passwd
	printf 'root:x:0:root\n' >etc/group
	printf 'ID=alike\n' >etc/os-release
}
new_image alike
layer alike alike
umoci config --image "$layout:alike" --config.cmd /bin/sh --config.env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
push alike alike:latest
name=$REGISTRY/alike

expect_eq "its release" "ID=alike" "$(tui vm run --rm --memory 192M --image "$name" -- cat /etc/os-release)"
tui vm create --memory 192M --image "$name" alike
expect_eq "a program of musl's" "musl knows root" "$(tui vm exec alike -- who-am-i)"
expect_eq "PID 1" init "$(tui vm exec alike -- cat /proc/1/comm)"
expect_eq "its shell" /bin/ash "$(tui vm exec alike -- sh -c 'echo $SHELL')"
expect_in "booted" booted "$(tui vm stats --once alike)"
tui vm exec alike -- sh -c 'echo kept >/var/kept; echo mine >/root/mine'
tui vm stop alike
expect_eq "state" stopped "$(field alike state)"
tui vm start alike
expect_eq "what was written" "kept mine" "$(tui vm exec alike -- sh -c 'echo $(cat /var/kept /root/mine)')"
tui vm delete alike
tui image delete "$name"
assert_clean
