/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_CHECK_REPORT_H
#define HD_TOOLS_VERB_CHECK_REPORT_H

#include "tools/cli/json.h"
#include "tools/libvirt/checked_domain.h"

/* What was found about one domain, as JSON. */
json_object *hd_check_json(const struct hd_checked_domain *checked);

/* The same for people: a verdict, its devices, and the findings below them. */
void hd_check_print(const struct hd_checked_domain *checked);

#endif
