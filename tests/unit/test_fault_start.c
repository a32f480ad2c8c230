/* SPDX-License-Identifier: MIT */
/*
 * start, stop, restart and recover through the real engine while the world fails (see fault.h). The keeper is this very
 * program: started again with the keeper's verb it is a stand-in that holds the VM's lock, writes identity.json and waits
 * for a signal. Everything between the request and that process is real but the guest and the kernel's initramfs.
 *
 * What must hold afterwards: one stand-in when the row says running, else none, no ledger row and no identity; no
 * descriptor more than before; a reason that can be read; and the next clean start works.
 *
 * Some of it once more with a machine that takes rights: bridged, its disk a mapping. The helper is a stand-in too: what it has made
 * of the host outlives every process, as the host does, and is there exactly while the machine runs.
 */
#include "tests/lib/fault.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/tar.h"
#include "core/engine/netwatch.h"
#include "core/engine/vmjob.h"
#include "core/guest/exec.h"
#include "core/guest/knownhosts.h"
#include "core/guest/ready.h"
#include "core/guest/seed.h"
#include "core/image/kernel.h"
#include "core/image/publish.h"
#include "core/net/slirp.h"
#include "core/priv/priv.h"
#include "core/store/images.h"
#include "core/store/resources.h"
#include "core/store/vms.h"
#include "core/vmm/alive.h"
#include "core/vmm/kvm.h"
#include "core/vmm/vmm.h"
#include "keeper/keeper.h"
#include "keeper/keeper_priv.h"
#include "keeper/report.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#define STANDIN_LIFE_S 180 /* of one whose test has failed */

enum guest { ANSWERS, SILENT, DIES, CANCELED, HANGS, GUEST_COUNT };
enum archive { WHOLE, CUT, ESCAPES, ENDLESS, STALLS };

static _Atomic int guest; /* what waiting for it comes to */
static _Atomic int archive; /* what it makes of its root */
static char the_dir[PATHS_MAX], the_id[ID_SIZE];
static sem_t reached;

FAULT_WRAP(alive_check, (const char *dir, bool *ret, struct err *e), (dir, ret, e))
FAULT_WRAP(alive_kill, (struct op * op, const char *dir, struct err *e), (op, dir, e))
FAULT_WRAP(alive_release, (const char *dir, const char *runtime, const char *id, struct err *e), (dir, runtime, id, e))
FAULT_WRAP(alive_take, (const char *dir, int *ret, struct err *e), (dir, ret, e))
FAULT_WRAP(alive_wait_gone, (struct op * op, const char *dir, struct err *e), (op, dir, e))
FAULT_WRAP(exit_load, (const char *dir, struct vm_exit *ret, struct err *e), (dir, ret, e))
FAULT_WRAP(identity_load, (const char *dir, struct vm_identity *ret, struct err *e), (dir, ret, e))
FAULT_WRAP(keys_user, (const char *dir, struct keys_pair *ret, struct err *e), (dir, ret, e))
FAULT_WRAP(keys_vm_host, (const char *dir, struct keys_pair *ret, struct err *e), (dir, ret, e))
FAULT_WRAP(keys_vm_host_pub, (const char *dir, struct keys_pub *ret, struct err *e), (dir, ret, e))
FAULT_WRAP(knownhosts_put, (struct op * op, const char *dir, const struct knownhosts_entry *en, struct err *e),
	   (op, dir, en, e))
FAULT_WRAP(images_get_id, (struct store * s, const char *id, struct image *ret, struct err *e), (s, id, ret, e))
FAULT_WRAP(images_put, (struct store * s, const struct image *im, struct err *e), (s, im, e))
FAULT_WRAP(publish_begin, (const char *root, struct publish *p, struct err *e), (root, p, e))
FAULT_WRAP(publish_commit, (struct publish * p, const char *name, const void *manifest, size_t len, struct err *e),
	   (p, name, manifest, len, e))
FAULT_WRAP(registry_sync, (struct registry * r, struct store *s, struct err *e), (r, s, e))
FAULT_WRAP(resources_add,
	   (struct store * s, const char *owner, const char *kind, const char *name, const char *detail, struct err *e),
	   (s, owner, kind, name, detail, e))
FAULT_WRAP(resources_list, (struct store * s, const char *owner, struct resource **ret, int *ret_n, struct err *e),
	   (s, owner, ret, ret_n, e))
FAULT_WRAP(resources_remove, (struct store * s, const char *owner, const char *kind, const char *name, struct err *e),
	   (s, owner, kind, name, e))
FAULT_WRAP(seed_write, (struct op * op, const struct seed_args *a, const char *path, struct err *e), (op, a, path, e))
FAULT_WRAP(slirp_reserve,
	   (uint16_t wanted, bool (*is_kept)(void *arg, uint16_t port), void *arg, uint16_t *ret_port, int *ret_fd,
	    struct err *e),
	   (wanted, is_kept, arg, ret_port, ret_fd, e))
FAULT_WRAP(store_begin, (struct store * s, struct err *e), (s, e))
FAULT_WRAP(store_commit, (struct store * s, struct err *e), (s, e))
FAULT_WRAP(vmdisk_check, (const struct vmdisk_set *set, struct err *e), (set, e))
FAULT_WRAP(vmm_stop, (struct op * op, const char *dir, int grace_ms, struct err *e), (op, dir, grace_ms, e))
FAULT_WRAP(vms_get, (struct store * s, const char *id, struct vm *ret, struct err *e), (s, id, ret, e))
FAULT_WRAP(vms_raise_stop_epoch, (struct store * s, const char *id, struct err *e), (s, id, e))
FAULT_WRAP(vms_update, (struct store * s, const struct vm *vm, struct err *e), (s, vm, e))

/* ---- the stand-in for keeper and VMM ---- */

static volatile sig_atomic_t told;

static void on_signal(int signo)
{
	told = signo;
}

static int standin(const char *dir)
{
	struct vm_identity who = {.vmm = VMM_QEMU, .accel = "tcg", .vmm_pid = getpid(), .keeper_pid = getpid()};
	struct vm_launch l;
	sigset_t none;
	char go;

	signal(SIGTERM, on_signal);
	alarm(STANDIN_LIFE_S);
	if (read(KEEPER_FD_STARTER, &go, 1) != 1)
		return 0;
	if (vm_launch_load(dir, &l, NULL) < 0)
		return 1;
	who.vmm_start = who.keeper_start = proc_start_time(getpid());
	who.ssh_port = l.net.ssh_port;
	str_copy(who.id, sizeof(who.id), l.id);
	str_copy(who.boot_id, sizeof(who.boot_id), l.boot_id);
	if (identity_save(dir, &who, NULL) < 0 || report_send(KEEPER_FD_STARTER, NULL, NULL) < 0)
		return 1;
	close(KEEPER_FD_STARTER);
	sigemptyset(&none);
	while (!told)
		sigsuspend(&none);
	return 0;
}

/* As a keeper: the process that was started ends, its child goes on. */
static int standin_main(const char *dir)
{
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	_exit(fork() == 0 ? standin(dir) : 0);
}

/* Living processes started with the keeper's verb on our VM's directory. */
static int count_standins(void)
{
	DIR *proc = opendir("/proc");
	int n = 0;

	assert_non_null(proc);
	for (struct dirent *d; (d = readdir(proc));) {
		char path[300], args[PATHS_MAX + 64];
		ssize_t len;
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", d->d_name);
		fd = d->d_name[0] >= '0' && d->d_name[0] <= '9' ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		if (fd < 0)
			continue;
		len = read(fd, args, sizeof(args) - 1);
		close(fd);
		args[len > 0 ? len : 0] = '\0';
		for (ssize_t at = 0; at < len; at += (ssize_t)strlen(args + at) + 1)
			n += strcmp(args + at, the_dir) == 0;
	}
	closedir(proc);
	return n;
}

/* The guest, or somebody, ends the VM. */
static void end_standin(int signo)
{
	struct vm_identity who;
	struct err e = {0};
	struct proc p;
	struct op op;

	if (__real_identity_load(the_dir, &who, NULL) < 0 || proc_open(who.vmm_pid, who.vmm_start, &p, NULL) < 0)
		return;
	(void)!proc_signal(&p, signo, NULL);
	proc_done(&p);
	op_init(&op, 20000);
	(void)!__real_alive_wait_gone(&op, the_dir, &e);
	op_done(&op);
}

/* ---- what is not real ---- */

int __real_keeper_prepare(const char *exe, const char *vm_dir, int lock_fd, struct keeper **ret, struct err *e);
int __wrap_keeper_prepare(const char *exe, const char *vm_dir, int lock_fd, struct keeper **ret, struct err *e);
/* This program stands in for it. */
int __wrap_keeper_prepare(const char *exe UNUSED, const char *vm_dir, int lock_fd, struct keeper **ret, struct err *e)
{
	bool was_hit;

	if (fault_before("keeper_prepare", &was_hit, e) < 0)
		return -1;
	return fault_after(__real_keeper_prepare("/proc/self/exe", vm_dir, lock_fd, ret, e), was_hit);
}

int __real_keeper_launch(struct op *op, const struct keeper_launch_args *a, struct vm_identity *ret, struct err *e);
int __wrap_keeper_launch(struct op *op, const struct keeper_launch_args *a, struct vm_identity *ret, struct err *e);
/* Twice a call: it can fail without having started anything, and with the VM running. */
int __wrap_keeper_launch(struct op *op, const struct keeper_launch_args *a, struct vm_identity *ret, struct err *e)
{
	bool was_hit;

	if (fault_before("keeper_launch", &was_hit, e) < 0)
		return -1;
	if (fault_after(__real_keeper_launch(op, a, ret, e), was_hit) < 0)
		return -1;
	if (fault_before("keeper_launch, started", &was_hit, e) < 0)
		return -1;
	return fault_after(0, was_hit);
}

static bool firecracker_only; /* what the next start's kernel is */

int __wrap_kernel_files(struct op *op, const struct image_ctx *ctx, const char *dir, struct kernel_files *ret, struct err *e);
int __wrap_kernel_files(struct op *op UNUSED, const struct image_ctx *ctx UNUSED, const char *dir,
			struct kernel_files *ret, struct err *e)
{
	bool was_hit;

	if (fault_before("kernel_files", &was_hit, e) < 0)
		return -1;
	path_join(ret->vmlinuz, sizeof(ret->vmlinuz), dir, KERNEL_VMLINUZ);
	ret->firecracker_only = firecracker_only;
	return fault_after(0, was_hit);
}

int __wrap_kvm_probe(struct op *op, const char *cache_dir, const char *qemu, struct kvm_verdict *ret, struct err *e);
int __wrap_kvm_probe(struct op *op UNUSED, const char *cache_dir UNUSED, const char *qemu UNUSED,
		     struct kvm_verdict *ret, struct err *e)
{
	bool was_hit;

	*ret = (struct kvm_verdict){.why = "not tried"};
	return fault_before("kvm_probe", &was_hit, e) < 0 ? -1 : fault_after(0, was_hit);
}

static int probe(struct op *op UNUSED, const char *path UNUSED, struct vmm_info *ret, struct err *e)
{
	bool was_hit;

	*ret = (struct vmm_info){.path = "/bin/true", .version = "7.2"};
	return fault_before("probe", &was_hit, e) < 0 ? -1 : fault_after(0, was_hit);
}

const struct vmm_backend *__real_vmm_find(enum vmm_kind kind);
const struct vmm_backend *__wrap_vmm_find(enum vmm_kind kind);
const struct vmm_backend *__wrap_vmm_find(enum vmm_kind kind)
{
	static _Thread_local struct vmm_backend b;

	b = *__real_vmm_find(kind);
	b.probe = probe;
	return &b;
}

int __wrap_ready_wait(struct op *op, const struct ready_args *a, struct ssh **ret, struct err *e);
int __wrap_ready_wait(struct op *op, const struct ready_args *a, struct ssh **ret UNUSED, struct err *e)
{
	bool was_hit;

	if (fault_before("ready_wait", &was_hit, e) < 0)
		return -1;
	switch ((enum guest)atomic_load(&guest)) {
	case SILENT:
		return err_set(e, ERR_TIMEOUT, "no answer");
	case DIES:
		end_standin(SIGKILL);
		return err_set(e, ERR_STATE, "the VM ended");
	case CANCELED:
		return err_set(e, ERR_CANCELED, "canceled");
	case HANGS:
		sem_post(&reached);
		while (op_sleep(op, 5, e) == 0)
			if (!a->is_alive(a->arg))
				return err_set(e, ERR_STATE, "the VM ended");
		return -1;
	default:
		return fault_after(0, was_hit);
	}
}

int __wrap_ssh_connect(struct op *op, const struct ssh_args *a, struct ssh **ret, struct err *e);
int __wrap_ssh_connect(struct op *op UNUSED, const struct ssh_args *a UNUSED, struct ssh **ret, struct err *e)
{
	bool was_hit;

	*ret = NULL;
	return fault_before("ssh_connect", &was_hit, e) < 0 ? -1 : fault_after(0, was_hit);
}

int __wrap_exec_capture(struct op *op, struct ssh *s, const char *const *argv, const void *input, size_t input_len,
			size_t max, struct buf *ret_out, struct err *e);
/* The guest is asked to shut down, and does. */
int __wrap_exec_capture(struct op *op UNUSED, struct ssh *s UNUSED, const char *const *argv UNUSED,
			const void *input UNUSED, size_t input_len UNUSED, size_t max UNUSED,
			struct buf *ret_out UNUSED, struct err *e)
{
	bool was_hit;

	if (fault_before("exec_capture", &was_hit, e) < 0)
		return -1;
	end_standin(SIGTERM);
	return fault_after(0, was_hit);
}

/* As the guest writes its root, or as it might. */
static int write_archive(int fd, enum archive how)
{
	const struct tar_meta m = {.mode = 0755, .mtime = 1000000000};
	struct tar_writer *w = tar_writer_new_fd(fd);
	int rc = tar_writer_dir(w, "etc", &m, NULL) | tar_writer_file(w, "etc/motd", &m, "saved", 5, NULL);

	if (how == ESCAPES)
		rc |= tar_writer_file(w, "../outside", &m, "x", 1, NULL);
	if (rc == 0 && how != CUT && how != STALLS)
		rc = tar_writer_finish(w, NULL);
	tar_writer_free(w);
	return rc;
}

int __wrap_exec_stream(struct op *op, struct ssh *s, const char *const *argv, int out_fd, struct buf *ret_said, struct err *e);
int __wrap_exec_stream(struct op *op, struct ssh *s UNUSED, const char *const *argv, int out_fd, struct buf *ret_said UNUSED,
		       struct err *e)
{
	enum archive how = atomic_load(&archive);
	static const char more[4096];
	bool was_hit;

	assert_string_equal(argv[1], "archive");
	if (fault_before("exec_stream", &was_hit, e) < 0)
		return -1;
	if (write_archive(out_fd, how) < 0)
		return err_set(e, ERR_CANCELED, "nobody reads");
	while (how == ENDLESS)
		if (fd_write_all(out_fd, more, sizeof(more), NULL) < 0)
			return err_set(e, ERR_CANCELED, "nobody reads");
	if (how == CUT)
		return err_set(e, ERR_NET, "the connection is lost");
	if (how == STALLS)
		sem_post(&reached);
	while (how == STALLS)
		if (op_sleep(op, 1000, e) < 0)
			return -1;
	return fault_after(0, was_hit);
}

/* ---- the helper ---- */

/* Shared with children: it is the host's. */
struct host {
	bool up;
	bool guest;
	bool nat;
	char ipv4[NAT_IPV4_SIZE];
	bool mapping;
	bool no_rights; /* no helper is to be had */
	bool lost;	/* the rules are gone, */
	bool foreign;	/* and cannot be made again */
};
static struct host *host;
static bool with_rights; /* the machine takes them */

void __wrap_priv_look(const char *helper, struct priv_outlook *ret);
void __wrap_priv_look(const char *helper UNUSED, struct priv_outlook *ret)
{
	*ret = (struct priv_outlook){.way = PRIV_WAY_SUDO};
}

int __wrap_priv_start(struct op *op, const struct priv_start_args *a, struct priv **ret, struct err *e);
int __wrap_priv_start(struct op *op UNUSED, const struct priv_start_args *a UNUSED, struct priv **ret, struct err *e)
{
	bool was_hit;

	if (host->no_rights)
		return err_set(e, ERR_PERM, "no helper without a password");
	if (fault_before("priv_start", &was_hit, e) < 0)
		return -1;
	*ret = (struct priv *)host;
	return fault_after(0, was_hit);
}

void __wrap_priv_stop(struct priv *p);
void __wrap_priv_stop(struct priv *p UNUSED)
{
}

/* Keeps the contract of the operations it is asked for; it has one guest at most. */
static int carry_out(const struct priv_request *r, struct priv_reply *ret, struct err *e)
{
	switch (r->op) {
	case PRIV_NET_UP:
		host->up = true;
		return 0;
	case PRIV_NET_DOWN:
		if (host->guest)
			return err_set(e, ERR_BUSY, "a guest is left");
		host->up = false;
		return 0;
	case PRIV_GUEST_UP:
		assert_string_equal(r->vm_id, the_id);
		if (!host->up)
			return err_set(e, ERR_STATE, "no network");
		host->guest = true;
		host->nat = r->guest.nat;
		str_copy(host->ipv4, sizeof(host->ipv4), r->guest.ipv4);
		return 0;
	case PRIV_GUEST_DOWN:
		host->guest = false;
		return 0;
	case PRIV_RULES:
		return 0;
	case PRIV_NET_MEND:
		if (host->foreign)
			return err_set(e, ERR_EXISTS, "that table is not ours");
		if (host->lost)
			str_copy(ret->note, sizeof(ret->note), "they were made again");
		host->lost = false;
		return 0;
	case PRIV_GUEST_NAT:
		if (!host->guest)
			return err_set(e, ERR_NOT_FOUND, "no guest");
		host->nat = r->on;
		return 0;
	case PRIV_SNAP_UP:
		assert_string_equal(r->vm_id, the_id);
		if (host->mapping)
			return err_set(e, ERR_EXISTS, "there is one");
		host->mapping = true;
		snprintf(ret->node, sizeof(ret->node), DMSNAP_DEV_DIR "/%s", r->vm_id);
		return 0;
	case PRIV_SNAP_DOWN:
		host->mapping = false;
		return 0;
	default:
		return err_set(e, ERR_PROTO, "nobody asks for this");
	}
}

int __wrap_priv_call(struct op *op, struct priv *p, const struct priv_request *r, struct priv_reply *ret, struct err *e);
int __wrap_priv_call(struct op *op UNUSED, struct priv *p UNUSED, const struct priv_request *r, struct priv_reply *ret, struct err *e)
{
	bool was_hit;

	*ret = (struct priv_reply){0};
	if (host->no_rights)
		return err_set(e, ERR_NET, "the helper has ended");
	if (fault_before("priv_call", &was_hit, e) < 0)
		return -1;
	return fault_after(carry_out(r, ret, e), was_hit);
}

/* ---- looking ---- */

struct seen {
	struct vm vm;
	int ledger;
	bool alive, identity;
};

static struct seen look(struct rig *r)
{
	struct seen s = {.ledger = rig_look(r).resources};
	auto_free struct vm *vms = NULL;
	struct store *store = NULL;
	struct err e = {0};
	char path[PATHS_MAX];
	int n = 0;

	assert_ok(store_open(path_join(path, sizeof(path), r->paths.state, "state.db"), STORE_RW, 5000, &store, &e), &e);
	assert_ok(vms_list(store, &vms, &n, &e), &e);
	store_close(store);
	assert_int_equal(n, 1);
	s.vm = vms[0];
	assert_ok(__real_alive_check(the_dir, &s.alive, &e), &e);
	s.identity = fs_exists(path_join(path, sizeof(path), the_dir, ALIVE_IDENTITY_FILE));
	return s;
}

static void assert_in_order(struct rig *r)
{
	struct seen s = look(r);

	assert_int_equal(s.alive, vm_state_is_live(s.vm.state));
	assert_int_equal(count_standins(), s.alive);
	assert_int_equal(s.ledger, s.alive ? 1 + 2 * with_rights : 0);
	assert_int_equal(host->guest, s.alive && with_rights);
	assert_int_equal(host->up, s.alive && with_rights);
	assert_int_equal(host->mapping, s.alive && with_rights);
	assert_int_equal(s.identity, s.alive);
	if (s.vm.state == VM_ERROR)
		assert_true(s.vm.reason[0] != '\0');
}

/* The VM has ended. What could not be given back with the one failure there was waits in the ledger. */
static void assert_ended(struct rig *r)
{
	if (!with_rights)
		assert_in_order(r);
	else
		assert_true(look(r).ledger >= host->guest + host->mapping);
}

/* Descriptors of this process, but for those SQLite keeps open until the last connection is closed. */
static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir));) {
		char target[PATHS_MAX] = "";

		if (readlinkat(dirfd(dir), d->d_name, target, sizeof(target) - 1) > 0)
			n += !strstr(target, "state.db");
	}
	closedir(dir);
	return n;
}

/* A job of the watch may be at work still: wait for its end, with a bound. */
static void assert_no_more_fds(int fds)
{
	struct op op;
	int n;

	op_init(&op, 10000);
	while ((n = count_fds()) != fds + 1 /* the op itself */ && op_sleep(&op, 5, NULL) == 0)
		;
	op_done(&op);
	assert_int_equal(n, fds + 1);
}

/* ---- the fixture: a VM that has run and is stopped ---- */

static struct request start, stop, kill_it, reap, restart;

static void find_vm(struct rig *r)
{
	struct store *store = NULL;
	struct vm *vms = NULL;
	struct err e = {0};
	char path[PATHS_MAX];
	int n;

	assert_ok(store_open(path_join(path, sizeof(path), r->paths.state, "state.db"), STORE_RW, 5000, &store, &e), &e);
	assert_ok(vms_list(store, &vms, &n, &e), &e);
	store_close(store);
	str_copy(the_id, sizeof(the_id), vms[0].id);
	path_join(the_dir, sizeof(the_dir), r->paths.state, "vms/%s", the_id);
	free(vms);
}

static void begin(struct rig *r, void **state)
{
	struct request create = rig_create("web1");
	struct err e = {0};

	start = rig_about(REQ_VM_START, "web1");
	stop = rig_about(REQ_VM_STOP, "web1");
	kill_it = rig_about(REQ_VM_KILL, "web1");
	reap = rig_about(REQ_VM_REAP, "web1");
	restart = rig_about(REQ_VM_RESTART, "web1");
	if (with_rights) {
		assert_ok(spec_parse(&create.spec, SPEC_NET, "bridge", &e), &e);
		assert_ok(spec_parse(&create.spec, SPEC_DISK, "dm-snapshot", &e), &e);
	}
	*host = (struct host){0};
	atomic_store(&guest, ANSWERS);
	rig_make(r, state);
	must_open(r);
	must_succeed(r, &create);
	find_vm(r);
	must_succeed(r, &start);
	assert_in_order(r);
	must_succeed(r, &stop);
	assert_in_order(r);
}

/* Running or not, it can be started and stopped. */
static void assert_usable(struct rig *r)
{
	atomic_store(&guest, ANSWERS);
	must_succeed(r, &start);
	assert_in_order(r);
	assert_int_equal(look(r).vm.state, VM_RUNNING);
	must_succeed(r, &stop);
	assert_in_order(r);
	assert_int_equal(look(r).vm.state, VM_STOPPED);
}

/* ---- start ---- */

static void fail_start(void **state, enum guest g)
{
	struct rig r;
	int nth = 0, fds;

	begin(&r, state);
	fds = count_fds();
	do {
		struct job j;

		atomic_store(&guest, g);
		fault_arm(FAIL_ONE, ++nth);
		j = must_end(&r, &start);
		fault_disarm();
		if (j.state != JOB_DONE)
			assert_true(j.err.msg[0] != '\0');
		if (g == ANSWERS && j.state != JOB_DONE)
			assert_non_null(strstr(j.err.msg, "injected"));
		/* A row that still says running may lag behind; the watch over what should be alive mends that. */
		if (g == ANSWERS)
			assert_in_order(&r);
		else if (!vm_state_is_live(look(&r).vm.state))
			assert_ended(&r);
		must_succeed(&r, &reap);
		assert_in_order(&r);
		assert_no_more_fds(fds);
		assert_usable(&r);
	} while (fault_fired() && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 25, FAULT_CALLS_MAX - 1);
	assert_no_more_fds(fds);
	rig_close(&r);
}

static void a_failed_start_leaves_nothing(void **state)
{
	fail_start(state, ANSWERS);
}

static void a_start_nobody_answers_and_a_failure(void **state)
{
	fail_start(state, SILENT);
}

static void a_start_that_dies_and_a_failure(void **state)
{
	fail_start(state, DIES);
}

static void a_canceled_start_and_a_failure(void **state)
{
	fail_start(state, CANCELED);
}

/* The undoing fails as well: the next start of the engine adopts it or releases it. */
static void a_start_that_cannot_be_undone_is_mended(void **state)
{
	struct rig r;
	int nth = 0;
	bool done;

	begin(&r, state);
	do {
		struct job j;

		fault_arm(FAIL_FROM, ++nth);
		j = must_end(&r, &start);
		fault_disarm();
		done = j.state == JOB_DONE && !fault_fired();
		rig_close(&r);
		must_open(&r);
		assert_in_order(&r);
		assert_usable(&r);
	} while (!done && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 25, FAULT_CALLS_MAX - 1);
	rig_close(&r);
}

/* ---- stop, restart, recover ---- */

static void fail_running(void **state, const struct request *req, int at_least)
{
	struct rig r;
	int nth = 0, fds;
	bool fired;

	begin(&r, state);
	fds = count_fds();
	do {
		struct job j;

		must_succeed(&r, &start);
		fault_arm(FAIL_ONE, ++nth);
		if (req->kind == REQ_VM_REAP)
			end_standin(SIGKILL);
		j = must_end(&r, req);
		fault_disarm();
		fired = fault_fired();
		if (j.state != JOB_DONE)
			assert_true(j.err.msg[0] != '\0');
		if (!vm_state_is_live(look(&r).vm.state))
			assert_ended(&r);
		must_succeed(&r, &reap);
		assert_in_order(&r);
		must_succeed(&r, &stop);
		assert_in_order(&r);
		assert_no_more_fds(fds);
	} while (fired && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, at_least, FAULT_CALLS_MAX - 1);
	rig_close(&r);
}

static void a_failed_stop_can_be_repeated(void **state)
{
	fail_running(state, &stop, 10);
}

static void a_failed_restart_leaves_it_in_order(void **state)
{
	fail_running(state, &restart, 35);
}

/* Preflight finds it before anything is stopped. */
static void a_restart_that_could_not_start_again_stops_nothing(void **state)
{
	struct rig r;
	struct job j;
	char kernel[PATHS_MAX], aside[PATHS_MAX];

	begin(&r, state);
	must_succeed(&r, &start);
	path_join(kernel, sizeof(kernel), r.paths.state, "kernels/k1/" KERNEL_VMLINUZ);
	path_join(aside, sizeof(aside), r.paths.state, "aside");
	assert_int_equal(rename(kernel, aside), 0);
	j = must_end(&r, &restart);
	assert_int_equal(j.state, JOB_FAILED);
	assert_non_null(strstr(j.err.msg, "not stopped"));
	assert_true(vm_state_is_live(look(&r).vm.state));
	assert_int_equal(rename(aside, kernel), 0);
	must_succeed(&r, &restart);
	must_succeed(&r, &stop);
	assert_in_order(&r);
	rig_close(&r);
}

static void qemu_is_given_no_elf_it_cannot_boot(void **state)
{
	struct rig r;
	struct job j;

	begin(&r, state);
	firecracker_only = true;
	j = must_end(&r, &start);
	firecracker_only = false;
	assert_int_equal(j.state, JOB_FAILED);
	assert_non_null(strstr(j.err.msg, "PVH"));
	assert_non_null(strstr(j.err.hint, "--vmm firecracker"));
	assert_in_order(&r);
	rig_close(&r);
}

static void a_failed_recovery_can_be_repeated(void **state)
{
	fail_running(state, &reap, 6);
}

/* kill signals whatever else fails; only the question whether there is anything to signal, and the signal, may not. */
static void a_kill_signals_also_when_the_store_fails(void **state)
{
	struct rig r;
	int nth = 0;
	bool fired;

	begin(&r, state);
	do {
		must_succeed(&r, &start);
		fault_arm(FAIL_ONE, ++nth);
		must_end(&r, &kill_it);
		fired = fault_fired();
		fault_disarm();
		if (nth <= 2) /* the row cannot be read; stop_epoch cannot be raised */
			assert_false(look(&r).alive);
		must_succeed(&r, &reap);
		assert_in_order(&r);
		must_succeed(&r, &stop);
	} while (fired && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 5, FAULT_CALLS_MAX - 1);
	rig_close(&r);
}

/* ---- commit ---- */

static struct request commit_as(const char *name)
{
	struct request r = rig_about(REQ_VM_COMMIT, "web1");

	str_copy(r.image, sizeof(r.image), name);
	return r;
}

/* Either there is an image more, with its directory, or there is nothing. */
static void assert_images(struct rig *r, int wanted)
{
	struct rig_left left = rig_look(r);

	assert_int_equal(left.images, wanted);
	assert_int_equal(left.image_dirs, wanted);
}

static void fail_commit(void **state, bool running, int at_least)
{
	struct request commit = commit_as("saved"), drop = rig_about(REQ_IMAGE_DELETE, "saved");
	struct rig r;
	int nth = 0, fds;
	bool fired;

	begin(&r, state);
	fds = count_fds();
	do {
		struct job j;

		if (running)
			must_succeed(&r, &start);
		fault_arm(FAIL_ONE, ++nth);
		j = must_end(&r, &commit);
		fault_disarm();
		fired = fault_fired();
		if (j.state != JOB_DONE)
			assert_true(j.err.msg[0] != '\0');
		rig_close(&r);
		must_open(&r); /* what could not be taken back at once, the next one does */
		if (rig_look(&r).images == 2)
			must_succeed(&r, &drop);
		assert_images(&r, 1);
		must_succeed(&r, &reap);
		assert_in_order(&r);
		if (running && j.state == JOB_DONE && !fired)
			assert_int_equal(look(&r).vm.state, VM_RUNNING);
		must_succeed(&r, &stop);
		assert_in_order(&r);
		assert_no_more_fds(fds);
	} while (fired && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, at_least, FAULT_CALLS_MAX - 1);
	rig_close(&r);
}

static void a_failed_commit_leaves_no_image(void **state)
{
	fail_commit(state, true, 10);
}

static void a_failed_commit_of_one_that_stands_leaves_it_standing(void **state)
{
	fail_commit(state, false, 40);
}

static void a_guest_that_archives_badly_makes_no_image(void **state)
{
	static const struct {
		enum archive how;
		const char *says;
	} rows[] = {{CUT, "the connection is lost"}, {ESCAPES, "'../outside' refused"}, {ENDLESS, "goes on behind the end"}};
	struct request commit = commit_as("saved");
	struct rig r;
	struct job j;

	begin(&r, state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		atomic_store(&archive, rows[i].how);
		j = must_end(&r, &commit);
		assert_int_equal(j.state, JOB_FAILED);
		assert_non_null(strstr(j.err.msg, rows[i].says));
		assert_images(&r, 1);
		assert_int_equal(look(&r).vm.state, VM_STOPPED);
		assert_in_order(&r);
	}
	atomic_store(&archive, WHOLE);
	must_succeed(&r, &commit);
	assert_images(&r, 2);
	assert_int_equal(rig_run(&r, &commit, &j), -1); /* the name is taken */
	assert_int_equal(j.err.code, ERR_EXISTS);
	assert_in_order(&r);
	rig_close(&r);
}

/* Killed at any call: the image is there whole, or nothing of it is; the machine goes on. */
static void a_crash_during_a_commit_is_mended(void **state)
{
	struct request commit = commit_as("saved"), drop = rig_about(REQ_IMAGE_DELETE, "saved");
	struct rig r;
	int nth = 0, status;

	begin(&r, state);
	must_succeed(&r, &start);
	do {
		rig_close(&r);
		status = run_and_crash(&r, &commit, EXIT_AFTER, ++nth);
		must_open(&r);
		assert_in_order(&r);
		assert_int_equal(look(&r).vm.state, VM_RUNNING);
		if (rig_look(&r).images == 2)
			must_succeed(&r, &drop);
		assert_images(&r, 1);
	} while (status == FAULT_CRASHED && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 10, FAULT_CALLS_MAX - 1);
	must_succeed(&r, &stop);
	assert_in_order(&r);
	rig_close(&r);
}

/* It can be given up while the guest says nothing; the machine stands still again. */
static void a_commit_can_be_canceled(void **state)
{
	struct request commit = commit_as("saved");
	struct err e = {0};
	struct rig r;
	struct event ev;
	uint64_t job;

	begin(&r, state);
	atomic_store(&archive, STALLS);
	assert_ok(r.port.submit(r.port.self, &commit, &job, &e), &e);
	sem_wait(&reached);
	assert_ok(r.port.cancel(r.port.self, job, &e), &e);
	do {
		assert_ok(engine_wait_event(&r.op, &r.port, &ev, &e), &e);
	} while (ev.kind != EV_JOB || ev.job.id != job || job_is_active(&ev.job));
	atomic_store(&archive, WHOLE);
	assert_int_equal(ev.job.state, JOB_CANCELED);
	assert_images(&r, 1);
	assert_int_equal(look(&r).vm.state, VM_STOPPED);
	assert_usable(&r);
	rig_close(&r);
}

/* ---- the end of the process ---- */

/* One that was stopped before is a process for a moment longer, and one that just began is two for a moment (standin_main): what was
 * counted is looked at, not a second count. */
static void assert_one_at_most(void)
{
	struct op op;
	int n;

	op_init(&op, 5000);
	while ((n = count_standins()) > 1 && op_sleep(&op, 5, NULL) == 0)
		;
	op_done(&op);
	assert_in_range(n, 0, 1);
}

static void crash(void **state, const struct request *req, enum fault_mode m, int at_least)
{
	struct rig r;
	int nth = 0, status;

	begin(&r, state);
	do {
		if (req->kind != REQ_VM_START)
			must_succeed(&r, &start);
		rig_close(&r);
		status = run_and_crash(&r, req, m, ++nth);
		assert_one_at_most();
		must_open(&r);
		assert_in_order(&r);
		must_succeed(&r, &stop);
		assert_in_order(&r);
	} while (status == FAULT_CRASHED && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, at_least, FAULT_CALLS_MAX - 1);
	rig_close(&r);
}

static void a_crash_before_any_call_of_start_is_mended(void **state)
{
	crash(state, &start, EXIT_BEFORE, 25);
}

static void a_crash_after_any_call_of_start_is_mended(void **state)
{
	crash(state, &start, EXIT_AFTER, 25);
}

static void a_crash_before_any_call_of_stop_is_mended(void **state)
{
	crash(state, &stop, EXIT_BEFORE, 10);
}

static void a_crash_after_any_call_of_stop_is_mended(void **state)
{
	crash(state, &stop, EXIT_AFTER, 10);
}

/* ---- kill while it starts ---- */

static void a_kill_ends_a_start_that_waits(void **state)
{
	struct rig r;
	struct err e = {0};
	uint64_t id;

	begin(&r, state);
	atomic_store(&guest, HANGS);
	assert_ok(r.port.submit(r.port.self, &start, &id, &e), &e);
	sem_wait(&reached);
	must_succeed(&r, &kill_it);
	assert_in_order(&r);
	assert_int_equal(look(&r).vm.state, VM_STOPPED);
	assert_usable(&r);
	rig_close(&r);
}

static struct rig *killed_rig;
static pthread_t killer;
static sem_t raised;

/* As another process does it: the epoch first, over a connection of its own, then the signal. */
static void *kill_elsewhere(void *arg UNUSED)
{
	struct store *s = NULL;
	char path[PATHS_MAX];
	struct op op;

	path_join(path, sizeof(path), killed_rig->paths.state, "state.db");
	op_init(&op, 20000);
	if (store_open(path, STORE_RW, 0, &s, NULL) == 0) {
		bool told_us = false;

		/* While the start has a transaction open nobody can write: then it is not waited for. */
		while (__real_vms_raise_stop_epoch(s, the_id, NULL) < 0 && op_sleep(&op, 1, NULL) == 0)
			if (!told_us && (told_us = true))
				sem_post(&raised);
		if (!told_us)
			sem_post(&raised);
		(void)!__real_alive_kill(&op, the_dir, NULL);
	}
	store_close(s);
	op_done(&op);
	return NULL;
}

static void start_killer(void)
{
	if (pthread_create(&killer, NULL, kill_elsewhere, NULL) == 0)
		sem_wait(&raised);
}

/* The first call reads the row: a kill before it came before the start. */
static void a_kill_of_another_process_wins_at_any_moment(void **state)
{
	struct rig r;
	int nth = 1;
	bool fired;

	begin(&r, state);
	killed_rig = &r;
	do {
		fault_arm_hook(++nth, start_killer);
		must_end(&r, &start);
		fault_disarm();
		fired = fault_fired();
		if (fired)
			pthread_join(killer, NULL);
		must_succeed(&r, &reap);
		assert_in_order(&r);
		if (fired)
			assert_int_equal(look(&r).vm.state, VM_STOPPED);
		must_succeed(&r, &stop);
		assert_in_order(&r);
	} while (fired && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 25, FAULT_CALLS_MAX - 1);
	assert_usable(&r);
	rig_close(&r);
}

/* ---- a bridged machine, and rights that come and go ---- */

static struct request nat_of(const char *yes_or_no)
{
	struct request r = rig_about(REQ_VM_SET, "web1");
	struct err e = {0};

	assert_ok(spec_parse(&r.spec, SPEC_NAT, yes_or_no, &e), &e);
	return r;
}

static void nat_is_switched_at_once_or_not_at_all(void **state)
{
	struct rig r;
	struct request on = nat_of("yes"), off = nat_of("no");
	bool fired;
	int nth = 0;

	begin(&r, state);
	must_succeed(&r, &on);
	must_succeed(&r, &start);
	assert_true(host->nat);
	do {
		struct job j;
		must_succeed(&r, &on);
		fault_arm(FAIL_ONE, ++nth);
		j = must_end(&r, &off);
		fired = fault_fired();
		fault_disarm();
		assert_int_equal(host->nat, j.state != JOB_DONE);
		assert_int_equal(look(&r).vm.cfg.nat, host->nat);
	} while (fired && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 4, FAULT_CALLS_MAX - 1);
	rig_close(&r);
	end_standin(SIGKILL);
}

/* Asked for as the row has it, the switch is set all the same; and a machine that has lost its place has it again. */
static void nat_asked_for_as_it_is_is_set_again(void **state)
{
	struct request on = nat_of("yes");
	struct rig r;

	begin(&r, state);
	must_succeed(&r, &on);
	must_succeed(&r, &start);
	host->nat = false;
	must_succeed(&r, &on);
	assert_true(host->nat);
	*host = (struct host){0};
	must_succeed(&r, &on);
	assert_true(host->up && host->guest && host->nat);
	assert_string_equal(host->ipv4, look(&r).vm.address);
	rig_close(&r);
	end_standin(SIGKILL);
}

/* What an open console does every few seconds: nothing to tell, mended, or told once that it cannot be. */
static void a_console_looks_after_the_rules(void **state)
{
	char trouble[NETWATCH_TROUBLE_SIZE] = "";
	struct engine *eng;
	struct rig r;

	begin(&r, state);
	eng = r.port.self;
	host->lost = true; /* nobody needs them */
	assert_false(netwatch_look(&r.op, eng, trouble));
	assert_true(host->lost);
	must_succeed(&r, &start);
	assert_true(netwatch_look(&r.op, eng, trouble));
	assert_false(host->lost);
	assert_false(netwatch_look(&r.op, eng, trouble));
	host->foreign = true;
	assert_true(netwatch_look(&r.op, eng, trouble));
	assert_string_equal(trouble, "that table is not ours");
	assert_false(netwatch_look(&r.op, eng, trouble));
	host->foreign = false;
	assert_true(netwatch_look(&r.op, eng, trouble));
	assert_string_equal(trouble, "");
	rig_close(&r);
	end_standin(SIGKILL);
}

static void an_address_is_kept(void **state)
{
	char other[] = "10.9.8.1/24";
	struct rig r;
	struct seen s;

	begin(&r, state);
	s = look(&r);
	assert_string_equal(s.vm.address, "172.16.0.2");
	assert_int_equal(vm_ssh_port(&s.vm), VM_SSH_GUEST_PORT);
	must_succeed(&r, &start);
	assert_string_equal(host->ipv4, "172.16.0.2");
	must_succeed(&r, &stop);
	rig_close(&r);
	/* Another network: another address, with the next start. */
	r.conf.net.address = other;
	must_open(&r);
	must_succeed(&r, &start);
	assert_string_equal(host->ipv4, "10.9.8.2");
	assert_string_equal(look(&r).vm.address, "10.9.8.2");
	must_succeed(&r, &stop);
	assert_in_order(&r);
	rig_close(&r);
}

static void without_rights_it_waits_in_the_ledger(void **state)
{
	const struct request delete = rig_about(REQ_VM_DELETE, "web1");
	struct rig r;
	struct job j;

	begin(&r, state);
	must_succeed(&r, &start);
	host->no_rights = true;
	must_succeed(&r, &stop);
	assert_int_equal(look(&r).vm.state, VM_STOPPED);
	assert_non_null(strstr(look(&r).vm.reason, "waits to be given back"));
	assert_true(host->guest);
	assert_int_equal(look(&r).ledger, 2);
	j = must_end(&r, &start);
	assert_int_equal(j.state, JOB_FAILED);
	assert_non_null(strstr(j.err.msg, "password"));
	j = must_end(&r, &delete);
	assert_int_equal(j.state, JOB_FAILED);
	assert_non_null(strstr(j.err.msg, "waits to be given back"));
	rig_close(&r);
	host->no_rights = false;
	must_open(&r);
	assert_false(fs_exists(the_dir)); /* what was begun is finished, with the rights that are there now */
	assert_false(host->guest || host->up || host->mapping);
	assert_int_equal(rig_look(&r).resources, 0);
	rig_close(&r);
}

static void what_was_deleted_by_force_is_given_back_later(void **state)
{
	struct request delete = rig_about(REQ_VM_DELETE, "web1");
	struct rig r;
	struct job j;

	delete.flags = REQ_F_FORCE;
	begin(&r, state);
	must_succeed(&r, &start);
	host->no_rights = true;
	j = must_end(&r, &delete);
	assert_int_equal(j.state, JOB_FAILED);
	assert_non_null(strstr(j.err.msg, "not everything of it could be released"));
	assert_false(fs_exists(the_dir));
	assert_int_equal(rig_look(&r).vms, 0);
	assert_int_equal(rig_look(&r).resources, 2);
	assert_true(host->guest);
	rig_close(&r);
	host->no_rights = false;
	must_open(&r);
	assert_false(host->guest || host->up || host->mapping);
	assert_int_equal(rig_look(&r).resources, 0);
	rig_close(&r);
}

/* Running or stopped: by force or not, when it is repeated nothing is left of it. */
static void a_failed_delete_can_be_repeated(void **state)
{
	struct request delete = rig_about(REQ_VM_DELETE, "web1");
	struct request create = rig_create("web1");
	struct err e = {0};
	struct rig r;
	int nth = 0;
	bool fired;

	assert_ok(spec_parse(&create.spec, SPEC_NET, "bridge", &e), &e);
	assert_ok(spec_parse(&create.spec, SPEC_DISK, "dm-snapshot", &e), &e);
	delete.flags = REQ_F_FORCE;
	begin(&r, state);
	do {
		struct job j;
		must_succeed(&r, &start);
		fault_arm(FAIL_ONE, ++nth);
		j = must_end(&r, &delete);
		fired = fault_fired();
		fault_disarm();
		if (j.state != JOB_DONE)
			assert_true(j.err.msg[0] != '\0');
		/* What could not be given back stands in the ledger for the next one. */
		rig_close(&r);
		must_open(&r);
		if (rig_look(&r).vms > 0)
			must_succeed(&r, &delete);
		assert_int_equal(count_standins(), 0);
		assert_false(host->guest || host->up || host->mapping);
		rig_assert_untouched(&r);
		must_succeed(&r, &create);
		find_vm(&r);
	} while (fired && nth < FAULT_CALLS_MAX);
	assert_in_range(nth, 8, FAULT_CALLS_MAX - 1);
	rig_close(&r);
}

static int rights_setup(void **state)
{
	with_rights = true;
	return tmpdir_setup(state);
}

static int rights_teardown(void **state)
{
	with_rights = false;
	return tmpdir_teardown(state);
}

int main(int argc, char **argv)
{
#define B(f) {"with rights: " #f, f, rights_setup, rights_teardown, NULL}
#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		T(a_failed_start_leaves_nothing),
		T(a_start_nobody_answers_and_a_failure),
		T(a_start_that_dies_and_a_failure),
		T(a_canceled_start_and_a_failure),
		T(a_start_that_cannot_be_undone_is_mended),
		T(a_failed_stop_can_be_repeated),
		T(a_failed_restart_leaves_it_in_order),
		T(a_restart_that_could_not_start_again_stops_nothing),
		T(qemu_is_given_no_elf_it_cannot_boot),
		T(a_failed_recovery_can_be_repeated),
		T(a_kill_signals_also_when_the_store_fails),
		T(a_failed_commit_leaves_no_image),
		T(a_failed_commit_of_one_that_stands_leaves_it_standing),
		T(a_guest_that_archives_badly_makes_no_image),
		T(a_commit_can_be_canceled),
		T(a_crash_during_a_commit_is_mended),
		T(a_crash_before_any_call_of_start_is_mended),
		T(a_crash_after_any_call_of_start_is_mended),
		T(a_crash_before_any_call_of_stop_is_mended),
		T(a_crash_after_any_call_of_stop_is_mended),
		T(a_kill_ends_a_start_that_waits),
		T(a_kill_of_another_process_wins_at_any_moment),
		B(a_failed_start_leaves_nothing),
		B(a_canceled_start_and_a_failure),
		B(a_start_that_cannot_be_undone_is_mended),
		B(a_failed_stop_can_be_repeated),
		B(a_failed_restart_leaves_it_in_order),
		B(a_kill_signals_also_when_the_store_fails),
		B(a_failed_delete_can_be_repeated),
		B(a_failed_recovery_can_be_repeated),
		B(a_crash_before_any_call_of_start_is_mended),
		B(a_crash_after_any_call_of_start_is_mended),
		B(a_crash_before_any_call_of_stop_is_mended),
		B(a_crash_after_any_call_of_stop_is_mended),
		B(nat_is_switched_at_once_or_not_at_all), B(nat_asked_for_as_it_is_is_set_again), B(a_console_looks_after_the_rules),
		B(an_address_is_kept),
		B(without_rights_it_waits_in_the_ledger),
		B(what_was_deleted_by_force_is_given_back_later),
	};

	if (argc == 3 && strcmp(argv[1], KEEPER_VERB) == 0)
		return standin_main(argv[2]);
	signal(SIGPIPE, SIG_IGN);
	sem_init(&reached, 0, 0);
	sem_init(&raised, 0, 0);
	host = mmap(NULL, sizeof(*host), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (host == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
