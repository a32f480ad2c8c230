/* SPDX-License-Identifier: MIT */
/*
 * banger.conf through libconfuse.
 *
 * The text is read by us (size limit, real file name in messages) and parsed from memory. libconfuse reports errors
 * through a callback without an argument, hence the thread-local; the first error is the one that says what is wrong,
 * what follows is its echo. Lines of entries are noted by its validation callback, the only moment they are known.
 *
 * Two things libconfuse gets wrong are mended here. It counts the line of a comment twice, so comments are blanked before
 * it sees them. And the end of the text closes every section: a text that parses is parsed once more with an entry of ours
 * behind it, which only the top level knows.
 */
#include "base/conf.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/utf8.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CONF_MAX_BYTES ((size_t)1024 * 1024)
#define END_MARK "end_of_banger_conf"

static cfg_opt_t vm_opts[] = {
	CFG_STR("vcpus", NULL, CFGF_NONE),
	CFG_STR("memory", NULL, CFGF_NONE),
	CFG_STR("overlay", NULL, CFGF_NONE),
	CFG_STR("work_disk", NULL, CFGF_NONE),
	CFG_STR("image", NULL, CFGF_NONE),
	CFG_STR("network", NULL, CFGF_NONE),
	CFG_STR("disk", NULL, CFGF_NONE),
	CFG_STR("vmm", NULL, CFGF_NONE),
	CFG_STR("nat", NULL, CFGF_NONE),
	CFG_STR("egress", NULL, CFGF_NONE),
	CFG_STR("disk_rate", NULL, CFGF_NONE),
	CFG_STR("net_rate", NULL, CFGF_NONE),
	CFG_STR("auto_stop_after", NULL, CFGF_NONE),
	CFG_END(),
};

static cfg_opt_t net_opts[] = {
	CFG_STR("address", NULL, CFGF_NONE),
	CFG_END(),
};

static cfg_opt_t paths_opts[] = {
	CFG_STR("state", NULL, CFGF_NONE),
	CFG_STR("cache", NULL, CFGF_NONE),
	CFG_STR("qemu", NULL, CFGF_NONE),
	CFG_STR("firecracker", NULL, CFGF_NONE),
	CFG_STR("ssh_key", NULL, CFGF_NONE),
	CFG_END(),
};

static cfg_opt_t ui_opts[] = {
	CFG_STR("theme", NULL, CFGF_NONE),
	CFG_STR("escape", NULL, CFGF_NONE),
	CFG_BOOL("mouse", cfg_false, CFGF_NODEFAULT),
	CFG_BOOL("ascii", cfg_false, CFGF_NODEFAULT),
	CFG_END(),
};

static cfg_opt_t file_sync_opts[] = {
	CFG_STR("host", NULL, CFGF_NONE),
	CFG_STR("guest", NULL, CFGF_NONE),
	CFG_STR("mode", NULL, CFGF_NONE),
	CFG_END(),
};

static cfg_opt_t root_opts[] = {
	CFG_SEC("vm", vm_opts, CFGF_NONE),
	CFG_SEC("net", net_opts, CFGF_NONE),
	CFG_SEC("paths", paths_opts, CFGF_NONE),
	CFG_SEC("ui", ui_opts, CFGF_NONE),
	CFG_SEC("file_sync", file_sync_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END(),
};

/* The same, and the mark. */
static cfg_opt_t marked_opts[] = {
	CFG_SEC("vm", vm_opts, CFGF_NONE),
	CFG_SEC("net", net_opts, CFGF_NONE),
	CFG_SEC("paths", paths_opts, CFGF_NONE),
	CFG_SEC("ui", ui_opts, CFGF_NONE),
	CFG_SEC("file_sync", file_sync_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_BOOL(END_MARK, cfg_false, CFGF_NONE),
	CFG_END(),
};

/* What the callbacks report to, while conf_parse() runs on this thread. */
static _Thread_local struct {
	struct conf *c;
	struct err *e;
	const char *open_in; /* second parse: the section that the mark was found in */
} reporting;

static void PRINTF(2, 0) on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	auto_buf text = {0};
	auto_buf clean = {0};

	if (err_is_set(reporting.e))
		return;
	buf_vaddf(&text, fmt, ap);
	utf8_clean(&clean, buf_cstr(&text), text.len, false);
	err_set(reporting.e, ERR_USAGE, "%s:%d: %s", reporting.c->path, cfg ? cfg->line : 0, buf_cstr(&clean));
	err_hint(reporting.e, _("Correct that line, or remove it to use the default."));
}

/* The mark is unknown to every section. */
static void PRINTF(2, 0) on_second_error(cfg_t *cfg, const char *fmt UNUSED, va_list ap UNUSED)
{
	for (size_t i = 0; cfg && i + 1 < ARRAY_LEN(root_opts); i++)
		if (!reporting.open_in && strcmp(cfg_name(cfg), root_opts[i].name) == 0)
			reporting.open_in = root_opts[i].name;
}

/* An entry was read: note its line. */
static int on_entry(cfg_t *sec, cfg_opt_t *opt)
{
	struct conf *c = reporting.c;
	const char *title = cfg_title(sec);

	c->lines = xrealloc(c->lines, c->n_lines + 1, sizeof(*c->lines));
	c->lines[c->n_lines++] = (struct conf_line){
		.key = xasprintf("%s%s%s.%s", cfg_name(sec), title ? " " : "", title ? title : "", cfg_opt_name(opt)),
		.line = sec->line,
	};
	return 0;
}

static void note_lines(cfg_t *cfg)
{
	for (const cfg_opt_t *sec = root_opts; sec->name; sec++) {
		for (const cfg_opt_t *opt = sec->subopts; opt->name; opt++) {
			auto_free char *path = xasprintf("%s|%s", sec->name, opt->name);

			cfg_set_validate_func(cfg, path, on_entry);
		}
	}
}

int conf_wrap(const struct conf *c, const char *key, struct err *e)
{
	size_t n = strlen(key);
	int line = 0;

	for (size_t i = 0; i < c->n_lines; i++) {
		const char *have = c->lines[i].key;

		if (strcmp(have, key) == 0)
			line = c->lines[i].line;
		else if (line == 0 && strncmp(have, key, n) == 0 && have[n] == '.')
			line = c->lines[i].line;
	}
	if (line == 0)
		return err_wrap(e, "%s: %s", c->path ? c->path : "banger.conf", key);
	return err_wrap(e, "%s:%d: %s", c->path, line, key);
}

/* The line that `at` stands in; the newline that ends the text begins none. */
static int line_of(const char *text, const char *at)
{
	int n = 1;

	for (; text < at; text++)
		n += *text == '\n' && text[1];
	return n;
}

static char *blank(char *from, const char *to)
{
	for (; from < to; from++)
		if (*from != '\n')
			*from = ' ';
	return from;
}

static char *skip_quoted(char *p)
{
	char quote = *p++;

	while (*p && *p != quote)
		p += *p == '\\' && p[1] ? 2 : 1;
	return *p ? p + 1 : p;
}

/* Overwrite comments, which begin where a word could. Returns one that is never closed, or NULL. */
static const char *blank_comments(char *text)
{
	bool in_word = false;

	for (char *p = text; *p;) {
		bool line = *p == '#' || (!in_word && strncmp(p, "//", 2) == 0);

		if (!in_word && strncmp(p, "/*", 2) == 0) {
			const char *end = strstr(p + 2, "*/");

			if (!end)
				return p;
			p = blank(p, end + 2);
		} else if (line) {
			p = blank(p, p + strcspn(p, "\n"));
			in_word = false;
		} else if (*p == '"' || *p == '\'') {
			p = skip_quoted(p);
			in_word = false;
		} else {
			in_word = !strchr(" \t\r\n={}(),+", *p);
			p++;
		}
	}
	return NULL;
}

/* A text that parses: is every section closed at its end? */
static int check_end(const char *text, const struct conf *c, struct err *e)
{
	auto_free char *marked = xasprintf("%s\n" END_MARK " = true\n", text);
	cfg_t *cfg = cfg_init(marked_opts, CFGF_NONE);

	if (!cfg)
		return err_set(e, ERR_NOMEM, _("%s: out of memory"), c->path);
	cfg_set_error_function(cfg, on_second_error);
	reporting.open_in = NULL;
	if (cfg_parse_buf(cfg, marked) != CFG_SUCCESS) {
		err_set(e, ERR_USAGE, _("%s:%d: section '%s' is still open at the end of the file"), c->path,
			line_of(text, text + strlen(text)), reporting.open_in ? reporting.open_in : "?");
		err_hint(e, _("Close it with }."));
	}
	cfg_free(cfg);
	return err_is_set(e) ? -1 : 0;
}

static char *dup_str(cfg_t *sec, const char *name)
{
	const char *s = sec ? cfg_getstr(sec, name) : NULL;

	return s ? xstrdup(s) : NULL;
}

static int64_t get_bool(cfg_t *sec, const char *name)
{
	return sec && cfg_size(sec, name) > 0 ? cfg_getbool(sec, name) == cfg_true : CONF_UNSET;
}

static void copy_vm(cfg_t *sec, struct conf_vm *vm)
{
	vm->vcpus = dup_str(sec, "vcpus");
	vm->memory = dup_str(sec, "memory");
	vm->overlay = dup_str(sec, "overlay");
	vm->work_disk = dup_str(sec, "work_disk");
	vm->image = dup_str(sec, "image");
	vm->network = dup_str(sec, "network");
	vm->disk = dup_str(sec, "disk");
	vm->vmm = dup_str(sec, "vmm");
	vm->nat = dup_str(sec, "nat");
	vm->egress = dup_str(sec, "egress");
	vm->disk_rate = dup_str(sec, "disk_rate");
	vm->net_rate = dup_str(sec, "net_rate");
	vm->auto_stop_after = dup_str(sec, "auto_stop_after");
}

static int copy_file_sync(cfg_t *cfg, struct conf *c, struct err *e)
{
	size_t n = cfg_size(cfg, "file_sync");

	if (n > CONF_FILE_SYNC_MAX)
		return err_set(e, ERR_USAGE, _("%s: more than %d file_sync sections"), c->path, CONF_FILE_SYNC_MAX);
	c->file_sync = xcalloc(n, sizeof(*c->file_sync));
	for (; c->n_file_sync < n; c->n_file_sync++) {
		cfg_t *sec = cfg_getnsec(cfg, "file_sync", (unsigned int)c->n_file_sync);
		c->file_sync[c->n_file_sync] = (struct conf_file_sync){.name = xstrdup(cfg_title(sec)),
								       .host = dup_str(sec, "host"),
								       .guest = dup_str(sec, "guest"),
								       .mode = dup_str(sec, "mode")};
	}
	return 0;
}

static int copy_all(cfg_t *cfg, struct conf *c, struct err *e)
{
	cfg_t *sec;

	copy_vm(cfg_getsec(cfg, "vm"), &c->vm);
	c->net.address = dup_str(cfg_getsec(cfg, "net"), "address");
	sec = cfg_getsec(cfg, "paths");
	c->paths.state = dup_str(sec, "state");
	c->paths.cache = dup_str(sec, "cache");
	c->paths.qemu = dup_str(sec, "qemu");
	c->paths.firecracker = dup_str(sec, "firecracker");
	c->paths.ssh_key = dup_str(sec, "ssh_key");
	sec = cfg_getsec(cfg, "ui");
	c->ui.theme = dup_str(sec, "theme");
	c->ui.escape = dup_str(sec, "escape");
	c->ui.mouse = get_bool(sec, "mouse");
	c->ui.ascii = get_bool(sec, "ascii");
	return copy_file_sync(cfg, c, e);
}

int conf_parse(const char *text, size_t n, const char *path, struct conf *ret, struct err *e)
{
	struct err mine = {0};

	conf_init(ret);
	ret->path = xstrdup(path);
	if (n > 0 && memchr(text, '\0', n))
		return err_set(e, ERR_USAGE, _("%s: not a text file"), path);
	auto_free char *copy = xstrndup(text, n);
	const char *open = blank_comments(copy);
	if (open) {
		err_set(e, ERR_USAGE, _("%s:%d: this comment is never closed"), path, line_of(copy, open));
		return err_hint(e, _("Close it with */."));
	}
	cfg_t *cfg = cfg_init(root_opts, CFGF_NONE);
	if (!cfg)
		return err_set(e, ERR_NOMEM, _("%s: out of memory"), path);
	cfg_set_error_function(cfg, on_error);
	note_lines(cfg);
	reporting.c = ret;
	reporting.e = &mine;
	/* An empty buffer is an error to libconfuse, an empty file is none to us. */
	if (n > 0 && cfg_parse_buf(cfg, copy) != CFG_SUCCESS && !err_is_set(&mine))
		err_set(&mine, ERR_USAGE, _("%s: cannot be parsed"), path);
	if (!err_is_set(&mine) && check_end(copy, ret, &mine) == 0)
		(void)!copy_all(cfg, ret, &mine);
	cfg_free(cfg);
	if (err_is_set(&mine))
		return err_join(e, &mine);
	return 0;
}

int conf_load(const char *path, struct conf *ret, struct err *e)
{
	auto_buf text = {0};
	struct err mine = {0};

	conf_init(ret);
	if (fs_read_file(path, CONF_MAX_BYTES, &text, &mine) < 0)
		return mine.code == ERR_NOT_FOUND ? 0 : err_join(e, &mine);
	return conf_parse(buf_cstr(&text), text.len, path, ret, e);
}

void conf_init(struct conf *c)
{
	*c = (struct conf){.ui = {.mouse = CONF_UNSET, .ascii = CONF_UNSET}};
}

static void done_strings(char **const strings[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(*strings[i]);
}

void conf_done(struct conf *c)
{
	char **const strings[] = {
		&c->path,	  &c->vm.vcpus,	  &c->vm.memory,  &c->vm.overlay, &c->vm.work_disk,
		&c->vm.image,	  &c->vm.network, &c->vm.disk,	  &c->vm.vmm,	  &c->vm.auto_stop_after,
		&c->paths.state,  &c->paths.cache, &c->paths.qemu, &c->paths.firecracker, &c->paths.ssh_key, &c->ui.theme,
		&c->ui.escape,	  &c->vm.nat,	  &c->vm.egress,  &c->net.address, &c->vm.disk_rate, &c->vm.net_rate,
	};

	done_strings(strings, ARRAY_LEN(strings));
	for (size_t i = 0; i < c->n_file_sync; i++) {
		struct conf_file_sync *f = &c->file_sync[i];
		char **const own[] = {&f->name, &f->host, &f->guest, &f->mode};
		done_strings(own, ARRAY_LEN(own));
	}
	free(c->file_sync);
	for (size_t i = 0; i < c->n_lines; i++)
		free(c->lines[i].key);
	free(c->lines);
	conf_init(c);
}
