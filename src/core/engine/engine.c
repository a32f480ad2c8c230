/* SPDX-License-Identifier: MIT */
/*
 * The engine's port: requests in, events out.
 *
 * submit validates what can be told at once from the registry, and queues. Each kind of request is one row of the table
 * below; nothing else here knows what a request does. A create is a chain: pull what is missing, create, start. Each link
 * is a job of its own, so no key is held over a download and every stage shows in Activity.
 */
#include "core/engine/hold.h"
#include "core/engine/engine_priv.h"

#include "base/i18n.h"
#include "base/log.h"
#include "core/engine/helper.h"
#include "core/engine/keylocks.h"
#include "core/engine/netmode.h"
#include "core/engine/netwatch.h"
#include "core/engine/sampler.h"
#include "core/engine/vmjob.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_MS (60 * 1000)
#define HELPER_ASK_MS (5 * MINUTE_MS) /* for a person to type a password; sudo gives up after as long */

/* What a request is about, which decides its key and how its reference is resolved. */
enum subject { ABOUT_VM, ABOUT_NEW_VM, ABOUT_IMAGE, ABOUT_NEW_IMAGE, ABOUT_KERNEL, ABOUT_NEW_KERNEL, ABOUT_HOST, ABOUT_PATH };

struct request_row {
	enum subject subject;
	enum sched_lane lane;
	bool exclusive; /* takes the subject's key */
	bool single;	/* an identical request attaches */
	int64_t timeout_ms;
	int (*run)(void *arg, struct op *op, struct sched_run *r, struct err *e);
	bool quiet; /* a question: only its answer is told of */
};

static const struct request_row rows[] = {
	[REQ_VM_CREATE] = {ABOUT_NEW_VM, LANE_LIFE, true, false, 30 * MINUTE_MS, do_vm_create},
	[REQ_VM_START] = {ABOUT_VM, LANE_LIFE, true, true, 5 * MINUTE_MS, do_vm_start},
	[REQ_VM_STOP] = {ABOUT_VM, LANE_LIFE, true, true, 2 * MINUTE_MS, do_vm_stop},
	[REQ_VM_KILL] = {ABOUT_VM, LANE_URGENT, false, false, MINUTE_MS, do_vm_kill},
	[REQ_VM_RESTART] = {ABOUT_VM, LANE_LIFE, true, true, 5 * MINUTE_MS, do_vm_restart},
	[REQ_VM_PAUSE] = {ABOUT_VM, LANE_LIFE, true, true, MINUTE_MS, do_vm_pause},
	[REQ_VM_RESUME] = {ABOUT_VM, LANE_LIFE, true, true, MINUTE_MS, do_vm_resume},
	[REQ_VM_DELETE] = {ABOUT_VM, LANE_LIFE, true, true, 2 * MINUTE_MS, do_vm_delete},
	[REQ_VM_SET] = {ABOUT_VM, LANE_LIFE, true, false, MINUTE_MS, do_vm_set},
	[REQ_VM_COMMIT] = {ABOUT_VM, LANE_TRANSFER, true, false, -1, do_vm_commit},
	[REQ_IMAGE_PULL] = {ABOUT_IMAGE, LANE_TRANSFER, true, true, -1, do_image_pull},
	[REQ_IMAGE_IMPORT] = {ABOUT_NEW_IMAGE, LANE_TRANSFER, true, false, -1, do_image_import},
	[REQ_IMAGE_REGISTER] = {ABOUT_NEW_IMAGE, LANE_LIFE, true, false, MINUTE_MS, do_image_register},
	[REQ_IMAGE_PROMOTE] = {ABOUT_IMAGE, LANE_TRANSFER, true, true, -1, do_image_promote},
	[REQ_IMAGE_DELETE] = {ABOUT_IMAGE, LANE_LIFE, true, true, MINUTE_MS, do_image_delete},
	[REQ_IMAGE_PRUNE] = {ABOUT_HOST, LANE_LIFE, true, true, MINUTE_MS, do_image_prune},
	[REQ_IMAGE_PRUNABLE] = {ABOUT_HOST, LANE_LOOK, false, false, MINUTE_MS, do_image_prunable, .quiet = true},
	[REQ_KERNEL_PULL] = {ABOUT_KERNEL, LANE_TRANSFER, true, true, -1, do_kernel_pull},
	[REQ_KERNEL_IMPORT] = {ABOUT_NEW_KERNEL, LANE_TRANSFER, true, false, -1, do_kernel_import},
	[REQ_KERNEL_DELETE] = {ABOUT_KERNEL, LANE_LIFE, true, true, MINUTE_MS, do_kernel_delete},
	[REQ_CONSOLE_OPEN] = {ABOUT_VM, LANE_LIFE, false, false, MINUTE_MS, do_console_open},
	[REQ_VM_REAP] = {ABOUT_VM, LANE_LIFE, true, true, MINUTE_MS, do_vm_reap},
	[REQ_HOST_PROBE] = {ABOUT_HOST, LANE_TRANSFER, true, true, MINUTE_MS, do_host_probe},
	[REQ_HOST_SWEEP] = {ABOUT_HOST, LANE_LIFE, true, true, MINUTE_MS, do_host_sweep},
	[REQ_HOST_DOCTOR] = {ABOUT_HOST, LANE_LIFE, true, true, MINUTE_MS, do_host_doctor},
	[REQ_HOST_MEND] = {ABOUT_HOST, LANE_LIFE, true, true, MINUTE_MS, do_host_mend},
	[REQ_DIR_LIST] = {ABOUT_PATH, LANE_LOOK, false, false, MINUTE_MS, do_dir_list, .quiet = true},
};

_Static_assert(ARRAY_LEN(rows) == REQ_KIND_COUNT, "each request has its row");

int engine_store(struct engine *eng, struct store **ret, struct err *e)
{
	return store_open(eng->db_path, STORE_RW, 5000, ret, e);
}

void engine_post(struct engine *eng, uint64_t key, const struct event *ev)
{
	mailbox_post(eng->events, key, ev);
}

static const char *subject_prefix(enum subject s)
{
	static const char *const prefixes[] = {"vm", "vm", "image", "image", "kernel", "kernel", "host", "path"};

	assert((size_t)s < ARRAY_LEN(prefixes));
	return prefixes[s];
}

uint64_t engine_queue(struct engine *eng, const struct request *req, const struct vm *vm, uint64_t after0, uint64_t after1,
		      bool front)
{
	const struct request_row *row = &rows[req->kind];
	struct vmjob *arg = xcalloc(1, sizeof(*arg));
	char key[SCHED_KEY_SIZE], made[SCHED_KEY_SIZE], single[SCHED_KEY_SIZE];
	struct sched_job job = {
		.kind = req->kind,
		.target = vm ? vm->name : req->ref,
		.vm_id = vm ? vm->id : NULL,
		.lane = row->lane,
		.after = {after0, after1},
		.front = front,
		.timeout_ms = row->timeout_ms,
		.run = row->run,
		.quiet = row->quiet,
		.free_arg = vmjob_free,
		.arg = arg,
	};

	assert((size_t)req->kind < ARRAY_LEN(rows) && row->run);
	/* A VM's job is of a VM that is known by now; what is new has its id already. */
	assert((row->subject == ABOUT_VM || row->subject == ABOUT_NEW_VM) == (vm != NULL));
	assert(vm ? vm->id[0] : req->ref[0] || row->subject == ABOUT_PATH);
	arg->eng = eng;
	arg->req = *req;
	arg->lock_fd = arg->port_fd = -1;
	if (vm)
		arg->vm = *vm;
	/* One mend at a time: a guest's takes the network along. */
	snprintf(key, sizeof(key), "%s:%s", subject_prefix(row->subject),
		 vm ? vm->id : req->kind == REQ_HOST_MEND ? "mend" : req->ref);
	snprintf(single, sizeof(single), "%s %u %s", request_kind_to_string(req->kind), req->flags, vm ? key : req->ref);
	if (row->exclusive)
		job.keys[0] = key;
	if (req->image[0]) {
		snprintf(made, sizeof(made), "image:%s", req->image);
		job.keys[1] = made;
	}
	if (row->single)
		job.single = single;
	return sched_submit(eng->sched, &job);
}

/* One that runs and is in no store, after that was lost: only its id says which it is, and all that can be done is to end
 * it. */
static bool find_stray(const struct engine *eng, const char *id, struct vm *ret)
{
	bool alive = false;

	*ret = (struct vm){.state = VM_RUNNING};
	if (!id_is_valid(id) || vm_alive(eng, id, &alive, NULL) < 0 || !alive)
		return false;
	str_copy(ret->id, sizeof(ret->id), id);
	str_copy(ret->name, sizeof(ret->name), id);
	return true;
}

/* A name that means another image already, here or in the catalogue, would not be that one's any more. */
static int check_new_image(const struct engine *eng, const char *name, struct err *e)
{
	struct image other;

	if (name_check_object(_("image"), name, e) < 0)
		return -1;
	if (registry_find_image(eng->reg, name, &other, NULL) < 0 || strcmp(other.name, name) != 0)
		return 0;
	err_set(e, ERR_EXISTS, other.local ? _("an image named '%s' exists") : _("'%s' is an image of the catalogue"), name);
	return err_hint(e, other.local ? _("choose another name, or delete that one first") : _("choose another name"));
}

static int submit_vm(struct engine *eng, const struct request *req, uint64_t *ret_job, struct err *e)
{
	struct err unknown = {0};
	struct vm vm;
	bool is_known = registry_find_vm(eng->reg, req->ref, &vm, &unknown) == 0;

	if (!is_known && (req->kind != REQ_VM_KILL || !find_stray(eng, req->ref, &vm)))
		return err_join(e, &unknown);
	if (req->kind == REQ_VM_COMMIT && check_new_image(eng, req->image, e) < 0)
		return -1;
	*ret_job = engine_queue(eng, req, &vm, 0, 0, false);
	/* The signal goes at once; putting things in order afterwards is a job of its own at the head of the VM's line. */
	if (is_known && req->kind == REQ_VM_KILL) {
		struct request reap = {.kind = REQ_VM_REAP};

		*ret_job = engine_queue(eng, &reap, &vm, *ret_job, 0, true);
	}
	return 0;
}

/* The job that makes an image or kernel local, 0 when it is. */
/* What is not found may stand in the file that was left out. */
static int not_found(const struct engine *eng, struct err *e)
{
	if (e->code == ERR_NOT_FOUND && err_is_set(&eng->catalog.broken)) {
		err_clear(e);
		err_join(e, &eng->catalog.broken);
		err_hint(e, _("correct that file or take it away: nothing is pulled before"));
	}
	return -1;
}

/* What was given as its id is called by its name from here on. */
static int queue_missing(struct engine *eng, struct spec_resolved *r, uint64_t *ret_image, uint64_t *ret_kernel, struct err *e)
{
	struct request pull = {.kind = REQ_NONE, .flags = REQ_F_MISSING};
	struct image image;
	struct kernel kernel;

	if (registry_find_image(eng->reg, r->cfg.image, &image, e) < 0) {
		not_found(eng, e);
		if (r->from[SPEC_IMAGE] == SPEC_FROM_CONFIG)
			settings_blame(eng->conf, SPEC_IMAGE, e);
		return -1;
	}
	if (registry_find_kernel(eng->reg, r->cfg.kernel, &kernel, e) < 0)
		return not_found(eng, e);
	str_copy(r->cfg.image, sizeof(r->cfg.image), image.name);
	*ret_image = *ret_kernel = 0;
	if (!kernel.local) {
		pull.kind = REQ_KERNEL_PULL;
		str_copy(pull.ref, sizeof(pull.ref), kernel.name);
		*ret_kernel = engine_queue(eng, &pull, NULL, 0, 0, false);
	}
	if (!image.local) {
		pull.kind = REQ_IMAGE_PULL;
		str_copy(pull.ref, sizeof(pull.ref), image.name);
		/* After the kernel: the boot kit comes along with it, and `tiny` is made from the kit. */
		*ret_image = engine_queue(eng, &pull, NULL, *ret_kernel, 0, false);
	}
	return 0;
}

/* A free name: generated ones may clash. */
static void choose_name(struct engine *eng, char ret[VM_NAME_SIZE])
{
	struct vm other;
	int tries = 0;

	do
		name_generate(ret);
	while (registry_find_vm(eng->reg, ret, &other, NULL) == 0 && ++tries < 100);
}

/* What the person asked for over what banger.conf says; of the two, the one at fault is named. */
static int resolve(struct engine *eng, const struct request *req, struct spec_resolved *ret, struct err *e)
{
	if (spec_resolve(&req->spec, &eng->settings.vm, &eng->limits, ret, e) == 0)
		return 0;
	for (int f = 0; f < SPEC_FIELD_COUNT; f++) {
		if (spec_check_field(&ret->cfg, (enum spec_field)f, &eng->limits, NULL) == 0)
			continue;
		if (ret->from[f] == SPEC_FROM_CONFIG)
			settings_blame(eng->conf, (enum spec_field)f, e);
		break;
	}
	return -1;
}

static int submit_create(struct engine *eng, const struct request *req, uint64_t *ret_job, struct err *e)
{
	struct vm vm = {.state = VM_CREATED}, other;
	struct spec_resolved r;
	struct request start = {.kind = REQ_VM_START, .flags = req->flags & REQ_F_NO_WAIT};
	uint64_t image_job, kernel_job;

	if (resolve(eng, req, &r, e) < 0 || netmode_check_publish(&r.cfg, e) < 0)
		return -1;
	str_copy(vm.name, sizeof(vm.name), req->name);
	if (!vm.name[0])
		choose_name(eng, vm.name);
	if (name_check_vm(vm.name, e) < 0)
		return -1;
	if (registry_find_vm(eng->reg, vm.name, &other, NULL) == 0 && strcmp(other.name, vm.name) == 0) {
		err_set(e, ERR_EXISTS, _("a VM named '%s' exists"), vm.name);
		return err_hint(e, _("choose another name, or delete that one first"));
	}
	if (queue_missing(eng, &r, &image_job, &kernel_job, e) < 0)
		return -1;
	id_new(vm.id);
	vm.cfg = r.cfg;
	*ret_job = engine_queue(eng, req, &vm, image_job, kernel_job, false);
	if (req->flags & REQ_F_START)
		*ret_job = engine_queue(eng, &start, &vm, *ret_job, 0, false);
	return 0;
}

static int submit_named(struct engine *eng, const struct request *req, enum subject subject, uint64_t *ret_job,
			struct err *e)
{
	struct request named = *req;
	struct image image;
	struct kernel kernel;
	int rc = subject == ABOUT_IMAGE ? registry_find_image(eng->reg, req->ref, &image, e)
					: registry_find_kernel(eng->reg, req->ref, &kernel, e);

	if (rc < 0)
		return not_found(eng, e);
	str_copy(named.ref, sizeof(named.ref), subject == ABOUT_IMAGE ? image.name : kernel.name);
	*ret_job = engine_queue(eng, &named, NULL, 0, 0, false);
	return 0;
}

/* An import, or a file that stays: its name is the person's to choose, and no reference, as nothing is fetched for it. */
static int submit_import(struct engine *eng, const struct request *req, uint64_t *ret_job, struct err *e)
{
	if (name_check_object(rows[req->kind].subject == ABOUT_NEW_KERNEL ? _("kernel") : _("image"), req->ref, e) < 0)
		return -1;
	if (req->path[0] != '/')
		return err_set(e, ERR_USAGE, _("'%.200s' is no whole path"), req->path);
	if (req->modules[0] && req->modules[0] != '/')
		return err_set(e, ERR_USAGE, _("'%.200s' is no whole path"), req->modules);
	*ret_job = engine_queue(eng, req, NULL, 0, 0, false);
	return 0;
}

/* Looks only: a store that cannot be written is no reason to refuse. */
static bool only_looks(enum request_kind k)
{
	return k == REQ_CONSOLE_OPEN || k == REQ_HOST_DOCTOR || k == REQ_DIR_LIST || k == REQ_IMAGE_PRUNABLE;
}

static int port_submit(void *self, const struct request *req, uint64_t *ret_job, struct err *e)
{
	struct engine *eng = self;

	if ((unsigned)req->kind >= REQ_KIND_COUNT || !rows[req->kind].run)
		return err_set(e, ERR_USAGE, _("no such request"));
	if (!atomic_load(&eng->ready))
		return err_set(e, ERR_STATE, _("the store is still being opened"));
	if (atomic_load(&eng->read_only) && !only_looks(req->kind)) {
		err_set(e, ERR_STATE, _("the store was made by a newer banger-tui; this one only reads it"));
		return err_hint(e, _("use the newer program"));
	}
	switch (rows[req->kind].subject) {
	case ABOUT_NEW_VM:
		return submit_create(eng, req, ret_job, e);
	case ABOUT_NEW_IMAGE:
	case ABOUT_NEW_KERNEL:
		return submit_import(eng, req, ret_job, e);
	case ABOUT_IMAGE:
	case ABOUT_KERNEL:
		return submit_named(eng, req, rows[req->kind].subject, ret_job, e);
	case ABOUT_HOST:
		if (!req->ref[0] || strchr(req->ref, '/')) /* it becomes a key, and that a file's name */
			return err_set(e, ERR_USAGE, _("no such request"));
		*ret_job = engine_queue(eng, req, NULL, 0, 0, false);
		return 0;
	case ABOUT_PATH:
		*ret_job = engine_queue(eng, req, NULL, 0, 0, false);
		return 0;
	case ABOUT_VM:
		break;
	}
	return submit_vm(eng, req, ret_job, e);
}

static int port_cancel(void *self, uint64_t job, struct err *e)
{
	struct engine *eng = self;

	if (job >> 63) {
		err_set(e, ERR_STATE, _("that job belongs to another banger-tui"));
		return err_hint(e, _("cancel it there"));
	}
	return sched_cancel(eng->sched, job, e);
}

static bool port_next_event(void *self, struct event *ret)
{
	return mailbox_take(((struct engine *)self)->events, ret);
}

static int port_event_fd(void *self)
{
	return mailbox_fd(((struct engine *)self)->events);
}

static void port_watch_log(void *self, const char *vm_id)
{
	svc_watch_log(((struct engine *)self)->svc, vm_id);
}

static int port_start_helper(void *self, struct err *e)
{
	struct engine *eng = self;
	struct op op;

	op_init(&op, HELPER_ASK_MS);
	int rc = helper_start(&op, eng->helper, e);
	op_done(&op);
	engine_post_helper(eng);
	if (rc == 0 && eng->sample) /* a console shows what it sees now; a verb has asked for something else */
		engine_queue_doctor(eng);
	return rc;
}

static void port_close(void *self)
{
	struct engine *eng = self;

	/* Jobs first: while they roll back, svc still publishes what they do to other processes. svc itself submits jobs until
	 * it ends, so the scheduler outlives it. */
	sched_stop(eng->sched);
	netwatch_stop(eng->netwatch);
	svc_stop(eng->svc);
	helper_free(eng->helper);
	if (!sched_free(eng->sched))
		return; /* all else is the look's that hangs, and goes with the process */
	registry_free(eng->reg);
	catalog_done(&eng->catalog);
	settings_done(&eng->settings);
	mailbox_free(eng->events);
	free(eng);
}

static void on_job(void *ctx, const struct job *j)
{
	struct engine *eng = ctx;
	struct event ev = {.kind = EV_JOB, .job = *j};

	if (rows[j->kind].quiet)
		return;
	/* Its end takes no earlier one's place: it would overtake what the job told and changed meanwhile. */
	engine_post(eng, job_is_active(j) ? event_key(EV_JOB, j->op_id) : 0, &ev);
	svc_job(eng->svc, j);
	/* A job may have started it, or have found it dead. */
	if (!job_is_active(j) && helper_runs(eng->helper) != atomic_load(&eng->told_helper))
		engine_post_helper(eng);
}

/* Each piece has a place of its own among what a slow reader has not taken yet. */
static void on_parts(void *ctx, const struct job *j, const struct job_parts *p)
{
	struct event ev = {.kind = EV_JOB_PARTS, .parts = *p};

	engine_post(ctx, event_key(EV_JOB_PARTS, j->op_id) + p->first, &ev);
}

/* Lock files of keys, so that processes exclude each other as jobs do. */
static int take_keys(void *ctx, const char *const *keys, int n, int *ret_fds, struct err *e)
{
	struct engine *eng = ctx;

	return keylocks_take(&eng->paths, keys, n, ret_fds, e);
}

static void fill_port(struct engine *eng, struct engine_port *ret)
{
	*ret = (struct engine_port){
		.self = eng,
		.submit = port_submit,
		.cancel = port_cancel,
		.next_event = port_next_event,
		.event_fd = port_event_fd,
		.watch_log = port_watch_log,
		.start_helper = port_start_helper,
		.close = port_close,
	};
}

static void show_vm(void *arg, struct vm *vm)
{
	vm_show_held(&((struct engine *)arg)->paths, vm);
}

/* Where docker and podman's users have their logins, and which certificates OpenSSL's programs go by. */
static void find_access(struct engine *eng)
{
	const char *dir = getenv("DOCKER_CONFIG"), *ca_file = getenv("SSL_CERT_FILE");
	char home[PATHS_MAX];

	if (dir && dir[0] == '/' && strlen(dir) < PATHS_MAX - 32)
		path_join(eng->docker_config, sizeof(eng->docker_config), dir, "config.json");
	else if (paths_home(home, NULL) == 0 && strlen(home) < PATHS_MAX - 32)
		path_join(eng->docker_config, sizeof(eng->docker_config), home, ".docker/config.json");
	eng->oci.docker_config = eng->docker_config[0] ? eng->docker_config : NULL;
	eng->oci.ca_file = ca_file && *ca_file ? ca_file : NULL;
	eng->image_ctx.oci = &eng->oci;
}

int engine_open(const struct engine_args *a, struct engine_port *ret_port, struct err *e)
{
	struct engine *eng = xcalloc(1, sizeof(*eng));
	struct sched_hooks hooks = {.ctx = eng, .take_keys = take_keys, .on_job = on_job, .on_parts = on_parts};

	eng->paths = *a->paths;
	eng->conf = a->conf;
	eng->sample = a->sample;
	eng->image_ctx.paths = &eng->paths;
	find_access(eng);
	path_join(eng->db_path, sizeof(eng->db_path), eng->paths.state, "state.db");
	sampler_limits(&eng->limits.cpus, &eng->limits.mem_bytes);
	if (settings_read(a->conf, &eng->settings, e) < 0) {
		settings_done(&eng->settings);
		free(eng);
		return -1;
	}
	eng->events = mailbox_new(sizeof(struct event));
	eng->reg = registry_new(eng->events, &eng->catalog);
	registry_on_vm(eng->reg, show_vm, eng);
	eng->sched = sched_new(&hooks);
	eng->helper = helper_new(&eng->paths);
	fill_port(eng, ret_port);
	if (svc_start(eng, e) < 0 || (eng->sample && netwatch_start(eng, &eng->netwatch, e) < 0)) {
		port_close(eng);
		return -1;
	}
	return 0;
}

int engine_wait_event(struct op *op, const struct engine_port *port, struct event *ret, struct err *e)
{
	while (!port->next_event(port->self, ret)) {
		struct pollfd p = {.fd = port->event_fd(port->self), .events = POLLIN};

		if (op_poll(op, &p, 1, -1, e) < 0)
			return -1;
	}
	return 0;
}
