/* SPDX-License-Identifier: MIT */
/*
 * vm start, stop, kill, restart, pause, resume, delete, prune, set: one request per VM named.
 *
 * Several at once are submitted together and waited for together; duplicates are dropped, and one that is unknown fails alone.
 */
#include "cli/verbs.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/tell.h"
#include "cli/rights.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct pending {
	uint64_t job;
	char id[ID_SIZE];
};

static bool is_duplicate(const struct pending *p, int n, const char *id)
{
	for (int i = 0; i < n; i++)
		if (strcmp(p[i].id, id) == 0)
			return true;
	return false;
}

/* Before the first of them begins. What ends machines goes on without: what is not given back now waits for who can. */
static int get_rights(struct client *c, const struct request *proto, char *const *refs, int n)
{
	bool needed = false;
	struct err e = {0};

	for (int i = 0; i < n && !needed; i++) {
		const struct vm *vm = client_find_vm(c, refs[i], NULL);
		needed = vm && rights_are_needed(proto->kind, &vm->cfg, vm_state_is_live(vm->state), proto->spec.set);
	}
	if (!needed || !rights_can_ask(c, false) || rights_ask(c, &e) == 0)
		return CLI_OK;
	int code = verb_fail(&e, CLI_FAILED);
	return proto->kind == REQ_VM_STOP || proto->kind == REQ_VM_DELETE ? CLI_OK : client_interrupted(code);
}

/* Submit for each VM, then wait for all. The worst exit code. */
static int run_for_all(struct client *c, const struct request *proto, char *const *refs, int n)
{
	auto_free struct pending *pending = xcalloc((size_t)n + 1, sizeof(*pending));
	int count = 0, code = get_rights(c, proto, refs, n);

	if (code != CLI_OK)
		return code;
	for (int i = 0; i < n; i++) {
		struct request r = *proto;
		struct err e = {0};
		const struct vm *vm = client_find_vm(c, refs[i], &e);

		if (vm && is_duplicate(pending, count, vm->id))
			continue;
		str_copy(r.ref, sizeof(r.ref), vm ? vm->id : refs[i]);
		str_copy(pending[count].id, ID_SIZE, vm ? vm->id : "");
		if (!vm && proto->kind == REQ_VM_KILL) /* may be one that no store knows */
			err_clear(&e);
		if (err_is_set(&e) || client_submit(c, &r, &pending[count].job, &e) < 0) {
			code = verb_fail(&e, CLI_FAILED);
			continue;
		}
		count++;
	}
	for (int i = 0; i < count; i++) {
		struct err e = {0};

		if (client_wait(c, pending[i].job, NULL, &e) < 0)
			code = verb_fail(&e, CLI_FAILED);
	}
	return code;
}

/* A machine that did not go by itself says so. */
static void tell_reasons(struct client *c, char *const *refs, int n)
{
	for (int i = 0; i < n; i++) {
		const struct vm *vm = client_find_vm(c, refs[i], NULL);

		if (vm && !vm_state_is_live(vm->state) && vm->reason[0])
			tell(stderr, _("banger-tui: VM '%s': %s\n"), vm->name, vm->reason);
	}
}

static int life(const struct cli_env *env, const struct opts *o, enum request_kind kind, unsigned flags)
{
	struct client c = {.quiet = o->quiet};
	struct request r = {.kind = kind, .flags = flags, .spec = o->spec};
	struct err e = {0};
	int code;

	if (client_open(&c, env, false, &e) < 0)
		code = verb_fail(&e, CLI_FAILED);
	else
		code = run_for_all(&c, &r, o->args, o->nargs);
	if (code == CLI_OK && kind == REQ_VM_STOP)
		tell_reasons(&c, o->args, o->nargs);
	client_close(&c);
	return code;
}

int verb_vm_start(const struct cli_env *env, struct opts *o)
{
	return life(env, o, REQ_VM_START, o->no_wait ? REQ_F_NO_WAIT : 0);
}

int verb_vm_stop(const struct cli_env *env, struct opts *o)
{
	return life(env, o, REQ_VM_STOP, 0);
}

int verb_vm_kill(const struct cli_env *env, struct opts *o)
{
	return life(env, o, REQ_VM_KILL, 0);
}

int verb_vm_restart(const struct cli_env *env, struct opts *o)
{
	return life(env, o, REQ_VM_RESTART, 0);
}

int verb_vm_pause(const struct cli_env *env, struct opts *o)
{
	return life(env, o, REQ_VM_PAUSE, 0);
}

int verb_vm_resume(const struct cli_env *env, struct opts *o)
{
	return life(env, o, REQ_VM_RESUME, 0);
}

int verb_vm_delete(const struct cli_env *env, struct opts *o)
{
	return life(env, o, REQ_VM_DELETE, o->force ? REQ_F_FORCE : 0);
}

/* What a machine that runs has stays as it is until it starts again. */
static void tell_when(struct client *c, char *const *refs, int n)
{
	for (int i = 0; i < n; i++) {
		const struct vm *vm = client_find_vm(c, refs[i], NULL);

		if (vm && vm_state_is_live(vm->state))
			tell(stderr, _("VM '%s' runs: its vcpus and memory change at its next start\n"), vm->name);
	}
}

int verb_vm_set(const struct cli_env *env, struct opts *o)
{
	struct client c = {.quiet = o->quiet};
	struct request r = {.kind = REQ_VM_SET, .spec = o->spec};
	struct err e = {0};
	int code;

	if (client_open(&c, env, false, &e) < 0)
		code = verb_fail(&e, CLI_FAILED);
	else
		code = run_for_all(&c, &r, o->args, o->nargs);
	if (code == CLI_OK && o->spec.set & (1u << SPEC_VCPUS | 1u << SPEC_MEM))
		tell_when(&c, o->args, o->nargs);
	client_close(&c);
	return code;
}

static bool confirm(struct client *c, char *const *names, int n)
{
	tell(stderr, _("delete with their disks:"));
	for (int i = 0; i < n; i++)
		tell(stderr, " %s", names[i]);
	tell(stderr, _("\n%d VM(s)? [y/N] "), n);
	return client_says_yes(c);
}

static int prune(struct client *c, const struct opts *o)
{
	auto_free char **names = xcalloc((size_t)c->nvms + 1, sizeof(*names));
	struct request r = {.kind = REQ_VM_DELETE};
	int n = 0, code;

	for (int i = 0; i < c->nvms; i++)
		if (!vm_state_is_live(c->vms[i].state))
			names[n++] = xstrdup(c->vms[i].name);
	code = n == 0 || o->yes || confirm(c, names, n) ? run_for_all(c, &r, names, n) : client_interrupted(CLI_FAILED);
	for (int i = 0; i < n; i++)
		free(names[i]);
	return code;
}

int verb_vm_prune(const struct cli_env *env, struct opts *o)
{
	struct client c = {.quiet = o->quiet};
	struct err e = {0};
	int code;

	if (client_open(&c, env, false, &e) < 0)
		code = verb_fail(&e, CLI_FAILED);
	else
		code = prune(&c, o);
	client_close(&c);
	return code;
}
