/* SPDX-License-Identifier: MIT */
/*
 * See http_curl.h. configure finds out which file the linker would have taken (CURL_SONAME).
 */
#define CURL_DISABLE_TYPECHECK
#include "base/http_curl.h"

#include "base/mem.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#undef curl_easy_getinfo
#undef curl_easy_setopt

/* For who packages it: https://uapi-group.org/specifications/specs/elf_dlopen_metadata/ */
#define NOTE_OWNER "FDO"
#define NOTE_TYPE 0x407c0c0a
#define NOTE_TEXT "[{\"feature\":\"http\",\"description\":\"HTTP\",\"priority\":\"required\",\"soname\":[\"" CURL_SONAME "\"]}]"
static const struct {
	uint32_t owner_len, text_len, type;
	char owner[sizeof(NOTE_OWNER)];
	char text[sizeof(NOTE_TEXT)];
} note __attribute__((used, section(".note.dlopen"), aligned(4))) = {sizeof(NOTE_OWNER), sizeof(NOTE_TEXT), NOTE_TYPE, NOTE_OWNER,
								       NOTE_TEXT};

#define FUNCTIONS(X)                                                                                                   \
	X(curl_easy_cleanup)                                                                                           \
	X(curl_easy_getinfo)                                                                                           \
	X(curl_easy_init)                                                                                              \
	X(curl_easy_setopt)                                                                                            \
	X(curl_easy_strerror)                                                                                          \
	X(curl_getdate)                                                                                                \
	X(curl_global_init)                                                                                            \
	X(curl_multi_add_handle)                                                                                       \
	X(curl_multi_cleanup)                                                                                          \
	X(curl_multi_info_read)                                                                                        \
	X(curl_multi_init)                                                                                             \
	X(curl_multi_perform)                                                                                          \
	X(curl_multi_poll)                                                                                             \
	X(curl_multi_remove_handle)                                                                                    \
	X(curl_slist_append)                                                                                           \
	X(curl_slist_free_all)

#define MEMBER(name) __typeof__(name) *(name);
static struct {
	FUNCTIONS(MEMBER)
} real;

static char *missing;

static void load(void)
{
	void *lib = dlopen(CURL_SONAME, RTLD_NOW | RTLD_LOCAL);
	bool is_whole = lib != NULL;

#define LOOK_UP(name) is_whole = is_whole && (*(void **)&real.name = dlsym(lib, #name)) != NULL;
	FUNCTIONS(LOOK_UP)
	if (!is_whole)
		missing = xstrdup(dlerror());
	else
		real.curl_global_init(CURL_GLOBAL_DEFAULT);
}

const char *http_curl_load(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return missing;
}

/* ---- libcurl's own names ---- */

void curl_easy_cleanup(CURL *c)
{
	real.curl_easy_cleanup(c);
}

/* Whatever follows is a pointer, or an integer of the same size. */
_Static_assert(sizeof(long) == sizeof(void *) && sizeof(curl_off_t) == sizeof(void *), "one way to pass any of them");

CURLcode curl_easy_getinfo(CURL *c, CURLINFO info, ...)
{
	va_list ap;

	va_start(ap, info);
	void *arg = va_arg(ap, void *);
	va_end(ap);
	return real.curl_easy_getinfo(c, info, arg);
}

CURL *curl_easy_init(void)
{
	return real.curl_easy_init();
}

CURLcode curl_easy_setopt(CURL *c, CURLoption option, ...)
{
	va_list ap;

	va_start(ap, option);
	void *arg = va_arg(ap, void *);
	va_end(ap);
	return real.curl_easy_setopt(c, option, arg);
}

const char *curl_easy_strerror(CURLcode rc)
{
	return real.curl_easy_strerror(rc);
}

time_t curl_getdate(const char *date, const time_t *unused)
{
	return real.curl_getdate(date, unused);
}

CURLMcode curl_multi_add_handle(CURLM *m, CURL *c)
{
	return real.curl_multi_add_handle(m, c);
}

CURLMcode curl_multi_cleanup(CURLM *m)
{
	return real.curl_multi_cleanup(m);
}

CURLMsg *curl_multi_info_read(CURLM *m, int *ret_queued)
{
	return real.curl_multi_info_read(m, ret_queued);
}

CURLM *curl_multi_init(void)
{
	return real.curl_multi_init();
}

CURLMcode curl_multi_perform(CURLM *m, int *ret_running)
{
	return real.curl_multi_perform(m, ret_running);
}

CURLMcode curl_multi_poll(CURLM *m, struct curl_waitfd fds[], unsigned n, int timeout_ms, int *ret_n)
{
	return real.curl_multi_poll(m, fds, n, timeout_ms, ret_n);
}

CURLMcode curl_multi_remove_handle(CURLM *m, CURL *c)
{
	return real.curl_multi_remove_handle(m, c);
}

struct curl_slist *curl_slist_append(struct curl_slist *l, const char *line)
{
	return real.curl_slist_append(l, line);
}

void curl_slist_free_all(struct curl_slist *l)
{
	real.curl_slist_free_all(l);
}
