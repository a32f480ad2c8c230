/* SPDX-License-Identifier: MIT */
/*
 * Inside of the machines view, shared by vms.c (list) and vm_detail.c (pane).
 */
#ifndef UI_VIEWS_VMS_H
#define UI_VIEWS_VMS_H

#include "ui/app.h"
#include "ui/view.h"

enum detail_tab { DETAIL_OVERVIEW, DETAIL_GRAPHS, DETAIL_LOG, DETAIL_EVENTS, DETAIL_TABS };

struct detail {
	enum detail_tab tab;
	int span; /* index into the graph spans */
	bool frozen;
	int64_t frozen_ms; /* when */
	size_t back;	   /* log: lines scrolled back from the end; 0 = following */
	bool wrap;
	int height; /* of the last paint */
	struct rect tabs[DETAIL_TABS];
};

struct vms {
	struct view view;
	struct list list;
	bool on_detail; /* the pane has the focus */
	bool zoom;	/* only what has the focus is shown */
	struct detail detail;
	struct rect list_rect, detail_rect; /* as painted; w = 0 when not */
	struct column_place places[COLUMNS_MAX];
};

#define VMS_SORTS 10 /* columns of the list, all of which can order it */

/* The world's machines as rows of a list. */
extern const struct list_rows vms_rows;
/* Does the order change with the figures of every second? */
bool vms_sorts_by_figure(const struct list *l);
void vms_paint_list(struct vms *v, struct canvas *c, struct rect r);

/* The machine under the cursor, or NULL. */
const struct world_vm *vms_current(const struct vms *v);

void detail_paint(struct vms *v, struct canvas *c, struct rect r);
/* Actions while the pane has the focus, and those on it at any time. */
bool detail_act(struct vms *v, enum action a);
/* Follow the log of the current machine when the log is in sight, else none. */
void detail_follow(struct vms *v, bool in_sight);
void detail_paint_log(struct vms *v, const struct world_vm *vm, struct canvas *c, struct rect r);
void detail_paint_events(struct vms *v, const struct world_vm *vm, struct canvas *c, struct rect r);
void detail_paint_graphs(struct vms *v, const struct world_vm *vm, struct canvas *c, struct rect r, bool all);

#endif
