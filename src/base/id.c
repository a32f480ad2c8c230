/* SPDX-License-Identifier: MIT */
/*
 * Random identifiers. getrandom(2) without flags blocks only before the kernel's pool is ready, long before us.
 */
#include "base/id.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static char *put_hex(char *to, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	return to;
}

void id_random(void *data, size_t n)
{
	uint8_t *p = data;

	while (n > 0) {
		ssize_t r = getrandom(p, n, 0);
		if (r < 0) {
			if (errno == EINTR)
				continue;
			abort(); /* a predictable id would be worse than a crash */
		}
		p += r;
		n -= (size_t)r;
	}
}

void id_new(char ret[ID_SIZE])
{
	uint8_t bytes[ID_HEX_LEN / 2];

	id_random(bytes, sizeof(bytes));
	*put_hex(ret, bytes, sizeof(bytes)) = '\0';
}

bool id_is_valid(const char *id)
{
	return strlen(id) == ID_HEX_LEN && strspn(id, "0123456789abcdef") == ID_HEX_LEN;
}

void id_uuid(char ret[UUID_SIZE])
{
	static const uint8_t groups[] = {4, 2, 2, 2, 6};
	uint8_t bytes[16];
	const uint8_t *from = bytes;
	char *to = ret;

	id_random(bytes, sizeof(bytes));
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* version 4 */
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80); /* variant 10 */
	for (size_t i = 0; i < sizeof(groups); i++) {
		if (i > 0)
			*to++ = '-';
		to = put_hex(to, from, groups[i]);
		from += groups[i];
	}
	*to = '\0';
}
