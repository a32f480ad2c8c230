/* SPDX-License-Identifier: MIT */
/*
 * Firecracker's API: see fc_api.h. A body is written with base/json, never with a format: paths may hold anything.
 */
#include "core/vmm/fc_api.h"

#include "base/http.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX (256 * 1024)

bool fc_version_parse(const char *s, struct fc_version *ret)
{
	*ret = (struct fc_version){0};
	s += *s == 'v';
	/* Two digits of each are plenty, and cannot overflow. */
	if (sscanf(s, "%3d.%3d.", &ret->major, &ret->minor) != 2 || sscanf(s, "%31[0-9.]", ret->text) != 1)
		return false;
	return ret->major >= 0 && ret->minor >= 0;
}

bool fc_version_at_least(const struct fc_version *v, int major, int minor)
{
	return v->major > major || (v->major == major && v->minor >= minor);
}

char *fc_id(char *buf, size_t size, const char *name)
{
	str_copy(buf, size, name);
	for (char *p = buf; *p; p++)
		if (!isascii(*p) || !isalnum((unsigned char)*p))
			*p = '_';
	return buf;
}

/* One call. `path` names it in errors. */
struct call {
	const char *method, *path;
	const struct buf *body; /* NULL: none */
	int timeout_ms;		/* 0 = FC_CALL_MS */
};

static int refused(const struct call *c, const struct http_response *r, struct err *e)
{
	struct json *o = json_parse(buf_cstr(&r->body), r->body.len, c->path, NULL);
	const char *fault = json_str(o, "fault_message");
	auto_buf words = {0};

	if (fault)
		utf8_clean(&words, fault, strlen(fault), false);
	json_free(o);
	return err_set(e, ERR_TOOL, _("Firecracker refused %s %s (%d)%s%.300s"), c->method, c->path, r->status,
		       words.len ? ": " : "", buf_cstr(&words));
}

/* `ret` may be NULL; else the answer's JSON object, the caller's. */
static int do_call(struct op *op, const char *sock, const struct call *c, struct json **ret, struct err *e)
{
	static const char *const headers[] = {"Accept: application/json", "Content-Type: application/json", NULL};
	auto_free char *url = xasprintf("http://localhost%s", c->path);
	auto_http_response r = {0};
	struct http_request q = {.method = c->method,
				 .url = url,
				 .unix_path = sock,
				 .headers = headers,
				 .body = c->body ? buf_cstr(c->body) : NULL,
				 .body_len = c->body ? c->body->len : 0,
				 .max_response = ANSWER_MAX};
	int64_t old = op_limit(op, c->timeout_ms ? c->timeout_ms : FC_CALL_MS);
	int rc = http_do(op, &q, &r, e);

	op_restore(op, old);
	if (rc < 0)
		return err_wrap(e, _("Firecracker, %s %s"), c->method, c->path);
	if (r.status / 100 != 2)
		return refused(c, &r, e);
	if (!ret)
		return 0;
	*ret = json_parse(buf_cstr(&r.body), r.body.len, c->path, NULL);
	if (json_is_object(*ret))
		return 0;
	json_free(*ret);
	*ret = NULL;
	return err_set(e, ERR_PROTO, _("Firecracker, %s %s: the answer is no JSON object"), c->method, c->path);
}

static int get(struct op *op, const char *sock, const char *path, struct json **ret, struct err *e)
{
	return do_call(op, sock, &(struct call){.method = "GET", .path = path}, ret, e);
}

static int put(struct op *op, const char *sock, const char *path, const struct buf *body, struct err *e)
{
	return do_call(op, sock, &(struct call){.method = "PUT", .path = path, .body = body}, NULL, e);
}

static int patch(struct op *op, const char *sock, const char *path, const struct buf *body, struct err *e)
{
	return do_call(op, sock, &(struct call){.method = "PATCH", .path = path, .body = body}, NULL, e);
}

/* A body of one string. */
static int put_string(struct op *op, const char *sock, const char *const path_key[2], const char *val, struct err *e)
{
	auto_buf body = {0};
	struct jw w = jw_init(&body);

	jw_obj(&w, NULL);
	jw_str(&w, path_key[1], val);
	jw_end(&w);
	return put(op, sock, path_key[0], &body, e);
}

static int malformed(const char *path, struct err *e)
{
	return err_set(e, ERR_PROTO, _("Firecracker, %s %s: the answer lacks what was asked for"), "GET", path);
}

int fc_get_version(struct op *op, const char *sock, struct fc_version *ret, struct err *e)
{
	struct json *o;

	if (get(op, sock, "/version", &o, e) < 0)
		return -1;
	const char *s = json_str(o, "firecracker_version");
	bool ok = s && fc_version_parse(s, ret);
	json_free(o);
	return ok ? 0 : malformed("/version", e);
}

int fc_get_state(struct op *op, const char *sock, enum fc_state *ret, struct err *e)
{
	static const char *const words[] = {"Not started", "Running", "Paused"};
	struct json *o;
	int found = -1;

	if (get(op, sock, "/", &o, e) < 0)
		return -1;
	const char *s = json_str(o, "state");
	for (int i = 0; s && i < (int)ARRAY_LEN(words); i++)
		if (strcmp(s, words[i]) == 0)
			found = i;
	json_free(o);
	if (found < 0)
		return malformed("/", e);
	*ret = (enum fc_state)found;
	return 0;
}

int fc_get_machine(struct op *op, const char *sock, struct fc_machine *ret, struct err *e)
{
	struct json *o;

	if (get(op, sock, "/machine-config", &o, e) < 0)
		return -1;
	int64_t vcpus = json_int(o, "vcpu_count", 0);
	int64_t mem = json_int(o, "mem_size_mib", 0);
	json_free(o);
	if (vcpus < 1 || vcpus > FC_VCPUS_MAX || mem < 1 || mem > INT32_MAX)
		return malformed("/machine-config", e);
	*ret = (struct fc_machine){(int)vcpus, (int)mem};
	return 0;
}

int fc_get_balloon_stats(struct op *op, const char *sock, struct fc_balloon_stats *ret, struct err *e)
{
	struct json *o;

	if (get(op, sock, "/balloon/statistics", &o, e) < 0)
		return -1;
	/* At the top level of the answer, not in an object of their own. */
	ret->actual_mib = json_int(o, "actual_mib", -1);
	ret->free_memory = json_int(o, "free_memory", -1);
	ret->available_memory = json_int(o, "available_memory", -1);
	json_free(o);
	return 0;
}

int fc_put_machine(struct op *op, const char *sock, const struct fc_machine *m, struct err *e)
{
	auto_buf body = {0};
	struct jw w = jw_init(&body);

	jw_obj(&w, NULL);
	jw_int(&w, "vcpu_count", m->vcpus);
	jw_int(&w, "mem_size_mib", m->mem_mib);
	jw_end(&w);
	return put(op, sock, "/machine-config", &body, e);
}

int fc_put_boot(struct op *op, const char *sock, const struct fc_boot *b, struct err *e)
{
	auto_buf body = {0};
	struct jw w = jw_init(&body);

	jw_obj(&w, NULL);
	jw_str(&w, "kernel_image_path", b->kernel);
	if (b->initrd && b->initrd[0])
		jw_str(&w, "initrd_path", b->initrd);
	jw_str(&w, "boot_args", b->args);
	jw_end(&w);
	return put(op, sock, "/boot-source", &body, e);
}

/* A token bucket of bytes that fills once a second; one of size 0 is none (firecracker.yaml, RateLimiter). */
static void add_limiter(struct jw *w, const char *name, int64_t rate)
{
	jw_obj(w, name);
	jw_obj(w, "bandwidth");
	jw_int(w, "size", rate);
	jw_int(w, "refill_time", rate ? 1000 : 0);
	jw_end(w);
	jw_end(w);
}

int fc_put_drive(struct op *op, const char *sock, const struct fc_drive *d, struct err *e)
{
	auto_free char *path = xasprintf("/drives/%s", d->id);
	auto_buf body = {0};
	struct jw w = jw_init(&body);

	jw_obj(&w, NULL);
	jw_str(&w, "drive_id", d->id);
	jw_str(&w, "path_on_host", d->path);
	/* The initramfs mounts what it finds; a root device would change the kernel's command line. */
	jw_bool(&w, "is_root_device", false);
	jw_bool(&w, "is_read_only", d->readonly);
	jw_str(&w, "cache_type", d->writeback ? "Writeback" : "Unsafe");
	if (d->rate)
		add_limiter(&w, "rate_limiter", d->rate);
	jw_end(&w);
	return put(op, sock, path, &body, e);
}

int fc_put_nic(struct op *op, const char *sock, const struct fc_nic *n, struct err *e)
{
	auto_free char *path = xasprintf("/network-interfaces/%s", n->id);
	auto_buf body = {0};
	struct jw w = jw_init(&body);

	jw_obj(&w, NULL);
	jw_str(&w, "iface_id", n->id);
	jw_str(&w, "host_dev_name", n->tap);
	jw_str(&w, "guest_mac", n->mac);
	if (n->rate) {
		add_limiter(&w, "rx_rate_limiter", n->rate);
		add_limiter(&w, "tx_rate_limiter", n->rate);
	}
	jw_end(&w);
	return put(op, sock, path, &body, e);
}

int fc_put_balloon(struct op *op, const char *sock, const struct fc_balloon *b, struct err *e)
{
	auto_buf body = {0};
	struct jw w = jw_init(&body);

	jw_obj(&w, NULL);
	jw_int(&w, "amount_mib", b->amount_mib);
	jw_bool(&w, "deflate_on_oom", b->deflate_on_oom);
	jw_int(&w, "stats_polling_interval_s", b->stats_interval_s);
	if (b->free_page_reporting)
		jw_bool(&w, "free_page_reporting", true);
	jw_end(&w);
	return put(op, sock, "/balloon", &body, e);
}

int fc_put_entropy(struct op *op, const char *sock, struct err *e)
{
	auto_buf body = {0};

	buf_adds(&body, "{}");
	return put(op, sock, "/entropy", &body, e);
}

int fc_put_logger(struct op *op, const char *sock, const char *path, struct err *e)
{
	auto_buf body = {0};
	struct jw w = jw_init(&body);

	jw_obj(&w, NULL);
	jw_str(&w, "log_path", path);
	jw_str(&w, "level", "Info");
	jw_bool(&w, "show_level", true);
	jw_end(&w);
	return put(op, sock, "/logger", &body, e);
}

int fc_put_metrics(struct op *op, const char *sock, const char *path, struct err *e)
{
	static const char *const where[2] = {"/metrics", "metrics_path"};

	return put_string(op, sock, where, path, e);
}

int fc_put_serial(struct op *op, const char *sock, const char *path, struct err *e)
{
	static const char *const where[2] = {"/serial", "serial_out_path"};

	return put_string(op, sock, where, path, e);
}

int fc_put_action(struct op *op, const char *sock, enum fc_action a, struct err *e)
{
	static const char *const where[2] = {"/actions", "action_type"};
	static const char *const words[] = {"InstanceStart", "FlushMetrics", "SendCtrlAltDel"};

	if (put_string(op, sock, where, words[a], e) < 0)
		return err_wrap(e, "%s", words[a]);
	return 0;
}

int fc_vm_pause(struct op *op, const char *sock, bool paused, struct err *e)
{
	auto_buf body = {0};
	struct jw w = jw_init(&body);

	jw_obj(&w, NULL);
	jw_str(&w, "state", paused ? "Paused" : "Resumed");
	jw_end(&w);
	return do_call(op, sock, &(struct call){"PATCH", "/vm", &body, FC_PAUSE_MS}, NULL, e);
}

int fc_patch_drive(struct op *op, const char *sock, const char *id, const char *path, struct err *e)
{
	auto_free char *resource = xasprintf("/drives/%s", id);
	auto_buf body = {0};
	struct jw w = jw_init(&body);

	jw_obj(&w, NULL);
	jw_str(&w, "drive_id", id);
	jw_str(&w, "path_on_host", path);
	jw_end(&w);
	return patch(op, sock, resource, &body, e);
}

int fc_patch_drive_rate(struct op *op, const char *sock, const char *id, int64_t rate, struct err *e)
{
	auto_free char *resource = xasprintf("/drives/%s", id);
	auto_buf body = {0};
	struct jw w = jw_init(&body);

	jw_obj(&w, NULL);
	jw_str(&w, "drive_id", id);
	add_limiter(&w, "rate_limiter", rate);
	jw_end(&w);
	return patch(op, sock, resource, &body, e);
}

int fc_patch_nic_rate(struct op *op, const char *sock, const char *id, int64_t rate, struct err *e)
{
	auto_free char *resource = xasprintf("/network-interfaces/%s", id);
	auto_buf body = {0};
	struct jw w = jw_init(&body);

	jw_obj(&w, NULL);
	jw_str(&w, "iface_id", id);
	add_limiter(&w, "rx_rate_limiter", rate);
	add_limiter(&w, "tx_rate_limiter", rate);
	jw_end(&w);
	return patch(op, sock, resource, &body, e);
}

int fc_patch_balloon(struct op *op, const char *sock, int amount_mib, struct err *e)
{
	auto_buf body = {0};
	struct jw w = jw_init(&body);

	jw_obj(&w, NULL);
	jw_int(&w, "amount_mib", amount_mib);
	jw_end(&w);
	return patch(op, sock, "/balloon", &body, e);
}
