/* SPDX-License-Identifier: MIT */
/*
 * Credential helpers: see oci_helper_ask() in auth.h.
 *
 * A helper says on stdout what went wrong, too, with exit code 1; that it has no login is one such sentence, by which every client knows
 * it. Anything else it prints may hold a secret and is thrown away.
 */
#include "core/oci/auth.h"

#include "base/i18n.h"
#include "base/spawn.h"

#include <string.h>

#define ANSWER_MAX (OCI_TOKEN_MAX * 2)
#define NOT_FOUND "credentials not found"
#define HUB "docker.io"
#define HUB_SERVER "https://index.docker.io/v1/" /* what `docker login` keeps its logins under */

static int run(struct op *op, const char *const *argv, const char *server, struct buf *out, struct err *e)
{
	struct spawn_run_args a = {.argv = argv, .input = server, .input_len = strlen(server), .max_output = ANSWER_MAX, .secret = true};
	int64_t deadline = op_limit(op, OCI_HELPER_MS);
	int rc = spawn_run(op, &a, out, e);

	op_restore(op, deadline);
	return rc;
}

int oci_helper_ask(struct op *op, const char *helper, const char *registry, struct oci_credentials *ret, struct err *e)
{
	const char *server = strcmp(registry, HUB) == 0 ? HUB_SERVER : registry;
	auto_free char *program = xasprintf("docker-credential-%s", helper);
	const char *argv[] = {program, "get", NULL};
	auto_oci_secret out = {0};
	struct oci_text text;
	struct err why = {0};

	*ret = (struct oci_credentials){0};
	buf_reserve(&out, ANSWER_MAX + 1);
	if (run(op, argv, server, &out, &why) == 0) {
		text = (struct oci_text){buf_cstr(&out), out.len, program};
		return oci_helper_parse(&text, ret, e) < 0 ? -1 : 1;
	}
	if (why.code != ERR_TOOL)
		return err_join(e, &why);
	if (strstr(buf_cstr(&out), NOT_FOUND))
		return 0;
	return err_set(e, ERR_TOOL, _("`echo %s | %s get` fails"), server, program);
}
