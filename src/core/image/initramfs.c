/* SPDX-License-Identifier: MIT */
/*
 * One pass from parts to cpio: programs, libraries, module list, modules, each directory before what is in it.
 *
 * The same inputs give the same bytes. The archive is written beside its place and renamed: whoever boots meanwhile has
 * the old file or the new one, whole.
 */
#include "core/image/initramfs.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/program.h"
#include "base/spawn.h"
#include "base/verdict.h"
#include "core/image/cpio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Goes up whenever the layout changes, so that old archives are not taken for new ones. */
#define LAYOUT_VERSION "1"
#define GUEST_MAX ((size_t)64 << 20)
#define GUEST_NAME "banger-guest"

static const struct {
	const char *suffix, *tool;
} packers[] = {{".xz", "xz"}, {".zst", "zstd"}, {".gz", "gzip"}};

/* Length of a module's path without the suffix of a packer; that packer, or NULL. */
static size_t plain_len(const char *path, const char **ret_tool)
{
	size_t len = strlen(path);

	*ret_tool = NULL;
	for (size_t i = 0; i < ARRAY_LEN(packers); i++) {
		size_t n = strlen(packers[i].suffix);

		if (len > n && strcmp(path + len - n, packers[i].suffix) == 0) {
			*ret_tool = packers[i].tool;
			return len - n;
		}
	}
	return len;
}

static int unpack_module(struct op *op, const char *tool, struct buf *content, struct err *e)
{
	const char *argv[] = {tool, "-dc", NULL};
	struct spawn_run_args a = {
		.argv = argv, .input = content->data, .input_len = content->len, .max_output = INITRAMFS_MODULE_MAX};
	auto_buf plain = {0};
	struct buf packed;

	if (spawn_run(op, &a, &plain, e) < 0)
		return e && e->code == ERR_MISSING ? err_hint(e, _("Install %s."), tool) : -1;
	packed = *content;
	*content = plain;
	plain = packed;
	return 0;
}

static int put_guest(struct cpio *c, const struct initramfs_args *a, struct err *e)
{
	auto_buf guest = {0};

	if (fs_read_file(a->guest_binary, GUEST_MAX, &guest, e) < 0)
		return -1;
	if (cpio_file(c, "init", 0755, guest.data, guest.len, e) < 0)
		return -1;
	return cpio_file(c, "kit/bin/" GUEST_NAME, 0755, guest.data, guest.len, e);
}

static int put_parts(struct cpio *c, const struct kit *k, struct err *e)
{
	for (int i = 0; i < k->n_parts; i++) {
		const struct kit_part *part = &k->parts[i];
		auto_free char *name = xasprintf("kit/%s/%s", kit_part_is_library(part) ? "lib" : "bin", part->name);
		auto_buf content = {0};

		if (kit_read_part(k, part, &content, e) < 0 ||
		    cpio_file(c, name, 0755, content.data, content.len, e) < 0)
			return -1;
	}
	return 0;
}

static int put_module_list(struct cpio *c, const struct modorder *modules, struct err *e)
{
	auto_buf list = {0};
	const char *tool;

	for (size_t i = 0; i < modules->n; i++)
		buf_addf(&list, "%.*s\n", (int)plain_len(modules->paths[i], &tool), modules->paths[i]);
	return cpio_file(c, "kit/modules.list", 0644, list.data, list.len, e);
}

/* Directories of a module's path that no module before it had. */
static int put_module_dirs(struct cpio *c, const struct modorder *modules, size_t at, struct err *e)
{
	const char *path = modules->paths[at];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t len = (size_t)(slash - path) + 1;
		auto_free char *dir = xasprintf("kit/modules/%.*s", (int)(len - 1), path);
		bool seen = false;

		for (size_t i = 0; i < at && !seen; i++)
			seen = strncmp(modules->paths[i], path, len) == 0;
		if (!seen && cpio_dir(c, dir, 0755, e) < 0)
			return -1;
	}
	return 0;
}

static int put_modules(struct op *op, struct cpio *c, const struct initramfs_args *a, struct err *e)
{
	for (size_t i = 0; i < a->modules->n; i++) {
		const char *path = a->modules->paths[i], *tool;
		size_t len = plain_len(path, &tool);
		auto_free char *name = xasprintf("kit/modules/%.*s", (int)len, path);
		auto_buf content = {0};

		if (op_check(op, e) < 0 || put_module_dirs(c, a->modules, i, e) < 0)
			return -1;
		if (a->read_module(a->arg, path, &content, e) < 0 || (tool && unpack_module(op, tool, &content, e) < 0))
			return err_wrap(e, _("module %s"), path);
		if (cpio_file(c, name, 0644, content.data, content.len, e) < 0)
			return -1;
	}
	return 0;
}

/* /dev/console is opened for init before init can mount anything (the kernel's own archive has it too; not all
 * distributions' kernels do). */
static int put_all(struct op *op, int fd, const struct initramfs_args *a, struct err *e)
{
	static const char *const dirs[] = {"dev", "proc", "sys", "run", "kit", "kit/bin", "kit/lib", "kit/modules"};
	struct cpio c = cpio_init(fd);

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		if (cpio_dir(&c, dirs[i], 0755, e) < 0)
			return -1;
	if (cpio_chardev(&c, "dev/console", 0600, 5, 1, e) < 0 || put_guest(&c, a, e) < 0 ||
	    put_parts(&c, a->kit, e) < 0 || put_module_list(&c, a->modules, e) < 0 || put_modules(op, &c, a, e) < 0)
		return -1;
	return cpio_end(&c, e);
}

static int write_synced(struct op *op, const char *path, const struct initramfs_args *a, struct err *e)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, errno, _("cannot create %s"), path);
	if (put_all(op, fd, a, e) < 0)
		return -1;
	return fsync(fd) == 0 ? 0 : err_sys(e, errno, _("cannot write %s to the disk"), path);
}

int initramfs_build(struct op *op, const struct initramfs_args *a, struct err *e)
{
	auto_free char *tmp = NULL;
	char id[ID_SIZE];

	id_new(id);
	tmp = xasprintf("%s.tmp.%s", a->dst, id);
	if (write_synced(op, tmp, a, e) < 0 || fs_rename_sync(tmp, a->dst, e) < 0) {
		(void)unlink(tmp);
		return err_wrap(e, _("build the boot kit"));
	}
	return 0;
}

void initramfs_key(const char *guest_digest, const char *kit_digest, const struct modorder *modules, char ret[INITRAMFS_KEY_SIZE])
{
	char sum[DIGEST_SIZE];
	auto_buf text = {0};

	buf_addf(&text, "%s\n%s\n%s\n", LAYOUT_VERSION, guest_digest, kit_digest);
	for (size_t i = 0; i < modules->n; i++)
		buf_addf(&text, "%s\n", modules->paths[i]);
	digest_data(text.data, text.len, sum);
	str_copy(ret, INITRAMFS_KEY_SIZE, sum);
}

int initramfs_guest_digest(struct op *op, const char *cache_dir, const char *guest_binary, char ret[DIGEST_SIZE], struct err *e)
{
	auto_buf key = {0};
	char cache[PATHS_MAX];
	bool works;

	verdict_add_file(&key, guest_binary);
	path_join(cache, sizeof(cache), cache_dir, "guest-digest.json");
	if (verdict_find(cache, buf_cstr(&key), &works, ret, DIGEST_SIZE) && strlen(ret) == DIGEST_SIZE - 1)
		return 0;
	if (digest_file(op, guest_binary, ret, NULL, e) < 0)
		return -1;
	verdict_put(cache, buf_cstr(&key), true, ret);
	return 0;
}

int initramfs_find_guest(const char *given, char ret[PATHS_MAX], struct err *e)
{
	if (given) {
		str_copy(ret, PATHS_MAX, given);
		return program_is(ret) ? 0 : err_set(e, ERR_MISSING, _("%s is not an executable file"), given);
	}
	if (program_ours(GUEST_NAME, PROGRAM_BESIDE_FIRST, ret))
		return 0;
	err_set(e, ERR_MISSING, _("the guest's program %s was found neither beside this program nor at %s"), GUEST_NAME,
		ret);
	return err_hint(e, _("Install banger-tui completely (make install), or set its path."));
}
