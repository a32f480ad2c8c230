/* SPDX-License-Identifier: MIT */
/*
 * The host of a build without bridged networks and copy-on-write mappings: there is nothing, and nothing can be made.
 */
#include "base/i18n.h"
#include "helper/helper.h"

static int lacks(struct err *e)
{
	return err_set(e, ERR_MISSING, _("this build has neither bridged networks nor mappings"));
}

static int up(void *arg UNUSED, const char *name UNUSED, struct err *e)
{
	return lacks(e);
}

static int tap_up(void *arg UNUSED, const struct link_tap *t UNUSED, struct err *e)
{
	return lacks(e);
}

static int guest_set(void *arg UNUSED, const struct nat_guest *g UNUSED, struct err *e)
{
	return lacks(e);
}

static int gone(void *arg UNUSED, struct err *e UNUSED)
{
	return 0;
}

static int named_gone(void *arg UNUSED, const char *name UNUSED, struct err *e UNUSED)
{
	return 0;
}

static int no_links(void *arg UNUSED, struct link_info **ret, int *ret_n, struct err *e UNUSED)
{
	*ret = NULL;
	*ret_n = 0;
	return 0;
}

static int no_uplinks(void *arg UNUSED, char (*ret)[LINK_NAME_SIZE] UNUSED, int max UNUSED, int *ret_n, struct err *e UNUSED)
{
	*ret_n = 0;
	return 0;
}

static int no_guests(void *arg UNUSED, struct nat_guest **ret, int *ret_n, struct err *e UNUSED)
{
	*ret = NULL;
	*ret_n = 0;
	return 0;
}

static int forwarding_get(void *arg UNUSED, const char *name UNUSED, bool *ret, struct err *e UNUSED)
{
	*ret = false;
	return 0;
}

static int forwarding_set(void *arg UNUSED, const char *name UNUSED, bool on UNUSED, struct err *e)
{
	return lacks(e);
}

static int forwarding_needed(void *arg UNUSED, char (*ours)[LINK_NAME_SIZE] UNUSED, int n UNUSED, bool *ret,
			     struct err *e UNUSED)
{
	*ret = true;
	return 0;
}

static int snap_attach(void *arg UNUSED, struct op *op UNUSED, const struct dmsnap *d UNUSED, char *ret_node UNUSED,
		       size_t size UNUSED, struct err *e)
{
	return lacks(e);
}

static int snap_detach(void *arg UNUSED, struct op *op UNUSED, const char *vm_id UNUSED, struct err *e UNUSED)
{
	return 0;
}

static int snap_status(void *arg UNUSED, const char *vm_id UNUSED, struct dmsnap_status *ret, struct err *e UNUSED)
{
	*ret = (struct dmsnap_status){.health = DMSNAP_GONE};
	return 0;
}

static int no_snaps(void *arg UNUSED, char (**ret)[ID_SIZE], int *ret_n, struct err *e UNUSED)
{
	*ret = NULL;
	*ret_n = 0;
	return 0;
}

static int no_loops(void *arg UNUSED, void (*fn)(void *fn_arg, const char *path, const char *name) UNUSED, void *fn_arg UNUSED,
		    struct err *e UNUSED)
{
	return 0;
}

const struct priv_host *helper_host(void)
{
	static const struct priv_host none = {.bridge_up = up,
					      .bridge_down = gone,
					      .tap_up = tap_up,
					      .tap_down = named_gone,
					      .links = no_links,
					      .uplinks = no_uplinks,
					      .tables_up = up,
					      .tables_down = gone,
					      .guest_set = guest_set,
					      .guest_remove = named_gone,
					      .guests = no_guests,
					      .forwarding_get = forwarding_get,
					      .forwarding_set = forwarding_set,
					      .forwarding_needed = forwarding_needed,
					      .snap_attach = snap_attach,
					      .snap_detach = snap_detach,
					      .snap_status = snap_status,
					      .snaps = no_snaps,
					      .loops = no_loops};

	return &none;
}
