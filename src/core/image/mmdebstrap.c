/* SPDX-License-Identifier: MIT */
/*
 * Driving mmdebstrap: which mode, which arguments, and what its lines on stderr mean.
 *
 * The tar comes on its stdout, so the file is made and opened by us; everything temporary goes into one scratch directory
 * (other users' ids must be able to walk through it: apt's sandbox user, or our subordinate ids). It runs in
 * its own process group; being cancelled, the group gets SIGTERM, which makes mmdebstrap clean up, then SIGKILL. In mode
 * "unshare" nothing can survive that: its processes live in a pid namespace whose first process is in the group.
 *
 * Its messages are parsed for stages only and never decide success: the exit status does.
 */
#include "core/image/mmdebstrap.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/utf8.h"
#include "core/image/scratch.h"
#include "core/image/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LINE_MAX_BYTES 4096
#define TICK_MS 200
#define ARGS_MAX 16
#define CAP_SYS_ADMIN_BIT 21 /* linux/capability.h */

/* What mmdebstrap's "I:" lines announce. */
enum phase { PHASE_OTHER, PHASE_DOWNLOAD, PHASE_TAR };

static const struct stage_line {
	const char *starts; /* behind "I: " */
	const char *name;
	enum phase phase;
} stage_lines[] = {
	{"running apt-get update", N_("read package lists"), PHASE_OTHER},
	{"downloading packages", N_("download packages"), PHASE_DOWNLOAD},
	{"extracting archives", N_("unpack packages"), PHASE_OTHER},
	{"installing essential", N_("install packages"), PHASE_OTHER},
	{"installing remaining", N_("install packages"), PHASE_OTHER},
	{"cleaning package lists", N_("clean up"), PHASE_OTHER},
	{"creating tarball", N_("write archive"), PHASE_TAR},
	{"removing tempdir", N_("clean up"), PHASE_OTHER},
};

struct run {
	struct op *op;
	struct scratch scratch;
	const char *mode;
	struct buf line;     /* of stderr, not yet ended */
	char complaint[400]; /* the first error apt or mmdebstrap reported */
	char last[400];
	enum phase phase;
	int out_fd;
	off_t out_start;
};

static bool have_tool(const char *name)
{
	const char *path = getenv("PATH");
	auto_free char *dirs = xstrdup(path ? path : "/usr/bin:/bin");
	char *rest = dirs, *dir;

	while ((dir = strsep(&rest, ":"))) {
		auto_free char *file = xasprintf("%s/%s", *dir ? dir : ".", name);

		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

/* Lines are "name-or-uid:start:count", subuid(5). */
static bool lists_us(const char *path)
{
	struct passwd *pw = getpwuid(geteuid());
	auto_free char *uid = xasprintf("%u:", (unsigned int)geteuid());
	auto_free char *name = xasprintf("%s:", pw ? pw->pw_name : "");
	auto_buf text = {0};

	if (fs_read_file(path, (size_t)1 << 20, &text, NULL) < 0)
		return false;
	for (const char *line = buf_cstr(&text); *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, uid, strlen(uid)) == 0 || (pw && strncmp(line, name, strlen(name)) == 0))
			return true;
	return false;
}

static bool read_has(const char *path, const char *text)
{
	auto_buf content = {0};

	return fs_read_file(path, 65536, &content, NULL) == 0 && strstr(buf_cstr(&content), text);
}

static bool have_sys_admin(void)
{
	auto_buf status = {0};
	const char *line;

	if (fs_read_file("/proc/self/status", 65536, &status, NULL) < 0)
		return false;
	line = strstr(buf_cstr(&status), "CapEff:");
	return line && (strtoull(line + 7, NULL, 16) >> CAP_SYS_ADMIN_BIT & 1);
}

void mmdebstrap_probe(struct mmdebstrap_host *ret)
{
	*ret = (struct mmdebstrap_host){
		.root = geteuid() == 0,
		.can_unshare = have_sys_admin(),
		.has_newuidmap = have_tool("newuidmap") && have_tool("newgidmap"),
		.has_subids = lists_us("/etc/subuid") && lists_us("/etc/subgid") &&
			      !read_has("/proc/sys/kernel/unprivileged_userns_clone", "0"),
		.has_fakechroot = have_tool("fakechroot") && have_tool("fakeroot"),
	};
}

const char *mmdebstrap_mode(const struct mmdebstrap_host *h, enum mmdebstrap_use use, struct err *e)
{
	if (use == MMDEBSTRAP_EXTRACT)
		return "chrootless";
	if (h->root)
		return h->can_unshare ? "unshare" : "root";
	if (h->has_newuidmap && h->has_subids)
		return "unshare";
	if (h->has_fakechroot)
		return "fakechroot";
	err_set(e, ERR_MISSING, _("an ordinary user cannot make a Debian root file system on this host yet"));
	if (!h->has_newuidmap)
		err_hint(e, _("Install the package uidmap (or fakechroot), or run as root."));
	else
		err_hint(e, _("Give your user a range of subordinate ids (usermod --add-subuids 100000-165535 "
			      "--add-subgids 100000-165535 USER), install fakechroot, or run as root."));
	return NULL;
}

/* mmdebstrap removes its own files, also when it is terminated; this is for what a SIGKILL left. */
static void run_done(struct run *r)
{
	buf_done(&r->line);
	scratch_end(r->op, &r->scratch);
}

/* Writes the sources for mmdebstrap to read; empty `ret` when there are none to hand over. */
static int write_sources(const struct run *r, const struct mmdebstrap_args *a, char ret[PATHS_MAX], struct err *e)
{
	auto_buf text = {0};

	ret[0] = '\0';
	if (sources_collect(a->apt_dir ? a->apt_dir : "/etc/apt", a->suite, catalog_arch(), &text, e) < 0)
		return -1;
	if (text.len == 0)
		return 0;
	path_join(ret, PATHS_MAX, r->scratch.dir, "debian.sources");
	return fs_write_atomic(ret, text.data, text.len, 0644, e);
}

static char *join_packages(const struct mmdebstrap_args *a)
{
	struct buf b = {0};

	buf_adds(&b, "--include=");
	for (size_t i = 0; i < a->n_packages; i++)
		buf_addf(&b, "%s%s", i ? "," : "", a->packages[i]);
	return buf_take(&b);
}

/* "I: …" tells the stage, "E: …" and "W: …" what went wrong. mmdebstrap's own last words only repeat that something did. */
static void take_line(struct run *r, const char *raw)
{
	static const char *const empty_words[] = {"mmdebstrap failed", "apt-get ", "apt download failed",
						  "setup failed", "Sub-process"};
	auto_buf clean = {0};
	const char *line;

	utf8_clean(&clean, raw, strlen(raw), false);
	line = buf_cstr(&clean);
	if (strncmp(line, "I: ", 3) == 0) {
		for (size_t i = 0; i < ARRAY_LEN(stage_lines); i++) {
			if (strncmp(line + 3, stage_lines[i].starts, strlen(stage_lines[i].starts)) != 0)
				continue;
			r->phase = stage_lines[i].phase;
			op_stage(r->op, stage_lines[i].name);
		}
		return;
	}
	if (*line)
		str_copy(r->last, sizeof(r->last), line);
	if (strncmp(line, "E: ", 3) != 0 || r->complaint[0])
		return;
	for (size_t i = 0; i < ARRAY_LEN(empty_words); i++)
		if (strncmp(line + 3, empty_words[i], strlen(empty_words[i])) == 0)
			return;
	str_copy(r->complaint, sizeof(r->complaint), line + 3);
}

static void take_bytes(struct run *r, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (data[i] == '\n' || data[i] == '\r') {
			take_line(r, buf_cstr(&r->line));
			buf_reset(&r->line);
		} else if (r->line.len < LINE_MAX_BYTES) {
			buf_addc(&r->line, data[i]);
		}
	}
}

/* Bytes of the packages fetched so far; those in the making lie in a directory only apt may read. */
static int64_t downloaded(const struct run *r)
{
	int64_t sum = 0;
	DIR *top = opendir(r->scratch.dir);
	struct dirent *de;

	while (top && (de = readdir(top))) {
		auto_free char *path = xasprintf("%s/%s/var/cache/apt/archives", r->scratch.dir, de->d_name);
		DIR *d = strncmp(de->d_name, "mmdebstrap.", 11) == 0 ? opendir(path) : NULL;
		struct dirent *deb;
		struct stat st;

		while (d && (deb = readdir(d)))
			if (strstr(deb->d_name, ".deb") &&
			    fstatat(dirfd(d), deb->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
				sum += st.st_size;
		if (d)
			closedir(d);
	}
	if (top)
		closedir(top);
	return sum;
}

static void tick(struct run *r)
{
	struct stat st;

	if (r->phase == PHASE_DOWNLOAD)
		op_progress(r->op, downloaded(r), -1);
	else if (r->phase == PHASE_TAR && fstat(r->out_fd, &st) == 0)
		op_progress(r->op, st.st_size - r->out_start, -1);
}

/* Reads stderr until it ends: every process that could write there is gone then. -1 when the op ended first. */
static int follow(struct run *r, int fd, struct err *e)
{
	for (;;) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		int rc = op_poll(r->op, &pfd, 1, TICK_MS, e);
		char piece[4096];
		ssize_t n;

		if (rc < 0)
			return -1;
		tick(r);
		if (rc == 0)
			continue;
		n = read(fd, piece, sizeof(piece));
		if (n == 0)
			return 0;
		if (n > 0)
			take_bytes(r, piece, (size_t)n);
		else if (errno != EINTR && errno != EAGAIN)
			return err_sys(e, errno, _("cannot read from mmdebstrap"));
	}
}

static int fail(const struct run *r, const struct proc_status *st, struct err *e)
{
	const char *why = r->complaint[0] ? r->complaint : r->last;

	if (strstr(why, "Could not resolve") || strstr(why, "onnection failed") || strstr(why, "Could not connect") ||
	    strstr(why, "Unable to connect")) {
		err_set(e, ERR_NET, "mmdebstrap: %s", why);
		return err_hint(e, _("Check the network and the apt sources of this host."));
	}
	if (strstr(why, "No space left on device"))
		return err_set(e, ERR_SPACE, "mmdebstrap: %s", why);
	if (st->exited)
		return err_set(e, ERR_TOOL, _("mmdebstrap failed (exit %d): %s"), st->code, why);
	return err_set(e, ERR_TOOL, _("mmdebstrap was killed by signal %d: %s"), st->signo, why);
}

/* The one way out waits for the process in any case: after a cancel that is what ends it. */
static int drive(struct run *r, const struct spawn_args *sa, int err_fd, int *write_end, struct err *e)
{
	auto_call(proc_done) struct proc p = {.pidfd = -1};
	struct proc_status st = {0};
	struct err ignored = {0};
	int rc;

	if (spawn_start(sa, &p, e) < 0) {
		if (e && e->code == ERR_MISSING)
			err_hint(e, _("Install the package mmdebstrap."));
		return -1;
	}
	if (scratch_set_tool(&r->scratch, &p, e) < 0) {
		proc_kill(r->op, &p);
		return -1;
	}
	fd_close(write_end); /* ours: the end of stderr is the end of its last writer */
	rc = follow(r, err_fd, e);
	if (proc_wait(r->op, &p, &st, rc < 0 ? &ignored : e) < 0)
		return -1;
	if (rc < 0)
		return -1;
	if (r->line.len > 0)
		take_line(r, buf_cstr(&r->line));
	return st.exited && st.code == 0 ? 0 : fail(r, &st, e);
}

static int start(struct run *r, const struct mmdebstrap_args *a, const char *sources, struct err *e)
{
	/* A link is the image's own: systemd-resolved's, for one. */
	static const char *const no_host_names =
		"--customize-hook=rm -f \"$1/etc/hostname\" \"$1/etc/.resolv.conf.systemd-resolved.bak\"; "
		"[ -L \"$1/etc/resolv.conf\" ] || rm -f \"$1/etc/resolv.conf\"";
	bool extract = a->use == MMDEBSTRAP_EXTRACT;
	auto_free char *mode = xasprintf("--mode=%s", r->mode);
	auto_free char *variant = xasprintf("--variant=%s", extract ? "extract" : a->variant);
	auto_free char *components = xasprintf("--components=%s", a->components);
	auto_free char *include = join_packages(a);
	auto_free char *tmpdir = xasprintf("TMPDIR=%s", r->scratch.dir);
	const char *env[] = {"LC_ALL=C.UTF-8", tmpdir, NULL};
	const char *argv[ARGS_MAX];
	struct spawn_args sa = {.argv = argv, .env = env, .stdin_fd = -1, .stdout_fd = a->out_fd};
	int n = 0, fds[2];
	auto_fd read_end = -1;
	auto_fd write_end = -1;

	argv[n++] = "mmdebstrap";
	argv[n++] = mode;
	argv[n++] = variant;
	argv[n++] = components;
	argv[n++] = "--format=tar";
	if (a->n_packages > 0)
		argv[n++] = include;
	if (!extract)
		argv[n++] = no_host_names;
	argv[n++] = "--";
	argv[n++] = a->suite;
	argv[n++] = "-";
	if (a->mirror || sources[0])
		argv[n++] = a->mirror ? a->mirror : sources;
	argv[n] = NULL;
	if (fd_pipe(fds, e) < 0)
		return -1;
	read_end = fds[0];
	write_end = fds[1];
	sa.stderr_fd = write_end;
	return drive(r, &sa, read_end, &write_end, e);
}

int mmdebstrap_run(struct op *op, const struct mmdebstrap_args *a, struct err *e)
{
	auto_call(run_done) struct run r = {.op = op, .out_fd = a->out_fd, .scratch = SCRATCH_INIT};
	struct mmdebstrap_host host;
	char sources[PATHS_MAX] = "";

	mmdebstrap_probe(&host);
	r.mode = mmdebstrap_mode(&host, a->use, e);
	if (!r.mode || op_check(op, e) < 0 || scratch_begin(SCRATCH_ROOT, 0755, &r.scratch, e) < 0)
		return -1;
	r.out_start = lseek(a->out_fd, 0, SEEK_CUR);
	if (!a->mirror && write_sources(&r, a, sources, e) < 0)
		return -1;
	if (start(&r, a, sources, e) == 0)
		return 0;
	if (a->mirror || sources[0] || !e || (e->code != ERR_TOOL && e->code != ERR_NET))
		return -1;
	err_wrap(e, _("no apt source of this host carries %s, so mmdebstrap's default was asked"), a->suite);
	return err_hint(e, _("add one to the apt sources of this host, or take another image"));
}
