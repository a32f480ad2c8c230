# Terminal cases: bytes in, cells out.
check_PROGRAMS += tests/term/term_cases
TESTS += tests/term/term_cases
tests_term_term_cases_SOURCES = tests/term/term_cases.c
tests_term_term_cases_LDADD = $(TERM_LIBS) $(BASE_LIBS)
EXTRA_DIST += $(srcdir)/tests/term/*.in $(srcdir)/tests/term/*.out
