# Unit tests of ui: no terminal, no curses; the fake engine brings the few words of the engine that are shown.
check_LIBRARIES += libfake.a
libfake_a_SOURCES = tests/lib/fake_dirs.c tests/lib/fake_dirs.h tests/lib/fake_engine.c tests/lib/fake_engine.h src/core/engine/names.c

if HAVE_CMOCKA
UI_TESTS = \
	tests/unit/test_ui_app \
	tests/unit/test_ui_canvas \
	tests/unit/test_ui_import \
	tests/unit/test_ui_keys \
	tests/unit/test_ui_list \
	tests/unit/test_ui_script \
	tests/unit/test_ui_world
check_PROGRAMS += $(UI_TESTS)
TESTS += $(UI_TESTS)

UI_TEST_LIBS = $(UI_LIBS) libfake.a libmodel.a $(TEST_LIBS)
tests_unit_test_ui_app_SOURCES = tests/unit/test_ui_app.c tests/lib/uibench.c tests/lib/uibench.h
tests_unit_test_ui_app_LDADD = $(UI_TEST_LIBS)
tests_unit_test_ui_canvas_SOURCES = tests/unit/test_ui_canvas.c
tests_unit_test_ui_canvas_LDADD = $(UI_TEST_LIBS)
tests_unit_test_ui_import_SOURCES = tests/unit/test_ui_import.c tests/lib/uibench.c tests/lib/uibench.h
tests_unit_test_ui_import_LDADD = $(UI_TEST_LIBS)
tests_unit_test_ui_keys_SOURCES = tests/unit/test_ui_keys.c
tests_unit_test_ui_keys_LDADD = $(UI_TEST_LIBS)
tests_unit_test_ui_list_SOURCES = tests/unit/test_ui_list.c
tests_unit_test_ui_list_LDADD = $(UI_TEST_LIBS)
tests_unit_test_ui_script_SOURCES = tests/unit/test_ui_script.c
tests_unit_test_ui_script_LDADD = $(UI_TEST_LIBS)
tests_unit_test_ui_world_SOURCES = tests/unit/test_ui_world.c
tests_unit_test_ui_world_LDADD = $(UI_TEST_LIBS)
endif
