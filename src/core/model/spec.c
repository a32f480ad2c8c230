/* SPDX-License-Identifier: MIT */
/*
 * From what was asked to a resolved configuration: see spec.h.
 *
 * One table describes the fields (word, parser, formatter, copy); resolution walks it once per layer, so a new field is
 * one row and never a new branch elsewhere. Pure; any thread.
 */
#include "core/model/spec.h"

#include "base/i18n.h"
#include "base/mem.h"
#include "core/model/size.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const field_names[SPEC_FIELD_COUNT] = {
	[SPEC_IMAGE] = "image",	    [SPEC_KERNEL] = "kernel", [SPEC_VCPUS] = "vcpus", [SPEC_MEM] = "memory",
	[SPEC_DISK] = "disk",	    [SPEC_OVERLAY] = "overlay", [SPEC_WORK] = "work", [SPEC_NET] = "network",
	[SPEC_VMM] = "vmm",	    [SPEC_NAT] = "nat",	      [SPEC_ISOLATED] = "isolated", [SPEC_EPHEMERAL] = "ephemeral",
	[SPEC_EGRESS] = "egress",   [SPEC_PUBLISH] = "publish",
};

const char *spec_field_to_string(enum spec_field f)
{
	return (unsigned)f < SPEC_FIELD_COUNT ? field_names[f] : "?";
}

bool spec_field_from_string(const char *s, enum spec_field *ret)
{
	for (int i = 0; i < SPEC_FIELD_COUNT; i++) {
		if (strcmp(field_names[i], s) == 0) {
			*ret = (enum spec_field)i;
			return true;
		}
	}
	return false;
}

static int parse_vcpus(const char *text, int *ret, struct err *e)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end)
		return err_set(e, ERR_USAGE, _("vcpus '%.32s' is not a number"), text);
	if (n < 1 || n > SPEC_VCPUS_MAX)
		return err_set(e, ERR_USAGE, _("vcpus must be between 1 and %d"), SPEC_VCPUS_MAX);
	*ret = (int)n;
	return 0;
}

static int parse_memory(const char *text, int *ret, struct err *e)
{
	uint64_t bytes;

	if (size_parse(_("memory"), text, &bytes, e) < 0)
		return -1;
	if (bytes < SPEC_MEM_MIN_MIB * SIZE_MIB)
		return err_set(e, ERR_USAGE, _("memory '%.32s' is below the least a guest boots with, %dM"), text,
			       SPEC_MEM_MIN_MIB);
	if (bytes % SIZE_MIB || bytes / SIZE_MIB > INT_MAX)
		return err_set(e, ERR_USAGE, _("memory '%.32s' is not a usable number of MiB"), text);
	*ret = (int)(bytes / SIZE_MIB);
	return 0;
}

static int parse_disk_size(const char *what, const char *text, uint64_t *ret, struct err *e)
{
	uint64_t bytes;

	if (size_parse(what, text, &bytes, e) < 0)
		return -1;
	if (bytes < SPEC_DISK_MIN_BYTES)
		return err_set(e, ERR_USAGE, _("%s '%.32s' is too small; 16M is the least"), what, text);
	if (bytes > SPEC_DISK_MAX_BYTES)
		return err_set(e, ERR_USAGE, _("%s '%.32s' is more than the limit of 128G"), what, text);
	*ret = bytes & ~(uint64_t)4095;
	return 0;
}

static int parse_bool(const char *what, const char *text, bool *ret, struct err *e)
{
	static const char *const yes[] = {"yes", "on", "true", "1"};
	static const char *const no[] = {"no", "off", "false", "0"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*ret = strcmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, _("%s '%.32s' is neither yes nor no"), what, text);
}

static int unknown_word(const char *what, const char *text, const char *choices, struct err *e)
{
	err_set(e, ERR_USAGE, _("unknown %s '%.32s'"), what, text);
	return err_hint(e, _("choose one of: %s"), choices);
}

static int parse_object(const char *what, const char *text, char ret[OBJ_NAME_SIZE], struct err *e)
{
	if (name_check_object(what, text, e) < 0)
		return -1;
	str_copy(ret, OBJ_NAME_SIZE, text);
	return 0;
}

static int parse_field(struct vm_config *c, enum spec_field f, const char *text, struct err *e)
{
	switch (f) {
	case SPEC_IMAGE:
		return parse_object(_("image"), text, c->image, e);
	case SPEC_KERNEL:
		return parse_object(_("kernel"), text, c->kernel, e);
	case SPEC_VCPUS:
		return parse_vcpus(text, &c->vcpus, e);
	case SPEC_MEM:
		return parse_memory(text, &c->mem_mib, e);
	case SPEC_OVERLAY:
		return parse_disk_size(_("overlay"), text, &c->overlay_bytes, e);
	case SPEC_WORK:
		return parse_disk_size(_("work disk"), text, &c->work_bytes, e);
	case SPEC_DISK:
		return disk_mode_from_string(text, &c->disk) ? 0 : unknown_word(_("disk mode"), text, "overlay, copy, dm-snapshot", e);
	case SPEC_NET:
		return net_mode_from_string(text, &c->net) ? 0 : unknown_word(_("network mode"), text, "auto, private, slirp, bridge", e);
	case SPEC_VMM:
		return vmm_kind_from_string(text, &c->vmm) ? 0 : unknown_word(_("VMM"), text, "auto, qemu, firecracker", e);
	case SPEC_NAT:
		return parse_bool(_("nat"), text, &c->nat, e);
	case SPEC_ISOLATED:
		return parse_bool(_("isolated"), text, &c->isolated, e);
	case SPEC_EGRESS:
		return egress_parse(text, &c->egress, e);
	case SPEC_PUBLISH:
		return published_parse(text, &c->publish, e);
	case SPEC_EPHEMERAL:
		return parse_bool(_("ephemeral"), text, &c->ephemeral, e);
	case SPEC_FIELD_COUNT:
		break;
	}
	return err_set(e, ERR_USAGE, _("no such field"));
}

int spec_parse(struct vm_spec *s, enum spec_field f, const char *text, struct err *e)
{
	if (parse_field(&s->cfg, f, text, e) < 0)
		return -1;
	s->set |= 1u << f;
	return 0;
}

char *spec_format(const struct vm_config *c, enum spec_field f, char *buf, size_t size)
{
	char tmp[SIZE_TEXT];

	switch (f) {
	case SPEC_IMAGE:
		return str_copy(buf, size, c->image);
	case SPEC_KERNEL:
		return str_copy(buf, size, c->kernel);
	case SPEC_VCPUS:
		snprintf(buf, size, "%d", c->vcpus);
		return buf;
	case SPEC_MEM:
		return str_copy(buf, size, size_format((uint64_t)c->mem_mib * SIZE_MIB, tmp));
	case SPEC_OVERLAY:
		return str_copy(buf, size, size_format(c->overlay_bytes, tmp));
	case SPEC_WORK:
		return str_copy(buf, size, size_format(c->work_bytes, tmp));
	case SPEC_DISK:
		return str_copy(buf, size, disk_mode_to_string(c->disk));
	case SPEC_NET:
		return str_copy(buf, size, net_mode_to_string(c->net));
	case SPEC_VMM:
		return str_copy(buf, size, vmm_kind_to_string(c->vmm));
	case SPEC_NAT:
		return str_copy(buf, size, c->nat ? "yes" : "no");
	case SPEC_ISOLATED:
		return str_copy(buf, size, c->isolated ? "yes" : "no");
	case SPEC_EGRESS:
		return egress_format(&c->egress, buf, size);
	case SPEC_PUBLISH:
		return published_format(&c->publish, buf, size);
	case SPEC_EPHEMERAL:
		return str_copy(buf, size, c->ephemeral ? "yes" : "no");
	case SPEC_FIELD_COUNT:
		break;
	}
	return str_copy(buf, size, "");
}

static void copy_field(struct vm_config *to, const struct vm_config *from, enum spec_field f)
{
	switch (f) {
	case SPEC_IMAGE:
		str_copy(to->image, sizeof(to->image), from->image);
		break;
	case SPEC_KERNEL:
		str_copy(to->kernel, sizeof(to->kernel), from->kernel);
		break;
	case SPEC_VCPUS:
		to->vcpus = from->vcpus;
		break;
	case SPEC_MEM:
		to->mem_mib = from->mem_mib;
		break;
	case SPEC_DISK:
		to->disk = from->disk;
		break;
	case SPEC_OVERLAY:
		to->overlay_bytes = from->overlay_bytes;
		break;
	case SPEC_WORK:
		to->work_bytes = from->work_bytes;
		break;
	case SPEC_NET:
		to->net = from->net;
		break;
	case SPEC_VMM:
		to->vmm = from->vmm;
		break;
	case SPEC_NAT:
		to->nat = from->nat;
		break;
	case SPEC_ISOLATED:
		to->isolated = from->isolated;
		break;
	case SPEC_EGRESS:
		to->egress = from->egress;
		break;
	case SPEC_PUBLISH:
		to->publish = from->publish;
		break;
	case SPEC_EPHEMERAL:
		to->ephemeral = from->ephemeral;
		break;
	case SPEC_FIELD_COUNT:
		break;
	}
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
		copy_field(&r->cfg, &layer->cfg, (enum spec_field)f);
		r->from[f] = source;
	}
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

static int check_disk(const char *what, uint64_t bytes, struct err *e)
{
	char text[SIZE_TEXT];

	if (bytes < SPEC_DISK_MIN_BYTES || bytes > SPEC_DISK_MAX_BYTES)
		return err_set(e, ERR_USAGE, _("%s of %s is outside 16M to 128G"), what, size_format(bytes, text));
	return 0;
}

static int check_vmm(const struct vm_config *c, struct err *e)
{
	if (c->vmm != VMM_FIRECRACKER || c->net != NET_SLIRP)
		return 0;
	err_set(e, ERR_USAGE, _("Firecracker has no user network, and network mode '%s' is one"), net_mode_to_string(c->net));
	return err_hint(e, _("choose another network mode, or --vmm auto"));
}

static int check_isolated(const struct vm_config *c, struct err *e)
{
	if (!c->isolated || c->net != NET_BRIDGE)
		return 0;
	err_set(e, ERR_USAGE, _("a guest of network mode '%s' reaches the others of it: it cannot be isolated"),
		net_mode_to_string(c->net));
	return err_hint(e, _("choose network mode private, or do without --isolated (without --nat it reaches nothing beyond the host)"));
}

/* A list needs rules, and QEMU's user network has none: all or nothing. */
static int check_egress(const struct vm_config *c, struct err *e)
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

static int check_publish(const struct vm_config *c, struct err *e)
{
	if (c->publish.n == 0 || c->net != NET_BRIDGE)
		return 0;
	err_set(e, ERR_USAGE, _("a guest of network mode 'bridge' has an address of its own: there is nothing to publish"));
	return err_hint(e, _("reach its port at that address, or choose network mode private"));
}

int spec_check_field(const struct vm_config *c, enum spec_field f, const struct host_limits *host, struct err *e)
{
	switch (f) {
	case SPEC_IMAGE:
		return name_check_object(_("image"), c->image, e);
	case SPEC_KERNEL:
		return name_check_object(_("kernel"), c->kernel, e);
	case SPEC_VCPUS:
		return check_vcpus(c, host, e);
	case SPEC_MEM:
		return check_memory(c, host, e);
	case SPEC_OVERLAY:
		return check_disk(_("overlay"), c->overlay_bytes, e);
	case SPEC_WORK:
		return check_disk(_("work disk"), c->work_bytes, e);
	case SPEC_VMM:
		return check_vmm(c, e);
	case SPEC_ISOLATED:
		return check_isolated(c, e);
	case SPEC_EGRESS:
		return check_egress(c, e);
	case SPEC_PUBLISH:
		return check_publish(c, e);
	default:
		return 0;
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
