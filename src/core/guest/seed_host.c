/* SPDX-License-Identifier: MIT */
/*
 * What the seed tells of the host: name servers, time zone, git identity.
 *
 * A guest cannot use the host's stub resolver on 127.0.0.53, so the servers behind it are looked for: systemd-resolved
 * keeps them in a resolv.conf of its own. No public server is ever made up: with none found the guest gets none.
 */
#include "core/guest/seed.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/utf8.h"

#include <arpa/inet.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 65536
#define ZONEINFO "/zoneinfo/"

static bool is_usable(const char *server)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, server, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) != 127 && v4.s_addr != 0;
	/* Link-local servers ("fe80::1%eth0") mean an interface of the host; inet_pton refuses the zone. */
	return inet_pton(AF_INET6, server, &v6) == 1 && !IN6_IS_ADDR_LOOPBACK(&v6) && !IN6_IS_ADDR_UNSPECIFIED(&v6) &&
	       !IN6_IS_ADDR_LINKLOCAL(&v6);
}

static void take_line(const char *line, size_t n, struct seed_dns *ret)
{
	const char *key = "nameserver";
	size_t at = strlen(key);
	char server[INET6_ADDRSTRLEN];
	size_t len;

	if (n <= at || strncmp(line, key, at) != 0 || (line[at] != ' ' && line[at] != '\t'))
		return;
	at += strspn(line + at, " \t");
	len = strcspn(line + at, " \t\r\n#;");
	if (len == 0 || len >= sizeof(server) || ret->n == SEED_DNS_MAX)
		return;
	memcpy(server, line + at, len);
	server[len] = '\0';
	if (is_usable(server))
		str_copy(ret->server[ret->n++], sizeof(ret->server[0]), server);
}

/* A missing file has no servers. */
static int read_servers(const char *root, const char *file, struct seed_dns *ret, struct err *e)
{
	auto_buf text = {0};
	auto_free char *path = xasprintf("%s%s", root, file);
	struct err why = {0};

	if (fs_read_file(path, FILE_MAX, &text, &why) < 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_join(e, &why);
	for (const char *line = buf_cstr(&text); *line;) {
		size_t n = strcspn(line, "\n");

		take_line(line, n, ret);
		line += n + (line[n] == '\n');
	}
	return 0;
}

int seed_host_dns(const char *root, struct seed_dns *ret, struct err *e)
{
	*ret = (struct seed_dns){0};
	if (read_servers(root, "/run/systemd/resolve/resolv.conf", ret, e) < 0)
		return -1;
	return ret->n ? 0 : read_servers(root, "/etc/resolv.conf", ret, e);
}

/* Names as tzdata has them; anything else would be a path of somebody's making. */
static bool is_zone_name(const char *s)
{
	static const char ok[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";

	return *s && *s != '/' && strlen(s) < 64 && strspn(s, ok) == strlen(s);
}

char *seed_host_timezone(const char *root)
{
	auto_free char *link = xasprintf("%s/etc/localtime", root);
	auto_free char *file = xasprintf("%s/etc/timezone", root);
	auto_buf text = {0};
	char target[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);
	const char *zone;
	struct err ignored = {0};

	target[MAX(n, 0)] = '\0';
	zone = strstr(target, ZONEINFO);
	if (zone && is_zone_name(zone + strlen(ZONEINFO)))
		return xstrdup(zone + strlen(ZONEINFO));
	if (fs_read_file(file, FILE_MAX, &text, &ignored) < 0 || !text.len)
		return NULL;
	text.data[strcspn(text.data, "\n")] = '\0';
	return is_zone_name(text.data) ? xstrdup(text.data) : NULL;
}

/* `git config KEY` ends with 1 when the key is not set. */
static int read_git(struct op *op, const char *key, char **ret, struct err *e)
{
	const char *const argv[] = {"git", "config", "--global", "--get", key, NULL};
	struct spawn_run_args a = {.argv = argv, .max_output = 4096};
	auto_buf out = {0}, clean = {0};
	struct err why = {0};

	if (spawn_run(op, &a, &out, &why) < 0)
		return why.code == ERR_CANCELED || why.code == ERR_TIMEOUT ? err_join(e, &why) : 0;
	while (out.len && out.data[out.len - 1] == '\n')
		out.data[--out.len] = '\0';
	utf8_clean(&clean, buf_cstr(&out), out.len, false);
	if (clean.len)
		*ret = buf_take(&clean);
	return 0;
}

int seed_host_git(struct op *op, struct seed_git *ret, struct err *e)
{
	struct seed_git g = {0};

	if (read_git(op, "user.name", &g.name, e) < 0 || read_git(op, "user.email", &g.email, e) < 0) {
		seed_git_done(&g);
		return -1;
	}
	*ret = g;
	return 0;
}

void seed_git_done(struct seed_git *g)
{
	free(g->name);
	free(g->email);
	*g = (struct seed_git){0};
}
