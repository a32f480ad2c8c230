/* SPDX-License-Identifier: MIT */
/*
 * The end of a VM. The wait status is the truth about the process, the VMM's own announcement only explains a regular
 * exit: a VMM that said "guest-shutdown" and then crashed, crashed.
 */
#include "keeper/ending.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static enum vm_end end_of(const struct proc_status *st, enum vm_end said)
{
	if (!st->exited)
		return st->signo == SIGTERM ? VM_END_REQUEST : VM_END_KILLED;
	if (st->code != 0)
		return VM_END_FAILED;
	/* QEMU answers SIGTERM and quit with status 0. */
	return said == VM_END_UNKNOWN ? VM_END_REQUEST : said;
}

void ending_describe(const char *vmm, const struct proc_status *st, enum vm_end said, const char *last_line,
		     struct vm_exit *ret)
{
	char words[200];
	size_t size = sizeof(ret->sentence);

	*ret = (struct vm_exit){.end = end_of(st, said), .code = st->code, .signo = st->signo};
	str_copy(words, sizeof(words), last_line);
	for (char *p = words; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	switch (ret->end) {
	case VM_END_POWEROFF:
		str_copy(ret->sentence, size, _("the guest powered itself off"));
		break;
	case VM_END_RESET:
		str_copy(ret->sentence, size, _("the guest restarted itself, which ends a VM"));
		break;
	case VM_END_REQUEST:
		str_copy(ret->sentence, size, _("the host asked it to end"));
		break;
	case VM_END_KILLED:
		snprintf(ret->sentence, size, _("%s was killed by signal %d (%s)"), vmm, st->signo,
			 sigdescr_np(st->signo) ? sigdescr_np(st->signo) : "?");
		break;
	default:
		snprintf(ret->sentence, size, _("%s gave up (exit %d)%s%s"), vmm, st->code, words[0] ? ": " : "",
			 words);
	}
}
