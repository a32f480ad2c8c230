# Unit tests of namesrv. test_names runs the real banger-names on the loopback.
if HAVE_CMOCKA
NAMESRV_TESTS = \
	tests/unit/test_names \
	tests/unit/test_zone
check_PROGRAMS += $(NAMESRV_TESTS)
TESTS += $(NAMESRV_TESTS)

tests_unit_test_names_SOURCES = tests/unit/test_names.c
tests_unit_test_names_CPPFLAGS = $(AM_CPPFLAGS) -DNAMES_PROGRAM='"$(abs_builddir)/banger-names"'
tests_unit_test_names_LDADD = $(NAMESRV_LIBS) $(TEST_LIBS)
tests_unit_test_names_DEPENDENCIES = banger-names $(NAMESRV_LIBS) libtest.a
tests_unit_test_zone_SOURCES = tests/unit/test_zone.c
tests_unit_test_zone_LDADD = $(NAMESRV_LIBS) $(TEST_LIBS)
endif
