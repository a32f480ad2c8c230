/* SPDX-License-Identifier: MIT */
/*
 * engine/registry: differences become events, an older picture never replaces a newer one, references, the catalogue.
 */
#include "tests/lib/storetest.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "core/engine/registry.h"
#include "core/store/images.h"
#include "core/store/jobs.h"
#include "core/store/vms.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct bench {
	struct store *s;
	struct mailbox *events;
	struct registry *reg;
	struct catalog catalog;
	struct catalog_entry images[2], kernels[1];
};

static void bench_open(struct bench *b, void **state)
{
	memset(b, 0, sizeof(*b));
	str_copy(b->images[0].name, sizeof(b->images[0].name), "tiny");
	str_copy(b->images[0].about, sizeof(b->images[0].about), "busybox alone");
	str_copy(b->images[1].name, sizeof(b->images[1].name), "debian");
	str_copy(b->kernels[0].name, sizeof(b->kernels[0].name), "cloud");
	b->catalog = (struct catalog){.images = b->images, .n_images = 2, .kernels = b->kernels, .n_kernels = 1};
	b->s = storetest_open(state);
	b->events = mailbox_new(sizeof(struct event));
	b->reg = registry_new(b->events, &b->catalog);
}

static void bench_close(struct bench *b)
{
	registry_free(b->reg);
	mailbox_free(b->events);
	store_close(b->s);
}

static void refresh(struct bench *b)
{
	struct err e = {0};

	assert_ok(registry_sync(b->reg, b->s, &e), &e);
}

/* Sync, and the only event it posted. */
static struct event refresh_one(struct bench *b)
{
	struct event ev = {.kind = EV_NONE};

	refresh(b);
	assert_int_equal(mailbox_len(b->events), 1);
	assert_true(mailbox_take(b->events, &ev));
	return ev;
}

/* The catalogue's part of the first picture is out of the way. */
static void settle(struct bench *b)
{
	struct event ev;

	refresh(b);
	while (mailbox_take(b->events, &ev))
		;
}

static struct vm add_vm(struct bench *b, const char *id, const char *name)
{
	struct vm vm = storetest_vm(id, name);
	struct err e = {0};

	assert_ok(vms_insert(b->s, &vm, &e), &e);
	return vm;
}

static void differences_become_events(void **state)
{
	struct bench b;
	struct event ev;
	struct err e = {0};
	struct vm vm;

	bench_open(&b, state);
	settle(&b);
	vm = add_vm(&b, "0123456789ab", "web1");
	ev = refresh_one(&b);
	assert_int_equal(ev.kind, EV_VM_UPSERT);
	assert_memory_equal(&ev.vm, &vm, sizeof(vm));
	refresh(&b);
	assert_int_equal(mailbox_len(b.events), 0);
	vm.state = VM_ERROR;
	assert_ok(vms_update(b.s, &vm, &e), &e);
	ev = refresh_one(&b);
	assert_int_equal(ev.kind, EV_VM_UPSERT);
	assert_int_equal(ev.vm.state, VM_ERROR);
	assert_ok(vms_delete(b.s, vm.id, &e), &e);
	ev = refresh_one(&b);
	assert_int_equal(ev.kind, EV_VM_GONE);
	assert_string_equal(ev.id, vm.id);
	bench_close(&b);
}

/* A reader that did not look in between hears of the end alone. */
static void gone_replaces_an_unread_upsert(void **state)
{
	struct bench b;
	struct event ev;
	struct err e = {0};

	bench_open(&b, state);
	settle(&b);
	add_vm(&b, "0123456789ab", "web1");
	refresh(&b);
	assert_ok(vms_delete(b.s, "0123456789ab", &e), &e);
	ev = refresh_one(&b);
	assert_int_equal(ev.kind, EV_VM_GONE);
	bench_close(&b);
}

/* A copy of the store as it was is what a slow reader brings. */
static void an_older_picture_never_replaces_a_newer_one(void **state)
{
	struct store *late = NULL;
	struct bench b;
	struct buf old = {0};
	struct vm vm, got;
	struct err e = {0};

	bench_open(&b, state);
	vm = add_vm(&b, "0123456789ab", "web1");
	store_close(b.s); /* everything is in the one file */
	assert_ok(fs_read_file(tmpdir_path(state, "state.db"), 1 << 20, &old, &e), &e);
	assert_ok(fs_write_atomic(tmpdir_path(state, "old.db"), old.data, old.len, 0600, &e), &e);
	b.s = storetest_open(state);
	vm.state = VM_ERROR;
	assert_ok(vms_update(b.s, &vm, &e), &e);
	settle(&b);
	assert_ok(store_open(tmpdir_path(state, "old.db"), STORE_RW, 0, &late, &e), &e);
	assert_ok(registry_sync(b.reg, late, &e), &e);
	assert_int_equal(mailbox_len(b.events), 0);
	assert_true(registry_get_vm(b.reg, vm.id, &got));
	assert_int_equal(got.state, VM_ERROR);
	buf_done(&old);
	store_close(late);
	bench_close(&b);
}

static void references_find_by_name_id_and_prefix(void **state)
{
	struct bench b;
	struct vm got;
	struct err e = {0};

	bench_open(&b, state);
	add_vm(&b, "aaaa11111111", "web1");
	add_vm(&b, "aaaa22222222", "web2");
	add_vm(&b, "bbbb33333333", "aaaa");
	refresh(&b);
	assert_ok(registry_find_vm(b.reg, "web2", &got, &e), &e);
	assert_string_equal(got.id, "aaaa22222222");
	assert_ok(registry_find_vm(b.reg, "bbbb33333333", &got, &e), &e);
	assert_ok(registry_find_vm(b.reg, "aaaa1", &got, &e), &e);
	assert_string_equal(got.name, "web1");
	assert_ok(registry_find_vm(b.reg, "aaaa", &got, &e), &e); /* a name beats prefixes */
	assert_string_equal(got.id, "bbbb33333333");
	assert_int_equal(registry_find_vm(b.reg, "aaa", &got, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_non_null(strstr(e.msg, "2 VM ids"));
	err_clear(&e);
	assert_false(registry_get_vm(b.reg, "ffffffffffff", &got));
	bench_close(&b);
}

static void a_slip_is_answered_with_near_names(void **state)
{
	struct bench b;
	struct vm got;
	struct image im;
	struct kernel k;
	struct err e = {0};

	bench_open(&b, state);
	add_vm(&b, "aaaa11111111", "webserver");
	refresh(&b);
	assert_int_equal(registry_find_vm(b.reg, "websrever", &got, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_string_equal(e.hint, "did you mean webserver?");
	err_clear(&e);
	assert_int_equal(registry_find_vm(b.reg, "qqqqqqqq", &got, &e), -1);
	assert_null(strstr(e.hint, "did you mean"));
	assert_true(e.hint[0]);
	err_clear(&e);
	assert_int_equal(registry_find_image(b.reg, "debain", &im, &e), -1);
	assert_string_equal(e.hint, "did you mean debian?");
	err_clear(&e);
	assert_int_equal(registry_find_kernel(b.reg, "clod", &k, &e), -1);
	assert_string_equal(e.hint, "did you mean cloud?");
	bench_close(&b);
}

static void images_are_found_by_their_ids(void **state)
{
	struct bench b;
	struct image ims[] = {storetest_image("aaaa11111111", "one"), storetest_image("aaaa22222222", "two"), storetest_image("bbbb33333333", "aaaa1"),
			      storetest_image("cccc44444444", "tiny")};
	struct image got;
	struct err e = {0};

	bench_open(&b, state);
	for (size_t i = 0; i < ARRAY_LEN(ims); i++)
		assert_ok(images_put(b.s, &ims[i], &e), &e);
	settle(&b);
	assert_ok(registry_find_image(b.reg, "aaaa22222222", &got, &e), &e);
	assert_string_equal(got.name, "two");
	assert_ok(registry_find_image(b.reg, "aaaa2", &got, &e), &e);
	assert_string_equal(got.name, "two");
	assert_ok(registry_find_image(b.reg, "aaaa1", &got, &e), &e); /* a name beats ids */
	assert_string_equal(got.name, "aaaa1");
	assert_ok(registry_find_image(b.reg, "ccc", &got, &e), &e);
	assert_string_equal(got.name, "tiny");
	assert_err(registry_find_image(b.reg, "aaaa", &got, &e), &e, ERR_USAGE);
	assert_err(registry_find_image(b.reg, "cc", &got, &e), &e, ERR_NOT_FOUND);
	assert_err(registry_find_image(b.reg, "aaaa222222223", &got, &e), &e, ERR_NOT_FOUND);
	bench_close(&b);
}

static void local_and_catalogue_are_one_list(void **state)
{
	struct bench b;
	struct image im = storetest_image("aaaaaaaaaaaa", "tiny"), mine = storetest_image("bbbbbbbbbbbb", "mine"), got;
	struct kernel k;
	struct event ev;
	struct err e = {0};

	bench_open(&b, state);
	assert_ok(images_put(b.s, &im, &e), &e);
	assert_ok(images_put(b.s, &mine, &e), &e);
	settle(&b);
	assert_ok(registry_find_image(b.reg, "tiny", &got, &e), &e);
	assert_true(got.local && got.in_catalog);
	assert_string_equal(got.about, "a small one");
	assert_ok(registry_find_image(b.reg, "debian", &got, &e), &e);
	assert_true(!got.local && got.in_catalog);
	assert_string_equal(got.source, "bootstrap");
	assert_ok(registry_find_image(b.reg, "mine", &got, &e), &e);
	assert_true(got.local && !got.in_catalog);
	assert_ok(registry_find_kernel(b.reg, "cloud", &k, &e), &e);
	assert_false(k.local);
	/* Deleting what the catalogue has leaves its offer; deleting what it has not ends it. */
	assert_ok(images_delete(b.s, "aaaaaaaaaaaa", &e), &e);
	ev = refresh_one(&b);
	assert_int_equal(ev.kind, EV_IMAGE_UPSERT);
	assert_false(ev.image.local);
	assert_ok(images_delete(b.s, "bbbbbbbbbbbb", &e), &e);
	ev = refresh_one(&b);
	assert_int_equal(ev.kind, EV_IMAGE_GONE);
	assert_string_equal(ev.image.name, "mine");
	bench_close(&b);
}

static void only_live_vms_are_live(void **state)
{
	struct bench b;
	struct vm vm, *list = NULL;
	struct err e = {0};

	bench_open(&b, state);
	add_vm(&b, "aaaa11111111", "web1");
	vm = add_vm(&b, "aaaa22222222", "web2");
	vm.state = VM_PAUSED;
	assert_ok(vms_update(b.s, &vm, &e), &e);
	refresh(&b);
	assert_int_equal(registry_live_vms(b.reg, &list), 1);
	assert_string_equal(list[0].name, "web2");
	free(list);
	assert_int_equal(registry_all_vms(b.reg, &list), 2);
	free(list);
	bench_close(&b);
}

static struct job_row foreign(pid_t pid)
{
	struct job_row j = {
		.op_id = "0f0f0f0f0f0f", .kind = "start", .target = "web1", .stage = "launch", .step = 2, .steps = 8};

	j.pid = pid;
	j.start_time = proc_start_time(pid);
	j.started_ms = clock_wall_ms();
	return j;
}

static void jobs_of_other_processes_show_while_those_live(void **state)
{
	struct bench b;
	struct job_row row;
	struct event ev;
	struct err e = {0};
	pid_t pid;

	bench_open(&b, state);
	settle(&b);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		for (;;)
			pause();
	row = foreign(pid);
	assert_ok(jobs_put(b.s, &row, &e), &e);
	ev = refresh_one(&b);
	assert_int_equal(ev.kind, EV_JOB);
	assert_int_equal(ev.job.state, JOB_RUNNING);
	assert_int_equal(ev.job.kind, REQ_VM_START);
	assert_string_equal(ev.job.stage, "launch");
	assert_int_equal(ev.job.owner, pid);
	assert_false(ev.job.local);
	assert_true(ev.job.id >> 63);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	ev = refresh_one(&b); /* its row is still there */
	assert_int_equal(ev.job.state, JOB_ENDED); /* nobody has seen that it was done */
	row = foreign(getpid());
	assert_ok(jobs_put(b.s, &row, &e), &e);
	refresh(&b); /* ours: the scheduler tells of those */
	assert_int_equal(mailbox_len(b.events), 0);
	bench_close(&b);
}

static void keys_of_events_differ(void **state UNUSED)
{
	assert_int_not_equal(event_key(EV_VM_UPSERT, "a"), event_key(EV_VM_UPSERT, "b"));
	assert_int_not_equal(event_key(EV_VM_UPSERT, "a"), event_key(EV_VM_STATS, "a"));
	assert_int_equal(event_key(EV_JOB, "a"), event_key(EV_JOB, "a"));
	assert_int_not_equal(event_key(EV_NONE, ""), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)
	const struct CMUnitTest tests[] = {
		T(differences_become_events),
		T(gone_replaces_an_unread_upsert),
		T(an_older_picture_never_replaces_a_newer_one),
		T(references_find_by_name_id_and_prefix),
		T(a_slip_is_answered_with_near_names),
		T(images_are_found_by_their_ids),
		T(local_and_catalogue_are_one_list),
		T(only_live_vms_are_live),
		T(jobs_of_other_processes_show_while_those_live),
		cmocka_unit_test(keys_of_events_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
