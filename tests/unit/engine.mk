# Unit tests of engine.
if HAVE_CMOCKA
ENGINE_TESTS = \
	tests/unit/test_sched
check_PROGRAMS += $(ENGINE_TESTS)
TESTS += $(ENGINE_TESTS)

ENGINE_TEST_LIBS = libengine.a $(KEEPER_LIBS) $(IMAGE_LIBS) $(DISK_LIBS) libnet.a $(GUEST_LIBS) libstore.a libmodel.a \
	$(SQLITE_LIBS) $(TEST_LIBS)

tests_unit_test_sched_SOURCES = tests/unit/test_sched.c
tests_unit_test_sched_LDADD = $(ENGINE_TEST_LIBS)
endif
