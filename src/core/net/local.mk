# net: what QEMU's user network needs: loopback ports, addresses as text.
noinst_LIBRARIES += libnet.a
libnet_a_SOURCES = \
	src/core/net/addr.c src/core/net/addr.h \
	src/core/net/slirp.c src/core/net/slirp.h
