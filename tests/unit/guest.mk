# Unit tests of guest. Those that need an SSH server start one of their own (tests/lib/sshd.c) and skip without it.
if HAVE_CMOCKA
GUEST_TESTS = \
	tests/unit/test_exec \
	tests/unit/test_keys \
	tests/unit/test_knownhosts \
	tests/unit/test_netio \
	tests/unit/test_seed \
	tests/unit/test_ssh \
	tests/unit/test_sshconf \
	tests/unit/test_sshinclude
check_PROGRAMS += $(GUEST_TESTS)
TESTS += $(GUEST_TESTS)

# A test of another layer that wants a server adds these to its sources.
SSHD_SOURCES = tests/lib/sshd.c tests/lib/sshd.h

tests_unit_test_exec_SOURCES = tests/unit/test_exec.c $(SSHD_SOURCES)
tests_unit_test_exec_LDADD = $(GUEST_LIBS) $(TEST_LIBS)
tests_unit_test_keys_SOURCES = tests/unit/test_keys.c
tests_unit_test_keys_LDADD = $(GUEST_LIBS) $(TEST_LIBS)
tests_unit_test_knownhosts_SOURCES = tests/unit/test_knownhosts.c
tests_unit_test_knownhosts_LDADD = $(GUEST_LIBS) $(TEST_LIBS)
tests_unit_test_netio_SOURCES = tests/unit/test_netio.c $(SSHD_SOURCES)
tests_unit_test_netio_LDADD = $(GUEST_LIBS) $(TEST_LIBS)
tests_unit_test_seed_SOURCES = tests/unit/test_seed.c
tests_unit_test_seed_LDADD = $(GUEST_LIBS) $(TEST_LIBS)
tests_unit_test_ssh_SOURCES = tests/unit/test_ssh.c $(SSHD_SOURCES)
tests_unit_test_ssh_LDADD = $(GUEST_LIBS) $(TEST_LIBS)
tests_unit_test_sshconf_SOURCES = tests/unit/test_sshconf.c
tests_unit_test_sshconf_LDADD = $(GUEST_LIBS) $(TEST_LIBS)
tests_unit_test_sshinclude_SOURCES = tests/unit/test_sshinclude.c
tests_unit_test_sshinclude_LDADD = $(GUEST_LIBS) $(TEST_LIBS)
endif
