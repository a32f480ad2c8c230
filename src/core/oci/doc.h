/* SPDX-License-Identifier: MIT */
/*
 * A JSON document of a registry, of the person's, or of ours, as this folder reads it.
 *
 * What holds for all of them is held here: a limit before parsing, an object at the root, no NUL hidden as an escape (strings end there
 * in C, and the rest would go unseen), and a name for messages that is safe to show. Where a member stands twice the first one counts.
 *
 * Pure; any thread.
 */
#ifndef CORE_OCI_DOC_H
#define CORE_OCI_DOC_H

#include "base/err.h"
#include "base/json.h"

#include <stddef.h>

#define OCI_TEXT_MAX ((size_t)4 << 20)
#define OCI_WHAT_SIZE 160 /* cut there */
#define OCI_SHOWN_SIZE 96

/* A text and its name in messages ("manifest of alpine:3.20"). Borrowed for the call; need not end in NUL. */
struct oci_text {
	const char *text;
	size_t len;
	const char *what;
};

struct doc {
	struct json *root;	  /* an object */
	char what[OCI_WHAT_SIZE]; /* for messages */
};

/* ERR_PROTO: more than OCI_TEXT_MAX, not JSON, or not an object. `ret` is to be freed in any case. */
NODISCARD int doc_open(const struct oci_text *t, struct doc *ret, struct err *e);
void doc_done(struct doc *d);
/* The same, for what holds secrets: every string is overwritten first. */
void doc_done_secret(struct doc *d);

#define auto_doc __attribute__((cleanup(doc_done))) struct doc
#define auto_doc_secret __attribute__((cleanup(doc_done_secret))) struct doc

/* A word from outside for a message: cleaned, and cut with "…" where it is long. NULL is shown as "". Returns buf. */
const char *doc_show(const char *s, char buf[OCI_SHOWN_SIZE]);

/* Has n bytes a control character (C0 or DEL)? */
bool doc_has_control(const char *s, size_t n);

#endif
