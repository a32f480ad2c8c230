/* SPDX-License-Identifier: MIT */
/*
 * base/tell: UTF-8 as it is where the locale has it, else every byte US-ASCII and still to be understood.
 */
#include "tests/lib/test.h"

#include "base/tell.h"
#include "base/utf8.h"

#include <locale.h>

static void told(const char *locale, const char *said, const char *want)
{
	char *shown = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&shown, &size);

	assert_non_null(to);
	assert_non_null(setlocale(LC_ALL, locale));
	tell(to, "<%s>", said);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(shown, want);
	free(shown);
}

static void a_utf8_locale_sees_it_as_it_is(void **state UNUSED)
{
	told("C.UTF-8", "VM… → “x” é 日", "<VM… → “x” é 日>");
	told("C.UTF-8", "", "<>");
}

static void other_locales_get_stand_ins(void **state UNUSED)
{
	told("C", "[-- COMMAND…] → fix it", "<[-- COMMAND...] -> fix it>");
	told("C", "2×3 – a · b — c", "<2x3 - a - b - c>");
	told("C", "máquina não É", "<maquina nao E>");
	told("C", "e\xcc\x81 日 \xff", "<e ? ?>");
}

/* A word that somebody typed comes back in a message, and must not move the cursor there. */
static void control_characters_are_shown(void **state UNUSED)
{
	told("C.UTF-8", "\033[31mfoo\r\a\x7f\xc2\x9b", "<\xef\xbf\xbd[31mfoo\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd>");
	told("C.UTF-8", "two\n\tlines \xff", "<two\n lines \xef\xbf\xbd>");
	told("C", "\033[31mfoo\n", "<?[31mfoo\n>");
}

static void every_character_becomes_ascii(void **state UNUSED)
{
	auto_buf all = {0}, shown = {0};

	for (uint32_t cp = 0x80; cp < 0x30000; cp++) {
		char text[4];

		buf_add(&all, text, (size_t)utf8_encode(cp, text));
	}
	setlocale(LC_ALL, "C");
	tell_add(&shown, all.data, all.len);
	assert_true(shown.len > 0x20000);
	for (size_t i = 0; i < shown.len; i++)
		assert_true(shown.data[i] >= ' ' && shown.data[i] < 0x7f);
}

static void columns_are_counted_in_cells(void **state UNUSED)
{
	char text[64];

	snprintf(text, sizeof(text), "%-*s|%*s|", TELL_CELLS(8, "espaço"), TELL_CELLS(4, "日"));
	assert_string_equal(text, "espaço  |  日|");
	snprintf(text, sizeof(text), "%-*s|", TELL_CELLS(3, "too long"));
	assert_string_equal(text, "too long|");
	told("C", "%", "<%>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_utf8_locale_sees_it_as_it_is),
		cmocka_unit_test(other_locales_get_stand_ins),
		cmocka_unit_test(control_characters_are_shown),
		cmocka_unit_test(every_character_becomes_ascii),
		cmocka_unit_test(columns_are_counted_in_cells),
	};

	return cmocka_run_group_tests_name("tell", tests, NULL, NULL);
}
