/* SPDX-License-Identifier: MIT */
/*
 * The command line: the same requests as the console, one verb a row of the table in cli.c.
 *
 * Results go to stdout, progress and messages to stderr. Exit codes: 0, 1 for a failure, 2 for bad usage, 128 and its number
 * when a signal ended it (130, 143), after what was begun is undone; `vm run`, `vm exec` and
 * `vm ssh` exit with the guest's status, and with 125 when banger-tui itself failed or the connection was lost.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/conf.h"
#include "base/path.h"

#define CLI_OK 0
#define CLI_FAILED 1
#define CLI_USAGE 2
#define CLI_OWN_FAILURE 125 /* run, exec, ssh: not the guest's status */

struct cli_env {
	const struct paths *paths;
	const struct conf *conf;
};

/* argv[0] is the program, argv[1] the first word. Signals are blocked; this takes SIGINT, SIGTERM and SIGHUP over. Returns the exit
 * code of the process. */
int cli_main(const struct cli_env *env, int argc, char **argv);

#endif
