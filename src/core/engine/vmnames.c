/* SPDX-License-Identifier: MIT */
/*
 * See vmnames.h. The ledger is read under the table's own lock: what is written last was read last. The table is written before
 * the server is looked for, which is what a server about to end counts on.
 */
#include "core/engine/vmnames.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/lockfile.h"
#include "base/log.h"
#include "core/engine/held.h"
#include "core/engine/netmode.h"
#include "core/net/nat.h"
#include "core/store/vms.h"
#include "namesrv/namesrv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define WRITER_LOCK "writer"

_Static_assert(NAMESRV_PORT == NAT_NAMES_PORT, "the rules bring guests' questions to where the server listens");

struct members {
	struct vm *vms;
	struct resource *rows;
	struct namesrv_host *hosts; /* borrow from the others */
	int n;
};

static void members_done(struct members *m)
{
	free(m->vms);
	free(m->rows);
	free(m->hosts);
}

static const struct vm *find_vm(const struct vm *vms, int n, const char *id)
{
	for (int i = 0; i < n; i++)
		if (strcmp(vms[i].id, id) == 0)
			return &vms[i];
	return NULL;
}

static int read_members(struct store *s, struct members *ret, struct err *e)
{
	int n_rows = 0, n_vms = 0;

	if (resources_list(s, NULL, &ret->rows, &n_rows, e) < 0 || vms_list(s, &ret->vms, &n_vms, e) < 0)
		return -1;
	ret->hosts = xcalloc((size_t)n_rows + 1, sizeof(*ret->hosts));
	for (int i = 0; i < n_rows && ret->n < NAMESRV_HOSTS_MAX; i++) {
		const struct resource *r = &ret->rows[i];
		const struct vm *vm = find_vm(ret->vms, n_vms, r->owner);

		if (vm && vm->address[0] && strcmp(r->kind, HELD_NET) == 0 && strcmp(r->name, net_mode_to_string(NET_BRIDGE)) == 0)
			ret->hosts[ret->n++] = (struct namesrv_host){vm->name, vm->address, vm->cfg.nat};
	}
	return 0;
}

static char *names_dir(const struct paths *paths, char buf[PATHS_MAX])
{
	return path_join(buf, PATHS_MAX, paths->state, NAMESRV_DIR);
}

static int write_table(struct engine *eng, const struct members *m, const char *dir, struct err *e)
{
	char path[PATHS_MAX], cidr[SUBNET_CIDR_SIZE];
	auto_buf text = {0};

	path_join(path, sizeof(path), dir, NAMESRV_TABLE);
	if (m->n == 0)
		return fs_unlink(path, e);
	subnet_format(&eng->settings.subnet, cidr);
	namesrv_format(cidr, m->hosts, m->n, &text);
	return fs_write_atomic(path, text.data, text.len, 0600, e);
}

struct vmnames_start {
	struct namesrv_start *server;
	int lock; /* the table's: held until the server listens, or has failed to */
};

static int start_server(const char *dir, int *lock, struct vmnames_start **ret, struct err *e)
{
	struct namesrv_start *server;

	if (namesrv_begin(dir, NULL, &server, e) < 0)
		return -1;
	if (!server)
		return 0;
	*ret = xcalloc(1, sizeof(**ret));
	**ret = (struct vmnames_start){.server = server, .lock = TAKE_FD(*lock)};
	return 0;
}

/* `ret_start` NULL: no server is started. */
static int refresh(struct op *op, struct engine *eng, struct store *s, struct vmnames_start **ret_start, struct err *e)
{
	__attribute__((cleanup(members_done))) struct members m = {0};
	char dir[PATHS_MAX];

	if (fs_mkdir_p(names_dir(&eng->paths, dir), 0700, e) < 0)
		return -1;
	auto_fd dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_sys(e, errno, _("open '%s'"), dir);
	auto_fd lock = lockfile_wait(op, dirfd, WRITER_LOCK, e);
	if (lock < 0 || read_members(s, &m, e) < 0 || write_table(eng, &m, dir, e) < 0)
		return -1;
	return ret_start && m.n > 0 ? start_server(dir, &lock, ret_start, e) : 0;
}

static void complain(struct op *op, struct err *e)
{
	err_wrap(e, _("names of bridged machines"));
	log_err(op, e);
}

struct vmnames_start *vmnames_begin(struct op *op, struct engine *eng, struct store *s)
{
	struct vmnames_start *start = NULL;
	struct err e = {0};

	if (refresh(op, eng, s, &start, &e) < 0)
		complain(op, &e);
	return start;
}

void vmnames_end(struct op *op, struct vmnames_start *start)
{
	struct err e = {0};

	if (!start)
		return;
	if (namesrv_end(op, start->server, &e) < 0)
		complain(op, &e);
	fd_close_auto(&start->lock);
	free(start);
}

void vmnames_refresh(struct op *op, struct engine *eng, struct store *s)
{
	vmnames_end(op, vmnames_begin(op, eng, s));
}

void vmnames_leave(struct op *op, struct engine *eng, struct store *s)
{
	struct err e = {0};

	if (refresh(op, eng, s, NULL, &e) < 0)
		complain(op, &e);
}

bool vmnames_is_missed(const struct engine *eng, const struct vm *vms, int n)
{
	bool alive = false;

	for (int i = 0; i < n && !alive; i++)
		if (vms[i].cfg.net == NET_BRIDGE && vm_alive(eng, vms[i].id, &alive, NULL) < 0)
			alive = false;
	return alive && !vmnames_is_served(&eng->paths);
}

bool vmnames_is_served(const struct paths *paths)
{
	char dir[PATHS_MAX];
	bool running = false;

	return namesrv_is_running(names_dir(paths, dir), &running, NULL) == 0 && running;
}
