# core/priv: what needs rights, asked for (remote, look) and served (serve, ops). The library links neither netlink nor device
# mapper: what the helper does to the host comes as a table (host.h), whose real rows are the helper's.
noinst_LIBRARIES += libpriv.a
libpriv_a_SOURCES = \
	src/core/priv/beneath.c src/core/priv/beneath.h \
	src/core/priv/claims.c src/core/priv/claims.h \
	src/core/priv/codec.c src/core/priv/codec.h \
	src/core/priv/host.h \
	src/core/priv/look.c \
	src/core/priv/ops.c src/core/priv/ops_net.c src/core/priv/ops.h src/core/priv/ops_priv.h \
	src/core/priv/priv.h \
	src/core/priv/remote.c \
	src/core/priv/serve.c src/core/priv/serve.h

# Whoever links libpriv.a links these, before BASE_LIBS.
PRIV_LIBS = libpriv.a libnet.a
