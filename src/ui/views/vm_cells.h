/* SPDX-License-Identifier: MIT */
/*
 * How a machine's state and figures are shown, shared by list and detail pane.
 */
#ifndef UI_VIEWS_VM_CELLS_H
#define UI_VIEWS_VM_CELLS_H

#include "ui/canvas.h"
#include "ui/world.h"

struct vm_face {
	const char *glyph;
	const char *word; /* translated */
	enum role role;
};

/* The state as the eye wants it: an unfinished job wins ("starting"). */
struct vm_face vm_face(const struct world *w, const struct world_vm *v);
/* "boot 4/7", "waiting for pull node"; empty when no job is about the VM. */
void vm_job_text(const struct world *w, const struct world_vm *v, char *ret, size_t size);
/* Memory in use in permille of what the machine has, -1 = unknown. */
int vm_mem_permille(const struct world_vm *v);
/* As the guest counts; HIST_GAP before it has told. */
uint64_t vm_mem_used(const struct world_vm *v);
/* For how long it is in its state: up when running, else since it stopped. Empty when unknown. */
void vm_since(const struct world_vm *v, int64_t wall_ms, char *ret, size_t size);

#endif
