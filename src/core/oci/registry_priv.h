/* SPDX-License-Identifier: MIT */
/*
 * Shared by registry.c and login.c.
 */
#ifndef CORE_OCI_REGISTRY_PRIV_H
#define CORE_OCI_REGISTRY_PRIV_H

#include "core/oci/registry.h"

/* A GET of the url, borrowed, as registries and their servers of tokens are spoken to. */
struct http_request oci_request_to(const struct oci_registry *r, const char *url);

/* Do what the registry's 401 asks for: its authorization is set then. Blocks; cancellable. ERR_AUTH with a hint where there is no login,
 * or none that is taken; ERR_PROTO where nothing sensible is asked. `ret_later_ms`: of an error that may pass, how long to wait at least
 * before the next try (the server of tokens is busy, or was not reached); -1: it is for good. */
NODISCARD int oci_log_in(struct op *op, struct oci_registry *r, const struct http_response *answer, int64_t *ret_later_ms,
			 struct err *e);

/* ERR_AUTH with a hint: the registry, or its server of tokens, does not give the repository to whoever we are and answers so. Returns
 * -1. */
int oci_refuse_login(const struct oci_registry *r, const struct http_response *answer, struct err *e);

/* Append ": " and what the answer says of why, cleaned and bounded; nothing where it does not say. */
void oci_add_reason(struct buf *out, const struct http_response *answer);

#endif
