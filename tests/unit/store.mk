# Unit tests of store. test_db and test_images open SQLite themselves, to look behind the store's back.
if HAVE_CMOCKA
STORE_TESTS = \
	tests/unit/test_db \
	tests/unit/test_images \
	tests/unit/test_jobs \
	tests/unit/test_reserve \
	tests/unit/test_resources \
	tests/unit/test_vms
check_PROGRAMS += $(STORE_TESTS)
TESTS += $(STORE_TESTS)

STORE_TEST_LIBS = libstore.a libmodel.a $(SQLITE_LIBS) $(TEST_LIBS)
STORE_LIB = tests/lib/storetest.h

tests_unit_test_db_SOURCES = tests/unit/test_db.c $(STORE_LIB)
tests_unit_test_db_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_test_db_LDADD = $(STORE_TEST_LIBS)
tests_unit_test_images_SOURCES = tests/unit/test_images.c $(STORE_LIB)
tests_unit_test_images_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_test_images_LDADD = $(STORE_TEST_LIBS)
tests_unit_test_jobs_SOURCES = tests/unit/test_jobs.c $(STORE_LIB)
tests_unit_test_jobs_LDADD = $(STORE_TEST_LIBS)
tests_unit_test_reserve_SOURCES = tests/unit/test_reserve.c tests/lib/mountns.c tests/lib/mountns.h $(STORE_LIB)
tests_unit_test_reserve_LDADD = $(STORE_TEST_LIBS)
tests_unit_test_reserve_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=statvfs
tests_unit_test_resources_SOURCES = tests/unit/test_resources.c $(STORE_LIB)
tests_unit_test_resources_LDADD = $(STORE_TEST_LIBS)
tests_unit_test_vms_SOURCES = tests/unit/test_vms.c $(STORE_LIB)
tests_unit_test_vms_LDADD = $(STORE_TEST_LIBS)
endif
