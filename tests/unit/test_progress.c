/* SPDX-License-Identifier: MIT */
/*
 * cli/progress: the moving line, and what of it goes first on a narrow terminal.
 */
#include "tests/lib/test.h"

#include "base/mem.h"

#include "cli/progress.h"

static const struct job sample = {.kind = REQ_IMAGE_PULL,
				  .state = JOB_RUNNING,
				  .target = "debian",
				  .stage = "download",
				  .done = 212 << 20,
				  .total = 347 << 20,
				  .rate = 45 << 20};

static void shows(const struct job *j, int cols, const char *want)
{
	char line[256];

	assert_string_equal(progress_line(j, cols, line, sizeof(line)), want);
}

static void what_is_left_goes_first(void **state UNUSED)
{
	shows(&sample, 80, "pull image debian: download  61%  212M/347M  45M/s  3s left");
	shows(&sample, 55, "pull image debian: download  61%  212M/347M  45M/s");
	shows(&sample, 45, "pull image debian: download  61%  212M/347M");
	shows(&sample, 33, "pull image debian: download  61%");
	shows(&sample, 12, "pull image ");
}

static void of_a_long_name_the_end_is_told(void **state UNUSED)
{
	struct job j = sample;

	str_copy(j.target, sizeof(j.target), "docker.io/library/debian@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	shows(&j, 80, "pull image …9abcdef0123456789abcdef0123456789abcdef: download  61%  212M/347M");
	shows(&j, 120, "pull image …56789abcdef0123456789abcdef0123456789abcdef0123456789abcdef: download  61%  212M/347M  45M/s  3s left");
	shows(&j, 40, "pull image …def0123456789abcdef");
	shows(&j, 20, "pull image ");
}

static void a_stall_is_called_one(void **state UNUSED)
{
	struct job j = sample;

	j.rate = 0;
	shows(&j, 80, "pull image debian: download  61%  212M/347M  stalled");
	j.rate = -1;
	shows(&j, 80, "pull image debian: download  61%  212M/347M");
	j.total = -1;
	shows(&j, 80, "pull image debian: download  212M");
	j.done = -1;
	shows(&j, 80, "pull image debian: download");
}

static void who_waits_says_for_what(void **state UNUSED)
{
	struct job j = {.kind = REQ_VM_STOP, .state = JOB_QUEUED, .target = "web1", .waiting_for = "start web1"};

	j.done = j.total = j.rate = -1;
	shows(&j, 80, "stop web1: waiting for start web1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_goes_first),
		cmocka_unit_test(of_a_long_name_the_end_is_told),
		cmocka_unit_test(a_stall_is_called_one),
		cmocka_unit_test(who_waits_says_for_what),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
