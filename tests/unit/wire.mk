# Unit tests of wire.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_wire_stat
TESTS += tests/unit/test_wire_stat
tests_unit_test_wire_stat_SOURCES = tests/unit/test_wire_stat.c
tests_unit_test_wire_stat_LDADD = libwire.a $(CMOCKA_LIBS)
endif
