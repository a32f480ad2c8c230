/* SPDX-License-Identifier: MIT */
/*
 * /init of the initramfs.
 */
#ifndef BOOTKIT_INIT_H
#define BOOTKIT_INIT_H

/* Boot the machine; runs as PID 1 and does not return while the machine lives. */
int init_main(void);

#endif
