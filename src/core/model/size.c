/* SPDX-License-Identifier: MIT */
/*
 * Sizes as people write them: see size.h. Pure; any thread.
 */
#include "core/model/size.h"

#include "base/i18n.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int malformed(const char *what, const char *text, struct err *e)
{
	err_set(e, ERR_USAGE, _("%s '%.32s' is not a size"), what, text);
	return err_hint(e, _("write a number of MiB, or one with K, M or G: 512, 512M, 2G"));
}

/* The factor of a suffix; 0 when it is none. */
static uint64_t unit_factor(const char *suffix)
{
	uint64_t factor;

	switch (toupper((unsigned char)suffix[0])) {
	case '\0':
		return SIZE_MIB;
	case 'K':
		factor = SIZE_KIB;
		break;
	case 'M':
		factor = SIZE_MIB;
		break;
	case 'G':
		factor = SIZE_GIB;
		break;
	default:
		return 0;
	}
	suffix++;
	if (*suffix == '\0' || strcmp(suffix, "B") == 0 || strcmp(suffix, "iB") == 0 || strcmp(suffix, "b") == 0 ||
	    strcmp(suffix, "ib") == 0)
		return factor;
	return 0;
}

int size_parse(const char *what, const char *text, uint64_t *ret_bytes, struct err *e)
{
	char *end;
	uint64_t n, factor;

	if (!isdigit((unsigned char)text[0]))
		return malformed(what, text, e);
	errno = 0;
	n = strtoull(text, &end, 10);
	factor = unit_factor(end);
	if (factor == 0)
		return malformed(what, text, e);
	if (n == 0) {
		err_set(e, ERR_USAGE, _("%s must not be 0"), what);
		return err_hint(e, _("leave it out to get the default"));
	}
	if (errno == ERANGE || n > UINT64_MAX / 2 / factor)
		return err_set(e, ERR_USAGE, _("%s '%.32s' is too large"), what, text);
	*ret_bytes = n * factor;
	return 0;
}

char *size_format(uint64_t bytes, char buf[SIZE_TEXT])
{
	if (bytes % SIZE_GIB == 0 && bytes)
		snprintf(buf, SIZE_TEXT, "%" PRIu64 "G", bytes / SIZE_GIB);
	else if (bytes % SIZE_MIB == 0)
		snprintf(buf, SIZE_TEXT, "%" PRIu64 "M", bytes / SIZE_MIB);
	else if (bytes % SIZE_KIB == 0)
		snprintf(buf, SIZE_TEXT, "%" PRIu64 "K", bytes / SIZE_KIB);
	else
		snprintf(buf, SIZE_TEXT, "%" PRIu64 "B", bytes);
	return buf;
}

char *size_human(uint64_t bytes, char buf[SIZE_TEXT])
{
	static const char units[] = "BKMGTP";
	double v = (double)bytes;
	size_t u = 0;

	if (bytes == 0) {
		snprintf(buf, SIZE_TEXT, "0");
		return buf;
	}
	while (v >= 999.5 && u + 2 < sizeof(units)) {
		v /= 1024;
		u++;
	}
	if (u > 0 && v < 9.95)
		snprintf(buf, SIZE_TEXT, "%.1f%c", v, units[u]);
	else
		snprintf(buf, SIZE_TEXT, "%.0f%c", v, units[u]);
	return buf;
}
