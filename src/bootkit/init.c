/* SPDX-License-Identifier: MIT */
/*
 * The boot, from the kernel's first process to the image's init (doc/guest.md has the stages).
 *
 * Order is what counts here: drivers before disks, the seed before anything it configures, the
 * network early because it costs nothing, the new root before whatever has to follow the image's
 * own links, SSH last so that who gets in finds a finished machine. When the machine's disks
 * cannot be joined, PID 1 stays in the kit and offers a shell on the serial console.
 */
#include "bootkit/init.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bootkit/blockdev.h"
#include "bootkit/disks.h"
#include "bootkit/handover.h"
#include "bootkit/identity.h"
#include "bootkit/modload.h"
#include "bootkit/net.h"
#include "bootkit/paths.h"
#include "bootkit/pid1.h"
#include "bootkit/seed.h"
#include "bootkit/sshd.h"
#include "bootkit/sshroot.h"

#define SEED_WAIT_MS 10000

struct boot {
	struct config config;
	char seed[64]; /* path of the seed disk */
	char interface[IFNAMSIZ];
};

static int mount_at(const char *type, const char *target, unsigned long flags, const char *options)
{
	if (dir_make(target) < 0)
		return say_fail("make %s", target);
	if (mount(type, target, type, flags, options) < 0 && errno != EBUSY)
		return say_fail("mount %s", target);
	return 0;
}

/* The kernel gave us a console only if the initramfs has the node; devtmpfs surely has it. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	for (int i = 0; i <= 2; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void link_streams(void)
{
	static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
					       {"/proc/self/fd/0", "/dev/stdin"},
					       {"/proc/self/fd/1", "/dev/stdout"},
					       {"/proc/self/fd/2", "/dev/stderr"}};

	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		if (symlink(links[i][0], links[i][1]) < 0 && errno != EEXIST)
			say_fail("link %s", links[i][1]);
}

static int mount_basics(void)
{
	const unsigned long strict = MS_NOSUID | MS_NODEV;

	if (mount_at("devtmpfs", "/dev", MS_NOSUID, "mode=0755") < 0)
		return -1;
	open_console();
	if (mount_at("proc", "/proc", strict | MS_NOEXEC, NULL) < 0 ||
	    mount_at("sysfs", "/sys", strict | MS_NOEXEC, NULL) < 0 ||
	    mount_at("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666") < 0 ||
	    mount_at("tmpfs", "/dev/shm", strict, "mode=1777") < 0 ||
	    mount_at("tmpfs", "/run", strict, "mode=0755") < 0 || mount_at("tmpfs", KIT_RUN, strict, "mode=0755") < 0)
		return -1;
	link_streams();
	return 0;
}

/* The kit's files stay where the kernel unpacked them; a bind mount carries them into the new root. */
static int keep_kit(void)
{
	if (dir_make(KIT_DIR) < 0 || mount("/kit", KIT_DIR, NULL, MS_BIND, NULL) < 0)
		return say_fail("keep the kit at %s", KIT_DIR);
	return 0;
}

static int note_boot(const struct config *config)
{
	const char *power = config->power_reboot ? WIRE_POWER_REBOOT : WIRE_POWER_POWEROFF;

	if (file_put(KIT_BOOT_ID, 0644, config->boot_id) < 0 || file_put(KIT_VM_ID, 0644, config->vm_id) < 0 ||
	    file_put(KIT_POWER, 0644, power) < 0)
		return say_fail("note this boot in %s", KIT_RUN);
	return 0;
}

static int read_seed(struct boot *boot)
{
	if (blockdev_find_seed(SEED_WAIT_MS, boot->seed, sizeof(boot->seed)) < 0)
		return say_fail("seed disk");
	if (seed_unpack(boot->seed, KIT_SEED) < 0 || seed_config(KIT_SEED, &boot->config) < 0)
		return -1;
	return note_boot(&boot->config);
}

/* Everything up to standing in the machine's own root. */
static int reach_root(struct boot *boot)
{
	if (mount_basics() < 0)
		return -1;
	modload_all();
	if (keep_kit() < 0 || read_seed(boot) < 0)
		return -1;
	identity_set_clock(&boot->config);
	if (net_up(&boot->config, boot->interface) < 0)
		say("the network is not up; the serial console is the way in");
	if (disks_mount_root(&boot->config) < 0)
		return -1;
	return disks_switch_root();
}

/* What is done inside the machine's root, where the image's own links lead where they should. */
static int furnish(struct boot *boot)
{
	if (disks_mount_work(&boot->config) < 0)
		return -1;
	if (disks_join_modules(&boot->config) < 0)
		say("the kernel's other modules are not at hand");
	identity_apply(&boot->config);
	if (seed_copy_files(boot->seed, "/root") < 0)
		say("files for /root are missing");
	seed_make_workdir(KIT_SEED);
	return 0;
}

int init_main(void)
{
	struct boot boot = {0};
	struct handover image_init = {.kind = INIT_NONE};
	pid_t sshd;

	umask(022);
	/* Ctrl-Alt-Del shall ask PID 1 instead of resetting the machine under unwritten data. */
	reboot(RB_DISABLE_CAD);
	if (reach_root(&boot) < 0 || furnish(&boot) < 0)
		pid1_rescue();
	if (!boot.config.no_init)
		handover_find(&image_init);
	handover_prepare(&image_init, boot.interface);
	if (init_kind_save(image_init.kind) < 0)
		say_fail("note who is PID 1");
	sshd = sshroot_prepare() < 0 ? -1 : sshd_start(boot.config.ssh_port, boot.config.idle_stop_s);
	if (sshd < 0)
		say("SSH is not up; the serial console is the way in");
	if (image_init.kind != INIT_NONE) {
		handover_exec(&image_init);
		if (init_kind_save(INIT_NONE) < 0)
			say_fail("note who is PID 1");
	}
	pid1_run(&boot.config, sshd);
}
