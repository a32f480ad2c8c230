/* SPDX-License-Identifier: MIT */
/*
 * The login shell: from dropbear's small root into the machine.
 */
#ifndef BOOTKIT_LOGIN_H
#define BOOTKIT_LOGIN_H

#include "bootkit/util.h"

#define LOGIN_WORDS_MAX 64

/*
 * `banger-login [-c COMMAND]` as dropbear calls it, `banger-guest login` on the serial console.
 * Ends as the shell or the command does.
 */
int login_main(int argc, char **argv);

/*
 * Find the shell of uid 0 in the text of a passwd file. Returns false when there is none or it
 * does not fit.
 */
bool login_shell_of_root(const char *passwd, char *buf, size_t size);
/*
 * Split a command that calls banger-guest with plain words, so that it runs without the image's
 * shell. Cuts command in place; returns the number of words, or 0 when it is anything else, more words
 * among it: the command is untouched then.
 */
int login_split_own(char *command, char *words[LOGIN_WORDS_MAX]);
/*
 * Take the next variable off the text of the seed's env member, with all lines of its value; NULL at the end. It is put together
 * in place, ends in NUL, and is not judged yet. *text is moved behind it.
 */
char *login_env_next(char **text);
/* Whether what login_env_next() took may enter the environment: NAME=VALUE, a plain name. */
bool login_env_is_valid(const char *variable);

#endif
