/* SPDX-License-Identifier: MIT */
/*
 * See network.h. A guest whose way out has died keeps its addresses and its tap: only connections are lost, and with luck nobody
 * had one.
 */
#include "keeper/network.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define STEADY_MS 60000 /* what lived that long was well */
#define WAIT_MIN_MS 500
#define WAIT_MAX_MS 60000
#define BACK_MS 5000 /* longest the keeper is deaf for everything else */
#define WORDS_CHUNK 4096

/* The launch as core/net wants it. */
struct plan {
	struct privnet_forward forwards[VM_FORWARDS_MAX + 1];
	struct privnet_args args;
};

_Static_assert(VM_FORWARDS_MAX + 1 <= PRIVNET_FORWARDS_MAX, "all of them fit");

static void make_plan(const struct network *n, struct plan *ret)
{
	const struct vm_net *net = &n->launch->net;
	int count = 0;

	if (net->ssh_port)
		ret->forwards[count++] = (struct privnet_forward){"127.0.0.1", net->ssh_port, VM_SSH_GUEST_PORT};
	for (int i = 0; i < net->n_forwards; i++) {
		const struct vm_forward *f = &net->forwards[i];
		ret->forwards[count++] =
			(struct privnet_forward){f->host_addr[0] ? f->host_addr : "127.0.0.1", f->host_port, f->guest_port};
	}
	ret->args = (struct privnet_args){
		.program = net->program,
		.api = n->api,
		.mac = net->mac,
		.egress = &net->egress,
		.forwards = ret->forwards,
		.n_forwards = count,
	};
}

int network_up(struct op *op, struct network *n, const struct vm_launch *l, struct err *e)
{
	struct plan plan;

	*n = (struct network){.launch = l, .net = PRIVNET_INIT, .up_ms = clock_mono_ms()};
	if (vmm_file_path(l->runtime_dir, l->id, VMM_FILE_NET, n->api, sizeof(n->api), e) < 0)
		return -1;
	make_plan(n, &plan);
	return privnet_up(op, &plan.args, &n->net, e);
}

static void note(struct network *n, const char *sentence)
{
	auto_free char *line = xasprintf("banger-keeper: %s\n", sentence);

	ringlog_write(n->log, line, strlen(line));
}

static void on_words(void *arg, int fd, short revents UNUSED)
{
	struct network *n = arg;
	char chunk[WORDS_CHUNK];
	ssize_t got = read(fd, chunk, sizeof(chunk));

	/* No end of file: we hold a writer ourselves. */
	if (got > 0)
		ringlog_write(n->log, chunk, (size_t)got);
}

static void bring_back(void *arg);

/* At once the first time; one that dies again and again is not started faster and faster. */
static void on_end(void *arg, int fd UNUSED, short revents UNUSED)
{
	struct network *n = arg;

	loop_remove(n->loop, n->end_watch);
	note(n, _("slirp4netns has ended, the machine is without network"));
	if (clock_mono_ms() - n->up_ms > STEADY_MS)
		n->wait_ms = 0;
	loop_timer(n->loop, n->wait_ms, bring_back, n);
}

static void watch_end(struct network *n)
{
	n->end_watch = loop_watch(n->loop, n->net.slirp.pidfd, POLLIN, on_end, n);
}

static void bring_back(void *arg)
{
	struct network *n = arg;
	struct plan plan;
	struct err e = {0};
	struct op op;

	make_plan(n, &plan);
	op_init(&op, BACK_MS);
	int rc = privnet_reconnect(&op, &plan.args, &n->net, &e);
	op_done(&op);
	note(n, rc < 0 ? e.msg : _("another slirp4netns runs, the machine has its network back"));
	n->up_ms = clock_mono_ms();
	n->wait_ms = n->wait_ms ? MIN(n->wait_ms * 2, (int64_t)WAIT_MAX_MS) : WAIT_MIN_MS;
	if (rc < 0)
		loop_timer(n->loop, n->wait_ms, bring_back, n);
	else
		watch_end(n);
}

void network_watch(struct network *n, struct loop *loop, struct ringlog *log)
{
	n->loop = loop;
	n->log = log;
	n->words_watch = loop_watch(loop, n->net.words, POLLIN, on_words, n);
	watch_end(n);
}

void network_down(struct network *n)
{
	if (!n->launch)
		return;
	if (n->loop) {
		loop_remove(n->loop, n->words_watch);
		loop_remove(n->loop, n->end_watch);
	}
	privnet_down(&n->net);
}
