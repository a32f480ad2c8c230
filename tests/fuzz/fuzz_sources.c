/* SPDX-License-Identifier: MIT */
/*
 * apt sources of any bytes, in both styles: what comes out is deb822 without control characters, and reads back as
 * carrying the suite as often as was said.
 */
#include "core/image/sources.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum sources_style styles[] = {SOURCES_ONE_LINE, SOURCES_DEB822};

	for (size_t s = 0; s < ARRAY_LEN(styles); s++) {
		auto_buf out = {0}, again = {0};
		int carrying = sources_parse(styles[s], (const char *)data, n, "s", "amd64", &out);

		for (size_t i = 0; i < out.len; i++)
			if ((unsigned char)out.data[i] < ' ' && out.data[i] != '\n' && out.data[i] != '\t')
				__builtin_trap();
		if (sources_parse(SOURCES_DEB822, buf_cstr(&out), out.len, "s", "amd64", &again) != carrying)
			__builtin_trap();
	}
	return 0;
}
