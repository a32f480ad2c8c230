/* SPDX-License-Identifier: MIT */
/*
 * See hold.h.
 */
#include "core/engine/hold.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "core/vmm/alive.h"

#include <stdio.h>

bool vm_is_held(const struct paths *paths, const struct vm *vm)
{
	struct vm_identity id;
	char dir[PATHS_MAX];

	return vm_state_is_live(vm->state) &&
	       identity_load(path_join(dir, sizeof(dir), paths->state, "vms/%s", vm->id), &id, NULL) == 0 && id.no_space;
}

static void explain(const struct paths *paths, char *ret, size_t size)
{
	snprintf(ret, size, _("held: %.100s is almost full; it goes on when there is room"), paths->state);
}

void vm_show_held(const struct paths *paths, struct vm *vm)
{
	vm->held = vm_is_held(paths, vm);
	if (!vm->held)
		return;
	vm->state = VM_PAUSED;
	explain(paths, vm->reason, sizeof(vm->reason));
}

int vm_check_held(const struct paths *paths, const struct vm *vm, struct err *e)
{
	char why[sizeof(vm->reason)];

	if (!vm_is_held(paths, vm))
		return 0;
	explain(paths, why, sizeof(why));
	err_set(e, ERR_STATE, "VM '%s': %s", vm->name, why);
	return err_hint(e, _("free some space"));
}

int vm_check_awake(const struct paths *paths, const struct vm *vm, struct err *e)
{
	char mark[PATHS_MAX];

	if (vm_check_held(paths, vm, e) < 0)
		return -1;
	path_join(mark, sizeof(mark), paths->state, "vms/%s/%s", vm->id, ALIVE_PAUSED_FILE);
	if (vm->state != VM_PAUSED && !fs_exists(mark))
		return 0;
	err_set(e, ERR_STATE, _("VM '%s' is paused"), vm->name);
	return err_hint(e, _("let it go on: banger-tui vm resume %s"), vm->name);
}
