/* SPDX-License-Identifier: MIT */
/*
 * What this host can do, as one event: limits, defaults with their sources, VMM, accelerator, the sentence for the mode.
 *
 * Finding out may take seconds (KVM is tried by running a guest), so the first event says what is known without trying and
 * a probe job brings the rest.
 */
#include "core/engine/engine_priv.h"

#include "base/i18n.h"
#include "core/engine/helper.h"
#include "core/net/privnet_probe.h"
#include "core/vmm/kvm.h"
#include "core/vmm/vmm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void fill_common(const struct engine *eng, struct host_info *h)
{
	struct err e = {0};

	h->limits = eng->limits;
	h->read_only = atomic_load(&eng->read_only);
	h->lost = atomic_load(&eng->lost);
	h->gone = atomic_load(&eng->gone);
	h->full = atomic_load(&eng->full);
	snprintf(h->catalog_why, sizeof(h->catalog_why), "%.250s", eng->catalog.broken.msg);
	str_copy(h->state_dir, sizeof(h->state_dir), eng->paths.state);
	if (spec_resolve(NULL, &eng->settings.vm, &eng->limits, &h->defaults, &e) < 0)
		snprintf(h->warning, sizeof(h->warning), "%.180s", e.msg);
}

static void post(struct engine *eng, const struct host_info *h)
{
	struct event ev = {.kind = EV_HOST_INFO, .host = *h};

	engine_post(eng, event_key(EV_HOST_INFO, ""), &ev);
}

void engine_post_helper(struct engine *eng)
{
	struct event ev = {.kind = EV_HELPER, .helper.runs = helper_runs(eng->helper)};
	struct priv_outlook o;

	priv_look(NULL, &o);
	ev.helper.startable = !ev.helper.runs && (o.way == PRIV_WAY_SUDO || o.way == PRIV_WAY_PKEXEC);
	ev.helper.trusted = o.trusted;
	str_copy(ev.helper.why, sizeof(ev.helper.why), o.why);
	atomic_store(&eng->told_helper, ev.helper.runs);
	engine_post(eng, event_key(EV_HELPER, ""), &ev);
}

void engine_queue_doctor(struct engine *eng)
{
	struct request look = {.kind = REQ_HOST_DOCTOR, .ref = REQ_REF_HOST};

	engine_queue(eng, &look, NULL, 0, 0, false);
}

void engine_post_host(struct engine *eng)
{
	struct host_info h = {0};
	struct request probe = {.kind = REQ_HOST_PROBE, .ref = "kvm"};

	fill_common(eng, &h);
	str_copy(h.mode, sizeof(h.mode), _("looking at this host…"));
	post(eng, &h);
	engine_post_helper(eng);
	if (eng->sample && !h.read_only && !h.full)
		engine_queue(eng, &probe, NULL, 0, 0, false);
}

/* What the mode does not protect; "" where there is nothing to say. */
static const char *warning_of(bool user_net, bool kvm)
{
	if (!user_net)
		return kvm ? "" : _("emulation is no security boundary");
	return kvm ? _("user network: guests reach services on this host's loopback through 10.0.2.2")
		   : _("emulation is no security boundary; guests reach this host's loopback through 10.0.2.2");
}

/* The network a new machine gets when nobody chooses one. */
static enum net_mode choose_net(struct host_info *h, const struct privnet_verdict *private)
{
	enum net_mode net = h->defaults.cfg.net;

	if (net == NET_AUTO)
		net = private->works ? NET_PRIVATE : NET_SLIRP;
	snprintf(h->net_why, sizeof(h->net_why), "%.100s%s%.120s", private->works ? "" : private->why,
		 !private->works && private->mend[0] ? " — " : "", private->works ? "" : private->mend);
	return net;
}

static const char *net_words(enum net_mode net)
{
	if (net == NET_PRIVATE)
		return _("private network");
	return net == NET_BRIDGE ? _("bridged network") : _("user network");
}

static void describe(struct host_info *h, const struct kvm_verdict *kvm, const struct privnet_verdict *private)
{
	const char *rights = geteuid() == 0 ? _("root") : _("no root");
	enum net_mode net = choose_net(h, private);

	str_copy(h->net, sizeof(h->net), net_mode_to_string(net));
	str_copy(h->accel, sizeof(h->accel), kvm->works ? "kvm" : "tcg");
	snprintf(h->accel_why, sizeof(h->accel_why), "%.150s", kvm->why);
	snprintf(h->mode, sizeof(h->mode), kvm->works ? _("%s, KVM → hardware virtualisation, %s")
						      : _("%s, no KVM → QEMU emulation, %s"),
		 rights, net_words(net));
	if (!h->warning[0])
		str_copy(h->warning, sizeof(h->warning), warning_of(net == NET_SLIRP, kvm->works));
}

int do_host_probe(void *arg, struct op *op, struct sched_run *r UNUSED, struct err *e)
{
	struct vmjob *j = arg;
	struct host_info h = {0};
	struct kvm_verdict kvm = {0};
	struct privnet_verdict private = {0};
	struct vmm_info vmm = {0};
	const char *qemu = j->eng->conf->paths.qemu;

	fill_common(j->eng, &h);
	h.looked = true;
	op_stage(op, _("QEMU"));
	if (vmm_find(VMM_QEMU)->probe(op, qemu ? qemu : "", &vmm, e) < 0) {
		snprintf(h.mode, sizeof(h.mode), "%.180s", e->msg);
		snprintf(h.warning, sizeof(h.warning), "%.180s", e->hint);
		post(j->eng, &h);
		return -1;
	}
	snprintf(h.vmm, sizeof(h.vmm), "qemu %.24s", vmm.version);
	op_stage(op, _("try KVM"));
	if (kvm_probe(op, j->eng->paths.cache, vmm.path, &kvm, e) < 0)
		return -1;
	op_stage(op, _("try a private network"));
	if (privnet_probe(op, j->eng->paths.cache, j->eng->paths.runtime, &private, e) < 0)
		return -1;
	describe(&h, &kvm, &private);
	post(j->eng, &h);
	return 0;
}
