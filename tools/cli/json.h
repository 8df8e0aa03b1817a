/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_CLI_JSON_H
#define HD_TOOLS_CLI_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/finding.h"

/*
 * json-c says NULL when memory runs out, which is also what it calls null, and
 * ends the program when something is added to that. What is made of these
 * remembers it, so that it isn't taken for an answer: main() says so.
 */
json_object *hd_json_made(json_object *object);
void hd_json_put(json_object *object, const char *key, json_object *value);
void hd_json_append(json_object *array, json_object *value);

/* Whether memory has run out since the program began. */
bool hd_json_failed(void);

#define json_object_new_object() hd_json_made(json_object_new_object())
#define json_object_new_array() hd_json_made(json_object_new_array())
#define json_object_new_string(text) hd_json_made(json_object_new_string(text))
#define json_object_new_string_len(text, n)                                    \
	hd_json_made(json_object_new_string_len(text, n))
#define json_object_new_int(n) hd_json_made(json_object_new_int(n))
#define json_object_new_int64(n) hd_json_made(json_object_new_int64(n))
#define json_object_new_boolean(b) hd_json_made(json_object_new_boolean(b))
#define json_object_object_add(object, key, value)                             \
	hd_json_put(object, key, value)
#define json_object_array_add(array, value) hd_json_append(array, value)
#define json_object_array_length(array)                                        \
	((array) ? json_object_array_length(array) : 0)
#define json_object_array_get_idx(array, i)                                    \
	((array) ? json_object_array_get_idx(array, i) : NULL)

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

/* Prints @object, indented, with a newline, and releases it; nothing when it
 * isn't whole. */
void hd_json_print(json_object *object);

/* What JSON prints as null, a table prints as "-"; NULL without memory. */
const char *hd_json_cell(json_object *value);

#endif
