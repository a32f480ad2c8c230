# Terminal cases: bytes in, cells out.
check_PROGRAMS += tests/term/term_cases
TESTS += tests/term/term_cases
tests_term_term_cases_SOURCES = tests/term/term_cases.c
tests_term_term_cases_LDADD = $(TERM_LIBS) $(BASE_LIBS)
EXTRA_DIST += $(srcdir)/tests/term/*.in $(srcdir)/tests/term/*.out

# Throughput beside bare libvterm; built with the tests, run by hand: bench/term/bench_term.
check_PROGRAMS += bench/term/bench_term
bench_term_bench_term_SOURCES = bench/term/bench_term.c
bench_term_bench_term_CPPFLAGS = $(AM_CPPFLAGS) $(VTERM_CFLAGS)
bench_term_bench_term_LDADD = $(TERM_LIBS) $(BASE_LIBS)
