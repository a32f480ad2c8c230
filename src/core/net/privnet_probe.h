/* SPDX-License-Identifier: MIT */
/*
 * Does a private network work here? Asked by making one: in containers, under AppArmor, with a closed /dev/net/tun it fails at
 * different steps, and none of them can be foretold from files alone.
 */
#ifndef NET_PRIVNET_PROBE_H
#define NET_PRIVNET_PROBE_H

#include "base/err.h"
#include "base/op.h"
#include "base/path.h"

#include <stdbool.h>

struct privnet_verdict {
	bool works;
	char why[192]; /* for a person: "a network was made", "/dev/net/tun: Permission denied" */
	char mend[200]; /* where it does not work: the command or the step that helps; may be empty */
	bool from_cache;
};

/* banger-netns: beside the running program, else where it is installed. ERR_MISSING. */
NODISCARD int privnet_program(char ret[PATHS_MAX], struct err *e);

/*
 * The verdict: from <cache_dir>/privnet-probe.json when it worked before with this boot, kernel, user, settings, device and
 * programs, else by trying, some 100 ms. That it does not work is never kept: it fails fast, and may have been mended.
 * `socket_dir` is a directory of ours for a moment's socket; `cache_dir` may be NULL: nothing is read or written. A host without
 * is a verdict, not an error. May block; the op may cancel it.
 */
NODISCARD int privnet_probe(struct op *op, const char *cache_dir, const char *socket_dir, struct privnet_verdict *ret,
			    struct err *e);

#endif
