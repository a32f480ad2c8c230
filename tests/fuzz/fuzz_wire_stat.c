/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the stat line's reader: any bytes either are refused or give a sample that can be
 * written and read back to the same figures.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/stat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_stat s, again;
	char line[WIRE_STAT_LINE_MAX];
	int len;

	memset(&s, 0, sizeof(s));
	memset(&again, 0, sizeof(again));
	if (wire_stat_parse((const char *)data, size, &s) < 0)
		return 0;
	len = wire_stat_format(&s, line, sizeof(line));
	if (len < 0 || wire_stat_parse(line, (size_t)len, &again) < 0 || again.cpus != s.cpus ||
	    again.mem_total_kib != s.mem_total_kib || again.net_tx_bytes != s.net_tx_bytes ||
	    strcmp(again.boot_id, s.boot_id) != 0 || again.booted != s.booted)
		abort();
	return 0;
}
