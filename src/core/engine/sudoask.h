/* SPDX-License-Identifier: MIT */
/*
 * What sudo says of a program when it is asked by `sudo -n -l`, for the doctor: no password is asked for, nothing is started.
 *
 * Its no goes to the system's log, and where there is a mailer into a mail to root as well (mail_badpass, which Debian sets, and
 * mail_no_user, which is sudo's own default): there it is not asked. Its yes says that the program is allowed and not that it comes
 * without a password, when anything at all does: so the list is read as well.
 */
#ifndef ENGINE_SUDOASK_H
#define ENGINE_SUDOASK_H

#include "base/op.h"

#include <stdbool.h>
#include <stddef.h>

enum sudo_word {
	SUDOASK_NOT_ASKED, /* somebody would get a mail for it, or there is no sudo */
	SUDOASK_NO,	   /* not without a password, or not at all: that it does not tell */
	SUDOASK_PASSWORD,  /* allowed, with a password */
	SUDOASK_FREE,	   /* allowed without */
};

/* `program` is absolute; `words` (may be empty) is what sudo said for a no. Takes five seconds at most. */
enum sudo_word sudoask_look(struct op *op, const char *program, char *words, size_t size);

/* Does the list that `sudo -l` prints let `program` in without a password? The last entry that fits counts. Pure. */
bool sudoask_is_free(const char *list, const char *program);

#endif
