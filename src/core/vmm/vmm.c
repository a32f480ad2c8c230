/* SPDX-License-Identifier: MIT */
/*
 * What all backends share: the table, argument vectors, socket paths, whom to run as, and the ladder that takes a VM
 * down. A backend is one row here and one file.
 */
#include "core/vmm/vmm.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/program.h"
#include "base/verdict.h"
#include "core/vmm/firecracker.h"
#include "core/vmm/qemu.h"

#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static const struct vmm_backend *const backends[] = {
	&qemu_backend,
	&firecracker_backend,
};

static const char *const accels[VM_ACCEL_COUNT] = {"tcg", "kvm"};

const char *vm_accel_to_string(enum vm_accel a)
{
	return (unsigned)a < VM_ACCEL_COUNT ? accels[a] : "?";
}

bool vm_accel_from_string(const char *s, enum vm_accel *ret)
{
	for (int i = 0; i < VM_ACCEL_COUNT; i++)
		if (strcmp(accels[i], s) == 0) {
			*ret = (enum vm_accel)i;
			return true;
		}
	return false;
}

const struct vmm_backend *vmm_find(enum vmm_kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(backends); i++)
		if (backends[i]->kind == kind)
			return backends[i];
	return NULL;
}

int vmm_probe(struct op *op, enum vmm_kind kind, const char *path, const char *cache_dir, struct vmm_info *ret, struct err *e)
{
	const struct vmm_backend *b = vmm_find(kind);
	const char *program = path[0] ? path : b->program;
	auto_free char *file = strchr(program, '/') ? xstrdup(program) : program_on_path(program);
	char cache[PATHS_MAX];
	auto_buf key = {0};
	bool works;

	if (!file || !program_is(file))
		return b->probe(op, path, ret, e);
	verdict_add_file(&key, file);
	path_join(cache, sizeof(cache), cache_dir, "%s-version.json", b->name);
	*ret = (struct vmm_info){0};
	str_copy(ret->path, sizeof(ret->path), program);
	if (verdict_find(cache, buf_cstr(&key), &works, ret->version, sizeof(ret->version)))
		return 0;
	if (b->probe(op, path, ret, e) < 0)
		return -1;
	verdict_put(cache, buf_cstr(&key), true, ret->version);
	return 0;
}

const struct vmm_backend *vmm_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_LEN(backends) ? backends[i] : NULL;
}

void vmm_argv_add(struct vmm_argv *a, const char *fmt, ...)
{
	auto_buf text = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	a->v = xrealloc(a->v, (size_t)a->n + 2, sizeof(*a->v));
	a->v[a->n++] = buf_take(&text);
	a->v[a->n] = NULL;
}

void vmm_argv_done(struct vmm_argv *a)
{
	for (int i = 0; i < a->n; i++)
		free(a->v[i]);
	free(a->v);
	*a = (struct vmm_argv){0};
}

/* A number of the environment as sudo(8) writes it; 0 (root) and nonsense are no answer. */
static uint32_t env_id(const char *name)
{
	const char *s = getenv(name);
	char *end;

	if (!s || *s < '0' || *s > '9')
		return 0;
	unsigned long n = strtoul(s, &end, 10);
	return *end == '\0' && n < UINT32_MAX ? (uint32_t)n : 0;
}

bool vmm_run_as(uint32_t *ret_uid, uint32_t *ret_gid)
{
	char store[4096];
	struct passwd pw;
	struct passwd *found = NULL;

	if (geteuid() != 0)
		return false;
	*ret_uid = env_id("SUDO_UID");
	*ret_gid = env_id("SUDO_GID");
	if (*ret_uid && *ret_gid)
		return true;
	if (getpwnam_r("banger", &pw, store, sizeof(store), &found) != 0 || !found || pw.pw_uid == 0)
		return false;
	*ret_uid = pw.pw_uid;
	*ret_gid = pw.pw_gid;
	return true;
}

int vmm_file_path(const char *runtime_dir, const char *id, enum vmm_file f, char *ret, size_t size, struct err *e)
{
	static const char *const extensions[VMM_FILE_COUNT] = {"ctl", "sock", "fifo", "net", "totals"};
	size_t max = MIN(size, sizeof((struct sockaddr_un){0}.sun_path));

	if (strlen(runtime_dir) + 1 + strlen(id) + 1 + strlen(extensions[f]) + 1 > max) {
		err_set(e, ERR_USAGE, _("runtime directory '%s' is too long for a socket"), runtime_dir);
		return err_hint(e, _("Set XDG_RUNTIME_DIR to a shorter path."));
	}
	path_join(ret, size, runtime_dir, "%s.%s", id, extensions[f]);
	return 0;
}

int vmm_files_remove(const char *runtime_dir, const char *id, struct err *e)
{
	char path[PATHS_MAX];

	for (int f = 0; f < VMM_FILE_COUNT; f++)
		if (vmm_file_path(runtime_dir, id, (enum vmm_file)f, path, sizeof(path), e) < 0 || fs_unlink(path, e) < 0)
			return -1;
	return 0;
}

/* 1 the lock is free, 0 it is still held after grace_ms, -1 the op ended. */
static int wait_a_while(struct op *op, const char *vm_dir, int grace_ms, struct err *e)
{
	struct err late = {0};
	int64_t old = op_limit(op, grace_ms);
	int rc = alive_wait_gone(op, vm_dir, &late);

	op_restore(op, old);
	if (rc == 0)
		return 1;
	if (late.code != ERR_TIMEOUT) {
		err_join(e, &late);
		return -1;
	}
	return op_check(op, e);
}

static void ask_to_quit(struct op *op, const char *vm_dir, int grace_ms)
{
	struct vm_identity id;
	int64_t old = op_limit(op, grace_ms);

	/* Only the polite attempt: whatever goes wrong, the next rung does not need the VMM's consent. */
	if (identity_load(vm_dir, &id, NULL) == 0 && vmm_find(id.vmm))
		(void)!vmm_find(id.vmm)->quit(op, &id, NULL);
	op_restore(op, old);
}

int vmm_stop(struct op *op, const char *vm_dir, int grace_ms, struct err *e)
{
	bool alive;

	if (alive_check(vm_dir, &alive, e) < 0)
		return -1;
	if (!alive)
		return 0;
	ask_to_quit(op, vm_dir, grace_ms);
	int rc = wait_a_while(op, vm_dir, grace_ms, e);
	if (rc == 0 && alive_signal(vm_dir, SIGTERM, e) < 0)
		return -1;
	if (rc == 0)
		rc = wait_a_while(op, vm_dir, grace_ms, e);
	if (rc)
		return rc < 0 ? -1 : 0;
	return alive_kill(op, vm_dir, e);
}
