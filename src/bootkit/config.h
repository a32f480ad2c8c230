/* SPDX-License-Identifier: MIT */
/*
 * The config member of the seed disk: who this machine is and how its disks are joined.
 */
#ifndef BOOTKIT_CONFIG_H
#define BOOTKIT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootkit/util.h"
#include "wire/seed.h"

#define CONFIG_UUID_LEN 36

struct config {
	char vm_id[33];
	char boot_id[WIRE_BOOT_ID_MAX + 1];
	char hostname[65];
	char timezone[65]; /* empty: leave the image's */
	bool overlay;	   /* root is rootfs + upper, else rootfs alone */
	char rootfs_uuid[CONFIG_UUID_LEN + 1];
	char upper_uuid[CONFIG_UUID_LEN + 1]; /* empty in copy mode */
	char work_uuid[CONFIG_UUID_LEN + 1];
	char modules_uuid[CONFIG_UUID_LEN + 1]; /* empty: no modules disk */
	bool net_static;
	char net_address[33]; /* 10.0.2.15/24 */
	char net_gateway[33]; /* empty: none */
	char net_mac[18];     /* lower case; empty: the first Ethernet interface */
	uint16_t ssh_port;
	bool power_reboot;    /* reboot(2), not power off, ends this VMM */
	uint32_t idle_stop_s; /* 0: never */
	bool no_init;	      /* the kit stays PID 1, whatever init the image has */
	int64_t time;	      /* seconds since the epoch when the seed was written, 0: not told */
};

/*
 * Read the text of the config member. Unknown keys are skipped; a known key with a bad value, a
 * key given twice, a missing one or another version fail. On failure returns -1, leaves ret_config
 * untouched, and puts a sentence into why.
 */
int config_parse(const char *text, size_t len, struct config *ret_config, char *why, size_t why_size) NODISCARD;

#endif
