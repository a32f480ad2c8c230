/* SPDX-License-Identifier: MIT */
/*
 * The claims' files (see claims.h). Root's own, but read like any other: a line that is not what we write is ERR_CORRUPT, and
 * then nothing is done for anybody until root has looked.
 */
#include "core/priv/claims.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/lockfile.h"
#include "core/net/subnet.h"
#include "core/priv/priv.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define RECORD_MAX 512
#define LOCK_POLL_MS 5

static int corrupt(struct err *e, const char *name)
{
	err_set(e, ERR_CORRUPT, _("the helper's record '%s' is damaged"), name);
	/* That one alone: another one says whose forwarding was off before us. */
	return err_hint(e, _("Stop all VMs that need the helper, then remove %s/%s, and start and stop one of them."), PRIV_RUN_DIR, name);
}

/* 0 with the text, which is empty when there is no such file. */
static int read_record(int dir, const char *name, struct buf *text, struct err *e)
{
	if (dir < 0)
		return 0;
	auto_fd fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, _("open the helper's record '%s'"), name);
	if (fd_read_all(fd, RECORD_MAX, name, text, e) < 0)
		return -1;
	if (text->len == 0 || text->data[text->len - 1] != '\n' || strlen(text->data) != text->len)
		return corrupt(e, name);
	return 0;
}

static int remove_record(int dir, const char *name, struct err *e)
{
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return err_sys(e, errno, _("remove the helper's record '%s'"), name);
	return 0;
}

/* The lock is held: one temporary name is enough, and what a crash left under it is written over. */
static int write_record(int dir, const char *name, const struct buf *text, struct err *e)
{
	auto_fd fd = openat(dir, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, errno, _("write the helper's record '%s'"), name);
	if (fd_write_all(fd, text->data, text->len, e) < 0)
		return -1;
	if (renameat(dir, "new", dir, name) < 0)
		return err_sys(e, errno, _("write the helper's record '%s'"), name);
	return 0;
}

static int open_dir(int at, const char *path, int *ret_dir, struct err *e)
{
	struct stat st;
	auto_fd fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, _("open '%s'"), path);
	if (st.st_uid != geteuid() || st.st_mode & (S_IRWXG | S_IRWXO))
		return err_set(e, ERR_PERM, _("'%s' is not ours alone"), path);
	*ret_dir = TAKE_FD(fd);
	return 0;
}

static int make_dir(int at, const char *path, int *ret_dir, struct err *e)
{
	if (mkdirat(at, path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, errno, _("make '%s'"), path);
	return open_dir(at, path, ret_dir, e);
}

int claims_find(const char *path, int *ret_dir, struct err *e)
{
	struct stat st;

	*ret_dir = -1;
	if (lstat(path, &st) < 0 && errno == ENOENT)
		return 0;
	return open_dir(AT_FDCWD, path, ret_dir, e);
}

int claims_open(const char *path, int *ret_dir, struct err *e)
{
	auto_fd dir = -1;
	auto_fd snaps = -1;
	auto_fd guests = -1;

	if (make_dir(AT_FDCWD, path, &dir, e) < 0 || make_dir(dir, "snaps", &snaps, e) < 0 || make_dir(dir, "guests", &guests, e) < 0)
		return -1;
	*ret_dir = TAKE_FD(dir);
	return 0;
}

int claims_lock(struct op *op, int dir, int *ret_fd, struct err *e)
{
	for (;;) {
		struct err le = {0};
		*ret_fd = lockfile_take(dir, "lock", &le);
		if (*ret_fd >= 0)
			return 0;
		if (le.code != ERR_BUSY)
			return err_join(e, &le);
		if (op_sleep(op, LOCK_POLL_MS, e) < 0)
			return err_wrap(e, _("wait for another helper"));
	}
}

int claims_owner(int dir, struct claims_owner *ret, struct err *e)
{
	auto_buf text = {0};
	unsigned int uid;
	struct subnet net;
	int end = 0;

	*ret = (struct claims_owner){0};
	if (read_record(dir, "owner", &text, e) < 0)
		return -1;
	if (text.len == 0)
		return 0;
	/* %u takes a sign. */
	if (!isdigit((unsigned char)text.data[0]) ||
	    sscanf(text.data, "%10u %18s %16" SCNx64 " %16" SCNx64 "%n", &uid, ret->cidr, &ret->dev, &ret->ino, &end) != 4 ||
	    strcmp(text.data + end, "\n") != 0 || subnet_parse(ret->cidr, &net, NULL) < 0)
		return corrupt(e, "owner");
	ret->any = true;
	ret->uid = uid;
	return 0;
}

int claims_set_owner(int dir, const struct claims_owner *o, struct err *e)
{
	auto_buf text = {0};

	if (!o->any)
		return remove_record(dir, "owner", e);
	buf_addf(&text, "%u %s %" PRIx64 " %" PRIx64 "\n", (unsigned int)o->uid, o->cidr, o->dev, o->ino);
	return write_record(dir, "owner", &text, e);
}

int claims_forwarding(int dir, struct claims_forwarding *ret, struct err *e)
{
	auto_buf text = {0};

	*ret = (struct claims_forwarding){0};
	if (read_record(dir, "forwarding", &text, e) < 0)
		return -1;
	for (const char *line = buf_cstr(&text); *line; line = strchr(line, '\n') + 1) {
		size_t n = strcspn(line, "\n");
		if (n == 0 || n >= LINK_NAME_SIZE || ret->n == (int)ARRAY_LEN(ret->names) || memchr(line, '/', n))
			return corrupt(e, "forwarding");
		memcpy(ret->names[ret->n++], line, n);
	}
	return 0;
}

int claims_set_forwarding(int dir, const struct claims_forwarding *f, struct err *e)
{
	auto_buf text = {0};

	if (f->n == 0)
		return remove_record(dir, "forwarding", e);
	for (int i = 0; i < f->n; i++)
		buf_addf(&text, "%s\n", f->names[i]);
	return write_record(dir, "forwarding", &text, e);
}

int claims_zone(int dir, bool *ret, struct err *e)
{
	auto_buf text = {0};

	*ret = false;
	if (read_record(dir, "zone", &text, e) < 0)
		return -1;
	if (text.len && strcmp(text.data, LINK_BRIDGE "\n") != 0)
		return corrupt(e, "zone");
	*ret = text.len > 0;
	return 0;
}

int claims_set_zone(int dir, bool on, struct err *e)
{
	auto_buf text = {0};

	if (!on)
		return remove_record(dir, "zone", e);
	buf_adds(&text, LINK_BRIDGE "\n");
	return write_record(dir, "zone", &text, e);
}

static const char *guest_name(const char *vm_id, char ret[32])
{
	snprintf(ret, 32, "guests/%s", vm_id);
	return ret;
}

int claims_guest(int dir, const char *vm_id, struct claims_guest *ret, struct err *e)
{
	auto_buf text = {0};
	char name[32], nat[2];
	uint32_t addr;
	int end = 0;

	*ret = (struct claims_guest){0};
	if (read_record(dir, guest_name(vm_id, name), &text, e) < 0)
		return -1;
	if (text.len == 0)
		return 0;
	if (sscanf(text.data, "%15[0-9.] %1[01]%n", ret->ipv4, nat, &end) != 2 || strcmp(text.data + end, "\n") != 0 ||
	    !subnet_parse_ipv4(ret->ipv4, &addr))
		return corrupt(e, name);
	ret->any = true;
	ret->nat = nat[0] == '1';
	return 0;
}

int claims_set_guest(int dir, const char *vm_id, const struct claims_guest *g, struct err *e)
{
	auto_buf text = {0};
	char name[32];

	guest_name(vm_id, name);
	if (!g->any)
		return remove_record(dir, name, e);
	buf_addf(&text, "%s %d\n", g->ipv4, g->nat);
	return write_record(dir, name, &text, e);
}

int claims_drop_guests(int dir, struct err *e)
{
	int fd = openat(dir, "guests", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *ent;
	int rc = 0;

	if (!d) {
		rc = errno == ENOENT ? 0 : err_sys(e, errno, _("open '%s'"), PRIV_RUN_DIR "/guests");
		fd_close(&fd);
		return rc;
	}
	while (rc == 0 && (ent = readdir(d)))
		if (id_is_valid(ent->d_name))
			rc = remove_record(fd, ent->d_name, e);
	closedir(d);
	return rc;
}

static const char *snap_name(const char *vm_id, char ret[32])
{
	snprintf(ret, 32, "snaps/%s", vm_id);
	return ret;
}

int claims_snap(int dir, const char *vm_id, bool *ret_any, uid_t *ret_uid, struct err *e)
{
	auto_buf text = {0};
	char name[32];
	unsigned int uid;
	int end = 0;

	*ret_any = false;
	*ret_uid = 0;
	if (read_record(dir, snap_name(vm_id, name), &text, e) < 0)
		return -1;
	if (text.len == 0)
		return 0;
	if (!isdigit((unsigned char)text.data[0]) || sscanf(text.data, "%10u%n", &uid, &end) != 1 ||
	    strcmp(text.data + end, "\n") != 0)
		return corrupt(e, name);
	*ret_any = true;
	*ret_uid = uid;
	return 0;
}

int claims_set_snap(int dir, const char *vm_id, uid_t uid, struct err *e)
{
	auto_buf text = {0};
	char name[32];

	buf_addf(&text, "%u\n", (unsigned int)uid);
	return write_record(dir, snap_name(vm_id, name), &text, e);
}

int claims_drop_snap(int dir, const char *vm_id, struct err *e)
{
	char name[32];

	return remove_record(dir, snap_name(vm_id, name), e);
}
