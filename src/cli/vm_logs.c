/* SPDX-License-Identifier: MIT */
/*
 * vm logs: what the serial console said. The bytes come from a guest: on a terminal control characters are cleaned, into a pipe they go
 * as they are.
 */
#include "cli/verbs.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/tell.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_BYTES ((size_t)1 << 20)

static int print_bytes(const char *data, size_t n, struct err *e)
{
	auto_buf clean = {0}, shown = {0};

	if (!isatty(STDOUT_FILENO))
		return fd_write_all(STDOUT_FILENO, data, n, e);
	utf8_clean(&clean, data, n, true);
	tell_add(&shown, buf_cstr(&clean), clean.len);
	return fd_write_all(STDOUT_FILENO, buf_cstr(&shown), shown.len, e);
}

static int follow(struct client *c, const char *id, struct err *e)
{
	struct event ev;

	c->port.watch_log(c->port.self, id);
	for (;;) {
		if (engine_wait_event(&c->op, &c->port, &ev, e) < 0)
			return -1;
		if (ev.kind == EV_LOG && print_bytes(ev.log.data, ev.log.len, e) < 0)
			return -1;
	}
}

static int print_log(struct client *c, const struct opts *o, const struct vm *vm, struct err *e)
{
	struct buf b = {0};
	int rc;

	if (o->follow)
		return follow(c, vm->id, e);
	rc = engine_read_log(c->env->paths, vm, o->log[0] ? o->log : "serial", LOG_BYTES, &b, e);
	if (rc == 0)
		rc = print_bytes(buf_cstr(&b), b.len, e);
	buf_done(&b);
	return rc;
}

int verb_vm_logs(const struct cli_env *env, struct opts *o)
{
	struct client c = {.quiet = true};
	struct err e = {0};
	const struct vm *vm;
	int code = CLI_OK;

	if (client_open(&c, env, false, &e) < 0 || !(vm = client_find_vm(&c, o->args[0], &e)) || print_log(&c, o, vm, &e) < 0)
		code = e.code == ERR_CANCELED ? client_interrupted(CLI_FAILED) : verb_fail(&e, CLI_FAILED);
	client_close(&c);
	return code;
}
