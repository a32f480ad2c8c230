/* SPDX-License-Identifier: MIT */
/*
 * webserve DIRECTORY: serves the files of a directory on a port of the loopback, for scenarios. Prints the port, then a line for each
 * request; runs until it is killed.
 *
 *	/NAME		the file, or the rest of it from where a Range begins
 *	/once/NAME	half of it the first time, and then the connection ends
 *	/page/NAME	a web page, as gates of networks answer
 *	/v2/		{}, so that a registry of images is files: sha256:HEX and a tag each
 */
#include "tests/lib/webserver.h"

#include "base/fs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)256 << 20)

static void serve(const struct web_request *q, const struct buf *file, bool half)
{
	size_t from = web_range(q);
	auto_buf head = {0};

	if (half) {
		buf_addf(&head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", file->len);
		web_send(q, head.data, head.len);
		web_send(q, file->data, file->len / 2);
	} else if (from > 0 && from < file->len) {
		buf_addf(&head, "Content-Range: bytes %zu-%zu/%zu\r\n", from, file->len - 1, file->len);
		web_reply(q, "206 Partial Content", buf_cstr(&head), file->data + from, file->len - from);
	} else {
		web_reply(q, "200 OK", "Content-Type: application/octet-stream\r\n", file->data, file->len);
	}
}

static void answer(void *arg, const struct web_request *q)
{
	const char *dir = arg, *name = strrchr(q->path, '/') + 1;
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_buf file = {0};

	printf("%s from %zu\n", q->path, web_range(q));
	fflush(stdout);
	if (strncmp(q->path, "/page/", 6) == 0)
		web_reply(q, "200 OK", "Content-Type: text/html\r\n", "<html>log in first</html>", 25);
	else if (strcmp(q->path, "/v2/") == 0)
		web_reply(q, "200 OK", "", "{}", 2);
	else if (fs_read_file(path, FILE_MAX, &file, NULL) < 0)
		web_reply(q, "404 Not Found", "", "", 0);
	else
		serve(q, &file, q->nth == 1 && strncmp(q->path, "/once/", 6) == 0);
}

int main(int argc, char **argv)
{
	static struct web web;

	if (argc != 2) {
		fputs("webserve DIRECTORY\n", stderr);
		return 2;
	}
	web_start(&web, answer, argv[1]);
	printf("%d\n", web.port);
	fflush(stdout);
	for (;;)
		pause();
}
