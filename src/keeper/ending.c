/* SPDX-License-Identifier: MIT */
/*
 * The end of a VM. The wait status is the truth about the process, the VMM's own announcement only explains a regular
 * exit: a VMM that said "guest-shutdown" and then crashed, crashed. Of a panic no VMM tells; the kernel's own last words do.
 */
#include "keeper/ending.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define PANIC_WORDS_MAX 120

static enum vm_end end_of(const struct proc_status *st, enum vm_end said)
{
	if (!st->exited)
		return st->signo == SIGTERM ? VM_END_REQUEST : VM_END_KILLED;
	if (st->code != 0)
		return VM_END_FAILED;
	/* Where the VMM told of no reason, the host is one: QEMU answers SIGTERM and quit with status 0. */
	return said == VM_END_UNKNOWN ? VM_END_REQUEST : said;
}

void ending_describe(const struct vmm_backend *vmm, const struct proc_status *st, enum vm_end said, const char *last_line,
		     struct vm_exit *ret)
{
	char words[200];
	size_t size = sizeof(ret->sentence);

	*ret = (struct vm_exit){.end = end_of(st, said), .code = st->code, .signo = st->signo};
	const char *meaning = st->exited && vmm->exit_meaning ? vmm->exit_meaning(st->code, &ret->end) : NULL;
	str_copy(words, sizeof(words), last_line);
	for (char *p = words; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	if (meaning) {
		snprintf(ret->sentence, size, "%s%s%s", meaning, st->code && words[0] ? ": " : "", st->code ? words : "");
		return;
	}
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
		snprintf(ret->sentence, size, _("%s was killed by signal %d (%s)"), vmm->name, st->signo,
			 sigdescr_np(st->signo) ? sigdescr_np(st->signo) : "?");
		break;
	default:
		snprintf(ret->sentence, size, _("%s gave up (exit %d)%s%s"), vmm->name, st->code, words[0] ? ": " : "",
			 words);
	}
}

/* The words behind the last announcement of a panic, as plain ASCII. False when there is none. */
static bool find_panic(const char *log, size_t len, char ret[PANIC_WORDS_MAX])
{
	static const char mark[] = "Kernel panic - not syncing: ";
	const char *at = NULL, *end = log + len, *next = log;
	size_t n = 0;

	while ((next = memmem(next, (size_t)(end - next), mark, strlen(mark))))
		at = next += strlen(mark);
	if (!at)
		return false;
	for (; at < end && *at >= ' ' && *at < 0x7f && n < PANIC_WORDS_MAX - 1; at++)
		ret[n++] = *at;
	ret[n] = '\0';
	return n > 0;
}

void ending_explain_reset(struct vm_exit *x, const char *log, size_t len)
{
	char words[PANIC_WORDS_MAX];
	unsigned int status;

	if (x->end != VM_END_RESET || !find_panic(log, len, words))
		return;
	x->end = VM_END_FAILED;
	if (sscanf(words, "Attempted to kill init! exitcode=0x%8x", &status) != 1)
		snprintf(x->sentence, sizeof(x->sentence), _("the guest's kernel panicked: %s"), words);
	else if (WIFSIGNALED((int)status))
		snprintf(x->sentence, sizeof(x->sentence),
			 _("the image's init died by signal %d, and no kernel goes on without one"), WTERMSIG((int)status));
	else
		snprintf(x->sentence, sizeof(x->sentence),
			 _("the image's init ended with status %d, and no kernel goes on without one"),
			 WEXITSTATUS((int)status));
}
