/* SPDX-License-Identifier: MIT */
/*
 * The keeper's report: an error object carried through a pipe, so that the person reads the same message and hint as if
 * the keeper's work had been done in the console.
 */
#include "keeper/report.h"

#include "base/buf.h"
#include "base/errjson.h"
#include "base/fd.h"
#include "base/i18n.h"

#include <errno.h>
#include <string.h>

int report_send(int fd, const struct err *why, struct err *e)
{
	auto_buf text = {0};
	struct jw w = jw_init(&text);

	jw_obj(&w, NULL);
	jw_bool(&w, "ok", why == NULL);
	if (why)
		errjson_put(&w, why);
	jw_end(&w);
	buf_addc(&text, '\n');
	return fd_write_all(fd, text.data, text.len, e);
}

static int understand(const struct buf *text, struct err *e)
{
	struct json *o = json_parse(buf_cstr(text), text->len, _("the keeper's report"), e);

	if (!o)
		return -1;
	bool ok = json_bool(o, "ok", false);
	if (!ok)
		errjson_take(o, e);
	json_free(o);
	return ok ? 0 : -1;
}

int report_receive(struct op *op, int fd, struct err *e)
{
	auto_buf text = {0};

	while (text.len < REPORT_MAX) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		char chunk[512];
		if (op_poll(op, &p, 1, -1, e) < 0)
			return -1;
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, ERR_TOOL, _("the keeper ended without a word"));
		buf_add(&text, chunk, (size_t)n);
		if (memchr(chunk, '\n', (size_t)n))
			return understand(&text, e);
	}
	return err_set(e, ERR_PROTO, _("the keeper's report has no end"));
}
