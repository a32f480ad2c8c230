/* SPDX-License-Identifier: MIT */
/*
 * What the console says by itself, once, in the last line: how a job of ours ended, and what is wrong with where the state is.
 */
#include "ui/app_priv.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "core/model/ociref.h"

#include <stdio.h>
#include <string.h>

/* In one line; what has no room there stands in Activity, whole. */
static void tell_in_a_line(struct app *app, enum role role, const char *text)
{
	const char *where = app->current == VIEW_ACTIVITY ? "" : _(" 4 shows all");
	int room = app->cols - 2 - 1 - utf8_str_width(where);

	if (utf8_str_width(text) <= app->cols - 2 || room <= 0)
		app_toast(app, role, "%s", text);
	else
		app_toast(app, role, "%.*s…%s", (int)utf8_fit(text, room, NULL), text, where);
}

/* Most messages begin with what was to be done, and to what; those of something it needed do not. */
static void tell_failed(struct app *app, const struct job *j)
{
	char quoted[OBJ_NAME_SIZE + 2], name[OCI_REF_SIZE];
	auto_buf text = {0};

	snprintf(quoted, sizeof(quoted), "'%s'", j->target);
	if (!strstr(j->err.msg, quoted))
		buf_addf(&text, "%s %s: ", request_kind_to_string(j->kind), oci_ref_short(j->target, name));
	buf_addf(&text, "%s%s%s", j->err.msg, j->err.hint[0] ? " — " : "", j->err.hint);
	tell_in_a_line(app, ROLE_ERR, buf_cstr(&text));
}

static void tell_canceled(struct app *app, const struct job *j)
{
	char name[OCI_REF_SIZE];

	app_toast(app, ROLE_WARN, world_is_pull(j) ? _("%s %s: canceled; what was fetched is kept") : _("%s %s: canceled and undone"),
		  request_kind_to_string(j->kind), oci_ref_short(j->target, name));
}

void app_tell_job(struct app *app, const struct job *j)
{
	const struct job *before = world_job(&app->world, j->id);

	if (!before || !job_is_active(before) || !j->local)
		return;
	if (j->state == JOB_FAILED)
		tell_failed(app, j);
	else if (j->state == JOB_CANCELED)
		tell_canceled(app, j);
}

/* Said when it begins and when it ends; between, Host has the sentence. */
static void tell_full(struct app *app, const struct host_info *h)
{
	if (h->full && !app->world.info.full)
		app_toast(app, ROLE_ERR, _("no room left in %s: machines are shown as they were — free some space"), h->state_dir);
	else if (!h->full && app->world.info.full)
		app_toast(app, ROLE_OK, _("there is room again: machines can be changed"));
}

void app_tell_host(struct app *app, const struct host_info *h)
{
	tell_full(app, h);
	if (h->gone && !app->world.info.gone)
		app_toast(app, ROLE_ERR, _("state.db was taken away from %s: machines are shown as they were"), h->state_dir);
	else if (!h->gone && app->world.info.gone)
		app_toast(app, ROLE_OK, _("there is a state.db again"));
}
