/* SPDX-License-Identifier: MIT */
/*
 * The console's options, and its wiring to the engine.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "base/conf.h"
#include "base/path.h"

/* banger-tui [--theme NAME] [--ascii] [--no-mouse] [--readonly] [--script FILE] [--ready-only] [--reset-terminal].
 * Returns the exit code of the process: 0, 1 when it failed, 2 for bad usage. */
int console_main(const struct paths *paths, const struct conf *conf, int argc, char **argv);

/* Does the section `ui` mean something? Asked before every verb: none calls good what the console refuses. */
NODISCARD int console_check_conf(const struct conf *conf, struct err *e);

#endif
