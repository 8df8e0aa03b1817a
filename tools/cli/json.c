// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/cli/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* json-c's objects know no context that could carry it. */
static __thread bool failed;

json_object *hd_json_made(json_object *object)
{
	failed |= !object;
	return object;
}

/* What can't be added isn't released: whoever made it may go on to look at it.
 */
void hd_json_put(json_object *object, const char *key, json_object *value)
{
	failed |= !object || (json_object_object_add)(object, key, value) != 0;
}

void hd_json_append(json_object *array, json_object *value)
{
	failed |= !array || (json_object_array_add)(array, value) != 0;
}

bool hd_json_failed(void)
{
	return failed;
}

json_object *hd_json_text(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

json_object *hd_json_int(int value, int none)
{
	return value == none ? NULL : json_object_new_int(value);
}

static void print_text(FILE *file, const char *text, size_t length)
{
	putc('"', file);
	for (size_t i = 0; i < length; i++)
		if (text[i] == '"' || text[i] == '\\')
			fprintf(file, "\\%c", text[i]);
		else if ((unsigned char)text[i] < ' ')
			fprintf(file, "\\u%04x", (unsigned)text[i]);
		else
			putc(text[i], file);
	putc('"', file);
}

static void begin_line(FILE *file, size_t number, int depth)
{
	fprintf(file, "%s\n%*s", number ? "," : "", depth * 2, "");
}

static void print_value(FILE *file, json_object *value, int depth);

static void print_object(FILE *file, json_object *object, int depth)
{
	size_t n = 0;

	putc('{', file);
	json_object_object_foreach(object, key, value)
	{
		begin_line(file, n++, depth + 1);
		print_text(file, key, strlen(key));
		fputs(": ", file);
		print_value(file, value, depth + 1);
	}
	if (n)
		begin_line(file, 0, depth);
	putc('}', file);
}

static void print_array(FILE *file, json_object *array, int depth)
{
	size_t n = json_object_array_length(array);

	putc('[', file);
	for (size_t i = 0; i < n; i++) {
		begin_line(file, i, depth + 1);
		print_value(file, json_object_array_get_idx(array, i),
			    depth + 1);
	}
	if (n)
		begin_line(file, 0, depth);
	putc(']', file);
}

static void print_value(FILE *file, json_object *value, int depth)
{
	switch (json_object_get_type(value)) {
	case json_type_object:
		print_object(file, value, depth);
		return;
	case json_type_array:
		print_array(file, value, depth);
		return;
	case json_type_string:
		print_text(file, json_object_get_string(value),
			   (size_t)json_object_get_string_len(value));
		return;
	case json_type_boolean:
		fputs(json_object_get_boolean(value) ? "true" : "false", file);
		return;
	case json_type_int:
		fprintf(file, "%" PRId64, json_object_get_int64(value));
		return;
	default:
		fputs("null", file);
	}
}

/* json-c makes one text of it first, and where memory runs out meanwhile leaves
 * out what came then. */
void hd_json_print(json_object *object)
{
	if (!failed) {
		print_value(stdout, object, 0);
		putchar('\n');
	}
	json_object_put(object);
}

const char *hd_json_cell(json_object *value)
{
	const char *text = value ? json_object_get_string(value) : "-";

	failed |= !text;
	return failed ? NULL : text;
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
