/* SPDX-License-Identifier: MIT */
/*
 * commit: a machine's disk becomes an image.
 *
 * Rootfs and overlay are merged where they always are, inside the guest: the host never reads a disk a guest has written. The kit
 * writes its root as an archive (banger-guest archive), which comes over SSH and goes through the builder of images as it comes. Two
 * threads: this job's reads SSH no more than it writes a pipe, so the one that does is its own, and the job builds.
 *
 * A machine that runs is taken as it is at that moment, and runs on. One that stands still is started for it with the kit alone (no
 * program of the image runs) and stopped again, whatever became of it. The job holds the machine's key and the new name's: stop and
 * delete wait, kill does not, and then there is no image.
 */
#include "core/engine/publishing.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/engine/hold.h"
#include "core/guest/exec.h"
#include "core/image/saved.h"
#include "core/model/size.h"
#include "core/store/images.h"
#include "wire/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STOP_MS 90000
#define SPARE_BYTES ((uint64_t)256 << 20) /* the keeper holds its machine when there is less than half of it */
#define TAIL_MAX ((size_t)1 << 20) /* what may follow an archive's end marker */

/* The thread that takes the archive from the guest. What it found is read when it has ended. */
struct feed {
	struct op op; /* its own: one that waits for the guest is cancelled by this */
	struct ssh *session;
	const char *const *argv;
	int out; /* of the pipe; closed at the end, which is what tells the builder */
	struct buf said;
	struct err err;
	int rc;
};

static void *feed_run(void *arg)
{
	struct feed *f = arg;

	f->rc = exec_stream(&f->op, f->session, f->argv, f->out, &f->said, &f->err);
	fd_close(&f->out);
	return NULL;
}

/* Take what follows the end marker, so that the guest comes to its end and says how it went. */
static int drain(struct op *op, int fd, struct err *e)
{
	size_t left = TAIL_MAX;
	char block[4096];

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (op_poll(op, &p, 1, -1, e) < 0)
			return -1;
		n = read(fd, block, sizeof(block));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, _("read the machine's archive"));
		if (n == 0)
			return 0;
		if ((size_t)n > left)
			return err_set(e, ERR_PROTO, _("the guest goes on behind the end of its archive"));
		left -= (size_t)n;
	}
}

static int build(struct op *op, struct saved_args *a, const char *staging, struct image_built *b, struct err *e)
{
	return saved_build(op, a, staging, b, e) < 0 ? -1 : drain(op, a->fd, e);
}

/* Of the two ends of the pipe, the one at fault is told: the guest's, unless it was we who ended it. */
static int judge(struct op *op, struct feed *f, int rc, struct err *e)
{
	bool guest = f->rc < 0 && f->err.code != ERR_CANCELED;

	if (f->said.len)
		log_warn(op, "%s", buf_cstr(&f->said));
	if (!guest || (rc < 0 && e->code == ERR_CANCELED))
		return rc;
	err_clear(e);
	err_join(e, &f->err);
	if (e->code == ERR_TOOL && strstr(e->msg, "usage: banger-guest"))
		err_hint(e, _("a machine that an older banger-tui started knows no archive: restart it"));
	return -1;
}

/* The guest's archive into an image in staging. */
static int receive(struct op *op, struct feed *f, struct saved_args *a, const char *staging, struct image_built *b, struct err *e)
{
	pthread_t thread;
	auto_fd in = -1;
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, errno, _("make a pipe"));
	in = a->fd = fds[0];
	f->out = fds[1];
	rc = pthread_create(&thread, NULL, feed_run, f);
	if (rc) {
		fd_close(&f->out);
		return err_sys(e, rc, _("start a thread"));
	}
	rc = build(op, a, staging, b, e);
	if (rc < 0)
		op_cancel(&f->op);
	fd_close(&in);
	pthread_join(thread, NULL);
	return judge(op, f, rc, e);
}

/* What it may come to: all that its own disks hold, and what they do not hold of the image. */
static uint64_t content_bytes(const struct vmjob *j, const struct image *base)
{
	return vm_disk_bytes(&j->eng->paths, j->vm.id) + (j->vm.cfg.disk == DISK_COPY ? 0 : base->used_bytes);
}

/* Not begun when it may not fit: a host's disk that runs full holds the machine, and that one would send no more. */
static int check_room(const char *root, uint64_t content, struct err *e)
{
	uint64_t avail, total, need = content + SPARE_BYTES;
	char needs[SIZE_TEXT], has[SIZE_TEXT];

	if (fs_space(root, &avail, &total, e) < 0)
		return -1;
	if (avail >= need)
		return 0;
	err_set(e, ERR_SPACE, _("no room in %s: about %s needed, %s free"), root, size_human(need, needs), size_human(avail, has));
	return err_hint(e, _("free space there, delete VMs or images that are not used, or set paths { state = \"/elsewhere\" }"));
}

static struct image describe(const struct vmjob *j)
{
	struct image row = {0};

	str_copy(row.name, sizeof(row.name), j->req.image);
	str_copy(row.source, sizeof(row.source), IMAGE_SAVED_SOURCE);
	snprintf(row.about, sizeof(row.about), _("saved from VM %s"), j->vm.name);
	return row;
}

static int save_with(struct vmjob *j, struct op *op, struct feed *f, struct err *e)
{
	auto_publish p = PUBLISH_INIT;
	struct image_built b = {0};
	struct image base, row = describe(j);
	char root[PATHS_MAX], base_dir[PATHS_MAX];
	struct saved_args a = {.name = j->req.image, .vm = &j->vm, .base = &base, .base_dir = base_dir};
	int rc;

	if (images_get_id(j->store, j->vm.image_id, &base, e) < 0)
		return -1;
	path_join(root, sizeof(root), j->eng->paths.state, "images");
	path_join(base_dir, sizeof(base_dir), root, "%s", base.id);
	a.content_bytes = content_bytes(j, &base);
	if (check_room(root, a.content_bytes, e) < 0 || publish_begin(root, &p, e) < 0)
		return -1;
	rc = receive(op, f, &a, p.staging, &b, e);
	if (rc == 0)
		rc = publishing_image(j, &p, &row, &b, e);
	image_built_done(&b);
	return rc;
}

static int save(struct vmjob *j, struct op *op, struct err *e)
{
	const char *const argv[] = {WIRE_KIT_PROGRAM, "archive", j->req.flags & REQ_F_NO_HOME ? "--no-home" : NULL, NULL};
	struct feed f = {.argv = argv, .out = -1};
	auto_ssh session = NULL;
	int rc;

	op_step(op, _("log in"), 0, 0);
	if (vm_log_in(op, j, &session, e) < 0)
		return -1;
	f.session = session;
	op_init(&f.op, -1);
	rc = save_with(j, op, &f, e);
	op_done(&f.op);
	buf_done(&f.said);
	return rc;
}

/* Started for this, it goes back to where it was in any case, and nobody can cancel that. */
static int save_standing(struct vmjob *j, struct op *op, struct err *e)
{
	struct err why = {0};
	struct op stop;
	bool alive = true;
	int rc;

	j->no_init = true;
	rc = vm_start(j, op, e) < 0 ? -1 : save(j, op, e);
	if (rc < 0 && vm_alive(j->eng, j->vm.id, &alive, &why) == 0 && !alive && !vm_state_is_live(j->vm.state))
		return rc;
	op_init_cleanup(&stop, op, STOP_MS);
	err_clear(&why);
	if (vm_stop(j, &stop, &why) < 0) {
		err_wrap(&why, _("stop it again"));
		rc = err_join(e, &why);
	}
	op_done(&stop);
	return rc;
}

/* The key of the name is ours: what is not there now is not there later. */
static int check_name(struct vmjob *j, struct err *e)
{
	struct image other;

	if (images_get(j->store, j->req.image, &other, NULL) < 0)
		return 0;
	err_set(e, ERR_EXISTS, _("an image named '%s' exists"), j->req.image);
	return err_hint(e, _("choose another name, or delete that one first"));
}

static int commit(struct vmjob *j, struct op *op, struct err *e)
{
	bool alive;

	if (check_name(j, e) < 0 || vm_alive(j->eng, j->vm.id, &alive, e) < 0)
		return -1;
	if (!alive)
		return save_standing(j, op, e);
	return vm_check_awake(&j->eng->paths, &j->vm, e) < 0 ? -1 : save(j, op, e);
}

int do_vm_commit(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc = vmjob_begin(j, r, e);

	if (rc == 0 && commit(j, op, e) < 0)
		rc = err_wrap(e, _("save VM '%s' as image '%s'"), j->vm.name, j->req.image);
	return vmjob_end(j, rc, e);
}
