# Unit tests of oci.
if HAVE_CMOCKA
OCI_TESTS = \
	tests/unit/test_blobs \
	tests/unit/test_oci_auth \
	tests/unit/test_oci_config \
	tests/unit/test_oci_fetch \
	tests/unit/test_oci_manifest
check_PROGRAMS += $(OCI_TESTS)
TESTS += $(OCI_TESTS)

tests_unit_test_blobs_SOURCES = tests/unit/test_blobs.c
tests_unit_test_blobs_LDADD = $(OCI_LIBS) $(TEST_LIBS)
tests_unit_test_oci_auth_SOURCES = tests/unit/test_oci_auth.c
tests_unit_test_oci_auth_LDADD = $(OCI_LIBS) $(TEST_LIBS)
tests_unit_test_oci_config_SOURCES = tests/unit/test_oci_config.c
tests_unit_test_oci_config_LDADD = $(OCI_LIBS) $(TEST_LIBS)
tests_unit_test_oci_fetch_SOURCES = tests/unit/test_oci_fetch.c tests/lib/webserver.c tests/lib/webserver.h
tests_unit_test_oci_fetch_LDADD = $(OCI_LIBS) $(TEST_LIBS)
tests_unit_test_oci_manifest_SOURCES = tests/unit/test_oci_manifest.c
tests_unit_test_oci_manifest_LDADD = $(OCI_LIBS) $(TEST_LIBS)
endif
