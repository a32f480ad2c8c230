/* SPDX-License-Identifier: MIT */
/*
 * The kernel command line of every guest. Nothing of a VM's configuration rides on it but the machine id: that is the
 * seed disk's work, because /proc/cmdline is readable by every user in the guest.
 */
#ifndef VMM_CMDLINE_H
#define VMM_CMDLINE_H

#include "core/model/vm.h"

#include <stddef.h>

/* Write it for a guest of that VMM (the kind decides how a reboot is done) into buf; `machine_id` is 32 hex digits.
 * tsc_khz is the rate of the guest's time-stamp counter where it must be told (tsc_khz()), 0 where it is not.
 * Asserts that it fits. Returns buf. */
char *cmdline_format(char *buf, size_t size, enum vmm_kind vmm, const char *machine_id, unsigned tsc_khz);

#endif
