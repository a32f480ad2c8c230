/* SPDX-License-Identifier: MIT */
/*
 * The rate of the time-stamp counter an emulated guest sees, which is this host's own.
 */
#ifndef VMM_TSC_H
#define VMM_TSC_H

/* In kHz, measured once a process over 10 ms (it blocks that long the first time); 0 on processors without one. Any thread. */
unsigned tsc_khz(void);

#endif
