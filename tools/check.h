/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_CHECK_H
#define HD_TOOLS_CHECK_H

#include "tools/subject.h"

/* What was found about one domain, as JSON. */
json_object *hd_check_json(const struct hd_subject *subject);

/* The same for people: a verdict, its devices, and the findings below them. */
void hd_check_print(const struct hd_subject *subject);

/* check --all; returns the exit code. */
int hd_check_all(const struct hd_tool *tool, struct hd_err *err);

#endif
