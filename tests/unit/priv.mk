# Unit tests of core/priv.
if HAVE_CMOCKA
PRIV_TESTS = \
	tests/unit/test_priv_codec
check_PROGRAMS += $(PRIV_TESTS)
TESTS += $(PRIV_TESTS)


tests_unit_test_priv_codec_SOURCES = tests/unit/test_priv_codec.c
tests_unit_test_priv_codec_LDADD = $(PRIV_LIBS) $(TEST_LIBS)
endif
