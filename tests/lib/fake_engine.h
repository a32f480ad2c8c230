/* SPDX-License-Identifier: MIT */
/*
 * An engine without machines: the port of core/engine/engine.h, scripted.
 *
 * It keeps some VMs, images and kernels in memory, runs every request as a job of a few stages, and makes up figures.
 * Time is ticks: a tick is one step of every job; every fourth tick is a second and brings figures. With `live` a
 * timerfd ticks four times a second behind the event descriptor (the real console runs on it); without, only fake_tick()
 * does, so that a test decides when anything happens. Everything is a function of `seed`.
 */
#ifndef TESTS_LIB_FAKE_ENGINE_H
#define TESTS_LIB_FAKE_ENGINE_H

#include "core/engine/engine.h"

struct fake;

struct fake_args {
	int vms;	 /* how many; the first five are the cast of the goldens: dev ci-1 ci-2 old-fork broken */
	bool live;	 /* tick by itself */
	bool all_run;	 /* else every third stands still */
	bool empty;	 /* no images either: a first run */
	bool fail_open;	 /* EV_FAILED instead of a replay */
	int64_t wall_ms; /* "now" of the made-up times; 0 = the real clock */
	/* Makes the pipe of a console: a struct ssh * in disguise handed over in EV_CONSOLE_READY. NULL: opening fails. */
	struct ssh *(*console)(void *arg, const char *vm_id);
	void *arg;
};

struct fake *fake_new(const struct fake_args *a);
void fake_free(struct fake *f);
/* A port over f; its close() frees f. */
void fake_port(struct fake *f, struct engine_port *ret);
void fake_tick(struct fake *f);
/* Say something out of turn. */
void fake_push(struct fake *f, const struct event *ev);
/* A piece of serial log for whoever follows that VM. */
void fake_log(struct fake *f, const char *vm_id, const char *text);
/* The next submit is refused with this. */
void fake_refuse(struct fake *f, enum err_code code, const char *msg);
/* What was asked, oldest first; NULL beyond the end. Borrowed. */
const struct request *fake_asked(const struct fake *f, size_t i);
size_t fake_asked_count(const struct fake *f);
const char *fake_watched(const struct fake *f);
/* Id of a VM by name; "" when there is none. */
const char *fake_vm_id(const struct fake *f, const char *name);

#endif
