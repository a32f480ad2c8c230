# Unit tests of model.
if HAVE_CMOCKA
MODEL_TESTS = \
	tests/unit/test_egress \
	tests/unit/test_eta \
	tests/unit/test_name \
	tests/unit/test_ociref \
	tests/unit/test_published \
	tests/unit/test_size \
	tests/unit/test_spec \
	tests/unit/test_vm_state
check_PROGRAMS += $(MODEL_TESTS)
TESTS += $(MODEL_TESTS)

tests_unit_test_egress_SOURCES = tests/unit/test_egress.c
tests_unit_test_egress_LDADD = libmodel.a $(TEST_LIBS)
tests_unit_test_eta_SOURCES = tests/unit/test_eta.c
tests_unit_test_eta_LDADD = libmodel.a $(TEST_LIBS)
tests_unit_test_name_SOURCES = tests/unit/test_name.c
tests_unit_test_name_LDADD = libmodel.a $(TEST_LIBS)
tests_unit_test_ociref_SOURCES = tests/unit/test_ociref.c
tests_unit_test_ociref_LDADD = libmodel.a $(TEST_LIBS)
tests_unit_test_published_SOURCES = tests/unit/test_published.c
tests_unit_test_published_LDADD = libmodel.a $(TEST_LIBS)
tests_unit_test_size_SOURCES = tests/unit/test_size.c
tests_unit_test_size_LDADD = libmodel.a $(TEST_LIBS)
tests_unit_test_spec_SOURCES = tests/unit/test_spec.c
tests_unit_test_spec_LDADD = libmodel.a $(TEST_LIBS)
tests_unit_test_vm_state_SOURCES = tests/unit/test_vm_state.c
tests_unit_test_vm_state_LDADD = libmodel.a $(TEST_LIBS)
endif
