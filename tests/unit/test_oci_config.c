/* SPDX-License-Identifier: MIT */
/*
 * core/oci/config: what an image says of its layers and its program; what we keep of it comes back as it was.
 */
#include "tests/lib/test.h"

#include "base/buf.h"
#include "core/oci/config.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define PLATFORM "\"architecture\":\"amd64\",\"os\":\"linux\""
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX_A "\",\"sha256:" HEX_B "\"]}"
#define IMAGE(config) "{" PLATFORM "," ROOTFS ",\"config\":" config "}"

static struct oci_text text_of(const char *text)
{
	return (struct oci_text){text, strlen(text), "configuration of x"};
}

static struct oci_config parsed(const char *text)
{
	struct oci_text t = text_of(text);
	struct oci_config c;
	struct err e = {0};

	if (oci_config_parse(&t, &c, &e) < 0)
		fail_msg("%s", e.msg);
	return c;
}

static void refused(const char *text, const char *sentence)
{
	struct oci_text t = text_of(text);
	struct oci_config c;
	struct err e = {0};

	assert_int_equal(oci_config_parse(&t, &c, &e), -1);
	assert_int_equal(e.code, ERR_PROTO);
	if (!strstr(e.msg, sentence) || !strstr(e.msg, "configuration of x"))
		fail_msg("%s does not say %s", e.msg, sentence);
	assert_null(c.diff_ids);
	assert_null(c.env.word);
}

static void assert_words(const struct oci_words *w, const char *const *want, size_t n)
{
	assert_int_equal(w->n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(w->word[i], want[i]);
	if (n > 0)
		assert_null(w->word[n]);
	else
		assert_null(w->word);
}

static void an_image_is_read(void **state UNUSED)
{
	static const char *const env[] = {"PATH=/bin", "A=", "B=x=y\n\t"};
	static const char *const entrypoint[] = {"/entry", ""};
	static const char *const cmd[] = {"sh", "-c", "echo \xc3\xa4"};
	auto_oci_config c = parsed(
		"{\"created\":\"2024-05-22T18:18:12.052034407Z\"," PLATFORM "," ROOTFS
		",\"history\":[],\"config\":{\"Env\":[\"PATH=/bin\",\"A=\",\"B=x=y\\n\\t\"],\"WorkingDir\":\"/srv\",\"User\":\"www:1000\","
		"\"Entrypoint\":[\"/entry\",\"\"],\"Cmd\":[\"sh\",\"-c\",\"echo \xc3\xa4\"],\"Labels\":{\"x\":\"y\"}}}");

	assert_string_equal(c.architecture, "amd64");
	assert_string_equal(c.os, "linux");
	assert_int_equal(c.n_diff_ids, 2);
	assert_string_equal(c.diff_ids[1], HEX_B);
	assert_words(&c.env, env, 3);
	assert_string_equal(c.workdir, "/srv");
	assert_string_equal(c.user, "www:1000");
	assert_words(&c.entrypoint, entrypoint, 2);
	assert_words(&c.cmd, cmd, 3);
	assert_string_equal(c.created, "2024-05-22T18:18:12.052034407Z");
}

static void what_is_not_said_is_empty(void **state UNUSED)
{
	static const char *const same[] = {
		"{" PLATFORM "," ROOTFS "}",
		IMAGE("null"),
		IMAGE("{}"),
		IMAGE("{\"Env\":null,\"Cmd\":null,\"Entrypoint\":null,\"WorkingDir\":null,\"User\":null}"),
		IMAGE("{\"Env\":[],\"Cmd\":[],\"Entrypoint\":[],\"WorkingDir\":\"\",\"User\":\"\"}"),
		"{\"created\":\"yesterday\\u001b\"," PLATFORM "," ROOTFS "}",
		"{\"created\":\"00000000000000000000000000000000000000000000000000\"," PLATFORM "," ROOTFS "}",
	};

	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		auto_oci_config c = parsed(same[i]);

		assert_words(&c.env, NULL, 0);
		assert_words(&c.entrypoint, NULL, 0);
		assert_words(&c.cmd, NULL, 0);
		assert_null(c.workdir);
		assert_null(c.user);
		assert_string_equal(c.created, "");
	}
}

static void a_working_directory_begins_at_the_root(void **state UNUSED)
{
	static const struct {
		const char *said, *read;
	} cases[] = {
		{"srv/app", "/srv/app"},
		{"./srv//app/", "/srv/app"},
		{"/srv/./x/../app", "/srv/app"},
		{"../..", "/"},
		{".", "/"},
		{"...", "/..."},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *text = xasprintf(IMAGE("{\"WorkingDir\":\"%s\"}"), cases[i].said);
		auto_oci_config c = parsed(text);

		assert_string_equal(c.workdir, cases[i].read);
	}
}

static void environment_entries_that_are_none_are_dropped(void **state UNUSED)
{
	static const char *const kept[] = {"A=1", "A=2", "B=\x1b[2J"};
	auto_oci_config c =
		parsed(IMAGE("{\"Env\":[\"NOTHING\",\"=C:=x\",\"A=1\",\"\",\"A=2\",\"=\",\"B=\\u001b[2J\"]}"));
	auto_oci_config none = parsed(IMAGE("{\"Env\":[\"NOTHING\"]}"));

	assert_words(&c.env, kept, 3);
	assert_words(&none.env, NULL, 0);
}

static void a_wrong_configuration_is_refused(void **state UNUSED)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "not JSON"},
		{"[]", "object"},
		{"{\"os\":\"linux\"," ROOTFS "}", "\"architecture\" is missing"},
		{"{\"architecture\":\"amd64\"," ROOTFS "}", "\"os\" is missing"},
		{"{\"architecture\":\"a\\nb\",\"os\":\"linux\"," ROOTFS "}", "\"architecture\" must be"},
		{"{\"architecture\":\"0123456789012345678901234567890123456789\",\"os\":\"linux\"," ROOTFS "}",
		 "\"architecture\" must be"},
		{"{" PLATFORM "}", "\"rootfs\""},
		{"{" PLATFORM ",\"rootfs\":{\"type\":\"tree\",\"diff_ids\":[]}}", "\"rootfs\""},
		{"{" PLATFORM ",\"rootfs\":{\"type\":\"layers\"}}", "\"diff_ids\" must be"},
		{"{" PLATFORM ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[5]}}", "\"diff_ids\" holds"},
		{"{" PLATFORM ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" HEX_A "\"]}}", "\"diff_ids\" holds"},
		{"{" PLATFORM ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX_A "a\"]}}",
		 "\"diff_ids\" holds"},
		{"{" PLATFORM ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha512:" HEX_A HEX_A "\"]}}",
		 "\"diff_ids\" holds"},
		{IMAGE("5"), "\"config\" must be"},
		{IMAGE("{\"Env\":\"A=1\"}"), "\"Env\" must be a list"},
		{IMAGE("{\"Env\":[5]}"), "\"Env\" holds something"},
		{IMAGE("{\"Env\":[\"A=1\",\"B\\nC=1\",\"D=1\"]}"), "\"Env\" holds a name"},
		{IMAGE("{\"Env\":[\"A=\\u0000\"]}"), "NUL"},
		{IMAGE("{\"Cmd\":{}}"), "\"Cmd\" must be a list"},
		{IMAGE("{\"Entrypoint\":[[]]}"), "\"Entrypoint\" holds"},
		{IMAGE("{\"WorkingDir\":\"/a\\nb\"}"), "\"WorkingDir\" has a control"},
		{IMAGE("{\"WorkingDir\":5}"), "\"WorkingDir\" must be a string"},
		{IMAGE("{\"User\":\"a\\u007f\"}"), "\"User\" has a control"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		refused(cases[i].text, cases[i].says);
}

/* An image whose member is a list of n times the item. */
static void refused_list(const char *member, const char *item, int n, const char *sentence)
{
	auto_buf text = {0};

	buf_addf(&text, "{" PLATFORM "," ROOTFS ",\"config\":{\"%s\":[", member);
	for (int i = 0; i < n; i++)
		buf_addf(&text, "%s\"%s\"", i ? "," : "", item);
	buf_adds(&text, "]}}");
	refused(buf_cstr(&text), sentence);
}

static void lists_have_limits(void **state UNUSED)
{
	char item[1025], user[300];
	auto_buf text = {0};

	refused_list("Cmd", "", OCI_WORDS_MAX + 1, "at most 4096");
	memset(item, 'x', sizeof(item) - 1);
	item[sizeof(item) - 1] = '\0';
	refused_list("Env", item, 129, "128 KiB");
	memset(user, 'u', sizeof(user) - 1);
	user[sizeof(user) - 1] = '\0';
	buf_addf(&text, IMAGE("{\"User\":\"%s\"}"), user);
	refused(buf_cstr(&text), "\"User\" is too long");
}

/* Through our own JSON and back. */
static void assert_survives(const struct oci_config *c)
{
	auto_oci_config back = {0};
	auto_buf text = {0}, again = {0};
	struct err e = {0};

	oci_config_write(c, &text);
	struct oci_text t = {buf_cstr(&text), text.len, "our file"};
	assert_ok(oci_config_read_own(&t, &back, &e), &e);
	oci_config_write(&back, &again);
	assert_string_equal(buf_cstr(&text), buf_cstr(&again));
	assert_words(&back.env, (const char *const *)c->env.word, c->env.n);
	assert_words(&back.cmd, (const char *const *)c->cmd.word, c->cmd.n);
}

static void what_is_kept_comes_back(void **state UNUSED)
{
	auto_oci_config full =
		parsed(IMAGE("{\"Env\":[\"A=\\n\\u001b\\\"\\\\\",\"B=\xc3\xa4\"],\"WorkingDir\":\"/x\",\"User\":\"0\","
			     "\"Entrypoint\":[\"/e\"],\"Cmd\":[\"a\",\"\"]}"));
	auto_oci_config empty = parsed(IMAGE("{}"));
	auto_buf text = {0};

	assert_survives(&full);
	assert_survives(&empty);
	oci_config_write(&full, &text);
	assert_string_equal(buf_cstr(&text),
			    "{\"env\":[\"A=\\n\\u001b\\\"\\\\\",\"B=\xc3\xa4\"],\"workdir\":\"/x\",\"user\":\"0\","
			    "\"entrypoint\":[\"/e\"],\"cmd\":[\"a\",\"\"]}");
}

static void the_largest_comes_back(void **state UNUSED)
{
	auto_buf text = {0};

	/* Every byte is one that is written as six. */
	buf_adds(&text, "{" PLATFORM "," ROOTFS ",\"config\":{\"Cmd\":[");
	for (int i = 0; i < OCI_WORDS_MAX; i++)
		buf_addf(
			&text,
			"%s\"\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f"
			"\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\"",
			i ? "," : "");
	buf_adds(&text, "]}}");
	auto_oci_config c = parsed(buf_cstr(&text));
	assert_int_equal(c.cmd.n, OCI_WORDS_MAX);
	assert_survives(&c);
}

/* What is kept is read again, and by the limit of what is said. */
static void a_working_directory_has_a_limit(void **state UNUSED)
{
	char said[OCI_PATH_MAX + 1];

	memset(said, 'a', OCI_PATH_MAX);
	said[OCI_PATH_MAX] = '\0';
	auto_free char *relative = xasprintf(IMAGE("{\"WorkingDir\":\"%s\"}"), said);
	struct oci_text t = text_of(relative);
	struct oci_config c;
	struct err e = {0};

	assert_err(oci_config_parse(&t, &c, &e), &e, ERR_PROTO);
	said[0] = '/';
	auto_free char *absolute = xasprintf(IMAGE("{\"WorkingDir\":\"%s\"}"), said);
	auto_oci_config longest = parsed(absolute);
	assert_string_equal(longest.workdir, said);
	assert_survives(&longest);
}

static void a_damaged_file_of_ours_is_said_to_be_ours(void **state UNUSED)
{
	static const char *const bad[] = {"", "{\"env\":5}", "{\"workdir\":5}", "{\"env\":[\"A\\u0001=\"]}"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct oci_text t = text_of(bad[i]);
		struct oci_config c;
		struct err e = {0};

		assert_err(oci_config_read_own(&t, &c, &e), &e, ERR_CORRUPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_is_read),
		cmocka_unit_test(what_is_not_said_is_empty),
		cmocka_unit_test(a_working_directory_begins_at_the_root),
		cmocka_unit_test(environment_entries_that_are_none_are_dropped),
		cmocka_unit_test(a_wrong_configuration_is_refused),
		cmocka_unit_test(lists_have_limits),
		cmocka_unit_test(what_is_kept_comes_back),
		cmocka_unit_test(the_largest_comes_back),
		cmocka_unit_test(a_working_directory_has_a_limit),
		cmocka_unit_test(a_damaged_file_of_ours_is_said_to_be_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
