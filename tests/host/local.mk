# Tests that need root and a kernel of their own to play with: built by `make check`, run in the throw-away host alone
# (smoke/host takes everything executable in here along; smoke/host.d names them). Exit 77 where they may not.
if HAVE_CMOCKA
HOST_TESTS = \
	tests/host/test_dm
check_PROGRAMS += $(HOST_TESTS)

tests_host_test_dm_SOURCES = tests/host/test_dm.c
tests_host_test_dm_LDADD = $(DMSNAP_LIBS) $(DISK_LIBS) $(TEST_LIBS)
tests_host_test_dm_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=ioctl -Wl,--wrap=dm_task_run -Wl,--wrap=mknodat -Wl,--wrap=fchownat
endif
