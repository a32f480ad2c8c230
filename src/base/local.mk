# base: knows nothing of virtual machines.
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	src/base/attrs.h \
	src/base/base64.c src/base/base64.h \
	src/base/buf.c src/base/buf.h \
	src/base/clock.c src/base/clock.h \
	src/base/conf.c src/base/conf.h \
	src/base/crash.c src/base/crash.h \
	src/base/digest.c src/base/digest.h \
	src/base/err.c src/base/err.h \
	src/base/errjson.c src/base/errjson.h \
	src/base/fd.c src/base/fd.h \
	src/base/fs.c src/base/fs_copy.c src/base/fs.h \
	src/base/http.c src/base/http.h src/base/http_answer.c src/base/http_curl.c src/base/http_curl.h \
	src/base/i18n.h \
	src/base/id.c src/base/id.h \
	src/base/json.c src/base/jw.c src/base/json.h \
	src/base/lockdir.c src/base/lockdir.h \
	src/base/lockfile.c src/base/lockfile.h \
	src/base/log.c src/base/log.h \
	src/base/loop.c src/base/loop.h \
	src/base/mailbox.c src/base/mailbox.h \
	src/base/mem.c src/base/mem.h \
	src/base/op.c src/base/op.h \
	src/base/path.c src/base/path.h \
	src/base/program.c src/base/program.h \
	src/base/rights.c src/base/rights.h \
	src/base/shword.c src/base/shword.h \
	src/base/spawn.c src/base/spawn_run.c src/base/proc.c src/base/spawn.h \
	src/base/tar.c src/base/tar_inflate.c src/base/tar_write.c src/base/tar.h \
	src/base/tell.c src/base/tell.h \
	src/base/utf8.c src/base/utf8_ascii.c src/base/utf8_width.c src/base/utf8.h src/base/xattr.h \
	src/base/verdict.c src/base/verdict.h \
	src/base/wake.c src/base/wake.h
libbase_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS) $(CRYPTO_CFLAGS) $(CONFUSE_CFLAGS) $(ARCHIVE_CFLAGS) $(CURL_CFLAGS) $(SECCOMP_CFLAGS) \
	-DCURL_SONAME='"$(CURL_SONAME)"'

# Convenience libraries carry no libraries of their own: whoever links libbase.a links these.
BASE_LIBS = libbase.a $(CJSON_LIBS) $(CRYPTO_LIBS) $(CONFUSE_LIBS) $(ARCHIVE_LIBS)
