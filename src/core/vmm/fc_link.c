/* SPDX-License-Identifier: MIT */
/*
 * The keeper's side of Firecracker: wait for its socket, tell it what the VM is, let it run, and read its counters.
 *
 * Firecracker writes its counters as one JSON object a line whenever it is asked to (FlushMetrics) and once a minute, and
 * each line counts from the one before. So there is one reader, the keeper, which adds them up for everybody; anyone may
 * ask for a flush. The pipe is written by Firecracker alone, but a line is limited like any other input.
 */
#include "core/vmm/firecracker.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/json.h"

#include <errno.h>
#include <string.h>

#define SOCKET_MS 5000
#define RETRY_MS 10
#define HOLD_MS 2000
#define CHUNK 16384
#define CHUNKS_A_DRAIN 16
#define LINE_MAX_BYTES (256 * 1024)
#define TOTALS_MAX 4096

struct fc_link {
	char control[108];
	char totals_path[PATHS_MAX];
	struct fc_version version;
	struct buf line; /* the beginning of one */
	bool skipping;	 /* the line is too long: up to its end */
	struct fc_totals totals;
};

bool fc_totals_add(struct fc_totals *t, const char *line, size_t n)
{
	struct json *o = json_parse(line, n, "metrics", NULL);
	/* "block" is the sum of all disks; each is there again under a name of its own. */
	const struct json *block = json_get(o, "block");
	bool ok = json_is_object(o);

	if (ok) {
		t->n++;
		t->read_bytes += MAX(json_int(block, "read_bytes", 0), 0);
		t->write_bytes += MAX(json_int(block, "write_bytes", 0), 0);
		t->read_ops += MAX(json_int(block, "read_count", 0), 0);
		t->write_ops += MAX(json_int(block, "write_count", 0), 0);
	}
	json_free(o);
	return ok;
}

void fc_totals_format(const struct fc_totals *t, struct buf *out)
{
	struct jw w = jw_init(out);

	jw_obj(&w, NULL);
	jw_int(&w, "n", t->n);
	jw_int(&w, "read_bytes", t->read_bytes);
	jw_int(&w, "write_bytes", t->write_bytes);
	jw_int(&w, "read_ops", t->read_ops);
	jw_int(&w, "write_ops", t->write_ops);
	jw_end(&w);
}

int fc_totals_load(const char *path, struct fc_totals *ret, struct err *e)
{
	auto_buf text = {0};

	*ret = (struct fc_totals){0};
	if (fs_read_file(path, TOTALS_MAX, &text, e) < 0)
		return -1;
	struct json *o = json_parse(buf_cstr(&text), text.len, path, e);
	if (!o)
		return -1;
	ret->n = json_int(o, "n", 0);
	ret->read_bytes = json_int(o, "read_bytes", 0);
	ret->write_bytes = json_int(o, "write_bytes", 0);
	ret->read_ops = json_int(o, "read_ops", 0);
	ret->write_ops = json_int(o, "write_ops", 0);
	json_free(o);
	return 0;
}

static void write_totals(const struct fc_link *k)
{
	auto_buf text = {0};

	fc_totals_format(&k->totals, &text);
	/* Lost ones are made good by the next flush. */
	(void)!fs_write_atomic(k->totals_path, text.data, text.len, 0600, NULL);
}

/* Until it answers, it ends, or the time is up. */
static int await_answer(struct op *op, const struct vmm_newborn *n, struct fc_version *ret, struct err *e)
{
	struct pollfd p = {.fd = n->proc->pidfd, .events = POLLIN};

	for (;;) {
		struct err why = {0};
		if (fs_exists(n->control)) {
			if (fc_get_version(op, n->control, ret, &why) == 0)
				return 0;
			/* Between bind and listen nobody is there yet. */
			if (why.code != ERR_NET)
				return err_join(e, &why);
		}
		int rc = op_poll(op, &p, 1, RETRY_MS, e);
		if (rc < 0)
			return err_wrap(e, _("Firecracker's API socket '%s'"), n->control);
		if (rc > 0)
			return err_set(e, ERR_NET, _("Firecracker ended before it answered"));
	}
}

int fc_link_attach(struct op *op, const struct vmm_newborn *n, struct vmm_link *ret, struct err *e)
{
	auto_fd fifo = n->monitor_fd;
	auto_free struct fc_link *k = xcalloc(1, sizeof(*k));
	int64_t old = op_limit(op, SOCKET_MS);
	int rc;

	*ret = (struct vmm_link){.fd = -1};
	str_copy(k->control, sizeof(k->control), n->control);
	rc = vmm_file_path(n->launch->runtime_dir, n->launch->id, VMM_FILE_TOTALS, k->totals_path, sizeof(k->totals_path), e);
	if (rc == 0)
		rc = await_answer(op, n, &k->version, e);
	op_restore(op, old);
	if (rc < 0)
		return -1;
	write_totals(k);
	*ret = (struct vmm_link){.fd = TAKE_FD(fifo), .impl = TAKE_PTR(k)};
	return 0;
}

static int put_sinks(struct op *op, struct fc_link *k, const struct vm_launch *l, struct err *e)
{
	char fifo[PATHS_MAX];

	if (vmm_file_path(l->runtime_dir, l->id, VMM_FILE_FIFO, fifo, sizeof(fifo), e) < 0)
		return -1;
	/* Its own stderr, opened once more: what it logs goes through the keeper, which bounds it. A file would grow. */
	return fc_put_logger(op, k->control, "/proc/self/fd/2", e) < 0 ? -1 : fc_put_metrics(op, k->control, fifo, e);
}

static int put_boot(struct op *op, struct fc_link *k, const struct vm_launch *l, struct err *e)
{
	return fc_put_boot(op, k->control, &(struct fc_boot){.kernel = l->kernel, .initrd = l->initrd, .args = l->cmdline}, e);
}

static int put_machine(struct op *op, struct fc_link *k, const struct vm_launch *l, struct err *e)
{
	return fc_put_machine(op, k->control, &(struct fc_machine){.vcpus = l->vcpus, .mem_mib = l->mem_mib}, e);
}

static int put_drives(struct op *op, struct fc_link *k, const struct vm_launch *l, struct err *e)
{
	char id[FC_ID_SIZE];

	for (int i = 0; i < l->n_drives; i++) {
		const struct vm_drive *d = &l->drives[i];
		struct fc_drive drive = {.id = fc_id(id, sizeof(id), d->name),
					 .path = d->path,
					 .readonly = d->readonly,
					 .rate = d->readonly ? 0 : l->rates.disk,
					 .writeback = !d->ephemeral};
		if (fc_put_drive(op, k->control, &drive, e) < 0)
			return -1;
	}
	return 0;
}

static int put_devices(struct op *op, struct fc_link *k, const struct vm_launch *l, struct err *e)
{
	struct fc_nic nic = {.id = FC_NIC, .tap = l->net.tap, .mac = l->net.mac, .rate = l->rates.net};
	struct fc_balloon balloon = {.deflate_on_oom = true,
				     .stats_interval_s = FC_STATS_S,
				     .free_page_reporting = fc_version_at_least(&k->version, 1, 14)};

	if (l->net.tap[0] && fc_put_nic(op, k->control, &nic, e) < 0)
		return -1;
	return fc_put_entropy(op, k->control, e) < 0 ? -1 : fc_put_balloon(op, k->control, &balloon, e);
}

int fc_link_start(struct op *op, struct vmm_link *link, const struct vm_launch *l, struct err *e)
{
	static int (*const puts[])(struct op *, struct fc_link *, const struct vm_launch *, struct err *) = {
		put_sinks, put_machine, put_boot, put_drives, put_devices};
	struct fc_link *k = link->impl;

	for (size_t i = 0; i < ARRAY_LEN(puts); i++)
		if (puts[i](op, k, l, e) < 0)
			return -1;
	return fc_put_action(op, k->control, FC_INSTANCE_START, e);
}

/* A piece of the stream of lines. True when a line was counted. */
static bool take(struct fc_link *k, const char *at, size_t n)
{
	bool counted = false;

	while (n > 0) {
		const char *nl = memchr(at, '\n', n);
		size_t len = nl ? (size_t)(nl - at) : n;
		k->skipping = k->skipping || k->line.len + len > LINE_MAX_BYTES;
		if (k->skipping)
			buf_reset(&k->line);
		else
			buf_add(&k->line, at, len);
		if (nl) {
			counted |= k->line.len && fc_totals_add(&k->totals, buf_cstr(&k->line), k->line.len);
			buf_reset(&k->line);
			k->skipping = false;
		}
		len += nl != NULL;
		at += len;
		n -= len;
	}
	return counted;
}

int fc_link_drain(struct vmm_link *link, struct err *e)
{
	struct fc_link *k = link->impl;
	char chunk[CHUNK];
	bool counted = false;

	for (int i = 0; i < CHUNKS_A_DRAIN; i++) {
		ssize_t n = read(link->fd, chunk, sizeof(chunk));
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_sys(e, errno, _("Firecracker's counters"));
		if (n <= 0)
			break;
		counted |= take(k, chunk, (size_t)n);
	}
	if (counted)
		write_totals(k);
	return 0;
}

int fc_link_hold(struct vmm_link *link, bool on, struct err *e)
{
	const struct fc_link *k = link->impl;
	struct op op;

	op_init(&op, HOLD_MS);
	int rc = fc_vm_pause(&op, k->control, on, e);
	op_done(&op);
	return rc;
}

void fc_link_detach(struct vmm_link *link)
{
	struct fc_link *k = link->impl;

	if (k)
		buf_done(&k->line);
	free(TAKE_PTR(link->impl));
	fd_close_auto(&link->fd);
}
