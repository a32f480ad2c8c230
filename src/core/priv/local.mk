noinst_LIBRARIES += libpriv.a
libpriv_a_SOURCES = \
	src/core/priv/codec.c src/core/priv/codec.h \
	src/core/priv/priv.h

# Whoever links libpriv.a links these, before BASE_LIBS.
PRIV_LIBS = libpriv.a libnet.a
