/* SPDX-License-Identifier: MIT */
/*
 * The doctor: what this host can do and what would make it do more, each line with the command that mends it.
 *
 * It looks and changes nothing: no directory is created, the store is read through store_inspect(), and KVM is tried in a
 * private temporary directory, with a copy of the cached verdict. One function a check, one row in the table; the same
 * probes serve preflight.
 */
#include "core/engine/engine.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "core/engine/sampler.h"
#include "core/engine/settings.h"
#include "core/engine/vmnames.h"
#include "core/disk/vmdisk.h"
#include "core/image/mmdebstrap.h"
#include "core/image/scratch.h"
#include "core/model/size.h"
#include "core/model/spec.h"
#include "core/net/privnet_probe.h"
#include "core/priv/priv.h"
#include "core/store/db.h"
#include "core/vmm/alive.h"
#include "core/vmm/kvm.h"
#include "core/vmm/vmm.h"
#include "namesrv/namesrv.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SPACE_WARN ((uint64_t)2 << 30)
#define SPACE_FAIL ((uint64_t)256 << 20)
#define FILES_WARN 4096

struct doctor {
	struct op *op;
	const struct paths *paths;
	const struct conf *conf;
	struct scratch scratch; /* dir is empty when there is none */
	struct check_line line;
};

static void say(struct doctor *d, enum check_verdict v, const char *fmt, ...) PRINTF(3, 4);
static void fix(struct doctor *d, const char *fmt, ...) PRINTF(2, 3);

static void say(struct doctor *d, enum check_verdict v, const char *fmt, ...)
{
	va_list ap;

	d->line.verdict = v;
	va_start(ap, fmt);
	vsnprintf(d->line.detail, sizeof(d->line.detail), fmt, ap);
	va_end(ap);
}

static void fix(struct doctor *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->line.fix, sizeof(d->line.fix), fmt, ap);
	va_end(ap);
}

/* The same package under its names for apt, dnf and pacman. */
static void fix_package(struct doctor *d, const char *apt, const char *dnf, const char *pacman)
{
	fix(d, "apt install %s  |  dnf install %s  |  pacman -S %s", apt, dnf, pacman);
}

static void check_architecture(struct doctor *d)
{
	struct utsname u;

	if (uname(&u) < 0)
		say(d, CHECK_FAIL, "%s", err_strerror(errno));
	else if (strcmp(u.machine, "x86_64") == 0)
		say(d, CHECK_PASS, "%s, Linux %s", u.machine, u.release);
	else
		say(d, CHECK_FAIL, _("%s is not supported; x86_64 is"), u.machine);
}

static void check_qemu(struct doctor *d)
{
	const char *path = d->conf->paths.qemu;
	struct vmm_info info;
	struct err e = {0};

	if (vmm_find(VMM_QEMU)->probe(d->op, path ? path : "", &info, &e) == 0) {
		say(d, CHECK_PASS, "%s %s", info.path, info.version);
		return;
	}
	say(d, CHECK_FAIL, "%s", e.msg);
	fix_package(d, "qemu-system-x86", "qemu-system-x86-core", "qemu-system-x86");
}

/* Nothing needs it: a host without is a healthy one. */
static void check_firecracker(struct doctor *d)
{
	const char *path = d->conf->paths.firecracker;
	struct vmm_info info = {0};
	struct err e = {0};

	if (vmm_find(VMM_FIRECRACKER)->probe(d->op, path ? path : "", &info, &e) == 0) {
		say(d, CHECK_PASS, _("%s %s, for machines with KVM and a network of their own"), info.path, info.version);
		return;
	}
	say(d, info.version[0] || path ? CHECK_WARN : CHECK_PASS, _("%s; QEMU runs all machines"), e.msg);
	fix(d, "%s", e.hint);
}

/* A copy of the cached verdict, so that trying again is not needed and nothing is written where the cache is. */
static void copy_verdict(struct doctor *d)
{
	char from[PATHS_MAX], to[PATHS_MAX];
	auto_buf text = {0};

	path_join(from, sizeof(from), d->paths->cache, "kvm-probe.json");
	path_join(to, sizeof(to), d->scratch.dir, "kvm-probe.json");
	if (fs_read_file(from, 65536, &text, NULL) == 0 && fs_write_atomic(to, text.data, text.len, 0600, NULL) < 0)
		return;
}

static void check_kvm(struct doctor *d)
{
	struct kvm_verdict v = {0};
	struct err e = {0};

	copy_verdict(d);
	if (!d->scratch.dir[0] || kvm_probe(d->op, d->scratch.dir, d->conf->paths.qemu, &v, &e) < 0) {
		say(d, CHECK_WARN, "%s", d->scratch.dir[0] ? e.msg : _("no temporary directory to try it in"));
		return;
	}
	say(d, v.works ? CHECK_PASS : CHECK_WARN, "%s%s", v.why,
	    v.works ? "" : _("; machines run under emulation, about ten times slower and no security boundary"));
	if (!v.works && access("/dev/kvm", F_OK) == 0 && access("/dev/kvm", R_OK | W_OK) < 0)
		fix(d, "sudo usermod -aG kvm $USER   # %s", _("then log in again"));
	else if (!v.works)
		fix(d, "%s", _("enable virtualisation in the firmware, or nested virtualisation for this host"));
}

/* Tried where nothing of ours is left behind, and without the cached verdict: the doctor is asked about now. */
static void check_private(struct doctor *d)
{
	struct privnet_verdict v = {0};
	struct err e = {0};

	if (!d->scratch.dir[0] || privnet_probe(d->op, NULL, d->scratch.dir, &v, &e) < 0) {
		say(d, CHECK_WARN, "%s", d->scratch.dir[0] ? e.msg : _("no temporary directory to try it in"));
		return;
	}
	say(d, v.works ? CHECK_PASS : CHECK_WARN, "%s%s", v.why,
	    v.works ? "" : _("; machines get a user network, and reach this host's loopback through 10.0.2.2"));
	fix(d, "%s", v.mend);
}

/* Is a program on PATH, or where mke2fs lives without it? */
static bool has_program(const char *name)
{
	static const char *const more[] = {"/usr/sbin", "/sbin", "/usr/local/sbin"};
	const char *set = getenv("PATH");
	auto_free char *path = xstrdup(set ? set : "/usr/bin:/bin");
	char *save = NULL, file[PATHS_MAX];

	for (char *dir = strtok_r(path, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		snprintf(file, sizeof(file), "%s/%s", dir, name);
		if (access(file, X_OK) == 0)
			return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		snprintf(file, sizeof(file), "%s/%s", more[i], name);
		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

static void check_program(struct doctor *d, const char *name, enum check_verdict missing, const char *what_for,
			  const char *const packages[3])
{
	if (has_program(name)) {
		say(d, CHECK_PASS, _("found"));
		return;
	}
	say(d, missing, _("%s is missing: %s"), name, what_for);
	fix_package(d, packages[0], packages[1], packages[2]);
}

static void check_mmdebstrap(struct doctor *d)
{
	static const char *const packages[] = {"mmdebstrap", "mmdebstrap", "mmdebstrap"};

	check_program(d, "mmdebstrap", CHECK_FAIL, _("kernel, boot kit and Debian images come through it"), packages);
}

static void check_mke2fs(struct doctor *d)
{
	static const char *const packages[] = {"e2fsprogs", "e2fsprogs", "e2fsprogs"};

	check_program(d, "mke2fs", CHECK_FAIL, _("disks are formatted by it"), packages);
}

static void check_uidmap(struct doctor *d)
{
	struct mmdebstrap_host host;
	struct err e = {0};

	mmdebstrap_probe(&host);
	if (host.root) {
		say(d, CHECK_PASS, _("not needed as root"));
	} else if (mmdebstrap_mode(&host, MMDEBSTRAP_CONFIGURE, &e)) {
		say(d, CHECK_PASS, host.has_newuidmap && host.has_subids ? _("found, with a range of subordinate ids") : _("fakechroot instead"));
	} else {
		say(d, CHECK_WARN, "%s", e.msg);
		if (host.has_newuidmap)
			fix(d, "%s", e.hint);
		else
			fix_package(d, "uidmap", "shadow-utils", "shadow");
	}
}

static void check_depmod(struct doctor *d)
{
	static const char *const packages[] = {"kmod", "kmod", "kmod"};

	check_program(d, "depmod", CHECK_FAIL, _("kernel modules are indexed by it"), packages);
}

static void check_ssh(struct doctor *d)
{
	static const char *const packages[] = {"openssh-client", "openssh-clients", "openssh"};

	check_program(d, "ssh", CHECK_WARN, _("only needed to log in from other shells"), packages);
}

/* Only bridged machines and dm-snapshot disks need it. */
static void check_helper(struct doctor *d)
{
	struct priv_outlook o;

	priv_look(NULL, &o);
	say(d, o.way == PRIV_WAY_NONE || o.asks ? CHECK_WARN : CHECK_PASS, _("for bridged machines and dm-snapshot disks: %s"), o.why);
	if (!o.helper[0] || (o.asks && !o.trusted))
		fix(d, "%s", _("make install, as root"));
	else if (o.way == PRIV_WAY_NONE)
		fix(d, "%s", _("install sudo"));
	else if (o.asks)
		fix(d, "%s", _("let sudo start it without a password, or run banger-tui as root"));
}

/* Only bridged machines have names for every program. Which resolver the host has, and whether our port is free (proc(5): the
 * address in hex, as the processor has it). */
static void check_names(struct doctor *d)
{
	auto_buf udp = {0};
	char port[32];

	snprintf(port, sizeof(port), " %08X:%04X ", htonl(INADDR_LOOPBACK), NAMESRV_PORT);
	if (fs_read_file("/proc/net/udp", 4 << 20, &udp, NULL) == 0 && strstr(buf_cstr(&udp), port) && !vmnames_is_served(d->paths)) {
		say(d, CHECK_WARN, _("port %d of 127.0.0.1 is somebody else's: bridged machines have no names"), NAMESRV_PORT);
		fix(d, "ss -lunp sport = :%d", NAMESRV_PORT);
	} else if (!fs_exists("/run/systemd/resolve")) {
		say(d, CHECK_WARN, _("no systemd-resolved: NAME.vm of bridged machines is known to guests, and here to ssh by ssh-config alone"));
		fix(d, _("start systemd-resolved, or ask by hand: dig -p %d @127.0.0.1 NAME.vm"), NAMESRV_PORT);
	} else {
		say(d, CHECK_PASS, _("systemd-resolved is told of bridged machines as NAME.vm"));
	}
}

static void check_ssh_config(struct doctor *d)
{
	struct err e = {0};
	bool installed;

	if (ssh_config_look(d->paths, &installed, &e) < 0) {
		say(d, CHECK_WARN, "%s", e.msg);
		fix(d, "%s", e.hint[0] ? e.hint : "banger-tui ssh-config --install");
	} else if (installed) {
		say(d, CHECK_PASS, _("ssh NAME.vm works in every shell"));
	} else {
		say(d, CHECK_PASS, _("~/.ssh/config is untouched; banger-tui ssh-config --install makes ssh NAME.vm work"));
	}
}

static void check_conf(struct doctor *d)
{
	struct settings s;
	struct err e = {0};

	if (settings_read(d->conf, &s, &e) == 0) {
		say(d, CHECK_PASS, "%s", d->conf->path ? d->conf->path : _("no banger.conf: defaults"));
	} else {
		say(d, CHECK_FAIL, "%s", e.msg);
		fix(d, "%s", e.hint);
	}
	settings_done(&s);
}

static void check_store(struct doctor *d)
{
	char path[PATHS_MAX];
	struct store_look look;
	struct err e = {0};

	path_join(path, sizeof(path), d->paths->state, "state.db");
	if (store_inspect(path, d->scratch.dir[0] ? d->scratch.dir : "/tmp", &look, &e) < 0) {
		if (e.code == ERR_NOT_FOUND) {
			say(d, CHECK_PASS, _("none yet; made at the first start"));
			return;
		}
		say(d, CHECK_FAIL, "%s", e.msg);
		fix(d, _("put a copy back, or begin a new one: mv %s %s.damaged (the machines' disks stay)"), path, path);
	} else if (look.schema > store_schema_version()) {
		say(d, CHECK_WARN, _("made by a newer banger-tui (schema %d, this one knows %d): read only"), look.schema,
		    store_schema_version());
	} else {
		say(d, CHECK_PASS, _("%s, schema %d"), path, look.schema);
	}
	free(look.vm_ids);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* "89709812ab34 (runs), …": those with disks that the store does not know. Returns how many there are. */
static int find_lost(const struct doctor *d, const struct store_look *look, struct buf *ret)
{
	char vms[PATHS_MAX], dir[PATHS_MAX];
	struct dirent *entry;
	int n = 0;
	DIR *dirs = opendir(path_join(vms, sizeof(vms), d->paths->state, "vms"));

	while (dirs && (entry = readdir(dirs))) {
		const char *id = entry->d_name;
		bool runs = false;

		if (strlen(id) != ID_HEX_LEN || !vmdisk_is_any_in(path_join(dir, sizeof(dir), vms, "%s", id)) ||
		    bsearch(id, look->vm_ids, (size_t)look->n_vms, sizeof(*look->vm_ids), compare_ids))
			continue;
		(void)!alive_check(dir, &runs, NULL);
		buf_addf(ret, "%s%s%s", n++ ? ", " : "", id, runs ? _(" (it runs)") : "");
	}
	if (dirs)
		closedir(dirs);
	return n;
}

static void check_machines(struct doctor *d)
{
	char path[PATHS_MAX];
	struct store_look look;
	auto_buf lost = {0};
	struct err e = {0};

	path_join(path, sizeof(path), d->paths->state, "state.db");
	if (store_inspect(path, d->scratch.dir[0] ? d->scratch.dir : "/tmp", &look, &e) < 0 && e.code != ERR_NOT_FOUND)
		say(d, CHECK_WARN, _("unknown, as long as the store cannot be read"));
	else if (look.schema > store_schema_version())
		say(d, CHECK_PASS, _("those of a newer banger-tui"));
	else if (find_lost(d, &look, &lost) == 0)
		say(d, CHECK_PASS, ngettext("%d in the store", "%d in the store", (unsigned)look.n_vms), look.n_vms);
	else {
		say(d, CHECK_WARN, _("with disks here, but not in the store: %s"), buf_cstr(&lost));
		fix(d, _("put back a copy of %s that knows them; to give one up: rm -r %s/vms/ID"), path, d->paths->state);
	}
	free(look.vm_ids);
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

static void check_space(struct doctor *d)
{
	char dir[PATHS_MAX], free_text[SIZE_TEXT];
	uint64_t bytes, total;
	struct err e = {0};

	existing_parent(d->paths->state, dir, sizeof(dir));
	if (access(dir, W_OK | X_OK) < 0) {
		say(d, CHECK_FAIL, _("cannot write in %s: %s"), dir, strerror(errno));
		fix(d, "%s", _("make it yours, or set paths { state = \"/elsewhere\" } in banger.conf"));
		return;
	}
	if (fs_space(dir, &bytes, &total, &e) < 0) {
		say(d, CHECK_FAIL, "%s", e.msg);
		return;
	}
	say(d, bytes < SPACE_FAIL ? CHECK_FAIL : bytes < SPACE_WARN ? CHECK_WARN : CHECK_PASS, _("%s free for %s"),
	    size_human(bytes, free_text), d->paths->state);
	if (d->line.verdict != CHECK_PASS)
		fix(d, "%s", _("free space, or set paths { state = \"/elsewhere\" } in banger.conf"));
}

/* Magic numbers from statfs(2): file systems on which locks or WAL do not work between hosts. */
static void check_filesystem(struct doctor *d)
{
	static const struct {
		long magic;
		const char *name;
	} remote[] = {{0x6969, "NFS"}, {0xff534d42, "CIFS"}, {0xfe534d42, "SMB2"}, {0x65735546, "FUSE"}, {0x01021997, "9p"}};
	char dir[PATHS_MAX];
	struct statfs st;

	existing_parent(d->paths->state, dir, sizeof(dir));
	if (statfs(dir, &st) < 0) {
		say(d, CHECK_WARN, "%s", err_strerror(errno));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(remote); i++) {
		if ((unsigned long)st.f_type != (unsigned long)remote[i].magic)
			continue;
		say(d, CHECK_WARN, _("%s is on %s, where locks and the store's log may not work"), d->paths->state, remote[i].name);
		fix(d, "%s", _("set paths { state = \"/a/local/directory\" } in banger.conf"));
		return;
	}
	say(d, CHECK_PASS, _("local"));
}

static void check_runtime(struct doctor *d)
{
	struct stat st;

	if (lstat(d->paths->runtime, &st) < 0)
		say(d, CHECK_PASS, _("%s, made at the first start"), d->paths->runtime);
	else if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		say(d, CHECK_FAIL, _("%s is not a private directory of yours"), d->paths->runtime);
	else
		say(d, CHECK_PASS, "%s", d->paths->runtime);
	if (d->line.verdict == CHECK_FAIL)
		fix(d, "ls -ld %s", d->paths->runtime);
}

static void check_limits(struct doctor *d)
{
	struct rlimit files = {0};

	getrlimit(RLIMIT_NOFILE, &files);
	say(d, files.rlim_max < FILES_WARN ? CHECK_WARN : CHECK_PASS, _("%lu open files"), (unsigned long)files.rlim_max);
	if (d->line.verdict == CHECK_WARN)
		fix(d, "ulimit -n %d", FILES_WARN);
}

static void check_capacity(struct doctor *d)
{
	char text[SIZE_TEXT];
	uint64_t mem;
	int cpus;

	sampler_limits(&cpus, &mem);
	say(d, mem < SIZE_GIB ? CHECK_WARN : CHECK_PASS, _("%d CPUs, %s of memory"), cpus, size_human(mem, text));
}

/* systemd-logind may kill a user's processes at logout (KillUserProcesses, logind.conf(5)); lingering prevents it. */
static void check_linger(struct doctor *d)
{
	char path[128];

	snprintf(path, sizeof(path), "/var/lib/systemd/linger/%s", getenv("USER") ? getenv("USER") : "");
	if (!fs_exists("/run/systemd/system") || geteuid() == 0 || fs_exists(path)) {
		say(d, CHECK_PASS, _("VMs outlive the login"));
		return;
	}
	say(d, CHECK_WARN, _("systemd may end VMs when you log out"));
	fix(d, "loginctl enable-linger");
}

static void check_locale(struct doctor *d)
{
	const char *codeset = nl_langinfo(CODESET);

	if (strcmp(codeset, "UTF-8") == 0) {
		say(d, CHECK_PASS, "%s", codeset);
		return;
	}
	say(d, CHECK_WARN, _("the locale's character set is %s; lines and graphs are drawn in ASCII"), codeset);
	fix(d, "export LC_ALL=C.UTF-8");
}

static void check_terminal(struct doctor *d)
{
	const char *term = getenv("TERM");

	if (!term || !*term || strcmp(term, "dumb") == 0)
		say(d, CHECK_WARN, _("TERM is '%s': the command line works, the console does not"), term ? term : "");
	else
		say(d, CHECK_PASS, "%s%s", term, getenv("COLORTERM") ? _(", true colour") : "");
}

static const struct {
	const char *what;
	void (*run)(struct doctor *d);
} checks[] = {
	{N_("architecture"), check_architecture}, {N_("capacity"), check_capacity},   {N_("QEMU"), check_qemu},
	{N_("Firecracker"), check_firecracker},
	{N_("KVM"), check_kvm},			  {N_("private network"), check_private}, {N_("mmdebstrap"), check_mmdebstrap},
	{N_("uidmap"), check_uidmap},
	{N_("mke2fs"), check_mke2fs},		  {N_("depmod"), check_depmod},	      {N_("helper"), check_helper}, {N_("configuration"), check_conf}, {N_("store"), check_store}, {N_("machines"), check_machines},
	{N_("space"), check_space},		  {N_("file system"), check_filesystem}, {N_("runtime directory"), check_runtime},
	{N_("limits"), check_limits},		  {N_("logout"), check_linger},	      {N_("ssh client"), check_ssh},
	{N_("ssh names"), check_ssh_config}, {N_("bridge names"), check_names},
	{N_("locale"), check_locale},		  {N_("terminal"), check_terminal},
};

enum check_verdict doctor_run(struct op *op, const struct paths *paths, const struct conf *conf,
			      void (*line)(void *arg, const struct check_line *l), void *arg)
{
	struct doctor d = {.op = op, .paths = paths, .conf = conf, .scratch = SCRATCH_INIT};
	enum check_verdict worst = CHECK_PASS;

	(void)!scratch_begin(SCRATCH_ROOT, 0700, &d.scratch, NULL); /* without one, what needs it says so */
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		memset(&d.line, 0, sizeof(d.line));
		str_copy(d.line.what, sizeof(d.line.what), _(checks[i].what));
		checks[i].run(&d);
		line(arg, &d.line);
		worst = MAX(worst, d.line.verdict);
	}
	scratch_end(op, &d.scratch);
	return worst;
}
