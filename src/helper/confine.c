/* SPDX-License-Identifier: MIT */
/*
 * Capabilities, no_new_privs, seccomp (see confine.h).
 *
 * uid 0 stays, because /run/banger, /dev/banger and
 * /proc/sys are root's; without capabilities it is an owner of files and little more. CAP_SETUID is for setfsuid(2), with which
 * users' files are opened under their own uid.
 *
 * The filter lists what the libraries behind the operations use as well (netlink, nftables, device mapper). A call that is
 * missing in it fails with EPERM and the operation is undone; it is never half way dead.
 */
#include "helper/confine.h"

#include "base/fd.h"
#include "base/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/loop.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static const int kept_caps[] = {
	CAP_NET_ADMIN, /* bridge, taps, tables, /proc/sys/net */
	CAP_SYS_ADMIN, /* loop devices, device mapper */
	CAP_MKNOD,     /* nodes of mappings */
	CAP_CHOWN,     /* given to the user */
	CAP_SETUID,    /* setfsuid(2) */
};

/* ---- early ---- */

static int set_signals(int *ret_stop, struct err *e)
{
	static const int ignored[] = {SIGINT, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM};
	sigset_t set;

	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(e, errno, "sigprocmask");
	*ret_stop = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_stop < 0 ? err_sys(e, errno, "signalfd") : 0;
}

/* A missing 1 or 2 would be taken by the next file opened, and written on. 0 is looked at later. */
static int open_std(struct err *e)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return err_sys(e, errno, "/dev/null");
	return 0;
}

int confine_early(int *ret_stop, struct err *e)
{
	umask(077);
	if (open_std(e) < 0)
		return -1;
	if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) < 0)
		return err_sys(e, errno, "close_range");
	if (rights_hide(e) < 0)
		return -1;
	if (chdir("/") < 0 || clearenv() != 0)
		return err_sys(e, errno, "chdir");
	if (setgroups(0, NULL) < 0)
		return err_sys(e, errno, "setgroups");
	return set_signals(ret_stop, e);
}

/* ---- rights ---- */

/* Files; memory; time and waiting; itself. */
static const char *const allowed[] = {
	"read", "readv", "pread64", "write", "writev", "pwrite64", "close", "close_range", "openat", "openat2", "open", "lseek",
	"fstat", "newfstatat", "stat", "lstat", "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2", "readlink",
	"readlinkat", "getdents64", "fcntl", "dup", "dup2", "dup3", "pipe2", "fsync", "fdatasync", "ftruncate", "flock", "umask",
	"mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "mknod", "mknodat", "chmod",
	"fchmod", "fchmodat", "chown", "fchown", "fchownat", "lchown", "setfsuid",
	"brk", "munmap", "mremap", "madvise",
	"poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "eventfd2", "futex",
	"nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom", "sched_yield",
	"bind", "getsockname", "getpeername", "getsockopt", "setsockopt", "sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown",
	"getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "uname", "sysinfo", "getrlimit",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "exit", "exit_group",
	/* libdevmapper's cookies shared with udev */
	"semget", "semop", "semctl", "semtimedop",
};

static const char *const fatal[] = {
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "mount", "umount2", "move_mount",
	"open_tree", "fsopen", "pivot_root", "chroot", "setns", "unshare", "init_module", "finit_module", "delete_module",
	"kexec_load", "kexec_file_load", "bpf", "perf_event_open", "reboot", "swapon", "swapoff", "setuid", "setreuid", "setresuid",
	"setgid", "setregid", "setresgid", "setgroups", "keyctl", "add_key", "userfaultfd", "connect", "accept", "accept4",
	"listen",
};

static const unsigned long ioctls[] = {
	TUNSETIFF, TUNGETIFF, TUNSETPERSIST, TUNSETOWNER, TUNSETGROUP, TUNSETOFFLOAD, TUNSETVNETHDRSZ, TUNGETFEATURES,
	LOOP_CTL_GET_FREE, LOOP_CTL_ADD, LOOP_CONFIGURE, LOOP_SET_FD, LOOP_CLR_FD, LOOP_SET_STATUS64, LOOP_GET_STATUS64,
	LOOP_SET_DIRECT_IO, LOOP_SET_BLOCK_SIZE, LOOP_SET_CAPACITY, BLKGETSIZE64, BLKSSZGET, BLKROSET, BLKROGET, SIOCGIFINDEX,
	SIOCGIFNAME, FIONREAD, FIONBIO,
};

/* Calls that are allowed with some arguments only. The kernel takes 32 bits of an ioctl's number. */
static int add_conditional(scmp_filter_ctx f)
{
	static const uint64_t low = 0xffffffff;
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(ioctls) && rc == 0; i++)
		rc = RIGHTS_ALLOW(f, ioctl, 1, SCMP_A1(SCMP_CMP_MASKED_EQ, low, ioctls[i]));
	/* Every operation of device mapper's control node. */
	if (rc == 0)
		rc = RIGHTS_ALLOW(f, ioctl, 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00, DM_IOCTL << 8));
	/* Netlink; and the anonymous socket if_nametoindex(3) asks through. Connecting is fatal. */
	if (rc == 0)
		rc = RIGHTS_ALLOW(f, socket, 1, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK));
	if (rc == 0)
		rc = RIGHTS_ALLOW(f, socket, 2, SCMP_A0(SCMP_CMP_EQ, AF_UNIX), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM));
	/* Limits are asked for, not set. */
	if (rc == 0)
		rc = RIGHTS_ALLOW(f, prlimit64, 1, SCMP_A2(SCMP_CMP_EQ, 0));
	return rc;
}

static const struct rights_calls calls = {
	.allowed = allowed, .n_allowed = ARRAY_LEN(allowed), .fatal = fatal, .n_fatal = ARRAY_LEN(fatal), .conditional = add_conditional};

int confine_rights(struct err *e)
{
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		return err_sys(e, errno, "/dev/null");
	return rights_drop_caps(kept_caps, ARRAY_LEN(kept_caps), false, e) < 0 ? -1 : rights_filter(&calls, e);
}
