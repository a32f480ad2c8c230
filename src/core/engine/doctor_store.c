/* SPDX-License-Identifier: MIT */
/*
 * What is kept: configuration, store, machines, and the file systems below.
 */
#include "core/engine/doctor_priv.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "core/disk/vmdisk.h"
#include "core/model/size.h"
#include "core/vmm/alive.h"
#include "core/vmm/vmm.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SPACE_WARN ((uint64_t)2 << 30)
#define SPACE_FAIL ((uint64_t)256 << 20)

void doctor_conf(struct doctor *d)
{
	const char *path = d->conf->path;

	if (!err_is_set(&d->no_settings)) {
		doctor_say(d, CHECK_PASS, "%s", path ? path : _("no banger.conf: defaults"));
		return;
	}
	doctor_say(d, CHECK_FAIL, "%s", d->no_settings.msg);
	if (d->no_settings.hint[0])
		doctor_fix(d, "%s", d->no_settings.hint);
	else
		doctor_fix(d, _("correct %s"), path ? path : "banger.conf");
}

void doctor_store(struct doctor *d)
{
	char path[PATHS_MAX];

	path_join(path, sizeof(path), d->paths->state, "state.db");
	if (d->no_look.code == ERR_NOT_FOUND) {
		doctor_say(d, CHECK_PASS, _("none yet; made at the first start"));
	} else if (err_is_set(&d->no_look)) {
		doctor_say(d, CHECK_FAIL, "%s", d->no_look.msg);
		doctor_fix(d, _("put a copy back, or begin a new one: mv %s %s.damaged (the machines' disks stay)"), path, path);
	} else if (d->look.schema > store_schema_version()) {
		doctor_say(d, CHECK_WARN, _("made by a newer banger-tui (schema %d, this one knows %d): read only"), d->look.schema,
			   store_schema_version());
		doctor_fix(d, "%s", _("use the newer program"));
	} else {
		doctor_say(d, CHECK_PASS, _("%s, schema %d"), path, d->look.schema);
	}
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* "89709812ab34 (web1, it runs)": its last start tells its name. */
static void add_lost(struct buf *ret, const char *id, const char *dir, bool runs)
{
	auto_free struct vm_launch *last = xcalloc(1, sizeof(*last));
	bool has_name = vm_launch_load(dir, last, NULL) == 0;

	buf_addf(ret, "%s%s", ret->len ? ", " : "", id);
	if (has_name || runs)
		buf_addf(ret, " (%s%s%s)", has_name ? last->name : "", has_name && runs ? ", " : "", runs ? _("it runs") : "");
}

/* Those with disks that the store does not know. Returns how many there are, and of how many that run. */
static int find_lost(const struct doctor *d, const struct store_look *look, struct buf *ret, int *ret_run)
{
	char vms[PATHS_MAX], dir[PATHS_MAX];
	struct dirent *entry;
	int n = 0;
	DIR *dirs = opendir(path_join(vms, sizeof(vms), d->paths->state, "vms"));

	while (dirs && (entry = readdir(dirs))) {
		const char *id = entry->d_name;
		bool runs = false;

		if (!id_is_valid(id) || !vmdisk_is_any_in(path_join(dir, sizeof(dir), vms, "%s", id)) ||
		    (look->n_vms && bsearch(id, look->vm_ids, (size_t)look->n_vms, sizeof(*look->vm_ids), compare_ids)))
			continue;
		(void)!alive_check(dir, &runs, NULL);
		add_lost(ret, id, dir, runs);
		*ret_run += runs;
		n++;
	}
	if (dirs)
		closedir(dirs);
	return n;
}

void doctor_machines(struct doctor *d)
{
	char path[PATHS_MAX];
	auto_buf lost = {0};
	int run = 0;

	path_join(path, sizeof(path), d->paths->state, "state.db");
	if (err_is_set(&d->no_look) && d->no_look.code != ERR_NOT_FOUND) {
		doctor_say(d, CHECK_WARN, _("unknown, as long as the store cannot be read"));
		doctor_fix(d, _("put a copy of %s back"), path);
	} else if (d->look.schema > store_schema_version()) {
		doctor_say(d, CHECK_PASS, _("those of a newer banger-tui"));
	} else if (find_lost(d, &d->look, &lost, &run) == 0) {
		doctor_say(d, CHECK_PASS, ngettext("%d in the store", "%d in the store", (unsigned)d->look.n_vms), d->look.n_vms);
	} else {
		doctor_say(d, CHECK_WARN, _("with disks here, but not in the store: %s"), buf_cstr(&lost));
		doctor_fix(d, run ? _("put back a copy of %s that knows them; to end one that runs: banger-tui vm kill ID; to give one up then: rm -r %s/vms/ID")
				  : _("put back a copy of %s that knows them; to give one up: rm -r %s/vms/ID"),
			   path, d->paths->state);
	}
}

/* The nearest directory above `path` that exists: where its files will lie. */
static void existing_parent(const char *path, char *ret, size_t size)
{
	str_copy(ret, size, path);
	while (!fs_exists(ret)) {
		char *slash = strrchr(ret, '/');

		if (!slash || slash == ret) {
			str_copy(ret, size, "/");
			return;
		}
		*slash = '\0';
	}
}

void doctor_space(struct doctor *d)
{
	char dir[PATHS_MAX], free_text[SIZE_TEXT];
	uint64_t bytes, total;
	struct err e = {0};

	existing_parent(d->paths->state, dir, sizeof(dir));
	if (access(dir, W_OK | X_OK) < 0) {
		doctor_say(d, CHECK_FAIL, _("cannot write in %s: %s"), dir, strerror(errno));
		doctor_fix(d, "%s", _("make it yours, or set paths { state = \"/elsewhere\" } in banger.conf"));
		return;
	}
	if (fs_space(dir, &bytes, &total, &e) < 0) {
		doctor_say(d, CHECK_FAIL, "%s", e.msg);
		doctor_fix(d, "df -h %s", dir);
		return;
	}
	doctor_say(d, bytes < SPACE_FAIL ? CHECK_FAIL : bytes < SPACE_WARN ? CHECK_WARN : CHECK_PASS, _("%s free for %s"),
	    size_human(bytes, free_text), d->paths->state);
	if (d->line.verdict != CHECK_PASS)
		doctor_fix(d, "%s", _("free space, or set paths { state = \"/elsewhere\" } in banger.conf"));
}

/* Magic numbers from statfs(2): file systems on which locks or WAL do not work between hosts. */
void doctor_filesystem(struct doctor *d)
{
	static const struct {
		long magic;
		const char *name;
	} remote[] = {{0x6969, "NFS"}, {0xff534d42, "CIFS"}, {0xfe534d42, "SMB2"}, {0x65735546, "FUSE"}, {0x01021997, "9p"}};
	char dir[PATHS_MAX];
	struct statfs st;

	existing_parent(d->paths->state, dir, sizeof(dir));
	if (statfs(dir, &st) < 0) {
		doctor_say(d, CHECK_WARN, "%s", err_strerror(errno));
		doctor_fix(d, "stat -f %s", dir);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(remote); i++) {
		if ((unsigned long)st.f_type != (unsigned long)remote[i].magic)
			continue;
		doctor_say(d, CHECK_WARN, _("%s is on %s, where locks and the store's log may not work"), d->paths->state,
			   remote[i].name);
		doctor_fix(d, "%s", _("set paths { state = \"/a/local/directory\" } in banger.conf"));
		return;
	}
	doctor_say(d, CHECK_PASS, _("local"));
}

void doctor_runtime(struct doctor *d)
{
	const char *path = d->paths->runtime, *passed_over = paths_passed_over();
	struct stat st;
	bool made = lstat(path, &st) == 0;

	if (made && (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))) {
		doctor_say(d, CHECK_FAIL, _("%s is not a private directory of yours"), path);
		doctor_fix(d, "ls -ld %s", path);
	} else if (passed_over) {
		doctor_say(d, CHECK_WARN, _("%s, as XDG_RUNTIME_DIR is no directory that you alone write to"), path);
		doctor_fix(d, "ls -ld %s", passed_over);
	} else {
		doctor_say(d, CHECK_PASS, made ? "%s" : _("%s, made at the first start"), path);
	}
}
