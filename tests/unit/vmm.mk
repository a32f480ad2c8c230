# unit tests of vmm
if HAVE_CMOCKA
VMM_TESTS = \
	tests/unit/test_alive \
	tests/unit/test_cmdline \
	tests/unit/test_firecracker \
	tests/unit/test_kvm \
	tests/unit/test_launch \
	tests/unit/test_qemu \
	tests/unit/test_qmp
check_PROGRAMS += $(VMM_TESTS)
TESTS += $(VMM_TESTS)
VMM_TEST_LIBS = libvmm.a libmodel.a $(TEST_LIBS)

tests_unit_test_alive_SOURCES = tests/unit/test_alive.c
tests_unit_test_alive_LDADD = $(VMM_TEST_LIBS)
tests_unit_test_cmdline_SOURCES = tests/unit/test_cmdline.c
tests_unit_test_cmdline_LDADD = $(VMM_TEST_LIBS)
# A Firecracker without a guest (tests/lib/fake_firecracker.c).
check_PROGRAMS += tests/lib/fake_firecracker
EXTRA_DIST += tests/lib/fc_schema.py
tests_lib_fake_firecracker_SOURCES = tests/lib/fake_firecracker.c tests/lib/fc_schema.h
tests_lib_fake_firecracker_LDADD = $(BASE_LIBS)
FAKE_FC_CPPFLAGS = $(AM_CPPFLAGS) -DFAKE_FC='"$(abs_builddir)/tests/lib/fake_firecracker"'

tests_unit_test_firecracker_SOURCES = tests/unit/test_firecracker.c tests/unit/vmm_sample.h
tests_unit_test_firecracker_CPPFLAGS = $(FAKE_FC_CPPFLAGS)
tests_unit_test_firecracker_LDADD = $(VMM_TEST_LIBS)
tests_unit_test_kvm_SOURCES = tests/unit/test_kvm.c
tests_unit_test_kvm_LDADD = $(VMM_TEST_LIBS)
tests_unit_test_launch_SOURCES = tests/unit/test_launch.c tests/unit/vmm_sample.h
tests_unit_test_launch_LDADD = $(VMM_TEST_LIBS)
tests_unit_test_qemu_SOURCES = tests/unit/test_qemu.c tests/unit/vmm_sample.h
tests_unit_test_qemu_LDADD = $(VMM_TEST_LIBS)
tests_unit_test_qmp_SOURCES = tests/unit/test_qmp.c
tests_unit_test_qmp_LDADD = $(VMM_TEST_LIBS)
endif
