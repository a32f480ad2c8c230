/* SPDX-License-Identifier: MIT */
/*
 * Operations: the cancel token is an eventfd that is written once and never drained, so every poll set that holds it
 * stays readable from then on and no wake-up can be lost between a check and a wait.
 *
 * When an op is both cancelled and late it is cancelled: that is what the person asked for.
 */
#include "base/op.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/id.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define OP_POLL_MAX 64

_Static_assert(sizeof(((struct op *)0)->id) == ID_SIZE, "op.id holds an id");

static int64_t deadline_in(int64_t timeout_ms)
{
	int64_t at;

	if (timeout_ms < 0 || __builtin_add_overflow(clock_mono_ms(), timeout_ms, &at))
		return INT64_MAX;
	return at;
}

void op_init(struct op *op, int64_t timeout_ms)
{
	*op = (struct op){.stage = {.done = -1, .total = -1}};
	id_new(op->id);
	op->deadline_ms = deadline_in(timeout_ms);
	op->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (op->cancel_fd < 0)
		abort();
}

void op_init_cleanup(struct op *op, const struct op *from, int64_t timeout_ms)
{
	op_init(op, timeout_ms);
	if (!from)
		return;
	memcpy(op->id, from->id, sizeof(op->id));
	op->on_stage = from->on_stage;
	op->arg = from->arg;
	op->stage = from->stage;
}

void op_done(struct op *op)
{
	/* A zeroed op was never initialised: its 0 is not a descriptor of ours. */
	if (op->id[0] && op->cancel_fd >= 0)
		close(op->cancel_fd);
	op->cancel_fd = -1;
}

void op_cancel(struct op *op)
{
	static const uint64_t one = 1;
	int saved = errno;

	atomic_store(&op->canceled, 1);
	/* EAGAIN only means that it is readable already. */
	ssize_t n UNUSED = op->id[0] ? write(op->cancel_fd, &one, sizeof(one)) : 0;
	errno = saved;
}

int op_check(struct op *op, struct err *e)
{
	if (atomic_load(&op->canceled))
		return err_set(e, ERR_CANCELED, _("cancelled"));
	if (op->deadline_ms != INT64_MAX && clock_mono_ms() >= op->deadline_ms) {
		if (op->stage.name)
			return err_set(e, ERR_TIMEOUT, _("timed out (%s)"), _(op->stage.name));
		return err_set(e, ERR_TIMEOUT, _("timed out"));
	}
	return 0;
}

int op_left_ms(const struct op *op)
{
	if (op->deadline_ms == INT64_MAX)
		return INT_MAX;
	int64_t left = op->deadline_ms - clock_mono_ms();
	return left <= 0 ? 0 : (int)MIN(left, (int64_t)INT_MAX);
}

int op_poll(struct op *op, struct pollfd *fds, int n, int timeout_ms, struct err *e)
{
	struct pollfd set[OP_POLL_MAX + 1];
	int64_t until = deadline_in(timeout_ms);

	assert(n >= 0 && n <= OP_POLL_MAX);
	for (;;) {
		if (op_check(op, e) < 0)
			return -1;
		if (n > 0)
			memcpy(set, fds, (size_t)n * sizeof(*fds));
		set[n] = (struct pollfd){.fd = op->cancel_fd, .events = POLLIN};

		int64_t wake = MIN(until, op->deadline_ms);
		int64_t left = wake == INT64_MAX ? -1 : MAX(wake - clock_mono_ms(), (int64_t)0);
		int ready = poll(set, (nfds_t)n + 1, (int)MIN(left, (int64_t)INT_MAX));
		if (ready < 0 && errno != EINTR)
			return err_sys(e, errno, "poll");
		if (ready < 0 || set[n].revents)
			continue;
		if (n > 0)
			memcpy(fds, set, (size_t)n * sizeof(*fds));
		if (ready > 0)
			return ready;
		if (until != INT64_MAX && clock_mono_ms() >= until)
			return op_check(op, e);
	}
}

int op_sleep(struct op *op, int ms, struct err *e)
{
	return op_poll(op, NULL, 0, MAX(ms, 0), e);
}

static void report(struct op *op)
{
	if (op->on_stage)
		op->on_stage(op->arg, &op->stage);
}

void op_stage(struct op *op, const char *name)
{
	op_step(op, name, op->stage.step, op->stage.steps);
}

void op_step(struct op *op, const char *name, int step, int steps)
{
	assert(step >= 0 && step <= steps);
	op->stage = (struct op_stage){.name = name, .step = step, .steps = steps, .done = -1, .total = -1};
	report(op);
}

void op_progress(struct op *op, int64_t done, int64_t total)
{
	op->stage.done = done;
	op->stage.total = total;
	report(op);
}

int64_t op_limit(struct op *op, int64_t timeout_ms)
{
	int64_t old = op->deadline_ms;

	op->deadline_ms = MIN(old, deadline_in(timeout_ms));
	return old;
}

void op_restore(struct op *op, int64_t old_deadline_ms)
{
	assert(old_deadline_ms >= op->deadline_ms); /* op_limit() only ever shortens */
	op->deadline_ms = old_deadline_ms;
}

void op_kept(struct op *op, int64_t kept)
{
	assert(kept >= -1);
	op->stage.kept = kept;
}

void op_parts(struct op *op, bool (*part)(void *arg, size_t i, struct op_part *ret), void *arg)
{
	op->part = part;
	op->part_arg = arg;
}
