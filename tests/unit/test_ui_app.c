/* SPDX-License-Identifier: MIT */
/*
 * The console's behaviour on the fake engine: what keys ask for, and what they must not.
 */
#include "tests/lib/test.h"
#include "tests/lib/uibench.h"
#include "ui/consoles.h"
#include "ui/term/console_fd.h"

#include <sys/socket.h>
#include <unistd.h>

static int peer; /* the guest's end of a console */

static struct ssh *make_session(void *arg, const char *vm_id)
{
	int fds[2];

	(void)arg;
	(void)vm_id;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	peer = fds[1];
	return (struct ssh *)(intptr_t)(fds[0] + 1);
}

static struct console_io wrap(struct ssh *s)
{
	struct console_io io;
	struct err e = {0};

	assert_ok(console_fd_socket((int)(intptr_t)s - 1, &io, &e), &e);
	return io;
}

static void begin(struct fake_args fa, struct app_args aa)
{
	peer = -1;
	fa.console = make_session;
	aa.console_io = wrap;
	bench_begin(fa, aa);
}

static void finish(void)
{
	bench_finish();
	if (peer >= 0)
		close(peer);
}

static void test_first_frame_needs_no_engine(void **state)
{
	struct app_args aa = {.cols = 80, .rows = 24};

	(void)state;
	bench_alone(aa);
	assert_true(screen_has("opening the store"));
	press("n esc s d 2 3 4 5 6 1 ? esc"); /* no key needs it either */
	bench_finish();
}

static void test_enter_does_the_obvious(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("enter"); /* broken stands still: start */
	assert_int_equal(last()->kind, REQ_VM_START);
	assert_string_equal(last()->ref, fake_vm_id(b.f, "broken"));
	press("j enter"); /* ci-1 runs: a shell */
	assert_int_equal(last()->kind, REQ_CONSOLE_OPEN);
	assert_true(last()->cols > 0 && last()->rows > 0);
	finish();
}

static void test_nothing_is_assumed(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("j s");
	assert_int_equal(last()->kind, REQ_VM_STOP);
	assert_true(screen_has("● running")); /* until the engine says otherwise */
	settle();
	assert_true(screen_has("stopping"));
	tick(6);
	assert_true(screen_has("ci-1            ○ stopped"));
	finish();
}

static void test_p_pauses_and_lets_go_on(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("j p");
	assert_int_equal(last()->kind, REQ_VM_PAUSE);
	settle();
	assert_true(screen_has("pausing"));
	tick(6);
	assert_true(screen_has("ci-1            ‖ paused"));
	assert_true(screen_has("⏎ resume"));
	press("p");
	assert_int_equal(last()->kind, REQ_VM_RESUME);
	tick(6);
	assert_true(screen_has("ci-1            ● running"));
	press("p");
	tick(6);
	press("enter"); /* the obvious thing */
	assert_int_equal(last()->kind, REQ_VM_RESUME);
	tick(6);
	press("k p"); /* broken stands still */
	assert_true(screen_has("does not run"));
	assert_string_equal(last()->ref, fake_vm_id(b.f, "ci-1"));
	finish();
}

/* The machine stands in the line, the name of the image is typed behind it. */
static void test_i_saves_as_an_image(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("j i");
	assert_true(screen_has(":commit ci-1"));
	press("m i n e enter");
	assert_int_equal(last()->kind, REQ_VM_COMMIT);
	assert_string_equal(last()->ref, fake_vm_id(b.f, "ci-1"));
	assert_string_equal(last()->image, "mine");
	settle();
	assert_true(screen_has("saving"));
	press("i enter"); /* without a name */
	assert_true(screen_has("a name for the image"));
	press("esc a i");
	assert_true(screen_has("one machine at a time"));
	finish();
}

/* Any reference, typed. */
static void test_images_are_pulled_by_reference(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 1}, (struct app_args){0});
	press("2 P");
	press("g h c r . i o / a / b : 1");
	press("enter");
	assert_int_equal(last()->kind, REQ_IMAGE_PULL);
	assert_string_equal(last()->ref, "ghcr.io/a/b:1");
	settle();
	assert_true(screen_has("▸ ◌ pull image ghcr.io/a/b:1")); /* where it can be watched */
	finish();
}

/* Enter on nothing typed means no row. */
static void test_an_empty_reference_is_asked_for_again(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 1}, (struct app_args){0});
	press("2 G P enter");
	assert_null(last());
	assert_true(screen_has("type a reference"));
	assert_true(screen_has(":pull"));
	assert_true(screen_has("Images  4 of 4"));
	press("backspace enter"); /* the action alone is the row's */
	assert_string_equal(last()->ref, "alpine-3.19");
	finish();
}

/* A long name keeps its end, and how far it is stays; nothing is cut within a character. */
static void test_the_last_line_keeps_what_tells_jobs_apart(void **state)
{
	struct event ev = {.kind = EV_JOB, .job = {.id = 99, .kind = REQ_IMAGE_PULL, .state = JOB_RUNNING, .total = 100, .done = 42}};

	(void)state;
	begin((struct fake_args){.vms = 1}, (struct app_args){0});
	snprintf(ev.job.target, sizeof(ev.job.target), "registry.example.org/team/project/application:1.2.3");
	snprintf(ev.job.stage, sizeof(ev.job.stage), "ééééééééééééééééééééééééééééééééé");
	app_event(b.app, &ev);
	settle();
	assert_true(screen_has("ation:1.2.3 éé"));
	assert_true(screen_has("éé 42%"));
	app_resize(b.app, 132, 24);
	settle();
	assert_true(screen_has("…oject/application:1.2.3 éé"));
	assert_true(screen_has("éé 42%"));
	finish();
}

/* It is a row from when it is asked for, and the same one when it is here. */
static void test_what_is_on_its_way_has_a_row(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 1}, (struct app_args){.cols = 120});
	app_command(b.app, "pull ghcr.io/a/b:1", NULL);
	press("~~ 2 G");
	assert_true(screen_has("Images  5 of 5"));
	assert_true(screen_has("▸ ghcr.io/a/b:1"));
	assert_true(screen_has("◌ on its way"));
	assert_true(screen_has("61% download"));
	assert_true(screen_has("⏎ how far"));
	assert_false(screen_has("p pull"));
	press("> > d <"); /* sorted by what it has not, and not to be deleted */
	assert_true(screen_has("is not on this host"));
	press("G enter");
	assert_true(screen_has("▸ ● pull image ghcr.io/a/b:1"));
	press("2 ~~");
	assert_true(screen_has("▸ ghcr.io/a/b:1"));
	tick(20);
	assert_true(screen_has("Images  5 of 5"));
	assert_true(screen_has("▸ ghcr.io/a/b:1"));
	assert_true(screen_has("● local"));
	assert_true(screen_has("⏎ new machine"));
	press("d");
	assert_true(screen_has("it can be pulled again")); /* in no catalogue, but by its reference */
	press("esc");
	app_command(b.app, "pull ghcr.io/a/c:1", NULL);
	press("~~ 4 c ~~ 2"); /* what does not come has none any more */
	assert_true(screen_has("Images  5 of 5"));
	finish();
}

/* What was imported is nowhere to be pulled from. */
static void test_only_what_can_be_pulled_is_offered_to_be(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 1}, (struct app_args){0});
	press("2");
	assert_true(screen_has("p pull"));
	press("j");
	assert_true(screen_has("▸ gold"));
	assert_false(screen_has("p pull"));
	press("p");
	assert_true(screen_has("there is nothing to pull"));
	assert_null(last());
	finish();
}

static void test_a_reader_is_not_offered_what_changes(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 1}, (struct app_args){.readonly = true});
	press("2");
	assert_true(screen_has("▸ debian-bookworm"));
	assert_false(screen_has("new machine"));
	press("G");
	assert_true(screen_has("▸ alpine-3.19"));
	assert_false(screen_has("⏎ pull"));
	finish();
	begin((struct fake_args){.vms = 5}, (struct app_args){.readonly = true});
	assert_true(screen_has("▸ broken"));
	assert_false(screen_has("⏎"));
	press("j");
	assert_true(screen_has("⏎ shell"));
	finish();
	begin((struct fake_args){0}, (struct app_args){.readonly = true});
	assert_false(screen_has("⏎ make one"));
	finish();
}

/* Why there is nothing is said wherever there is nothing. */
static void test_a_store_that_cannot_be_opened_is_told_everywhere(void **state)
{
	struct err e = {0};

	(void)state;
	err_set(&e, ERR_STATE, "/run/banger is open to others");
	err_hint(&e, "chmod 700 /run/banger");
	bench_alone((struct app_args){0});
	press("2");
	assert_true(screen_has("opening the store"));
	app_engine_failed(b.app, &e);
	for (const char *view = "123"; *view; view++) {
		press((const char[]){*view, 0});
		assert_true(screen_has("/run/banger is open to others"));
		assert_true(screen_has("chmod 700 /run/banger"));
		assert_false(screen_has("no catalogue"));
	}
	bench_finish();
}

/* In US-ASCII the mark is a letter, which is none of the title's. */
static void test_the_mark_of_the_order_stands_apart_in_ascii(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 1}, (struct app_args){0});
	press("2");
	assert_true(screen_has("WHERE▼ "));
	b.c.ascii = true;
	press("> <");
	assert_true(screen_has("WHERE ▼"));
	finish();
}

/* What a line can become has all of it where it is no action with its help beside it. */
static void test_long_names_are_shown_whole_where_they_fit(void **state)
{
	struct event ev = {.kind = EV_IMAGE_UPSERT, .image = {.local = true}};

	(void)state;
	begin((struct fake_args){.vms = 1}, (struct app_args){0});
	snprintf(ev.image.name, sizeof(ev.image.name), "registry.example.org/team/project/application:1.2.3");
	str_copy(ev.image.reference, sizeof(ev.image.reference), ev.image.name);
	app_event(b.app, &ev);
	press("2 P");
	assert_true(screen_has("pull registry.example.org/team/project/application:1.2.3"));
	assert_true(screen_has("pull debian-bookworm"));
	assert_false(screen_has("pull broken"));
	assert_false(screen_has("pull gold"));
	finish();
}

/* A pane that has more than is shown says so, at the end where it has. */
static void test_a_pane_tells_that_there_is_more(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 60}, (struct app_args){.cols = 40, .rows = 10});
	press("3 l");
	assert_true(screen_has("▼"));
	press("G");
	assert_false(screen_has("▼"));
	assert_true(screen_has("▲"));
	press("g");
	assert_true(screen_has("▼"));
	assert_false(screen_has("▲"));
	finish();
}

/* What would go is told first, of each kind; and nothing goes but by a yes. */
static void test_the_cache_is_emptied_after_a_question(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 1}, (struct app_args){0});
	press("2 C");
	assert_int_equal(last()->kind, REQ_IMAGE_PRUNABLE);
	press("~~");
	assert_true(screen_has("Free 634M of disk?"));
	assert_true(screen_has("212M  14 layers and bundles"));
	assert_true(screen_has(" 31M  2 downloads that broke off"));
	assert_true(screen_has("391M  1 former image that"));
	press("enter"); /* Keep has the focus */
	assert_int_equal(last()->kind, REQ_IMAGE_PRUNABLE);
	press("C 1 ~~"); /* who went on is not asked */
	assert_false(screen_has("Free 634M"));
	press("2 C : ~~");
	assert_false(screen_has("Free 634M"));
	press("esc C ~~ y");
	assert_int_equal(last()->kind, REQ_IMAGE_PRUNE);
	press("~~ C ~~");
	assert_true(screen_has("there is nothing to remove"));
	finish();
}

/* What was typed is there to be mended, and why it has to be. */
static void test_a_refused_command_comes_back(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 1}, (struct app_args){0});
	fake_refuse(b.f, ERR_USAGE, "'Debian' is no reference: small letters only");
	press("2 P D e b i a n enter");
	assert_true(screen_has(":pull Debian"));
	assert_true(screen_has("is no reference: small letters only"));
	assert_true(screen_has("Images  4 of 4")); /* nowhere else */
	press("backspace");
	assert_true(screen_has(":pull Debia"));
	assert_false(screen_has("is no reference"));
	press("esc");
	assert_false(screen_has("is no reference")); /* it was read */
	assert_false(screen_has(":pull"));
	press(": x y z z y enter");
	assert_true(screen_has(":xyzzy"));
	assert_true(screen_has("there is no command 'xyzzy'"));
	/* An unknown machine fails alone: the others are not asked to do it a second time. */
	press("esc : r e s t a r t space d e v space n o enter");
	assert_int_equal(last()->kind, REQ_VM_RESTART);
	assert_true(screen_has("there is no machine 'no'"));
	assert_false(screen_has(":restart"));
	press(": x y z z y enter");
	press("up"); /* it is in the history, too, once */
	assert_true(screen_has(":xyzzy"));
	press("esc");
	finish();
}

/* Enter on what is on its way shows how far it is, also where something newer runs. */
static void test_enter_shows_the_pull_under_way(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("2 G p ~~");
	assert_true(screen_has("how far"));
	press("1 s 2 enter");
	assert_true(screen_has("▸ ● pull image alpine-3.19"));
	assert_true(screen_has("0b8d3e1f7a64 downloading"));
	assert_int_equal(fake_asked_count(b.f), 2); /* nothing was asked for by that */
	/* Where it is watched, a newer job does not take the cursor from it; once it has ended, the newest has it again. */
	press("1 j s 4");
	assert_true(screen_has("▸ ● pull image alpine-3.19"));
	tick(12);
	press("g 1 j s 4");
	assert_false(screen_has("▸ ✓ pull image alpine-3.19"));
	finish();
}

static void test_delete_asks_and_only_y_deletes(void **state)
{
	static const char *const refusals[] = {"enter", "esc", "n", "q", "ctrl-c"};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		press("d");
		assert_true(screen_has("Delete broken?"));
		press(refusals[i]);
		assert_false(screen_has("Delete broken?"));
	}
	assert_int_equal(fake_asked_count(b.f), 0);
	press("d ctrl-d ctrl-k Y space");
	assert_true(screen_has("Delete broken?"));
	press("y");
	assert_int_equal(last()->kind, REQ_VM_DELETE);
	tick(6);
	assert_false(screen_has("broken "));
	finish();
}

/* What machines use is refused before it is asked for: their names, and no yes to say. */
static void test_what_is_used_is_not_offered_for_deletion(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("2 d");
	assert_true(screen_has("Image debian-bookworm is in use"));
	assert_true(screen_has("2 machines are made from it"));
	assert_true(screen_has("dev, old-fork"));
	assert_false(screen_has("Delete y"));
	press("y tab enter"); /* there is but one button */
	assert_false(screen_has("is in use"));
	press("d left enter 3 d");
	assert_true(screen_has("Kernel debian is in use"));
	assert_true(screen_has("broken, ci-1, ci-2, dev, old-fork"));
	press("y esc j d"); /* nobody uses the other one */
	assert_true(screen_has("Delete kernel mine?"));
	assert_null(last());
	finish();
	begin((struct fake_args){.vms = 60}, (struct app_args){.cols = 40, .rows = 10});
	press("3 d");
	assert_true(screen_has("60 machines use it"));
	assert_true(screen_has("vm-00005, "));
	assert_true(screen_has(" more"));
	assert_true(screen_has("Close esc"));
	finish();
}

static void test_pasted_text_is_no_command(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("paste-begin d y enter q paste-end");
	assert_false(screen_has("Delete broken?"));
	assert_true(screen_has("no place here"));
	/* Nor an answer. */
	press("d paste-begin y enter paste-end");
	assert_true(screen_has("Delete broken?"));
	press("esc");
	/* Its first line is a field's text; the end of the line presses no button. */
	press("n paste-begin w e b 7 enter x paste-end");
	assert_true(screen_has("New machine"));
	assert_true(screen_has("web7"));
	assert_false(screen_has("web7x"));
	press("esc");
	assert_int_equal(fake_asked_count(b.f), 0);
	/* A paste whose end is lost is over when nothing comes any more. */
	press("paste-begin d");
	now += 5000;
	press("d");
	assert_true(screen_has("Delete broken?"));
	press("y");
	assert_int_equal(last()->kind, REQ_VM_DELETE);
	finish();
}

static void test_enter_presses_the_focused_button(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("d tab enter");
	assert_int_equal(last()->kind, REQ_VM_DELETE);
	finish();
}

/* The row under the cursor moves while the question stands: the answer is still about the one that was asked for. */
static void test_answer_is_bound_to_the_id(void **state)
{
	struct event ev = {.kind = EV_VM_UPSERT};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("d");
	snprintf(ev.vm.id, sizeof(ev.vm.id), "000000000001");
	snprintf(ev.vm.name, sizeof(ev.vm.name), "aaa");
	fake_push(b.f, &ev);
	settle();
	press("y");
	assert_string_equal(last()->ref, fake_vm_id(b.f, "broken"));
	finish();
}

static void test_many_need_a_typed_phrase(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 8}, (struct app_args){0});
	press("* d");
	assert_true(screen_has("Delete 8 machines?"));
	press("y y y");
	assert_int_equal(fake_asked_count(b.f), 0);
	press("backspace backspace backspace d e l e t e space 8");
	assert_int_equal(fake_asked_count(b.f), 0);
	press("y");
	assert_int_equal(fake_asked_count(b.f), 8);
	finish();
}

static void disk_of(const char *name, uint64_t bytes)
{
	struct event ev = {.kind = EV_VM_STATS, .vm_stats = {.disk_bytes = bytes, .off = true}};

	str_copy(ev.vm_stats.id, sizeof(ev.vm_stats.id), fake_vm_id(b.f, name));
	app_event(b.app, &ev);
}

static void test_many_are_counted_with_what_never_ran(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	disk_of("broken", (uint64_t)1 << 30);
	press("space G space d");
	assert_true(screen_has("0 of them run; at least 1.0G of disk is lost"));
	press("esc");
	disk_of("old-fork", (uint64_t)2 << 30);
	press("d");
	assert_true(screen_has("0 of them run; 3.0G of disk is lost"));
	press("esc U d");
	assert_true(screen_has("2.0G of disk is lost"));
	finish();
}

static void test_in_ascii_keys_are_named(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	b.c.ascii = true;
	app_paint(b.app, &b.c);
	canvas_to_ascii(&b.c);
	assert_true(screen_has(" enter start"));
	press("?");
	app_paint(b.app, &b.c);
	canvas_to_ascii(&b.c);
	assert_true(screen_has("enter  open"));
	assert_true(screen_has("down j  down"));
	finish();
}

static void test_marks_act_together(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("j space space s"); /* ci-1 and ci-2 run */
	assert_int_equal(fake_asked_count(b.f), 2);
	assert_int_equal(last()->kind, REQ_VM_STOP);
	assert_true(screen_has("asked for 2 of 2"));
	finish();
}

static void test_readonly_changes_nothing(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){.readonly = true});
	press("s d K r n");
	app_command(b.app, "delete dev", NULL);
	app_command(b.app, "pull alpine-3.19", NULL);
	press("2 p enter 1 enter"); /* broken: start by enter */
	assert_int_equal(fake_asked_count(b.f), 0);
	finish();
}

static void test_palette_takes_names(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press(": s t o p space d e v enter");
	assert_int_equal(last()->kind, REQ_VM_STOP);
	assert_string_equal(last()->ref, fake_vm_id(b.f, "dev"));
	app_command(b.app, "start nobody", NULL);
	app_paint(b.app, &b.c);
	assert_true(screen_has("there is no machine 'nobody'"));
	app_command(b.app, "explode", NULL);
	app_paint(b.app, &b.c);
	assert_true(screen_has("there is no command 'explode'"));
	assert_int_equal(fake_asked_count(b.f), 1);
	finish();
}

static void test_refusal_and_failure_are_told(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	fake_refuse(b.f, ERR_BUSY, "the store is locked by another process");
	press("s");
	assert_true(screen_has("the store is locked by another process"));
	press("s");
	tick(12);
	assert_true(screen_has("no space left on device"));
	now += 60000;
	app_paint(b.app, &b.c);
	assert_true(screen_has("? help"));
	finish();
}

static void test_a_full_disk_is_told_once(void **state)
{
	struct event ev = {.kind = EV_HOST_INFO, .host = {.state_dir = "/small/state", .full = true}};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){.cols = 120, .rows = 24});
	app_event(b.app, &ev);
	app_paint(b.app, &b.c);
	assert_true(screen_has("no room left in /small/state"));
	assert_true(screen_has("5 Host ▲"));
	ev.host.full = false;
	app_event(b.app, &ev);
	app_paint(b.app, &b.c);
	assert_true(screen_has("there is room again"));
	finish();
}

/* What nobody has looked for yet is not missing. */
static void test_a_host_is_judged_once_it_was_looked_at(void **state)
{
	struct event ev = {.kind = EV_HOST_INFO, .host = {.state_dir = "/small/state", .mode = "looking at this host…"}};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){.cols = 120, .rows = 24});
	press("5");
	app_event(b.app, &ev);
	app_paint(b.app, &b.c);
	assert_true(screen_has("looking at this host"));
	assert_true(screen_has("/small/state"));
	assert_false(screen_has("none found"));
	assert_false(screen_has("speed"));
	ev.host.looked = true;
	app_event(b.app, &ev);
	app_paint(b.app, &b.c);
	assert_true(screen_has("none found: install qemu"));
	assert_true(screen_has("speed"));
	finish();
}

static void look_at_size(enum vm_state st, int vcpus, int mem_mib)
{
	struct event ev = {.kind = EV_VM_UPSERT, .vm = {.state = st, .run_vcpus = 1, .run_mem_mib = 192}};

	str_copy(ev.vm.id, sizeof(ev.vm.id), fake_vm_id(b.f, "ci-1"));
	str_copy(ev.vm.name, sizeof(ev.vm.name), "ci-1");
	ev.vm.cfg.vcpus = vcpus;
	ev.vm.cfg.mem_mib = mem_mib;
	app_event(b.app, &ev);
	app_paint(b.app, &b.c);
}

static void test_detail_tells_what_the_next_start_changes(void **state)
{
	static const int sizes[][2] = {{80, 24}, {132, 40}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		begin((struct fake_args){.vms = 5}, (struct app_args){.cols = sizes[i][0], .rows = sizes[i][1]});
		press("j");
		look_at_size(VM_RUNNING, 1, 192);
		if (i == 0)
			press("l");
		assert_true(screen_has("192 MiB"));
		assert_false(screen_has("→ with its next start"));
		look_at_size(VM_RUNNING, 2, 256);
		assert_true(screen_has("1 → 2"));
		assert_true(screen_has("192 → 256 MiB"));
		assert_true(screen_has("→ with its next start: vm restart ci-1"));
		/* Of one that stands still it is what it has. */
		look_at_size(VM_STOPPED, 2, 256);
		assert_true(screen_has("256 MiB"));
		assert_false(screen_has("→ 256"));
		assert_false(screen_has("→ with its next start"));
		finish();
	}
}

static void test_form_checks_as_you_type(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("n W e b");
	assert_true(screen_has("New machine"));
	press("enter");
	assert_int_equal(fake_asked_count(b.f), 0);
	press("ctrl-u w e b down down ctrl-u 0");
	press("enter");
	assert_int_equal(fake_asked_count(b.f), 0);
	press("ctrl-u 2");
	assert_true(screen_has("--vcpus 2 web"));
	press("enter");
	assert_int_equal(last()->kind, REQ_VM_CREATE);
	assert_string_equal(last()->name, "web");
	assert_int_equal(last()->spec.set, 1u << SPEC_VCPUS); /* what was left alone follows the defaults */
	assert_int_equal(last()->flags, REQ_F_START);
	settle();
	assert_true(screen_has("VMs  6 of 6"));
	finish();
}

static void test_form_shows_the_whole_command(void **state)
{
	static const int sizes[][2] = {{80, 24}, {120, 30}, {200, 40}};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("n a - l o n g - n a m e down down ctrl-u 2 down ctrl-u 1 0 2 4 M down right down ctrl-u 1 0 G down ctrl-u 1 6 G");
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		app_resize(b.app, sizes[i][0], sizes[i][1]);
		app_paint(b.app, &b.c);
		assert_true(screen_has("banger-tui vm create --vcpus 2 --memory 1024M --disk copy"));
		assert_true(screen_has("--work 16G a-long-name"));
		assert_true(screen_has("(ctrl-y copies)"));
		assert_true(screen_has("Create ⏎"));
	}
	finish();
}

static void test_form_quotes_for_the_shell(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("n B A D space é ' ; ctrl-y");
	auto_free char *copied = app_take_clipboard(b.app);
	assert_string_equal(copied, "banger-tui vm create 'BAD é'\\'';'");
	finish();
}

static void test_form_has_one_range(void **state)
{
	static const char *const wrong[] = {"9 9", "2 0", "0", "1 3"};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("n down down");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		press("ctrl-u");
		press(wrong[i]);
		assert_true(screen_has("1–12"));
		assert_true(screen_has("vcpus must be between 1 and 12"));
	}
	press("ctrl-u t w o");
	assert_true(screen_has("vcpus 'two' is not a number"));
	press("ctrl-u 1 2");
	assert_false(screen_has("vcpus must be"));
	finish();
}

static void test_cursor_goes_to_the_new_machine(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("n z e b r a enter");
	settle();
	assert_true(screen_has("▸ zebra"));
	press("k");
	tick(12);
	assert_true(screen_has("▸ old-fork")); /* once: it does not pull the cursor back */
	press("n a n t enter");
	press("j"); /* who goes on meanwhile is left alone */
	settle();
	assert_true(screen_has("▸ zebra"));
	press("2 n o x enter 1");
	settle();
	assert_true(screen_has("▸ ox"));
	press("6 n");
	assert_true(screen_has("New machine"));
	press("esc");
	assert_true(screen_has("no console is open"));
	finish();
}

/* The word of vm list and vm show, and of the store. */
static void test_states_have_one_word(void **state)
{
	struct event ev = {.kind = EV_VM_UPSERT, .vm = {.id = "000000000001", .name = "aaa"}};

	(void)state;
	begin((struct fake_args){.vms = 1}, (struct app_args){0});
	for (enum vm_state s = 0; s < VM_STATE_COUNT; s++) {
		ev.vm.state = s;
		app_event(b.app, &ev);
		app_paint(b.app, &b.c);
		assert_true(screen_has(vm_state_to_string(s)));
	}
	finish();
}

static void test_disk_modes_that_are_offered(void **state)
{
	static const struct {
		const char *key, *says;
	} turn[] = {{"right", "copy"}, {"right", "dm-snapshot"}, {"right", "overlay"}, {"left", "dm-snapshot"}};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("n down down down down");
	for (size_t i = 0; i < ARRAY_LEN(turn); i++) {
		char line[32];
		press(turn[i].key);
		snprintf(line, sizeof(line), "--disk %s", turn[i].says);
		assert_true(screen_has(line));
	}
	finish();
}

static void test_letters_belong_to_the_form(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("n q d s 1");
	assert_true(screen_has("New machine"));
	assert_int_equal(app_take_wishes(b.app) & WISH_QUIT, 0);
	press("ctrl-y");
	auto_free char *copied = app_take_clipboard(b.app);
	assert_string_equal(copied, "banger-tui vm create qds1");
	press("esc");
	assert_true(screen_has("VMs  5 of 5"));
	finish();
}

static void test_first_machine_with_one_key(void **state)
{
	(void)state;
	begin((struct fake_args){.empty = true}, (struct app_args){0});
	assert_true(screen_has("No machines yet."));
	press("enter");
	assert_int_equal(last()->kind, REQ_VM_CREATE);
	assert_int_equal(last()->spec.set, 0);
	finish();
}

static void test_quit_says_what_stays(void **state)
{
	auto_buf text = {0};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("s q"); /* a job is under way */
	settle();
	assert_true(screen_has("Quit now?"));
	assert_true(screen_has("3 machines keep running: ci-1, ci-2, dev"));
	press("enter");
	assert_false(app_take_wishes(b.app) & WISH_QUIT);
	tick(12);
	press("q");
	assert_true(app_take_wishes(b.app) & WISH_QUIT);
	app_farewell(b.app, &text);
	assert_string_equal(buf_cstr(&text), "3 machines keep running: ci-1, ci-2, dev\n");
	finish();
}

/* A machine runs before its start has ended: leaving cancels that start, and undoes it. */
static void test_quit_names_no_machine_it_takes_down(void **state)
{
	struct event ev = {.kind = EV_VM_UPSERT};
	auto_buf text = {0};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("G s"); /* old-fork */
	tick(2);
	str_copy(ev.vm.id, sizeof(ev.vm.id), fake_vm_id(b.f, "old-fork"));
	str_copy(ev.vm.name, sizeof(ev.vm.name), "old-fork");
	ev.vm.state = VM_RUNNING;
	app_event(b.app, &ev);
	press("q");
	assert_true(screen_has("3 machines keep running: ci-1, ci-2, dev"));
	assert_false(screen_has("dev, old-fork"));
	press("esc");
	tick(12); /* up: nothing takes it down any more */
	app_farewell(b.app, &text);
	assert_string_equal(buf_cstr(&text), "4 machines keep running: ci-1, ci-2, dev, old-fork\n");
	finish();
}

static void test_memory_before_the_guest_tells(void **state)
{
	struct event ev = {.kind = EV_VM_STATS};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){.cols = 132, .rows = 40});
	tick(8);
	press("j");
	ev.vm_stats = (struct vm_stats){.at_ms = 60000, .cpu_permille = 310, .rss_bytes = 3ULL << 30};
	str_copy(ev.vm_stats.id, sizeof(ev.vm_stats.id), fake_vm_id(b.f, "ci-1"));
	app_event(b.app, &ev);
	app_paint(b.app, &b.c);
	assert_false(screen_has("3.0G ▓"));
	assert_true(screen_has("host  3.0G of memory"));
	finish();
}

static void test_log_is_followed_only_in_sight(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){.cols = 120, .rows = 36});
	press("j j j ] ]");
	assert_string_equal(fake_watched(b.f), fake_vm_id(b.f, "dev"));
	settle();
	assert_true(screen_has("Linux version"));
	press("k");
	assert_string_equal(fake_watched(b.f), fake_vm_id(b.f, "ci-2"));
	press("2");
	assert_string_equal(fake_watched(b.f), "");
	press("1");
	assert_string_equal(fake_watched(b.f), fake_vm_id(b.f, "ci-2"));
	finish();
}

static void test_help_is_cut_nowhere(void **state)
{
	static const int widths[] = {40, 47, 59, 60, 80, 132};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("?");
	for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
		app_resize(b.app, widths[i], 10);
		press("g");
		for (int page = 0; page < 20; page++) {
			assert_false(screen_has("…"));
			press("pgdn");
		}
		assert_true(screen_has("save-screen PATH"));
	}
	app_resize(b.app, 40, 10);
	press("G");
	app_resize(b.app, 132, 80); /* all of it fits: none of it stays scrolled away */
	app_paint(b.app, &b.c);
	assert_true(screen_has("the obvious thing"));
	finish();
}

static void test_resize_keeps_everything(void **state)
{
	static const int sizes[][2] = {{200, 60}, {40, 10}, {39, 9}, {1, 1}, {120, 36}, {80, 24}};

	(void)state;
	begin((struct fake_args){.vms = 40}, (struct app_args){0});
	press("j j space / c i enter ] :");
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		app_resize(b.app, sizes[i][0], sizes[i][1]);
		app_paint(b.app, &b.c);
	}
	press("esc");
	assert_true(screen_has("2 of 40"));
	assert_true(screen_has("marked 1"));
	finish();
}

static void test_fast_escape_is_two_keys(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("/ c i enter");
	assert_true(screen_has("2 of 5"));
	press("alt-j");
	assert_true(screen_has("5 of 5") && screen_has("▸ ci-2"));
	press("d alt-k"); /* the question is left, then up */
	assert_true(!screen_has("Delete") && screen_has("▸ ci-1"));
	finish();
}

static void test_cancel_from_activity(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("s 4");
	tick(2);
	press("c");
	settle();
	assert_true(screen_has("canceled"));
	press("r");
	assert_int_equal(last()->kind, REQ_VM_START);
	finish();
}

/* A job that the fake knows nothing of. */
static struct event made_up(uint64_t id, enum job_state state, bool local)
{
	struct event ev = {.kind = EV_JOB,
			   .job = {.id = id, .kind = REQ_IMAGE_PULL, .state = state, .done = -1, .total = -1, .rate = -1, .owner = 4711, .local = local}};

	str_copy(ev.job.op_id, sizeof(ev.job.op_id), "0f0f0f0f0f0f");
	str_copy(ev.job.target, sizeof(ev.job.target), "quay.io/a/b:1");
	ev.job.queued_ms = ev.job.started_ms = now + (int64_t)id;
	return ev;
}

static void say(const struct event *ev)
{
	fake_push(b.f, ev);
	settle();
}

static void test_a_failure_can_be_read_whole(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press(":");
	type("pull quay.io/a/broken:1");
	press("enter 1");
	tick(20);
	assert_true(screen_has(" pull image 'quay.io/a/broken:1': ")); /* once */
	assert_false(screen_has("broken:1: pull image"));
	assert_true(screen_has("… 4 shows all"));
	press("4");
	assert_true(screen_has("connection reset by peer"));
	assert_true(screen_has("whether a proxy stands"));
	app_resize(b.app, 40, 10);
	settle();
	assert_false(screen_has("reset by peer"));
	assert_true(screen_has("why"));
	press("enter G");
	assert_true(screen_has("operation") && screen_has("op") && !screen_has("HOW FAR"));
	press("esc");
	assert_true(screen_has("HOW FAR"));
	press("enter 1 4"); /* it was left */
	assert_true(screen_has("HOW FAR"));
	press("enter r"); /* the page is of that one; what is asked for anew is shown */
	assert_int_equal(last()->kind, REQ_IMAGE_PULL);
	assert_true(screen_has("HOW FAR"));
	finish();
}

/* A newer job comes to stand on the first row beneath. */
static void test_keys_are_about_the_failure_that_is_read(void **state)
{
	struct event ev = made_up(900, JOB_RUNNING, true);

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press(":");
	type("pull quay.io/a/broken:1");
	press("enter 1");
	tick(20);
	press("4 enter");
	assert_true(screen_has("operation"));
	say(&ev);
	assert_true(screen_has("operation"));
	press("c");
	assert_true(screen_has("it has ended"));
	press("r");
	assert_int_equal(last()->kind, REQ_IMAGE_PULL);
	assert_string_equal(last()->ref, "quay.io/a/broken:1");
	assert_true(screen_has("HOW FAR"));
	finish();
}

static void test_what_is_asked_for_again_has_the_cursor(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("2 G p ~~ 4");
	tick(1);
	press("c ~~ 1 s 4 ~~ j");
	assert_true(screen_has("▸ × pull image alpine-3.19"));
	press("r ~~");
	assert_true(screen_has("▸ ● pull image alpine-3.19"));
	finish();
}

static void test_jobs_of_others_are_theirs(void **state)
{
	struct event ev;

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("4");
	ev = made_up(1ULL << 63 | 1, JOB_RUNNING, false);
	ev.job.queued_ms = now;
	say(&ev);
	assert_true(screen_has("run by process 4711"));
	assert_false(screen_has("c cancel"));
	press("c");
	assert_true(screen_has("run by process 4711, and cancelled there"));
	ev.job.state = JOB_ENDED;
	say(&ev);
	assert_true(screen_has("▸ ○ pull image quay.io/a/b:1") && screen_has("ended"));
	assert_false(screen_has("done"));
	/* Ours is about the same, and waits for it. */
	ev.job.state = JOB_RUNNING;
	say(&ev);
	ev = made_up(700, JOB_QUEUED, true);
	str_copy(ev.job.waiting_for, sizeof(ev.job.waiting_for), "another banger-tui");
	say(&ev);
	assert_true(screen_has("waits for another banger-tui's pull"));
	finish();
}

static void test_the_whole_takes_as_long_as_its_slowest_part(void **state)
{
	struct event ev, parts = {.kind = EV_JOB_PARTS, .parts = {.job = 700, .count = 1, .n = 1}};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){.cols = 120, .rows = 36});
	press("4");
	ev = made_up(700, JOB_RUNNING, true);
	ev.job.done = 10 << 20;
	ev.job.total = 40 << 20;
	ev.job.rate = 1 << 20;
	say(&ev);
	assert_true(screen_has("30s left"));
	parts.parts.parts[0] = (struct job_part){"0b8d3e1f7a64", OP_PART_MOVING, 0, 9 << 20, 0, (9 << 20) / 90};
	say(&parts);
	assert_true(screen_has("1m 30s left"));
	/* All of it is fetched by somebody else. */
	parts.parts.parts[0].state = OP_PART_ELSEWHERE;
	parts.parts.parts[0].rate = -1;
	ev.job.rate = 0;
	say(&ev);
	say(&parts);
	assert_true(screen_has("waits for another banger-tui's pull"));
	assert_false(screen_has("stalled"));
	finish();
}

static void test_names_have_the_room_there_is(void **state)
{
	struct event ev;

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){.cols = 132, .rows = 36});
	press("4");
	ev = made_up(700, JOB_DONE, true);
	str_copy(ev.job.target, sizeof(ev.job.target),
		 "docker.io/library/alpine@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	say(&ev);
	assert_true(screen_has("pull image alpine@sha256:0123456789ab… "));
	str_copy(ev.job.target, sizeof(ev.job.target), "registry.example.org/some/team/and/its/image:1");
	say(&ev);
	assert_true(screen_has("pull image registry.example.org/some/team/and/its/image:1 "));
	finish();
}

static void test_esc_leads_back_from_a_job(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("2 G p ~~ enter");
	assert_true(screen_has("HOW FAR"));
	press("esc");
	assert_true(screen_has("ON DISK"));
	press("4");
	assert_true(screen_has("HOW FAR"));
	press("esc"); /* come to by itself: nothing to go back to */
	assert_true(screen_has("HOW FAR"));
	finish();
}

static void test_a_finished_pull_leads_to_its_image(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("2 G p g 4");
	tick(20);
	assert_true(screen_has("show it"));
	press("enter");
	assert_true(screen_has("▸ alpine-3.19"));
	finish();
}

static void test_console_takes_every_key_but_the_prefix(void **state)
{
	char got[16] = "";
	struct console_tab *t;

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("j enter");
	tick(2);
	assert_true(screen_has("[ci-1]"));
	press("q d ?");
	t = consoles_at(app_consoles(b.app), 0);
	console_turn(t->console);
	assert_int_equal(read(peer, got, sizeof(got)), 3);
	assert_memory_equal(got, "qd?", 3);
	assert_int_equal(write(peer, "hello\033[31m red\r\n", 16), 16);
	console_turn(t->console);
	app_paint(b.app, &b.c);
	assert_true(screen_has("hello red"));
	press("ctrl-]");
	assert_true(screen_has("d leaves"));
	press("d");
	assert_true(screen_has("VMs  5 of 5"));
	press("6");
	assert_true(screen_has("hello red"));
	/* The guest goes away: the screen stays and says so; x closes. */
	close(peer);
	peer = -1;
	console_turn(t->console);
	app_paint(b.app, &b.c);
	assert_true(screen_has("hello red") && screen_has("reconnects"));
	press("x");
	assert_true(screen_has("VMs  5 of 5"));
	finish();
}

/* Why it is dead comes from who knows best, as long as it fits; what can be done about it is never cut. */
static void test_a_dead_console_says_why(void **state)
{
	struct event ev = {.kind = EV_VM_UPSERT};
	struct console_tab *t;

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("j enter");
	tick(2);
	t = consoles_at(app_consoles(b.app), 0);
	console_detach(t->console, "read from the guest: the connection was lost");
	app_paint(b.app, &b.c);
	assert_true(screen_has(" the connection was lost · ⏎ reconnects, x closes"));
	str_copy(ev.vm.id, sizeof(ev.vm.id), fake_vm_id(b.f, "ci-1"));
	str_copy(ev.vm.name, sizeof(ev.vm.name), "ci-1");
	ev.vm.state = VM_STOPPED;
	app_event(b.app, &ev);
	app_paint(b.app, &b.c);
	assert_true(screen_has(" the machine was stopped · ⏎ reconnects, x closes"));
	app_resize(b.app, 40, 10);
	app_paint(b.app, &b.c);
	assert_true(screen_has("[ci-1] stopped · ⏎ reconnects, x closes"));
	app_resize(b.app, 80, 24);
	str_copy(ev.vm.reason, sizeof(ev.vm.reason), "the guest powered itself off");
	app_event(b.app, &ev);
	app_paint(b.app, &b.c);
	assert_true(screen_has(" the guest powered itself off · ⏎ reconnects, x closes"));
	press("1 : k i l l space d e v enter y"); /* a job about another machine tells nothing of this one */
	tick(8);
	press("6");
	assert_true(screen_has("powered itself off"));
	app_command(b.app, "kill ci-1", NULL);
	press("y");
	tick(8);
	assert_true(screen_has(" the machine was killed · ⏎ reconnects, x closes"));
	app_resize(b.app, 40, 10);
	app_paint(b.app, &b.c);
	assert_true(screen_has(" killed · ⏎ reconnects, x closes"));
	/* Somebody else started it meanwhile: what the old connection said is no news any more. */
	ev.vm.state = VM_RUNNING;
	ev.vm.reason[0] = 0;
	str_copy(ev.vm.boot_id, sizeof(ev.vm.boot_id), "another-boot");
	app_event(b.app, &ev);
	app_resize(b.app, 80, 24);
	app_paint(b.app, &b.c);
	assert_true(screen_has(" the machine was started anew · ⏎ reconnects, x closes"));
	finish();
}

static void test_console_does_not_take_keys_from_a_form(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("j enter n w e b");
	tick(2);
	assert_true(screen_has("New machine") && screen_has("the console of ci-1 is open"));
	press("- 1 esc 6");
	assert_true(screen_has("[ci-1]"));
	finish();
}

static void test_reconnecting_ends(void **state)
{
	struct err e = {0};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("j enter"); /* job 1 */
	tick(2);
	close(peer);
	console_turn(consoles_at(app_consoles(b.app), 0)->console);
	press("enter"); /* job 2 */
	assert_true(screen_has("connecting"));
	assert_ok(b.port.cancel(b.port.self, 2, &e), &e);
	settle();
	assert_true(screen_has("reconnects"));
	press("enter");
	tick(2); /* a new session into the same tab */
	assert_int_equal(consoles_count(app_consoles(b.app)), 1);
	assert_int_equal(console_state(consoles_at(app_consoles(b.app), 0)->console), CONSOLE_LIVE);
	finish();
}


static void test_the_doctor_looks_when_it_is_seen(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){.cols = 120, .rows = 36});
	assert_int_equal(fake_asked_count(b.f), 0);
	press("5");
	assert_int_equal(last()->kind, REQ_HOST_DOCTOR);
	assert_int_equal(fake_asked_count(b.f), 1);
	tick(4);
	assert_true(screen_has("1 failure"));
	app_take_wishes(b.app);
	press("r q"); /* a look that is under way keeps nobody */
	assert_int_equal(app_take_wishes(b.app), WISH_QUIT);
	tick(4);
	press("1 5"); /* not each time, but when it is asked to */
	assert_int_equal(fake_asked_count(b.f), 2);
	press("r");
	assert_int_equal(fake_asked_count(b.f), 3);
	assert_int_equal(last()->kind, REQ_HOST_DOCTOR);
	finish();
}

static void test_left_overs_are_removed_after_asking(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){.cols = 120, .rows = 36});
	press("5");
	tick(4);
	press("/ b g r enter m");
	assert_true(screen_has("Remove it?"));
	assert_true(screen_has("  sudo ip link delete bgr3f9c1a7be204"));
	press("enter"); /* Keep has the focus */
	assert_int_equal(fake_asked_count(b.f), 1);
	press("m y");
	assert_int_equal(last()->kind, REQ_HOST_MEND);
	assert_string_equal(last()->ref, "guest 3f9c1a7be204");
	tick(8);
	assert_false(screen_has("bgr3f9c1a7be204"));
	/* What is not ours to remove is not removed: its command is copied. */
	press("esc g enter");
	assert_false(screen_has("Remove it?"));
	auto_free char *copied = app_take_clipboard(b.app);
	assert_string_equal(copied, "apt install e2fsprogs  |  dnf install e2fsprogs  |  pacman -S e2fsprogs");
	press("m");
	assert_true(screen_has("nothing here is left over"));
	finish();
}

/* What the doctor finds while nobody looks is at the tab; what is missing is made again, after asking. */
static void test_missing_rules_are_made_again_after_asking(void **state)
{
	struct event ev = {.kind = EV_CHECK,
			   .check = {.first = true,
				     .line = {CHECK_FAIL, "packet filter", "2 bridged machines run and their rules are gone",
					      "banger-tui vm set --nat=yes dev", MEND_RULES}}};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){.cols = 120, .rows = 36});
	fake_push(b.f, &ev);
	ev = (struct event){.kind = EV_CHECK, .check.end = true};
	fake_push(b.f, &ev);
	settle();
	assert_true(screen_has("Host ▲"));
	press("5 m");
	assert_true(screen_has("Make them again?"));
	assert_true(screen_has("2 bridged machines run and their rules are gone"));
	press("enter"); /* Leave has the focus */
	assert_int_equal(last()->kind, REQ_HOST_DOCTOR);
	press("m y");
	assert_int_equal(last()->kind, REQ_HOST_MEND);
	assert_string_equal(last()->ref, "rules");
	finish();
}

static void test_the_helper_is_started_where_it_can_be(void **state)
{
	struct event ev = {.kind = EV_HELPER, .helper = {.why = "neither sudo nor pkexec is installed"}};

	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){.cols = 120, .rows = 36});
	press("5");
	assert_true(screen_has("H helper"));
	press("H");
	assert_int_equal(app_take_wishes(b.app), WISH_HELPER);
	fake_push(b.f, &ev);
	settle();
	assert_false(screen_has("H helper"));
	assert_true(screen_has("neither sudo nor pkexec"));
	press("H");
	assert_int_equal(app_take_wishes(b.app), 0);
	ev.helper.runs = true;
	fake_push(b.f, &ev);
	settle();
	assert_true(screen_has("runs: bridged machines"));
	press("H");
	assert_int_equal(app_take_wishes(b.app), 0);
	finish();
}

static void test_a_read_only_console_mends_nothing(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){.cols = 120, .rows = 36, .readonly = true});
	press("5");
	tick(4);
	press("/ b g r enter m enter");
	assert_false(screen_has("Remove it?"));
	press("H");
	assert_int_equal(app_take_wishes(b.app), 0);
	finish();
}

static void test_mouse(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	app_mouse(b.app, &(struct mouse){MOUSE_CLICK, 5, 5});
	app_paint(b.app, &b.c);
	assert_true(screen_has("▸ ci-1"));
	app_mouse(b.app, &(struct mouse){MOUSE_DOUBLE, 5, 4}); /* broken: start */
	assert_int_equal(last()->kind, REQ_VM_START);
	app_mouse(b.app, &(struct mouse){MOUSE_WHEEL_DOWN, 5, 10});
	app_paint(b.app, &b.c);
	assert_true(screen_has("▸ dev"));
	app_mouse(b.app, &(struct mouse){MOUSE_CLICK, 4, 3}); /* header: sort by name, again: reverse */
	app_mouse(b.app, &(struct mouse){MOUSE_CLICK, 4, 3});
	app_paint(b.app, &b.c);
	assert_true(screen_has("NAME▲"));
	finish();
}

/* Where the list was, or would go on, there is something else. */
static void test_mouse_beside_a_list(void **state)
{
	(void)state;
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	press("2 tab");
	app_paint(b.app, &b.c);
	assert_true(screen_has("content"));
	const struct request *before = last();
	for (int y = 0; y < b.c.rows; y++)
		app_mouse(b.app, &(struct mouse){MOUSE_DOUBLE, 5, y});
	assert_ptr_equal(last(), before);
	app_paint(b.app, &b.c);
	assert_true(screen_has("content"));
	finish();
	begin((struct fake_args){.vms = 5}, (struct app_args){0});
	for (int i = 0; i < 12; i++) {
		press("s");
		tick(8);
	}
	press("2 G k p");
	tick(1);
	press("4");
	assert_true(screen_has("▸ ● pull image tiny"));
	for (int y = b.c.rows / 2 + 1; y < b.c.rows; y++)
		app_mouse(b.app, &(struct mouse){MOUSE_CLICK, 5, y});
	app_paint(b.app, &b.c);
	assert_true(screen_has("▸ ● pull image tiny"));
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_frame_needs_no_engine),
		cmocka_unit_test(test_enter_does_the_obvious),
		cmocka_unit_test(test_nothing_is_assumed),
		cmocka_unit_test(test_p_pauses_and_lets_go_on),
		cmocka_unit_test(test_i_saves_as_an_image),
		cmocka_unit_test(test_images_are_pulled_by_reference),
		cmocka_unit_test(test_an_empty_reference_is_asked_for_again),
		cmocka_unit_test(test_the_last_line_keeps_what_tells_jobs_apart),
		cmocka_unit_test(test_what_is_on_its_way_has_a_row),
		cmocka_unit_test(test_only_what_can_be_pulled_is_offered_to_be),
		cmocka_unit_test(test_a_reader_is_not_offered_what_changes),
		cmocka_unit_test(test_a_store_that_cannot_be_opened_is_told_everywhere),
		cmocka_unit_test(test_the_mark_of_the_order_stands_apart_in_ascii),
		cmocka_unit_test(test_long_names_are_shown_whole_where_they_fit),
		cmocka_unit_test(test_a_pane_tells_that_there_is_more),
		cmocka_unit_test(test_the_cache_is_emptied_after_a_question),
		cmocka_unit_test(test_a_refused_command_comes_back),
		cmocka_unit_test(test_enter_shows_the_pull_under_way),
		cmocka_unit_test(test_delete_asks_and_only_y_deletes),
		cmocka_unit_test(test_what_is_used_is_not_offered_for_deletion),
		cmocka_unit_test(test_pasted_text_is_no_command),
		cmocka_unit_test(test_enter_presses_the_focused_button),
		cmocka_unit_test(test_answer_is_bound_to_the_id),
		cmocka_unit_test(test_many_need_a_typed_phrase),
		cmocka_unit_test(test_many_are_counted_with_what_never_ran),
		cmocka_unit_test(test_in_ascii_keys_are_named),
		cmocka_unit_test(test_marks_act_together),
		cmocka_unit_test(test_readonly_changes_nothing),
		cmocka_unit_test(test_palette_takes_names),
		cmocka_unit_test(test_refusal_and_failure_are_told),
		cmocka_unit_test(test_a_full_disk_is_told_once),
		cmocka_unit_test(test_a_host_is_judged_once_it_was_looked_at),
		cmocka_unit_test(test_detail_tells_what_the_next_start_changes),
		cmocka_unit_test(test_form_checks_as_you_type),
		cmocka_unit_test(test_states_have_one_word),
		cmocka_unit_test(test_form_shows_the_whole_command),
		cmocka_unit_test(test_form_quotes_for_the_shell),
		cmocka_unit_test(test_form_has_one_range),
		cmocka_unit_test(test_cursor_goes_to_the_new_machine),
		cmocka_unit_test(test_disk_modes_that_are_offered), cmocka_unit_test(test_letters_belong_to_the_form),
		cmocka_unit_test(test_first_machine_with_one_key),
		cmocka_unit_test(test_memory_before_the_guest_tells),
		cmocka_unit_test(test_quit_says_what_stays),
		cmocka_unit_test(test_quit_names_no_machine_it_takes_down),
		cmocka_unit_test(test_log_is_followed_only_in_sight),
		cmocka_unit_test(test_help_is_cut_nowhere),
		cmocka_unit_test(test_resize_keeps_everything),
		cmocka_unit_test(test_fast_escape_is_two_keys),
		cmocka_unit_test(test_cancel_from_activity),
		cmocka_unit_test(test_a_failure_can_be_read_whole),
		cmocka_unit_test(test_keys_are_about_the_failure_that_is_read),
		cmocka_unit_test(test_what_is_asked_for_again_has_the_cursor),
		cmocka_unit_test(test_jobs_of_others_are_theirs),
		cmocka_unit_test(test_the_whole_takes_as_long_as_its_slowest_part),
		cmocka_unit_test(test_names_have_the_room_there_is),
		cmocka_unit_test(test_esc_leads_back_from_a_job),
		cmocka_unit_test(test_a_finished_pull_leads_to_its_image),
		cmocka_unit_test(test_console_takes_every_key_but_the_prefix),
		cmocka_unit_test(test_a_dead_console_says_why),
		cmocka_unit_test(test_console_does_not_take_keys_from_a_form),
		cmocka_unit_test(test_reconnecting_ends),
		cmocka_unit_test(test_the_doctor_looks_when_it_is_seen),
		cmocka_unit_test(test_left_overs_are_removed_after_asking), cmocka_unit_test(test_missing_rules_are_made_again_after_asking),
		cmocka_unit_test(test_the_helper_is_started_where_it_can_be),
		cmocka_unit_test(test_a_read_only_console_mends_nothing),
		cmocka_unit_test(test_mouse),
		cmocka_unit_test(test_mouse_beside_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
