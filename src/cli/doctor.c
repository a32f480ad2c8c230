/* SPDX-License-Identifier: MIT */
/*
 * doctor: what this host can do, line by line. Exit 1 when anything fails.
 */
#include "cli/verbs.h"
#include "cli/vm_print.h"

#include "base/i18n.h"
#include "base/tell.h"

#include <stdio.h>

static const char *verdict_word(enum check_verdict v)
{
	static const char *const words[] = {"PASS", "WARN", "FAIL"};

	return words[v];
}

static void print_line(void *arg UNUSED, const struct check_line *l)
{
	tell(stdout, "%s  %-*s %s\n", verdict_word(l->verdict), TELL_CELLS(20, l->what), l->detail);
	if (l->fix[0])
		tell(stdout, "      %-20s → %s\n", "", l->fix);
}

static void json_line(void *arg, const struct check_line *l)
{
	struct jw *w = arg;

	jw_obj(w, NULL);
	jw_str(w, "verdict", verdict_word(l->verdict));
	jw_str(w, "check", l->what);
	jw_str(w, "detail", l->detail);
	jw_str(w, "fix", l->fix);
	jw_end(w);
}

int verb_doctor(const struct cli_env *env, struct opts *o)
{
	struct buf b = {0};
	struct jw w = jw_init(&b);
	enum check_verdict worst;
	struct client c = {.quiet = true};

	op_init(&c.op, 60000);
	client_take_signals(&c);
	if (o->json) {
		jw_obj(&w, NULL);
		jw_int(&w, "version", CLI_JSON_VERSION);
		jw_arr(&w, "checks");
	}
	worst = doctor_run(&c.op, env->paths, env->conf, o->json ? json_line : print_line, &w);
	if (o->json) {
		jw_end(&w);
		jw_end(&w);
		print_json(&b);
	}
	client_close(&c);
	return client_interrupted(worst == CHECK_FAIL ? CLI_FAILED : CLI_OK);
}
