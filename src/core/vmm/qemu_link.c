/* SPDX-License-Identifier: MIT */
/*
 * The keeper's own QMP monitor: a second one, over an inherited socket pair, so that no other client can keep the
 * keeper from pausing its VM. It stays open for the life of the VM and carries the events that explain its end
 * (QEMU docs/interop/qemu-qmp-ref, SHUTDOWN and BLOCK_IO_ERROR).
 */
#include "core/vmm/qemu.h"

#include "core/vmm/qmp.h"

#include <string.h>

#define STATS_POLL_S 2

static enum vm_end end_of(const struct json *data)
{
	const char *reason = json_str(data, "reason");

	if (!reason)
		return json_bool(data, "guest", false) ? VM_END_POWEROFF : VM_END_REQUEST;
	if (strcmp(reason, "guest-shutdown") == 0)
		return VM_END_POWEROFF;
	if (strcmp(reason, "guest-reset") == 0 || strcmp(reason, "guest-panic") == 0)
		return VM_END_RESET;
	if (strncmp(reason, "host-", 5) == 0 && strcmp(reason, "host-error") != 0)
		return VM_END_REQUEST;
	return VM_END_FAILED;
}

static void on_event(void *arg, const char *name, const struct json *data)
{
	struct vmm_link *k = arg;

	if (strcmp(name, "SHUTDOWN") == 0)
		k->end = end_of(data);
	else if (strcmp(name, "BLOCK_IO_ERROR") == 0 && json_bool(data, "nospace", false))
		k->stalled = true;
	else if (strcmp(name, "RESUME") == 0)
		k->stalled = false;
}

int qemu_attach(struct op *op, const struct vmm_newborn *n, struct vmm_link *ret, struct err *e)
{
	struct qmp *q = xcalloc(1, sizeof(*q));

	*ret = (struct vmm_link){.fd = -1};
	if (qmp_attach(op, n->monitor_fd, q, e) < 0) {
		free(q);
		return -1;
	}
	q->on_event = on_event;
	q->arg = ret;
	*ret = (struct vmm_link){.fd = q->fd, .impl = q};
	return 0;
}

int qemu_start(struct op *op, struct vmm_link *k, const struct vm_launch *l, struct err *e)
{
	auto_free char *poll = xasprintf("{\"path\":\"%s\",\"property\":\"guest-stats-polling-interval\",\"value\":%d}",
					 QEMU_BALLOON_PATH, STATS_POLL_S);

	if (qmp_command(op, k->impl, "qom-set", poll, NULL, e) < 0 ||
	    (l->rates.disk && qemu_throttle(op, k->impl, l, e) < 0))
		return -1;
	return qmp_command(op, k->impl, "cont", NULL, NULL, e);
}

int qemu_drain(struct vmm_link *k, struct err *e)
{
	return qmp_drain(k->impl, e);
}

int qemu_hold(struct vmm_link *k, bool on, struct err *e)
{
	return qmp_post(k->impl, on ? "stop" : "cont", e);
}

void qemu_detach(struct vmm_link *k)
{
	if (k->impl)
		qmp_close(k->impl);
	free(TAKE_PTR(k->impl));
	k->fd = -1;
}
