/* SPDX-License-Identifier: MIT */
/*
 * The command line's table of verbs, help and dispatch: see cli.h.
 */
#include "cli/cli.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/tell.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

struct verb {
	const char *noun; /* NULL: the verb stands alone */
	const char *verb;
	const char *usage;
	const char *about;
	int min_args, max_args; /* max -1: any number */
	unsigned takes;
	int (*run)(const struct cli_env *env, struct opts *o);
};

static const struct verb verbs[] = {
	{"vm", "run", "[--rm] [-d] [-n NAME] [--entrypoint] [options] [-- COMMAND…]", N_("create a VM, start it, run a command or a shell in it"), 0, 0,
	 OPT_SPEC | OPT_NAME | OPT_RM | OPT_DETACH | OPT_NO_WAIT | OPT_CMD | OPT_ENTRYPOINT, verb_vm_run},
	{"vm", "create", "[--no-start] [options] [NAME]", N_("create a VM and start it"), 0, 1,
	 OPT_SPEC | OPT_NAME | OPT_NO_START | OPT_NO_WAIT | OPT_JSON, verb_vm_create},
	{"vm", "list", "[--json]", N_("list all VMs"), 0, 0, OPT_JSON, verb_vm_list},
	{"vm", "show", "[--json] VM…", N_("everything about a VM"), 1, -1, OPT_JSON, verb_vm_show},
	{"vm", "start", "[--no-wait] VM…", N_("start VMs and wait until SSH answers"), 1, -1, OPT_NO_WAIT, verb_vm_start},
	{"vm", "stop", "VM…", N_("shut VMs down cleanly"), 1, -1, 0, verb_vm_stop},
	{"vm", "kill", "VM…", N_("end VMs at once"), 1, -1, 0, verb_vm_kill},
	{"vm", "restart", "VM…", N_("stop and start"), 1, -1, 0, verb_vm_restart},
	{"vm", "pause", "VM…", N_("hold VMs still, with all they have in memory"), 1, -1, 0, verb_vm_pause},
	{"vm", "resume", "VM…", N_("let paused VMs go on"), 1, -1, 0, verb_vm_resume},
	{"vm", "delete", "[--force] VM…", N_("delete VMs with their disks"), 1, -1, OPT_FORCE | OPT_YES, verb_vm_delete},
	{"vm", "prune", "[-y]", N_("delete every VM that is not running"), 0, 0, OPT_YES, verb_vm_prune},
	{"vm", "set", "[options] VM…", N_("change vCPUs, memory or disk sizes"), 1, -1, OPT_SPEC, verb_vm_set},
	{"vm", "commit", "[--no-home] [--json] VM IMAGE", N_("save a VM's disk as a new image"), 2, 2, OPT_NO_HOME | OPT_JSON, verb_vm_commit},
	{"vm", "exec", "[--no-wait] [--entrypoint] VM -- COMMAND…", N_("run a command in a running VM"), 1, 1,
	 OPT_NO_WAIT | OPT_CMD | OPT_ENTRYPOINT, verb_vm_exec},
	{"vm", "ssh", "VM", N_("open a shell in a running VM"), 1, 1, OPT_CMD, verb_vm_ssh},
	{"vm", "stats", "[--once] [--json] [VM…]", N_("live figures"), 0, -1, OPT_ONCE | OPT_JSON, verb_vm_stats},
	{"vm", "logs", "[-f] [--log serial|vmm] VM", N_("the serial console's log"), 1, 1, OPT_FOLLOW | OPT_LOG, verb_vm_logs},
	{"image", "list", "[--json]", N_("local images and the catalogue"), 0, 0, OPT_JSON, verb_image_list},
	{"image", "pull", "IMAGE…", N_("make images local, or a registry's as new as there"), 1, -1, 0, verb_image_pull},
	{"image", "import", "[--keep-owners] FILE|DIRECTORY [NAME]", N_("make an image of an archive of a root file system, a bundle, an ext4 file, or a directory"), 1, 2,
	 OPT_KEEP_OWNERS, verb_image_import},
	{"image", "register", "FILE [NAME]", N_("make an ext4 file an image where it is"), 1, 2, 0, verb_image_register},
	{"image", "promote", "IMAGE…", N_("copy registered images in"), 1, -1, 0, verb_image_promote},
	{"image", "inspect", "IMAGE…", N_("everything about local images, as JSON"), 1, -1, OPT_JSON, verb_image_inspect},
	{"image", "delete", "IMAGE…", N_("delete local images"), 1, -1, OPT_YES, verb_image_delete},
	{"image", "prune", "[--dry-run] [-y]", N_("empty the cache of layers, remove former images nobody uses"), 0, 0, OPT_YES | OPT_DRY_RUN,
	 verb_image_prune},
	{"kernel", "list", "[--json]", N_("local kernels and the catalogue"), 0, 0, OPT_JSON, verb_kernel_list},
	{"kernel", "pull", "KERNEL…", N_("make kernels local"), 1, -1, 0, verb_kernel_pull},
	{"kernel", "import", "[--modules DIR] FILE [NAME]", N_("make a kernel of a bzImage or an ELF, and its modules"), 1, 2, OPT_MODULES, verb_kernel_import},
	{"kernel", "delete", "KERNEL…", N_("delete local kernels"), 1, -1, OPT_YES, verb_kernel_delete},
	{NULL, "ssh-config", "[--install | --uninstall]", N_("print, or install, what makes `ssh NAME.vm` work"), 0, 0, OPT_INSTALL,
	 verb_ssh_config},
	{NULL, "doctor", "[--json]", N_("check what this host can do; changes nothing"), 0, 0, OPT_JSON, verb_doctor},
};

int verb_fail(const struct err *e, int failed)
{
	client_complain(e);
	if (e->code == ERR_CANCELED && failed == CLI_FAILED)
		return client_interrupted(failed);
	return e->code == ERR_USAGE ? CLI_USAGE : failed;
}

static const char spec_help[] = N_("options of a new VM: --image NAME --kernel NAME --vcpus N --memory SIZE --disk overlay|copy|dm-snapshot\n"
				   "  --overlay SIZE --work SIZE --network auto|private|slirp|bridge --egress full|none|allow=ITEM[,ITEM…]\n"
				   "  -p PORT:GUEST-PORT --nat[=no] --isolated[=no] --vmm auto|qemu|firecracker\n"
				   "  --disk-rate SIZE --net-rate SIZE (a second; none)\n"
				   "  (SIZE: 512M, 2G; a bare number is MiB)\n");

/* "vm create", "doctor" */
static char *words_of(const struct verb *v, char buf[32])
{
	snprintf(buf, 32, "%s%s%s", v->noun ? v->noun : "", v->noun ? " " : "", v->verb);
	return buf;
}

static int help_verb(const struct verb *v)
{
	char words[32];

	tell(stdout, "banger-tui %s %s\n  %s\n", words_of(v, words), v->usage, _(v->about));
	if (v->takes & OPT_SPEC)
		tell(stdout, "\n%s", _(spec_help));
	return CLI_OK;
}

static int help(const char *noun)
{
	tell(stdout, "%s",
	     _("usage: banger-tui                 the console\n"
	       "       banger-tui COMMAND …       the same from the shell\n\n"));
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		char words[32];

		if (noun && (!verbs[i].noun || strcmp(verbs[i].noun, noun) != 0))
			continue;
		tell(stdout, "  %-16s %s\n", words_of(&verbs[i], words), _(verbs[i].about));
	}
	tell(stdout, _("\n%sCOMMAND --help shows one; man banger-tui shows all.\n"), _(spec_help));
	return CLI_OK;
}

/* One sentence and where to read more. */
static int bad_usage(struct err *e, const char *words)
{
	err_hint(e, "banger-tui%s%s --help", words[0] ? " " : "", words);
	client_complain(e);
	return CLI_USAGE;
}

static bool is_noun(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (verbs[i].noun && strcmp(verbs[i].noun, word) == 0)
			return true;
	return false;
}

static const struct verb *find_verb(const char *noun, const char *verb)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].verb, verb) == 0 && (noun ? verbs[i].noun && strcmp(verbs[i].noun, noun) == 0 : !verbs[i].noun))
			return &verbs[i];
	return NULL;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int check_args(const struct verb *v, const char *words, const struct opts *o, struct err *e)
{
	if (o->nargs < v->min_args)
		return err_set(e, ERR_USAGE, _("%s: which %s?"), words,
			       strcmp(v->noun, "vm") != 0 ? v->noun : o->nargs > 0 ? "image" : "VM");
	if (v->max_args >= 0 && o->nargs > v->max_args)
		return err_set(e, ERR_USAGE, _("%s: '%.64s' is one argument too many"), words, o->args[v->max_args]);
	return 0;
}

static int run_verb(const struct cli_env *env, const struct verb *v, int argc, char **argv)
{
	struct opts o;
	struct err e = {0};
	char words[32];

	if (wants_help(argc, argv))
		return help_verb(v);
	argv[0] = words_of(v, words); /* messages begin with it */
	if (opts_parse(argc, argv, v->takes, &o, &e) < 0 || check_args(v, words, &o, &e) < 0)
		return bad_usage(&e, words);
	return v->run(env, &o);
}

/* `banger-tui vm …` without a verb of that noun. */
static int no_verb(const char *noun, const char *word)
{
	struct err e = {0};

	if (word)
		err_set(&e, ERR_USAGE, _("unknown command '%s %.64s'"), noun, word);
	else
		err_set(&e, ERR_USAGE, _("'%s' wants a command"), noun);
	return bad_usage(&e, noun);
}

int cli_main(const struct cli_env *env, int argc, char **argv)
{
	const char *word = argv[1];
	const struct verb *v;
	struct err e = {0};

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
		return help(NULL);
	if (!is_noun(word)) {
		v = find_verb(NULL, word);
		if (v)
			return run_verb(env, v, argc - 1, argv + 1);
		err_set(&e, ERR_USAGE, _("unknown command '%.64s'"), word);
		return bad_usage(&e, "");
	}
	v = argc > 2 ? find_verb(word, argv[2]) : NULL;
	if (v)
		return run_verb(env, v, argc - 2, argv + 2);
	if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
		return help(word);
	return no_verb(word, argc > 2 ? argv[2] : NULL);
}
