/* SPDX-License-Identifier: MIT */
/*
 * banger-tui: argv, locale, signals, wiring, exit code; no logic.
 *
 * One binary, two entries: the console (no arguments), the command line (a verb).
 */
#include "base/conf.h"
#include "base/crash.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/tell.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "console.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.1.0"
#endif

/* Blocked before the first thread; the console reads them from a signalfd, the command line with sigwait(3). */
static void block_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT, SIGQUIT};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int not_absolute(const struct conf *conf, const char *key, const char *path, struct err *e)
{
	err_set(e, ERR_USAGE, _("'%.64s' is not an absolute path"), path);
	return conf_wrap(conf, key, e);
}

static int set_dir(char ret[PATHS_MAX], const struct conf *conf, const char *key, const char *path, struct err *e)
{
	if (path && (path[0] != '/' || strlen(path) >= PATHS_MAX))
		return not_absolute(conf, key, path, e);
	if (path)
		str_copy(ret, PATHS_MAX, path);
	return 0;
}

/* "~/…" is the person's home. */
static int set_ssh_key(struct paths *paths, const struct conf *conf, struct err *e)
{
	const char *key = conf->paths.ssh_key;
	const char *home = getenv("HOME");
	int n = 0;

	if (key && strncmp(key, "~/", 2) == 0 && home)
		n = snprintf(paths->ssh_key, sizeof(paths->ssh_key), "%s/%s", home, key + 2);
	else if (key)
		n = snprintf(paths->ssh_key, sizeof(paths->ssh_key), "%s", key);
	if (key && (paths->ssh_key[0] != '/' || (size_t)n >= sizeof(paths->ssh_key)))
		return not_absolute(conf, "paths.ssh_key", key, e);
	return 0;
}

static int load(struct paths *paths, struct conf *conf, struct err *e)
{
	char file[PATHS_MAX];

	if (paths_resolve(paths, e) < 0 ||
	    conf_load(path_join(file, sizeof(file), paths->config, "banger.conf"), conf, e) < 0)
		return -1;
	if (set_dir(paths->state, conf, "paths.state", conf->paths.state, e) < 0 ||
	    set_dir(paths->cache, conf, "paths.cache", conf->paths.cache, e) < 0)
		return -1;
	if (console_check_conf(conf, e) < 0)
		return -1;
	return set_ssh_key(paths, conf, e);
}

static bool is_console(int argc, char **argv)
{
	return argc < 2 || (argv[1][0] == '-' && strcmp(argv[1], "-h") != 0 && strcmp(argv[1], "--help") != 0);
}

/* What was printed may still wait in the buffer: a script must learn when it did not arrive. A reader that had enough
 * (EPIPE) is no failure. */
static int flushed(int code)
{
	struct err e = {0};

	if (fflush(stdout) == 0 || errno == EPIPE)
		return code;
	err_sys(&e, errno, _("write the output"));
	client_complain(&e);
	return code == CLI_OK ? CLI_FAILED : code;
}

/* For console and command line alike: both have the engine's threads. */
static int prepare_for_a_crash(const struct paths *paths, struct err *e)
{
	static char words[PATHS_MAX + 256];

	snprintf(words, sizeof(words), _("banger-tui crashed; the machines run on. What is known stands in %s/log/banger-tui.log\n"),
		 paths->state);
	crash_set_words(words);
	return crash_install(-1, e);
}

static int run(int argc, char **argv)
{
	struct paths paths;
	struct conf conf;
	struct err e = {0};
	int code = CLI_FAILED;

	conf_init(&conf);
	if (load(&paths, &conf, &e) < 0 || prepare_for_a_crash(&paths, &e) < 0) {
		client_complain(&e);
	} else if (is_console(argc, argv)) {
		code = console_main(&paths, &conf, argc, argv);
	} else {
		struct cli_env env = {.paths = &paths, .conf = &conf};

		code = flushed(cli_main(&env, argc, argv));
	}
	conf_done(&conf);
	return code;
}

static int version(int argc)
{
	struct err e = {0};

	if (argc == 2) {
		tell(stdout, "banger-tui %s\n", PACKAGE_VERSION);
		return flushed(CLI_OK);
	}
	err_set(&e, ERR_USAGE, _("--version takes no argument"));
	client_complain(&e);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	umask(077);
	setlocale(LC_ALL, "");
	bindtextdomain("banger-tui", LOCALEDIR);
	bind_textdomain_codeset("banger-tui", "UTF-8"); /* as all text inside; base/tell knows what the person can see */
	textdomain("banger-tui");
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return version(argc);
	block_signals();
	return run(argc, argv);
}
