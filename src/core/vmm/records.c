/* SPDX-License-Identifier: MIT */
/*
 * identity.json and exit.json: what a keeper writes about its VM (part of alive.h). Both are replaced atomically, so a
 * reader sees a whole one or the one before.
 */
#include "core/vmm/alive.h"

#include "base/fs.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/spawn.h"

#include <string.h>

#define RECORD_MAX 16384

static const char *const ends[VM_END_COUNT] = {"unknown", "poweroff", "reset", "request", "killed", "failed"};

static int save(const char *vm_dir, const char *name, const struct buf *text, struct err *e)
{
	char path[PATHS_MAX];

	return fs_write_atomic(path_join(path, sizeof(path), vm_dir, "%s", name), text->data, text->len, 0600, e);
}

static struct json *load(const char *vm_dir, const char *name, struct err *e)
{
	auto_buf text = {0};
	struct err why = {0};
	char path[PATHS_MAX];
	struct json *doc = NULL;

	path_join(path, sizeof(path), vm_dir, "%s", name);
	if (fs_read_file(path, RECORD_MAX, &text, &why) < 0 && why.code != ERR_PROTO) {
		err_join(e, &why);
		return NULL;
	}
	if (!err_is_set(&why))
		doc = json_parse(text.data, text.len, name, NULL);
	if (json_is_object(doc))
		return doc;
	json_free(doc);
	err_set(e, ERR_CORRUPT, _("'%s' cannot be understood"), path);
	return NULL;
}

static void copy_str(const struct json *o, const char *key, char *ret, size_t size)
{
	const char *s = json_str(o, key);

	str_copy(ret, size, s ? s : "");
}

#define COPY_STR(o, key, field) copy_str(o, key, field, sizeof(field))

int identity_save(const char *vm_dir, const struct vm_identity *id, struct err *e)
{
	auto_buf text = {0};
	struct jw w = jw_init(&text);

	jw_obj(&w, NULL);
	jw_str(&w, "id", id->id);
	jw_str(&w, "boot_id", id->boot_id);
	jw_str(&w, "vmm", vmm_kind_to_string(id->vmm));
	jw_str(&w, "accel", id->accel);
	jw_int(&w, "vmm_pid", id->vmm_pid);
	jw_int(&w, "vmm_start", (int64_t)id->vmm_start);
	jw_int(&w, "keeper_pid", id->keeper_pid);
	jw_int(&w, "keeper_start", (int64_t)id->keeper_start);
	jw_int(&w, "ssh_port", id->ssh_port);
	jw_str(&w, "control", id->control);
	jw_str(&w, "serial", id->serial);
	jw_bool(&w, "as_root", id->as_root);
	jw_bool(&w, "reporting", id->reporting);
	jw_bool(&w, "no_space", id->no_space);
	jw_end(&w);
	return save(vm_dir, ALIVE_IDENTITY_FILE, &text, e);
}

int identity_load(const char *vm_dir, struct vm_identity *ret, struct err *e)
{
	struct json *o = load(vm_dir, ALIVE_IDENTITY_FILE, e);

	if (!o)
		return -1;
	const char *vmm = json_str(o, "vmm");
	int64_t port = json_int(o, "ssh_port", 0);
	*ret = (struct vm_identity){
		.vmm_pid = (pid_t)json_int(o, "vmm_pid", 0),
		.vmm_start = (uint64_t)json_int(o, "vmm_start", 0),
		.keeper_pid = (pid_t)json_int(o, "keeper_pid", 0),
		.keeper_start = (uint64_t)json_int(o, "keeper_start", 0),
		.ssh_port = (uint16_t)(port > 0 && port <= UINT16_MAX ? port : 0),
		.as_root = json_bool(o, "as_root", false),
		.reporting = json_bool(o, "reporting", false),
		.no_space = json_bool(o, "no_space", false),
	};
	COPY_STR(o, "id", ret->id);
	COPY_STR(o, "boot_id", ret->boot_id);
	COPY_STR(o, "accel", ret->accel);
	COPY_STR(o, "control", ret->control);
	COPY_STR(o, "serial", ret->serial);
	bool ok = ret->vmm_pid > 0 && vmm && vmm_kind_from_string(vmm, &ret->vmm) && ret->vmm != VMM_AUTO;
	json_free(o);
	return ok ? 0 : err_set(e, ERR_CORRUPT, _("'%s/%s' cannot be understood"), vm_dir, ALIVE_IDENTITY_FILE);
}

bool identity_vmm_is_alive(const struct vm_identity *id)
{
	return proc_is_alive(id->vmm_pid, id->vmm_start);
}

bool identity_keeper_is_alive(const struct vm_identity *id)
{
	return proc_is_alive(id->keeper_pid, id->keeper_start);
}

int exit_save(const char *vm_dir, const struct vm_exit *x, struct err *e)
{
	auto_buf text = {0};
	struct jw w = jw_init(&text);

	jw_obj(&w, NULL);
	jw_str(&w, "boot_id", x->boot_id);
	jw_str(&w, "end", (unsigned)x->end < VM_END_COUNT ? ends[x->end] : ends[VM_END_UNKNOWN]);
	jw_int(&w, "code", x->code);
	jw_int(&w, "signal", x->signo);
	jw_str(&w, "sentence", x->sentence);
	jw_int(&w, "time_ms", x->time_ms);
	jw_end(&w);
	return save(vm_dir, ALIVE_EXIT_FILE, &text, e);
}

int exit_load(const char *vm_dir, struct vm_exit *ret, struct err *e)
{
	struct json *o = load(vm_dir, ALIVE_EXIT_FILE, e);

	if (!o)
		return -1;
	const char *end = json_str(o, "end");
	*ret = (struct vm_exit){
		.code = (int)json_int(o, "code", 0),
		.signo = (int)json_int(o, "signal", 0),
		.time_ms = json_int(o, "time_ms", 0),
	};
	COPY_STR(o, "boot_id", ret->boot_id);
	COPY_STR(o, "sentence", ret->sentence);
	for (int i = 0; end && i < VM_END_COUNT; i++)
		if (strcmp(end, ends[i]) == 0)
			ret->end = (enum vm_end)i;
	json_free(o);
	return 0;
}
