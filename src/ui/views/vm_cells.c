/* SPDX-License-Identifier: MIT */
/*
 * Faces of machines. Every state has a glyph and a word beside its colour.
 */
#include "ui/views/vm_cells.h"

#include "base/i18n.h"
#include "ui/text.h"

#include <stdio.h>

struct vm_face vm_face(const struct world *w, const struct world_vm *v)
{
	const struct job *j = world_vm_job(w, v);
	const char *word = j ? request_kind_doing(j->kind) : NULL;

	if (word)
		return (struct vm_face){j->state == JOB_QUEUED ? "◌" : "◐", _(word), ROLE_BUSY};
	switch (v->vm.state) {
	case VM_RUNNING:
		return (struct vm_face){"●", _("running"), ROLE_OK};
	case VM_PAUSED:
		return (struct vm_face){"‖", _("paused"), ROLE_WARN};
	case VM_ERROR:
		return (struct vm_face){"✗", _("error"), ROLE_ERR};
	case VM_CREATED:
		return (struct vm_face){"○", _("created"), ROLE_DIM};
	default:
		return (struct vm_face){"○", _("stopped"), ROLE_DIM};
	}
}

void vm_job_text(const struct world *w, const struct world_vm *v, char *ret, size_t size)
{
	const struct job *j = world_vm_job(w, v);

	if (!j || !request_kind_doing(j->kind))
		snprintf(ret, size, "%s", "");
	else if (j->state == JOB_QUEUED && j->waiting_for[0])
		snprintf(ret, size, _("waiting for %s"), j->waiting_for);
	else if (j->state == JOB_QUEUED)
		snprintf(ret, size, "%s", _("waiting"));
	else if (j->steps)
		snprintf(ret, size, "%s %d/%d", j->stage, j->step, j->steps);
	else
		snprintf(ret, size, "%s", j->stage);
}

uint64_t vm_mem_used(const struct world_vm *v)
{
	return v->has_stats && v->stats.guest ? v->stats.mem_used_bytes : HIST_GAP;
}

int vm_mem_permille(const struct world_vm *v)
{
	uint64_t total = (uint64_t)vm_size(&v->vm).mem_mib << 20;

	if (vm_mem_used(v) == HIST_GAP || !total)
		return -1;
	return (int)MIN((uint64_t)1000, vm_mem_used(v) * 1000 / total);
}

void vm_since(const struct world_vm *v, int64_t wall_ms, char *ret, size_t size)
{
	int64_t from = v->vm.state == VM_RUNNING ? v->vm.started_ms : v->vm.stopped_ms;
	char text[TEXT_SHORT];

	snprintf(ret, size, "%s", from ? text_duration(wall_ms - from, text) : "");
}
