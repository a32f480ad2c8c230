/* SPDX-License-Identifier: MIT */
/*
 * The fake engine's directories: a small tree of one who has images lying about.
 */
#ifndef TESTS_LIB_FAKE_DIRS_H
#define TESTS_LIB_FAKE_DIRS_H

#include "tests/lib/fake_engine.h"

/* Answer a REQ_DIR_LIST about `path` ("" and "~" are /home/me) as that job, with times before now_ms. */
void fake_dirs_tell(struct fake *f, uint64_t job, const char *path, int64_t now_ms);

#endif
