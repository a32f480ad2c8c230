/* SPDX-License-Identifier: MIT */
/*
 * Machines as rows and as JSON: see vm_print.h.
 */
#include "cli/vm_print.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/engine/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

char *vm_print_age(int64_t since_ms, char buf[24])
{
	int64_t s = (clock_wall_ms() - since_ms) / 1000;

	if (since_ms == 0)
		snprintf(buf, 24, "-");
	else if (s < 60)
		snprintf(buf, 24, "%" PRId64 "s", MAX(s, (int64_t)0));
	else if (s < 3600)
		snprintf(buf, 24, "%" PRId64 "m", s / 60);
	else if (s < 86400)
		snprintf(buf, 24, "%" PRId64 "h%02" PRId64 "m", s / 3600, s / 60 % 60);
	else
		snprintf(buf, 24, "%" PRId64 "d", s / 86400);
	return buf;
}

void vm_print_json(struct jw *w, const struct paths *paths, const struct vm *vm, const char *doing)
{
	char egress[EGRESS_TEXT];
	struct snap_fill snap;

	jw_str(w, "id", vm->id);
	jw_str(w, "name", vm->name);
	jw_str(w, "state", vm_state_to_string(vm->state));
	jw_str(w, "doing", doing ? doing : "");
	jw_str(w, "reason", vm->reason);
	jw_str(w, "image", vm->cfg.image);
	jw_str(w, "image_id", vm->image_id);
	jw_str(w, "kernel", vm->cfg.kernel);
	jw_int(w, "vcpus", vm_size(vm).vcpus);
	jw_int(w, "memory_mib", vm_size(vm).mem_mib);
	jw_int(w, "next_vcpus", vm->cfg.vcpus);
	jw_int(w, "next_memory_mib", vm->cfg.mem_mib);
	jw_str(w, "disk", disk_mode_to_string(vm->cfg.disk));
	jw_int(w, "overlay_bytes", (int64_t)vm->cfg.overlay_bytes);
	jw_int(w, "work_bytes", (int64_t)vm->cfg.work_bytes);
	jw_int(w, "disk_used_bytes", (int64_t)vm_disk_bytes(paths, vm->id));
	vm_snap_fill(paths, vm->id, &snap);
	if (snap.total_bytes) {
		jw_int(w, "snapshot_used_bytes", (int64_t)snap.used_bytes);
		jw_int(w, "snapshot_total_bytes", (int64_t)snap.total_bytes);
		jw_bool(w, "snapshot_lost", snap.lost);
	}
	jw_str(w, "network", net_mode_to_string(vm->cfg.net));
	jw_bool(w, "nat", vm->cfg.nat);
	jw_str(w, "address", vm->address);
	jw_bool(w, "isolated", vm->cfg.isolated);
	jw_str(w, "egress", egress_format(&vm->cfg.egress, egress, sizeof(egress)));
	jw_int(w, "disk_rate_bytes", (int64_t)vm->cfg.disk_rate);
	jw_int(w, "net_rate_bytes", (int64_t)vm->cfg.net_rate);
	jw_arr(w, "published");
	for (int i = 0; i < vm->cfg.publish.n; i++) {
		jw_obj(w, NULL);
		jw_int(w, "host", vm->cfg.publish.ports[i].host);
		jw_int(w, "guest", vm->cfg.publish.ports[i].guest);
		jw_end(w);
	}
	jw_end(w);
	jw_str(w, "network_why", vm->net_why);
	jw_str(w, "vmm", vm_vmm_name(vm));
	jw_str(w, "accel", vm->accel);
	jw_str(w, "why", vm->why);
	jw_str(w, "ssh_address", vm_ssh_host(vm));
	jw_int(w, "ssh_port", vm_ssh_port(vm));
	jw_str(w, "boot_id", vm->boot_id);
	jw_int(w, "created_ms", vm->created_ms);
	jw_int(w, "started_ms", vm->started_ms);
	jw_int(w, "stopped_ms", vm->stopped_ms);
}

int vm_print_column(int width, const char *text)
{
	return MAX(width, utf8_str_width(text));
}

int vm_print_limit(int width, int others)
{
	struct winsize ws;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 || ws.ws_col == 0)
		return width;
	return MIN(width, MAX(ws.ws_col - others, 24));
}

char *vm_print_cut(int width, const char *text)
{
	if (utf8_str_width(text) <= width)
		return xstrdup(text);
	return xasprintf("%.*s…", (int)utf8_fit(text, width - 1, NULL), text);
}

void print_json(struct buf *b)
{
	puts(buf_cstr(b));
	buf_done(b);
}
