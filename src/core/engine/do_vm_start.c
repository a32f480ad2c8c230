/* SPDX-License-Identifier: MIT */
/*
 * start: take the running lock, call a keeper, join the network, put the disk together, write the seed, have the keeper launch the
 * VMM, record, wait for SSH.
 *
 * Up to "record" every step is undone when a later one fails. Waiting for SSH is not a step: a guest that does not answer
 * still runs, may have been booting for a reason, and its serial log is worth reading; the error says so. Only a cancelled
 * start takes the VM down again.
 *
 * kill may come from any process at any moment, without a key: it raises the row's stop_epoch, and "record" re-reads it in
 * the transaction that makes the VM running.
 */
#include "core/engine/vmjob.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/log.h"
#include "core/engine/guestseed.h"
#include "core/engine/netmode.h"
#include "core/engine/preflight.h"
#include "core/engine/snapdisk.h"
#include "core/guest/keys.h"
#include "core/guest/knownhosts.h"
#include "core/guest/ready.h"
#include "core/image/kernel.h"
#include "core/net/addr.h"
#include "core/store/resources.h"
#include "core/store/vms.h"
#include "core/vmm/cmdline.h"
#include "core/vmm/firecracker.h"
#include "core/vmm/kvm.h"
#include "core/vmm/tsc.h"
#include "core/vmm/vmm.h"
#include "keeper/keeper.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define READY_MS 90000

/* What the steps hand on to each other. */
struct start {
	struct vmjob *j;
	struct vmm_choice vmm;
	struct kernel_files kernel;
	struct vm_launch launch;
	struct keeper *keeper;
	bool lock_taken;
};

static int check(struct op *op, void *ctx, struct err *e)
{
	struct start *s = ctx;
	struct engine *eng = s->j->eng;

	if (preflight_start(op, s->j, &s->vmm, e) < 0)
		return -1;
	/* Firecracker was only chosen because it works. */
	if (s->vmm.kind == VMM_FIRECRACKER)
		return 0;
	return kvm_probe(op, eng->paths.cache, s->vmm.info.path, &s->vmm.kvm, e);
}

static int take_lock(struct op *op UNUSED, void *ctx, struct err *e)
{
	struct start *s = ctx;

	if (alive_take(s->j->dir, &s->j->lock_fd, e) < 0)
		return -1;
	s->lock_taken = true;
	return 0;
}

static int drop_lock(struct op *op UNUSED, void *ctx, struct err *e UNUSED)
{
	struct start *s = ctx;

	fd_close_auto(&s->j->lock_fd);
	return 0;
}

/* It loads while we work on what it will launch. */
static int call_keeper(struct op *op UNUSED, void *ctx, struct err *e)
{
	struct start *s = ctx;

	return keeper_prepare(NULL, s->j->dir, s->j->lock_fd, &s->keeper, e);
}

static int dismiss_keeper(struct op *op UNUSED, void *ctx, struct err *e UNUSED)
{
	keeper_free(TAKE_PTR(((struct start *)ctx)->keeper));
	return 0;
}

/* Where its kernel is, and the files of it. */
static int find_kernel(struct op *op, struct start *s, char dir[PATHS_MAX], struct kernel_files *ret, struct err *e)
{
	struct engine *eng = s->j->eng;

	path_join(dir, PATHS_MAX, eng->paths.state, "kernels/%s", s->j->vm.cfg.kernel);
	return kernel_files(op, &eng->image_ctx, dir, ret, e);
}

static int prepare_kernel(struct op *op, void *ctx, struct err *e)
{
	struct start *s = ctx;
	char dir[PATHS_MAX];

	if (find_kernel(op, s, dir, &s->kernel, e) < 0)
		return -1;
	if (s->kernel.firecracker_only && s->vmm.kind != VMM_FIRECRACKER) {
		err_set(e, ERR_STATE, _("kernel '%s' is an ELF without the PVH entry point, and QEMU boots none such"), s->j->vm.cfg.kernel);
		return err_hint(e, _("import its bzImage, choose --vmm firecracker, or build it with CONFIG_PVH"));
	}
	if (s->vmm.kind != VMM_FIRECRACKER || firecracker_boots_bzimage(s->vmm.info.version))
		return 0;
	if (kernel_elf(op, dir, s->kernel.vmlinuz, e) == 0)
		return 0;
	err_wrap(e, _("Firecracker %s boots ELF kernels only (1.17 and newer boot any)"), s->vmm.info.version);
	return err_hint(e, _("choose --vmm qemu, another kernel, or a newer Firecracker"));
}

static int give_back(struct op *op, void *ctx, struct err *e)
{
	struct vmjob *j = ((struct start *)ctx)->j;

	return held_release(op, j->eng, j->store, j->vm.id, e);
}

static int join_network(struct op *op, void *ctx, struct err *e)
{
	struct vmjob *j = ((struct start *)ctx)->j;

	return netmode_of(&j->vm)->up(op, j, e);
}

static int leave_network(struct op *op, void *ctx, struct err *e)
{
	struct vmjob *j = ((struct start *)ctx)->j;

	fd_close_auto(&j->port_fd);
	return give_back(op, ctx, e);
}

static int attach_disk(struct op *op, void *ctx, struct err *e)
{
	return snapdisk_attach(op, ((struct start *)ctx)->j, e);
}

static int write_seed(struct op *op, void *ctx, struct err *e)
{
	struct start *s = ctx;

	return guestseed_write(op, s->j, s->kernel.modules_uuid, e);
}

static struct vm_drive *add_drive(struct vm_launch *l, const char *name, const char *path, bool readonly, bool shared,
				  bool ephemeral)
{
	struct vm_drive *d = &l->drives[l->n_drives++];

	str_copy(d->name, sizeof(d->name), name);
	str_copy(d->path, sizeof(d->path), path);
	d->readonly = readonly;
	d->shared = shared;
	d->ephemeral = ephemeral && !readonly;
	return d;
}

static int add_drives(struct start *s, struct vm_launch *l, struct err *e)
{
	const struct vmdisk_mode *mode;
	struct vmdisk_spec spec;
	struct vmdisk_set set;
	char rootfs[PATHS_MAX], seed[PATHS_MAX];

	if (vm_disks(s->j, rootfs, &spec, &mode, e) < 0)
		return -1;
	mode->files(&spec, &set);
	for (int i = 0; i < set.n; i++)
		add_drive(l, vm_drive_name(set.files[i].role), set.files[i].path, set.files[i].read_only, set.files[i].shared,
			  s->j->vm.cfg.ephemeral)
			->block = set.files[i].block;
	add_drive(l, "seed", path_join(seed, sizeof(seed), s->j->dir, "seed.img"), true, false, false);
	if (s->kernel.modules_uuid[0])
		add_drive(l, "modules", s->kernel.modules, true, true, false);
	return 0;
}

static int fill_launch(struct start *s, struct err *e)
{
	const struct vm *vm = &s->j->vm;
	struct vm_launch *l = &s->launch;

	*l = (struct vm_launch){
		.vmm = s->vmm.kind,
		.accel = s->vmm.kvm.works ? VM_ACCEL_KVM : VM_ACCEL_TCG,
		.vcpus = vm->cfg.vcpus,
		.mem_mib = vm->cfg.mem_mib,
		.net = {.mode = vm->cfg.net},
		.rates = {.disk = (int64_t)vm->cfg.disk_rate, .net = (int64_t)vm->cfg.net_rate},
	};
	str_copy(l->id, sizeof(l->id), vm->id);
	str_copy(l->name, sizeof(l->name), vm->name);
	str_copy(l->boot_id, sizeof(l->boot_id), vm->boot_id);
	str_copy(l->vm_dir, sizeof(l->vm_dir), s->j->dir);
	str_copy(l->runtime_dir, sizeof(l->runtime_dir), s->j->eng->paths.runtime);
	if (s->vmm.info.path[0] == '/') /* else the backend's program on PATH */
		str_copy(l->vmm_path, sizeof(l->vmm_path), s->vmm.info.path);
	str_copy(l->kernel, sizeof(l->kernel), s->kernel.vmlinuz);
	str_copy(l->initrd, sizeof(l->initrd), s->kernel.initramfs);
	cmdline_format(l->cmdline, sizeof(l->cmdline), l->vmm, vm->machine_id, l->accel == VM_ACCEL_TCG ? tsc_khz() : 0);
	addr_mac_from_id(vm->id, l->net.mac);
	netmode_of(vm)->launch(s->j, &l->net);
	/* Firecracker cannot: it opens its files late. Its identity says that it runs as root. */
	l->run_as = l->vmm == VMM_QEMU && vmm_run_as(&l->uid, &l->gid);
	return add_drives(s, l, e);
}

/* It may have been made anew since the seed was written. */
static int check_kernel(struct op *op, struct start *s, struct err *e)
{
	struct kernel_files now;
	char dir[PATHS_MAX];

	if (find_kernel(op, s, dir, &now, e) < 0)
		return -1;
	if (strcmp(now.modules_uuid, s->kernel.modules_uuid) == 0)
		return 0;
	err_set(e, ERR_BUSY, _("kernel '%s' was replaced by another one meanwhile"), s->j->vm.cfg.kernel);
	return err_hint(e, _("start it again: banger-tui vm start %s"), s->j->vm.name);
}

static int launch(struct op *op, void *ctx, struct err *e)
{
	struct start *s = ctx;
	struct vmjob *j = s->j;
	struct keeper_launch_args a = {.ready = s->keeper, .launch = &s->launch, .lock_fd = j->lock_fd};
	struct vm_identity who;
	int rc;

	if (check_kernel(op, s, e) < 0 || fill_launch(s, e) < 0 || resources_add(j->store, j->vm.id, "run", j->vm.boot_id, NULL, e) < 0)
		return -1;
	rc = keeper_launch(op, &a, &who, e);
	/* Keeper and VMM hold their own copies now: ours must not keep a dead VM "alive". */
	fd_close_auto(&j->lock_fd);
	fd_close_auto(&j->port_fd);
	if (rc == 0)
		str_copy(j->vm.accel, sizeof(j->vm.accel), who.accel);
	return rc;
}

static int unlaunch(struct op *op, void *ctx, struct err *e)
{
	struct start *s = ctx;

	if (!s->lock_taken) /* somebody else's VM: nothing of it is ours */
		return 0;
	fd_close_auto(&s->j->lock_fd);
	if (vm_kill_vmm(op, s->j->eng, s->j->vm.id, e) < 0)
		return -1;
	return vm_release(op, s->j, e);
}

/* "qemu 7.2.22, a guest ran under KVM (Firecracker has no user network)" */
static void describe_choice(const struct vmm_choice *c, char *ret, size_t size)
{
	snprintf(ret, size, "%s %.24s, %s%s%s%s", vmm_kind_to_string(c->kind), c->info.version, c->kvm.why,
		 c->reason[0] ? " (" : "", c->reason, c->reason[0] ? ")" : "");
}

static int record(struct op *op UNUSED, void *ctx, struct err *e)
{
	struct start *s = ctx;
	struct vmjob *j = s->j;
	auto_txn struct store *txn = j->store;
	struct vm now;

	if (store_begin(txn, e) < 0 || vms_get(txn, j->vm.id, &now, e) < 0)
		return -1;
	if (now.stop_epoch != j->vm.stop_epoch)
		return err_set(e, ERR_CANCELED, _("VM '%s' was killed while it started"), j->vm.name);
	now.ssh_port = j->vm.ssh_port;
	str_copy(now.address, sizeof(now.address), j->vm.address);
	str_copy(now.boot_id, sizeof(now.boot_id), j->vm.boot_id);
	str_copy(now.accel, sizeof(now.accel), j->vm.accel);
	now.run_vcpus = s->launch.vcpus;
	now.run_mem_mib = s->launch.mem_mib;
	str_copy(now.net_why, sizeof(now.net_why), j->vm.net_why);
	describe_choice(&s->vmm, now.why, sizeof(now.why));
	if (vm_move(&now, VM_EV_STARTED, NULL, e) < 0 || vms_update(txn, &now, e) < 0 || store_commit(txn, e) < 0)
		return -1;
	vm_publish(j, &now);
	return 0;
}

static int write_down(struct vmjob *j, const char *net_why, struct err *e)
{
	auto_txn struct store *txn = j->store;
	struct vm now;

	if (store_begin(txn, e) < 0 || vms_get(txn, j->vm.id, &now, e) < 0)
		return -1;
	str_copy(now.net_why, sizeof(now.net_why), net_why);
	if (vms_update(txn, &now, e) < 0 || store_commit(txn, e) < 0)
		return -1;
	vm_publish(j, &now);
	return 0;
}

/* What keeps it from its network: not before it is launched and written down as running, its guest needs longer to boot than this
 * takes. It runs either way. */
static void look_at_network(struct vmjob *j, struct op *op)
{
	const struct netmode *mode = netmode_of(&j->vm);
	struct vm seen = j->vm;
	struct err e = {0};

	if (!mode->look)
		return;
	mode->look(op, j->eng, &seen);
	if (strcmp(seen.net_why, j->vm.net_why) != 0 && write_down(j, seen.net_why, &e) < 0)
		log_err(op, &e);
}

static int pin(struct op *op, void *ctx, struct err *e)
{
	struct vmjob *j = ((struct start *)ctx)->j;
	struct knownhosts_entry en = {
		.vm_id = j->vm.id, .vm_name = j->vm.name, .host = vm_ssh_host(&j->vm), .port = vm_ssh_port(&j->vm)};

	if (keys_vm_host_pub(j->dir, &en.key, e) < 0)
		return -1;
	return knownhosts_put(op, j->eng->paths.state, &en, e);
}

static const struct step steps[] = {
	{N_("preflight"), check, NULL},	      {N_("lock"), take_lock, drop_lock},
	{N_("keeper"), call_keeper, dismiss_keeper},
	{N_("kernel"), prepare_kernel, NULL}, {N_("network"), join_network, leave_network},
	{N_("disk"), attach_disk, give_back}, {N_("host key"), pin, NULL},
	{N_("seed"), write_seed, NULL},
	{N_("launch"), launch, unlaunch},     {N_("record"), record, NULL},
	{N_("wait for ssh"), NULL, NULL},
};

static bool still_alive(void *arg)
{
	struct vmjob *j = arg;
	bool alive = true;

	return vm_alive(j->eng, j->vm.id, &alive, NULL) < 0 || alive;
}

static int wait_ready(struct vmjob *j, struct op *op, struct err *e)
{
	struct ready_args a = {.vm_name = j->vm.name, .boot_id = j->vm.boot_id, .is_alive = still_alive, .arg = j};
	int64_t old = op_limit(op, READY_MS);
	int64_t began = clock_mono_ms();
	int rc;

	op_step(op, _(steps[ARRAY_LEN(steps) - 1].name), (int)ARRAY_LEN(steps), (int)ARRAY_LEN(steps));
	rc = vm_ssh_args(&j->eng->paths, &j->vm, &a.ssh, e);
	if (rc == 0)
		rc = ready_wait(op, &a, NULL, e);
	keys_wipe(&a.ssh.key);
	op_restore(op, old);
	if (rc == 0)
		steps_add_timing(j->timings, sizeof(j->timings), _("ssh"), clock_mono_ms() - began);
	return rc;
}

/* Did a kill of any process come since this start read the row? Then whatever failed here is its doing, and no failure. */
static bool was_killed(struct vmjob *j, struct err *e)
{
	struct vm now;

	if (vms_get(j->store, j->vm.id, &now, NULL) < 0 || now.stop_epoch == j->vm.stop_epoch)
		return false;
	err_clear(e);
	err_set(e, ERR_CANCELED, _("VM '%s' was killed while it started"), j->vm.name);
	return true;
}

/* The guest did not answer. What that means depends on why. */
static int not_ready(struct vmjob *j, struct op *op, struct err *e)
{
	struct err why, re = {0};
	struct vm_exit end;
	struct op cleanup;
	int rc = 0;

	was_killed(j, e);
	why = *e;

	if (why.code == ERR_TIMEOUT) {
		err_clear(e);
		err_set(e, ERR_TIMEOUT, _("VM '%s' runs but SSH did not answer within %d s: %.200s"), j->vm.name,
			READY_MS / 1000, why.msg);
		return err_hint(e, _("see its serial log (banger-tui vm logs %s); it still runs: banger-tui vm delete %s removes it"),
				j->vm.name, j->vm.name);
	}
	if (why.code != ERR_CANCELED && why.code != ERR_STATE)
		return -1;
	op_init_cleanup(&cleanup, op, STEPS_UNDO_MS);
	if (vm_kill_vmm(&cleanup, j->eng, j->vm.id, &re) < 0 || vm_release(&cleanup, j, &re) < 0)
		rc = err_join(e, &re);
	op_done(&cleanup);
	if (rc < 0) /* the row stays live: it lives, or the watch over live VMs finishes this */
		return -1;
	if (why.code == ERR_STATE && exit_load(j->dir, &end, NULL) == 0) {
		err_clear(e);
		err_set(e, ERR_STATE, _("VM '%s' ended before SSH answered: %s"), j->vm.name, end.sentence);
		err_hint(e, _("see its serial log: banger-tui vm logs %s"), j->vm.name);
	}
	err_clear(&re);
	if (vm_transition(j, why.code == ERR_CANCELED ? VM_EV_STOPPED : VM_EV_FAILED,
			  why.code == ERR_CANCELED ? NULL : e->msg, &re) < 0)
		err_join(e, &re);
	return -1;
}

/* A start that failed and was undone leaves the reason where the list shows it. */
static void mark_failed(struct vmjob *j, const struct err *why)
{
	struct err e = {0};
	struct vm now;

	if (why->code == ERR_CANCELED || why->code == ERR_BUSY || why->code == ERR_NOT_FOUND)
		return;
	if (vms_get(j->store, j->vm.id, &now, &e) < 0 || vm_state_is_live(now.state))
		return;
	j->vm = now;
	if (vm_transition(j, VM_EV_FAILED, why->msg, &e) < 0)
		log_err(NULL, &e);
}

int vm_start(struct vmjob *j, struct op *op, struct err *e)
{
	auto_free struct start *s = xcalloc(1, sizeof(*s));
	bool alive;

	s->j = j;
	if (vm_alive(j->eng, j->vm.id, &alive, e) < 0)
		return -1;
	if (alive && vm_state_is_live(j->vm.state))
		return 0; /* somebody was faster; what was asked for is so */
	id_new(j->vm.boot_id);
	int rc = steps_run(op, steps, (int)ARRAY_LEN(steps), s, j->timings, sizeof(j->timings), e);
	keeper_free(s->keeper);
	if (rc < 0) {
		if (!was_killed(j, e))
			mark_failed(j, e);
		return -1;
	}
	look_at_network(j, op);
	if (j->req.flags & REQ_F_NO_WAIT)
		return 0;
	return wait_ready(j, op, e) == 0 ? 0 : not_ready(j, op, e);
}

int do_vm_start(void *arg, struct op *op, struct sched_run *r, struct err *e)
{
	struct vmjob *j = arg;
	int rc = vmjob_begin(j, r, e);

	if (rc == 0 && vm_start(j, op, e) < 0)
		rc = err_wrap(e, _("start VM '%s'"), j->vm.name);
	return vmjob_end(j, rc, e);
}
