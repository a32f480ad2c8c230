/* SPDX-License-Identifier: MIT */
/*
 * The views there are, for the table in views.c.
 */
#ifndef UI_VIEWS_VIEWS_H
#define UI_VIEWS_VIEWS_H

#include "ui/view.h"

extern const struct view_ops vms_view;
extern const struct view_ops images_view;
extern const struct view_ops kernels_view;
extern const struct view_ops activity_view;
extern const struct view_ops host_view;
extern const struct view_ops consoles_view;
extern const struct view_ops create_view;
extern const struct view_ops import_view;

#endif
