/* SPDX-License-Identifier: MIT */
/*
 * One table. What is merely good to have (entropy, the balloon, the power button) is not in it: modorder_kit asks for that, and a
 * guest without it still boots.
 */
#include "core/image/kernelneeds.h"

#include "base/i18n.h"
#include "core/image/modorder.h"

#include <string.h>

static const struct {
	const char *module; /* NULL: never one */
	const char *symbol; /* CONFIG_… */
	bool named;	    /* a kernel that has it built in names it */
} needs[] = {
	{"virtio_mmio", "VIRTIO_MMIO", true}, /* how disks and network are reached */
	{"virtio_blk", "VIRTIO_BLK", true},
	{"virtio_net", "VIRTIO_NET", true},
	{"ext4", "EXT4_FS", false},
	{"overlay", "OVERLAY_FS", false}, /* the root disk of storage mode overlay */
	{NULL, "BLK_DEV_INITRD", false},  /* the boot kit */
	{NULL, "DEVTMPFS", false},
	{NULL, "ACPI", false}, /* by which both VMMs tell what there is */
};

bool kernelneeds_configured(const char *config, const char *symbol)
{
	static const char prefix[] = "CONFIG_";
	size_t len = strlen(symbol);

	for (const char *line = config; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, prefix, sizeof(prefix) - 1) == 0 && strncmp(line + sizeof(prefix) - 1, symbol, len) == 0 &&
		    strncmp(line + sizeof(prefix) - 1 + len, "=y", 2) == 0)
			return true;
	return false;
}

static bool has(const struct kernelneeds *k, const char *module, const char *symbol)
{
	if (*k->config && kernelneeds_configured(k->config, symbol))
		return true;
	if (!module)
		return !*k->config; /* nobody else tells */
	return modorder_lists(k->dep, module) || modorder_lists(k->builtin, module);
}

int kernelneeds_check(const struct kernelneeds *k, bool no_modules, struct err *e)
{
	auto_buf missing = {0};

	for (size_t i = 0; i < ARRAY_LEN(needs); i++)
		if (k->named ? needs[i].named && !modorder_lists(k->named, needs[i].module) : !has(k, needs[i].module, needs[i].symbol))
			buf_addf(&missing, "%s%s%s", missing.len ? ", " : "", needs[i].module ? "" : "CONFIG_",
				 needs[i].module ? needs[i].module : needs[i].symbol);
	if (missing.len == 0)
		return 0;
	err_set(e, ERR_PROTO, _("the kernel lacks what a machine needs, built in or as a module: %s"), buf_cstr(&missing));
	if (no_modules)
		return err_hint(e, _("give the directory of its modules: --modules DIR"));
	if (!*k->builtin && !*k->config)
		return err_hint(e, _("if they are built in, put modules.builtin of the kernel's build beside the modules"));
	return err_hint(e, _("take a kernel that has them; banger-tui kernel list names some"));
}
