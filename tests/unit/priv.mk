# Unit tests of core/priv.
if HAVE_CMOCKA
PRIV_TESTS = \
	tests/unit/test_priv_codec \
	tests/unit/test_priv_hostile \
	tests/unit/test_priv_ops
check_PROGRAMS += $(PRIV_TESTS)
TESTS += $(PRIV_TESTS)

PRIV_RIG = tests/lib/fake_host.c tests/lib/fake_host.h tests/lib/privrig.c tests/lib/privrig.h

tests_unit_test_priv_codec_SOURCES = tests/unit/test_priv_codec.c
tests_unit_test_priv_codec_LDADD = $(PRIV_LIBS) $(TEST_LIBS)
tests_unit_test_priv_hostile_SOURCES = tests/unit/test_priv_hostile.c $(PRIV_RIG)
tests_unit_test_priv_hostile_LDADD = $(PRIV_LIBS) $(TEST_LIBS)
tests_unit_test_priv_ops_SOURCES = tests/unit/test_priv_ops.c $(PRIV_RIG)
tests_unit_test_priv_ops_LDADD = $(PRIV_LIBS) $(TEST_LIBS)
endif
