# Unit tests of ui/term.
if HAVE_CMOCKA
TERM_TESTS = \
	tests/unit/test_console \
	tests/unit/test_keyenc \
	tests/unit/test_scrollback
check_PROGRAMS += $(TERM_TESTS)
TESTS += $(TERM_TESTS)

tests_unit_test_console_SOURCES = tests/unit/test_console.c
tests_unit_test_console_LDADD = $(TERM_LIBS) $(TEST_LIBS)
tests_unit_test_keyenc_SOURCES = tests/unit/test_keyenc.c
tests_unit_test_keyenc_LDADD = $(TERM_LIBS) $(TEST_LIBS)
tests_unit_test_scrollback_SOURCES = tests/unit/test_scrollback.c
tests_unit_test_scrollback_LDADD = $(TERM_LIBS) $(TEST_LIBS)
endif
