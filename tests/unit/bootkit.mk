# Unit tests of bootkit: what it reads and decides. What it does to a machine is tried in real ones (smoke/).
if HAVE_CMOCKA
BOOTKIT_TESTS = \
	tests/unit/test_asuser \
	tests/unit/test_bootkit \
	tests/unit/test_guest_config \
	tests/unit/test_guest_seed \
	tests/unit/test_login \
	tests/unit/test_statline \
	tests/unit/test_tarball
check_PROGRAMS += $(BOOTKIT_TESTS)
TESTS += $(BOOTKIT_TESTS)

BOOTKIT_TEST_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
BOOTKIT_TEST_LDADD = libbootkit.a libwire.a $(CMOCKA_LIBS)

tests_unit_test_asuser_SOURCES = tests/unit/test_asuser.c
tests_unit_test_asuser_CPPFLAGS = $(BOOTKIT_TEST_CPPFLAGS)
tests_unit_test_asuser_LDADD = $(BOOTKIT_TEST_LDADD)

tests_unit_test_bootkit_SOURCES = tests/unit/test_bootkit.c
tests_unit_test_bootkit_CPPFLAGS = $(BOOTKIT_TEST_CPPFLAGS)
tests_unit_test_bootkit_LDADD = $(BOOTKIT_TEST_LDADD)

tests_unit_test_guest_config_SOURCES = tests/unit/test_guest_config.c
tests_unit_test_guest_config_CPPFLAGS = $(BOOTKIT_TEST_CPPFLAGS)
tests_unit_test_guest_config_LDADD = $(BOOTKIT_TEST_LDADD)

tests_unit_test_guest_seed_SOURCES = tests/unit/test_guest_seed.c tests/unit/tarmake.c tests/unit/tarmake.h
tests_unit_test_guest_seed_CPPFLAGS = $(BOOTKIT_TEST_CPPFLAGS)
tests_unit_test_guest_seed_LDADD = $(BOOTKIT_TEST_LDADD)

tests_unit_test_login_SOURCES = tests/unit/test_login.c
tests_unit_test_login_CPPFLAGS = $(BOOTKIT_TEST_CPPFLAGS)
tests_unit_test_login_LDADD = $(BOOTKIT_TEST_LDADD)

tests_unit_test_statline_SOURCES = tests/unit/test_statline.c
tests_unit_test_statline_CPPFLAGS = $(BOOTKIT_TEST_CPPFLAGS)
tests_unit_test_statline_LDADD = $(BOOTKIT_TEST_LDADD)

tests_unit_test_tarball_SOURCES = tests/unit/test_tarball.c tests/unit/tarmake.c tests/unit/tarmake.h
tests_unit_test_tarball_CPPFLAGS = $(BOOTKIT_TEST_CPPFLAGS)
tests_unit_test_tarball_LDADD = $(BOOTKIT_TEST_LDADD)
endif
