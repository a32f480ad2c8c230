/* SPDX-License-Identifier: MIT */
/*
 * The fake engine.
 *
 * The replay and the figures are not queued but made when they are taken: ten thousand machines cost no queue, and the
 * console is what a benchmark measures.
 */
#include "fake_engine.h"

#include "tests/lib/fake_dirs.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TINY_ID "aaaaaaaaaaaa"
#define DEBIAN_ID "bbbbbbbbbbbb"
#define TICKS_A_SECOND 4
#define MINUTE_MS 60000LL

struct fake_job {
	struct job job;
	struct request req;
	int ticks_left;
};

struct fake {
	struct fake_args args;
	struct vm *vms;
	size_t n_vms;
	struct image images[8];
	size_t n_images;
	struct kernel kernels[2];
	size_t n_kernels;
	struct fake_job jobs[64];
	size_t n_jobs;
	uint64_t next_job;
	struct event *queue;
	size_t n_queue, at_queue, cap_queue;
	size_t replay_at, stats_at; /* n_vms = through */
	bool told_end;
	unsigned tick;
	int64_t second;
	char watched[ID_SIZE];
	struct request asked[256];
	size_t n_asked;
	enum err_code refuse;
	char refuse_msg[128];
	int epoll_fd, timer_fd, bell_fd;
	bool mended, helper_runs;
};

/* A small mixed-congruential generator: the same numbers on every host. */
static unsigned noise(unsigned a, unsigned b)
{
	unsigned x = a * 2654435761u ^ b * 40503u;

	x ^= x >> 13;
	x *= 0x5bd1e995u;
	return x ^ x >> 15;
}

static int64_t now_ms(const struct fake *f)
{
	return f->args.wall_ms ? f->args.wall_ms + f->second * 1000 : clock_wall_ms();
}

static void ring(struct fake *f)
{
	uint64_t one = 1;
	ssize_t n = write(f->bell_fd, &one, sizeof(one));

	(void)n;
}

void fake_push(struct fake *f, const struct event *ev)
{
	if (f->n_queue == f->cap_queue) {
		f->cap_queue = f->cap_queue * 2 + 16;
		f->queue = xrealloc(f->queue, f->cap_queue, sizeof(*f->queue));
	}
	f->queue[f->n_queue++] = *ev;
	ring(f);
}

static const struct {
	const char *name;
	enum vm_state state;
	const char *image, *reason;
	int64_t age_ms;
} cast[] = {
	{"dev", VM_RUNNING, "debian-bookworm", "", 192 * MINUTE_MS},
	{"ci-1", VM_RUNNING, "tiny", "", 31 * MINUTE_MS},
	{"ci-2", VM_RUNNING, "tiny", "", 2 * MINUTE_MS},
	{"old-fork", VM_STOPPED, "debian-bookworm", "", 4 * 24 * 60 * MINUTE_MS},
	{"broken", VM_ERROR, "tiny", "start VM 'broken': no space left on /home", 60 * MINUTE_MS},
};

static void make_vm(const struct fake *f, struct vm *vm, size_t i)
{
	*vm = (struct vm){.state = VM_RUNNING, .ssh_port = (uint16_t)(20000 + i % 40000)};
	snprintf(vm->id, sizeof(vm->id), "%06x%06x", noise((unsigned)i, 1) & 0xffffff, (unsigned)i & 0xffffff);
	vm->cfg =
		(struct vm_config){.vcpus = 2, .mem_mib = 2048, .overlay_bytes = 8ULL << 30, .work_bytes = 8ULL << 30};
	str_copy(vm->cfg.kernel, sizeof(vm->cfg.kernel), "debian");
	str_copy(vm->accel, sizeof(vm->accel), "kvm");
	vm->created_ms = now_ms(f) - 7 * 24 * 60 * MINUTE_MS;
	if (i < ARRAY_LEN(cast)) {
		str_copy(vm->name, sizeof(vm->name), cast[i].name);
		str_copy(vm->cfg.image, sizeof(vm->cfg.image), cast[i].image);
		str_copy(vm->reason, sizeof(vm->reason), cast[i].reason);
		vm->state = cast[i].state;
		vm->started_ms = now_ms(f) - cast[i].age_ms;
	} else {
		snprintf(vm->name, sizeof(vm->name), "vm-%05zu", i);
		str_copy(vm->cfg.image, sizeof(vm->cfg.image), i % 2 ? "tiny" : "debian-bookworm");
		vm->state = f->args.all_run || i % 3 ? VM_RUNNING : VM_STOPPED;
		vm->started_ms = now_ms(f) - (int64_t)(i % 5000) * MINUTE_MS;
	}
	str_copy(vm->image_id, sizeof(vm->image_id), strcmp(vm->cfg.image, "tiny") == 0 ? TINY_ID : DEBIAN_ID);
	if (f->args.all_run)
		vm->state = VM_RUNNING;
	vm->stopped_ms = vm->state == VM_RUNNING ? 0 : vm->started_ms;
}

static void make_objects(struct fake *f)
{
	f->images[0] = (struct image){.name = "tiny",
				      .id = TINY_ID,
				      .about = "busybox, 8M, ready in seconds",
				      .init = "busybox",
				      .size_bytes = 16 << 20,
				      .used_bytes = 8 << 20,
				      .alloc_bytes = 8 << 20,
				      .users = 3,
				      .local = !f->args.empty,
				      .in_catalog = true};
	f->images[1] = (struct image){.name = "debian-bookworm",
				      .id = DEBIAN_ID,
				      .about = "Debian 12 with systemd",
				      .digest = "sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
				      .init = "systemd",
				      .size_bytes = 1 << 30,
				      .used_bytes = 410 << 20,
				      .alloc_bytes = 391 << 20,
				      .users = 2,
				      .local = !f->args.empty,
				      .in_catalog = true};
	f->images[2] = (struct image){.name = "alpine-3.19",
				      .about = "Alpine Linux with openrc",
				      .reference = "docker.io/library/alpine:3.19",
				      .in_catalog = true};
	f->images[3] = (struct image){.name = "gold",
				      .id = "999999999999",
				      .path = "/srv/images/gold.ext4",
				      .init = "other",
				      .size_bytes = (uint64_t)2 << 30,
				      .used_bytes = 900 << 20,
				      .alloc_bytes = 1000 << 20,
				      .local = true};
	f->n_images = f->args.empty ? 3 : 4;
	f->kernels[0] = (struct kernel){.name = "debian",
					.id = "cccccccccccc",
					.release = "6.1.0-18-cloud-amd64",
					.about = "Debian's cloud kernel",
					.digest = "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
					.alloc_bytes = 60 << 20,
					.users = 5,
					.local = true,
					.in_catalog = true};
	f->kernels[1] = (struct kernel){.name = "mine",
					.id = "dddddddddddd",
					.release = "6.12.1-mine",
					.source = "local",
					.alloc_bytes = 96 << 20,
					.local = true};
	f->n_kernels = 2;
}

static void open_fds(struct fake *f)
{
	struct itimerspec quarter = {{0, 250000000}, {0, 250000000}};
	struct epoll_event ev = {.events = EPOLLIN};

	f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	f->bell_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	f->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	assert(f->epoll_fd >= 0 && f->bell_fd >= 0 && f->timer_fd >= 0);
	epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, f->bell_fd, &ev);
	if (!f->args.live)
		return;
	timerfd_settime(f->timer_fd, 0, &quarter, NULL);
	epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, f->timer_fd, &ev);
}

struct fake *fake_new(const struct fake_args *a)
{
	struct fake *f = xcalloc(1, sizeof(*f));

	f->args = *a;
	f->n_vms = (size_t)a->vms;
	f->vms = xcalloc(f->n_vms + 64, sizeof(*f->vms));
	f->next_job = 1;
	for (size_t i = 0; i < f->n_vms; i++)
		make_vm(f, &f->vms[i], i);
	f->stats_at = f->n_vms;
	make_objects(f);
	open_fds(f);
	return f;
}

void fake_free(struct fake *f)
{
	if (!f)
		return;
	close(f->epoll_fd);
	close(f->bell_fd);
	close(f->timer_fd);
	free(f->queue);
	free(f->vms);
	free(f);
}

static struct vm *find_vm(struct fake *f, const char *ref)
{
	for (size_t i = 0; i < f->n_vms; i++)
		if (name_match_vm(ref, f->vms[i].id, f->vms[i].name) != NAME_MATCH_NONE)
			return &f->vms[i];
	return NULL;
}

const char *fake_vm_id(const struct fake *f, const char *name)
{
	for (size_t i = 0; i < f->n_vms; i++)
		if (!strcmp(f->vms[i].name, name))
			return f->vms[i].id;
	return "";
}

static const char *const stages_start[] = {"preflight", "disks", "network", "launch", "boot", "boot", "wait for ssh"};
static const char *const stages_stop[] = {"sync", "shut down", "release"};
static const char *const stages_pull[] = {"download", "unpack", "write ext4", "publish"};

static const char *const stages_look[] = {"KVM", "packet filter"};

static void stages_of(enum request_kind k, const char *const **ret, int *ret_n)
{
	*ret = stages_start;
	*ret_n = ARRAY_LEN(stages_start);
	if (k == REQ_IMAGE_PULL || k == REQ_KERNEL_PULL) {
		*ret = stages_pull;
		*ret_n = ARRAY_LEN(stages_pull);
	} else if (k == REQ_HOST_DOCTOR) {
		*ret = stages_look;
		*ret_n = ARRAY_LEN(stages_look);
	} else if (k != REQ_VM_START && k != REQ_VM_CREATE && k != REQ_VM_RESTART) {
		*ret = stages_stop;
		*ret_n = ARRAY_LEN(stages_stop);
	}
}

/* The layers of a pull as it stands at its first stage: one of each state, and many that wait. */
static void tell_layers(struct fake *f, const struct job *j)
{
	static const struct job_part some[] = {
		{"4f2a1b09c3d1", OP_PART_UNPACKED, 31 << 20, 31 << 20, 0, -1},
		{"77ab01cd9e02", OP_PART_UNPACKING, 74 << 20, 74 << 20, 0, -1},
		{"a3ed95caeb02", OP_PART_THERE, 512, 512, 512, -1},
		{"0b8d3e1f7a64", OP_PART_MOVING, 61 << 20, 112 << 20, 0, 31 << 20},
		{"c9b1b535fdd9", OP_PART_MOVING, 30 << 20, 48 << 20, 12 << 20, 16 << 20},
		{"5d20c808ce19", OP_PART_MOVING, 7 << 20, 19 << 20, 0, 0},
		{"e1acddbe380c", OP_PART_RETRYING, 1 << 20, 40 << 20, 0, -1},
		{"2b3c4d5e6f70", OP_PART_CHECKING, 0, 5 << 20, 0, -1},
		{"9a8b7c6d5e4f", OP_PART_ELSEWHERE, 0, 3 << 20, 0, -1},
		{"f00dfeedbeef", OP_PART_THERE, 7 << 20, 7 << 20, 0, -1},
	};
	size_t n = strcmp(j->target, "alpine-3.19") == 0 ? 6 : 34;
	struct event ev;

	for (size_t at = 0; at < n; at += JOB_PARTS_PIECE) {
		ev = (struct event){.kind = EV_JOB_PARTS, .parts = {.job = j->id, .count = (uint32_t)n, .first = (uint32_t)at}};
		ev.parts.n = (uint8_t)MIN(n - at, (size_t)JOB_PARTS_PIECE);
		for (size_t i = 0; i < ev.parts.n; i++) {
			ev.parts.parts[i] = (struct job_part){.state = OP_PART_WAITING, .total = 6 << 20, .rate = -1};
			snprintf(ev.parts.parts[i].name, sizeof(ev.parts.parts[i].name), "%06x%06x", noise((unsigned)(at + i), 7) & 0xffffff, noise((unsigned)(at + i), 9) & 0xffffff);
			if (at + i < ARRAY_LEN(some))
				ev.parts.parts[i] = some[at + i];
		}
		fake_push(f, &ev);
	}
}

static void tell_job(struct fake *f, const struct job *j)
{
	struct event ev = {.kind = EV_JOB, .job = *j};

	fake_push(f, &ev);
}

/* What a doctor might say. */
static const struct check_line checks[] = {
	{CHECK_PASS, "architecture", "x86_64, Linux 6.1.0-28-amd64", "", ""},
	{CHECK_PASS, "QEMU", "qemu-system-x86_64 7.2.15", "", ""},
	{CHECK_WARN, "KVM",
	 "/dev/kvm does not exist; machines run under emulation, about ten times slower and no security boundary",
	 "enable virtualisation in the firmware, or nested virtualisation for this host", ""},
	{CHECK_PASS, "private network", "a network was made", "", ""},
	{CHECK_FAIL, "mke2fs", "mke2fs is missing: disks are formatted by it",
	 "apt install e2fsprogs  |  dnf install e2fsprogs  |  pacman -S e2fsprogs", ""},
	{CHECK_PASS, "boot kit", "11 parts, whole", "", ""},
	{CHECK_PASS, "default image", "tiny, here", "", ""},
	{CHECK_WARN, "bridge network", "the network 172.16.0.1/24 overlaps 172.16.0.0/12 of interface tun0",
	 "10.213.0.1/24 is free: net { address = \"10.213.0.1/24\" } in banger.conf", ""},
	{CHECK_PASS, "forwarding", "eth0 forwards nothing; it is switched on while bridged machines run", "", ""},
	{CHECK_WARN, "left-overs", "tap bgr3f9c1a7be204 of machine 3f9c1a7be204, which does not run",
	 "sudo ip link delete bgr3f9c1a7be204", "guest 3f9c1a7be204"},
	{CHECK_WARN, "left-overs", "mapping banger-3f9c1a7be204 of machine 3f9c1a7be204, which does not run",
	 "sudo dmsetup remove banger-3f9c1a7be204", "disk 3f9c1a7be204"},
	{CHECK_PASS, "space", "400G free for /home/me/.local/state/banger", "", ""},
	{CHECK_PASS, "locale", "UTF-8", "", ""},
};

static void tell_checks(struct fake *f)
{
	struct event ev = {.kind = EV_CHECK, .check.first = true};

	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		if (f->mended && strncmp(checks[i].mend, "guest", 5) == 0)
			continue;
		ev.check.line = checks[i];
		fake_push(f, &ev);
		ev.check.first = false;
	}
	ev = (struct event){.kind = EV_CHECK, .check.end = true};
	fake_push(f, &ev);
}

static void tell_helper(struct fake *f)
{
	struct event ev = {.kind = EV_HELPER, .helper = {.runs = f->helper_runs, .startable = !f->helper_runs, .trusted = true}};

	str_copy(ev.helper.why, sizeof(ev.helper.why), "sudo starts it, without asking where it is allowed to");
	fake_push(f, &ev);
}

static void tell_vm(struct fake *f, const struct vm *vm)
{
	struct event ev = {.kind = EV_VM_UPSERT, .vm = *vm};

	fake_push(f, &ev);
}

static void create_vm(struct fake *f, struct fake_job *j)
{
	struct vm *vm;

	if (f->n_vms >= (size_t)f->args.vms + 64)
		return;
	vm = &f->vms[f->n_vms];
	make_vm(f, vm, f->n_vms + 100);
	snprintf(vm->id, sizeof(vm->id), "%06x%06x", 0xfeed, (unsigned)f->n_vms);
	if (j->req.name[0])
		str_copy(vm->name, sizeof(vm->name), j->req.name);
	else
		name_generate(vm->name);
	if (j->req.spec.set)
		vm->cfg = j->req.spec.cfg;
	vm->state = VM_CREATED;
	vm->started_ms = vm->stopped_ms = 0;
	f->n_vms++;
	f->replay_at = MAX(f->replay_at, f->n_vms);
	f->stats_at = MAX(f->stats_at, f->n_vms);
	str_copy(j->job.vm_id, sizeof(j->job.vm_id), vm->id);
	str_copy(j->job.target, sizeof(j->job.target), vm->name);
	tell_vm(f, vm);
}

static int submit(void *self, const struct request *r, uint64_t *ret_job, struct err *e)
{
	struct fake *f = self;
	struct vm *vm = r->ref[0] ? find_vm(f, r->ref) : NULL;
	struct fake_job *j;

	if (f->n_asked < ARRAY_LEN(f->asked))
		f->asked[f->n_asked++] = *r;
	if (f->refuse != ERR_NONE) {
		err_set(e, f->refuse, "%s", f->refuse_msg);
		f->refuse = ERR_NONE;
		return -1;
	}
	if (f->n_jobs == ARRAY_LEN(f->jobs))
		return err_set(e, ERR_BUSY, "too many jobs");
	j = &f->jobs[f->n_jobs++];
	*j = (struct fake_job){.req = *r};
	j->job = (struct job){.id = f->next_job++,
			      .kind = r->kind,
			      .state = JOB_QUEUED,
			      .done = -1,
			      .total = -1,
			      .rate = -1,
			      .queued_ms = now_ms(f),
			      .owner = getpid(),
			      .local = true};
	snprintf(j->job.op_id, sizeof(j->job.op_id), "%012llx", (unsigned long long)j->job.id);
	str_copy(j->job.target, sizeof(j->job.target), vm ? vm->name : r->ref);
	if (vm)
		str_copy(j->job.vm_id, sizeof(j->job.vm_id), vm->id);
	if (r->kind == REQ_VM_CREATE)
		create_vm(f, j);
	*ret_job = j->job.id;
	if (r->kind == REQ_DIR_LIST || r->kind == REQ_IMAGE_PRUNABLE) /* nothing is told of it but the answer */
		return 0;
	tell_job(f, &j->job);
	return 0;
}

static void end_job(struct fake *f, struct fake_job *j, enum job_state s)
{
	j->job.state = s;
	j->job.ended_ms = now_ms(f);
	str_copy(j->job.timings, sizeof(j->job.timings),
		 "preflight 3ms, disks 9ms, network 11ms, launch 14ms, ssh 2.0s");
	tell_job(f, &j->job);
}

static int cancel(void *self, uint64_t id, struct err *e)
{
	struct fake *f = self;

	for (size_t i = 0; i < f->n_jobs; i++) {
		if (f->jobs[i].job.id != id)
			continue;
		if (f->jobs[i].req.kind == REQ_DIR_LIST) {
			f->jobs[i] = f->jobs[--f->n_jobs];
			return 0;
		}
		err_set(&f->jobs[i].job.err, ERR_CANCELED, "canceled");
		end_job(f, &f->jobs[i], JOB_CANCELED);
		f->jobs[i] = f->jobs[--f->n_jobs];
		return 0;
	}
	return err_set(e, ERR_NOT_FOUND, "the job has ended");
}

static void set_state(struct fake *f, struct vm *vm, enum vm_state s)
{
	vm->state = s;
	vm->reason[0] = 0;
	if (s == VM_RUNNING)
		vm->started_ms = now_ms(f);
	else
		vm->stopped_ms = now_ms(f);
	tell_vm(f, vm);
}

static void delete_vm(struct fake *f, struct vm *vm)
{
	struct event ev = {.kind = EV_VM_GONE};

	str_copy(ev.id, sizeof(ev.id), vm->id);
	*vm = f->vms[--f->n_vms];
	f->replay_at = MIN(f->replay_at, f->n_vms);
	f->stats_at = MIN(f->stats_at, f->n_vms);
	fake_push(f, &ev);
}

/* A reference nobody knew is an image of a registry's. */
static const struct image *pulled(struct fake *f, const char *name)
{
	struct image *img = f->images;

	while (img < f->images + f->n_images && strcmp(img->name, name) != 0)
		img++;
	if (img == f->images + f->n_images) {
		assert(f->n_images < ARRAY_LEN(f->images));
		f->n_images++;
		str_copy(img->name, sizeof(img->name), name);
		str_copy(img->reference, sizeof(img->reference), name);
	}
	img->local = true;
	return img;
}

static void finish(struct fake *f, struct fake_job *j)
{
	struct vm *vm = j->job.vm_id[0] ? find_vm(f, j->job.vm_id) : NULL;
	struct event ev = {.kind = EV_NONE};

	if (vm && !strcmp(vm->name, "broken") && j->req.kind == REQ_VM_START) {
		err_set(&j->job.err, ERR_SPACE, "start VM 'broken': work disk: no space left on device");
		err_hint(&j->job.err, "free space or set paths.state");
		end_job(f, j, JOB_FAILED);
		return;
	}
	if (j->req.kind == REQ_IMAGE_PULL && strstr(j->job.target, "broken")) {
		err_set(&j->job.err, ERR_NET,
			"pull image '%s': layer sha256:0b8d3e1f7a6411ce9e2b1fd2f0b6ae6f4c6b1b1b7c1f0d7a4a8de2f9c3d5e7a1: broken off after 61M of "
			"112M, for the fifth time: connection reset by peer",
			j->job.target);
		err_hint(&j->job.err, "what was fetched is kept: pull it again, or look whether a proxy stands between");
		end_job(f, j, JOB_FAILED);
		return;
	}
	if (vm && (j->req.kind == REQ_VM_START || j->req.kind == REQ_VM_RESTART ||
		   (j->req.kind == REQ_VM_CREATE && j->req.flags & REQ_F_START)))
		set_state(f, vm, VM_RUNNING);
	else if (vm && (j->req.kind == REQ_VM_STOP || j->req.kind == REQ_VM_KILL))
		set_state(f, vm, VM_STOPPED);
	else if (vm && j->req.kind == REQ_VM_PAUSE)
		set_state(f, vm, VM_PAUSED);
	else if (vm && j->req.kind == REQ_VM_RESUME)
		set_state(f, vm, VM_RUNNING);
	else if (vm && j->req.kind == REQ_VM_DELETE)
		delete_vm(f, vm);
	else if (j->req.kind == REQ_IMAGE_PULL)
		ev = (struct event){.kind = EV_IMAGE_UPSERT, .image = *pulled(f, j->req.ref)};
	if (j->req.kind == REQ_HOST_MEND)
		f->mended |= strncmp(j->req.ref, "guest", 5) == 0;
	if (j->req.kind == REQ_HOST_DOCTOR || j->req.kind == REQ_HOST_MEND)
		tell_checks(f);
	if (j->req.kind == REQ_CONSOLE_OPEN && f->args.console) {
		ev = (struct event){.kind = EV_CONSOLE_READY};
		str_copy(ev.console.vm_id, sizeof(ev.console.vm_id), j->job.vm_id);
		ev.console.session = f->args.console(f->args.arg, j->job.vm_id);
	}
	if (ev.kind != EV_NONE)
		fake_push(f, &ev);
	end_job(f, j, JOB_DONE);
}

/* Nothing any more once it was pruned. */
static void tell_prunable(struct fake *f, uint64_t job)
{
	struct event ev = {.kind = EV_PRUNABLE, .prunable = {.job = job}};
	bool pruned = false;

	for (size_t i = 0; i < f->n_asked; i++)
		pruned |= f->asked[i].kind == REQ_IMAGE_PRUNE;
	if (!pruned)
		ev.prunable.found = (struct image_prunable){
			.builds = 1, .blobs = 14, .parts = 2, .build_bytes = 391 << 20, .blob_bytes = 212 << 20, .part_bytes = 31 << 20};
	fake_push(f, &ev);
}

/* One step of one job; true when it has ended. */
static bool step_job(struct fake *f, struct fake_job *j)
{
	const char *const *stages;
	int n;

	if (j->req.kind == REQ_IMAGE_PRUNABLE) {
		tell_prunable(f, j->job.id);
		return true;
	}
	if (j->req.kind == REQ_DIR_LIST) {
		fake_dirs_tell(f, j->job.id, j->req.path, now_ms(f));
		return true;
	}
	stages_of(j->req.kind, &stages, &n);
	if (j->job.state == JOB_QUEUED) {
		j->job.state = JOB_RUNNING;
		j->job.started_ms = now_ms(f);
		j->job.steps = n;
	}
	if (j->job.step == n || j->req.kind == REQ_CONSOLE_OPEN) {
		finish(f, j);
		return true;
	}
	str_copy(j->job.stage, sizeof(j->job.stage), stages[j->job.step++]);
	if (j->req.kind == REQ_IMAGE_PULL && j->job.step == 1) {
		j->job.total = 347 << 20;
		j->job.done = 212 << 20;
		j->job.rate = 48 << 20;
	} else {
		j->job.total = j->job.done = j->job.rate = -1;
	}
	tell_job(f, &j->job);
	if (j->req.kind == REQ_IMAGE_PULL && j->job.step == 1)
		tell_layers(f, &j->job);
	return false;
}

void fake_log(struct fake *f, const char *vm_id, const char *text)
{
	struct event ev = {.kind = EV_LOG};

	str_copy(ev.log.vm_id, sizeof(ev.log.vm_id), vm_id);
	ev.log.len = (uint16_t)MIN(strlen(text), sizeof(ev.log.data));
	memcpy(ev.log.data, text, ev.log.len);
	fake_push(f, &ev);
}

static void tell_host(struct fake *f)
{
	struct event ev = {.kind = EV_HOST_STATS};
	size_t running = 0;

	for (size_t i = 0; i < f->n_vms; i++)
		running += f->vms[i].state == VM_RUNNING;
	ev.host_stats = (struct host_stats){.at_ms = f->second * 1000,
					    .cpus = 12,
					    .cpu_permille = 340,
					    .mem_used_bytes = 9ULL << 30,
					    .mem_total_bytes = 32ULL << 30,
					    .disk_used_bytes = 31ULL << 30,
					    .disk_free_bytes = 400ULL << 30,
					    .disk_total_bytes = 468ULL << 30,
					    .vcpus_reserved = (int)running * 2,
					    .mem_reserved_bytes = running << 31};
	fake_push(f, &ev);
}

void fake_tick(struct fake *f)
{
	f->tick++;
	for (size_t i = 0; i < f->n_jobs;) {
		if (step_job(f, &f->jobs[i]))
			f->jobs[i] = f->jobs[--f->n_jobs];
		else
			i++;
	}
	if (f->tick % TICKS_A_SECOND == 0) {
		f->second++;
		f->stats_at = 0;
		tell_host(f);
		if (f->watched[0]) {
			char line[96];

			snprintf(line, sizeof(line), "[%5lld.%03u] eth0: link is up\r\n", (long long)f->second,
				 f->tick % 1000);
			fake_log(f, f->watched, line);
		}
	}
}

static void make_stats(const struct fake *f, size_t i, struct vm_stats *s)
{
	unsigned n = noise((unsigned)i, (unsigned)f->second);
	const struct vm *vm = &f->vms[i];

	*s = (struct vm_stats){.at_ms = f->second * 1000, .guest = true, .booted = true, .load_centi = 42, .procs = 61};
	str_copy(s->id, sizeof(s->id), vm->id);
	s->cpu_permille = i == 1 ? 10 : 200 + (int)(n % 800);
	s->rss_bytes = 600ULL << 20;
	s->disk_bytes = (412ULL + i % 100) << 20;
	s->mem_total_bytes = (uint64_t)vm->cfg.mem_mib << 20;
	s->mem_used_bytes = (uint64_t)(300 + n % 700) << 20;
	s->root_total_bytes = 8ULL << 30;
	s->root_used_bytes = 1700ULL << 20;
	s->net_known = s->io_known = s->guest;
	s->net_rx_bps = i == 1 ? 0 : n % 2000000;
	s->net_tx_bps = n % 80000;
	s->disk_wr_bps = n % 7 ? 0 : n % 4000000;
	s->guest_cpu_permille = s->cpu_permille / 2;
	s->uptime_s = 11520;
}

static void make_host(struct fake *f, struct event *ev)
{
	struct vm_spec none = {0};
	struct err e = {0};

	*ev = (struct event){.kind = EV_HOST_INFO};
	ev->host.limits = (struct host_limits){.cpus = 12, .mem_bytes = 32ULL << 30};
	if (spec_resolve(&none, &none, &ev->host.limits, &ev->host.defaults, &e) < 0)
		assert(!"the defaults are wrong");
	ev->host.looked = true;
	str_copy(ev->host.vmm, sizeof(ev->host.vmm), "qemu 7.2");
	str_copy(ev->host.accel, sizeof(ev->host.accel), "tcg");
	str_copy(ev->host.accel_why, sizeof(ev->host.accel_why), "/dev/kvm does not exist");
	str_copy(ev->host.mode, sizeof(ev->host.mode), "no root, no KVM → QEMU emulation, user network");
	str_copy(ev->host.warning, sizeof(ev->host.warning), "guests reach the network of this host as you do");
	str_copy(ev->host.state_dir, sizeof(ev->host.state_dir), "/home/me/.local/state/banger");
	(void)f;
}

/* The present as upserts, one a call; false when it has all been told. */
static bool replay(struct fake *f, struct event *ret)
{
	size_t at = f->replay_at;

	if (f->told_end)
		return false;
	if (f->args.fail_open) {
		*ret = (struct event){.kind = EV_FAILED};
		err_set(&ret->err, ERR_CORRUPT, "the store /home/me/.local/state/banger/state.db is damaged");
		err_hint(&ret->err, "it was left as it is; move it away to start anew");
		f->told_end = true;
		return true;
	}
	f->replay_at++;
	if (at < f->n_vms) {
		*ret = (struct event){.kind = EV_VM_UPSERT, .vm = f->vms[at]};
	} else if (at < f->n_vms + f->n_images) {
		*ret = (struct event){.kind = EV_IMAGE_UPSERT, .image = f->images[at - f->n_vms]};
	} else if (at < f->n_vms + f->n_images + f->n_kernels) {
		*ret = (struct event){.kind = EV_KERNEL_UPSERT, .kernel = f->kernels[at - f->n_vms - f->n_images]};
	} else if (at == f->n_vms + f->n_images + f->n_kernels) {
		make_host(f, ret);
	} else {
		*ret = (struct event){.kind = EV_SYNCED};
		f->told_end = true;
		tell_helper(f);
	}
	return true;
}

static bool next_stats(struct fake *f, struct event *ret)
{
	while (f->stats_at < f->n_vms) {
		size_t i = f->stats_at++;

		if (f->vms[i].state != VM_RUNNING)
			continue;
		ret->kind = EV_VM_STATS;
		make_stats(f, i, &ret->vm_stats);
		return true;
	}
	return false;
}

static bool next_event(void *self, struct event *ret)
{
	struct fake *f = self;
	uint64_t times;

	if (replay(f, ret))
		return true;
	while (f->args.live && read(f->timer_fd, &times, sizeof(times)) == sizeof(times))
		fake_tick(f);
	if (f->at_queue < f->n_queue) {
		*ret = f->queue[f->at_queue++];
		if (f->at_queue == f->n_queue)
			f->at_queue = f->n_queue = 0;
		return true;
	}
	if (next_stats(f, ret)) {
		ring(f);
		return true;
	}
	while (read(f->bell_fd, &times, sizeof(times)) > 0)
		;
	return false;
}

static int event_fd(void *self)
{
	return ((struct fake *)self)->epoll_fd;
}

static void watch_log(void *self, const char *vm_id)
{
	struct fake *f = self;
	const struct vm *vm = vm_id && *vm_id ? find_vm(f, vm_id) : NULL;
	char line[256];

	str_copy(f->watched, sizeof(f->watched), vm_id ? vm_id : "");
	if (!vm)
		return;
	snprintf(line, sizeof(line), "Linux version 6.1.0\r\n%s login: \033[31mred\033[0m\r\n", vm->name);
	fake_log(f, vm_id, line);
}

static void close_port(void *self)
{
	fake_free(self);
}

/* Asks for a word, as sudo would. */
static int start_helper(void *self, struct err *e)
{
	struct fake *f = self;
	char word[64] = "";

	fprintf(stdout, "word for the helper: ");
	fflush(stdout);
	ssize_t n = read(STDIN_FILENO, word, sizeof(word) - 1);
	f->helper_runs = n == 7 && memcmp(word, "sesame\n", 7) == 0;
	tell_helper(f);
	return f->helper_runs ? 0 : err_set(e, ERR_PERM, "start the helper: it did not start: wrong word");
}

void fake_port(struct fake *f, struct engine_port *ret)
{
	*ret = (struct engine_port){f, submit, cancel, next_event, event_fd, watch_log, start_helper, close_port};
}

void fake_refuse(struct fake *f, enum err_code code, const char *msg)
{
	f->refuse = code;
	str_copy(f->refuse_msg, sizeof(f->refuse_msg), msg);
}

const struct request *fake_asked(const struct fake *f, size_t i)
{
	return i < f->n_asked ? &f->asked[i] : NULL;
}

size_t fake_asked_count(const struct fake *f)
{
	return f->n_asked;
}

const char *fake_watched(const struct fake *f)
{
	return f->watched;
}
