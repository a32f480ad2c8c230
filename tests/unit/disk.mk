# Unit tests of disk, and of what goes through it from a tar into an image.
if HAVE_CMOCKA
DISK_TESTS = \
	tests/unit/test_dmtable \
	tests/unit/test_ext4 \
	tests/unit/test_vmdisk \
	tests/unit/test_tar \
	tests/unit/test_archive \
	tests/unit/test_import \
	tests/unit/test_import_dir \
	tests/unit/test_layers \
	tests/unit/test_layers_random
check_PROGRAMS += $(DISK_TESTS)
TESTS += $(DISK_TESTS)

EXT4CHECK = tests/lib/ext4check.c tests/lib/ext4check.h

tests_unit_test_dmtable_SOURCES = tests/unit/test_dmtable.c
tests_unit_test_dmtable_LDADD = $(DISK_LIBS) $(TEST_LIBS)
tests_unit_test_ext4_SOURCES = tests/unit/test_ext4.c $(EXT4CHECK)
tests_unit_test_ext4_LDADD = $(DISK_LIBS) $(TEST_LIBS)
tests_unit_test_vmdisk_SOURCES = tests/unit/test_vmdisk.c $(EXT4CHECK)
tests_unit_test_vmdisk_LDADD = $(DISK_LIBS) $(TEST_LIBS)
tests_unit_test_tar_SOURCES = tests/unit/test_tar.c tests/unit/tarmake.c tests/unit/tarmake.h
tests_unit_test_tar_LDADD = $(TEST_LIBS)
# What the guest makes of its root, and what the host makes of that.
check_PROGRAMS += tests/lib/guest_archive
tests_lib_guest_archive_SOURCES = tests/lib/guest_archive.c
tests_lib_guest_archive_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_lib_guest_archive_LDADD = libbootkit.a libwire.a
tests_unit_test_archive_SOURCES = tests/unit/test_archive.c
tests_unit_test_archive_CPPFLAGS = $(AM_CPPFLAGS) -DTREELIST='"$(abs_builddir)/tests/lib/treelist"' \
	-DGUEST_ARCHIVE='"$(abs_builddir)/tests/lib/guest_archive"'
tests_unit_test_archive_LDADD = $(IMAGE_LIBS) $(DISK_LIBS) $(TEST_LIBS)
tests_unit_test_archive_DEPENDENCIES = $(IMAGE_LIBS) libdisk.a libtest.a libbase.a tests/lib/guest_archive tests/lib/treelist
tests_unit_test_import_SOURCES = tests/unit/test_import.c $(EXT4CHECK)
tests_unit_test_import_LDADD = $(IMAGE_LIBS) $(DISK_LIBS) $(TEST_LIBS)
tests_unit_test_import_dir_SOURCES = tests/unit/test_import_dir.c $(EXT4CHECK)
tests_unit_test_import_dir_LDADD = $(IMAGE_LIBS) $(DISK_LIBS) $(TEST_LIBS)
tests_unit_test_layers_SOURCES = tests/unit/test_layers.c $(EXT4CHECK)
tests_unit_test_layers_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=ext4_writer_unnamed -Wl,--wrap=ext4_writer_drop -Wl,--wrap=ext4_writer_name \
	-Wl,--wrap=ext4_writer_link -Wl,--wrap=ext4_writer_dir -Wl,--wrap=ext4_writer_symlink \
	-Wl,--wrap=ext4_writer_node
tests_unit_test_layers_LDADD = $(IMAGE_LIBS) $(DISK_LIBS) $(TEST_LIBS)
tests_unit_test_layers_random_SOURCES = tests/unit/test_layers_random.c $(EXT4CHECK)
tests_unit_test_layers_random_LDADD = $(IMAGE_LIBS) $(DISK_LIBS) $(TEST_LIBS)
endif
