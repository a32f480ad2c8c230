/* SPDX-License-Identifier: MIT */
/*
 * The engine of an open console, at somebody's command: what a machine costs where the program runs already.
 *
 *	bench_engine [FIELD=VALUE…]	a line on standard input, "create NAME" or "delete NAME", is done and answered by "<ns> <word>":
 *					the wall clock when it was asked for, and "done", or "failed" and why; what each job
 *					took for each step goes to standard error
 *
 * Fields are those of `vm create` ("memory=256M"). Create starts the machine too, and is answered whether its VMM lived or not.
 */
#include "base/clock.h"
#include "base/i18n.h"
#include "core/engine/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct engine_port port;
static struct op op;
static struct vm_spec spec;

static int64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int wait_for(enum event_kind kind, uint64_t job, struct err *e)
{
	static struct event ev;

	for (;;) {
		if (engine_wait_event(&op, &port, &ev, e) < 0)
			return -1;
		if (ev.kind == EV_FAILED)
			return err_join(e, &ev.err);
		if (ev.kind == EV_JOB && !job_is_active(&ev.job) && ev.job.timings[0])
			fprintf(stderr, "open %s: %s\n", request_kind_to_string(ev.job.kind), ev.job.timings);
		if (ev.kind != kind || (job && (ev.job.id != job || job_is_active(&ev.job))))
			continue;
		return job && ev.job.state != JOB_DONE ? err_join(e, &ev.job.err) : 0;
	}
}

static void obey(const char *verb, const char *name)
{
	struct request r = {.kind = REQ_VM_CREATE, .flags = REQ_F_START | REQ_F_NO_WAIT, .spec = spec};
	struct err e = {0};
	int64_t asked = wall_ns();
	uint64_t job;

	str_copy(r.name, sizeof(r.name), name);
	if (strcmp(verb, "create") != 0) {
		r = (struct request){.kind = REQ_VM_DELETE, .flags = REQ_F_FORCE};
		str_copy(r.ref, sizeof(r.ref), name);
	}
	if (port.submit(port.self, &r, &job, &e) < 0 || wait_for(EV_JOB, job, &e) < 0)
		printf("%" PRId64 " failed %s\n", asked, e.msg);
	else
		printf("%" PRId64 " done\n", asked);
	fflush(stdout);
}

static int read_fields(char **words, struct err *e)
{
	for (; *words; words++) {
		char *value = strchr(*words, '=');
		enum spec_field f;

		if (!value)
			return err_set(e, ERR_USAGE, "'%s' is no FIELD=VALUE", *words);
		*value++ = '\0';
		if (!spec_field_from_string(*words, &f))
			return err_set(e, ERR_USAGE, "no field '%s'", *words);
		if (spec_parse(&spec, f, value, e) < 0)
			return -1;
	}
	return 0;
}

static int serve(struct err *e)
{
	char verb[16], name[VM_NAME_SIZE];

	if (wait_for(EV_SYNCED, 0, e) < 0)
		return -1;
	printf("%" PRId64 " ready\n", wall_ns());
	fflush(stdout);
	while (scanf("%15s %63s", verb, name) == 2)
		obey(verb, name);
	return 0;
}

int main(int argc UNUSED, char **argv)
{
	static struct paths paths;
	struct conf conf;
	struct err e = {0};
	int rc;

	conf_init(&conf);
	op_init(&op, -1);
	rc = read_fields(argv + 1, &e);
	if (rc == 0 && (rc = paths_resolve(&paths, &e)) == 0 &&
	    (rc = engine_open(&(struct engine_args){.paths = &paths, .conf = &conf, .sample = true}, &port, &e)) == 0) {
		rc = serve(&e);
		port.close(port.self);
	}
	if (rc < 0)
		fprintf(stderr, "bench_engine: %s\n", e.msg);
	op_done(&op);
	conf_done(&conf);
	return rc < 0;
}
