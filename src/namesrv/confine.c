/* SPDX-License-Identifier: MIT */
/*
 * See confine.h. A call that is not in the list fails with EPERM; what only an attacker would call ends the process. Ports above
 * 1023 and files of one's own need no capability, so as root none is kept.
 */
#include "namesrv/confine.h"

#include "base/rights.h"

#include <fcntl.h>
#include <sys/socket.h>

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

static int add_conditional(scmp_filter_ctx f)
{
	static const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
	int rc = RIGHTS_ALLOW(f, openat, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));

	if (rc == 0)
		rc = RIGHTS_ALLOW(f, open, 1, SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
	if (rc == 0)
		rc = RIGHTS_ALLOW(f, socket, 1, SCMP_A0(SCMP_CMP_EQ, AF_INET));
	if (rc == 0)
		rc = RIGHTS_ALLOW(f, socket, 1, SCMP_A0(SCMP_CMP_EQ, AF_INET6));
	return rc;
}

static const struct rights_calls calls = {
	.allowed = allowed, .n_allowed = ARRAY_LEN(allowed), .fatal = fatal, .n_fatal = ARRAY_LEN(fatal), .conditional = add_conditional};

int names_confine(struct err *e)
{
	return rights_hide(e) < 0 || rights_drop_caps(NULL, 0, true, e) < 0 ? -1 : rights_filter(&calls, e);
}
