/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_SETTINGS_H
#define HD_LIB_DOCTOR_READ_SETTINGS_H

#include <stdbool.h>

/*
 * The value of a setting in a file of libvirt's own form (src/util/virconf.c):
 * "name = value", where a value is a number, a text in quotes, or a list of
 * them in brackets, over any number of lines; "#" begins a comment. Quotes,
 * blanks and comments are left out: "[/dev/null,/dev/kvm]". Of a setting that
 * is there twice the last one counts.
 *
 * *@ret is owned by the caller, and NULL when it isn't set. Returns 0 or
 * -ENOMEM.
 */
int hd_setting_value(const char *text, const char *name, char **ret);

/*
 * Whether a rule in the text of an AppArmor profile (apparmor.d(5)) lets a
 * program be executed: "PATH PUx,", where PATH may have * and **. Alternatives
 * in braces are not looked into. 1, 0 or -ENOMEM.
 */
int hd_apparmor_executes(const char *text, const char *program);

#endif
