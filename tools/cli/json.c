// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/cli/json.h"

#include <stdio.h>

json_object *hd_json_text(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

json_object *hd_json_int(int value, int none)
{
	return value == none ? NULL : json_object_new_int(value);
}

void hd_json_print(json_object *object)
{
	const char *text = json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				JSON_C_TO_STRING_NOSLASHESCAPE);

	/* Without memory there is no text, and no program takes that for one.
	 */
	if (text)
		puts(text);
	json_object_put(object);
}

const char *hd_json_cell(json_object *value)
{
	return value ? json_object_get_string(value) : "-";
}

json_object *hd_json_finding(const struct hd_finding *finding)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "id", hd_json_text(finding->id));
	json_object_object_add(
		object, "severity",
		hd_json_text(hd_severity_name(finding->severity)));
	json_object_object_add(object, "line",
			       hd_json_int((int)finding->line, 0));
	json_object_object_add(object, "message",
			       hd_json_text(finding->message));
	json_object_object_add(object, "fix", hd_json_text(finding->fix));
	json_object_object_add(object, "rule", hd_json_text(finding->rule));
	return object;
}

json_object *hd_json_findings(const struct hd_findings *findings, size_t assign)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < findings->n; i++)
		if (findings->items[i].assign == assign)
			json_object_array_add(
				array, hd_json_finding(&findings->items[i]));
	return array;
}
