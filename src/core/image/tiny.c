/* SPDX-License-Identifier: MIT */
/*
 * Written straight into the ext4 image: one program, its applets as symbolic links, and text files from a table.
 *
 * The list of applets comes from the program (`busybox --list-full`, one path a line), so it is right for whatever build the
 * distribution ships. The lines are held to plain relative paths before they become names.
 */
#include "core/image/tiny.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/spawn.h"
#include "core/disk/ext4.h"

#include <string.h>
#include <unistd.h>

#define APPLETS_MAX 1024
#define BUSYBOX "/bin/busybox"

static const struct {
	const char *path;
	uint32_t mode;
} dirs[] = {
	{"", 0755},	     {"bin", 0755},	      {"dev", 0755},	  {"etc", 0755},       {"home", 0755},
	{"lib", 0755},	     {"lib/modules", 0755},   {"media", 0755},	  {"mnt", 0755},       {"opt", 0755},
	{"proc", 0755},	     {"root", 0700},	      {"run", 0755},	  {"sbin", 0755},      {"srv", 0755},
	{"sys", 0755},	     {"tmp", 01777},	      {"usr", 0755},	  {"usr/bin", 0755},   {"usr/sbin", 0755},
	{"usr/local", 0755}, {"usr/local/bin", 0755}, {"var", 0755},	  {"var/cache", 0755}, {"var/lib", 0755},
	{"var/log", 0755},   {"var/spool", 0755},     {"var/tmp", 01777},
};

static const struct {
	const char *path;
	uint32_t mode;
	const char *text;
} files[] = {
	{"etc/passwd", 0644,
	 "root:x:0:0:root:/root:/bin/sh\n"
	 "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"},
	{"etc/shadow", 0600, "root:*:::::::\nnobody:*:::::::\n"},
	{"etc/group", 0644, "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"},
	{"etc/shells", 0644, "/bin/sh\n/bin/ash\n"},
	{"etc/hosts", 0644, "127.0.0.1\tlocalhost\n::1\tlocalhost\n"},
	{"etc/resolv.conf", 0644, ""},
	{"etc/fstab", 0644, ""},
	{"etc/profile", 0644,
	 "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
	 "export PAGER=less\n"
	 "PS1='\\u@\\h:\\w\\$ '\n"},
	{"etc/os-release", 0644, "NAME=\"tiny\"\nID=tiny\nPRETTY_NAME=\"tiny (BusyBox)\"\n"},
};

/* banger-guest is PID 1 here; see tiny.h. */
static const char *const left_out[] = {"init", "linuxrc", "busybox"};

struct memory {
	const char *data;
	size_t len;
	bool given;
};

static int read_memory(void *arg, const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct err *e)
{
	struct memory *m = arg;

	(void)e;
	if (m->given || m->len == 0)
		return 0;
	m->given = true;
	*ret_data = m->data;
	*ret_len = m->len;
	*ret_offset = 0;
	return 1;
}

static int put_file(struct op *op, struct ext4_writer *w, const char *path, uint32_t mode, const char *data, size_t len,
		    struct err *e)
{
	struct memory m = {.data = data, .len = len};
	struct ext4_source src = {.read = read_memory, .arg = &m, .size = len};
	struct ext4_attr attr = {.mode = mode};

	return ext4_writer_file(op, w, path, &attr, &src, e);
}

/* Letters, digits and what else applets are called by ("[", "[[", "ip6tables-save"). */
static bool is_applet_path(const char *s, size_t len)
{
	if (len == 0 || len > 128 || s[0] == '/')
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 0x7f)
			return false;
		if ((i == 0 || s[i - 1] == '/') && (s[i] == '.' || s[i] == '/'))
			return false;
	}
	return s[len - 1] != '/';
}

static bool is_left_out(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
		if (strcmp(name, left_out[i]) == 0)
			return true;
	return false;
}

static int put_applets(struct ext4_writer *w, const char *list, struct err *e)
{
	const struct ext4_attr attr = {.mode = 0777};
	int n = 0;

	for (const char *line = list; *line;) {
		size_t len = strcspn(line, "\n");
		auto_free char *path = xstrndup(line, len);

		if (!is_applet_path(path, len) || ++n > APPLETS_MAX)
			return err_set(e, ERR_PROTO, _("busybox's list of applets is no such list"));
		if (!is_left_out(path) && ext4_writer_symlink(w, path, BUSYBOX, &attr, e) < 0)
			return -1;
		line += len + (line[len] == '\n');
	}
	return n > 0 ? 0 : err_set(e, ERR_PROTO, _("busybox lists no applets"));
}

static int list_applets(struct op *op, const struct kit *kit, struct buf *ret, struct err *e)
{
	char busybox[PATHS_MAX];
	const char *argv[] = {busybox, "--list-full", NULL};
	struct spawn_run_args a = {.argv = argv, .max_output = 65536};

	path_join(busybox, sizeof(busybox), kit->dir, "busybox");
	return spawn_run(op, &a, ret, e);
}

static int put_busybox(struct op *op, struct ext4_writer *w, const struct kit *kit, struct err *e)
{
	for (int i = 0; i < kit->n_parts; i++) {
		auto_buf content = {0};

		if (strcmp(kit->parts[i].name, "busybox") != 0)
			continue;
		if (kit_read_part(kit, &kit->parts[i], &content, e) < 0)
			return -1;
		return put_file(op, w, &BUSYBOX[1], 0755, content.data, content.len, e);
	}
	return err_set(e, ERR_CORRUPT, _("the boot kit in %s has no busybox"), kit->dir);
}

static int fill(struct op *op, struct ext4_writer *w, const struct kit *kit, struct err *e)
{
	auto_buf applets = {0};

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		if (ext4_writer_dir(w, dirs[i].path, &(struct ext4_attr){.mode = dirs[i].mode}, e) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (put_file(op, w, files[i].path, files[i].mode, files[i].text, strlen(files[i].text), e) < 0)
			return -1;
	if (put_busybox(op, w, kit, e) < 0 || list_applets(op, kit, &applets, e) < 0 ||
	    put_applets(w, buf_cstr(&applets), e) < 0)
		return -1;
	return ext4_writer_commit(op, w, e);
}

int tiny_build(struct op *op, const struct kit *kit, const char *dst, uint64_t nominal_bytes, char ret_uuid[UUID_SIZE],
	       uint64_t *ret_used, struct err *e)
{
	struct ext4_format_args format = {.path = dst, .size = nominal_bytes, .uuid = ret_uuid, .label = "tiny"};
	struct ext4_writer *w;
	int rc = -1;

	id_uuid(ret_uuid);
	if (ext4_format(op, &format, e) < 0)
		return -1;
	w = ext4_writer_open(dst, e);
	if (w) {
		rc = fill(op, w, kit, e);
		*ret_used = ext4_writer_used(w);
	}
	ext4_writer_free(w);
	if (rc < 0)
		(void)unlink(dst);
	return rc;
}
