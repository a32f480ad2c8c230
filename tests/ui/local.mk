# Screens on the fake engine: text goldens, and the real program for tests/tui and bench/ui.
check_PROGRAMS += tests/ui/banger-ui-fake
tests_ui_banger_ui_fake_SOURCES = tests/ui/banger_ui_fake.c
tests_ui_banger_ui_fake_LDADD = $(UI_LIBS) libfake.a libmodel.a $(BASE_LIBS) -lutil

if HAVE_CMOCKA
check_PROGRAMS += tests/ui/test_golden
TESTS += tests/ui/test_golden
tests_ui_test_golden_SOURCES = tests/ui/test_golden.c
tests_ui_test_golden_LDADD = $(UI_LIBS) libfake.a libmodel.a $(TEST_LIBS)
endif
EXTRA_DIST += $(srcdir)/tests/ui/golden/*.txt

# The console in tmux; says so and passes when there is no tmux.
TESTS += tests/tui/run tests/tui/helper
EXTRA_DIST += tests/tui/run tests/tui/helper bench/ui/run

# By hand: bench/ui/run tests/ui/banger-ui-fake
check_PROGRAMS += bench/ui/bench_ui
bench_ui_bench_ui_SOURCES = bench/ui/bench_ui.c
bench_ui_bench_ui_LDADD = $(UI_LIBS) libfake.a libmodel.a $(BASE_LIBS)
