/* SPDX-License-Identifier: MIT */
/*
 * Host: which modes are on and why, what the limits are, what is not protected.
 */
#include "base/i18n.h"
#include "core/model/size.h"
#include "ui/app.h"
#include "ui/text.h"
#include "ui/views/views.h"
#include "ui/widgets/chart.h"

#include <stdio.h>
#include <string.h>

#define LABEL_WIDTH 12

static struct view *host_open(struct app *app)
{
	struct view *v = xcalloc(1, sizeof(*v));

	*v = (struct view){&host_view, app};
	return v;
}

static void host_close(struct view *v)
{
	free(v);
}

static unsigned host_context(const struct view *v)
{
	(void)v;
	return CTX_HOST;
}

static void row(struct canvas *c, struct rect *r, enum role role, const char *label, const char *text)
{
	struct rect line = rect_take_top(r, 1);

	if (!line.h || !text[0])
		return;
	canvas_text(c, line.x + 2, line.y, ROLE_DIM, LABEL_WIDTH, label);
	canvas_text(c, line.x + 2 + LABEL_WIDTH, line.y, role, line.w - LABEL_WIDTH - 3, text);
}

static void heading(struct canvas *c, struct rect *r, const char *text)
{
	struct rect line;

	rect_take_top(r, r->h > 12 ? 1 : 0);
	line = rect_take_top(r, 1);
	if (line.h)
		canvas_text(c, line.x + 1, line.y, ROLE_TITLE, line.w - 2, text);
}

static void bar_row(struct canvas *c, struct rect *r, const char *label, uint64_t part, uint64_t whole,
		    const char *text)
{
	struct rect line = rect_take_top(r, 1);
	int permille = whole ? (int)MIN((uint64_t)1000, part * 1000 / whole) : 0;

	if (!line.h)
		return;
	canvas_text(c, line.x + 2, line.y, ROLE_DIM, LABEL_WIDTH, label);
	chart_bar(c, line.x + 2 + LABEL_WIDTH, line.y, 16,
		  permille > 950   ? ROLE_ERR
		  : permille > 800 ? ROLE_WARN
				   : ROLE_GRAPH,
		  permille);
	canvas_text(c, line.x + 20 + LABEL_WIDTH, line.y, ROLE_TEXT, line.w - LABEL_WIDTH - 21, text);
}

static void paint_capacity(const struct world *w, struct canvas *c, struct rect *r)
{
	const struct host_stats *h = &w->host;
	char text[128], a[SIZE_TEXT], b[SIZE_TEXT], d[SIZE_TEXT];

	heading(c, r, _("Capacity"));
	snprintf(text, sizeof(text), _("%d of %d given to machines, %d%% busy"), h->vcpus_reserved, h->cpus,
		 h->cpu_permille < 0 ? 0 : h->cpu_permille / 10);
	bar_row(c, r, _("cpu"), (uint64_t)MAX(0, h->vcpus_reserved), (uint64_t)MAX(0, h->cpus), text);
	snprintf(text, sizeof(text), _("%s of %s given to machines, %s in use"),
		 size_human(h->mem_reserved_bytes, a), size_human(h->mem_total_bytes, b),
		 size_human(h->mem_used_bytes, d));
	bar_row(c, r, _("memory"), h->mem_reserved_bytes, h->mem_total_bytes, text);
	snprintf(text, sizeof(text), _("%s of machines and images, %s of %s free"),
		 size_human(h->disk_used_bytes, a), size_human(h->disk_free_bytes, b),
		 size_human(h->disk_total_bytes, d));
	bar_row(c, r, _("disk"), h->disk_used_bytes, h->disk_total_bytes, text);
}

static const char *source_word(enum spec_source s)
{
	switch (s) {
	case SPEC_FROM_REQUEST:
		return _("asked for");
	case SPEC_FROM_CONFIG:
		return _("from banger.conf");
	case SPEC_FROM_HOST:
		return _("from this host");
	default:
		return _("built in");
	}
}

static void paint_defaults(const struct world *w, struct canvas *c, struct rect *r)
{
	static const enum spec_field fields[] = {SPEC_IMAGE,   SPEC_KERNEL, SPEC_VCPUS, SPEC_MEM,
						 SPEC_OVERLAY, SPEC_WORK,   SPEC_NET};

	heading(c, r, _("A new machine gets"));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		char value[OBJ_NAME_SIZE], text[OBJ_NAME_SIZE + 48];

		spec_format(&w->info.defaults.cfg, fields[i], value, sizeof(value));
		snprintf(text, sizeof(text), "%-18s %s", value, source_word(w->info.defaults.from[fields[i]]));
		row(c, r, ROLE_TEXT, _(spec_field_to_string(fields[i])), text);
	}
}

static void host_paint(struct view *v, struct canvas *c, struct rect r)
{
	const struct world *w = app_world(v->app);
	const struct host_info *h = &w->info;
	char text[256], mem[SIZE_TEXT];

	if (!w->has_info) {
		canvas_text(c, r.x + 2, r.y + 1, ROLE_DIM, r.w - 4,
			    w->failed ? w->failure.msg : _("looking at this host…"));
		return;
	}
	heading(c, &r, _("Modes"));
	row(c, &r, ROLE_TEXT, _("mode"), h->mode);
	row(c, &r, h->vmm[0] ? ROLE_TEXT : ROLE_ERR, _("vmm"),
	    h->vmm[0] ? h->vmm : _("none found: install qemu-system-x86"));
	snprintf(text, sizeof(text), "%s%s%s", h->accel, h->accel_why[0] ? " — " : "", h->accel_why);
	row(c, &r, strcmp(h->accel, "kvm") ? ROLE_WARN : ROLE_OK, _("speed"), text);
	if (h->net[0]) {
		snprintf(text, sizeof(text), "%s%s%s", h->net, h->net_why[0] ? _(" — no private network: ") : "", h->net_why);
		row(c, &r, h->net_why[0] ? ROLE_WARN : ROLE_OK, _("network"), text);
	}
	row(c, &r, ROLE_TEXT, _("state"), h->state_dir);
	if (h->warning[0])
		row(c, &r, ROLE_WARN, _("▲ careful"), h->warning);
	if (h->read_only)
		row(c, &r, ROLE_WARN, _("read-only"),
		    _("a newer banger-tui made this store: nothing is changed by this one"));
	if (h->lost) {
		snprintf(text, sizeof(text), ngettext("%d machine has disks here and is not in the store: see banger-tui doctor",
						      "%d machines have disks here and are not in the store: see banger-tui doctor",
						      (unsigned)h->lost),
			 h->lost);
		row(c, &r, ROLE_WARN, _("unknown"), text);
	}
	if (h->full)
		row(c, &r, ROLE_ERR, _("disk full"), _("no room for the store: machines are shown as they were; free some space"));
	if (w->has_host)
		paint_capacity(w, c, &r);
	heading(c, &r, _("Limits of one machine"));
	snprintf(text, sizeof(text), _("1 to %d vcpus, %d MiB to %s of memory"), MIN(h->limits.cpus, SPEC_VCPUS_MAX),
		 SPEC_MEM_MIN_MIB, size_human(h->limits.mem_bytes, mem));
	row(c, &r, ROLE_TEXT, _("limits"), text);
	paint_defaults(w, c, &r);
}

const struct view_ops host_view = {
	.title = N_("Host"),
	.watches = WORLD_HOST | WORLD_HOST_INFO | WORLD_SYNC,
	.open = host_open,
	.close = host_close,
	.context = host_context,
	.paint = host_paint,
};
