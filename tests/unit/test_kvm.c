/* SPDX-License-Identifier: MIT */
/*
 * vmm/kvm: the verdict comes from running a guest, and only once per boot. QEMU is played by small programs.
 */
#include "tests/lib/test.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/path.h"
#include "core/vmm/kvm.h"
#include "core/vmm/pvh.h"

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#define SPIN "--spin"

static bool has_device(void)
{
	auto_fd fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	return fd >= 0;
}

/* A QEMU that does `script` and counts how often it was run. */
static const char *fake_qemu(void **state, const char *script)
{
	const char *path = tmpdir_path(state, "qemu");
	auto_free char *text = xasprintf("#!/bin/sh\necho x >> '%s/runs'\n%s\n", (char *)*state, script);

	test_write(path, text);
	assert_int_equal(chmod(path, 0700), 0);
	return path;
}

static struct kvm_verdict probe(void **state, const char *qemu)
{
	struct kvm_verdict v;
	struct err e = {0};
	struct op op;

	op_init(&op, 20000);
	assert_ok(kvm_probe(&op, tmpdir_path(state, "cache"), qemu, &v, &e), &e);
	op_done(&op);
	return v;
}

static void believes_a_guest_that_ran(void **state)
{
	if (!has_device())
		skip();
	const char *qemu = fake_qemu(state, "exit 0");
	assert_true(probe(state, qemu).works);
	struct kvm_verdict again = probe(state, qemu);
	assert_true(again.works && again.from_cache);
	auto_free char *runs = test_read(tmpdir_path(state, "runs"));
	assert_string_equal(runs, "x\n");
}

static void passes_on_the_first_complaint(void **state)
{
	if (!has_device())
		skip();
	struct kvm_verdict v = probe(state, fake_qemu(state, "echo qemu: error: cannot set MSR >&2; echo aborting >&2; exit 1"));
	assert_false(v.works);
	assert_string_equal(v.why, "a guest under KVM failed: cannot set MSR");
}

static void does_not_wait_for_a_guest_that_hangs(void **state)
{
	if (!has_device())
		skip();
	struct kvm_verdict v = probe(state, fake_qemu(state, "exec tail -f /dev/null"));
	assert_false(v.works);
	assert_non_null(strstr(v.why, "did not get anywhere within"));
}

/* What QEMU does to get ready takes as long as the host lets it. */
static void has_patience_with_a_busy_host(void **state)
{
	if (!has_device())
		skip();
	assert_true(probe(state, fake_qemu(state, "sleep 4; exit 0")).works);
}

/* A KVM that interprets: the guest's thread works and works. */
static void ends_a_guest_that_works_in_vain(void **state)
{
	char self[PATHS_MAX];

	if (!has_device())
		skip();
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	assert_true(n > 0);
	self[n] = '\0';
	auto_free char *script = xasprintf("exec '%s' " SPIN, self);
	struct kvm_verdict v = probe(state, fake_qemu(state, script));
	assert_false(v.works);
	assert_non_null(strstr(v.why, "of its processor's time"));
}

static void *spin(void *arg UNUSED)
{
	for (volatile unsigned n = 0;; n++)
		;
	return NULL;
}

static int spin_in_a_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, spin, NULL) == 0 ? pthread_join(thread, NULL) : 1;
}

static void tries_again_after_a_change(void **state)
{
	if (!has_device())
		skip();
	assert_false(probe(state, fake_qemu(state, "exit 1")).works);
	test_write(tmpdir_path(state, "cache/kvm-probe.json"),
		   "{\"key\":\"an earlier boot\",\"works\":false,\"why\":\"\"}");
	assert_true(probe(state, fake_qemu(state, "exit 0")).works);
}

static void says_when_there_is_no_qemu(void **state)
{
	struct kvm_verdict v;
	struct err e = {0};
	struct op op;

	if (!has_device())
		skip();
	op_init(&op, 20000);
	assert_err(kvm_probe(&op, tmpdir_path(state, "cache"), "/nonexistent/qemu", &v, &e), &e, ERR_MISSING);
	op_cancel(&op);
	assert_err(kvm_probe(&op, tmpdir_path(state, "cache"), fake_qemu(state, "exit 0"), &v, &e), &e, ERR_CANCELED);
	op_done(&op);
}

static void wraps_code_as_elf(void **state UNUSED)
{
	static const uint8_t code[] = {0xf4, 0xeb, 0xfd};
	auto_buf elf = {0};
	Elf32_Ehdr eh;
	Elf32_Phdr load;

	pvh_wrap(code, sizeof(code), &elf);
	memcpy(&eh, elf.data, sizeof(eh));
	assert_memory_equal(eh.e_ident, ELFMAG, SELFMAG);
	assert_int_equal(eh.e_entry, PVH_LOAD_ADDR);
	memcpy(&load, elf.data + eh.e_phoff, sizeof(load));
	assert_int_equal(load.p_type, PT_LOAD);
	assert_int_equal(load.p_filesz, sizeof(code));
	assert_int_equal(load.p_offset + load.p_filesz, elf.len);
	assert_memory_equal(elf.data + load.p_offset, code, sizeof(code));
}

#define T(f) cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], SPIN) == 0)
		return spin_in_a_thread();
	const struct CMUnitTest tests[] = {
		T(believes_a_guest_that_ran),
		T(passes_on_the_first_complaint),
		T(does_not_wait_for_a_guest_that_hangs),
		T(has_patience_with_a_busy_host),
		T(ends_a_guest_that_works_in_vain),
		T(tries_again_after_a_change),
		T(says_when_there_is_no_qemu),
		cmocka_unit_test(wraps_code_as_elf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
