/* SPDX-License-Identifier: MIT */
/*
 * Where things of the boot kit stand inside the guest. Everything lives under KIT_RUN, one small
 * tmpfs of its own with the kit bound into it, so that it survives the change of root, and so that
 * the listener can hang it back as one tree when an image mounts something over /run.
 */
#ifndef BOOTKIT_PATHS_H
#define BOOTKIT_PATHS_H

#define KIT_RUN "/run/banger"
#define KIT_DIR KIT_RUN "/kit"
#define KIT_BIN KIT_DIR "/bin"
#define KIT_GUEST KIT_BIN "/banger-guest"
#define KIT_BUSYBOX KIT_BIN "/busybox"
#define KIT_SEED KIT_RUN "/seed"       /* members of the seed disk, without files/ */
#define KIT_SSHROOT KIT_RUN "/sshroot" /* what dropbear sees as / */
#define KIT_APPLETS KIT_RUN "/applets" /* links to busybox, made where the image has no shell */

#define KIT_BOOT_ID KIT_RUN "/boot_id"
#define KIT_VM_ID KIT_RUN "/vm_id"
#define KIT_POWER KIT_RUN "/power"    /* "poweroff" or "reboot": the call that ends this VMM */
#define KIT_INIT_KIND KIT_RUN "/init" /* who is PID 1, see booted.h */

#define LOGIN_NAME "banger-login" /* argv[0] under which dropbear starts the login shell */

#endif
