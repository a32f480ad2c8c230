# Unit tests of image (import is tested with disk, which it writes through).
if HAVE_CMOCKA
IMAGE_TESTS = \
	tests/unit/test_bundle \
	tests/unit/test_catalog \
	tests/unit/test_download \
	tests/unit/test_elfneeds \
	tests/unit/test_kernel_import \
	tests/unit/test_kernelneeds \
	tests/unit/test_kit \
	tests/unit/test_mmdebstrap \
	tests/unit/test_modorder \
	tests/unit/test_oci_pull \
	tests/unit/test_overlay \
	tests/unit/test_publish \
	tests/unit/test_scratch \
	tests/unit/test_sources \
	tests/unit/test_vmlinux
check_PROGRAMS += $(IMAGE_TESTS)
TESTS += $(IMAGE_TESTS)

IMAGE_TEST_LIBS = $(IMAGE_LIBS) $(DISK_LIBS) $(TEST_LIBS)

tests_unit_test_bundle_SOURCES = tests/unit/test_bundle.c tests/unit/tarmake.c tests/unit/tarmake.h
tests_unit_test_bundle_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_catalog_SOURCES = tests/unit/test_catalog.c
tests_unit_test_catalog_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_download_SOURCES = tests/unit/test_download.c tests/lib/webserver.c tests/lib/webserver.h
tests_unit_test_download_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_elfneeds_SOURCES = tests/unit/test_elfneeds.c tests/lib/fakeelf.h
tests_unit_test_elfneeds_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_kernel_import_SOURCES = tests/unit/test_kernel_import.c tests/lib/fakekernel.h tests/lib/fakekit.h tests/lib/fakeelf.h
tests_unit_test_kernel_import_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_kernelneeds_SOURCES = tests/unit/test_kernelneeds.c
tests_unit_test_kernelneeds_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_kit_SOURCES = tests/unit/test_kit.c tests/lib/fakekit.h tests/lib/fakeelf.h
tests_unit_test_kit_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_mmdebstrap_SOURCES = tests/unit/test_mmdebstrap.c tests/lib/fakekit.h tests/lib/fakeelf.h
tests_unit_test_mmdebstrap_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_modorder_SOURCES = tests/unit/test_modorder.c
tests_unit_test_modorder_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_oci_pull_SOURCES = tests/unit/test_oci_pull.c tests/lib/webserver.c tests/lib/webserver.h tests/lib/mountns.c tests/lib/mountns.h
tests_unit_test_oci_pull_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_overlay_SOURCES = tests/unit/test_overlay.c
tests_unit_test_overlay_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_publish_SOURCES = tests/unit/test_publish.c
tests_unit_test_publish_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_scratch_SOURCES = tests/unit/test_scratch.c
tests_unit_test_scratch_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_sources_SOURCES = tests/unit/test_sources.c
tests_unit_test_sources_LDADD = $(IMAGE_TEST_LIBS)
tests_unit_test_vmlinux_SOURCES = tests/unit/test_vmlinux.c tests/lib/fakekernel.h
tests_unit_test_vmlinux_LDADD = $(IMAGE_TEST_LIBS)

# Serves the files of a directory, for scenarios that fetch some.
check_PROGRAMS += tests/lib/webserve
tests_lib_webserve_SOURCES = tests/lib/webserve.c tests/lib/webserver.c tests/lib/webserver.h
tests_lib_webserve_LDADD = $(TEST_LIBS)
endif

# Lists a tree or an image, for scenarios that compare the two.
check_PROGRAMS += tests/lib/treelist
tests_lib_treelist_SOURCES = tests/lib/treelist.c
tests_lib_treelist_CFLAGS = $(AM_CFLAGS) $(EXT2FS_CFLAGS)
tests_lib_treelist_LDADD = $(BASE_LIBS) $(EXT2FS_LIBS)
