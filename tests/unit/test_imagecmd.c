/* SPDX-License-Identifier: MIT */
/*
 * engine/imagecmd: what an image itself would run.
 */
#include "tests/lib/test.h"

#include "base/attrs.h"
#include "base/mem.h"
#include "core/engine/imagecmd.h"

/* One word in, "a b c" out. */
static const char *made(const char *config, const char *const *args)
{
	static char line[512];
	auto_call(imagecmd_done) struct imagecmd c = {0};
	struct err e = {0};

	assert_ok(oci_config_read_own(&(struct oci_text){config, strlen(config), "config"}, &c.config, &e), &e);
	if (imagecmd_words("app", args, &c, &e) < 0) {
		snprintf(line, sizeof(line), "%s", e.msg);
		return line;
	}
	line[0] = '\0';
	for (size_t i = 0; c.argv[i]; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s[%s]", i ? " " : "", c.argv[i]);
	return line;
}

static const char *const args[] = {"-v", "a b", NULL};

static void the_command_follows_the_entry_point(void **state UNUSED)
{
	assert_string_equal(made("{\"entrypoint\":[\"/bin/app\",\"run\"],\"cmd\":[\"--all\"]}", NULL),
			    "[/bin/app] [run] [--all]");
	assert_string_equal(made("{\"cmd\":[\"sh\",\"-c\",\"x y\"]}", NULL), "[sh] [-c] [x y]");
}

static void arguments_take_the_place_of_the_command(void **state UNUSED)
{
	assert_string_equal(made("{\"entrypoint\":[\"/bin/app\"],\"cmd\":[\"--all\"]}", args), "[/bin/app] [-v] [a b]");
	assert_string_equal(made("{\"cmd\":[\"--all\"]}", args), "[-v] [a b]");
	assert_string_equal(made("{}", args), "[-v] [a b]");
}

static void it_runs_as_the_images_user(void **state UNUSED)
{
	assert_string_equal(made("{\"user\":\"node\",\"cmd\":[\"id\"]}", NULL), "[banger-guest] [as] [node] [id]");
	assert_string_equal(made("{\"user\":\"1000:20\",\"cmd\":[\"id\"]}", NULL),
			    "[banger-guest] [as] [1000:20] [id]");
	assert_string_equal(made("{\"user\":\"root\",\"cmd\":[\"id\"]}", NULL), "[id]");
	assert_string_equal(made("{\"user\":\"0\",\"cmd\":[\"id\"]}", NULL), "[id]");
	assert_string_equal(made("{\"user\":\"root:audio\",\"cmd\":[\"id\"]}", NULL), "[banger-guest] [as] [root:audio] [id]");
	assert_string_equal(made("{\"user\":\"root2\",\"cmd\":[\"id\"]}", NULL), "[banger-guest] [as] [root2] [id]");
}

static void an_image_without_a_program_says_so(void **state UNUSED)
{
	assert_string_equal(made("{\"user\":\"node\"}", NULL), "image 'app' names no program of its own");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_command_follows_the_entry_point),
		cmocka_unit_test(arguments_take_the_place_of_the_command),
		cmocka_unit_test(it_runs_as_the_images_user),
		cmocka_unit_test(an_image_without_a_program_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
