/* SPDX-License-Identifier: MIT */
/* Keys, mouse and paste against the bytes xterm sends; names of keys; the escape prefix. */
#include "tests/lib/test.h"

#include "ui/term/keyenc.h"
#include "ui/term/prefix.h"

static const struct emu_modes plain;
static const struct emu_modes app = {.app_cursor = true, .app_keypad = true};

static void check_key(const struct emu_modes *m, struct keyenc_key k, const char *want)
{
	char got[KEYENC_MAX + 1];
	size_t n = keyenc_key(m, &k, got);

	got[n] = '\0';
	assert_string_equal(got, want);
}

static struct keyenc_key key(const char *name)
{
	struct keyenc_key k;

	if (!keyenc_parse(name, &k))
		fail_msg("no key: %s", name);
	return k;
}

static void test_keys(UNUSED void **state)
{
	static const struct {
		const char *name, *bytes, *app_bytes;
	} table[] = {
		{"a", "a", "a"},
		{"A", "A", "A"},
		{"é", "é", "é"},
		{"漢", "漢", "漢"},
		{"alt-x", "\033x", "\033x"},
		{"ctrl-a", "\001", "\001"},
		{"ctrl-]", "\035", "\035"},
		{"ctrl-\\", "\034", "\034"},
		{"ctrl-?", "\177", "\177"},
		{"ctrl-alt-c", "\033\003", "\033\003"},
		{"up", "\033[A", "\033OA"},
		{"left", "\033[D", "\033OD"},
		{"home", "\033[H", "\033OH"},
		{"end", "\033[F", "\033OF"},
		{"shift-up", "\033[1;2A", "\033[1;2A"},
		{"ctrl-right", "\033[1;5C", "\033[1;5C"},
		{"alt-shift-down", "\033[1;4B", "\033[1;4B"},
		{"insert", "\033[2~", "\033[2~"},
		{"delete", "\033[3~", "\033[3~"},
		{"ctrl-delete", "\033[3;5~", "\033[3;5~"},
		{"pgup", "\033[5~", "\033[5~"},
		{"pgdn", "\033[6~", "\033[6~"},
		{"f1", "\033OP", "\033OP"},
		{"f4", "\033OS", "\033OS"},
		{"shift-f1", "\033[1;2P", "\033[1;2P"},
		{"f5", "\033[15~", "\033[15~"},
		{"f12", "\033[24~", "\033[24~"},
		{"ctrl-f6", "\033[17;5~", "\033[17;5~"},
		{"enter", "\r", "\r"},
		{"alt-enter", "\033\r", "\033\r"},
		{"tab", "\t", "\t"},
		{"shift-tab", "\033[Z", "\033[Z"},
		{"backspace", "\177", "\177"},
		{"ctrl-backspace", "\b", "\b"},
		{"esc", "\033", "\033"},
		{"kp-enter", "\r", "\033OM"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		check_key(&plain, key(table[i].name), table[i].bytes);
		check_key(&app, key(table[i].name), table[i].app_bytes);
	}
}

static void test_control_space_is_nul(UNUSED void **state)
{
	struct keyenc_key k = key("ctrl-space");
	char got[KEYENC_MAX];

	assert_int_equal(keyenc_key(&plain, &k, got), 1);
	assert_int_equal(got[0], 0);
}

static void test_no_such_key(UNUSED void **state)
{
	struct keyenc_key k;

	assert_false(keyenc_parse("", &k));
	assert_false(keyenc_parse("ctrl-", &k));
	assert_false(keyenc_parse("hyper-x", &k));
	assert_false(keyenc_parse("f13", &k));
	assert_false(keyenc_parse("\001", &k));
	check_key(&plain, (struct keyenc_key){.cp = 0xd800}, "");
	check_key(&plain, (struct keyenc_key){.name = KEYENC_COUNT}, "");
}

static void test_names_go_round(UNUSED void **state)
{
	static const char *const names[] = {"ctrl-]", "alt-x", "f12",	"ctrl-space", "ctrl-alt-shift-up",
					    "é",      "-",     "ctrl--"};
	char got[40];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct keyenc_key k = key(names[i]);

		keyenc_format(&k, got, sizeof(got));
		assert_string_equal(got, names[i]);
	}
	struct keyenc_key a = key("Ctrl-A"), b = key("ctrl-a");

	assert_true(keyenc_equal(&a, &b));
}

static void check_mouse(enum emu_mouse mode, enum emu_mouse_form form, struct keyenc_mouse ev, const char *want)
{
	struct emu_modes m = {.mouse = mode, .mouse_form = form};
	char got[KEYENC_MAX + 1];
	size_t n = keyenc_mouse(&m, &ev, got);

	got[n] = '\0';
	assert_string_equal(got, want);
}

static void test_mouse_wanted(UNUSED void **state)
{
	struct keyenc_mouse press = {.x = 4, .y = 9}, release = {.motion = KEYENC_RELEASE, .x = 4, .y = 9};
	struct keyenc_mouse drag = {.motion = KEYENC_MOVE, .x = 4, .y = 9};
	struct keyenc_mouse hover = {.button = KEYENC_NO_BUTTON, .motion = KEYENC_MOVE, .x = 4, .y = 9};

	check_mouse(EMU_MOUSE_OFF, EMU_MOUSE_SGR, press, "");
	check_mouse(EMU_MOUSE_CLICK, EMU_MOUSE_SGR, press, "\033[<0;5;10M");
	check_mouse(EMU_MOUSE_CLICK, EMU_MOUSE_SGR, release, "\033[<0;5;10m");
	check_mouse(EMU_MOUSE_CLICK, EMU_MOUSE_SGR, drag, "");
	check_mouse(EMU_MOUSE_DRAG, EMU_MOUSE_SGR, drag, "\033[<32;5;10M");
	check_mouse(EMU_MOUSE_DRAG, EMU_MOUSE_SGR, hover, "");
	check_mouse(EMU_MOUSE_MOVE, EMU_MOUSE_SGR, hover, "\033[<35;5;10M");
}

static void test_mouse_forms(UNUSED void **state)
{
	struct keyenc_mouse press = {.button = KEYENC_RIGHT_BUTTON, .x = 0, .y = 1, .mods = KEYENC_CTRL};
	struct keyenc_mouse release = {.motion = KEYENC_RELEASE}, wheel = {.button = KEYENC_WHEEL_DOWN};
	struct keyenc_mouse far = {.x = 300};

	check_mouse(EMU_MOUSE_CLICK, EMU_MOUSE_BYTES, press, "\033[M2!\"");
	check_mouse(EMU_MOUSE_X10, EMU_MOUSE_BYTES, press, "\033[M\"!\"");
	check_mouse(EMU_MOUSE_X10, EMU_MOUSE_BYTES, release, "");
	check_mouse(EMU_MOUSE_CLICK, EMU_MOUSE_BYTES, release, "\033[M#!!");
	check_mouse(EMU_MOUSE_CLICK, EMU_MOUSE_SGR, wheel, "\033[<65;1;1M");
	check_mouse(EMU_MOUSE_CLICK, EMU_MOUSE_BYTES, far, "");
	check_mouse(EMU_MOUSE_CLICK, EMU_MOUSE_SGR, far, "\033[<0;301;1M");
}

static void test_focus(UNUSED void **state)
{
	struct emu_modes m = {.focus = true};
	char got[KEYENC_MAX];

	assert_int_equal(keyenc_focus(&plain, true, got), 0);
	assert_int_equal(keyenc_focus(&m, true, got), 3);
	assert_memory_equal(got, "\033[I", 3);
	keyenc_focus(&m, false, got);
	assert_memory_equal(got, "\033[O", 3);
}

static void test_paste(UNUSED void **state)
{
	static const char text[] = "one\r\ntwo\nthree\tx\033[201~rm\003\n";
	struct emu_modes m = {.paste = true};
	auto_buf got = {0};

	keyenc_paste(&plain, text, sizeof(text) - 1, &got);
	assert_string_equal(buf_cstr(&got), "one\rtwo\rthree\tx[201~rm\r");
	buf_reset(&got);
	keyenc_paste(&m, text, sizeof(text) - 1, &got);
	assert_string_equal(buf_cstr(&got), "\033[200~one\rtwo\rthree\tx[201~rm\r\033[201~");
}

static enum prefix_act feed(struct prefix *p, const char *name)
{
	struct keyenc_key k = key(name);

	return prefix_feed(p, &k);
}

static void test_prefix_passes_everything_else(UNUSED void **state)
{
	static const char *const keys[] = {"a", "d", "ctrl-c", "ctrl-z", "esc", "f1", "?", "]", "ctrl-\\"};
	struct prefix p;

	assert_true(prefix_init(&p, NULL));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		assert_int_equal(feed(&p, keys[i]), PREFIX_PASS);
}

static void test_prefix_commands(UNUSED void **state)
{
	static const struct {
		const char *key;
		enum prefix_act act;
	} table[] = {
		{"ctrl-]", PREFIX_LITERAL}, {"d", PREFIX_LEAVE},   {"q", PREFIX_LEAVE},	      {"c", PREFIX_COPY},
		{"[", PREFIX_COPY},	    {"/", PREFIX_SEARCH},  {"pgup", PREFIX_PAGE_UP},  {"n", PREFIX_NEXT},
		{"p", PREFIX_PREV},	    {"?", PREFIX_HELP},	   {"]", PREFIX_PASTE},	      {"esc", PREFIX_NOTHING},
		{"ctrl-d", PREFIX_NOTHING}, {"0", PREFIX_NOTHING}, {"alt-1", PREFIX_NOTHING}, {"Q", PREFIX_NOTHING},
	};
	struct prefix p;

	prefix_init(&p, NULL);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_int_equal(feed(&p, "ctrl-]"), PREFIX_ARMED);
		assert_int_equal(feed(&p, table[i].key), table[i].act);
		assert_int_equal(feed(&p, "x"), PREFIX_PASS);
	}
	feed(&p, "ctrl-]");
	assert_int_equal(feed(&p, "7"), PREFIX_SELECT);
	assert_int_equal(p.number, 7);
}

static void test_prefix_configured(UNUSED void **state)
{
	struct prefix p;

	assert_true(prefix_init(&p, "ctrl-\\"));
	assert_int_equal(feed(&p, "ctrl-]"), PREFIX_PASS);
	assert_int_equal(feed(&p, "ctrl-\\"), PREFIX_ARMED);
	prefix_reset(&p);
	assert_int_equal(feed(&p, "d"), PREFIX_PASS);
	assert_false(prefix_init(&p, "no such key"));
	assert_int_equal(feed(&p, "ctrl-]"), PREFIX_ARMED);
}

/* What is typed all day, or never arrives as itself, would shut a person out of the guest or in. */
static void test_prefix_must_be_a_chord(UNUSED void **state)
{
	static const char *const fit[] = {"ctrl-]", "ctrl-b", "ctrl-space", "ctrl-^", "alt-x", "ctrl-alt-q", "f1", "f12"};
	static const char *const unfit[] = {"x",      "X",	"space", "é",	   "enter",  "tab",    "esc",	 "up",
					    "pgup",   "shift-x", "ctrl-i", "ctrl-m", "ctrl-h", "ctrl-j", "ctrl-[", "ctrl-1",
					    "ctrl-up"};
	struct prefix p;

	for (size_t i = 0; i < ARRAY_LEN(fit); i++) {
		assert_true(prefix_init(&p, fit[i]));
		assert_int_equal(feed(&p, fit[i]), PREFIX_ARMED);
	}
	for (size_t i = 0; i < ARRAY_LEN(unfit); i++) {
		assert_false(prefix_init(&p, unfit[i]));
		assert_int_equal(feed(&p, "ctrl-]"), PREFIX_ARMED);
	}
}

static void test_prefix_help_ends(UNUSED void **state)
{
	size_t n = 0;

	for (const struct prefix_help *h; (h = prefix_help(n)); n++)
		assert_true(h->keys[0] && h->what[0]);
	assert_true(n > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_control_space_is_nul),
		cmocka_unit_test(test_no_such_key),
		cmocka_unit_test(test_names_go_round),
		cmocka_unit_test(test_mouse_wanted),
		cmocka_unit_test(test_mouse_forms),
		cmocka_unit_test(test_focus),
		cmocka_unit_test(test_paste),
		cmocka_unit_test(test_prefix_passes_everything_else),
		cmocka_unit_test(test_prefix_commands),
		cmocka_unit_test(test_prefix_configured),
		cmocka_unit_test(test_prefix_must_be_a_chord), cmocka_unit_test(test_prefix_help_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
