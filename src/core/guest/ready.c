/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a guest: one attempt after the other until it answers as the guest of this start.
 *
 * A forwarded port accepts connections long before the guest listens (the forwarder closes them again), so only a
 * login counts, and only the boot id tells this start from a former one that may still be dying on the same port.
 * What a later attempt may mend is tried again; a wrong host key or a refused login is final. Once the guest has spoken, an
 * attempt may take long: an emulated one can need many seconds for a key exchange. One that stays silent is given up early:
 * QEMU's user network asks a guest that is not up yet again after 6 and then 18 seconds only (slirp's TCP retransmission),
 * so a connection made too early is answered long after a new one would be.
 */
#include "core/guest/ready.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "core/guest/exec.h"
#include "wire/kit.h"

#include <stdio.h>
#include <string.h>

#define PAUSE_MIN_MS 20
#define PAUSE_MAX_MS 80
#define TICK_MS 250	 /* how often is_alive is asked during an attempt */
#define SILENT_MIN_MS 250 /* for the first byte; longer the longer it takes: a guest slow to boot is slow to greet */
#define SILENT_MAX_MS 10000
#define SILENT_SHARE 8
#define ATTEMPT_MS 30000 /* one connection; a guest that hangs is tried anew */
#define BOOT_ID_MAX 128
#define BOOT_ID_PATH "/run/banger/boot_id"
#define BOOTED_MARGIN_MS 5000 /* beyond the guest's own time limit, for the answer to come */

static int check_alive(const struct ready_args *a, struct err *e)
{
	if (!a->is_alive || a->is_alive(a->arg))
		return 0;
	err_set(e, ERR_STATE, _("VM '%s' ended while it was starting"), a->vm_name);
	return err_hint(e, _("Its serial log says why: banger-tui vm logs %s"), a->vm_name);
}

/* One connection, looking up from it every TICK_MS to see whether the VM still lives. */
static int try_connect(struct op *op, const struct ready_args *a, int patience_ms, struct ssh **ret, struct err *e)
{
	auto_ssh s = ssh_new(&a->ssh);
	int64_t until = clock_mono_ms() + patience_ms;
	bool heard = false;
	enum ssh_io io;

	while ((io = ssh_step(s, e)) != SSH_DONE) {
		struct pollfd p = {.fd = ssh_fd(s), .events = ssh_events(s)};
		int64_t left = heard ? TICK_MS : until - clock_mono_ms();

		if (io == SSH_FAILED)
			return -1;
		if (left <= 0)
			return err_set(e, ERR_NET, _("the guest is silent"));
		if (op_poll(op, &p, 1, (int)MIN(left, (int64_t)TICK_MS), e) < 0 || check_alive(a, e) < 0)
			return -1;
		heard |= (p.revents & POLLIN) != 0;
	}
	*ret = TAKE_PTR(s);
	return 0;
}

static int check_boot(struct op *op, const struct ready_args *a, struct ssh *s, struct err *e)
{
	const char *const argv[] = {"busybox", "cat", a->boot_id_path ? a->boot_id_path : BOOT_ID_PATH, NULL};
	auto_buf text = {0}, shown = {0};

	if (exec_capture(op, s, argv, NULL, 0, BOOT_ID_MAX, &text, e) < 0)
		return -1;
	while (text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	if (strcmp(buf_cstr(&text), a->boot_id) == 0)
		return 0;
	utf8_clean(&shown, buf_cstr(&text), text.len, false);
	return err_set(e, ERR_BUSY, _("a guest of another start answers (boot %s)"), buf_cstr(&shown));
}

static int attempt(struct op *op, const struct ready_args *a, int patience_ms, struct ssh **ret, struct err *e)
{
	auto_ssh s = NULL;

	if (try_connect(op, a, patience_ms, &s, e) < 0 || check_boot(op, a, s, e) < 0)
		return -1;
	if (ret)
		*ret = TAKE_PTR(s);
	return 0;
}

static bool is_final(const struct err *e)
{
	return e->code == ERR_AUTH || e->code == ERR_STATE || e->code == ERR_USAGE || e->code == ERR_NOMEM;
}

static int timed_out(const struct ready_args *a, const struct err *last, struct err *e)
{
	err_set(e, ERR_TIMEOUT, _("VM '%s' does not answer over SSH; last: %s"), a->vm_name,
		err_is_set(last) ? last->msg : _("nothing"));
	return err_hint(
		e,
		_("It still runs. See its serial log (banger-tui vm logs %s) or remove it (banger-tui vm delete %s)."),
		a->vm_name, a->vm_name);
}

/* The op's own end, told in our words when it is the deadline. */
static int give_up(struct op *op, const struct ready_args *a, const struct err *last, struct err *e)
{
	struct err why = {0};

	if (op_check(op, &why) == 0 || why.code != ERR_TIMEOUT)
		return err_join(e, err_is_set(&why) ? &why : last);
	return timed_out(a, last, e);
}

static int silent_ms(int64_t waited_ms)
{
	return (int)MAX((int64_t)SILENT_MIN_MS, MIN(waited_ms / SILENT_SHARE, (int64_t)SILENT_MAX_MS));
}

int ready_wait(struct op *op, const struct ready_args *a, struct ssh **ret, struct err *e)
{
	struct ready_args one = *a;
	struct err last = {0}, now = {0}, over = {0};
	int64_t first = clock_mono_ms();
	int pause = PAUSE_MIN_MS;

	if (!one.ssh.login_timeout_ms)
		one.ssh.login_timeout_ms = ATTEMPT_MS;
	for (;;) {
		int64_t began = clock_mono_ms();

		if (attempt(op, &one, silent_ms(began - first), ret, &now) == 0)
			return 0;
		if (op_check(op, &over) < 0)
			return give_up(op, a, &last, e);
		if (is_final(&now))
			return err_join(e, &now);
		last = now;
		err_clear(&now);
		if (check_alive(a, e) < 0)
			return -1;
		/* From the beginning of one to that of the next: what was silent has waited enough. */
		if (op_sleep(op, (int)MAX(began + pause - clock_mono_ms(), (int64_t)0), &over) < 0)
			return give_up(op, a, &last, e);
		pause = MIN(pause * 2, PAUSE_MAX_MS);
	}
}

int ready_wait_booted(struct op *op, struct ssh *s, int timeout_s, struct err *e)
{
	char seconds[16];
	const char *const argv[] = {WIRE_KIT_PROGRAM, "wait-booted", seconds, NULL};
	struct exec_args a = {.argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1, .resize_fd = -1};
	int64_t old = op_limit(op, (int64_t)timeout_s * 1000 + BOOTED_MARGIN_MS);
	int status, rc;

	snprintf(seconds, sizeof(seconds), "%d", timeout_s);
	rc = exec_run(op, s, &a, &status, e);
	op_restore(op, old);
	if (rc < 0 || status == 0)
		return rc;
	err_set(e, ERR_TIMEOUT, _("the guest has not finished booting after %d s"), timeout_s);
	return err_hint(e, _("Use --no-wait to go on without waiting, or see what hangs in its serial log."));
}
