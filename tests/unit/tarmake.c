/* SPDX-License-Identifier: MIT */
/*
 * Archives for tests, written by hand so that they can be wrong in exactly one place.
 */
#include "tarmake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void put(int fd, const void *data, size_t size)
{
	if (write(fd, data, size) != (ssize_t)size)
		abort();
}

int tarmake_open(void)
{
	int fd = memfd_create("tar", MFD_CLOEXEC);

	if (fd < 0)
		abort();
	return fd;
}

void tarmake_add(int fd, const char *name, char type, unsigned mode, const char *link, const void *data, size_t size)
{
	static const char zero[512];
	char header[512] = "";
	unsigned sum = 0;

	snprintf(header, 100, "%s", name);
	snprintf(header + 100, 8, "%07o", mode);
	snprintf(header + 108, 8, "%07o", 0u);
	snprintf(header + 116, 8, "%07o", 0u);
	snprintf(header + 124, 12, "%011zo", size);
	snprintf(header + 136, 12, "%011o", 1000000000u);
	memset(header + 148, ' ', 8);
	header[156] = type;
	if (link)
		snprintf(header + 157, 100, "%s", link);
	memcpy(header + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	put(fd, header, sizeof(header));
	if (size > 0) {
		put(fd, data, size);
		put(fd, zero, (512 - size % 512) % 512);
	}
}

void tarmake_pax(int fd, const char *key, const char *value)
{
	char record[4096];
	size_t len = strlen(key) + strlen(value) + 3, total = len + 1;

	/* The length counts its own digits. */
	while (total != len + (size_t)snprintf(NULL, 0, "%zu", total))
		total = len + (size_t)snprintf(NULL, 0, "%zu", total);
	snprintf(record, sizeof(record), "%zu %s=%s\n", total, key, value);
	tarmake_add(fd, "pax", 'x', 0644, NULL, record, total);
}

void tarmake_end(int fd)
{
	static const char zero[1024];

	put(fd, zero, sizeof(zero));
	lseek(fd, 0, SEEK_SET);
}
