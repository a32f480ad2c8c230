/* SPDX-License-Identifier: MIT */
/*
 * See resolvconf.h.
 */
#include "core/net/resolvconf.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/mem.h"

#include <string.h>

#define FILE_MAX 65536
#define KEY "nameserver"

/* "nameserver 192.0.2.53": the word after the key; empty for every other line. */
static void server_of(const char *line, char ret[SUBNET_IPV4_SIZE])
{
	size_t n;

	ret[0] = '\0';
	if (strncmp(line, KEY, strlen(KEY)) != 0)
		return;
	line += strlen(KEY);
	n = strspn(line, " \t");
	line += n;
	if (n == 0 || (n = strcspn(line, " \t\r\n#;")) >= SUBNET_IPV4_SIZE)
		return;
	memcpy(ret, line, n);
	ret[n] = '\0';
}

bool resolvconf_find_in(const char *text, const struct subnet *net, char ret[SUBNET_IPV4_SIZE])
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		server_of(line, ret);
		if (ret[0] && subnet_has_guest(net, ret))
			return true;
	}
	return false;
}

int resolvconf_check(const char *root, const char *cidr, struct err *e)
{
	static const char *const files[] = {"/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"};
	char server[SUBNET_IPV4_SIZE];
	struct subnet net;

	if (subnet_parse(cidr, &net, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_free char *path = xasprintf("%s%s", root, files[i]);
		auto_buf text = {0};
		if (fs_read_file(path, FILE_MAX, &text, NULL) < 0 || !resolvconf_find_in(buf_cstr(&text), &net, server))
			continue;
		err_set(e, ERR_BUSY, _("the network %s holds %s, a name server of this host"), cidr, server);
		return err_hint(e, _("choose another one: net { address = \"…\" } in banger.conf"));
	}
	return 0;
}
