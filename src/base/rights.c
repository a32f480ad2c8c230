/* SPDX-License-Identifier: MIT */
/*
 * See rights.h. Capabilities are set by capset(2) itself: two system calls need no library.
 */
#include "base/rights.h"

#include "base/i18n.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int rights_hide(struct err *e)
{
	static const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return err_sys(e, errno, "RLIMIT_CORE");
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? err_sys(e, errno, "PR_SET_DUMPABLE") : 0;
}

int rights_drop_caps(const int *kept, size_t n, bool maybe_user, struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	uint32_t mask[2] = {0};

	for (size_t i = 0; i < n; i++)
		mask[kept[i] / 32] |= 1U << kept[i] % 32;
	if (syscall(SYS_capget, &head, data) < 0)
		return err_sys(e, errno, "capget");
	/* What a container's root never had is missed by the operation that needs it. */
	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){.permitted = data[i].permitted & mask[i],
							  .effective = data[i].permitted & mask[i]};
	/* EINVAL: past the last one this kernel has. */
	for (int cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL && !(maybe_user && errno == EPERM))
			return err_sys(e, errno, "PR_CAPBSET_DROP");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(e, errno, "PR_CAP_AMBIENT");
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, errno, "capset");
	return 0;
}

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

static int add_own(scmp_filter_ctx f)
{
	int rc = RIGHTS_ALLOW(f, mmap, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (rc == 0)
		rc = RIGHTS_ALLOW(f, mprotect, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = RIGHTS_ALLOW(f, tgkill, 1, SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid()));
	return rc;
}

static int load(const struct rights_calls *c, struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (!f)
		return err_set(e, ERR_NOMEM, "seccomp_init");
	int rc = add_all(f, SCMP_ACT_ALLOW, c->allowed, c->n_allowed);
	if (rc == 0)
		rc = add_all(f, SCMP_ACT_KILL_PROCESS, c->fatal, c->n_fatal);
	if (rc == 0)
		rc = c->conditional(f);
	if (rc == 0)
		rc = add_own(f);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc < 0 ? err_sys(e, -rc, _("load the system call filter")) : 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_FILTER 0
#else
#define HAS_FILTER 1
#endif

int rights_filter(const struct rights_calls *c, struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "PR_SET_NO_NEW_PRIVS");
	return HAS_FILTER ? load(c, e) : 0;
}
