# unit tests of net
if HAVE_CMOCKA
NET_TESTS = \
	tests/unit/test_slirp
check_PROGRAMS += $(NET_TESTS)
TESTS += $(NET_TESTS)

tests_unit_test_slirp_SOURCES = tests/unit/test_slirp.c
tests_unit_test_slirp_LDADD = $(NET_LIBS) $(TEST_LIBS)
endif
