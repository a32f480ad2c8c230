# net: what QEMU's user network needs (loopback ports, addresses as text), the host's side of a bridged one, and the outside of a
# private one.
noinst_LIBRARIES += libnet.a
libnet_a_SOURCES = \
	src/core/net/addr.c src/core/net/addr.h \
	src/core/net/bus.c src/core/net/bus.h \
	src/core/net/dns.c src/core/net/dns.h \
	src/core/net/firewalld.c src/core/net/firewalld.h \
	src/core/net/link.c src/core/net/link.h src/core/net/link_priv.h \
	src/core/net/link_list.c \
	src/core/net/link_open.c \
	src/core/net/link_route.c \
	src/core/net/link_tap.c \
	src/core/net/netns.c src/core/net/netns.h \
	src/core/net/privnet.c src/core/net/privnet.h src/core/net/privnet_priv.h \
	src/core/net/privnet_probe.c src/core/net/privnet_probe.h \
	src/core/net/resolve.c src/core/net/resolve.h \
	src/core/net/resolvconf.c src/core/net/resolvconf.h \
	src/core/net/resolved.c src/core/net/resolved.h \
	src/core/net/slirp.c src/core/net/slirp.h \
	src/core/net/slirp4netns.c \
	src/core/net/subnet.c src/core/net/subnet.h
libnet_a_CFLAGS = $(AM_CFLAGS) $(NL_CFLAGS)

NET_LIBS = libnet.a $(NL_LIBS)

# What guests may reach. Only banger-helper and banger-netns link it, so only they need libnftables.
noinst_LIBRARIES += libnat.a
libnat_a_SOURCES = \
	src/core/net/nat.c src/core/net/nat.h src/core/net/nat_priv.h \
	src/core/net/nat_egress.c src/core/net/nat_egress.h \
	src/core/net/nat_format.c \
	src/core/net/nat_ask.c \
	src/core/net/nat_look.c \
	src/core/net/nat_read.c
libnat_a_CFLAGS = $(AM_CFLAGS) $(NFT_CFLAGS)

NAT_LIBS = libnat.a $(NFT_LIBS)
