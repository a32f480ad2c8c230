/* SPDX-License-Identifier: MIT */
/*
 * Key names, the action table, the keymap, the line editor, the palette's completion.
 */
#include "tests/lib/test.h"
#include "ui/keymap.h"
#include "ui/prompt.h"
#include "ui/widgets/edit.h"

static struct key key(const char *name)
{
	struct key k = {0};

	if (!key_parse(name, &k))
		fail_msg("'%s' is no key", name);
	return k;
}

static void test_names_go_round(void **state)
{
	static const char *const names[] = {"a",   "A",		"é",	  "space", "enter",	    "esc",
					    "tab", "shift-tab", "ctrl-d", "alt-x", "ctrl-alt-left", "f1",
					    "f12", "pgup",	"/",	  "-",	   "ctrl-]"};
	char buf[KEY_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_string_equal(key_format(key(names[i]), buf), names[i]);
	assert_string_equal(key_show(key("enter"), false, buf), "⏎");
	assert_string_equal(key_show(key("enter"), true, buf), "enter");
	assert_string_equal(key_show(key("down"), true, buf), "down");
}

static void test_nonsense_is_no_key(void **state)
{
	static const char *const names[] = {"", "ab", "ctrl-", "f0", "f13", "f123", "ctrl-nothing", "\033"};
	struct key k;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_false(key_parse(names[i], &k));
}

static void test_no_chord_means_two_things(void **state)
{
	struct keymap m;

	(void)state;
	keymap_init(&m);
	for (size_t i = 0; i < m.n; i++)
		for (size_t j = i + 1; j < m.n; j++)
			if (key_equal(m.bindings[i].key, m.bindings[j].key))
				assert_int_equal(m.bindings[i].ctx & m.bindings[j].ctx, 0);
}

static void test_every_action_is_named_and_helped(void **state)
{
	(void)state;
	for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		const struct action_info *info = action_info(a);

		assert_true(info->name[0] && info->help[0] && info->ctx);
		assert_int_equal(action_find(info->name), a);
		assert_null(strchr(info->name, ' '));
	}
	assert_int_equal(action_find("destroy-everything"), ACTION_NONE);
}

/* Keys people press to scroll or to kill a line must never end a machine. */
static void test_nothing_destroys_by_habit(void **state)
{
	static const char *const habits[] = {"ctrl-d", "ctrl-k", "ctrl-c", "ctrl-u", "enter", "space"};
	struct keymap m;

	(void)state;
	keymap_init(&m);
	for (size_t i = 0; i < ARRAY_LEN(habits); i++) {
		enum action a = keymap_find(&m, CTX_VMS | CTX_DETAIL | CTX_MAIN, key(habits[i]));

		assert_true(a != ACTION_DELETE && a != ACTION_KILL && a != ACTION_STOP);
	}
}

static void test_rebinding(void **state)
{
	struct keymap m;
	struct err e = {0};
	struct key k;

	(void)state;
	keymap_init(&m);
	assert_ok(keymap_bind(&m, "delete", "X f8", &e), &e);
	assert_int_equal(keymap_find(&m, CTX_VMS, key("X")), ACTION_DELETE);
	assert_int_equal(keymap_find(&m, CTX_VMS, key("d")), ACTION_NONE);
	assert_int_equal(keymap_find(&m, CTX_HOST, key("X")), ACTION_NONE);
	assert_true(keymap_key_of(&m, ACTION_DELETE, &k));
	assert_true(key_equal(k, key("X")));
	assert_err(keymap_bind(&m, "delete", "n", &e), &e, ERR_USAGE);
	assert_err(keymap_bind(&m, "delete", "?", &e), &e, ERR_USAGE);
	assert_err(keymap_bind(&m, "delete", "hyper-x", &e), &e, ERR_USAGE);
	assert_err(keymap_bind(&m, "nothing", "x", &e), &e, ERR_USAGE);
	assert_int_equal(keymap_find(&m, CTX_VMS, key("X")), ACTION_DELETE);
}

static void press(struct edit *ed, const char *names)
{
	while (*names) {
		char name[KEY_NAME_SIZE];
		size_t n = strcspn(names, " ");

		snprintf(name, sizeof(name), "%.*s", (int)n, names);
		edit_key(ed, key(name));
		names += n + strspn(names + n, " ");
	}
}

static void test_line_editor(void **state)
{
	struct edit ed = {0};

	(void)state;
	press(&ed, "h é l l o");
	assert_string_equal(ed.text, "héllo");
	press(&ed, "home right right backspace e");
	assert_string_equal(ed.text, "hello");
	press(&ed, "end space w o ctrl-w");
	assert_string_equal(ed.text, "hello ");
	press(&ed, "left left ctrl-k");
	assert_string_equal(ed.text, "hell");
	press(&ed, "ctrl-a delete ctrl-e x");
	assert_string_equal(ed.text, "ellx");
	press(&ed, "ctrl-u");
	assert_string_equal(ed.text, "");
	assert_false(edit_key(&ed, key("enter")));
	assert_false(edit_key(&ed, key("alt-x")));
	for (int i = 0; i < EDIT_MAX * 2; i++)
		press(&ed, "日");
	assert_true(strlen(ed.text) < EDIT_MAX);
}

static void image_in(struct world *w, const char *name, bool registry)
{
	struct event ev = {.kind = EV_IMAGE_UPSERT, .image = {.local = true}};

	snprintf(ev.image.name, sizeof(ev.image.name), "%s", name);
	snprintf(ev.image.reference, sizeof(ev.image.reference), "%s", registry ? name : "");
	world_apply(w, &ev);
}

static void test_palette_completes(void **state)
{
	char got[PROMPT_MATCHES][EDIT_MAX];
	struct world w;
	struct event ev = {.kind = EV_VM_UPSERT};

	(void)state;
	world_init(&w);
	snprintf(ev.vm.id, sizeof(ev.vm.id), "0123456789ab");
	snprintf(ev.vm.name, sizeof(ev.vm.name), "web1");
	world_apply(&w, &ev);
	assert_true(prompt_complete(&w, "sto", got) >= 1);
	assert_string_equal(got[0], "stop");
	assert_int_equal(prompt_complete(&w, "stop we", got), 1);
	assert_string_equal(got[0], "stop web1");
	assert_int_equal(prompt_complete(&w, "zzz", got), 0);
	assert_int_equal(prompt_complete(&w, "commit ", got), 1);
	assert_int_equal(prompt_complete(&w, "commit web1 ", got), 0); /* a new name */
	assert_int_equal(prompt_complete(&w, "import ", got), 0);
	assert_int_equal(prompt_complete(&w, "images ", got), 0);
	assert_int_equal(prompt_complete(&w, "pull ", got), 0);
	image_in(&w, "gold", false);
	image_in(&w, "docker.io/library/alpine:3.20", true);
	assert_int_equal(prompt_complete(&w, "pull ", got), 1); /* what is in a catalogue or of a registry */
	assert_string_equal(got[0], "pull alpine:3.20");
	assert_int_equal(prompt_complete(&w, "pull docker", got), 1);
	assert_string_equal(got[0], "pull docker.io/library/alpine:3.20");
	assert_int_equal(prompt_complete(&w, "new ", got), 2);
	assert_int_equal(prompt_complete(&w, "stop ", got), 1);
	world_done(&w);
}

static void test_palette_history(void **state)
{
	struct prompt p = {0};
	struct world w;

	(void)state;
	world_init(&w);
	prompt_open(&p, PROMPT_COMMAND, "stop web1");
	assert_int_equal(prompt_key(&p, key("enter"), &w), PROMPT_ACCEPTED);
	prompt_open(&p, PROMPT_COMMAND, "");
	assert_int_equal(prompt_key(&p, key("up"), &w), PROMPT_CHANGED);
	assert_string_equal(p.edit.text, "stop web1");
	assert_int_equal(prompt_key(&p, key("esc"), &w), PROMPT_ABANDONED);
	/* A shortened word becomes the action it can only mean. */
	prompt_open(&p, PROMPT_COMMAND, "unmark");
	assert_int_equal(prompt_key(&p, key("enter"), &w), PROMPT_ACCEPTED);
	assert_string_equal(p.edit.text, "unmark-all");
	for (int i = 0; i < 2 * PROMPT_HISTORY; i++) {
		char line[32];

		snprintf(line, sizeof(line), "filter %d", i);
		prompt_open(&p, PROMPT_COMMAND, line);
		assert_int_equal(prompt_key(&p, key("enter"), &w), PROMPT_ACCEPTED);
	}
	assert_int_equal(p.n_history, PROMPT_HISTORY);
	prompt_done(&p);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_go_round),
		cmocka_unit_test(test_nonsense_is_no_key),
		cmocka_unit_test(test_no_chord_means_two_things),
		cmocka_unit_test(test_every_action_is_named_and_helped),
		cmocka_unit_test(test_nothing_destroys_by_habit),
		cmocka_unit_test(test_rebinding),
		cmocka_unit_test(test_line_editor),
		cmocka_unit_test(test_palette_completes),
		cmocka_unit_test(test_palette_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
