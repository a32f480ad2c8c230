/* SPDX-License-Identifier: MIT */
/*
 * See fake_dirs.h. Entries of a directory stand in the order the engine would tell them in.
 */
#include "fake_dirs.h"

#include "base/mem.h"
#include "base/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HOUR_MS 3600000LL
#define DAY_MS (24 * HOUR_MS)
#define MIB ((uint64_t)1 << 20)

static const struct {
	const char *dir;
	struct dir_entry e; /* changed_ms: how long ago */
} tree[] = {
	{"/", {"etc", DIR_FOLDER, false, 0, 90 * DAY_MS}},
	{"/", {"home", DIR_FOLDER, false, 0, 90 * DAY_MS}},
	{"/", {"tmp", DIR_FOLDER, false, 0, HOUR_MS}},
	{"/home", {"me", DIR_FOLDER, false, 0, 2 * DAY_MS}},
	{"/home", {"root", DIR_FOLDER, false, 0, 90 * DAY_MS}},
	{"/home/me", {".cache", DIR_FOLDER, false, 0, DAY_MS}},
	{"/home/me", {"images", DIR_FOLDER, false, 0, 2 * HOUR_MS}},
	{"/home/me", {"src", DIR_FOLDER, true, 0, 9 * DAY_MS}},
	{"/home/me", {".bashrc", DIR_FILE, false, 3526, 90 * DAY_MS}},
	{"/home/me", {"debian-12.5.tar.gz", DIR_FILE, false, 347 * MIB, 2 * HOUR_MS}},
	{"/home/me", {"latest.tar", DIR_FILE, true, 12 * MIB, 4 * DAY_MS}},
	{"/home/me", {"notes.txt", DIR_FILE, false, 1234, HOUR_MS / 30}},
	{"/home/me", {"old.img", DIR_BROKEN, true, 0, 400 * DAY_MS}},
	{"/home/me", {"queue", DIR_OTHER, false, 0, DAY_MS}},
	{"/home/me", {"tiny.ext4", DIR_FILE, false, 16 * MIB, 30 * DAY_MS}},
	{"/home/me/images", {"alpine-root.tar.zst", DIR_FILE, false, 5 * MIB, 3 * DAY_MS}},
	{"/home/me/images", {"ev\033[31mil\xff.tar", DIR_FILE, false, 5 * MIB, 3 * DAY_MS}},
	{"/home/me/images", {"web root.tar", DIR_FILE, false, 88 * MIB, DAY_MS}},
};

static bool is_dir(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(tree); i++)
		if (!strcmp(tree[i].dir, path))
			return true;
	return !strcmp(path, "/home/me/src"); /* an empty one */
}

static bool is_file(const char *dir, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(tree); i++)
		if (!strcmp(tree[i].dir, dir) && !strcmp(tree[i].e.name, name))
			return tree[i].e.kind == DIR_FILE;
	return false;
}

static void tell_entries(struct fake *f, uint64_t job, const char *path, int64_t now_ms)
{
	for (size_t i = 0; i < ARRAY_LEN(tree); i++) {
		struct event ev = {.kind = EV_DIR, .dir = {.job = job, .part = DIR_ENTRIES, .n = 1}};

		if (strcmp(tree[i].dir, path) != 0)
			continue;
		ev.dir.entries[0] = tree[i].e;
		ev.dir.entries[0].changed_ms = now_ms - tree[i].e.changed_ms;
		fake_push(f, &ev);
	}
}

void fake_dirs_tell(struct fake *f, uint64_t job, const char *path, int64_t now_ms)
{
	struct event head = {.kind = EV_DIR, .dir = {.job = job, .part = DIR_HEAD}};
	struct event end = {.kind = EV_DIR, .dir = {.job = job, .part = DIR_END}};
	char *dir = head.dir.path, *slash;

	if (path[0] == '/')
		str_copy(dir, sizeof(head.dir.path), path);
	else
		snprintf(dir, sizeof(head.dir.path), "/home/me/%s", path + (path[0] == '~'));
	slash = strrchr(path_tidy(dir), '/');
	*slash = 0;
	if (slash > dir && is_file(dir, slash + 1))
		str_copy(head.dir.name, sizeof(head.dir.name), slash + 1);
	else
		*slash = '/';
	fake_push(f, &head);
	if (!strcmp(dir, "/home/root"))
		err_sys(&end.dir.err, EACCES, "%s cannot be read", dir);
	else if (!is_dir(dir))
		err_sys(&end.dir.err, ENOENT, "%s cannot be read", dir);
	else
		tell_entries(f, job, dir, now_ms);
	fake_push(f, &end);
}
