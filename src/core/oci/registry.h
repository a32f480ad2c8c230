/* SPDX-License-Identifier: MIT */
/*
 * A registry, spoken to about one repository: OCI distribution-spec 1.1 ("pull"), which Docker's registry API v2 is.
 *
 * Any answer is hostile until its digest was verified. What a request needs of turns (a token after a 401, another address after a
 * redirect, patience after a 429 or a lost connection) is the business of `struct oci_call`, so that one request at a time
 * (oci_resolve()) and many at once (fetch.h) do the same. Credentials go to the registry and to the server of tokens it names, never to
 * where it redirects.
 */
#ifndef OCI_REGISTRY_H
#define OCI_REGISTRY_H

#include "base/http.h"
#include "core/model/ociref.h"
#include "core/oci/config.h"
#include "core/oci/manifest.h"

#include <stdbool.h>
#include <stdint.h>

#define OCI_STALL_MS 30000
#define OCI_TRIES 5
#define OCI_HOPS 5
#define OCI_INDEX_DEPTH 3 /* an index may lead to another one, and that to a third */
#define OCI_PATIENCE_MS 60000 /* who wants to be left alone for longer (Retry-After) is not waited for */

/* How registries are reached; everything is borrowed. Zeroed: as a registry of the public is. */
struct oci_access {
	const char *docker_config; /* a config.json with logins, or with who knows them; NULL, or a file that is not there: anonymous */
	const char *ca_file;	   /* certificates to trust instead of the host's; NULL: the host's */
	int64_t stall_ms;	   /* 0: OCI_STALL_MS */
	int64_t backoff_ms;	   /* before the second try, twice as much before each further one; 0: 1000 */
};

struct oci_registry {
	const struct oci_access *access; /* borrowed */
	struct oci_ref ref;
	bool plain;		  /* http://, loopback alone */
	struct buf authorization; /* "Authorization: Bearer …", secret; empty: none */
	struct http_pool *pool;	  /* of the thread that opened it: one connection for all it asks; who fetches layers has a pool of its own */
	char no_login[160];	  /* why the credential helper gave none; empty: it is not that */
};

#define auto_oci_registry __attribute__((cleanup(oci_registry_done))) struct oci_registry

/* Find out how the registry of `ref` is spoken to. `ret` must be zeroed, `access` outlive it. Blocks; cancellable. ERR_NET when nobody
 * is there, ERR_PROTO when who is there is no registry. */
NODISCARD int oci_registry_open(struct op *op, const struct oci_access *access, const struct oci_ref *ref, struct oci_registry *ret,
				struct err *e);
void oci_registry_done(struct oci_registry *r);

/* ERR_PROTO with a hint: a web page came where something else was asked for. Returns -1. */
int oci_refuse_page(const struct oci_registry *r, struct err *e);

/* The hint of who is not waited for so long (OCI_PATIENCE_MS). Returns -1. */
int oci_hint_patience(int64_t wait_ms, struct err *e);

/* One request with all its turns. */
struct oci_call {
	const char *accept; /* "Accept: …"; NULL: anything. Borrowed */
	char *path;	    /* "/v2/library/alpine/manifests/latest" */
	char *url;	    /* where it goes now */
	bool elsewhere;	    /* that is not the registry */
	uint64_t from;	    /* first byte wanted */
	int tries, hops, logins;
	size_t max_response;
	int (*sink)(void *arg, const struct http_response *head, const void *data, size_t len, struct err *e);
	void *sink_arg;
};

void oci_call_done(struct oci_call *c);
#define auto_oci_call __attribute__((cleanup(oci_call_done))) struct oci_call

/* Begin the request `c` in the pool, with `tag`. The path is "/v2/<repository>/<what>/<which>". */
void oci_call_init(struct oci_call *c, const struct oci_registry *r, const char *what, const char *which);
NODISCARD int oci_call_add(const struct oci_registry *r, const struct oci_call *c, struct http_pool *pool, void *tag, struct err *e);

/* What an end of it means: 1 = the answer (200 or 206) is there; 0 = add it again, in `ret_wait_ms`; -1. May block for a token:
 * cancellable. `done` stays the caller's. */
NODISCARD int oci_call_judge(struct op *op, struct oci_registry *r, struct oci_call *c, const struct http_done *done, int *ret_wait_ms,
			     struct err *e);

/* What a reference leads to. */
struct oci_image {
	char digest[OCI_DIGEST_SIZE]; /* of the manifest that was chosen: "sha256:…" */
	struct oci_manifest manifest;
	struct oci_config config; /* as many diff_ids as layers */
};

/* Resolve the registry's reference for a machine of this architecture (GOARCH's name). `ret` must be zeroed. Blocks; cancellable.
 * ERR_NOT_FOUND: no such repository, tag or platform; ERR_AUTH with a hint. */
NODISCARD int oci_resolve(struct op *op, struct oci_registry *r, const char *arch, struct oci_image *ret, struct err *e);
void oci_image_done(struct oci_image *i);

#endif
