/* SPDX-License-Identifier: MIT */
/*
 * Who is PID 1 is decided once, just before init hands over, and noted in a file: looking at
 * /proc/1 afterwards would race with the exec, and a program may call itself what it likes.
 */
#include "bootkit/booted.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "bootkit/paths.h"

#define WAIT_DEFAULT_S 30
#define WAIT_MAX_S 86400
#define POLL_MS 50

static const char *const kind_names[] = {
	[INIT_NONE] = "none",	    [INIT_SYSTEMD] = "systemd", [INIT_OPENRC] = "openrc",
	[INIT_BUSYBOX] = "busybox", [INIT_SYSV] = "sysv",	[INIT_OTHER] = "other",
};

enum init_kind init_kind_of(const char *resolved_path)
{
	const char *name = path_base(resolved_path);

	if (strcmp(name, "systemd") == 0)
		return INIT_SYSTEMD;
	if (strcmp(name, "openrc-init") == 0)
		return INIT_OPENRC;
	if (strncmp(name, "busybox", strlen("busybox")) == 0)
		return INIT_BUSYBOX;
	/* The classic init reads its runlevels from here; a lone static program called init does not. */
	if (strcmp(name, "init") == 0 && file_exists("/etc/inittab"))
		return INIT_SYSV;
	return INIT_OTHER;
}

const char *init_kind_to_string(enum init_kind kind)
{
	return kind_names[kind];
}

int init_kind_save(enum init_kind kind)
{
	return file_put(KIT_INIT_KIND, 0644, kind_names[kind]);
}

enum init_kind init_kind_load(void)
{
	char name[32];

	if (file_read_line(KIT_INIT_KIND, name, sizeof(name)) == 0)
		for (size_t i = 0; i < ARRAY_LEN(kind_names); i++)
			if (strcmp(kind_names[i], name) == 0)
				return (enum init_kind)i;
	return INIT_OTHER;
}

bool booted_openrc(const char *directory)
{
	char path[256], level[64];

	if (path_join(path, sizeof(path), directory, "softlevel") < 0 || file_read_line(path, level, sizeof(level)) < 0)
		return false;
	if (level[0] == '\0' || strcmp(level, "sysinit") == 0 || strcmp(level, "boot") == 0)
		return false;
	return path_join(path, sizeof(path), directory, "rc.starting") == 0 && !file_exists(path);
}

/* OpenRC is an init by itself, or what sysvinit (Debian) and busybox (Alpine) start. */
bool booted_now(void)
{
	enum init_kind kind = init_kind_load();

	if (kind == INIT_SYSTEMD)
		return file_exists("/run/systemd/private");
	if (kind == INIT_OPENRC || ((kind == INIT_SYSV || kind == INIT_BUSYBOX) && file_exists("/sbin/openrc")))
		return booted_openrc("/run/openrc");
	return file_exists(KIT_INIT_KIND);
}

int booted_wait_main(int argc, char **argv)
{
	uint64_t seconds = WAIT_DEFAULT_S, deadline;

	if (argc > 2 || (argc == 2 && number_parse(argv[1], WAIT_MAX_S, &seconds) < 0)) {
		fprintf(stderr, "usage: banger-guest wait-booted [SECONDS]\n");
		return 2;
	}
	deadline = now_ms() + seconds * 1000;
	while (!booted_now()) {
		if (now_ms() >= deadline)
			return 1;
		sleep_ms(POLL_MS);
	}
	return 0;
}

static void print_file(const char *key, const char *path)
{
	char value[128];

	if (file_read_line(path, value, sizeof(value)) == 0)
		printf("%s=%s\n", key, value);
}

int booted_info_main(int argc, char **argv)
{
	struct utsname kernel;

	(void)argv;
	if (argc > 1) {
		fprintf(stderr, "usage: banger-guest info\n");
		return 2;
	}
	print_file("vm_id", KIT_VM_ID);
	print_file("boot_id", KIT_BOOT_ID);
	print_file("power", KIT_POWER);
	printf("init=%s\n", init_kind_to_string(init_kind_load()));
	printf("booted=%d\n", booted_now());
	if (uname(&kernel) == 0)
		printf("kernel=%s\n", kernel.release);
	return 0;
}
