# base: knows nothing of virtual machines.
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	src/base/attrs.h
libbase_a_CFLAGS = $(AM_CFLAGS) $(BASE_CFLAGS)
