# bootkit: the static program that runs inside a machine. libc and wire alone.
#
# The sources are built twice: into a library for the unit tests, with whatever sanitizer is on,
# and into the program itself, which is static and therefore always without.
bootkit_sources = \
	src/bootkit/archive.c \
	src/bootkit/archive.h \
	src/bootkit/archive_main.c \
	src/bootkit/asuser.c \
	src/bootkit/asuser.h \
	src/bootkit/blockdev.c \
	src/bootkit/blockdev.h \
	src/bootkit/booted.c \
	src/bootkit/booted.h \
	src/bootkit/clock.c \
	src/bootkit/clock.h \
	src/bootkit/config.c \
	src/bootkit/config.h \
	src/bootkit/disks.c \
	src/bootkit/disks.h \
	src/bootkit/grow.c \
	src/bootkit/grow.h \
	src/bootkit/handover.c \
	src/bootkit/handover.h \
	src/bootkit/identity.c \
	src/bootkit/identity.h \
	src/bootkit/init.c \
	src/bootkit/init.h \
	src/bootkit/login.c \
	src/bootkit/login.h \
	src/bootkit/modload.c \
	src/bootkit/modload.h \
	src/bootkit/net.c \
	src/bootkit/net.h \
	src/bootkit/paths.h \
	src/bootkit/pid1.c \
	src/bootkit/pid1.h \
	src/bootkit/ports.c \
	src/bootkit/ports.h \
	src/bootkit/poweroff.c \
	src/bootkit/poweroff.h \
	src/bootkit/run.c \
	src/bootkit/run.h \
	src/bootkit/seed.c \
	src/bootkit/seed.h \
	src/bootkit/shutdown.c \
	src/bootkit/shutdown.h \
	src/bootkit/sshd.c \
	src/bootkit/sshd.h \
	src/bootkit/sshroot.c \
	src/bootkit/sshroot.h \
	src/bootkit/statline.c \
	src/bootkit/statline.h \
	src/bootkit/tarball.c \
	src/bootkit/tarball.h \
	src/bootkit/tarout.c \
	src/bootkit/tarout.h \
	src/bootkit/ustar.h \
	src/bootkit/util.c \
	src/bootkit/util.h \
	src/bootkit/verbs.c \
	src/bootkit/verbs.h

pkglibexec_PROGRAMS += banger-guest
banger_guest_SOURCES = src/bootkit/main.c src/wire/stat.c $(bootkit_sources)
banger_guest_CPPFLAGS = -I$(srcdir)/src -D_GNU_SOURCE
banger_guest_CFLAGS = -std=gnu11 -O2 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wno-format-nonliteral -fno-common
banger_guest_LDFLAGS = -static
banger_guest_LDADD =

check_LIBRARIES += libbootkit.a
libbootkit_a_SOURCES = $(bootkit_sources)
libbootkit_a_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
