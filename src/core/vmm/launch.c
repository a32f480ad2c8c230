/* SPDX-License-Identifier: MIT */
/*
 * A launch as JSON, and the check that stands between it and a command line (part of vmm.h).
 *
 * The file is ours and 0600, but it is checked like any other when it comes back: a VMM's options have commas and
 * equal signs as syntax, and what is not a plain name, number or absolute path must never reach them.
 */
#include "core/vmm/vmm.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/json.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#define LAUNCH_MAX (256 * 1024)
#define VERSION 1
#define MEM_MIN_MIB 16
#define MEM_MAX_MIB (16 * 1024 * 1024)
#define VCPUS_MAX 255

static int bad(struct err *e, const char *field, const char *value)
{
	return err_set(e, ERR_USAGE, _("launch: '%s' cannot be %s"), value, field);
}

static int check_path(const char *path, const char *field, struct err *e)
{
	if (path[0] != '/')
		return bad(e, field, path);
	for (const char *p = path; *p; p++)
		if (iscntrl((unsigned char)*p))
			return bad(e, field, path);
	return 0;
}

static int check_drive(const struct vm_launch *l, int i, struct err *e)
{
	const struct vm_drive *d = &l->drives[i];
	size_t n = strspn(d->name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (!islower((unsigned char)d->name[0]) || d->name[n])
		return bad(e, "drive name", d->name);
	for (int k = 0; k < i; k++)
		if (strcmp(l->drives[k].name, d->name) == 0)
			return err_set(e, ERR_USAGE, _("launch: two drives are called '%s'"), d->name);
	if (d->shared && !d->readonly)
		return err_set(e, ERR_USAGE, _("launch: drive '%s' is shared but not read-only"), d->name);
	if (d->block && strncmp(d->path, "/dev/", 5) != 0)
		return bad(e, "block device", d->path);
	return check_path(d->path, "drive", e);
}

static bool is_mac(const char *s)
{
	for (int i = 0; i < VM_MAC_SIZE - 1; i++)
		if (i % 3 == 2 ? s[i] != ':' : !isxdigit((unsigned char)s[i]))
			return false;
	return s[VM_MAC_SIZE - 1] == '\0';
}

static int check_net(const struct vm_net *net, struct err *e)
{
	struct in_addr a;

	if (!is_mac(net->mac))
		return bad(e, "mac", net->mac);
	if (net->tap[strspn(net->tap, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return bad(e, "tap", net->tap);
	if (net->mode != NET_SLIRP && !net->tap[0])
		return bad(e, "tap", "");
	if (net->mode == NET_PRIVATE && check_path(net->program, "banger-netns", e) < 0)
		return -1;
	if (net->mode == NET_BRIDGE && (net->ssh_port || net->n_forwards || net->isolated))
		return err_set(e, ERR_USAGE, _("launch: network mode '%s' has neither forwards nor walls"), net_mode_to_string(net->mode));
	for (int i = 0; i < net->n_forwards; i++) {
		const struct vm_forward *f = &net->forwards[i];
		if (f->host_addr[0] && inet_pton(AF_INET, f->host_addr, &a) != 1)
			return bad(e, "forward address", f->host_addr);
		if (f->host_port == 0 || f->guest_port == 0)
			return bad(e, "forward port", "0");
		if (f->udp && net->mode == NET_PRIVATE)
			return err_set(e, ERR_USAGE, _("launch: a private network publishes no UDP ports"));
	}
	return 0;
}

static int check_sizes(const struct vm_launch *l, struct err *e)
{
	if (l->vcpus < 1 || l->vcpus > VCPUS_MAX)
		return err_set(e, ERR_USAGE, _("launch: %d vCPUs"), l->vcpus);
	if (l->mem_mib < MEM_MIN_MIB || l->mem_mib > MEM_MAX_MIB)
		return err_set(e, ERR_USAGE, _("launch: %d MiB of memory"), l->mem_mib);
	if (l->n_drives < 0 || l->n_drives > VM_DRIVES_MAX || l->net.n_forwards < 0 ||
	    l->net.n_forwards > VM_FORWARDS_MAX)
		return err_set(e, ERR_USAGE, _("launch: too many drives or forwards"));
	return 0;
}

int vm_launch_check(const struct vm_launch *l, struct err *e)
{
	if (!id_is_valid(l->id))
		return bad(e, "id", l->id);
	if (!id_is_valid(l->boot_id))
		return bad(e, "boot id", l->boot_id);
	if (!vmm_find(l->vmm))
		return bad(e, "vmm", vmm_kind_to_string(l->vmm));
	/* Firecracker opens its files itself, after it has started: QEMU's way of becoming another user is closed to it. */
	if (l->run_as && l->vmm != VMM_QEMU)
		return bad(e, "run_as", vmm_kind_to_string(l->vmm));
	if (check_sizes(l, e) < 0 || check_path(l->vm_dir, "vm directory", e) < 0 ||
	    check_path(l->runtime_dir, "runtime directory", e) < 0 || check_path(l->kernel, "kernel", e) < 0 ||
	    (l->initrd[0] && check_path(l->initrd, "initrd", e) < 0) ||
	    (l->vmm_path[0] && check_path(l->vmm_path, "vmm path", e) < 0))
		return -1;
	for (const char *p = l->cmdline; *p; p++)
		if (iscntrl((unsigned char)*p))
			return bad(e, "kernel command line", l->cmdline);
	if (l->rates.net && l->vmm == VMM_QEMU)
		return bad(e, "net rate", vmm_kind_to_string(l->vmm));
	for (int i = 0; i < l->n_drives; i++)
		if (check_drive(l, i, e) < 0)
			return -1;
	return check_net(&l->net, e);
}

static void format_drives(const struct vm_launch *l, struct jw *w)
{
	jw_arr(w, "drives");
	for (int i = 0; i < l->n_drives; i++) {
		const struct vm_drive *d = &l->drives[i];
		jw_obj(w, NULL);
		jw_str(w, "name", d->name);
		jw_str(w, "path", d->path);
		jw_bool(w, "readonly", d->readonly);
		jw_bool(w, "block", d->block);
		jw_bool(w, "shared", d->shared);
		jw_bool(w, "ephemeral", d->ephemeral);
		jw_end(w);
	}
	jw_end(w);
}

static void format_net(const struct vm_net *net, struct jw *w)
{
	char egress[EGRESS_TEXT];

	jw_obj(w, "net");
	jw_str(w, "mode", net_mode_to_string(net->mode));
	jw_str(w, "mac", net->mac);
	jw_str(w, "tap", net->tap);
	jw_int(w, "ssh_port", net->ssh_port);
	jw_bool(w, "isolated", net->isolated);
	jw_str(w, "egress", egress_format(&net->egress, egress, sizeof(egress)));
	jw_str(w, "program", net->program);
	jw_arr(w, "forwards");
	for (int i = 0; i < net->n_forwards; i++) {
		const struct vm_forward *f = &net->forwards[i];
		jw_obj(w, NULL);
		jw_bool(w, "udp", f->udp);
		jw_str(w, "host_addr", f->host_addr);
		jw_int(w, "host_port", f->host_port);
		jw_int(w, "guest_port", f->guest_port);
		jw_end(w);
	}
	jw_end(w);
	jw_end(w);
}

void vm_launch_format(const struct vm_launch *l, struct buf *out)
{
	struct jw w = jw_init(out);

	jw_obj(&w, NULL);
	jw_int(&w, "version", VERSION);
	jw_str(&w, "id", l->id);
	jw_str(&w, "name", l->name);
	jw_str(&w, "boot_id", l->boot_id);
	jw_str(&w, "vm_dir", l->vm_dir);
	jw_str(&w, "runtime_dir", l->runtime_dir);
	jw_str(&w, "vmm", vmm_kind_to_string(l->vmm));
	jw_str(&w, "vmm_path", l->vmm_path);
	jw_str(&w, "accel", vm_accel_to_string(l->accel));
	jw_int(&w, "vcpus", l->vcpus);
	jw_int(&w, "mem_mib", l->mem_mib);
	jw_str(&w, "kernel", l->kernel);
	jw_str(&w, "initrd", l->initrd);
	jw_str(&w, "cmdline", l->cmdline);
	format_drives(l, &w);
	format_net(&l->net, &w);
	jw_int(&w, "disk_rate", l->rates.disk);
	jw_int(&w, "net_rate", l->rates.net);
	jw_bool(&w, "run_as", l->run_as);
	jw_int(&w, "uid", l->uid);
	jw_int(&w, "gid", l->gid);
	jw_int(&w, "min_free_mib", l->min_free_mib);
	jw_end(&w);
}

/* A string member into a fixed array; missing is empty, too long is an error: a cut path names another file. */
static int take_str(const struct json *o, const char *key, char *ret, size_t size, struct err *e)
{
	const char *s = json_str(o, key);

	if (s && strlen(s) >= size)
		return err_set(e, ERR_PROTO, _("'%s' is too long"), key);
	str_copy(ret, size, s ? s : "");
	return 0;
}

#define TAKE_STR(o, key, field) take_str(o, key, field, sizeof(field), e)

static int take_int(const struct json *o, const char *key, int64_t max, int64_t *ret, struct err *e)
{
	*ret = json_int(o, key, 0);
	if (*ret < 0 || *ret > max)
		return err_set(e, ERR_PROTO, _("'%s' is out of range"), key);
	return 0;
}

static int parse_drive(const struct json *o, struct vm_drive *d, struct err *e)
{
	if (TAKE_STR(o, "name", d->name) < 0 || TAKE_STR(o, "path", d->path) < 0)
		return -1;
	/* What says nothing about writing is not written to. */
	d->readonly = json_bool(o, "readonly", true);
	d->block = json_bool(o, "block", false);
	d->shared = json_bool(o, "shared", false);
	d->ephemeral = json_bool(o, "ephemeral", false);
	return 0;
}

static int parse_forward(const struct json *o, struct vm_forward *f, struct err *e)
{
	int64_t host;
	int64_t guest;

	if (TAKE_STR(o, "host_addr", f->host_addr) < 0 || take_int(o, "host_port", UINT16_MAX, &host, e) < 0 ||
	    take_int(o, "guest_port", UINT16_MAX, &guest, e) < 0)
		return -1;
	f->udp = json_bool(o, "udp", false);
	f->host_port = (uint16_t)host;
	f->guest_port = (uint16_t)guest;
	return 0;
}

static int parse_net(const struct json *o, struct vm_net *net, struct err *e)
{
	const char *mode = json_str(o, "mode");
	const char *egress = json_str(o, "egress");
	const struct json *list = json_get(o, "forwards");
	int64_t port;

	if (!mode || !net_mode_from_string(mode, &net->mode))
		return err_set(e, ERR_PROTO, _("'%s' is out of range"), "mode");
	if (TAKE_STR(o, "mac", net->mac) < 0 || TAKE_STR(o, "tap", net->tap) < 0 ||
	    take_int(o, "ssh_port", UINT16_MAX, &port, e) < 0)
		return -1;
	net->ssh_port = (uint16_t)port;
	net->isolated = json_bool(o, "isolated", false);
	/* What says nothing about it reaches nothing. */
	net->egress.kind = EGRESS_NONE;
	if (TAKE_STR(o, "program", net->program) < 0 || (egress && egress_parse(egress, &net->egress, e) < 0))
		return -1;
	if (json_len(list) > VM_FORWARDS_MAX)
		return err_set(e, ERR_PROTO, _("'%s' is too long"), "forwards");
	for (const struct json *f = json_first(list); f; f = json_next(f))
		if (parse_forward(f, &net->forwards[net->n_forwards++], e) < 0)
			return -1;
	return 0;
}

static int parse_numbers(const struct json *o, struct vm_launch *l, struct err *e)
{
	int64_t vcpus;
	int64_t mem;
	int64_t uid;
	int64_t gid;

	if (take_int(o, "vcpus", VCPUS_MAX, &vcpus, e) < 0 || take_int(o, "mem_mib", MEM_MAX_MIB, &mem, e) < 0 ||
	    take_int(o, "uid", UINT32_MAX - 1, &uid, e) < 0 || take_int(o, "gid", UINT32_MAX - 1, &gid, e) < 0 ||
	    take_int(o, "min_free_mib", INT64_MAX, &l->min_free_mib, e) < 0 ||
	    take_int(o, "disk_rate", INT64_MAX, &l->rates.disk, e) < 0 || take_int(o, "net_rate", INT64_MAX, &l->rates.net, e) < 0)
		return -1;
	l->vcpus = (int)vcpus;
	l->mem_mib = (int)mem;
	l->uid = (uint32_t)uid;
	l->gid = (uint32_t)gid;
	l->run_as = json_bool(o, "run_as", false);
	return 0;
}

static int parse_launch(const struct json *o, struct vm_launch *l, struct err *e)
{
	const char *vmm = json_str(o, "vmm");
	const char *accel = json_str(o, "accel");
	const struct json *drives = json_get(o, "drives");

	if (json_int(o, "version", 0) != VERSION)
		return err_set(e, ERR_PROTO, _("unknown version"));
	if (!vmm || !vmm_kind_from_string(vmm, &l->vmm) || !accel || !vm_accel_from_string(accel, &l->accel))
		return err_set(e, ERR_PROTO, _("unknown VMM or accelerator"));
	if (TAKE_STR(o, "id", l->id) < 0 || TAKE_STR(o, "name", l->name) < 0 ||
	    TAKE_STR(o, "boot_id", l->boot_id) < 0 || TAKE_STR(o, "vm_dir", l->vm_dir) < 0 ||
	    TAKE_STR(o, "runtime_dir", l->runtime_dir) < 0 || TAKE_STR(o, "vmm_path", l->vmm_path) < 0 ||
	    TAKE_STR(o, "kernel", l->kernel) < 0 || TAKE_STR(o, "initrd", l->initrd) < 0 ||
	    TAKE_STR(o, "cmdline", l->cmdline) < 0 || parse_numbers(o, l, e) < 0)
		return -1;
	if (json_len(drives) > VM_DRIVES_MAX)
		return err_set(e, ERR_PROTO, _("'%s' is too long"), "drives");
	for (const struct json *d = json_first(drives); d; d = json_next(d))
		if (parse_drive(d, &l->drives[l->n_drives++], e) < 0)
			return -1;
	return parse_net(json_get(o, "net"), &l->net, e);
}

int vm_launch_parse(const char *text, size_t n, const char *what, struct vm_launch *ret, struct err *e)
{
	struct json *doc = json_parse(text, n, what, e);

	if (!doc)
		return -1;
	*ret = (struct vm_launch){0};
	int rc = parse_launch(doc, ret, e);
	json_free(doc);
	if (rc < 0 || vm_launch_check(ret, e) < 0)
		return err_wrap(e, "%s", what);
	return 0;
}

int vm_launch_save(const struct vm_launch *l, struct err *e)
{
	auto_buf text = {0};
	char path[PATHS_MAX];

	if (vm_launch_check(l, e) < 0)
		return -1;
	vm_launch_format(l, &text);
	return fs_write_atomic(path_join(path, sizeof(path), l->vm_dir, "%s", VM_LAUNCH_FILE), text.data, text.len,
			       0600, e);
}

int vm_launch_load(const char *vm_dir, struct vm_launch *ret, struct err *e)
{
	auto_buf text = {0};
	char path[PATHS_MAX];

	path_join(path, sizeof(path), vm_dir, "%s", VM_LAUNCH_FILE);
	if (fs_read_file(path, LAUNCH_MAX, &text, e) < 0)
		return -1;
	return vm_launch_parse(buf_cstr(&text), text.len, path, ret, e);
}
