/* SPDX-License-Identifier: MIT */
/*
 * Image references: which image of which registry.
 *
 * The grammar is that of the project distribution ("reference"), with the names and tags of the OCI distribution-spec 1.1 ("Pulling
 * manifests"):
 *
 *	[REGISTRY "/"] REPOSITORY [":" TAG] ["@" DIGEST]
 *
 * The first component is a registry when it contains "." or ":", is "localhost" or an IPv6 address in brackets; else the registry is
 * docker.io, and a repository of one component there lies below "library/". Without tag and digest the tag is "latest". A digest
 * decides; a tag beside it is kept to be shown. A wrong reference is refused, never rewritten; only what spells the same thing is made
 * one: the registry is written in small letters, IPv6 in its shortest form, the other names of docker.io as docker.io.
 *
 * Pure; any thread.
 */
#ifndef MODEL_OCIREF_H
#define MODEL_OCIREF_H

#include "base/err.h"

#include <stdbool.h>

#define OCI_REF_SIZE 240   /* of a whole canonical reference */
#define OCI_TAG_SIZE 129   /* 128 characters */
#define OCI_DIGEST_SIZE 72 /* "sha256:", 64 hex digits and NUL */
#define OCI_DIGEST_PREFIX "sha256:"

struct oci_ref {
	char registry[OCI_REF_SIZE];   /* "docker.io", "127.0.0.1:5000", "[::1]:5000" */
	char repository[OCI_REF_SIZE]; /* "library/alpine" */
	char tag[OCI_TAG_SIZE];	       /* "" only where there is a digest */
	char digest[OCI_DIGEST_SIZE];  /* "sha256:…"; "": the tag decides */
};

/* ERR_USAGE with what is wrong and where, and a hint. `ret` is undefined then. The text is the person's: any bytes, any length. */
NODISCARD int oci_ref_parse(const char *text, struct oci_ref *ret, struct err *e);

/* The canonical text, one for each image, that oci_ref_parse() reads back as the same: "docker.io/library/alpine:latest",
 * "REG/REPO@sha256:…", and "REG/REPO:TAG@sha256:…" where both were given. Returns buf. */
const char *oci_ref_format(const struct oci_ref *r, char buf[OCI_REF_SIZE]);

/* What people type: without "docker.io/library/" or "docker.io/" where it is read back as the same, else canonical. Returns buf. */
const char *oci_ref_familiar(const struct oci_ref *r, char buf[OCI_REF_SIZE]);

/* For a line on the screen: familiar, and 12 digits of a digest, "alpine@sha256:0123456789ab…". It is not read back. Returns buf, or
 * text itself where that is no reference. */
const char *oci_ref_short(const char *text, char buf[OCI_REF_SIZE]);

/* Is it written as a reference: has it '/', ':' or '@'? Names of images of ours have none of them. */
bool oci_ref_is_spelled(const char *text);

/* HOST[:PORT] that the registry's API is spoken with. Borrowed from r, or static. */
const char *oci_ref_api_host(const struct oci_ref *r);

/* Is the registry this very machine (http_host_is_loopback())? Only such ones are also spoken to in plain HTTP. */
bool oci_ref_is_loopback(const struct oci_ref *r);

#endif
