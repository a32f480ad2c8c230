# Unit tests of base, and the helpers every other unit test may link ($(TEST_LIBS)).
# The pattern: one check_PROGRAMS entry a module, its SOURCES, its LDADD of what the layer allows and $(TEST_LIBS) last.
if HAVE_CMOCKA
TEST_LIBS = libtest.a $(BASE_LIBS) $(CMOCKA_LIBS)

check_LIBRARIES += libtest.a
libtest_a_SOURCES = tests/lib/test.c tests/lib/test.h

BASE_TESTS = \
	tests/unit/test_base64 \
	tests/unit/test_buf \
	tests/unit/test_conf \
	tests/unit/test_crash \
	tests/unit/test_digest \
	tests/unit/test_err \
	tests/unit/test_fd \
	tests/unit/test_fs \
	tests/unit/test_http \
	tests/unit/test_http_missing \
	tests/unit/test_json \
	tests/unit/test_lockdir \
	tests/unit/test_lockfile \
	tests/unit/test_log \
	tests/unit/test_loop \
	tests/unit/test_mailbox \
	tests/unit/test_op \
	tests/unit/test_path \
	tests/unit/test_program \
	tests/unit/test_spawn \
	tests/unit/test_tell \
	tests/unit/test_utf8
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)

tests_unit_test_base64_SOURCES = tests/unit/test_base64.c
tests_unit_test_base64_LDADD = $(TEST_LIBS)
tests_unit_test_buf_SOURCES = tests/unit/test_buf.c
tests_unit_test_buf_LDADD = $(TEST_LIBS)
tests_unit_test_conf_SOURCES = tests/unit/test_conf.c
tests_unit_test_conf_LDADD = $(TEST_LIBS)
tests_unit_test_crash_SOURCES = tests/unit/test_crash.c
tests_unit_test_crash_LDADD = $(TEST_LIBS)
tests_unit_test_digest_SOURCES = tests/unit/test_digest.c
tests_unit_test_digest_LDADD = $(TEST_LIBS)
tests_unit_test_err_SOURCES = tests/unit/test_err.c
tests_unit_test_err_LDADD = $(TEST_LIBS)
tests_unit_test_fd_SOURCES = tests/unit/test_fd.c
tests_unit_test_fd_LDADD = $(TEST_LIBS)
tests_unit_test_fs_SOURCES = tests/unit/test_fs.c
tests_unit_test_fs_LDADD = $(TEST_LIBS)
tests_unit_test_http_SOURCES = tests/unit/test_http.c
tests_unit_test_http_LDADD = $(TEST_LIBS)
tests_unit_test_http_missing_SOURCES = tests/unit/test_http_missing.c src/base/http.c src/base/http_curl.c
tests_unit_test_http_missing_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS) -DCURL_SONAME='"libcurl-is-nowhere.so"'
tests_unit_test_http_missing_LDADD = $(TEST_LIBS)
tests_unit_test_json_SOURCES = tests/unit/test_json.c
tests_unit_test_json_LDADD = $(TEST_LIBS)
tests_unit_test_lockdir_SOURCES = tests/unit/test_lockdir.c
tests_unit_test_lockdir_LDADD = $(TEST_LIBS)
tests_unit_test_lockfile_SOURCES = tests/unit/test_lockfile.c
tests_unit_test_lockfile_LDADD = $(TEST_LIBS)
tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_LDADD = $(TEST_LIBS)
tests_unit_test_loop_SOURCES = tests/unit/test_loop.c
tests_unit_test_loop_LDADD = $(TEST_LIBS)
tests_unit_test_mailbox_SOURCES = tests/unit/test_mailbox.c
tests_unit_test_mailbox_LDADD = $(TEST_LIBS)
tests_unit_test_op_SOURCES = tests/unit/test_op.c
tests_unit_test_op_LDADD = $(TEST_LIBS)
tests_unit_test_program_SOURCES = tests/unit/test_program.c
tests_unit_test_program_LDADD = $(TEST_LIBS)
tests_unit_test_path_SOURCES = tests/unit/test_path.c
tests_unit_test_path_LDADD = $(TEST_LIBS)
tests_unit_test_spawn_SOURCES = tests/unit/test_spawn.c
tests_unit_test_spawn_LDADD = $(TEST_LIBS)
tests_unit_test_tell_SOURCES = tests/unit/test_tell.c
tests_unit_test_tell_LDADD = $(TEST_LIBS)
tests_unit_test_utf8_SOURCES = tests/unit/test_utf8.c
tests_unit_test_utf8_LDADD = $(TEST_LIBS)
endif

# Beside openssl: bench/image.
check_PROGRAMS += bench/base/bench_digest
bench_base_bench_digest_SOURCES = bench/base/bench_digest.c
bench_base_bench_digest_LDADD = $(BASE_LIBS)
