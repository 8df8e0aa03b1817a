/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_PRINT_H
#define HD_LIB_BASE_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/finding.h"

/* What stands between the layers of a critical use. */
#define HD_ARROW " → "

/*
 * Prints text that may come from others (a guest's name, a sysfs attribute) so
 * that it stays on its line and can't steer a terminal: control characters,
 * C1 controls, overrides of the direction and bytes that are no UTF-8 are
 * written as \xXX, whatever the locale. Where that isn't UTF-8, HD_ARROW
 * becomes " -> "; the hook sets no locale, as nobody knows where libvirt shows
 * its words. Other characters are names of others and pass.
 */
void hd_print(FILE *file, const char *text);

/*
 * The same for a table, which has to know how wide it is: where the locale
 * isn't UTF-8, other characters are written as \xXX.
 */
void hd_print_cell(FILE *file, const char *text);

/* Whether hd_print() prints a text as it is. */
bool hd_is_printable(const char *text);

/*
 * Prints findings as the hook and the tool show them: errors first, each as a
 * sentence on one line and its fix on the next. @indent is put before each.
 */
void hd_print_findings(FILE *file, const struct hd_findings *findings,
		       const char *indent);

/* The same for one error. */
void hd_print_err(FILE *file, const struct hd_err *err);

/*
 * A word as a shell reads it: in quotes if it needs them. Freed by the caller;
 * NULL when memory runs out.
 */
char *hd_quote(const char *word);

#endif
