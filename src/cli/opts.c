/* SPDX-License-Identifier: MIT */
/*
 * Options of the command line: see opts.h. Everything after "--" belongs to the guest and is not looked at.
 */
#include "cli/opts.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <getopt.h>
#include <string.h>

/* Values from 256 on: no short form. */
enum {
	O_SPEC = 256,
	O_JSON = O_SPEC + SPEC_FIELD_COUNT,
	O_RM,
	O_FORCE,
	O_NO_WAIT,
	O_NO_START,
	O_ONCE,
	O_LOG,
	O_INSTALL,
	O_UNINSTALL,
	O_DRY_RUN,
	O_ENTRYPOINT,
	O_NO_HOME,
	O_MODULES,
	O_KEEP_OWNERS,
};

static const struct option table[] = {
	{"image", required_argument, NULL, O_SPEC + SPEC_IMAGE},
	{"kernel", required_argument, NULL, O_SPEC + SPEC_KERNEL},
	{"vcpus", required_argument, NULL, O_SPEC + SPEC_VCPUS},
	{"memory", required_argument, NULL, O_SPEC + SPEC_MEM},
	{"disk", required_argument, NULL, O_SPEC + SPEC_DISK},
	{"overlay", required_argument, NULL, O_SPEC + SPEC_OVERLAY},
	{"work", required_argument, NULL, O_SPEC + SPEC_WORK},
	{"network", required_argument, NULL, O_SPEC + SPEC_NET},
	{"vmm", required_argument, NULL, O_SPEC + SPEC_VMM},
	{"nat", optional_argument, NULL, O_SPEC + SPEC_NAT},
	{"isolated", optional_argument, NULL, O_SPEC + SPEC_ISOLATED},
	{"egress", required_argument, NULL, O_SPEC + SPEC_EGRESS},
	{"disk-rate", required_argument, NULL, O_SPEC + SPEC_DISK_RATE},
	{"net-rate", required_argument, NULL, O_SPEC + SPEC_NET_RATE},
	{"publish", required_argument, NULL, 'p'},
	{"name", required_argument, NULL, 'n'},
	{"json", no_argument, NULL, O_JSON},
	{"rm", no_argument, NULL, O_RM},
	{"detach", no_argument, NULL, 'd'},
	{"force", no_argument, NULL, O_FORCE},
	{"no-wait", no_argument, NULL, O_NO_WAIT},
	{"no-start", no_argument, NULL, O_NO_START},
	{"once", no_argument, NULL, O_ONCE},
	{"follow", no_argument, NULL, 'f'},
	{"yes", no_argument, NULL, 'y'},
	{"quiet", no_argument, NULL, 'q'},
	{"log", required_argument, NULL, O_LOG},
	{"install", no_argument, NULL, O_INSTALL},
	{"uninstall", no_argument, NULL, O_UNINSTALL},
	{"dry-run", no_argument, NULL, O_DRY_RUN},
	{"entrypoint", no_argument, NULL, O_ENTRYPOINT},
	{"no-home", no_argument, NULL, O_NO_HOME},
	{"modules", required_argument, NULL, O_MODULES},
	{"keep-owners", no_argument, NULL, O_KEEP_OWNERS},
	{NULL, 0, NULL, 0},
};

static unsigned flag_of(int c)
{
	switch (c) {
	case 'n':
		return OPT_NAME;
	case 'p':
		return OPT_SPEC;
	case O_JSON:
		return OPT_JSON;
	case O_RM:
		return OPT_RM;
	case 'd':
		return OPT_DETACH;
	case O_FORCE:
		return OPT_FORCE;
	case O_NO_WAIT:
		return OPT_NO_WAIT;
	case O_NO_START:
		return OPT_NO_START;
	case O_ONCE:
		return OPT_ONCE;
	case 'f':
		return OPT_FOLLOW;
	case 'y':
		return OPT_YES;
	case O_LOG:
		return OPT_LOG;
	case O_DRY_RUN:
		return OPT_DRY_RUN;
	case O_ENTRYPOINT:
		return OPT_ENTRYPOINT;
	case O_NO_HOME:
		return OPT_NO_HOME;
	case O_MODULES:
		return OPT_MODULES;
	case O_KEEP_OWNERS:
		return OPT_KEEP_OWNERS;
	case O_INSTALL:
	case O_UNINSTALL:
		return OPT_INSTALL;
	default:
		return c >= O_SPEC && c < O_JSON ? OPT_SPEC : 0;
	}
}

static int set_name(struct opts *o, struct err *e)
{
	if (name_check_vm(optarg, e) < 0)
		return -1;
	str_copy(o->name, sizeof(o->name), optarg);
	return 0;
}

/* Given several times, they add up. */
static int set_publish(struct opts *o, struct err *e)
{
	struct published before = o->spec.cfg.publish;

	if (spec_parse(&o->spec, SPEC_PUBLISH, optarg, e) < 0)
		return -1;
	struct published more = o->spec.cfg.publish;
	o->spec.cfg.publish = before;
	return published_add(&o->spec.cfg.publish, &more, e);
}

static int set_log(struct opts *o, struct err *e)
{
	if (strcmp(optarg, "serial") != 0 && strcmp(optarg, "vmm") != 0)
		return err_set(e, ERR_USAGE, _("no log '%.32s'; there are: serial, vmm"), optarg);
	str_copy(o->log, sizeof(o->log), optarg);
	return 0;
}

static int set_option(struct opts *o, int c, struct err *e)
{
	if (c >= O_SPEC && c < O_JSON)
		return spec_parse(&o->spec, (enum spec_field)(c - O_SPEC), optarg ? optarg : "yes", e);
	switch (c) {
	case 'n':
		return set_name(o, e);
	case O_LOG:
		return set_log(o, e);
	case 'p':
		return set_publish(o, e);
	case O_JSON:
		o->json = true;
		break;
	case O_RM:
		o->rm = true;
		break;
	case 'd':
		o->detach = true;
		break;
	case O_FORCE:
		o->force = true;
		break;
	case O_NO_WAIT:
		o->no_wait = true;
		break;
	case O_NO_START:
		o->no_start = true;
		break;
	case O_ONCE:
		o->once = true;
		break;
	case 'f':
		o->follow = true;
		break;
	case 'y':
		o->yes = true;
		break;
	case O_DRY_RUN:
		o->dry_run = true;
		break;
	case O_ENTRYPOINT:
		o->entrypoint = true;
		break;
	case O_NO_HOME:
		o->no_home = true;
		break;
	case O_MODULES:
		o->modules = optarg;
		break;
	case O_KEEP_OWNERS:
		o->keep_owners = true;
		break;
	case O_INSTALL:
		o->install = true;
		break;
	case O_UNINSTALL:
		o->uninstall = true;
		break;
	case 'q':
		o->quiet = true;
		break;
	}
	return 0;
}

/* Where "--" stands, or argc. */
static int find_dashes(int argc, char **argv)
{
	int i = 1;

	while (i < argc && strcmp(argv[i], "--") != 0)
		i++;
	return i;
}

int opts_parse(int argc, char **argv, unsigned takes, struct opts *ret, struct err *e)
{
	int end = find_dashes(argc, argv), c;

	memset(ret, 0, sizeof(*ret));
	if (end < argc) {
		if (!(takes & OPT_CMD))
			return err_set(e, ERR_USAGE, _("%s takes no command after '--'"), argv[0]);
		ret->cmd = (const char *const *)argv + end + 1;
		if (!ret->cmd[0])
			return err_set(e, ERR_USAGE, _("nothing follows '--'"));
	}
	optind = 0; /* GNU: start anew */
	opterr = 0;
	while ((c = getopt_long(end, argv, ":n:p:dfyq", table, NULL)) != -1) {
		if (c == '?')
			return err_set(e, ERR_USAGE, _("%s: unknown option '%.64s'"), argv[0], argv[optind - 1]);
		if (c == ':')
			return err_set(e, ERR_USAGE, _("%s: '%.64s' wants a value"), argv[0], argv[optind - 1]);
		if (c != 'q' && !(flag_of(c) & takes))
			return err_set(e, ERR_USAGE, _("%s does not take '%.64s'"), argv[0], argv[optind - 1]);
		if (set_option(ret, c, e) < 0)
			return -1;
	}
	ret->args = argv + optind;
	ret->nargs = end - optind;
	return 0;
}
