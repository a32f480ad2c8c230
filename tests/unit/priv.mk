# Unit tests of core/priv.
if HAVE_CMOCKA
PRIV_TESTS = \
	tests/unit/test_priv_codec \
	tests/unit/test_priv_hostile \
	tests/unit/test_priv_ops \
	tests/unit/test_priv_remote
check_PROGRAMS += $(PRIV_TESTS)
TESTS += $(PRIV_TESTS)

PRIV_RIG = tests/lib/fake_host.c tests/lib/fake_host.h tests/lib/privrig.c tests/lib/privrig.h

tests_unit_test_priv_codec_SOURCES = tests/unit/test_priv_codec.c
tests_unit_test_priv_codec_LDADD = $(PRIV_LIBS) $(TEST_LIBS)
tests_unit_test_priv_hostile_SOURCES = tests/unit/test_priv_hostile.c $(PRIV_RIG)
tests_unit_test_priv_hostile_LDADD = $(PRIV_LIBS) $(TEST_LIBS)
tests_unit_test_priv_ops_SOURCES = tests/unit/test_priv_ops.c $(PRIV_RIG)
tests_unit_test_priv_ops_LDADD = $(PRIV_LIBS) $(TEST_LIBS)

# The helper's own process, with the fake host; what stands for sudo; and the test that brings them together.
check_PROGRAMS += tests/lib/helper_fake tests/lib/fake_sudo
tests_lib_helper_fake_SOURCES = tests/lib/helper_fake.c tests/lib/fake_host.c tests/lib/fake_host.h
tests_lib_helper_fake_LDADD = $(HELPER_LIBS) $(BASE_LIBS)
tests_lib_fake_sudo_SOURCES = tests/lib/fake_sudo.c
tests_unit_test_priv_remote_SOURCES = tests/unit/test_priv_remote.c
tests_unit_test_priv_remote_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_BIN='"$(abs_builddir)/tests/lib"' \
	-DREAL_HELPER='"$(abs_builddir)/banger-helper"'
tests_unit_test_priv_remote_LDADD = $(PRIV_LIBS) $(TEST_LIBS)
endif
