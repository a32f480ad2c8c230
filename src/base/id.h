/* SPDX-License-Identifier: MIT */
/*
 * Random identifiers from getrandom(2).
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stddef.h>

#define ID_HEX_LEN 12 /* 48 random bits */
#define ID_SIZE (ID_HEX_LEN + 1)
#define UUID_SIZE 37

void id_random(void *data, size_t n);
/* 12 lower-case hex digits and NUL. */
void id_new(char ret[ID_SIZE]);
/* Has id_new()'s shape. */
bool id_is_valid(const char *id);
/* Random (version 4) UUID, RFC 9562, lower case with hyphens. */
void id_uuid(char ret[UUID_SIZE]);

#endif
