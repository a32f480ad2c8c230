# Formats shared by the host and the guest: libc alone.
noinst_LIBRARIES += libwire.a
libwire_a_SOURCES = \
	src/wire/kit.h \
	src/wire/seed.h \
	src/wire/stat.c \
	src/wire/stat.h
