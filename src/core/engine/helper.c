/* SPDX-License-Identifier: MIT */
/*
 * See helper.h. The token is an eventfd that holds 1 while nobody calls.
 */
#include "core/engine/helper.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/vmm/vmm.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct helper {
	const struct paths *paths;
	int token;
	struct priv *priv; /* of whoever has the token; NULL while none runs */
	_Atomic bool runs; /* the same, for who has not */
};

struct helper *helper_new(const struct paths *paths)
{
	struct helper *h = xcalloc(1, sizeof(*h));

	h->paths = paths;
	h->token = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	return h;
}

void helper_free(struct helper *h)
{
	if (!h)
		return;
	priv_stop(h->priv);
	fd_close_auto(&h->token);
	free(h);
}

int helper_check(struct err *e)
{
	struct priv_outlook o;

	priv_look(NULL, &o);
	if (o.way != PRIV_WAY_NONE)
		return 0;
	err_set(e, ERR_MISSING, _("this needs root's rights, and there is no way to them: %s"), o.why);
	return err_hint(e, _("choose network mode slirp, which needs none, or see banger-tui doctor"));
}

static int take_turn(struct op *op, struct helper *h, struct err *e)
{
	uint64_t one;

	if (h->token < 0)
		return err_set(e, ERR_SYS, "eventfd");
	for (;;) {
		struct pollfd fd = {.fd = h->token, .events = POLLIN};
		if (op_poll(op, &fd, 1, -1, e) < 0)
			return err_wrap(e, _("wait for the helper"));
		if (read(h->token, &one, sizeof(one)) == sizeof(one))
			return 0;
	}
}

static void end_turn(struct helper *h)
{
	static const uint64_t one = 1;
	ssize_t n UNUSED = write(h->token, &one, sizeof(one));

	assert(n == sizeof(one));
}

/* Where a person can be asked is not known below. */
static void name_the_place(struct err *why)
{
	struct priv_outlook o;

	priv_look(NULL, &o);
	if (why->code != ERR_PERM || o.way == PRIV_WAY_ROOT || o.way == PRIV_WAY_NONE || !o.trusted)
		return;
	why->hint[0] = '\0';
	err_hint(why, _("type the password where it is asked for: at a terminal by the verb itself, in the console by H in its Host view"));
}

static int start(struct op *op, struct helper *h, bool interactive, struct err *e)
{
	struct priv_start_args a = {.state_dir = h->paths->state, .interactive = interactive};
	struct err why = {0};
	uint32_t uid = 0;
	uint32_t gid = 0;

	if (h->priv)
		return 0;
	/* As root: taps and disks are opened by whom VMMs run as. */
	(void)vmm_run_as(&uid, &gid);
	a.owner = uid;
	a.group = gid;
	if (priv_start(op, &a, &h->priv, &why) < 0) {
		if (!interactive)
			name_the_place(&why);
		return err_join(e, &why);
	}
	atomic_store(&h->runs, true);
	log_info(op, "the helper runs");
	return 0;
}

static int call(struct op *op, struct helper *h, const struct priv_request *r, struct priv_reply *ret, struct err *e)
{
	bool is_fresh = !h->priv;
	struct err why = {0};

	if (start(op, h, false, e) < 0)
		return -1;
	if (priv_call(op, h->priv, r, ret, &why) == 0)
		return 0;
	if (why.code != ERR_NET)
		return err_join(e, &why);
	atomic_store(&h->runs, false);
	priv_stop(TAKE_PTR(h->priv));
	if (is_fresh)
		return err_join(e, &why);
	log_warn(op, "the helper has died; another one is started");
	return start(op, h, false, e) < 0 ? -1 : priv_call(op, h->priv, r, ret, e);
}

int helper_call(struct op *op, struct helper *h, const struct priv_request *r, struct priv_reply *ret, struct err *e)
{
	if (take_turn(op, h, e) < 0)
		return -1;
	int rc = call(op, h, r, ret, e);
	end_turn(h);
	return rc;
}

int helper_take_down(struct op *op, struct helper *h, enum priv_op what, const char *vm_id, struct err *e)
{
	struct priv_request r = {.op = what};
	struct priv_reply reply = {0};

	str_copy(r.vm_id, sizeof(r.vm_id), vm_id);
	int rc = helper_call(op, h, &r, &reply, e);
	priv_reply_done(&reply);
	return rc;
}

bool helper_runs(struct helper *h)
{
	return atomic_load(&h->runs);
}

static int start_in_turn(struct op *op, struct helper *h, bool interactive, struct err *e)
{
	if (take_turn(op, h, e) < 0)
		return -1;
	int rc = start(op, h, interactive, e);
	end_turn(h);
	return rc;
}

int helper_reach(struct op *op, struct helper *h, struct err *e)
{
	return start_in_turn(op, h, false, e);
}

int helper_start(struct op *op, struct helper *h, struct err *e)
{
	return start_in_turn(op, h, true, e);
}
