/* SPDX-License-Identifier: MIT */
/*
 * The helper's way from start to end, in order: nothing is opened or believed before what is at descriptor 0 has been looked
 * at, and nothing a client sends is read before the rights are given away.
 */
#include "helper/helper.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "core/priv/serve.h"
#include "helper/confine.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What sudo and pkexec say, while the environment goes. */
static char *keep(const char *name)
{
	const char *value = getenv(name);

	return value ? xstrndup(value, 32) : NULL;
}

static int prepare(struct serve_args *a, const char *run_dir, struct err *e)
{
	auto_free char *sudo_uid = keep("SUDO_UID");
	auto_free char *pkexec_uid = keep("PKEXEC_UID");

	if (geteuid() != 0 || getuid() != 0)
		return err_set(e, ERR_PERM, _("it needs to be root"));
	if (confine_early(&a->stop_fd, e) < 0 || serve_identify(a->fd, sudo_uid, pkexec_uid, &a->peer, e) < 0)
		return -1;
	a->host->before_confined(a->host->arg);
	a->run_dir = run_dir;
	return 0;
}

int helper_run(const struct priv_host *host, const char *run_dir)
{
	struct serve_args a = {.fd = STDIN_FILENO, .stop_fd = -1, .host = host};
	struct err e = {0};
	int rc;

	if (prepare(&a, run_dir, &e) < 0 || confine_rights(&e) < 0) {
		fprintf(stderr, "banger-helper: %s%s%s\n", e.msg, e.hint[0] ? ". " : "", e.hint);
		rc = EXIT_FAILURE;
	} else {
		/* Why it hung up it has told the client; there is nobody else to tell. */
		rc = serve_run(&a, &e) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	fd_close(&a.stop_fd);
	return rc;
}
