/* SPDX-License-Identifier: MIT */
/*
 * See resolve.h.
 */
#include "core/net/resolve.h"

#include "base/buf.h"
#include "base/i18n.h"
#include "base/spawn.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#define ANSWER_MAX 65536

static bool is_known(const uint32_t *addrs, int n, uint32_t addr)
{
	for (int i = 0; i < n; i++)
		if (addrs[i] == addr)
			return true;
	return false;
}

int resolve_parse(const char *text, int max, uint32_t *ret)
{
	int n = 0;

	for (const char *at = text; *at && n < max; at += strcspn(at, "\n"), at += *at == '\n') {
		size_t len = strcspn(at, " \t\n");
		char word[INET_ADDRSTRLEN];
		struct in_addr a;

		if (len >= sizeof(word))
			continue;
		memcpy(word, at, len);
		word[len] = '\0';
		if (inet_pton(AF_INET, word, &a) == 1 && !is_known(ret, n, ntohl(a.s_addr)))
			ret[n++] = ntohl(a.s_addr);
	}
	return n;
}

int resolve_ipv4(struct op *op, const char *name, int max, uint32_t *ret, int *ret_n, struct err *e)
{
	const char *const argv[] = {"getent", "ahostsv4", name, NULL};
	const struct spawn_run_args a = {.argv = argv, .max_output = ANSWER_MAX};
	int64_t old = op_limit(op, RESOLVE_MS);
	auto_buf answer = {0};
	struct err why = {0};
	int rc;

	assert(name[0] && name[0] != '-');
	rc = spawn_run(op, &a, &answer, &why);
	op_restore(op, old);
	/* "One or more supplied keys could not be found" is exit 2 and no word. */
	if (rc < 0 && why.code != ERR_TOOL && why.code != ERR_TIMEOUT) {
		*e = why;
		return -1;
	}
	*ret_n = rc < 0 ? 0 : resolve_parse(buf_cstr(&answer), max, ret);
	if (*ret_n)
		return 0;
	if (why.code == ERR_TIMEOUT)
		err_set(e, ERR_NET, _("host name '%s': no answer within %d s"), name, RESOLVE_MS / 1000);
	else
		err_set(e, ERR_NET, _("host name '%s': this host knows no IPv4 address of it"), name);
	return err_hint(e, _("see what it is asked for: getent ahostsv4 %s"), name);
}
