/* SPDX-License-Identifier: MIT */
/*
 * ssh-config: print the Host blocks of all VMs, or put them where `ssh NAME.vm` finds them. No engine is opened.
 */
#include "cli/verbs.h"

#include "base/i18n.h"
#include "base/tell.h"

#include <stdio.h>

#define WAIT_MS 10000

static int print_blocks(const struct cli_env *env, struct err *e)
{
	auto_buf b = {0};

	if (ssh_config_text(env->paths, &b, e) < 0)
		return -1;
	fwrite(b.data, 1, b.len, stdout);
	return 0;
}

static void say_reads(const struct ssh_config_result *done)
{
	if (done->reads[0])
		tell(stderr, _("banger-tui: HOME is not your home by passwd(5): ssh reads %s unless told ssh -F %s\n"), done->reads,
		     done->file);
}

static int install(struct client *c, struct err *e)
{
	struct ssh_config_result done;

	if (ssh_config_install(&c->op, c->env->paths, &done, e) < 0)
		return -1;
	if (done.changed)
		tell(stdout, _("%s includes our ssh_config now: ssh NAME.vm\n"), done.file);
	else
		tell(stdout, _("%s includes our ssh_config already; it is up to date\n"), done.file);
	say_reads(&done);
	return 0;
}

static int uninstall(struct client *c, struct err *e)
{
	struct ssh_config_result done;

	if (ssh_config_uninstall(&c->op, c->env->paths, &done, e) < 0)
		return -1;
	tell(stdout, done.changed ? _("%s is as it was before\n") : _("%s has nothing of ours\n"), done.file);
	return 0;
}

int verb_ssh_config(const struct cli_env *env, struct opts *o)
{
	struct client c = {.env = env, .quiet = true};
	struct err e = {0};
	int rc;

	if (o->install && o->uninstall) {
		err_set(&e, ERR_USAGE, _("--install and --uninstall are two things"));
		return verb_fail(&e, CLI_FAILED);
	}
	op_init(&c.op, WAIT_MS);
	client_take_signals(&c);
	rc = o->install ? install(&c, &e) : o->uninstall ? uninstall(&c, &e) : print_blocks(env, &e);
	client_close(&c);
	return rc < 0 ? verb_fail(&e, CLI_FAILED) : CLI_OK;
}
