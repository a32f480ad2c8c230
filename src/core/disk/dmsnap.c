/* SPDX-License-Identifier: MIT */
/*
 * Copy-on-write disks: see dmsnap.h.
 *
 * Attaching is a table of steps; when one fails, it and those before it are undone in reverse. Only what this attach has made
 * is undone: with two attaches of one VM, the loser must not take down what the winner has. Detaching goes by names alone and
 * knows nothing of how far an attach came.
 */
#include "core/disk/dmsnap_priv.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "core/disk/loopdev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define UNDO_MS 10000
#define PAUSE_FIRST_MS 5
#define PAUSE_MAX_MS 200

/* ---- the node */

/* The directory of the nodes, made when missing; nobody else may write there. */
static int open_dev_dir(bool make, int *ret, struct err *e)
{
	struct stat st;
	auto_fd fd = -1;

	if (make && mkdir(DMSNAP_DEV_DIR, 0755) < 0 && errno != EEXIST)
		return err_sys(e, errno, _("create %s"), DMSNAP_DEV_DIR);
	fd = open(DMSNAP_DEV_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, _("open %s"), DMSNAP_DEV_DIR);
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return err_set(e, ERR_PERM, _("%s can be written to by others"), DMSNAP_DEV_DIR);
	/* The user must reach what is in it, whatever the umask was. */
	if (make && (st.st_mode & 0777) != 0755 && fchmod(fd, 0755) < 0)
		return err_sys(e, errno, _("open %s"), DMSNAP_DEV_DIR);
	*ret = TAKE_FD(fd);
	return 0;
}

static int unlink_node(const char *vm_id, struct err *e)
{
	struct err one = {0};
	auto_fd dir = -1;

	if (open_dev_dir(false, &dir, &one) < 0)
		return one.code == ERR_NOT_FOUND ? 0 : err_join(e, &one);
	if (unlinkat(dir, vm_id, 0) < 0 && errno != ENOENT)
		return err_sys(e, errno, _("remove %s/%s"), DMSNAP_DEV_DIR, vm_id);
	return 0;
}

/* ---- attach */

struct attach {
	const struct dmsnap *d;
	uint64_t rootfs_bytes;
	struct loop {
		int fd; /* until a mapping has it open */
		char path[LOOPDEV_PATH_SIZE];
	} loops[2];   /* by enum dmtable_part: the cow's, the image's */
	dev_t base;   /* what the snapshot starts from */
	bool mapped[2], has_node;
};

static void loop_name(const char *vm_id, enum dmtable_part part, char ret[LOOPDEV_NAME_SIZE])
{
	snprintf(ret, LOOPDEV_NAME_SIZE, "banger:%s:%s", vm_id, part == DMTABLE_DISK ? "cow" : "base");
}

static int attach_loop(struct op *op, struct attach *a, enum dmtable_part part, struct err *e)
{
	bool is_cow = part == DMTABLE_DISK;
	struct loop *l = &a->loops[part];
	char name[LOOPDEV_NAME_SIZE];
	struct loopdev_args args = {
		.fd = is_cow ? a->d->cow_fd : a->d->rootfs_fd, .name = name, .read_only = !is_cow, .direct = is_cow};

	loop_name(a->d->vm_id, part, name);
	if (loopdev_attach(op, &args, l->path, &l->fd, e) == 0)
		return 0;
	l->path[0] = '\0';
	return -1;
}

/* Closed it detaches itself, unless udev has a look at it: then a moment later. */
static int release_loop(struct attach *a, enum dmtable_part part, struct err *e)
{
	struct loop *l = &a->loops[part];
	char name[LOOPDEV_NAME_SIZE];

	fd_close_auto(&l->fd);
	loop_name(a->d->vm_id, part, name);
	if (l->path[0] && loopdev_is(l->path, name))
		return err_set(e, ERR_BUSY, _("%s (%s) is in use"), l->path, name);
	return 0;
}

static int attach_base(struct op *op, struct attach *a, struct err *e)
{
	return attach_loop(op, a, DMTABLE_BASE, e);
}

static int release_base(struct attach *a, struct err *e)
{
	return release_loop(a, DMTABLE_BASE, e);
}

static int attach_cow(struct op *op, struct attach *a, struct err *e)
{
	return attach_loop(op, a, DMTABLE_DISK, e);
}

static int release_cow(struct attach *a, struct err *e)
{
	return release_loop(a, DMTABLE_DISK, e);
}

static int loop_dev(int fd, dev_t *ret, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "fstat");
	*ret = st.st_rdev;
	return 0;
}

static int map_base(struct op *op, struct attach *a, struct err *e)
{
	struct dmsnap_map m = {.vm_id = a->d->vm_id, .part = DMTABLE_BASE};

	if (loop_dev(a->loops[DMTABLE_BASE].fd, &a->base, e) < 0)
		return -1;
	if (a->rootfs_bytes == a->d->bytes)
		return 0;
	m.n = dmtable_base(a->base, a->rootfs_bytes, a->d->bytes, m.targets);
	if (dmsnap_map_create(op, &m, &a->mapped[DMTABLE_BASE], e) < 0)
		return -1;
	return dmsnap_map_find(m.vm_id, m.part, &a->base, e);
}

static int unmap_base(struct attach *a, struct err *e)
{
	return a->mapped[DMTABLE_BASE] ? dmsnap_map_remove(a->d->vm_id, DMTABLE_BASE, e) : 0;
}

static int map_disk(struct op *op, struct attach *a, struct err *e)
{
	struct dmsnap_map m = {.vm_id = a->d->vm_id, .part = DMTABLE_DISK, .n = 1};
	dev_t cow = 0;

	if (loop_dev(a->loops[DMTABLE_DISK].fd, &cow, e) < 0)
		return -1;
	dmtable_snapshot(a->base, cow, a->d->bytes, &m.targets[0]);
	return dmsnap_map_create(op, &m, &a->mapped[DMTABLE_DISK], e);
}

static int unmap_disk(struct attach *a, struct err *e)
{
	return a->mapped[DMTABLE_DISK] ? dmsnap_map_remove(a->d->vm_id, DMTABLE_DISK, e) : 0;
}

/* Made root's and closed, then given away: at no moment can anybody else open it. */
static int make_node(struct op *op UNUSED, struct attach *a, struct err *e)
{
	const char *id = a->d->vm_id;
	auto_fd dir = -1;
	dev_t disk = 0;

	if (dmsnap_map_find(id, DMTABLE_DISK, &disk, e) < 0 || unlink_node(id, e) < 0 || open_dev_dir(true, &dir, e) < 0)
		return -1;
	if (mknodat(dir, id, S_IFBLK | 0600, disk) < 0)
		return err_sys(e, errno, _("create %s/%s"), DMSNAP_DEV_DIR, id);
	a->has_node = true;
	if (fchownat(dir, id, a->d->owner, a->d->group, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, errno, _("give %s/%s to its user"), DMSNAP_DEV_DIR, id);
	return 0;
}

static int remove_node(struct attach *a, struct err *e)
{
	return a->has_node ? unlink_node(a->d->vm_id, e) : 0;
}

static const struct attach_step {
	int (*run)(struct op *op, struct attach *a, struct err *e);
	int (*undo)(struct attach *a, struct err *e);
} steps[] = {
	{attach_base, release_base},
	{attach_cow, release_cow},
	{map_base, unmap_base},
	{map_disk, unmap_disk},
	{make_node, remove_node},
};

/* Again and again while it is in use, until the op ends. */
static int until_let_go(struct op *op, int (*undo)(struct attach *a, struct err *e), struct attach *a, struct err *e)
{
	for (int ms = PAUSE_FIRST_MS;; ms = MIN(2 * ms, PAUSE_MAX_MS)) {
		struct err one = {0};

		if (undo(a, &one) == 0)
			return 0;
		if (one.code != ERR_BUSY || op_sleep(op, ms, NULL) < 0)
			return err_join(e, &one);
	}
}

static void roll_back(struct op *op, struct attach *a, int failed, struct err *e)
{
	struct op undo;

	op_init_cleanup(&undo, op, UNDO_MS);
	for (int i = failed; i >= 0; i--) {
		struct err one = {0};

		if (until_let_go(&undo, steps[i].undo, a, &one) < 0)
			err_join(e, &one);
	}
	op_done(&undo);
}

static int check_args(const struct dmsnap *d, uint64_t *ret_rootfs_bytes, struct err *e)
{
	struct stat st;
	uint64_t rootfs;

	if (!id_is_valid(d->vm_id))
		return err_set(e, ERR_USAGE, _("'%.32s' is no VM id"), d->vm_id);
	if (fstat(d->rootfs_fd, &st) < 0)
		return err_sys(e, errno, "fstat");
	rootfs = (uint64_t)st.st_size;
	if (!S_ISREG(st.st_mode) || rootfs == 0 || rootfs % DMTABLE_SECTOR || d->bytes % 4096 || d->bytes < rootfs)
		return err_set(e, ERR_USAGE, _("a root disk of these sizes is not possible"));
	*ret_rootfs_bytes = rootfs;
	return 0;
}

static int write_header(int fd, struct err *e)
{
	unsigned char header[DMTABLE_HEADER_SIZE];

	dmtable_format_header(header);
	if (pwrite(fd, header, sizeof(header), 0) != (ssize_t)sizeof(header) || fdatasync(fd) < 0)
		return err_sys(e, errno, _("write the cow file"));
	return 0;
}

/* The kernel would take a file that was given up, and answer every read with an error. */
static int check_cow(const struct dmsnap *d, struct err *e)
{
	unsigned char header[DMTABLE_HEADER_SIZE];
	enum dmtable_header state;
	ssize_t n = pread(d->cow_fd, header, sizeof(header), 0);

	if (n < 0)
		return err_sys(e, errno, _("read the cow file"));
	if (n < (ssize_t)sizeof(header))
		return err_set(e, ERR_CORRUPT, _("the cow file is too short"));
	if (dmtable_parse_header(header, &state, e) < 0)
		return -1;
	if (state != DMTABLE_GIVEN_UP)
		return 0;
	if (d->revive)
		return write_header(d->cow_fd, e);
	return err_set(e, ERR_STATE, _("the disk was given up when a write to the host's disk failed"));
}

/* Before anything is made, so that what is there is not taken for ours. */
static int check_absent(const char *vm_id, struct err *e)
{
	for (int part = DMTABLE_DISK; part <= DMTABLE_BASE; part++) {
		char name[DMTABLE_NAME_SIZE];
		dev_t there;

		if (dmsnap_map_find(vm_id, (enum dmtable_part)part, &there, e) < 0)
			return -1;
		dmtable_name(vm_id, (enum dmtable_part)part, name);
		if (there)
			return err_set(e, ERR_EXISTS, _("a mapping '%s' is there already"), name);
	}
	return 0;
}

int dmsnap_attach(struct op *op, const struct dmsnap *d, char *ret_node, size_t size, struct err *e)
{
	struct attach a = {.d = d, .loops = {{.fd = -1}, {.fd = -1}}};
	struct err one = {0};
	int done = 0, n = (int)ARRAY_LEN(steps);

	if (check_args(d, &a.rootfs_bytes, e) < 0 || check_absent(d->vm_id, e) < 0 || check_cow(d, e) < 0)
		return -1;
	while (done < n && op_check(op, &one) == 0 && steps[done].run(op, &a, &one) == 0)
		done++;
	if (done < n) {
		roll_back(op, &a, done, &one);
		err_join(e, &one);
		return err_wrap(e, _("disk of VM %s"), d->vm_id);
	}
	/* The mappings have the loops open now. */
	fd_close_auto(&a.loops[DMTABLE_BASE].fd);
	fd_close_auto(&a.loops[DMTABLE_DISK].fd);
	snprintf(ret_node, size, DMSNAP_DEV_DIR "/%s", d->vm_id);
	return 0;
}

/* ---- detach */

static int detach_loop(const struct attach *a, enum dmtable_part part, struct err *e)
{
	char name[LOOPDEV_NAME_SIZE];

	loop_name(a->d->vm_id, part, name);
	return loopdev_detach(name, e);
}

static int detach_cow(struct attach *a, struct err *e)
{
	return detach_loop(a, DMTABLE_DISK, e);
}

static int detach_base(struct attach *a, struct err *e)
{
	return detach_loop(a, DMTABLE_BASE, e);
}

int dmsnap_detach(struct op *op, const char *vm_id, struct err *e)
{
	static int (*const ends[])(struct attach *, struct err *) = {remove_node, unmap_disk, unmap_base, detach_cow,
								     detach_base};
	const struct dmsnap d = {.vm_id = vm_id};
	struct attach a = {.d = &d, .loops = {{.fd = -1}, {.fd = -1}}, .mapped = {true, true}, .has_node = true};
	struct err all = {0};

	if (!id_is_valid(vm_id))
		return err_set(e, ERR_USAGE, _("'%.32s' is no VM id"), vm_id);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct err one = {0};

		/* A mapping that is open keeps all below it in use: that is no news. */
		if (until_let_go(op, ends[i], &a, &one) < 0 && !(all.code == ERR_BUSY && one.code == ERR_BUSY))
			err_join(&all, &one);
	}
	if (!err_is_set(&all))
		return 0;
	err_join(e, &all);
	return err_wrap(e, _("disk of VM %s"), vm_id);
}
