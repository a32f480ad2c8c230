/* SPDX-License-Identifier: MIT */
/*
 * Handover to the image's init. All notes go to /run, which is gone at the next boot, but the one
 * for dhcpcd, which looks nowhere but into /etc: it goes into the machine's layer.
 *
 * - systemd-networkd and NetworkManager leave the interface alone; networkd's wait-online, which
 *   waits for a link that nobody manages until it fails, is skipped.
 * - ifup finds the interface up already: Debian's asks a file of the interface's own and lists the
 *   one common to all; busybox's and ifupdown-ng's know only their common one, each in another
 *   place. dhcpcd is denied the interface.
 * - serial-getty@ttyS0 is replaced by an instance of ours. A drop-in could not take away its
 *   BindsTo=dev-ttyS0.device, and an image without udev would wait 90 s for that unit at each boot
 *   (masking a device unit hangs the boot for good).
 * - kmod-static-nodes runs where there are modules, and fails in an image that has none and so no
 *   kmod either: joining our modules must not be what makes such a machine degraded.
 * - /run/initramfs/shutdown is where systemd-shutdown jumps to when all is stopped (systemd
 *   "initrd interface"): there the kit unmounts what systemd could not, its own root among it, and
 *   makes the reboot(2) call that ends this VMM, whatever verb the guest's user typed.
 */
#include "bootkit/handover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bootkit/paths.h"
#include "bootkit/poweroff.h"
#include "bootkit/run.h"

#define GUEST_SIZE_MAX (16 << 20)
#define DHCPCD_CONF "/etc/dhcpcd.conf"
#define DHCPCD_CONF_MAX (1 << 20)

static const char serial_unit[] = "[Unit]\n"
				  "Description=Serial console of the boot kit on ttyS0\n"
				  "After=systemd-user-sessions.service getty-pre.target\n"
				  "Before=getty.target\n"
				  "IgnoreOnIsolate=yes\n"
				  "Conflicts=rescue.service\n"
				  "Before=rescue.service\n"
				  "\n"
				  "[Service]\n"
				  "ExecStart=-" KIT_GUEST " login\n"
				  "Type=idle\n"
				  "Restart=always\n"
				  "RestartSec=1\n"
				  "StandardInput=tty\n"
				  "StandardOutput=tty\n"
				  "TTYPath=/dev/ttyS0\n"
				  "TTYReset=yes\n"
				  "TTYVHangup=yes\n"
				  "IgnoreSIGPIPE=no\n"
				  "SendSIGHUP=yes\n";

static const char needs_kmod[] = "[Unit]\nConditionFileIsExecutable=/bin/kmod\n";
static const char skip_unit[] = "[Unit]\nConditionPathExists=!" KIT_RUN "\n";

void handover_find(struct handover *ret_init)
{
	static const char *const candidates[] = {"/sbin/init", "/usr/lib/systemd/systemd", "/lib/systemd/systemd",
						 "/etc/init"};

	*ret_init = (struct handover){.kind = INIT_NONE};
	for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
		auto_free char *real = realpath(candidates[i], NULL);
		struct stat st;

		if (!real || stat(real, &st) < 0 || !S_ISREG(st.st_mode) || access(real, X_OK) < 0)
			continue;
		snprintf(ret_init->path, sizeof(ret_init->path), "%s", candidates[i]);
		ret_init->kind = init_kind_of(real);
		return;
	}
}

static void note(const char *path, const char *text)
{
	if (dir_make_parents(path) < 0 || file_put(path, 0644, text) < 0)
		say_fail("write %s", path);
}

char *handover_deny_dhcpcd(const char *conf, const char *interface)
{
	char line[64];
	char *text;

	snprintf(line, sizeof(line), "denyinterfaces %s\n", interface);
	if (strncmp(conf, line, strlen(line)) == 0)
		return NULL;
	return asprintf(&text, "%s%s", line, conf) < 0 ? NULL : text;
}

static void deny_dhcpcd(const char *interface)
{
	auto_free char *conf = file_read(DHCPCD_CONF, DHCPCD_CONF_MAX, NULL);
	auto_free char *text = conf ? handover_deny_dhcpcd(conf, interface) : NULL;

	if (text && file_put(DHCPCD_CONF, 0644, text) < 0)
		say_fail("write %s", DHCPCD_CONF);
}

/* As ifup writes them itself: lines "IF=CONFIGURATION" in the common file, the configuration alone in the other. */
static void leave_ifupdown_alone(const char *interface)
{
	char path[64], text[64];

	snprintf(text, sizeof(text), "%s=%s\n", interface, interface);
	note("/run/network/ifstate", text);
	note("/run/ifstate", text);
	snprintf(path, sizeof(path), "/run/network/ifstate.%s", interface);
	snprintf(text, sizeof(text), "%s\n", interface);
	note(path, text);
}

static void leave_interface_alone(const char *interface)
{
	char text[256];

	snprintf(text, sizeof(text), "[Match]\nName=%s\n\n[Link]\nUnmanaged=yes\n", interface);
	note("/run/systemd/network/00-banger.network", text);
	note("/run/systemd/system/systemd-networkd-wait-online.service.d/banger.conf", skip_unit);
	snprintf(text, sizeof(text),
		 "[keyfile]\nunmanaged-devices+=interface-name:%s\n\n"
		 "[device-banger]\nmatch-device=interface-name:%s\nmanaged=0\n",
		 interface, interface);
	note("/run/NetworkManager/conf.d/00-banger.conf", text);
	leave_ifupdown_alone(interface);
	deny_dhcpcd(interface);
}

static void leave_shutdown_hook(void)
{
	auto_free char *power = file_read(KIT_POWER, 64, NULL);
	auto_free char *guest = NULL;
	size_t len;

	guest = file_read(KIT_GUEST, GUEST_SIZE_MAX, &len);
	if (!guest || !power || dir_make("/run/initramfs") < 0 ||
	    file_write("/run/initramfs/shutdown", 0755, guest, len) < 0 ||
	    file_put("/run/initramfs/" POWEROFF_HOOK_POWER, 0644, power) < 0)
		say_fail("leave the shutdown hook");
}

static void wire_serial_console(void)
{
	static const char wanted[] = "/run/systemd/system/getty.target.wants/serial-getty@ttyS0.service";

	note("/run/systemd/system/serial-getty@ttyS0.service", serial_unit);
	if (dir_make_parents(wanted) < 0 || (symlink("../serial-getty@ttyS0.service", wanted) < 0 && errno != EEXIST))
		say_fail("want the serial console");
}

/* Our mounts stay until the hook takes them away; systemd would report each as one it could not unmount. */
static void keep_mounts(void)
{
	static const char *const units[] = {"run-banger.mount", "run-banger-.mount", "lib-modules-.mount",
					    "usr-lib-modules-.mount"};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		char path[128];

		snprintf(path, sizeof(path), "/run/systemd/system/%s.d/banger.conf", units[i]);
		note(path, "[Unit]\nDefaultDependencies=no\n");
	}
}

void handover_prepare(const struct handover *init, const char *interface)
{
	if (*interface)
		leave_interface_alone(interface);
	if (init->kind != INIT_SYSTEMD)
		return;
	note("/run/systemd/system/kmod-static-nodes.service.d/banger.conf", needs_kmod);
	keep_mounts();
	wire_serial_console();
	leave_shutdown_hook();
}

void handover_exec(const struct handover *init)
{
	char *argv[] = {(char *)init->path, NULL};

	run_reset_signals();
	execv(init->path, argv);
	say_fail("start the image's init %s", init->path);
}
