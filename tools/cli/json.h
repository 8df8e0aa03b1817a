/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_CLI_JSON_H
#define HD_TOOLS_CLI_JSON_H

#include <json-c/json.h>
#include <stddef.h>

#include "lib/base/finding.h"

/* A JSON string, or null for NULL. */
json_object *hd_json_text(const char *text);

/* A JSON number, or null where @value equals @none. */
json_object *hd_json_int(int value, int none);

/* One finding: id, severity, line, message, fix, rule. */
json_object *hd_json_finding(const struct hd_finding *finding);

/* An array of the findings that concern @assign, an index or HD_WHOLE_DOMAIN.
 */
json_object *hd_json_findings(const struct hd_findings *findings,
			      size_t assign);

/* Prints @object, indented, with a newline, and releases it. */
void hd_json_print(json_object *object);

/* What JSON prints as null, a table prints as "-". */
const char *hd_json_cell(json_object *value);

#endif
