/* SPDX-License-Identifier: MIT */
/*
 * The KVM probe: a guest of a few bytes under the very QEMU, machine and processor options a VM gets.
 *
 * Opening the device and even running a few instructions through its ioctls proves little. Seen in the field: a KVM
 * inside a cloud guest that makes VMs and runs them, but interprets every instruction (a million a second, a hundredth
 * of QEMU's own emulator), so that a kernel looks hung while it unpacks; and one where QEMU aborts on a register it
 * cannot set. So the guest counts to 10 million, which a processor does in about 3 ms, and must be done within
 * GUEST_CPU_MS of its own time: on a busy host QEMU alone may take seconds to get that far. That is room for a processor that is itself
 * emulated on a busy machine, a thousand times slower, and which runs guests under KVM far better than QEMU would emulate them there. It then faults three times
 * over, which resets the machine, and QEMU (-no-reboot) ends with status 0. One that does nothing is given TRY_MS.
 */
#include "core/vmm/kvm.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/verdict.h"
#include "core/vmm/pvh.h"
#include "core/vmm/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define KVM_DEVICE "/dev/kvm"
#define GUEST_FD 3 /* in QEMU */
#define CACHE_FILE "kvm-probe.json"
#define GUEST_CPU_MS 2500
#define TRY_MS 10000
#define WATCH_MS 100

static const uint8_t guest_code[] = {
	0xb9, 0x80, 0x96, 0x98, 0x00,		  /* mov $10000000, %ecx */
	0x49,					  /* dec %ecx */
	0x75, 0xfd,				  /* jnz to dec */
	0x0f, 0x01, 0x1d, 0x10, 0x00, 0x10, 0x00, /* lidt (the six zeros) */
	0xcc,					  /* int3: no handler, no double fault handler */
	0,    0,    0,	  0,	0,    0,
};

/* A descriptor, owned by the caller: a file in memory, because one in the cache would stay when we are killed. */
static int make_guest(struct err *e)
{
	auto_fd fd = memfd_create("kvm-probe", MFD_CLOEXEC);
	auto_buf elf = {0};

	if (fd < 0)
		return err_sys(e, errno, "memfd_create");
	pvh_wrap(guest_code, sizeof(guest_code), &elf);
	return fd_write_all(fd, elf.data, elf.len, e) < 0 ? -1 : TAKE_FD(fd);
}

/* "qemu-system-x86_64: error: failed to …" without who says so. */
static const char *skip_speaker(const char *line)
{
	static const char error[] = "error: ";
	size_t speaker = strcspn(line, ": ");

	if (strncmp(line + speaker, ": ", 2) == 0)
		line += speaker + 2;
	return strncmp(line, error, sizeof(error) - 1) == 0 ? line + sizeof(error) - 1 : line;
}

struct trial {
	char complaint[SPAWN_LINE_MAX + 1];
	bool slow; /* its guest had GUEST_CPU_MS */
};

/* The first complaint; what follows is usually an assertion about it. */
static void keep_line(void *arg, const char *line)
{
	struct trial *t = arg;

	if (!t->complaint[0])
		str_copy(t->complaint, sizeof(t->complaint), skip_speaker(line));
}

/* The processor of the guest is a thread of QEMU's, and there is hardly another. */
static int end_slow_guest(void *arg, pid_t pid, struct err *e)
{
	struct trial *t = arg;

	t->slow = proc_threads_cpu_ms(pid) >= GUEST_CPU_MS;
	return t->slow ? err_set(e, ERR_TIMEOUT, _("too slow")) : 0;
}

static void fill_argv(struct vmm_argv *argv, const char *qemu)
{
	vmm_argv_add(argv, "%s", qemu_program(qemu));
	qemu_argv_machine(VM_ACCEL_KVM, argv);
	vmm_argv_add(argv, "-m");
	vmm_argv_add(argv, "64");
	vmm_argv_add(argv, "-kernel");
	vmm_argv_add(argv, "/proc/self/fd/%d", GUEST_FD);
}

static void explain(const struct trial *t, const struct err *why, struct kvm_verdict *ret)
{
	char *text = ret->why;
	size_t size = sizeof(ret->why);

	if (ret->works)
		str_copy(text, size, _("a guest ran under KVM"));
	else if (t->slow)
		snprintf(text, size, _("a guest under KVM did not get anywhere in %.1f s of its processor's time"),
			 GUEST_CPU_MS / 1000.0);
	else if (why->code == ERR_TIMEOUT)
		snprintf(text, size, _("a guest under KVM did not get anywhere within %.1f s"), TRY_MS / 1000.0);
	else if (t->complaint[0])
		snprintf(text, size, _("a guest under KVM failed: %s"), t->complaint);
	else
		str_copy(text, size, why->msg);
}

/* Run it and say what became of it. -1 only when the caller's op ended or nothing could be tried at all. */
static int run_guest(struct op *op, const char *qemu, int guest, struct kvm_verdict *ret, struct err *e)
{
	struct err why = {0};
	struct trial t = {0};
	auto_call(vmm_argv_done) struct vmm_argv argv = {0};

	fill_argv(&argv, qemu);
	struct spawn_pass pass = {.fd = guest, .child = GUEST_FD};
	struct spawn_run_args run = {.argv = (const char *const *)argv.v,
				     .pass = &pass,
				     .n_pass = 1,
				     .on_line = keep_line,
				     .watch = end_slow_guest,
				     .watch_ms = WATCH_MS,
				     .arg = &t};
	int64_t old = op_limit(op, TRY_MS);
	ret->works = spawn_run(op, &run, NULL, &why) == 0;
	op_restore(op, old);
	if (op_check(op, e) < 0)
		return -1;
	if (why.code == ERR_MISSING) {
		err_join(e, &why);
		return -1;
	}
	explain(&t, &why, ret);
	return 0;
}

static int try_guest(struct op *op, const char *cache_dir, const char *qemu, struct kvm_verdict *ret, struct err *e)
{
	auto_fd guest = fs_mkdir_p(cache_dir, 0700, e) < 0 ? -1 : make_guest(e);

	return guest < 0 ? -1 : run_guest(op, qemu, guest, ret, e);
}

/* The device as we may use it. The verdict is set when it cannot even be opened. */
static bool device_opens(struct kvm_verdict *ret)
{
	auto_fd fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return true;
	snprintf(ret->why, sizeof(ret->why), "%s: %s", KVM_DEVICE, err_strerror(errno));
	return false;
}

/* Everything the verdict depends on, as one string. */
static void format_key(const char *qemu, struct buf *out)
{
	verdict_add_boot(out);
	verdict_add_line(out, "/proc/cpuinfo", "model name");
	/* Not its mtime: a character device's changes with use. */
	struct stat st;
	if (stat(KVM_DEVICE, &st) == 0)
		buf_addf(out, "%ju %ju|", (uintmax_t)st.st_rdev, (uintmax_t)st.st_ino);
	/* A bare name was looked up on PATH; the usual place stands for it, so that an upgrade asks again. */
	verdict_add_file(out, strchr(qemu_program(qemu), '/') ? qemu_program(qemu) : "/usr/bin/qemu-system-x86_64");
}

int kvm_probe(struct op *op, const char *cache_dir, const char *qemu, struct kvm_verdict *ret, struct err *e)
{
	auto_buf key = {0};
	char cache[PATHS_MAX];

	*ret = (struct kvm_verdict){0};
	if (!device_opens(ret))
		return 0;
	format_key(qemu, &key);
	path_join(cache, sizeof(cache), cache_dir, "%s", CACHE_FILE);
	ret->from_cache = verdict_find(cache, buf_cstr(&key), &ret->works, ret->why, sizeof(ret->why));
	if (ret->from_cache)
		return 0;
	if (try_guest(op, cache_dir, qemu, ret, e) < 0)
		return err_wrap(e, _("try KVM"));
	verdict_put(cache, buf_cstr(&key), ret->works, ret->why);
	return 0;
}
