/* SPDX-License-Identifier: MIT */
/*
 * One marked Include in a person's ~/.ssh/config: put in only when asked for, taken out to the byte.
 *
 *	# banger-tui ssh-config: begin
 *	Include "/home/ann/.config/banger/ssh_config"
 *	# banger-tui ssh-config: end
 *
 * Three lines at the very top (an Include below a Host line would count for that host alone; ssh_config(5)), a group for each
 * file that is included, never twice the same. Only exactly these lines, with either kind of line end, are ours; a group that
 * somebody changed is told and left alone. Everything else in the file is bytes to us and stays what it is.
 *
 * The file is replaced by a rename, with its mode, owner and extended attributes; a symbolic link (a dotfile manager's) is
 * followed and what it leads to is replaced, if that is the person's own. Installers take turns on the directory; a file that an
 * editor changed meanwhile is read again.
 */
#ifndef CORE_GUEST_SSHINCLUDE_H
#define CORE_GUEST_SSHINCLUDE_H

#include "base/op.h"

#include <stdbool.h>

/* Put the group in. `included` is absolute and passed sshconf_check_path(). Makes ~/.ssh (0700) and the file (0600) where they
 * are missing, and the marks say that the file was. *ret_changed: false when it stood there already. ERR_PERM when the file, or
 * its directory, is not the person's alone; ERR_STATE for a changed group, a link to nothing, a file with a second name. The hint
 * is the line to put in by hand. May block. */
NODISCARD int sshinclude_add(struct op *op, const char *home, const char *included, bool *ret_changed, struct err *e);
/* Take it out, and the file with it if it was made for the group and has nothing else. Not there is fine. May block. */
NODISCARD int sshinclude_remove(struct op *op, const char *home, const char *included, bool *ret_changed, struct err *e);
/* Is it there? Looks only. */
NODISCARD int sshinclude_find(const char *home, const char *included, bool *ret, struct err *e);

#endif
