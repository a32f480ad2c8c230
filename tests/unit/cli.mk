# Unit tests of cli.
if HAVE_CMOCKA
CLI_TESTS = \
	tests/unit/test_cli_lists \
	tests/unit/test_opts \
	tests/unit/test_progress \
	tests/unit/test_rights
check_PROGRAMS += $(CLI_TESTS)
TESTS += $(CLI_TESTS)

tests_unit_test_cli_lists_SOURCES = tests/unit/test_cli_lists.c
tests_unit_test_cli_lists_LDADD = libcli.a libfake.a libmodel.a $(TEST_LIBS)
tests_unit_test_opts_SOURCES = tests/unit/test_opts.c
tests_unit_test_opts_LDADD = libcli.a libmodel.a $(TEST_LIBS)
tests_unit_test_progress_SOURCES = tests/unit/test_progress.c
tests_unit_test_progress_LDADD = libcli.a libfake.a libmodel.a $(TEST_LIBS)
tests_unit_test_rights_SOURCES = tests/unit/test_rights.c
tests_unit_test_rights_LDADD = libcli.a libmodel.a $(TEST_LIBS)
endif
