/* SPDX-License-Identifier: MIT */
/*
 * See leftovers.h.
 */
#include "core/engine/leftovers.h"

#include "base/attrs.h"
#include "base/fs.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/disk/dmtable.h"
#include "core/net/addr.h"
#include "core/net/link.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct search {
	const struct leftovers_args *a;
	struct leftover *v;
	int n;
	bool has_bridge; /* ours, in whatever state */
};

static struct leftover *add(struct search *s, enum leftover_kind kind, const char *name, const char *vm_id)
{
	s->v = xrealloc(s->v, (size_t)s->n + 1, sizeof(*s->v));
	struct leftover *l = &s->v[s->n++];

	*l = (struct leftover){.kind = kind};
	str_copy(l->name, sizeof(l->name), name);
	str_copy(l->vm_id, sizeof(l->vm_id), vm_id);
	return l;
}

static void by_command(struct leftover *l, const char *fmt, ...) PRINTF(2, 3);

static void by_command(struct leftover *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->command, sizeof(l->command), fmt, ap);
	va_end(ap);
}

static bool is_found(const struct search *s, enum leftover_kind kind, const char *name)
{
	for (int i = 0; i < s->n; i++)
		if (s->v[i].kind == kind && strcmp(s->v[i].name, name) == 0)
			return true;
	return false;
}

static bool is_used(const struct search *s, const char *vm_id)
{
	return s->a->is_used(s->a->arg, vm_id);
}

/* ---- sysfs ---- */

/* The first line of <class>/<name>/<file>; empty when there is none. */
static const char *attribute(const struct search *s, char *ret, size_t size, const char *class, const char *name, const char *file)
{
	char path[PATHS_MAX];
	auto_buf text = {0};

	path_join(path, sizeof(path), s->a->root, "sys/class/%s/%s/%s", class, name, file);
	ret[0] = '\0';
	if (fs_read_file(path, 4096, &text, NULL) == 0)
		str_copy(ret, size, buf_cstr(&text));
	ret[strcspn(ret, "\n")] = '\0';
	return ret;
}

static int is_entry(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* Each entry of a directory, in the order of names; true as soon as `fn` says so. */
static bool each_in(struct search *s, const char *path, bool (*fn)(struct search *s, const char *entry))
{
	struct dirent **list = NULL;
	bool found = false;
	int n = scandir(path, &list, is_entry, alphasort);

	for (int i = 0; i < n; i++) {
		found = found || fn(s, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return found;
}

static bool each(struct search *s, const char *class, const char *dir, bool (*fn)(struct search *s, const char *entry))
{
	char path[PATHS_MAX];

	return each_in(s, path_join(path, sizeof(path), s->a->root, "sys/class/%s/%s", class, dir), fn);
}

static const char *dir_of(const char *name, const char *dir, char ret[64])
{
	snprintf(ret, 64, "%.50s/%s", name, dir);
	return ret;
}

/* ---- interfaces ---- */

static bool is_ours(const struct search *s, const char *name)
{
	char alias[64];

	return strcmp(attribute(s, alias, sizeof(alias), "net", name, "ifalias"), LINK_ALIAS) == 0;
}

/* "bgr3f9c1a7be204" */
static bool tap_id(const char *name, char ret[ID_SIZE])
{
	const size_t prefix = strlen(LINK_TAP_PREFIX);

	if (strncmp(name, LINK_TAP_PREFIX, prefix) != 0 || !id_is_valid(name + prefix))
		return false;
	str_copy(ret, ID_SIZE, name + prefix);
	return true;
}

/* Another user's, or open: by a machine of another state directory, then. */
static bool is_anothers_tap(const struct search *s, const char *name)
{
	char owner[16], carrier[16];

	return strtoul(attribute(s, owner, sizeof(owner), "net", name, "owner"), NULL, 10) != s->a->owner ||
	       strcmp(attribute(s, carrier, sizeof(carrier), "net", name, "carrier"), "1") == 0;
}

static bool look_at_tap(struct search *s, const char *name)
{
	char id[ID_SIZE];

	if (!tap_id(name, id) || !is_ours(s, name) || is_used(s, id) || is_anothers_tap(s, name))
		return false;
	by_command(add(s, LEFTOVER_TAP, name, id), "ip link delete %s", name);
	return false;
}

static bool is_anothers_port(struct search *s, const char *name)
{
	return !is_found(s, LEFTOVER_TAP, name);
}

static void look_at_bridge(struct search *s)
{
	s->has_bridge = is_ours(s, LINK_BRIDGE);
	if (s->has_bridge && !each(s, "net/" LINK_BRIDGE, "brif", is_anothers_port))
		by_command(add(s, LEFTOVER_NET, LINK_BRIDGE, ""), "ip link delete %s", LINK_BRIDGE);
}

/* ---- rules ---- */

/* A place is whose the tap is it is for: the rules know no users. */
static void look_at_places(struct search *s)
{
	for (int i = 0; s->a->list && i < s->a->list->n_items; i++) {
		const struct priv_item *item = &s->a->list->items[i];
		char mac[ADDR_MAC_SIZE], tap[LINK_NAME_SIZE];

		if (strcmp(item->kind, "guest") != 0 || !item->vm_id[0] || is_used(s, item->vm_id))
			continue;
		snprintf(tap, sizeof(tap), "%s%s", LINK_TAP_PREFIX, item->vm_id);
		if (is_ours(s, tap) && is_anothers_tap(s, tap))
			continue;
		struct leftover *l = add(s, LEFTOVER_PLACE, item->name, item->vm_id);
		addr_mac_from_id(item->vm_id, mac);
		by_command(l,
			 "nft 'delete element bridge " NAT_TABLE " macs { \"%1$s%2$s\" . %3$s }; "
			 "delete element bridge " NAT_TABLE " pins { \"%1$s%2$s\" . %3$s . %4$s }'",
			 LINK_TAP_PREFIX, item->vm_id, mac, item->name);
	}
}

/* The tables go with the last guest, like the bridge: they are left when it is, or is gone already. */
static void look_at_rules(struct search *s)
{
	if (!s->a->rules || !s->a->rules->ours || s->a->rules->foreign[0] || (s->has_bridge && !is_found(s, LEFTOVER_NET, LINK_BRIDGE)))
		return;
	/* To delete what is not there is an error, to add what is there is none: one of them may be gone. */
	by_command(add(s, LEFTOVER_RULES, NAT_TABLE, ""),
		   "nft 'add table inet %1$s; delete table inet %1$s; add table bridge %1$s; delete table bridge %1$s'", NAT_TABLE);
}

/* ---- disks ---- */

/* Whose the node is: false for another user's. Without one nobody can say. */
static bool may_be_ours(const struct search *s, const char *vm_id)
{
	char path[PATHS_MAX];
	struct stat st;

	path_join(path, sizeof(path), s->a->root, "%s/%s", DMSNAP_DEV_DIR + 1, vm_id);
	return stat(path, &st) < 0 || st.st_uid == s->a->owner;
}

/* The number it stands for will be another disk's, and the node its owner's still: it goes first. */
static bool look_at_node(struct search *s, const char *id)
{
	char path[PATHS_MAX];

	if (!id_is_valid(id) || is_used(s, id) || !may_be_ours(s, id))
		return false;
	path_join(path, sizeof(path), DMSNAP_DEV_DIR, "%s", id);
	by_command(add(s, LEFTOVER_NODE, path, id), "rm %s", path);
	return false;
}

static bool is_beneath(const struct search *s, const char *file)
{
	size_t n = strlen(s->a->state_dir);

	return strncmp(file, s->a->state_dir, n) == 0 && file[n] == '/';
}

/* Is it a loop device whose file is another state directory's? */
static bool is_anothers_loop(struct search *s, const char *name)
{
	char file[PATHS_MAX];

	return attribute(s, file, sizeof(file), "block", name, "loop/backing_file")[0] && !is_beneath(s, file);
}

static void look_at_mapping(struct search *s, const char *name, enum dmtable_part part)
{
	char dm[64], uuid[64], dir[64], id[ID_SIZE], of_part[DMTABLE_NAME_SIZE];

	if (!dmtable_id_of(attribute(s, dm, sizeof(dm), "block", name, "dm/name"), id) ||
	    strncmp(attribute(s, uuid, sizeof(uuid), "block", name, "dm/uuid"), "BANGER-", 7) != 0 || is_used(s, id) ||
	    !may_be_ours(s, id) || each(s, "block", dir_of(name, "slaves", dir), is_anothers_loop))
		return;
	dmtable_name(id, part, of_part);
	if (strcmp(dm, of_part) == 0)
		by_command(add(s, LEFTOVER_MAPPING, dm, id), "dmsetup remove %s", dm);
}

/* The base can go when nothing is built on it any more. */
static bool look_at_disk(struct search *s, const char *name)
{
	look_at_mapping(s, name, DMTABLE_DISK);
	return false;
}

static bool look_at_base(struct search *s, const char *name)
{
	look_at_mapping(s, name, DMTABLE_BASE);
	return false;
}

static bool is_anything(struct search *s UNUSED, const char *entry UNUSED)
{
	return true;
}

/* "<state>/vms/<id>/cow", "… (deleted)" */
static bool cow_id(const struct search *s, const char *file, char ret[ID_SIZE])
{
	char rest[16] = "";

	return is_beneath(s, file) &&
	       sscanf(file + strlen(s->a->state_dir), "/vms/%12[0-9a-f]/%3[a-z]", ret, rest) == 2 && strcmp(rest, "cow") == 0;
}

/* What a mapping holds goes with it; what is held by none is told by its file, or by its name to who may read that. */
static bool look_at_loop(struct search *s, const char *name)
{
	char file[PATHS_MAX], device[40], dir[64], id[ID_SIZE] = "";

	if (strncmp(name, "loop", 4) != 0 || each(s, "block", dir_of(name, "holders", dir), is_anything))
		return false;
	snprintf(device, sizeof(device), "/dev/%.30s", name);
	bool is_named = false;
	for (int i = 0; s->a->list && i < s->a->list->n_items; i++) {
		const struct priv_item *item = &s->a->list->items[i];
		if (strcmp(item->kind, "loop") != 0 || strcmp(item->name, device) != 0)
			continue;
		is_named = true;
		str_copy(id, sizeof(id), item->vm_id);
	}
	attribute(s, file, sizeof(file), "block", name, "loop/backing_file");
	if ((is_named || cow_id(s, file, id)) && is_beneath(s, file) && !is_used(s, id))
		by_command(add(s, LEFTOVER_LOOP, device, id), "losetup --detach %s", device);
	return false;
}

void leftovers_find(const struct leftovers_args *a, struct leftover **ret, int *ret_n)
{
	struct search s = {.a = a};
	char nodes[PATHS_MAX];

	each(&s, "net", ".", look_at_tap);
	look_at_places(&s);
	look_at_bridge(&s);
	look_at_rules(&s);
	each_in(&s, path_join(nodes, sizeof(nodes), a->root, DMSNAP_DEV_DIR + 1), look_at_node);
	each(&s, "block", ".", look_at_disk);
	each(&s, "block", ".", look_at_base);
	each(&s, "block", ".", look_at_loop);
	*ret = s.v;
	*ret_n = s.n;
}

const char *leftover_kind_to_string(enum leftover_kind k)
{
	static const char *const words[] = {N_("tap"),	   N_("place in the rules"), N_("bridge"),
					    N_("tables"), N_("node"), N_("mapping"), N_("loop device")};

	return words[k];
}

void leftover_mend(const struct leftover *l, char *ret, size_t size)
{
	switch (l->kind) {
	case LEFTOVER_TAP:
	case LEFTOVER_PLACE:
		snprintf(ret, size, "guest %s", l->vm_id);
		break;
	case LEFTOVER_NODE:
	case LEFTOVER_MAPPING:
	case LEFTOVER_LOOP:
		snprintf(ret, size, "disk %s", l->vm_id);
		break;
	case LEFTOVER_NET:
	case LEFTOVER_RULES:
		snprintf(ret, size, "network");
		break;
	}
}
