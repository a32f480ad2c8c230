/* SPDX-License-Identifier: MIT */
/*
 * gettext: every string a person reads is wrapped in _() where it is used, N_() where it is only declared.
 */
#ifndef BASE_I18N_H
#define BASE_I18N_H

#include <libintl.h>

#define _(s) gettext(s)
#define N_(s) (s)

#endif
