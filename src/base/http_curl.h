/* SPDX-License-Identifier: MIT */
/*
 * libcurl when it is needed. It comes with some thirty libraries, which take longer to load than the program and all the rest: a command
 * is done, and a keeper sits beside its machine, without them until HTTP is spoken.
 *
 * Its functions have their own names (http_curl.c), so that who uses them is compiled against <curl/curl.h> as ever; only, none may be
 * called before http_curl_load() has returned NULL once.
 */
#ifndef BASE_HTTP_CURL_H
#define BASE_HTTP_CURL_H

/* Loaded and set up (curl_global_init(3)): NULL, or why it cannot be. Any thread; blocks for milliseconds the first time. */
const char *http_curl_load(void);

#endif
