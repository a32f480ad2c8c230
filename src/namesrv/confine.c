/* SPDX-License-Identifier: MIT */
/*
 * See confine.h. A call that is not in the list fails with EPERM; what only an attacker would call ends the process. Ports above
 * 1023 and files of one's own need no capability, so as root none is kept.
 */
#include "namesrv/confine.h"

#include "base/i18n.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int drop_caps(struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	/* Without CAP_SETPCAP (an ordinary user) there is nothing in the bounding set to be had: EPERM. EINVAL: past the last one. */
	for (int cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL && errno != EPERM)
			return err_sys(e, errno, "PR_CAPBSET_DROP");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(e, errno, "PR_CAP_AMBIENT");
	if (syscall(SYS_capset, &head, none) < 0)
		return err_sys(e, errno, "capset");
	return 0;
}

static const char *const allowed[] = {
	"read", "readv", "write", "writev", "close", "lseek", "fstat", "newfstatat", "stat", "lstat", "statx", "fcntl",
	"brk", "munmap", "mremap", "madvise",
	"poll", "ppoll", "futex", "nanosleep", "clock_nanosleep", "clock_gettime", "gettimeofday", "time", "getrandom", "sched_yield",
	"connect", "bind", "listen", "accept4", "getsockname", "getsockopt", "setsockopt", "sendto", "sendmsg", "recvfrom", "recvmsg",
	"getpid", "gettid", "getuid", "geteuid", "getgid", "getegid",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "exit", "exit_group",
};

static const char *const fatal[] = {
	"execve", "execveat", "fork", "vfork", "clone3", "ptrace", "process_vm_readv", "process_vm_writev", "mount", "umount2", "pivot_root",
	"chroot", "setns", "unshare", "bpf", "perf_event_open", "init_module", "finit_module", "kexec_load", "keyctl", "add_key",
	"userfaultfd", "setuid", "setgid", "setresuid", "setresgid", "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir",
	"mkdirat", "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat", "truncate", "ftruncate", "link", "linkat", "symlink",
	"symlinkat", "mknod", "mknodat",
};

static int add_all(scmp_filter_ctx f, uint32_t action, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);
		/* Not every architecture has each: what it lacks needs no rule. */
		if (nr == __NR_SCMP_ERROR)
			continue;
		int rc = seccomp_rule_add(f, action, nr, 0);
		if (rc < 0)
			return rc;
	}
	return 0;
}

#define ADD(f, name, ...) seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(name), __VA_ARGS__)

static int add_conditional(scmp_filter_ctx f)
{
	static const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
	int rc = ADD(f, openat, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));

	if (rc == 0)
		rc = ADD(f, open, 1, SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
	if (rc == 0)
		rc = ADD(f, socket, 1, SCMP_A0(SCMP_CMP_EQ, AF_INET));
	if (rc == 0)
		rc = ADD(f, socket, 1, SCMP_A0(SCMP_CMP_EQ, AF_INET6));
	/* No code but what was linked. */
	if (rc == 0)
		rc = ADD(f, mmap, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = ADD(f, mprotect, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* abort(3): a signal to ourselves. */
	if (rc == 0)
		rc = ADD(f, tgkill, 1, SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid()));
	return rc;
}

static int load_filter(struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (!f)
		return err_set(e, ERR_NOMEM, "seccomp_init");
	int rc = add_all(f, SCMP_ACT_ALLOW, allowed, ARRAY_LEN(allowed));
	if (rc == 0)
		rc = add_all(f, SCMP_ACT_KILL_PROCESS, fatal, ARRAY_LEN(fatal));
	if (rc == 0)
		rc = add_conditional(f);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc < 0 ? err_sys(e, -rc, _("load the system call filter")) : 0;
}

/* Sanitizers look at their own process in ways of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_FILTER 0
#else
#define HAS_FILTER 1
#endif

int names_confine(struct err *e)
{
	static const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return err_sys(e, errno, "RLIMIT_CORE");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(e, errno, "PR_SET_DUMPABLE");
	if (drop_caps(e) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "PR_SET_NO_NEW_PRIVS");
	return HAS_FILTER ? load_filter(e) : 0;
}
