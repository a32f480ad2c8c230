/* SPDX-License-Identifier: MIT */
/*
 * Key files: the person's login key and the host key of each VM.
 *
 * A key is made at most once. Two processes that find none at the same moment each make one, and link(2) decides:
 * it never replaces, so the second to come reads the first one's key. The public file is derived and can always be
 * written again; it is, whenever it does not say what the private one says (a crash between the two writes).
 */
#include "core/guest/keys.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_LIMIT 16384

static void secret_done(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_done(b);
}

int keys_load(const char *path, struct keys_pair *ret, struct err *e)
{
	auto_call(secret_done) struct buf text = {0};

	if (fs_read_file(path, FILE_LIMIT, &text, e) < 0)
		return -1;
	if (keys_parse_openssh(buf_cstr(&text), text.len, ret, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

static int fill_temp(int fd, const struct keys_pair *k, const char *comment, struct err *e)
{
	auto_call(secret_done) struct buf text = {0};

	keys_format_openssh(k, comment, &text);
	if (fchmod(fd, 0600) < 0)
		return err_sys(e, errno, "fchmod");
	if (fd_write_all(fd, text.data, text.len, e) < 0)
		return -1;
	return fsync(fd) < 0 ? err_sys(e, errno, "fsync") : 0;
}

/* The new key's file under a name of its own, complete and on disk. */
static int write_temp(char *temp, const struct keys_pair *k, const char *comment, struct err *e)
{
	auto_fd fd = mkostemp(temp, O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "%s", temp);
	if (fill_temp(fd, k, comment, e) == 0)
		return 0;
	unlink(temp);
	return err_wrap(e, "%s", temp);
}

/* *ret_won = false: another process was first. */
static int publish(const char *dir, const char *path, const struct keys_pair *k, const char *comment, bool *ret_won,
		   struct err *e)
{
	char temp[PATHS_MAX];
	int rc, sys;

	path_join(temp, sizeof(temp), dir, ".key.XXXXXX");
	if (write_temp(temp, k, comment, e) < 0)
		return -1;
	rc = link(temp, path);
	sys = errno;
	unlink(temp);
	*ret_won = rc == 0;
	if (rc < 0 && sys != EEXIST)
		return err_sys(e, sys, "%s", path);
	return fs_sync_dir(dir, e);
}

static int make_once(const char *dir, const char *path, const char *comment, struct keys_pair *ret, struct err *e)
{
	auto_keys_pair k = {0};
	bool won;

	if (fs_mkdir_p(dir, 0700, e) < 0 || keys_make(&k, e) < 0 || publish(dir, path, &k, comment, &won, e) < 0)
		return -1;
	if (!won)
		return keys_load(path, ret, e);
	*ret = k;
	return 0;
}

/* Make the .pub say what the private key says. */
static int refresh_pub(const char *dir, const char *file, const struct keys_pub *pub, const char *comment,
		       struct err *e)
{
	auto_buf have = {0}, want = {0};
	char pub_path[PATHS_MAX];
	struct err ignored = {0};

	path_join(pub_path, sizeof(pub_path), dir, "%s.pub", file);
	keys_pub_format(pub, comment, &want);
	buf_addc(&want, '\n');
	if (fs_read_file(pub_path, FILE_LIMIT, &have, &ignored) == 0 && strcmp(buf_cstr(&have), want.data) == 0)
		return 0;
	return fs_write_atomic(pub_path, want.data, want.len, 0644, e);
}

int keys_load_or_make(const char *dir, const char *file, const char *comment, struct keys_pair *ret, struct err *e)
{
	char path[PATHS_MAX];
	struct err missing = {0};

	path_join(path, sizeof(path), dir, "%s", file);
	if (keys_load(path, ret, &missing) < 0) {
		if (missing.code != ERR_NOT_FOUND) {
			err_join(e, &missing);
			return err_hint(e, _("Move %s away and a new key is made at the next start."), path);
		}
		if (make_once(dir, path, comment, ret, e) < 0)
			return -1;
	}
	return refresh_pub(dir, file, &ret->pub, comment, e);
}

int keys_user(const char *state_dir, struct keys_pair *ret, struct err *e)
{
	char dir[PATHS_MAX];

	path_join(dir, sizeof(dir), state_dir, "ssh");
	return keys_load_or_make(dir, KEYS_USER_FILE, "banger-tui", ret, e);
}

int keys_vm_host(const char *vm_dir, struct keys_pair *ret, struct err *e)
{
	return keys_load_or_make(vm_dir, KEYS_HOST_FILE, "banger-vm", ret, e);
}

int keys_vm_host_pub(const char *vm_dir, struct keys_pub *ret, struct err *e)
{
	auto_buf text = {0};
	char path[PATHS_MAX];

	path_join(path, sizeof(path), vm_dir, KEYS_HOST_FILE ".pub");
	if (fs_read_file(path, FILE_LIMIT, &text, e) < 0)
		return -1;
	if (keys_pub_parse(buf_cstr(&text), ret, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}
