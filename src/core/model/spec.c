/* SPDX-License-Identifier: MIT */
/*
 * From what was asked to a resolved configuration: see spec.h.
 *
 * One table describes the fields (word, place, parser, formatter, check); resolution walks it once per layer, so a new field is
 * one row and never a new branch elsewhere. Pure; any thread.
 */
#include "core/model/spec.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "core/model/size.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE_NONE "none"

/* One field of a configuration: how it is written, where it lies, what it must not be. */
struct field {
	const char *name;  /* of its option */
	const char *label; /* in sentences; translated where it is said */
	size_t offset, size;
	int (*parse)(const struct field *f, const char *text, void *ret, struct err *e);
	char *(*format)(const void *value, char *buf, size_t size);
	/* Against the other fields and the host; NULL: whatever parses is right. */
	int (*check)(const struct vm_config *c, const struct host_limits *host, struct err *e);
};

static int parse_vcpus(const struct field *f UNUSED, const char *text, void *ret, struct err *e)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end)
		return err_set(e, ERR_USAGE, _("vcpus '%.32s' is not a number"), text);
	if (n < 1 || n > SPEC_VCPUS_MAX)
		return err_set(e, ERR_USAGE, _("vcpus must be between 1 and %d"), SPEC_VCPUS_MAX);
	*(int *)ret = (int)n;
	return 0;
}

static int parse_memory(const struct field *f, const char *text, void *ret, struct err *e)
{
	uint64_t bytes;

	if (size_parse(_(f->label), text, &bytes, e) < 0)
		return -1;
	if (bytes < SPEC_MEM_MIN_MIB * SIZE_MIB)
		return err_set(e, ERR_USAGE, _("memory '%.32s' is below the least a guest boots with, %dM"), text,
			       SPEC_MEM_MIN_MIB);
	if (bytes % SIZE_MIB || bytes / SIZE_MIB > INT_MAX)
		return err_set(e, ERR_USAGE, _("memory '%.32s' is not a usable number of MiB"), text);
	*(int *)ret = (int)(bytes / SIZE_MIB);
	return 0;
}

static int parse_disk_size(const struct field *f, const char *text, void *ret, struct err *e)
{
	const char *what = _(f->label);
	uint64_t bytes;

	if (size_parse(what, text, &bytes, e) < 0)
		return -1;
	if (bytes < SPEC_DISK_MIN_BYTES)
		return err_set(e, ERR_USAGE, _("%s '%.32s' is too small; 16M is the least"), what, text);
	if (bytes > SPEC_DISK_MAX_BYTES)
		return err_set(e, ERR_USAGE, _("%s '%.32s' is more than the limit of 128G"), what, text);
	*(uint64_t *)ret = bytes & ~(uint64_t)4095;
	return 0;
}

static int parse_rate(const struct field *f, const char *text, void *ret, struct err *e)
{
	uint64_t bytes = 0;

	if (strcmp(text, RATE_NONE) != 0 && size_parse(_(f->label), text, &bytes, e) < 0)
		return -1;
	if (bytes && bytes < SPEC_RATE_MIN_BYTES)
		return err_set(e, ERR_USAGE, _("%s '%.32s' is too slow to boot from; 64K is the least"), _(f->label), text);
	*(uint64_t *)ret = bytes;
	return 0;
}

static int parse_bool(const struct field *f, const char *text, void *ret, struct err *e)
{
	static const char *const yes[] = {"yes", "on", "true", "1"};
	static const char *const no[] = {"no", "off", "false", "0"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*(bool *)ret = strcmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, _("%s '%.32s' is neither yes nor no"), _(f->label), text);
}

static int unknown_word(const struct field *f, const char *text, const char *choices, struct err *e)
{
	err_set(e, ERR_USAGE, _("unknown %s '%.32s'"), _(f->label), text);
	return err_hint(e, _("choose one of: %s"), choices);
}

static int parse_disk_mode(const struct field *f, const char *text, void *ret, struct err *e)
{
	return disk_mode_from_string(text, ret) ? 0 : unknown_word(f, text, "overlay, copy, dm-snapshot", e);
}

static int parse_net_mode(const struct field *f, const char *text, void *ret, struct err *e)
{
	return net_mode_from_string(text, ret) ? 0 : unknown_word(f, text, "auto, private, slirp, bridge", e);
}

static int parse_vmm(const struct field *f, const char *text, void *ret, struct err *e)
{
	return vmm_kind_from_string(text, ret) ? 0 : unknown_word(f, text, "auto, qemu, firecracker", e);
}

static int parse_object(const struct field *f, const char *text, void *ret, struct err *e)
{
	if (name_check_object(_(f->label), text, e) < 0)
		return -1;
	str_copy(ret, OBJ_NAME_SIZE, text);
	return 0;
}

static int parse_image(const struct field *f UNUSED, const char *text, void *ret, struct err *e)
{
	return name_parse_image(text, ret, e);
}

static int parse_egress(const struct field *f UNUSED, const char *text, void *ret, struct err *e)
{
	struct egress g;

	if (egress_parse(text, &g, e) < 0 || egress_check(&g, e) < 0)
		return -1;
	*(struct egress *)ret = g;
	return 0;
}

static int parse_publish(const struct field *f UNUSED, const char *text, void *ret, struct err *e)
{
	return published_parse(text, ret, e);
}

static char *format_text(const void *value, char *buf, size_t size)
{
	return str_copy(buf, size, value);
}

static char *format_int(const void *value, char *buf, size_t size)
{
	snprintf(buf, size, "%d", *(const int *)value);
	return buf;
}

static char *format_mib(const void *value, char *buf, size_t size)
{
	char tmp[SIZE_TEXT];

	return str_copy(buf, size, size_format((uint64_t) * (const int *)value * SIZE_MIB, tmp));
}

static char *format_bytes(const void *value, char *buf, size_t size)
{
	char tmp[SIZE_TEXT];

	return str_copy(buf, size, size_format(*(const uint64_t *)value, tmp));
}

static char *format_rate(const void *value, char *buf, size_t size)
{
	return *(const uint64_t *)value ? format_bytes(value, buf, size) : str_copy(buf, size, RATE_NONE);
}

static char *format_bool(const void *value, char *buf, size_t size)
{
	return str_copy(buf, size, *(const bool *)value ? "yes" : "no");
}

static char *format_disk_mode(const void *value, char *buf, size_t size)
{
	return str_copy(buf, size, disk_mode_to_string(*(const enum disk_mode *)value));
}

static char *format_net_mode(const void *value, char *buf, size_t size)
{
	return str_copy(buf, size, net_mode_to_string(*(const enum net_mode *)value));
}

static char *format_vmm(const void *value, char *buf, size_t size)
{
	return str_copy(buf, size, vmm_kind_to_string(*(const enum vmm_kind *)value));
}

static char *format_egress(const void *value, char *buf, size_t size)
{
	return egress_format(value, buf, size);
}

static char *format_publish(const void *value, char *buf, size_t size)
{
	return published_format(value, buf, size);
}

static int check_memory(const struct vm_config *c, const struct host_limits *host, struct err *e)
{
	char have[SIZE_TEXT], want[SIZE_TEXT];
	uint64_t bytes = (uint64_t)c->mem_mib * SIZE_MIB;

	if (c->mem_mib < SPEC_MEM_MIN_MIB)
		return err_set(e, ERR_USAGE, _("memory %dM is below the least a guest boots with, %dM"), c->mem_mib,
			       SPEC_MEM_MIN_MIB);
	if (host->mem_bytes && bytes > host->mem_bytes)
		return err_set(e, ERR_USAGE, _("memory %s is more than this host has, %s"), size_format(bytes, want),
			       size_human(host->mem_bytes, have));
	return 0;
}

static int check_vcpus(const struct vm_config *c, const struct host_limits *host, struct err *e)
{
	if (c->vcpus < 1 || c->vcpus > SPEC_VCPUS_MAX)
		return err_set(e, ERR_USAGE, _("vcpus must be between 1 and %d"), SPEC_VCPUS_MAX);
	if (host->cpus && c->vcpus > host->cpus)
		return err_set(e, ERR_USAGE, _("vcpus %d is more than this host has, %d"), c->vcpus, host->cpus);
	return 0;
}

static int check_bytes(const char *what, uint64_t bytes, struct err *e)
{
	char text[SIZE_TEXT];

	if (bytes < SPEC_DISK_MIN_BYTES || bytes > SPEC_DISK_MAX_BYTES)
		return err_set(e, ERR_USAGE, _("%s of %s is outside 16M to 128G"), what, size_format(bytes, text));
	return 0;
}

static int check_vmm(const struct vm_config *c, const struct host_limits *host UNUSED, struct err *e)
{
	if (c->vmm != VMM_FIRECRACKER || c->net != NET_SLIRP)
		return 0;
	err_set(e, ERR_USAGE, _("Firecracker has no user network, and network mode '%s' is one"), net_mode_to_string(c->net));
	return err_hint(e, _("choose another network mode, or --vmm auto"));
}

static int check_isolated(const struct vm_config *c, const struct host_limits *host UNUSED, struct err *e)
{
	if (!c->isolated || c->net != NET_BRIDGE)
		return 0;
	err_set(e, ERR_USAGE, _("a guest of network mode '%s' reaches the others of it: it cannot be isolated"),
		net_mode_to_string(c->net));
	return err_hint(e, _("choose network mode private, or do without --isolated (without --nat it reaches nothing beyond the host)"));
}

/* A list needs rules, and QEMU's user network has none: all or nothing. */
static int check_egress(const struct vm_config *c, const struct host_limits *host UNUSED, struct err *e)
{
	if (c->egress.kind == EGRESS_FULL || c->net == NET_PRIVATE || c->net == NET_AUTO)
		return 0;
	if (c->net == NET_SLIRP && c->egress.kind == EGRESS_NONE)
		return 0;
	if (c->net == NET_SLIRP)
		err_set(e, ERR_USAGE, _("network mode 'slirp' knows egress full and none, not a list"));
	else
		err_set(e, ERR_USAGE, _("egress is of a private network, and network mode is '%s'"), net_mode_to_string(c->net));
	return err_hint(e, _("choose network mode private"));
}

static int check_publish(const struct vm_config *c, const struct host_limits *host UNUSED, struct err *e)
{
	if (c->publish.n == 0 || c->net != NET_BRIDGE)
		return 0;
	err_set(e, ERR_USAGE, _("a guest of network mode 'bridge' has an address of its own: there is nothing to publish"));
	return err_hint(e, _("reach its port at that address, or choose network mode private"));
}

static int check_overlay(const struct vm_config *c, const struct host_limits *host UNUSED, struct err *e)
{
	return check_bytes(_("overlay"), c->overlay_bytes, e);
}

static int check_work(const struct vm_config *c, const struct host_limits *host UNUSED, struct err *e)
{
	return check_bytes(_("work disk"), c->work_bytes, e);
}

static int check_image(const struct vm_config *c, const struct host_limits *host UNUSED, struct err *e)
{
	char name[OBJ_NAME_SIZE];

	return name_parse_image(c->image, name, e);
}

static int check_kernel(const struct vm_config *c, const struct host_limits *host UNUSED, struct err *e)
{
	return name_check_object(_("kernel"), c->kernel, e);
}

/* QEMU's networks have no such thing. */
static int check_net_rate(const struct vm_config *c, const struct host_limits *host UNUSED, struct err *e)
{
	if (!c->net_rate || (c->vmm != VMM_QEMU && c->net != NET_SLIRP))
		return 0;
	err_set(e, ERR_USAGE, _("only Firecracker limits the rate of a network"));
	return err_hint(e, _("choose --vmm firecracker and another network mode than slirp, or --net-rate none"));
}

/* clang-format off */
#define AT(member) offsetof(struct vm_config, member), sizeof(((struct vm_config *)NULL)->member)
static const struct field fields[SPEC_FIELD_COUNT] = {
	[SPEC_IMAGE]     = {"image",     N_("image"),        AT(image),         parse_image,     format_text,      check_image},
	[SPEC_KERNEL]    = {"kernel",    N_("kernel"),       AT(kernel),        parse_object,    format_text,      check_kernel},
	[SPEC_VCPUS]     = {"vcpus",     N_("vcpus"),        AT(vcpus),         parse_vcpus,     format_int,       check_vcpus},
	[SPEC_MEM]       = {"memory",    N_("memory"),       AT(mem_mib),       parse_memory,    format_mib,       check_memory},
	[SPEC_DISK]      = {"disk",      N_("disk mode"),    AT(disk),          parse_disk_mode, format_disk_mode, NULL},
	[SPEC_OVERLAY]   = {"overlay",   N_("overlay"),      AT(overlay_bytes), parse_disk_size, format_bytes,     check_overlay},
	[SPEC_WORK]      = {"work",      N_("work disk"),    AT(work_bytes),    parse_disk_size, format_bytes,     check_work},
	[SPEC_NET]       = {"network",   N_("network mode"), AT(net),           parse_net_mode,  format_net_mode,  NULL},
	[SPEC_VMM]       = {"vmm",       N_("VMM"),          AT(vmm),           parse_vmm,       format_vmm,       check_vmm},
	[SPEC_NAT]       = {"nat",       N_("nat"),          AT(nat),           parse_bool,      format_bool,      NULL},
	[SPEC_ISOLATED]  = {"isolated",  N_("isolated"),     AT(isolated),      parse_bool,      format_bool,      check_isolated},
	[SPEC_EGRESS]    = {"egress",    N_("egress"),       AT(egress),        parse_egress,    format_egress,    check_egress},
	[SPEC_PUBLISH]   = {"publish",   N_("publish"),      AT(publish),       parse_publish,   format_publish,   check_publish},
	[SPEC_DISK_RATE] = {"disk-rate", N_("disk rate"),    AT(disk_rate),     parse_rate,      format_rate,      NULL},
	[SPEC_NET_RATE]  = {"net-rate",  N_("net rate"),     AT(net_rate),      parse_rate,      format_rate,      check_net_rate},
	[SPEC_EPHEMERAL] = {"ephemeral", N_("ephemeral"),    AT(ephemeral),     parse_bool,      format_bool,      NULL},
};
#undef AT
/* clang-format on */

const char *spec_field_to_string(enum spec_field f)
{
	return (unsigned)f < SPEC_FIELD_COUNT ? fields[f].name : "?";
}

bool spec_field_from_string(const char *s, enum spec_field *ret)
{
	for (int i = 0; i < SPEC_FIELD_COUNT; i++) {
		if (strcmp(fields[i].name, s) == 0) {
			*ret = (enum spec_field)i;
			return true;
		}
	}
	return false;
}

int spec_parse(struct vm_spec *s, enum spec_field f, const char *text, struct err *e)
{
	if ((unsigned)f >= SPEC_FIELD_COUNT)
		return err_set(e, ERR_USAGE, _("no such field"));
	if (fields[f].parse(&fields[f], text, (char *)&s->cfg + fields[f].offset, e) < 0)
		return -1;
	s->set |= 1u << f;
	return 0;
}

char *spec_format(const struct vm_config *c, enum spec_field f, char *buf, size_t size)
{
	assert((unsigned)f < SPEC_FIELD_COUNT);
	return fields[f].format((const char *)c + fields[f].offset, buf, size);
}

int spec_check_field(const struct vm_config *c, enum spec_field f, const struct host_limits *host, struct err *e)
{
	assert((unsigned)f < SPEC_FIELD_COUNT);
	return fields[f].check ? fields[f].check(c, host, e) : 0;
}

static int clamp_int(int64_t v, int lo, int hi)
{
	return (int)(v < lo ? lo : v > hi ? hi : v);
}

/* The lowest layer: what the program and the host say. */
static void fill_defaults(const struct host_limits *host, struct spec_resolved *r)
{
	memset(r, 0, sizeof(*r));
	for (int f = 0; f < SPEC_FIELD_COUNT; f++)
		r->from[f] = SPEC_BUILT_IN;
	str_copy(r->cfg.image, sizeof(r->cfg.image), SPEC_DEFAULT_IMAGE);
	str_copy(r->cfg.kernel, sizeof(r->cfg.kernel), SPEC_DEFAULT_KERNEL);
	r->cfg.net = NET_AUTO;
	r->cfg.overlay_bytes = 8 * SIZE_GIB;
	r->cfg.work_bytes = 8 * SIZE_GIB;
	r->cfg.vcpus = clamp_int(host->cpus / 4, 1, 4);
	r->cfg.mem_mib = clamp_int((int64_t)(host->mem_bytes / 8 / SIZE_MIB), 256, 8192);
	r->from[SPEC_VCPUS] = SPEC_FROM_HOST;
	r->from[SPEC_MEM] = SPEC_FROM_HOST;
}

static void apply_layer(struct spec_resolved *r, const struct vm_spec *layer, enum spec_source source)
{
	for (int f = 0; f < SPEC_FIELD_COUNT; f++) {
		if (!spec_has(layer, (enum spec_field)f))
			continue;
		memcpy((char *)&r->cfg + fields[f].offset, (const char *)&layer->cfg + fields[f].offset, fields[f].size);
		r->from[f] = source;
	}
}

/* Who asks for it must not be told it is so. As a default of banger.conf it waits for machines it concerns. */
static int check_nat(const struct vm_spec *asked, const struct vm_config *c, struct err *e)
{
	if (!asked || !spec_has(asked, SPEC_NAT) || c->net == NET_BRIDGE)
		return 0;
	err_set(e, ERR_USAGE, _("nat is a switch of network mode 'bridge', and this one is '%s'"), net_mode_to_string(c->net));
	return err_hint(e, _("add --network bridge; guests of a user network reach what you reach"));
}

int spec_resolve(const struct vm_spec *asked, const struct vm_spec *config, const struct host_limits *host,
		 struct spec_resolved *ret, struct err *e)
{
	fill_defaults(host, ret);
	if (config)
		apply_layer(ret, config, SPEC_FROM_CONFIG);
	if (asked)
		apply_layer(ret, asked, SPEC_FROM_REQUEST);
	for (int f = 0; f < SPEC_FIELD_COUNT; f++)
		if (spec_check_field(&ret->cfg, (enum spec_field)f, host, e) < 0)
			return -1;
	return check_nat(asked, &ret->cfg, e);
}
