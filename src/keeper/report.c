/* SPDX-License-Identifier: MIT */
/*
 * The keeper's report: an error object carried through a pipe, so that the person reads the same message and hint as if
 * the keeper's work had been done in the console.
 */
#include "keeper/report.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/json.h"

#include <errno.h>
#include <string.h>

int report_send(int fd, const struct err *why, struct err *e)
{
	auto_buf text = {0};
	struct jw w = jw_init(&text);

	jw_obj(&w, NULL);
	jw_bool(&w, "ok", why == NULL);
	if (why) {
		jw_str(&w, "code", err_code_to_string(why->code));
		jw_int(&w, "sys", why->sys);
		jw_str(&w, "msg", why->msg);
		jw_str(&w, "hint", why->hint);
	}
	jw_end(&w);
	buf_addc(&text, '\n');
	return fd_write_all(fd, text.data, text.len, e);
}

static enum err_code code_of(const char *word)
{
	for (int i = ERR_NONE + 1; word && i < ERR_CODE_COUNT; i++)
		if (strcmp(err_code_to_string((enum err_code)i), word) == 0)
			return (enum err_code)i;
	return ERR_TOOL;
}

static int understand(const struct buf *text, struct err *e)
{
	struct json *o = json_parse(buf_cstr(text), text->len, _("the keeper's report"), e);

	if (!o)
		return -1;
	bool ok = json_bool(o, "ok", false);
	if (!ok) {
		const char *msg = json_str(o, "msg");
		const char *hint = json_str(o, "hint");
		err_set(e, code_of(json_str(o, "code")), "%s", msg ? msg : "?");
		if (e)
			e->sys = (int)json_int(o, "sys", 0);
		if (hint && hint[0])
			err_hint(e, "%s", hint);
	}
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
