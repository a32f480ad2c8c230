/* SPDX-License-Identifier: MIT */
/*
 * Machines as rows for people and as JSON for programs. The JSON format has a version; members are only ever added.
 */
#ifndef CLI_VM_PRINT_H
#define CLI_VM_PRINT_H

#include "base/json.h"
#include "base/path.h"
#include "core/model/vm.h"

#define CLI_JSON_VERSION 1

/* `doing`: what client_vm_doing() says, may be NULL. */
void vm_print_json(struct jw *w, const struct paths *paths, const struct vm *vm, const char *doing);
/* A column that was at least so wide, once it holds this text as well. */
int vm_print_column(int width, const char *text);
/* Where stdout is a terminal, no column is wider than leaves room for `others` cells beside it in a line, but 24 always; else it is as wide as
 * it is. */
int vm_print_limit(int width, int others);
/* The text as it goes into a column, cut with an ellipsis where it is too wide; the caller's to free. */
char *vm_print_cut(int width, const char *text);
/* "3m", "4h", "2d" since a wall-clock moment. */
char *vm_print_age(int64_t since_ms, char buf[24]);
/* Write what the buffer holds to stdout, with a newline. */
void print_json(struct buf *b);

#endif
