/* SPDX-License-Identifier: MIT */
/*
 * The replica: upserts, removals, jobs and their machines, figures, the followed log; and history rings.
 */
#include "tests/lib/test.h"
#include "ui/world.h"

static void upsert(struct world *w, const char *id, const char *name, enum vm_state s)
{
	struct event ev = {.kind = EV_VM_UPSERT};

	str_copy(ev.vm.id, sizeof(ev.vm.id), id);
	str_copy(ev.vm.name, sizeof(ev.vm.name), name);
	ev.vm.state = s;
	world_apply(w, &ev);
}

static void gone(struct world *w, const char *id)
{
	struct event ev = {.kind = EV_VM_GONE};

	str_copy(ev.id, sizeof(ev.id), id);
	world_apply(w, &ev);
}

static void job(struct world *w, uint64_t id, const char *vm_id, enum job_state s)
{
	struct event ev = {.kind = EV_JOB, .job = {.id = id, .kind = REQ_VM_START, .state = s, .local = true}};

	str_copy(ev.job.vm_id, sizeof(ev.job.vm_id), vm_id);
	world_apply(w, &ev);
}

static void stats(struct world *w, const char *id, int64_t at_s, int cpu)
{
	struct event ev = {.kind = EV_VM_STATS, .vm_stats = {.at_ms = at_s * 1000, .cpu_permille = cpu}};

	str_copy(ev.vm_stats.id, sizeof(ev.vm_stats.id), id);
	world_apply(w, &ev);
}

static void test_thousands_are_found_by_id(void **state)
{
	struct world w;
	char id[16], name[32];

	(void)state;
	world_init(&w);
	for (int i = 0; i < 3000; i++) {
		snprintf(id, sizeof(id), "%012x", (unsigned)i * 7919u);
		snprintf(name, sizeof(name), "vm-%04d", 2999 - i);
		upsert(&w, id, name, VM_STOPPED);
	}
	world_sort(&w);
	assert_string_equal(w.vms[0]->vm.name, "vm-0000");
	for (int i = 0; i < 3000; i += 2) {
		snprintf(id, sizeof(id), "%012x", (unsigned)i * 7919u);
		assert_non_null(world_vm(&w, id));
		gone(&w, id);
		assert_null(world_vm(&w, id));
	}
	assert_int_equal(w.n_vms, 1500);
	snprintf(id, sizeof(id), "%012x", 7919u);
	assert_non_null(world_vm(&w, id));
	gone(&w, "nobody");
	world_done(&w);
}

static void test_change_bits(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.changed = 0;
	upsert(&w, "a", "a", VM_RUNNING);
	assert_int_equal(w.changed, WORLD_VMS);
	w.changed = 0;
	stats(&w, "a", 1, 5);
	assert_int_equal(w.changed, WORLD_STATS);
	w.changed = 0;
	stats(&w, "unknown", 1, 5);
	assert_int_equal(w.changed, 0);
	world_apply(&w, &(struct event){.kind = EV_SYNCED});
	assert_true(w.synced);
	assert_int_equal(w.changed, WORLD_SYNC);
	world_done(&w);
}

static void test_a_job_marks_its_machine(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	job(&w, 7, "a", JOB_RUNNING); /* the job is told before the machine */
	upsert(&w, "a", "a", VM_CREATED);
	assert_non_null(world_vm_job(&w, world_vm(&w, "a")));
	job(&w, 8, "a", JOB_QUEUED);
	job(&w, 7, "a", JOB_DONE);
	assert_int_equal(world_vm_job(&w, world_vm(&w, "a"))->id, 8);
	assert_int_equal(world_active_jobs(&w), 1);
	assert_int_equal(world_jobs_at_stake(&w), 1);
	job(&w, 8, "a", JOB_FAILED);
	assert_null(world_vm_job(&w, world_vm(&w, "a")));
	assert_int_equal(w.jobs[0].id, 8);
	world_done(&w);
}

static void test_a_look_at_the_host_is_nothing_to_lose(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_apply(&w, &(struct event){.kind = EV_JOB, .job = {.id = 9, .kind = REQ_HOST_PROBE, .state = JOB_RUNNING, .local = true}});
	assert_int_equal(world_active_jobs(&w), 1);
	assert_int_equal(world_jobs_at_stake(&w), 0);
	world_done(&w);
}

static void job_at(struct world *w, uint64_t id, int64_t queued_ms)
{
	struct event ev = {.kind = EV_JOB, .job = {.id = id, .queued_ms = queued_ms, .state = JOB_DONE}};

	world_apply(w, &ev);
}

/* Numbers of other processes' jobs say nothing of time. */
static void test_jobs_stand_by_time(void **state)
{
	const uint64_t foreign = (uint64_t)1 << 63;
	struct world w;

	(void)state;
	world_init(&w);
	job_at(&w, foreign + 9, 1000); /* start */
	job_at(&w, foreign + 3, 2000); /* stop */
	job_at(&w, 1, 3000);
	job_at(&w, 2, 3000);
	assert_int_equal(w.jobs[0].id, 2);
	assert_int_equal(w.jobs[1].id, 1);
	assert_int_equal(w.jobs[2].id, foreign + 3);
	assert_int_equal(w.jobs[3].id, foreign + 9);
	job_at(&w, foreign + 9, 1000);
	job_at(&w, 1, 500); /* the clock was set back */
	assert_int_equal(w.n_jobs, 4);
	assert_int_equal(w.jobs[3].id, 1);
	assert_int_equal(w.jobs[2].id, foreign + 9);
	world_done(&w);
}

static void test_what_was_last_asked_of_a_machine(void **state)
{
	struct event ev = {.kind = EV_JOB, .job = {.id = 1, .kind = REQ_VM_KILL, .state = JOB_DONE, .vm_id = "a"}};
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(world_vm_last(&w, "a"), REQ_NONE);
	world_apply(&w, &ev);
	ev.job.id = 2;
	ev.job.kind = REQ_VM_REAP; /* puts in order what the kill left: nobody asked for it */
	world_apply(&w, &ev);
	ev.job.id = 3;
	ev.job.kind = REQ_CONSOLE_OPEN;
	world_apply(&w, &ev);
	assert_int_equal(world_vm_last(&w, "a"), REQ_VM_KILL);
	assert_int_equal(world_vm_last(&w, "b"), REQ_NONE);
	world_done(&w);
}

static void test_ended_jobs_are_forgotten(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	job(&w, 1, "", JOB_RUNNING);
	for (uint64_t i = 2; i < 2 * WORLD_JOBS_KEPT; i++)
		job(&w, i, "", JOB_DONE);
	assert_int_equal(w.n_jobs, WORLD_JOBS_KEPT + 1);
	assert_non_null(world_job(&w, 1)); /* it still runs */
	assert_null(world_job(&w, 2));
	world_done(&w);
}

static void test_figures_end_with_the_run(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	upsert(&w, "a", "a", VM_RUNNING);
	stats(&w, "a", 1, 500);
	assert_true(world_vm(&w, "a")->has_stats);
	assert_int_equal(world_running(&w), 1);
	upsert(&w, "a", "a", VM_STOPPED);
	assert_false(world_vm(&w, "a")->has_stats);
	assert_true(hist_get(&world_vm(&w, "a")->hist, HIST_CPU, 0) == HIST_GAP); /* nothing is true of now */
	assert_int_equal(hist_get(&world_vm(&w, "a")->hist, HIST_CPU, 1), 500);
	world_done(&w);
}

static void host_second(struct world *w, int64_t at_s)
{
	world_apply(w, &(struct event){.kind = EV_HOST_STATS, .host_stats = {.at_ms = at_s * 1000}});
}

static void test_history_goes_on_without_figures(void **state)
{
	struct hist *h;
	struct world w;

	(void)state;
	world_init(&w);
	upsert(&w, "a", "a", VM_RUNNING);
	stats(&w, "a", 10, 500);
	h = &world_vm(&w, "a")->hist;
	host_second(&w, 11);
	host_second(&w, 12); /* late by less than two seconds: no gap yet */
	assert_int_equal(hist_get(h, HIST_CPU, 0), 500);
	stats(&w, "a", 12, 600);
	assert_int_equal(hist_get(h, HIST_CPU, 1), 500);
	upsert(&w, "a", "a", VM_STOPPED);
	for (int s = 13; s <= 30; s++)
		host_second(&w, s);
	assert_true(hist_get(h, HIST_CPU, 0) == HIST_GAP);
	assert_int_equal(hist_get(h, HIST_CPU, 18), 600);
	upsert(&w, "a", "a", VM_RUNNING); /* hangs, and tells nothing */
	stats(&w, "a", 31, 700);
	host_second(&w, 40);
	assert_true(hist_get(h, HIST_CPU, 0) == HIST_GAP);
	assert_int_equal(hist_get(h, HIST_CPU, 9), 700);
	host_second(&w, 1000000);
	assert_int_equal(h->len, HIST_SECONDS);
	world_done(&w);
}

/* What QEMU takes of the host is another thing than what the guest uses: one graph, one meaning. */
static void test_memory_is_the_guests(void **state)
{
	struct hist h = {0};
	struct vm_stats s = {.at_ms = 1000, .rss_bytes = 308 << 20};

	(void)state;
	hist_push(&h, &s);
	assert_true(hist_get(&h, HIST_MEM, 0) == HIST_GAP);
	s = (struct vm_stats){.at_ms = 2000, .rss_bytes = 308 << 20, .guest = true, .mem_used_bytes = 40 << 20};
	hist_push(&h, &s);
	assert_int_equal(hist_get(&h, HIST_MEM, 0), 40 << 20);
	hist_done(&h);
}

static void test_disks_outlive_the_run(void **state)
{
	struct event off = {.kind = EV_VM_STATS, .vm_stats = {.id = "a", .disk_bytes = 4096, .off = true}};
	struct world w;

	(void)state;
	world_init(&w);
	upsert(&w, "a", "a", VM_STOPPED);
	assert_false(world_vm(&w, "a")->has_disk);
	world_apply(&w, &off);
	assert_true(world_vm(&w, "a")->has_disk);
	assert_false(world_vm(&w, "a")->has_stats);
	assert_int_equal(world_vm(&w, "a")->stats.disk_bytes, 4096);
	upsert(&w, "a", "a", VM_RUNNING);
	stats(&w, "a", 1, 500);
	upsert(&w, "a", "a", VM_STOPPED);
	assert_true(world_vm(&w, "a")->has_disk);
	world_done(&w);
}

static void piece(struct world *w, const char *id, const char *text, bool restart)
{
	struct event ev = {.kind = EV_LOG, .log = {.restart = restart}};

	str_copy(ev.log.vm_id, sizeof(ev.log.vm_id), id);
	ev.log.len = (uint16_t)strlen(text);
	memcpy(ev.log.data, text, ev.log.len);
	world_apply(w, &ev);
}

static void test_log_is_cleaned_and_bounded(void **state)
{
	struct world w;
	char line[1000];

	(void)state;
	world_init(&w);
	world_watch_log(&w, "a");
	piece(&w, "b", "not mine", false);
	piece(&w, "a", "\033[1;31m[  OK  ]\033[0m up\r\n\033]0;title\abell\a\n", false);
	assert_string_equal(buf_cstr(&w.log.text), "[  OK  ] up\nbell\xef\xbf\xbd\n");
	piece(&w, "a", "new\033[3", true); /* a sequence cut in two */
	piece(&w, "a", "1mred\n", false);
	assert_string_equal(buf_cstr(&w.log.text), "newred\n");
	piece(&w, "a", "\033]0;never ended\nnext\n", true);
	assert_string_equal(buf_cstr(&w.log.text), "\nnext\n");
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 2] = '\n';
	line[sizeof(line) - 1] = 0;
	for (int i = 0; i < 1000; i++)
		piece(&w, "a", line, false);
	assert_true(w.log.text.len <= WORLD_LOG_BYTES);
	assert_int_equal(w.log.text.data[0], 'x');
	world_watch_log(&w, "b");
	assert_int_equal(w.log.text.len, 0);
	world_done(&w);
}

static void test_images_and_kernels(void **state)
{
	struct event ev = {.kind = EV_IMAGE_UPSERT, .image = {.name = "tiny"}};
	struct world w;

	(void)state;
	world_init(&w);
	world_apply(&w, &ev);
	ev.image.local = true;
	world_apply(&w, &ev);
	assert_int_equal(w.n_images, 1);
	assert_true(world_image(&w, "tiny")->local);
	ev.kind = EV_IMAGE_GONE;
	world_apply(&w, &ev);
	assert_null(world_image(&w, "tiny"));
	ev = (struct event){.kind = EV_KERNEL_UPSERT, .kernel = {.name = "debian"}};
	world_apply(&w, &ev);
	assert_int_equal(w.n_kernels, 1);
	ev.kind = EV_KERNEL_GONE;
	world_apply(&w, &ev);
	assert_int_equal(w.n_kernels, 0);
	world_done(&w);
}

static void test_packing(void **state)
{
	static const uint64_t values[] = {0, 1, 2047, 2048, 100000, 1 << 20, 123456789, 1ULL << 40};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		uint64_t got = hist_unpack(hist_pack(values[i]));

		assert_true(got <= values[i] && values[i] - got <= values[i] / 1000);
	}
	assert_true(hist_unpack(hist_pack(HIST_GAP)) == HIST_GAP);
	assert_true(hist_unpack(hist_pack(UINT64_MAX - 1)) != HIST_GAP);
}

static void test_history_is_an_hour(void **state)
{
	struct hist h = {0};
	struct vm_stats s = {.cpu_permille = 1};

	(void)state;
	for (int i = 1; i <= HIST_SECONDS + 100; i++) {
		s.at_ms = (int64_t)i * 1000;
		s.cpu_permille = i % 1000;
		hist_push(&h, &s);
	}
	assert_int_equal(h.len, HIST_SECONDS);
	assert_true(h.cap * sizeof(*h.ring) <= 256 * 1024);
	assert_int_equal(hist_get(&h, HIST_CPU, 0), (HIST_SECONDS + 100) % 1000);
	assert_int_equal(hist_get(&h, HIST_CPU, HIST_SECONDS - 1), 101);
	assert_true(hist_get(&h, HIST_CPU, HIST_SECONDS) == HIST_GAP);
	assert_true(hist_get(&h, HIST_NET_RX, 0) == HIST_GAP); /* the guest did not tell */
	s.at_ms += 10000;
	s.cpu_permille = 7;
	hist_push(&h, &s);
	assert_true(hist_get(&h, HIST_CPU, 5) == HIST_GAP);
	assert_int_equal(hist_mean(&h, HIST_CPU, 0, 10), 7);
	s.cpu_permille = 9; /* the same second again */
	hist_push(&h, &s);
	assert_int_equal(hist_get(&h, HIST_CPU, 0), 9);
	assert_int_equal(hist_max(&h, HIST_CPU, 10), 9);
	hist_done(&h);
}

static void check(struct world *w, const char *what, bool first, bool end)
{
	struct event ev = {.kind = EV_CHECK, .check = {.first = first, .end = end}};

	str_copy(ev.check.line.what, sizeof(ev.check.line.what), what);
	world_apply(w, &ev);
}

/* The first look grows in sight; afterwards the old one stays until the new one is whole. */
static void test_a_look_replaces_the_one_before(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	check(&w, "a", true, false);
	check(&w, "b", false, false);
	assert_int_equal(w.checks.n, 2);
	check(&w, "", false, true);
	assert_int_equal(w.checks.n, 2);
	check(&w, "c", true, false);
	assert_int_equal(w.checks.n, 2);
	assert_string_equal(w.checks.lines[0].what, "a");
	check(&w, "d", true, false); /* one that was cut short is forgotten */
	check(&w, "", false, true);
	assert_int_equal(w.checks.n, 1);
	assert_string_equal(w.checks.lines[0].what, "d");
	for (int i = 0; i < WORLD_CHECKS_MAX + 10; i++)
		check(&w, "e", i == 0, false);
	check(&w, "", false, true);
	assert_int_equal(w.checks.n, WORLD_CHECKS_MAX);
	world_done(&w);
}

static void dir_piece(struct world *w, uint64_t job, enum dir_part part, const char *word)
{
	struct event ev = {.kind = EV_DIR, .dir = {.job = job, .part = part}};

	if (part == DIR_HEAD) {
		str_copy(ev.dir.path, sizeof(ev.dir.path), word);
	} else if (part == DIR_ENTRIES) {
		ev.dir.n = 1;
		str_copy(ev.dir.entries[0].name, sizeof(ev.dir.entries[0].name), word);
	} else if (*word) {
		err_set(&ev.dir.err, ERR_PERM, "%s", word);
	}
	world_apply(w, &ev);
}

static void test_a_directory_is_shown_when_it_is_whole(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	dir_piece(&w, 0, DIR_ENTRIES, "nobody asked");
	world_ask_dir(&w, 7);
	assert_true(w.dir.reading);
	dir_piece(&w, 7, DIR_HEAD, "/a");
	dir_piece(&w, 7, DIR_ENTRIES, "x");
	assert_int_equal(w.dir.n, 0);
	w.changed = 0;
	dir_piece(&w, 6, DIR_ENTRIES, "of another question");
	dir_piece(&w, 6, DIR_END, "");
	assert_int_equal(w.changed, 0);
	dir_piece(&w, 7, DIR_END, "");
	assert_int_equal(w.changed, WORLD_DIR);
	assert_false(w.dir.reading);
	assert_int_equal(w.dir.n, 1);
	assert_string_equal(w.dir.path, "/a");
	/* The next one, asked twice: what came of the first is forgotten, what is shown stays until the second is whole. */
	world_ask_dir(&w, 8);
	dir_piece(&w, 8, DIR_ENTRIES, "y");
	world_ask_dir(&w, 9);
	dir_piece(&w, 9, DIR_HEAD, "/b");
	assert_string_equal(w.dir.entries[0].name, "x");
	for (int i = 0; i < DIR_ENTRIES_MAX + 10; i++)
		dir_piece(&w, 9, DIR_ENTRIES, "z");
	dir_piece(&w, 9, DIR_END, "");
	assert_int_equal(w.dir.n, DIR_ENTRIES_MAX);
	assert_string_equal(w.dir.path, "/b");
	world_ask_dir(&w, 10);
	dir_piece(&w, 10, DIR_END, "no way in");
	assert_int_equal(w.dir.n, 0);
	assert_string_equal(w.dir.err.msg, "no way in");
	world_ask_dir(&w, 0);
	assert_false(w.dir.reading);
	assert_null(w.dir.entries);
	world_done(&w);
}

static void parts_piece(struct world *w, uint64_t job, uint32_t count, uint32_t first, int64_t done)
{
	struct event ev = {.kind = EV_JOB_PARTS, .parts = {.job = job, .count = count, .first = first}};

	ev.parts.n = (uint8_t)MIN(count - first, (uint32_t)JOB_PARTS_PIECE);
	for (size_t i = 0; i < ev.parts.n; i++)
		ev.parts.parts[i] = (struct job_part){.state = OP_PART_MOVING, .done = done, .total = 100};
	w->changed = 0;
	world_apply(w, &ev);
}

/* They come in pieces, are kept while the job runs, and where it did not come to its end; and nothing of them outlives the job. */
static void test_parts_of_jobs(void **state UNUSED)
{
	const struct world_parts *p;
	struct world w;

	world_init(&w);
	parts_piece(&w, 7, 20, 0, 5); /* of no job that is known */
	assert_null(world_job_parts(&w, 7));
	job(&w, 7, "", JOB_RUNNING);
	job(&w, 8, "", JOB_RUNNING);
	parts_piece(&w, 7, 20, 0, 5);
	assert_int_equal(w.changed, WORLD_JOBS);
	parts_piece(&w, 7, 20, 16, 6);
	parts_piece(&w, 8, 1, 0, 9);
	p = world_job_parts(&w, 7);
	assert_non_null(p);
	assert_int_equal(p->n, 20);
	assert_int_equal(p->parts[15].done, 5);
	assert_int_equal(p->parts[16].done, 6);
	parts_piece(&w, 7, 2, 0, 8); /* there are fewer now */
	assert_int_equal(world_job_parts(&w, 7)->n, 2);
	job(&w, 8, "", JOB_CANCELED);
	job(&w, 7, "", JOB_DONE);
	assert_null(world_job_parts(&w, 7));
	assert_int_equal(world_job_parts(&w, 8)->parts[0].done, 9);
	parts_piece(&w, 7, 2, 0, 8); /* late */
	assert_null(world_job_parts(&w, 7));
	for (uint64_t id = 100; id < 100 + WORLD_JOBS_KEPT + 1; id++)
		job(&w, id, "", JOB_DONE);
	assert_null(world_job(&w, 8));
	assert_null(world_job_parts(&w, 8));
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thousands_are_found_by_id), cmocka_unit_test(test_change_bits),
		cmocka_unit_test(test_a_job_marks_its_machine), cmocka_unit_test(test_a_look_at_the_host_is_nothing_to_lose),	  cmocka_unit_test(test_ended_jobs_are_forgotten),
		cmocka_unit_test(test_jobs_stand_by_time),
		cmocka_unit_test(test_what_was_last_asked_of_a_machine),
		cmocka_unit_test(test_figures_end_with_the_run),
		cmocka_unit_test(test_history_goes_on_without_figures),
		cmocka_unit_test(test_memory_is_the_guests),
		cmocka_unit_test(test_disks_outlive_the_run),
		cmocka_unit_test(test_log_is_cleaned_and_bounded),
		cmocka_unit_test(test_images_and_kernels),	  cmocka_unit_test(test_packing),
		cmocka_unit_test(test_history_is_an_hour),
		cmocka_unit_test(test_parts_of_jobs),
		cmocka_unit_test(test_a_look_replaces_the_one_before),
		cmocka_unit_test(test_a_directory_is_shown_when_it_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
