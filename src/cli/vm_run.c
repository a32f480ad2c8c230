/* SPDX-License-Identifier: MIT */
/*
 * vm create, vm run, vm exec, vm ssh: from a specification to a command or a shell in the guest.
 */
#include "cli/verbs.h"
#include "cli/vm_print.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/tell.h"
#include "cli/rights.h"
#include "cli/session.h"

#include <stdio.h>
#include <string.h>

/* While the person is here: images may take long to come. What is not said is as in banger.conf. */
static int get_rights(struct client *c, const struct opts *o, unsigned flags, struct err *e)
{
	struct vm_config cfg = c->host.defaults.cfg;

	if (spec_has(&o->spec, SPEC_NET))
		cfg.net = o->spec.cfg.net;
	if (spec_has(&o->spec, SPEC_DISK))
		cfg.disk = o->spec.cfg.disk;
	if (!(flags & REQ_F_START) || !rights_are_needed(REQ_VM_CREATE, &cfg, false, 0) || !rights_can_ask(c, o->json))
		return 0;
	return rights_ask(c, e);
}

/* Create (and start); what became of it, by the id the job carries. */
static int create(struct client *c, const struct opts *o, unsigned flags, char ret_id[ID_SIZE], struct err *e)
{
	struct request r = {.kind = REQ_VM_CREATE, .flags = flags, .spec = o->spec};
	struct job j = {0};
	uint64_t id;
	int rc;

	const char *name = o->nargs > 0 ? o->args[0] : o->name;
	ret_id[0] = '\0';
	if ((*name && name_check_vm(name, e) < 0) || get_rights(c, o, flags, e) < 0)
		return -1;
	str_copy(r.name, sizeof(r.name), name);
	if (client_submit(c, &r, &id, e) < 0)
		return -1;
	rc = client_wait(c, id, &j, e);
	str_copy(ret_id, ID_SIZE, j.vm_id);
	return rc;
}

/* Nothing is silently worse: who got another network than there could be is told why. */
static void tell_network(const struct vm *vm)
{
	if (vm->net_why[0])
		tell(stderr, _("network: %s (%s)\n"), net_mode_to_string(vm->cfg.net), vm->net_why);
}

static void print_created(const struct opts *o, const struct cli_env *env, const struct vm *vm)
{
	struct buf b = {0};
	struct jw w = jw_init(&b);

	tell_network(vm);
	if (!o->json) {
		tell(stdout, "%s\n", vm->name);
		return;
	}
	jw_obj(&w, NULL);
	jw_int(&w, "version", CLI_JSON_VERSION);
	vm_print_json(&w, env->paths, vm, NULL);
	jw_end(&w);
	print_json(&b);
}

/* Whatever signals come. */
static void remove_vm(struct client *c, const char *id)
{
	struct request r = {.kind = REQ_VM_DELETE};
	struct err e = {0};

	client_begin_cleanup(c);
	str_copy(r.ref, sizeof(r.ref), id);
	if (client_run(c, &r, NULL, &e) < 0 && e.code != ERR_NOT_FOUND)
		client_complain(&e);
}

int verb_vm_create(const struct cli_env *env, struct opts *o)
{
	unsigned flags = (o->no_start ? 0 : REQ_F_START) | (o->no_wait ? REQ_F_NO_WAIT : 0);
	struct client c = {.quiet = o->quiet};
	const struct vm *vm = NULL;
	struct err e = {0};
	char id[ID_SIZE] = "";
	int code = CLI_OK;

	if (client_open(&c, env, false, &e) < 0 || create(&c, o, flags, id, &e) < 0 || !(vm = client_find_vm(&c, id, &e)))
		code = verb_fail(&e, CLI_FAILED);
	else
		print_created(o, env, vm);
	if (e.code == ERR_CANCELED && id[0])
		remove_vm(&c, id);
	client_close(&c);
	return code;
}

/* SSH never came: the VM may tell why, so it is kept and named. */
static void name_kept(const struct err *e, const char *name)
{
	client_complain(e);
	tell(stderr, _("  VM '%s' is kept; banger-tui vm delete %s removes it\n"), name, name);
}

/* After create and start: the session, unless detached. */
static int run_in(struct client *c, const struct opts *o, const char *id)
{
	struct err e = {0};
	const struct vm *vm = client_find_vm(c, id, &e);
	int status = CLI_OK;

	if (!vm)
		return verb_fail(&e, CLI_OWN_FAILURE);
	tell_network(vm);
	if (o->detach) {
		tell(stdout, "%s\n", vm->name);
		return CLI_OK;
	}
	if (session_run(c, &(struct session_args){vm, o->cmd, o->entrypoint, !o->no_wait && (o->cmd || o->entrypoint)}, &status, &e) < 0) {
		client_complain(&e);
		status = CLI_OWN_FAILURE;
	}
	if (!o->rm)
		tell(stderr, _("VM '%s' keeps running; banger-tui vm delete %s removes it\n"), vm->name, vm->name);
	return status;
}

static int run(struct client *c, const struct opts *o)
{
	struct err e = {0};
	char id[ID_SIZE] = "";
	int rc = create(c, o, REQ_F_START, id, &e), code;
	const struct vm *vm;

	if (rc == 0) {
		code = run_in(c, o, id);
	} else {
		vm = id[0] ? client_find_vm(c, id, NULL) : NULL;
		if (vm && e.code == ERR_TIMEOUT) {
			name_kept(&e, vm->name);
			return CLI_OWN_FAILURE;
		}
		code = verb_fail(&e, CLI_OWN_FAILURE);
	}
	/* Interrupted before there was anything to enter: as if it had not been asked for. */
	if (id[0] && ((o->rm && !o->detach) || (rc < 0 && e.code == ERR_CANCELED)))
		remove_vm(c, id);
	return code;
}

int verb_vm_run(const struct cli_env *env, struct opts *o)
{
	struct client c = {.quiet = o->quiet};
	struct err e = {0};
	int code;

	if (o->rm && o->detach) {
		err_set(&e, ERR_USAGE, _("--rm and --detach do not go together"));
		return verb_fail(&e, CLI_OWN_FAILURE);
	}
	if (o->rm) {
		o->spec.set |= 1u << SPEC_EPHEMERAL;
		o->spec.cfg.ephemeral = true;
	}
	if (client_open(&c, env, false, &e) < 0)
		code = verb_fail(&e, CLI_OWN_FAILURE);
	else
		code = run(&c, o);
	client_close(&c);
	return code;
}

static int in_existing(const struct cli_env *env, const struct opts *o, bool wait_booted)
{
	struct client c = {.quiet = true};
	struct err e = {0};
	const struct vm *vm;
	int status = CLI_OWN_FAILURE;

	if (client_open(&c, env, false, &e) < 0 || !(vm = client_find_vm(&c, o->args[0], &e)) ||
	    session_run(&c, &(struct session_args){vm, o->cmd, o->entrypoint, wait_booted}, &status, &e) < 0)
		status = verb_fail(&e, CLI_OWN_FAILURE);
	client_close(&c);
	return status;
}

int verb_vm_exec(const struct cli_env *env, struct opts *o)
{
	struct err e = {0};

	if (!o->cmd && !o->entrypoint) {
		err_set(&e, ERR_USAGE, _("exec: no command"));
		err_hint(&e, "banger-tui vm exec %s -- COMMAND", o->args[0]);
		return verb_fail(&e, CLI_OWN_FAILURE);
	}
	return in_existing(env, o, !o->no_wait);
}

int verb_vm_ssh(const struct cli_env *env, struct opts *o)
{
	return in_existing(env, o, false);
}
