# Unit tests of base, and the helpers every other unit test may link ($(TEST_LIBS)).
# The pattern: one check_PROGRAMS entry a module, its SOURCES, its LDADD of what the layer allows and $(TEST_LIBS) last.
if HAVE_CMOCKA
TEST_LIBS = libtest.a $(BASE_LIBS) $(CMOCKA_LIBS)

check_LIBRARIES += libtest.a
libtest_a_SOURCES = tests/lib/test.c tests/lib/test.h

BASE_TESTS = \
	tests/unit/test_err
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)

tests_unit_test_err_SOURCES = tests/unit/test_err.c
tests_unit_test_err_LDADD = $(TEST_LIBS)
endif
