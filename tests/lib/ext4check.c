/* SPDX-License-Identifier: MIT */
/*
 * e2fsck and debugfs, run on images the tests have made.
 */
#include "tests/lib/ext4check.h"
#include "tests/lib/test.h"

#include "base/op.h"
#include "base/spawn.h"

#include <unistd.h>

static const char *sbin(const char *usr, const char *plain)
{
	return access(usr, X_OK) == 0 ? usr : plain;
}

static int run(const char *const *argv, struct buf *out, struct err *e)
{
	struct spawn_run_args a = {.argv = argv, .max_output = (size_t)64 << 20};
	struct op op;
	int rc;

	op_init(&op, 120000);
	rc = spawn_run(&op, &a, out, e);
	op_done(&op);
	return rc;
}

void ext4check_clean(const char *image)
{
	const char *argv[] = {sbin("/usr/sbin/e2fsck", "e2fsck"), "-fn", image, NULL};
	struct err e = {0};
	auto_buf out = {0};

	if (run(argv, &out, &e) < 0)
		fail_msg("e2fsck %s: %s\n%s", image, e.msg, buf_cstr(&out));
}

char *ext4check_debugfs(const char *image, const char *request)
{
	const char *argv[] = {sbin("/usr/sbin/debugfs", "debugfs"), "-R", request, image, NULL};
	struct err e = {0};
	struct buf out = {0};

	assert_ok(run(argv, &out, &e), &e);
	return buf_take(&out);
}

void ext4check_has(const char *image, const char *request, ...)
{
	auto_free char *got = ext4check_debugfs(image, request);
	const char *want;
	va_list ap;

	va_start(ap, request);
	while ((want = va_arg(ap, const char *)))
		if (!strstr(got, want))
			fail_msg("debugfs %s: '%s' not in:\n%s", request, want, got);
	va_end(ap);
}
