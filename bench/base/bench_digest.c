/* SPDX-License-Identifier: MIT */
/*
 * The SHA-256 of a file as everything that is fetched or imported gets it:
 *
 *	bench_digest FILE	prints the digest
 */
#include "base/digest.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	char digest[DIGEST_SIZE];
	struct err e = {0};
	struct op op;

	if (argc != 2) {
		fputs("usage: bench_digest FILE\n", stderr);
		return 2;
	}
	op_init(&op, -1);
	if (digest_file(&op, argv[1], digest, NULL, &e) < 0) {
		fprintf(stderr, "bench_digest: %s\n", e.msg);
		return 1;
	}
	puts(digest);
	op_done(&op);
	return 0;
}
