# unit tests of keeper
if HAVE_CMOCKA
KEEPER_TESTS = \
	tests/unit/test_keeper \
	tests/unit/test_keeper_fc \
	tests/unit/test_keeper_parts
check_PROGRAMS += $(KEEPER_TESTS)
TESTS += $(KEEPER_TESTS)

tests_unit_test_keeper_SOURCES = tests/unit/test_keeper.c
tests_unit_test_keeper_LDADD = $(KEEPER_LIBS) $(NET_LIBS) $(TEST_LIBS)
tests_unit_test_keeper_fc_SOURCES = tests/unit/test_keeper_fc.c
tests_unit_test_keeper_fc_CPPFLAGS = $(FAKE_FC_CPPFLAGS)
tests_unit_test_keeper_fc_LDADD = $(KEEPER_LIBS) $(TEST_LIBS)
tests_unit_test_keeper_parts_SOURCES = tests/unit/test_keeper_parts.c
tests_unit_test_keeper_parts_LDADD = $(KEEPER_LIBS) $(TEST_LIBS)
endif
