/* SPDX-License-Identifier: MIT */
/*
 * The disks of a VM: one row of `modes` a way of storing them, and what all of them share.
 *
 * The work disk is the same in every mode; a mode adds what the root file system needs. Creation is all or nothing: what
 * was made before a failure is removed again, under an op nobody can cancel.
 */
#include "core/disk/vmdisk.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "core/disk/dmtable.h"
#include "core/disk/ext4.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define DISK_MAX_BYTES ((uint64_t)128 << 30)
#define CLEANUP_MS 60000
/* What a fresh ext4 takes on the host, and the journal it will fill first. */
#define FRESH_EXT4_BYTES ((uint64_t)40 << 20)

static char *disk_path(const struct vmdisk_spec *s, const char *name, char ret[PATHS_MAX])
{
	return path_join(ret, PATHS_MAX, s->dir, "%s.ext4", name);
}

static uint64_t file_bytes(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* The file with the blocks. */
static const char *stored_in(const struct vmdisk_file *f)
{
	return f->block ? f->cow : f->path;
}

static int format_disk(struct op *op, const struct vmdisk_spec *s, const char *name, uint64_t bytes, const char *uuid,
		       struct err *e)
{
	char path[PATHS_MAX];
	struct ext4_format_args a = {.path = disk_path(s, name, path), .size = bytes, .uuid = uuid, .label = name};

	return ext4_format_copied(op, &a, s->blanks, e);
}

/* Remove <dir>/<name> for each name; the first error is kept, the others joined. */
static int remove_disks(const struct vmdisk_spec *s, const char *const *names, size_t n, struct err *e)
{
	struct err all = {0};

	for (size_t i = 0; i < n; i++) {
		struct err one = {0};
		char path[PATHS_MAX];

		if (fs_unlink(path_join(path, sizeof(path), s->dir, "%s", names[i]), &one) < 0)
			err_join(&all, &one);
	}
	if (!err_is_set(&all))
		return 0;
	if (e)
		err_join(e, &all);
	return -1;
}

static void add_file(struct vmdisk_set *set, enum vmdisk_role role, const char *path, const char *uuid, uint64_t bytes)
{
	assert(set->n >= 0 && (size_t)set->n < ARRAY_LEN(set->files));
	struct vmdisk_file *f = &set->files[set->n++];

	*f = (struct vmdisk_file){.role = role, .bytes = bytes};
	str_copy(f->path, sizeof(f->path), path);
	str_copy(f->uuid, sizeof(f->uuid), uuid ? uuid : "");
}

static void add_work(const struct vmdisk_spec *s, struct vmdisk_set *ret)
{
	char path[PATHS_MAX];

	add_file(ret, VMDISK_WORK, disk_path(s, "work", path), s->work_uuid, s->work_bytes);
}

/* ---- overlay */

static const char *const overlay_names[] = {"upper.ext4", "work.ext4"};

static uint64_t overlay_min_bytes(const struct vmdisk_spec *s UNUSED)
{
	return 2 * FRESH_EXT4_BYTES;
}

static int overlay_create(struct op *op, const struct vmdisk_spec *s, struct err *e)
{
	if (format_disk(op, s, "upper", s->root_bytes, s->upper_uuid, e) < 0)
		return -1;
	return format_disk(op, s, "work", s->work_bytes, s->work_uuid, e);
}

static int overlay_destroy(struct op *op UNUSED, const struct vmdisk_spec *s, struct err *e)
{
	return remove_disks(s, overlay_names, ARRAY_LEN(overlay_names), e);
}

static void overlay_files(const struct vmdisk_spec *s, struct vmdisk_set *ret)
{
	char path[PATHS_MAX];

	ret->n = 0;
	add_file(ret, VMDISK_ROOTFS, s->rootfs, s->rootfs_uuid, file_bytes(s->rootfs));
	ret->files[0].read_only = true;
	ret->files[0].shared = true;
	add_file(ret, VMDISK_UPPER, disk_path(s, "upper", path), s->upper_uuid, s->root_bytes);
	add_work(s, ret);
}

/* ---- copy */

static const char *const copy_names[] = {"rootfs.ext4", "work.ext4"};

/* Tried on a nameless file: whether two paths can share blocks is known to the file system alone. */
static bool can_reflink(const char *from, const char *dir)
{
	auto_fd src = open(from, O_RDONLY | O_CLOEXEC);
	auto_fd dst = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return src >= 0 && dst >= 0 && ioctl(dst, FICLONE, src) == 0;
}

static uint64_t copy_min_bytes(const struct vmdisk_spec *s)
{
	return FRESH_EXT4_BYTES + (can_reflink(s->rootfs, s->dir) ? 0 : fs_allocated(s->rootfs));
}

static uint64_t private_root_bytes(const struct vmdisk_spec *s)
{
	return MAX(s->root_bytes, file_bytes(s->rootfs));
}

static int copy_create(struct op *op, const struct vmdisk_spec *s, struct err *e)
{
	struct vmdisk_file root = {.role = VMDISK_ROOTFS};

	disk_path(s, "rootfs", root.path);
	if (fs_copy_sparse(op, s->rootfs, root.path, 0600, e) < 0 || vmdisk_grow(&root, private_root_bytes(s), e) < 0)
		return -1;
	return format_disk(op, s, "work", s->work_bytes, s->work_uuid, e);
}

static int copy_destroy(struct op *op UNUSED, const struct vmdisk_spec *s, struct err *e)
{
	return remove_disks(s, copy_names, ARRAY_LEN(copy_names), e);
}

static void copy_files(const struct vmdisk_spec *s, struct vmdisk_set *ret)
{
	char path[PATHS_MAX];

	ret->n = 0;
	add_file(ret, VMDISK_ROOTFS, disk_path(s, "rootfs", path), s->rootfs_uuid, private_root_bytes(s));
	add_work(s, ret);
}

/* ---- dm-snapshot */

static const char *const snapshot_names[] = {"cow", "work.ext4"};

static char *cow_path(const struct vmdisk_spec *s, char ret[PATHS_MAX])
{
	return path_join(ret, PATHS_MAX, s->dir, "cow");
}

static uint64_t snapshot_min_bytes(const struct vmdisk_spec *s UNUSED)
{
	return 2 * FRESH_EXT4_BYTES;
}

/* As large as no write of the guest can overflow: what can run out is the host's space alone. */
static int snapshot_create(struct op *op, const struct vmdisk_spec *s, struct err *e)
{
	char path[PATHS_MAX];

	if (fs_create_sparse(cow_path(s, path), dmtable_cow_bytes(private_root_bytes(s)), 0600, e) < 0)
		return -1;
	return format_disk(op, s, "work", s->work_bytes, s->work_uuid, e);
}

static int snapshot_destroy(struct op *op UNUSED, const struct vmdisk_spec *s, struct err *e)
{
	return remove_disks(s, snapshot_names, ARRAY_LEN(snapshot_names), e);
}

static void snapshot_files(const struct vmdisk_spec *s, struct vmdisk_set *ret)
{
	char path[PATHS_MAX];

	ret->n = 0;
	path_join(path, sizeof(path), DMSNAP_DEV_DIR, "%s", s->vm_id);
	add_file(ret, VMDISK_ROOTFS, path, s->rootfs_uuid, private_root_bytes(s));
	ret->files[0].block = true;
	cow_path(s, ret->files[0].cow);
	add_work(s, ret);
}

/* ---- the table */

static const struct vmdisk_mode modes[] = {
	{"overlay", overlay_min_bytes, overlay_create, overlay_destroy, overlay_files},
	{"copy", copy_min_bytes, copy_create, copy_destroy, copy_files},
	{"dm-snapshot", snapshot_min_bytes, snapshot_create, snapshot_destroy, snapshot_files},
};

/* Of all modes. */
static const char *const all_names[] = {"rootfs.ext4", "upper.ext4", "work.ext4", "cow"};

bool vmdisk_is_any_in(const char *dir)
{
	char path[PATHS_MAX];

	for (size_t i = 0; i < ARRAY_LEN(all_names); i++)
		if (fs_exists(path_join(path, sizeof(path), dir, "%s", all_names[i])))
			return true;
	return false;
}

uint64_t vmdisk_allocated(const char *dir)
{
	char path[PATHS_MAX];
	uint64_t sum = 0;

	for (size_t i = 0; i < ARRAY_LEN(all_names); i++)
		sum += fs_allocated(path_join(path, sizeof(path), dir, "%s", all_names[i]));
	return sum;
}

void vmdisk_snap_look(const char *dir, struct dmsnap_status *ret)
{
	unsigned char header[DMTABLE_HEADER_SIZE];
	enum dmtable_header state;
	char path[PATHS_MAX];
	struct stat st;

	*ret = (struct dmsnap_status){.health = DMSNAP_GONE};
	auto_fd fd = open(path_join(path, sizeof(path), dir, "cow"), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || pread(fd, header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
	    dmtable_parse_header(header, &state, NULL) < 0)
		return;
	ret->total_bytes = (uint64_t)st.st_size;
	ret->used_bytes = MIN((uint64_t)st.st_blocks * 512, ret->total_bytes);
	ret->health = state == DMTABLE_GIVEN_UP ? DMSNAP_INVALID : ret->used_bytes == ret->total_bytes ? DMSNAP_OVERFLOW : DMSNAP_OK;
}

const struct vmdisk_mode *vmdisk_mode_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_LEN(modes) ? &modes[i] : NULL;
}

const struct vmdisk_mode *vmdisk_mode_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	return NULL;
}

static int check_size(const char *what, uint64_t bytes, struct err *e)
{
	if (bytes >= EXT4_MIN_BYTES && bytes <= DISK_MAX_BYTES && bytes % 4096 == 0)
		return 0;
	err_set(e, ERR_USAGE, _("%s size of %" PRIu64 " bytes is not possible"), what, bytes);
	return err_hint(e, _("Choose between 16M and 128G."));
}

static int check_space(const char *dir, uint64_t need, struct err *e)
{
	uint64_t avail, total;

	need += VMDISK_RESERVE_BYTES;
	if (fs_space(dir, &avail, &total, e) < 0)
		return -1;
	if (avail >= need)
		return 0;
	err_set(e, ERR_SPACE, _("no room for the VM's disks in %s: %" PRIu64 " MiB needed, %" PRIu64 " MiB free"), dir,
		need >> 20, avail >> 20);
	return err_hint(e, _("Free space there, or delete VMs or images that are not used."));
}

static int check_spec(const struct vmdisk_mode *m, const struct vmdisk_spec *s, struct vmdisk_set *set, struct err *e)
{
	if (s->root_bytes && check_size(_("root disk"), s->root_bytes, e) < 0)
		return -1;
	if (check_size(_("work disk"), s->work_bytes, e) < 0)
		return -1;
	m->files(s, set);
	for (int i = 0; i < set->n; i++) {
		const struct vmdisk_file *f = &set->files[i];

		if (!f->shared && fs_exists(stored_in(f)))
			return err_set(e, ERR_EXISTS, _("%s is there already"), stored_in(f));
		if (f->role == VMDISK_UPPER && check_size(_("root disk"), f->bytes, e) < 0)
			return -1;
	}
	if (file_bytes(s->rootfs) == 0)
		return err_set(e, ERR_NOT_FOUND, _("the image's root file system %s is gone"), s->rootfs);
	return check_space(s->dir, m->min_bytes(s), e);
}

int vmdisk_create(struct op *op, const struct vmdisk_mode *m, const struct vmdisk_spec *s, struct err *e)
{
	struct vmdisk_set set;
	struct err undo_err = {0};
	struct op undo;

	assert(s->dir && s->rootfs && s->rootfs_uuid && s->work_uuid);
	if (check_spec(m, s, &set, e) < 0)
		return -1;
	if (m->create(op, s, e) == 0)
		return 0;
	op_init_cleanup(&undo, op, CLEANUP_MS);
	if (m->destroy(&undo, s, &undo_err) < 0 && e)
		err_join(e, &undo_err);
	op_done(&undo);
	return -1;
}

int vmdisk_destroy(struct op *op, const struct vmdisk_mode *m, const struct vmdisk_spec *s, struct err *e)
{
	return m->destroy(op, s, e);
}

int vmdisk_check(const struct vmdisk_set *set, struct err *e)
{
	for (int i = 0; i < set->n; i++) {
		const struct vmdisk_file *f = &set->files[i];
		char dir[PATHS_MAX];
		char *slash;

		if (file_bytes(stored_in(f)) == 0)
			return err_set(e, ERR_NOT_FOUND, _("disk %s is gone, or empty"), stored_in(f));
		str_copy(dir, sizeof(dir), stored_in(f));
		slash = strrchr(dir, '/');
		if (slash)
			*slash = '\0';
		if (!f->shared && check_space(slash ? dir : ".", 0, e) < 0)
			return -1;
	}
	return 0;
}

int vmdisk_grow(const struct vmdisk_file *f, uint64_t bytes, struct err *e)
{
	struct stat st;
	auto_fd fd = -1;
	uint64_t have;

	if (f->shared)
		return err_set(e, ERR_USAGE, _("%s belongs to the image and cannot be resized"), f->path);
	fd = open(stored_in(f), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, _("open %s"), stored_in(f));
	have = f->block ? f->bytes : (uint64_t)st.st_size;
	if (bytes < have) {
		err_set(e, ERR_USAGE, _("disks only grow: %s has %" PRIu64 " MiB already"), stored_in(f), have >> 20);
		return err_hint(e, _("Choose a larger size."));
	}
	if (bytes == have)
		return 0;
	if (check_size(_("disk"), bytes, e) < 0)
		return -1;
	if (f->block)
		bytes = MAX(dmtable_cow_bytes(bytes), (uint64_t)st.st_size);
	return ftruncate(fd, (off_t)bytes) < 0 ? err_sys(e, errno, _("grow %s"), stored_in(f)) : 0;
}

uint64_t vmdisk_used(const struct vmdisk_set *set)
{
	uint64_t sum = 0;

	for (int i = 0; i < set->n; i++)
		if (!set->files[i].shared)
			sum += fs_allocated(stored_in(&set->files[i]));
	return sum;
}
