/* SPDX-License-Identifier: MIT */
/*
 * TCP ports of the host's loopback that lead to a guest (`-p 8080:80`). Plain data and its words.
 */
#ifndef MODEL_PUBLISHED_H
#define MODEL_PUBLISHED_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define PUBLISHED_MAX 16
#define PUBLISHED_TEXT (PUBLISHED_MAX * 12 + 1) /* "65535:65535," */

struct published_port {
	uint16_t host, guest; /* never 0 */
};

/* All zero is none. */
struct published {
	int n;
	struct published_port ports[PUBLISHED_MAX]; /* no port of the host twice */
};

/* "HOST:GUEST[,HOST:GUEST…]", or "none". ERR_USAGE names the item that is wrong; `ret` is untouched then. */
NODISCARD int published_parse(const char *text, struct published *ret, struct err *e);
/* Those of `more` as well. ERR_USAGE as above; `p` is untouched then. */
NODISCARD int published_add(struct published *p, const struct published *more, struct err *e);
/* Parses back. Returns buf; size PUBLISHED_TEXT holds any. */
char *published_format(const struct published *p, char *buf, size_t size);

#endif
