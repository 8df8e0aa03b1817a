// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "tools/tool.h"

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
	puts(json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

const char *hd_json_cell(json_object *value)
{
	return value ? json_object_get_string(value) : "-";
}
