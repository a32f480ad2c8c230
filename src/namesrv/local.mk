# namesrv: banger-names, the name server for NAME.vm, and how the engine starts it and tells it what to say.
noinst_LIBRARIES += libnamesrv.a
libnamesrv_a_SOURCES = \
	src/namesrv/confine.c src/namesrv/confine.h \
	src/namesrv/forward.c src/namesrv/forward.h \
	src/namesrv/launch.c src/namesrv/namesrv.h \
	src/namesrv/server.c src/namesrv/server.h \
	src/namesrv/tcp.c \
	src/namesrv/zone.c src/namesrv/zone.h
libnamesrv_a_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)

# What the engine takes of it needs neither netlink nor the filter; the archive gives only what is asked for.
NAMESRV_LIBS = libnamesrv.a libnet.a

pkglibexec_PROGRAMS += banger-names
banger_names_SOURCES = src/namesrv/main.c
banger_names_LDADD = $(NAMESRV_LIBS) $(BASE_LIBS) $(SECCOMP_LIBS)
