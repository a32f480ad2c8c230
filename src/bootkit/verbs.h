/* SPDX-License-Identifier: MIT */
/*
 * The verbs of banger-guest.
 */
#ifndef BOOTKIT_VERBS_H
#define BOOTKIT_VERBS_H

/* Run the verb argv[1] of a command line whose argv[0] is banger-guest. Returns its exit status. */
int verbs_run(int argc, char **argv);

#endif
