/* SPDX-License-Identifier: MIT */
/*
 * See privnet_probe.h. The whole thing is made and taken down again, by the same code that makes it for a VM.
 */
#include "core/net/privnet_probe.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/program.h"
#include "base/verdict.h"
#include "core/net/privnet.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_FILE "privnet-probe.json"
#define TUN "/dev/net/tun"
#define NOBODYS_MAC "02:00:00:00:00:01"

int privnet_program(char ret[PATHS_MAX], struct err *e)
{
	if (program_ours(PRIVNET_PROGRAM, PROGRAM_BESIDE_FIRST, ret))
		return 0;
	err_set(e, ERR_MISSING, _("%s was found neither beside this program nor at %s"), PRIVNET_PROGRAM, ret);
	return err_hint(e, _("Install banger-tui completely (make install)."));
}

/* ---- what the verdict depends on ---- */

static void format_key(const char *program, struct buf *out)
{
	struct stat st;

	verdict_add_boot(out);
	buf_addf(out, "%u|", (unsigned)geteuid());
	verdict_add_line(out, "/proc/sys/kernel/unprivileged_userns_clone", NULL);
	verdict_add_line(out, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", NULL);
	verdict_add_line(out, "/proc/sys/user/max_user_namespaces", NULL);
	verdict_add_line(out, "/proc/sys/user/max_net_namespaces", NULL);
	/* Not its time: a character device's changes with use. */
	if (stat(TUN, &st) == 0)
		buf_addf(out, "%ju %o %u %u|", (uintmax_t)st.st_rdev, st.st_mode, st.st_uid, st.st_gid);
	verdict_add_file(out, program);
	/* It is looked up on PATH; the usual place stands for it, so that an upgrade asks again. */
	verdict_add_file(out, "/usr/bin/slirp4netns");
}

/* ---- trying ---- */

/* Not every step says what is in its way, and which of several was: the device is the one that users meet. */
static bool tun_opens(struct privnet_verdict *ret)
{
	if (access(TUN, R_OK | W_OK) == 0)
		return true;
	snprintf(ret->why, sizeof(ret->why), "%s: %s", TUN, err_strerror(errno));
	str_copy(ret->mend, sizeof(ret->mend), errno == ENOENT ? "sudo modprobe tun" : "sudo chmod 0666 " TUN);
	return false;
}

static int try_one(struct op *op, const char *program, const char *socket_dir, struct privnet_verdict *ret, struct err *e)
{
	static const struct egress none = {.kind = EGRESS_NONE};
	struct privnet net = PRIVNET_INIT;
	char api[PATHS_MAX], id[ID_SIZE];
	struct err why = {0};

	id_new(id);
	path_join(api, sizeof(api), socket_dir, "%s.net", id);
	struct privnet_args a = {.program = program, .api = api, .mac = NOBODYS_MAC, .egress = &none};
	ret->works = privnet_up(op, &a, &net, &why) == 0;
	privnet_down(&net);
	(void)!fs_unlink(api, NULL);
	if (op_check(op, e) < 0)
		return -1;
	str_copy(ret->why, sizeof(ret->why), ret->works ? _("a network was made") : why.msg);
	str_copy(ret->mend, sizeof(ret->mend), ret->works ? "" : why.hint);
	return 0;
}

int privnet_probe(struct op *op, const char *cache_dir, const char *socket_dir, struct privnet_verdict *ret, struct err *e)
{
	char program[PATHS_MAX], path[PATHS_MAX] = "";
	struct err missing = {0};
	auto_buf key = {0};

	*ret = (struct privnet_verdict){0};
	if (privnet_program(program, &missing) < 0) {
		str_copy(ret->why, sizeof(ret->why), missing.msg);
		str_copy(ret->mend, sizeof(ret->mend), missing.hint);
		return 0;
	}
	if (!tun_opens(ret))
		return 0;
	format_key(program, &key);
	if (cache_dir)
		ret->from_cache = verdict_find(path_join(path, sizeof(path), cache_dir, "%s", CACHE_FILE), buf_cstr(&key), &ret->works,
					       ret->why, sizeof(ret->why));
	if (ret->from_cache)
		return 0;
	if (fs_mkdir_p(socket_dir, 0700, e) < 0 || try_one(op, program, socket_dir, ret, e) < 0)
		return err_wrap(e, _("try a private network"));
	if (cache_dir && ret->works && fs_mkdir_p(cache_dir, 0700, NULL) == 0)
		verdict_put(path, buf_cstr(&key), true, ret->why);
	return 0;
}
