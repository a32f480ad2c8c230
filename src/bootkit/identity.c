/* SPDX-License-Identifier: MIT */
/*
 * Identity of the machine, from the seed into the image's own files, because the image's programs
 * look there. Written in the machine's layer, never in the shared image. What a person may have
 * edited inside is kept: hosts only gains lines, the git identity is written once.
 */
#include "bootkit/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bootkit/paths.h"

#define CLOCK_AHEAD_MAX_S 86400
#define ETC_FILE_MAX (1 << 20)

void identity_set_clock(const struct config *config)
{
	struct timespec now, seed = {.tv_sec = config->time};

	if (config->time == 0)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec >= config->time && now.tv_sec - config->time < CLOCK_AHEAD_MAX_S)
		return;
	if (clock_settime(CLOCK_REALTIME, &seed) < 0)
		say_fail("set the clock");
}

static bool has_line(const char *text, const char *line, size_t len)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n == len && memcmp(text, line, len) == 0)
			return true;
		text += n + (text[n] == '\n');
	}
	return false;
}

static bool is_pinned(const char *line, size_t len)
{
	size_t mark = strlen(WIRE_HOSTS_PINNED);

	return len >= mark && memcmp(line + len - mark, WIRE_HOSTS_PINNED, mark) == 0;
}

void identity_drop_pinned(char *present, const char *ours)
{
	char *to = present;

	for (const char *at = present; *at;) {
		size_t n = strcspn(at, "\n"), all = n + (at[n] == '\n');

		if (!is_pinned(at, n) || has_line(ours, at, n)) {
			memmove(to, at, all);
			to += all;
		}
		at += all;
	}
	*to = '\0';
}

char *identity_merge_lines(const char *present, const char *ours)
{
	size_t len = strlen(present), before;
	char *merged = malloc(len + strlen(ours) + 3);

	if (!merged)
		return NULL;
	memcpy(merged, present, len);
	if (len > 0 && merged[len - 1] != '\n')
		merged[len++] = '\n';
	before = len;
	while (*ours) {
		size_t n = strcspn(ours, "\n");

		if (n > 0 && !has_line(present, ours, n)) {
			memcpy(merged + len, ours, n);
			len += n;
			merged[len++] = '\n';
		}
		ours += n + (ours[n] == '\n');
	}
	merged[len] = '\0';
	if (len > before)
		return merged;
	free(merged);
	return NULL;
}

char *identity_drop_lines(const char *present, const char *ours)
{
	char *kept = malloc(strlen(present) + 1);
	size_t len = 0;

	while (kept && *present) {
		size_t n = strcspn(present, "\n"), whole = n + (present[n] == '\n');

		if (n == 0 || !has_line(ours, present, n)) {
			memcpy(kept + len, present, whole);
			len += whole;
		}
		present += whole;
	}
	if (kept)
		kept[len] = '\0';
	return kept;
}

static char *seed_member(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), KIT_SEED "/%s", name);
	return file_read(path, WIRE_SEED_MEMBER_MAX, NULL);
}

static void apply_hostname(const struct config *config)
{
	char line[80], present[80];

	if (sethostname(config->hostname, strlen(config->hostname)) < 0)
		say_fail("set the host name");
	if (file_read_line("/etc/hostname", present, sizeof(present)) == 0 && strcmp(present, config->hostname) == 0)
		return;
	snprintf(line, sizeof(line), "%s\n", config->hostname);
	if (file_put("/etc/hostname", 0644, line) < 0)
		say_fail("write /etc/hostname");
}

static void apply_hosts(void)
{
	auto_free char *ours = seed_member("hosts");
	auto_free char *present = file_read("/etc/hosts", ETC_FILE_MAX, NULL);
	size_t before = present ? strlen(present) : 0;
	auto_free char *merged = NULL;
	const char *text = NULL;

	if (!ours)
		return;
	if (present)
		identity_drop_pinned(present, ours);
	merged = identity_merge_lines(present ? present : "", ours);
	if (merged)
		text = merged;
	else if (present && strlen(present) < before)
		text = present;
	if (text && file_put("/etc/hosts", 0644, text) < 0)
		say_fail("write /etc/hosts"); /* NOLINT(clang-analyzer-unix.Malloc): auto_free frees it */
}

/* "nameserver A" lines as the DNS= setting of systemd-resolved. */
static void feed_resolved(const char *resolv_conf)
{
	char text[1024] = "[Resolve]\n";
	size_t len = strlen(text);

	for (const char *at = resolv_conf; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		char server[64];

		if (sscanf(at, "nameserver %63s", server) == 1 && len + sizeof(server) + 8 < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "DNS=%s\n", server);
	}
	if (dir_make("/run/systemd/resolved.conf.d") < 0 || dir_make("/run/systemd/resolve") < 0 ||
	    file_put("/run/systemd/resolved.conf.d/banger.conf", 0644, text) < 0)
		say_fail("tell systemd-resolved the name servers");
}

/*
 * A link into systemd-resolved's directory stays, and resolved is told the servers: with our
 * interface unmanaged it would know none. Until it writes the file that the link leads to, or where
 * it never runs, that file is ours. Any other link dangles or belongs to a manager that has nothing
 * to manage here, so a plain file takes its place.
 */
static void apply_resolv_conf(void)
{
	auto_free char *ours = seed_member("resolv.conf");
	char target[256];
	ssize_t n;

	if (!ours)
		return;
	n = readlink("/etc/resolv.conf", target, sizeof(target) - 1);
	if (n >= 0) {
		target[n] = '\0';
		if (strstr(target, "systemd/resolve/"))
			feed_resolved(ours);
		else
			unlink("/etc/resolv.conf");
	}
	if (file_put("/etc/resolv.conf", 0644, ours) < 0)
		say_fail("write /etc/resolv.conf");
}

static void apply_timezone(const struct config *config)
{
	char zone[128], line[80];

	if (config->timezone[0] == '\0')
		return;
	snprintf(zone, sizeof(zone), "/usr/share/zoneinfo/%s", config->timezone);
	if (!file_exists(zone))
		return;
	unlink("/etc/localtime");
	snprintf(line, sizeof(line), "%s\n", config->timezone);
	if (symlink(zone, "/etc/localtime") < 0 || file_put("/etc/timezone", 0644, line) < 0)
		say_fail("set the time zone");
}

/* Where the image has an SSH server of its own, it shows the same host key on port 22. */
static void apply_host_key(void)
{
	auto_free char *key = seed_member("ssh_host_ed25519_key");
	auto_free char *pub = seed_member("ssh_host_ed25519_key.pub");

	if (!key || !pub || !file_exists("/etc/ssh"))
		return;
	if (file_put("/etc/ssh/ssh_host_ed25519_key", 0600, key) < 0 ||
	    file_put("/etc/ssh/ssh_host_ed25519_key.pub", 0644, pub) < 0)
		say_fail("write the host key");
}

static void apply_gitconfig(void)
{
	auto_free char *text = seed_member("gitconfig");
	struct stat st;

	/* An empty one is what a machine that was killed at its first boot may leave. */
	if (stat("/root/.gitconfig", &st) == 0 && st.st_size > 0)
		return;
	if (text && file_put("/root/.gitconfig", 0644, text) < 0)
		say_fail("write /root/.gitconfig");
}

/* Programs that ask who uid 0 is, sftp-server among them, give up where nobody answers. */
static void apply_accounts(void)
{
	if (!file_exists("/etc/passwd") && file_put("/etc/passwd", 0644, "root:x:0:0:root:/root:/bin/sh\n") < 0)
		say_fail("write /etc/passwd");
	if (!file_exists("/etc/group") && file_put("/etc/group", 0644, "root:x:0:\ntty:x:5:\n") < 0)
		say_fail("write /etc/group");
}

void identity_apply(const struct config *config)
{
	if (dir_make("/etc") < 0)
		say_fail("make /etc");
	apply_accounts();
	apply_hostname(config);
	apply_hosts();
	apply_resolv_conf();
	apply_timezone(config);
	apply_host_key();
	apply_gitconfig();
}
