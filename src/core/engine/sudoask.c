/* SPDX-License-Identifier: MIT */
/*
 * See sudoask.h. An entry of the list is "    (ALL : ALL) NOPASSWD: /bin/a, PASSWD: /bin/b": a tag holds until the next of its kind.
 */
#include "core/engine/sudoask.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/spawn.h"

#include <fnmatch.h>
#include <string.h>

#define ASK_MS 2500 /* each of two questions */
#define LIST_MAX 65536

/* Where sudo is built to look for one. */
static bool has_mailer(void)
{
	static const char *const paths[] = {"/usr/sbin/sendmail", "/usr/bin/sendmail", "/usr/lib/sendmail"};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (fs_exists(paths[i]))
			return true;
	return false;
}

/* COLUMNS: it breaks its lines for a terminal where it sees none. */
static int ask(struct op *op, const char *const *argv, struct buf *out, struct err *e)
{
	static const char *const env[] = {"LC_ALL=C", "COLUMNS=100000", NULL};
	const struct spawn_run_args a = {.argv = argv, .env = env, .max_output = LIST_MAX};
	int64_t old = op_limit(op, ASK_MS);
	int rc = spawn_run(op, &a, out, e);

	op_restore(op, old);
	return rc;
}

enum sudo_word sudoask_look(struct op *op, const char *program, char *words, size_t size)
{
	const char *const about[] = {"sudo", "-n", "-l", "--", program, NULL};
	const char *const all[] = {"sudo", "-n", "-l", NULL};
	auto_buf list = {0};
	struct err e = {0};

	str_copy(words, size, "");
	if (has_mailer())
		return SUDOASK_NOT_ASKED;
	if (ask(op, about, NULL, &e) < 0) {
		str_copy(words, size, e.msg);
		return e.code == ERR_TOOL ? SUDOASK_NO : SUDOASK_NOT_ASKED;
	}
	if (ask(op, all, &list, NULL) < 0)
		return SUDOASK_NOT_ASKED;
	return sudoask_is_free(buf_cstr(&list), program) ? SUDOASK_FREE : SUDOASK_PASSWORD;
}

/* ---- the list ---- */

/* A path, a pattern, a directory with its slash, or ALL. */
static bool fits(const char *entry, const char *program)
{
	size_t n = strlen(entry);

	if (strcmp(entry, "ALL") == 0 || fnmatch(entry, program, FNM_PATHNAME) == 0)
		return true;
	return n > 0 && entry[n - 1] == '/' && strncmp(entry, program, n) == 0 && !strchr(program + n, '/');
}

/* Its tags, which it loses; what they say of a password. */
static char *take_tags(char *item, bool *free_of_it)
{
	for (;;) {
		item += strspn(item, " \t");
		size_t n = strspn(item, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
		if (n == 0 || item[n] != ':')
			return item;
		if (strncmp(item, "NOPASSWD:", n + 1) == 0)
			*free_of_it = true;
		else if (strncmp(item, "PASSWD:", n + 1) == 0)
			*free_of_it = false;
		item += n + 1;
	}
}

/* What this line says of it, if anything. */
static void read_entry(char *line, const char *program, bool by_default, bool *ret)
{
	char *users = line + strspn(line, " \t"), *items = strchr(users, ')'), *rest = NULL;
	bool is_free = by_default;

	if (users == line || *users != '(' || !items)
		return;
	*items++ = '\0';
	char *users_end = strchr(users, ':'); /* groups follow */
	if (users_end)
		*users_end = '\0';
	if (!strstr(users, "ALL") && !strstr(users, "root"))
		return;
	for (char *item = strtok_r(items, ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
		item = take_tags(item, &is_free);
		if (item[0] == '!' ? fits(item + 1, program) : fits(item, program))
			*ret = item[0] != '!' && is_free;
	}
}

bool sudoask_is_free(const char *list, const char *program)
{
	auto_free char *copy = xstrdup(list);
	bool by_default = strstr(list, "!authenticate") != NULL, is_free = false;
	char *rest = NULL;

	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		read_entry(line, program, by_default, &is_free);
	return is_free;
}
