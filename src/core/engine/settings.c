/* SPDX-License-Identifier: MIT */
/*
 * What banger.conf means to the engine: see settings.h. Pure but for reading its argument.
 */
#include "core/engine/settings.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>

#define DURATION_MAX_S ((int64_t)365 * 24 * 3600)

int settings_parse_duration(const char *text, int64_t *ret_s, struct err *e)
{
	char *end;
	long long n = strtoll(text, &end, 10);
	int64_t unit = *end == 's' ? 1 : *end == 'm' ? 60 : *end == 'h' ? 3600 : 0;

	if (!isdigit((unsigned char)text[0]) || unit == 0 || end[1] != '\0' || n < 1 || n > DURATION_MAX_S / unit) {
		err_set(e, ERR_USAGE, _("'%.32s' is not a duration"), text);
		return err_hint(e, _("write 90s, 30m or 2h"));
	}
	*ret_s = n * unit;
	return 0;
}

static const char *const keys[SPEC_FIELD_COUNT] = {
	[SPEC_VCPUS] = "vm.vcpus",    [SPEC_MEM] = "vm.memory",	 [SPEC_OVERLAY] = "vm.overlay", [SPEC_WORK] = "vm.work_disk",
	[SPEC_IMAGE] = "vm.image",    [SPEC_NET] = "vm.network", [SPEC_DISK] = "vm.disk",	[SPEC_VMM] = "vm.vmm",
	[SPEC_NAT] = "vm.nat",	      [SPEC_EGRESS] = "vm.egress",
	[SPEC_DISK_RATE] = "vm.disk_rate", [SPEC_NET_RATE] = "vm.net_rate",
};

int settings_blame(const struct conf *conf, enum spec_field f, struct err *e)
{
	return keys[f] ? conf_wrap(conf, keys[f], e) : -1;
}

static int read_vm(const struct conf *c, struct vm_spec *ret, struct err *e)
{
	const char *const texts[SPEC_FIELD_COUNT] = {
		[SPEC_VCPUS] = c->vm.vcpus,    [SPEC_MEM] = c->vm.memory,  [SPEC_OVERLAY] = c->vm.overlay,
		[SPEC_WORK] = c->vm.work_disk, [SPEC_IMAGE] = c->vm.image, [SPEC_NET] = c->vm.network,
		[SPEC_DISK] = c->vm.disk,      [SPEC_VMM] = c->vm.vmm,
		[SPEC_NAT] = c->vm.nat,	       [SPEC_EGRESS] = c->vm.egress,
		[SPEC_DISK_RATE] = c->vm.disk_rate, [SPEC_NET_RATE] = c->vm.net_rate,
	};

	for (int f = 0; f < SPEC_FIELD_COUNT; f++)
		if (texts[f] && spec_parse(ret, (enum spec_field)f, texts[f], e) < 0)
			return settings_blame(c, (enum spec_field)f, e);
	return 0;
}

/* Octal, as chmod(1) takes it. */
static int read_mode(const struct conf_file_sync *f, mode_t *ret, struct err *e)
{
	char *end;
	unsigned long mode = f->mode ? strtoul(f->mode, &end, 8) : 0;

	if (f->mode && (!isdigit((unsigned char)f->mode[0]) || *end || mode == 0 || mode > 07777)) {
		err_set(e, ERR_USAGE, _("mode '%.16s' is not an octal mode"), f->mode);
		return err_hint(e, _("write it as chmod takes it: \"0600\", \"0644\""));
	}
	*ret = (mode_t)mode;
	return 0;
}

static int read_files(const struct conf *c, struct settings *ret, struct err *e)
{
	ret->files = xcalloc(c->n_file_sync + 1, sizeof(*ret->files));
	for (size_t i = 0; i < c->n_file_sync; i++) {
		const struct conf_file_sync *f = &c->file_sync[i];
		struct seed_file *file = &ret->files[ret->n_files++];

		*file = (struct seed_file){.name = f->name, .host = f->host ? f->host : "", .guest = f->guest ? f->guest : ""};
		if (read_mode(f, &file->mode, e) < 0 || seed_file_check(file, e) < 0) {
			auto_free char *key = xasprintf("file_sync %s", f->name);

			return conf_wrap(c, key, e);
		}
	}
	return 0;
}

int settings_read(const struct conf *conf, struct settings *ret, struct err *e)
{
	*ret = (struct settings){0};
	if (read_vm(conf, &ret->vm, e) < 0)
		return -1;
	if (subnet_parse(conf->net.address ? conf->net.address : SUBNET_DEFAULT, &ret->subnet, e) < 0)
		return conf_wrap(conf, "net.address", e);
	if (conf->vm.auto_stop_after && settings_parse_duration(conf->vm.auto_stop_after, &ret->auto_stop_s, e) < 0)
		return conf_wrap(conf, "vm.auto_stop_after", e);
	return read_files(conf, ret, e);
}

void settings_done(struct settings *s)
{
	free(s->files);
	*s = (struct settings){0};
}
