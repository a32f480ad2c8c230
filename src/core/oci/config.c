/* SPDX-License-Identifier: MIT */
/*
 * Configurations: see config.h.
 *
 * The image's JSON and our own differ in the names of their members and in where these stand; one reader knows both.
 */
#include "core/oci/config.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/oci/manifest.h"

#include <string.h>

struct member_names {
	const char *env, *workdir, *user, *entrypoint, *cmd;
};

static const struct member_names image_names = {"Env", "WorkingDir", "User", "Entrypoint", "Cmd"};
static const struct member_names own_names = {"env", "workdir", "user", "entrypoint", "cmd"};

static int complain(const struct doc *d, const char *member, const char *why, struct err *e)
{
	return err_set(e, ERR_PROTO, _("%s: \"%s\" %s"), d->what, member, why);
}

/* Absent or null, which Docker writes for what is not said. */
static bool is_unsaid(const struct json *v)
{
	return !v || json_is_null(v);
}

static void words_done(struct oci_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->word[i]);
	free(w->word);
	*w = (struct oci_words){0};
}

/* Whether an entry of the environment is kept. */
enum env_verdict { ENV_KEEP, ENV_DROP, ENV_REFUSE };

static enum env_verdict judge_env(const char *entry)
{
	size_t name = strcspn(entry, "=");

	if (name == 0 || !entry[name])
		return ENV_DROP;
	return doc_has_control(entry, name) ? ENV_REFUSE : ENV_KEEP;
}

static int read_words(const struct doc *d, const struct json *obj, const char *key, struct oci_words *ret,
		      struct err *e)
{
	const struct json *list = json_get(obj, key);
	size_t bytes = 0;
	int n = json_len(list);

	if (is_unsaid(list) || (json_is_array(list) && n == 0))
		return 0;
	if (!json_is_array(list) || n > OCI_WORDS_MAX)
		return complain(d, key, _("must be a list of at most 4096 strings"), e);
	ret->word = xcalloc((size_t)n + 1, sizeof(*ret->word));
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		if (!json_string(v))
			return complain(d, key, _("holds something that is no string"), e);
		bytes += strlen(json_string(v));
		if (bytes > OCI_WORDS_BYTES)
			return complain(d, key, _("is longer than 128 KiB"), e);
		ret->word[ret->n++] = xstrdup(json_string(v));
	}
	return 0;
}

static int filter_env(const struct doc *d, const char *key, struct oci_words *env, struct err *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < env->n; i++) {
		char *entry = TAKE_PTR(env->word[i]);
		enum env_verdict verdict = judge_env(entry);

		if (verdict == ENV_KEEP) {
			env->word[kept++] = entry;
			continue;
		}
		free(entry);
		if (verdict == ENV_REFUSE)
			return complain(d, key, _("holds a name with a control character"), e);
	}
	env->n = kept;
	if (kept == 0)
		words_done(env);
	return 0;
}

/* A line: absent, or of at most `max` bytes without control characters. */
static int read_line(const struct doc *d, const struct json *obj, const char *key, size_t max, char **ret,
		     struct err *e)
{
	const struct json *v = json_get(obj, key);
	const char *s = json_string(v);

	if (is_unsaid(v) || (s && !*s))
		return 0;
	if (!s)
		return complain(d, key, _("must be a string"), e);
	if (strlen(s) > max)
		return complain(d, key, _("is too long"), e);
	if (doc_has_control(s, strlen(s)))
		return complain(d, key, _("has a control character"), e);
	*ret = xstrdup(s);
	return 0;
}

/* A relative one is taken from "/", as Docker does. */
static int take_from_root(const struct doc *d, const char *key, char **path, struct err *e)
{
	if (!*path)
		return 0;
	char *tidy = path_tidy(xasprintf("/%s", *path));

	free(*path);
	*path = tidy;
	return strlen(tidy) > OCI_PATH_MAX ? complain(d, key, _("is too long"), e) : 0;
}

static int read_process(const struct doc *d, const struct json *obj, const struct member_names *names,
			struct oci_config *ret, struct err *e)
{
	if (read_words(d, obj, names->env, &ret->env, e) < 0 || filter_env(d, names->env, &ret->env, e) < 0 ||
	    read_line(d, obj, names->workdir, OCI_PATH_MAX, &ret->workdir, e) < 0 ||
	    read_line(d, obj, names->user, OCI_USER_MAX, &ret->user, e) < 0 ||
	    read_words(d, obj, names->entrypoint, &ret->entrypoint, e) < 0 ||
	    read_words(d, obj, names->cmd, &ret->cmd, e) < 0)
		return -1;
	return take_from_root(d, names->workdir, &ret->workdir, e);
}

/* ---- the image's ---- */

static int read_platform(const struct doc *d, const char *key, char ret[OCI_PLATFORM_SIZE], struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const char *s = json_str(d->root, key);

	if (!s || !*s)
		return complain(d, key, _("is missing"), e);
	if (strlen(s) >= OCI_PLATFORM_SIZE || s[strspn(s, allowed)])
		return complain(d, key, _("must be a short word"), e);
	str_copy(ret, OCI_PLATFORM_SIZE, s);
	return 0;
}

static int read_diff_id(const struct doc *d, const struct json *v, char ret[DIGEST_SIZE], struct err *e)
{
	const size_t prefix = strlen(OCI_DIGEST_PREFIX);
	const char *s = json_string(v);

	if (!s || strncmp(s, OCI_DIGEST_PREFIX, prefix) != 0 || !digest_is_valid(s + prefix))
		return complain(d, "diff_ids", _("holds something that is no sha256 digest"), e);
	str_copy(ret, DIGEST_SIZE, s + prefix);
	return 0;
}

static int read_rootfs(const struct doc *d, struct oci_config *ret, struct err *e)
{
	const struct json *rootfs = json_get(d->root, "rootfs"), *list = json_get(rootfs, "diff_ids");
	const char *type = json_str(rootfs, "type");
	int n = json_len(list);

	if (!type || strcmp(type, "layers") != 0)
		return complain(d, "rootfs", _("is missing, or not made of layers"), e);
	if (!json_is_array(list) || n > OCI_LAYERS_MAX)
		return complain(d, "diff_ids", _("must be a list of at most 512 digests"), e);
	ret->diff_ids = xcalloc((size_t)n, sizeof(*ret->diff_ids));
	for (const struct json *v = json_first(list); v; v = json_next(v))
		if (read_diff_id(d, v, ret->diff_ids[ret->n_diff_ids++], e) < 0)
			return -1;
	return 0;
}

/* Only to be shown, so what is no time is left out. */
static void read_created(const struct doc *d, struct oci_config *ret)
{
	const char *s = json_str(d->root, "created");

	if (s && strlen(s) < sizeof(ret->created) && !s[strspn(s, "0123456789-:.+TtZz")])
		str_copy(ret->created, sizeof(ret->created), s);
}

static int read_image(const struct doc *d, struct oci_config *ret, struct err *e)
{
	const struct json *process = json_get(d->root, "config");

	if (read_platform(d, "architecture", ret->architecture, e) < 0 || read_platform(d, "os", ret->os, e) < 0 ||
	    read_rootfs(d, ret, e) < 0)
		return -1;
	read_created(d, ret);
	if (is_unsaid(process))
		return 0;
	if (!json_is_object(process))
		return complain(d, "config", _("must be an object"), e);
	return read_process(d, process, &image_names, ret, e);
}

int oci_config_parse(const struct oci_text *t, struct oci_config *ret, struct err *e)
{
	auto_oci_config c = {0};
	auto_doc d = {0};

	*ret = (struct oci_config){0};
	if (doc_open(t, &d, e) < 0 || read_image(&d, &c, e) < 0)
		return -1;
	*ret = c;
	c = (struct oci_config){0};
	return 0;
}

void oci_config_done(struct oci_config *c)
{
	free(c->diff_ids);
	words_done(&c->env);
	words_done(&c->entrypoint);
	words_done(&c->cmd);
	free(c->workdir);
	free(c->user);
	*c = (struct oci_config){0};
}

/* ---- our own ---- */

static void write_words(struct jw *w, const char *key, const struct oci_words *words)
{
	jw_arr(w, key);
	for (size_t i = 0; i < words->n; i++)
		jw_str(w, NULL, words->word[i]);
	jw_end(w);
}

void oci_config_write(const struct oci_config *c, struct buf *out)
{
	struct jw w = jw_init(out);

	jw_obj(&w, NULL);
	write_words(&w, own_names.env, &c->env);
	jw_str(&w, own_names.workdir, c->workdir);
	jw_str(&w, own_names.user, c->user);
	write_words(&w, own_names.entrypoint, &c->entrypoint);
	write_words(&w, own_names.cmd, &c->cmd);
	jw_end(&w);
}

int oci_config_read_own(const struct oci_text *t, struct oci_config *ret, struct err *e)
{
	auto_oci_config c = {0};
	auto_doc d = {0};
	struct err why = {0};

	*ret = (struct oci_config){0};
	if (doc_open(t, &d, &why) < 0 || read_process(&d, d.root, &own_names, &c, &why) < 0)
		return err_set(e, ERR_CORRUPT, "%s", why.msg);
	*ret = c;
	c = (struct oci_config){0};
	return 0;
}
