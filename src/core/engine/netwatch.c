/* SPDX-License-Identifier: MIT */
/*
 * See netwatch.h.
 */
#include "core/engine/netwatch.h"

#include "base/i18n.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/engine/helper.h"

#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define WATCH_MS 4000
#define LOOK_MS 10000

struct netwatch {
	struct engine *eng;
	pthread_t thread;
	struct op op; /* cancelled at the end */
};

static bool has_bridged(const struct engine *eng)
{
	auto_free struct vm *live = NULL;
	int n = registry_live_vms(eng->reg, &live);

	for (int i = 0; i < n; i++)
		if (live[i].cfg.net == NET_BRIDGE)
			return true;
	return false;
}

/* Nobody is asked for a password by a look. */
static bool may_ask(struct engine *eng)
{
	return helper_runs(eng->helper) || geteuid() == 0;
}

bool netwatch_look(struct op *op, struct engine *eng, char trouble[NETWATCH_TROUBLE_SIZE])
{
	struct priv_request mend = {.op = PRIV_NET_MEND};
	struct priv_reply reply = {0};
	struct err e = {0};

	if (!may_ask(eng) || !has_bridged(eng))
		return false;
	int64_t old = op_limit(op, LOOK_MS);
	int rc = helper_call(op, eng->helper, &mend, &reply, &e);
	op_restore(op, old);
	bool is_news = rc == 0 && (reply.note[0] || trouble[0]);
	if (rc == 0 && reply.note[0])
		log_warn(op, _("bridged network: %s"), reply.note);
	priv_reply_done(&reply);
	if (rc == 0) {
		trouble[0] = '\0';
		return is_news;
	}
	/* Said once, not at every look. */
	if (e.code == ERR_BUSY || e.code == ERR_TIMEOUT || e.code == ERR_CANCELED || strncmp(trouble, e.msg, NETWATCH_TROUBLE_SIZE - 1) == 0)
		return false;
	str_copy(trouble, NETWATCH_TROUBLE_SIZE, e.msg);
	log_err(op, &e);
	return true;
}

static void *watch(void *arg)
{
	struct netwatch *w = arg;
	char trouble[NETWATCH_TROUBLE_SIZE] = "";

	prctl(PR_SET_NAME, "netwatch");
	while (op_sleep(&w->op, WATCH_MS, NULL) == 0)
		if (atomic_load(&w->eng->ready) && netwatch_look(&w->op, w->eng, trouble))
			engine_queue_doctor(w->eng);
	return NULL;
}

int netwatch_start(struct engine *eng, struct netwatch **ret, struct err *e)
{
	struct netwatch *w = xcalloc(1, sizeof(*w));

	w->eng = eng;
	op_init(&w->op, -1);
	int rc = pthread_create(&w->thread, NULL, watch, w);
	if (rc == 0) {
		*ret = w;
		return 0;
	}
	op_done(&w->op);
	free(w);
	return err_sys(e, rc, _("start the thread that looks after the bridged network"));
}

void netwatch_stop(struct netwatch *w)
{
	if (!w)
		return;
	op_cancel(&w->op);
	pthread_join(w->thread, NULL);
	op_done(&w->op);
	free(w);
}
