/* SPDX-License-Identifier: MIT */
/*
 * What banger.conf means to the engine: its values checked and resolved once, when the engine is opened.
 */
#ifndef ENGINE_SETTINGS_H
#define ENGINE_SETTINGS_H

#include "base/conf.h"
#include "core/guest/seed.h"
#include "core/model/spec.h"
#include "core/net/subnet.h"

struct settings {
	struct vm_spec vm;	 /* fields of a new VM that the file sets */
	struct subnet subnet;	 /* of the bridged network */
	int64_t auto_stop_s;	 /* without an SSH session for so long the guest powers off; 0 = never */
	struct seed_file *files; /* file_sync; names borrow from the conf */
	int n_files;
};

/* ERR_USAGE naming the file, the line and the entry. `conf` must outlive `ret`; settings_done() in any case. */
NODISCARD int settings_read(const struct conf *conf, struct settings *ret, struct err *e);
void settings_done(struct settings *s);

/* An error that a default of the file turned out to be, on this host or in this catalogue: say which entry. Returns -1. */
int settings_blame(const struct conf *conf, enum spec_field f, struct err *e);

/* "90s", "30m", "2h" in seconds; ERR_USAGE for anything else. */
NODISCARD int settings_parse_duration(const char *text, int64_t *ret_s, struct err *e);

#endif
